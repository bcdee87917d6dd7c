//! Arguments of `seatrial fleet`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What is done with a fleet, by way of its database.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// List the replicas that were heard of lately, and the format that they write
    Status(DatabaseArguments),
    /// Have all replicas write the newest format of this version, when all of them read it: after the last replica of an earlier version
    /// has ended. There is no way back to such a version
    Upgrade(DatabaseArguments),
}

/// The databases of a fleet.
#[derive(Debug, Args)]
pub struct DatabaseArguments {
    /// Addresses of its databases, as of `seatrial serve`. Repeatable
    #[arg(long, env = "SEATRIAL_DATABASE", value_name = "URL", hide_env_values = true, required = true)]
    pub database: Vec<String>,
    /// PEM file of certificate authorities that a database may be certified by, as of `seatrial serve`. Repeatable
    #[arg(long, env = "SEATRIAL_DATABASE_CA", value_name = "FILE", value_delimiter = ',')]
    pub database_ca: Vec<PathBuf>,
}
