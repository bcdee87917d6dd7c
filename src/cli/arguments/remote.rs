//! Arguments of the commands that are thin over the admin API of a running server.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ServerArguments;
use crate::scenario::verify::Format;

#[derive(Args, Debug)]
pub struct ClockArguments {
    #[command(subcommand)]
    pub command: Option<ClockCommand>,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// What is done with a clock; it is shown when nothing is said.
#[derive(Debug, Subcommand)]
pub enum ClockCommand {
    /// Show the time, how it passes, and what is due next
    Show,
    /// Move the time forward; everything that is due on the way happens
    Advance {
        /// A span of time, such as `72h`, or a time to reach, such as `2026-01-05T09:00:00Z`
        #[arg(value_name = "SPAN", allow_hyphen_values = true)]
        by: String,
        /// Come back at once; the clock goes on
        #[arg(long)]
        no_wait: bool,
    },
    /// Set the time forward
    Set {
        /// The time, such as `2026-01-05T09:00:00Z`
        #[arg(value_name = "TIME", allow_hyphen_values = true)]
        to: String,
    },
    /// Have time stand still until it is moved
    Freeze,
    /// Have time pass
    Run {
        /// So many times as fast as the wall clock
        #[arg(long, value_name = "FACTOR")]
        speed: Option<f64>,
    },
}

#[derive(Args, Debug)]
pub struct SandboxArguments {
    #[command(subcommand)]
    pub command: SandboxCommand,
    #[command(flatten)]
    pub server: ServerArguments,
}

/// What is done with sandboxes. Where no name is given, it is the one of `--sandbox`.
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// List the sandboxes, a line each
    List,
    /// Print a sandbox with its credentials and addresses, as JSON
    Show {
        /// Its name
        name: Option<String>,
    },
    /// Open a sandbox, and print its credentials and addresses
    Create {
        /// Its name; one is made up unless told
        name: Option<String>,
        /// Its scenario: a file, or the name of a built-in one
        #[arg(long, value_name = "FILE")]
        scenario: Option<PathBuf>,
        /// Its seed
        #[arg(long, value_name = "NUMBER")]
        seed: Option<u64>,
        /// Idle time after which it is removed, such as `30m`; `0s` keeps it
        #[arg(long, value_name = "DURATION")]
        ttl: Option<String>,
    },
    /// Open a copy of a sandbox, and print its credentials and addresses
    Fork {
        /// The name of the copy; one is made up unless told
        name: Option<String>,
    },
    /// Take a sandbox back to when its scenario was loaded
    Reset {
        /// Its name
        name: Option<String>,
    },
    /// Remove a sandbox, and print the verdict on it; the exit code is 1 unless all that it expected holds
    Delete {
        /// Its name
        name: String,
    },
    /// Keep the state of a sandbox under a name
    Snapshot {
        /// The name of the snapshot
        #[arg(value_name = "SNAPSHOT")]
        name: Option<String>,
    },
    /// Take a sandbox back to a snapshot
    Restore {
        /// The name of the snapshot
        #[arg(value_name = "SNAPSHOT")]
        name: Option<String>,
    },
    /// Print a sandbox as a file
    Export {
        /// Its name
        name: Option<String>,
        /// What of its past is in the file, for `seatrial view`: `journal` has the calls, `log` what was done besides
        #[arg(long, value_name = "WHAT", value_delimiter = ',')]
        include: Vec<String>,
    },
    /// Make a sandbox what a file says; it is opened if there is none
    Import {
        /// The file
        file: PathBuf,
        /// Its name
        name: Option<String>,
    },
}

#[derive(Args, Debug)]
pub struct WaitArguments {
    /// Wait for calls of this operation only, such as `shippo.CreateTransaction`
    #[arg(long, value_name = "OPERATION")]
    pub operation: Option<String>,
    /// Wait for calls that received this status only, or a class such as `4xx`
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// How many calls are waited for, those included that came before
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub count: u64,
    /// How long they are waited for
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = super::span)]
    pub timeout: std::time::Duration,
    #[command(flatten)]
    pub server: ServerArguments,
}

#[derive(Args, Debug)]
pub struct VerifyArguments {
    /// How long is waited for everything to hold
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = super::span)]
    pub wait: std::time::Duration,
    /// How the verdict is written: as `text`, `json`, `junit` or `sarif`
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = format)]
    pub format: Format,
    #[command(flatten)]
    pub server: ServerArguments,
}

fn format(name: &str) -> Result<Format, String> {
    Format::named(name).ok_or_else(|| format!("it is one of {}", Format::ALL.map(|(_, known)| known).join(", ")))
}
