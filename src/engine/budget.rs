//! Budgets of bytes: of one sandbox, and of all together.
//!
//! **Invariant:** what a sandbox holds is counted after every step that changes it, so that the sum over all sandboxes is
//! known without asking any of them, and one that is over its budget harms no other. Documents that copies of a sandbox
//! share are counted in each of them: the sum may be too high, never too low.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::options::Options;

/// What sandboxes may hold, and what all of them together hold.
pub(super) struct Budget {
    sandbox_bytes: usize,
    total_bytes: usize,
    pub(super) journal_bytes: usize,
    documents: Arc<AtomicUsize>,
    journals: Arc<AtomicUsize>,
}

/// One sandbox's share of a sum over all of them; taken off when it is dropped.
pub(super) struct ByteMeter {
    sum: Arc<AtomicUsize>,
    own: AtomicUsize,
}

/// What a sandbox holds, and what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Usage {
    /// Bytes of its documents, snapshots, scenario and faults, and about what is kept with them: tasks, accounts, credentials and
    /// counters. The first 32 KiB of the latter are free.
    pub documents: usize,
    /// The limit of `documents` in bytes.
    pub documents_limit: usize,
    /// The size of its journal in bytes.
    pub journal: usize,
    /// The limit of `journal` in bytes.
    pub journal_limit: usize,
    /// Whether no document can be added any more.
    pub full: bool,
}

impl ByteMeter {
    fn new(sum: &Arc<AtomicUsize>) -> Self {
        Self { sum: Arc::clone(sum), own: AtomicUsize::new(0) }
    }

    pub fn own(&self) -> usize {
        self.own.load(Ordering::Relaxed)
    }

    pub fn sum(&self) -> usize {
        self.sum.load(Ordering::Relaxed)
    }

    pub fn set(&self, bytes: usize) {
        let before = self.own.swap(bytes, Ordering::Relaxed);
        if bytes > before {
            self.sum.fetch_add(bytes - before, Ordering::Relaxed);
        } else if before > bytes {
            self.sum.fetch_sub(before - bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for ByteMeter {
    fn drop(&mut self) {
        self.set(0);
    }
}

impl Budget {
    pub fn new(options: &Options) -> Self {
        Self {
            sandbox_bytes: options.sandbox_bytes,
            total_bytes: options.total_bytes,
            journal_bytes: options.journal_bytes,
            documents: Arc::default(),
            journals: Arc::default(),
        }
    }

    /// A meter for the documents of a new sandbox.
    pub fn documents_meter(&self) -> ByteMeter {
        ByteMeter::new(&self.documents)
    }

    /// A meter for the journal of a new sandbox.
    pub fn journal_meter(&self) -> ByteMeter {
        ByteMeter::new(&self.journals)
    }

    /// How many more bytes of documents a sandbox may take in.
    pub fn room(&self, documents: &ByteMeter) -> usize {
        let own = self.sandbox_bytes.saturating_sub(documents.own());
        own.min(self.total_bytes.saturating_sub(documents.sum()))
    }

    /// Whether a staged sandbox keeps within the budgets, when so many bytes are freed for it.
    pub fn fits(&self, documents: &ByteMeter, freed: usize) -> bool {
        documents.own() <= self.sandbox_bytes && documents.sum().saturating_sub(freed) <= self.total_bytes
    }

    pub fn usage(&self, documents: &ByteMeter, journal: usize) -> Usage {
        Usage {
            documents: documents.own(),
            documents_limit: self.sandbox_bytes,
            journal,
            journal_limit: self.journal_bytes,
            full: self.room(documents) == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_is_left_of_both_budgets_and_what_is_replaced_does_not_count() {
        let budget = Budget::new(&Options { sandbox_bytes: 100, total_bytes: 150, ..Options::default() });
        let (one, other) = (budget.documents_meter(), budget.documents_meter());
        one.set(80);
        assert_eq!((budget.room(&one), budget.room(&other)), (20, 70));
        other.set(70);
        assert_eq!((budget.room(&one), budget.usage(&other, 0).full), (0, true));
        let staged = budget.documents_meter();
        staged.set(70);
        assert!(!budget.fits(&staged, 69) && budget.fits(&staged, 70));
        staged.set(101);
        assert!(!budget.fits(&staged, 101));
        drop(staged);
        one.set(10);
        assert_eq!(budget.room(&other), 30);
    }
}
