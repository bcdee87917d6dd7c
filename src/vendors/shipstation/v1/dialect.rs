//! How ASP.NET says no, and the headers of every answer.

use http::StatusCode;
use http::header::{CACHE_CONTROL, EXPIRES, HeaderName, HeaderValue, PRAGMA, SERVER};
use serde_json::json;

use crate::base::json::Style;
use crate::engine::{Dialect, DialectCx, Refusal, Reply};

pub(super) const DIALECT: Dialect =
    Dialect { style: Style::Compact, content_type: "application/json; charset=utf-8", refuse, statuses: &[401, 402, 404, 429], headers };

fn refuse(refusal: &Refusal, _: &DialectCx<'_>) -> Reply {
    let message = |status, text: &str| Reply::json(status, json!({ "Message": text }));
    match refusal {
        Refusal::Unauthenticated(_) => message(StatusCode::UNAUTHORIZED, "Authorization has been denied for this request."),
        Refusal::PaymentRequired(_) => message(StatusCode::PAYMENT_REQUIRED, "Payment Required"),
        Refusal::RateLimited(_) => Reply::written(StatusCode::TOO_MANY_REQUESTS, br#"{"message": "Too Many Requests"}"#.to_vec()),
        Refusal::Missing { .. } | Refusal::Foreign { .. } => Reply::empty(StatusCode::NOT_FOUND),
        _ => message(StatusCode::BAD_REQUEST, "The request is invalid."),
    }
}

fn headers(cx: &DialectCx<'_>, reply: &mut Reply) {
    const ALL: [(HeaderName, &str); 6] = [
        (CACHE_CONTROL, "no-cache"),
        (PRAGMA, "no-cache"),
        (EXPIRES, "-1"),
        (SERVER, "Microsoft-IIS/8.0"),
        (HeaderName::from_static("x-aspnet-version"), "4.0.30319"),
        (HeaderName::from_static("x-powered-by"), "ASP.NET"),
    ];
    for (name, value) in ALL {
        reply.headers.insert(name, HeaderValue::from_static(value));
    }
    let Some(quota) = cx.quota else { return };
    let rows = [("limit", quota.limit), ("remaining", quota.remaining()), ("reset", quota.retry_after(cx.now))];
    for (name, value) in rows {
        if let Ok(name) = HeaderName::try_from(format!("x-rate-limit-{name}")) {
            reply.headers.insert(name, HeaderValue::from(value));
        }
    }
}
