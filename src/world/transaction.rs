//! The log of a world: what was there before each change, so that changes can be rolled back.
//!
//! A transaction is what happens between [`World::savepoint`] and [`World::release`] or [`World::roll_back`]; savepoints nest.
//! The log is kept while a savepoint is open or the world is recorded (`redo`), and costs a branch for each change otherwise.

use std::sync::Arc;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::World;
use crate::world::accounts::{AccountId, Credential};
use crate::world::agenda::{Entry, TaskKey};
use crate::world::clock::{Clock, Target};
use crate::world::counters::{Count, Counter};
use crate::world::documents::Undo;
use crate::world::outbox::OutboxEntry;

/// Memory for so many touches is kept for the next transaction.
const MOST_TOUCHES: usize = 64;

/// What one change touched, and what was there before.
pub(super) enum Touch {
    /// An account, the latest one, was opened.
    Opened,
    /// An account's calls were counted.
    Calls(AccountId, u64),
    /// An account's calls of a class were counted.
    Window(AccountId, Name, Option<(Timestamp, u64)>),
    /// A document, in the table with that number.
    Row(AccountId, u32, Undo),
    /// A task was written into the agenda or taken from it.
    Task(TaskKey, Option<Entry>),
    /// A delivery in the outbox.
    Outbox(u64, Option<OutboxEntry>),
    /// The credentials of a mount.
    Credentials(Name, Option<Arc<[Credential]>>),
    /// The clock was set, or runs differently.
    Clock(Clock),
    /// The clock is moved to somewhere else, or not any more.
    Target(Option<Target>),
    /// A counter of the scenario or of a fault.
    Counter(Name, Counter, Option<Count>),
}

/// The touches since the log was begun. A copy of a world begins with an empty log, because it has no savepoints.
#[derive(Default)]
pub(super) struct Log {
    touches: Vec<Touch>,
    /// How many savepoints are open.
    open: usize,
    /// Whether touches are kept until redo records are made of them.
    recorded: bool,
}

impl Clone for Log {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Log {
    /// Adds a touch, if there is a savepoint or changes are recorded.
    pub fn note(&mut self, touch: impl FnOnce() -> Touch) {
        if self.open > 0 || self.recorded {
            self.touches.push(touch());
        }
    }

    /// Keeps touches from now on, until they are taken.
    pub fn record(&mut self) {
        self.recorded = true;
    }

    pub fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// Takes all touches, oldest first; none while a savepoint is open, because what is sealed cannot be rolled back.
    pub fn take(&mut self) -> Vec<Touch> {
        if self.open > 0 { Vec::new() } else { std::mem::take(&mut self.touches) }
    }

    /// Returns the memory of taken touches for reuse.
    pub fn reuse(&mut self, mut touches: Vec<Touch>) {
        touches.clear();
        touches.shrink_to(MOST_TOUCHES);
        if self.touches.is_empty() {
            self.touches = touches;
        }
    }
}

/// A state that a world can be rolled back to. It ends with [`World::release`] or [`World::roll_back`].
#[must_use = "a savepoint is open until it is released or rolled back to"]
#[derive(Debug)]
pub struct Savepoint {
    touches: usize,
    open: usize,
}

impl World {
    /// Begins a transaction, or a part of one that can be rolled back on its own.
    pub fn savepoint(&mut self) -> Savepoint {
        self.log.open += 1;
        Savepoint { touches: self.log.touches.len(), open: self.log.open }
    }

    /// Keeps everything since a savepoint.
    ///
    /// # Panics
    /// If a later savepoint is still open, or the savepoint is another world's.
    pub fn release(&mut self, savepoint: Savepoint) {
        self.end(&savepoint);
        if self.log.open == 0 && !self.log.recorded {
            self.log.touches.clear();
            self.log.touches.shrink_to(MOST_TOUCHES);
        }
    }

    /// Undoes everything since a savepoint, latest first.
    ///
    /// # Panics
    /// As [`World::release`].
    pub fn roll_back(&mut self, savepoint: Savepoint) {
        self.end(&savepoint);
        while self.log.touches.len() > savepoint.touches {
            let Some(touch) = self.log.touches.pop() else { break };
            self.undo(touch);
        }
        if self.log.touches.is_empty() {
            self.log.touches.shrink_to(MOST_TOUCHES);
        }
    }

    fn end(&mut self, savepoint: &Savepoint) {
        assert_eq!(self.log.open, savepoint.open, "savepoints end in reverse order, in the world that gave them");
        self.log.open -= 1;
    }

    fn undo(&mut self, touch: Touch) {
        match touch {
            Touch::Opened => self.accounts.close_latest(),
            Touch::Calls(account, before) => self.accounts.set_calls(account, before),
            Touch::Window(account, class, before) => drop(self.accounts.set_window(account, class, before)),
            Touch::Row(account, table, undo) => self.accounts.revert(account, table, undo),
            Touch::Task(key, before) => drop(self.agenda.set(key, before)),
            Touch::Outbox(number, before) => drop(self.outbox.set(number, before)),
            Touch::Credentials(mount, before) => drop(self.accounts.set_credentials(mount, before)),
            Touch::Clock(before) => self.clock = before,
            Touch::Target(before) => self.target = before,
            Touch::Counter(owner, counter, before) => drop(self.counters.set(owner, counter, before)),
        }
    }
}
