//! The files of a data directory.
//!
//! ```text
//! LOCK                locked while a process has the directory open; says which
//! FORMAT              what the rest is written in; the last that is made
//! WRITTEN             the position of the latest batch, so that one that is missing in the store is noticed
//! store/              fjall: `sandboxes` by name, `records` and `exchanges` by sandbox and number, `meta`
//! *.begun             what is not whole yet
//! ```
//!
//! The store begins anew what is missing of it and removes what it does not know, so that all of it has to be there before it is opened.
//! Other files beside these are left alone.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use crate::store::disk::StoreError;

/// What `FORMAT` says in a directory of this version.
pub const FORMAT: &str = "seatrial-data 1\n";
/// The files of a directory beside its store.
const MEMBERS_OF_DIRECTORY: &[&str] = &["LOCK", "FORMAT", "WRITTEN"];
/// The names of what is not whole yet.
const FORMAT_BEGUN: &str = "FORMAT.begun";
const STORE_BEGUN: &str = "store.begun";
/// What a store has in any case, and the folder that holds nothing else than its keyspaces, with their numbers.
const MEMBERS: &[&str] = &["version", "lock", KEYSPACES];
const KEYSPACES: &str = "keyspaces";
const NUMBERS: &[&str] = &["0", "1", "2", "3", "4"];
/// What a keyspace has in any case: which of its manifests is the valid one with a checksum that the store does not look at, and tables.
const CURRENT: &str = "current";
const TABLES: &str = "tables";

/// What keeps other processes from a directory, until it is dropped.
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // The file is open for a moment in each process that another thread is about to start, and closing it here ends no lock there.
        let _ = self.0.unlock();
    }
}

/// Where the store of a directory is.
pub(super) struct Place {
    /// The folder itself, wherever it is by now.
    store: File,
    directory: PathBuf,
}

impl Place {
    pub fn of(directory: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
        Ok(Self { store: File::open(directory.join("store")).map_err(failed)?, directory: directory.to_owned() })
    }

    /// Refuses a path that leads to another store by now, or to none: what goes by it would be done there, to what another process has.
    pub fn check(&self) -> Result<(), StoreError> {
        let found = match fs::metadata(self.directory.join("store")) {
            Ok(found) => Some(found),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            // What goes by the path fails by itself.
            Err(_) => return Ok(()),
        };
        let own = self.store.metadata()?;
        let is_own = found.is_some_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()));
        if is_own { Ok(()) } else { Err(StoreError::Replaced(self.directory.clone())) }
    }
}

/// Locks a directory, which is made if there is none, with a store that `make` makes in it.
pub(super) fn open(directory: &Path, make: impl FnOnce(&Path) -> Result<(), StoreError>) -> Result<Lock, StoreError> {
    let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
    make_private(directory).map_err(failed)?;
    MEMBERS_OF_DIRECTORY.iter().try_for_each(|name| own_file(&directory.join(name))).map_err(failed)?;
    let is_format = || directory.join("FORMAT").exists();
    if !is_format() && !is_begun(directory).map_err(failed)? && !is_format() {
        return Err(StoreError::Other(directory.to_owned()));
    }
    let lock = lock(directory)?;
    let (store, begun) = (directory.join("store"), directory.join(STORE_BEGUN));
    only_files(&store).map_err(failed)?;
    match fs::read_to_string(directory.join("FORMAT")) {
        Ok(found) => check_format(directory, &found)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if !is_begun(directory).map_err(failed)? {
                return Err(StoreError::Other(directory.to_owned()));
            }
            clear(directory).and_then(|()| make_private(&begun)).map_err(failed)?;
            make(&begun)?;
            finish(directory).map_err(failed)?;
        }
        Err(error) => return Err(failed(error)),
    }
    if !store.exists() && begun.exists() {
        only_files(&begun).and_then(|()| fs::rename(&begun, &store)).and_then(|()| sync(directory)).map_err(failed)?;
    }
    is_writable(&store).map_err(failed)?;
    is_whole(&store)?;
    Ok(lock)
}

