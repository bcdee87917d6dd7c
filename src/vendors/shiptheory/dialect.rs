//! Refusals in the words of CakePHP 3, which Shiptheory's error shapes give away. Pure.

use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, SERVER};
use serde::Serialize;
use serde_json::{Value, json};

use crate::base::json::Style;
use crate::base::xml;
use crate::engine::{Body, Call, Denial, Dialect, DialectCx, Refusal, Reply, decode};
use crate::vendors::shiptheory::checks;
use crate::vendors::shiptheory::wire::{PRODUCT, SHIPMENT, TAG};

/// The refusal whose facts are the value of `error`: a sentence.
pub(super) const ERROR: &str = "error";

/// What XML is called.
pub(super) const XML: [&str; 2] = ["application/xml", "text/xml"];

/// The refusal of a login.
pub(super) const LOGIN: &str = "login";

pub(super) const DIALECT: Dialect =
    Dialect { style: Style::Compact, content_type: "application/json; charset=UTF-8", refuse, statuses: &[503], headers };

/// An exception as CakePHP renders it.
#[derive(Serialize)]
struct Exception {
    message: &'static str,
    url: String,
    code: u16,
}

fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    const PROTECTION: HeaderName = HeaderName::from_static("x-xss-protection");
    // Recorded 2024-03: every answer carried these two.
    reply.headers.insert(SERVER, http::HeaderValue::from_static("nginx/1.14.1"));
    reply.headers.insert(PROTECTION, http::HeaderValue::from_static("1; mode=block"));
    if let Body::Json(document) = &reply.body
        && decode::prefers(cx.call.request, &XML)
    {
        let mut json = Vec::new();
        document.write(DIALECT.style, &mut json);
        let data: Value = serde_json::from_slice(&json).expect("answers are JSON");
        reply.headers.insert(CONTENT_TYPE, http::HeaderValue::from_static("application/xml; charset=UTF-8"));
        reply.body = Body::Bytes(xml::document("response", &data).into());
    }
}

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    const FOREIGN: &str = "You do not have access to the requested resource";
    let (status, message) = match refusal {
        Refusal::Because(ERROR, error) => return Reply::json(StatusCode::BAD_REQUEST, json!({ "error": error })),
        Refusal::Invalid(violations) => return Reply::json(StatusCode::BAD_REQUEST, json!({ "error": checks::error(violations) })),
        Refusal::WrongState { state, .. } => return Reply::json(StatusCode::BAD_REQUEST, json!({ "error": state })),
        Refusal::Because(LOGIN, _) => (StatusCode::UNAUTHORIZED, "Invalid username or password"),
        Refusal::Because(..) | Refusal::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "An Internal Error Has Occurred."),
        // Who is not let in at the login has no token yet.
        Refusal::Unauthenticated(_) if cx.call.operation.is_some_and(|row| row.security.is_empty()) => {
            (StatusCode::UNAUTHORIZED, "Invalid username or password")
        }
        Refusal::Unauthenticated(denial) => (StatusCode::UNAUTHORIZED, denied(*denial)),
        Refusal::Forbidden(_) | Refusal::Foreign { .. } => (StatusCode::FORBIDDEN, FOREIGN),
        Refusal::PaymentRequired(_) => (StatusCode::PAYMENT_REQUIRED, "Payment Required"),
        // Whether a tag never existed or is another customer's is not to be seen.
        Refusal::Missing { kind, .. } if *kind == TAG => (StatusCode::FORBIDDEN, FOREIGN),
        Refusal::Missing { kind, .. } if *kind == SHIPMENT => (StatusCode::NOT_FOUND, "Shipment not found"),
        Refusal::Missing { kind, .. } if *kind == PRODUCT => (StatusCode::NOT_FOUND, "Product not found"),
        Refusal::Missing { .. } | Refusal::UnknownPath { .. } => (StatusCode::NOT_FOUND, "Not Found"),
        Refusal::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Refusal::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "Not Acceptable"),
        Refusal::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large"),
        Refusal::UnsupportedMedia(_) | Refusal::Malformed { .. } => (StatusCode::BAD_REQUEST, "Bad Request"),
        Refusal::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
        Refusal::Failing(status) => (*status, status.canonical_reason().unwrap_or("Error")),
    };
    let reply = Reply::json(status, Exception { message, url: url(cx.call), code: status.as_u16() });
    let Refusal::WrongMethod(allowed) = refusal else { return reply };
    let allowed: Vec<&str> = allowed.iter().map(http::Method::as_str).collect();
    reply.with(ALLOW, &allowed.join(", "))
}

/// The messages are those of the JWT library behind CakePHP's authentication.
fn denied(denial: Denial) -> &'static str {
    match denial {
        Denial::Missing => "You are not authorized to access that location.",
        Denial::Malformed => "Wrong number of segments",
        Denial::Unknown | Denial::Revoked => "Signature verification failed",
        Denial::Expired => "Expired token",
    }
}

/// The path and query as sent, escaped for HTML as CakePHP does even in JSON.
fn url(call: &Call<'_>) -> String {
    let query = &call.request.query;
    let target = if query.is_empty() { call.path.to_owned() } else { format!("{}?{query}", call.path) };
    target.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#039;")
}
