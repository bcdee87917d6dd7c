//! How Shippo words things. Most of it is a Django REST framework: spaced JSON, `detail` or texts by field, HTML where the
//! URL itself is wrong. Some of it is Go: compact JSON with a charset, and none of the framework's headers.

pub(super) mod page;
pub(super) mod version;

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, VARY,
    WWW_AUTHENTICATE,
};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::base::json::Style;
use crate::base::python;
use crate::engine::{Body, Call, Denial, Dialect, DialectCx, Refusal, Reply};
use crate::spec::{ParameterIn, Violation};
use crate::vendors::shippo::checks;
use crate::vendors::shippo::wire::SHIPMENT;

/// The dialect.
pub(super) const DIALECT: Dialect = Dialect { style: Style::Spaced, content_type: "application/json", refuse, statuses: &[], headers };

/// One text without a field; the facts are the text.
pub(super) const DETAIL: &str = "detail";
/// The same from a service that is not of the framework.
pub(super) const GO_DETAIL: &str = "go detail";
/// A registration that a carrier does not take.
pub(super) const NOT_REGISTERED: &str = "not registered";
/// A title and a detail, with their status.
pub(super) const TITLED: &str = "titled";
/// What live rates cannot be made of; the facts are the body.
pub(super) const LIVE_RATES: &str = "live rates";
/// Somebody who may not open accounts; the facts are the body.
pub(super) const NO_PLATFORM: &str = "no platform";
/// Something that is there already, of the second address service; the facts are the text.
pub(super) const CONFLICT: &str = "conflict";
/// Something that is not there, in words of its own; the facts are the text.
pub(super) const NOT_FOUND: &str = "not found";
/// A version of the API that there is not.
pub(super) const NO_VERSION: &str = "no version";
/// A page that the list does not have.
pub(super) const NO_PAGE: &str = "no page";
/// A cursor that leads nowhere.
pub(super) const NO_CURSOR: &str = "no cursor";
/// A download whose link is not, or no longer, good.
pub(super) const UNSIGNED: &str = "unsigned";

const P3P: HeaderName = HeaderName::from_static("p3p");
const GO_JSON: &str = "application/json; charset=utf-8";
const GO_HTML: &str = "text/html; charset=utf-8";

/// Where the services are that are written in Go, but for tracking.
const GO_PATHS: [&str; 7] =
    ["/live-rates", "/parcel-templates", "/pickups", "/service-groups", "/shippo-accounts", "/user-parcel-templates", "/v2/"];

fn is_go(call: &Call<'_>) -> bool {
    GO_PATHS.iter().any(|path| call.path.starts_with(path))
}

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let reply = worded(refusal, cx);
    // Who is let in is not theirs to say.
    let is_theirs = matches!(
        refusal,
        Refusal::Missing { .. } | Refusal::WrongMethod(_) | Refusal::UnsupportedMedia(_) | Refusal::Malformed { .. } | Refusal::Because(..)
    );
    match &reply.body {
        Body::Json(document) if is_theirs && is_go(cx.call) && cx.call.request.method != Method::OPTIONS => {
            let mut body = Vec::with_capacity(512);
            document.write(Style::Compact, &mut body);
            Reply { body: Body::Bytes(body.into()), ..reply }.with(CONTENT_TYPE, GO_JSON)
        }
        _ => reply,
    }
}

