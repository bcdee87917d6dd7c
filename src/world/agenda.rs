//! What will happen in a world, and when.
//!
//! **Invariant:** nothing in the machine sleeps or runs by itself. What will happen later is a task here, in order of
//! time and, within one instant, of scheduling. A task is never removed: its handler looks at the documents first and does
//! nothing if they moved on.

use std::collections::BTreeMap;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// Something due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// In whose data it happens.
    pub account: AccountId,
    /// The vendor that wrote it down.
    pub vendor: Name,
    /// What happens; the vendor (or the parcel core) knows the word.
    pub topic: Name,
    /// To which document.
    pub subject: Box<str>,
    /// Which step of it.
    pub step: u32,
}

/// All that is due, soonest first.
#[derive(Clone, Default)]
pub struct Agenda {
    due: BTreeMap<(Timestamp, u64), Task>,
    written: u64,
}

impl Agenda {
    /// Writes a task down; the number is for [`Agenda::strike`].
    pub fn add(&mut self, at: Timestamp, task: Task) -> (Timestamp, u64) {
        let key = (at, self.written);
        self.due.insert(key, task);
        self.written += 1;
        key
    }

    /// Takes back what was written down by a call that did not succeed.
    pub fn strike(&mut self, key: (Timestamp, u64)) {
        self.due.remove(&key);
    }

    /// When the next task is due.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next task that is due at `now` or earlier.
    pub fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Task)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().0 <= now)?;
        let ((at, _), task) = entry.remove_entry();
        Some((at, task))
    }

    /// All that is due, soonest first.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &Task)> {
        self.due.iter().map(|((at, _), task)| (*at, task))
    }

    /// How much is due.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}
