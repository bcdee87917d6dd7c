//! The turn of what takes long in one piece (large bodies, lists of many bytes, verdicts), which is done in a thread of its own, one after
//! the other.
//! Of each sandbox one request waits for the turn, and the others wait for that one: a sandbox with many does not hold up those with few.
//!
//! A thread cannot be stopped. So work that was begun keeps its turn, and what its request holds of the room for bodies, until it is done,
//! whether or not its client is still there; who leaves while waiting for a turn leaves nothing behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// After so many sandboxes, those for which nobody waits any more are forgotten.
const SANDBOXES: usize = 256;

/// Has one turn to give.
#[derive(Clone)]
pub(super) struct Turns {
    turn: Arc<Semaphore>,
    /// The places in front of it, by the names of sandboxes.
    places: Arc<Mutex<BTreeMap<Arc<str>, Weak<Semaphore>>>>,
}

/// The right to work, until it is dropped.
pub(super) struct Turn {
    /// There unless it is being given to the next one.
    turn: Option<OwnedSemaphorePermit>,
    _place: OwnedSemaphorePermit,
}

/// The one whom something is done for.
pub(super) struct Caller(Weak<()>);

impl Turns {
    pub fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)), places: Arc::default() }
    }

    /// The next turn of a sandbox; `None` never, as nobody closes it.
    pub async fn take(&self, sandbox: &str) -> Option<Turn> {
        let place = self.place(sandbox).acquire_owned().await.ok()?;
        let turn = Arc::clone(&self.turn).acquire_owned().await.ok()?;
        Some(Turn { turn: Some(turn), _place: place })
    }

    fn place(&self, sandbox: &str) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = places.get(sandbox).and_then(Weak::upgrade) {
            return place;
        }
        if places.len() >= SANDBOXES {
            places.retain(|_, place| place.strong_count() > 0);
        }
        let place = Arc::new(Semaphore::new(1));
        places.insert(sandbox.into(), Arc::downgrade(&place));
        place
    }
}

impl Turn {
    /// Gives it to the sandbox that waits for it next, if there is one, and waits for it again.
    pub async fn give_way(&mut self) {
        let Some(turns) = self.turn.take().map(|turn| Arc::clone(turn.semaphore())) else { return };
        self.turn = turns.acquire_owned().await.ok();
    }

    /// What some work results in, together with what was `held` for it and the turn. All of that stays with the work until it ends. `None`
    /// if it panicked.
    pub async fn work<T: Send + 'static, H: Send + 'static>(
        self,
        held: H,
        work: impl FnOnce(&Caller) -> T + Send + 'static,
    ) -> Option<(T, H, Self)> {
        let (_here, caller) = Caller::new();
        tokio::task::spawn_blocking(move || (work(&caller), held, self)).await.ok()
    }
}

impl Caller {
    /// One who is there until the first of these is dropped.
    pub fn new() -> (Arc<()>, Self) {
        let here = Arc::new(());
        let caller = Self(Arc::downgrade(&here));
        (here, caller)
    }

    /// Whether nobody waits for the work any more.
    pub fn has_left(&self) -> bool {
        self.0.strong_count() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    /// Polls a future once, which is not ready, and drops it.
    async fn leave(work: impl Future) {
        let mut work = pin!(work);
        let is_ready = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
        assert!(!is_ready, "it takes long");
    }

    #[tokio::test]
    async fn work_keeps_its_turn_and_what_it_holds_when_its_caller_leaves() {
        let (turns, room) = (Turns::new(), Arc::new(Semaphore::new(1)));
        let held = Arc::clone(&room).acquire_owned().await.expect("it is open");
        let (begun, begins) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let turn = turns.take("a").await.expect("it is free");
        let left = turn.work(held, move |caller| {
            let _ = begun.send(caller.has_left());
            let _ = ended.recv();
            let _ = begun.send(caller.has_left());
        });
        leave(left).await;
        begins.recv().expect("it begins");
        leave(turns.take("b")).await;
        assert_eq!((turns.turn.available_permits(), room.available_permits()), (0, 0), "it goes on, with all that it holds");
        end.send(()).expect("it waits for that");
        assert_eq!(begins.recv(), Ok(true), "it is told that its caller has left");
        let turn = turns.take("b").await.expect("the work is done");
        let held = room.acquire_owned().await.expect("it is given back");
        let (done, _held, _turn) = turn.work(held, |caller| caller.has_left()).await.expect("it does not panic");
        assert!(!done, "the caller waits");
    }

    #[tokio::test]
    async fn a_sandbox_with_many_requests_has_one_in_the_line() {
        let turns = Turns::new();
        let first = turns.take("many").await.expect("it is free");
        let (mut second, mut third, mut other) = (pin!(turns.take("many")), pin!(turns.take("many")), pin!(turns.take("few")));
        poll_fn(|context| {
            let waits = [second.as_mut().poll(context), third.as_mut().poll(context), other.as_mut().poll(context)];
            assert!(waits.iter().all(Poll::is_pending));
            Poll::Ready(())
        })
        .await;
        drop(first);
        let other = other.await.expect("it came before the others of the first one");
        leave(second.as_mut()).await;
        drop(other);
        drop(second.await);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn places_are_forgotten() {
        let turns = Turns::new();
        let kept = turns.take("kept").await.expect("it is free");
        (0..2 * SANDBOXES).for_each(|number| drop(turns.place(&number.to_string())));
        let places = turns.places.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(places.len() <= SANDBOXES && places.contains_key("kept"), "{}", places.len());
        drop((places, kept));
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_turn_back() {
        let turns = Turns::new();
        let turn = turns.take("a").await.expect("it is free");
        assert!(turn.work((), |_| panic!("as it is meant to")).await.is_none());
        assert!(turns.take("a").await.is_some());
    }
}