fn worded(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let call = cx.call;
    match refusal {
        Refusal::Unauthenticated(denial) => {
            let text = match denial {
                Denial::Missing => "Authentication credentials were not provided.",
                Denial::Malformed if call.request.header("authorization").is_some_and(|header| header.trim().contains(' ')) => {
                    "Invalid token header. Token string should not contain spaces."
                }
                Denial::Malformed => "Invalid token header. No credentials provided.",
                Denial::Unknown | Denial::Expired | Denial::Revoked => "Token does not exist",
            };
            detail(StatusCode::UNAUTHORIZED, text).with(WWW_AUTHENTICATE, "ShippoToken")
        }
        Refusal::Forbidden(_) | Refusal::Foreign { .. } => {
            detail(StatusCode::FORBIDDEN, "You do not have permission to perform this action.")
        }
        Refusal::PaymentRequired(_) => detail(StatusCode::PAYMENT_REQUIRED, "Payment required."),
        // Seen in 2016: a carrier without a number.
        Refusal::UnknownPath { .. } if call.path.strip_prefix("/tracks/").is_some_and(|rest| rest.find('/') == Some(rest.len() - 1)) => {
            drop_slash(call)
        }
        Refusal::UnknownPath { .. } => not_on_this_server(call),
        // The framework answers every path about itself.
        Refusal::WrongMethod(allowed) if call.request.method == Method::OPTIONS => {
            let name = call.path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
            let parses = ["application/json", "application/x-www-form-urlencoded"];
            let about = json!({ "name": name, "description": "", "renders": ["application/json"], "parses": parses });
            Reply::json(StatusCode::OK, about).with(ALLOW, &methods(allowed))
        }
        Refusal::WrongMethod(allowed) => {
            let text = format!("Method \"{}\" not allowed.", call.request.method);
            detail(StatusCode::METHOD_NOT_ALLOWED, &text).with(ALLOW, &methods(allowed))
        }
        Refusal::NotAcceptable => detail(StatusCode::NOT_ACCEPTABLE, "Could not satisfy the request Accept header."),
        Refusal::TooLarge(_) => detail(StatusCode::PAYLOAD_TOO_LARGE, "Request body is too large."),
        Refusal::UnsupportedMedia(media_type) => {
            detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, &format!("Unsupported media type \"{media_type}\" in request."))
        }
        Refusal::Malformed { message, .. } => {
            let complaint = python::complaint(&call.request.body);
            detail(StatusCode::BAD_REQUEST, &format!("JSON parse error - {}", complaint.as_ref().unwrap_or(message)))
        }
        Refusal::Invalid(violations) if violations.iter().any(|row| row.location == ParameterIn::Path) => not_on_this_server(call),
        Refusal::Invalid(violations) => invalid(call, violations),
        // Seen in 2017: without the point.
        Refusal::Missing { kind, .. } if *kind == SHIPMENT => detail(StatusCode::NOT_FOUND, "Not found"),
        Refusal::Missing { .. } => detail(StatusCode::NOT_FOUND, "Not found."),
        Refusal::WrongState { state, .. } => detail(StatusCode::BAD_REQUEST, &format!("Not possible in state {state}.")),
        Refusal::RateLimited(quota) => {
            let seconds = quota.retry_after(cx.now);
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let text = format!("Request was throttled. Expected available in {seconds} {unit}.");
            detail(StatusCode::TOO_MANY_REQUESTS, &text).with(RETRY_AFTER, &seconds.to_string())
        }
        Refusal::Because(code, facts) => because(code, facts),
        Refusal::Broken => Reply::bytes(StatusCode::INTERNAL_SERVER_ERROR, "text/html", "<h1>Server Error (500)</h1>"),
        Refusal::Failing(status) => {
            let reason = status.canonical_reason().unwrap_or("Error");
            match status.is_server_error() {
                true => Reply::bytes(*status, "text/html", format!("<h1>{reason} ({})</h1>", status.as_u16())),
                false => detail(*status, &format!("{reason}.")),
            }
        }
    }
}

fn because(code: &str, facts: &Value) -> Reply {
    let text = facts.as_str().unwrap_or_default();
    match code {
        GO_DETAIL => go(StatusCode::BAD_REQUEST, &json!({ "detail": text })),
        NOT_REGISTERED => Reply::json(StatusCode::BAD_REQUEST, json!({ "error": text })),
        TITLED => {
            let status = facts["status"].as_u64().and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
            let body = json!({ "title": facts["title"], "detail": facts["detail"] });
            Reply::json(status.unwrap_or(StatusCode::BAD_REQUEST), body)
        }
        LIVE_RATES => go(StatusCode::BAD_REQUEST, facts),
        NO_PLATFORM => go(StatusCode::FORBIDDEN, facts),
        CONFLICT => go(StatusCode::CONFLICT, &json!({ "detail": text })),
        NOT_FOUND => detail(StatusCode::NOT_FOUND, text),
        NO_VERSION => go(StatusCode::BAD_REQUEST, &json!({ "error": "The requested version is not available for this resource" })),
        NO_PAGE => detail(StatusCode::NOT_FOUND, "Invalid page."),
        NO_CURSOR => detail(StatusCode::NOT_FOUND, "Invalid cursor"),
        UNSIGNED => Reply::bytes(
            StatusCode::FORBIDDEN,
            "application/xml",
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>AccessDenied</Code><Message>{text}</Message></Error>"),
        ),
        _ => detail(StatusCode::BAD_REQUEST, text),
    }
}

