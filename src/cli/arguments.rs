//! What may stand on the command line; every flag has an environment variable.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;

use crate::base::time;
use crate::engine::Conform;
use crate::server::{Listen, Target};

/// Carrier APIs on localhost: stateful, deterministic, on a virtual clock.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do; `serve` when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Flags of `serve`, for when nothing is said.
    #[command(flatten)]
    pub serve: ServeArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the vendors and the admin API
    Serve(Box<ServeArguments>),
    /// Check scenario files and conversations and show every problem in them
    Check(CheckArguments),
    /// Print how much of each vendor has behavior
    Coverage(CoverageArguments),
    /// Ask a running server whether it is well; for containers
    Health(HealthArguments),
    /// Print the JSON Schema of scenario files, or of conversations
    Schema {
        /// Which files
        #[arg(default_value = "scenario")]
        of: SchemaArgument,
    },
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Flags of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArguments {
    /// Where to listen; `vendor=ADDRESS` serves one vendor at `/`, and nothing else. May be repeated; port 0 picks one
    #[arg(long, env = "SEATRIAL_LISTEN", value_name = "[VENDOR=]ADDRESS", value_delimiter = ',', default_value = "127.0.0.1:7447", value_parser = listen)]
    pub listen: Vec<Listen>,
    /// Where to serve the admin API, if not beside the vendors
    #[arg(long, env = "SEATRIAL_ADMIN_LISTEN", value_name = "ADDRESS", value_parser = address)]
    pub admin_listen: Option<SocketAddr>,
    /// The scenario of the default sandbox: a file, or the name of a built-in one
    #[arg(long, env = "SEATRIAL_SCENARIO", value_name = "FILE")]
    pub scenario: Option<PathBuf>,
    /// The seed of the default sandbox; wins over the scenario's
    #[arg(long, env = "SEATRIAL_SEED", value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Write the ready line to this file once everything listens
    #[arg(long, env = "SEATRIAL_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Leave when standard input ends, as it does when the program that started this one is gone
    #[arg(long, env = "SEATRIAL_EXIT_WITH_STDIN", value_parser = FalseyValueParser::new())]
    pub exit_with_stdin: bool,
    /// Whether callers of the admin API need a token: on addresses other than loopback, or never
    #[arg(long, env = "SEATRIAL_ADMIN_AUTH", value_name = "WHEN", default_value = "auto")]
    pub admin_auth: AdminAuthArgument,
    /// The token of the admin API; one is made and printed when it is needed and missing
    #[arg(long, env = "SEATRIAL_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// A host name that the admin API may be reached under, besides loopback names. May be repeated
    #[arg(long, env = "SEATRIAL_ADMIN_HOST", value_name = "NAME", value_delimiter = ',')]
    pub admin_host: Vec<String>,
    /// A host name, `.domain`, address or network that webhooks may go to, besides loopback and private addresses. May be repeated
    #[arg(long, env = "SEATRIAL_ALLOW_EGRESS", value_name = "TARGET", value_delimiter = ',')]
    pub allow_egress: Vec<Target>,
    /// A PEM file of certificates, authorities' or receivers' own, that `https://` webhooks trust besides the public ones. May be repeated
    #[arg(long, env = "SEATRIAL_EGRESS_CA", value_name = "FILE", value_delimiter = ',')]
    pub egress_ca: Vec<PathBuf>,
    /// Leave our own headers out of the vendors' answers
    #[arg(long, env = "SEATRIAL_PLAIN", value_parser = FalseyValueParser::new())]
    pub plain: bool,
    /// How often answers are checked against the vendor's document
    #[arg(long, env = "SEATRIAL_CONFORM", value_name = "HOW", default_value = "sampled")]
    pub conform: ConformArgument,
    /// The largest request body that is read, in bytes
    #[arg(long, env = "SEATRIAL_BODY_LIMIT", value_name = "BYTES", default_value_t = 10 << 20)]
    pub body_limit: usize,
    /// How much of each sandbox's exchanges is kept, in bytes
    #[arg(long, env = "SEATRIAL_JOURNAL_BYTES", value_name = "BYTES", default_value_t = 16 << 20)]
    pub journal_bytes: usize,
    /// How much of the exchanges of all sandboxes is kept, in bytes; from then on no journal grows further
    #[arg(long, env = "SEATRIAL_JOURNALS_BYTES", value_name = "BYTES", default_value_t = 256 << 20)]
    pub journals_bytes: usize,
    /// How much data one sandbox may hold, in bytes
    #[arg(long, env = "SEATRIAL_SANDBOX_BYTES", value_name = "BYTES", default_value_t = 4 << 30)]
    pub sandbox_bytes: usize,
    /// How much data all sandboxes together may hold, in bytes
    #[arg(long, env = "SEATRIAL_TOTAL_BYTES", value_name = "BYTES", default_value_t = 8 << 30)]
    pub total_bytes: usize,
    /// How long a sandbox other than the default one may be idle before it is removed; `0s` is for ever
    #[arg(long, env = "SEATRIAL_SANDBOX_TTL", value_name = "SPAN", default_value = "24h", value_parser = span)]
    pub sandbox_ttl: Duration,
    /// How many sandboxes there may be
    #[arg(long, env = "SEATRIAL_SANDBOXES", value_name = "NUMBER", default_value_t = 10_000)]
    pub sandboxes: usize,
    /// How long a client may take to send a request
    #[arg(long, env = "SEATRIAL_READ_TIMEOUT", value_name = "SPAN", default_value = "30s", value_parser = patience)]
    pub read_timeout: Duration,
    /// How logs are written to stderr
    #[arg(long, env = "SEATRIAL_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Which logs are written, such as `info` or `seatrial=debug`
    #[arg(long, env = "SEATRIAL_LOG", value_name = "FILTER", default_value = "info", value_parser = filter)]
    pub log: Targets,
}

