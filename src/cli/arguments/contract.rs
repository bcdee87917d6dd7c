//! The command line of `contract`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::arguments::{ServerArguments, VendorArguments};
use crate::contract::{Format, Thresholds};

#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Say where the calls of a test suite depart from the vendors' documents, and what it never tried
    Report(Box<ReportArguments>),
}

#[derive(Args, Debug)]
pub struct ReportArguments {
    /// File of calls, instead of a running server: an export of the journal (NDJSON), or HAR
    #[arg(long, env = "SEATRIAL_CONTRACT_JOURNAL", value_name = "FILE")]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArguments,
    #[command(flatten)]
    pub vendors: VendorArguments,
    #[command(flatten)]
    pub output: OutputArguments,
    /// The most calls with violations that are no failure
    #[arg(long, env = "SEATRIAL_MAX_VIOLATIONS", value_name = "NUMBER", default_value_t = 0)]
    pub max_violations: u64,
    /// The most uses of members and parameters that the document does not have. Any number unless told
    #[arg(long, env = "SEATRIAL_MAX_UNDOCUMENTED", value_name = "NUMBER")]
    pub max_undocumented: Option<u64>,
    /// The most uses of what the document advises against. Any number unless told
    #[arg(long, env = "SEATRIAL_MAX_DEPRECATED", value_name = "NUMBER")]
    pub max_deprecated: Option<u64>,
    /// The least share of a vendor's operations that has to be called, of each vendor that is called at all
    #[arg(long, env = "SEATRIAL_MIN_OPERATIONS", value_name = "PERCENT")]
    pub min_operations: Option<f64>,
    /// The least share of the declared statuses that has to be met, of the operations that are called
    #[arg(long, env = "SEATRIAL_MIN_STATUSES", value_name = "PERCENT")]
    pub min_statuses: Option<f64>,
}

/// How and where a report is written.
#[derive(Args, Debug)]
pub struct OutputArguments {
    /// Format of the report
    #[arg(long, env = "SEATRIAL_CONTRACT_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub format: FormatArgument,
    /// File that the report is written to, instead of standard output
    #[arg(long, env = "SEATRIAL_CONTRACT_OUTPUT", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArgument {
    /// For people.
    Text,
    /// For a summary of CI, such as `$GITHUB_STEP_SUMMARY`.
    Markdown,
    Json,
    /// JUnit XML, for build servers.
    Junit,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub's workflows.
    Github,
}

impl From<FormatArgument> for Format {
    fn from(argument: FormatArgument) -> Self {
        match argument {
            FormatArgument::Text => Self::Text,
            FormatArgument::Markdown => Self::Markdown,
            FormatArgument::Json => Self::Json,
            FormatArgument::Junit => Self::JUnit,
            FormatArgument::Sarif => Self::Sarif,
            FormatArgument::Github => Self::Github,
        }
    }
}

impl From<&ReportArguments> for Thresholds {
    fn from(arguments: &ReportArguments) -> Self {
        Self {
            violations: Some(arguments.max_violations),
            undocumented: arguments.max_undocumented,
            deprecated: arguments.max_deprecated,
            operations: arguments.min_operations,
            statuses: arguments.min_statuses,
        }
    }
}
