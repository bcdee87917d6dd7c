//! `seatrial contract import`: calls that another tool keeps, as a conversation.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::cli::arguments::ImportArguments;
use crate::cli::contract::{documents, write};
use crate::cli::files::Unread;
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain};
use crate::contract::{ImportError, import};

/// Why there is no conversation.
#[derive(Debug, thiserror::Error)]
enum FileError {
    #[error(transparent)]
    File(#[from] Unread),
    #[error(transparent)]
    Vendor(#[from] VendorError),
    #[error("{0}: {1}")]
    Import(PathBuf, ImportError),
}

pub(super) fn run(arguments: &ImportArguments) -> Exit {
    match conversation(arguments) {
        Ok(text) => write(&text, arguments.output.as_deref()).map_or_else(|exit| exit, |()| Exit::Fine),
        Err(error) => complain(&error, Exit::Usage),
    }
}

fn conversation(arguments: &ImportArguments) -> Result<String, FileError> {
    let path = &arguments.file;
    let text = text(path).map_err(|error| Unread::new(path, error))?;
    import(&documents(&arguments.vendors)?, &text, arguments.with.as_deref()).map_err(|error| FileError::Import(path.clone(), error))
}

fn text(path: &Path) -> io::Result<String> {
    if path != Path::new("-") {
        return fs::read_to_string(path);
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(text)
}
