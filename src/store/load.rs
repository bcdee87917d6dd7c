//! A data directory as it is read when a process starts.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use serde_json::Value;

use crate::base::time::Timestamp;
use crate::engine::{DEFAULT, JournalPast, Keeper, Machine, NoScenario, Record, Sandbox, SandboxError, ScenarioRuntime};
use crate::scenario::{self, Scenario, run};
use crate::store::codec::{self, CodecError, Compile};
use crate::store::disk::{self, Disk, Left, Row, StoreError};
use crate::store::writer::Revived;
use crate::store::{Fsync, Store, exchange};
use crate::world::Slot;

/// A directory that was opened.
pub struct Opened {
    pub store: Arc<Store>,
    /// How the process before left it; `None` if there was none.
    pub left: Option<Left>,
    /// How many sandboxes were read.
    pub sandboxes: usize,
    /// The names of those that were dropped: the process ended while it made them.
    pub unborn: Vec<String>,
    /// The names of those that hold more than they may, with what they hold, in bytes.
    pub overfull: Vec<(String, usize)>,
    /// The fingerprint of the file that the default sandbox was imported from.
    pub imported: Option<u128>,
    /// The fingerprint of the scenario and the seed that a process was last started with.
    pub started_with: Option<u128>,
}

/// Opens a data directory, makes the machine what it says, and keeps the machine there from now on.
///
/// # Errors
/// When the directory cannot be used, or is damaged.
pub fn open(machine: &Machine, directory: &Path, fsync: Fsync, wall: Timestamp) -> Result<Opened, StoreError> {
    let (mut disk, left) = Disk::open(directory)?;
    let compile = Compiler(machine);
    let rows = disk.sandboxes()?;
    // Journals take nothing of a world.
    let (mut revived, unborn) = thread::scope(|scope| {
        let journals = scope.spawn(|| rows.iter().map(|(name, row)| journal(&disk, name, row, exchange::later)).collect::<Vec<_>>());
        let states: Result<Vec<_>, StoreError> = rows.iter().map(|(name, row)| revive(machine, &disk, name, row, &compile)).collect();
        let states = states?;
        let journals = journals.join().map_err(|_| StoreError::Damaged("its journals cannot be read".to_owned()))?;
        let (mut revived, mut unborn) = (Vec::with_capacity(rows.len()), Vec::new());
        for ((state, journal), (name, row)) in states.into_iter().zip(journals).zip(&rows) {
            match state {
                Some(state) => revived.push(state.with_journal(journal?)),
                None => unborn.push((name.clone(), row.life)),
            }
        }
        Ok::<_, StoreError>((revived, unborn))
    })?;
    for one in &revived {
        let name = &one.sandbox.name;
        let sandbox = machine.reopen(Arc::clone(&one.sandbox)).map_err(|why| match why {
            SandboxError::Full | SandboxError::Bytes => StoreError::NoRoom { name: name.to_string(), why: why.to_string() },
            SandboxError::Taken(_) | SandboxError::Name(_) => StoreError::Damaged(format!("sandbox `{name}`: {why}")),
        })?;
        sandbox.set_ttl(one.ttl);
        sandbox.touch(wall);
    }
    rows.iter().for_each(|(_, row)| machine.heard_of_place(row.life.cast_signed()));
    let sandboxes = revived.len();
    let has_default = revived.iter().any(|row| &*row.sandbox.name == DEFAULT);
    // Once a later position is written, nothing else tells that changes are gone.
    let position = left.position + left.lost;
    let mut batch = disk.batch();
    unborn.iter().try_for_each(|(name, life)| disk.remove_sandbox(&mut batch, name, *life))?;
    if left.lost > 0 {
        revived.iter_mut().try_for_each(|one| one.has_lost(left.lost, &disk, &mut batch))?;
    }
    if !batch.is_empty() {
        disk.commit(batch, position, left.lost > 0)?;
    }
    let (imported, started_with) = (disk.fingerprint(disk::IMPORT)?, disk.fingerprint(disk::FLAGS)?);
    let store = Arc::new(Store::start(disk, fsync, position, revived)?);
    let keeper: Arc<Store> = Arc::clone(&store);
    if !has_default {
        if !rows.is_empty() {
            machine.begin_default();
        }
        machine.default_sandbox().has_lost(left.lost);
        store.opened(machine.default_sandbox());
    }
    machine.set_keeper(keeper);
    // The budgets may be smaller than those of the process before.
    machine.sandboxes().iter().for_each(|sandbox| sandbox.fit_journal());
    machine.shrink_journals();
    let overfull = machine.share_what_was_left().into_iter().map(|(sandbox, bytes)| (sandbox.name.to_string(), bytes)).collect();
    let unborn = unborn.into_iter().map(|(name, _)| name).collect();
    Ok(Opened { store, left: (sandboxes > 0 || left.lost > 0).then_some(left), sandboxes, unborn, overfull, imported, started_with })
}

