//! What is on disk: an embedded key-value store in a directory, which one process at a time may open.
//!
//! Every value ends with a checksum over its key and itself. A record is in parts of at most [`PART`] bytes.
//!
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fjall::{Keyspace, LsmError, OwnedWriteBatch, PersistMode, Slice};
use serde::{Deserialize, Serialize};

use crate::store::aside::Aside;
use crate::store::files::{self, FORMAT, Lock, Place};
use crate::store::tables::Tables;

/// How many bytes of a record one value has.
const PART: usize = 1024 * 1024;
/// The key of a row in each table that is of no sandbox: no name has it, and no life begins so. It says up to which position the table has
/// everything, as the life of a sandbox.
const MARK: &str = "\u{1}mark";
/// The keys among the records of what says which file was imported, and with which scenario and seed the process before was started.
pub const IMPORT: &str = "\u{1}import";
pub const FLAGS: &str = "\u{1}flags";
/// The same of the latest number that was given to the name of a sandbox.
pub const NAMED: &str = "\u{1}named";

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The process is empty where nothing says which one it is.
    #[error("the data directory {} is in use by {}", .directory.display(), user(.process))]
    InUse { directory: PathBuf, process: String },
    #[error("{} is no data directory of this version: it says `{found}`, expected `{}`", .directory.display(), FORMAT.trim_end())]
    Format { directory: PathBuf, found: String },
    #[error("the data directory {}: {error}", .directory.display())]
    Io { directory: PathBuf, error: io::Error },
    #[error("{} has other files, and is no data directory", .0.display())]
    Other(PathBuf),
    #[error("{} is no data directory yet: it is empty, or was not made to its end; a server makes one of it", .0.display())]
    Begun(PathBuf),
    #[error("the data directory is damaged: {0}")]
    Damaged(String),
    #[error("what is to be kept cannot be written: {}", error_text(.0))]
    Write(#[from] fjall::Error),
    #[error("the data directory {} was moved, removed or replaced while it was in use", .0.display())]
    Replaced(PathBuf),
    /// It was made where there were other vendors.
    #[error("sandbox `{name}` is about what this program does not have, such as a vendor of another `--vendor`: {why}")]
    Unknown { name: String, why: String },
    #[error("there is no room for its sandbox `{name}`: {why}")]
    NoRoom { name: String, why: String },
    #[error("there is no sandbox `{0}` in it")]
    NoSandbox(String),
    #[error("what is to be kept cannot be written: {0}")]
    File(#[from] io::Error),
}

/// The row of a sandbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// The number of the sandbox among all that there ever were.
    pub life: u64,
    /// How long it may be idle before it is removed.
    pub ttl: Option<Duration>,
}

/// A data directory, which this process has locked.
pub struct Disk {
    /// There are none after an error alone.
    tables: Option<Tables>,
    written: File,
    /// That of the latest batch.
    position: u64,
    place: Place,
    _lock: Option<Lock>,
    /// What is opened in place of the directory, until the rest of it is dropped.
    _aside: Option<Aside>,
}

/// How the directory was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Whether the process before ended in good order.
    pub closed: bool,
    /// The position of the latest batch that is there.
    pub position: u64,
    /// How many positions were written after it and are gone.
    pub lost: u64,
}

/// A value whose checksum was right. It keeps what was read at once with it, which is at most [`BLOCK`] if the value is not longer.
pub struct Value(Slice);

impl Deref for Value {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.split_last_chunk::<4>().map_or(&[], |(value, _)| value)
    }
}

