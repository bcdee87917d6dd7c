//! Movements of clocks that this process makes. Where each clock is being moved to is kept with its sandbox: when the process ends before
//! it is there, the next one, or another replica, goes on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::time::Timestamp;
use crate::engine::Sandbox;

/// How many movements are under way here, by the addresses of their sandboxes.
#[derive(Default)]
pub(super) struct ClockMoves(Mutex<BTreeMap<usize, usize>>);

/// Says that this process moves the clock of a sandbox, until it is dropped.
pub(super) struct Mover {
    moves: Arc<ClockMoves>,
    sandbox: Arc<Sandbox>,
}

/// A movement that was promised.
pub(super) struct ClockMove {
    mover: Mover,
    /// That of the promise: a movement that waits while the sandbox is reset moves nothing.
    pub epoch: u64,
    pub to: Timestamp,
    /// How many tasks have run so far.
    pub fired: AtomicU64,
}

impl ClockMoves {
    /// Begins to move the clock of a sandbox, which others may do as well.
    pub fn begin(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Mover {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(address(sandbox)).or_default() += 1;
        Mover { moves: Arc::clone(self), sandbox: Arc::clone(sandbox) }
    }

    /// Goes on with a movement that was promised, and that nobody here makes.
    pub fn go_on(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Option<ClockMove> {
        let (epoch, target) = (sandbox.epoch(), sandbox.lock().world.target()?);
        let is_made = self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&address(sandbox));
        (!is_made).then(|| ClockMove::new(self.begin(sandbox), epoch, target.to))
    }
}

impl ClockMove {
    pub fn new(mover: Mover, epoch: u64, to: Timestamp) -> Self {
        Self { mover, epoch, to, fired: AtomicU64::new(0) }
    }

    pub fn sandbox(&self) -> &Arc<Sandbox> {
        &self.mover.sandbox
    }

    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::Relaxed)
    }
}

impl Drop for Mover {
    fn drop(&mut self) {
        let mut moves = self.moves.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = moves.get_mut(&address(&self.sandbox)) {
            *count -= 1;
            if *count == 0 {
                moves.remove(&address(&self.sandbox));
            }
        }
    }
}

/// A movement holds its sandbox, so that no other one has its address meanwhile.
fn address(sandbox: &Arc<Sandbox>) -> usize {
    Arc::as_ptr(sandbox) as usize
}
