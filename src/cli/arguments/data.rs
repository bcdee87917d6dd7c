//! `seatrial data`.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::FalseyValueParser;

use super::VendorArguments;

/// What is done with a data directory, which no process may have open.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Read all of a data directory, and say what it holds and whether it is damaged
    Check {
        /// The directory of `--data-dir`
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// Print JSON instead of text
        #[arg(long, env = "SEATRIAL_DATA_JSON", value_parser = FalseyValueParser::new())]
        json: bool,
        #[command(flatten)]
        vendors: VendorArguments,
    },
    /// Print the file of a sandbox, as the admin API exports it
    Export {
        /// The directory of `--data-dir`
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// The sandbox, such as `default`
        name: String,
        #[command(flatten)]
        vendors: VendorArguments,
    },
}
