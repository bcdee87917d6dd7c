//! What is on disk: an embedded key-value store in a directory, which one process at a time may open.
//!
//! ```text
//! LOCK                locked while a process has the directory open; says which
//! FORMAT              what the rest is written in
//! WRITTEN             the position of the latest batch, so that one that is missing in the store is noticed
//! store/              fjall: `sandboxes` by name, `records` and `exchanges` by sandbox and number, `meta`
//! ```
//!
//! Every value ends with a checksum over its key and itself. A record is in parts of at most [`PART`] bytes.
//!
//! The store goes through the whole of its own journal when it is opened, up to 64 MiB of it, although nearly all of that is in its tables
//! as well: this takes longer than all the rest of a start. So a process that ends in good order leaves an empty one.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::ops::Deref;
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fjall::config::BlockSizePolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, LsmError, OwnedWriteBatch, PersistMode, Slice};
use serde::{Deserialize, Serialize};

/// What `FORMAT` says in a directory of this version.
pub const FORMAT: &str = "seatrial-data 1\n";
/// How many bytes of a record one value has.
const PART: usize = 1024 * 1024;
/// How much of what is read is kept in memory: nothing is read twice.
const CACHE: u64 = 1024 * 1024;
/// How much is gathered in memory before it becomes a table.
const TABLE: u64 = 8 * 1024 * 1024;
/// How much of a table is read at once: rows are read all together, and none by itself.
const BLOCK: u32 = 32 * 1024;
/// How often the end looks whether its tables are there, and how long it waits between.
const LOOKS: u32 = 2000;
const PAUSE: Duration = Duration::from_millis(1);

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
    #[error("the data directory is damaged: {0}")]
    Damaged(String),
    #[error("what is to be kept cannot be written: {}", error_text(.0))]
    Write(#[from] fjall::Error),
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
    database: Database,
    sandboxes: Keyspace,
    records: Keyspace,
    exchanges: Keyspace,
    meta: Keyspace,
    written: File,
    /// The folder of the store.
    folder: PathBuf,
    lock: File,
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
    /// Opens a directory in which there are data.
    ///
    /// # Errors
    /// As [`Disk::open`], and when there is no such directory.
    pub fn open_existing(directory: &Path) -> Result<(Self, Left), StoreError> {
        match fs::metadata(directory.join("FORMAT")) {
            Ok(_) => Self::open(directory),
            Err(error) => Err(StoreError::Io { directory: directory.to_owned(), error }),
        }
    }

    /// Opens a directory, which is made if there is none.
    ///
    /// # Errors
    /// When another process has it open, it is of another version, or damaged.
    pub fn open(directory: &Path) -> Result<(Self, Left), StoreError> {
        let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
        fs::create_dir_all(directory).map_err(failed)?;
        ["LOCK", "FORMAT", "WRITTEN"].iter().try_for_each(|name| own_file(&directory.join(name))).map_err(failed)?;
        let lock = lock(directory)?;
        let format = directory.join("FORMAT");
        only_files(&directory.join("store")).map_err(failed)?;
        match fs::read_to_string(&format) {
            Ok(found) if found == FORMAT => {}
            Ok(found) => return Err(StoreError::Format { directory: directory.to_owned(), found: found.trim_end().to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut files = fs::read_dir(directory).map_err(failed)?.filter_map(Result::ok);
                if files.any(|file| file.file_name() != "LOCK") {
                    return Err(StoreError::Other(directory.to_owned()));
                }
                fs::write(&format, FORMAT).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        let path = directory.join("store");
        let (database, [sandboxes, records, exchanges, meta]) = guarded(|| {
            let database = Database::builder(&path).cache_size(CACHE).worker_threads(1).manual_journal_persist(true).open()?;
            let options = || {
                let blocks = BlockSizePolicy::all(BLOCK);
                KeyspaceCreateOptions::default().max_memtable_size(TABLE).data_block_size_policy(blocks)
            };
            let keyspace = |name| database.keyspace(name, options);
            let keyspaces = [keyspace("sandboxes")?, keyspace("records")?, keyspace("exchanges")?, keyspace("meta")?];
            Ok((database, keyspaces))
        })
        .map_err(|error| match error {
            StoreError::Write(fjall::Error::Locked) => StoreError::InUse { directory: directory.to_owned(), process: String::new() },
            other => other,
        })?;
        let written =
            File::options().read(true).write(true).create(true).truncate(false).open(directory.join("WRITTEN")).map_err(failed)?;
        let disk = Self { database, sandboxes, records, exchanges, meta, written, folder: path, lock };
        let left = disk.left()?;
        Ok((disk, left))
    }

    fn left(&self) -> Result<Left, StoreError> {
        let number = |name: &str| -> Result<u64, StoreError> {
            let value = guarded(|| self.meta.get(name))?;
            value.map_or(Ok(0), |value| postcard::from_bytes(checked(name.as_bytes(), &value)?).map_err(damaged))
        };
        let (position, closed) = (number("position")?, number("closed")?);
        let mut bytes = [0; 16];
        let witness = match self.written.read_exact_at(&mut bytes, 0) {
            Ok(()) => {
                let (position, check) = bytes.split_at(8);
                let read = |half: &[u8]| half.try_into().map(u64::from_le_bytes).unwrap_or_default();
                Some(read(position)).filter(|position| *position == !read(check))
            }
            Err(_) => None,
        };
        let lost = witness.unwrap_or(position).saturating_sub(position);
        Ok(Left { closed: closed == position && lost == 0, position, lost })
    }

    /// The rows of all sandboxes with their names, oldest first.
    ///
    /// # Errors
    /// When a row is damaged.
    pub fn sandboxes(&self) -> Result<Vec<(String, Row)>, StoreError> {
        let mut rows = Vec::new();
        guarded_all(self.sandboxes.iter(), |key, value| {
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
        guarded_all(self.records.prefix(life.to_be_bytes()), |key, value| {
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
        guarded_rows(self.exchanges.prefix(life.to_be_bytes()), |key, value| {
            checked(key, &value)?;
            take(number_of(key)?, Value(value))
        })
    }

    /// Changes that are to be made together.
    #[must_use]
    pub fn batch(&self) -> Batch {
        Batch(self.database.batch())
    }

    pub fn put_sandbox(&self, batch: &mut Batch, name: &str, row: &Row) -> Result<(), StoreError> {
        let value = postcard::to_stdvec(row).map_err(damaged)?;
        batch.0.insert(&self.sandboxes, name, signed(name.as_bytes(), value));
        Ok(())
    }

    pub fn put_record(&self, batch: &mut Batch, life: u64, number: u64, bytes: &[u8]) {
        let count = bytes.len().div_ceil(PART).max(1);
        for part in 0..count {
            let key = [&life.to_be_bytes()[..], &number.to_be_bytes(), &u32::try_from(part).unwrap_or(u32::MAX).to_be_bytes()].concat();
            let mut value = bytes[part * PART..bytes.len().min((part + 1) * PART)].to_vec();
            value.push(u8::from(part + 1 == count));
            let value = signed(&key, value);
            batch.0.insert(&self.records, key, value);
        }
    }

    pub fn put_exchange(&self, batch: &mut Batch, life: u64, number: u64, bytes: Vec<u8>) {
        let key = exchange_key(life, number);
        batch.0.insert(&self.exchanges, key, signed(&key, bytes));
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
        for (keyspace, below) in [(&self.records, record), (&self.exchanges, exchange)] {
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
        let row = guarded(|| self.sandboxes.get(name))?;
        let row: Option<Row> = row.and_then(|value| postcard::from_bytes(checked(name.as_bytes(), &value).ok()?).ok());
        if row.is_some_and(|row| row.life == life) {
            batch.0.remove(&self.sandboxes, name);
        }
        Ok(())
    }

    /// Makes the changes of a batch, up to that position. They survive the end of the process, and with `is_synced` that of the machine.
    ///
    /// # Errors
    /// When they cannot be written. What is on disk is then as it was before, and nothing can be written any more.
    pub fn commit(&self, mut batch: Batch, position: u64, is_synced: bool) -> Result<(), StoreError> {
        self.put_number(&mut batch, "position", position)?;
        let mode = if is_synced { PersistMode::SyncData } else { PersistMode::Buffer };
        guarded(|| batch.0.durability(Some(mode)).commit())?;
        self.written.write_all_at(&[position.to_le_bytes(), (!position).to_le_bytes()].concat(), 0)?;
        Ok(())
    }

    /// Writes through to the disk.
    ///
    /// # Errors
    /// When the system cannot; nothing can be written any more.
    pub fn sync(&self) -> Result<(), StoreError> {
        guarded(|| self.database.persist(PersistMode::SyncData))
    }

    /// Leaves the directory in good order at a position.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn close(self, position: u64) -> Result<(), StoreError> {
        let mut batch = self.batch();
        self.put_number(&mut batch, "closed", position)?;
        self.commit(batch, position, true)?;
        if let Err(error) = self.empty_journal() {
            tracing::info!(%error, "the next start takes longer");
        }
        Ok(())
    }

    /// Closes the store with all that it holds in tables, and cuts its journal, which nothing is read from any more. Where tables do not
    /// come, it stays.
    fn empty_journal(self) -> Result<(), StoreError> {
        let Self { database, sandboxes, records, exchanges, meta, written: _, folder, lock } = self;
        let keyspaces = [sandboxes, records, exchanges, meta];
        for keyspace in &keyspaces {
            guarded(|| keyspace.rotate_memtable())?;
        }
        let is_in_tables = (0..LOOKS).any(|look| {
            if look > 0 {
                std::thread::sleep(PAUSE);
            }
            keyspaces.iter().all(|keyspace| keyspace.sealed_memtable_count() == 0)
        });
        // The threads of the store end here.
        drop((keyspaces, database));
        if is_in_tables {
            let journals = fs::read_dir(&folder)?.filter_map(|row| Some(row.ok()?.path()));
            for path in journals.filter(|path| path.extension().is_some_and(|name| name == "jnl")) {
                let journal = File::options().write(true).open(path)?;
                journal.set_len(0)?;
                journal.sync_all()?;
            }
        }
        drop(lock);
        Ok(())
    }

    fn put_number(&self, batch: &mut Batch, name: &str, number: u64) -> Result<(), StoreError> {
        let value = postcard::to_stdvec(&number).map_err(damaged)?;
        batch.0.insert(&self.meta, name, signed(name.as_bytes(), value));
        Ok(())
    }
}

/// Locks a directory for this process.
fn lock(directory: &Path) -> Result<File, StoreError> {
    let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
    let mut file = File::options().read(true).write(true).create(true).truncate(false).open(directory.join("LOCK")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            let _ = file.read_to_string(&mut process);
            return Err(StoreError::InUse { directory: directory.to_owned(), process: process.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
    Ok(file)
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
        fjall::Error::Poisoned => "an earlier attempt failed".to_owned(),
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

/// Refuses what is written to, and no file of the directory itself.
fn own_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other(format!("{} is no file", path.display()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses what is neither a file nor a folder of files: a pipe would be waited for, and a device read without end.
fn only_files(path: &Path) -> io::Result<()> {
    let kind = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() && !path.is_symlink() {
        return fs::read_dir(path)?.try_for_each(|entry| only_files(&entry?.path()));
    }
    if kind.is_file() || kind.is_dir() { Ok(()) } else { Err(io::Error::other(format!("{} is no file", path.display()))) }
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
