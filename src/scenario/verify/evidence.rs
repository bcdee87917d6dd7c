//! What verdicts are based on: the journal and the deliveries. Each call is read once for all expectations, within what an [`Allowance`]
//! has left of conditions, of pairs of a call or delivery and an expectation, of bytes, and of time.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::Arc;

use jiff::SignedDuration;

use super::accounts::Accounts;
use super::allowance::Allowance;
use super::deliveries::{Sent, Told};
use super::moment::Moment;
use super::words::{EVICTED, LATE, UNDER_WAY, is_named, is_of, judge_count, line, told};
use super::{Finding, Verdict};
use crate::base::ahead::read_ahead;
use crate::engine::{CallValues, Contract, Machine, Sandbox};
use crate::scenario::ast::{Calls, Condition, Count, Deliveries, Expectation, Expected, Pattern};
use crate::scenario::error::Source;
use crate::scenario::facts::CallFacts;
use crate::world::{Entry, Note, note};

/// How many calls or deliveries a finding names, and all findings together where there are very many.
const EVIDENCE: usize = 20;
const EVIDENCE_OF_ALL: usize = 20_000;

/// How many calls a report shows.
const SHOWN: usize = 50;

/// The evidence that verdicts are based on.
pub(super) struct Evidence<'m> {
    machine: &'m Machine,
    calls: Vec<Arc<Entry>>,
    pub(super) dropped: u64,
    /// How many were removed on request, by their operation.
    removed: BTreeMap<Box<str>, u64>,
    deliveries: Sent,
    allowance: &'m Allowance<'m>,
    pub(super) accounts: Accounts<'m>,
}

/// What was found of an expectation so far.
struct Found<'e> {
    expected: &'e Expected,
    /// The calls that match it.
    count: u64,
    /// The first of them that count for or against it, by their index in the journal.
    kept: Vec<usize>,
    /// How many more may have matched, among those of which the evidence is gone.
    unclear: u64,
    /// How many of those are evidence that comes: their answers are under way.
    under_way: u64,
    /// Whether there was no time for all of them.
    is_late: bool,
    /// How many calls of `valid` depart from the document.
    departing: u64,
    /// When the last call came that calls have to be `after`.
    since: Option<Moment>,
    /// How many calls it names.
    most: usize,
    /// Of an order, how its first calls came: up to each place.
    begun: Vec<Option<Run>>,
    /// The calls of all of these beginnings, which share theirs.
    links: Vec<Link>,
}

/// The beginning of an order: when it began, and the index of its last call among the links.
#[derive(Clone, Copy)]
struct Run {
    began: Moment,
    last: usize,
}

/// A call of an order, by its index in the journal, and the link before it.
struct Link {
    call: usize,
    before: Option<usize>,
}

/// A condition that a call has to meet for a place of an expectation.
struct Row<'e> {
    expectation: usize,
    /// Its place in an order.
    place: usize,
    when: Option<&'e Condition>,
}

/// What an expectation has to do with the calls of one operation.
#[derive(Default)]
struct Rows<'e> {
    matching: Vec<Row<'e>>,
    /// The expectations whose `after` is such a call.
    opening: Vec<usize>,
}

impl<'m> Evidence<'m> {
    /// The evidence for some expectations.
    pub(super) fn gather(machine: &'m Machine, sandbox: &Sandbox, expectations: &[Expectation], allowance: &'m Allowance<'m>) -> Self {
        let journal = sandbox.journal();
        // Who else looks at the journal waits for this.
        let calls = read_ahead(journal.iter(), |entry| entry.number.to_le_bytes()[0]).cloned().collect();
        let (dropped, removed) = (journal.dropped(), journal.removed.clone());
        drop(journal);
        let of_webhooks = expectations.iter().any(|row| matches!(row.kind, Expected::Webhook(_)));
        let deliveries = if of_webhooks { Sent::gather(sandbox) } else { Sent::default() };
        Self { machine, calls, dropped, removed, deliveries, allowance, accounts: Accounts::new(machine, allowance) }
    }

    /// The last calls, a line each, and how many came before them.
    pub(super) fn last_calls(&self) -> (Vec<String>, u64) {
        let earlier = self.calls.len().saturating_sub(SHOWN);
        let shown = self.calls[earlier..].iter().map(|entry| format!("{} {} {}", entry.at, entry.id, line(entry)));
        (shown.collect(), earlier as u64 + self.dropped)
    }

    /// The findings on all expectations, in their order.
    pub(super) fn judge(&self, expectations: &[Expectation], source: &Source) -> Vec<Finding> {
        let found = self.find(expectations);
        let rows = expectations.iter().zip(found);
        rows.map(|(row, found)| self.finding(row, found, source)).collect()
    }

