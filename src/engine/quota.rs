//! Budgets of bytes: of one sandbox, and of all together.
//!
//! **Invariant:** what a sandbox holds is counted after every step that changes it, so that the sum over all sandboxes is
//! known without asking any of them, and one that is over its budget harms no other. Documents that copies of a sandbox
//! share are counted in each of them: the sum may be too high, never too low.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::machine::Machine;
use crate::engine::sandbox::Sandbox;

/// One sandbox's share of a sum over all of them; taken off when it is dropped.
pub(super) struct ByteMeter {
    sum: Arc<AtomicUsize>,
    own: AtomicUsize,
}

/// What a sandbox holds, and what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Usage {
    /// Bytes of its documents, snapshots, scenario and faults.
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
    pub fn new(sum: &Arc<AtomicUsize>) -> Self {
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

impl Machine {
    /// How many more bytes of documents a sandbox may take in.
    #[must_use]
    pub fn room(&self, sandbox: &Sandbox) -> usize {
        let own = self.options.sandbox_bytes.saturating_sub(sandbox.documents.own());
        own.min(self.options.total_bytes.saturating_sub(sandbox.documents.sum()))
    }

    /// What a sandbox holds.
    #[must_use]
    pub fn usage(&self, sandbox: &Sandbox) -> Usage {
        Usage {
            documents: sandbox.documents.own(),
            documents_limit: self.options.sandbox_bytes,
            journal: sandbox.journal().bytes(),
            journal_limit: self.options.journal_bytes,
            full: self.room(sandbox) == 0,
        }
    }
}
