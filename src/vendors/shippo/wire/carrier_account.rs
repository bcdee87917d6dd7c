//! Carrier accounts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A carrier account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CarrierAccount {
    pub object_id: String,
    pub carrier: String,
    pub account_id: String,
    #[serde(default)]
    pub parameters: Map<String, Value>,
    #[serde(default = "yes")]
    pub active: bool,
    /// Whether the vendor provides it, as it does those of the catalog.
    #[serde(default = "yes")]
    pub is_shippo_account: bool,
    #[serde(default)]
    pub metadata: String,
    /// The country that its parcels are sent from.
    pub origin: String,
    /// What the vendor calls it in messages, unless by its account id.
    pub master: Option<String>,
    /// What it says instead of quoting while its owner is a new customer.
    pub restricted: Option<String>,
    /// It is asked only where it is named, so that no rate comes twice.
    #[serde(default)]
    pub named_only: bool,
    /// New customers do not have it.
    #[serde(default)]
    pub established: bool,
    /// How far signing in with the carrier has come, once it was begun.
    pub sign_in: Option<String>,
}

fn yes() -> bool {
    true
}
