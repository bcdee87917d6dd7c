//! What a world has to tell somebody outside and has not been answered for yet.
//!
//! The machine writes here, the shell sends and reports back, and only the report takes a row out: a world that is copied
//! while something is on its way sends it again, and nothing is ever lost between two processes.

use std::collections::VecDeque;

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
    pub delivery: Box<str>,
}

/// All that waits, in order of becoming due.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    rows: VecDeque<OutboxEntry>,
}

impl Outbox {
    /// Adds a delivery.
    pub fn add(&mut self, posted: OutboxEntry) {
        self.rows.push_back(posted);
    }

    /// Takes a delivery out, if it is there.
    pub fn remove(&mut self, account: AccountId, delivery: &str) -> Option<OutboxEntry> {
        let place = self.rows.iter().position(|row| row.account == account && &*row.delivery == delivery)?;
        self.rows.remove(place)
    }

    /// What waits, in order.
    pub fn iter(&self) -> impl Iterator<Item = &OutboxEntry> {
        self.rows.iter()
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
}