/// Locks a directory that is to be looked at, and finds its store; nothing in it changes. Nobody who is to write has it without a lock.
pub(super) fn look(directory: &Path) -> Result<(Option<Lock>, PathBuf), StoreError> {
    let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
    MEMBERS_OF_DIRECTORY.iter().try_for_each(|name| own_file(&directory.join(name))).map_err(failed)?;
    let lock = match File::open(directory.join("LOCK")) {
        Ok(file) => Some(locked(directory, file, File::try_lock_shared)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(denied(&directory.join("LOCK"), error))),
    };
    let (store, begun) = (directory.join("store"), directory.join(STORE_BEGUN));
    let store = if store.exists() || !begun.exists() { store } else { begun };
    only_files(&store).map_err(failed)?;
    let format = fs::read_to_string(directory.join("FORMAT")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if store.exists() => StoreError::Damaged("`FORMAT` is missing".to_owned()),
        io::ErrorKind::NotFound => StoreError::Other(directory.to_owned()),
        _ => failed(error),
    })?;
    check_format(directory, &format)?;
    is_whole(&store)?;
    Ok((lock, store))
}

/// Refuses what another version has written.
fn check_format(directory: &Path, found: &str) -> Result<(), StoreError> {
    if found == FORMAT {
        return Ok(());
    }
    Err(StoreError::Format { directory: directory.to_owned(), found: found.trim_end().to_owned() })
}

/// Makes a directory for nobody else to read: credentials are in it. One that is there stays as it is.
fn make_private(directory: &Path) -> io::Result<()> {
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists || !directory.is_dir() => Err(error),
        _ => Ok(()),
    }
}

/// Whether there is nothing but what an earlier process began to make.
pub(super) fn is_begun(directory: &Path) -> io::Result<bool> {
    let is_begun = directory.join(STORE_BEGUN).exists();
    for file in fs::read_dir(directory)? {
        let name = file?.file_name();
        let known = name == "LOCK" || name == FORMAT_BEGUN || name == STORE_BEGUN || (name == "WRITTEN" && is_begun);
        if !known {
            return Ok(false);
        }
    }
    Ok(true)
}

fn clear(directory: &Path) -> io::Result<()> {
    let absent_or =
        |done: io::Result<()>| if matches!(&done, Err(error) if error.kind() == io::ErrorKind::NotFound) { Ok(()) } else { done };
    absent_or(fs::remove_file(directory.join(FORMAT_BEGUN)))?;
    absent_or(fs::remove_file(directory.join("WRITTEN")))?;
    absent_or(fs::remove_dir_all(directory.join(STORE_BEGUN)))
}

/// Makes the other files of a directory whose store is made.
fn finish(directory: &Path) -> io::Result<()> {
    let (format, begun) = (directory.join("FORMAT"), directory.join(FORMAT_BEGUN));
    let written = File::create_new(directory.join("WRITTEN"))?;
    witness(&written, 0)?;
    written.sync_all()?;
    let mut file = File::create_new(&begun)?;
    file.write_all(FORMAT.as_bytes())?;
    file.sync_all()?;
    sync(directory)?;
    fs::rename(begun, format)?;
    sync(directory)
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Refuses a store whose journals are open to this process for reading alone.
fn is_writable(store: &Path) -> io::Result<()> {
    let rows = if store.exists() { fs::read_dir(store)?.collect::<io::Result<Vec<_>>>()? } else { Vec::new() };
    let journals = rows.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|extension| extension == "jnl"));
    journals.into_iter().try_for_each(|path| File::options().append(true).open(&path).map(drop).map_err(|error| denied(&path, error)))
}

