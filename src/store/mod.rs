//! Sandboxes that outlive the process (`--data-dir`).
//!
//! ```text
//! call ─▶ sandbox ─▶ Record, Exchange ─▶ queue ─▶ batch ─▶ disk
//!   ▲        (under its lock)              one thread        │
//!   └──────────── answered once its position is kept ◀───────┘
//! ```
//!
//! The world in memory is all that handlers see. Every locked section of a sandbox ends in a record of what it changed
//! (`engine/recorder.rs`); the records of a sandbox since its latest checkpoint are read and made again when a process starts (`load`).
//! `files` is the directory, `aside` a copy of it to look at, `disk` the rows in it and `tables` the embedded store, `codec` and
//! `exchange` the bytes in it, `item` what waits in the queue, and `writer` the queue and the thread that writes.

mod aside;
pub mod check;
mod codec;
mod complaints;
mod disk;
pub mod exchange;
mod files;
mod item;
mod load;
mod tables;
mod writer;

use std::time::Duration;

pub use codec::{CodecError, Compile, Prepared, read, write};
pub use complaints::log_complaints;
pub use disk::{Left, StoreError};
pub use files::FORMAT;
pub use load::{Compiler, Opened, open};
pub use writer::{Lost, Store};

/// When what is written has to be on the disk itself, and not only with the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Before a call is answered: nothing answered is lost when the power fails.
    Always,
    /// So long after it was written, at the latest.
    Interval(Duration),
    /// When the kernel does it.
    Off,
}