/// Reads one sandbox without its journal; `None` if it has no records, because the process ended while it was made.
pub(super) fn revive(machine: &Machine, disk: &Disk, name: &str, row: &Row, compile: &dyn Compile) -> Result<Option<Unfilled>, StoreError> {
    let damaged = |why: String| StoreError::Damaged(format!("sandbox `{name}`: {why}"));
    let mut sandbox: Option<Arc<Sandbox>> = None;
    let (mut next, mut count, mut bytes, mut checkpoint) = (None, 0, 0, 0);
    let mut past = JournalPast::default();
    disk.records(row.life, |number, record| {
        let damaged = |why: &dyn Display| damaged(format!("record {number}: {why}"));
        if next.is_some_and(|next| next != number) {
            return Err(damaged(&format_args!("record {} before it is missing", next.unwrap_or_default())));
        }
        next = Some(number + 1);
        count += 1;
        bytes += record.len();
        let mut records = codec::read(record, compile).map_err(|error| match error {
            CodecError::Scenario(why) => StoreError::Unknown { name: name.to_owned(), why },
            error => damaged(&error),
        })?;
        past.follow(&records);
        let sandbox = match &sandbox {
            Some(sandbox) => sandbox,
            None => {
                let begins = records.iter().position(|record| matches!(record, Record::Checkpoint(_)));
                let Some(Record::Checkpoint(whole)) = begins.and_then(|at| records.drain(..=at).next_back()) else {
                    return Err(damaged(&"it is the first, and no checkpoint"));
                };
                checkpoint = record.len();
                sandbox.insert(machine.revive(name, *whole))
            }
        };
        sandbox.apply(&records).map_err(|error| damaged(&error))
    })?;
    let (Some(sandbox), Some(next)) = (sandbox, next) else { return Ok(None) };
    sandbox.lives(row.life.cast_signed());
    let revived = Revived { sandbox, life: row.life, ttl: row.ttl, next, records: count, bytes, checkpoint };
    Ok(Some(Unfilled { revived, past }))
}

/// The calls of a journal.
pub(super) struct Calls {
    slots: Vec<Slot>,
    /// The number of the last one, which may have been removed.
    last: u64,
}

/// The journal of a sandbox, each exchange of which is made by `read`.
pub(super) fn journal(
    disk: &Disk,
    name: &str,
    row: &Row,
    read: impl Fn(u64, disk::Value) -> Result<Slot, CodecError>,
) -> Result<Calls, StoreError> {
    let mut calls = Calls { slots: Vec::new(), last: 0 };
    disk.exchanges(row.life, |number, value| {
        calls.last = number;
        if value.is_empty() {
            return Ok(());
        }
        let slot = read(number, value);
        calls.slots.push(slot.map_err(|error| StoreError::Damaged(format!("sandbox `{name}`: exchange {number}: {error}")))?);
        Ok(())
    })?;
    Ok(calls)
}

/// A sandbox whose journal is empty.
pub(super) struct Unfilled {
    revived: Revived,
    past: JournalPast,
}

impl Unfilled {
    pub(super) fn with_journal(mut self, Calls { slots, last }: Calls) -> Revived {
        self.past.has_had(last);
        self.revived.sandbox.revive_journal(slots, self.past);
        self.revived
    }
}

/// Makes what runs by the vocabulary of a machine.
pub struct Compiler<'m>(pub &'m Machine);

impl Compile for Compiler<'_> {
    fn scenario(&self, text: &str) -> Result<Arc<dyn ScenarioRuntime>, String> {
        if text.is_empty() {
            return Ok(Arc::new(NoScenario));
        }
        let plain = Scenario::plain();
        if *text == *plain.source.text {
            return Ok(run::runtime(Scenario::clone(&plain)));
        }
        let loaded = scenario::load_bytes(text.as_bytes(), scenario::FILE_NAME, &run::MachineVocabulary(self.0));
        loaded.map(run::runtime).map_err(|problems| diagnostics_text(&problems))
    }

    fn fault(&self, wanted: &Value) -> Result<Arc<dyn ScenarioRuntime>, String> {
        let loaded = scenario::load_override(&wanted.to_string(), scenario::FILE_NAME, &run::MachineVocabulary(self.0));
        loaded.map(run::runtime).map_err(|problems| diagnostics_text(&problems))
    }
}

fn diagnostics_text(problems: &[scenario::Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
