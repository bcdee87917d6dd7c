//! What a new account starts with, read from `specs/shipmate/catalog.yaml`, and the questions that rules ask of it.

use std::sync::LazyLock;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

use crate::carrier::{self, Status};

/// The catalog, read on first use.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let source = include_str!(concat!(env!("OUT_DIR"), "/shipmate/catalog.json"));
    serde_json::from_str(source).unwrap_or_else(|error| panic!("the catalog of shipmate: {error}"))
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalog {
    pub account: Merchant,
    pub users: Vec<Person>,
    pub locations: Vec<Location>,
    pub packaging: Packaging,
    pub attributes: Vec<Attribute>,
    pub built_in_attributes: Vec<Attribute>,
    pub carriers: Vec<Carrier>,
    pub services: Vec<Service>,
    pub routing: Vec<Route>,
    pub events: Vec<Event>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merchant {
    pub name: String,
    pub sender_id: String,
    pub application: String,
    pub token: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub id: u64,
    pub uuid: String,
    pub title: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub profile_image_url: Option<String>,
    pub location: String,
    pub access_level: String,
    pub printer_online: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Country {
    pub code: String,
    pub name: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Location {
    pub uuid: String,
    pub code: String,
    pub name: String,
    pub r#type: String,
    pub telephone: Option<String>,
    pub email: Option<String>,
    pub address_name: String,
    pub address_line_1: String,
    pub address_line_2: Option<String>,
    pub address_line_3: Option<String>,
    pub address_town_city: String,
    pub address_county: Option<String>,
    pub address_country: Country,
    pub address_post_zip_code: Option<String>,
    pub default: bool,
    pub created_at: String,
    pub updated_at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packaging {
    pub net_weight: bool,
    pub allow_override: bool,
    pub default: Option<String>,
    pub types: Vec<PackagingType>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackagingType {
    pub name: String,
    pub key: String,
    pub width: i64,
    pub height: i64,
    pub depth: i64,
    pub max_weight: i64,
    pub default_weight: i64,
    pub packaging_weight: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Attribute {
    pub id: String,
    pub r#type: u8,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Carrier {
    pub code: String,
    pub tracking: String,
    #[serde(default)]
    pub reference_max: Option<usize>,
    /// The least and the most that a parcel may be worth.
    #[serde(default)]
    pub values: Option<[String; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub id: i64,
    pub carrier: String,
    pub name: String,
    #[serde(default)]
    label_name: Option<String>,
    pub description: String,
    pub key: String,
    pub price: String,
    pub transit_days: u8,
    /// The time of the day by which it delivers.
    #[serde(default)]
    pub by: Option<Time>,
    pub conditions: Vec<Condition>,
}

/// `field operator value`, compared as numbers although all three are text on the wire.
#[derive(Deserialize)]
#[serde(try_from = "[String; 3]")]
pub(super) struct Condition {
    pub words: [String; 3],
    field: Measure,
    operator: Operator,
    value: i64,
}

#[derive(Clone, Copy)]
enum Measure {
    Weight,
    Length,
    Width,
    Depth,
    Volume,
}

#[derive(Clone, Copy)]
enum Operator {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    #[serde(default)]
    pub outside: Vec<String>,
    #[serde(default)]
    pub attribute: Option<String>,
    #[serde(default)]
    pub values: Vec<String>,
    #[serde(default)]
    pub max_weight: Option<i64>,
    pub service: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub status: Status,
    pub code: String,
    pub r#type: String,
    pub name: String,
    pub description: String,
}

/// What is known of a parcel's weight and sizes, in grams and centimetres.
#[derive(Clone, Copy, Default)]
pub(super) struct Size {
    pub weight: Option<i64>,
    pub length: Option<i64>,
    pub width: Option<i64>,
    pub depth: Option<i64>,
}

impl Catalog {
    pub fn service(&self, key: &str) -> Option<&Service> {
        self.services.iter().find(|row| row.key == key)
    }

    pub fn carrier(&self, code: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|row| row.code == code)
    }

    /// The location with that code or UUID.
    pub fn location(&self, reference: &str) -> Option<&Location> {
        self.locations.iter().find(|row| row.code == reference || row.uuid.eq_ignore_ascii_case(reference))
    }

    /// The location that is used when none is named.
    pub fn home(&self) -> &Location {
        self.locations.iter().find(|row| row.default).expect("the catalog has a default location")
    }

    /// The attribute of that id, custom ones first.
    pub fn attribute(&self, id: &str) -> Option<&Attribute> {
        self.attributes.iter().chain(&self.built_in_attributes).find(|row| row.id == id)
    }

    /// The words for a parcel's status; nothing for those that the vendor does not report.
    pub fn event(&self, status: Status) -> Option<&Event> {
        self.events.iter().find(|row| row.status == status)
    }
}

impl From<&Location> for carrier::Location {
    fn from(location: &Location) -> Self {
        Self {
            city: location.address_town_city.clone(),
            state: String::new(),
            zip: location.address_post_zip_code.clone().unwrap_or_default(),
            country: location.address_country.code.clone(),
        }
    }
}

impl Packaging {
    pub fn find(&self, key: &str) -> Option<&PackagingType> {
        self.types.iter().find(|row| row.key == key)
    }
}

impl Service {
    /// The carrier's name of it, as labels print it.
    pub fn label_name(&self) -> &str {
        self.label_name.as_deref().unwrap_or(&self.name)
    }

    /// Whether no condition is known to fail.
    pub fn takes(&self, size: &Size) -> bool {
        self.conditions.iter().all(|condition| condition.holds(size))
    }
}

impl Condition {
    fn holds(&self, size: &Size) -> bool {
        let measured = match self.field {
            Measure::Weight => size.weight,
            Measure::Length => size.length,
            Measure::Width => size.width,
            Measure::Depth => size.depth,
            Measure::Volume => {
                let sides = size.length.zip(size.width).zip(size.depth);
                sides.map(|((length, width), depth)| length.saturating_mul(width).saturating_mul(depth))
            }
        };
        measured.is_none_or(|measured| match self.operator {
            Operator::Equal => measured == self.value,
            Operator::Less => measured < self.value,
            Operator::AtMost => measured <= self.value,
            Operator::More => measured > self.value,
            Operator::AtLeast => measured >= self.value,
        })
    }
}

/// A condition that this module cannot read.
#[derive(Debug, thiserror::Error)]
#[error("`{0} {1} {2}` is not a condition: expected Weight, Length, Width, Depth or Volume, an operator and a whole number")]
pub(super) struct NotACondition(String, String, String);

impl TryFrom<[String; 3]> for Condition {
    type Error = NotACondition;

    fn try_from(words: [String; 3]) -> Result<Self, NotACondition> {
        let field = match words[0].as_str() {
            "Weight" => Some(Measure::Weight),
            "Length" => Some(Measure::Length),
            "Width" => Some(Measure::Width),
            "Depth" => Some(Measure::Depth),
            "Volume" => Some(Measure::Volume),
            _ => None,
        };
        let operator = match words[1].as_str() {
            "=" => Some(Operator::Equal),
            "<" => Some(Operator::Less),
            "<=" => Some(Operator::AtMost),
            ">" => Some(Operator::More),
            ">=" => Some(Operator::AtLeast),
            _ => None,
        };
        match (field, operator, words[2].parse()) {
            (Some(field), Some(operator), Ok(value)) => Ok(Self { words, field, operator, value }),
            _ => {
                let [field, operator, value] = words;
                Err(NotACondition(field, operator, value))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(key: &str, weight: i64, expected: bool) {
        let service = CATALOG.service(key).expect("the service is in the catalog");
        assert_eq!(service.takes(&Size { weight: Some(weight), ..Size::default() }), expected);
    }

    #[test]
    fn conditions_compare_numbers() {
        check("PACKETNEXT", 899, true);
        check("PACKETNEXT", 900, false);
        check("PARCELNEXT", 16_000, true);
        check("DPDNEXT", 1_000_000, true);
    }

    #[test]
    fn everything_that_is_named_exists() {
        for service in &CATALOG.services {
            assert!(CATALOG.carrier(&service.carrier).is_some(), "{}", service.key);
        }
        for route in &CATALOG.routing {
            assert!(CATALOG.service(&route.service).is_some(), "{}", route.service);
        }
        for person in &CATALOG.users {
            assert!(CATALOG.location(&person.location).is_some(), "{}", person.email);
        }
        for bound in CATALOG.carriers.iter().filter_map(|carrier| carrier.values.as_ref()).flatten() {
            assert!(bound.parse::<f64>().is_ok(), "{bound}");
        }
        assert_eq!(CATALOG.locations.iter().filter(|row| row.default).count(), 1);
    }
}
