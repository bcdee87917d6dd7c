//! The file of a world: everything that [`World`] holds, as one JSON object that people can read and keep beside their tests.
//!
//! Accounts and tasks stand in their order, so that numbers which point at them keep their meaning.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::ser::{Error as _, SerializeStruct as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::base::entropy::Secret;
use crate::base::json;
use crate::base::name::Name;
use crate::base::time::{self, CLOCK_RANGE, Timestamp};
use crate::persist::rows;
use crate::world::{Account, AccountId, Clock, Credential, Kind, Mode, OutboxEntry, Table, Task, World};

/// The format that this version writes.
pub const FORMAT: &str = "seatrial/sandbox-v1";

/// How long a kind, a topic or a class of calls may be.
const WORD: usize = 64;

/// How many values credentials may have together, and a fault.
const VALUES: usize = 50_000;

/// How many kinds, topics and classes of calls a file may have.
const WORDS: usize = 512;

/// Why a file is no world.
#[derive(Debug, Error)]
pub enum FileError {
    /// It is not the JSON that we write.
    #[error("the file is not a sandbox: {0}")]
    Shape(#[from] serde_json::Error),
    /// It says that it is something else.
    #[error("the file has the format `{0}`, expected `{FORMAT}`")]
    Format(String),
    /// It speaks of a vendor that this version lacks.
    #[error("the file has data of the vendor `{0}`, which there is not")]
    Vendor(String),
    /// A task of it is about an account that it lacks.
    #[error("a task of the file is about account {0}, which the file lacks")]
    Account(u32),
    /// Its time is none that a clock can show.
    #[error("no clock can show the file's {0}; {CLOCK_RANGE}")]
    Time(Timestamp),
    /// What its secrets come from is not 32 bytes.
    #[error("the file's `secret` is not 64 hexadecimal digits")]
    Secret,
    /// It has too many kinds, topics and classes of calls.
    #[error("the file has more than {WORDS} kinds of documents, tasks and calls")]
    Words,
    /// It says more than a sandbox may hold.
    #[error("the file holds more data than a sandbox may")]
    Bytes,
    /// Its credentials, or a fault, are made of too many values.
    #[error("the file has more than {VALUES} values in its credentials, or in a fault")]
    Values,
    /// Bytes of an exchange are no base64.
    #[error("bytes of an exchange are not base64")]
    Base64,
    /// A note of an exchange has a code that is none.
    #[error("`{0}` is no code of a note")]
    Note(String),
    /// An exchange has no higher number than the one before it.
    #[error("exchange {0} is out of order")]
    Order(u64),
    /// A kind, a topic or a class of calls of it is too long.
    #[error("`{0}` is no kind of document, task or call")]
    Word(String),
}

#[derive(Deserialize)]
struct WorldFile<'f> {
    format: String,
    seed: u64,
    /// What secrets come from, in hexadecimal digits; the seed if there is none.
    #[serde(default)]
    secret: Option<String>,
    now: Timestamp,
    mode: Mode,
    #[serde(default)]
    any_credential: bool,
    #[serde(borrow)]
    credentials: &'f RawValue,
    /// Rows, each as an [`AccountRow`].
    accounts: &'f RawValue,
    /// Rows, each as a [`TaskRow`].
    agenda: &'f RawValue,
    /// Rows, each as a [`PostedRow`].
    outbox: Option<&'f RawValue>,
}

#[derive(Serialize, Deserialize)]
struct PostedRow {
    at: Timestamp,
    account: u32,
    vendor: Name,
    delivery: String,
}

#[derive(Serialize, Deserialize)]
struct CredentialRow {
    account: String,
    facts: Map<String, Value>,
}

#[derive(Deserialize)]
struct AccountRow<'f> {
    mount: Name,
    name: String,
    calls: u64,
    /// When the window of each class of calls began, and how many it has counted.
    #[serde(borrow)]
    windows: Option<&'f RawValue>,
    /// Rows, each as a [`TableRow`].
    tables: &'f RawValue,
}

#[derive(Deserialize)]
struct TableRow<'f> {
    kind: Name,
    /// The id and the text of each.
    #[serde(borrow)]
    documents: &'f RawValue,
}

#[derive(Serialize, Deserialize)]
struct TaskRow {
    at: Timestamp,
    account: u32,
    vendor: Name,
    topic: Name,
    subject: String,
    step: u32,
}

/// A world as its file, when the wall shows `wall`. It is written row by row.
pub(super) struct Written<'w> {
    pub world: &'w World,
    pub wall: Timestamp,
}

/// Rows that are made while they are written.
pub(super) struct Rows<F>(pub F);

impl<I: Iterator<Item: Serialize>, F: Fn() -> I> Serialize for Rows<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// A stored document, written as it is stored.
struct Document<'d>(&'d str);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// An account, with the members of an [`AccountRow`].
struct WrittenAccount<'w>(&'w Account);

