//! What may be wrong with an answer, and how it is told.

use std::collections::BTreeMap;

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
    Schema,
    NegativeAccepted,
    PositiveRefused,
    UseAfterDelete,
    CreatedIsReadable,
    AuthIgnored,
    WrongMethod,
}

impl Check {
    pub const ALL: [Self; 10] = [
        Self::ServerError,
        Self::Status,
        Self::ContentType,
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

/// The media types that a document declares for the answers of its operations, by operation and status.
#[derive(Debug, Default)]
pub(super) struct MediaTypes(BTreeMap<(String, String), Vec<String>>);

impl MediaTypes {
    pub fn of(document: &Value) -> Self {
        let mut found = BTreeMap::new();
        let operations = document["paths"].as_object().into_iter().flatten().filter_map(|(_, item)| item.as_object()).flatten();
        for (_, operation) in operations {
            let Some(id) = operation["operationId"].as_str() else { continue };
            for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                let referred = answer["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#')));
                let content = referred.unwrap_or(answer)["content"].as_object();
                let types = content.into_iter().flatten().map(|(name, _)| essence(name)).collect();
                found.insert((id.to_owned(), status.clone()), types);
            }
        }
        Self(found)
    }

    fn declared(&self, operation: &Operation, status: u16) -> &[String] {
        let of = |status: String| self.0.get(&(operation.id.clone(), status));
        of(status.to_string()).or_else(|| of("default".to_owned())).map_or(&[], Vec::as_slice)
    }
}

/// A media type without its parameters.
fn essence(name: &str) -> String {
    name.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What is wrong with an answer by itself, whatever was asked.
pub(super) fn answer(operation: &Operation, types: &MediaTypes, reply: &Reply) -> Vec<Problem> {
    let status = reply.status;
    if status >= 500 {
        return vec![Problem::new(Check::ServerError, status.to_string(), format!("answered with {status}"))];
    }
    if !operation.statuses().any(|declared| declared.is_none_or(|declared| declared == status)) {
        return vec![Problem::new(Check::Status, status.to_string(), format!("answered with {status}, which is not declared"))];
    }
    let mut found = Vec::new();
    let kind = reply.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(essence).unwrap_or_default();
    let declared = types.declared(operation, status);
    let is_declared = declared.iter().any(|own| *own == kind || own == "*/*");
    if !reply.body.is_empty() && !declared.is_empty() && !is_declared {
        let detail = format!("answered {status} with `{kind}`, declared is {}", declared.join(", "));
        found.push(Problem::new(Check::ContentType, format!("{status} {kind}"), detail));
    }
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
