//! What is known of a client once its calls were held against the documents.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The departures of all calls of a sandbox or a file, and what was tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ContractReport")]
pub struct Report {
    /// The sandbox, or the file.
    pub of: String,
    /// How many calls were judged.
    pub calls: u64,
    /// How many calls are no longer in the journal, so that nobody knows what they were.
    pub dropped: u64,
    /// How many calls have so large a body that only its beginning was kept; it was not judged.
    pub cut: u64,
    /// How many calls were for none of the vendors.
    pub foreign: u64,
    /// How many calls of the journal were not judged yet, where the caller did not want to wait for it.
    #[serde(default)]
    pub pending: u64,
    /// How many departures were not counted, because too many different ones were met before.
    #[serde(default)]
    pub left_out: u64,
    /// What the document forbids, most frequent first.
    pub violations: Vec<Finding>,
    /// Members and parameters that the document does not have, and does not forbid.
    pub undocumented: Vec<Finding>,
    /// What the document advises against.
    pub deprecated: Vec<Finding>,
    /// What was tried, for each vendor that was called.
    pub vendors: Vec<VendorReport>,
}

/// One departure, however often it was met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ContractFinding")]
pub struct Finding {
    pub vendor: String,
    /// Such as `shippo.CreateAddress`; `null` if the document has no operation for the call.
    pub operation: Option<String>,
    /// In which part of the request: `body`, `query`, `path`, `header`, or `request` for the whole.
    pub location: String,
    /// Where in that part, as a JSON pointer; that of the first call, where elements of lists count as one.
    pub pointer: String,
    /// The keyword of JSON Schema that is broken, or the code of the note.
    pub rule: String,
    /// What was found, and what was expected.
    pub detail: String,
    /// The values that were sent: a few different ones, `null` where there was none.
    pub values: Vec<Value>,
    pub count: u64,
    /// How many of these calls the vendor took nevertheless.
    pub taken: u64,
    /// The first call: its `seatrial-request`, or its number in the file.
    pub first: String,
}

/// What of a vendor was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ContractVendor")]
pub struct VendorReport {
    pub vendor: String,
    /// How many operations its document has.
    pub operations: usize,
    /// Those that were called, in the order of the document.
    pub exercised: Vec<ExercisedOperation>,
    /// Those that were never called.
    pub never: Vec<String>,
}

/// An operation that was called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ContractOperation")]
pub struct ExercisedOperation {
    pub operation: String,
    pub method: String,
    pub path: String,
    /// How often each status was answered; `0` is for calls without an answer.
    pub statuses: BTreeMap<u16, u64>,
    /// The statuses that the document declares and that were never met.
    pub never: Vec<u16>,
}

impl Report {
    /// All findings, with whether each is a violation, undocumented or deprecated.
    pub fn findings(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        let kinds = [("violation", &self.violations), ("undocumented", &self.undocumented), ("deprecated", &self.deprecated)];
        kinds.into_iter().flat_map(|(kind, rows)| rows.iter().map(move |row| (kind, row)))
    }
}

impl Finding {
    /// The operation, or the vendor where there is none.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.operation.as_deref().unwrap_or(&self.vendor)
    }

    /// Part and pointer: `body /parcels/0/weight`.
    #[must_use]
    pub fn place(&self) -> String {
        if self.pointer.is_empty() { self.location.clone() } else { format!("{} {}", self.location, self.pointer) }
    }

    /// How often, and how often the vendor took it: `3 times, taken twice`.
    #[must_use]
    pub fn frequency(&self) -> String {
        let times = |count: u64| match count {
            1 => "once".to_owned(),
            2 => "twice".to_owned(),
            count => format!("{count} times"),
        };
        match self.taken {
            0 => times(self.count),
            taken if taken == self.count => format!("{}, taken", times(self.count)),
            taken => format!("{}, taken {}", times(self.count), times(taken)),
        }
    }
}
