//! How a sandbox is locked: by those who have time, and by those who do not.

use std::hint;
use std::sync::atomic::Ordering;
use std::sync::{OnceLock, PoisonError, TryLockError};
use std::thread;

use super::Sandbox;
use crate::engine::pace::HasTime;
use crate::engine::recorder::Guard;

/// How often a lock is tried before others get the processor.
const SPINS: usize = 64;

/// How a thread waits for a lock: it calls what takes it, if it is free (`false`) or once it is (`true`), until that says that it was
/// taken. Meanwhile others can do what else the thread has to do.
pub type Wait = fn(&mut dyn FnMut(bool) -> bool);

/// Where nobody says how, a thread is just kept.
static WAIT: OnceLock<Wait> = OnceLock::new();

/// Says how threads of this process wait for locked sandboxes, once.
pub fn wait_by(wait: Wait) {
    let _ = WAIT.set(wait);
}

/// A list that takes long, while it is being read.
pub(in crate::engine) struct LongRead<'s>(&'s Sandbox);

impl Drop for LongRead<'_> {
    fn drop(&mut self) {
        self.0.reading.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Sandbox {
    /// The state, locked. What panicked while it was locked has been rolled back, so the lock is never poisoned for others.
    pub fn lock(&self) -> Guard<'_> {
        if let Some(state) = self.try_lock() {
            return state;
        }
        let lock = || Guard(self.state.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(wait) = WAIT.get() else { return lock() };
        let mut state = None;
        wait(&mut |is_patient| {
            state = if is_patient { Some(lock()) } else { self.try_lock() };
            state.is_some()
        });
        state.unwrap_or_else(lock)
    }

    /// Whether somebody keeps it locked for longer than others wait.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        self.reading.load(Ordering::Relaxed) > 0 || self.is_kept.load(Ordering::Relaxed) && self.try_lock().is_none()
    }

    pub(in crate::engine) fn read_long(&self) -> LongRead<'_> {
        self.reading.fetch_add(1, Ordering::Relaxed);
        LongRead(self)
    }

    /// The state, unless it is locked.
    pub fn try_lock(&self) -> Option<Guard<'_>> {
        match self.state.try_lock() {
            Ok(state) => Some(Guard(state)),
            Err(TryLockError::Poisoned(poisoned)) => Some(Guard(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The state, once it is given back, if that is before the time is up. Where somebody keeps it for longer, nobody else waits until it
    /// is given back.
    pub(in crate::engine) fn lock_within(&self, has_time: HasTime<'_>) -> Option<Guard<'_>> {
        loop {
            for _ in 0..SPINS {
                if let Some(state) = self.try_lock() {
                    if self.is_kept.load(Ordering::Relaxed) {
                        self.is_kept.store(false, Ordering::Relaxed);
                    }
                    return Some(state);
                }
                if self.is_kept.load(Ordering::Relaxed) {
                    return None;
                }
                hint::spin_loop();
            }
            if !has_time() {
                self.is_kept.store(true, Ordering::Relaxed);
                return None;
            }
            thread::yield_now();
        }
    }
}
