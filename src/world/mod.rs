//! The state of one sandbox: accounts with their documents, a clock, an agenda, an outbox and counters; and the journal.
//!
//! A [`World`] is plain data. It does nothing by itself, reads no clock and knows no vendor; two worlds that are equal answer
//! the same call alike. Cloning one is cheap, because documents are shared until one side writes (`documents`), which is what
//! reset, snapshot and fork stand on.
//!
//! **Invariant:** a world is changed by its own functions alone (`changes`), each of which notes in the log what was there
//! before. From that log changes are rolled back (`transaction`), and redo records are made of them (`redo`).

mod accounts;
mod agenda;
mod changes;
mod clock;
mod counters;
mod deed;
mod difference;
mod documents;
mod journal;
pub mod note;
mod outbox;
mod redo;
mod slot;
mod transaction;
mod tried;
mod wire;

pub use accounts::{Account, AccountId, Accounts, Credential};
pub use agenda::{Agenda, Task, TaskKey};
pub use changes::Tally;
pub use clock::{Clock, Mode, Target};
pub use counters::{Count, Counter, Counters, aside};
pub use deed::{Deed, LogLine};
pub use documents::{Kind, Row, Table};
pub use journal::{Entry, Journal, Message, Removed, Shrunk, add_removed};
pub use note::{Blame, Effect, EffectKind, Note, WordedNote, Wording};
pub use outbox::{Outbox, OutboxEntry};
pub use redo::{Change, Mismatch};
pub use slot::Slot;
pub use transaction::Savepoint;
pub use tried::{How, Met, Tried};
pub use wire::{End, Ended, OnWire, Sent, Took};

use transaction::Log;

use crate::base::entropy::Secret;

/// Everything of a sandbox's data that a snapshot has to keep.
#[derive(Clone)]
pub struct World {
    seed: u64,
    /// What generated secrets come from; `None` is the seed, which was asked for.
    secret: Option<Secret>,
    clock: Clock,
    /// Where the clock is being moved to. Who copies a world has no part in that.
    target: Option<Target>,
    accounts: Accounts,
    agenda: Agenda,
    outbox: Outbox,
    counters: Counters,
    log: Log,
    scratch: Scratch,
}

/// Where a document is written before it is stored: one buffer for all. Copies of a world begin without.
#[derive(Default)]
struct Scratch(Vec<u8>);

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Does not compile when there is another member: `persist/world.rs` has to write it, unless it follows from the others, or ends with the
/// sandbox as a target does.
const _: fn(World) =
    |World { seed: _, clock: _, target: _, accounts: _, agenda: _, outbox: _, counters: _, log: _, scratch: _, secret: _ }| ();

impl World {
    /// A world without accounts and tasks.
    #[must_use]
    pub fn new(seed: u64, clock: Clock) -> Self {
        Self {
            seed,
            secret: None,
            clock,
            target: None,
            accounts: Accounts::default(),
            agenda: Agenda::default(),
            outbox: Outbox::default(),
            counters: Counters::default(),
            log: Log::default(),
            scratch: Scratch::default(),
        }
    }

    /// A world with the same clock, credentials and counters, in which nothing is stored and nothing is due: as much as a refusal needs.
    #[must_use]
    pub fn without_documents(&self) -> Self {
        Self {
            secret: self.secret,
            accounts: self.accounts.without_documents(),
            counters: self.counters.clone(),
            ..Self::new(self.seed, self.clock)
        }
    }

    /// Bytes besides documents that are not counted: every world takes some, however little it holds.
    pub const FREE: usize = 16 * 1024;

    /// The bytes of all documents, those included that are there only for a reset, and about what everything else takes in memory
    /// beyond [`World::FREE`]. Known at any time without counting.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.accounts.bytes() + self.overhead()
    }

    /// About what everything but the text of documents takes in memory beyond [`World::FREE`].
    #[must_use]
    pub fn overhead(&self) -> usize {
        self.all_overhead().saturating_sub(Self::FREE)
    }

    /// The part of [`World::FREE`] that is used.
    #[must_use]
    pub fn uncounted(&self) -> usize {
        self.all_overhead().min(Self::FREE)
    }

    fn all_overhead(&self) -> usize {
        self.accounts.overhead() + self.agenda.bytes() + self.outbox.bytes() + self.counters.bytes()
    }

    /// The seed that every random stream is derived from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What generated secrets come from; `None` is the seed.
    #[must_use]
    pub fn secret(&self) -> Option<Secret> {
        self.secret
    }

    /// Sets what everything random comes from, for a world that begins or goes another way. Redo records of changes do not have it.
    pub fn reseed(&mut self, seed: u64, secret: Option<Secret>) {
        (self.seed, self.secret) = (seed, secret);
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where the clock is being moved to, if it is.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        self.target
    }

    /// Accounts of all vendors, with their documents.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    #[must_use]
    pub fn agenda(&self) -> &Agenda {
        &self.agenda
    }

    /// The deliveries that are due and not reported on yet.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The counters of the scenario and of the faults.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}
