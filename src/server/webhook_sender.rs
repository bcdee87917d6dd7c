//! Sends the webhooks in the outboxes of sandboxes, and reports the result of each attempt to the machine.
//!
//! One task at a time delivers for a sandbox, so that a subscriber gets its deliveries in order, and an advance of the clock
//! waits for each answer before time goes on. No lock of a sandbox's state is held while a request is under way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::engine::{Machine, OUTBOUND_BYTES, Sandbox};
use crate::fleet::{Begun, Fault};
use crate::server::call_log::{Attempt, CallLog, Line};
use crate::server::clock::{PAUSE, SLICE, slice, stopwatch, wall};
use crate::server::clock_moves::{ClockMove, ClockMoves};
use crate::server::kept;
use crate::server::metrics::Metrics;
use crate::server::sections::{Courier, Sections};
use crate::server::webhook_client::WebhookClient;
use crate::store::Store;
use crate::world::{Deed, Mode};

/// How many requests are under way at once, over all sandboxes.
const AT_ONCE: usize = 1_024;
/// The same for one sandbox, so that receivers that hang are only waited for by those who subscribed them.
const AT_ONCE_PER_SANDBOX: usize = 16;
/// How many KiB of bodies are under way at once, over all sandboxes.
const KIB_AT_ONCE: usize = 64 << 10;
/// How many of them the machine hands out for one sandbox at once, but for a body that is larger.
const KIB_PER_SANDBOX: u32 = (OUTBOUND_BYTES >> 10) as u32;
/// How often an advance says where it is.
const PROGRESS: Duration = Duration::from_secs(5);
/// The pause before a replica that lost the right to send webhooks looks whether it has it again.
const LOST: Duration = Duration::from_millis(100);
/// How many times deliveries may cause further ones at one instant.
const ROUNDS: usize = 1_000;

/// Sends what is due, in order for each subscription.
pub(super) struct WebhookSender {
    machine: Arc<Machine>,
    pub client: Arc<WebhookClient>,
    /// The movements of clocks that this process makes.
    moves: Arc<ClockMoves>,
    send_permits: Semaphore,
    /// Room for bodies, in KiB.
    body_permits: Semaphore,
    /// Notified after every batch; wakes the ticker.
    changed: Arc<Notify>,
    log: CallLog,
    metrics: Arc<Metrics>,
    /// What keeps the sandboxes for the next process, if anything does.
    store: Option<Arc<Store>>,
    sections: Sections,
    /// One lock for each sandbox, by its address; only its holder sends deliveries, which keeps them in order.
    delivery_locks: Mutex<BTreeMap<usize, Weak<AsyncMutex<()>>>>,
}

/// A movement of a clock, and the right to send what becomes due on the way.
pub(super) struct Moving {
    pub moving: Arc<ClockMove>,
    courier: Courier,
}

impl WebhookSender {
    pub fn new(
        machine: Arc<Machine>,
        client: Arc<WebhookClient>,
        changed: Arc<Notify>,
        (log, metrics): (CallLog, Arc<Metrics>),
        store: Option<Arc<Store>>,
        sections: Sections,
    ) -> Arc<Self> {
        Arc::new(Self {
            machine,
            client,
            changed,
            log,
            metrics,
            store,
            sections,
            moves: Arc::default(),
            send_permits: Semaphore::new(AT_ONCE),
            body_permits: Semaphore::new(KIB_AT_ONCE),
            delivery_locks: Mutex::default(),
        })
    }

    /// Moves a sandbox's clock and sends what becomes due on the way. Returns the time that was reached and the number of
    /// tasks that were due. It begins after any other advance of this sandbox.
    ///
    /// # Errors
    /// When the sandbox is reset, replaced or removed meanwhile, webhooks cause each other without end, or another replica goes on.
    pub async fn advance(self: &Arc<Self>, moving: &Moving) -> Result<(Timestamp, u64), AdvanceError> {
        let _held = self.delivery_lock(moving.moving.sandbox()).lock_owned().await;
        self.move_clock(&moving.moving, &moving.courier).await
    }

    /// The same, and notes in the log of the sandbox that it was done. Returns also how many tasks wait for room.
    ///
    /// # Errors
    /// As [`WebhookSender::advance`].
    pub async fn advance_noted(self: &Arc<Self>, moving: &Moving) -> Result<(Timestamp, u64, usize), AdvanceError> {
        let sandbox = moving.moving.sandbox();
        let _held = self.delivery_lock(sandbox).lock_owned().await;
        let (now, fired) = self.move_clock(&moving.moving, &moving.courier).await?;
        Ok((now, fired, self.note_advance(sandbox, Some(fired)).await))
    }

