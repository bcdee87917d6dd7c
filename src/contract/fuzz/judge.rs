//! What may be wrong with an answer, and how it is told.

use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde_json::Value;

use crate::net::Reply;
use crate::spec::{Operation, Violation};

/// What an answer is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    ServerError,
    Status,
    ContentType,
    Headers,
    Schema,
    NegativeAccepted,
    PositiveRefused,
    UseAfterDelete,
    CreatedIsReadable,
    AuthIgnored,
    WrongMethod,
}

impl Check {
    pub const ALL: [Self; 11] = [
        Self::ServerError,
        Self::Status,
        Self::ContentType,
        Self::Headers,
        Self::Schema,
        Self::NegativeAccepted,
        Self::PositiveRefused,
        Self::UseAfterDelete,
        Self::CreatedIsReadable,
        Self::AuthIgnored,
        Self::WrongMethod,
    ];

    /// Its word, as in a list of exceptions.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ServerError => "server-error",
            Self::Status => "status",
            Self::ContentType => "content-type",
            Self::Headers => "headers",
            Self::Schema => "schema",
            Self::NegativeAccepted => "negative-accepted",
            Self::PositiveRefused => "positive-refused",
            Self::UseAfterDelete => "use-after-delete",
            Self::CreatedIsReadable => "created-is-readable",
            Self::AuthIgnored => "auth-ignored",
            Self::WrongMethod => "wrong-method",
        }
    }

    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::ServerError => "The server fails, or does not answer.",
            Self::Status => "The document does not declare the status.",
            Self::ContentType => "The document does not declare the content type.",
            Self::Headers => "A header is missing, or is not what the document says.",
            Self::Schema => "The body is not what the document says.",
            Self::NegativeAccepted => "A request that departs from the document is taken.",
            Self::PositiveRefused => "No request of those that the document allows is taken.",
            Self::UseAfterDelete => "What was deleted is still there.",
            Self::CreatedIsReadable => "What was created cannot be read.",
            Self::AuthIgnored => "A call without credentials is answered as one with them.",
            Self::WrongMethod => "A method that the path does not have is taken, or makes the server fail.",
        }
    }
}

/// One thing that is wrong with an answer. Two are the same when check and place are.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub check: Check,
    /// Where, without the values of this time.
    pub place: String,
    pub detail: String,
}

impl Problem {
    pub fn new(check: Check, place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { check, place: place.into(), detail: detail.into() }
    }
}

/// What is wrong with an answer by itself, whatever was asked.
pub(super) fn answer(operation: &Operation, reply: &Reply) -> Vec<Problem> {
    let status = reply.status;
    if status >= 500 {
        return vec![Problem::new(Check::ServerError, status.to_string(), format!("answered with {status}"))];
    }
    if !operation.statuses().any(|declared| declared.is_none_or(|declared| declared == status)) {
        return vec![Problem::new(Check::Status, status.to_string(), format!("answered with {status}, which is not declared"))];
    }
    let headers = operation.check_answer_headers(status, &reply.headers, !reply.body.is_empty());
    let mut found: Vec<Problem> = headers.iter().map(|row| header(status, row)).collect();
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.contains("json") && !reply.body.is_empty() {
        match serde_json::from_slice::<Value>(&reply.body) {
            Ok(body) => found.extend(operation.check_answer(status, Some(&body)).iter().map(|row| schema(status, row))),
            Err(error) => {
                let detail = format!("answered {status} with a body that is no JSON: {error}");
                found.push(Problem::new(Check::Schema, format!("{status} body"), detail));
            }
        }
    }
    found
}

fn header(status: u16, violation: &Violation) -> Problem {
    let name = violation.dotted();
    if name != CONTENT_TYPE.as_str() {
        let detail = format!("answered {status}, header {name}: {}", violation.detail());
        return Problem::new(Check::Headers, format!("{status} {name} {}", violation.rule.keyword()), detail);
    }
    let kind = violation.value.as_ref().and_then(Value::as_str).unwrap_or_default();
    Problem::new(Check::ContentType, format!("{status} {kind}"), format!("answered {status}, {name}: {}", violation.detail()))
}

fn schema(status: u16, violation: &Violation) -> Problem {
    let place = place(violation);
    let detail = format!("answered {status}, {place}: {}", violation.detail());
    Problem::new(Check::Schema, format!("{status} {place} {}", violation.rule.keyword()), detail)
}

/// Where a departure is; elements of a list count as one place.
pub(super) fn place(violation: &Violation) -> String {
    let pointer = violation.pointer();
    let is_index = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let steps: Vec<&str> = pointer.split('/').map(|step| if is_index(step) { "*" } else { step }).collect();
    if pointer.is_empty() { "body".to_owned() } else { steps.join("/") }
}
