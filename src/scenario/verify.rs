//! Judges whether a consumer did what a scenario expects, by the journal and the deliveries of a sandbox. A verdict is written as text,
//! JSON, JUnit XML or SARIF by [`Format`].
//!
//! **Invariant:** success is claimed only on evidence. Where exchanges were removed from the journal, a body was cut, deliveries
//! were removed, or are under way, an expectation that needs them is `unknown`, never `passed`.

mod accounts;
mod allowance;
mod deliveries;
mod evidence;
mod format;
mod moment;
mod told;
mod words;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::allowance::Allowance;
use self::deliveries::Sent;
use self::evidence::Evidence;
pub use self::format::Format;
use self::words::LATE;
use crate::base::json;
use crate::engine::{Machine, Sandbox, UnusedRule};
use crate::scenario::ast::{Expected, Scenario};
use crate::scenario::run;

/// Whether an expectation is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The expectation is met, and the evidence is complete.
    Passed,
    /// The evidence does not suffice.
    Unknown,
    /// The expectation is not met.
    Failed,
}

impl Verdict {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// The verdict on one expectation.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The expectation as it was written.
    pub expectation: String,
    /// The file that it stands in.
    pub file: String,
    /// The line in the file, from 1.
    pub line: usize,
    /// The column in the line, in characters from 1.
    pub column: usize,
    pub verdict: Verdict,
    /// The reason of the verdict.
    pub detail: String,
    /// The first calls or deliveries that it is based on, by id.
    pub evidence: Vec<String>,
    /// The same in a line each: of a call the operation, what the caller received, and the codes of notes; of a delivery its event, when
    /// that was, and what was answered.
    pub calls: Vec<String>,
    /// How many more calls or deliveries it is based on.
    pub more: u64,
    /// Unless it passed, others of these operations or of this event that do not count, and why.
    pub others: Vec<String>,
    /// Whether no further call can change the verdict.
    #[serde(skip)]
    pub is_final: bool,
    /// How many expectations it is about. Only where it is not one: it stands for those for which there was no room then.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub stands_for: u64,
}

impl Finding {
    /// The one finding on all that a scenario expects, where there is no time to look.
    fn unjudged(scenario: &Scenario) -> Self {
        let (source, start) = (&scenario.source, scenario.expect.first().map_or(0, |first| first.place.start));
        let (file, (line, column)) = (source.file_at(start).1.to_owned(), source.position(start));
        let (expectation, detail) = (format!("all {} expectations", scenario.expect.len()), format!("nothing was looked at{LATE}"));
        let (evidence, calls, others) = (Vec::new(), Vec::new(), Vec::new());
        let (verdict, more, is_final, stands_for) = (Verdict::Unknown, 0, false, scenario.expect.len() as u64);
        Self { expectation, file, line, column, verdict, detail, evidence, calls, more, others, is_final, stands_for }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes members by reference")]
fn is_one(count: &u64) -> bool {
    *count == 1
}

fn one() -> u64 {
    1
}

/// The verdict on all expectations.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The worst of all findings.
    pub verdict: Verdict,
    /// Why it is no failure, though not everything is known to hold: nobody called the sandbox, and perhaps nobody was about to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
    /// The name of the sandbox that was judged.
    pub sandbox: String,
    /// The file that has the expectations, as it is known here.
    pub file: String,
    /// One for each expectation, in their order.
    pub findings: Vec<Finding>,
    /// The last calls that came, in a line each, unless everything passed: when, id, operation, what the caller received, and notes.
    pub calls: Vec<String>,
    /// How many calls came before those.
    pub earlier: u64,
    /// The latest requests, to whichever sandbox, that met no vendor or no sandbox, unless everything passed: what was answered, and the
    /// nearest address.
    pub unmatched: Vec<String>,
    /// How many exchanges made room for others.
    pub dropped: u64,
    /// Rules and faults that had no effect; they do not change the verdict.
    pub unused: Vec<UnusedRule>,
    /// How many calls came since it was judged, where that was not waited for.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub pending: u64,
    /// What conditions see of the calls that are accounted for, by whose names secrets are known.
    #[serde(skip)]
    pub seen: Vec<Value>,
}

impl Report {
    /// Nothing was judged yet of so many calls.
    #[must_use]
    pub fn pending(sandbox: &Sandbox, pending: u64) -> Self {
        Self { pending: pending.max(1), ..Self::empty(Verdict::Unknown, sandbox, String::new(), Vec::new()) }
    }

    /// A report that has no findings yet.
    fn empty(verdict: Verdict, sandbox: &Sandbox, file: String, unused: Vec<UnusedRule>) -> Self {
        let (sandbox, findings, calls, unmatched) = (sandbox.name.to_string(), Vec::new(), Vec::new(), Vec::new());
        let (earlier, dropped, pending, seen) = (0, 0, 0, Vec::new());
        Self { verdict, skipped: None, sandbox, file, findings, calls, earlier, unmatched, dropped, unused, pending, seen }
    }

