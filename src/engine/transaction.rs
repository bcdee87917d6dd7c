//! Transactions: handlers, due tasks, actions by hand and reports of deliveries change all that they change, or nothing. All of
//! them run in [`in_transaction`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::world::World;

/// Why a transaction was rolled back.
pub(super) enum RolledBack<E> {
    Refused(E),
    /// It needs more bytes of documents than there is room for.
    Full {
        /// By how many bytes it made the documents grow.
        needs: usize,
        /// How many they may grow by.
        room: usize,
    },
    /// It panicked with this message.
    Panicked(String),
}

/// Runs a function that changes a world. If it returns an error, panics, or makes the documents grow by more than `room` bytes,
/// everything it changed is rolled back. Without a `room` there is no limit.
pub(super) fn in_transaction<T, E>(
    world: &mut World,
    room: Option<usize>,
    run: impl FnOnce(&mut World) -> Result<T, E>,
) -> Result<T, RolledBack<E>> {
    let before = world.bytes();
    let savepoint = world.savepoint();
    let done = match catch_unwind(AssertUnwindSafe(|| run(&mut *world))) {
        Ok(done) => done.map_err(RolledBack::Refused),
        Err(panic) => Err(RolledBack::Panicked(message(panic))),
    };
    let needs = world.bytes().saturating_sub(before);
    let done = match room {
        Some(room) if done.is_ok() && needs > room => Err(RolledBack::Full { needs, room }),
        _ => done,
    };
    if done.is_ok() {
        world.release(savepoint)
    } else {
        world.roll_back(savepoint)
    }
    done
}

/// Runs a function whose changes stay, whatever happens; the message if it panicked.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(message)
}

fn message(panic: Box<dyn Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast_ref::<&str>().map_or_else(|| "it says nothing as a text".to_owned(), |text| (*text).to_owned()),
    }
}
