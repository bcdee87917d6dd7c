//! Checkpoints, which are written beside the calls: in parts, and by one short statement they count.
//!
//! No call waits for one, or fails because of it. Until it counts, and after that for a while, what it stands for is still there. Who
//! dies while he writes one leaves parts that nothing refers to; they go after a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::Record;
use crate::fleet::copy::Copy;
use crate::fleet::events::{self, Events, PARTED, Piece};
use crate::fleet::ledger::{Checkpoint, Fault, Head, Mark};
use crate::fleet::parts::{LARGE, Target};
use crate::fleet::patience::Patience;
use crate::fleet::replica::Fleet;

/// The pause before a checkpoint that failed, or that somebody else writes, is looked after again; it doubles each time.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// After how long nobody needs any more what a checkpoint stands for, as ledgers keep it.
const KEPT: Duration = Duration::from_secs(61);
/// What a checkpoint in the commit of a call may take, which is how earlier formats have it.
const IN_A_CALL: i64 = 64 << 20;

/// How it stands with the checkpoints of a copy.
#[derive(Default)]
pub(super) struct Checkpoints {
    /// Whether one is being written here.
    is_written: AtomicBool,
    /// Why the latest one could not be written, if that is so.
    failed: Mutex<Option<String>>,
}

impl Checkpoints {
    /// Says why one could not be written; whether that is new.
    fn fails(&self, why: Option<String>) -> bool {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = failed.is_some() != why.is_some();
        *failed = why;
        is_new
    }

