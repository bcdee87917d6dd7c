//! Replicas that share their sandboxes through a database (`--database`).
//!
//! ```text
//! call ─▶ gate ─▶ row locked, records of others ─▶ handler ─▶ own records, exchanges, commit ─▶ answer
//!                 └──────── first trip ───────┘              └───────── second trip ───────┘
//! ```
//!
//! Nobody owns a sandbox. Every replica has a copy of each in memory, which is all that handlers see. What changes it is a [`Section`]: it
//! waits for the gate of the sandbox in this process, holds the row of the sandbox in the `ledger`, makes what other replicas have
//! recorded since, and ends in one commit of what it recorded itself. A copy whose commit failed is read again. `calls` puts many calls
//! into one section, `follow` looks after what others do meanwhile, `lane` says who sends webhooks. What is too large for a statement is
//! in `parts`, such as what a `checkpoint` stands for, which is written beside the calls.

mod calls;
mod checkpoint;
mod copy;
mod ends;
mod events;
mod follow;
mod lane;
mod ledger;
mod letters;
mod list;
mod options;
mod parts;
mod patience;
#[cfg(feature = "postgres")]
mod postgres;
mod replica;
mod section;
mod several;

pub use calls::Undone;
pub use events::NEWEST as NEWEST_FORMAT;
pub use lane::Lane;
pub use ledger::{
    AMONG_REPLICAS, Append, Begun, Birth, Checkpoint, Commit, Death, Fault, Head, Hold, InboxRow, Ledger, Letter, Letters, Mark, News,
    Receipt, ReplicaRow, Row, Share, Since, Trip,
};
pub use options::{Common, only_adds};
pub use parts::Parts;
pub use patience::Patience;
#[cfg(feature = "postgres")]
pub use postgres::{DatabaseError, Opening, Postgres};
pub use replica::{Fleet, JoinError, Reach, Which};
pub use section::{Failed, Section, Undecided};
pub use several::{Several, place_of};
