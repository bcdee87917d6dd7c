//! The database of a simulation, and the connections of replicas to it: slow, lossy, cut, and all of it by chance from a seed.

mod session;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use seatrial::base::entropy::scattered;
use seatrial::fleet::{
    Begun, Checkpoint, Fault, Head, Hold, InboxRow, Ledger, Letter, Letters, News, Receipt, ReplicaRow, Several, Since, Trip,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::history::History;
use super::memory::Memory;

/// How long a transaction waits for a lock, how long it may be idle, and how long a trip may take: as the real ledger has it.
const LOCK: Duration = Duration::from_secs(4);
const IDLE: Duration = Duration::from_secs(5);
const TRIP: u64 = 8_000;
/// How much a statement writes, so that what little there is comes in parts.
const PORTION: usize = 6 << 10;

/// Numbers that look like chance, and are the same for the same seed.
pub struct Chance(AtomicU64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(scattered(seed.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    fn next(&self) -> u64 {
        scattered(self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed))
    }

    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Whether something happens that happens so often, in percent.
    pub fn says(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub async fn pause(&self, milliseconds: u64) {
        sleep(Duration::from_millis(self.below(milliseconds + 1))).await;
    }
}

/// The databases, as all replicas have them.
pub struct Database {
    places: Vec<Place>,
    pub chance: Chance,
    pub history: History,
    /// Whether trips are lost, besides those of links that are cut.
    pub is_lossy: AtomicBool,
    lanes: Mutex<BTreeMap<Arc<str>, (i64, Instant)>>,
    links: AtomicU64,
    /// How many checkpoints were made beside the calls.
    pub checkpoints: AtomicUsize,
}

/// One of them.
#[derive(Default)]
struct Place {
    memory: Memory,
    is_down: AtomicBool,
    crashes: AtomicU64,
    sessions: Mutex<Vec<Weak<Transaction>>>,
}

/// What may befall a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Well,
    /// It is stopped, and goes on later.
    Stopped,
    /// It does not reach the database.
    Cut,
    /// It is killed.
    Dead,
}

/// Numbers of deeds, and when each was done.
pub type Deeds = Vec<(usize, Timestamp)>;

/// The connection of one replica.
pub struct Link {
    pub number: u64,
    database: Arc<Database>,
    health: Mutex<Health>,
    /// Where it does not reach the database that is cut off, by bits.
    cut: AtomicU64,
    /// One that wakes who waits in order. A `watch` wakes by chance.
    changed: Notify,
    /// What was done in the sections that are open, by sandbox; by an empty name for those that hold the list.
    done: Mutex<BTreeMap<Arc<str>, Deeds>>,
}

/// A transaction, as the database has it; `None` when it has ended.
#[derive(Default)]
struct Transaction {
    hold: Mutex<Option<Box<dyn Hold>>>,
    trips: AtomicU64,
}

/// A transaction, as a replica has it.
struct Session {
    link: Arc<Link>,
    place: usize,
    transaction: Arc<Transaction>,
    held: Vec<Arc<str>>,
    /// How far the history was when the latest lock was taken.
    position: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[expect(clippy::disallowed_methods, reason = "the clock of a simulation is moved by waiting alone")]
pub fn now() -> Instant {
    Instant::now()
}

fn away(why: &str) -> Fault {
    Fault::Away(why.to_owned())
}

impl Database {
    pub fn new(seed: u64, is_lossy: bool, places: usize) -> Arc<Self> {
        Arc::new(Self {
            places: (0..places).map(|_| Place::default()).inspect(|place| place.memory.set_portion(PORTION)).collect(),
            chance: Chance::new(seed),
            history: History::default(),
            is_lossy: AtomicBool::new(is_lossy),
            lanes: Mutex::default(),
            links: AtomicU64::new(0),
            checkpoints: AtomicUsize::new(0),
        })
    }

    pub fn link(self: &Arc<Self>) -> Arc<Link> {
        let number = self.links.fetch_add(1, Ordering::Relaxed);
        Arc::new(Link {
            number,
            database: Arc::clone(self),
            health: Mutex::new(Health::Well),
            cut: AtomicU64::new(0),
            changed: Notify::new(),
            done: Mutex::default(),
        })
    }

    /// How many there are.
    pub fn places(&self) -> u64 {
        self.places.len() as u64
    }

    /// Ends all transactions of one of them, which answers nothing for a while.
    pub async fn crash(&self, place: u64, milliseconds: u64) {
        let Place { is_down, crashes, sessions, .. } = &self.places[usize::try_from(place).expect("there are few")];
        is_down.store(true, Ordering::Relaxed);
        crashes.fetch_add(1, Ordering::Relaxed);
        self.history.trouble(None);
        let sessions = std::mem::take(&mut *lock(sessions));
        sessions.iter().filter_map(Weak::upgrade).for_each(|transaction| drop(transaction.take()));
        sleep(Duration::from_millis(milliseconds)).await;
        is_down.store(false, Ordering::Relaxed);
    }

    fn is_lossy(&self) -> bool {
        self.is_lossy.load(Ordering::Relaxed)
    }

    fn crashes(&self, place: usize) -> u64 {
        self.places[place].crashes.load(Ordering::Relaxed)
    }

    fn courier(&self, name: &str) -> Option<i64> {
        lock(&self.lanes).get(name).filter(|(_, until)| *until > now()).map(|(courier, _)| *courier)
    }

    fn with_courier(&self, mut head: Head) -> Head {
        head.courier = self.courier(&head.name);
        head
    }

    async fn delay(&self) {
        self.chance.pause(if self.chance.says(4) { 300 } else { 4 }).await;
    }
}

impl Transaction {
    fn take(&self) -> Option<Box<dyn Hold>> {
        self.trips.fetch_add(1, Ordering::Relaxed);
        lock(&self.hold).take()
    }

    /// It goes on; unless another trip comes, it ends by itself.
    fn put(self: &Arc<Self>, hold: Box<dyn Hold>) {
        *lock(&self.hold) = Some(hold);
        let (trips, weak) = (self.trips.load(Ordering::Relaxed), Arc::downgrade(self));
        tokio::spawn(async move {
            sleep(IDLE).await;
            if let Some(own) = weak.upgrade().filter(|own| own.trips.load(Ordering::Relaxed) == trips) {
                drop(own.take());
            }
        });
    }
}

impl Link {
    pub fn set(&self, health: Health) {
        if health != Health::Well {
            self.database.history.trouble(Some(self.number));
        }
        *lock(&self.health) = health;
        self.changed.notify_waiters();
    }

    pub fn is(&self, health: Health) -> bool {
        *lock(&self.health) == health
    }

    /// Is stopped while it holds something, perhaps for longer than it can be held.
    fn stops(self: &Arc<Self>) {
        self.set(Health::Stopped);
        let link = Arc::clone(self);
        tokio::spawn(async move {
            link.database.chance.pause(10_000).await;
            if link.is(Health::Stopped) {
                link.set(Health::Well);
            }
        });
    }

    async fn wait_until(&self, holds: impl Fn(Health) -> bool) {
        loop {
            let changed = self.changed.notified();
            if holds(*lock(&self.health)) {
                return;
            }
            changed.await;
        }
    }

    /// Ends when the replica is killed.
    pub async fn died(&self) {
        self.wait_until(|health| health == Health::Dead).await;
    }

    /// Waits while the replica is stopped; for ever once it is killed.
    pub async fn awake(&self) {
        self.wait_until(|health| matches!(health, Health::Well | Health::Cut)).await;
    }

    /// Says what is done in a section that is open.
    pub fn does(&self, held: &str, deed: usize, wall: Timestamp) {
        lock(&self.done).entry(held.into()).or_default().push((deed, wall));
    }

    fn forget(&self, held: &Arc<str>) {
        lock(&self.done).remove(held);
    }

    fn done(&self, held: &[Arc<str>]) -> Deeds {
        let mut done = lock(&self.done);
        held.iter().filter_map(|name| done.remove(name)).flatten().collect()
    }

    fn is_lost(&self, place: usize, percent: u64) -> bool {
        let Database { chance, places, .. } = &*self.database;
        let is_cut = self.is(Health::Cut) && self.cut.load(Ordering::Relaxed) >> place & 1 == 1;
        places[place].is_down.load(Ordering::Relaxed) || is_cut || (self.database.is_lossy() && chance.says(percent))
    }

    /// Does not reach some of the databases, or none of them.
    pub fn cuts(&self, places: u64) {
        self.cut.store(places, Ordering::Relaxed);
        self.set(Health::Cut);
    }

    /// A connection that breaks, which may be heard of at once or after long.
    async fn breaks(&self) -> Fault {
        self.database.history.trouble(Some(self.number));
        let chance = &self.database.chance;
        chance.pause(if chance.says(60) { 5 } else { TRIP }).await;
        self.awake().await;
        away("the connection broke")
    }

    async fn request(&self, place: usize) -> Result<(), Fault> {
        self.awake().await;
        self.database.delay().await;
        if self.is_lost(place, 1) { Err(self.breaks().await) } else { Ok(()) }
    }

    async fn answer(&self, place: usize) -> Result<(), Fault> {
        self.database.delay().await;
        self.awake().await;
        if self.is_lost(place, 1) { Err(self.breaks().await) } else { Ok(()) }
    }

    async fn trip<T>(&self, place: usize, act: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        self.request(place).await?;
        let done = act.await;
        self.answer(place).await?;
        done
    }
}

/// The ledger of a place by way of a link.
pub struct Remote(Arc<Link>, usize);

impl Remote {
    fn memory(&self) -> &Memory {
        &self.place().memory
    }

    fn place(&self) -> &Place {
        &self.0.database.places[self.1]
    }
}

/// What a replica has of all places.
pub fn ledger(link: &Arc<Link>) -> Arc<dyn Ledger> {
    let remote = |place| Remote(Arc::clone(link), place);
    match link.database.places.len() {
        1 => Arc::new(remote(0)),
        places => {
            Arc::new(Several::new((0..places).map(|place| (format!("database {place}"), Box::new(remote(place)) as Box<dyn Ledger>))))
        }
    }
}

impl Ledger for Remote {
    fn chance(&self) -> i64 {
        (self.0.database.chance.next() >> 1).cast_signed()
    }

    fn begin(&self) -> Box<dyn Hold> {
        let transaction = Arc::new(Transaction { hold: Mutex::new(Some(self.memory().begin())), trips: AtomicU64::new(0) });
        let mut sessions = lock(&self.place().sessions);
        sessions.retain(|session| session.strong_count() > 0);
        sessions.push(Arc::downgrade(&transaction));
        Box::new(Session { link: Arc::clone(&self.0), place: self.1, transaction, held: Vec::new(), position: 0 })
    }

    fn heads(&self, part: usize, after: i64) -> Trip<'_, Vec<Head>> {
        Box::pin(self.0.trip(self.1, async move { self.memory().heads(part, after).await }))
    }

    fn heads_of(&self, names: Vec<Arc<str>>) -> Trip<'_, Vec<Head>> {
        Box::pin(self.0.trip(self.1, async move { self.memory().heads_of(names).await }))
    }

    fn news(&self, name: Arc<str>, since: Since) -> Trip<'_, Option<News>> {
        Box::pin(self.0.trip(self.1, async move { self.memory().news(name, since).await }))
    }

    fn portion(&self) -> usize {
        PORTION
    }

    fn write_part(&self, name: Arc<str>, version: i64, token: i64, number: u32, body: Vec<u8>) -> Trip<'_, ()> {
        Box::pin(self.0.trip(self.1, async move { self.memory().write_part(name, version, token, number, body).await }))
    }

    fn part(&self, name: Arc<str>, token: i64, number: u32) -> Trip<'_, Option<Vec<u8>>> {
        Box::pin(self.0.trip(self.1, async move { self.memory().part(name, token, number).await }))
    }

    fn is_written(&self, name: Arc<str>) -> Trip<'_, bool> {
        Box::pin(self.0.trip(self.1, async move { self.memory().is_written(name).await }))
    }

    fn set_checkpoint(&self, checkpoint: Checkpoint) -> Trip<'_, bool> {
        Box::pin(self.0.trip(self.1, async move {
            let slow = |_| away("a lock was waited for too long");
            let set = timeout(LOCK, self.memory().set_checkpoint(checkpoint)).await.map_err(slow)??;
            self.0.database.checkpoints.fetch_add(usize::from(set), Ordering::Relaxed);
            Ok(set)
        }))
    }

    fn tidy(&self, name: Arc<str>, below: Option<(i64, u64)>) -> Trip<'_, bool> {
        Box::pin(self.0.trip(self.1, async move { self.memory().tidy(name, below).await }))
    }

    fn untidy(&self, part: usize) -> Trip<'_, Vec<Arc<str>>> {
        Box::pin(self.0.trip(self.1, async move { self.memory().untidy(part).await }))
    }

    fn is_committed(&self, receipt: Receipt) -> Trip<'_, bool> {
        Box::pin(self.0.trip(self.1, async move {
            let mut hold = self.memory().begin();
            let slow = |_| away("a lock was waited for too long");
            timeout(LOCK, hold.lock_list()).await.map_err(slow)??;
            let nothing = Since { mark: None, written: 0 };
            timeout(LOCK, hold.lock(Arc::clone(&receipt.name), nothing)).await.map_err(slow)??;
            self.memory().is_committed(receipt).await
        }))
    }

    fn take_lane(&self, name: Arc<str>, courier: i64, span: Duration) -> Trip<'_, bool> {
        Box::pin(self.0.trip(self.1, async move {
            let database = &self.0.database;
            if self.memory().heads_of(vec![Arc::clone(&name)]).await?.is_empty() {
                return Ok(false);
            }
            let is_free = database.courier(&name).is_none_or(|other| other == courier);
            if is_free {
                lock(&database.lanes).insert(name, (courier, now() + span));
            }
            Ok(is_free)
        }))
    }

    fn leave_lane(&self, name: Arc<str>, courier: i64) -> Trip<'_, ()> {
        Box::pin(self.0.trip(self.1, async move {
            let mut lanes = lock(&self.0.database.lanes);
            if lanes.get(&name).is_some_and(|(other, _)| *other == courier) {
                lanes.remove(&name);
            }
            Ok(())
        }))
    }

    fn secret(&self, own: [u8; 32]) -> Trip<'_, [u8; 32]> {
        Box::pin(self.0.trip(self.1, async move { self.memory().secret(own).await }))
    }

    fn beat(&self, part: usize, id: i64, version: &'static str, reads: u8) -> Trip<'_, ()> {
        Box::pin(self.0.trip(self.1, async move { self.memory().beat(part, id, version, reads).await }))
    }

    fn format(&self, own: u8) -> Trip<'_, u8> {
        Box::pin(self.0.trip(self.1, async move { self.memory().format(own).await }))
    }

    fn options(&self) -> Trip<'_, String> {
        self.memory().options()
    }

    fn set_options(&self, before: String, own: String) -> Trip<'_, bool> {
        self.memory().set_options(before, own)
    }

    fn upgrade(&self, format: u8) -> Trip<'_, Vec<ReplicaRow>> {
        self.memory().upgrade(format)
    }

    fn replicas(&self) -> Trip<'_, Vec<ReplicaRow>> {
        self.memory().replicas()
    }

    fn post(&self, inbox: String, sandbox: Option<(String, Begun)>, letters: Vec<Letter>) -> Trip<'_, ()> {
        self.memory().post(inbox, sandbox, letters)
    }

    fn letters(&self, inbox: String, opens: bool) -> Trip<'_, Option<Letters>> {
        self.memory().letters(inbox, opens)
    }

    fn inboxes(&self) -> Trip<'_, Vec<InboxRow>> {
        self.memory().inboxes()
    }

    fn clear(&self, inbox: String) -> Trip<'_, ()> {
        self.memory().clear(inbox)
    }

    fn forget(&self, sandboxes: Vec<(String, Begun)>) -> Trip<'_, ()> {
        self.memory().forget(sandboxes)
    }
}
