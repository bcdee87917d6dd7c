//! `--vendor`, which several commands take.

use std::path::PathBuf;

use clap::Args;

use super::ArgumentError;

/// Documents that are mounted beside the vendors that are built in.
#[derive(Args, Clone, Debug, Default)]
pub struct VendorArguments {
    /// OpenAPI document (3.0 or 3.1) that is served at `/NAME` beside the vendors that are built in. Repeatable
    #[arg(long, env = "SEATRIAL_VENDOR", value_name = "NAME=FILE", value_delimiter = ',', value_parser = vendor_file)]
    pub vendor: Vec<VendorFile>,
}

/// A document and the name that it is mounted under.
#[derive(Clone, Debug)]
pub struct VendorFile {
    pub name: String,
    pub path: PathBuf,
}

pub(super) fn vendor_file(text: &str) -> Result<VendorFile, ArgumentError> {
    let (name, path) = text.split_once('=').unwrap_or_default();
    let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= 32
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let is_complete = is_name && !path.is_empty();
    if is_complete { Ok(VendorFile { name: name.to_owned(), path: path.into() }) } else { Err(ArgumentError::Vendor(text.to_owned())) }
}
