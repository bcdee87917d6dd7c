//! Who calls: the login that issues JWTs, the JWTs, and the permanent tokens.
//!
//! A JWT carries the sandbox it was issued in and the e-mail it was issued for, so nothing is stored: as with the real
//! API, any number of tokens live side by side and none can be taken back. Its key is public on purpose; it protects made-up
//! data, and the same seed has to give the same token.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::base::time::Timestamp;
use crate::engine::{self, AccountRows, AuthRequest, Denial, FieldSpec, FieldType, Identity, Refusal, Request, decode};
use crate::spec::Operation;
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::world::Credential;

const KEY: &[u8] = b"seatrial-shiptheory-public-sandbox-key";
const LIFE_SECONDS: i64 = 60 * 60;
const DEFAULT_EMAIL: &str = "you@youremail.com";

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "Shiptheory: logins.",
    credentials: &[&[FieldSpec::text("email", "User name."), FieldSpec::text("password", "Password.")]],
    others: &[
        FieldSpec::text("token", "A permanent token."),
        FieldSpec::new("approve_after", FieldType::Duration, "How long a shipment waits until somebody approves it; for ever if absent."),
        FieldSpec::new(
            "holds_at",
            FieldType::OneOf(&["Ready", "Not Ready", "PROCESSING", "Print Error"]),
            "Where bookings come to a stop that are otherwise done when they are answered.",
        ),
        FieldSpec::new("goes_on_after", FieldType::Duration, "How long a stopped booking waits until it goes on; for ever if absent."),
        FieldSpec::new("search_days", FieldType::UpTo(366), "How many days a search may span; 31 unless told."),
    ],
};

/// What a token says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iss: String,
}

/// Issues a token.
pub(super) fn issue(sandbox: &str, email: &str, now: Timestamp) -> String {
    let claims = Claims { sub: email.to_owned(), exp: now.as_second() + LIFE_SECONDS, iss: sandbox.to_owned() };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(KEY)).expect("HS256 takes any key")
}

/// The claims of a token that we issued, whenever that was.
fn claims(token: &str) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // Time is the world's, not the machine's, so the crate must not look at a clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode(token, &DecodingKey::from_secret(KEY), &validation).ok().map(|token| token.claims)
}

/// The login of `design.md`, and the truncated tokens that the guide prints; other sandboxes have a login and a permanent
/// token of their own.
pub(super) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    if sandbox != engine::DEFAULT {
        let email = format!("you+{}@youremail.com", ids::hex(rng, 12));
        let (password, token) = (ids::hex(rng, 20), ids::hex(rng, 64));
        return engine::credentials(&[(&email, &[("email", &email), ("password", &password), ("token", &token)])]);
    }
    let mut rows = engine::credentials(&[(DEFAULT_EMAIL, &[("email", DEFAULT_EMAIL), ("password", "password")])]);
    for sample in &CATALOG.samples {
        rows.extend(engine::credentials(&[(DEFAULT_EMAIL, &[("email", DEFAULT_EMAIL), ("token", sample)])]));
    }
    rows
}

/// A token names its sandbox; a login and a permanent token are known by themselves.
pub(super) fn identify(request: &Request) -> Option<Identity> {
    if let Some(token) = bearer(request) {
        return Some(claims(token).map_or_else(|| Identity::Credential(token.to_owned()), |claims| Identity::Sandbox(claims.iss)));
    }
    if request.body.is_empty() || !request.path.ends_with("/token") {
        return None;
    }
    decode::json_or_any_form(request).ok()?.get("email").and_then(Value::as_str).map(|email| Identity::Credential(email.to_owned()))
}

/// Lets a caller in. What the caller accepts comes first, as CakePHP looks at it before anything of the application runs.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    acceptable(gate.call.request)?;
    let denied = |denial| Err(Refusal::Unauthenticated(denial));
    let Some(token) = bearer(gate.call.request) else { return denied(Denial::Missing) };
    if let Some(credential) = gate.credentials.iter().find(|row| row.text("token") == token) {
        return Ok(credential.clone());
    }
    if token.split('.').count() != 3 {
        return denied(Denial::Malformed);
    }
    let Some(claims) = claims(token).filter(|claims| claims.iss == gate.sandbox) else { return denied(Denial::Unknown) };
    if claims.exp <= gate.now.as_second() {
        return denied(Denial::Expired);
    }
    let login = gate.credentials.iter().find(|row| row.text("email") == claims.sub && !row.text("password").is_empty());
    login.cloned().ok_or(Refusal::Unauthenticated(Denial::Unknown))
}

/// Reads a body as CakePHP does: JSON when it says so, else a form.
pub(super) fn decode(request: &Request, _: &Operation) -> Result<Value, Refusal> {
    acceptable(request)?;
    decode::json_or_any_form(request)
}

/// The token behind the scheme, whose case does not matter.
fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.header("authorization")?.trim().split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()).then(|| token.trim())
}

/// JSON or XML has to be among what the caller accepts.
fn acceptable(request: &Request) -> Result<(), Refusal> {
    let Some(accept) = request.header("accept").filter(|accept| !accept.trim().is_empty()) else { return Ok(()) };
    let fits = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(range.as_str(), "*/*" | "application/*" | "application/xml" | "text/xml") || decode::is_json(&range)
    };
    if accept.split(',').any(fits) { Ok(()) } else { Err(Refusal::NotAcceptable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_no_other_is() {
        let token = issue("default", "you@youremail.com", Timestamp::UNIX_EPOCH);
        assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."));
        assert_eq!(claims(&token), Some(Claims { sub: "you@youremail.com".into(), exp: 3600, iss: "default".into() }));
        assert_eq!(claims(&token.replace("eyJ0", "eyJ1")), None);
        assert_eq!(claims(&format!("{token}x")), None);
    }
}
