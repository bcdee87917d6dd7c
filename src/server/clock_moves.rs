//! Movements of clocks: each is promised first, so that those that begin while another one is under way add up, and then made.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::base::time::Timestamp;
use crate::engine::Sandbox;

/// The movements that are under way, by the addresses of their sandboxes.
#[derive(Default)]
pub(super) struct ClockMoves(Mutex<BTreeMap<usize, Promise>>);

/// Where the clock of a sandbox will be when all its movements were made.
struct Promise {
    epoch: u64,
    to: Timestamp,
    moves: usize,
}

/// A movement that was promised, until it is dropped.
pub(super) struct ClockMove {
    moves: Arc<ClockMoves>,
    pub sandbox: Arc<Sandbox>,
    /// That of the request: a movement that waits while the sandbox is reset moves nothing.
    pub epoch: u64,
    pub to: Timestamp,
    /// How many tasks have run so far.
    pub fired: AtomicU64,
}

impl ClockMoves {
    /// Promises a movement to where `to` says, given where the clock will be; `None` if it says nowhere.
    pub fn promise(
        self: &Arc<Self>,
        sandbox: &Arc<Sandbox>,
        wall: Timestamp,
        to: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> Option<Arc<ClockMove>> {
        let mut promises = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (epoch, now) = (sandbox.epoch(), sandbox.lock().world.clock().now(wall));
        let promised = promises.entry(address(sandbox)).or_insert(Promise { epoch, to: now, moves: 0 });
        if promised.epoch != epoch {
            (promised.epoch, promised.to) = (epoch, now);
        }
        let found = to(now.max(promised.to));
        if let Some(to) = found {
            promised.to = to.max(promised.to);
            promised.moves += 1;
        } else if promised.moves == 0 {
            promises.remove(&address(sandbox));
        }
        let moves = Arc::clone(self);
        found.map(|to| Arc::new(ClockMove { moves, sandbox: Arc::clone(sandbox), epoch, to, fired: AtomicU64::new(0) }))
    }

    /// Where the clock of a sandbox is being moved to.
    pub fn target(&self, sandbox: &Sandbox) -> Option<Timestamp> {
        let promises = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        promises.get(&(std::ptr::from_ref(sandbox) as usize)).filter(|row| row.epoch == sandbox.epoch()).map(|row| row.to)
    }
}

impl ClockMove {
    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::Relaxed)
    }
}

impl Drop for ClockMove {
    fn drop(&mut self) {
        let mut promises = self.moves.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(promise) = promises.get_mut(&address(&self.sandbox)) {
            promise.moves -= 1;
            if promise.moves == 0 {
                promises.remove(&address(&self.sandbox));
            }
        }
    }
}

/// A movement holds its sandbox, so that no other one has its address meanwhile.
fn address(sandbox: &Arc<Sandbox>) -> usize {
    Arc::as_ptr(sandbox) as usize
}
