//! What was done to a sandbox besides calls: its clock was moved, it was reset or restored, a scenario came to work, a fault was switched.
//! It is what went through the admin API of this process, and only the latest of each sandbox: it tells people what happened between two
//! calls, and nothing depends on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::engine::Sandbox;
use crate::server::clock::wall;
use crate::world::{Deed, LogLine};

/// How many lines are kept of one sandbox.
const MOST: usize = 500;

/// The lines by the names of sandboxes. Those of sandboxes that are gone make room when another one comes.
#[derive(Default)]
pub(crate) struct History(Mutex<BTreeMap<Arc<str>, OfSandbox>>);

struct OfSandbox {
    sandbox: Weak<Sandbox>,
    lines: VecDeque<LogLine>,
    written: u64,
}

impl History {
    /// Has these lines of a sandbox, oldest first, in place of those that there are.
    pub fn refill(&self, sandbox: &Arc<Sandbox>, lines: Vec<LogLine>) {
        let written = lines.last().map_or(0, |line| line.number);
        let lines = lines.into_iter().rev().take(MOST).rev().collect();
        let own = OfSandbox { sandbox: Arc::downgrade(sandbox), lines, written };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&sandbox.name), own);
    }

    pub fn add(&self, sandbox: &Arc<Sandbox>, what: Deed, name: Option<&str>, fired: Option<u64>) {
        let received = wall();
        let at = sandbox.lock().world.clock().now(received);
        let after = sandbox.journal().written;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = all.get(&sandbox.name).is_some_and(|own| Weak::as_ptr(&own.sandbox) == Arc::as_ptr(sandbox));
        if !is_known {
            all.retain(|_, own| own.sandbox.strong_count() > 0);
            let own = OfSandbox { sandbox: Arc::downgrade(sandbox), lines: VecDeque::new(), written: 0 };
            all.insert(Arc::clone(&sandbox.name), own);
        }
        let Some(own) = all.get_mut(&sandbox.name) else { return };
        own.written += 1;
        own.lines.push_back(LogLine { number: own.written, at, received, after, what, name: name.map(str::to_owned), fired });
        if own.lines.len() > MOST {
            own.lines.pop_front();
        }
    }

    /// All lines that are kept, oldest first.
    pub fn all(&self, sandbox: &Arc<Sandbox>) -> Vec<LogLine> {
        self.read(sandbox, (0, u64::MAX), MOST).0
    }

    /// The lines between two calls, oldest first; of many the latest, with whether there are more.
    pub fn read(&self, sandbox: &Arc<Sandbox>, (since, until): (u64, u64), limit: usize) -> (Vec<LogLine>, bool) {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(&sandbox.name).filter(|own| Weak::as_ptr(&own.sandbox) == Arc::as_ptr(sandbox));
        let mut fitting = own.into_iter().flat_map(|own| own.lines.iter().rev()).filter(|line| (since..=until).contains(&line.after));
        let mut lines: Vec<LogLine> = fitting.by_ref().take(limit).cloned().collect();
        lines.reverse();
        (lines, fitting.next().is_some())
    }
}