    /// The same while the caller holds the delivery lock.
    async fn move_clock(self: &Arc<Self>, moving: &ClockMove, courier: &Courier) -> Result<(Timestamp, u64), AdvanceError> {
        let (sandbox, epoch, to) = (moving.sandbox(), moving.epoch, moving.to);
        let mut now = sandbox.lock().world.clock().now(wall());
        let (mut rounds, mut told) = (0, stopwatch());
        loop {
            if sandbox.is_removed() {
                return Err(AdvanceError::Superseded);
            }
            if self.sections.are_left() {
                return Err(AdvanceError::Left);
            }
            let mut room = self.room_for_bodies().await;
            let advance = || self.machine.advance_until_webhook(sandbox, epoch, to, wall(), &slice(SLICE));
            let Some(progress) = self.sections.run_as(courier, sandbox, advance).await? else {
                // The sandbox is gone, or another replica goes on with it, because this one was not heard of for a while.
                drop(room);
                self.act(sandbox, || ()).await?;
                tokio::time::sleep(LOST).await;
                continue;
            };
            let progress = progress.ok_or(AdvanceError::Superseded)?;
            keep(&mut room, bytes(&progress.outbound));
            moving.fired.fetch_add(progress.fired, Ordering::Relaxed);
            if progress.done {
                return Ok((progress.now, moving.fired()));
            }
            if told.elapsed() > PROGRESS {
                tracing::info!(sandbox = &*sandbox.name, now = %progress.now, %to, fired = moving.fired(), "the clock is on its way");
                told = stopwatch();
            }
            if progress.now > now {
                (now, rounds) = (progress.now, 0);
            }
            if progress.outbound.is_empty() {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            rounds += 1;
            if rounds > ROUNDS {
                tracing::warn!(sandbox = &*sandbox.name, %now, "webhooks cause each other without end: the clock stands");
                self.sections.run(sandbox, || self.machine.give_up_move(sandbox, epoch)).await?;
                return Err(AdvanceError::Endless(now));
            }
            self.deliver(courier, sandbox, progress.outbound).await?;
        }
    }

    /// Promises a movement of a clock to where `to` says, given where it will be after those that are under way, and how time passes from
    /// then on; `Ok(None)` if it says nowhere. Of a fleet, one replica at a time moves a clock.
    ///
    /// # Errors
    /// When the sandbox is gone, or the database does not answer.
    pub async fn promise(
        &self,
        sandbox: &Arc<Sandbox>,
        to: impl Fn(Timestamp) -> Option<Timestamp> + Send + Sync,
        mode: Option<Mode>,
    ) -> Result<Option<Moving>, AdvanceError> {
        let courier = self.sections.wait_for_courier(sandbox).await?.ok_or(AdvanceError::Superseded)?;
        // First, so that nobody here takes it for one that an earlier process has left.
        let mover = self.moves.begin(sandbox);
        let promised = self.act(sandbox, || self.machine.promise_move(sandbox, &to, mode, wall())).await?;
        Ok(promised.map(|(epoch, to)| Moving { moving: Arc::new(ClockMove::new(mover, epoch, to)), courier }))
    }

    /// Notes that a clock was moved; where that is not possible, nothing else is missing. Returns how many tasks wait for room.
    pub async fn note_advance(&self, sandbox: &Arc<Sandbox>, fired: Option<u64>) -> usize {
        let postponed = || sandbox.lock().world.agenda().postponed();
        let note = || {
            sandbox.note(wall(), Deed::Advanced, None, fired);
            postponed()
        };
        self.act(sandbox, note).await.unwrap_or_else(|_| postponed())
    }

    /// Does something in a sandbox.
    ///
    /// # Errors
    /// When the sandbox is gone, or the database does not answer.
    pub async fn act<T>(&self, sandbox: &Arc<Sandbox>, act: impl FnMut() -> T) -> Result<T, AdvanceError> {
        self.sections.run(sandbox, act).await?.ok_or(AdvanceError::Superseded)
    }

    /// Sends everything that is due in a sandbox whose delivery lock the caller holds, and gives the lock back. A clock that another
    /// process has left on its way is moved on.
    pub async fn deliver_due(self: &Arc<Self>, sandbox: &Arc<Sandbox>, held: OwnedMutexGuard<()>) {
        // What another replica sends, or nobody can, is looked at again by the next scan.
        let Ok(Some(courier)) = self.sections.courier(sandbox).await else { return };
        if let Some(moving) = self.moves.go_on(sandbox) {
            tracing::info!(sandbox = &*sandbox.name, to = %moving.to, "the clock goes on to where it was to be moved");
            // What has failed is in the log, or tried again after the next scan.
            if let Ok((_, fired)) = self.move_clock(&moving, &courier).await {
                self.note_advance(sandbox, Some(fired)).await;
            }
        }
        // More is sent after the next scan of the ticker.
        for _ in 0..ROUNDS {
            if sandbox.is_removed() || self.sections.are_left() {
                break;
            }
            let mut room = self.room_for_bodies().await;
            let due = || self.machine.due_webhooks(sandbox, wall(), &slice(SLICE));
            match self.sections.run_as(&courier, sandbox, due).await {
                Ok(Some(None)) => {
                    drop(room);
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(Some(Some(outbound))) if !outbound.is_empty() => {
                    keep(&mut room, bytes(&outbound));
                    if self.deliver(&courier, sandbox, outbound).await.is_err() {
                        return;
                    }
                }
                Ok(_) => break,
                Err(_) => return,
            }
        }
        drop(courier);
        drop(held);
        // A delivery may have become due while the lock was held.
        self.changed.notify_waiters();
    }

    /// Has somebody look at once for what is due.
    pub fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Runs what is due in a sandbox, without keeping others from it, for about a second.
    pub async fn settle(&self, sandbox: &Sandbox) {
        for _ in 0..50 {
            if self.machine.settle(sandbox, wall(), &slice(SLICE)) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same where a fleet shares the sandbox.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn settle_shared(&self, sandbox: &Arc<Sandbox>) -> Result<(), Fault> {
        for _ in 0..50 {
            if self.sections.run(sandbox, || self.machine.settle(sandbox, wall(), &slice(SLICE))).await?.unwrap_or(true) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Takes the delivery lock of a sandbox; `None` if it is held.
    pub fn try_delivery_lock(&self, sandbox: &Arc<Sandbox>) -> Option<OwnedMutexGuard<()>> {
        self.delivery_lock(sandbox).try_lock_owned().ok()
    }

    fn delivery_lock(&self, sandbox: &Arc<Sandbox>) -> Arc<AsyncMutex<()>> {
        let mut locks = self.delivery_locks.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that holds the lock holds the sandbox too, so that no other one has its address meanwhile.
        let address = Arc::as_ptr(sandbox) as usize;
        if let Some(lock) = locks.get(&address).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(address, Arc::downgrade(&lock));
        lock
    }

    /// Room for what the machine hands out for a sandbox at once.
    async fn room_for_bodies(&self) -> Option<SemaphorePermit<'_>> {
        self.body_permits.acquire_many(KIB_PER_SANDBOX).await.ok()
    }

    /// Sends deliveries, and reports the results in order. Of one subscription, a delivery is sent when the result of the one before it
    /// is reported and kept: when the process ends without notice, at most one of each subscription is sent again. It ends without
    /// effect when the sandbox begins another epoch than theirs.
    async fn deliver(self: &Arc<Self>, courier: &Courier, sandbox: &Arc<Sandbox>, outbound: Vec<Outbound>) -> Result<(), Fault> {
        let Some(epoch) = outbound.first().map(|row| row.epoch) else { return Ok(()) };
        let begun = self.client.inboxes.begun(&sandbox.name);
        if sandbox.epoch() != epoch {
            return Ok(());
        }
        let outbound: Vec<Arc<Outbound>> = outbound.into_iter().map(Arc::new).collect();
        let mut queues: BTreeMap<&str, VecDeque<usize>> = BTreeMap::new();
        for (index, row) in outbound.iter().enumerate() {
            queues.entry(&row.subscription).or_default().push_back(index);
        }
        let mut next: Vec<usize> = queues.values_mut().filter_map(VecDeque::pop_front).collect();
        let own_permits = Arc::new(Semaphore::new(AT_ONCE_PER_SANDBOX));
        let mut sending = JoinSet::new();
        let mut results: Vec<Option<AttemptResult>> = vec![None; outbound.len()];
        let mut reported = 0;
        while reported < outbound.len() {
            // Receivers are told of nothing that the end of the process takes away again.
            if kept::everything(self.store.as_deref()).await.is_err() {
                return Ok(());
            }
            if self.sections.are_left() {
                // What is on its way is waited for and reported; another replica sends the rest.
                next.clear();
            }
            for index in next.drain(..) {
                let (sender, own_permits, name) = (Arc::clone(self), Arc::clone(&own_permits), Arc::clone(&sandbox.name));
                let row = Arc::clone(&outbound[index]);
                sending.spawn(async move {
                    let _own_permit = own_permits.acquire().await;
                    let _permit = sender.send_permits.acquire().await;
                    (index, sender.send(&name, begun, &row).await)
                });
            }
            // The first that is not reported was sent: those before it are reported. Without a result its task broke off.
            while results[reported].is_none() {
                tokio::select! {
                    sent = sending.join_next() => match sent {
                        Some(Ok((index, result))) => results[index] = Some(result),
                        Some(Err(_)) => {}
                        None if self.sections.are_left() => return Ok(()),
                        None => results[reported] = Some(AttemptResult::Silent("the delivery broke off".to_owned())),
                    },
                    () = ended(sandbox, epoch) => return Ok(()),
                }
            }
            let rows =
                outbound.iter().map(|row| &**row).zip(&results).skip(reported).map_while(|(row, result)| Some((row, result.as_ref()?)));
            let rows: Vec<(&Outbound, &AttemptResult)> = rows.collect();
            let report = || rows.iter().for_each(|(row, result)| self.machine.report(sandbox, row, result, wall()));
            let done = self.sections.run_as(courier, sandbox, report).await;
            self.changed.notify_waiters();
            if done?.is_none() {
                // Another replica sends what is left.
                return Ok(());
            }
            next.extend(rows.iter().filter_map(|(row, _)| queues.get_mut(&*row.subscription)?.pop_front()));
            reported += rows.len();
        }
        Ok(())
    }
}

impl WebhookSender {
    /// Makes one attempt, logs and counts it.
    async fn send(&self, sandbox: &Arc<str>, begun: Option<Begun>, row: &Outbound) -> AttemptResult {
        let began = stopwatch();
        let result = self.client.send((&**sandbox, begun), row).await;
        self.metrics.attempt(&row.vendor, &result);
        self.log.add(|| {
            Line::Attempt(Box::new(Attempt {
                at: wall(),
                sandbox: Arc::clone(sandbox),
                vendor: row.vendor.clone(),
                delivery: row.delivery.clone(),
                number: row.attempt + 1,
                url: row.url.clone(),
                result: match &result {
                    AttemptResult::Answered { status, .. } => Ok(*status),
                    AttemptResult::Silent(reason) | AttemptResult::Refused(reason) => Err(reason.clone()),
                },
                took: began.elapsed(),
            }))
        });
        result
    }
}

/// Keeps of some room what bodies of that many bytes need.
fn keep(room: &mut Option<SemaphorePermit<'_>>, bytes: usize) {
    let kib = bytes.div_ceil(1 << 10);
    if let Some(room) = room {
        room.split(room.num_permits().saturating_sub(kib));
    }
}

fn bytes(outbound: &[Outbound]) -> usize {
    outbound.iter().map(|row| row.body.len()).sum()
}

/// Ends when a sandbox begins another epoch.
pub(super) async fn ended(sandbox: &Sandbox, epoch: u64) {
    loop {
        let changed = sandbox.listen();
        if sandbox.epoch() != epoch {
            return;
        }
        changed.await;
    }
}

/// Why the clock did not reach the time that was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdvanceError {
    #[error("the sandbox was reset, replaced or removed while its clock was moved")]
    Superseded,
    #[error("webhooks cause each other without end: the clock stands at {0}")]
    Endless(Timestamp),
    #[error("this process ends; another replica moves the clock on")]
    Left,
    #[error("{0}")]
    Away(#[from] Fault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_keep_the_room_that_they_need() {
        let permits = Semaphore::new(KIB_AT_ONCE);
        for (bytes, kept) in [(0, 0), (1, 1), (3_000, 3), (OUTBOUND_BYTES, 1_024), (40 * OUTBOUND_BYTES, 1_024)] {
            let mut room = permits.try_acquire_many(KIB_PER_SANDBOX).ok();
            keep(&mut room, bytes);
            assert_eq!(KIB_AT_ONCE - permits.available_permits(), kept, "{bytes}");
        }
        let rooms: Vec<_> = (0..64).map_while(|_| permits.try_acquire_many(KIB_PER_SANDBOX).ok()).collect();
        assert!(rooms.len() == 64 && permits.try_acquire_many(KIB_PER_SANDBOX).is_err());
    }
}
