//! What one sandbox does, on its way into the queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Shared;
use crate::engine::{Record, Sandbox, Sink};
use crate::store::item::Item;
use crate::world::{Entry, LogLine, Shrunk};

/// Puts what one sandbox does into the queue.
pub(super) struct Recording {
    shared: Arc<Shared>,
    name: Arc<str>,
    life: u64,
    next: Mutex<Next>,
    /// How many exchanges there will have been when all calls so far are in the journal, and what records say of that.
    due: AtomicU64,
    said: AtomicU64,
}

struct Next {
    /// The number of the next record.
    number: u64,
    /// What has made room in the journal most recently.
    shrunk: Shrunk,
}

impl Recording {
    pub(super) fn new(shared: &Arc<Shared>, sandbox: &Sandbox, life: u64, next: u64) -> Arc<Self> {
        let (shared, name) = (Arc::clone(shared), Arc::clone(&sandbox.name));
        let [due, said] = [sandbox.journal().written; 2].map(AtomicU64::new);
        Arc::new(Self { shared, name, life, next: Mutex::new(Next { number: next, shrunk: Shrunk::default() }), due, said })
    }

    /// Puts records into the queue, in the order of their numbers.
    fn add(&self, mut records: Vec<Record>) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        // The journal may have shrunk while the sandbox was locked for a checkpoint.
        let is_late = |record: &Record| matches!(record, Record::Checkpoint(checkpoint) if checkpoint.first < next.shrunk.first);
        if records.iter().any(is_late) {
            records.push(Record::Shrunk(next.shrunk));
        }
        if let [Record::Shrunk(shrunk)] = &*records {
            next.shrunk = *shrunk;
        }
        self.shared.add(Item::Records { life: self.life, number: next.number, records });
        next.number += 1;
    }
}

impl Sink for Recording {
    fn called(&self) {
        self.due.fetch_add(1, Ordering::Relaxed);
    }

    fn sealed(&self, records: &mut Vec<Record>) {
        // A batch may end between what a call did and its exchange: the next start has to know of it.
        let due = self.due.load(Ordering::Relaxed);
        let is_missed = |record: &Record| matches!(record, Record::Checkpoint(checkpoint) if checkpoint.written < due);
        if self.said.swap(due, Ordering::Relaxed) != due || records.iter().any(is_missed) {
            records.push(Record::Due(due));
        }
        self.add(std::mem::take(records));
    }

    fn exchanged(&self, entry: &Arc<Entry>) {
        self.due.fetch_max(entry.number, Ordering::Relaxed);
        self.shared.add(Item::Exchange { life: self.life, entry: Arc::clone(entry) });
    }

    fn shrunk(&self, shrunk: Shrunk) {
        self.add(vec![Record::Shrunk(shrunk)]);
    }

    fn answered(&self, entry: &Arc<Entry>) {
        self.shared.add(Item::Exchange { life: self.life, entry: Arc::clone(entry) });
    }

    fn noted(&self, line: &LogLine) {
        self.add(vec![Record::Noted(vec![line.clone()])]);
    }

    fn kept_for(&self, ttl: Option<Duration>) {
        self.shared.add(Item::Kept { life: self.life, name: Arc::clone(&self.name), ttl });
    }

    fn ended(&self) {
        self.shared.add(Item::Gone { life: self.life, name: Arc::clone(&self.name) });
    }
}
