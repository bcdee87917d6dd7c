//! The list of differences that are known, each with the reason why it is no news.

use serde::Deserialize;
use serde_json::Value;

use super::Difference;
use crate::base::text;

/// A list of accepted differences.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    accepted: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The operation or the schema.
    subject: String,
    /// Where in it; `*` stands for any text.
    #[serde(default)]
    place: String,
    kind: String,
    /// What differs, where not every difference of the kind is meant.
    #[serde(default)]
    detail: Option<String>,
    reason: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AcceptedError {
    #[error("{0}; it has `accepted`, a list of `{{subject, place, kind, detail, reason}}`")]
    Shape(#[from] serde_json::Error),
    #[error("row {0} accepts `*`, which is every subject: name the operation or the schema")]
    Anything(usize),
    #[error("row {0} gives no reason")]
    NoReason(usize),
}

impl Accepted {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is none, or a row says too little.
    pub fn read(list: Value) -> Result<Self, AcceptedError> {
        let list: Self = serde_json::from_value(list)?;
        for (row, number) in list.accepted.iter().zip(1..) {
            if row.subject.trim_matches('*').is_empty() {
                return Err(AcceptedError::Anything(number));
            }
            if row.reason.trim().is_empty() {
                return Err(AcceptedError::NoReason(number));
            }
        }
        Ok(list)
    }

    pub(super) fn accepts(&self, difference: &Difference) -> bool {
        self.accepted.iter().any(|row| row.fits(difference))
    }

    /// The rows that fit no difference.
    pub(super) fn stale(&self, differences: &[Difference]) -> Vec<String> {
        let stale = self.accepted.iter().filter(|row| !differences.iter().any(|difference| row.fits(difference)));
        stale.map(|row| format!("{} {} {}", row.subject, row.place, row.kind)).collect()
    }
}

impl Row {
    fn fits(&self, difference: &Difference) -> bool {
        text::fits_glob(&difference.subject, &self.subject)
            && text::fits_glob(&difference.place, &self.place)
            && difference.kind.word() == self.kind
            && self.detail.as_ref().is_none_or(|detail| *detail == difference.detail)
    }
}
