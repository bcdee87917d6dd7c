//! Accounts of single calls: in what they depart from the document, and why they do not count for an expectation.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use serde_json::{Value, json};

use super::allowance::Allowance;
use super::moment::Moment;
use super::words::{is_of, line};
use crate::engine::Machine;
use crate::scenario::ast::Calls;
use crate::scenario::error::Spanned;
use crate::scenario::explain;
use crate::spec::Violation;
use crate::world::{Entry, Note};

/// How many calls a report accounts for.
const MOST: usize = 300;

/// How many calls a condition is tried on again.
const TRIES: usize = 2_000;

/// How many calls that do not count an expectation names, and among how many of the latest.
const MISSES: usize = 10;
const LATEST: usize = 5_000;

/// How many departures of a call are told.
const DEPARTURES: usize = 5;

/// Makes accounts of calls, up to a bound.
pub(super) struct Accounts<'m> {
    machine: &'m Machine,
    allowance: &'m Allowance<'m>,
    /// What conditions see of those that are accounted for.
    seen: RefCell<Vec<Value>>,
    /// How many more calls may be tried.
    tries: Cell<usize>,
}

impl<'m> Accounts<'m> {
    pub fn new(machine: &'m Machine, allowance: &'m Allowance<'m>) -> Self {
        Self { machine, allowance, seen: RefCell::default(), tries: Cell::new(TRIES) }
    }

    /// What conditions see of the calls that were accounted for.
    pub fn seen(self) -> Vec<Value> {
        self.seen.into_inner()
    }

    fn has_room(&self) -> bool {
        self.seen.borrow().len() < MOST
    }

    /// A call in a line, with each departure from the document: where, which rule, what was found and what was expected.
    pub fn departing(&self, entry: &Entry, except: &[Spanned<String>]) -> String {
        let is_meant = |code: &str| except.iter().all(|other| other.value != code);
        let is_told = self.has_room() && self.allowance.tells(entry.request.body.len()).is_some();
        let judged = is_told.then(|| self.machine.judge_entry(entry)).flatten();
        let Some(judged) = judged else { return line(entry) };
        let body = self.machine.reread(entry, |call| json!([call.body, Value::from_iter(call.query.iter().cloned())]));
        self.seen.borrow_mut().push(body.unwrap_or_default());
        let is_known = !entry.request.is_cut() && is_meant(Note::REQUEST_INVALID);
        let violations = judged.violations.iter().filter(|_| is_known);
        let violation = |row: &Violation| {
            let place = format!("{} {}", row.location.word(), row.pointer());
            format!("{} ({}): {}", place.trim_end(), row.rule.keyword(), row.detail())
        };
        let mut departures: Vec<String> = violations.map(violation).collect();
        let is_told = !departures.is_empty();
        let counts = |note: &&Note| note.is_departure() && is_meant(note.code) && !(is_told && note.code == Note::REQUEST_INVALID);
        departures.extend(entry.notes.iter().filter(counts).map(|note| {
            let note = note.worded();
            let place = if note.location.is_empty() { "request" } else { &note.location };
            format!("{place} ({}): {}", note.code, note.detail)
        }));
        let more = departures.len().saturating_sub(DEPARTURES);
        departures.truncate(DEPARTURES);
        if more > 0 {
            departures.push(format!("and {more} more"));
        }
        format!("{}: {}", line(entry).split(": ").next().unwrap_or_default(), departures.join("; "))
    }

    /// The latest calls of an expectation's operations that do not count for it, and why. Where calls that others are to follow are
    /// gone, none is said to have come before them.
    pub fn misses(&self, journal: &[Arc<Entry>], calls: &Calls, are_gone: bool) -> Vec<String> {
        let is_opening = |entry: &Entry| calls.after.as_ref().is_some_and(|after| is_of(entry, &after.value));
        let looked_at = (0..journal.len()).rev().take_while(|_| calls.after.is_some() && self.allowance.looks());
        // The latest first.
        let openings: Vec<usize> = looked_at.filter(|index| is_opening(&journal[*index])).collect();
        let are_gone = are_gone || !self.allowance.looks();
        // When the latest call came before one that it is to follow, if there is any.
        let since = |index: usize| {
            let before = openings.get(openings.partition_point(|opening| *opening >= index));
            let before = before.map(|before| Moment::of(&journal[*before]));
            (!openings.is_empty() && (before.is_some() || !are_gone)).then_some(before)
        };
        let latest = journal.iter().enumerate().rev().take(LATEST).take_while(|_| self.allowance.looks());
        let latest = latest.filter(|(_, entry)| is_of(entry, &calls.on.value));
        let mut misses: Vec<String> = latest.filter_map(|(index, entry)| self.miss(entry, calls, since(index))).take(MISSES).collect();
        misses.reverse();
        misses
    }

    fn miss(&self, entry: &Entry, calls: &Calls, since: Option<Option<Moment>>) -> Option<String> {
        let tries = self.tries.get().checked_sub(1).filter(|_| self.has_room())?;
        self.tries.set(tries);
        let failed = match &calls.when {
            Some(when) => explain::failed(self.machine, entry, when, self.allowance.tells(entry.request.body.len())?),
            None => None,
        };
        let why = match (failed, &calls.after, since) {
            (Some((failed, seen)), ..) => {
                self.seen.borrow_mut().push(seen);
                failed
            }
            (None, Some(after), Some(None)) => format!("it came before the first call of `{}`", after.value),
            (None, Some(after), Some(Some(since))) => match since.until(entry) {
                None => format!("between it and the latest call of `{}` a snapshot was restored", after.value),
                Some(time) if calls.within.is_some_and(|within| time > within) => {
                    format!("it came {time:#} after the latest call of `{}` before it", after.value)
                }
                Some(_) => return None,
            },
            _ => return None,
        };
        Some(format!("{} {}: {why}", entry.id, line(entry)))
    }
}
