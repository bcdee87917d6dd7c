//! Options of the whole process.

use std::time::Duration;

use crate::base::entropy::Secret;

/// How often answers are checked against the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conform {
    All,
    /// The first sixteen of each account, and every 64th after that.
    Sampled,
    Off,
}

/// How requests are held against the document, beside how their vendor reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contract {
    /// Not at all: what the vendor takes passes.
    #[default]
    Off,
    /// What the vendor takes although the document does not have it is noted.
    Lenient,
    /// It is refused, as the vendor refuses other requests that depart from its document.
    Strict,
}

/// Options of the whole process.
#[derive(Clone, Debug)]
pub struct Options {
    pub contract: Contract,
    /// How often answers are checked.
    pub conform: Conform,
    /// Whether our own headers are left out.
    pub plain: bool,
    /// The budget of one sandbox's journal.
    pub journal_bytes: usize,
    /// The budget of all journals together; once it is used up no journal grows further.
    pub journals_bytes: usize,
    /// How many sandboxes there may be.
    pub sandboxes: usize,
    /// The budget of one sandbox's documents, its snapshots included.
    pub sandbox_bytes: usize,
    /// The budget of all sandboxes' documents.
    pub total_bytes: usize,
    /// How long a sandbox may be idle before it is removed, unless its maker says otherwise; `None` is for ever.
    pub ttl: Option<Duration>,
    /// Where the secrets of sandboxes without a seed come from; `None` is from the seed that is theirs anyway.
    pub secrets: Option<fn() -> Secret>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            contract: Contract::Off,
            conform: Conform::Sampled,
            plain: false,
            journal_bytes: 16 << 20,
            journals_bytes: 256 << 20,
            sandboxes: 10_000,
            sandbox_bytes: 4 << 30,
            total_bytes: 8 << 30,
            ttl: Some(Duration::from_secs(24 * 3600)),
            secrets: None,
        }
    }
}
