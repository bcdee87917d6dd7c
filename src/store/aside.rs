//! A data directory that is only looked at: nothing in it changes, because a copy of it is opened in its place.
//!
//! The store writes wherever it is opened: it cuts a journal at what is torn, and replaces manifests. Tables are written once, so that the
//! copy has links to them and is small.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// The folders in which the store has tables.
const TABLES: &str = "tables";

/// A copy of a data directory, in the folder for temporary files. It goes when it is dropped.
pub(super) struct Aside(PathBuf);

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Aside {
    /// Copies a directory, the store of which is in the folder `store`.
    pub fn of(directory: &Path, store: &Path) -> io::Result<Self> {
        let aside = Self(make()?);
        for name in ["FORMAT", "WRITTEN"] {
            let (from, to) = (directory.join(name), aside.0.join(name));
            match fs::read(from) {
                Ok(bytes) => fs::write(to, bytes)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        copy(&fs::canonicalize(store)?, &aside.0.join("store"))?;
        Ok(aside)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Makes a folder that nobody else reads.
fn make() -> io::Result<PathBuf> {
    static MADE: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("seatrial-look-{}-{number}", std::process::id()));
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    let are_tables = from.file_name().is_some_and(|name| name == TABLES);
    for row in fs::read_dir(from)? {
        let row = row?;
        let (from, to) = (row.path(), to.join(row.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else if are_tables {
            symlink(&from, &to)?;
        } else {
            copy_file(&from, &to)?;
        }
    }
    Ok(())
}

/// Copies a file. Zeros take no room in the copy, because a journal is made as long as it may become.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let (mut from, to) = (File::open(from)?, File::create_new(to)?);
    let (mut block, mut length) = (vec![0; 64 * 1024], 0);
    loop {
        let read = from.read(&mut block)?;
        if read == 0 {
            return to.set_len(length);
        }
        if block[..read].iter().any(|byte| *byte != 0) {
            to.write_all_at(&block[..read], length)?;
        }
        length += read as u64;
    }
}
