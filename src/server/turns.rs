//! The turn of what takes long in one piece (large bodies, lists of many bytes), which is done in a thread of its own, one after the other.
//!
//! A thread cannot be stopped. So work that was begun keeps its turn, and what its request holds of the room for bodies, until it is done,
//! whether or not its client is still there; who leaves while waiting for a turn leaves nothing behind.

use std::sync::{Arc, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Has one turn to give.
#[derive(Clone)]
pub(super) struct Turns(Arc<Semaphore>);

/// The right to work, until it is dropped.
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// The one whom something is done for.
pub(super) struct Caller(Weak<()>);

impl Turns {
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// The next turn; `None` never, as nobody closes it.
    pub async fn take(&self) -> Option<Turn> {
        Arc::clone(&self.0).acquire_owned().await.ok().map(|permit| Turn { _permit: permit })
    }
}

impl Turn {
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
        let turn = turns.take().await.expect("it is free");
        let left = turn.work(held, move |caller| {
            let _ = begun.send(caller.has_left());
            let _ = ended.recv();
            let _ = begun.send(caller.has_left());
        });
        leave(left).await;
        begins.recv().expect("it begins");
        leave(turns.take()).await;
        assert_eq!((turns.0.available_permits(), room.available_permits()), (0, 0), "it goes on, with all that it holds");
        end.send(()).expect("it waits for that");
        assert_eq!(begins.recv(), Ok(true), "it is told that its caller has left");
        let turn = turns.take().await.expect("the work is done");
        let held = room.acquire_owned().await.expect("it is given back");
        let (done, _held, _turn) = turn.work(held, |caller| caller.has_left()).await.expect("it does not panic");
        assert!(!done, "the caller waits");
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_turn_back() {
        let turns = Turns::new();
        let turn = turns.take().await.expect("it is free");
        assert!(turn.work((), |_| panic!("as it is meant to")).await.is_none());
        assert!(turns.take().await.is_some());
    }
}
