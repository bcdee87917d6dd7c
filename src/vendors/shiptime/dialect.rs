//! How ShipTime says no. Pure: facts in, replies out.
//!
//! Every refusal below `/rest` has one shape, `success` and `messages`; the token endpoint speaks OAuth; a caller whom
//! nobody knows gets no body, and a path that leads nowhere a page of HTML.

use http::header::{ALLOW, CACHE_CONTROL, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::{self, TOKEN_PATH};
use super::checks::{Fault, Problem};
use super::rules::PICKUP;
use crate::base::json::Style;
use crate::engine::{Call, DialectCx, Refusal, Reply};

#[derive(Serialize)]
struct Failure {
    success: bool,
    messages: Vec<String>,
}

/// A bad request, as the messages to print.
pub(super) fn messages(texts: Vec<String>) -> Refusal {
    Refusal::Because("messages", json!(texts))
}

/// A bad request, by its faults.
pub(super) fn faults(faults: &[Fault]) -> Refusal {
    messages(faults.iter().map(word).collect())
}

/// An OAuth error.
pub(super) fn oauth(error: &'static str, detail: &str) -> Refusal {
    Refusal::Because(error, json!(detail))
}

/// Recorded, up to `OtherCity`; the rest follows the same style.
fn word(fault: &Fault) -> String {
    let at = &fault.at;
    match &fault.problem {
        Problem::Empty => format!("{at} is empty"),
        Problem::NotOneOf(known) => format!("{at} is invalid. Valid values are {known}"),
        Problem::Mismatch { text, pattern } => {
            format!("{at} is invalid. The string '{text}' must match {pattern}")
        }
        Problem::OtherCity { given, postal_code, right } => {
            let given = given.as_deref().unwrap_or("null");
            format!("{at} does not match city name ({given}). The postal code '{postal_code}' is only valid for {right}")
        }
        Problem::Invalid => format!("{at} is invalid"),
        Problem::Longer(limit) => format!("{at} exceeds maximum length of {limit}"),
        Problem::Shorter(limit) => format!("{at} is below minimum length of {limit}"),
        Problem::NotPositive => format!("{at} must be greater than 0"),
        Problem::NoBusinessDay => format!("{at} must be a business day"),
        Problem::Past => format!("{at} is in the past"),
        Problem::Narrow(interval) => format!("{at} must be at least {interval} after ReadyTime"),
        Problem::Late(cutoff) => format!("{at} cannot be later than the cutoff time {cutoff}"),
    }
}

const TOKEN_CHALLENGE: &str = r#"Basic realm="oauth2/token""#;

/// Says no.
pub(super) fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let call = cx.call;
    let at_token = call.path.trim_end_matches('/') == TOKEN_PATH;
    match refusal {
        // Observed: the token path answers other methods before it asks who calls.
        Refusal::Unauthenticated(_) if at_token => Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, "POST"),
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
        Refusal::UnsupportedMedia(_) => page(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        Refusal::NotAcceptable => page(StatusCode::NOT_ACCEPTABLE),
        Refusal::Broken => page(StatusCode::INTERNAL_SERVER_ERROR),
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
        Refusal::Malformed { message, .. } => failure(StatusCode::BAD_REQUEST, message.clone()),
        Refusal::Invalid(rows) => {
            failures(StatusCode::BAD_REQUEST, rows.iter().map(|row| format!("{} is invalid", row.dotted())).collect())
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
        "messages" => {
            let texts = facts.as_array().into_iter().flatten();
            failures(StatusCode::BAD_REQUEST, texts.filter_map(|text| text.as_str().map(str::to_owned)).collect())
        }
        "invalid_client" => {
            let reply = error(StatusCode::UNAUTHORIZED, "Client authentication failed".to_owned());
            // Who used the header is told so, as the standard has it.
            if facts == "header" { reply.with(WWW_AUTHENTICATE, TOKEN_CHALLENGE) } else { reply }
        }
        "unsupported_grant_type" => error(StatusCode::BAD_REQUEST, "Unsupported grant type".to_owned()),
        "invalid_request" => error(StatusCode::BAD_REQUEST, format!("Missing required parameter: {}", text())),
        "no_rates" => failure(StatusCode::NOT_FOUND, "No rates found".to_owned()),
        "no_pickups" => failure(StatusCode::NOT_FOUND, "No pickups found".to_owned()),
        "no_location" => failure(StatusCode::NOT_FOUND, "LocationModel not found".to_owned()),
        "carrier_refused" => failure(StatusCode::INTERNAL_SERVER_ERROR, format!("{} is not available for this shipment", text())),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(problem: Problem, expected: &str) {
        assert_eq!(word(&Fault { at: "RateRequest/To PostalCode".to_owned(), problem }), expected);
    }

    #[test]
    fn faults_are_worded_as_recorded() {
        check(Problem::Empty, "RateRequest/To PostalCode is empty");
        check(
            Problem::OtherCity { given: None, postal_code: "V2R 4H1".to_owned(), right: "Chilliwack" },
            "RateRequest/To PostalCode does not match city name (null). The postal code 'V2R 4H1' is only valid for Chilliwack",
        );
        check(
            Problem::Mismatch { text: "k6h5l6".to_owned(), pattern: super::super::checks::CANADIAN },
            "RateRequest/To PostalCode is invalid. The string 'k6h5l6' must match ^(?!.*[DFIOQU])[A-VXY][0-9][A-Z] ?[0-9][A-Z][0-9]$",
        );
    }
}
