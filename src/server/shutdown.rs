//! Verifies a sandbox before its evidence is gone, logs unmet expectations and rules that had no effect, and keeps the verdict.

use std::cell::LazyCell;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Machine, Sandbox};
use crate::scenario::verify::{self, Allowance, Report, Verdict};
use crate::server::admin::secrets::{AllNames, Redactor, Secrets, paths};
use crate::server::clock::{slice, wall};
use crate::server::pieces::never_late;
use crate::server::unmatched::Row;
use crate::server::verdicts::{Ended, Ending, Farewell, Verdicts};

/// At shutdown at most this many sandboxes are verified for the log.
const MOST: usize = 100;

/// How long sandboxes are judged when a process leaves: for its log, and for the verdict that is asked for. Who waits for the process takes
/// it for one that hangs after some seconds, and then the whole verdict would be lost.
const LAST_REMARKS: Duration = Duration::from_millis(250);
const LAST_VERDICT: Duration = Duration::from_millis(2500);

/// Why sandboxes are judged that end with the process.
const LEAVES: &str = "the process leaves";

fn was_called(sandbox: &Sandbox) -> bool {
    let journal = sandbox.journal();
    journal.lost() > 0 || journal.iter().next().is_some()
}

/// A verdict that nobody called for, perhaps because there was no test. It cannot be told from a test that calls nothing, so that it is
/// shown without being a failure.
fn skip(report: Report, why: &str) -> Report {
    report.skip(format!("{why}, and nobody had called it: there was no test, or one that calls nothing"))
}

/// The verdict on a sandbox that is about to end, or to come under another scenario.
pub(super) struct Judged {
    report: Report,
    was_called: bool,
    redactor: Redactor,
}

impl Judged {
    pub fn of(machine: &Machine, sandbox: &Sandbox) -> Self {
        let report = verify::verify_current(machine, sandbox, &Allowance::of_one(&never_late));
        Self { report, was_called: was_called(sandbox), redactor: Redactor::new(Secrets::Hidden, machine, sandbox) }
    }
}

/// Verifies a sandbox that ends, logs what is not as it should be, and keeps the verdict.
pub(super) fn report(machine: &Machine, verdicts: &Verdicts, sandbox: &Arc<Sandbox>, ending: Ending) -> Report {
    keep(Judged::of(machine, sandbox), machine, verdicts, sandbox, ending)
}

/// Logs what is not as it should be, and keeps the verdict; in a section when that is committed.
pub(super) fn keep(judged: Judged, machine: &Machine, verdicts: &Verdicts, sandbox: &Arc<Sandbox>, ending: Ending) -> Report {
    let Judged { mut report, was_called, redactor } = judged;
    let expects = !report.findings.is_empty();
    let is_failure = report.verdict != Verdict::Passed;
    // Two in a row are not what a suite does that resets between its tests.
    if is_failure && !was_called && ending.goes_on() && sandbox.was_called_before() != Some(false) {
        report = skip(report, ending.words());
    }
    let (sandbox, remarks) = (Arc::clone(sandbox), remarks(&report, || &redactor));
    let verdict = (expects && (was_called || is_failure || !ending.goes_on())).then(|| {
        let report = shown(report.clone(), verdicts, &redactor, machine);
        Ended { at: wall(), why: ending.words().to_owned(), report }
    });
    let was_called = (expects && ending.goes_on()).then_some(was_called);
    verdicts.end(Farewell { sandbox, ending, remarks, verdict, was_called });
    report
}

/// What the log tells of a sandbox, if there is something to tell.
fn remarks<'r>(report: &Report, redactor: impl FnOnce() -> &'r Redactor) -> Option<String> {
    let remarks = report.remarks();
    (!remarks.is_empty()).then(|| redactor().text(&remarks.join("; ")))
}

fn log<'r>(report: &Report, sandbox: &Sandbox, redactor: impl FnOnce() -> &'r Redactor) {
    if let Some(remarks) = remarks(report, redactor) {
        tracing::warn!(sandbox = &*sandbox.name, "{LEAVES}; {remarks}");
    }
}

/// A verdict as it is shown: without secrets, and with the latest requests that met no vendor unless it passed.
pub(super) fn shown(mut report: Report, verdicts: &Verdicts, redactor: &Redactor, machine: &Machine) -> Report {
    if report.verdict != Verdict::Passed && report.pending == 0 {
        let names = AllNames::of(machine);
        let line = |Row { request, .. }: &Row| {
            let paths::Shown { target, detail, .. } = paths::unmatched(request, Some(&names));
            let hint = detail.rsplit_once("; ").map(|(_, hint)| hint).filter(|hint| hint.starts_with("did you mean"));
            format!("{} {target} {}: {}", request.method, request.status, hint.unwrap_or(&detail))
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
        log(&report, sandbox, || &redactor);
    }
    let left = rest.filter(|sandbox| was_called(sandbox)).count();
    if left > 0 {
        tracing::warn!("{LEAVES}; there was no time to look at {left} more sandboxes");
    }
}

/// The verdict on all sandboxes of a process that leaves: those that ended before, and those that end with it.
#[must_use]
pub fn last_verdict(machine: &Machine, verdicts: &Verdicts) -> LastVerdict {
    // A process that takes long to leave is ended.
    let has_time = slice(LAST_VERDICT);
    let is_late = || !has_time();
    let allowance = Allowance::of_all(&is_late);
    let judged = machine.sandboxes().into_iter().filter_map(|sandbox| {
        let mut report = verify::verify_current(machine, &sandbox, &allowance);
        // This may be what is left by a reset behind the last test.
        if report.verdict != Verdict::Passed && !was_called(&sandbox) && sandbox.was_called_before() == Some(true) {
            report = skip(report, LEAVES);
        }
        let redactor = LazyCell::new(|| Redactor::new(Secrets::Hidden, machine, &sandbox));
        log(&report, &sandbox, || &redactor);
        (!report.findings.is_empty()).then(|| shown(report, verdicts, &redactor, machine))
    });
    let reports: Vec<Report> = verdicts.reports().into_iter().chain(judged).collect();
    LastVerdict { has_failed: reports.iter().any(Report::has_failed), reports }
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
    /// One for each sandbox that expected something, in the order in which they ended, behind those for all that are not kept any more.
    pub reports: Vec<Report>,
    /// Whether one of all of them did not pass.
    pub has_failed: bool,
}
