//! The wall clock.

use crate::base::time::Timestamp;

/// The current wall time. Nothing else in this program reads it.
#[expect(clippy::disallowed_methods, reason = "the shell is where time comes in")]
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}