/// Refuses a store of which something is missing that it had when it was made, or that has what it would remove.
fn is_whole(store: &Path) -> Result<(), StoreError> {
    let damaged = |path: &Path, why: &str| {
        let path = path.strip_prefix(store.parent().unwrap_or(store)).unwrap_or(path);
        Err(StoreError::Damaged(format!("`{}` {why}", path.display())))
    };
    let keyspaces = store.join(KEYSPACES);
    let has = |path: &Path| if path.exists() { Ok(()) } else { damaged(path, "is missing") };
    has(store)?;
    MEMBERS.iter().try_for_each(|member| has(&store.join(member)))?;
    for keyspace in NUMBERS.iter().map(|number| keyspaces.join(number)) {
        let current = keyspace.join(CURRENT);
        [&keyspace, &current, &keyspace.join(TABLES)].iter().try_for_each(|path| has(path))?;
        let read = |path: &Path| fs::read(path).map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())));
        let bytes = read(&current)?;
        let Some(((version, sum), [0])) = bytes.split_first_chunk().and_then(|(version, rest)| {
            let (sum, rest) = rest.split_first_chunk()?;
            Some(((u64::from_le_bytes(*version), u128::from_le_bytes(*sum)), rest))
        }) else {
            return damaged(&current, "cannot be read");
        };
        let manifest = keyspace.join(format!("v{version}"));
        has(&manifest)?;
        if xxh3_128(&read(&manifest)?) != sum {
            return damaged(&manifest, "is not what was written");
        }
    }
    let rows = |path: &Path| -> Result<Vec<_>, StoreError> {
        let rows = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        rows.map_err(|error| StoreError::Damaged(format!("{}: {error}", path.display())))
    };
    if let Some(other) = rows(&keyspaces)?.iter().find(|row| !NUMBERS.iter().any(|number| row.file_name() == *number)) {
        return damaged(&other.path(), "does not belong there");
    }
    if !rows(store)?.iter().any(|row| row.path().extension().is_some_and(|extension| extension == "jnl")) {
        return damaged(&store.join("2.jnl"), "is missing");
    }
    Ok(())
}

/// Says in `WRITTEN` up to which position everything was written.
pub(super) fn witness(written: &File, position: u64) -> io::Result<()> {
    written.write_all_at(&[position.to_le_bytes(), (!position).to_le_bytes()].concat(), 0)
}

/// Opens `WRITTEN`, and reads what it says. An empty file says nothing: the machine has ended before it was on the disk, or somebody wants
/// to go on without.
pub(super) fn witnessed(directory: &Path) -> Result<(File, Option<u64>), StoreError> {
    const WITHOUT: &str = "so nobody knows whether anything is lost; with an empty file in its place it goes on with what is there";
    let damaged = |why: &str| StoreError::Damaged(format!("`WRITTEN` {why}, {WITHOUT}"));
    let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
    let mut written = match File::options().read(true).write(true).open(directory.join("WRITTEN")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged("is missing")),
        opened => opened.map_err(|error| failed(denied(&directory.join("WRITTEN"), error)))?,
    };
    let mut bytes = Vec::new();
    (&mut written).take(17).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok((written, None));
    }
    let (position, check) = bytes.split_at(bytes.len().min(8));
    let read = |half: &[u8]| half.try_into().map(u64::from_le_bytes).ok();
    match (read(position), read(check)) {
        (Some(position), Some(check)) if position == !check => Ok((written, Some(position))),
        _ => Err(damaged("cannot be read")),
    }
}

/// Locks a directory for this process.
fn lock(directory: &Path) -> Result<Lock, StoreError> {
    let failed = |error| StoreError::Io { directory: directory.to_owned(), error };
    let path = directory.join("LOCK");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(|error| failed(denied(&path, error)))?;
    let mut lock = locked(directory, file, File::try_lock)?;
    lock.0.set_len(0).and_then(|()| writeln!(lock.0, "{}", std::process::id())).map_err(failed)?;
    Ok(lock)
}

/// The process that looks at a directory whose file it has locked together with others, as far as this system tells; empty otherwise. The
/// file says who has written there, not who looks.
fn looker(file: &File) -> io::Result<Option<String>> {
    if file.try_lock_shared().is_err() {
        return Ok(None);
    }
    file.unlock()?;
    let inode = format!(":{}", file.metadata()?.ino());
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    // Such as `1: FLOCK  ADVISORY  READ 4711 fe:00:131 0 EOF`.
    let looks = |line: &&str| {
        let mut words = line.split_whitespace().skip(1);
        words.next() == Some("FLOCK") && words.nth(1) == Some("READ") && words.nth(1).is_some_and(|place| place.ends_with(&inode))
    };
    let process = locks.lines().find(looks).and_then(|line| line.split_whitespace().nth(4)?.parse::<u32>().ok());
    Ok(Some(process.map(|process| process.to_string()).unwrap_or_default()))
}

