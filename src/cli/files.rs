//! Files that a command is given, and what is said of one that cannot be read.

use std::fmt::{self, Display, Formatter};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::base::text::nearest;

/// The most bytes of a document, a scenario, a conversation or a list.
pub(super) const DOCUMENT: u64 = 32 << 20;
/// The most bytes of a file of calls.
pub(super) const CALLS: u64 = 256 << 20;
/// The most bytes of a file of a sandbox.
pub(super) const SANDBOX: u64 = 1 << 30;

/// Why a file cannot be read, with what to do about it.
#[derive(Debug, thiserror::Error)]
pub(super) struct Unread {
    path: PathBuf,
    source: io::Error,
}

impl Unread {
    pub(super) fn new(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { path: path.into(), source }
    }
}

impl Display for Unread {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { path, source } = self;
        write!(f, "{}: {source}", path.display())?;
        if source.kind() == io::ErrorKind::NotFound { write!(f, "\nhelp: {}", help(path)) } else { Ok(()) }
    }
}

/// Reads all of something, unless it has more bytes than that: it could be endless.
pub(super) fn bounded(source: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("the file is larger than {} MiB", most >> 20)));
    }
    Ok(bytes)
}

/// The bytes of a document, a scenario or the like.
pub(super) fn document(path: &Path) -> io::Result<Vec<u8>> {
    bounded(fs::File::open(path)?, DOCUMENT)
}

/// The same of a file that others name: of a pipe or a device nobody knows when it ends, or whether anybody writes to it.
pub(super) fn regular_document(path: &Path) -> io::Result<Vec<u8>> {
    let kind = fs::metadata(path)?;
    if kind.is_file() {
        return document(path);
    }
    if kind.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a folder, expected a file"));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe or a device, expected a file"))
}

/// The same of a text.
pub(super) fn bounded_text(source: impl Read, most: u64) -> io::Result<String> {
    String::from_utf8(bounded(source, most)?).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is no text in UTF-8"))
}

/// The bytes of a file, which has no more than that.
pub(super) fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    fs::File::open(path).and_then(|file| bounded(file, most)).map_err(|error| Unread::new(path, error))
}

/// The text of a file, which has no more bytes than that.
pub(super) fn text(path: &Path, most: u64) -> Result<String, Unread> {
    fs::File::open(path).and_then(|file| bounded_text(file, most)).map_err(|error| Unread::new(path, error))
}

/// What to do about a file that is not there: a name like it, or where it was looked for.
pub(super) fn help(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if !folder.unwrap_or(Path::new(".")).is_dir() {
        return format!("there is no folder `{}`", folder.unwrap_or(path).display());
    }
    match near(path) {
        Some(near) => format!("did you mean `{}`?", folder.map_or_else(|| near.clone().into(), |folder| folder.join(&near)).display()),
        None => format!("paths begin at `{}`", env::current_dir().unwrap_or_default().display()),
    }
}

/// The name of a file beside one that is not there, if it resembles its name.
pub(super) fn near(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let entries = fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
    let names: Vec<String> = entries.take(10_000).flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    nearest(&path.file_name()?.to_string_lossy(), names.iter().map(String::as_str)).map(str::to_owned)
}
