//! Flags that take one of a few words.

use std::time::Duration;

use clap::ValueEnum;

use crate::engine::{Conform, Contract};
use crate::store::Fsync;

/// When what is kept has to be on the disk itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FsyncArgument {
    /// Before a call is answered.
    Always,
    /// 200 ms after it was written, at the latest.
    Interval,
    /// When the system does it.
    Off,
}

impl From<FsyncArgument> for Fsync {
    fn from(argument: FsyncArgument) -> Self {
        match argument {
            FsyncArgument::Always => Self::Always,
            FsyncArgument::Interval => Self::Interval(Duration::from_millis(200)),
            FsyncArgument::Off => Self::Off,
        }
    }
}

/// Files with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaArgument {
    /// Scenarios: data, overrides, faults and expectations of a sandbox.
    Scenario,
    /// Conversations: calls with their expected answers.
    Conversation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConformArgument {
    /// Every answer.
    All,
    /// The first sixteen of each account, and every 64th after that.
    Sampled,
    /// None.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ContractArgument {
    /// They pass, as at the vendor.
    Off,
    /// They pass, and are noted.
    Lenient,
    /// They are refused, in the vendor's own words.
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text for each event.
    Text,
    /// One JSON object for each event.
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

impl From<ContractArgument> for Contract {
    fn from(argument: ContractArgument) -> Self {
        match argument {
            ContractArgument::Off => Self::Off,
            ContractArgument::Lenient => Self::Lenient,
            ContractArgument::Strict => Self::Strict,
        }
    }
}
