//! Epochs of a sandbox: one ends when its state is replaced, and what was begun in it ends without effect.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Sandbox;

#[derive(Default)]
pub(super) struct Epoch {
    /// How often the state was replaced.
    number: AtomicU64,
    /// Where replicas share the sandbox: whether the copy of it that this is is being read again, and how often it was.
    is_read_again: AtomicBool,
    readings: AtomicU64,
}

/// A sandbox whose copy is being read again.
pub struct ReadAgain<'s>(&'s Sandbox);

impl Drop for ReadAgain<'_> {
    fn drop(&mut self) {
        self.0.epoch.is_read_again.store(false, Ordering::Release);
        self.0.epoch.readings.fetch_add(1, Ordering::Release);
        self.0.notify_waiters();
    }
}

impl Sandbox {
    /// The present epoch. It ends when the state is replaced, by a reset, a snapshot or a scenario, and when the sandbox is removed.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.number.load(Ordering::Acquire)
    }

    /// Begins another epoch, while the state is locked. While a copy is read again, nothing that is made again begins one.
    pub fn begin_epoch(&self) {
        if !self.epoch.is_read_again.load(Ordering::Acquire) {
            self.end_epoch();
        }
    }

    pub(super) fn end_epoch(&self) {
        self.epoch.number.fetch_add(1, Ordering::Release);
        self.notify_waiters();
    }

    /// Says that a copy of what replicas share is made what the others have, until the guard is dropped. Another epoch begins if that
    /// `is_another` world than the one that the copy was of.
    pub fn read_again(&self, is_another: bool) -> ReadAgain<'_> {
        if is_another {
            self.end_epoch();
        }
        self.epoch.is_read_again.store(true, Ordering::Release);
        ReadAgain(self)
    }

    /// How often it was read again.
    #[must_use]
    pub fn readings(&self) -> u64 {
        self.epoch.readings.load(Ordering::Acquire)
    }
}
