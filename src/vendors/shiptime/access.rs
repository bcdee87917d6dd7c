//! Who may call: the sandbox's Basic pair, and the production API's signed tokens. Both open the same account.
//!
//! A token is stateless: it names its client and its sandbox, and is good until it expires, however many others there are.

use http::Method;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::base::text;
use crate::base::time;
use crate::engine::auth::{self, AuthRequest, Authorization, Identity, Tokens};
use crate::engine::{self, AccountRows, Cx, Denial, FieldSpec, Refusal, Request};
use crate::world::Credential;

/// How long a token is good, unless the row of its client says otherwise.
const LIFE: SignedDuration = SignedDuration::from_mins(60);
/// What a token allows unless its credential says otherwise.
pub(super) const SCOPE: &str = "orders:write,boxes:read";
/// The account of the default credentials.
pub(super) const DEFAULT: &str = "default";
/// Where tokens are had.
pub(super) const TOKEN_PATH: &str = "/oauth2/token";
const TOKENS: Tokens = Tokens { header: r#"{"alg":"HS256","typ":"JWT"}"#, key: b"seatrial signs shiptime tokens with this public key" };

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "ShipTime: OAuth2 clients, and Basic pairs.",
    credentials: &[
        &[FieldSpec::text("client_id", "OAuth2 client."), FieldSpec::text("client_secret", "OAuth2 secret.")],
        &[FieldSpec::text("username", "Basic user name."), FieldSpec::text("password", "Basic password.")],
    ],
    identifiers: &["username", "client_id"],
    others: &[
        FieldSpec::STATE,
        FieldSpec::TOKEN_LIFETIME,
        FieldSpec::text("scope", "OAuth2 scope."),
        FieldSpec::flag("pickups_fail", "No driver comes."),
    ],
    absent: &[("balance", "no operation shows or spends the credit of an account")],
    account: (&["username", "client_id"], DEFAULT),
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
        return auth::credentials(&[(DEFAULT, &row)]);
    }
    let username = format!("sandbox-{}", ids::hex(rng, 12));
    let (password, client_id, secret) = (ids::hex(rng, 20), format!("stcid_{}", ids::hex(rng, 32)), ids::hex(rng, 40));
    let row = [("username", &*username), ("password", &*password), ("client_id", &*client_id), ("client_secret", &*secret)];
    auth::credentials(&[(DEFAULT, &row)])
}

/// The user of a Basic pair, the sandbox of a token, or the client who asks for one.
pub(super) fn identify(request: &Request) -> Option<Identity<'_>> {
    if let Some(header) = Authorization::of(request) {
        let token = || header.bearer().and_then(Tokens::claims);
        return match header.basic() {
            Some((user, _)) => Some(Identity::Credential(user.into())),
            None => token().map(|claims: Claims| Identity::Sandbox(claims.sandbox)),
        };
    }
    if request.method == Method::POST && request.path.trim_end_matches('/').ends_with(TOKEN_PATH) {
        let form = engine::pairs(&String::from_utf8_lossy(&request.body));
        return form.into_iter().find(|(name, _)| name == "client_id").map(|(_, id)| Identity::Credential(id.into()));
    }
    None
}

/// Lets a caller in by pair or by token. Scheme names are matched without regard to case.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let header = Authorization::of(gate.call.request).ok_or(Denial::Missing)?;
    if header.is("basic") {
        let (user, password) = header.basic().ok_or(Denial::Malformed)?;
        let owner = gate.find(&[("username", &user), ("password", &password)]);
        // Clients send user and password, or client id and secret.
        let owner = owner.or_else(|| gate.find(&[("client_id", &user), ("client_secret", &password)]));
        return Ok(owner.ok_or(Denial::Unknown)?.clone());
    }
    let token = header.bearer().and_then(|token| TOKENS.read(gate.secret, token));
    let claims: Claims = token.ok_or(Denial::Malformed)?;
    gate.holder_until(&claims.sandbox, claims.exp, |row| row.text("client_id") == claims.sub)
}

/// Whether a credential gives a right. One that a scenario gives fewer lacks them however it calls; by default every right is there.
pub(super) fn grants(credential: &Credential, scope: &str) -> bool {
    let granted = credential.text("scope");
    granted.is_empty() || granted.split([',', ' ']).any(|row| row.trim() == scope)
}

/// Whether a request carries an `Authorization` header of a scheme.
pub(super) fn uses(request: &Request, wanted: &str) -> bool {
    Authorization::of(request).is_some_and(|header| header.is(wanted))
}

/// A signed token for a client, and how many seconds it is good.
pub(super) fn sign(cx: &mut Cx<'_>, client: &Credential, scope: &str) -> (String, i64) {
    let lifetime = client.token_lifetime().unwrap_or(LIFE);
    let claims = Claims {
        iss: "https://restapi.shiptime.com".to_owned(),
        sub: client.text("client_id").to_owned(),
        scope: scope.to_owned(),
        sandbox: cx.sandbox.to_owned(),
        iat: cx.now.as_second(),
        exp: time::shift(cx.now, lifetime).as_second(),
        jti: ids::uuid(cx.secrets()).to_string(),
    };
    (TOKENS.issue(cx.secret(), &claims), lifetime.as_secs())
}

/// The client id and secret of a Basic pair. The standard has both encoded like a form; those that are not are taken as they are.
pub(super) fn client_pair(request: &Request) -> Option<(String, String)> {
    let (id, secret) = Authorization::of(request)?.basic()?;
    Some((text::percent_decode(&id), text::percent_decode(&secret)))
}
