//! `seatrial contract import`: calls that another tool keeps, as a conversation.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::arguments::ImportArguments;
use crate::cli::contract::{documents, write};
use crate::cli::files::{self, Unread};
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain, warn};
use crate::contract::{ImportError, Imported, import};

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
        Ok(Imported { text, left_out, without_file }) => {
            left_out.iter().for_each(|host| warn(&format_args!("left out: calls to `{host}`, which is the host of no vendor")));
            for (call, file) in without_file {
                warn(&format_args!("left out: `{call}`, which sends the file `{file}`, and that is not in it"));
            }
            write(&text, arguments.output.as_deref()).map_or_else(|exit| exit, |()| Exit::Fine)
        }
        Err(error) => complain(&error, Exit::Usage),
    }
}

fn conversation(arguments: &ImportArguments) -> Result<Imported, FileError> {
    let path = &arguments.file;
    let text = text(path)?;
    import(&documents(&arguments.vendors)?, &text, arguments.with.as_deref()).map_err(|error| FileError::Import(path.clone(), error))
}

fn text(path: &Path) -> Result<String, Unread> {
    if path == Path::new("-") {
        return files::bounded_text(io::stdin(), files::CALLS).map_err(|error| Unread::new("standard input", error));
    }
    files::text(path, files::CALLS)
}
