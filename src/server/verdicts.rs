//! The verdicts on sandboxes that ended, which can be read when the sandboxes are gone. Their number and their bytes are bounded.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::base::time::Timestamp;
use crate::engine::Sandbox;
use crate::fleet::{Begun, Fault, Fleet, Letter, Letters, Receipt};
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

/// How many verdicts are not kept any more.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(crate) struct Dropped {
    /// How many are not kept any more: those that passed make room first, then those that were skipped, and then the oldest ones.
    dropped: u64,
    /// How many of these neither passed nor were skipped.
    dropped_unmet: u64,
}

/// The verdicts on sandboxes that ended, oldest first.
#[derive(Default)]
pub struct Verdicts {
    kept: Mutex<Kept>,
    /// Where replicas tell each other their verdicts.
    told: Option<Told>,
    /// What was said in sections, as long as nobody knows whether they are committed.
    undecided: Mutex<Vec<(Receipt, Unsaid)>>,
    /// The requests that met nothing, which belong to no sandbox.
    unmatched: Option<Arc<UnmatchedJournal>>,
}

/// How a sandbox ends, or what it was so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Deleted,
    Abandoned,
    Reset,
    Replaced,
    Imported,
}

impl Ending {
    /// How it ended, such as `it was deleted`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Deleted => "it was deleted",
            Self::Abandoned => "it was abandoned",
            Self::Reset => "it was reset",
            Self::Replaced => "it goes on under another scenario",
            Self::Imported => "a file took its place",
        }
    }

    /// Whether the sandbox is used again. Tests reset it before each of them, and behind the last one: either may end what no test began.
    pub fn goes_on(self) -> bool {
        !matches!(self, Self::Deleted | Self::Abandoned)
    }

    /// Whether its letters leave the inboxes.
    pub fn takes_letters(self) -> bool {
        matches!(self, Self::Deleted | Self::Abandoned | Self::Reset)
    }
}

/// What is said of a sandbox when it has ended.
pub(super) struct Farewell {
    pub sandbox: Arc<Sandbox>,
    pub ending: Ending,
    /// What the log tells of it.
    pub remarks: Option<String>,
    pub verdict: Option<Ended>,
    /// Whether it was called, if it goes on and expected something.
    pub was_called: Option<bool>,
}

/// What was said in a section.
pub(super) struct Unsaid(Vec<Farewell>);

impl Unsaid {
    /// The sandboxes whose letters count from now on.
    pub fn begin_anew(&self) -> impl Iterator<Item = &Arc<Sandbox>> {
        let rows = self.0.iter().filter(|row| row.ending.takes_letters() && row.ending.goes_on());
        rows.map(|row| &row.sandbox)
    }

    /// Says it where there is one process.
    pub fn say_here(self, verdicts: &Verdicts) {
        self.0.into_iter().for_each(|farewell| verdicts.say(farewell));
    }

    /// Says it, when the section is committed. Letters that do not count any more leave the inboxes that replicas share; where that fails,
    /// who comes by them removes them.
    pub async fn say(self, verdicts: &Verdicts, fleet: &Fleet) {
        let begun = |row: &Farewell| match row.ending.goes_on() {
            true => fleet.begun(&row.sandbox.name),
            false => Some(Begun::after(row.sandbox.life())),
        };
        let ended = self.0.iter().filter(|row| row.ending.takes_letters());
        let ended: Vec<(String, Begun)> = ended.filter_map(|row| Some((row.sandbox.name.to_string(), begun(row)?))).collect();
        if !ended.is_empty()
            && let Err(fault) = fleet.ledger().forget(ended).await
        {
            tracing::debug!(%fault, "letters are removed later");
        }
        self.say_here(verdicts);
    }
}

tokio::task_local! {
    static UNSAID: RefCell<Vec<Farewell>>;
}

/// Does something in a section, which may not be committed: what it says of sandboxes that end is returned with what it does.
pub(super) async fn unsaid<T>(act: impl Future<Output = T>) -> (T, Unsaid) {
    let act = async {
        let done = act.await;
        (done, Unsaid(UNSAID.with(RefCell::take)))
    };
    UNSAID.scope(RefCell::default(), act).await
}

