//! Which replica sends the webhooks of a sandbox: one at a time, by a lease in the database's time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::engine::Sandbox;
use crate::fleet::ledger::{Fault, Ledger};
use crate::fleet::patience::{Patience, now};
use crate::fleet::replica::Fleet;

/// How long a lane is kept for a replica that is not heard of, and how often it is heard of.
const SPAN: Duration = Duration::from_secs(10);
const RENEWAL: Duration = Duration::from_secs(3);
/// The pause before a lane that another replica has is asked for again.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a lane that another replica has is not asked for again without need.
const RESPITE: Duration = Duration::from_millis(500);

/// How often a replica that leaves looks whether its lanes are given back.
const LOOK: Duration = Duration::from_millis(5);

/// The number of a lane, and the lane for as long as somebody has it.
type Own = (i64, Weak<Lane>);

/// The lanes that this replica has, and since when it does not have others.
#[derive(Default)]
pub(super) struct Lanes {
    own: AsyncMutex<BTreeMap<Arc<str>, Own>>,
    refused: Mutex<BTreeMap<Arc<str>, Instant>>,
    /// Whether the replica leaves, and takes no lane any more.
    leaves: AtomicBool,
}

/// The right to send the webhooks of a sandbox, until it is dropped.
pub struct Lane {
    fleet: Arc<Fleet>,
    name: Arc<str>,
    /// A number by chance, which the row of the sandbox has meanwhile.
    courier: i64,
    renewing: JoinHandle<()>,
}

impl Lane {
    /// Whether a sandbox whose courier is this one is still this one's.
    #[must_use]
    pub fn is(&self, courier: Option<i64>) -> bool {
        courier == Some(self.courier)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.renewing.abort();
        let (ledger, name, courier) = (Arc::clone(&self.fleet.ledger), Arc::clone(&self.name), self.courier);
        self.fleet.workers().spawn(async move { ledger.leave_lane(name, courier).await });
    }
}

impl Fleet {
    /// The lane of a sandbox; `None` if another replica has it, or had it a moment ago.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn lane(self: &Arc<Self>, sandbox: &Sandbox) -> Result<Option<Arc<Lane>>, Fault> {
        let refused = || self.lanes.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: &Instant| since.elapsed() > RESPITE;
        if refused().get(&sandbox.name).is_some_and(|since| !is_over(since)) {
            return Ok(None);
        }
        let lane = self.try_lane(sandbox).await?;
        if lane.is_none() {
            let mut refused = refused();
            refused.retain(|_, since| !is_over(since));
            refused.insert(Arc::clone(&sandbox.name), now());
        }
        Ok(lane)
    }

    async fn try_lane(self: &Arc<Self>, sandbox: &Sandbox) -> Result<Option<Arc<Lane>>, Fault> {
        let name = &sandbox.name;
        let mut lanes = self.lanes.own.lock().await;
        if self.is_leaving() {
            return Ok(None);
        }
        if let Some(lane) = lanes.get(name).and_then(|(_, lane)| lane.upgrade()) {
            return Ok(Some(lane));
        }
        lanes.retain(|_, (_, lane)| lane.strong_count() > 0);
        let courier = self.ledger.chance();
        if !self.ledger.take_lane(Arc::clone(name), courier, SPAN).await? {
            return Ok(None);
        }
        let renewing = self.workers().spawn(renew(Arc::clone(&self.ledger), Arc::clone(name), courier));
        let lane = Arc::new(Lane { fleet: Arc::clone(self), name: Arc::clone(name), courier, renewing });
        lanes.insert(Arc::clone(name), (courier, Arc::downgrade(&lane)));
        Ok(Some(lane))
    }

    /// Takes no lane any more: the process ends, and who has a lane gives it back as soon as he may.
    pub fn leave(&self) {
        self.lanes.leaves.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.lanes.leaves.load(Ordering::Relaxed)
    }

    /// Gives the lanes of a replica that leaves back, so that another one goes on at once. Those in which something is on its way are
    /// waited for, but no longer than that.
    pub async fn leave_lanes(&self, patience: Duration) {
        let mut lanes = self.lanes.own.lock().await;
        let begun = now();
        while begun.elapsed() < patience && lanes.values().any(|(_, lane)| lane.strong_count() > 0) {
            tokio::time::sleep(LOOK).await;
        }
        for (name, (courier, lane)) in std::mem::take(&mut *lanes) {
            lane.upgrade().into_iter().for_each(|lane| lane.renewing.abort());
            // Where the database does not answer, it ends by itself.
            let _ = self.ledger.leave_lane(name, courier).await;
        }
    }

    /// Waits for the lane of a sandbox; `None` if the sandbox is gone.
    ///
    /// # Errors
    /// When the database does not answer for a while.
    pub async fn wait_for_lane(self: &Arc<Self>, sandbox: &Arc<Sandbox>) -> Result<Option<Arc<Lane>>, Fault> {
        let mut patience = Patience::new();
        while self.copy_of(sandbox).is_some() {
            match self.try_lane(sandbox).await {
                Ok(Some(lane)) => return Ok(Some(lane)),
                Ok(None) => {
                    patience = Patience::new();
                    tokio::time::sleep(PAUSE).await;
                }
                Err(fault) => drop(self.after(fault.into(), &patience).await?),
            }
        }
        Ok(None)
    }
}

async fn renew(ledger: Arc<dyn Ledger>, name: Arc<str>, courier: i64) {
    loop {
        tokio::time::sleep(RENEWAL).await;
        // Without it, what was sent cannot be reported, and is sent again by the next one.
        let _ = ledger.take_lane(Arc::clone(&name), courier, SPAN).await;
    }
}
