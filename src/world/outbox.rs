//! What a world has to tell somebody outside and has not been answered for yet.
//!
//! The machine writes here, the shell sends and reports back, and only the report takes a row out: a world that is copied
//! while something is on its way sends it again, and nothing is ever lost between two processes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// One delivery that waits for the shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// When it became due.
    pub at: Timestamp,
    /// In whose data its document lies.
    pub account: AccountId,
    /// Which vendor tells it.
    pub vendor: Name,
    /// The id of that document.
    pub delivery: Arc<str>,
}

/// All that waits, in order of becoming due.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    rows: BTreeMap<u64, OutboxEntry>,
    posted: u64,
}

impl Outbox {
    /// What waits, in order.
    pub fn iter(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.rows.values()
    }

    /// How much waits.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing does.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The number of a delivery that is posted now.
    pub(super) fn next_number(&self) -> u64 {
        self.posted
    }

    /// The number of a delivery that waits.
    pub(super) fn number(&self, account: AccountId, delivery: &str) -> Option<u64> {
        let mut rows = self.rows.iter();
        rows.find(|(_, row)| row.account == account && &*row.delivery == delivery).map(|(number, _)| *number)
    }

    pub(super) fn get(&self, number: u64) -> Option<&OutboxEntry> {
        self.rows.get(&number)
    }

    /// Says what stands under a number; what stood there before.
    pub(super) fn set(&mut self, number: u64, entry: Option<OutboxEntry>) -> Option<OutboxEntry> {
        match entry {
            None => self.rows.remove(&number),
            Some(entry) => {
                self.posted = self.posted.max(number + 1);
                self.rows.insert(number, entry)
            }
        }
    }
}
