//! The wall clock, and how long work may take.

use std::time::{Duration, Instant};

use crate::base::time::{Steady, Timestamp};

static WALL: Steady = Steady::new();

/// The current wall time, which never goes back. Nothing else in this program reads it.
#[expect(clippy::disallowed_methods, reason = "the shell is where time comes in")]
pub(crate) fn wall() -> Timestamp {
    WALL.at(Timestamp::now())
}

/// Says that the wall has shown a time, in a process before.
pub(crate) fn has_shown(earlier: Timestamp) {
    WALL.at(earlier);
}

/// How long a sandbox is kept locked for what is due in it.
pub(super) const SLICE: Duration = Duration::from_millis(20);

/// The same in the workers that serve connections.
pub(super) const MOMENT: Duration = Duration::from_millis(2);

/// The pause between two slices, in which others get the lock.
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// Whether a slice that begins now has time left.
#[expect(clippy::disallowed_methods, reason = "the shell measures how long the machine works")]
pub(super) fn slice(length: Duration) -> impl Fn() -> bool + Sync {
    let begun = Instant::now();
    move || begun.elapsed() < length
}

/// Now, for measuring how long something takes.
#[expect(clippy::disallowed_methods, reason = "the shell measures durations")]
pub(super) fn stopwatch() -> Instant {
    Instant::now()
}
