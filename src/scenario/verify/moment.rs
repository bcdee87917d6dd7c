//! When calls came, and how much later others did. A restored snapshot takes time back, so that there is none between calls before and
//! after it.

use jiff::SignedDuration;

use crate::base::time::Timestamp;
use crate::engine::restores_before;
use crate::world::Entry;

/// When a call came, and how often its sandbox had gone back to a snapshot before.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    at: Timestamp,
    restores: u64,
}

impl Moment {
    pub fn of(entry: &Entry) -> Self {
        Self { at: entry.at, restores: restores_before(&entry.id) }
    }

    /// How much later a call came; `None` where a snapshot was restored between the two.
    pub fn until(self, later: &Entry) -> Option<SignedDuration> {
        (restores_before(&later.id) == self.restores).then(|| later.at.duration_since(self.at))
    }

    /// Whether a later call came so soon.
    pub fn is_within(self, within: SignedDuration, later: &Entry) -> bool {
        self.until(later).is_some_and(|time| time <= within)
    }
}