    fn finding(&self, expectation: &Expectation, found: Found<'_>, source: &Source) -> Finding {
        let span = expectation.span;
        let written = source.text.get(span.start..span.end).unwrap_or_default().trim().to_owned();
        let Found { count, unclear, .. } = found;
        let (doubt, mut comes) = (found.doubt(), found.under_way > 0);
        let never = Count { min: 0, max: Some(0) };
        let (mut evidence, mut lines): (Vec<_>, Vec<_>) = found.kept.iter().map(|index| &*self.calls[*index]).map(told).unzip();
        let mut others = Vec::new();
        let (verdict, detail, all) = match &expectation.kind {
            Expected::Call { calls, count: expected } => {
                let (verdict, detail) = judge_count(count, unclear, *expected, "call", doubt);
                if count < expected.min {
                    others = self.accounts.misses(&self.calls, calls, self.are_openings_gone(calls));
                }
                (verdict, self.with_opening(detail, calls, &found), count)
            }
            Expected::Never(calls) => {
                let (verdict, detail) = judge_count(count, unclear, never, "call", doubt);
                (verdict, self.with_opening(detail, calls, &found), count)
            }
            Expected::Valid { except, .. } => {
                let (verdict, _) = judge_count(found.departing, unclear, never, "call", doubt);
                let detail = match (verdict, count) {
                    (Verdict::Failed, _) => format!("{} of {count} calls depart from the vendor's document", found.departing),
                    (Verdict::Unknown, _) => format!("none of {count} calls departs from the vendor's document{doubt}"),
                    (Verdict::Passed, 0) => "no such call came".to_owned(),
                    (Verdict::Passed, _) => {
                        let excepted = if except.is_empty() { "" } else { ", or depart in nothing but what is excepted" };
                        format!("all of {count} calls keep to the vendor's document{excepted}")
                    }
                };
                lines = found.kept.iter().map(|index| self.accounts.departing(&self.calls[*index], except)).collect();
                (verdict, detail, found.departing)
            }
            Expected::Order { calls, within } => {
                let (verdict, detail, run) = self.in_order(calls, *within, &found);
                (evidence, lines) = self.calls_of(run, &found).map(told).unzip();
                if let Some(next) = calls.get(evidence.len()).filter(|_| verdict != Verdict::Passed) {
                    others = self.accounts.misses(&self.calls, next, self.are_openings_gone(next));
                }
                (verdict, detail, 0)
            }
            Expected::Webhook(wanted) => {
                let told = match self.allowance.pairs(self.deliveries.len()) {
                    true => self.deliveries.judge(self.machine, wanted, found.most),
                    false => Told::unknown(wanted.count),
                };
                (evidence, lines, others, comes) = (told.ids, told.lines, told.others, told.comes);
                (told.verdict, told.detail, told.count)
            }
        };
        let more = all.saturating_sub(evidence.len() as u64);
        let place = expectation.place.start;
        let (file, (line, column)) = (source.file_at(place).1.to_owned(), source.position(place));
        let is_final = match (verdict, &expectation.kind) {
            (Verdict::Passed, _) => false,
            (Verdict::Unknown, _) => !comes,
            (_, Expected::Never(_) | Expected::Valid { .. }) => true,
            (_, Expected::Call { count, .. } | Expected::Webhook(Deliveries { count, .. })) => count.max.is_some_and(|max| all > max),
            (_, Expected::Order { .. }) => false,
        };
        Finding { expectation: written, file, line, column, verdict, detail, evidence, calls: lines, more, others, is_final, stands_for: 1 }
    }

