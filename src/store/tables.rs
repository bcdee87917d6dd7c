//! The embedded store itself: its tables, and its journal, which is kept short.
//!
//! The store goes through the whole of its journal when it is opened, although nearly all of that is in its tables as well: this takes
//! longer than all the rest of a start, and it never empties a journal of less than 64 MiB. So the thread that writes has all of a long
//! journal put into tables, goes on meanwhile, and then closes the store for a moment, leaves of the journal what came since, and opens it
//! again.

use std::fs::{self, File};
use std::io::{self, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fjall::config::BlockSizePolicy;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

/// How much of what is read is kept in memory: nothing is read twice.
const CACHE: u64 = 1024 * 1024;
/// How much is gathered in memory before it becomes a table.
const TABLE: u64 = 8 * 1024 * 1024;
/// How much of a table is read at once: rows are read all together, and none by itself.
const BLOCK: u32 = 32 * 1024;
/// A journal is long that has so many bytes when nobody writes, or so many while somebody does, who has to wait meanwhile; and one for so
/// many of the tables, so that what is to be gone through stays a share of what is to be read.
const LONG: u64 = 1024 * 1024;
const LONG_AT_WORK: u64 = 8 * LONG;
const SHARE: u64 = 16;
/// How often is looked whether tables are there at the end, and how long is waited between. A slow disk takes seconds for them; who waits
/// for the end of a process has more patience than this.
const LOOKS: u32 = 50_000;
const PAUSE: Duration = Duration::from_micros(200);
/// What the journal is called while it is made.
const BEGUN: &str = "journal.begun";

/// The tables by their names.
pub(super) struct Tables {
    pub sandboxes: Keyspace,
    pub records: Keyspace,
    pub exchanges: Keyspace,
    pub meta: Keyspace,
    pub database: Database,
    folder: PathBuf,
    /// The journal, which grows at its end; `None` if there were several.
    journal: Option<PathBuf>,
    /// How much of it is on its way into tables.
    flushing: Option<u64>,
}

impl Tables {
    /// Makes the store in a folder.
    pub fn make(folder: &Path) -> fjall::Result<()> {
        // The first journal is as long as it may become, whatever it holds.
        Self::open(folder)?.close()
    }

    /// Opens the store in a folder.
    pub fn open(folder: &Path) -> fjall::Result<Self> {
        let database = Database::builder(folder).cache_size(CACHE).worker_threads(1).manual_journal_persist(true).open()?;
        let options = || {
            let blocks = BlockSizePolicy::all(BLOCK);
            KeyspaceCreateOptions::default().max_memtable_size(TABLE).data_block_size_policy(blocks)
        };
        let keyspace = |name| database.keyspace(name, options);
        let [sandboxes, records] = [keyspace("sandboxes")?, keyspace("records")?];
        let [exchanges, meta] = [keyspace("exchanges")?, keyspace("meta")?];
        let journal = journals(folder)?;
        let journal = if let [journal] = &journal[..] { Some(journal.clone()) } else { None };
        Ok(Self { sandboxes, records, exchanges, meta, database, folder: folder.to_owned(), journal, flushing: None })
    }

    fn all(&self) -> [&Keyspace; 4] {
        [&self.sandboxes, &self.records, &self.exchanges, &self.meta]
    }

    /// Those that are put into tables together, with their names.
    pub fn marked(&self) -> [(&'static str, &Keyspace); 3] {
        [("sandboxes", &self.sandboxes), ("records", &self.records), ("exchanges", &self.exchanges)]
    }

    /// Has what a long journal holds put into tables, but for `meta`, which is to be written again; whether that has begun now.
    pub fn begin_flush(&mut self, is_calm: bool) -> fjall::Result<bool> {
        let Some(length) = self.long_journal(is_calm)? else { return Ok(false) };
        self.marked().iter().try_for_each(|(_, keyspace)| keyspace.rotate_memtable().map(drop))?;
        self.flushing = Some(length);
        Ok(true)
    }

    /// The length of a journal that is long and not on its way into tables. `is_calm` says that nobody writes.
    pub fn long_journal(&self, is_calm: bool) -> fjall::Result<Option<u64>> {
        if self.flushing.is_some() {
            return Ok(None);
        }
        let length = self.database.journal_disk_space()?;
        let share = || self.all().iter().map(|keyspace| keyspace.disk_space()).sum::<u64>() / SHARE;
        Ok(Some(length).filter(|length| *length > if is_calm { LONG } else { LONG_AT_WORK } && *length > share()))
    }

    pub fn is_flushing(&self) -> bool {
        self.flushing.is_some()
    }

    /// Whether that has happened, and the store can be closed: at once, or when it is late.
    pub fn is_flushed(&self) -> bool {
        let Some(from) = self.flushing else { return false };
        let is_late = || self.database.journal_disk_space().is_ok_and(|length| length > 2 * from);
        self.is_in_tables() && (self.database.active_compactions() == 0 || is_late())
    }

    fn is_in_tables(&self) -> bool {
        self.all().iter().all(|keyspace| keyspace.sealed_memtable_count() == 0)
    }

    /// The same store, whose journal has only what came since the flush began.
    pub fn reopen(self) -> fjall::Result<Self> {
        let folder = self.folder.clone();
        match (&self.journal, self.flushing) {
            (Some(journal), Some(from)) if journals(&folder)? == [journal.clone()] => {
                let journal = journal.clone();
                drop(self);
                cut(&folder, &journal, from)?;
            }
            // The store has begun another journal by itself.
            _ => self.close()?,
        }
        Self::open(&folder)
    }

    /// Closes the store with an empty journal, unless tables do not come.
    pub fn close(self) -> fjall::Result<()> {
        self.all().iter().try_for_each(|keyspace| keyspace.rotate_memtable().map(drop))?;
        // Once a table could not be written, nothing is any more.
        let is_broken = || self.database.persist(PersistMode::Buffer).is_err();
        let _ = (0..LOOKS).any(|look| {
            if look > 0 {
                std::thread::sleep(PAUSE);
            }
            self.is_in_tables() || is_broken()
        });
        let is_in_tables = self.is_in_tables();
        let folder = self.folder.clone();
        // The threads of the store end here.
        drop(self);
        if is_in_tables { empty_journals(&folder) } else { Ok(()) }
    }
}

/// Leaves of a journal what it has from some place on, where a batch begins.
fn cut(folder: &Path, journal: &Path, from: u64) -> fjall::Result<()> {
    let begun = folder.join(BEGUN);
    let (mut whole, mut rest) = (File::open(journal)?, File::create(&begun)?);
    whole.seek(SeekFrom::Start(from))?;
    io::copy(&mut whole, &mut rest)?;
    rest.sync_all()?;
    fs::rename(&begun, journal)?;
    Ok(File::open(folder)?.sync_all()?)
}

/// Leaves one journal, which is empty.
fn empty_journals(folder: &Path) -> fjall::Result<()> {
    let mut journals = journals(folder)?;
    if let Some(latest) = journals.pop() {
        let journal = File::options().write(true).open(latest)?;
        journal.set_len(0)?;
        journal.sync_all()?;
    }
    Ok(journals.into_iter().try_for_each(fs::remove_file)?)
}

/// The journals in a folder, the latest one last.
fn journals(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|row| row.map(|row| row.path())).collect::<io::Result<Vec<_>>>()?;
    let mut journals: Vec<_> = paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "jnl")).collect();
    journals.sort_by_key(|path| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok()));
    Ok(journals)
}
