//! What is known of the calls of each sandbox, held against the documents of the vendors: counted on from where the last report ended, so
//! that a report costs what is new since. Nothing is counted before the first report, nor while nobody asks: a call costs the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::contract::{CallFacts, Collector, Report};
use crate::engine::{Machine, Sandbox};
use crate::world::Entry;

/// How many calls are judged while the count of a sandbox is locked.
const BATCH: usize = 32;

/// The counts by the names of sandboxes. Those of sandboxes that are gone make room when another one comes.
#[derive(Default)]
pub(crate) struct Judged(Mutex<BTreeMap<Arc<str>, Arc<Count>>>);

/// The calls of one sandbox that were judged.
pub(crate) struct Count {
    sandbox: Weak<Sandbox>,
    state: Mutex<State>,
}

struct State {
    collector: Collector,
    /// The edition of the journal that was counted.
    edition: u64,
    /// The number of the last call that was judged.
    last: u64,
    /// Whether somebody counts on without being waited for.
    is_going_on: bool,
}

impl Judged {
    /// The count of a sandbox.
    pub fn of(&self, sandbox: &Arc<Sandbox>) -> Arc<Count> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get(&sandbox.name).filter(|count| Weak::as_ptr(&count.sandbox) == Arc::as_ptr(sandbox)) {
            return Arc::clone(count);
        }
        all.retain(|_, count| count.sandbox.strong_count() > 0);
        let count = Arc::new(Count { sandbox: Arc::downgrade(sandbox), state: Mutex::new(State::new(sandbox)) });
        all.insert(Arc::clone(&sandbox.name), Arc::clone(&count));
        count
    }
}

impl State {
    fn new(sandbox: &Sandbox) -> Self {
        let edition = sandbox.journal().edition;
        Self { collector: Collector::new(&*sandbox.name), edition, last: 0, is_going_on: false }
    }
}

impl Count {
    /// Judges a few of the calls that were not judged yet; whether there are more.
    pub fn go_on(&self, machine: &Machine, sandbox: &Sandbox) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let journal = sandbox.journal();
        if journal.edition != state.edition {
            let is_going_on = state.is_going_on;
            *state = State { edition: journal.edition, collector: Collector::new(&*sandbox.name), last: 0, is_going_on };
        }
        let start = journal.place_after(state.last);
        let batch: Vec<Arc<Entry>> = journal.iter().skip(start).take(BATCH).cloned().collect();
        let has_more = journal.iter().len() > start + batch.len();
        drop(journal);
        for entry in &batch {
            let facts = CallFacts { id: &entry.id, status: entry.wire.outcome().status, is_cut: entry.request.is_cut() };
            state.collector.add(&facts, machine.judge_entry(entry));
            state.last = entry.number;
        }
        has_more
    }

    /// Judges all that are left in a task of its own, unless one does so.
    pub fn go_on_apart(self: &Arc<Self>, machine: &Arc<Machine>, sandbox: &Arc<Sandbox>) {
        let was_going_on = std::mem::replace(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).is_going_on, true);
        if was_going_on {
            return;
        }
        let (count, machine, sandbox) = (Arc::clone(self), Arc::clone(machine), Arc::clone(sandbox));
        tokio::spawn(async move {
            while !sandbox.is_removed() && count.go_on(&machine, &sandbox) {
                tokio::task::yield_now().await;
            }
            count.state.lock().unwrap_or_else(PoisonError::into_inner).is_going_on = false;
        });
    }

    /// What was counted so far. Calls that were judged before they made room for others stay in it.
    pub fn report(&self, machine: &Machine, sandbox: &Sandbox) -> Report {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut collector, last, edition) = (state.collector.clone(), state.last, state.edition);
        drop(state);
        let journal = sandbox.journal();
        let (kept, there, dropped) = (journal.iter().len(), journal.place_after(last), journal.dropped());
        let is_current = journal.edition == edition;
        drop(journal);
        let gone = collector.counted().saturating_sub(there as u64);
        collector.dropped(dropped.saturating_sub(gone));
        let mut report = collector.finish(machine);
        report.pending = if is_current { (kept - there) as u64 } else { kept as u64 };
        report
    }
}
