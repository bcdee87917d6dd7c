//! What an account starts with: carriers, return services, shipping rules and package sizes. A fixed part of the binary;
//! nothing here changes while it runs.

use std::sync::LazyLock;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::carrier::label::CARRIERS;
use crate::vendors::shiptheory::wire::Number;

/// The catalogue of `specs/shiptheory/catalog.yaml`.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| catalog!("shiptheory"));

#[derive(Deserialize)]
pub(super) struct Catalog {
    pub sender: Value,
    pub samples: Vec<String>,
    pub carriers: Vec<Carrier>,
    pub returns: Vec<ReturnCarrier>,
    pub rules: Vec<ShippingRule>,
    /// As they are answered.
    pub package_sizes: Vec<Value>,
}

#[derive(Deserialize)]
pub(super) struct Carrier {
    pub name: String,
    pub settings_name: String,
    pub increments: Vec<u32>,
    /// The form of its tracking numbers, where it is not the usual one.
    tracking: Option<String>,
    pub reference_max: Option<usize>,
    pub weight_max: f64,
    #[serde(flatten)]
    pub area: Area,
    pub services: Vec<Service>,
}

#[derive(Deserialize)]
pub(super) struct Service {
    pub id: u32,
    pub name: String,
    pub days: u8,
    pub by: Option<Time>,
    pub increments: Vec<u32>,
    #[serde(flatten)]
    pub area: Area,
}

#[derive(Deserialize)]
pub(super) struct ReturnCarrier {
    pub carrier: String,
    pub services: Vec<ReturnService>,
}

/// A return service, read and answered alike.
#[derive(Deserialize, Serialize)]
pub(super) struct ReturnService {
    pub id: u32,
    pub name: String,
    pub collection_or_dropoff: String,
    pub upper_limit_weight: Number,
    pub upper_length_limit: Number,
    pub upper_width_limit: Number,
    pub upper_height_limit: Number,
    pub incoming_countries: Vec<String>,
    pub outgoing_countries: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct ShippingRule {
    pub importance: u32,
    pub when: When,
    pub then: Then,
}

/// The conditions of a shipping rule; all of them have to hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub countries: Option<Vec<String>>,
    pub not_countries: Option<Vec<String>>,
    pub weight_from: Option<f64>,
    pub weight_to: Option<f64>,
    pub value_from: Option<f64>,
    pub value_to: Option<f64>,
    pub shipping_method: Option<String>,
    pub rules_metadata: Option<String>,
}

/// What a shipping rule does: exactly one of the two services is named.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    pub book: Option<u32>,
    pub approve: Option<u32>,
    #[serde(default)]
    pub returns: Vec<u32>,
}

/// Where something delivers to, by alpha-2 codes.
#[derive(Deserialize)]
pub(super) struct Area {
    pub countries: Option<Vec<String>>,
    pub not_countries: Option<Vec<String>>,
}

impl Catalog {
    /// A service and the carrier that owns it.
    pub fn service(&self, id: u32) -> Option<(&Carrier, &Service)> {
        self.carriers.iter().find_map(|carrier| carrier.services.iter().find(|service| service.id == id).map(|service| (carrier, service)))
    }

    /// A return service and the name of its carrier.
    pub fn return_service(&self, id: u32) -> Option<(&str, &ReturnService)> {
        self.returns
            .iter()
            .find_map(|row| row.services.iter().find(|service| service.id == id).map(|service| (row.carrier.as_str(), service)))
    }
}

impl Carrier {
    /// The form of its tracking numbers for a service.
    pub fn form(&self, service: &str) -> &str {
        self.tracking.as_deref().unwrap_or_else(|| CARRIERS.find(&self.name).form(service))
    }
}

impl Area {
    /// Whether a country lies in it.
    pub fn has(&self, country: &str) -> bool {
        let listed = |rows: &Vec<String>| rows.iter().any(|row| row == country);
        self.countries.as_ref().is_none_or(listed) && !self.not_countries.as_ref().is_some_and(listed)
    }
}
