//! Who may call: an application key on every call, and a user's token on all but logging in.

use http::{HeaderName, Method};
use serde_json::{Map, Value};

use super::catalog::CATALOG;
use super::wire::{SESSION, Session};
use crate::base::entropy::Rng;
use crate::base::ids;
use crate::engine::auth::{self, AuthRequest, Identity};
use crate::engine::{AccountRows, Call, DEFAULT, Denial, FieldSpec, FieldType, Open, Refusal, Request, SecretNames, decode};
use crate::spec::Operation;
use crate::world::Credential;

const KEY: HeaderName = HeaderName::from_static("x-shipmate-api-key");
const TOKEN: HeaderName = HeaderName::from_static("x-shipmate-token");

/// What rows of `accounts` may say.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "Shipmate: application keys and users.",
    credentials: &[
        &[FieldSpec::text("api_key", "API key.")],
        &[FieldSpec::text("username", "User name."), FieldSpec::text("password", "Password.")],
    ],
    identifiers: &["api_key"],
    others: &[
        FieldSpec::new(
            "access_level",
            FieldType::OneOf(&["MERCHANT_ADMIN", "MERCHANT_USER", "3PL_ADMIN", "3PL_USER"]),
            "What the user may do.",
        ),
        FieldSpec::text("token", "A session token that is good from the start."),
        FieldSpec::TOKEN_LIFETIME,
        FieldSpec::text("first_name", "The user's first name."),
        FieldSpec::text("last_name", "The user's last name."),
        FieldSpec::text("application", "The name of the application that the key belongs to."),
        FieldSpec::STATE,
        FieldSpec::flag("strict_skus", "Whether a SKU needs all members that the vendor's own client sends."),
        FieldSpec::flag("six_event_types", "Whether events have the six types of the guide alone: out for delivery counts as in transit."),
        FieldSpec::flag("event_type_codes", "Whether webhooks tell an event's type as its code, and not as a label."),
        FieldSpec::new("packaging", FieldType::Settings(PACKAGING), "The account's packaging rules."),
    ],
    absent: &[("balance", "carriers bill the merchant: no operation shows or spends a balance")],
    account: (&["api_key"], "default"),
};

/// Services and types of packaging are known by a `key`; a `request_token` tells notices apart.
pub(super) const SECRET_NAMES: SecretNames =
    SecretNames::open(&[Open::Named(&["service_key", "delivery_service_key", "packaging_type_key", "request_token"])]);

const PACKAGING: &[FieldSpec] = &[
    FieldSpec::flag("net_weight", "Whether weights are without packaging."),
    FieldSpec::flag("allow_override", "Whether a request may say its own weight and sizes."),
    FieldSpec::text("default", "The key of the default packaging type."),
];

/// The credentials of a new sandbox. `token` is one that is already logged in.
pub(super) fn credentials(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    let username = &CATALOG.users.first().expect("the catalog has users").email;
    let mut hex = |digits| ids::hex(rng, digits);
    let [key, password, token] = if sandbox == DEFAULT {
        ["12345abcde-1234-5678-90ab-abcdef0123456", "myShipmatePassword", &CATALOG.account.token].map(str::to_owned)
    } else {
        [[10, 4, 4, 4, 13].map(&mut hex).join("-"), hex(16), hex(32)]
    };
    let key = format!("sm_test_{key}");
    let facts =
        [("api_key", &*key), ("username", username), ("password", &password), ("access_level", "MERCHANT_ADMIN"), ("token", &token)];
    auth::credentials(&[("default", &facts)])
}

/// The key tells sandboxes apart.
pub(super) fn identify(request: &Request) -> Option<Identity<'_>> {
    request.header(KEY).map(|key| Identity::Credential(key.into()))
}

/// Lets a caller in: the key first, then the token. A token is good only together with a key of the same account.
pub(super) fn authenticate(gate: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let application = gate.require(&[("api_key", gate.call.request.header(KEY).unwrap_or_default())])?;
    if let Some(denial) = application.denial(gate.now) {
        return Err(denial.into());
    }
    if gate.call.operation.is_some_and(|operation| operation.id == "createToken") {
        return Ok(application);
    }
    let token = token(gate.call);
    if token.is_empty() {
        return Err(Denial::Missing.into());
    }
    let stored = gate.shared.table(&SESSION).and_then(|table| table.get(token));
    let session: Option<Session<'_>> =
        stored.map(|body| serde_json::from_str(body).expect("a stored session is read by the type that wrote it"));
    let is_over = session.as_ref().and_then(|session| session.expires).is_some_and(|expires| expires <= gate.now);
    let holder = gate.holder(|row| {
        row.account == application.account
            && match &session {
                Some(session) => !session.ended && *session.account == *row.account && session.username == row.text("username"),
                None => row.text("token") == token,
            }
    });
    if is_over { Err(Denial::Expired.into()) } else { holder }
}

/// The token that a call presents; empty when there is none.
pub(super) fn token<'c>(call: &Call<'c>) -> &'c str {
    call.request.header(TOKEN).unwrap_or_default()
}

/// As the framework reads requests: JSON or a form, what cannot be read counts as nothing, and what is not in the body of a
/// request that changes things may be in its query.
pub(super) fn decode(request: &Request, _: &Operation) -> Result<Value, Refusal> {
    let body = decode::json_or_any_form(request).unwrap_or(Value::Null);
    if request.query.is_empty() || request.method == Method::GET {
        return Ok(body);
    }
    let mut members = match body {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        other => return Ok(other),
    };
    if let Value::Object(asked) = decode::form(request.query.as_bytes()) {
        asked.into_iter().for_each(|(name, value)| _ = members.entry(name).or_insert(value));
    }
    Ok(Value::Object(members))
}
