//! Batches.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::dialect::page::Page;
use super::Moment;

/// A batch as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Batch {
    pub object_id: String,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub status: Status,
    pub metadata: String,
    pub default_carrier_account: String,
    pub default_servicelevel_token: String,
    pub label_filetype: Option<String>,
    pub entries: Vec<Entry>,
    /// What is still to be validated, as it was sent.
    pub waiting: Vec<Value>,
    /// How many merged files there are.
    pub files: usize,
    pub test: bool,
}

/// Where a batch is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Validating,
    Valid,
    Invalid,
    Purchasing,
    Purchased,
}

/// One shipment of a batch, which is also its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub metadata: String,
    pub carrier_account: Option<String>,
    pub servicelevel_token: Option<String>,
    /// Empty where none could be made: the vendor's libraries want a text here.
    pub shipment: String,
    pub transaction: Option<String>,
    pub object_id: String,
    pub status: EntryStatus,
    pub messages: Vec<String>,
}

/// What became of a shipment of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum EntryStatus {
    Valid,
    Invalid,
    TransactionFailed,
}

/// How many shipments got how far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counters {
    purchase_succeeded: usize,
    purchase_failed: usize,
    creation_failed: usize,
    creation_succeeded: usize,
}

/// A batch as it is answered.
#[derive(Serialize)]
pub(crate) struct View {
    pub object_id: String,
    pub object_owner: Cow<'static, str>,
    pub status: Status,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub metadata: String,
    pub default_carrier_account: String,
    pub default_servicelevel_token: String,
    pub label_filetype: Option<String>,
    pub batch_shipments: Page<Entry>,
    pub object_results: Counters,
    pub label_url: Vec<String>,
    pub test: bool,
}

impl Entry {
    /// Whether it is counted, and listed, under one of the four results.
    pub(crate) fn is_under(&self, result: &str) -> bool {
        match result {
            "creation_failed" => self.status == EntryStatus::Invalid,
            "creation_succeeded" => self.status != EntryStatus::Invalid,
            "purchase_failed" => self.status == EntryStatus::TransactionFailed,
            "purchase_succeeded" => self.status == EntryStatus::Valid && self.transaction.is_some(),
            _ => true,
        }
    }
}

impl Counters {
    /// Counts.
    pub(crate) fn of(entries: &[Entry]) -> Self {
        let count = |result: &str| entries.iter().filter(|entry| entry.is_under(result)).count();
        Self {
            purchase_succeeded: count("purchase_succeeded"),
            purchase_failed: count("purchase_failed"),
            creation_failed: count("creation_failed"),
            creation_succeeded: count("creation_succeeded"),
        }
    }
}
