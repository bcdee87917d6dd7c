//! Judges whether a consumer did what a scenario expects, by the journal and the deliveries of a sandbox.
//!
//! **Invariant:** success is claimed only on evidence. Where exchanges were removed from the journal, a body was cut, or deliveries
//! were removed, an expectation that needs them is `unknown`, never `passed`.
//!
//! Each call is read once for all expectations, and their conditions take [`STEPS`] steps at most, all together.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::webhooks::Delivery;
use crate::engine::{CallValues, Machine, Sandbox, UnusedRule};
use crate::scenario::ast::{Answered, Condition, Count, Expectation, Expected, Pattern, Scenario};
use crate::scenario::facts::CallFacts;
use crate::scenario::parse;
use crate::world::{End, Entry, note};

/// The steps that all conditions of a verdict may take. Beyond them, calls are evidence that is missing.
const STEPS: usize = 20_000_000;

/// How many calls or deliveries a finding names.
const EVIDENCE: usize = 20;

/// Whether an expectation is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The expectation is met, and the evidence is complete.
    Passed,
    /// The evidence does not suffice.
    Unknown,
    /// The expectation is not met.
    Failed,
}

/// The verdict on one expectation.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The expectation as it was written.
    pub expectation: String,
    pub verdict: Verdict,
    /// The reason of the verdict.
    pub detail: String,
    /// The first calls or deliveries that it is based on, by id.
    pub evidence: Vec<String>,
    /// The same calls in a line each: the operation, what the caller received, and the codes of notes.
    pub calls: Vec<String>,
    /// How many more calls or deliveries it is based on.
    pub more: u64,
}

/// The verdict on all expectations.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// The worst of all findings.
    pub verdict: Verdict,
    /// One for each expectation, in their order.
    pub findings: Vec<Finding>,
    /// How many exchanges made room for others.
    pub dropped: u64,
    /// Rules and faults that had no effect; they do not change the verdict.
    pub unused: Vec<UnusedRule>,
}

impl Report {
    /// Unmet expectations and unused rules, as sentences.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let findings = self.findings.iter().filter(|finding| finding.verdict != Verdict::Passed);
        let findings = findings.map(|finding| format!("expectation `{}` is not met: {}", finding.expectation, finding.detail));
        findings.chain(self.unused.iter().map(ToString::to_string)).collect()
    }
}

/// Judges the expectations of the scenario that a sandbox runs under.
#[must_use]
pub fn verify_current(machine: &Machine, sandbox: &Sandbox) -> Report {
    let source = sandbox.lock().scenario.source().to_owned();
    let scenario = if source.is_empty() { None } else { parse::parse(&source, "scenario.yaml").ok() };
    verify(machine, sandbox, &scenario.unwrap_or_else(|| (*Scenario::plain()).clone()))
}

/// Judges the expectations of a scenario by what happened in a sandbox.
#[must_use]
pub fn verify(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario) -> Report {
    let unused = sandbox.lock().unused();
    if scenario.expect.is_empty() {
        return Report { verdict: Verdict::Passed, findings: Vec::new(), dropped: sandbox.journal().dropped, unused };
    }
    let evidence = Evidence::gather(machine, sandbox);
    let matching = evidence.find(&scenario.expect);
    let rows = scenario.expect.iter().zip(matching);
    let findings: Vec<Finding> = rows.map(|(row, found)| evidence.judge(row, found, &scenario.source.text)).collect();
    let verdict = findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Passed);
    Report { verdict, findings, dropped: evidence.dropped, unused }
}

/// The evidence that verdicts are based on.
struct Evidence<'m> {
    machine: &'m Machine,
    calls: Vec<Arc<Entry>>,
    dropped: u64,
    deliveries: Vec<Delivery>,
    forgotten: bool,
}

/// The calls that match an expectation.
struct MatchingCalls {
    count: u64,
    /// The first of them.
    ids: Vec<String>,
    /// A line for each of those.
    lines: Vec<String>,
    /// How many more may have matched, among those of which the evidence is gone.
    unclear: u64,
}

