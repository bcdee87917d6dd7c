//! What was done to a sandbox besides calls: its clock was moved, it was reset or restored, a scenario came to work, a fault was switched.
//! Only the latest is kept: it tells people what happened between two calls, and nothing depends on it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::world::{Deed, LogLine};

/// How many lines are kept of one sandbox, and how many bytes of them.
const MOST: usize = 500;
const MOST_BYTES: usize = 256 * 1024;
/// What is longer is left out of a line.
const LONGEST_DETAIL: usize = 16 * 1024;

/// The lines of a sandbox.
#[derive(Default)]
pub struct Deeds(Mutex<Lines>);

/// Oldest first, and how many there ever were.
#[derive(Default)]
struct Lines {
    kept: VecDeque<LogLine>,
    bytes: usize,
    written: u64,
}

impl Lines {
    fn push(&mut self, mut line: LogLine) {
        line.detail = line.detail.filter(|detail| detail.to_string().len() <= LONGEST_DETAIL);
        self.written = line.number;
        self.bytes += line.size();
        self.kept.push_back(line);
        while self.kept.len() > MOST || self.bytes > MOST_BYTES {
            // Receivers of webhooks are the last to go: an exported conversation is made with them.
            let is_other = |line: &LogLine| !matches!(line.what, Deed::Subscribed | Deed::Unsubscribed);
            let oldest = self.kept.iter().position(is_other).unwrap_or_default();
            let Some(line) = self.kept.remove(oldest) else { return };
            self.bytes -= line.size();
        }
    }
}

impl Deeds {
    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line, which gets its number; `tell` is told in the order of the lines.
    pub(super) fn add(&self, mut line: LogLine, tell: impl FnOnce(&LogLine)) {
        let mut lines = self.lines();
        line.number = lines.written + 1;
        tell(&line);
        lines.push(line);
    }

    /// Adds a line with the number that it has in another copy of the sandbox, unless it is here.
    pub fn add_numbered(&self, line: LogLine) {
        let mut lines = self.lines();
        if line.number > lines.written {
            lines.push(line);
        }
    }

    /// Forgets all lines, also how many there were.
    pub fn forget(&self) {
        *self.lines() = Lines::default();
    }

    /// All lines that are kept, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<LogLine> {
        self.lines().kept.iter().cloned().collect()
    }

    /// The lines between two calls, oldest first; of many the latest, with whether there are more.
    #[must_use]
    pub fn between(&self, (since, until): (u64, u64), limit: usize) -> (Vec<LogLine>, bool) {
        let lines = self.lines();
        let mut fitting = lines.kept.iter().rev().filter(|line| (since..=until).contains(&line.after));
        let mut latest: Vec<LogLine> = fitting.by_ref().take(limit).cloned().collect();
        latest.reverse();
        (latest, fitting.next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_kept_has_a_size() {
        let deeds = Deeds::default();
        let size = || deeds.all().iter().map(LogLine::size).sum::<usize>();
        for _ in 0..MOST {
            let long = "n".repeat(900_000);
            deeds.add(LogLine::of(Deed::Scenario, Some(&long)), |_| ());
            deeds.add(LogLine { detail: Some(json!({"url": "u".repeat(10_000)})), ..LogLine::of(Deed::Subscribed, Some("id")) }, |_| ());
            deeds.add(LogLine { detail: Some(json!({"url": long})), ..LogLine::of(Deed::Subscribed, Some("id")) }, |_| ());
            assert!(size() <= MOST_BYTES, "{}", size());
        }
        assert_eq!(deeds.all().last().map(|line| line.number), Some(3 * MOST as u64));
    }
}