/// Changes that are made together.
pub struct Batch(OwnedWriteBatch);

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Disk {
    /// Opens a directory in which there are data, to look at them: a copy, so that nothing in the directory changes.
    ///
    /// # Errors
    /// As [`Disk::open`], and when there is no such directory.
    pub fn open_existing(directory: &Path) -> Result<(Self, Left), StoreError> {
        match files::is_begun(directory) {
            Ok(false) => Self::look(directory),
            Ok(true) => Err(StoreError::Begun(directory.to_owned())),
            Err(error) => Err(StoreError::Io { directory: directory.to_owned(), error }),
        }
    }

    /// Opens a directory, which is made if there is none.
    ///
    /// # Errors
    /// When another process has it open, it is of another version, or damaged.
    pub fn open(directory: &Path) -> Result<(Self, Left), StoreError> {
        let lock = files::open(directory, |folder| guarded(|| Tables::make(folder))).map_err(|error| match error {
            StoreError::Other(_) if directory.join("store").exists() => StoreError::Damaged("`FORMAT` is missing".to_owned()),
            other => other,
        })?;
        Self::open_in(directory, Some(lock), None)
    }

    fn look(directory: &Path) -> Result<(Self, Left), StoreError> {
        let (lock, store) = files::look(directory)?;
        let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
        let aside = Aside::of(directory, &store).map_err(|error| {
            failed(io::Error::new(error.kind(), format!("no copy of it can be made in {}: {error}", std::env::temp_dir().display())))
        })?;
        let copy = aside.path().to_owned();
        Self::open_in(&copy, lock, Some(aside))
            .map_err(|error| if let StoreError::Io { error, .. } = error { failed(error) } else { error })
    }

    fn open_in(directory: &Path, lock: Option<Lock>, aside: Option<Aside>) -> Result<(Self, Left), StoreError> {
        let (written, witness) = files::witnessed(directory)?;
        let tables = guarded(|| Tables::open(&directory.join("store"))).map_err(|error| match error {
            StoreError::Write(fjall::Error::Locked) => StoreError::InUse { directory: directory.to_owned(), process: String::new() },
            other => other,
        })?;
        let mut disk = Self { tables: Some(tables), written, position: 0, place: Place::of(directory)?, _lock: lock, _aside: aside };
        let left = disk.left(witness)?;
        disk.position = left.position;
        Ok((disk, left))
    }

    fn tables(&self) -> &Tables {
        self.tables.as_ref().expect("nothing is done after an error")
    }

    fn left(&self, witness: Option<u64>) -> Result<Left, StoreError> {
        let (written, in_tables, closed) = (self.number("position")?, self.in_tables()?, self.number("closed")?);
        // A journal that is gone takes nothing with it that is in tables.
        let position = written.max(in_tables);
        let lost = witness.unwrap_or(position).saturating_sub(position);
        Ok(Left { closed: closed == position && lost == 0, position, lost })
    }

    /// Says in each table up to which position it has everything, so that an older one in its place is noticed.
    fn put_marks(&self, batch: &mut Batch, position: u64) -> Result<(), StoreError> {
        let value = signed(MARK.as_bytes(), postcard::to_stdvec(&Row { life: position, ttl: None }).map_err(damaged)?);
        for (_, table) in self.tables().marked() {
            batch.0.insert(table, MARK, value.clone());
        }
        self.put_number(batch, "marked", position)
    }

    /// The position up to which the tables have everything. Those that were not written together are refused.
    fn in_tables(&self) -> Result<u64, StoreError> {
        let mut marks = Vec::new();
        for (name, table) in self.tables().marked() {
            marks.push((number_in(table, MARK)?, name));
        }
        let newest = marks.iter().map(|(mark, _)| *mark).max().unwrap_or_default().max(self.number("marked")?);
        let older: Vec<_> = marks.iter().filter(|(mark, _)| *mark < newest).map(|(_, name)| format!("`{name}`")).collect();
        if older.is_empty() { Ok(newest) } else { Err(damaged(format_args!("its table {} is older than the rest", older.join(", ")))) }
    }

    /// The rows of all sandboxes with their names, oldest first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub fn sandboxes(&self) -> Result<Vec<(String, Row)>, StoreError> {
        let mut rows = Vec::new();
        guarded_all(self.tables().sandboxes.iter(), |key, value| {
            if key == MARK.as_bytes() {
                return Ok(());
            }
            let name = String::from_utf8(key.to_vec()).map_err(damaged)?;
            rows.push((name, postcard::from_bytes(checked(key, value)?).map_err(damaged)?));
            Ok(())
        })?;
        rows.sort_by_key(|(_, row): &(String, Row)| row.life);
        Ok(rows)
    }

    /// The records of a sandbox in order, each with its number.
    ///
    /// # Errors
    /// When a part is damaged or missing, or what `take` says.
    pub fn records(&self, life: u64, mut take: impl FnMut(u64, &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut whole: Vec<u8> = Vec::new();
        let mut expected = 0_u32;
        guarded_all(self.tables().records.prefix(life.to_be_bytes()), |key, value| {
            let (number, part) = (number_of(key)?, key.get(16..20).and_then(|part| part.try_into().ok()).map(u32::from_be_bytes));
            let bytes = checked(key, value)?;
            let (last, bytes) = bytes.split_last().ok_or_else(|| damaged("a part of a record is empty"))?;
            if part != Some(expected) {
                return Err(damaged(format_args!("record {number} lacks a part")));
            }
            whole.extend_from_slice(bytes);
            expected += 1;
            if *last == 1 {
                take(number, &whole)?;
                whole.clear();
                expected = 0;
            }
            Ok(())
        })?;
        if expected == 0 { Ok(()) } else { Err(damaged("the last record lacks a part")) }
    }

    /// The exchanges of a sandbox, in order.
    ///
    /// # Errors
    /// When one is damaged, or what `take` says.
    pub fn exchanges(&self, life: u64, mut take: impl FnMut(u64, Value) -> Result<(), StoreError>) -> Result<(), StoreError> {
        guarded_rows(self.tables().exchanges.prefix(life.to_be_bytes()), |key, value| {
            checked(key, &value)?;
            take(number_of(key)?, Value(value))
        })
    }

    /// Changes that are to be made together.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch(self.tables().database.batch())
    }

    pub fn put_sandbox(&self, batch: &mut Batch, name: &str, row: &Row) -> Result<(), StoreError> {
        let value = postcard::to_stdvec(row).map_err(damaged)?;
        batch.0.insert(&self.tables().sandboxes, name, signed(name.as_bytes(), value));
        Ok(())
    }

    pub fn put_record(&self, batch: &mut Batch, life: u64, number: u64, bytes: &[u8]) {
        let count = bytes.len().div_ceil(PART).max(1);
        for part in 0..count {
            let key = [&life.to_be_bytes()[..], &number.to_be_bytes(), &u32::try_from(part).unwrap_or(u32::MAX).to_be_bytes()].concat();
            let mut value = bytes[part * PART..bytes.len().min((part + 1) * PART)].to_vec();
            value.push(u8::from(part + 1 == count));
            let value = signed(&key, value);
            batch.0.insert(&self.tables().records, key, value);
        }
    }

    pub fn put_exchange(&self, batch: &mut Batch, life: u64, number: u64, bytes: Vec<u8>) {
        let key = exchange_key(life, number);
        batch.0.insert(&self.tables().exchanges, key, signed(&key, bytes));
    }

    /// Leaves nothing of an exchange but that there was one.
    pub fn empty_exchange(&self, batch: &mut Batch, life: u64, number: u64) {
        self.put_exchange(batch, life, number, Vec::new());
    }

    /// Removes the records of a sandbox below a number, and the exchanges below another one.
    ///
    /// # Errors
    /// When keys cannot be read.
    pub fn remove_below(&self, batch: &mut Batch, life: u64, record: u64, exchange: u64) -> Result<(), StoreError> {
        for (keyspace, below) in [(&self.tables().records, record), (&self.tables().exchanges, exchange)] {
            for row in keyspace.range(exchange_key(life, 0)..exchange_key(life, below)) {
                batch.0.remove(keyspace, guarded(|| row.key())?);
            }
        }
        Ok(())
    }

    /// Removes all of a sandbox. Its row stays if another one of its name has come.
    ///
    /// # Errors
    /// When keys cannot be read.
    pub fn remove_sandbox(&self, batch: &mut Batch, name: &str, life: u64) -> Result<(), StoreError> {
        self.remove_below(batch, life, u64::MAX, u64::MAX)?;
        let row = guarded(|| self.tables().sandboxes.get(name))?;
        let row: Option<Row> = row.and_then(|value| postcard::from_bytes(checked(name.as_bytes(), &value).ok()?).ok());
        if row.is_some_and(|row| row.life == life) {
            batch.0.remove(&self.tables().sandboxes, name);
        }
        Ok(())
    }

    /// A fingerprint of what the default sandbox began as, by its key.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn fingerprint(&self, key: &str) -> Result<Option<u128>, StoreError> {
        let value = guarded(|| self.tables().records.get(key))?;
        value.map(|value| postcard::from_bytes(checked(key.as_bytes(), &value)?).map_err(damaged)).transpose()
    }

    pub fn put_fingerprint(&self, batch: &mut Batch, key: &str, fingerprint: u128) -> Result<(), StoreError> {
        let value = postcard::to_stdvec(&fingerprint).map_err(damaged)?;
        batch.0.insert(&self.tables().records, key, signed(key.as_bytes(), value));
        Ok(())
    }

    /// Makes the changes of a batch, up to that position. They survive the end of the process, and with `is_synced` that of the machine.
    ///
    /// # Errors
    /// When they cannot be written. What is on disk is then as it was before, and nothing can be written any more.
    pub fn commit(&mut self, mut batch: Batch, position: u64, is_synced: bool) -> Result<(), StoreError> {
        self.place.check()?;
        self.put_number(&mut batch, "position", position)?;
        let mode = if is_synced { PersistMode::SyncData } else { PersistMode::Buffer };
        guarded(|| batch.0.durability(Some(mode)).commit())?;
        self.position = position;
        files::witness(&self.written, position)?;
        Ok(())
    }

    /// Writes through to the disk.
    ///
    /// # Errors
    /// When the system cannot; nothing can be written any more.
    pub fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.tables().database.persist(PersistMode::SyncData))
    }

    /// Leaves the directory in good order at a position.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn close(mut self, position: u64) -> Result<(), StoreError> {
        let mut batch = self.batch();
        self.put_marks(&mut batch, position)?;
        self.put_number(&mut batch, "closed", position)?;
        self.commit(batch, position, true)?;
        let Some(tables) = self.tables else { return Ok(()) };
        if let Err(error) = guarded(|| tables.close()) {
            tracing::info!(%error, "the next start takes longer");
        }
        Ok(())
    }

    /// Keeps what the next start has to go through short. The thread that writes calls it again and again; `is_calm` says that nothing
    /// arrives, `is_synced` that what is left has to survive the end of the machine.
    ///
    /// # Errors
    /// When that cannot be written; nothing can be written any more.
    pub fn shorten_journal(&mut self, is_calm: bool, is_synced: bool) -> Result<(), StoreError> {
        self.place.check()?;
        if self.tables().is_long(is_calm).unwrap_or_default() {
            let mut batch = self.batch();
            self.put_marks(&mut batch, self.position)?;
            guarded(|| batch.0.durability(Some(PersistMode::Buffer)).commit())?;
        }
        let Some(mut tables) = self.tables.take() else { return Ok(()) };
        let begins = guarded(|| tables.begin_flush(is_calm))?;
        let is_reopened = tables.is_flushed() && !begins && !guarded(|| tables.can_cut())?;
        if tables.is_flushed() && !begins && !is_reopened {
            guarded(|| tables.cut(is_synced))?;
        }
        self.tables = Some(if is_reopened { guarded(|| tables.reopen())? } else { tables });
        if begins {
            let mut batch = self.batch();
            self.put_number(&mut batch, "position", self.position)?;
            self.put_number(&mut batch, "marked", self.position)?;
            guarded(|| batch.0.durability(Some(PersistMode::Buffer)).commit())?;
        } else if is_reopened && self.number("position")? != self.position {
            return Err(damaged("its journal has lost its end"));
        }
        Ok(())
    }

    /// Whether it is to be called again although nothing was written.
    #[must_use]
    pub fn is_shortening(&self) -> bool {
        self.tables().is_flushing()
    }

    /// Whether there is something to shorten once nothing arrives.
    #[must_use]
    pub fn waits_for_calm(&self) -> bool {
        self.tables().is_long(true).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Result<u64, StoreError> {
        number_in(&self.tables().meta, name)
    }

    fn put_number(&self, batch: &mut Batch, name: &str, number: u64) -> Result<(), StoreError> {
        let value = postcard::to_stdvec(&number).map_err(damaged)?;
        batch.0.insert(&self.tables().meta, name, signed(name.as_bytes(), value));
        Ok(())
    }
}

