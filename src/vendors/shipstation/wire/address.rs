//! Addresses, weights and sizes in the words of version 1.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::money::Money;

/// An address; the order of members is that of answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Address {
    pub name: Option<String>,
    pub company: Option<String>,
    pub street1: Option<String>,
    pub street2: Option<String>,
    pub street3: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
    pub phone: Option<String>,
    pub residential: Option<bool>,
    pub address_verified: Option<String>,
}

/// Units of weight, by their numbers.
pub(crate) const UNITS: [&str; 3] = ["pounds", "ounces", "grams"];

/// A weight in one of [`UNITS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weight {
    pub value: Money,
    pub units: String,
}

/// Sizes in a unit of version 1: `inches` or `centimeters`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dimensions {
    pub units: String,
    pub length: Money,
    pub width: Money,
    pub height: Money,
}

impl Weight {
    /// As version 1 shows it, with the number of its unit.
    pub(crate) fn numbered(&self) -> Value {
        let number = UNITS.iter().position(|units| *units == self.units).unwrap_or(1);
        json!({ "value": self.value, "units": self.units, "WeightUnits": number })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "too heavy is too heavy, and nothing is less")]
    pub(crate) fn grams(&self) -> u32 {
        (self.ounces() * 28.349_523_125).round() as u32
    }

    pub(crate) fn ounces(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "weights are small")]
        let value = self.value.0 as f64 / 10_000.0;
        match &*self.units {
            "pounds" => value * 16.0,
            "grams" => value / 28.349_523_125,
            _ => value,
        }
    }
}

impl From<&Address> for crate::carrier::Location {
    fn from(address: &Address) -> Self {
        let text = |member: &Option<String>| member.clone().unwrap_or_default();
        Self { city: text(&address.city), state: text(&address.state), zip: text(&address.postal_code), country: text(&address.country) }
    }
}
