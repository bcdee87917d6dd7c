//! Who may call: the sandbox's Basic pair, and the production API's signed tokens. Both open the same account.
//!
//! A token is stateless: it names its client and its sandbox, and is good until it expires, however many others there are.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::base::text;
use crate::base::time::{self, Timestamp};
use crate::engine::{self, AccountRows, AuthRequest, Denial, FieldSpec, Identity, Refusal, Request};
use crate::world::Credential;

/// How long a token lives, in seconds.
pub(super) const LIFE: i64 = 3600;
/// What a token allows unless its credential says otherwise.
pub(super) const SCOPE: &str = "orders:write,boxes:read";
/// The account of the default credentials.
pub(super) const DEFAULT: &str = "default";
/// Where tokens are had.
pub(super) const TOKEN_PATH: &str = "/oauth2/token";
/// Public on purpose: tokens of a mock must be the same everywhere.
const KEY: &[u8] = b"seatrial signs shiptime tokens with this public key";

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "ShipTime: OAuth2 clients, and Basic pairs.",
    credentials: &[
        &[FieldSpec::text("client_id", "OAuth2 client."), FieldSpec::text("client_secret", "OAuth2 secret.")],
        &[FieldSpec::text("username", "Basic user name."), FieldSpec::text("password", "Basic password.")],
    ],
    others: &[FieldSpec::text("scope", "OAuth2 scope."), FieldSpec::flag("pickups_fail", "No driver comes for a pickup.")],
};

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    scope: String,
    sandbox: String,
    iat: i64,
    exp: i64,
    jti: String,
}

/// The credentials of a new sandbox: one account, opened by a Basic pair and by a client id and secret.
pub(super) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    if sandbox == engine::DEFAULT {
        let row = [("username", "sandbox"), ("password", "sandbox"), ("client_id", "seatrial"), ("client_secret", "seatrial-secret")];
        return engine::credentials(&[(DEFAULT, &row)]);
    }
    let username = format!("sandbox-{}", ids::hex(rng, 12));
    let (password, client_id, secret) = (ids::hex(rng, 20), format!("stcid_{}", ids::hex(rng, 32)), ids::hex(rng, 40));
    let row = [("username", &*username), ("password", &*password), ("client_id", &*client_id), ("client_secret", &*secret)];
    engine::credentials(&[(DEFAULT, &row)])
}

/// The account that a row of a scenario opens: its user's, else its client's.
pub(super) fn account_of(row: &Map<String, Value>) -> String {
    let member = |name: &str| row.get(name).and_then(Value::as_str);
    member("username").or_else(|| member("client_id")).unwrap_or(DEFAULT).to_owned()
}

/// The user of a Basic pair, the sandbox of a token, or the client who asks for one.
pub(super) fn identify(request: &Request) -> Option<Identity> {
    if let Some((scheme, rest)) = authorization(request) {
        if scheme.eq_ignore_ascii_case("basic") {
            return basic_pair(rest).map(|(user, _)| Identity::Credential(user));
        }
        return scheme.eq_ignore_ascii_case("bearer").then(|| read_token(rest)).flatten().map(|claims| Identity::Sandbox(claims.sandbox));
    }
    if request.method == Method::POST && request.path.trim_end_matches('/').ends_with(TOKEN_PATH) {
        let form = engine::pairs(&String::from_utf8_lossy(&request.body));
        return form.into_iter().find(|(name, _)| name == "client_id").map(|(_, id)| Identity::Credential(id));
    }
    None
}

/// Lets a caller in by pair or by token. Scheme names are matched without regard to case.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let deny = Refusal::Unauthenticated;
    let Some((scheme, rest)) = authorization(gate.call.request) else {
        return Err(deny(Denial::Missing));
    };
    if scheme.eq_ignore_ascii_case("basic") {
        let (user, password) = basic_pair(rest).ok_or(deny(Denial::Malformed))?;
        let row = owner(gate.credentials, &user, &password).ok_or(deny(Denial::Unknown))?;
        return Ok(row.clone());
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(deny(Denial::Malformed));
    }
    let claims = read_token(rest).ok_or(deny(Denial::Malformed))?;
    if claims.sandbox != gate.sandbox {
        return Err(deny(Denial::Unknown));
    }
    if gate.now.as_second() >= claims.exp {
        return Err(deny(Denial::Expired));
    }
    gate.credentials.iter().find(|row| row.text("client_id") == claims.sub).cloned().ok_or(deny(Denial::Unknown))
}

/// The credential that a client id and secret name.
pub(super) fn client<'c>(credentials: &'c [Credential], id: &str, secret: &str) -> Option<&'c Credential> {
    credentials.iter().find(|row| !id.is_empty() && row.text("client_id") == id && row.text("client_secret") == secret)
}

/// Whether a request carries an `Authorization` header of a scheme.
pub(super) fn uses(request: &Request, wanted: &str) -> bool {
    authorization(request).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case(wanted))
}

/// A signed token for a client.
pub(super) fn sign(client: &str, scope: &str, sandbox: &str, now: Timestamp, rng: &mut Rng) -> String {
    let claims = Claims {
        iss: "https://restapi.shiptime.com".to_owned(),
        sub: client.to_owned(),
        scope: scope.to_owned(),
        sandbox: sandbox.to_owned(),
        iat: now.as_second(),
        exp: time::shift(now, SignedDuration::from_secs(LIFE)).as_second(),
        jti: ids::uuid(rng).to_string(),
    };
    // The vendor's sample has `alg` in front of `typ`, which the crate's own header writes the other way round.
    let part = |json: String| URL_SAFE_NO_PAD.encode(json);
    let body = serde_json::to_string(&claims).expect("claims are texts and numbers");
    let message = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#.to_owned()), part(body));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(KEY), Algorithm::HS256);
    format!("{message}.{}", signature.expect("any key serves HS256"))
}

/// What a token says, if we signed it; its life is not looked at, for the crate knows no virtual clock.
fn read_token(token: &str) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    let read = jsonwebtoken::decode::<Claims>(token.trim(), &DecodingKey::from_secret(KEY), &validation);
    read.ok().map(|data| data.claims)
}

/// The account of a Basic pair. Clients send user and password, or client id and secret.
fn owner<'c>(credentials: &'c [Credential], user: &str, password: &str) -> Option<&'c Credential> {
    let named = credentials.iter().find(|row| !user.is_empty() && row.text("username") == user && row.text("password") == password);
    named.or_else(|| client(credentials, user, password))
}

/// The client id and secret of a Basic pair. The standard has both encoded like a form; those that are not are taken as they are.
pub(super) fn client_pair(request: &Request) -> Option<(String, String)> {
    let (scheme, rest) = authorization(request)?;
    let (id, secret) = scheme.eq_ignore_ascii_case("basic").then(|| basic_pair(rest))??;
    Some((text::percent_decode(&id), text::percent_decode(&secret)))
}

fn authorization(request: &Request) -> Option<(&str, &str)> {
    let header = request.header("authorization")?.trim();
    Some(header.split_once(' ').unwrap_or((header, "")))
}

fn basic_pair(encoded: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    decoded.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::stream;

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_not() {
        let now = Timestamp::UNIX_EPOCH;
        let token = sign("seatrial", SCOPE, "default", now, &mut stream(1, &["token"], 0));
        let claims = read_token(&token).expect("it is ours");
        assert_eq!((claims.sub.as_str(), claims.sandbox.as_str(), claims.exp), ("seatrial", "default", LIFE));
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
        assert!(read_token(&format!("{token}x")).is_none());
        assert!(read_token("").is_none());
    }
}