/// The number that a row begins with; zero if there is none.
fn number_in(table: &Keyspace, name: &str) -> Result<u64, StoreError> {
    let value = guarded(|| table.get(name))?;
    value.map_or(Ok(0), |value| postcard::from_bytes(checked(name.as_bytes(), &value)?).map_err(damaged))
}

/// Damaged files make the store panic, too.
fn guarded<T>(act: impl FnOnce() -> fjall::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Err(error @ (fjall::Error::Io(_) | fjall::Error::Poisoned | fjall::Error::Locked))) => Err(StoreError::Write(error)),
        Ok(done) => done.map_err(|error| damaged(error_text(&error))),
        Err(_) => Err(damaged("its files cannot be read")),
    }
}

/// A process that uses a directory, in words.
fn user(process: &str) -> String {
    if process.is_empty() { "another process".to_owned() } else { format!("process {process}") }
}

/// An error of the store in words.
fn error_text(error: &fjall::Error) -> String {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => error.to_string(),
        fjall::Error::Storage(LsmError::ChecksumMismatch { .. }) => "a checksum of its files is wrong".to_owned(),
        fjall::Error::Poisoned => {
            "an earlier attempt failed, as where the disk is full or the directory cannot be written to any more".to_owned()
        }
        fjall::Error::Locked => "another process has its files open".to_owned(),
        other => format!("its files cannot be read ({other:?})"),
    }
}