    /// What came of each expectation.
    fn find<'e>(&self, expectations: &'e [Expectation]) -> Vec<Found<'e>> {
        let most = (EVIDENCE_OF_ALL / expectations.len().max(1)).clamp(1, EVIDENCE);
        let mut found: Vec<_> = expectations.iter().map(|row| Found::new(&row.kind, self.missing(row.kind.calls()), most)).collect();
        let places = expectations.iter().map(|row| row.kind.calls().len()).sum();
        let mut by_operation = BTreeMap::new();
        for (index, entry) in self.calls.iter().enumerate() {
            if self.allowance.is_late() {
                found.iter_mut().for_each(Found::is_out_of_time);
                break;
            }
            let rows = match by_operation.entry((&entry.vendor, &entry.operation)) {
                Slot::Occupied(slot) => Some(slot.into_mut()),
                Slot::Vacant(slot) => self.allowance.pairs(places).then(|| slot.insert(Rows::of(expectations, entry))),
            };
            let Some(rows) = rows.filter(|rows| self.allowance.pairs(rows.matching.len() + rows.opening.len())) else {
                found.iter_mut().for_each(Found::is_unclear_for_good);
                break;
            };
            let mut met: Vec<&Row<'_>> = rows.matching.iter().filter(|row| row.when.is_none()).collect();
            let mut conditional = rows.matching.iter().filter_map(|row| Some((row, row.when?))).peekable();
            if conditional.peek().is_some() {
                let steps = &self.allowance.steps;
                // Only the beginning of a cut body is known, which few conditions look at.
                let is_cut = |when: &Condition| entry.request.is_cut() && when.mentions("request", "body");
                if steps.get() == 0 || !self.allowance.reads(entry.request.body.len()) {
                    conditional.for_each(|(row, _)| found[row.expectation].is_unclear());
                } else {
                    let (values, is_under_way) = (CallValues::new(steps.get()), entry.wire.is_under_way());
                    self.machine.reread(entry, |call| {
                        let facts = CallFacts::recorded(call, entry, &values);
                        for (row, when) in conditional {
                            if is_cut(when) {
                                found[row.expectation].is_unclear();
                                continue;
                            }
                            let holds = when.is_true(&facts);
                            let is_awaited = |member| when.mentions("answer", member);
                            let is_awaited = is_awaited("status") || is_awaited("wire");
                            let is_half = || entry.answer.is_cut() && when.mentions("answer", "body");
                            if is_under_way && is_awaited {
                                found[row.expectation].is_awaited();
                            } else if values.steps.get() == 0 || is_half() || (entry.wire.is_lost() && is_awaited) {
                                found[row.expectation].is_unclear();
                            } else if holds {
                                met.push(row);
                            }
                        }
                    });
                    steps.set(values.steps.get());
                }
            }
            // From the last place of an order to the first, so that one call takes one place.
            met.sort_by_key(|row| std::cmp::Reverse(row.place));
            // Without `--contract` nothing is noted of what a vendor takes although its document does not have it.
            let is_noted = self.machine.options().contract != Contract::Off;
            let violates = LazyCell::new(|| match is_noted {
                true => Some(false),
                false => self.allowance.reads(entry.request.body.len()).then(|| self.machine.departs(entry)),
            });
            met.iter().for_each(|row| found[row.expectation].add((index, entry), row.place, &|| *violates));
            for index in &rows.opening {
                found[*index].since = Some(Moment::of(entry));
            }
        }
        found
    }

    /// The calls of the beginning of an order.
    fn calls_of(&self, run: Option<Run>, found: &Found<'_>) -> impl Iterator<Item = &Entry> {
        let links = std::iter::successors(run.map(|run| run.last), |last| found.links[*last].before);
        let mut calls: Vec<&Entry> = links.map(|link| &*self.calls[found.links[link].call]).collect();
        calls.reverse();
        calls.into_iter()
    }

    /// How many more calls may have come that an expectation is about, of which nothing is known.
    fn missing(&self, calls: &[Calls]) -> u64 {
        // A call that others are to follow.
        let is_opening = calls.iter().any(|calls| calls.after.as_ref().is_some_and(|after| self.removed(&after.value) > 0));
        if self.dropped > 0 || is_opening { u64::MAX } else { calls.iter().map(|calls| self.removed(&calls.on.value)).sum() }
    }

    /// How many calls of some operations were removed on request.
    fn removed(&self, on: &Pattern) -> u64 {
        self.removed.iter().filter(|(name, _)| is_named(name, on)).map(|(_, count)| count).sum()
    }

    /// Whether calls may be gone that others are to follow.
    fn are_openings_gone(&self, calls: &Calls) -> bool {
        self.dropped > 0 || calls.after.as_ref().is_some_and(|after| self.removed(&after.value) > 0)
    }

    /// A detail that also says when nothing came that calls could be `after`.
    fn with_opening(&self, detail: String, calls: &Calls, found: &Found<'_>) -> String {
        match &calls.after {
            Some(after) if found.since.is_none() => {
                let what = if self.are_openings_gone(calls) { "is in the journal any more" } else { "came" };
                format!("{detail}; no call of `{}` {what}, which they are to follow", after.value)
            }
            _ => detail,
        }
    }

    fn in_order(&self, calls: &[Calls], within: Option<SignedDuration>, found: &Found<'_>) -> (Verdict, String, Option<Run>) {
        let reached = found.begun.iter().rposition(Option::is_some);
        let run = reached.and_then(|place| found.begun[place]);
        let next = reached.map_or(0, |place| place + 1);
        let Some(missing) = calls.get(next) else { return (Verdict::Passed, "all calls came in this order".to_owned(), run) };
        let time = within.map(|within| format!(" within {within:#}")).unwrap_or_default();
        let place = match next.checked_sub(1).and_then(|before| calls.get(before)) {
            None => format!("no call of `{}`", missing.on.value),
            Some(before) => format!("no call of `{}` after that of `{}`{time}", missing.on.value, before.on.value),
        };
        if self.dropped > 0 {
            let detail = format!("{place}, but {} calls are no longer in the journal", self.dropped);
            return (Verdict::Unknown, detail, run);
        }
        if found.unclear > 0 { (Verdict::Unknown, format!("{place}{}", found.doubt()), run) } else { (Verdict::Failed, place, run) }
    }
}

