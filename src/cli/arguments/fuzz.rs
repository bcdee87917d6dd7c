//! The command line of `contract fuzz`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::arguments::contract::{OutputArguments, rate};
use crate::cli::arguments::pact::name_and_text;
use crate::cli::arguments::vendors::vendor_file;
use crate::cli::arguments::{ArgumentError, NameAndText, VendorFile, timeout};

#[derive(Args, Debug)]
pub struct FuzzArguments {
    /// Base URL of the vendor, or of what stands in for it, such as `http://127.0.0.1:7447/acme`
    #[arg(long, env = "SEATRIAL_BASE_URL", value_name = "URL")]
    pub base_url: String,
    /// Vendor whose document the cases are made of: its name, or a document of yours. Repeatable, where a document and a name are told
    #[arg(long, env = "SEATRIAL_VENDOR", value_name = "NAME or NAME=FILE", value_delimiter = ',', required = true, value_parser = named)]
    pub vendor: Vec<NamedVendor>,
    /// Header that lets calls in, such as `Authorization: Bearer abc`. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = name_and_text(':'))]
    pub header: Vec<NameAndText>,
    /// What the cases follow from: the same seed and server make the same cases
    #[arg(long, env = "SEATRIAL_FUZZ_SEED", value_name = "NUMBER", default_value_t = 42)]
    pub seed: u64,
    /// Cases of each operation, of those that the document allows and of those that it does not
    #[arg(long, env = "SEATRIAL_FUZZ_CASES", value_name = "NUMBER", default_value_t = 20)]
    pub cases: u32,
    /// Time after which no more cases are made
    #[arg(long, env = "SEATRIAL_FUZZ_TIME", value_name = "DURATION", default_value = "2m", value_parser = timeout)]
    pub time: Duration,
    /// Operations that are called, by id; `*` stands for any text. Repeatable
    #[arg(long, env = "SEATRIAL_FUZZ_ONLY", value_name = "OPERATION", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Operations that are not called, such as one that ends a session. Repeatable
    #[arg(long, env = "SEATRIAL_FUZZ_WITHOUT", value_name = "OPERATION", value_delimiter = ',')]
    pub without: Vec<String>,
    /// List of problems that are known, with reasons
    #[arg(long, env = "SEATRIAL_FUZZ_EXCEPTIONS", value_name = "FILE")]
    pub exceptions: Option<PathBuf>,
    /// Calls in a second. Unless told, 2 of a vendor on another machine; any number otherwise
    #[arg(long, env = "SEATRIAL_RATE", value_name = "NUMBER", value_parser = rate)]
    pub rate: Option<f64>,
    /// Time in which an answer has to come
    #[arg(long, env = "SEATRIAL_CALL_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = timeout)]
    pub timeout: Duration,
    /// PEM file of certificate authorities, or of a server's own certificate, besides public ones. Repeatable
    #[arg(long, env = "SEATRIAL_EGRESS_CA", value_name = "FILE", value_delimiter = ',')]
    pub egress_ca: Vec<PathBuf>,
    #[command(flatten)]
    pub output: OutputArguments,
}

/// A vendor by its name, with its document where that is not built in.
#[derive(Clone, Debug)]
pub struct NamedVendor {
    pub name: String,
    pub file: Option<VendorFile>,
}

fn named(text: &str) -> Result<NamedVendor, ArgumentError> {
    if !text.contains('=') {
        return Ok(NamedVendor { name: text.to_owned(), file: None });
    }
    let file = vendor_file(text)?;
    Ok(NamedVendor { name: file.name.clone(), file: Some(file) })
}
