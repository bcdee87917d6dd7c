//! The verdicts on sandboxes that ended, which can be read when the sandboxes are gone. Their number and their bytes are bounded.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::base::time::Timestamp;
use crate::fleet::{Fault, Fleet, Letters};
use crate::scenario::verify::{Report, Verdict};
use crate::server::told::Told;
use crate::server::unmatched::{Row, UnmatchedJournal};

/// How many verdicts are kept.
const MOST: usize = 200;
/// How many requests that met no vendor a verdict tells.
const UNMATCHED: usize = 5;
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
pub struct Verdicts {
    kept: Mutex<Kept>,
    /// Where replicas tell each other their verdicts.
    told: Option<Told>,
    /// The requests that met nothing, which belong to no sandbox.
    unmatched: Option<Arc<UnmatchedJournal>>,
}

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
    /// Verdicts that replicas tell each other, if there is a fleet.
    pub(super) fn new(fleet: Option<Arc<Fleet>>, unmatched: Arc<UnmatchedJournal>) -> Self {
        let told = fleet.map(|fleet| Told::new(fleet, "\u{1}verdicts"));
        Self { kept: Mutex::default(), told, unmatched: Some(unmatched) }
    }

    /// The latest requests that met nothing, oldest first.
    pub(super) fn unmatched(&self) -> Vec<Row> {
        let rows = self.unmatched.as_ref().map(|unmatched| unmatched.read().0).unwrap_or_default();
        rows[rows.len().saturating_sub(UNMATCHED)..].to_vec()
    }

    pub(super) fn push(&self, ended: Ended) {
        let json = serde_json::to_vec(&ended).unwrap_or_default();
        let bytes = json.len();
        if let Some(told) = &self.told {
            told.add(json);
        }
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

    /// Those of all replicas as JSON, and how many are not kept any more.
    pub(crate) async fn of_fleet(&self) -> Result<(Vec<Box<RawValue>>, u64), Fault> {
        let damaged = |error: serde_json::Error| Fault::Damaged(error.to_string());
        let Some(told) = &self.told else {
            let (own, dropped) = self.all();
            let rows = own.iter().map(serde_json::value::to_raw_value).collect::<Result<_, _>>().map_err(damaged)?;
            return Ok((rows, dropped));
        };
        let Letters { received, letters } = told.read().await?;
        let dropped = received.saturating_sub(letters.len() as u64);
        let rows = letters.iter().map(|(_, row)| serde_json::from_slice(row)).collect::<Result<_, _>>().map_err(damaged)?;
        Ok((rows, dropped))
    }

    /// Other replicas, if there are any.
    pub(super) fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    /// All that are kept here, and how many are not any more.
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
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
