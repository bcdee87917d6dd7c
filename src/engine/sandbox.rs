//! One sandbox: its state behind a lock, its journal, and its snapshots.

mod claims;
mod epoch;
mod exchanges;
mod locks;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use event_listener::{Event, EventListener};

use claims::Claims;
pub(super) use claims::IndexKey;
pub use claims::SINCE_MADE;
use epoch::Epoch;
pub use exchanges::JournalPast;
pub use locks::wait_by;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::budget::{Budget, ByteMeter};
use crate::engine::deeds::Deeds;
use crate::engine::happenings::Happenings;
use crate::engine::recorder::{Checkpoint, Guard, Guarded, Record, Recorder, Sink};
use crate::engine::scenario::{Fault, ScenarioRuntime, UnusedRule};
use crate::engine::state::State;
use crate::world::{Deed, Entry, Journal, LogLine, Mismatch, Shrunk};

/// The name of the sandbox that calls fall into when nothing says otherwise.
pub const DEFAULT: &str = "default";

/// A named world, with its scenario, journal and snapshots.
pub struct Sandbox {
    /// Its name: `default`, or what its maker called it.
    pub name: Arc<str>,
    state: Mutex<Guarded>,
    journal: Mutex<Journal>,
    snapshots: Mutex<BTreeMap<String, Snapshot>>,
    /// The credentials under which the registry's index has it, and since which place each.
    pub(super) index_keys: Mutex<BTreeMap<IndexKey, i64>>,
    claims: Claims,
    pub(super) documents: ByteMeter,
    journal_bytes: ByteMeter,
    /// The bytes of its snapshots, for every call to count.
    snapshot_bytes: AtomicUsize,
    /// What was done to it besides calls.
    pub deeds: Deeds,
    /// What happened beside calls, while somebody watches.
    pub happenings: Happenings,
    /// Notified after every exchange, delivery and removal.
    changed: Event,
    /// How often its state was replaced; what was begun in an earlier epoch ends without effect.
    epoch: Epoch,
    removed: AtomicBool,
    /// Whether it was called before the last reset, scenario or file that ended what it was expected to do; `None` before the first one.
    before: Mutex<Option<bool>>,
    /// When it was last used, in seconds of the wall's time.
    used: AtomicI64,
    /// After how many idle seconds it is abandoned; zero is never.
    ttl: AtomicI64,
    /// Its place among all sandboxes that were ever made, and changes of their credentials. The last one while that is not known.
    life: AtomicI64,
    /// How many lists that take long are being read in it.
    reading: AtomicUsize,
    /// Whether somebody has kept it locked for longer than others wait.
    is_kept: AtomicBool,
    /// Where it is recorded, if it is.
    sink: OnceLock<Arc<dyn Sink>>,
}

/// A state that [`Sandbox::restore`] goes back to.
pub struct Snapshot {
    /// When it was taken, on the world's clock.
    pub at: Timestamp,
    /// Bytes of its documents; what is unchanged since is shared with the sandbox.
    pub bytes: usize,
    state: State,
}

impl Snapshot {
    /// What a snapshot of a state counts.
    #[must_use]
    pub fn size(state: &State) -> usize {
        state.bytes() + state.uncounted()
    }

    /// The scenario that it was taken under.
    #[must_use]
    pub fn scenario(&self) -> &dyn ScenarioRuntime {
        &*self.state.scenario
    }

    /// The bytes that it adds to what its sandbox holds.
    #[must_use]
    pub fn counted(&self) -> usize {
        Self::size(&self.state)
    }
}

impl Sandbox {
    /// How many faults a sandbox may have at once.
    pub const FAULTS: usize = 256;

    /// How many snapshots a sandbox may hold.
    pub const SNAPSHOTS: usize = 64;

    pub(super) fn new(name: &str, state: State, budget: &Budget) -> Self {
        let sandbox = Self {
            name: Arc::from(name),
            state: Mutex::new(Guarded { state, recorder: None }),
            journal: Mutex::new(Journal::new(budget.journal_bytes)),
            snapshots: Mutex::default(),
            index_keys: Mutex::default(),
            claims: Claims::default(),
            documents: budget.documents_meter(),
            journal_bytes: budget.journal_meter(),
            snapshot_bytes: AtomicUsize::new(0),
            deeds: Deeds::default(),
            happenings: Happenings::default(),
            changed: Event::new(),
            epoch: Epoch::default(),
            removed: AtomicBool::new(false),
            before: Mutex::default(),
            used: AtomicI64::new(0),
            ttl: AtomicI64::new(0),
            life: AtomicI64::new(i64::MAX),
            reading: AtomicUsize::new(0),
            is_kept: AtomicBool::new(false),
            sink: OnceLock::new(),
        };
        sandbox.measure(&sandbox.lock());
        sandbox
    }

