//! `seatrial contract fuzz`: cases made of a vendor's document, held against a server.

use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::cli::arguments::{FuzzArguments, NameAndText, VendorArguments};
use crate::cli::contract::drift::{FileError, document};
use crate::cli::contract::run::{POLITE, is_near};
use crate::cli::contract::{documents, write};
use crate::cli::vendors::VendorError;
use crate::cli::{Exit, complain};
use crate::contract::{Absence, Exceptions, ExceptionsError, FuzzOptions, FuzzReport, fuzz};
use crate::net::{Trust, TrustError};
use crate::report::{Format, Reported as _};

/// Why nothing is called.
#[derive(Debug, thiserror::Error)]
enum FuzzError {
    #[error(transparent)]
    Vendor(#[from] VendorError),
    #[error("there is no vendor `{0}`; there are {1}")]
    NoVendor(String, String),
    #[error("`--vendor` says whose document it is: a name, or `NAME=FILE`")]
    Unnamed,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0}: {1}")]
    List(PathBuf, ExceptionsError),
    #[error("`--egress-ca`: {0}")]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Absent(#[from] Absence),
    #[error("`--header {0}` is no header")]
    Header(String),
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] std::io::Error),
}

pub(super) fn run(arguments: &FuzzArguments) -> Exit {
    let report = match report(arguments) {
        Ok(report) => report,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let text = report.write(Format::from(arguments.output.format));
    match write(&text, arguments.output.output.as_deref()) {
        Ok(()) if report.has_passed() => Exit::Fine,
        Ok(()) => Exit::Failed,
        Err(exit) => exit,
    }
}

fn report(arguments: &FuzzArguments) -> Result<FuzzReport, FuzzError> {
    let files = arguments.vendor.iter().filter_map(|row| row.file.clone()).collect();
    let machine = documents(&VendorArguments { vendor: files })?;
    let name = arguments.vendor.iter().find(|row| row.file.is_none()).or(arguments.vendor.first()).ok_or(FuzzError::Unnamed)?;
    let all = machine.vendors().all();
    let vendor = all.iter().find(|vendor| *vendor.id == *name.name).or_else(|| {
        let mut of_mount = all.iter().filter(|vendor| *vendor.mount == *name.name);
        of_mount.next().filter(|_| of_mount.next().is_none())
    });
    let missing = || {
        let names: Vec<String> = all.iter().map(|vendor| vendor.id.to_string()).collect();
        FuzzError::NoVendor(name.name.clone(), names.join(", "))
    };
    let vendor = Arc::clone(vendor.ok_or_else(missing)?);
    let exceptions = match &arguments.exceptions {
        Some(path) => Exceptions::read(document(path)?).map_err(|error| FuzzError::List(path.clone(), error))?,
        None => Exceptions::default(),
    };
    let options = FuzzOptions {
        base_url: arguments.base_url.clone(),
        credentials: credentials(&arguments.header)?,
        trust: Trust::read(&arguments.egress_ca)?,
        timeout: arguments.timeout,
        seed: arguments.seed,
        cases: arguments.cases,
        time: arguments.time,
        rate: arguments.rate.or((!is_near(&arguments.base_url)).then_some(POLITE)),
        only: arguments.only.clone(),
        without: arguments.without.clone(),
        exceptions,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(fuzz(&machine, &vendor, &options))?)
}

fn credentials(headers: &[NameAndText]) -> Result<HeaderMap, FuzzError> {
    let header = |NameAndText { name, text }: &NameAndText| {
        let wrong = || FuzzError::Header(name.clone());
        Ok((HeaderName::try_from(name).map_err(|_| wrong())?, HeaderValue::try_from(text).map_err(|_| wrong())?))
    };
    headers.iter().map(header).collect()
}