impl Serialize for WrittenAccount<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(account) = self;
        // Tables are made when they are first needed, also by what was rolled back: their order says nothing.
        let mut tables: Vec<_> = account.tables().filter(|(_, table)| !table.is_empty()).collect();
        tables.sort_unstable_by_key(|(kind, _)| *kind);
        let mut row = serializer.serialize_struct("AccountRow", 5)?;
        row.serialize_field("mount", &account.mount)?;
        row.serialize_field("name", &*account.name)?;
        row.serialize_field("calls", &account.calls())?;
        row.serialize_field("windows", &Rows(|| account.windows()))?;
        row.serialize_field("tables", &Rows(|| tables.iter().map(|(kind, table)| WrittenTable(&kind.0, table))))?;
        row.end()
    }
}

/// A table, with the members of a [`TableRow`].
struct WrittenTable<'w>(&'w Name, &'w Table);

impl Serialize for WrittenTable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(kind, table) = self;
        let mut row = serializer.serialize_struct("TableRow", 2)?;
        row.serialize_field("kind", kind)?;
        row.serialize_field("documents", &Rows(|| table.iter().map(|(id, body)| (id, Document(body)))))?;
        row.end()
    }
}

impl Serialize for Written<'_> {
    /// The members of a [`WorldFile`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { world, wall } = self;
        let accounts = world.accounts();
        // A mount without credentials is as one that nobody named.
        let named = accounts.mounts().filter(|mount| !accounts.credentials(mount).is_empty());
        let credentials = named.map(|mount| {
            let rows = accounts.credentials(mount);
            let rows = rows.iter().map(|row| CredentialRow { account: row.account.to_string(), facts: (*row.fields).clone() });
            (mount, rows.collect::<Vec<_>>())
        });
        let credentials: Vec<_> = credentials.collect();
        let secret = world.secret().map(|secret| secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        let mut file = serializer.serialize_struct("WorldFile", 10)?;
        file.serialize_field("format", FORMAT)?;
        file.serialize_field("seed", &world.seed())?;
        match &secret {
            Some(secret) => file.serialize_field("secret", secret)?,
            None => file.skip_field("secret")?,
        }
        file.serialize_field("now", &world.clock().now(*wall))?;
        file.serialize_field("mode", &world.clock().mode())?;
        file.serialize_field("any_credential", &accounts.accepts_any_credential())?;
        file.serialize_field("credentials", &credentials)?;
        file.serialize_field("accounts", &Rows(|| accounts.iter().map(|(_, account)| WrittenAccount(account))))?;
        file.serialize_field("agenda", &Rows(|| world.agenda().iter().map(|(at, task)| TaskRow::of(at, task))))?;
        file.serialize_field("outbox", &Rows(|| world.outbox().iter().map(PostedRow::of)))?;
        file.end()
    }
}

impl TaskRow {
    fn of(at: Timestamp, task: &Task) -> Self {
        let Task { account, vendor, topic, subject, step, .. } = task;
        Self { at, account: account.0, vendor: vendor.clone(), topic: topic.clone(), subject: subject.to_string(), step: *step }
    }
}

impl PostedRow {
    fn of(row: &OutboxEntry) -> Self {
        Self { at: row.at, account: row.account.0, vendor: row.vendor.clone(), delivery: row.delivery.to_string() }
    }
}

/// The world of a file, when the wall shows `wall`; `vendors` are the ids and mounts that there are.
///
/// # Errors
/// When the file is not one that [`Written`] wrote, speaks of what this version lacks, or says more than has `room`.
pub(super) fn read(file: &str, vendors: &[Name], wall: Timestamp, room: usize) -> Result<World, FileError> {
    let file: WorldFile<'_> = serde_json::from_str(file)?;
    if file.format != FORMAT {
        return Err(FileError::Format(file.format));
    }
    if file.now < time::EARLIEST {
        return Err(FileError::Time(file.now));
    }
    let known = |name: &Name| vendors.iter().find(|vendor| *vendor == name).cloned().ok_or_else(|| FileError::Vendor(name.to_string()));
    let mut words = Words::default();
    let mut world = World::new(file.seed, Clock::new(file.mode, Some(file.now), wall));
    world.reseed(file.seed, file.secret.as_deref().map(secret).transpose()?);
    world.accept_any_credential(file.any_credential);
    for (mount, rows) in parse_few::<Vec<(Name, Vec<CredentialRow>)>>(file.credentials)? {
        let rows = rows.into_iter().map(|row| Credential { account: row.account.into(), fields: row.facts.into() });
        world.set_credentials(known(&mount)?, rows.collect());
    }
    // Rows take many times their text, so that it is looked at while they are read.
    let fits = |world: &World| if world.bytes() > room { Err(FileError::Bytes) } else { Ok(()) };
    let mut count = 0;
    rows::each(Some(file.accounts), |row: AccountRow<'_>| {
        let id = world.open_account(known(&row.mount)?, &row.name);
        world.set_calls(id, row.calls);
        rows::each(row.windows, |(class, window): (Name, _)| {
            world.set_window(id, words.one(class)?, Some(window));
            fits(&world)
        })?;
        rows::each(Some(row.tables), |table: TableRow<'_>| {
            let kind = Kind(words.one(table.kind)?);
            rows::each(Some(table.documents), |(name, body): (String, &RawValue)| {
                world.put(id, &kind, &name, |out| out.extend_from_slice(&json::compact(body.get())));
                fits(&world)
            })
        })?;
        count = id.0 + 1;
        fits(&world)
    })?;
    let account = |number: u32| if number < count { Ok(AccountId(number)) } else { Err(FileError::Account(number)) };
    rows::each(Some(file.agenda), |row: TaskRow| {
        let (account, vendor) = (account(row.account)?, known(&row.vendor)?);
        world.schedule(row.at, Task { account, vendor, topic: words.one(row.topic)?, subject: row.subject.into(), step: row.step });
        fits(&world)
    })?;
    rows::each(file.outbox, |row: PostedRow| {
        world.post(OutboxEntry { at: row.at, account: account(row.account)?, vendor: known(&row.vendor)?, delivery: row.delivery.into() });
        fits(&world)
    })?;
    Ok(world)
}