    /// Notes that something was done to it, at the wall's time.
    pub fn note(&self, wall: Timestamp, what: Deed, name: Option<&str>, fired: Option<u64>) {
        self.note_line(wall, LogLine { fired, ..LogLine::of(what, name) });
    }

    /// The same of a line that says more; its times and numbers are set here.
    pub fn note_line(&self, wall: Timestamp, line: LogLine) {
        let locked = self.lock();
        let (at, after) = (locked.world.clock().now(wall), self.journal().written);
        self.deeds.add(LogLine { at, received: wall, after, ..line }, |line| self.sink().into_iter().for_each(|sink| sink.noted(line)));
    }

    /// Whether it was removed: nothing happens in it any more.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.removed.load(Ordering::Acquire)
    }

    pub(super) fn set_removed(&self) {
        self.removed.store(true, Ordering::Release);
        self.end_epoch();
    }

    /// Whether it was called before what it is expected to do began anew; `None` if that has not happened yet.
    #[must_use]
    pub fn was_called_before(&self) -> Option<bool> {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that what it is expected to do begins anew, and whether it was called until then.
    pub fn expect_anew(&self, was_called: bool) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(was_called);
    }

    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an exchange to the journal.
    pub(super) fn record(&self, entry: Arc<Entry>) -> Arc<Entry> {
        let mut journal = self.journal();
        let entry = journal.push(entry);
        if let Some(sink) = self.sink.get() {
            sink.exchanged(&entry);
        }
        self.fit(&mut journal);
        drop(journal);
        self.notify_waiters();
        entry
    }

    /// The size of the journal, without locking it.
    pub(super) fn journal_size(&self) -> usize {
        self.journal_bytes.own()
    }

    /// Drops the oldest exchanges of the journal until it is no larger than that.
    pub(super) fn shrink_journal(&self, most: usize) {
        let mut journal = self.journal();
        let shrunk = journal.shrink(most);
        self.journal_bytes.set(journal.bytes());
        if let (Some(shrunk), Some(sink)) = (shrunk, self.sink.get()) {
            sink.shrunk(shrunk);
        }
    }

    /// Wakes the waiters of this sandbox and of no other.
    pub fn notify_waiters(&self) {
        self.changed.notify(usize::MAX);
    }

    /// A future that ends after the next exchange, the next delivery, or the removal of the sandbox.
    #[must_use]
    pub fn listen(&self) -> EventListener {
        self.changed.listen()
    }

    /// Whether somebody waits for the next change.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.changed.total_listeners() > 0
    }

    /// Updates the count of the bytes that the sandbox holds.
    pub fn measure(&self, state: &State) {
        self.documents.set(state.bytes() + self.snapshot_bytes.load(Ordering::Relaxed));
    }

    /// Makes the present world the one that [`Sandbox::reset`] goes back to, when the wall shows `wall`.
    pub fn mark_initial_state(&self, wall: Timestamp) {
        let mut state = self.lock();
        state.world.clear_counters();
        state.judge_from_now();
        if state.scenario.counts_time() {
            state.begin_counting(Name::default(), wall);
        }
        state.world.mark_initial();
        state.initial = state.world.clone();
        state.initial.set_target(None);
        self.measure(&state);
        state.note(|state| Record::Whole(Box::new(state.clone())));
        drop(state);
        self.clear_journal();
    }

    /// Goes back to the world as it was after the scenario was loaded. Journal and faults are cleared, snapshots stay.
    pub fn reset(&self) {
        self.reset_with(None);
    }

    /// The same; everything random that comes next is drawn from `seed`, also after further resets. Credentials stay.
    pub fn reset_with(&self, seed: Option<u64>) {
        let mut state = self.lock();
        if let Some(seed) = seed {
            state.reseed(seed, true, None);
        }
        let initial = state.initial.clone();
        let before = std::mem::replace(&mut state.world, initial);
        self.begin_epoch();
        state.faults.clear();
        state.unused_faults.clear();
        state.note(|state| if seed.is_some() { Record::Whole(Box::new(state.clone())) } else { Record::Reset });
        self.measure(&state);
        drop(state);
        drop(before);
        self.clear_journal();
    }

    /// Switches a fault on at the wall's time `wall`, in place of the one of that name if there is one; false when there are too many.
    pub fn switch_on(&self, fault: Fault, wall: Timestamp) -> bool {
        let mut state = self.lock();
        if state.faults.len() >= Self::FAULTS && state.faults.iter().all(|other| other.name != fault.name) {
            return false;
        }
        let index = state.switch_off(&fault.name).unwrap_or(state.faults.len());
        if fault.runtime.counts_time() {
            state.begin_counting(fault.name.clone(), wall);
        }
        state.faults.insert(index, fault);
        self.faults_changed(state);
        true
    }

    /// Switches a fault off; whether there was one of that name.
    pub fn switch_off(&self, name: &str) -> bool {
        let mut state = self.lock();
        let was_on = state.switch_off(name).is_some();
        self.faults_changed(state);
        was_on
    }

    pub(super) fn set_faults(&self, faults: Vec<Fault>, unused: Vec<UnusedRule>) {
        let mut state = self.lock();
        (state.faults, state.unused_faults) = (faults, unused);
        self.faults_changed(state);
    }

    fn faults_changed(&self, mut state: Guard<'_>) {
        state.note(|state| Record::Faults(state.faults.clone(), state.unused_faults.clone()));
        self.measure(&state);
    }

    /// Stores a copy of the state under a name, replacing an earlier one of that name. `None` when there are too many.
    pub fn snapshot(&self, name: &str, wall: Timestamp) -> Option<(Timestamp, usize)> {
        let mut state = self.lock();
        let (at, bytes) = (state.world.clock().now(wall), state.bytes());
        let mut snapshots = self.snapshots();
        if snapshots.len() >= Self::SNAPSHOTS && !snapshots.contains_key(name) {
            return None;
        }
        let before = snapshots.insert(name.to_owned(), Snapshot { at, bytes, state: state.clone() });
        self.measure_snapshots(&snapshots);
        drop(snapshots);
        state.note(|_| Record::Snapshot(name.to_owned(), wall));
        self.measure(&state);
        drop(state);
        drop(before);
        Some((at, bytes))
    }

    /// Goes back to a snapshot, which stays; whether there is one of that name. Time goes back with it, and is not being moved. The
    /// journal goes on, and ids of what comes next say how often that was, as the same calls may have been made before.
    pub fn restore(&self, name: &str, wall: Timestamp) -> bool {
        self.restore_and(name, wall, |_| {})
    }

    /// The same, and `then` something in the same section.
    pub(super) fn restore_and(&self, name: &str, wall: Timestamp, then: impl FnOnce(&mut Guard<'_>)) -> bool {
        let mut state = self.lock();
        let Some((mut earlier, at)) = self.snapshots().get(name).map(|snapshot| (snapshot.state.clone(), snapshot.at)) else {
            return false;
        };
        if !earlier.world.clock().is_wall() {
            earlier.world.set_time(at, wall);
        }
        earlier.world.set_target(None);
        earlier.world.set_restores(state.world.restores() + 1);
        earlier.take_back(&state);
        let before = std::mem::replace(&mut *state, earlier);
        self.begin_epoch();
        state.note(|_| Record::Restore(name.to_owned(), wall));
        then(&mut state);
        self.measure(&state);
        drop(state);
        drop(before);
        true
    }

    /// Drops a snapshot; whether there was one of that name.
    pub fn drop_snapshot(&self, name: &str) -> bool {
        let mut state = self.lock();
        let mut snapshots = self.snapshots();
        let before = snapshots.remove(name);
        self.measure_snapshots(&snapshots);
        drop(snapshots);
        state.note(|_| Record::DropSnapshot(name.to_owned()));
        self.measure(&state);
        drop(state);
        before.is_some()
    }

    fn measure_snapshots(&self, snapshots: &BTreeMap<String, Snapshot>) {
        self.snapshot_bytes.store(snapshots.values().map(Snapshot::counted).sum(), Ordering::Relaxed);
    }

    /// The snapshots by name, locked.
    pub fn snapshots(&self) -> MutexGuard<'_, BTreeMap<String, Snapshot>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Marks the sandbox as used at this time.
    pub fn touch(&self, wall: Timestamp) {
        self.used.store(wall.as_second(), Ordering::Relaxed);
    }

    /// When it was last used, in seconds of the wall's time.
    #[must_use]
    pub fn last_used(&self) -> i64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Marks the sandbox as used, unless it was used since, elsewhere.
    pub fn used_at(&self, second: i64) {
        self.used.fetch_max(second, Ordering::Relaxed);
    }

    /// Sets how long it may be idle before it is removed; `None` is for ever.
    pub fn set_ttl(&self, ttl: Option<Duration>) {
        let seconds = ttl.map_or(0, |ttl| i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX).max(1));
        self.ttl.store(seconds, Ordering::Relaxed);
        if let Some(sink) = self.sink.get() {
            sink.kept_for(ttl);
        }
    }

    /// How long it may be idle before it is removed; `None` is for ever.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.ttl.load(Ordering::Relaxed)).ok().filter(|seconds| *seconds > 0);
        seconds.map(Duration::from_secs)
    }

    /// When it will be removed if nobody uses it before; `None` is never.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let ttl = self.ttl.load(Ordering::Relaxed);
        let at = self.used.load(Ordering::Relaxed).saturating_add(ttl);
        if ttl == 0 { None } else { Timestamp::from_second(at).ok() }
    }

    /// A copy of the state. From now on, the sink gets a record of every change of it.
    pub fn replicate(&self, sink: Arc<dyn Sink>) -> State {
        let mut state = self.lock();
        state.world.record();
        state.0.recorder = Some(Recorder { records: Vec::new(), sink });
        state.clone()
    }

    /// From now on, the sink gets a record of every change and every exchange. With `is_new`, the first one is a checkpoint.
    pub fn attach(&self, sink: Arc<dyn Sink>, is_new: bool) {
        let mut state = self.lock();
        state.world.record();
        state.0.recorder = Some(Recorder { records: Vec::new(), sink: Arc::clone(&sink) });
        let _ = self.sink.set(sink);
        if is_new {
            self.note_checkpoint(&mut state);
        }
    }

    /// Records all of the sandbox as it is, unless it is locked.
    pub fn try_checkpoint(&self) {
        if let Some(mut state) = self.try_lock() {
            self.note_checkpoint(&mut state);
        }
    }

    /// How many bytes its documents take, and those of its snapshots.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        self.documents.own()
    }

    fn note_checkpoint(&self, state: &mut Guard<'_>) {
        let journal = self.journal();
        let (written, (first, dropped), removed) = (journal.written, journal.first(), journal.removed.clone());
        let bare = journal.is_bare().then_some(Record::Shrunk(Shrunk { first, is_bare: true }));
        drop(journal);
        let snapshots = self.snapshots();
        let snapshots = snapshots.iter().map(|(name, snapshot)| (name.clone(), snapshot.at, snapshot.state.clone())).collect();
        state.note(|state| Record::Checkpoint(Box::new(Checkpoint { state: state.clone(), snapshots, first, written, dropped, removed })));
        bare.into_iter().chain(self.claimed()).for_each(|record| state.note(|_| record));
    }

    /// Where it is recorded, if it is.
    pub fn sink(&self) -> Option<&Arc<dyn Sink>> {
        self.sink.get()
    }

    /// Makes the changes that another copy of this sandbox has recorded.
    ///
    /// # Errors
    /// When the records follow from another state than that of this sandbox.
    pub fn apply(&self, records: &[Record]) -> Result<(), Mismatch> {
        for record in records {
            match record {
                Record::Changes(changes) => self.lock().world.apply(changes)?,
                Record::Reset => self.reset(),
                Record::Snapshot(name, wall) => drop(self.snapshot(name, *wall)),
                Record::Restore(name, wall) => drop(self.restore(name, *wall)),
                Record::DropSnapshot(name) => drop(self.drop_snapshot(name)),
                Record::ClearJournal(written) => {
                    self.clear_journal();
                    self.journal().clear_at(*written);
                }
                Record::Unlisted(numbers, removed) => self.unlist_in_journal(numbers, removed),
                Record::Shrunk(shrunk) => self.shrink_journal_as(*shrunk),
                Record::Ended(ended) => self.journal().end(ended),
                Record::Due(_) => {}
                Record::Noted(lines) => lines.iter().for_each(|line| self.deeds.add_numbered(line.clone())),
                Record::Faults(faults, unused) => self.set_faults(faults.clone(), unused.clone()),
                Record::Whole(state) => {
                    *self.lock() = State::clone(state);
                    self.begin_epoch();
                }
                Record::Claimed(claims) => self.set_claims(claims.clone()),
                Record::Checkpoint(checkpoint) => {
                    *self.lock() = checkpoint.state.clone();
                    self.set_claims(Vec::new());
                    self.set_snapshots(checkpoint.snapshots.clone());
                }
            }
        }
        self.measure(&self.lock());
        Ok(())
    }

    /// Has these snapshots in place of its own: each with its name and when it was taken on the world's clock.
    pub(super) fn set_snapshots(&self, rows: Vec<(String, Timestamp, State)>) {
        let mut snapshots = self.snapshots();
        *snapshots = rows.into_iter().map(|(name, at, state)| (name, Snapshot { at, bytes: state.bytes(), state })).collect();
        self.measure_snapshots(&snapshots);
    }
}
