//! What was done to a sandbox besides calls, as it is told to people. Nothing depends on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
    /// It began as a copy of another sandbox.
    Forked,
    /// A scenario came to work.
    Scenario,
    SnapshotTaken,
    SnapshotRestored,
    FaultOn,
    FaultOff,
    /// A subscription was made by hand, as in a vendor's portal.
    Subscribed,
    /// A subscription was removed by hand.
    Unsubscribed,
    /// Something was sent by hand: a test, a delivery once more, or what waited for a paused subscription.
    Sent,
    /// A parcel was moved by hand, or got another timeline.
    Parcel,
    /// Calls were removed from the journal.
    CallsRemoved,
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
    /// The name of the scenario, the snapshot, the other sandbox or the fault, the id of the subscription or the delivery, the number of
    /// the parcel, or how time passes.
    pub name: Option<String>,
    /// How many tasks happened while the clock was moved.
    pub fired: Option<u64>,
    /// More about it: what a subscription is for, how a parcel was moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Value>,
}

/// How many characters of a name a line has.
const LONGEST_NAME: usize = 200;

impl LogLine {
    /// About how many bytes it occupies.
    #[must_use]
    pub fn size(&self) -> usize {
        let texts = self.name.as_ref().map_or(0, String::len) + self.detail.as_ref().map_or(0, |detail| 4 * detail.to_string().len());
        size_of::<Self>() + texts
    }

    /// A line that has neither its times nor its numbers yet.
    #[must_use]
    pub fn of(what: Deed, name: Option<&str>) -> Self {
        let (at, name) = (Timestamp::UNIX_EPOCH, name.map(|name| name.chars().take(LONGEST_NAME).collect()));
        Self { number: 0, at, received: at, after: 0, what, name, fired: None, detail: None }
    }

    /// The same with more about it.
    #[must_use]
    pub fn with(what: Deed, name: &str, detail: Value) -> Self {
        Self { detail: Some(detail), ..Self::of(what, Some(name)) }
    }
}