/// A refusal with one text.
pub(super) fn because_of(text: impl Into<String>) -> Refusal {
    Refusal::Because(DETAIL, Value::String(text.into()))
}

fn detail(status: StatusCode, text: &str) -> Reply {
    Reply::json(status, json!({ "detail": text }))
}

/// A reply of the services that are written in Go.
pub(super) fn go(status: StatusCode, document: &impl Serialize) -> Reply {
    let mut body = Vec::with_capacity(512);
    Style::Compact.write(document, &mut body);
    Reply::written(status, body).with(CONTENT_TYPE, GO_JSON)
}

/// The framework's redirect to the path with a final slash.
pub(super) fn add_slash(call: &Call<'_>) -> Reply {
    Reply::bytes(StatusCode::MOVED_PERMANENTLY, GO_HTML, "").with(LOCATION, &target(call, &format!("{}/", call.path)))
}

/// The Go router's redirect to the path without one.
pub(super) fn drop_slash(call: &Call<'_>) -> Reply {
    let target = target(call, call.path.trim_end_matches('/'));
    let body = format!("<a href=\"{}\">Moved Permanently</a>.\n\n", escaped(&target));
    Reply::bytes(StatusCode::MOVED_PERMANENTLY, GO_HTML, body).with(LOCATION, &target)
}

fn target(call: &Call<'_>, path: &str) -> String {
    let query = &call.request.query;
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{}{path}{mark}{query}", call.prefix)
}

fn not_on_this_server(call: &Call<'_>) -> Reply {
    let old = if call.prefix.ends_with("/v1") { "/v1" } else { "" };
    let text = format!("<h1>Not Found</h1><p>The requested URL {old}{} was not found on this server.</p>", escaped(call.path));
    Reply::bytes(StatusCode::NOT_FOUND, "text/html", text)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn methods(allowed: &[Method]) -> String {
    let mut names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
    if allowed.contains(&Method::GET) {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// Texts by field. The services that are written in Go sort them.
fn invalid(call: &Call<'_>, violations: &[Violation]) -> Reply {
    let violations = &checks::with_nulls(&call.request.body, violations);
    let mut fields = checks::fields(violations, checks::text);
    match is_go(call) {
        true if call.path.starts_with("/v2/") => go(StatusCode::UNPROCESSABLE_ENTITY, &checks::fields(violations, checks::text_of_book)),
        true => {
            fields.sort_keys();
            go(StatusCode::BAD_REQUEST, &fields)
        }
        false => Reply::json(StatusCode::BAD_REQUEST, fields),
    }
}

fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    let content_type = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(DIALECT.content_type);
    // Observed 2022, of these two services in Go alone.
    let (tracks, pickups) = (cx.call.path.starts_with("/tracks"), cx.call.path.starts_with("/pickups"));
    if content_type == GO_JSON && (tracks || pickups) {
        reply.headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        if pickups {
            reply.headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        return;
    }
    if content_type.contains("charset")
        || reply.status == StatusCode::NO_CONTENT && is_go(cx.call)
        || !(content_type.contains("json") || content_type.contains("html"))
    {
        return;
    }
    let is_json = content_type.contains("json");
    let mut add = |name: HeaderName, value: &'static str| {
        reply.headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    if is_json {
        // Observed 2017 to 2022: not the real methods.
        add(ALLOW, "OPTIONS");
    }
    add(CONTENT_LANGUAGE, "en-us");
    add(VARY, "Accept-Language, Host, Cookie, Accept-Encoding");
    add(P3P, "CP=\"IDC DSP COR ADM DEVi TAIi PSA PSD IVAi IVDi CONi HIS OUR IND CNT\"");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_allows_looking() {
        assert_eq!(methods(&[Method::GET, Method::POST]), "GET, POST, HEAD, OPTIONS");
        assert_eq!(methods(&[Method::POST]), "POST, OPTIONS");
    }
}
