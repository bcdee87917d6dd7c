//! The list of problems that are known, each with the reason why the server is right nevertheless.

use serde::Deserialize;
use serde_json::Value;

use super::Finding;
use super::judge::Check;
use crate::base::text;

/// A list of exceptions, as it stands in a file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    exceptions: Vec<Row>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The operation; `*` stands for any text, here and in the next two.
    operation: String,
    check: String,
    /// Where, as the report says it; anywhere unless told.
    #[serde(default)]
    place: Option<String>,
    reason: String,
}

/// Why a list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExceptionsError {
    #[error("{0}; it has `exceptions`, a list of `{{operation, check, place, reason}}`")]
    Shape(#[from] serde_json::Error),
    #[error("row {0} names the check `{1}`, which there is not; there are {2}")]
    Check(usize, String, String),
    #[error("row {0} gives no reason")]
    NoReason(usize),
}

impl Exceptions {
    /// Reads a list.
    ///
    /// # Errors
    /// When it is none, or a row says too little.
    pub fn read(list: Value) -> Result<Self, ExceptionsError> {
        let list: Self = serde_json::from_value(list)?;
        for (row, number) in list.exceptions.iter().zip(1..) {
            if !Check::ALL.iter().any(|check| check.word() == row.check) {
                let words: Vec<&str> = Check::ALL.iter().map(|check| check.word()).collect();
                return Err(ExceptionsError::Check(number, row.check.clone(), words.join(", ")));
            }
            if row.reason.trim().is_empty() {
                return Err(ExceptionsError::NoReason(number));
            }
        }
        Ok(list)
    }

    pub(super) fn accepts(&self, finding: &Finding) -> bool {
        self.exceptions.iter().any(|row| row.fits(finding))
    }

    /// The rows that fit nothing.
    pub(super) fn stale(&self, findings: &[Finding]) -> Vec<String> {
        let stale = self.exceptions.iter().filter(|row| !findings.iter().any(|finding| row.fits(finding)));
        stale.map(|row| format!("{} {} {}", row.operation, row.check, row.place.as_deref().unwrap_or("*"))).collect()
    }
}

impl Row {
    fn fits(&self, finding: &Finding) -> bool {
        text::fits_glob(&finding.operation, &self.operation)
            && finding.check.word() == self.check
            && self.place.as_ref().is_none_or(|place| text::fits_glob(&finding.place, place))
    }
}
