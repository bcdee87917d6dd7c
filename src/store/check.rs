//! A data directory looked through: what is in it, and whether all of it can be read.

use std::io;
use std::path::Path;

use serde::Serialize;

use crate::base::time::Timestamp;
use crate::engine::Machine;
use crate::persist::Contents;
use crate::store::disk::{Disk, Row, StoreError, Value};
use crate::store::exchange;
use crate::store::load::{Compiler, journal, revive};
use crate::store::writer::Revived;
use crate::world::Slot;

/// What a data directory holds.
#[derive(Debug, Serialize)]
pub struct Report {
    pub state: Soundness,
    /// Whether the process before ended in good order.
    pub closed: bool,
    /// How many changes were written at the end and are gone.
    pub lost: u64,
    pub sandboxes: Vec<SandboxReport>,
    /// What is wrong with the directory as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Whether a data directory can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Soundness {
    /// All of it can be read.
    Sound,
    /// Its end is gone; what is before that can be read.
    Torn,
    /// It is about what this program does not have, such as a vendor.
    Unknown,
    /// Something in it cannot be read.
    Damaged,
}

/// What it holds of one sandbox.
#[derive(Debug, Serialize)]
pub struct SandboxReport {
    pub name: String,
    pub documents: usize,
    /// How many calls its journal has.
    pub calls: usize,
    /// How many records there are, the first of which is a checkpoint.
    pub records: u64,
    /// The bytes of its records.
    pub bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Soundness {
    /// The word for it in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Torn => "torn",
            Self::Unknown => "unknown",
            Self::Damaged => "damaged",
        }
    }
}

/// Looks through a data directory. The machine is one that nobody uses.
///
/// # Errors
/// When it is no data directory, or another process has it open.
pub fn check(machine: &Machine, directory: &Path) -> Result<Report, StoreError> {
    let mut report = Report { state: Soundness::Sound, closed: false, lost: 0, sandboxes: Vec::new(), problem: None };
    let opened = Disk::open_existing(directory).and_then(|(disk, left)| Ok((disk.sandboxes()?, disk, left)));
    let (rows, disk, left) = match opened {
        Ok(opened) => opened,
        Err(StoreError::Damaged(problem)) => {
            return Ok(Report { state: Soundness::Damaged, problem: Some(problem), ..report });
        }
        Err(error) => return Err(error),
    };
    (report.closed, report.lost) = (left.closed, left.lost);
    if left.lost > 0 {
        report.state = Soundness::Torn;
    }
    for (name, row) in rows {
        let mut found = SandboxReport { name, documents: 0, calls: 0, records: 0, bytes: 0, problem: None };
        match whole(machine, &disk, &found.name, &row) {
            Ok(None) => {
                report.state = report.state.max(Soundness::Torn);
                found.problem = Some("the process ended while it was made: the next start drops it".to_owned());
            }
            Ok(Some(revived)) => {
                let state = revived.sandbox.lock();
                let tables = state.world.accounts().iter().flat_map(|(_, account)| account.tables());
                found.documents = tables.map(|(_, table)| table.len()).sum();
                drop(state);
                found.calls = revived.sandbox.journal().iter().len();
                (found.records, found.bytes) = (revived.records, revived.bytes);
            }
            Err(error) => {
                let is_unknown = matches!(error, StoreError::Unknown { .. });
                report.state = report.state.max(if is_unknown { Soundness::Unknown } else { Soundness::Damaged });
                found.problem = Some(error.to_string());
            }
        }
        report.sandboxes.push(found);
    }
    Ok(report)
}

/// Reads one sandbox with its journal.
fn whole(machine: &Machine, disk: &Disk, name: &str, row: &Row) -> Result<Option<Revived>, StoreError> {
    let Some(state) = revive(machine, disk, name, row, &Compiler(machine))? else { return Ok(None) };
    let read = |number, value: Value| exchange::read(number, &value).map(Slot::from);
    Ok(Some(state.with_journal(journal(disk, name, row, read)?)))
}

/// Writes the file of a sandbox, as the admin API exports it.
///
/// # Errors
/// When there is no such sandbox, it is damaged, or `out` takes no more.
pub fn export(machine: &Machine, directory: &Path, name: &str, wall: Timestamp, out: impl io::Write) -> Result<(), StoreError> {
    let (disk, _) = Disk::open_existing(directory)?;
    let rows = disk.sandboxes()?;
    let row = rows.iter().find(|(other, _)| other == name).map(|(_, row)| row);
    let revived = match row {
        Some(row) => whole(machine, &disk, name, row)?,
        None => None,
    };
    let Some(revived) = revived else { return Err(StoreError::NoSandbox(name.to_owned())) };
    let state = revived.sandbox.lock().clone();
    let faults = state.faults().iter().map(|fault| (fault.name.clone(), fault.wanted.clone())).collect();
    let (scenario, seeded) = (state.scenario.source().to_owned(), state.seeded);
    let contents = Contents { scenario, given: state.scenario_mounts, seeded, faults, world: state.world };
    contents.write(wall, out).map_err(|error| StoreError::File(io::Error::other(error)))
}
