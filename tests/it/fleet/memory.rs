//! A ledger in memory, which fails when it is told to.

mod parts;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use seatrial::fleet::{
    AMONG_REPLICAS, Append, Begun, Checkpoint, Commit, Fault, Head, Hold, InboxRow, Ledger, Letter, Letters, Mark, News, Parts, Receipt,
    ReplicaRow, Row, Share, Since, Trip, only_adds,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::Instant;

use self::parts::Numbered;
use super::network::now;

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// Nothing is written.
    Before,
    /// It is written, and nobody hears of it.
    After,
    /// It is written, and what is heard of it is nothing that this version knows.
    Garbled,
}

/// How long those are told of a change of credentials who ask for what is new.
const READDRESSED: Duration = Duration::from_secs(60);

/// The ledger of a fleet.
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

#[derive(Default)]
struct Shared {
    tables: Mutex<Tables>,
    is_away: AtomicBool,
    is_silent: AtomicBool,
    misses: AtomicUsize,
    is_read_only: AtomicBool,
    /// How many more parts are written before nothing is, for those who die then.
    parts_left: AtomicUsize,
    refuses_checkpoints: AtomicBool,
    /// How much a statement writes; zero is what is usual.
    portion: AtomicUsize,
    list: Arc<AsyncMutex<()>>,
}

#[derive(Default)]
struct Tables {
    sandboxes: BTreeMap<Arc<str>, Kept>,
    locks: BTreeMap<Arc<str>, Arc<AsyncMutex<()>>>,
    lives: i64,
    begun: String,
    secret: Option<[u8; 32]>,
    format: Option<u8>,
    options: String,
    replicas: BTreeMap<i64, ReplicaRow>,
    failing: VecDeque<Failing>,
    letters: BTreeMap<String, Letters>,
    /// The sandbox of each letter that has one, by its inbox and number.
    senders: BTreeMap<(String, u64), String>,
    /// The tokens of all commits, by which they are found again.
    commits: BTreeSet<i64>,
    /// Parts by their sandbox and token, with their version, and when the latest came.
    parts: BTreeMap<(Arc<str>, i64), Numbered>,
}

struct Kept {
    head: Head,
    readdressed: Option<Instant>,
    checkpoint: i64,
    /// What stands for the records up to that one, if it is no record.
    apart: Option<Parts>,
    /// Tokens before and after, and the record.
    rows: Vec<(i64, i64, Row)>,
    exchanges: BTreeMap<u64, Vec<u8>>,
}

struct Transaction {
    shared: Arc<Shared>,
    guards: Vec<OwnedMutexGuard<()>>,
}

impl Memory {
    /// The next commits fail like this.
    pub fn fail(&self, how: &[Failing]) {
        self.tables().failing.extend(how);
    }

    /// Answers nothing, or again.
    pub fn is_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::Relaxed);
    }

    /// Takes nothing that is to be written, or again.
    pub fn is_read_only(&self, is_read_only: bool) {
        self.0.is_read_only.store(is_read_only, Ordering::Relaxed);
    }

    /// The next trips fail for which somebody may wait.
    pub fn misses(&self, trips: usize) {
        self.0.misses.store(trips, Ordering::Relaxed);
    }

    /// Never answers again.
    pub fn falls_silent(&self) {
        self.0.is_silent.store(true, Ordering::Relaxed);
    }

    /// Has of a sandbox what no version reads.
    pub fn damage(&self, name: &str) {
        let mut tables = self.tables();
        let kept = tables.sandboxes.get_mut(name).expect("it is there");
        kept.rows.iter_mut().for_each(|(_, _, row)| row.events[0] = 99);
    }

    /// Hears no more of a replica.
    pub fn loses(&self, id: i64) {
        self.tables().replicas.remove(&id);
    }

    /// The formats of the records of a sandbox.
    pub fn formats(&self, name: &str) -> BTreeSet<u8> {
        self.tables().sandboxes[name].rows.iter().filter_map(|(_, _, row)| row.events.first().copied()).collect()
    }

    /// Who sends the webhooks of a sandbox.
    pub fn courier(&self, name: &str) -> Option<i64> {
        self.tables().sandboxes.get(name)?.head.courier
    }

    /// How many commits were made.
    pub fn commits(&self) -> usize {
        self.tables().commits.len()
    }

    /// How many records there are of a sandbox, of those that no checkpoint stands for.
    pub fn records(&self, name: &str) -> usize {
        self.tables().sandboxes[name].later().count()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.tables()
    }
}

