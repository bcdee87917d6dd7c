//! How things are parcels, as data.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::carrier::Status;

/// Where a thing says what. All places are JSON pointers (RFC 6901); what is left out is not there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParcelMap {
    pub(in crate::engine) tracking_number: String,
    /// The form of new numbers, as the catalogs of vendors write it: `#` is a digit, `@` a letter or digit.
    #[serde(default = "form")]
    pub(in crate::engine) form: String,
    #[serde(default)]
    pub(in crate::engine) carrier: Option<String>,
    #[serde(default)]
    pub(in crate::engine) service: Option<String>,
    #[serde(default)]
    pub(in crate::engine) status: Option<String>,
    /// The words for a status. One without a word has the name that scenarios give it.
    #[serde(default)]
    pub(in crate::engine) statuses: BTreeMap<Status, String>,
    #[serde(default)]
    pub(in crate::engine) from: Town,
    #[serde(default)]
    pub(in crate::engine) to: Town,
    /// How many working days the way takes.
    #[serde(default = "days")]
    pub(in crate::engine) days: u8,
    /// A list that gets a row for each scan.
    #[serde(default)]
    pub(in crate::engine) scans: Option<Scans>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::engine) struct Town {
    pub(in crate::engine) city: Option<String>,
    pub(in crate::engine) state: Option<String>,
    pub(in crate::engine) zip: Option<String>,
    pub(in crate::engine) country: Option<String>,
}

/// The list, and the members of its rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::engine) struct Scans {
    pub(in crate::engine) list: String,
    pub(in crate::engine) time: String,
    pub(in crate::engine) status: String,
    #[serde(default)]
    pub(in crate::engine) message: Option<String>,
    #[serde(default)]
    pub(in crate::engine) city: Option<String>,
    #[serde(default)]
    pub(in crate::engine) country: Option<String>,
}

fn form() -> String {
    "+###########".to_owned()
}

fn days() -> u8 {
    3
}
