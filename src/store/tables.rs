//! The embedded store itself: its tables, and its journal, which is kept short.
//!
//! The store goes through the whole of its journal when it is opened, although nearly all of that is in its tables as well: this takes
//! longer than all the rest of a start, and it never empties a journal of less than 64 MiB. So the thread that writes has all of a long
//! journal put into tables, goes on meanwhile, and then empties the journal under the open store, which appends to it. What came since
//! the flush began is copied before to a journal with the number before, where the next start finds it: it goes through both, in order,
//! and what is in both is the same.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
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
/// many of the tables, so that what is to be gone through stays a share of what is to be read, up to a length.
const LONG: u64 = 1024 * 1024;
const LONG_AT_WORK: u64 = 8 * LONG;
const SHARE: u64 = 16;
const LONGEST: u64 = 32 * LONG;
/// The store begins another journal by itself where one has more than 64,000,000 bytes. Shorter ones are emptied while it is open.
const EMPTIED: u64 = 60_000_000;
/// How often is looked whether tables are there at the end, and how long is waited between. A slow disk takes seconds for them; who waits
/// for the end of a process has more patience than this.
const LOOKS: u32 = 50_000;
const PAUSE: Duration = Duration::from_micros(200);

/// The tables by their names.
pub(super) struct Tables {
    pub sandboxes: Keyspace,
    pub records: Keyspace,
    pub exchanges: Keyspace,
    pub meta: Keyspace,
    pub database: Database,
    folder: PathBuf,
    /// The journal, which grows at its end, and the one with the number before, which this process alone makes and knows.
    journal: PathBuf,
    earlier: PathBuf,
    /// The bytes of the earlier one.
    earlier_length: u64,
    /// How much of the journal is on its way into tables.
    flushing: Option<u64>,
    /// The earlier journal while it is made, and up to where it has the journal.
    rest: Option<(File, u64)>,
}

impl Tables {
    /// Makes the store in a folder.
    pub fn make(folder: &Path) -> fjall::Result<()> {
        // The first journal is as long as it may become, whatever it holds.
        Self::open(folder)?.close()
    }

    /// Opens the store in a folder.
    pub fn open(folder: &Path) -> fjall::Result<Self> {
        let (journal, earlier) = numbered(folder)?;
        let database = Database::builder(folder).cache_size(CACHE).worker_threads(1).manual_journal_persist(true).open()?;
        let options = || {
            let blocks = BlockSizePolicy::all(BLOCK);
            KeyspaceCreateOptions::default().max_memtable_size(TABLE).data_block_size_policy(blocks)
        };
        let keyspace = |name| database.keyspace(name, options);
        let [sandboxes, records] = [keyspace("sandboxes")?, keyspace("records")?];
        let [exchanges, meta] = [keyspace("exchanges")?, keyspace("meta")?];
        let folder = folder.to_owned();
        let (earlier_length, flushing, rest) = (0, None, None);
        Ok(Self { sandboxes, records, exchanges, meta, database, folder, journal, earlier, earlier_length, flushing, rest })
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
        if !self.is_long(is_calm)? {
            return Ok(false);
        }
        self.marked().iter().try_for_each(|(_, keyspace)| keyspace.rotate_memtable().map(drop))?;
        self.flushing = Some(fs::metadata(&self.journal)?.len());
        Ok(true)
    }

    /// Whether the journal is long and not on its way into tables. `is_calm` says that nobody writes.
    pub fn is_long(&self, is_calm: bool) -> fjall::Result<bool> {
        if self.flushing.is_some() {
            return Ok(false);
        }
        let length = self.database.journal_disk_space()? + self.earlier_length;
        let share = || self.all().iter().map(|keyspace| keyspace.disk_space()).sum::<u64>() / SHARE;
        Ok(length > if is_calm { LONG } else { LONG_AT_WORK } && length > share().min(LONGEST))
    }

    pub fn is_flushing(&self) -> bool {
        self.flushing.is_some()
    }

    /// Whether all of that is in tables by now.
    pub fn is_flushed(&self) -> bool {
        self.flushing.is_some() && self.is_in_tables()
    }

    fn is_in_tables(&self) -> bool {
        self.all().iter().all(|keyspace| keyspace.sealed_memtable_count() == 0)
    }

    /// Whether the journal can be emptied while the store is open, which has not begun another one by itself.
    pub fn can_cut(&self) -> fjall::Result<bool> {
        Ok(fs::metadata(&self.journal)?.len() < EMPTIED && journals(&self.folder)?.last() == Some(&self.journal))
    }

    /// Leaves what came since the flush began, with `is_synced` on the disk itself. It has to be called twice, so that who waits for the
    /// disk in between waits for one part at a time: most is copied by the first call, and the journal is emptied by the second one.
    pub fn cut(&mut self, is_synced: bool) -> fjall::Result<()> {
        let (mut rest, from) = match (self.rest.take(), self.flushing) {
            (Some(begun), _) => begun,
            (None, Some(from)) => {
                // What an earlier one has is in tables by now.
                let mut rest = File::create(&self.earlier)?;
                let copied = self.copy_journal(from, &mut rest)?;
                if is_synced {
                    rest.sync_all()?;
                    File::open(&self.folder)?.sync_all()?;
                }
                self.rest = Some((rest, from + copied));
                return Ok(());
            }
            (None, None) => return Ok(()),
        };
        self.copy_journal(from, &mut rest)?;
        if is_synced {
            rest.sync_data()?;
        }
        File::options().write(true).open(&self.journal)?.set_len(0)?;
        (self.earlier_length, self.flushing) = (rest.metadata()?.len(), None);
        Ok(())
    }

