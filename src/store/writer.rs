//! From records to the disk: one queue for all sandboxes, and one thread that writes what waits there in one batch.
//!
//! **Invariant:** a sandbox's lock is held while its records are put into the queue, so that they are there in the order of execution.
//! Nobody waits for the disk under a lock: who made a change waits for its position before he answers.
//!
//! A checkpoint takes long to encode, so another thread does that. An empty record is written in its place at once, and replaced,
//! together with all before it, when the checkpoint is there.

mod recording;

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use recording::Recording;

use crate::engine::{Keeper, Record, Sandbox};
use crate::store::Fsync;
use crate::store::disk::{self, Batch, Disk, Row, StoreError};
use crate::store::item::Item;
use crate::store::{codec, exchange};

/// How long changes are gathered that nobody waits for, such as those of due tasks.
const LIGHT: Duration = Duration::from_millis(10);
/// After how long without calls there is time to tidy up.
const CALM: Duration = Duration::from_millis(200);
/// A checkpoint is made when so much was written since the latest one, and more than that one took.
const CHECKPOINT: usize = 256 * 1024;

/// Keeps the sandboxes of a process on disk.
pub struct Store {
    shared: Arc<Shared>,
    /// The thread that writes, until the end.
    thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

/// What the sandboxes and the thread that writes have in common.
struct Shared {
    queue: Mutex<Queue>,
    arrived: Condvar,
    /// The position up to which everything is kept; an error ends all writing.
    kept: watch::Sender<Kept>,
    /// The latest number that was given to a name.
    named: Mutex<u64>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    position: u64,
    broken: Option<Arc<str>>,
}

#[derive(Default)]
struct Queue {
    items: Vec<Item>,
    /// The position of the latest item.
    position: u64,
    /// The position of the latest item that somebody waits for.
    awaited: u64,
    ended: bool,
}

/// Nothing can be kept any more.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub Arc<str>);

/// A sandbox that was read from the disk.
pub(super) struct Revived {
    pub sandbox: Arc<Sandbox>,
    pub life: u64,
    pub ttl: Option<Duration>,
    /// The number of its next record.
    pub next: u64,
    /// How many records it has, how many bytes they take, and the first of them, which is a checkpoint.
    pub records: u64,
    pub bytes: usize,
    pub checkpoint: usize,
}

impl Revived {
    /// Up to so many of its changes are gone, which the next process has to know as well.
    pub fn has_lost(&mut self, most: u64, disk: &Disk, batch: &mut Batch) -> Result<(), StoreError> {
        let bytes = codec::write(&self.sandbox.has_lost(most), Vec::new()).map_err(|error| StoreError::Damaged(error.to_string()))?;
        disk.put_record(batch, self.life, self.next, &bytes);
        (self.next, self.records, self.bytes) = (self.next + 1, self.records + 1, self.bytes + bytes.len());
        Ok(())
    }
}

impl Store {
    /// Goes on at a position, with the sandboxes that were read.
    pub(super) fn start(disk: Disk, fsync: Fsync, position: u64, revived: Vec<Revived>) -> Result<Self, StoreError> {
        let named = Mutex::new(disk.fingerprint(disk::NAMED)?.and_then(|number| number.try_into().ok()).unwrap_or_default());
        let (kept, _) = watch::channel(Kept { position, broken: None });
        let queue = Mutex::new(Queue { position, awaited: position, ..Queue::default() });
        let shared = Arc::new(Shared { queue, arrived: Condvar::new(), kept, named });
        let mut sizes = BTreeMap::new();
        for Revived { sandbox, life, next, bytes, checkpoint, .. } in revived {
            let since = bytes - checkpoint;
            let known = Arc::downgrade(&sandbox);
            sizes.insert(life, Size { sandbox: known, since, checkpoint, is_awaited: false, unwritten: None });
            sandbox.attach(Recording::new(&shared, &sandbox, life, next), false);
        }
        let (checkpoints, waiting) = mpsc::channel();
        let encoder = Arc::clone(&shared);
        std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || encoder.encode(&waiting))?;
        let writer = Writer { disk, fsync, shared: Arc::clone(&shared), sizes, checkpoints, unsynced: None };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || writer.run())?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Waits until everything that has happened so far is kept.
    ///
    /// # Errors
    /// When it never will be.
    pub async fn keep(&self) -> Result<(), Lost> {
        let position = self.shared.hurry();
        if self.shared.kept.borrow().position >= position {
            return Ok(());
        }
        let mut kept = self.shared.kept.subscribe();
        match kept.wait_for(|kept| kept.broken.is_some() || kept.position >= position).await {
            Ok(kept) if kept.position >= position => Ok(()),
            Ok(kept) => Err(Lost(kept.broken.clone().unwrap_or_default())),
            Err(_) => Err(Lost("the process ends".into())),
        }
    }

