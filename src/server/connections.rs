//! Open connections: how many there may be, which of them make room for others, and which have been silent for too long.
//!
//! A listener has its own seats. When all are taken, a new connection takes the seat of one that has not sent a request yet, or else
//! of one that is not being answered, the longest open first. A connection ends when its first request is not complete in time, when it
//! has been idle for as long, and when its client does not read: no other timer sees silence before a request or behind an answer.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use http::header::{HOST, HeaderValue};
use http::request::Parts;
use hyper_util::server::graceful::GracefulConnection;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::server::host::{self, Host};

/// How many bytes a client has to read in each time-out to count as one that reads.
const PROGRESS: usize = 16 * 1024;
/// How long a connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// The connections of a listener.
pub(super) struct Connections {
    seats: usize,
    open: Mutex<Open>,
    /// Notified when a connection has ended.
    ended: Notify,
}

#[derive(Default)]
struct Open {
    /// Numbers count up, so that the longest open come first.
    next: u64,
    connections: BTreeMap<u64, Arc<Connection>>,
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
    /// The progress when answers last had no room.
    seen_short: AtomicUsize,
    /// A `Host` that was found to be one of ours: most requests of a connection have the same.
    host: OnceLock<HeaderValue>,
    /// Whether its seat was given to another one.
    evicted: AtomicBool,
    /// Notified when it was evicted, or shall end after the requests that are under way.
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

    /// Takes a seat, or has one vacated.
    fn try_seat(self: &Arc<Self>) -> Option<Seat> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.connections.len() >= self.seats {
            drop(open);
            self.make_room();
            return None;
        }
        let number = open.next;
        open.next += 1;
        let connection = Arc::new(Connection::default());
        open.connections.insert(number, Arc::clone(&connection));
        Some(Seat { connections: Arc::clone(self), number, connection })
    }

    /// Has one that says nothing vacate its seat.
    pub fn make_room(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = || open.connections.values().filter(|row| !row.evicted.load(Ordering::Relaxed));
        let silent = rows().find(|row| !row.has_asked.load(Ordering::Relaxed));
        let waits = |row: &&Arc<Connection>| row.asking.load(Ordering::Relaxed) == 0;
        if let Some(row) = silent.or_else(|| rows().find(|row| row.is_idle())).or_else(|| rows().find(waits)) {
            row.evicted.store(true, Ordering::Relaxed);
            row.signal.notify_one();
        }
    }

    /// Ends those whose clients have taken nothing of an answer since this was last called.
    pub fn evict_stalled(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for row in open.connections.values().filter(|row| row.unsent.load(Ordering::Relaxed) > 0) {
            let progress = row.progress.load(Ordering::Relaxed);
            if row.seen_short.swap(progress, Ordering::Relaxed) == progress {
                row.evicted.store(true, Ordering::Relaxed);
                row.signal.notify_one();
            }
        }
    }

    /// Has all of them end after the requests that are under way.
    pub fn drain(&self) {
        for row in self.open.lock().unwrap_or_else(PoisonError::into_inner).connections.values() {
            row.signal.notify_one();
        }
    }

    /// Waits until all have ended.
    pub async fn ended(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.open.lock().unwrap_or_else(PoisonError::into_inner).connections.is_empty() {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).connections.remove(&self.number);
        self.connections.ended.notify_waiters();
    }
}

impl Connection {
    pub fn begin(self: &Arc<Self>) -> Asking {
        self.asking.fetch_add(1, Ordering::Relaxed);
        self.progress.fetch_add(PROGRESS, Ordering::Relaxed);
        Asking(Arc::clone(self))
    }

    /// The client has taken bytes.
    pub fn advance(&self, bytes: usize) {
        self.progress.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of an answer wait for the client.
    pub fn hold(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Bytes of an answer were taken, or will never be.
    pub fn release(&self, bytes: usize) {
        self.unsent.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn is_idle(&self) -> bool {
        self.asking.load(Ordering::Relaxed) == 0 && self.unsent.load(Ordering::Relaxed) == 0
    }

    /// Drives a connection until it ends by itself, has been silent for `limit`, loses its seat, or is done after it was told to drain.
    pub async fn drive<C: GracefulConnection>(&self, connection: C, limit: Duration) -> Result<(), C::Error> {
        tokio::pin!(connection);
        let mut leaving = false;
        let mut seen = 0;
        let timer = sleep(limit);
        tokio::pin!(timer);
        loop {
            tokio::select! {
                ended = connection.as_mut() => return ended,
                () = self.signal.notified() => {
                    if self.evicted.load(Ordering::Relaxed) {
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
    /// Called when the whole request was read.
    pub fn complete(&self) {
        self.0.has_asked.store(true, Ordering::Relaxed);
    }

    /// Whether a request is for a host that is known.
    pub fn has_host(&self, parts: &Parts, is_known: impl Fn(Host<'_>) -> bool) -> bool {
        let header = if parts.uri.authority().is_none() { parts.headers.get(HOST) } else { None };
        let is_only = || parts.headers.get_all(HOST).iter().nth(1).is_none();
        if header.is_some() && header == self.0.host.get() && is_only() {
            return true;
        }
        let found = is_known(host::target(parts));
        if let Some(header) = header.filter(|_| found) {
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
