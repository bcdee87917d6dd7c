//! Verdicts that are not waited for. A verdict reads the whole journal, which takes long where there is much of it: it is made in a thread
//! of its own, and who asks meanwhile gets the one before. Nothing is judged unless somebody asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Mutex as AsyncMutex;

use crate::engine::{Machine, Sandbox};
use crate::scenario::verify::{self, Allowance, Report};

/// The latest verdicts by the names of sandboxes. Those of sandboxes that are gone make room when another one comes.
#[derive(Default)]
pub(crate) struct LastVerdicts(Mutex<BTreeMap<Arc<str>, Arc<Slot>>>);

struct Slot {
    sandbox: Weak<Sandbox>,
    last: Mutex<Option<Last>>,
    /// The turn to make the next one.
    turn: Arc<AsyncMutex<()>>,
}

struct Last {
    /// The epoch, and how often the sandbox had been read again: the verdict is on calls that there are.
    of: (u64, u64),
    /// How many calls had come.
    written: u64,
    report: Report,
}

impl LastVerdicts {
    /// The verdict on the scenario's own expectations, if it is made in time, else the one before, with how many calls came since.
    pub async fn within(&self, machine: &Arc<Machine>, sandbox: &Arc<Sandbox>, time: Duration) -> Report {
        let slot = self.of(sandbox);
        let judged = async {
            let turn = Arc::clone(&slot.turn).lock_owned().await;
            let (slot, machine, sandbox) = (Arc::clone(&slot), Arc::clone(machine), Arc::clone(sandbox));
            // It goes on when nobody waits any more.
            let judging = tokio::task::spawn_blocking(move || {
                let (of, written) = (present(&sandbox), sandbox.journal().written);
                let report = verify::verify_current(&machine, &sandbox, &Allowance::of_one(&|| false));
                *slot.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Last { of, written, report });
                drop(turn);
            });
            judging.await
        };
        let _ = tokio::time::timeout(time, judged).await;
        let journal = sandbox.journal();
        let (written, kept) = (journal.written, journal.iter().len() as u64);
        drop(journal);
        let last = slot.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref().filter(|last| last.of == present(sandbox)) {
            Some(last) => Report { pending: written.saturating_sub(last.written), ..last.report.clone() },
            None => Report::pending(sandbox, kept),
        }
    }

    fn of(&self, sandbox: &Arc<Sandbox>) -> Arc<Slot> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = all.get(&sandbox.name).filter(|slot| Weak::as_ptr(&slot.sandbox) == Arc::as_ptr(sandbox)) {
            return Arc::clone(slot);
        }
        all.retain(|_, slot| slot.sandbox.strong_count() > 0);
        let slot = Arc::new(Slot { sandbox: Arc::downgrade(sandbox), last: Mutex::default(), turn: Arc::default() });
        all.insert(Arc::clone(&sandbox.name), Arc::clone(&slot));
        slot
    }
}

fn present(sandbox: &Sandbox) -> (u64, u64) {
    (sandbox.epoch(), sandbox.readings())
}
