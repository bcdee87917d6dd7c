//! The file of a sandbox: its world, its scenario, its faults, and the counters of both.

use std::io;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::persist::recorded::{JournalFile, Recorded};
use crate::persist::rows;
use crate::persist::world::{self, FORMAT, FileError, Rows};
use crate::world::{AccountId, Count, Counter, Counters, LogLine, World};

/// What a file keeps of a sandbox.
pub struct Contents {
    /// The world, with all counters.
    pub world: World,
    /// The text of the scenario; empty for the one that changes nothing.
    pub scenario: String,
    /// The mounts whose credentials the scenario gave.
    pub given: Vec<Name>,
    /// Whether somebody asked for the seed, so that credentials come from it too.
    pub seeded: bool,
    /// The faults that are switched on, by name, as they were asked for.
    pub faults: Vec<(Name, Value)>,
}

/// How many faults a file has at most, and how many mounts with credentials of the scenario: more than any that is written.
const FAULTS: usize = 1024;
const MOUNTS: usize = 256;

/// The file of a sandbox.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxFile {
    /// Documents, agenda, time and credentials.
    #[schemars(schema_with = "world_schema")]
    world: Box<RawValue>,
    /// The text of its scenario; empty for the default one.
    scenario: String,
    /// The mounts whose credentials the scenario gave.
    #[serde(default, deserialize_with = "rows::few::<_, MOUNTS, _>")]
    #[schemars(with = "Vec<String>")]
    given: Vec<Name>,
    /// Whether somebody asked for the seed, so that credentials come from it too.
    #[serde(default)]
    seeded: bool,
    /// What the scenario has counted.
    #[serde(default)]
    #[schemars(with = "Value")]
    counted: Option<Box<RawValue>>,
    #[serde(default, deserialize_with = "rows::few::<_, FAULTS, _>")]
    faults: Vec<FaultRow>,
    /// The calls so far, for people who look at the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    journal: Option<JournalFile>,
    /// What was done besides calls, oldest first, for people who look at the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Vec<LogLine>>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FaultRow {
    #[schemars(with = "String")]
    name: Name,
    /// The override, as it came in.
    #[schemars(with = "Value")]
    wanted: Box<RawValue>,
    /// The counters of the fault.
    #[schemars(with = "Value")]
    counted: Option<Box<RawValue>>,
}

fn world_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "required": ["format"], "additionalProperties": true, "properties": {"format": {"type": "string", "enum": [FORMAT]}}})
}

/// An override by its position, and the class of calls that its limit counts, or the object that its calls are about.
type WindowKey = (usize, Name);

/// The counters of the scenario or of a fault.
#[derive(Default, Serialize)]
struct Counted {
    calls: Vec<((Option<u32>, Name), u64)>,
    matched: Vec<(usize, u64)>,
    effects: Vec<(usize, u64)>,
    taken: Vec<(Name, u64)>,
    windows: Vec<(WindowKey, (Timestamp, u64))>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<(WindowKey, (Option<Timestamp>, u64))>,
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<Timestamp>,
}

/// The same in a file.
#[derive(Deserialize)]
struct CountedFile<'f> {
    #[serde(borrow)]
    calls: Option<&'f RawValue>,
    matched: Option<&'f RawValue>,
    effects: Option<&'f RawValue>,
    taken: Option<&'f RawValue>,
    windows: Option<&'f RawValue>,
    objects: Option<&'f RawValue>,
    began: Option<Timestamp>,
}

impl Contents {
    /// Writes the file, piece by piece, when the wall shows `wall`. The same state gives the same bytes.
    ///
    /// # Errors
    /// When `out` takes no more, or a document is not JSON, which none of ours is.
    pub fn write(&self, wall: Timestamp, out: impl io::Write) -> Result<(), FileError> {
        self.write_with(&Recorded::default(), wall, out)
    }

    /// The same, with the past.
    ///
    /// # Errors
    /// As [`Contents::write`].
    pub fn write_with(&self, past: &Recorded, wall: Timestamp, out: impl io::Write) -> Result<(), FileError> {
        Ok(serde_json::to_writer(out, &Written { contents: self, past, wall })?)
    }

    /// The file as a whole.
    ///
    /// # Errors
    /// As [`Contents::write`].
    pub fn to_bytes(&self, wall: Timestamp) -> Result<Vec<u8>, FileError> {
        let mut file = Vec::new();
        self.write(wall, &mut file)?;
        Ok(file)
    }
}

/// Contents with the members of a [`SandboxFile`].
struct Written<'c> {
    contents: &'c Contents,
    past: &'c Recorded,
    wall: Timestamp,
}

