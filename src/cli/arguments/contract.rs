//! The command line of `contract`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Subcommand, ValueEnum};

use crate::cli::arguments::{ArgumentError, FuzzArguments, PactCommand, ServerArguments, VendorArguments, span, timeout};
use crate::contract::{SEED, Thresholds};
use crate::report::Format;

#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Say where the calls of a test suite depart from the vendors' documents, and what it never tried
    Report(Box<ReportArguments>),
    /// Hold conversations with a server, a vendor's or one of ours, and judge every answer
    Run(Box<RunArguments>),
    /// Say what a newly published document of a vendor changes, and what of it breaks clients
    Drift(Box<DriftArguments>),
    /// Call a server with cases that are made of a vendor's document, and judge every answer
    Fuzz(Box<FuzzArguments>),
    /// Make a conversation of calls that another tool keeps: HAR, a Postman collection, or lines of curl
    Import(Box<ImportArguments>),
    /// Speak with the tools of Pact
    #[command(subcommand)]
    Pact(PactCommand),
}

#[derive(Args, Debug)]
pub struct ImportArguments {
    /// File of calls: HAR, a Postman collection of version 2.1, or lines of curl; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Vendor that the calls are for. Unless told, the one whose host name they have, or whose mount their path begins with
    #[arg(long, env = "SEATRIAL_WITH", value_name = "NAME")]
    pub with: Option<String>,
    #[command(flatten)]
    pub vendors: VendorArguments,
    /// File that the conversation is written to, instead of standard output
    #[arg(long, env = "SEATRIAL_CONTRACT_OUTPUT", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct DriftArguments {
    /// The published document: OpenAPI 3.0 or 3.1, as YAML or JSON
    #[arg(value_name = "DOCUMENT")]
    pub document: PathBuf,
    /// Vendor whose document it is compared with
    #[arg(long, env = "SEATRIAL_WITH", value_name = "NAME", required_unless_present = "against")]
    pub with: Option<String>,
    #[command(flatten)]
    pub vendors: VendorArguments,
    /// Document that it is compared with instead, such as the one published before
    #[arg(long, env = "SEATRIAL_DRIFT_AGAINST", value_name = "DOCUMENT")]
    pub against: Option<PathBuf>,
    /// List of differences that are known, with reasons. Its rows that fit no difference any more are told, and fail
    #[arg(long, env = "SEATRIAL_DRIFT_ACCEPTED", value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// Fail on what breaks clients, and not on what is new for them
    #[arg(long, env = "SEATRIAL_ONLY_BREAKING", value_parser = FalseyValueParser::new())]
    pub only_breaking: bool,
    #[command(flatten)]
    pub output: OutputArguments,
}

#[derive(Args, Debug)]
pub struct RunArguments {
    /// Conversation files, or folders with such files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Base URL of the vendor, such as `https://api.acme.example`; with `--isolated` or `--sandbox`, of a Seatrial server
    #[arg(long, env = "SEATRIAL_BASE_URL", value_name = "URL")]
    pub base_url: String,
    /// Vendor that the conversations are with. Unless told, `vendor` in a file, or the folder of that name
    #[arg(long, env = "SEATRIAL_WITH", value_name = "NAME")]
    pub with: Option<String>,
    #[command(flatten)]
    pub vendors: VendorArguments,
    /// The server is Seatrial: hold each conversation in a sandbox of its own, with its scenario and its clock
    #[arg(long, env = "SEATRIAL_ISOLATED", value_parser = FalseyValueParser::new(), conflicts_with = "sandbox")]
    pub isolated: bool,
    /// The server is Seatrial: hold the conversations in this sandbox, with its credentials, as it is
    #[arg(long, env = "SEATRIAL_RUN_SANDBOX", value_name = "NAME")]
    pub sandbox: Option<String>,
    /// Seed of the sandboxes of `--isolated`
    #[arg(long, env = "SEATRIAL_RUN_SEED", value_name = "NUMBER", default_value_t = SEED)]
    pub seed: u64,
    /// Token of the server's admin API
    #[arg(long, env = "SEATRIAL_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// PEM file of certificate authorities, or of a server's own certificate, besides public ones. Repeatable
    #[arg(long, env = "SEATRIAL_EGRESS_CA", value_name = "FILE", value_delimiter = ',')]
    pub egress_ca: Vec<PathBuf>,
    /// File that what comes back is written to as a conversation, of several conversations a folder. Secrets and what tells of persons are
    /// left out; ids, times and tokens are references and matchers, so that two recordings compare
    #[arg(long, env = "SEATRIAL_RECORD", value_name = "PATH")]
    pub record: Option<PathBuf>,
    /// Conversations that are held side by side. One unless told, with `--isolated` eight
    #[arg(long, env = "SEATRIAL_CONCURRENCY", value_name = "NUMBER")]
    pub concurrency: Option<NonZeroUsize>,
    /// Calls in a second, of all conversations together. Unless told, 2 of a vendor on another machine; any number otherwise
    #[arg(long, env = "SEATRIAL_RATE", value_name = "NUMBER", value_parser = rate)]
    pub rate: Option<f64>,
    /// How often a vendor gets a call again that it has no time for (429, 503), or, where that does no harm, does not answer
    #[arg(long, env = "SEATRIAL_RETRIES", value_name = "NUMBER", default_value_t = 2)]
    pub retries: u32,
    /// Time in which an answer has to come
    #[arg(long, env = "SEATRIAL_CALL_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = timeout)]
    pub timeout: Duration,
    /// The longest `advance` that is waited for with a vendor, whose clock nobody can move; conversations with longer ones are skipped
    #[arg(long, env = "SEATRIAL_PATIENCE", value_name = "DURATION", default_value = "0s", value_parser = span)]
    pub patience: Duration,
    #[command(flatten)]
    pub output: OutputArguments,
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

pub(super) fn rate(text: &str) -> Result<f64, ArgumentError> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| ArgumentError::Rate(text.to_owned()))
}
