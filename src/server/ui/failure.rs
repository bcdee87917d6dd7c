//! Why there is no page: what the admin API, or the page itself, refuses.

use ::http::StatusCode;
use serde::Deserialize;

/// A refusal, with the words of the admin API.
#[derive(Debug)]
pub(super) struct Failure {
    pub status: StatusCode,
    pub detail: String,
}

#[derive(Deserialize)]
struct ProblemDocument {
    detail: String,
}

impl Failure {
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into() }
    }

    /// What a problem document says.
    pub fn read(status: StatusCode, document: &[u8]) -> Self {
        let detail = serde_json::from_slice::<ProblemDocument>(document).map(|document| document.detail);
        Self { status, detail: detail.unwrap_or_else(|_| String::from_utf8_lossy(document).into_owned()) }
    }
}
