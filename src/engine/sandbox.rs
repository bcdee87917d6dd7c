//! One sandbox of the process: a world, the scenario at work in it, its journal, and earlier states that it can go back to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_listener::{Event, EventListener};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::budget::{Budget, ByteMeter};
use crate::engine::script::{Fault, ScenarioRuntime, UnusedRule};
use crate::world::{Exchange, Journal, World};

/// The name of the sandbox that calls fall into when nothing says otherwise.
pub const DEFAULT: &str = "default";

/// A text in a credential, with its mount.
pub(super) type IndexKey = (Name, Arc<str>);

/// The least that a journal may hold when all journals together are over their budget.
const LEAST_JOURNAL: usize = 64 * 1024;

/// A named world with everything around it.
pub struct Sandbox {
    /// Its name: `default`, or what its maker called it.
    pub name: Arc<str>,
    state: Mutex<State>,
    journal: Mutex<Journal>,
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
    /// By what the registry finds it.
    pub(super) index_keys: Mutex<BTreeSet<IndexKey>>,
    pub(super) documents: ByteMeter,
    journal_bytes: ByteMeter,
    /// The bytes of its snapshots, for every call to count.
    snapshot_bytes: AtomicUsize,
    /// Rings after whatever somebody may be waiting for.
    changed: Event,
    /// The wall's second at which it was last used.
    used: AtomicI64,
    /// After how many idle seconds it is abandoned; zero is never.
    ttl: AtomicI64,
}

/// What the lock of a sandbox guards.
pub struct State {
    /// The world as it is.
    pub world: World,
    /// The world as it was right after its scenario was loaded.
    pub initial: World,
    /// The scenario at work.
    pub script: Box<dyn ScenarioRuntime>,
    /// The scenario's name.
    pub scenario: String,
    /// What goes wrong on purpose, switched on at run time.
    pub faults: Vec<Fault>,
    /// Faults that were switched off and had had no effect.
    pub unused_faults: Vec<UnusedRule>,
    /// The mounts whose credentials the scenario gave.
    pub scenario_mounts: Vec<&'static str>,
}

/// An earlier state.
pub struct Snapshot {
    /// When it was taken, on the world's clock.
    pub at: Timestamp,
    /// Bytes of its documents; what is unchanged since is shared with the sandbox.
    pub bytes: usize,
    state: State,
}

impl State {
    /// A copy that goes its own way from here on. Documents are shared until one side writes.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            world: self.world.clone(),
            initial: self.initial.clone(),
            script: self.script.fork(),
            scenario: self.scenario.clone(),
            faults: self.faults.iter().map(Fault::fork).collect(),
            unused_faults: self.unused_faults.clone(),
            scenario_mounts: self.scenario_mounts.clone(),
        }
    }

    /// Switches faults off. Those that never had an effect are remembered.
    pub fn switch_off(&mut self, which: impl Fn(&Fault) -> bool) {
        let (off, on) = std::mem::take(&mut self.faults).into_iter().partition(which);
        self.faults = on;
        let off: Vec<Fault> = off;
        let lapsed = off.iter().filter_map(|fault| fault.unused("it was switched off before any call met it"));
        self.unused_faults.extend(lapsed.take(Self::LAPSED.saturating_sub(self.unused_faults.len())));
    }

    /// What was prepared, by the scenario or by hand, and has had no effect so far.
    #[must_use]
    pub fn unused(&self) -> Vec<UnusedRule> {
        let faults = self.faults.iter().filter_map(|fault| fault.unused("no call met it"));
        self.script.unused().into_iter().chain(faults).chain(self.unused_faults.iter().cloned()).collect()
    }

    /// How many of them are remembered.
    const LAPSED: usize = 64;

    /// Bytes of everything that callers may make large.
    fn bytes(&self) -> usize {
        self.world.accounts.bytes() + self.script.source().len() + self.faults.iter().map(Fault::bytes).sum::<usize>()
    }
}

impl Sandbox {
    /// How many snapshots a sandbox may hold.
    pub const SNAPSHOTS: usize = 64;

    pub(super) fn new(name: &str, state: State, budget: &Budget) -> Self {
        let sandbox = Self {
            name: Arc::from(name),
            state: Mutex::new(state),
            journal: Mutex::new(Journal::new(budget.journal_bytes)),
            snapshots: Mutex::default(),
            index_keys: Mutex::default(),
            documents: budget.documents_meter(),
            journal_bytes: budget.journal_meter(),
            snapshot_bytes: AtomicUsize::new(0),
            changed: Event::new(),
            used: AtomicI64::new(0),
            ttl: AtomicI64::new(0),
        };
        sandbox.count(&sandbox.lock());
        sandbox
    }

