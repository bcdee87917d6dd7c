//! One isolated universe: accounts with their documents, a clock, an agenda and a journal.
//!
//! A [`World`] is plain data. It does nothing by itself, reads no clock and knows no vendor; two worlds that are equal
//! behave alike. Cloning one is cheap, because documents are shared until one side writes (`documents`), which is what
//! reset, snapshot and fork stand on.

mod accounts;
mod agenda;
mod clock;
mod documents;
mod journal;
mod outbox;

pub use accounts::{Account, AccountId, Accounts, Credential};
pub use agenda::{Agenda, Task};
pub use clock::{Clock, Mode};
pub use documents::{Kind, Table, Undo};
pub use journal::{Entry, Exchange, Journal};
pub use outbox::{Outbox, OutboxEntry};

/// Everything of a sandbox's data that a snapshot has to keep.
#[derive(Clone)]
pub struct World {
    /// What every stream of randomness is derived from.
    pub seed: u64,
    /// The virtual time.
    pub clock: Clock,
    /// Accounts of all vendors, with their documents.
    pub accounts: Accounts,
    /// What will happen.
    pub agenda: Agenda,
    /// What subscribers have to be told and have not answered for.
    pub outbox: Outbox,
}