impl<'e> Found<'e> {
    fn new(expected: &'e Expected, unclear: u64, most: usize) -> Self {
        let places = if let Expected::Order { calls, .. } = expected { calls.len() } else { 0 };
        let (kept, begun) = (Vec::new(), vec![None; places]);
        Self { expected, count: 0, kept, unclear, under_way: 0, is_late: false, departing: 0, since: None, most, begun, links: Vec::new() }
    }

    fn is_unclear(&mut self) {
        self.unclear = self.unclear.saturating_add(1);
    }

    /// All of the calls that are left may match.
    fn is_unclear_for_good(&mut self) {
        self.unclear = u64::MAX;
    }

    /// The same because there is no time to look at them.
    fn is_out_of_time(&mut self) {
        self.is_late = true;
        self.is_unclear_for_good();
    }

    /// An answer is under way of which it matters what the caller receives.
    fn is_awaited(&mut self) {
        self.under_way += 1;
        self.is_unclear();
    }

    /// Why it may be unknown whether it is met.
    fn doubt(&self) -> &'static str {
        match () {
            () if self.is_late => LATE,
            () if self.under_way > 0 => UNDER_WAY,
            () => EVICTED,
        }
    }

    /// Takes a call into account that matches.
    fn add(&mut self, (index, entry): (usize, &Entry), place: usize, violates: &dyn Fn() -> Option<bool>) {
        match self.expected {
            Expected::Call { calls, .. } | Expected::Never(calls) => {
                if self.is_in_time(calls, entry) {
                    self.count += 1;
                    self.keep(index);
                }
            }
            Expected::Valid { except, .. } => {
                self.count += 1;
                let is_meant = |code: &str| except.iter().all(|other| other.value != code);
                let counts = |note: &note::Note| note.is_departure() && is_meant(note.code);
                let is_held = is_meant(Note::REQUEST_INVALID);
                let departs = match () {
                    () if entry.notes.iter().any(counts) => Some(true),
                    () if !is_held => Some(false),
                    () if entry.request.is_cut() => None,
                    () => violates(),
                };
                match departs {
                    Some(true) => {
                        self.departing += 1;
                        self.keep(index);
                    }
                    Some(false) => {}
                    None => self.is_unclear(),
                }
            }
            Expected::Order { within, .. } => self.goes_on((index, entry), place, *within),
            Expected::Webhook(_) => {}
        }
    }

    fn is_in_time(&self, calls: &Calls, entry: &Entry) -> bool {
        match (&calls.after, self.since) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(_), Some(since)) => calls.within.is_none_or(|within| since.is_within(within, entry)),
        }
    }

    fn keep(&mut self, index: usize) {
        if self.kept.len() < self.most {
            self.kept.push(index);
        }
    }

    /// A call for a place of an order, if those before it came. Where time counts, the latest beginning leaves the most of it.
    fn goes_on(&mut self, (call, entry): (usize, &Entry), place: usize, within: Option<SignedDuration>) {
        if within.is_none() && self.begun[place].is_some() {
            return;
        }
        let (began, before) = match place.checked_sub(1) {
            None => (Moment::of(entry), None),
            Some(before) => {
                let in_time = |run: &Run| within.is_none_or(|within| run.began.is_within(within, entry));
                let Some(run) = self.begun[before].filter(in_time) else { return };
                (run.began, Some(run.last))
            }
        };
        self.begun[place] = Some(Run { began, last: self.links.len() });
        self.links.push(Link { call, before });
    }
}

impl<'e> Rows<'e> {
    /// What expectations have to do with the calls of the operation of an entry.
    fn of(expectations: &'e [Expectation], entry: &Entry) -> Self {
        let mut rows = Self::default();
        for (expectation, row) in expectations.iter().enumerate() {
            for (place, calls) in row.kind.calls().iter().enumerate() {
                if is_of(entry, &calls.on.value) {
                    rows.matching.push(Row { expectation, place, when: calls.when.as_ref() });
                }
                if calls.after.as_ref().is_some_and(|after| is_of(entry, &after.value)) {
                    rows.opening.push(expectation);
                }
            }
        }
        rows
    }
}