impl Shared {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answers(&self) -> Result<(), Fault> {
        if self.is_silent.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let misses = self.misses.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |trips| trips.checked_sub(1)).is_ok();
        if misses || self.is_away.load(Ordering::Relaxed) { Err(Fault::Away("it is away".to_owned())) } else { Ok(()) }
    }

    fn is_written(&self) -> Result<(), Fault> {
        if self.is_read_only.load(Ordering::Relaxed) { Err(Fault::Away("it is read-only".to_owned())) } else { Ok(()) }
    }

    fn read(&self, name: &str, since: Since) -> Option<News> {
        let tables = self.tables();
        let kept = tables.sandboxes.get(name)?;
        let head = kept.head.clone();
        let later = |written: u64| {
            kept.exchanges.iter().filter(move |(number, _)| **number > written).map(|(number, body)| (*number, body.clone()))
        };
        if let Some(mark) = since.mark.filter(|mark| mark.life == head.mark.life) {
            let newer: Vec<_> = kept.rows.iter().filter(|(_, _, row)| row.version > mark.version).cloned().collect();
            let mut token = mark.token;
            let fits = newer.iter().all(|(before, after, _)| std::mem::replace(&mut token, *after) == *before);
            if fits && token == head.mark.token {
                let rows = newer.into_iter().map(|(_, _, row)| row).collect();
                return Some(News { head, is_whole: false, is_more: false, rows, exchanges: later(since.written).collect() });
            }
        }
        let apart = kept.apart.iter().map(|parts| Row { version: kept.checkpoint, before: 0, events: parts.reference() });
        let rows = apart.chain(kept.later().cloned()).collect();
        Some(News { head, is_whole: true, is_more: false, rows, exchanges: later(0).collect() })
    }
}

impl Kept {
    /// The records that no checkpoint stands for, or from the one on that is a checkpoint.
    fn later(&self) -> impl Iterator<Item = &Row> {
        let first = self.checkpoint + i64::from(self.apart.is_some());
        self.rows.iter().map(|(_, _, row)| row).filter(move |row| row.version >= first)
    }

    fn append(&mut self, token: i64, append: &Append) {
        let mark = self.head.mark;
        let row = Row { version: mark.version + 1, before: mark.token, events: append.events.clone() };
        if let Some(gone) = append.cleared.max(append.checkpoint.map(|first| first.saturating_sub(1))) {
            self.exchanges.retain(|number, _| *number > gone);
        }
        self.exchanges.retain(|number, _| !append.unlisted.contains(number));
        self.exchanges.extend(append.exchanges.iter().cloned());
        if append.readdresses {
            self.readdressed = Some(now());
        }
        self.head.since_checkpoint += append.bytes();
        if append.checkpoint.is_some() {
            (self.checkpoint, self.head.checkpoint_bytes, self.head.since_checkpoint) = (row.version, append.bytes(), 0);
            self.apart = None;
        }
        if append.begins_anew {
            self.head.began = row.version;
        }
        self.head.used = self.head.used.max(append.used);
        self.head.mark = Mark { version: row.version, token, ..mark };
        self.rows.push((mark.token, token, row));
    }
}

fn ready<T: Send + 'static>(value: T) -> Trip<'static, T> {
    Box::pin(async move { Ok(value) })
}

impl Ledger for Memory {
    fn begin(&self) -> Box<dyn Hold> {
        Box::new(Transaction { shared: Arc::clone(&self.0), guards: Vec::new() })
    }