/// The bytes of hexadecimal digits.
fn secret(digits: &str) -> Result<Secret, FileError> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return Err(FileError::Secret) };
    let byte = |pair: &[u8; 2]| str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(FileError::Secret)
}

/// Reads JSON that becomes many times its size if it has many values, unless it has.
pub(super) fn parse_few<T: DeserializeOwned>(text: &RawValue) -> Result<T, FileError> {
    if json::count_values(text.get().as_bytes()) > VALUES {
        return Err(FileError::Values);
    }
    Ok(serde_json::from_str(text.get())?)
}

/// The kinds, topics and classes of calls of a file, each of which names the same few again and again: one text of each is kept.
#[derive(Default)]
struct Words(BTreeSet<Name>);

impl Words {
    fn one(&mut self, word: Name) -> Result<Name, FileError> {
        if let Some(known) = self.0.get(&word) {
            return Ok(known.clone());
        }
        if word.len() > WORD {
            return Err(FileError::Word(word.to_string()));
        }
        if self.0.len() == WORDS {
            return Err(FileError::Words);
        }
        self.0.insert(word.clone());
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> World {
        let wall: Timestamp = "2026-01-05T09:00:00Z".parse().expect("a test writes valid timestamps");
        let mut world = World::new(7, Clock::new(Mode::Speed(2.5), None, wall));
        world.set_credentials("shippo", vec![Credential { account: "test".into(), fields: Map::new().into() }]);
        let account = world.open_account("shippo", "test");
        world.put(account, &Kind::new("parcel"), "b", |out| out.extend_from_slice(b"{\"a\":1.50}"));
        world.put(account, &Kind::new("parcel"), "a", |out| out.extend_from_slice(b"[\"\\u00e4\"]"));
        world.schedule(wall, Task { account, vendor: "shippo".into(), topic: "parcel.step".into(), subject: "b".into(), step: 3 });
        world.post(OutboxEntry { at: wall, account, vendor: "shippo".into(), delivery: "d".into() });
        world.set_window(account, "batch".into(), Some((wall, 12)));
        world
    }

    fn written(world: &World, wall: Timestamp) -> String {
        serde_json::to_string(&Written { world, wall }).expect("our documents are JSON")
    }

    fn check(file: &str, expected: &str) {
        let problem =
            read(file, &["shippo".into()], Timestamp::UNIX_EPOCH, usize::MAX).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(problem.contains(expected), "{problem}");
    }

    #[test]
    fn a_file_reads_back_as_the_world_that_was_written() {
        let wall = "2026-01-05T09:00:10Z".parse().expect("a test writes valid timestamps");
        let file = written(&world(), wall);
        let read = read(&file, &["shippo".into()], wall, usize::MAX).expect("a file that was just written");
        assert_eq!(written(&read, wall), file);
        assert_eq!(read.accounts().bytes(), world().accounts().bytes());
        assert_eq!(read.clock().now(wall), world().clock().now(wall));
        let account = read.accounts().find("shippo", "test").expect("the file has it");
        assert_eq!(read.accounts().get(account).window("batch").map(|(_, calls)| calls), Some(12));
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let file = written(&world(), Timestamp::UNIX_EPOCH);
        check("{}", "not a sandbox");
        check(&file.replace("sandbox-v1", "sandbox-v9"), "expected `seatrial/sandbox-v1`");
        check(&file.replace("\"now\":\"2026-01-05", "\"now\":\"-000001-01-05"), "no clock can show");
        check(&file.replace("\"shippo\"", "\"other\""), "the vendor `other`");
        check(&file.replace("\"account\":0", "\"account\":5"), "about account 5");
        check(&file.replace("parcel.step", &"x".repeat(65)), "is no kind");
        check(&file.replace("\"batch\"", &format!("\"{}\"", "x".repeat(65))), "is no kind");
    }
}
