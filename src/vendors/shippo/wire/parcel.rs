//! Parcels.

use serde::{Deserialize, Serialize, Serializer, ser};
use serde_json::{Map, Value};

use super::Moment;
use super::decimal;

/// A stored parcel, which is also its answer; decimals have four places.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub object_state: String,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    pub object_owner: String,
    pub template: Option<String>,
    pub length: String,
    pub width: String,
    pub height: String,
    pub distance_unit: String,
    pub weight: String,
    pub mass_unit: String,
    pub value_amount: Option<String>,
    pub value_currency: Option<String>,
    pub metadata: String,
    pub extra: Map<String, Value>,
    pub line_items: Vec<Value>,
    pub test: bool,
}

/// The members of a parcel inside a shipment: `extra` stands elsewhere, and its value is gone (observed 2024 and 2026).
const SHIPPED: &str = "object_state object_created object_updated object_id object_owner template extra length width \
    height distance_unit weight mass_unit metadata line_items test";

/// A stored parcel inside a shipment. It is taken apart when it is written, because the values of many take a lot of memory.
#[derive(Clone, Debug)]
pub(crate) struct Shipped(pub Box<str>);

impl Serialize for Shipped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parcel: Map<String, Value> = serde_json::from_str(&self.0).map_err(ser::Error::custom)?;
        serializer.collect_map(SHIPPED.split(' ').filter_map(|name| parcel.remove_entry(name)))
    }
}

/// Length, width and height in hundredths of a millimeter, and the weight in micrograms: what carriers look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Measures {
    pub sides: [i64; 3],
    pub weight: i64,
}

impl Parcel {
    /// What carriers look at.
    pub(crate) fn measures(&self) -> Measures {
        // Hundredths of a millimeter, and micrograms, in one unit.
        let side = match self.distance_unit.as_str() {
            "in" => 2_540,
            "ft" => 30_480,
            "yd" => 91_440,
            "m" => 100_000,
            "mm" => 100,
            _ => 1_000,
        };
        // The vendor counts 453.5923695 g to the pound: 2 lb are 907.184739 g in its messages.
        let (weight, parts) = match self.mass_unit.as_str() {
            "lb" => (4_535_923_695_i128, 10),
            "oz" => (4_535_923_695, 160),
            "kg" => (1_000_000_000, 1),
            _ => (1_000_000, 1),
        };
        let value = |text: &str| decimal::parse(text, decimal::MEASURE).unwrap_or(0);
        let micrograms = i128::from(value(&self.weight)) * weight / (10_000 * parts);
        Measures {
            sides: [&self.length, &self.width, &self.height].map(|text| value(text) * side / 10_000),
            weight: i64::try_from(micrograms).expect("six digits of kilograms fit"),
        }
    }
}

impl Measures {
    /// The weight as carriers spell it.
    pub(crate) fn grams(self) -> String {
        format!("{}.{:06}", self.weight / 1_000_000, self.weight % 1_000_000)
    }
}
