//! How Shipmate says no: one envelope for everything, 400 for what other APIs answer with 409 or 422.

use http::StatusCode;
use http::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::checks;
use super::wire::Envelope;
use crate::base::json::Style;
use crate::engine::{Dialect, DialectCx, Refusal, Reply};

pub(super) const DIALECT: Dialect =
    Dialect { style: Style::Compact, content_type: "application/json", refuse, statuses: &[], headers: |_, _| {} };

/// Version 1.2 speaks of shipments.
pub(super) const DIALECT_V1_2: Dialect = Dialect { refuse: refuse_v1_2, ..DIALECT };

/// The code of a refusal of a user name or password.
pub(super) const BAD_LOGIN: &str = "bad_login";

/// The code of a refusal for want of a service.
pub(super) const NO_SERVICE: &str = "no_service";

/// The code of a refusal in the words of the carrier, which are its facts.
pub(super) const CARRIER: &str = "carrier";

const INVALID_MESSAGE: &str = "The given data failed to pass validation.";

fn refuse_v1_2(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let message = match refusal {
        Refusal::Because(NO_SERVICE, _) => "No valid service found for this shipment",
        Refusal::WrongState { .. } => "Shipment has already been manifested",
        _ => return refuse(refusal, cx),
    };
    Reply::json(StatusCode::BAD_REQUEST, Envelope { message, data: Value::Null })
}

fn refuse(refusal: &Refusal, cx: &DialectCx<'_>) -> Reply {
    let (status, message) = match refusal {
        Refusal::Invalid(violations) => {
            return Reply::json(StatusCode::BAD_REQUEST, Envelope { message: INVALID_MESSAGE, data: checks::Messages::of(violations) });
        }
        Refusal::Because(CARRIER, text) => return Reply::json(StatusCode::BAD_REQUEST, json!({ "message": text, "data": null })),
        Refusal::Because(BAD_LOGIN, _) => (StatusCode::UNAUTHORIZED, "Invalid login details"),
        Refusal::Because(NO_SERVICE, _) => (StatusCode::BAD_REQUEST, "No valid service found for this consignment"),
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "Unauthorised"),
        Refusal::Forbidden(_) => (StatusCode::FORBIDDEN, "Forbidden"),
        Refusal::PaymentRequired(_) => (StatusCode::PAYMENT_REQUIRED, "Payment Required"),
        Refusal::UnknownPath { .. } | Refusal::WrongMethod(_) | Refusal::Missing { .. } | Refusal::Foreign { .. } => {
            (StatusCode::NOT_FOUND, "Not Found")
        }
        Refusal::WrongState { .. } => (StatusCode::BAD_REQUEST, "Consignment has already been manifested"),
        Refusal::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large"),
        Refusal::NotAcceptable | Refusal::UnsupportedMedia(_) | Refusal::Malformed { .. } | Refusal::Because(..) => {
            (StatusCode::BAD_REQUEST, "Bad Request")
        }
        Refusal::RateLimited(quota) => {
            let reply = Reply::json(StatusCode::TOO_MANY_REQUESTS, Envelope { message: "Too Many Attempts.", data: Value::Null });
            return reply.with(RETRY_AFTER, &quota.retry_after(cx.now).to_string());
        }
        Refusal::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "Server Error"),
        // Laravel hides the reason of its own failures.
        Refusal::Failing(status) if status.is_server_error() => (*status, "Server Error"),
        Refusal::Failing(status) => (*status, status.canonical_reason().unwrap_or("Bad Request")),
    };
    Reply::json(status, Envelope { message, data: Value::Null })
}
