//! What was done to a sandbox besides calls: its clock was moved, it was reset or restored, a scenario came to work, a fault was switched.
//! It is what went through the admin API of this process, and only the latest of each sandbox: it tells people what happened between two
//! calls, and nothing depends on it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;
use crate::engine::Sandbox;
use crate::server::clock::wall;

/// How many lines are kept of one sandbox.
const MOST: usize = 500;

/// What can be done to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deed {
    /// The clock was moved; `fired` tasks happened on the way.
    Advanced,
    /// Time passes in another way.
    Mode,
    Reset,
    Imported,
    /// A scenario came to work.
    Scenario,
    SnapshotTaken,
    SnapshotRestored,
    FaultOn,
    FaultOff,
}

/// Something that was done to a sandbox.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub(crate) struct LogLine {
    /// Its number among all lines of the sandbox, from 1.
    pub number: u64,
    /// When it was done, on the sandbox's clock: after it.
    pub at: Timestamp,
    /// The same by the wall clock.
    pub received: Timestamp,
    /// The number of the last call before it; 0 if there was none.
    pub after: u64,
    pub what: Deed,
    /// The name of the scenario, the snapshot or the fault, or how time passes.
    pub name: Option<String>,
    /// How many tasks happened while the clock was moved.
    pub fired: Option<u64>,
}

/// The lines by the names of sandboxes. Those of sandboxes that are gone make room when another one comes.
#[derive(Default)]
pub(crate) struct History(Mutex<BTreeMap<Arc<str>, OfSandbox>>);

struct OfSandbox {
    sandbox: Weak<Sandbox>,
    lines: VecDeque<LogLine>,
    written: u64,
}

impl History {
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