    /// The state, locked. A panic while it was locked has been taken back, so the lock is never poisoned for others.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal, locked.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes an exchange down. When all journals together hold more than `total` bytes, this one grows no further.
    pub(super) fn record(&self, exchange: &Exchange<'_>, total: usize) {
        let mut journal = self.journal();
        let cap = if self.journal_bytes.sum() > total { journal.bytes().max(LEAST_JOURNAL) } else { usize::MAX };
        journal.push(exchange, cap);
        self.journal_bytes.set(journal.bytes());
        drop(journal);
        self.notify_waiters();
    }

    /// Wakes the waiters of this sandbox and of no other.
    pub fn notify_waiters(&self) {
        self.changed.notify(usize::MAX);
    }

    /// Ends when something has happened that somebody may be waiting for: an exchange, a delivery, the end of the sandbox.
    #[must_use]
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }

    /// Counts what the sandbox holds.
    pub fn count(&self, state: &State) {
        self.documents.set(state.bytes() + self.snapshot_bytes.load(Ordering::Relaxed));
    }

    /// Makes this moment the one that [`Sandbox::reset`] goes back to.
    pub fn mark_initial_state(&self) {
        let mut state = self.lock();
        state.initial = state.world.clone();
        state.script.reset();
        drop(state);
        self.forget();
    }

    /// Goes back to the moment after the scenario was loaded. The journal and the faults go with it, snapshots stay.
    pub fn reset(&self) {
        let mut state = self.lock();
        let origin = state.initial.clone();
        let before = std::mem::replace(&mut state.world, origin);
        state.script.reset();
        state.faults.clear();
        state.unused_faults.clear();
        self.count(&state);
        drop(state);
        drop(before);
        self.forget();
    }

    /// Empties the journal.
    pub fn forget(&self) {
        let mut journal = self.journal();
        journal.clear();
        self.journal_bytes.set(journal.bytes());
    }

    /// Keeps the state of this moment under a name; one of that name before is replaced. `None` when there are too many.
    pub fn snapshot(&self, name: &str, wall: Timestamp) -> Option<(Timestamp, usize)> {
        let state = self.lock();
        let (at, bytes) = (state.world.clock.now(wall), state.bytes());
        let mut snapshots = self.snapshots();
        if snapshots.len() >= Self::SNAPSHOTS && !snapshots.contains_key(name) {
            return None;
        }
        let before = snapshots.insert(name.to_owned(), Snapshot { at, bytes, state: state.fork() });
        self.keep(&snapshots);
        drop(snapshots);
        self.count(&state);
        drop(state);
        drop(before);
        Some((at, bytes))
    }

    /// Goes back to a snapshot, which stays; whether there is one of that name. Time goes back with it. The journal goes on.
    pub fn restore(&self, name: &str, wall: Timestamp) -> bool {
        let mut state = self.lock();
        let Some((mut earlier, at)) = self.snapshots().get(name).map(|snapshot| (snapshot.state.fork(), snapshot.at)) else { return false };
        if !earlier.world.clock.is_wall() {
            earlier.world.clock.set(at, wall);
        }
        let before = std::mem::replace(&mut *state, earlier);
        self.count(&state);
        drop(state);
        drop(before);
        true
    }

    /// Drops a snapshot; whether there was one of that name.
    pub fn drop_snapshot(&self, name: &str) -> bool {
        let state = self.lock();
        let mut snapshots = self.snapshots();
        let before = snapshots.remove(name);
        self.keep(&snapshots);
        drop(snapshots);
        self.count(&state);
        drop(state);
        before.is_some()
    }

    fn keep(&self, snapshots: &BTreeMap<String, Snapshot>) {
        self.snapshot_bytes.store(snapshots.values().map(|snapshot| snapshot.bytes).sum(), Ordering::Relaxed);
    }

    /// The snapshots by name, locked.
    pub fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that the sandbox is in use.
    pub fn touch(&self, wall: Timestamp) {
        self.used.store(wall.as_second(), Ordering::Relaxed);
    }

    /// Sets how long it may be idle before it is removed; `None` is for ever.
    pub fn keep_for(&self, ttl: Option<Duration>) {
        let seconds = ttl.map_or(0, |ttl| i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX).max(1));
        self.ttl.store(seconds, Ordering::Relaxed);
    }

    /// When it will be removed if nobody uses it before; `None` is never.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let ttl = self.ttl.load(Ordering::Relaxed);
        let at = self.used.load(Ordering::Relaxed).saturating_add(ttl);
        if ttl == 0 { None } else { Timestamp::from_second(at).ok() }
    }
}
