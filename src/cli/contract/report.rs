//! `seatrial contract report`: of a running server's sandbox, or of a file of calls.

use std::path::{Path, PathBuf};

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::{ReportArguments, ServerArguments, VendorArguments};
use crate::cli::contract::{documents, write};
use crate::cli::files::{self, Unread};
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain};
use crate::contract::{Judged, Report, SavedError, Thresholds, read_saved};
use crate::report::{Format, Reported as _};

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
enum ReportError {
    #[error(transparent)]
    File(#[from] Unread),
    #[error("{0}: {1}")]
    Saved(PathBuf, SavedError),
    #[error(transparent)]
    Vendor(#[from] VendorError),
    #[error(transparent)]
    Server(#[from] AdminError),
}

pub(super) fn run(arguments: &ReportArguments) -> Exit {
    let found = match &arguments.journal {
        Some(path) => saved(path, &arguments.vendors),
        None => running(&arguments.server),
    };
    let report = match found {
        Ok(report) => report,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let exceeded = Thresholds::from(arguments).exceeded(&report);
    let text = Judged(&report, &exceeded).write(Format::from(arguments.output.format));
    match write(&text, arguments.output.output.as_deref()) {
        Ok(()) if exceeded.is_empty() => Exit::Fine,
        Ok(()) => Exit::Failed,
        Err(exit) => exit,
    }
}

fn saved(path: &Path, vendors: &VendorArguments) -> Result<Report, ReportError> {
    let text = files::text(path, files::CALLS)?;
    read_saved(&documents(vendors)?, &path.display().to_string(), &text).map_err(|error| ReportError::Saved(path.to_owned(), error))
}

fn running(server: &ServerArguments) -> Result<Report, ReportError> {
    Ok(admin_client::get(server, &format!("/sandboxes/{}/contract", server.sandbox))?)
}
