//! Since when a sandbox has its credentials: of several that have one, the first that had it gets its calls.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Sandbox;
use crate::base::name::Name;
use crate::engine::recorder::Record;

/// A text in a credential, with its mount.
pub(in crate::engine) type IndexKey = (Name, Arc<str>);

/// The place of a credential that a sandbox has since it was made.
pub const SINCE_MADE: i64 = 0;

#[derive(Default)]
pub(super) struct Claims {
    /// The credentials that it got later, with the place of that among all changes of credentials.
    later: Mutex<BTreeMap<IndexKey, i64>>,
    /// Whether its credentials were changed, and it is not known yet in which place.
    are_due: AtomicBool,
}

impl Sandbox {
    /// Its place among all sandboxes that were ever made; the last one while it is not known.
    #[must_use]
    pub fn life(&self) -> i64 {
        self.life.load(Ordering::Relaxed)
    }

    /// Says which place that is.
    pub fn lives(&self, life: i64) {
        self.life.store(life, Ordering::Relaxed);
    }

    /// The credentials that it got after it was made, with their places.
    pub(in crate::engine) fn claims(&self) -> MutexGuard<'_, BTreeMap<IndexKey, i64>> {
        self.claims.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same as a record, if there are any.
    pub(in crate::engine) fn claimed(&self) -> Option<Record> {
        let claims = self.claims();
        (!claims.is_empty()).then(|| record(&claims))
    }

    /// Has these in place of its own, as a record tells.
    pub(in crate::engine) fn set_claims(&self, claims: Vec<(Name, Arc<str>, i64)>) {
        *self.claims() = claims.into_iter().map(|(mount, text, place)| ((mount, text), place)).collect();
        self.claims.are_due.store(false, Ordering::Relaxed);
    }

    /// Gives the credentials that it has now, of which it had some before, their places: `place` to the others. Returns the record of
    /// that, unless nothing is new.
    pub(in crate::engine) fn claim<'k>(
        &self,
        now: impl Iterator<Item = &'k IndexKey>,
        before: &BTreeMap<IndexKey, i64>,
        place: i64,
    ) -> Option<Record> {
        let places = now.map(|key| (key.clone(), before.get(key).copied().unwrap_or(place)));
        let later = places.filter(|(_, place)| *place != SINCE_MADE).collect();
        let mut claims = self.claims();
        self.claims.are_due.store(false, Ordering::Relaxed);
        if *claims == later {
            return None;
        }
        *claims = later;
        Some(record(&claims))
    }

    /// Says that its credentials were changed, in a place that is known when that is committed.
    pub(in crate::engine) fn claims_later(&self) {
        self.claims.are_due.store(true, Ordering::Relaxed);
    }

    /// Whether that is so, and was not recorded yet.
    #[must_use]
    pub fn has_claims_due(&self) -> bool {
        self.claims.are_due.load(Ordering::Relaxed)
    }
}

fn record(claims: &BTreeMap<IndexKey, i64>) -> Record {
    Record::Claimed(claims.iter().map(|((mount, text), place)| (mount.clone(), Arc::clone(text), *place)).collect())
}
