//! What a new account starts with: carriers, provinces, places, boxes. The data is `specs/shiptime/catalog.yaml`, whose
//! first lines say what each member means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Time;
use regex::Regex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::carrier::rating::{self, Tariff};

/// The catalog.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let mut catalog: Catalog = catalog!("shiptime");
    for carrier in &mut catalog.carriers {
        for service in &mut carrier.services {
            service.tariff = rating::find(&[&carrier.contract], &service.id);
        }
    }
    let rows = catalog.cities.iter().enumerate();
    catalog.by_prefix = rows.flat_map(|(index, city)| city.prefixes.split(' ').map(move |prefix| (prefix.to_owned(), index))).collect();
    catalog
});

#[derive(Deserialize)]
pub(super) struct Catalog {
    pub(super) carriers: Vec<Carrier>,
    pub(super) provinces: BTreeMap<String, Province>,
    pub(super) countries: BTreeMap<String, Country>,
    /// The boxes of the account and those of its carriers, as they are answered.
    pub(super) boxes: Value,
    cities: Vec<City>,
    #[serde(skip)]
    by_prefix: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
pub(super) struct Carrier {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) cutoff: Option<String>,
    pub(super) interval: String,
    pub(super) page: String,
    pub(super) within: Option<Vec<String>>,
    pub(super) same_city: Option<Vec<char>>,
    #[serde(default)]
    pub(super) one_piece: bool,
    pub(super) max_kg: Option<f64>,
    /// Its prices, surcharges and days.
    contract: String,
    pub(super) services: Vec<Service>,
}

#[derive(Deserialize)]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) packages: Option<Vec<String>>,
    #[serde(skip)]
    pub(super) tariff: Option<Tariff>,
    pub(super) days_max: Option<u8>,
    pub(super) by: Option<Time>,
    pub(super) minutes: Option<u8>,
}

#[derive(Deserialize)]
pub(super) struct Province {
    pub(super) taxes: Vec<Tax>,
}

#[derive(Deserialize)]
pub(super) struct Tax {
    pub(super) name: String,
    pub(super) millionths: i64,
}

/// A country whose states and postal codes are checked.
#[derive(Deserialize)]
pub(super) struct Country {
    pub(super) states: String,
    /// The pattern as messages print it.
    pub(super) postal_code: String,
    #[serde(deserialize_with = "regex")]
    pub(super) shape: Regex,
}

#[derive(Deserialize)]
pub(super) struct City {
    pub(super) city: String,
    pub(super) state: String,
    #[serde(default)]
    also: Vec<String>,
    prefixes: String,
}

fn regex<'de, D: Deserializer<'de>>(source: D) -> Result<Regex, D::Error> {
    Regex::new(&String::deserialize(source)?).map_err(D::Error::custom)
}

impl Catalog {
    pub(super) fn carrier(&self, id: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.id == id)
    }

    /// The city that a postal code belongs to, if it belongs to one alone.
    pub(super) fn city(&self, postal_code: &str) -> Option<&City> {
        self.by_prefix.get(postal_code.get(..3)?).and_then(|index| self.cities.get(*index))
    }
}

impl Carrier {
    pub(super) fn service(&self, id: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.id == id)
    }
}

impl City {
    /// Whether a name is one of this city's: without regard to case, periods and hyphens, but with regard to accents.
    pub(super) fn is(&self, name: &str) -> bool {
        let name = plain(name);
        std::iter::once(&self.city).chain(&self.also).any(|own| plain(own) == name)
    }
}

fn plain(name: &str) -> String {
    let spaced: String =
        name.to_lowercase().chars().filter(|letter| *letter != '.').map(|letter| if letter == '-' { ' ' } else { letter }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
