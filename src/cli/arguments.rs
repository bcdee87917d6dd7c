//! The command line. Every flag has an environment variable.

mod choices;
mod contract;
mod data;
mod fleet;
mod fuzz;
mod log_filter;
mod operations;
mod pact;
mod remote;
mod tls;
mod vendors;
mod view;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;

pub use self::choices::{ConformArgument, ContractArgument, FsyncArgument, LogFormat, SchemaArgument};
pub use self::contract::{ContractCommand, DriftArguments, ImportArguments, ReportArguments, RunArguments};
pub use self::data::DataCommand;
pub use self::fleet::{DatabaseArguments, FleetCommand};
pub use self::fuzz::FuzzArguments;
pub use self::operations::{OperationsArguments, OperationsFormat};
pub use self::pact::{NameAndText, PactCommand, PactExportArguments, PactVerifyArguments};
pub use self::remote::{ClockArguments, ClockCommand, SandboxArguments, SandboxCommand, VerifyArguments, WaitArguments};
pub use self::tls::{AuthorityArguments, CaArguments, TlsArguments};
pub use self::vendors::{VendorArguments, VendorFile};
pub use self::view::ViewArguments;
use crate::base::{authority, time};
use crate::server::{Addresses, Listen, Target, UpstreamUrl};

/// Carrier APIs on localhost: stateful, deterministic, on a virtual clock.
#[derive(Debug, Parser)]
#[command(name = "seatrial", version, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// `serve` when none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The flags of `serve`, which may be given without its name.
    #[command(flatten)]
    pub serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the vendors and the admin API
    Serve(Box<ServeArguments>),
    /// Check scenarios and conversations and print every problem in them
    Check(CheckArguments),
    /// Hold clients against the vendors' documents
    #[command(subcommand)]
    Contract(ContractCommand),
    /// Print how many operations of each vendor are implemented, and on which evidence
    Coverage(CoverageArguments),
    /// Check that a running server answers, as health checks of containers do
    Health(HealthArguments),
    /// Explain a code of a problem, such as `S011`, or list all of them
    Explain {
        /// The code
        code: Option<String>,
    },
    /// List the calls of a running server, or explain what its scenario made of one
    Requests(RequestsArguments),
    /// Judge what a sandbox of a running server expects; the exit code is 1 unless all of it holds
    Verify(VerifyArguments),
    /// Wait for calls to a running server
    Wait(WaitArguments),
    /// Show or move the clock of a sandbox of a running server
    Clock(ClockArguments),
    /// List, open, copy, reset or remove sandboxes of a running server, or keep them as files
    Sandbox(SandboxArguments),
    /// Show the page over the file of a sandbox, where nothing can be changed
    View(ViewArguments),
    /// List the built-in scenarios, or print one
    Scenarios {
        /// The one to print, such as `label-bought-answer-lost`
        #[arg(long, value_name = "NAME")]
        show: Option<String>,
    },
    /// List what vendors can be asked, or print all about one operation, with a call that works
    Operations(OperationsArguments),
    /// Look through a data directory, or take a sandbox out of it
    #[command(subcommand)]
    Data(DataCommand),
    /// Show the replicas that share a database, or have them write a later format
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// Print the JSON Schema of scenario or conversation files
    Schema {
        /// The kind of file
        #[arg(default_value = "scenario")]
        of: SchemaArgument,
        #[command(flatten)]
        vendors: VendorArguments,
    },
    /// Print a shell completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the certificate of the local certificate authority, and how programs come to trust it
    Ca(CaArguments),
    /// Print the manual page, or write that of every command into a folder
    Man {
        /// The folder, which is made if it is missing
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
}

