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
use crate::world::World;

/// What every sandbox takes besides its usage: the free part of both of its worlds.
pub const EMPTY_SANDBOX: usize = 2 * World::FREE;

/// What sandboxes may hold, and what all of them together hold.
pub(super) struct Budget {
    sandbox_bytes: usize,
    total_bytes: usize,
    pub(super) journal_bytes: usize,
    journals_bytes: usize,
    /// What each sandbox that is there may hold in any case, where an earlier process has left more than fits; else nothing.
    share: AtomicUsize,
    documents: Arc<AtomicUsize>,
    journals: Arc<AtomicUsize>,
}

/// One sandbox's share of a sum over all of them; taken off when it is dropped.
pub(super) struct ByteMeter {
    sum: Arc<AtomicUsize>,
    own: AtomicUsize,
    /// What it adds to the sum besides `own`.
    base: usize,
}

/// What a sandbox holds, and what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Usage {
    /// Bytes of its documents, snapshots, scenario and faults, and about what is kept with them: tasks, accounts, credentials and
    /// counters. The first 16 KiB of the latter are free.
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

/// What all sandboxes hold together, and what they may hold, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Budgets")]
pub struct TotalUsage {
    /// What counts in each sandbox, and 32 KiB for each.
    pub documents: usize,
    pub documents_limit: usize,
    /// The size of all journals.
    pub journals: usize,
    pub journals_limit: usize,
}

impl ByteMeter {
    fn new(sum: &Arc<AtomicUsize>, base: usize) -> Self {
        sum.fetch_add(base, Ordering::Relaxed);
        Self { sum: Arc::clone(sum), own: AtomicUsize::new(0), base }
    }

    pub fn own(&self) -> usize {
        self.own.load(Ordering::Relaxed)
    }

    fn sum(&self) -> usize {
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
        self.sum.fetch_sub(self.base, Ordering::Relaxed);
    }
}

impl Budget {
    pub fn new(options: &Options) -> Self {
        Self {
            sandbox_bytes: options.sandbox_bytes,
            total_bytes: options.total_bytes,
            journal_bytes: options.journal_bytes,
            journals_bytes: options.journals_bytes,
            share: AtomicUsize::new(0),
            documents: Arc::default(),
            journals: Arc::default(),
        }
    }

    /// A meter for the documents of a new sandbox.
    pub fn documents_meter(&self) -> ByteMeter {
        ByteMeter::new(&self.documents, EMPTY_SANDBOX)
    }

    /// A meter for the journal of a new sandbox.
    pub fn journal_meter(&self) -> ByteMeter {
        ByteMeter::new(&self.journals, 0)
    }

    /// How many more bytes of documents a sandbox may take in.
    pub fn room(&self, documents: &ByteMeter) -> usize {
        let own = documents.own();
        let of_all = self.total_bytes.saturating_sub(documents.sum()).max(self.share().saturating_sub(own));
        self.sandbox_bytes.saturating_sub(own).min(of_all)
    }

    /// Has each of so many sandboxes have room of its own from now on, however much others hold.
    pub fn set_share(&self, sandboxes: usize) {
        self.share.store((self.total_bytes / sandboxes.max(1)).saturating_sub(EMPTY_SANDBOX), Ordering::Relaxed);
    }

    fn share(&self) -> usize {
        self.share.load(Ordering::Relaxed)
    }

    /// By how much a sandbox exceeds its budget.
    pub fn excess(&self, documents: &ByteMeter) -> usize {
        documents.own().saturating_sub(self.sandbox_bytes)
    }

    /// By how much all journals together exceed their budget.
    pub fn journals_excess(&self) -> usize {
        self.journals.load(Ordering::Relaxed).saturating_sub(self.journals_bytes)
    }

    /// What a journal may hold however much others do, when there are so many.
    pub fn journal_share(&self, journals: usize) -> usize {
        self.journals_bytes / journals.max(1)
    }

    /// How many bytes a staged sandbox may hold, when so many are freed for it.
    pub fn room_for_new(&self, freed: usize) -> usize {
        let sum = (self.documents.load(Ordering::Relaxed) + EMPTY_SANDBOX).saturating_sub(freed);
        let share = if freed > 0 { self.share() } else { 0 };
        self.sandbox_bytes.min(self.total_bytes.saturating_sub(sum).max(share))
    }

    /// Whether a staged sandbox keeps within the budgets, when so many bytes are freed for it.
    pub fn fits(&self, documents: &ByteMeter, freed: usize) -> bool {
        let is_in_share = freed > 0 && documents.own() <= self.share();
        documents.own() <= self.sandbox_bytes && (is_in_share || documents.sum().saturating_sub(freed) <= self.total_bytes)
    }

    pub fn total_usage(&self) -> TotalUsage {
        TotalUsage {
            documents: self.documents.load(Ordering::Relaxed),
            documents_limit: self.total_bytes,
            journals: self.journals.load(Ordering::Relaxed),
            journals_limit: self.journals_bytes,
        }
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
        let budget = Budget::new(&Options { sandbox_bytes: 100, total_bytes: 150 + 2 * EMPTY_SANDBOX, ..Options::default() });
        let (one, other) = (budget.documents_meter(), budget.documents_meter());
        one.set(80);
        assert_eq!((budget.room(&one), budget.room(&other)), (20, 70));
        other.set(70);
        assert_eq!((budget.room(&one), budget.usage(&other, 0).full), (0, true));
        let staged = budget.documents_meter();
        staged.set(70);
        let replaced = 70 + EMPTY_SANDBOX;
        assert!(!budget.fits(&staged, replaced - 1) && budget.fits(&staged, replaced));
        staged.set(101);
        assert!(!budget.fits(&staged, replaced + 101));
        drop(staged);
        one.set(10);
        assert_eq!(budget.room(&other), 30);
    }

    #[test]
    fn where_an_earlier_process_left_too_much_each_sandbox_has_a_share() {
        let budget = Budget::new(&Options { sandbox_bytes: 60, total_bytes: 2 * (100 + EMPTY_SANDBOX), ..Options::default() });
        let (huge, other) = (budget.documents_meter(), budget.documents_meter());
        huge.set(1_000_000);
        assert_eq!((budget.excess(&huge), budget.room(&other)), (999_940, 0));
        budget.set_share(2);
        assert_eq!((budget.room(&huge), budget.room(&other)), (0, 60));
        other.set(50);
        assert_eq!((budget.room(&other), budget.excess(&other)), (10, 0));
        // What takes the place of one may be as large; further ones have no room.
        let staged = budget.documents_meter();
        staged.set(60);
        assert!(budget.fits(&staged, 50 + EMPTY_SANDBOX) && !budget.fits(&staged, 0));
        assert_eq!((budget.room_for_new(50 + EMPTY_SANDBOX), budget.room_for_new(0)), (60, 0));
    }
}
