//! Open connections: how many there may be, which of them make room for others, and which have been silent for too long.
//!
//! A listener has its own seats. When all are taken, a new connection takes the seat of one that has not sent a request yet, or else
//! of one that is not being answered, the longest open first. A connection ends when its first request is not complete in time, when it
//! has been idle for as long, and when its client does not read: no other timer sees silence before a request or behind an answer.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::request::Parts;
use hyper_util::server::graceful::GracefulConnection;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::{Instant, sleep_until, timeout};

use crate::server::host::{self, Host};

/// How many bytes a client has to read in each time-out to count as one that reads.
const PROGRESS: usize = 16 * 1024;
/// How many bytes a client may send in each time-out that are neither part of a request nor make room for an answer.
const TALK: usize = 512 * 1024;
/// Bytes of a body may come with so many others for each, and bytes of answers may ask for one in so many.
const FRAMING: usize = 16;
/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long a connection that has lost its seat is waited for.
const MOMENT: Duration = Duration::from_millis(20);
/// How many connections may be open that have lost their seats: they end a little after others have taken these.
const LEAVING: usize = 64;

/// The connections of a listener.
pub(super) struct Connections {
    seats: usize,
    open: Mutex<Open>,
    /// Notified when a connection has ended.
    ended: Notify,
}

/// Numbers count up, so that the longest open come first.
#[derive(Default)]
struct Open {
    next: u64,
    /// Those that had not sent a request when this was last looked at.
    strangers: BTreeMap<u64, Arc<Connection>>,
    others: BTreeMap<u64, Arc<Connection>>,
    /// How many have lost their seats and not ended yet.
    leaving: usize,
}

/// What is known of an open connection.
#[derive(Default)]
pub(super) struct Connection {
    /// Whether the first request is complete.
    has_asked: AtomicBool,
    /// Requests that have begun and are not answered.
    asking: AtomicUsize,
    /// Bytes of answers that the client has not taken.
    unsent: AtomicUsize,
    /// Bytes that the client has taken, and requests that have begun.
    progress: AtomicUsize,
    /// Notified when it has taken all of them.
    taken: Notify,
    /// The turn of one of its requests, where not all of them can be answered at once.
    pub turn: AsyncMutex<()>,
    /// Bytes that the client has sent and that have asked for nothing.
    talk: AtomicUsize,
    /// The progress when answers last had no room.
    seen_short: AtomicUsize,
    /// A `Host` that was found to be one of ours: most requests of a connection have the same.
    host: OnceLock<HeaderValue>,
    /// Whether the address of the request that comes next had blanks.
    is_mended: AtomicBool,
    /// Whether it ends at once: its seat was given to another one, or a scenario wants it.
    ends: AtomicBool,
    /// Notified when it ends, or shall end after the requests that are under way.
    signal: Notify,
}

/// The seat of a connection, until it is dropped.
pub(super) struct Seat {
    connections: Arc<Connections>,
    number: u64,
    pub connection: Arc<Connection>,
}

pub(super) struct Asking(Arc<Connection>);

impl Connections {
    pub fn new(seats: usize) -> Arc<Self> {
        Arc::new(Self { seats, open: Mutex::default(), ended: Notify::new() })
    }

