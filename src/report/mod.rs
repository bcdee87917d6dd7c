//! Findings in the formats that other programs read: JUnit XML for build servers, SARIF for code scanning, annotations for GitHub's
//! workflows. What a finding is, and how it is worded, is known where it was found.

mod format;
mod github;
mod junit;
mod sarif;

pub use format::{Format, Reported};
pub use github::annotation;
pub use junit::{Case, Outcome, Suite, junit};
pub use sarif::sarif;

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    pub rule: Rule,
    pub level: Level,
    /// What it is about, in a few words.
    pub title: String,
    pub text: String,
    /// Where it is, if that is a place in a file.
    pub location: Option<Location>,
    /// What it is about, such as an operation.
    pub subject: Option<String>,
    /// What tells it apart from others, the same in every run, where its place does not.
    pub fingerprint: Option<String>,
}

/// What findings of a kind have in common.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: String,
    pub text: String,
    /// What to do about it.
    pub help: Option<&'static str>,
}

impl Rule {
    #[must_use]
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self { id: id.into(), text: text.into(), help: None }
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub file: String,
    pub line: usize,
    pub column: usize,
}

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