#[derive(Args, Clone, Debug)]
pub struct ServeArguments {
    /// Address to listen on; `vendor=ADDRESS` serves that vendor alone, at `/`. Repeatable; port 0 picks a free port
    #[arg(long, env = "SEATRIAL_LISTEN", value_name = "[VENDOR=]ADDRESS", value_delimiter = ',', default_value = "127.0.0.1:7447", value_parser = listen)]
    pub listen: Vec<Listen>,
    /// Address of the admin API, if it is not served with the vendors
    #[arg(long, env = "SEATRIAL_ADMIN_LISTEN", value_name = "ADDRESS", value_parser = addresses)]
    pub admin_listen: Option<Addresses>,
    #[command(flatten)]
    pub tls: TlsArguments,
    /// Address at which callers reach all of it by way of a proxy, such as `https://carriers.example/mock`. Links begin with it; otherwise
    /// with what `Forwarded` and `X-Forwarded-*` say, or with `Host`
    #[arg(long, env = "SEATRIAL_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<String>,
    #[command(flatten)]
    pub vendors: VendorArguments,
    /// Scenario of the default sandbox: a file, or the name of a built-in one. Repeatable; what a later one says goes before what an
    /// earlier one says
    #[arg(long, env = "SEATRIAL_SCENARIO", value_name = "FILE", value_delimiter = ',')]
    pub scenario: Vec<PathBuf>,
    /// Read the files of the scenario again whenever one of them changes, or one that they include. An edit with mistakes is told, and
    /// changes nothing
    #[arg(long, env = "SEATRIAL_WATCH", value_parser = FalseyValueParser::new(), requires = "scenario")]
    pub watch: bool,
    /// File of a sandbox that was exported, which the default sandbox begins as. One that a data directory began as goes on
    #[arg(long, env = "SEATRIAL_IMPORT", value_name = "FILE", conflicts_with_all = ["scenario", "seed"])]
    pub import: Option<PathBuf>,
    /// Directory in which sandboxes are kept for the next process; without one they end with this one
    #[arg(long, env = "SEATRIAL_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of a PostgreSQL database, such as `postgres://user@host:5432/name`, in which several replicas behind a balancer share their
    /// sandboxes. The first one brings the default sandbox. Repeatable (in the variable: with blanks between them): each database has a
    /// share of the sandboxes, and all replicas are given all of them
    #[arg(long, env = "SEATRIAL_DATABASE", value_name = "URL", hide_env_values = true)]
    #[arg(conflicts_with_all = ["data_dir", "watch", "import", "upstream", "verify", "verify_report"])]
    pub database: Vec<String>,
    /// PEM file of certificate authorities, or of the database's own certificate, besides public ones, where the address of the database
    /// says `sslmode=require`. Repeatable
    #[arg(long, env = "SEATRIAL_DATABASE_CA", value_name = "FILE", value_delimiter = ',', requires = "database")]
    pub database_ca: Vec<PathBuf>,
    /// When what is kept has to be on the disk itself. No answered call is lost with the process in any case, nor with `always` when the
    /// power fails
    #[arg(long, env = "SEATRIAL_FSYNC", value_name = "WHEN", default_value = "interval", requires = "data_dir")]
    pub fsync: FsyncArgument,
    /// Judge every sandbox at the end (SIGTERM, SIGINT, SIGHUP, SIGQUIT), also those that ended before, and exit with 1 unless all that
    /// they expect holds
    #[arg(long, env = "SEATRIAL_VERIFY", value_parser = FalseyValueParser::new())]
    pub verify: bool,
    /// File that the verdicts are written to at the end: `.json`, `.xml` (JUnit), `.sarif`, or text. Repeatable
    #[arg(long, env = "SEATRIAL_VERIFY_REPORT", value_name = "FILE", value_delimiter = ',')]
    pub verify_report: Vec<PathBuf>,
    /// Seed of the default sandbox; overrides the scenario's
    #[arg(long, env = "SEATRIAL_SEED", value_name = "NUMBER", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Write the ready line to this file when all listeners are bound
    #[arg(long, env = "SEATRIAL_READY_FILE", value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// Exit when standard input is closed, as it is when the parent process exits
    #[arg(long, env = "SEATRIAL_EXIT_WITH_STDIN", value_parser = FalseyValueParser::new())]
    pub exit_with_stdin: bool,
    /// When the admin API requires a token
    #[arg(long, env = "SEATRIAL_ADMIN_AUTH", value_name = "WHEN", default_value = "auto")]
    pub admin_auth: AdminAuthArgument,
    /// Token of the admin API; one is generated and printed if it is required and missing
    #[arg(long, env = "SEATRIAL_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Host name that is served on loopback addresses, besides loopback names and the vendors' own. Repeatable
    #[arg(long, env = "SEATRIAL_ALLOW_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host_name)]
    pub allow_host: Vec<String>,
    /// Host name, `.domain`, address or network that webhooks may be sent to, besides loopback and private addresses. Repeatable
    #[arg(long, env = "SEATRIAL_ALLOW_EGRESS", value_name = "TARGET", value_delimiter = ',')]
    pub allow_egress: Vec<Target>,
    /// PEM file of certificate authorities, or of receivers' own certificates, for `https://` webhooks besides public ones. Repeatable
    #[arg(long, env = "SEATRIAL_EGRESS_CA", value_name = "FILE", value_delimiter = ',')]
    pub egress_ca: Vec<PathBuf>,
    /// Leave out the page for browsers, at `/_seatrial/ui/`
    #[arg(long, env = "SEATRIAL_NO_UI", value_parser = FalseyValueParser::new())]
    pub no_ui: bool,
    /// Base URL of a vendor itself, which its calls are passed on to, such as `shippo=https://api.goshippo.com`: request and answer are
    /// held against the document and written into the journal. `--allow-egress` has to allow its host. Repeatable
    #[arg(long, env = "SEATRIAL_UPSTREAM", value_name = "VENDOR=URL", value_delimiter = ',')]
    pub upstream: Vec<UpstreamUrl>,
    /// Pass on only calls that the sandbox has no behavior for
    #[arg(long, env = "SEATRIAL_SPY", value_parser = FalseyValueParser::new(), requires = "upstream")]
    pub spy: bool,
    /// Omit our own headers from the vendors' answers
    #[arg(long, env = "SEATRIAL_PLAIN", value_parser = FalseyValueParser::new())]
    pub plain: bool,
    /// How often answers are validated against the vendor's document; `sampled` unless told
    #[arg(long, env = "SEATRIAL_CONFORM", value_name = "HOW")]
    pub conform: Option<ConformArgument>,
    /// What becomes of requests that depart from the vendor's document although the vendor takes them; `off` unless told
    #[arg(long, env = "SEATRIAL_CONTRACT", value_name = "HOW")]
    pub contract: Option<ContractArgument>,
    /// Largest number of open connections of each listener; further ones take the place of those that are idle for the longest time. Where
    /// few files may be open, half of them are left to everything else
    #[arg(long, env = "SEATRIAL_CONNECTIONS", value_name = "NUMBER", default_value = "10000")]
    pub connections: NonZeroUsize,
    /// Largest request body that is accepted, in bytes
    #[arg(long, env = "SEATRIAL_BODY_LIMIT", value_name = "BYTES", default_value = "10MiB", value_parser = some_size)]
    pub body_limit: usize,
    /// Largest amount of request bodies under way at once, in bytes, and as much again of answers. A sixteenth of the memory that the
    /// process may take (by its control group, else the machine's) unless told, at most 256 MiB
    #[arg(long, env = "SEATRIAL_IN_FLIGHT_BYTES", value_name = "BYTES", value_parser = size)]
    pub in_flight_bytes: Option<usize>,
    /// Size of each sandbox's journal, in bytes; the oldest calls are dropped beyond it. 16 MiB unless told
    #[arg(long, env = "SEATRIAL_JOURNAL_BYTES", value_name = "BYTES", value_parser = size)]
    pub journal_bytes: Option<usize>,
    /// Size of all journals together, in bytes; beyond it the largest ones drop their oldest calls. A sixteenth of the memory unless
    /// told, at most 256 MiB
    #[arg(long, env = "SEATRIAL_JOURNALS_BYTES", value_name = "BYTES", value_parser = size)]
    pub journals_bytes: Option<usize>,
    /// Largest amount of data in one sandbox, in bytes. Half of that of all unless told, at most 128 MiB in a fleet
    #[arg(long, env = "SEATRIAL_SANDBOX_BYTES", value_name = "BYTES", value_parser = size)]
    pub sandbox_bytes: Option<usize>,
    /// Largest amount of data in all sandboxes together, in bytes; each takes 32 KiB at least. Six sixteenths of the memory unless
    /// told, at most 8 GiB
    #[arg(long, env = "SEATRIAL_TOTAL_BYTES", value_name = "BYTES", value_parser = size)]
    pub total_bytes: Option<usize>,
    /// Idle time after which a sandbox other than the default one is removed; `0s` keeps all. 24 h unless told
    #[arg(long, env = "SEATRIAL_SANDBOX_TTL", value_name = "DURATION", value_parser = span)]
    pub sandbox_ttl: Option<Duration>,
    /// Largest number of sandboxes; 10,000 unless told
    #[arg(long, env = "SEATRIAL_SANDBOXES", value_name = "NUMBER")]
    pub sandboxes: Option<usize>,
    /// Time in which a client has to send its request
    #[arg(long, env = "SEATRIAL_READ_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = timeout)]
    pub read_timeout: Duration,
    /// Time after which an advance of a clock is answered although receivers of webhooks are still waited for: the clock goes on, and
    /// shows where it is
    #[arg(long, env = "SEATRIAL_ADVANCE_TIMEOUT", value_name = "DURATION", default_value = "20s", value_parser = timeout)]
    pub advance_timeout: Duration,
    /// Format of the logs on stderr
    #[arg(long, env = "SEATRIAL_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
    /// Log filter, such as `info` or `seatrial=debug`
    #[arg(long, env = "SEATRIAL_LOG", value_name = "FILTER", default_value = "info", value_parser = log_filter::filter)]
    pub log: Targets,
}