    fn heads(&self, _: usize, after: i64) -> Trip<'_, Vec<Head>> {
        let tables = self.tables();
        let is_lately = |since: Instant| since.elapsed() < READDRESSED;
        let is_meant = |kept: &&Kept| kept.head.mark.life > after || kept.readdressed.is_some_and(is_lately);
        let mut heads: Vec<Head> = tables.sandboxes.values().filter(is_meant).map(|kept| kept.head.clone()).collect();
        drop(tables);
        heads.sort_by_key(|head| head.mark.life);
        Box::pin(async move { self.0.answers().await.map(|()| heads) })
    }

    fn heads_of(&self, names: Vec<Arc<str>>) -> Trip<'_, Vec<Head>> {
        ready(names.iter().filter_map(|name| self.tables().sandboxes.get(name).map(|kept| kept.head.clone())).collect())
    }

    fn news(&self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(async move { self.0.answers().await.map(|()| self.0.read(&name, since)) })
    }

    fn portion(&self) -> usize {
        self.0.portion()
    }

    fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Trip<'_, ()> {
        Box::pin(self.0.write_part(name, version, token, number, body))
    }

    fn part(&self, name: Arc<str>, token: i64, number: u32) -> Trip<'_, Option<Vec<u8>>> {
        Box::pin(self.0.part(name, token, number))
    }

    fn is_written(&self, name: Arc<str>) -> Trip<'_, bool> {
        Box::pin(self.0.has_writer(name))
    }

    fn set_checkpoint(&self, checkpoint: Checkpoint) -> Trip<'_, bool> {
        Box::pin(self.0.set_checkpoint(checkpoint))
    }

    fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Trip<'_, bool> {
        Box::pin(self.0.tidy(name, below))
    }

    fn untidy(&self, _: usize) -> Trip<'_, Vec<Arc<str>>> {
        Box::pin(self.0.untidy())
    }

    fn is_committed(&self, receipt: Receipt) -> Trip<'_, bool> {
        let is_committed = self.tables().commits.contains(&receipt.token);
        Box::pin(async move { self.0.answers().await.map(|()| is_committed) })
    }

    fn take_lane(&self, name: Arc<str>, courier: i64, _: Duration) -> Trip<'_, bool> {
        let mut tables = self.tables();
        let lane = tables.sandboxes.get_mut(&name).map(|kept| *kept.head.courier.get_or_insert(courier));
        Box::pin(async move { self.0.answers().await.map(|()| lane == Some(courier)) })
    }

    fn leave_lane(&self, name: Arc<str>, courier: i64) -> Trip<'_, ()> {
        if let Some(kept) = self.tables().sandboxes.get_mut(&name) {
            kept.head.courier = kept.head.courier.filter(|other| *other != courier);
        }
        ready(())
    }

    fn secret(&self, own: [u8; 32]) -> Trip<'_, [u8; 32]> {
        ready(*self.tables().secret.get_or_insert(own))
    }

    fn beat(&self, _: usize, id: i64, version: &'static str, reads: u8) -> Trip<'_, ()> {
        let row = ReplicaRow { id, version: version.to_owned(), reads, seen: Duration::ZERO };
        let written = self.0.is_written().map(|()| drop(self.tables().replicas.insert(id, row)));
        Box::pin(async move { written })
    }

    fn format(&self, own: u8) -> Trip<'_, u8> {
        ready(*self.tables().format.get_or_insert(own))
    }

    fn options(&self) -> Trip<'_, String> {
        ready(self.tables().options.clone())
    }

    fn set_options(&self, before: String, own: String) -> Trip<'_, bool> {
        let mut tables = self.tables();
        let is_set = tables.options == before && (only_adds(&before, &own) || tables.replicas.is_empty());
        if is_set {
            tables.options = own;
        }
        ready(is_set)
    }

    fn upgrade(&self, format: u8) -> Trip<'_, Vec<ReplicaRow>> {
        let mut tables = self.tables();
        let behind: Vec<ReplicaRow> = tables.replicas.values().filter(|row| row.reads < format).cloned().collect();
        if behind.is_empty() {
            tables.format = tables.format.max(Some(format));
        }
        ready(behind)
    }

    fn replicas(&self) -> Trip<'_, Vec<ReplicaRow>> {
        ready(self.tables().replicas.values().cloned().collect())
    }

    fn post(&self, inbox: String, sandbox: Option<(String, Begun)>, letters: Vec<Letter>) -> Trip<'_, ()> {
        let tables = &mut *self.tables();
        let (sandbox, begun) = sandbox.map_or((None, Begun::default()), |(sandbox, begun)| (Some(sandbox), begun));
        forget(tables, &inbox, sandbox.as_ref(), begun);
        let own = tables.letters.entry(inbox.clone()).or_default();
        if own.shares.iter().any(|share| share.sandbox == sandbox && share.begun > begun) {
            return ready(());
        }
        for letter in letters {
            own.received += 1;
            own.letters.push((own.received, letter.body));
            tables.senders.extend(sandbox.clone().map(|sandbox| ((inbox.clone(), own.received), sandbox)));
            match own.shares.iter_mut().find(|share| share.sandbox == sandbox) {
                Some(share) => share.received += 1,
                None => own.shares.push(Share { sandbox: sandbox.clone(), begun, received: 1 }),
            }
        }
        ready(())
    }

    fn letters(&self, inbox: String, opens: bool) -> Trip<'_, Option<Letters>> {
        Box::pin(async move {
            self.0.answers().await?;
            let mut tables = self.tables();
            if opens {
                tables.letters.entry(inbox.clone()).or_default();
            }
            Ok(tables.letters.get(&inbox).cloned())
        })
    }

    fn inboxes(&self) -> Trip<'_, Vec<InboxRow>> {
        let row = |(name, letters): (&String, &Letters)| InboxRow {
            name: name.clone(),
            letters: letters.letters.len() as u64,
            received: letters.received,
            latest: None,
            shares: letters.shares.clone(),
        };
        Box::pin(async move {
            self.0.answers().await?;
            Ok(self.tables().letters.iter().filter(|(name, _)| !name.starts_with(AMONG_REPLICAS)).map(row).collect())
        })
    }

    fn clear(&self, inbox: String) -> Trip<'_, ()> {
        Box::pin(async move {
            self.0.answers().await?;
            self.tables().letters.remove(&inbox);
            Ok(())
        })
    }

    fn forget(&self, sandboxes: Vec<(String, Begun)>) -> Trip<'_, ()> {
        Box::pin(async move {
            self.0.answers().await?;
            let tables = &mut *self.tables();
            for inbox in tables.letters.keys().cloned().collect::<Vec<_>>() {
                sandboxes.iter().for_each(|(sandbox, begun)| forget(tables, &inbox, Some(sandbox), *begun));
            }
            Ok(())
        })
    }
}

