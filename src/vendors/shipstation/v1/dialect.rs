//! How ASP.NET says no, and the headers of every answer.

use http::header::{ALLOW, CACHE_CONTROL, EXPIRES, HeaderName, HeaderValue, PRAGMA, SERVER};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::labels::CARRIER;
use super::checks;
use crate::base::json::Style;
use crate::engine::{Dialect, DialectCx, Refusal, Reply};

pub(super) const DIALECT: Dialect =
    Dialect { style: Style::Compact, content_type: "application/json; charset=utf-8", refuse, statuses: &[], headers };

/// A bad request, in these words.
pub(super) fn message(text: impl Into<Value>) -> Refusal {
    Refusal::Because("message", text.into())
}

/// What a client did wrong and the application did not expect.
pub(super) fn null_reference() -> Refusal {
    Refusal::Because("null", Value::Null)
}

const NULL: (&str, &str) = ("Object reference not set to an instance of an object.", "System.NullReferenceException");

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let call = cx.call;
    let message = |status, text: &str| Reply::json(status, json!({ "Message": text }));
    let invalid = |state: Value| Reply::json(StatusCode::BAD_REQUEST, json!({"Message": "The request is invalid.", "ModelState": state}));
    match refusal {
        Refusal::Unauthenticated(_) => message(StatusCode::UNAUTHORIZED, "Authorization has been denied for this request."),
        Refusal::PaymentRequired(_) => message(StatusCode::PAYMENT_REQUIRED, "Payment Required"),
        Refusal::Forbidden(_) => message(StatusCode::FORBIDDEN, "This API is only available to approved partners."),
        // Clients look for this text, with its blank.
        Refusal::RateLimited(_) => Reply::written(StatusCode::TOO_MANY_REQUESTS, br#"{"message": "Too Many Requests"}"#.to_vec()),
        Refusal::Missing { .. } | Refusal::Foreign { .. } => Reply::empty(StatusCode::NOT_FOUND),
        Refusal::UnknownPath { .. } => {
            let text = format!("No HTTP resource was found that matches the request URI '{}'.", call.url(call.path));
            message(StatusCode::NOT_FOUND, &text)
        }
        // Observed: what may be read and deleted answers a PUT as if it were not there.
        Refusal::WrongMethod(allowed) if call.request.method == Method::PUT && allowed.contains(&Method::DELETE) => {
            Reply::empty(StatusCode::NOT_FOUND)
        }
        Refusal::WrongMethod(allowed) => {
            let text = format!("The requested resource does not support http method '{}'.", call.request.method);
            let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(",");
            message(StatusCode::METHOD_NOT_ALLOWED, &text).with(ALLOW, &allowed)
        }
        Refusal::UnsupportedMedia(found) => {
            let text = format!("The request entity's media type '{found}' is not supported for this resource.");
            message(StatusCode::UNSUPPORTED_MEDIA_TYPE, &text)
        }
        Refusal::TooLarge(_) => message(StatusCode::PAYLOAD_TOO_LARGE, "Maximum request length exceeded."),
        Refusal::Invalid(violations) if checks::lacks_parameter(violations) => Reply::empty(StatusCode::NOT_FOUND),
        Refusal::Invalid(violations) if checks::lacks_body(violations) => exception(NULL.0, NULL.1),
        Refusal::Invalid(violations) => invalid(checks::model_state(call, violations)),
        Refusal::Malformed { at, message } => invalid(checks::unreadable(call, *at, message)),
        Refusal::Because("query", state) => invalid(state.clone()),
        Refusal::Because("null", _) => exception(NULL.0, NULL.1),
        Refusal::Because(CARRIER, text) => exception(text.as_str().unwrap_or_default(), "System.Exception"),
        Refusal::Because(_, text) => message(StatusCode::BAD_REQUEST, text.as_str().unwrap_or_default()),
        Refusal::WrongState { id, state, .. } => message(StatusCode::BAD_REQUEST, &format!("{id} is {state}.")),
        Refusal::NotAcceptable => message(StatusCode::NOT_ACCEPTABLE, "Not Acceptable"),
        Refusal::Broken => message(StatusCode::INTERNAL_SERVER_ERROR, "An error has occurred."),
        Refusal::Failing(status) if status.is_server_error() => message(*status, "An error has occurred."),
        Refusal::Failing(status) => message(*status, status.canonical_reason().unwrap_or("The request is invalid.")),
    }
}

/// What ASP.NET shows of an exception.
fn exception(text: &str, class: &str) -> Reply {
    let trace = "   at SS.OpenApi.Controllers.BaseApiController.Execute[T](Func`1 action)";
    let body = json!({"Message": "An error has occurred.", "ExceptionMessage": text, "ExceptionType": class, "StackTrace": trace});
    Reply::json(StatusCode::INTERNAL_SERVER_ERROR, body)
}

fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    const ALL: [(HeaderName, HeaderValue); 6] = [
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
        (EXPIRES, HeaderValue::from_static("-1")),
        (SERVER, HeaderValue::from_static("Microsoft-IIS/8.0")),
        (HeaderName::from_static("x-aspnet-version"), HeaderValue::from_static("4.0.30319")),
        (HeaderName::from_static("x-powered-by"), HeaderValue::from_static("ASP.NET")),
    ];
    reply.headers.extend(ALL);
    // Recorded: what is left is read before the call is counted. Who is not known has calls left, too.
    let (limit, remaining, reset) =
        cx.quota.map_or((40, 40, 60), |quota| (quota.limit, (quota.limit + 1).saturating_sub(quota.used), quota.retry_after(cx.now)));
    let rows = [
        (HeaderName::from_static("x-rate-limit-limit"), limit),
        (HeaderName::from_static("x-rate-limit-remaining"), remaining),
        (HeaderName::from_static("x-rate-limit-reset"), reset),
    ];
    reply.headers.extend(rows.map(|(name, value)| (name, HeaderValue::from(value))));
}
