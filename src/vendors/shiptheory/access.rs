//! Who calls: the login that issues JWTs, the JWTs, and the permanent tokens.
//!
//! A JWT carries the sandbox it was issued in and the e-mail it was issued for, so nothing is stored: as with the real
//! API, any number of tokens live side by side and none can be taken back.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::base::time;
use crate::engine::auth::{self, AuthRequest, Authorization, Identity, Tokens};
use crate::engine::{self, AccountRows, Cx, Denial, FieldSpec, FieldType, Refusal, Request, decode};
use crate::spec::Operation;
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::vendors::shiptheory::dialect::XML;
use crate::world::Credential;

const TOKENS: Tokens = Tokens { header: r#"{"typ":"JWT","alg":"HS256"}"#, key: b"seatrial-shiptheory-public-sandbox-key" };
/// How long a token is good, unless the row of its login says otherwise.
const LIFE: SignedDuration = SignedDuration::from_mins(60);
const DEFAULT_EMAIL: &str = "you@youremail.com";
const EMAIL: FieldSpec = FieldSpec::text("email", "User name.");

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "Shiptheory: logins.",
    credentials: &[&[EMAIL, FieldSpec::text("password", "Password.")], &[EMAIL, FieldSpec::text("token", "A permanent token.")]],
    identifiers: &["email", "token"],
    others: &[
        FieldSpec::STATE,
        FieldSpec::TOKEN_LIFETIME,
        FieldSpec::new("approve_after", FieldType::Duration, "How long a shipment waits until somebody approves it; for ever if absent."),
        FieldSpec::new(
            "holds_at",
            FieldType::OneOf(&["Ready", "Not Ready", "PROCESSING", "Print Error"]),
            "Where bookings come to a stop that are otherwise done when they are answered.",
        ),
        FieldSpec::new("goes_on_after", FieldType::Duration, "How long a stopped booking waits until it goes on; for ever if absent."),
        FieldSpec::new("search_days", FieldType::UpTo(366), "How many days a search may span; 31 unless told."),
    ],
    absent: &[("balance", "carriers bill the merchant: no operation shows or spends a balance")],
    account: (&["email"], ""),
};

/// What a token says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iss: String,
}

/// Issues a token for a login.
pub(super) fn issue(cx: &Cx<'_>, login: &Credential) -> String {
    let exp = time::shift(cx.now, login.token_lifetime().unwrap_or(LIFE)).as_second();
    TOKENS.issue(cx.secret(), &Claims { sub: login.text("email").to_owned(), exp, iss: cx.sandbox.to_owned() })
}

/// The default sandbox has the documented login and the truncated tokens that the guide prints; others have a login and a
/// permanent token of their own. Accounts have one name everywhere, which ids are derived from.
pub(super) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    if sandbox != engine::DEFAULT {
        let email = format!("you+{}@youremail.com", ids::hex(rng, 12));
        let (password, token) = (ids::hex(rng, 20), ids::hex(rng, 64));
        return auth::credentials(&[(DEFAULT_EMAIL, &[("email", &email), ("password", &password), ("token", &token)])]);
    }
    let mut rows = auth::credentials(&[(DEFAULT_EMAIL, &[("email", DEFAULT_EMAIL), ("password", "password")])]);
    for sample in &CATALOG.samples {
        rows.extend(auth::credentials(&[(DEFAULT_EMAIL, &[("email", DEFAULT_EMAIL), ("token", sample)])]));
    }
    rows
}

/// A token names its sandbox; a login and a permanent token are known by themselves.
pub(super) fn identify(request: &Request) -> Option<Identity<'_>> {
    if let Some(token) = bearer(request) {
        let claims = Tokens::claims::<Claims>(token);
        return Some(claims.map_or_else(|| Identity::Credential(token.into()), |claims| Identity::Sandbox(claims.iss)));
    }
    if request.body.is_empty() || !request.path.ends_with("/token") {
        return None;
    }
    decode::json_or_any_form(request).ok()?.get("email").and_then(Value::as_str).map(|email| Identity::Credential(email.to_owned().into()))
}

/// Lets a caller in. What the caller accepts comes first, as CakePHP looks at it before anything of the application runs.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let owner = owner(gate);
    if decode::accepts(gate.call.request, &XML) { owner } else { Err(Refusal::NotAcceptable) }
}

fn owner(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let token = bearer(gate.call.request).ok_or(Denial::Missing)?;
    if let Some(credential) = gate.find(&[("token", token)]) {
        return Ok(credential.clone());
    }
    (token.split('.').count() == 3).then_some(()).ok_or(Denial::Malformed)?;
    let claims: Claims = TOKENS.read(gate.secret, token).ok_or(Denial::Unknown)?;
    gate.holder_until(&claims.iss, claims.exp, |row| row.text("email") == claims.sub && !row.text("password").is_empty())
}

/// Reads a body as CakePHP does: JSON when it says so, else a form.
pub(super) fn decode(request: &Request, _: &Operation) -> Result<Value, Refusal> {
    if decode::accepts(request, &XML) { decode::json_or_any_form(request) } else { Err(Refusal::NotAcceptable) }
}

fn bearer(request: &Request) -> Option<&str> {
    Authorization::of(request)?.bearer()
}