#[derive(Args, Debug)]
pub struct CheckArguments {
    /// Scenario files, or folders with such files
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Check the files as the one scenario that `serve` makes of several
    #[arg(long, env = "SEATRIAL_CHECK_TOGETHER", value_parser = FalseyValueParser::new())]
    pub together: bool,
    /// How problems are printed: `human` to standard error, the others to standard output
    #[arg(long, env = "SEATRIAL_CHECK_FORMAT", value_name = "FORMAT", default_value = "human")]
    pub format: CheckFormat,
    #[command(flatten)]
    pub vendors: VendorArguments,
}

/// How `check` prints problems.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// As a compiler does
    Human,
    /// A JSON list
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub's workflows
    Github,
}

#[derive(Args, Debug)]
pub struct CoverageArguments {
    /// Print JSON instead of a table
    #[arg(long, env = "SEATRIAL_COVERAGE_JSON", value_parser = FalseyValueParser::new())]
    pub json: bool,
    #[command(flatten)]
    pub vendors: VendorArguments,
}

#[derive(Args, Debug)]
pub struct RequestsArguments {
    /// The call to explain, by its `seatrial-request`: which overrides were tried, which condition failed, which one fired
    #[arg(long, value_name = "ID")]
    pub explain: Option<String>,
    /// Print calls as they happen, until the sandbox is gone
    #[arg(long, conflicts_with = "explain")]
    pub follow: bool,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// The running server that a command speaks to.
#[derive(Args, Debug)]
pub struct ServerArguments {
    /// Base URL of the server, such as `http://127.0.0.1:7447`; the one that a server with this environment listens at unless told
    #[arg(long, env = "SEATRIAL_URL", value_name = "URL", global = true)]
    pub url: Option<String>,
    /// Token of its admin API
    #[arg(long, env = "SEATRIAL_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true, global = true)]
    pub admin_token: Option<String>,
    /// The sandbox of that server
    #[arg(long, env = "SEATRIAL_SANDBOX", value_name = "NAME", default_value = "default", global = true)]
    pub sandbox: String,
    /// PEM file of certificate authorities, or of a server's own certificate, besides public ones. Repeatable
    #[arg(long, env = "SEATRIAL_EGRESS_CA", value_name = "FILE", value_delimiter = ',', global = true)]
    pub egress_ca: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub struct HealthArguments {
    /// Address of the admin API
    #[arg(long, env = "SEATRIAL_HEALTH_ADDRESS", value_name = "ADDRESS", value_parser = address)]
    pub address: Option<SocketAddr>,
    /// How long to wait for a server that does not answer yet
    #[arg(long, env = "SEATRIAL_HEALTH_WAIT", value_name = "DURATION", default_value = "0s", value_parser = span)]
    pub wait: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AdminAuthArgument {
    /// On addresses other than loopback, or when a token is set.
    Auto,
    /// Never.
    Off,
}

#[derive(Debug, thiserror::Error)]
enum ArgumentError {
    #[error("`{0}` is not an address, expected one like `127.0.0.1:7447`")]
    Address(String),
    #[error("`{0}` is not a base URL, expected one like `https://carriers.example/mock`")]
    PublicUrl(String),
    #[error("`{0}` is not a size, expected one like `64KiB`, `10MB` or a number of bytes")]
    Size(String),
    #[error("`{0}` is no bytes at all, expected a size like `64KiB`")]
    NoSize(String),
    #[error("`{0}` is not a host name, expected one like `carriers.internal`, without scheme, port and path")]
    HostName(String),
    #[error("`{0}` is not a seed, expected a whole number from 0 to {max}", max = u64::MAX)]
    Seed(String),
    #[error("`{0}` is not a duration, expected one like `30s`")]
    Span(String),
    #[error("`{0}` is no time at all, expected a duration like `30s`")]
    NoTime(String),
    #[error("`{0}` mounts nothing, expected one like `acme=acme.openapi.yaml`, a name of `a-z 0-9 _`")]
    Vendor(String),
    #[error("`{0}` is not a number of calls in a second, expected one like `2` or `0.5`")]
    Rate(String),
}

fn address(text: &str) -> Result<SocketAddr, ArgumentError> {
    let found = text.to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    found.ok_or_else(|| ArgumentError::Address(text.to_owned()))
}

/// All addresses of a name. `localhost` is both loopback addresses, whatever the file of hosts says.
fn addresses(text: &str) -> Result<Addresses, ArgumentError> {
    let port = text.rsplit_once(':').filter(|(name, _)| name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case("localhost"));
    if let Some(port) = port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        return Ok(Addresses(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]));
    }
    let found: Vec<SocketAddr> = text.to_socket_addrs().into_iter().flatten().collect();
    if found.is_empty() { Err(ArgumentError::Address(text.to_owned())) } else { Ok(Addresses(found)) }
}

fn listen(text: &str) -> Result<Listen, ArgumentError> {
    let (mount, at) = text.split_once('=').map_or((None, text), |(mount, at)| (Some(mount.to_owned()), at));
    Ok(Listen { mount, addresses: addresses(at)? })
}

fn public_url(text: &str) -> Result<String, ArgumentError> {
    let is_url = text.parse::<http::Uri>().is_ok_and(|url| {
        let host = url.authority().and_then(|authority| authority::split(authority.as_str()));
        matches!(url.scheme_str(), Some("http" | "https")) && host.is_some() && url.query().is_none()
    });
    if is_url && !text.contains('#') { Ok(text.trim_end_matches('/').to_owned()) } else { Err(ArgumentError::PublicUrl(text.to_owned())) }
}

/// A number of bytes: `4096`, `64KiB`, `10MB`, `1G`.
fn size(text: &str) -> Result<usize, ArgumentError> {
    let digits = text.trim().trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit = text.trim()[digits.len()..].trim().to_ascii_lowercase();
    let factor = match unit.as_str() {
        "" | "b" => Some(1),
        "kb" => Some(1_000),
        "mb" => Some(1_000_000),
        "gb" => Some(1_000_000_000),
        "k" | "kib" => Some(1 << 10),
        "m" | "mib" => Some(1 << 20),
        "g" | "gib" => Some(1 << 30),
        _ => None,
    };
    let bytes = factor.zip(digits.parse::<usize>().ok()).and_then(|(factor, count)| count.checked_mul(factor));
    bytes.ok_or_else(|| ArgumentError::Size(text.to_owned()))
}

fn some_size(text: &str) -> Result<usize, ArgumentError> {
    size(text).and_then(|bytes| if bytes > 0 { Ok(bytes) } else { Err(ArgumentError::NoSize(text.to_owned())) })
}

fn host_name(text: &str) -> Result<String, ArgumentError> {
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_name || text.parse::<IpAddr>().is_ok() { Ok(text.to_owned()) } else { Err(ArgumentError::HostName(text.to_owned())) }
}

fn seed(text: &str) -> Result<u64, ArgumentError> {
    text.parse().map_err(|_| ArgumentError::Seed(text.to_owned()))
}

fn span(text: &str) -> Result<Duration, ArgumentError> {
    time::duration(text).ok_or_else(|| ArgumentError::Span(text.to_owned()))
}

fn timeout(text: &str) -> Result<Duration, ArgumentError> {
    span(text).and_then(|span| if span.is_zero() { Err(ArgumentError::NoTime(text.to_owned())) } else { Ok(span) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [("4096", 4096), ("64KiB", 65_536), ("10MB", 10_000_000), ("1G", 1 << 30), ("2 m", 2 << 20), ("7B", 7)] {
            assert_eq!(size(text).ok(), Some(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "1.5GB", "10 parsecs", "99999999999GiB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(size("0").is_ok() && some_size("0").is_err());
    }

    #[test]
    fn names_of_hosts_are_nothing_else() {
        for (text, is_name) in
            [("carriers.internal", true), ("my_host-2", true), ("::1", true), ("http://x", false), ("x:80", false), ("", false)]
        {
            assert_eq!(host_name(text).is_ok(), is_name, "{text}");
        }
    }
}
