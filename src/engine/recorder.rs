//! Redo records: what each locked section of a sandbox changed, in order, for another copy of it.
//!
//! A section ends when its [`Guard`] is dropped. If there is a [`Sink`], the changes of the world are sealed then, under the lock, so
//! that records are in order of execution and none can be forgotten. What is done to the state as a whole is recorded as an act and
//! replayed by the function that did it. A world that nobody recorded was put in the place of one that was: unless an act says how,
//! the whole state is the record.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::scenario::{Fault, UnusedRule};
use crate::engine::state::State;
use crate::world::{Change, Ended, Entry, LogLine, Removed, Shrunk};

/// One part of what a locked section did.
#[derive(Clone)]
pub enum Record {
    /// What changed in the world, in order.
    Changes(Vec<Change>),
    /// [`reset`](crate::engine::Sandbox::reset) was called; no argument is needed to repeat it.
    Reset,
    /// [`snapshot`](crate::engine::Sandbox::snapshot) was called, with this name and wall's time.
    Snapshot(String, Timestamp),
    /// [`restore`](crate::engine::Sandbox::restore) was called, with this name and wall's time.
    Restore(String, Timestamp),
    /// [`drop_snapshot`](crate::engine::Sandbox::drop_snapshot) was called, with this name.
    DropSnapshot(String),
    /// [`clear_journal`](crate::engine::Sandbox::clear_journal) was called: the journal is empty. It has had so many exchanges.
    ClearJournal(u64),
    /// Exchanges with these numbers were removed from the journal on request, and how many they were.
    Unlisted(Vec<u64>, Removed),
    /// Exchanges of the journal made room for others.
    Shrunk(Shrunk),
    /// The answer of an exchange has ended that was under way when it was recorded, or was cut off.
    Ended(Ended),
    /// So many exchanges the journal will have had, when all calls that were made so far are in it.
    Due(u64),
    /// What was done to it besides calls, which nothing depends on.
    Noted(Vec<LogLine>),
    /// The faults that are switched on now, and those that were switched off without having had an effect.
    Faults(Vec<Fault>, Vec<UnusedRule>),
    /// The credentials that the sandbox got after it was made, and since which place it has each. All others it has since it was made.
    Claimed(Vec<(Name, Arc<str>, i64)>),
    /// Another state in place of the one before.
    Whole(Box<State>),
    /// All of the sandbox as it is: what was recorded before is not needed any more.
    Checkpoint(Box<Checkpoint>),
}

/// Everything that a sandbox keeps, but for the exchanges of its journal.
#[derive(Clone)]
pub struct Checkpoint {
    pub state: State,
    /// The snapshots: their names, when each was taken on the world's clock, and its state.
    pub snapshots: Vec<(String, Timestamp, State)>,
    /// The exchanges of the journal below this number are gone.
    pub first: u64,
    /// How many exchanges were ever in the journal.
    pub written: u64,
    /// How many below `first` are evidence that is gone: dropped, or removed on request.
    pub dropped: u64,
    /// How many of all those were removed on request, at or above `first` as well.
    pub removed: Removed,
}

/// Receives redo records, to keep another copy of a sandbox.
pub trait Sink: Send + Sync {
    /// Is told that what the locked section does is that of a call, the exchange of which follows when its answer is made.
    fn called(&self) {}

    /// Takes what a locked section did. The sandbox is locked meanwhile, so this must not wait for anything.
    fn sealed(&self, records: &mut Vec<Record>);

    /// Takes an exchange, with its number, as it is added to the journal, which is locked meanwhile.
    fn exchanged(&self, _: &Arc<Entry>) {}

    /// Takes what made room in the journal, which is locked meanwhile.
    fn shrunk(&self, _: Shrunk) {}

    /// Takes an exchange of the journal again, which is locked meanwhile: it has ended otherwise than was recorded.
    fn answered(&self, _: &Arc<Entry>) {}

    /// Is told how long the sandbox may be idle before it is removed; `None` is for ever.
    fn kept_for(&self, _: Option<Duration>) {}

    /// Takes a line about what was done besides calls. The sandbox is locked meanwhile.
    fn noted(&self, _: &LogLine) {}

    /// Is told that the sandbox was removed: nothing comes after this.
    fn ended(&self) {}
}

/// What the lock of a sandbox guards.
pub(super) struct Guarded {
    pub state: State,
    pub recorder: Option<Recorder>,
}

/// The records of the section that is still locked, and their sink.
pub(super) struct Recorder {
    pub records: Vec<Record>,
    pub sink: Arc<dyn Sink>,
}

/// A locked sandbox. What was changed is recorded when it is dropped.
pub struct Guard<'s>(pub(super) MutexGuard<'s, Guarded>);

impl Deref for Guard<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0.state
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.0.state
    }
}

impl Guard<'_> {
    /// Says that a call is made, the exchange of which follows.
    pub(super) fn is_of_call(&self) {
        if let Some(recorder) = &self.0.recorder {
            recorder.sink.called();
        }
    }

    /// Records something that was done to the state as a whole.
    pub(super) fn note(&mut self, act: impl FnOnce(&State) -> Record) {
        let Guarded { state, recorder: Some(recorder) } = &mut *self.0 else { return };
        recorder.seal(state);
        recorder.records.push(act(state));
        state.world.record();
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let Guarded { state, recorder: Some(recorder) } = &mut *self.0 else { return };
        if !state.world.is_recorded() {
            recorder.records.push(Record::Whole(Box::new(state.clone())));
            state.world.record();
        }
        recorder.seal(state);
        if !recorder.records.is_empty() {
            recorder.sink.sealed(&mut recorder.records);
            recorder.records.clear();
        }
    }
}

impl Recorder {
    fn seal(&mut self, state: &mut State) {
        let changes = state.world.seal();
        if !changes.is_empty() {
            self.records.push(Record::Changes(changes));
        }
    }
}