/// The members of a [`FaultRow`].
#[derive(Serialize)]
struct WrittenFault<'c> {
    name: &'c Name,
    wanted: &'c Value,
    counted: Counted,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Contents { world, scenario, given, seeded, faults } = self.contents;
        let counted = |owner: &str| Counted::of(world.counters(), owner);
        let faults = || faults.iter().map(|(name, wanted)| WrittenFault { name, wanted, counted: counted(name) });
        let mut file = serializer.serialize_struct("SandboxFile", 8)?;
        file.serialize_field("world", &world::Written { world, wall: self.wall })?;
        file.serialize_field("scenario", scenario)?;
        file.serialize_field("given", given)?;
        file.serialize_field("seeded", seeded)?;
        file.serialize_field("counted", &counted(""))?;
        file.serialize_field("faults", &Rows(faults))?;
        match &self.past.journal {
            Some(journal) => file.serialize_field("journal", &journal.written())?,
            None => file.skip_field("journal")?,
        }
        match &self.past.log {
            Some(log) => file.serialize_field("log", log)?,
            None => file.skip_field("log")?,
        }
        file.end()
    }
}

impl SandboxFile {
    /// Reads a file without looking at its world.
    ///
    /// # Errors
    /// When it is not the JSON that we write.
    pub fn parse(file: &[u8]) -> Result<Self, FileError> {
        Ok(serde_json::from_slice(file)?)
    }

    /// Takes the past out of the file.
    ///
    /// # Errors
    /// When it is not as [`Contents::write_with`] wrote it.
    pub fn take_past(&mut self) -> Result<Recorded, FileError> {
        Ok(Recorded { journal: self.journal.take().map(JournalFile::read).transpose()?, log: self.log.take() })
    }

    /// What the file says, when the wall shows `wall`; `vendors` are the ids and mounts that there are.
    ///
    /// # Errors
    /// When the file is not one that [`Contents::write`] wrote, speaks of what this version lacks, or says more than has `room`.
    pub fn read(self, vendors: &[Name], wall: Timestamp, room: usize) -> Result<Contents, FileError> {
        let mut world = world::read(self.world.get(), vendors, wall, room)?;
        let (mut counters, left) = (Counters::default(), room.saturating_sub(world.bytes()));
        count(self.counted.as_deref(), &Name::default(), &mut counters, left)?;
        let mut faults = Vec::new();
        for FaultRow { name, wanted, counted } in self.faults {
            count(counted.as_deref(), &name, &mut counters, left)?;
            faults.push((name, world::parse_few(&wanted)?));
        }
        world.replace_counters(counters);
        Ok(Contents { world, scenario: self.scenario, given: self.given, seeded: self.seeded, faults })
    }
}

impl Counted {
    fn of(counters: &Counters, owner: &str) -> Self {
        let mut counted = Self::default();
        for (counter, Count { began, calls }) in counters.of(owner) {
            match counter {
                Counter::Calls(account, operation) => counted.calls.push(((account.map(|id| id.0), operation.clone()), calls)),
                Counter::Matched(index) => counted.matched.push((*index, calls)),
                Counter::Effects(index) => counted.effects.push((*index, calls)),
                Counter::Parcels(timeline) => counted.taken.push((timeline.clone(), calls)),
                Counter::Window(index, class) => {
                    counted.windows.extend(began.map(|began| ((*index, class.clone()), (began, calls))));
                }
                Counter::Object(index, object) => counted.objects.push(((*index, object.clone()), (began, calls))),
                Counter::Beginning => counted.began = began,
            }
        }
        counted
    }
}

/// Reads the counters of an owner, unless all counters take more than `room`.
fn count(counted: Option<&RawValue>, owner: &Name, counters: &mut Counters, room: usize) -> Result<(), FileError> {
    let Some(counted) = counted else { return Ok(()) };
    let file: CountedFile<'_> = serde_json::from_str(counted.get())?;
    let mut set = |counter, began, calls| {
        counters.set(owner.clone(), counter, Some(Count { began, calls }));
        if counters.bytes() > room { Err(FileError::Bytes) } else { Ok(()) }
    };
    rows::each(file.calls, |((account, operation), calls): ((Option<u32>, _), _)| {
        set(Counter::Calls(account.map(AccountId), operation), None, calls)
    })?;
    rows::each(file.matched, |(index, calls)| set(Counter::Matched(index), None, calls))?;
    rows::each(file.effects, |(index, calls)| set(Counter::Effects(index), None, calls))?;
    rows::each(file.taken, |(timeline, calls)| set(Counter::Parcels(timeline), None, calls))?;
    rows::each(file.windows, |((index, class), (began, calls)): (WindowKey, (Timestamp, u64))| {
        set(Counter::Window(index, class), Some(began), calls)
    })?;
    rows::each(file.objects, |((index, object), (began, calls)): (WindowKey, (Option<Timestamp>, u64))| {
        set(Counter::Object(index, object), began, calls)
    })?;
    if file.began.is_some() { set(Counter::Beginning, file.began, 0) } else { Ok(()) }
}
