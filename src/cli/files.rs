//! Files that a command is given, and what is said of one that cannot be read.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::base::text;

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

/// What to do about a file that is not there: a name like it, or where it was looked for.
fn help(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Ok(entries) = fs::read_dir(folder.unwrap_or(Path::new("."))) else {
        return format!("there is no folder `{}`", folder.unwrap_or(path).display());
    };
    let names: Vec<String> = entries.take(10_000).flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    match text::nearest(&name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", folder.map_or_else(|| near.into(), |folder| folder.join(near)).display()),
        None => format!("paths begin at `{}`", env::current_dir().unwrap_or_default().display()),
    }
}