impl<'m> Evidence<'m> {
    fn gather(machine: &'m Machine, sandbox: &Sandbox) -> Self {
        let journal = sandbox.journal();
        let (calls, dropped) = (journal.iter().cloned().collect(), journal.dropped);
        drop(journal);
        let (deliveries, forgotten) = (sandbox.deliveries(), sandbox.lock().forgotten_deliveries() > 0);
        Self { machine, calls, dropped, deliveries, forgotten }
    }

    fn judge(&self, expectation: &Expectation, found: MatchingCalls, text: &str) -> Finding {
        let written = text.get(expectation.span.start..expectation.span.end).unwrap_or_default().trim();
        let calls = found.lines;
        let (verdict, detail, evidence, all) = match &expectation.kind {
            Expected::Call { count, .. } => {
                let (verdict, detail) = judge_count(found.count, found.unclear, *count, "call");
                (verdict, detail, found.ids, found.count)
            }
            Expected::Never { .. } => {
                let (verdict, detail) = judge_count(found.count, found.unclear, Count { min: 0, max: Some(0) }, "call");
                (verdict, detail, found.ids, found.count)
            }
            Expected::Order(patterns) => {
                let patterns: Vec<&Pattern> = patterns.iter().map(|pattern| &pattern.value).collect();
                let (verdict, detail, evidence) = self.in_order(&patterns);
                (verdict, detail, evidence, 0)
            }
            Expected::Webhook { event, count, answered } => {
                let sent = self.deliveries.iter().filter(|row| row.event == event.value && !row.test && was_answered(row, *answered));
                let (mut found, mut ids) = (0, Vec::new());
                for row in sent {
                    found += 1;
                    if ids.len() < EVIDENCE {
                        ids.push(row.id.clone());
                    }
                }
                let unclear = if self.forgotten { u64::MAX } else { 0 };
                let (verdict, detail) = judge_count(found, unclear, *count, "delivery");
                (verdict, detail, ids, found)
            }
        };
        let more = all.saturating_sub(evidence.len() as u64);
        Finding { expectation: written.to_owned(), verdict, detail, evidence, calls, more }
    }

    /// The calls that match each expectation.
    fn find(&self, expectations: &[Expectation]) -> Vec<MatchingCalls> {
        let unclear = if self.dropped > 0 { u64::MAX } else { 0 };
        let mut found: Vec<_> =
            expectations.iter().map(|_| MatchingCalls { count: 0, ids: Vec::new(), lines: Vec::new(), unclear }).collect();
        let mut by_operation = BTreeMap::new();
        let mut steps = STEPS;
        for entry in &self.calls {
            let rows = by_operation.entry((&entry.vendor, &entry.operation)).or_insert_with(|| rows_of(expectations, entry));
            rows.iter().filter(|(_, when)| when.is_none()).for_each(|(index, _)| found[*index].add(entry));
            let mut conditional = rows.iter().filter_map(|(index, when)| Some((*index, (*when)?))).peekable();
            if conditional.peek().is_none() {
                continue;
            }
            if entry.request.is_cut() || steps == 0 {
                conditional.for_each(|(index, _)| found[index].unclear = found[index].unclear.saturating_add(1));
                continue;
            }
            let values = CallValues::new(steps);
            self.machine.reread(entry, |call| {
                let facts = CallFacts::recorded(call, entry.nth, &values);
                for (index, when) in conditional {
                    let holds = when.is_true(&facts);
                    if values.steps.get() == 0 {
                        found[index].unclear = found[index].unclear.saturating_add(1);
                    } else if holds {
                        found[index].add(entry);
                    }
                }
            });
            steps = values.steps.get();
        }
        found
    }

    fn in_order(&self, patterns: &[&Pattern]) -> (Verdict, String, Vec<String>) {
        let mut calls = self.calls.iter();
        let mut evidence = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            match calls.find(|entry| is_of(entry, pattern)) {
                Some(entry) => evidence.push(entry.id.to_string()),
                None if self.dropped > 0 => {
                    let detail =
                        format!("no call of `{pattern}` where it was expected, but {} calls are no longer in the journal", self.dropped);
                    return (Verdict::Unknown, detail, evidence);
                }
                None if index == 0 => return (Verdict::Failed, format!("no call of `{pattern}`"), evidence),
                None => return (Verdict::Failed, format!("no call of `{pattern}` after that of `{}`", patterns[index - 1]), evidence),
            }
        }
        (Verdict::Passed, "all calls came in this order".to_owned(), evidence)
    }
}

