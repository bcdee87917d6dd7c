//! What is done apart and may take long in one piece, such as a verdict on a long journal or a check of a large scenario. Each piece has a
//! turn, so that of each sandbox one is made at a time, and a thread beside the workers, so that nobody else waits behind it. A piece that
//! can do so makes pauses, in which the next sandbox has its turn.

use std::cell::RefCell;
use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use crate::server::clock::{SLICE, slice};
use crate::server::turns::{Turn, Turns};

/// How long a worker waits for a locked sandbox by itself. Who has it locked may have to wait for a processor meanwhile.
const MOMENT: Duration = Duration::from_millis(10);

thread_local! {
    /// That of the piece which this thread is at.
    static PIECE: RefCell<Option<Piece>> = const { RefCell::new(None) };
}

struct Piece {
    turn: Turn,
    runtime: Handle,
    has_time: Box<dyn Fn() -> bool>,
}

/// Does some work for a sandbox, of which what lies between two times of waiting is a piece.
pub(super) async fn in_pieces<T>(turns: &Turns, sandbox: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        let mut turn = turns.take(sandbox).await;
        let polled = poll_fn(|context| {
            let mut polled = Poll::Pending;
            piece(turn.take(), || polled = Pin::as_mut(&mut work).poll(context));
            Poll::Ready(polled)
        });
        if let Poll::Ready(done) = polled.await {
            return done;
        }
        let mut was_polled = false;
        // Until what the work waits for wakes it.
        poll_fn(|_| if mem::replace(&mut was_polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

fn piece(turn: Option<Turn>, work: impl FnOnce()) {
    let runtime = Handle::try_current().ok().filter(|_| has_workers());
    let Some((turn, runtime)) = turn.zip(runtime) else { return work() };
    block_in_place(|| {
        let piece = Piece { turn, runtime, has_time: Box::new(slice(SLICE)) };
        let _before = Restored(PIECE.replace(Some(piece)));
        work();
    });
}

/// How a worker waits for a sandbox that is locked: for a moment by itself, then beside the workers.
pub(super) fn wait_for_lock(lock: &mut dyn FnMut(bool) -> bool) {
    let has_time = slice(MOMENT);
    while !lock(false) {
        if !has_time() {
            if has_workers() {
                block_in_place(|| lock(true))
            } else {
                lock(true)
            };
            return;
        }
        thread::yield_now();
    }
}

/// Whether others work on where this thread is kept.
fn has_workers() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Puts back what this thread was at, however the piece ends.
struct Restored(Option<Piece>);

impl Drop for Restored {
    fn drop(&mut self) {
        PIECE.set(self.0.take());
    }
}

/// Lets the next sandbox have its turn, where this thread is at a piece that has taken its slice of time.
pub(super) fn pause() {
    PIECE.with_borrow_mut(|piece| {
        if let Some(Piece { turn, runtime, has_time }) = piece.as_mut().filter(|piece| !(piece.has_time)()) {
            runtime.block_on(turn.give_way());
            *has_time = Box::new(slice(SLICE));
        }
    });
}

/// The same for work that asks whether it is too late to go on, which it is not.
pub(super) fn never_late() -> bool {
    pause();
    false
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};

    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn one_worker() -> Runtime {
        Builder::new_multi_thread().worker_threads(1).build().expect("a thread")
    }

    #[test]
    fn a_piece_leaves_the_worker_to_others() {
        let (turns, (end, ended)) = (Turns::new(), mpsc::channel());
        one_worker().block_on(async {
            let piece = tokio::spawn(async move { in_pieces(&turns, "a", async move { ended.recv() }).await });
            tokio::spawn(async move { end.send(()) }).await.expect("it does not panic").expect("somebody waits for it");
            assert_eq!(piece.await.expect("it does not panic"), Ok(()));
        });
    }

    #[test]
    fn who_waits_for_a_lock_leaves_the_worker_to_others() {
        let (end, ended) = mpsc::channel();
        one_worker().block_on(async {
            let waiting = tokio::spawn(async move { wait_for_lock(&mut |is_patient| is_patient && ended.recv().is_ok()) });
            tokio::spawn(async move { end.send(()) }).await.expect("it does not panic").expect("somebody waits for it");
            waiting.await.expect("it does not panic");
        });
    }

    #[test]
    fn the_next_sandbox_has_its_turn_in_a_pause() {
        let (turns, is_done) = (Turns::new(), Arc::new(AtomicBool::new(false)));
        let (own, done) = (turns.clone(), Arc::clone(&is_done));
        let (begun, begins) = tokio::sync::oneshot::channel();
        one_worker().block_on(async {
            let long = tokio::spawn(async move {
                in_pieces(&own, "a", async {
                    let _ = begun.send(());
                    while !done.load(Ordering::Relaxed) {
                        pause();
                    }
                })
                .await;
            });
            begins.await.expect("it begins");
            in_pieces(&turns, "b", async { is_done.store(true, Ordering::Relaxed) }).await;
            long.await.expect("it does not panic");
        });
    }

    #[test]
    fn work_that_waits_keeps_no_turn() {
        let turns = Turns::new();
        one_worker().block_on(async {
            let (go_on, goes_on) = tokio::sync::oneshot::channel();
            let (own, other) = (turns.clone(), turns.clone());
            let waits = tokio::spawn(async move { in_pieces(&own, "a", goes_on).await });
            tokio::spawn(async move { in_pieces(&other, "a", async { go_on.send(()) }).await }).await.expect("it does not panic").ok();
            assert_eq!(waits.await.expect("it does not panic"), Ok(()));
        });
    }
}