    pub async fn seat(self: &Arc<Self>) -> Seat {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if let Some(seat) = self.try_seat() {
                return seat;
            }
            ended.await;
        }
    }

    /// Takes a free seat, or that of another one.
    fn try_seat(self: &Arc<Self>) -> Option<Seat> {
        let mut open = self.open();
        if open.seated() >= self.seats && (open.leaving >= LEAVING.min(self.seats) || !open.evict_one()) {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection::default());
        open.strangers.insert(number, Arc::clone(&connection));
        Some(Seat { connections: Arc::clone(self), number, connection })
    }

    /// How many have seats: those that leave are not among them.
    pub fn seated(&self) -> usize {
        self.open().seated()
    }

    /// How many there are, those that leave among them.
    pub fn open_ones(&self) -> usize {
        let open = self.open();
        open.seated() + open.leaving
    }

    /// Ends one that says nothing, and waits until one has ended: for a moment at most, because there may be none.
    pub async fn make_room(&self) {
        let mut ended = pin!(self.ended.notified());
        ended.as_mut().enable();
        self.open().evict_one();
        let _ = timeout(MOMENT, ended).await;
    }

    /// Ends those whose clients have taken nothing of an answer since this was last called.
    pub fn evict_stalled(&self) {
        let mut open = self.open();
        let unsent = |row: &Connection| row.unsent.load(Ordering::Relaxed) > 0;
        let stalled = |row: &Connection| {
            let progress = row.progress.load(Ordering::Relaxed);
            row.seen_short.swap(progress, Ordering::Relaxed) == progress
        };
        let numbers: Vec<u64> = open.rows().filter(|(_, row)| unsent(row) && stalled(row)).map(|(number, _)| *number).collect();
        numbers.into_iter().for_each(|number| open.evict(number));
    }

    /// Has all of them end after the requests that are under way.
    pub fn drain(&self) {
        self.open().rows().for_each(|(_, row)| row.signal.notify_one());
    }

    /// Waits until all have ended.
    pub async fn ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.open().is_empty() {
                return;
            }
            ended.await;
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn seated(&self) -> usize {
        self.strangers.len() + self.others.len()
    }

    fn is_empty(&self) -> bool {
        self.seated() + self.leaving == 0
    }

    fn rows(&self) -> impl Iterator<Item = (&u64, &Arc<Connection>)> {
        self.strangers.iter().chain(&self.others)
    }

    /// Has one lose its seat; false if all are being answered. Those that have sent no request go first, unless they are few: they have
    /// only just come then.
    fn evict_one(&mut self) -> bool {
        let many = self.seated() / 4;
        while self.strangers.len() > many
            && let Some((number, row)) = self.strangers.pop_first()
        {
            let has_asked = row.has_asked.load(Ordering::Relaxed);
            self.others.insert(number, row);
            if !has_asked {
                self.evict(number);
                return true;
            }
        }
        let waits = |row: &Connection| row.asking.load(Ordering::Relaxed) == 0;
        let idle = || self.others.iter().find(|(_, row)| row.is_idle());
        let deaf = || self.others.iter().find(|(_, row)| waits(row));
        let found = idle().or_else(deaf).or_else(|| self.strangers.first_key_value());
        let number = found.map(|(number, _)| *number);
        number.inspect(|number| self.evict(*number)).is_some()
    }

    fn evict(&mut self, number: u64) {
        if let Some(row) = self.take(number) {
            self.leaving += 1;
            row.end();
        }
    }

    fn take(&mut self, number: u64) -> Option<Arc<Connection>> {
        self.strangers.remove(&number).or_else(|| self.others.remove(&number))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.connections.open();
        if open.take(self.number).is_none() {
            open.leaving -= 1;
        }
        drop(open);
        self.connections.ended.notify_waiters();
    }
}

impl Connection {
    pub fn begin(self: &Arc<Self>) -> Asking {
        self.asking.fetch_add(1, Ordering::Relaxed);
        self.progress.fetch_add(PROGRESS, Ordering::Relaxed);
        self.talk.store(0, Ordering::Relaxed);
        Asking(Arc::clone(self))
    }

    /// Whether requests have begun that are not answered.
    pub fn is_asked(&self) -> bool {
        self.asking.load(Ordering::Relaxed) > 0
    }

    /// The address of the next request had blanks, which are escaped now.
    pub fn mend(&self) {
        self.is_mended.store(true, Ordering::Relaxed);
    }

