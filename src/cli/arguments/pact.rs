//! The command line of `contract pact`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::cli::arguments::{ServerArguments, VendorArguments};

#[derive(Debug, Subcommand)]
pub enum PactCommand {
    /// Write the calls and webhooks of a sandbox as a Pact (specification version 4)
    Export(Box<PactExportArguments>),
    /// Play a Pact (specification version 3 or 4) against a sandbox, and compare the answers
    Verify(Box<PactVerifyArguments>),
}

#[derive(Args, Debug)]
pub struct PactVerifyArguments {
    /// Pact files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Vendor that the requests go to. The provider that the file names unless told
    #[arg(long, env = "SEATRIAL_PACT_PROVIDER", value_name = "VENDOR")]
    pub provider: Option<String>,
    /// Scenario for a state of the provider: a file, or the name of a built-in one. States that have the name of a built-in scenario, and
    /// `default`, need none. Repeatable
    #[arg(long, value_name = "STATE=SCENARIO", value_parser = name_and_text('='))]
    pub state: Vec<NameAndText>,
    /// Header that every request has, such as `Authorization: ShippoToken shippo_test_seatrial`. Repeatable
    #[arg(long, value_name = "NAME: VALUE", value_parser = name_and_text(':'))]
    pub header: Vec<NameAndText>,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// A name, and the text behind it.
#[derive(Clone, Debug)]
pub struct NameAndText {
    pub name: String,
    pub text: String,
}

/// Why an argument is no name with a text.
#[derive(Clone, Debug, thiserror::Error)]
#[error("`{0}` has no `{1}` behind a name")]
pub(super) struct NameError(String, char);

pub(super) fn name_and_text(separator: char) -> impl Fn(&str) -> Result<NameAndText, NameError> + Clone {
    move |text| {
        let (name, text) =
            text.split_once(separator).filter(|(name, _)| !name.is_empty()).ok_or_else(|| NameError(text.to_owned(), separator))?;
        Ok(NameAndText { name: name.trim().to_owned(), text: text.trim().to_owned() })
    }
}

#[derive(Args, Debug)]
pub struct PactExportArguments {
    /// Name of the client
    #[arg(long, env = "SEATRIAL_PACT_CONSUMER", value_name = "NAME")]
    pub consumer: String,
    /// Id of the vendor whose calls are written
    #[arg(long, env = "SEATRIAL_PACT_PROVIDER", value_name = "VENDOR")]
    pub provider: String,
    /// State of the provider. The name of the sandbox's scenario unless told
    #[arg(long, env = "SEATRIAL_PACT_STATE", value_name = "NAME")]
    pub state: Option<String>,
    /// File of calls, instead of a running server: an export of the journal (NDJSON)
    #[arg(long, env = "SEATRIAL_CONTRACT_JOURNAL", value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// File that the Pact is written to, instead of standard output
    #[arg(long, env = "SEATRIAL_CONTRACT_OUTPUT", value_name = "FILE")]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArguments,
    #[command(flatten)]
    pub vendors: VendorArguments,
}
