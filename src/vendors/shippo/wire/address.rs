//! Addresses.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Moment;
use crate::carrier::Location;

/// A stored address, which is also its answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Address {
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    pub is_complete: bool,
    pub validation_results: Validation,
    pub object_owner: String,
    pub name: String,
    pub company: String,
    pub street_no: String,
    pub street1: String,
    pub street2: String,
    /// `null` is kept when it was sent.
    pub street3: Option<String>,
    pub city: String,
    pub state: String,
    pub zip: String,
    pub country: String,
    /// A number in the United States, a text abroad.
    pub longitude: Option<Value>,
    pub latitude: Option<Value>,
    pub phone: String,
    pub email: String,
    pub is_residential: Option<bool>,
    pub metadata: String,
    pub test: bool,
}

/// What validation said; empty until it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_valid: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<Vec<Advice>>,
}

/// A message of the validation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Advice {
    pub source: String,
    pub code: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    pub text: String,
}

/// The members of an address inside a shipment.
pub(crate) const SHORT: &str = "object_id is_complete name company street_no street1 validation_results street2 street3 \
    city state zip country phone email is_residential test";

impl Address {
    /// Its town.
    pub(crate) fn location(&self) -> Location {
        Location { city: self.city.clone(), state: self.state.clone(), zip: self.zip.clone(), country: self.country.clone() }
    }
}
