//! What other replicas do while nobody asks here: for those who wait, for what becomes due, and for the list of sandboxes.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::fleet::ledger::{Fault, Head};
use crate::fleet::patience::now;
use crate::fleet::replica::{Fleet, Reach};
use crate::fleet::section::Section;

/// How often sandboxes are looked at in which somebody waits for something.
const WATCHED: Duration = Duration::from_millis(25);
/// How many of these pass before all are looked at.
const ALL: u32 = 40;
/// How many of those pass before the replica says that it is there.
const BEAT: u32 = 2;
/// How many of those pass before parts are removed that nothing refers to.
const SWEPT: u32 = 60;

impl Fleet {
    /// Tells the ledger of sandboxes that are used here, and not kept for ever: other replicas may think that nobody uses them. Calls do so
    /// by themselves; who looks, or watches, need not.
    pub async fn tell_of_use(self: &Arc<Self>) {
        let used = self.all_copies().into_iter().filter(|copy| copy.sandbox.ttl().is_some() && copy.is_used_unsaid());
        for copy in used {
            // What fails is told of again.
            let _ = self.run(&Reach::one(Arc::clone(&copy.sandbox.name)), |_| ()).await;
        }
    }

    /// Keeps the copies near to the ledger, for ever, so that no part of it waits for another one. `tell` is called when something has
    /// changed.
    pub async fn follow(self: Arc<Self>, tell: impl Fn() + Clone + Send + 'static) {
        let mut all: JoinSet<()> = (0..self.parts.len()).map(|part| Arc::clone(&self).follow_part(part, tell.clone())).collect();
        while all.join_next().await.is_some() {}
    }

    async fn follow_part(self: Arc<Self>, part: usize, tell: impl Fn() + Send) {
        let mut ticks = tokio::time::interval(WATCHED);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut count, mut refused) = (0_u32, None);
        loop {
            ticks.tick().await;
            count = count.wrapping_add(1);
            let looked = match count % ALL {
                0 => self.look_at_all(part, count, &mut refused).await,
                _ => self.look_at_watched(part).await,
            };
            if count.is_multiple_of(ALL) {
                self.shrink_journals(part).await;
            }
            if count.is_multiple_of(ALL * SWEPT) {
                let own = Arc::clone(&self);
                // What fails is tried again.
                self.workers().spawn(async move { own.sweep(part).await });
            }
            match looked {
                Ok(true) => tell(),
                Ok(false) => {}
                Err(_) => continue,
            }
        }
    }

    /// Looks at all sandboxes of a part. What was `refused` is so until the replica says again that it is there.
    async fn look_at_all(self: &Arc<Self>, part: usize, count: u32, refused: &mut Option<String>) -> Result<bool, Fault> {
        let (asked, latest) = (now(), self.machine.latest_place());
        let looked = self.look(self.refresh_part(part).await).await;
        if looked.is_ok() {
            self.parts[part].is_heard(asked, latest);
        }
        if looked.is_ok() && count.is_multiple_of(ALL * BEAT) {
            *refused = match part {
                0 => self.beat().await.err().map(|error| error.to_string()),
                _ => self.beat_in(part).await.err().map(|error| error.to_string()),
            };
        }
        let fault = looked.as_ref().err().map(ToString::to_string).or_else(|| refused.clone()).or_else(|| self.parts[part].uncommitted());
        match (self.parts[part].is_away(fault.clone()), fault) {
            (None, Some(why)) => tracing::warn!(why, "sandboxes are out of service here"),
            (Some(_), None) => tracing::info!("sandboxes are in service here again"),
            _ => {}
        }
        looked
    }

    /// Makes room where all journals together hold too much. A call does so in its own sandbox; here it is done in others, whose share has
    /// become smaller.
    async fn shrink_journals(self: &Arc<Self>, part: usize) {
        for _ in self.copies_in(part) {
            let Some(largest) = self.machine.overfull_journal().filter(|largest| self.ledger.part_of(&largest.name) == part) else {
                return;
            };
            // Another replica may have done so meanwhile. What fails is tried again.
            let shrink = |section: &Section| {
                let is_still = self.machine.overfull_journal().is_some_and(|now| Arc::ptr_eq(&now, &largest));
                if is_still && section.holds(&largest) {
                    self.machine.shrink_journal(&largest);
                }
            };
            if self.run(&Reach::one(Arc::clone(&largest.name)), shrink).await.is_err() {
                return;
            }
        }
    }

    async fn look_at_watched(self: &Arc<Self>, part: usize) -> Result<bool, Fault> {
        let watched = self.copies_in(part).into_iter().filter(|copy| copy.sandbox.is_watched());
        let names: Vec<_> = watched.map(|copy| Arc::clone(&copy.sandbox.name)).collect();
        if names.is_empty() {
            return Ok(false);
        }
        self.look(self.ledger.heads_of(names).await).await
    }

    /// Brings the copies up to date that are behind; whether there were any.
    async fn look(self: &Arc<Self>, heads: Result<Vec<Head>, Fault>) -> Result<bool, Fault> {
        let mut has_changed = false;
        for head in heads? {
            let Some(copy) = self.copy(&head.name).filter(|_| self.is_behind(&head)) else { continue };
            if copy.is_read.load(Ordering::Acquire) {
                continue;
            }
            match self.catch_up(&head.name).await {
                Ok(_) => has_changed = true,
                // It takes longer than anybody waits, and is not given up.
                Err(_) if copy.is_read.load(Ordering::Acquire) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(has_changed)
    }
}
