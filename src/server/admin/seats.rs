//! Places for answers that are written while they are read, and for conversations. Each keeps something of a sandbox for as long as its
//! client takes it, or waits for it, and there is no other bound on how long that is.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::server::admin::problem::Problem;

/// How many files of one sandbox are written at once.
const FILES: usize = 8;
/// How many conversations are played at once in one sandbox.
const CONVERSATIONS: usize = 4;
/// How many streams of one kind and one sandbox are open at once.
const STREAMS: usize = 64;
/// How many times as many places there are for all sandboxes.
const FOR_ALL: usize = 2;
/// The part of the time for a request that another file is waited for, and how many such times a client has for a piece of a file.
const SHARE: u32 = 4;
const FOR_A_PIECE: u32 = 8;

/// Places for files that are sent in pieces, each of which keeps what is in the file, whatever the sandbox drops meanwhile, and for
/// conversations with their reports.
pub(crate) struct Downloads {
    files: Places,
    conversations: Places,
    patience: Duration,
}

/// A file that is sent. Its place is free when it is dropped.
pub(crate) struct Download {
    patience: Duration,
    _place: Place,
}

/// Places of which each sandbox has some.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// Those of sandboxes that have none yet.
    first: Arc<Semaphore>,
    /// Of the sandboxes that have taken one.
    own: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
    most: usize,
}

/// A place, until it is dropped.
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    _own: (OwnedSemaphorePermit, Arc<Semaphore>),
}

impl Downloads {
    pub fn new(read_timeout: Duration) -> Self {
        let [files, conversations] = [FILES, CONVERSATIONS].map(Places::new);
        Self { files, conversations, patience: read_timeout / SHARE }
    }

    /// A place for a conversation in a sandbox, when there is one in time.
    pub async fn conversation(&self, sandbox: &Arc<str>) -> Result<Place, Problem> {
        let place = timeout(self.patience, self.conversations.take(sandbox)).await;
        place.map_err(|_| full(CONVERSATIONS, "conversations are being played", "none of them has ended in time"))
    }

    /// A place for a file of a sandbox, when there is one in time.
    pub async fn begin(&self, sandbox: &Arc<str>) -> Result<Download, Problem> {
        let place = timeout(self.patience, self.files.take(sandbox)).await;
        let place = place.map_err(|_| full(FILES, "files are being sent", "none of their clients has taken its own in time"))?;
        Ok(Download { patience: self.patience * FOR_A_PIECE, _place: place })
    }
}

fn full(most: usize, what: &str, why: &str) -> Problem {
    let detail = format!("{most} {what}, which is the most of one sandbox, or {} of all; {why}", FOR_ALL * most);
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail).with_header(RETRY_AFTER, "1")
}

impl Download {
    /// Whether a piece is taken in time.
    pub async fn is_taken<E>(&self, sent: impl Future<Output = Result<(), E>>) -> bool {
        timeout(self.patience, sent).await.is_ok_and(|sent| sent.is_ok())
    }
}

impl Places {
    /// So many for each sandbox, and some more for all; beyond these, so many sandboxes have one place each.
    fn new(most: usize) -> Self {
        let [all, first] = [FOR_ALL * most, most].map(|places| Arc::new(Semaphore::new(places)));
        Self { all, first, own: Mutex::default(), most }
    }

    /// Places for streams of one kind.
    pub fn for_streams() -> Self {
        Self::new(STREAMS)
    }

    async fn take(&self, sandbox: &Arc<str>) -> Place {
        let own = self.own(sandbox);
        // Who waits for a place of his own keeps none from others.
        let place = Arc::clone(&own).acquire_owned().await.expect("places are never closed");
        let all = tokio::select! {
            biased;
            all = Arc::clone(&self.all).acquire_owned() => all,
            first = Arc::clone(&self.first).acquire_owned(), if self.is_first(&own) => first,
        };
        Place { _all: all.expect("places are never closed"), _own: (place, own) }
    }

    /// A place for a stream, if there is one now.
    pub fn try_take(&self, sandbox: &Arc<str>) -> Result<Place, Problem> {
        let own = self.own(sandbox);
        let place = Arc::clone(&own).try_acquire_owned().ok();
        let all = Arc::clone(&self.all).try_acquire_owned().ok();
        let first = || Arc::clone(&self.first).try_acquire_owned().ok().filter(|_| self.is_first(&own));
        let (place, all) = place.zip(all.or_else(first)).ok_or_else(|| {
            let detail = format!("{} streams are open, which is the most of one sandbox, or {} of all", self.most, FOR_ALL * self.most);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
        })?;
        Ok(Place { _all: all, _own: (place, own) })
    }

    /// Whether a sandbox has only the place that it takes now.
    fn is_first(&self, own: &Semaphore) -> bool {
        own.available_permits() + 1 >= self.most
    }

    /// The places of a sandbox, which are known for as long as one is taken or waited for.
    fn own(&self, sandbox: &Arc<str>) -> Arc<Semaphore> {
        let mut places = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = places.get(sandbox).and_then(Weak::upgrade) {
            return own;
        }
        places.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(self.most));
        places.insert(Arc::clone(sandbox), Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn files_wait_for_a_place_for_a_while() {
        let downloads = Downloads::new(Duration::from_secs(4));
        let [one, other, third] = ["one", "other", "third"].map(Arc::<str>::from);
        let mut open = Vec::new();
        for _ in 0..FILES {
            open.push(downloads.begin(&one).await.expect("a place"));
        }
        assert!(downloads.begin(&one).await.is_err(), "nobody ends in time");
        let (next, ()) = tokio::join!(downloads.begin(&one), async { drop(open.pop()) });
        open.push(next.expect("one has ended"));
        for _ in 0..FILES {
            open.push(downloads.begin(&other).await.expect("places of its own"));
        }
        let first = downloads.begin(&third).await;
        assert!(first.is_ok(), "who has none has a first one");
        assert!(downloads.begin(&third).await.is_err(), "there are so many for all");
        open.truncate(1);
        assert!(downloads.begin(&third).await.is_ok() && downloads.conversation(&one).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_loses_its_place() {
        let download = Downloads::new(Duration::from_secs(4)).begin(&"one".into()).await.expect("a place");
        assert!(!download.is_taken(std::future::pending::<Result<(), ()>>()).await);
        assert!(download.is_taken(async { Ok::<_, ()>(()) }).await);
        assert!(!download.is_taken(async { Err(()) }).await);
    }

    #[test]
    fn streams_are_counted_until_they_end() {
        let (places, one) = (Places::for_streams(), Arc::<str>::from("one"));
        let open: Vec<_> = (0..STREAMS).map_while(|_| places.try_take(&one).ok()).collect();
        assert!(open.len() == STREAMS && places.try_take(&one).is_err() && places.try_take(&"other".into()).is_ok());
        let other = "other".into();
        let others: Vec<_> = (0..STREAMS).map_while(|_| places.try_take(&other).ok()).collect();
        let (third, fourth) = ("third".into(), "fourth".into());
        let _first = (places.try_take(&third).expect("a first one"), places.try_take(&fourth).expect("a first one"));
        assert!(others.len() == STREAMS && places.try_take(&third).is_err());
        drop(open);
        assert!(places.try_take(&one).is_ok());
    }
}