    /// The client has taken bytes.
    pub fn advance(&self, bytes: usize) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
        self.excuse(bytes / FRAMING);
    }

    /// The client has sent bytes; whether it may go on.
    pub fn talks(&self, bytes: usize) -> bool {
        self.talk.fetch_add(bytes, Ordering::Relaxed) + bytes <= TALK
    }

    /// Bytes of a body have arrived.
    pub fn hear(&self, bytes: usize) {
        self.excuse(bytes.saturating_mul(FRAMING));
    }

    fn excuse(&self, bytes: usize) {
        if bytes > 0 {
            let _ = self.talk.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |talk| Some(talk.saturating_sub(bytes)));
        }
    }

    /// Bytes of an answer wait for the client.
    pub fn hold(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of an answer were taken, or will never be.
    pub fn release(&self, bytes: usize) {
        if self.unsent.fetch_sub(bytes, Ordering::Relaxed) == bytes {
            self.taken.notify_waiters();
        }
    }

    /// Waits until no answer waits for the client.
    pub async fn taken(&self) {
        let mut taken = pin!(self.taken.notified());
        taken.as_mut().enable();
        if self.unsent.load(Ordering::Relaxed) > 0 {
            taken.await;
        }
    }

    /// Ends it without another byte.
    pub fn end(&self) {
        self.ends.store(true, Ordering::Relaxed);
        self.signal.notify_one();
    }

    /// Ends it after the requests that are under way, of which HTTP/2 tells its peer.
    pub fn go_away(&self) {
        self.signal.notify_one();
    }

    /// Ends when it shall end, as long as nothing drives it.
    pub async fn leaves(&self) {
        self.signal.notified().await;
    }

    fn is_idle(&self) -> bool {
        !self.is_asked() && self.unsent.load(Ordering::Relaxed) == 0
    }

    /// Drives a connection until it ends by itself, has been silent for `limit`, loses its seat, or is done after it was told to drain.
    /// `first` is when the first request has to be complete.
    pub async fn drive<C: GracefulConnection>(&self, connection: C, first: Instant, limit: Duration) -> Result<(), C::Error> {
        tokio::pin!(connection);
        let mut leaving = false;
        let mut seen = 0;
        let timer = sleep_until(first);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => return ended,
                () = self.signal.notified() => {
                    if self.ends.load(Ordering::Relaxed) {
                        return Ok(());
                    }
                    connection.as_mut().graceful_shutdown();
                    leaving = true;
                }
                () = timer.as_mut() => {
                    let now = timer.deadline();
                    let asking = self.asking.load(Ordering::Relaxed) > 0;
                    if !self.has_asked.load(Ordering::Relaxed) {
                        // What has begun is answered with 408 by now, and that answer is on its way.
                        if !asking || seen > 0 {
                            return Ok(());
                        }
                        seen = 1;
                        timer.as_mut().reset(now + GOODBYE);
                        continue;
                    }
                    self.talk.store(0, Ordering::Relaxed);
                    let progress = self.progress.load(Ordering::Relaxed);
                    let stands = progress.wrapping_sub(seen) < PROGRESS;
                    seen = progress;
                    timer.as_mut().reset(now + limit);
                    if stands && (leaving || self.unsent.load(Ordering::Relaxed) > 0) {
                        return Ok(());
                    }
                    if stands && !asking {
                        connection.as_mut().graceful_shutdown();
                        leaving = true;
                        timer.as_mut().reset(now + GOODBYE);
                    }
                }
            }
        }
    }
}

impl Asking {
    /// Whether its address had blanks.
    pub fn was_mended(&self) -> bool {
        self.0.is_mended.swap(false, Ordering::Relaxed)
    }

    /// Called when the whole request was read.
    pub fn complete(&self) {
        self.0.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether a request is for the host that an earlier one was for.
    pub fn has_same_host(&self, parts: &Parts) -> bool {
        let mut headers = parts.headers.get_all(HOST).iter();
        let header = headers.next().filter(|_| parts.uri.authority().is_none());
        header.is_some() && header == self.0.host.get() && headers.next().is_none()
    }

    /// Whether a request is for a host that is known.
    pub fn has_host(&self, parts: &Parts, is_known: impl Fn(Host<'_>) -> bool) -> bool {
        let found = is_known(host::target(parts));
        if let Some(header) = parts.headers.get(HOST).filter(|_| found && parts.uri.authority().is_none()) {
            let _ = self.0.host.set(header.clone());
        }
        found
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.asking.fetch_sub(1, Ordering::Relaxed);
    }
}
