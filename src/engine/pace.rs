//! How long a call may keep the one who makes it: a worker that serves connections gives up what takes long, so that it is begun again
//! elsewhere.

use std::cell::Cell;

/// Whether the lock of a sandbox may be kept for another task. What is due without end is done in slices, so that others get the lock
/// in between; the machine reads no clock, so the caller says when a slice is over.
pub type HasTime<'c> = &'c (dyn Fn() -> bool + Sync);

/// All tasks run in one slice.
pub const UNLIMITED: HasTime<'static> = &|| true;

/// How much time there is for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// That of a worker that serves connections. Nothing is waited for, no file is drawn, few documents are read, and of what is due only
    /// what is short is done first.
    Moment,
    /// That of a worker apart from those: what is due is done first, and files are drawn.
    Slice,
    /// That of a thread of its own.
    Whole,
}

/// Why a call was given up, without any effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// Its sandbox is in use, or more is due in it than there is time for.
    Busy,
    /// It reads more documents than there is time for.
    Long,
    /// It draws a file, which takes time and memory.
    Draws,
}

/// How many bytes of documents a call reads in a hurry, which takes a millisecond or two. To pass over them counts less.
pub(super) const QUICK: usize = 256 << 10;

/// What is still read in a hurry. A handler that needs more sees no more documents, and what it does is rolled back.
pub(crate) struct Hurry {
    left: Cell<usize>,
    is_over: Cell<bool>,
}

impl Hurry {
    pub fn new(bytes: usize) -> Self {
        Self { left: Cell::new(bytes), is_over: Cell::new(false) }
    }

    /// Whether so many bytes more are read.
    pub fn takes(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or_default());
        self.is_over.set(self.is_over.get() || left.is_none());
        !self.is_over.get()
    }

    /// Whether more was to be read.
    pub fn is_over(&self) -> bool {
        self.is_over.get()
    }
}
