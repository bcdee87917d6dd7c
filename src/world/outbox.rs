//! The deliveries that are due and not reported on yet.
//!
//! The machine adds entries, the shell sends them and reports the results, and only the report removes an entry: a world that is
//! copied while a request is under way sends it again, and nothing is ever lost between two processes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// About what an entry takes in memory besides the id of its delivery.
const ENTRY: usize = 200;

/// One delivery that the shell has to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxEntry {
    pub at: Timestamp,
    /// The account whose document it is.
    pub account: AccountId,
    pub vendor: Name,
    /// The id of the delivery.
    pub delivery: Arc<str>,
}

/// All entries, in order of becoming due.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    rows: BTreeMap<u64, OutboxEntry>,
    posted: u64,
    /// About the bytes of all entries.
    bytes: usize,
}

impl Outbox {
    pub fn iter(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.rows.values()
    }

    /// About the bytes that all entries take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number that the next entry gets.
    pub(super) fn next_number(&self) -> u64 {
        self.posted
    }

    /// The number of the entry of a delivery.
    pub(super) fn number(&self, account: AccountId, delivery: &str) -> Option<u64> {
        let mut rows = self.rows.iter();
        rows.find(|(_, row)| row.account == account && &*row.delivery == delivery).map(|(number, _)| *number)
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.rows.keys().copied()
    }

    pub(super) fn get(&self, number: u64) -> Option<&OutboxEntry> {
        self.rows.get(&number)
    }

    /// Sets or removes an entry, and returns the entry before.
    pub(super) fn set(&mut self, number: u64, entry: Option<OutboxEntry>) -> Option<OutboxEntry> {
        let before = match entry {
            None => self.rows.remove(&number),
            Some(entry) => {
                self.posted = self.posted.max(number + 1);
                self.bytes += ENTRY + entry.delivery.len();
                self.rows.insert(number, entry)
            }
        };
        self.bytes -= before.as_ref().map_or(0, |entry| ENTRY + entry.delivery.len());
        before
    }
}
