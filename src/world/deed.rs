//! What was done to a sandbox besides calls, as it is told to people. Nothing depends on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::Timestamp;

/// What can be done to a sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The clock was moved; `fired` tasks happened on the way.
    Advanced,
    /// Time passes in another way.
    Mode,
    Reset,
    Imported,
    /// A scenario came to work.
    Scenario,
    SnapshotTaken,
    SnapshotRestored,
    FaultOn,
    FaultOff,
}

/// Something that was done to a sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LogLine {
    /// Its number among all lines of the sandbox, from 1.
    pub number: u64,
    /// When it was done, on the sandbox's clock: after it.
    pub at: Timestamp,
    /// The same by the wall clock.
    pub received: Timestamp,
    /// The number of the last call before it; 0 if there was none.
    pub after: u64,
    pub what: Deed,
    /// The name of the scenario, the snapshot or the fault, or how time passes.
    pub name: Option<String>,
    /// How many tasks happened while the clock was moved.
    pub fired: Option<u64>,
}