    fn failed(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What came of an attempt to write one.
#[derive(PartialEq, Eq)]
enum Attempt {
    Done,
    /// Another replica is at it.
    Left,
}

/// What a checkpoint is made of.
struct Picture {
    mark: Mark,
    /// The exchanges below this number are gone.
    first: u64,
    events: Events,
}

impl Fleet {
    /// Whether so much was written since the latest checkpoint that another one is to be made: more than that one took, and than a
    /// statement writes easily.
    fn wants_checkpoint(&self, head: &Head) -> bool {
        let least = i64::try_from(self.ledger.portion() / 4).unwrap_or(i64::MAX);
        head.since_checkpoint > least.max(head.checkpoint_bytes)
    }

    /// Has a checkpoint be part of a commit, as formats have it that know no other ones.
    pub(super) fn checkpoint_in_call(&self, copy: &Copy, head: &Head) {
        if self.format() >= PARTED || !self.wants_checkpoint(head) {
            return;
        }
        let is_large = head.checkpoint_bytes.max(i64::try_from(copy.sandbox.stored_bytes()).unwrap_or(i64::MAX)) > IN_A_CALL;
        if is_large {
            let format = self.format();
            say(copy, Some(format!("it is too large for format {format}; `seatrial fleet upgrade` has replicas write a later one")));
        } else {
            copy.sandbox.try_checkpoint();
        }
    }

    /// Makes a checkpoint beside what else is done, if it is time.
    pub(super) fn checkpoint_apart(self: &Arc<Self>, copy: &Arc<Copy>, head: &Head) {
        if self.format() >= PARTED && self.wants_checkpoint(head) && !copy.checkpoints.is_written.swap(true, Ordering::AcqRel) {
            self.workers().spawn(Arc::clone(self).keep_at_it(Arc::clone(copy)));
        }
    }

    /// Tries to make a checkpoint until there is one.
    async fn keep_at_it(self: Arc<Self>, copy: Arc<Copy>) {
        let mut pause = PAUSE;
        let mut below = None;
        while self.copy_of(&copy.sandbox).is_some() && !self.is_leaving() {
            match self.try_checkpoint(&copy, &mut below).await {
                Ok(Attempt::Done) => {
                    say(&copy, None);
                    break;
                }
                Ok(Attempt::Left) => {}
                Err(fault) => say(&copy, Some(fault.to_string())),
            }
            tokio::time::sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        copy.checkpoints.is_written.store(false, Ordering::Release);
        if below.is_some() {
            // Who was behind is not any more.
            tokio::time::sleep(KEPT).await;
            let _ = self.tidy(&copy.sandbox.name, below).await;
        }
    }

    /// Makes a checkpoint, if it is still time. Exchanges that are gone are `below` a number afterwards.
    async fn try_checkpoint(self: &Arc<Self>, copy: &Arc<Copy>, below: &mut Option<(i64, u64)>) -> Result<Attempt, Fault> {
        let name = &copy.sandbox.name;
        let head = self.ledger.heads_of(vec![Arc::clone(name)]).await?.pop();
        let Some(head) = head.filter(|head| copy.is_of(head.mark.life) && self.wants_checkpoint(head)) else { return Ok(Attempt::Done) };
        if self.ledger.is_written(Arc::clone(name)).await? {
            return Ok(Attempt::Left);
        }
        if self.is_behind(&head) {
            self.catch_up(name).await?;
        }
        let Some(Picture { mark, first, events }) = self.picture(copy).await? else { return Ok(Attempt::Done) };
        let target =
            Target { name: Arc::clone(name), version: mark.version, token: self.ledger.chance(), size: copy.sandbox.stored_bytes() };
        let parts = self.write_parts(&target, events).await?;
        let checkpoint = Checkpoint { name: Arc::clone(name), mark, since: head.since_checkpoint, parts };
        // Without it, another replica was faster, or the sandbox is another one by now; the next look tells.
        if Patience::with(|| self.ledger.set_checkpoint(checkpoint.clone())).await? {
            *below = Some((mark.life, first));
            self.tidy(name, *below).await?;
            return Ok(Attempt::Done);
        }
        Ok(Attempt::Left)
    }

    /// The sandbox as it is committed, which takes its gate for a moment. `None` if it is gone.
    async fn picture(&self, copy: &Arc<Copy>) -> Result<Option<Picture>, Fault> {
        let mut standing = copy.gate.lock().await;
        if self.copy_of(&copy.sandbox).is_none() {
            return Ok(None);
        }
        let Some(mark) = copy.since(&mut standing).mark else { return Err(Fault::Away("the sandbox has to be read again".to_owned())) };
        copy.sandbox.try_checkpoint();
        let pieces = copy.recording.take();
        let is_picture = |records: &[Record]| {
            let (first, rest) = records.split_first().unzip();
            matches!(first, Some(Record::Checkpoint(_)))
                && rest.is_some_and(|rest| rest.iter().all(|record| matches!(record, Record::Shrunk(_) | Record::Claimed(_))))
        };
        match &pieces[..] {
            [Piece::Records(records)] if is_picture(records) => {}
            [] => return Err(Fault::Away("the sandbox is in use".to_owned())),
            // Something was done meanwhile, outside of a section.
            _ => {
                copy.take_back(&mut standing);
                return Err(Fault::Away("the sandbox has to be read again".to_owned()));
            }
        }
        let (append, events) = events::gather(pieces, &copy.sandbox, PARTED)?;
        Ok(Some(Picture { mark, first: append.checkpoint.unwrap_or_default(), events }))
    }

    async fn tidy(&self, name: &Arc<str>, below: Option<(i64, u64)>) -> Result<(), Fault> {
        while Patience::with(|| self.ledger.tidy(Arc::clone(name), below)).await? {}
        Ok(())
    }

    /// Removes parts that nothing refers to: of replicas that died while they wrote them, and of sandboxes that are gone.
    pub(super) async fn sweep(&self, part: usize) -> Result<(), Fault> {
        for name in self.ledger.untidy(part).await? {
            self.tidy(&name, None).await?;
        }
        Ok(())
    }

    /// The sandboxes whose checkpoint is overdue, and why.
    #[must_use]
    pub fn overdue(&self) -> Vec<(Arc<str>, String)> {
        self.all_copies().into_iter().filter_map(|copy| Some((Arc::clone(&copy.sandbox.name), copy.checkpoints.failed()?))).collect()
    }
}

/// Says once why the checkpoint of a sandbox is overdue, and once that it is there.
fn say(copy: &Copy, why: Option<String>) {
    let sandbox = &*copy.sandbox.name;
    if !copy.checkpoints.fails(why.clone()) {
        return;
    }
    match why {
        Some(why) => tracing::warn!(sandbox, why, "the checkpoint of a sandbox is overdue, and is tried again"),
        None => tracing::info!(sandbox, "the checkpoint of a sandbox that was overdue is there"),
    }
}

/// Does something by another thread if it is much.
pub(super) async fn apart<T: Send + 'static>(fleet: &Fleet, size: usize, act: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
    if size <= LARGE {
        return Ok(act());
    }
    fleet.workers().spawn_blocking(act).await.map_err(|error| Fault::Damaged(error.to_string()))
}