/// Locks a directory by its file.
fn locked(directory: &Path, mut file: File, lock: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<Lock, StoreError> {
    match lock(&file) {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => {
            let mut process = String::new();
            match looker(&file) {
                Ok(Some(looker)) => process = looker,
                _ => drop(file.read_to_string(&mut process)),
            }
            Err(StoreError::InUse { directory: directory.to_owned(), process: process.trim().to_owned() })
        }
        Err(TryLockError::Error(error)) => Err(StoreError::Io { directory: directory.to_owned(), error }),
    }
}

/// An error that names what is not open to this process, and whose it is.
fn denied(path: &Path, error: io::Error) -> io::Error {
    let found = fs::symlink_metadata(path).ok().filter(|_| error.kind() == io::ErrorKind::PermissionDenied);
    let whose = found.map(|found| {
        let (user, mode) = (found.uid(), found.mode() & 0o7777);
        format!("; it is of user {user} with mode {mode:o}: give it to the user of this process")
    });
    io::Error::new(error.kind(), format!("{}: {error}{}", path.display(), whose.unwrap_or_default()))
}

/// Refuses what is written to, and no file of the directory itself.
fn own_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err(io::Error::other(format!("{} is no file", path.display()))),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Refuses what is neither a file nor a folder of files, as a pipe would be waited for, and a device read without end; and what is not open
/// to this process.
fn only_files(path: &Path) -> io::Result<()> {
    let kind = match fs::metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() && !path.is_symlink() {
        let rows = fs::read_dir(path).map_err(|error| denied(path, error))?;
        return rows.into_iter().try_for_each(|entry| only_files(&entry?.path()));
    }
    if kind.is_file() {
        return File::open(path).map(drop).map_err(|error| denied(path, error));
    }
    if kind.is_dir() { Ok(()) } else { Err(io::Error::other(format!("{} is no file", path.display()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_open_to_a_process_is_told_with_its_owner() {
        let file = std::env::temp_dir().join(format!("seatrial-denied-{}", std::process::id()));
        fs::write(&file, "").expect("a file can be written");
        fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is our own");
        let own = fs::metadata(&file).expect("it is there").uid();
        let told = denied(&file, io::ErrorKind::PermissionDenied.into());
        assert_eq!(told.kind(), io::ErrorKind::PermissionDenied);
        assert!(told.to_string().ends_with(&format!("; it is of user {own} with mode 600: give it to the user of this process")), "{told}");
        assert!(!denied(&file, io::ErrorKind::NotFound.into()).to_string().contains("user"));
        fs::remove_file(&file).expect("it is there");
    }

    #[test]
    fn who_looks_at_a_directory_is_named_and_not_who_had_it_before() {
        let directory = std::env::temp_dir().join(format!("seatrial-looked-at-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a folder can be made");
        fs::write(directory.join("LOCK"), "4711\n").expect("a file can be written");
        let looking = File::open(directory.join("LOCK")).expect("it is there");
        looking.try_lock_shared().expect("nobody has it");
        let refused = lock(&directory).err().map(|error| error.to_string()).unwrap_or_default();
        let who = if cfg!(target_os = "linux") { format!("process {}", std::process::id()) } else { "another process".to_owned() };
        assert_eq!(refused, format!("the data directory {} is in use by {who}", directory.display()));
        drop(looking);
        let held = lock(&directory).expect("nobody has it");
        let refused = lock(&directory).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.ends_with(&format!("is in use by process {}", std::process::id())), "{refused}");
        drop(held);
        fs::remove_dir_all(directory).expect("the folder can go");
    }

    #[test]
    fn a_lock_ends_with_its_directory_whoever_has_a_copy_of_its_file() {
        let directory = std::env::temp_dir().join(format!("seatrial-lock-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a folder can be made");
        let held = lock(&directory).expect("nobody has it");
        // As a process has it that another thread is about to start.
        let copy = held.0.try_clone().expect("a descriptor is free");
        assert!(matches!(lock(&directory), Err(StoreError::InUse { .. })));
        drop(held);
        assert!(lock(&directory).is_ok());
        drop(copy);
        fs::remove_dir_all(&directory).expect("the folder can go");
    }
}