    /// Ends when nothing can be kept any more; says why.
    pub async fn broken(&self) -> Lost {
        let mut kept = self.shared.kept.subscribe();
        match kept.wait_for(|kept| kept.broken.is_some()).await {
            Ok(kept) => Lost(kept.broken.clone().unwrap_or_default()),
            Err(_) => std::future::pending().await,
        }
    }

    /// Why nothing could be kept any more, if that was so.
    #[must_use]
    pub fn lost(&self) -> Option<Lost> {
        self.shared.kept.borrow().broken.clone().map(Lost)
    }

    /// Keeps from what file the default sandbox was imported.
    pub fn imported(&self, fingerprint: u128) {
        self.shared.add(Item::Fingerprint(disk::IMPORT, fingerprint));
    }

    /// Keeps with which scenario and seed the process was started.
    pub fn started_with(&self, fingerprint: u128) {
        self.shared.add(Item::Fingerprint(disk::FLAGS, fingerprint));
    }

    /// A number for the name of a sandbox, which no other one gets in this directory.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        let mut named = self.shared.named.lock().unwrap_or_else(PoisonError::into_inner);
        *named += 1;
        self.shared.add(Item::Fingerprint(disk::NAMED, (*named).into()));
        *named
    }

    /// Writes what waits, and ends.
    pub fn close(&self) {
        self.shared.queue().ended = true;
        self.shared.arrived.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Keeper for Store {
    fn opened(&self, sandbox: &Arc<Sandbox>) {
        let life = sandbox.life().cast_unsigned();
        let (name, ttl) = (Arc::clone(&sandbox.name), sandbox.ttl());
        self.shared.add(Item::Born { life, sandbox: Arc::downgrade(sandbox), name, ttl });
        sandbox.attach(Recording::new(&self.shared, sandbox, life, 0), true);
    }

    fn removed(&self, sandbox: &Sandbox) {
        if let Some(sink) = sandbox.sink() {
            sink.ended();
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has all that waits be written at once; the position that it ends at.
    fn hurry(&self) -> u64 {
        let mut queue = self.queue();
        let position = queue.position;
        if queue.awaited < position {
            queue.awaited = position;
            self.arrived.notify_one();
        }
        position
    }

    fn add(&self, item: Item) {
        let mut queue = self.queue();
        let was_empty = queue.items.is_empty();
        queue.items.push(item);
        queue.position += 1;
        drop(queue);
        if was_empty {
            self.arrived.notify_one();
        }
    }

    /// Says that everything up to a position is kept, or that nothing will be any more.
    fn tell(&self, position: u64, done: Result<(), StoreError>) {
        match done {
            Ok(()) => self.kept.send_modify(|kept| kept.position = position),
            Err(error) => {
                let why: Arc<str> = error.to_string().into();
                tracing::error!(%error, "nothing can be kept any more");
                self.kept.send_modify(|kept| kept.broken = Some(why));
            }
        }
    }

    /// Encodes checkpoints until the thread that writes ends.
    fn encode(&self, waiting: &mpsc::Receiver<Unencoded>) {
        for Unencoded { life, number, first, records } in waiting {
            self.add(Item::Checkpoint { life, number, first, bytes: codec::write(&records, Vec::new()) });
        }
    }
}

/// Records that are a checkpoint.
struct Unencoded {
    life: u64,
    number: u64,
    first: u64,
    records: Vec<Record>,
}

/// What a sandbox takes on disk.
struct Size {
    sandbox: Weak<Sandbox>,
    /// Bytes since the latest checkpoint, and of that one.
    since: usize,
    checkpoint: usize,
    /// Whether the next checkpoint is being made.
    is_awaited: bool,
    /// Its row, until its first record is written with it.
    unwritten: Option<(Arc<str>, Option<Duration>)>,
}

struct Writer {
    disk: Disk,
    fsync: Fsync,
    shared: Arc<Shared>,
    /// The sandboxes that there are, by life; what comes of others is too late.
    sizes: BTreeMap<u64, Size>,
    /// To the thread that encodes.
    checkpoints: mpsc::Sender<Unencoded>,
    /// Since when there is something that only the kernel has.
    unsynced: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            let (items, position, ended) = self.take();
            let is_calm = items.is_empty();
            let done = self.write(items, position).and_then(|()| self.sync());
            if ended {
                shared.tell(position, done.and_then(|()| self.disk.close(position)));
                return;
            }
            let is_broken = done.is_err();
            shared.tell(position, done);
            if is_broken {
                return;
            }
            self.make_checkpoints();
            if let Err(error) = self.disk.shorten_journal(is_calm, !matches!(self.fsync, Fsync::Off)) {
                shared.tell(position, Err(error));
                return;
            }
        }
    }

    /// Waits for items, and takes all that there are.
    fn take(&self) -> (Vec<Item>, u64, bool) {
        let mut queue = self.shared.queue();
        let written = queue.position - queue.items.len() as u64;
        let (mut since, begun): (Option<Instant>, _) = (None, now());
        while queue.awaited <= written && !queue.ended {
            let patience = match (queue.items.is_empty(), self.next_chore(begun)) {
                (true, None) => None,
                (true, Some(left)) if left.is_zero() => break,
                (true, left) => left,
                (false, _) => {
                    let waited = since.get_or_insert_with(now).elapsed();
                    if waited >= LIGHT {
                        break;
                    }
                    Some(LIGHT.saturating_sub(waited))
                }
            };
            queue = match patience {
                None => self.shared.arrived.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => self.shared.arrived.wait_timeout(queue, patience).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
        (std::mem::take(&mut queue.items), queue.position, queue.ended)
    }

    /// How long until there is something to do although nothing arrives.
    fn next_chore(&self, begun: Instant) -> Option<Duration> {
        let pause = if self.disk.is_shortening() { Some(LIGHT) } else { self.disk.waits_for_calm().then_some(CALM) };
        let look = pause.map(|pause| pause.saturating_sub(begun.elapsed()));
        look.into_iter().chain(self.next_sync()).min()
    }

    /// How long until what was written has to be on the disk itself.
    fn next_sync(&self) -> Option<Duration> {
        let Fsync::Interval(interval) = self.fsync else { return None };
        self.unsynced.map(|since| interval.saturating_sub(since.elapsed()))
    }

    /// Writes through to the disk when it is time.
    fn sync(&mut self) -> Result<(), StoreError> {
        if self.next_sync().is_some_and(|left| left.is_zero()) {
            self.disk.sync()?;
            self.unsynced = None;
        }
        Ok(())
    }

    fn write(&mut self, items: Vec<Item>, position: u64) -> Result<(), StoreError> {
        let mut begin = position - items.len() as u64;
        let mut batch = self.disk.batch();
        for item in items {
            begin += 1;
            // What is to be removed has to be there.
            if item.is_cut() {
                let before = std::mem::replace(&mut batch, self.disk.batch());
                self.commit(before, begin - 1)?;
            }
            self.add(&mut batch, item)?;
        }
        self.commit(batch, position)
    }

    fn commit(&mut self, batch: Batch, position: u64) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        self.disk.commit(batch, position, matches!(self.fsync, Fsync::Always))?;
        self.unsynced = self.unsynced.or_else(|| Some(now()));
        Ok(())
    }

    fn add(&mut self, batch: &mut Batch, item: Item) -> Result<(), StoreError> {
        let damaged = |error: codec::CodecError| StoreError::Damaged(error.to_string());
        match item {
            Item::Born { life, sandbox, name, ttl } => {
                self.sizes.insert(life, Size { sandbox, since: 0, checkpoint: 0, is_awaited: false, unwritten: Some((name, ttl)) });
                Ok(())
            }
            Item::Kept { life, name, ttl } => match self.sizes.get_mut(&life) {
                None => Ok(()),
                Some(Size { unwritten: Some(row), .. }) => {
                    *row = (name, ttl);
                    Ok(())
                }
                Some(_) => self.disk.put_sandbox(batch, &name, &Row { life, ttl }),
            },
            Item::Records { life, number, mut records } => {
                let Some(size) = self.sizes.get_mut(&life) else { return Ok(()) };
                if let Some((name, ttl)) = size.unwritten.take() {
                    self.disk.put_sandbox(batch, &name, &Row { life, ttl })?;
                }
                // The first record of a sandbox is its first checkpoint, and nothing can stand in its place.
                let first = records.iter().find_map(|record| if let Record::Checkpoint(whole) = record { Some(whole.first) } else { None });
                if first.is_some()
                    && let Some(sandbox) = size.sandbox.upgrade()
                {
                    records.push(Record::Noted(sandbox.deeds.all()));
                }
                if number > 0
                    && let Some(first) = first
                {
                    let unencoded = Unencoded { life, number, first, records: std::mem::take(&mut records) };
                    (size.since, size.is_awaited) = (0, self.checkpoints.send(unencoded).is_ok());
                }
                let bytes = codec::write(&records, Vec::new()).map_err(damaged)?;
                if number == 0 {
                    size.checkpoint = bytes.len();
                } else {
                    size.since += bytes.len();
                }
                for record in &records {
                    match record {
                        Record::ClearJournal(written) => self.disk.remove_below(batch, life, 0, written + 1)?,
                        Record::Unlisted(numbers, _) => numbers.iter().for_each(|number| self.disk.empty_exchange(batch, life, *number)),
                        _ => {}
                    }
                }
                self.disk.put_record(batch, life, number, &bytes);
                Ok(())
            }
            Item::Checkpoint { life, number, first, bytes } => {
                let Some(size) = self.sizes.get_mut(&life) else { return Ok(()) };
                let bytes = bytes.map_err(damaged)?;
                (size.checkpoint, size.is_awaited) = (bytes.len(), false);
                self.disk.remove_below(batch, life, number, first)?;
                self.disk.put_record(batch, life, number, &bytes);
                Ok(())
            }
            Item::Exchange { life, entry } => {
                let Some(row) = self.sizes.get_mut(&life) else { return Ok(()) };
                let bytes = exchange::write(&entry, Vec::new()).map_err(damaged)?;
                row.since += bytes.len();
                self.disk.put_exchange(batch, life, entry.number, bytes);
                Ok(())
            }
            Item::Fingerprint(key, fingerprint) => self.disk.put_fingerprint(batch, key, fingerprint),
            Item::Gone { life, name } => {
                self.sizes.remove(&life);
                self.disk.remove_sandbox(batch, &name, life)
            }
        }
    }

    /// Asks sandboxes that have written much for a checkpoint, which comes by the queue.
    fn make_checkpoints(&mut self) {
        for size in self.sizes.values_mut() {
            if size.since > CHECKPOINT.max(size.checkpoint)
                && !size.is_awaited
                && let Some(sandbox) = size.sandbox.upgrade()
            {
                sandbox.try_checkpoint();
            }
        }
    }
}

/// When something is written, and not what.
#[expect(clippy::disallowed_methods, reason = "no answer tells the time of the disk")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