#[derive(Default)]
struct Kept {
    rows: VecDeque<(Ended, usize)>,
    bytes: usize,
    /// How many made room for others.
    dropped: BTreeMap<Weight, u64>,
}

/// What a verdict is worth: the first ones make room for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Passed,
    Skipped,
    /// Letters about these weigh [`Letter::HEAVY`].
    Failure,
}

impl Weight {
    fn of(report: &Report) -> Self {
        match report.verdict {
            Verdict::Passed => Self::Passed,
            _ if report.has_failed() => Self::Failure,
            _ => Self::Skipped,
        }
    }

    /// The report on so many sandboxes whose verdicts are not kept any more.
    fn report(self, count: u64) -> Report {
        let (verdict, words) = match self {
            Self::Passed => (Verdict::Passed, "passed"),
            Self::Skipped => (Verdict::Unknown, "skipped"),
            Self::Failure => (Verdict::Failed, "not passed"),
        };
        let detail = format!("they were {words}, and are not kept any more: there is room for {MOST} verdicts, and {BYTES} bytes of them");
        Report::of_earlier(verdict, count, detail)
    }
}

impl Kept {
    /// Removes the oldest one of those that are worth the least.
    fn make_room(&mut self) {
        let weighed = self.rows.iter().enumerate().map(|(index, (ended, _))| (Weight::of(&ended.report), index));
        let Some((weight, index)) = weighed.min() else { return };
        if let Some((_, bytes)) = self.rows.remove(index) {
            self.bytes -= bytes;
            *self.dropped.entry(weight).or_default() += 1;
        }
    }
}

impl Verdicts {
    /// Verdicts that replicas tell each other, if there is a fleet.
    pub(super) fn new(fleet: Option<Arc<Fleet>>, unmatched: Arc<UnmatchedJournal>) -> Self {
        let told = fleet.map(|fleet| Told::new(fleet, "\u{1}verdicts"));
        Self { told, unmatched: Some(unmatched), ..Self::default() }
    }

    /// The latest requests that met nothing, oldest first.
    pub(super) fn unmatched(&self) -> Vec<Row> {
        let rows = self.unmatched.as_ref().map(|unmatched| unmatched.read().0).unwrap_or_default();
        rows[rows.len().saturating_sub(UNMATCHED)..].to_vec()
    }

    /// Says what there is to say of a sandbox that ended, at once or when the section is committed.
    pub(super) fn end(&self, farewell: Farewell) {
        let mut farewell = Some(farewell);
        let _ = UNSAID.try_with(|unsaid| unsaid.borrow_mut().extend(farewell.take()));
        farewell.into_iter().for_each(|farewell| self.say(farewell));
    }

    /// Keeps what was said in a section, until somebody knows whether that is committed.
    pub(super) fn keep_for(&self, receipt: Option<Receipt>, unsaid: Unsaid) {
        let mut undecided = self.undecided();
        undecided.extend(receipt.filter(|_| !unsaid.0.is_empty()).map(|receipt| (receipt, unsaid)));
        let over = undecided.len().saturating_sub(MOST);
        undecided.drain(..over);
    }

    /// Says what was said in sections that are committed, as far as the database tells.
    pub(super) async fn decide(&self, fleet: &Fleet) {
        let mut undecided = std::mem::take(&mut *self.undecided()).into_iter();
        while let Some((receipt, unsaid)) = undecided.next() {
            match fleet.ledger().is_committed(receipt.clone()).await {
                Ok(true) => unsaid.say(self, fleet).await,
                Ok(false) => {}
                Err(_) => return self.undecided().extend(std::iter::once((receipt, unsaid)).chain(undecided)),
            }
        }
    }