    /// Copies what the journal has from a place on, where a batch begins; how many bytes these are.
    fn copy_journal(&self, from: u64, rest: &mut File) -> io::Result<u64> {
        let mut journal = File::open(&self.journal)?;
        let length = journal.metadata()?.len().saturating_sub(from);
        journal.seek(SeekFrom::Start(from))?;
        io::copy(&mut journal.take(length), rest)
    }

    /// The same store with an empty journal.
    pub fn reopen(self) -> fjall::Result<Self> {
        let folder = self.folder.clone();
        self.close()?;
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

/// The journal that is written to, and the name of one that comes before it in order, which nobody has. The store writes to the one with
/// the highest number, and removes those before it that were there when it was opened.
fn numbered(folder: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let path = |number: u64| folder.join(format!("{number}.jnl"));
    let Some((journal, number)) = journals(folder)?.pop().and_then(|journal| Some((journal.clone(), number(&journal)?))) else {
        // The store makes the first one.
        return Ok((path(0), path(0)));
    };
    if let Some(earlier) = number.checked_sub(1).map(path).filter(|earlier| !earlier.exists()) {
        return Ok((journal, earlier));
    }
    fs::rename(journal, path(number + 2))?;
    Ok((path(number + 2), path(number + 1)))
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
    journals.sort_by_key(|path| number(path));
    Ok(journals)
}

fn number(journal: &Path) -> Option<u64> {
    journal.file_stem()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(tables: &Tables, number: u32, value: &str) {
        let mut batch = tables.database.batch().durability(Some(PersistMode::Buffer));
        batch.insert(&tables.records, number.to_be_bytes(), value);
        batch.insert(&tables.exchanges, "latest", value);
        batch.commit().expect("there is room");
    }

    /// The files of a folder and of those in it, with their lengths and when they were written.
    fn files(folder: &Path) -> Vec<(PathBuf, u64, Option<std::time::SystemTime>)> {
        let mut found = Vec::new();
        for row in fs::read_dir(folder).into_iter().flatten().flatten() {
            match row.metadata() {
                Ok(file) if file.is_dir() => found.extend(files(&row.path())),
                Ok(file) => found.push((row.path(), file.len(), file.modified().ok())),
                Err(_) => {}
            }
        }
        found.sort();
        found
    }

    /// Copies a folder at a moment when nothing in it changes: the store works on its tables in a thread of its own.
    fn copy(folder: &Path, copy: &Path) {
        loop {
            let before = files(folder);
            let made = std::process::Command::new("cp").arg("-r").args([folder, copy]).status().expect("there is `cp`");
            if made.success() && files(folder) == before {
                return;
            }
            fs::remove_dir_all(copy).expect("the folder can go");
        }
    }

    /// What a copy of the folder has, as the end of the process would leave it: all records, and the row that is written each time.
    fn found(folder: &Path) -> (Vec<String>, String) {
        let copy = folder.with_extension("copy");
        self::copy(folder, &copy);
        let tables = Tables::open(&copy).expect("it is whole");
        let text = |value: &[u8]| String::from_utf8_lossy(value).split('-').next().unwrap_or_default().to_owned();
        let records = tables.records.iter().map(|row| text(&row.value().expect("it can be read"))).collect();
        let latest = tables.exchanges.get("latest").expect("it can be read").map(|value| text(&value));
        drop(tables);
        fs::remove_dir_all(&copy).expect("the folder can go");
        (records, latest.unwrap_or_default())
    }

    #[test]
    fn a_journal_is_emptied_while_the_store_is_open_and_nothing_is_lost_at_any_step() {
        let folder = std::env::temp_dir().join(format!("seatrial-journal-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder can be made");
        Tables::make(&folder).expect("there is room");
        let mut tables = Tables::open(&folder).expect("it is whole");
        let filler = "-".repeat(200_000);
        let mut number = 0;
        let mut next = |tables: &Tables, filler: &str| {
            number += 1;
            put(tables, number, &format!("{number}{filler}"));
            (1..=number).map(|number| number.to_string()).collect::<Vec<_>>()
        };
        for round in 0..3 {
            let journal = tables.journal.clone();
            (0..7).for_each(|_| drop(next(&tables, &filler)));
            assert!(tables.begin_flush(true).expect("there is room"));
            next(&tables, "");
            while !tables.is_flushed() {
                std::thread::yield_now();
            }
            for step in ["before", "begun", "done"] {
                let made = next(&tables, "");
                let latest = made.len().to_string();
                assert_eq!(found(&folder), (made, latest), "round {round}, {step}");
                if step != "done" {
                    assert!(tables.can_cut().expect("it is there"));
                    tables.cut(true).expect("there is room");
                }
            }
            let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
            assert_eq!(journals(&folder).expect("a folder"), [tables.earlier.clone(), journal.clone()]);
            assert!((1..500).contains(&length(&tables.earlier)) && (1..500).contains(&length(&journal)), "round {round}");
            let made = next(&tables, "");
            if round == 1 {
                // As another process goes on after a sudden end of this one.
                drop(tables);
                tables = Tables::open(&folder).expect("it is whole");
            }
            assert_eq!(found(&folder), (made.clone(), made.len().to_string()), "round {round}");
        }
        tables.close().expect("there is room");
        let left = journals(&folder).expect("a folder");
        assert!(matches!(&left[..], [journal] if fs::metadata(journal).is_ok_and(|file| file.len() == 0)), "{left:?}");
        fs::remove_dir_all(folder).expect("the folder can go");
    }
}
