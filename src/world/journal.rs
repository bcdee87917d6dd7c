//! What was asked and answered, newest last, within a budget of bytes.
//!
//! **Invariant:** memory is bounded: the oldest entries leave when the budget is used up, and every one that left is
//! counted, so that a verdict can say that its evidence is incomplete.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::time::Timestamp;

/// One exchange.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The value of `seatrial-request`: unique within the process, and the same in every run of the same calls.
    pub id: Box<str>,
    /// When, on the world's clock.
    pub at: Timestamp,
    /// The vendor that was asked; empty when no vendor was recognized.
    pub vendor: &'static str,
    /// The operation's full name (`shipmate.createConsignment`), if the path led to one.
    pub operation: Option<Arc<str>>,
    /// The method as sent.
    pub method: http::Method,
    /// The path and query as sent.
    pub target: Box<str>,
    /// The request's headers, a line each.
    pub request_headers: Box<str>,
    /// The request's body, cut at [`Journal::BODY`].
    pub request_body: Bytes,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, a line each.
    pub reply_headers: Box<str>,
    /// The answer's body, cut at [`Journal::BODY`].
    pub reply_body: Bytes,
    /// Lengths of the two bodies before they were cut.
    pub lengths: (usize, usize),
    /// Short codes for what departed from the spec.
    pub notes: Vec<Box<str>>,
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.id.len()
            + self.target.len()
            + self.request_headers.len()
            + self.request_body.len()
            + self.reply_headers.len()
            + self.reply_body.len()
            + self.notes.iter().map(|note| note.len() + size_of::<Box<str>>()).sum::<usize>()
    }
}

/// The exchanges of one sandbox.
pub struct Journal {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    budget: usize,
    /// How many exchanges were written down, ever.
    pub written: u64,
    /// How many of those are gone for want of room.
    pub dropped: u64,
}

impl Journal {
    /// How much of one body is kept.
    pub const BODY: usize = 64 * 1024;

    /// An empty journal that holds at most `budget` bytes.
    #[must_use]
    pub fn new(budget: usize) -> Self {
        Self { entries: VecDeque::new(), bytes: 0, budget, written: 0, dropped: 0 }
    }

    /// Writes an exchange down, dropping the oldest ones if need be.
    pub fn push(&mut self, entry: Entry) {
        self.bytes += entry.bytes();
        self.written += 1;
        self.entries.push_back(Arc::new(entry));
        while self.bytes > self.budget {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.dropped += 1;
        }
    }

    /// The exchanges that are still there, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    /// Keeps only what `keep` says; what leaves on request is not counted as dropped.
    pub fn retain(&mut self, keep: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| keep(entry));
        self.bytes = self.entries.iter().map(|entry| entry.bytes()).sum();
    }

    /// The bytes in use.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_holds_and_what_left_is_counted() {
        let mut journal = Journal::new(10_000);
        for number in 0..100 {
            journal.push(Entry {
                id: format!("{number}").into(),
                at: Timestamp::UNIX_EPOCH,
                vendor: "shippo",
                operation: None,
                method: http::Method::GET,
                target: "/".into(),
                request_headers: "".into(),
                request_body: Bytes::new(),
                status: 200,
                reply_headers: "".into(),
                reply_body: Bytes::from(vec![0; 1000]),
                lengths: (0, 1000),
                notes: Vec::new(),
            });
        }
        assert!(journal.bytes() <= 10_000);
        assert_eq!(journal.iter().count() as u64 + journal.dropped, 100);
        assert_eq!(journal.iter().next_back().map(|entry| &*entry.id), Some("99"));
    }
}