    fn undecided(&self) -> MutexGuard<'_, Vec<(Receipt, Unsaid)>> {
        self.undecided.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, Farewell { sandbox, ending, remarks, verdict, was_called }: Farewell) {
        if let Some(remarks) = remarks {
            tracing::warn!(sandbox = &*sandbox.name, "{}; {remarks}", ending.words());
        }
        was_called.into_iter().for_each(|was_called| sandbox.expect_anew(was_called));
        verdict.into_iter().for_each(|verdict| self.push(verdict));
    }

    fn push(&self, ended: Ended) {
        let json = serde_json::to_vec(&ended).unwrap_or_default();
        let bytes = json.len();
        if let Some(told) = &self.told {
            told.add(Letter { body: json, weight: Weight::of(&ended.report) as i16 });
        }
        let mut kept = self.lock();
        kept.rows.push_back((ended, bytes));
        kept.bytes += bytes;
        while kept.rows.len() > MOST || kept.bytes > BYTES && kept.rows.len() > 1 {
            kept.make_room();
        }
    }

    /// Those of all replicas as JSON, and how many are not kept any more.
    pub(crate) async fn of_fleet(&self) -> Result<(Vec<Box<RawValue>>, Dropped), Fault> {
        let damaged = |error: serde_json::Error| Fault::Damaged(error.to_string());
        let Some(told) = &self.told else {
            let kept = self.lock();
            let rows = kept.rows.iter().map(|(ended, _)| serde_json::value::to_raw_value(ended)).collect::<Result<_, _>>();
            let unmet = kept.dropped.get(&Weight::Failure).copied().unwrap_or_default();
            return Ok((rows.map_err(damaged)?, Dropped { dropped: kept.dropped.values().sum(), dropped_unmet: unmet }));
        };
        let Letters { received, letters, dropped_heavy, .. } = told.read().await?;
        let dropped = received.saturating_sub(letters.len() as u64);
        let rows = letters.iter().map(|(_, row)| serde_json::from_slice(row)).collect::<Result<_, _>>().map_err(damaged)?;
        Ok((rows, Dropped { dropped, dropped_unmet: dropped_heavy }))
    }

    /// Other replicas, if there are any.
    pub(super) fn told(&self) -> Option<&Told> {
        self.told.as_ref()
    }

    /// The reports of all that came here: those for all that are not kept any more first.
    pub(super) fn reports(&self) -> Vec<Report> {
        let kept = self.lock();
        let dropped = kept.dropped.iter().map(|(weight, count)| weight.report(*count));
        dropped.chain(kept.rows.iter().map(|(ended, _)| ended.report.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario::verify::Format;

    fn ended(verdict: Verdict) -> Ended {
        let report = Report::of_earlier(verdict, 1, "a verdict".to_owned());
        Ended { at: Timestamp::UNIX_EPOCH, why: "it was deleted".to_owned(), report }
    }

    /// How the verdicts are told that are there, and those that are not any more: the numbers of verdicts, and how many were not passed.
    fn check(verdicts: &Verdicts, told: &[(Verdict, usize)], dropped: (u64, u64)) {
        let reports = verdicts.reports();
        let mut found: Vec<(Verdict, usize)> = Vec::new();
        for report in &reports {
            match found.last_mut() {
                Some((verdict, count)) if *verdict == report.verdict => *count += 1,
                _ => found.push((report.verdict, 1)),
            }
        }
        assert_eq!(found, told);
        let (_, counts) = futures_now(verdicts.of_fleet()).expect("there is no fleet");
        assert_eq!(json!(counts), json!({"dropped": dropped.0, "dropped_unmet": dropped.1}));
    }

    /// Without a fleet nothing is waited for.
    fn futures_now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
    }

    #[test]
    fn verdicts_that_failed_are_kept_longest_and_never_forgotten() {
        let verdicts = Verdicts::default();
        let push = |verdict, count: usize| (0..count).for_each(|_| verdicts.push(ended(verdict)));
        push(Verdict::Unknown, 1);
        push(Verdict::Failed, 1);
        push(Verdict::Passed, MOST + 4);
        let (passed, skipped, failed) = (Verdict::Passed, Verdict::Unknown, Verdict::Failed);
        check(&verdicts, &[(passed, 1), (skipped, 1), (failed, 1), (passed, MOST - 2)], (6, 0));
        push(Verdict::Failed, MOST + 2);
        check(&verdicts, &[(passed, 1), (skipped, 1), (failed, 1 + MOST)], (MOST as u64 + 8, 3));
        let texts = Format::ALL.map(|(format, _)| format.write(&verdicts.reports()));
        assert!(texts.iter().all(|text| text.contains("the verdicts on 3 sandboxes that ended earlier")), "{}", texts[2]);
    }
}
