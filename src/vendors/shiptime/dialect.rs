//! How ShipTime says no. Pure: facts in, replies out.
//!
//! Every refusal below `/rest` has one shape, `success` and `messages`; the token endpoint speaks OAuth; a caller whom
//! nobody knows gets no body, and a path that leads nowhere a page of HTML.

use http::header::{ALLOW, CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::{self, TOKEN_PATH};
use super::checks;
use super::rules::PICKUP;
use super::wire::jackson;
use crate::base::json::Style;
use crate::engine::{Call, DialectCx, Refusal, Reply};

#[derive(Serialize)]
struct Failure {
    success: bool,
    messages: Vec<String>,
}

/// A carrier's refusal; its facts are the carrier's words.
pub(super) const CARRIER_REFUSED: &str = "carrier_refused";

/// A bad request, in these words.
pub(super) fn message(text: impl Into<Value>) -> Refusal {
    Refusal::Because("message", text.into())
}

/// An OAuth error.
pub(super) fn oauth(error: &'static str, detail: &str) -> Refusal {
    Refusal::Because(error, json!(detail))
}

const TOKEN_CHALLENGE: &str = r#"Basic realm="oauth2/token""#;

/// Says no.
pub(super) fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let call = cx.call;
    let at_token = call.path.trim_end_matches('/') == TOKEN_PATH;
    match refusal {
        Refusal::Unauthenticated(_) if at_token => because("invalid_client", &Value::Null),
        // Observed: the token path answers other methods before it asks who calls.
        Refusal::WrongMethod(_) if at_token => Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, "POST"),
        Refusal::Unauthenticated(_) | Refusal::UnknownPath { authenticated: false } => {
            let challenge =
                if access::uses(call.request, "bearer") { r#"Bearer error="invalid_token""# } else { r#"Basic realm="ShipTime""# };
            challenged(challenge)
        }
        // Observed: a gateway refuses an `Authorization` header beside credentials in the form.
        Refusal::Because("gateway", _) => challenged(TOKEN_CHALLENGE),
        Refusal::UnknownPath { .. } => page(StatusCode::NOT_FOUND),
        Refusal::WrongMethod(allowed) => {
            let reading = allowed.contains(&Method::GET).then_some("HEAD");
            let allowed: Vec<&str> = allowed.iter().map(Method::as_str).chain(reading).chain(["OPTIONS"]).collect();
            // The container answers what may be asked of a path.
            let asked = call.request.method == Method::OPTIONS;
            let reply = if asked { Reply::empty(StatusCode::OK) } else { page(StatusCode::METHOD_NOT_ALLOWED) };
            reply.with(ALLOW, &allowed.join(", "))
        }
        Refusal::TooLarge(_) => page(StatusCode::PAYLOAD_TOO_LARGE),
        Refusal::UnsupportedMedia(_) => page(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Refusal::NotAcceptable => page(StatusCode::NOT_ACCEPTABLE),
        Refusal::Broken => page(StatusCode::INTERNAL_SERVER_ERROR),
        Refusal::Failing(status) => page(*status),
        Refusal::Missing { kind, .. } => failure(StatusCode::NOT_FOUND, missing(*kind == PICKUP, call).to_owned()),
        Refusal::Foreign { .. } => {
            failure(StatusCode::FORBIDDEN, "Wrong shipId. This shipId exists but does not belong to you.".to_owned())
        }
        Refusal::Forbidden(scope) => failure(StatusCode::FORBIDDEN, format!("Insufficient scope, {scope} is required")),
        Refusal::PaymentRequired(_) => failure(StatusCode::PAYMENT_REQUIRED, "Payment required".to_owned()),
        Refusal::WrongState { kind, .. } if *kind == PICKUP => {
            failure(StatusCode::CONFLICT, "Conflicting request. Pickup is already dispatched".to_owned())
        }
        Refusal::WrongState { kind, id, state } => failure(StatusCode::CONFLICT, format!("{} {id} is {state}", kind.0)),
        Refusal::RateLimited(quota) => {
            let seconds = quota.retry_after(cx.now).to_string();
            failure(StatusCode::TOO_MANY_REQUESTS, "Too many requests".to_owned()).with(RETRY_AFTER, &seconds)
        }
        Refusal::Malformed { .. } => failure(StatusCode::BAD_REQUEST, jackson::complaint(cx).unwrap_or_else(|| jackson::nothing(cx))),
        // Only `--contract strict` refuses so there: the endpoint itself looks at its parameters one by one.
        Refusal::Invalid(violations) if at_token => {
            because("invalid_request", &violations.first().map_or_else(String::new, crate::spec::Violation::dotted).into())
        }
        Refusal::Invalid(violations) => {
            let told = jackson::complaint(cx).map_or_else(|| checks::messages(call, violations), |told| vec![told]);
            failures(StatusCode::BAD_REQUEST, told)
        }
        Refusal::Because(code, facts) => because(code, facts),
    }
}

/// The token endpoint's answers must not be kept.
pub(super) fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    if cx.call.operation.is_some_and(|operation| operation.id == "token-post") {
        reply.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply.headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    }
}

fn because(code: &str, facts: &Value) -> Reply {
    let text = || facts.as_str().unwrap_or_default().to_owned();
    let error = |status, description: String| {
        let body = json!({"error": code, "error_description": description});
        Reply::written(status, Style::Compact.to_string(&body).into_bytes())
    };
    match code {
        "invalid_client" => {
            let reply = error(StatusCode::UNAUTHORIZED, "Client authentication failed".to_owned());
            // Who used the header is told so, as the standard has it.
            if facts == "header" { reply.with(WWW_AUTHENTICATE, TOKEN_CHALLENGE) } else { reply }
        }
        "unsupported_grant_type" => error(StatusCode::BAD_REQUEST, "Unsupported grant type".to_owned()),
        "invalid_request" => error(StatusCode::BAD_REQUEST, format!("Missing required parameter: {}", text())),
        "no_rates" => failure(StatusCode::NOT_FOUND, facts.as_str().unwrap_or("No rates found").to_owned()),
        "no_pickups" => failure(StatusCode::NOT_FOUND, "No pickups found".to_owned()),
        "no_location" => failure(StatusCode::NOT_FOUND, "LocationModel not found".to_owned()),
        CARRIER_REFUSED => failure(StatusCode::INTERNAL_SERVER_ERROR, text()),
        _ => failure(StatusCode::BAD_REQUEST, text()),
    }
}

fn missing(is_pickup: bool, call: &Call<'_>) -> &'static str {
    let tag = call.operation.map_or("", |operation| operation.tag.as_str());
    match tag {
        _ if is_pickup => "Pickup not found",
        "pickups" => "Wrong shipId. Shipment not found.",
        "track" => "No tracking results yet",
        _ => "Resource not found for the ID",
    }
}

fn failure(status: StatusCode, message: String) -> Reply {
    failures(status, vec![message])
}

fn failures(status: StatusCode, messages: Vec<String>) -> Reply {
    Reply::json(status, Failure { success: false, messages })
}

fn challenged(challenge: &str) -> Reply {
    Reply::empty(StatusCode::UNAUTHORIZED).with(WWW_AUTHENTICATE, challenge)
}

/// Clients saw pages of HTML where the application itself was not reached.
fn page(status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or_default();
    let code = status.as_u16();
    let text = format!("<html><head><title>{code} {reason}</title></head><body><h1>HTTP Status {code} - {reason}</h1></body></html>");
    Reply::bytes(status, "text/html;charset=utf-8", text)
}
