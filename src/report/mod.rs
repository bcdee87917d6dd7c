//! Findings in the formats that other programs read: JUnit XML for build servers, SARIF for code scanning, annotations for GitHub's
//! workflows. What a finding is, and how it is worded, is known where it was found.

mod github;
mod junit;
mod sarif;

pub use github::annotation;
pub use junit::{Case, Outcome, Suite, junit};
pub use sarif::{Location, SarifResult, SarifRule, sarif};

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    Error,
    Warning,
    Note,
}

impl Level {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
