//! Places for answers that are written while they are read, and for conversations. Each keeps something of a sandbox for as long as its
//! client takes it, or waits for it, and there is no other bound on how long that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::server::admin::problem::Problem;

/// How many files are written at once.
const FILES: usize = 8;
/// How many conversations are played at once.
const CONVERSATIONS: usize = 4;
/// How many streams of one kind are open at once.
const STREAMS: usize = 64;
/// The part of the time for a request that another file is waited for, and how many such times a client has for a piece of a file.
const SHARE: u32 = 4;
const FOR_A_PIECE: u32 = 16;

/// Places for files that are sent in pieces, each of which keeps what is in the file, whatever the sandbox drops meanwhile, and for
/// conversations with their reports.
pub(crate) struct Downloads {
    free: Arc<Semaphore>,
    conversations: Arc<Semaphore>,
    patience: Duration,
}

/// A file that is sent. Its place is free when it is dropped.
pub(crate) struct Download {
    patience: Duration,
    _place: OwnedSemaphorePermit,
}

/// Places for streams of events.
pub(crate) struct Streams(AtomicUsize);

/// A stream that is open. It counts until it is dropped.
pub(crate) struct Seat(&'static Streams);

impl Downloads {
    pub fn new(read_timeout: Duration) -> Self {
        let [free, conversations] = [FILES, CONVERSATIONS].map(|places| Arc::new(Semaphore::new(places)));
        Self { free, conversations, patience: read_timeout / SHARE }
    }

    /// A place for a conversation, when there is one in time.
    pub async fn conversation(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = timeout(self.patience, Arc::clone(&self.conversations).acquire_owned()).await;
        let full = || {
            let detail = format!("{CONVERSATIONS} conversations are being played, which is the most; none of them has ended in time");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(RETRY_AFTER, "1")
        };
        place.ok().and_then(Result::ok).ok_or_else(full)
    }

    /// A place, when there is one in time.
    pub async fn begin(&self) -> Result<Download, Problem> {
        let place = timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        let full = || {
            let detail = format!("{FILES} files are being sent, which is the most; none of their clients has taken its own in time");
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(RETRY_AFTER, "1")
        };
        let place = place.ok().and_then(Result::ok).ok_or_else(full)?;
        Ok(Download { patience: self.patience * FOR_A_PIECE, _place: place })
    }
}

impl Download {
    /// Whether a piece is taken in time.
    pub async fn is_taken<E>(&self, sent: impl Future<Output = Result<(), E>>) -> bool {
        timeout(self.patience, sent).await.is_ok_and(|sent| sent.is_ok())
    }
}

impl Streams {
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// A place, if there is one.
    pub fn begin(&'static self) -> Result<Seat, Problem> {
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| (taken < STREAMS).then_some(taken + 1));
        let full = |_| Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("{STREAMS} streams are open, which is the most"));
        taken.map(|_| Seat(self)).map_err(full)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn files_wait_for_a_place_for_a_while() {
        let downloads = Downloads::new(Duration::from_secs(4));
        let mut open = Vec::new();
        for _ in 0..FILES {
            open.push(downloads.begin().await.expect("a place"));
        }
        assert!(downloads.begin().await.is_err(), "nobody ends in time");
        let (next, ()) = tokio::join!(downloads.begin(), async { drop(open.pop()) });
        assert!(next.is_ok(), "one has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_loses_its_place() {
        let download = Downloads::new(Duration::from_secs(4)).begin().await.expect("a place");
        assert!(!download.is_taken(std::future::pending::<Result<(), ()>>()).await);
        assert!(download.is_taken(async { Ok::<_, ()>(()) }).await);
        assert!(!download.is_taken(async { Err(()) }).await);
    }

    #[test]
    fn streams_are_counted_until_they_end() {
        static SOME: Streams = Streams::new();
        let open: Vec<_> = (0..STREAMS).map_while(|_| SOME.begin().ok()).collect();
        assert!(open.len() == STREAMS && SOME.begin().is_err());
        drop(open);
        assert!(SOME.begin().is_ok());
    }
}
