//! Drift: what a newly published document says otherwise than the one that a client was written for.
//!
//! ```text
//! two documents ──compare──▶ Differences, each breaking for a client or not ──accepted──▶ Drift ──▶ text, JSON, JUnit, …
//! ```
//!
//! Documents are OpenAPI 3.0 or 3.1, as JSON values: the readers of this program know 3.0 alone. A difference in a schema that has a name
//! in the published document is told once, under that name, wherever the schema is used.

mod accepted;
mod compare;
mod document;
mod format;

use serde::Serialize;

pub use self::accepted::{Accepted, AcceptedError};
use self::compare::Comparison;
use self::document::Document;
use serde_json::Value;

/// Why a document cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("it is no OpenAPI 3.0 or 3.1 document: `openapi` is {version}")]
    Version { version: Value, is_published: bool },
    #[error("it has no `paths`")]
    NoPaths { is_published: bool },
}

impl DocumentError {
    /// Whether it is the published document, and not the one before it.
    #[must_use]
    pub fn is_published(&self) -> bool {
        match self {
            Self::Version { is_published, .. } | Self::NoPaths { is_published } => *is_published,
        }
    }
}

/// One way in which two documents differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Difference {
    /// The operation, `POST /addresses`, or the name of a schema, `@Address`.
    pub subject: String,
    /// Where in it: `request /parcels/*/weight`, `answer 200`, `query page`.
    pub place: String,
    pub kind: Kind,
    /// What differs: what was there, and what is there now.
    pub detail: String,
    /// Whether a client that was right may fail now.
    pub breaking: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    OperationAdded,
    OperationRemoved,
    ParameterAdded,
    ParameterRemoved,
    BodyAdded,
    BodyRemoved,
    StatusAdded,
    StatusRemoved,
    MemberAdded,
    MemberRemoved,
    Type,
    Enum,
    Limit,
    Required,
    Null,
}

impl Kind {
    /// Its word, as in a list of accepted differences.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OperationAdded => "operation-added",
            Self::OperationRemoved => "operation-removed",
            Self::ParameterAdded => "parameter-added",
            Self::ParameterRemoved => "parameter-removed",
            Self::BodyAdded => "body-added",
            Self::BodyRemoved => "body-removed",
            Self::StatusAdded => "status-added",
            Self::StatusRemoved => "status-removed",
            Self::MemberAdded => "member-added",
            Self::MemberRemoved => "member-removed",
            Self::Type => "type",
            Self::Enum => "enum",
            Self::Limit => "limit",
            Self::Required => "required",
            Self::Null => "null",
        }
    }
}

/// What is left of the differences once those that are accepted are taken out.
#[derive(Debug, Serialize)]
pub struct Drift {
    /// The vendor, or the file, that the document was compared with.
    pub of: String,
    pub differences: Vec<Difference>,
    /// How many of them the list accepts.
    pub accepted: usize,
    /// Rows of the list that no difference fits any more.
    pub stale: Vec<String>,
}

/// What a published document says otherwise than one before it.
///
/// # Errors
/// When one of them is no OpenAPI document.
pub fn drift(of: &str, published: &Value, before: &Value, accepted: &Accepted) -> Result<Drift, DocumentError> {
    let (published, before) = (Document::new(published, true)?, Document::new(before, false)?);
    let mut comparison = Comparison::new(&published, &before);
    comparison.operations();
    let mut differences = comparison.found;
    differences.sort();
    differences.dedup();
    let all = differences.len();
    let stale = accepted.stale(&differences);
    differences.retain(|row| !accepted.accepts(row));
    Ok(Drift { of: of.to_owned(), accepted: all - differences.len(), differences, stale })
}

impl Drift {
    /// Whether anything is left that has to be looked at; only what is breaking, or all of it.
    #[must_use]
    pub fn has_failed(&self, only_breaking: bool) -> bool {
        !self.stale.is_empty() || self.differences.iter().any(|row| row.breaking || !only_breaking)
    }
}
