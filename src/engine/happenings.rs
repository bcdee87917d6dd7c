//! What lately happened in a sandbox beside calls, for those who watch it. While nobody does, nothing is kept; of what a watcher is too
//! slow for, the oldest is forgotten.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many happenings are remembered.
const MOST: usize = 256;

/// Something that no journal has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A parcel was scanned, given by its tracking number.
    Scan(Arc<str>),
    /// A delivery was attempted, given by its id.
    Delivery(Arc<str>),
}

/// The happenings of one sandbox.
#[derive(Default)]
pub struct Happenings {
    watchers: AtomicUsize,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    latest: VecDeque<Happening>,
    /// How many there ever were.
    written: u64,
}

impl Happenings {
    /// Remembers what `make` returns, if somebody watches.
    pub(super) fn put(&self, make: impl FnOnce() -> Happening) {
        if !self.is_watched() {
            return;
        }
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.latest.len() == MOST {
            rows.latest.pop_front();
        }
        rows.latest.push_back(make());
        rows.written += 1;
    }

    /// Whether there is a watcher, so that what happens is remembered.
    pub(super) fn is_watched(&self) -> bool {
        self.watchers.load(Ordering::Relaxed) > 0
    }

    /// Begins to watch; how many there were so far.
    pub fn watch(&self) -> u64 {
        self.watchers.fetch_add(1, Ordering::Relaxed);
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).written
    }

    /// Ends what [`Self::watch`] began, of one watcher.
    pub fn leave(&self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Those after the first `seen` that are remembered, oldest first, and how many there were so far.
    pub fn after(&self, seen: u64) -> (Vec<Happening>, u64) {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let new = usize::try_from(rows.written.saturating_sub(seen)).unwrap_or(usize::MAX).min(rows.latest.len());
        (rows.latest.iter().skip(rows.latest.len() - new).cloned().collect(), rows.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_watched_is_remembered_and_not_too_much_of_it() {
        let happenings = Happenings::default();
        let scan = |number: usize| happenings.put(|| Happening::Scan(number.to_string().into()));
        scan(0);
        let seen = happenings.watch();
        assert_eq!(happenings.after(seen), (Vec::new(), 0));
        (1..=MOST + 9).for_each(scan);
        let (found, seen) = happenings.after(seen);
        assert_eq!((found.len(), found.first(), seen), (MOST, Some(&Happening::Scan("10".into())), MOST as u64 + 9));
        scan(1000);
        assert_eq!(happenings.after(seen).0, [Happening::Scan("1000".into())]);
        happenings.leave();
        scan(1001);
        assert_eq!(happenings.after(seen).1, seen + 1);
    }
}