/// Flags of `check`.
#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Scenario files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Flags of `coverage`.
#[derive(Args, Debug)]
pub struct CoverageArguments {
    /// Print JSON instead of a table
    #[arg(long, env = "SEATRIAL_COVERAGE_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
}

/// Flags of `health`.
#[derive(Args, Debug)]
pub struct HealthArguments {
    /// The address of the admin API
    #[arg(long, env = "SEATRIAL_HEALTH_ADDRESS", value_name = "ADDRESS", value_parser = address)]
    pub address: Option<SocketAddr>,
}

/// Whether callers of the admin API need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AdminAuthArgument {
    /// On addresses other than loopback, or when one is set.
    Auto,
    /// Never.
    Off,
}

/// Files that there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaArgument {
    /// How a sandbox differs.
    Scenario,
    /// A story told in calls and answers.
    Conversation,
}

/// How often answers are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConformArgument {
    /// Every answer.
    All,
    /// The first of each account, and every 64th after that.
    Sampled,
    /// None.
    Off,
}

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line of text each.
    Text,
    /// A JSON object each.
    Json,
}

impl From<ConformArgument> for Conform {
    fn from(argument: ConformArgument) -> Self {
        match argument {
            ConformArgument::All => Self::All,
            ConformArgument::Sampled => Self::Sampled,
            ConformArgument::Off => Self::Off,
        }
    }
}

/// Why an argument cannot be used.
#[derive(Debug, thiserror::Error)]
enum ArgumentError {
    #[error("`{0}` is no address such as `127.0.0.1:7447`")]
    Address(String),
    #[error("`{0}` is no span such as `30s`")]
    Span(String),
    #[error("`{0}` leaves no time at all, expected a span such as `30s`")]
    NoTime(String),
    #[error("`{0}` is no filter such as `info` or `seatrial=debug`")]
    Filter(String),
}

fn address(text: &str) -> Result<SocketAddr, ArgumentError> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| ArgumentError::Address(text.to_owned()))
}

fn listen(text: &str) -> Result<Listen, ArgumentError> {
    let (mount, at) = text.split_once('=').map_or((None, text), |(mount, at)| (Some(mount.to_owned()), at));
    Ok(Listen { mount, address: address(at)? })
}

fn span(text: &str) -> Result<Duration, ArgumentError> {
    time::duration(text).ok_or_else(|| ArgumentError::Span(text.to_owned()))
}

fn patience(text: &str) -> Result<Duration, ArgumentError> {
    span(text).and_then(|span| if span.is_zero() { Err(ArgumentError::NoTime(text.to_owned())) } else { Ok(span) })
}

fn filter(text: &str) -> Result<Targets, ArgumentError> {
    // What stands in brackets filters by spans, and there are none.
    let read = if text.contains('[') { None } else { text.parse().ok() };
    read.ok_or_else(|| ArgumentError::Filter(text.to_owned()))
}