impl MatchingCalls {
    fn add(&mut self, entry: &Entry) {
        self.count += 1;
        if self.ids.len() < EVIDENCE {
            self.ids.push(entry.id.to_string());
            self.lines.push(line(entry));
        }
    }
}

/// A call in a line: `shippo.CreateTransaction 201 (request-invalid)`.
fn line(entry: &Entry) -> String {
    let operation = entry.operation.as_deref().unwrap_or(&entry.vendor);
    let received = match (entry.wire.get().end, entry.wire.get().status) {
        (End::Sent, Some(status)) => status.to_string(),
        (end, _) => end.word().to_owned(),
    };
    let codes = note::codes(&entry.notes).join(", ");
    if codes.is_empty() { format!("{operation} {received}") } else { format!("{operation} {received} ({codes})") }
}

/// The positions and conditions of the expectations that count calls of the operation of an entry.
fn rows_of<'e>(expectations: &'e [Expectation], entry: &Entry) -> Vec<(usize, Option<&'e Condition>)> {
    let counted = expectations.iter().enumerate().filter_map(|(index, row)| match &row.kind {
        Expected::Call { on, when, .. } | Expected::Never { on, when } => Some((index, &on.value, when.as_ref())),
        Expected::Order(_) | Expected::Webhook { .. } => None,
    });
    counted.filter(|(_, on, _)| is_of(entry, on)).map(|(index, _, when)| (index, when)).collect()
}

/// The verdict on a number, when up to `unclear` more may have to be added to it.
fn judge_count(found: u64, unclear: u64, count: Count, what: &str) -> (Verdict, String) {
    let expected = match count {
        Count { min, max: Some(max) } if min == max => format!("{min}"),
        Count { min, max: Some(max) } => format!("{min} to {max}"),
        Count { min, max: None } => format!("at least {min}"),
    };
    let most = found.saturating_add(unclear);
    let (least_met, most_met) = (found >= count.min, count.max.is_none_or(|max| most <= max));
    let verdict = if least_met && most_met {
        Verdict::Passed
    } else if count.max.is_some_and(|max| found > max) || most < count.min {
        Verdict::Failed
    } else {
        Verdict::Unknown
    };
    let doubt = if verdict == Verdict::Unknown { "; some of the evidence was evicted or cut" } else { "" };
    (verdict, format!("{what} count {found}, expected {expected}{doubt}"))
}

/// Whether a delivery was answered as expected, or attempted at all when no answer is expected.
fn was_answered(delivery: &Delivery, answered: Option<Answered>) -> bool {
    let mut statuses = delivery.attempts.iter().filter_map(|attempt| attempt.result.status());
    match answered {
        None => !delivery.attempts.is_empty(),
        Some(Answered::Class(class)) => statuses.any(|status| status / 100 == class),
        Some(Answered::Status(wanted)) => statuses.any(|status| status == wanted),
    }
}

/// Whether a call is one of the operations of a pattern.
fn is_of(entry: &Entry, pattern: &Pattern) -> bool {
    let operation = entry.operation.as_deref().and_then(|name| name.split_once('.')).map_or("", |(_, id)| id);
    pattern.matches(&entry.vendor, operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: u64, unclear: u64, min: u64, max: Option<u64>, expected: Verdict) {
        assert_eq!(judge_count(found, unclear, Count { min, max }, "call").0, expected, "{found}+{unclear} of {min}..{max:?}");
    }

    #[test]
    fn success_is_never_claimed_without_evidence() {
        check(2, 0, 1, Some(2), Verdict::Passed);
        check(2, u64::MAX, 1, None, Verdict::Passed);
        check(2, u64::MAX, 1, Some(2), Verdict::Unknown);
        check(3, u64::MAX, 1, Some(2), Verdict::Failed);
        check(0, 0, 1, None, Verdict::Failed);
        check(0, u64::MAX, 1, None, Verdict::Unknown);
        check(0, 0, 0, Some(0), Verdict::Passed);
        check(0, 1, 0, Some(0), Verdict::Unknown);
        check(0, 1, 2, None, Verdict::Failed);
    }
}
