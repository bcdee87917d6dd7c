//! `seatrial contract drift`: a newly published document against the one of a vendor.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::arguments::{DriftArguments, VendorArguments};
use crate::cli::contract::{documents, write};
use crate::cli::files::{self, Unread};
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain};
use crate::contract::{Accepted, AcceptedError, DocumentError, Drift, drift};
use crate::report::{Format, Reported as _};
use crate::scenario;

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    File(#[from] Unread),
    #[error("{0}: {1}")]
    Text(PathBuf, String),
}

/// Why nothing is compared.
#[derive(Debug, thiserror::Error)]
enum DriftError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}: {1}")]
    List(PathBuf, AcceptedError),
    #[error("there is no vendor `{0}`; there are {1}")]
    NoVendor(String, String),
    #[error(transparent)]
    Vendor(#[from] VendorError),
    #[error("{0}: {1}")]
    Document(String, DocumentError),
}

pub(super) fn run(arguments: &DriftArguments) -> Exit {
    let found = match compared(arguments) {
        Ok(found) => found,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let text = found.write(Format::from(arguments.output.format));
    match write(&text, arguments.output.output.as_deref()) {
        Ok(()) if found.has_failed(arguments.only_breaking) => Exit::Failed,
        Ok(()) => Exit::Fine,
        Err(exit) => exit,
    }
}

fn compared(arguments: &DriftArguments) -> Result<Drift, DriftError> {
    let published = document(&arguments.document)?;
    let accepted = match &arguments.accepted {
        Some(path) => Accepted::read(document(path)?).map_err(|error| DriftError::List(path.clone(), error))?,
        None => Accepted::default(),
    };
    let (of, before) = match &arguments.against {
        Some(path) => (path.display().to_string(), document(path)?),
        None => own(arguments.with.as_deref().unwrap_or_default(), &arguments.vendors)?,
    };
    drift(&of, &published, &before, &accepted).map_err(|error| {
        let file = if error.is_published() { arguments.document.display().to_string() } else { of };
        DriftError::Document(file, error)
    })
}

/// The document of a vendor.
fn own(name: &str, vendors: &VendorArguments) -> Result<(String, Value), DriftError> {
    let machine = documents(vendors)?;
    let all = machine.vendors().all();
    let missing = || DriftError::NoVendor(name.to_owned(), all.iter().map(|vendor| vendor.id.to_string()).collect::<Vec<_>>().join(", "));
    let vendor = all.iter().find(|vendor| vendor.id == name).ok_or_else(missing)?;
    Ok((vendor.id.to_string(), serde_json::from_str(&vendor.spec).expect("vendors have their documents as JSON")))
}

/// A file of JSON or YAML.
pub(super) fn document(path: &Path) -> Result<Value, FileError> {
    let text = files::text(path, files::DOCUMENT)?;
    if text.trim_start().starts_with('{')
        && let Ok(value) = serde_json::from_str(&text)
    {
        return Ok(value);
    }
    scenario::yaml(&text, &path.display().to_string())
        .map_err(|problems| FileError::Text(path.to_owned(), problems.first().map(ToString::to_string).unwrap_or_default()))
}