    /// One report for so many sandboxes that ended, whose own verdicts are not kept any more.
    #[must_use]
    pub fn of_earlier(verdict: Verdict, count: u64, detail: String) -> Self {
        let (sandbox, file) = ("ended earlier".to_owned(), String::new());
        let skipped = (verdict == Verdict::Unknown).then(|| detail.clone());
        let finding = Finding {
            expectation: format!("the verdicts on {count} sandboxes that ended earlier"),
            file: String::new(),
            line: 0,
            column: 0,
            verdict,
            detail,
            evidence: Vec::new(),
            calls: Vec::new(),
            more: 0,
            others: Vec::new(),
            is_final: true,
            stands_for: 1,
        };
        let (findings, calls, unmatched, unused, seen) = (vec![finding], Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { verdict, skipped, sandbox, file, findings, calls, earlier: 0, unmatched, dropped: 0, unused, pending: 0, seen }
    }

    /// The same, of which nobody knows whether it was to be met: what failed is unknown.
    #[must_use]
    pub fn skip(mut self, why: String) -> Self {
        let failed = self.findings.iter_mut().filter(|finding| finding.verdict == Verdict::Failed);
        failed.for_each(|finding| finding.verdict = Verdict::Unknown);
        Self { verdict: self.verdict.min(Verdict::Unknown), skipped: Some(why), ..self }
    }

    /// Whether it is a failure.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.verdict != Verdict::Passed && self.skipped.is_none()
    }

    /// Unmet expectations and unused rules, as sentences: the first of them, and how many more there are.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let unmet = self.findings.iter().filter(|finding| finding.verdict != Verdict::Passed);
        let all = unmet.clone().map(|finding| finding.stands_for).sum::<u64>() + self.unused.len() as u64;
        let findings = unmet.map(|finding| format!("expectation `{}` is not met: {}", finding.expectation, finding.detail));
        let findings = self.skipped.iter().cloned().chain(findings);
        let mut remarks: Vec<_> = findings.chain(self.unused.iter().map(ToString::to_string)).take(REMARKS).collect();
        remarks.iter_mut().for_each(|remark| told::cut(remark, REMARK));
        remarks.extend(more(all));
        remarks
    }

    /// The same report with all texts that come from calls and scenarios changed, such as by hiding secrets.
    #[must_use]
    pub fn map(mut self, change: &dyn Fn(&str) -> String) -> Self {
        for finding in &mut self.findings {
            finding.expectation = change(&finding.expectation);
            finding.detail = change(&finding.detail);
            finding.calls.iter_mut().chain(&mut finding.others).for_each(|line| *line = change(line));
        }
        self.calls.iter_mut().chain(&mut self.unmatched).for_each(|line| *line = change(line));
        self.seen.clear();
        self
    }

    /// Whether there is nothing to wait for: everything passed, or something failed for good.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.verdict == Verdict::Passed || self.findings.iter().any(|finding| finding.verdict != Verdict::Passed && finding.is_final)
    }
}

/// How many remarks are made on a sandbox, and how many bytes one has.
const REMARKS: usize = 50;
const REMARK: usize = 1 << 10;

/// How many more remarks there are than are made, if there are.
fn more(all: u64) -> Option<String> {
    all.checked_sub(REMARKS as u64).filter(|more| *more > 0).map(|more| format!("and {more} more"))
}

/// The steps that all conditions of a verdict may take: about a second. Beyond them, calls are evidence that is missing.
pub const STEPS: usize = 6_000_000;

/// Judges the expectations of the scenario that a sandbox runs under.
#[must_use]
pub fn verify_current(machine: &Machine, sandbox: &Sandbox, allowance: &Allowance<'_>) -> Report {
    let runtime = Arc::clone(&sandbox.lock().scenario);
    verify(machine, sandbox, &run::scenario_of(&*runtime), allowance)
}

/// Judges the expectations of a scenario by what happened in a sandbox.
#[must_use]
pub fn verify(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario, allowance: &Allowance<'_>) -> Report {
    let mut report = judge(machine, sandbox, scenario, allowance);
    report.unused = told::rules(&allowance.room, std::mem::take(&mut report.unused));
    report
}

/// Whether a scenario expects something of webhooks.
#[must_use]
pub fn is_about_webhooks(scenario: &Scenario) -> bool {
    scenario.expect.iter().any(|row| matches!(row.kind, Expected::Webhook(_)))
}

/// Whether the verdict on a scenario depends on deliveries that are under way.
#[must_use]
pub fn awaits_deliveries(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario) -> bool {
    if !is_about_webhooks(scenario) || sandbox.lock().world.outbox().is_empty() {
        return false;
    }
    let (sent, allowance) = (Sent::gather(sandbox), Allowance::of_one(&|| false));
    scenario.expect.iter().any(|row| match &row.kind {
        Expected::Webhook(wanted) => allowance.pairs(sent.len()) && sent.judge(machine, wanted, 0).comes,
        _ => false,
    })
}

fn judge(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario, allowance: &Allowance<'_>) -> Report {
    let unused = sandbox.lock().unused();
    let empty = Report::empty(Verdict::Passed, sandbox, scenario.source.name.clone(), unused);
    if scenario.expect.is_empty() {
        return Report { dropped: sandbox.journal().dropped(), ..empty };
    }
    if allowance.is_late() {
        let findings = vec![Finding::unjudged(scenario)];
        return Report { verdict: Verdict::Unknown, findings, dropped: sandbox.journal().dropped(), ..empty };
    }
    let evidence = Evidence::gather(machine, sandbox, &scenario.expect, allowance);
    let findings = evidence.judge(&scenario.expect, &scenario.source);
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Passed);
    let findings = told::within(&allowance.room, findings);
    let (calls, earlier) = if verdict == Verdict::Passed { (Vec::new(), 0) } else { evidence.last_calls() };
    Report { verdict, findings, calls, earlier, dropped: evidence.dropped, seen: evidence.accounts.seen(), ..empty }
}
