//! The verdicts on sandboxes that ended, which can be read when the sandboxes are gone. Their number and their bytes are bounded.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::time::Timestamp;
use crate::scenario::verify::{Report, Verdict};

/// How many verdicts are kept.
const MOST: usize = 200;
/// How many bytes of them.
const BYTES: usize = 1 << 20;

/// The verdict on a sandbox that ended. Secrets have been taken out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Ended {
    /// When it ended, by the wall clock.
    pub at: Timestamp,
    /// How it ended, such as `it was deleted`.
    pub why: String,
    #[serde(flatten)]
    pub report: Report,
}

/// The verdicts on sandboxes that ended, oldest first.
#[derive(Default)]
pub struct Verdicts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    rows: VecDeque<(Ended, usize)>,
    bytes: usize,
    /// How many made room for others.
    dropped: u64,
    /// Whether one of them all did not pass.
    has_failed: bool,
}

impl Verdicts {
    pub(super) fn push(&self, ended: Ended) {
        let bytes = serde_json::to_vec(&ended).map_or(0, |json| json.len());
        let mut kept = self.lock();
        kept.has_failed |= ended.report.verdict != Verdict::Passed;
        kept.rows.push_back((ended, bytes));
        kept.bytes += bytes;
        while kept.rows.len() > MOST || kept.bytes > BYTES && kept.rows.len() > 1 {
            let Some((_, bytes)) = kept.rows.pop_front() else { return };
            kept.bytes -= bytes;
            kept.dropped += 1;
        }
    }

    /// All that are kept, and how many are not any more.
    pub(crate) fn all(&self) -> (Vec<Ended>, u64) {
        let kept = self.lock();
        (kept.rows.iter().map(|(ended, _)| ended.clone()).collect(), kept.dropped)
    }

    /// Whether one of a sandbox of that name is kept.
    pub(super) fn has(&self, sandbox: &str) -> bool {
        self.lock().rows.iter().any(|(ended, _)| ended.report.sandbox == sandbox)
    }

    /// Whether a sandbox did not pass, also one whose verdict is not kept any more.
    pub(super) fn has_failed(&self) -> bool {
        self.lock().has_failed
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