/// Removes what a sandbox had in an inbox before it has begun so.
fn forget(Tables { letters, senders, .. }: &mut Tables, name: &str, sandbox: Option<&String>, begun: Begun) {
    let Some(inbox) = letters.get_mut(name) else { return };
    let Some(share) = inbox.shares.iter_mut().find(|share| share.sandbox.as_ref() == sandbox && share.begun < begun) else { return };
    inbox.letters.retain(|(number, _)| senders.get(&(name.to_owned(), *number)) != sandbox);
    if share.begun.life == begun.life {
        (share.begun, share.received) = (begun, 0);
        return;
    }
    inbox.shares.retain(|share| share.sandbox.as_ref() != sandbox);
    if inbox.shares.is_empty() {
        letters.remove(name);
    }
}

impl Hold for Transaction {
    fn lock_list(&mut self) -> Trip<'_, String> {
        Box::pin(async {
            self.guards.push(Arc::clone(&self.shared.list).lock_owned().await);
            self.shared.answers().await?;
            Ok(self.shared.tables().begun.clone())
        })
    }

    fn lock(&mut self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(async move {
            let lock = Arc::clone(self.shared.tables().locks.entry(Arc::clone(&name)).or_default());
            self.guards.push(lock.lock_owned().await);
            self.shared.answers().await?;
            Ok(self.shared.read_held(&name, since))
        })
    }

    fn lock_again(&mut self, list: bool, marks: Vec<(Arc<str>, Mark)>) -> Trip<'_, bool> {
        Box::pin(async move {
            if list {
                self.lock_list().await?;
            }
            for (name, mark) in marks {
                let news = self.lock(name, Since { mark: Some(mark), written: u64::MAX }).await?;
                if news.is_none_or(|news| news.head.mark != mark) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }

    fn life(&mut self) -> Trip<'_, i64> {
        let mut tables = self.shared.tables();
        tables.lives += 1;
        ready(tables.lives)
    }

    fn commit(self: Box<Self>, commit: Commit) -> Trip<'static, ()> {
        Box::pin(async move {
            self.shared.is_written()?;
            let mut tables = self.shared.tables();
            let failing = tables.failing.pop_front();
            let fault = || Err(Fault::Away("it fails".to_owned()));
            if failing == Some(Failing::Before) {
                return fault();
            }
            let births = commit.births.iter().map(|birth| (&birth.name, &birth.append));
            for (name, append) in commit.appends.iter().map(|(name, _, append)| (name, append)).chain(births) {
                if append.parts.as_ref().is_some_and(|parts| !tables.are_there(name, parts)) {
                    return Err(Fault::Away("what was written before is gone".to_owned()));
                }
            }
            tables.commits.insert(commit.token);
            tables.begun = commit.begins.unwrap_or(std::mem::take(&mut tables.begun));
            for (name, before, append) in &commit.appends {
                let kept = tables.sandboxes.get_mut(name).expect("what is held is there");
                assert_eq!(kept.head.mark, *before, "nobody else appends to what is held");
                kept.append(commit.token, append);
            }
            for birth in &commit.births {
                let (name, mark) = (Arc::clone(&birth.name), Mark { life: birth.life, version: 0, token: 0 });
                let head =
                    Head { name: Arc::clone(&name), mark, began: 0, since_checkpoint: 0, checkpoint_bytes: 0, used: 0, courier: None };
                let mut kept = Kept { head, readdressed: None, checkpoint: 1, apart: None, rows: Vec::new(), exchanges: BTreeMap::new() };
                kept.append(commit.token, &birth.append);
                assert!(tables.sandboxes.insert(name, kept).is_none(), "a name is given once");
            }
            for (name, second) in &commit.used {
                tables.sandboxes.get_mut(name).expect("what is held is there").head.used = *second;
            }
            for death in &commit.deaths {
                tables.sandboxes.remove(&death.name);
            }
            match failing {
                Some(Failing::After) => fault(),
                Some(Failing::Garbled) => Err(Fault::Damaged("it is garbled".to_owned())),
                _ => Ok(()),
            }
        })
    }

    fn release(self: Box<Self>) {}
}
