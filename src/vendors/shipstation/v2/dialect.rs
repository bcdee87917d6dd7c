//! How version 2 words things: one envelope for all that is wrong, indented; what the gateway itself refuses is compact or empty.

use http::header::{
    ALLOW, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::access::FEATURE;
use super::wire::price::priced;
use super::{checks, wire};
use crate::base::ids;
use crate::base::json::Style;
use crate::engine::{Cx, Dialect, DialectCx, Refusal, Reply};
use crate::spec::{Rule, json_net};
use crate::vendors::shipstation::labels::CARRIER;

pub(super) const DIALECT: Dialect =
    Dialect { style: Style::Indented, content_type: "application/json; charset=utf-8", refuse, statuses: &[], headers };

/// One error of the vendor; its facts are the status and the error.
const ERROR: &str = "error";

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// An error by its type, code and message, and members beyond those.
pub(super) fn error(kind: &str, code: &str, message: impl Into<String>, more: &Value) -> Value {
    let own = json!({ "error_source": "shipengine", "error_type": kind, "error_code": code, "message": message.into() });
    wire::joined([own, more.clone()])
}

/// What an error is about: a member, or a parameter, and what was sent as that.
pub(super) fn about(name: &str, value: impl Serialize) -> Value {
    json!({ "field_name": name, "field_value": value })
}

/// A refusal of that status with one error.
pub(super) fn refused(status: StatusCode, error: Value) -> Refusal {
    Refusal::Because(ERROR, json!([status.as_u16(), error]))
}

/// A bad request, with one error.
pub(super) fn bad(kind: &str, code: &str, message: impl Into<String>, more: &Value) -> Refusal {
    refused(StatusCode::BAD_REQUEST, error(kind, code, message, more))
}

/// A refusal by a rule of the business, which has no code of its own.
pub(super) fn unspecified(message: impl Into<String>, more: &Value) -> Refusal {
    bad("business_rules", "unspecified", message, more)
}

/// A member whose value is none of those that it may have.
pub(super) fn invalid(name: &str, value: &Value) -> Refusal {
    bad("validation", "invalid_field_value", format!("Invalid {name}."), &about(name, value))
}

/// A name or an id of the caller's that something else has already.
pub(super) fn taken(name: &str, id: &str) -> Refusal {
    bad("business_rules", "identifier_conflict", format!("{name} is already in use."), &about(name, id))
}

/// An id that leads to nothing, and of which no kind of documents says what it is called.
pub(super) fn unknown(name: &str, id: &str) -> Refusal {
    refused(StatusCode::NOT_FOUND, unknown_id(name, id))
}

/// The error of an id that leads to nothing.
pub(super) fn unknown_id(name: &str, id: &str) -> Value {
    error("business_rules", "invalid_identifier", format!("Invalid {name}."), &about(name, id))
}

/// A member that should have said something.
pub(super) fn needed(name: &str) -> Refusal {
    Refusal::invalid(name, Rule::Required)
}

/// A refusal because of the state that something is in.
pub(super) fn wrong_state(code: &str, message: impl Into<String>) -> Refusal {
    bad("business_rules", code, message, &Value::Null)
}

/// An error in the words of a carrier.
pub(super) fn carriers_error(text: &str, more: &Value) -> Value {
    let code = if text.starts_with("Insufficient funds") { "insufficient_funds" } else { "unspecified" };
    let mut error = error("business_rules", code, format!("A shipping carrier error occurred: {text}"), more);
    error["error_source"] = "carrier".into();
    error
}

/// The error of a refusal that the caller can do something about.
pub(super) fn error_of(refusal: &Refusal) -> Option<Value> {
    match refusal {
        Refusal::Missing { kind, id } | Refusal::Foreign { kind, id } => Some(unknown_id(&wire::id_name(kind), id)),
        Refusal::Because(ERROR, facts) => Some(facts[1].clone()),
        Refusal::Invalid(rows) => Some(checks::needed(rows.iter().find(|row| row.rule == Rule::Required)?.path.last()?.name())),
        Refusal::Because(CARRIER, text) => Some(carriers_error(text.as_str().unwrap_or_default(), &Value::Null)),
        _ => None,
    }
}

/// Why something that came with others was refused, in words.
pub(super) fn reason(refusal: &Refusal) -> String {
    error_of(refusal).as_ref().and_then(|told| told["message"].as_str()).unwrap_or("The label cannot be created.").to_owned()
}

/// A successful answer that names the request behind its own members, and says that nothing is wrong.
pub(super) fn enveloped(cx: &mut Cx<'_>, members: Value) -> Reply {
    naming(cx, StatusCode::OK, |id| wire::joined([members, json!({ "request_id": id, "errors": [] })]))
}

/// An answer whose body names the request, as its header does: `members` are the body, and make it of the id.
pub(super) fn naming(cx: &mut Cx<'_>, status: StatusCode, members: impl FnOnce(String) -> Value) -> Reply {
    let id = ids::uuid(&mut cx.rng).to_string();
    Reply::json(status, priced(members(id.clone()))).with(REQUEST_ID, &id)
}

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let call = cx.call;
    let one = |status: StatusCode, kind: &str, code: &str, text: &str| envelope(cx, status, vec![error(kind, code, text, &Value::Null)]);
    match refusal {
        Refusal::Unauthenticated(_) => {
            // Recorded 2023 and 2026: on one line, whatever is wrong with the key, and its members in any order.
            let error = json!({
                "method": call.request.method.as_str(), "error_type": "security", "error_code": "unauthorized",
                "error_source": "shipengine", "message": "Access denied.", "path": call.path,
            });
            let body = body(cx, vec![error]);
            Reply::written(StatusCode::UNAUTHORIZED, Style::Compact.to_string(&body).into_bytes())
        }
        Refusal::Forbidden(right) if **right == *FEATURE => {
            let text = "You must upgrade your billing plan or add required features to access this endpoint.";
            one(StatusCode::UNAUTHORIZED, "security", "unauthorized", text)
        }
        Refusal::Forbidden(_) => one(StatusCode::FORBIDDEN, "security", "forbidden", "Access is forbidden."),
        Refusal::PaymentRequired(_) => {
            let text = "Your current billing plan does not include access to this API.";
            one(StatusCode::PAYMENT_REQUIRED, "account_status", "invalid_billing_plan", text)
        }
        Refusal::UnknownPath { .. } => Reply::empty(StatusCode::NOT_FOUND),
        Refusal::WrongMethod(allowed) => {
            let allowed: Vec<&str> = allowed.iter().map(Method::as_str).collect();
            Reply::empty(StatusCode::METHOD_NOT_ALLOWED).with(ALLOW, &allowed.join(", "))
        }
        Refusal::NotAcceptable => Reply::empty(StatusCode::NOT_ACCEPTABLE),
        Refusal::TooLarge(_) => Reply::empty(StatusCode::PAYLOAD_TOO_LARGE),
        Refusal::UnsupportedMedia(_) => {
            let text = "The request content type is not supported. Use application/json.";
            one(StatusCode::UNSUPPORTED_MEDIA_TYPE, "system", "unspecified", text)
        }
        Refusal::Malformed { at, message } => {
            let (_, text) = json_net::unreadable(&call.request.body, *at, message);
            one(StatusCode::BAD_REQUEST, "system", "unspecified", &format!("request: {text}"))
        }
        Refusal::Invalid(violations) => envelope(cx, StatusCode::BAD_REQUEST, checks::errors(violations, call)),
        Refusal::Missing { .. } | Refusal::Foreign { .. } => envelope(cx, StatusCode::NOT_FOUND, error_of(refusal).into_iter().collect()),
        Refusal::WrongState { kind, state, .. } => {
            let text = format!("{} is {state}.", wire::id_name(kind).trim_end_matches("_id"));
            one(StatusCode::BAD_REQUEST, "business_rules", "invalid_status", &text)
        }
        Refusal::RateLimited(quota) => {
            let text = "You have exceeded the rate limit. Please see https://www.shipengine.com/docs/rate-limits";
            let reply = one(StatusCode::TOO_MANY_REQUESTS, "system", "rate_limit_exceeded", text);
            reply.with(RETRY_AFTER, &quota.retry_after(cx.now).to_string())
        }
        Refusal::Because(ERROR, facts) => {
            let status = facts[0].as_u64().and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
            envelope(cx, status.unwrap_or(StatusCode::BAD_REQUEST), error_of(refusal).into_iter().collect())
        }
        Refusal::Because(CARRIER, _) => envelope(cx, StatusCode::BAD_REQUEST, error_of(refusal).into_iter().collect()),
        Refusal::Because(..) => one(StatusCode::BAD_REQUEST, "business_rules", "unspecified", "The request cannot be processed."),
        Refusal::Broken => one(StatusCode::INTERNAL_SERVER_ERROR, "system", "unspecified", "An unexpected error occurred"),
        // Observed: the gateway's own.
        Refusal::Failing(StatusCode::LENGTH_REQUIRED) => Reply::empty(StatusCode::LENGTH_REQUIRED),
        Refusal::Failing(status) if status.is_server_error() => one(*status, "system", "unspecified", "An unexpected error occurred"),
        Refusal::Failing(status) => one(*status, "system", "unspecified", status.canonical_reason().unwrap_or("Bad Request")),
    }
}

