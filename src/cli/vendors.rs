//! The vendors of a command: those that are built in, and the documents of `--vendor`.

use std::fs::File;
use std::io::Read as _;

use crate::cli::arguments::{VendorArguments, VendorFile};
use crate::cli::files::Unread;
use crate::cli::{Exit, warn};
use crate::engine::Vendor;
use crate::scenario::Diagnostic;
use crate::scenario::openapi::{self, Document};
use crate::vendors;

/// The largest document that is read; what is wrong with larger ones is told by their first bytes.
const MOST_BYTES: u64 = 17 << 20;

/// Why a document is not mounted.
#[derive(Debug, thiserror::Error)]
pub(super) enum VendorError {
    #[error("`--vendor {0}`: {1}")]
    Read(String, Unread),
    #[error("`--vendor {0}`: there is a vendor of that name already")]
    Taken(String),
    #[error("{}", .0.iter().map(|problem| format!("{problem}\n")).collect::<Vec<_>>().join("\n").trim_end())]
    Document(Vec<Diagnostic>),
}

/// Says why a document is not mounted.
pub(super) fn complain(error: &VendorError) -> Exit {
    match error {
        VendorError::Document(_) => warn(error),
        _ => warn(&format_args!("error: {error}")),
    }
    Exit::Usage
}

/// All vendors; warnings about documents go to standard error.
pub(super) fn all(arguments: &VendorArguments) -> Result<Vec<Vendor>, VendorError> {
    let mut all = vendors::all();
    for file in &arguments.vendor {
        let is_taken = all.iter().any(|vendor| vendor.id == file.name.as_str() || vendor.mount == file.name.as_str());
        if is_taken {
            return Err(VendorError::Taken(file.name.clone()));
        }
        all.push(mounted(file)?);
    }
    Ok(all)
}

fn mounted(file: &VendorFile) -> Result<Vendor, VendorError> {
    let path = file.path.display().to_string();
    let mut bytes = Vec::new();
    let read = File::open(&file.path).and_then(|opened| opened.take(MOST_BYTES).read_to_end(&mut bytes));
    read.map_err(|source| VendorError::Read(file.name.clone(), Unread::new(&file.path, source)))?;
    let Document { json, warnings } = openapi::document(&bytes, &path).map_err(VendorError::Document)?;
    warnings.iter().for_each(|warning| warn(&format_args!("{warning}\n")));
    let vendor = Vendor::from_document(file.name.clone(), file.name.clone(), String::from_utf8_lossy(&bytes).into_owned(), &json);
    vendor.map_err(|error| VendorError::Document(vec![openapi::problem(&bytes, &path, error.to_string())]))
}
