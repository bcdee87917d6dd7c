//! Bodies of requests that are being read: how many bytes of them there are at once, and which of them end while others wait for room.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use crate::server::outgoing::UNIT;

/// How long a body has for each [`PROGRESS`] while others wait for room.
const MOMENT: Duration = Duration::from_millis(100);
/// How many of its bytes have to arrive in each [`MOMENT`] while others wait for room.
const PROGRESS: usize = 16 * 1024;

/// Room for bodies that are being read.
pub(super) struct Bodies {
    /// What is left of it, in [`UNIT`]s.
    free: Arc<Semaphore>,
    /// As much again for what requests hold while they wait for something else, so that no body has to wait for them.
    kept: Arc<Semaphore>,
    unfinished: Mutex<Unfinished>,
}

/// Bodies that hold room and are not complete.
#[derive(Default)]
struct Unfinished {
    next: u64,
    rows: BTreeMap<u64, Arc<Arriving>>,
    /// When it was last looked at which of them arrive.
    seen: Option<Instant>,
}

/// What is known of a body that is not complete.
#[derive(Default)]
struct Arriving {
    received: AtomicUsize,
    /// How much had been received when it was last looked at.
    seen: AtomicUsize,
    /// Notified when it ends to make room.
    ends: Notify,
}

/// What a body holds of the room while it arrives.
pub(super) struct Hold<'b> {
    bodies: &'b Bodies,
    row: Option<(u64, Arc<Arriving>)>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub fn new(bytes: usize) -> Self {
        let room = || Arc::new(Semaphore::new(bytes / UNIT));
        Self { free: room(), kept: room(), unfinished: Mutex::default() }
    }

    /// What a request holds while it waits for something else, in place of what its body has held; `None` if there is no room.
    pub fn keep(&self, held: &OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
        self.kept(held.num_permits() * UNIT)
    }

    /// Room for so many bytes that are not read any more; `None` if there is none.
    pub fn kept(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.kept).try_acquire_many_owned(u32::try_from(bytes.div_ceil(UNIT)).ok()?).ok()
    }

    /// The hold of a body of which nothing has been read.
    pub const fn hold(&self) -> Hold<'_> {
        Hold { bodies: self, row: None, permit: None }
    }

    /// Ends those that have hardly grown since this was last called, a moment ago at least.
    #[expect(clippy::disallowed_methods, reason = "the shell measures how long bodies take")]
    fn end_stalled(&self) {
        let mut unfinished = self.unfinished();
        let now = Instant::now();
        let since = unfinished.seen.map(|seen| now.duration_since(seen));
        if since.is_some_and(|since| since < MOMENT) {
            return;
        }
        unfinished.seen = Some(now);
        let is_watched = since.is_some_and(|since| since < 2 * MOMENT);
        for row in unfinished.rows.values() {
            let received = row.received.load(Ordering::Relaxed);
            if row.seen.swap(received, Ordering::Relaxed) + PROGRESS > received && is_watched {
                row.ends.notify_one();
            }
        }
    }

    fn unfinished(&self) -> MutexGuard<'_, Unfinished> {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold<'_> {
    /// Waits for room for a body of which so many bytes have arrived, and at least so many will; as many as are `uncounted` need none.
    /// False if it has to end to make room.
    pub async fn grow(&mut self, received: usize, declared: usize, uncounted: usize) -> bool {
        if let Some((_, row)) = &self.row {
            row.received.store(received, Ordering::Relaxed);
        }
        // All that was declared at once, so that bodies do not wait for each other with half of what they need.
        let units = received.max(declared).div_ceil(UNIT).saturating_sub(uncounted / UNIT);
        let more = units.saturating_sub(self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        let Some(more) = u32::try_from(more).ok().filter(|more| *more > 0) else { return true };
        let Some(permit) = self.take(more).await else { return false };
        match &mut self.permit {
            Some(held) => held.merge(permit),
            None => self.permit = Some(permit),
        }
        if self.row.is_none() {
            let row = Arc::new(Arriving { received: received.into(), seen: received.into(), ends: Notify::new() });
            let mut unfinished = self.bodies.unfinished();
            let number = unfinished.next;
            unfinished.next += 1;
            unfinished.rows.insert(number, Arc::clone(&row));
            drop(unfinished);
            self.row = Some((number, row));
        }
        true
    }

    /// So many units, as soon as there are; `None` if the body ends before.
    async fn take(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        let mut taken = pin!(Arc::clone(&self.bodies.free).acquire_many_owned(units));
        loop {
            tokio::select! {
                biased;
                permit = &mut taken => return permit.ok(),
                () = self.ends() => return None,
                () = sleep(MOMENT) => self.bodies.end_stalled(),
            }
        }
    }

    /// Ends when the body has to end to make room.
    pub async fn ends(&self) {
        match &self.row {
            Some((_, row)) => row.ends.notified().await,
            None => std::future::pending().await,
        }
    }

    /// What a complete body goes on to hold.
    pub fn complete(mut self) -> Option<OwnedSemaphorePermit> {
        self.permit.take()
    }
}

impl Drop for Hold<'_> {
    fn drop(&mut self) {
        if let Some((number, _)) = &self.row {
            self.bodies.unfinished().rows.remove(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_ends_when_another_one_waits_for_room() {
        let bodies = Bodies::new(1_800 * UNIT);
        let (mut still, mut moving) = (bodies.hold(), bodies.hold());
        assert!(still.grow(5_000, 900 * UNIT, 0).await);
        assert!(moving.grow(5_000, 850 * UNIT, 0).await);
        let alone = sleep(10 * MOMENT);
        tokio::select! {
            () = still.ends() => panic!("nobody waits"),
            () = alone => {}
        }
        let waiting = async {
            let mut waiting = bodies.hold();
            assert!(waiting.grow(6_000, 60 * UNIT, 0).await);
        };
        let moves = async {
            for received in (1..50).map(|step| 5_000 + step * PROGRESS) {
                assert!(moving.grow(received, 850 * UNIT, 0).await);
                sleep(MOMENT / 2).await;
            }
        };
        let ended = async {
            still.ends().await;
            drop(still);
        };
        tokio::select! {
            ((), ()) = async { tokio::join!(waiting, ended) } => {}
            () = moves => panic!("the one that stands still goes on"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_of_unknown_length_do_not_wait_for_each_other_for_ever() {
        let bodies = Bodies::new(16 * UNIT);
        let grow = async || {
            let mut hold = bodies.hold();
            for received in (1..=14).map(|step| step * UNIT) {
                if !hold.grow(received, 0, 0).await {
                    return false;
                }
                tokio::task::yield_now().await;
            }
            true
        };
        let (one, other) = tokio::join!(grow(), grow());
        assert!(one || other);
    }
}