/// Goes through rows, each as its key and value.
fn guarded_all(rows: fjall::Iter, mut take: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>) -> Result<(), StoreError> {
    guarded_rows(rows, |key, value| take(key, &value))
}

/// The same with values to keep.
fn guarded_rows(mut rows: fjall::Iter, mut take: impl FnMut(&[u8], Slice) -> Result<(), StoreError>) -> Result<(), StoreError> {
    while let Some((key, value)) = guarded(|| rows.next().map(fjall::Guard::into_inner).transpose())? {
        take(&key, value)?;
    }
    Ok(())
}

fn damaged(why: impl ToString) -> StoreError {
    StoreError::Damaged(why.to_string())
}

fn exchange_key(life: u64, number: u64) -> [u8; 16] {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&life.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The number in a key.
fn number_of(key: &[u8]) -> Result<u64, StoreError> {
    let number = key.get(8..16).and_then(|number| number.try_into().ok());
    number.map(u64::from_be_bytes).ok_or_else(|| damaged("a key is too short"))
}

fn checksum(key: &[u8], value: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize().to_le_bytes()
}

/// A value with its checksum behind it.
fn signed(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let sum = checksum(key, &value);
    value.extend_from_slice(&sum);
    value
}

/// A value without its checksum, which has to be right.
fn checked<'v>(key: &[u8], value: &'v [u8]) -> Result<&'v [u8], StoreError> {
    let (value, sum) = value.split_last_chunk::<4>().ok_or_else(|| damaged("a value is too short"))?;
    if checksum(key, value) == *sum { Ok(value) } else { Err(damaged("a checksum is wrong")) }
}
