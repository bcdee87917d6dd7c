//! Addresses, weights and sizes of version 1 in the words of version 2, and the other way round.

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::catalog::CATALOG;
use super::{Members, decimal, float, joined};
use crate::vendors::shipstation::wire::address::{Address, Dimensions, Weight};
use crate::vendors::shipstation::wire::money::Money;

/// Units of weight: version 2, version 1, and how many of the latter one is.
const WEIGHTS: [(&str, &str, i64); 4] = [("pound", "pounds", 1), ("ounce", "ounces", 1), ("gram", "grams", 1), ("kilogram", "grams", 1000)];

/// An address in the words of version 2.
pub(crate) fn to_json(address: &Address) -> Value {
    let residential = match address.residential {
        None => "unknown",
        Some(true) => "yes",
        Some(false) => "no",
    };
    json!({
        "name": address.name, "phone": address.phone, "email": null, "company_name": address.company, "address_line1": address.street1,
        "address_line2": address.street2, "address_line3": address.street3, "city_locality": address.city,
        "state_province": address.state, "postal_code": address.postal_code, "country_code": address.country,
        "address_residential_indicator": residential,
    })
}

/// An address as shipments show it.
pub(crate) fn shipping(address: &Address) -> Value {
    joined([json!({ "instructions": null }), to_json(address)])
}

/// An address of a stored warehouse inside shipments.
pub(crate) fn of_warehouse(warehouse: &Members, member: &str) -> Option<Value> {
    Address::deserialize(warehouse.get(member)?).ok().map(|address| shipping(&address))
}

/// An address in the words of version 1.
pub(crate) fn read(address: &Value) -> Address {
    let texts: Value = CATALOG.address.iter().map(|(first, second)| (first.as_str(), address[second].as_str())).collect();
    let residential = match address["address_residential_indicator"].as_str() {
        Some("yes") => Some(true),
        Some("no") => Some(false),
        _ => None,
    };
    Address { residential, ..Address::deserialize(texts).unwrap_or_default() }
}

/// A weight in the words of version 2.
pub(crate) fn weight(weight: &Weight) -> Value {
    let unit = WEIGHTS.iter().find(|(_, first, _)| *first == weight.units).map_or("ounce", |(second, ..)| second);
    json!({ "value": float(weight.value), "unit": unit })
}

/// A weight in the words of version 1.
pub(crate) fn read_weight(weight: &Value) -> Weight {
    let (_, units, times) = WEIGHTS.iter().find(|(second, ..)| weight["unit"] == *second).unwrap_or(&WEIGHTS[1]);
    Weight { value: decimal(&weight["value"]) * *times, units: (*units).to_owned() }
}

/// Sizes in the words of version 2; zero where there are none.
pub(crate) fn dimensions(sizes: Option<&Dimensions>) -> Value {
    let unit = sizes.filter(|sizes| sizes.units.starts_with("centi")).map_or("inch", |_| "centimeter");
    let side = |side: fn(&Dimensions) -> Money| sizes.map_or(0.0, |sizes| float(side(sizes)));
    json!({ "unit": unit, "length": side(|row| row.length), "width": side(|row| row.width), "height": side(|row| row.height) })
}

/// Sizes in the words of version 1; none where they are zero.
pub(crate) fn read_dimensions(sizes: &Value) -> Option<Dimensions> {
    let side = |name: &str| decimal(&sizes[name]);
    let units = if sizes["unit"] == "centimeter" { "centimeters" } else { "inches" }.to_owned();
    let read = Dimensions { units, length: side("length"), width: side("width"), height: side("height") };
    Some(read).filter(|read| read.length.0 + read.width.0 + read.height.0 > 0)
}
