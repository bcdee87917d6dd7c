//! What a new account starts with, read from `specs/shipmate/catalog.yaml`, and the questions that rules ask of it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::json;
use crate::carrier::{self, Status, countries};

/// The catalog, read on first use.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog!("shipmate"));

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Catalog {
    pub account: Merchant,
    pub users: Vec<Person>,
    pub locations: Vec<Location>,
    pub packaging: Packaging,
    pub attributes: Vec<Attribute>,
    pub built_in_attributes: Vec<Attribute>,
    pub custom_fields: Vec<Value>,
    pub carriers: Vec<Carrier>,
    pub services: Vec<Service>,
    pub routing: Vec<Route>,
    pub events: Vec<Event>,
    pub countries: BTreeMap<String, String>,
    pub offshore: BTreeMap<String, Vec<[u32; 2]>>,
    pub strict_sku: Vec<String>,
    pub new_sku: Map<String, Value>,
    pub new_sku_extra: Map<String, Value>,
    pub new_custom_field: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merchant {
    pub name: String,
    pub sender_id: String,
    pub application: String,
    pub token: String,
}

/// A user, as version 1.1 shows people, but for the location.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    #[serde(skip_serializing)]
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

/// A place that parcels are sent from, as answers have it.
#[derive(Serialize, Deserialize)]
pub(super) struct Location(Value);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packaging {
    pub net_weight: bool,
    pub allow_override: bool,
    pub default: Option<String>,
    pub types: Vec<PackagingType>,
}

/// A type of packaging, as answers have it. Internal sizes are not kept.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackagingType {
    pub name: String,
    pub key: String,
    /// Whether parcels that name none get it; depends on the account.
    #[serde(default)]
    pub default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<bool>,
    pub internal_width: Option<i64>,
    pub internal_height: Option<i64>,
    pub internal_depth: Option<i64>,
    pub external_width: i64,
    pub external_height: i64,
    pub external_depth: i64,
    pub max_weight: i64,
    pub default_weight: i64,
    pub packaging_weight: i64,
}

#[derive(Serialize, Deserialize)]
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
    /// Its name as labels print it; the usual one where that is empty.
    #[serde(default)]
    pub label_name: String,
    pub tracking: String,
    pub reference_max: Option<usize>,
    /// The least and the most that a parcel may be worth.
    pub values: Option<[f64; 2]>,
}

/// A delivery service, as answers have it, and what they do not say.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub id: i64,
    pub name: String,
    pub description: String,
    pub key: String,
    pub carrier: String,
    pub price: String,
    pub conditions: Vec<Condition>,
    #[serde(skip_serializing)]
    label_name: Option<String>,
    #[serde(skip_serializing)]
    pub transit_days: u8,
    /// The time of the day by which it delivers.
    #[serde(skip_serializing)]
    pub by: Option<Time>,
}

/// What a parcel has to measure, compared as numbers although all is text on the wire.
#[derive(Serialize, Deserialize)]
pub(super) struct Condition(Measure, Operator, String);

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Measure {
    Weight,
    Length,
    Width,
    Depth,
    Volume,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Operator {
    #[serde(rename = "=")]
    Equal,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    AtLeast,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    #[serde(default)]
    pub outside: Vec<String>,
    pub attribute: Option<String>,
    #[serde(default)]
    pub values: Vec<String>,
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
#[derive(Clone, Copy, Default, Deserialize)]
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
        self.locations.iter().find(|row| row.text("code") == reference || row.text("uuid").eq_ignore_ascii_case(reference))
    }

    /// The location that is used when none is named.
    pub fn home(&self) -> &Location {
        self.locations.iter().find(|row| row.0["default"] == true).expect("the catalog has a default location")
    }

    /// The packaging type of that key.
    pub fn packaging_type(&self, key: &str) -> Option<&PackagingType> {
        self.packaging.types.iter().find(|row| row.key == key)
    }

    /// The words for a parcel's status; nothing for those that the vendor does not report.
    pub fn event(&self, status: Status) -> Option<&Event> {
        self.events.iter().find(|row| row.status == status)
    }

    /// The code and name of the country with that code of two letters, in any case.
    pub fn country(&self, code: &str) -> Option<(&'static str, &str)> {
        let country = countries::find(code).filter(|_| code.len() == 2)?;
        Some((country.alpha2, self.countries.get(country.alpha2).map_or(country.name, String::as_str)))
    }

    /// Whether it is the code or name of a country.
    pub fn is_country(&self, text: &str) -> bool {
        let named = |name: &String| name.eq_ignore_ascii_case(text);
        self.country(text).is_some() || countries::named(text).is_some() || self.countries.values().any(named)
    }
}

impl Location {
    /// A member, or a part of its address; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.as_object().and_then(|members| json::member(members, name)?.as_str()).unwrap_or_default()
    }

    /// The code or name of its country.
    pub fn country(&self, name: &str) -> &str {
        self.0["address_country"][name].as_str().unwrap_or_default()
    }
}

impl From<&Location> for carrier::Location {
    fn from(location: &Location) -> Self {
        let text = |name: &str| location.text(name).to_owned();
        let (city, zip) = (text("address_town_city"), text("address_post_zip_code"));
        Self { city, state: String::new(), zip, country: location.country("code").to_owned() }
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
        let Self(measure, operator, bound) = self;
        let measured = match measure {
            Measure::Weight => size.weight,
            Measure::Length => size.length,
            Measure::Width => size.width,
            Measure::Depth => size.depth,
            Measure::Volume => {
                let sides = size.length.zip(size.width).zip(size.depth);
                sides.map(|((length, width), depth)| length.saturating_mul(width).saturating_mul(depth))
            }
        };
        let bound: i64 = bound.parse().expect("a test holds that bounds are whole numbers");
        measured.is_none_or(|measured| match operator {
            Operator::Equal => measured == bound,
            Operator::Less => measured < bound,
            Operator::AtMost => measured <= bound,
            Operator::More => measured > bound,
            Operator::AtLeast => measured >= bound,
        })
    }
}
