//! Records as bytes: postcard, with documents as the JSON that they are stored as.
//!
//! A world is stored as the changes that lead to it from another one: the initial world from an empty one, the present world and those
//! of snapshots from the initial one. What they share is thus stored once, and is shared again when it is read.

use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::entropy::Secret;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::{Checkpoint, Fault, Record, ScenarioRuntime, State, UnusedRule};
use crate::world::{Change, Clock, Ended, LogLine, Mismatch, Mode, Removed, Shrunk, World};

/// Makes what runs of the texts that are stored.
pub trait Compile {
    /// The runtime of a scenario's text.
    ///
    /// # Errors
    /// Why the text is no scenario, in words.
    fn scenario(&self, text: &str) -> Result<Arc<dyn ScenarioRuntime>, String>;

    /// The runtime of a fault.
    ///
    /// # Errors
    /// Why it is no override, in words.
    fn fault(&self, wanted: &Value) -> Result<Arc<dyn ScenarioRuntime>, String>;
}

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The bytes are not those of a record.
    #[error("the record is damaged: {0}")]
    Bytes(#[from] postcard::Error),
    /// The record does not follow from those before it.
    #[error("{0}")]
    Mismatch(#[from] Mismatch),
    /// This version cannot run what an earlier one could.
    #[error("{0}")]
    Scenario(String),
}

/// A [`Record`] as it is written.
#[derive(Serialize, Deserialize)]
enum Stored {
    Changes(Vec<Change>),
    Reset,
    Snapshot(String, Timestamp),
    Restore(String, Timestamp),
    DropSnapshot(String),
    ClearJournal(u64),
    Faults(StoredFaults),
    Whole(Box<StoredState>),
    Checkpoint(Box<StoredCheckpoint>),
    Unlisted(Vec<u64>, Removed),
    /// One of a journal from which exchanges were removed on request.
    CheckpointAfterRemovals(Box<StoredCheckpoint>, Removed),
    Due(u64),
    Noted(#[serde(with = "crate::base::json::as_text")] Vec<LogLine>),
    Shrunk {
        first: u64,
        is_bare: bool,
    },
    Ended(Ended),
    Claimed(Vec<(Name, Arc<str>, i64)>),
}

#[derive(Serialize, Deserialize)]
struct StoredFaults {
    /// Names and overrides, as they came in.
    on: Vec<(Name, StoredValue)>,
    unused: Vec<UnusedRule>,
}

#[derive(Serialize, Deserialize)]
struct StoredValue(#[serde(with = "crate::base::json::as_text")] Value);

#[derive(Serialize, Deserialize)]
struct StoredState {
    seed: u64,
    secret: Option<Secret>,
    any_credential: bool,
    initial: StoredWorld,
    world: StoredWorld,
    scenario: String,
    scenario_name: String,
    scenario_mounts: Vec<Name>,
    seeded: bool,
    faults: StoredFaults,
}

/// A world, as the changes that lead to it.
#[derive(Serialize, Deserialize)]
struct StoredWorld {
    /// Whether they lead from the world that is stored before it, or from an empty one.
    continues: bool,
    changes: Vec<Change>,
}

#[derive(Serialize, Deserialize)]
struct StoredCheckpoint {
    state: StoredState,
    snapshots: Vec<(String, Timestamp, StoredState)>,
    first: u64,
    written: u64,
    dropped: u64,
}

/// Adds records to `out`, as one locked section made them.
///
/// # Errors
/// When a document is no text, which none is.
pub fn write(records: &[Record], out: Vec<u8>) -> Result<Vec<u8>, CodecError> {
    let stored: Vec<Stored> = records.iter().map(Stored::of).collect();
    Ok(postcard::to_extend(&stored, out)?)
}

/// Records in the form in which they are written, so that their length can be told before.
pub struct Prepared(Vec<Stored>);

impl Prepared {
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        Self(records.iter().map(Stored::of).collect())
    }

    /// Writes the same bytes as [`write`], a few at a time.
    ///
    /// # Errors
    /// When the writer refuses them.
    pub fn write(&self, out: impl io::Write) -> Result<(), CodecError> {
        Ok(postcard::to_io(&self.0, out).map(drop)?)
    }
}

/// Reads records as [`write`] wrote them.
///
/// # Errors
/// When the bytes are damaged, or hold what this version cannot run.
pub fn read(bytes: &[u8], compile: &dyn Compile) -> Result<Vec<Record>, CodecError> {
    let stored: Vec<Stored> = postcard::from_bytes(bytes)?;
    stored.into_iter().map(|stored| stored.into_record(compile)).collect()
}

impl Stored {
    fn of(record: &Record) -> Self {
        match record {
            Record::Changes(changes) => Self::Changes(changes.clone()),
            Record::Reset => Self::Reset,
            Record::Snapshot(name, wall) => Self::Snapshot(name.clone(), *wall),
            Record::Restore(name, wall) => Self::Restore(name.clone(), *wall),
            Record::DropSnapshot(name) => Self::DropSnapshot(name.clone()),
            Record::ClearJournal(written) => Self::ClearJournal(*written),
            Record::Faults(on, unused) => Self::Faults(StoredFaults::of(on, unused)),
            Record::Whole(state) => Self::Whole(Box::new(StoredState::of(state, None))),
            Record::Checkpoint(checkpoint) if checkpoint.removed.is_empty() => Self::Checkpoint(Box::new(StoredCheckpoint::of(checkpoint))),
            Record::Checkpoint(checkpoint) => {
                Self::CheckpointAfterRemovals(Box::new(StoredCheckpoint::of(checkpoint)), checkpoint.removed.clone())
            }
            Record::Due(number) => Self::Due(*number),
            Record::Shrunk(Shrunk { first, is_bare }) => Self::Shrunk { first: *first, is_bare: *is_bare },
            Record::Ended(ended) => Self::Ended(*ended),
            Record::Claimed(claims) => Self::Claimed(claims.clone()),
            Record::Noted(lines) => Self::Noted(lines.clone()),
            Record::Unlisted(numbers, removed) => Self::Unlisted(numbers.clone(), removed.clone()),
        }
    }

    fn into_record(self, compile: &dyn Compile) -> Result<Record, CodecError> {
        Ok(match self {
            Self::Changes(changes) => Record::Changes(changes),
            Self::Reset => Record::Reset,
            Self::Snapshot(name, wall) => Record::Snapshot(name, wall),
            Self::Restore(name, wall) => Record::Restore(name, wall),
            Self::DropSnapshot(name) => Record::DropSnapshot(name),
            Self::ClearJournal(written) => Record::ClearJournal(written),
            Self::Faults(faults) => {
                let (on, unused) = faults.into_faults(compile)?;
                Record::Faults(on, unused)
            }
            Self::Whole(state) => Record::Whole(Box::new(state.into_state(None, compile)?)),
            Self::Checkpoint(checkpoint) => Record::Checkpoint(Box::new(checkpoint.into_checkpoint(Removed::new(), compile)?)),
            Self::CheckpointAfterRemovals(checkpoint, removed) => {
                Record::Checkpoint(Box::new(checkpoint.into_checkpoint(removed, compile)?))
            }
            Self::Due(number) => Record::Due(number),
            Self::Shrunk { first, is_bare } => Record::Shrunk(Shrunk { first, is_bare }),
            Self::Ended(ended) => Record::Ended(ended),
            Self::Claimed(claims) => Record::Claimed(claims),
            Self::Noted(lines) => Record::Noted(lines),
            Self::Unlisted(numbers, removed) => Record::Unlisted(numbers, removed),
        })
    }
}

impl StoredFaults {
    fn of(on: &[Fault], unused: &[UnusedRule]) -> Self {
        let on = on.iter().map(|fault| (fault.name.clone(), StoredValue(fault.wanted.clone())));
        Self { on: on.collect(), unused: unused.to_vec() }
    }

    fn into_faults(self, compile: &dyn Compile) -> Result<(Vec<Fault>, Vec<UnusedRule>), CodecError> {
        let on = self.on.into_iter().map(|(name, StoredValue(wanted))| {
            let runtime = compile.fault(&wanted).map_err(CodecError::Scenario)?;
            Ok(Fault::new(name, wanted, runtime))
        });
        Ok((on.collect::<Result<_, CodecError>>()?, self.unused))
    }
}

/// The world that all stored ones begin from.
fn empty() -> World {
    World::new(0, Clock::new(Mode::Frozen, None, Timestamp::UNIX_EPOCH))
}

impl StoredWorld {
    fn of(world: &World, base: Option<&World>) -> Self {
        let continued = base.and_then(|base| world.changes_since(base));
        let continues = continued.is_some();
        let changes = continued.or_else(|| world.changes_since(&empty())).unwrap_or_default();
        Self { continues, changes }
    }

    /// The world, which begins with `begin` if it continues none.
    fn into_world(self, base: Option<&World>, begin: impl FnOnce(&mut World)) -> Result<World, Mismatch> {
        let mut world = match base.filter(|_| self.continues) {
            Some(base) => base.clone(),
            None => {
                let mut world = empty();
                begin(&mut world);
                world
            }
        };
        world.apply(&self.changes)?;
        Ok(world)
    }
}

impl StoredState {
    /// A state; `base` is a world that its initial one may follow from.
    fn of(state: &State, base: Option<&World>) -> Self {
        Self {
            seed: state.world.seed(),
            secret: state.world.secret(),
            any_credential: state.world.accounts().accepts_any_credential(),
            initial: StoredWorld::of(&state.initial, base),
            world: StoredWorld::of(&state.world, Some(&state.initial)),
            scenario: state.scenario.source().to_owned(),
            scenario_name: state.scenario_name.clone(),
            scenario_mounts: state.scenario_mounts.clone(),
            seeded: state.seeded,
            faults: StoredFaults::of(state.faults(), state.unused_faults()),
        }
    }

    fn into_state(self, base: Option<&World>, compile: &dyn Compile) -> Result<State, CodecError> {
        let (seed, secret, any) = (self.seed, self.secret, self.any_credential);
        let begin = |world: &mut World| {
            world.reseed(seed, secret);
            world.accept_any_credential(any);
        };
        let mut initial = self.initial.into_world(base, begin)?;
        begin(&mut initial);
        initial.mark_initial();
        let world = self.world.into_world(Some(&initial), begin)?;
        let (on, unused) = self.faults.into_faults(compile)?;
        let scenario = compile.scenario(&self.scenario).map_err(CodecError::Scenario)?;
        Ok(State::new(world, scenario, self.scenario_name).given(initial, self.scenario_mounts, self.seeded).with_faults(on, unused))
    }
}

impl StoredCheckpoint {
    fn of(checkpoint: &Checkpoint) -> Self {
        let Checkpoint { state, snapshots, first, written, dropped, .. } = checkpoint;
        let rows = snapshots.iter().map(|(name, at, snapshot)| (name.clone(), *at, StoredState::of(snapshot, Some(&state.initial))));
        Self { state: StoredState::of(state, None), snapshots: rows.collect(), first: *first, written: *written, dropped: *dropped }
    }

    fn into_checkpoint(self, removed: Removed, compile: &dyn Compile) -> Result<Checkpoint, CodecError> {
        let state = self.state.into_state(None, compile)?;
        let mut snapshots = Vec::with_capacity(self.snapshots.len());
        for (name, at, snapshot) in self.snapshots {
            snapshots.push((name, at, snapshot.into_state(Some(&state.initial), compile)?));
        }
        Ok(Checkpoint { state, snapshots, first: self.first, written: self.written, dropped: self.dropped, removed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Compile for Nothing {
        fn scenario(&self, _: &str) -> Result<Arc<dyn ScenarioRuntime>, String> {
            Err(String::new())
        }

        fn fault(&self, _: &Value) -> Result<Arc<dyn ScenarioRuntime>, String> {
            Err(String::new())
        }
    }

    /// What was added later comes last, so that what is written already keeps its number.
    #[test]
    fn older_records_are_read_and_written_as_they_were() {
        let older = [vec![2, 1, 5, 9], vec![1, 4, 1, b'a'], vec![1, 0, 1, 10, 0]];
        for bytes in older {
            let records = read(&bytes, &Nothing).expect("it is a record");
            assert!(matches!(&records[..], [Record::Reset, Record::ClearJournal(9)] | [Record::DropSnapshot(_)] | [Record::Changes(_)]));
            assert_eq!(write(&records, Vec::new()).expect("it can be written"), bytes);
        }
        let removed = Removed::from([("shippo.CreateParcel".into(), 2)]);
        let bytes = write(&[Record::Unlisted(vec![3, 300], removed.clone())], Vec::new()).expect("it can be written");
        let again = read(&bytes, &Nothing).expect("what is written can be read");
        assert!(matches!(&again[..], [Record::Unlisted(numbers, again)] if numbers == &[3, 300] && *again == removed));
    }
}
