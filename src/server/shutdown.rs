//! Verifies a sandbox before its evidence is gone, logs unmet expectations and rules that had no effect, and keeps the verdict.

use std::cell::LazyCell;
use std::time::Duration;

use crate::engine::{Machine, Sandbox};
use crate::scenario::verify::{self, Allowance, Report, Verdict};
use crate::server::admin::secrets::{AllNames, Redactor, Secrets, paths};
use crate::server::clock::{slice, wall};
use crate::server::pieces::never_late;
use crate::server::unmatched::Row;
use crate::server::verdicts::{Ended, Verdicts};

/// At shutdown at most this many sandboxes are verified for the log.
const MOST: usize = 100;

/// How long sandboxes are judged when a process leaves: for its log, and for the verdict that is asked for. Who waits for the process takes
/// it for one that hangs after some seconds, and then the whole verdict would be lost.
const LAST_REMARKS: Duration = Duration::from_millis(250);
const LAST_VERDICT: Duration = Duration::from_millis(2500);

/// Why sandboxes are judged that end with the process.
const LEAVES: &str = "the process leaves";

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
    fn words(self) -> &'static str {
        match self {
            Self::Deleted => "it was deleted",
            Self::Abandoned => "it was abandoned",
            Self::Reset => "it was reset",
            Self::Replaced => "it goes on under another scenario",
            Self::Imported => "a file took its place",
        }
    }

    /// Whether something ends that nobody called: a reset, or another scenario, before the first call ends nothing.
    fn counts(self, sandbox: &Sandbox) -> bool {
        matches!(self, Self::Deleted | Self::Abandoned) || was_called(sandbox)
    }
}

fn was_called(sandbox: &Sandbox) -> bool {
    let journal = sandbox.journal();
    journal.dropped() > 0 || journal.iter().next().is_some()
}

/// Verifies a sandbox that ends, logs what is not as it should be, and keeps the verdict.
pub(super) fn report(machine: &Machine, verdicts: &Verdicts, sandbox: &Sandbox, ending: Ending) -> Report {
    let report = verify::verify_current(machine, sandbox, &Allowance::of_one(&never_late));
    let redactor = Redactor::new(Secrets::Hidden, machine, sandbox);
    log(&report, sandbox, ending.words(), || &redactor);
    if !report.findings.is_empty() && ending.counts(sandbox) {
        let report = shown(report.clone(), verdicts, &redactor, machine);
        verdicts.push(Ended { at: wall(), why: ending.words().to_owned(), report });
    }
    report
}

fn log<'r>(report: &Report, sandbox: &Sandbox, why: &str, redactor: impl FnOnce() -> &'r Redactor) {
    let remarks = report.remarks();
    if !remarks.is_empty() {
        tracing::warn!(sandbox = &*sandbox.name, "{why}; {}", redactor().text(&remarks.join("; ")));
    }
}

/// A verdict as it is shown: without secrets, and with the latest requests that met no vendor unless it passed.
pub(super) fn shown(mut report: Report, verdicts: &Verdicts, redactor: &Redactor, machine: &Machine) -> Report {
    if report.verdict != Verdict::Passed && report.pending == 0 {
        let names = AllNames::of(machine);
        let line = |Row { request, .. }: &Row| {
            let hint = request.detail.rsplit_once("; ").map(|(_, hint)| hint).filter(|hint| hint.starts_with("did you mean"));
            let target = paths::target(&request.target, &names);
            format!("{} {target} {}: {}", request.method, request.status, hint.unwrap_or(&request.detail))
        };
        report.unmatched = verdicts.unmatched().iter().map(line).collect();
    }
    redactor.report(report)
}

/// Verifies the sandboxes that end with the process, for the log.
pub(super) fn report_all(machine: &Machine) {
    let has_time = slice(LAST_REMARKS);
    let is_late = || !has_time();
    let allowance = Allowance::of_all(&is_late);
    let sandboxes = machine.sandboxes();
    let mut rest = sandboxes.iter().take(MOST);
    while has_time()
        && let Some(sandbox) = rest.next()
    {
        let report = verify::verify_current(machine, sandbox, &allowance);
        let redactor = LazyCell::new(|| Redactor::new(Secrets::Hidden, machine, sandbox));
        log(&report, sandbox, LEAVES, || &redactor);
    }
    let left = rest.filter(|sandbox| was_called(sandbox)).count();
    if left > 0 {
        tracing::warn!("{LEAVES}; there was no time to look at {left} more sandboxes");
    }
}

/// The verdict on all sandboxes of a process that leaves: those that ended before, and those that end with it.
#[must_use]
pub fn last_verdict(machine: &Machine, verdicts: &Verdicts) -> LastVerdict {
    let (ended, dropped) = verdicts.all();
    // After the reset at the end of the last test nothing is expected any more.
    let present = machine.sandboxes().into_iter().filter(|sandbox| was_called(sandbox) || !verdicts.has(&sandbox.name));
    // A process that takes long to leave is ended.
    let has_time = slice(LAST_VERDICT);
    let is_late = || !has_time();
    let allowance = Allowance::of_all(&is_late);
    let judged = present.filter_map(|sandbox| {
        let report = verify::verify_current(machine, &sandbox, &allowance);
        let redactor = LazyCell::new(|| Redactor::new(Secrets::Hidden, machine, &sandbox));
        log(&report, &sandbox, LEAVES, || &redactor);
        (!report.findings.is_empty()).then(|| shown(report, verdicts, &redactor, machine))
    });
    let judged: Vec<Report> = judged.collect();
    let has_failed = verdicts.has_failed() || judged.iter().any(|report| report.verdict != Verdict::Passed);
    LastVerdict { reports: ended.into_iter().map(|ended| ended.report).chain(judged).collect(), dropped, has_failed }
}

/// The verdict on a sandbox that was called, if it expects something, without secrets.
#[must_use]
pub fn verdict_so_far(machine: &Machine, sandbox: &Sandbox) -> Option<Report> {
    let report = was_called(sandbox).then(|| verify::verify_current(machine, sandbox, &Allowance::of_one(&never_late)))?;
    (!report.findings.is_empty()).then(|| Redactor::new(Secrets::Hidden, machine, sandbox).report(report))
}

/// What a process says about the sandboxes that it had.
#[derive(Debug)]
pub struct LastVerdict {
    /// One for each sandbox that expected something, in the order in which they ended.
    pub reports: Vec<Report>,
    /// How many earlier ones are not kept any more.
    pub dropped: u64,
    /// Whether one of all of them did not pass.
    pub has_failed: bool,
}
