//! How answers ended that were held, or came slowly: other replicas are told in sections for which nobody waits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::Sandbox;
use crate::fleet::ledger::Fault;
use crate::fleet::replica::{Fleet, Reach};
use crate::fleet::section::Section;
use crate::world::Entry;

/// How many ends wait in a sandbox at most while the database is away; the oldest ones make room.
const MOST: usize = 200;
/// The pause before the database is asked again that was away for longer than a section waits for it.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a replica that leaves looks whether all is told.
const LOOK: Duration = Duration::from_millis(5);

/// An exchange whose answer has ended, in the life of a sandbox in which it was made: later ones of the name may have the same ids.
type End = (i64, Arc<Entry>);

/// The ends that are not committed, by the names of sandboxes. Somebody tells those of each name that is there.
#[derive(Default)]
pub(super) struct Ends(Mutex<BTreeMap<Arc<str>, Vec<End>>>);

impl Ends {
    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Vec<End>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has an end told; whether somebody has to begin to tell those of its sandbox.
    fn add(&self, name: &Arc<str>, end: End) -> bool {
        let mut waiting = self.waiting();
        let slot = waiting.entry(Arc::clone(name));
        let is_first = matches!(slot, Slot::Vacant(_));
        let ends = slot.or_default();
        ends.push(end);
        if ends.len() > MOST {
            let (_, oldest) = ends.remove(0);
            tracing::debug!(id = &*oldest.id, "other replicas do not know how its answer ended");
        }
        is_first
    }

    fn of(&self, name: &str) -> Vec<End> {
        self.waiting().get(name).cloned().unwrap_or_default()
    }

    /// Forgets those that were told; whether there are others.
    fn told(&self, name: &str, told: &[End]) -> bool {
        let mut waiting = self.waiting();
        let Some(ends) = waiting.get_mut(name) else { return false };
        ends.retain(|(_, end)| !told.iter().any(|(_, told)| Arc::ptr_eq(told, end)));
        if ends.is_empty() {
            waiting.remove(name);
            return false;
        }
        true
    }
}

impl Fleet {
    /// Records how the answer of a call ended for its caller, in the next section that can be made, for which nobody waits.
    pub(super) fn tell_end(self: &Arc<Self>, sandbox: &Arc<Sandbox>, entry: &Arc<Entry>) {
        let Some(copy) = self.copy_of(sandbox) else { return };
        if self.ends.add(&sandbox.name, (copy.known().0, Arc::clone(entry))) {
            self.workers().spawn(Arc::clone(self).tell_ends(Arc::clone(&sandbox.name)));
        }
    }

    async fn tell_ends(self: Arc<Self>, name: Arc<str>) {
        loop {
            let ends = self.ends.of(&name);
            let act = |section: &Section| {
                for copy in section.copies() {
                    let life = copy.known().0;
                    ends.iter().filter(|(own, _)| *own == life).for_each(|(_, end)| copy.sandbox.answered(end));
                }
            };
            match self.run(&Reach::one(Arc::clone(&name)), act).await {
                Err(fault @ Fault::Away(_)) => {
                    tracing::debug!(%fault, sandbox = &*name, "other replicas are told later how answers ended");
                    tokio::time::sleep(AGAIN).await;
                }
                _ if !self.ends.told(&name, &ends) => return,
                _ => {}
            }
        }
    }

    /// Waits until other replicas know how all answers ended.
    pub async fn ends_are_told(&self) {
        while !self.ends.waiting().is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    }
}
