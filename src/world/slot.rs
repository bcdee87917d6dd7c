//! One place in a journal: an exchange, or one that an earlier process has written and nobody has looked at yet.

use std::sync::{Arc, LazyLock};

use crate::world::Entry;

/// An exchange, which is read when it is looked at first if it was written before. Copies share it.
#[derive(Clone)]
pub enum Slot {
    /// It, and how much it takes in memory, which is not counted again when it leaves.
    Read(Arc<Entry>, usize),
    Unread(Arc<Unread>),
}

/// An exchange of which nothing is known but its number and how much it takes in memory.
pub struct Unread {
    number: u64,
    bytes: usize,
    entry: LazyLock<Arc<Entry>, Box<dyn FnOnce() -> Arc<Entry> + Send>>,
}

impl Slot {
    #[must_use]
    pub fn read(entry: Arc<Entry>) -> Self {
        let bytes = entry.bytes();
        Self::Read(entry, bytes)
    }

    /// An exchange that `read` makes when somebody looks at it. Until then it counts as what it will take.
    pub fn unread(number: u64, bytes: usize, read: impl FnOnce() -> Entry + Send + 'static) -> Self {
        let entry = LazyLock::new(Box::new(move || Arc::new(read())) as Box<dyn FnOnce() -> Arc<Entry> + Send>);
        Self::Unread(Arc::new(Unread { number, bytes, entry }))
    }

    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Read(entry, _) => entry.number,
            Self::Unread(unread) => unread.number,
        }
    }

    /// How much it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Read(_, bytes) => *bytes,
            Self::Unread(unread) => unread.bytes,
        }
    }

    #[must_use]
    pub fn entry(&self) -> &Arc<Entry> {
        match self {
            Self::Read(entry, _) => entry,
            Self::Unread(unread) => &unread.entry,
        }
    }
}

impl From<Entry> for Slot {
    fn from(entry: Entry) -> Self {
        Self::read(Arc::new(entry))
    }
}