fn envelope(cx: &DialectCx<'_>, status: StatusCode, errors: Vec<Value>) -> Reply {
    Reply::json(status, body(cx, errors))
}

fn body(cx: &DialectCx<'_>, errors: Vec<Value>) -> Value {
    json!({ "request_id": request_id(cx), "errors": errors })
}

/// The id of the answer, in its headers and in the body of a refusal.
fn request_id(cx: &DialectCx<'_>) -> String {
    ids::uuid(&mut cx.rng("request")).to_string()
}

fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    let is_denied = [StatusCode::UNAUTHORIZED, StatusCode::LENGTH_REQUIRED].contains(&reply.status);
    let own = HeaderValue::from_str(&request_id(cx)).expect("a UUID is a value of a header");
    let id = reply.headers.entry(REQUEST_ID).or_insert(own).clone();
    // Whose plan is too low has calls left, too.
    let counts = cx.quota.map_or([200, 200, 60], |quota| [quota.limit, quota.remaining(), quota.retry_after(cx.now)]);
    let names = ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"].map(HeaderName::from_static);
    reply.headers.extend(names.into_iter().zip(counts.map(HeaderValue::from)).filter(|_| !is_denied));
    let policy = "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=(), \
                  interest-cohort=()";
    reply.headers.extend([
        (HeaderName::from_static("x-shipengine-requestid"), id),
        (HeaderName::from_static("permissions-policy"), HeaderValue::from_static(policy)),
        (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains; preload")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    ]);
}
