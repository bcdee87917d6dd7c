//! The shape of refusals, as data.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// The member `errors` of `x-seatrial`: the body of all refusals.
///
/// Texts in it may hold `{status}`, `{title}`, `{code}` and `{detail}`; one that is nothing but `{status}` becomes a number, and one
/// that is nothing but `{violations}` a list of what is wrong with the request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Errors {
    pub(in crate::engine) body: Value,
    /// One element of `{violations}`, in which `{path}` and `{message}` stand for where and what.
    #[serde(default = "violation")]
    pub(in crate::engine) violation: Value,
    #[serde(default)]
    pub(in crate::engine) content_type: Option<String>,
    /// Statuses by code, where they differ from the usual ones.
    #[serde(default)]
    pub(in crate::engine) statuses: BTreeMap<Code, u16>,
}

fn violation() -> Value {
    json!({"path": "{path}", "message": "{message}"})
}

/// What kind of "no" it is.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(in crate::engine) enum Code {
    Unauthenticated,
    Forbidden,
    PaymentRequired,
    NotFound,
    WrongMethod,
    NotAcceptable,
    TooLarge,
    UnsupportedMedia,
    Malformed,
    Invalid,
    Conflict,
    RateLimited,
    Refused,
    Failed,
}

impl Code {
    pub fn word(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::PaymentRequired => "payment_required",
            Self::NotFound => "not_found",
            Self::WrongMethod => "wrong_method",
            Self::NotAcceptable => "not_acceptable",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}
