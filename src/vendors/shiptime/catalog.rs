//! What a new account starts with: carriers, provinces, places, boxes. The data is `specs/shiptime/catalog.yaml`, whose
//! first lines say what each member means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Time;
use regex::Regex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The catalog.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let source = include_str!(concat!(env!("OUT_DIR"), "/shiptime/catalog.json"));
    let mut catalog: Catalog = serde_json::from_str(source).expect("a test reads the catalog");
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
    pub(super) number: String,
    pub(super) page: String,
    pub(super) within: Option<Vec<String>>,
    pub(super) same_city: Option<Vec<char>>,
    #[serde(default)]
    pub(super) one_piece: bool,
    pub(super) max_kg: Option<f64>,
    #[serde(default)]
    pub(super) surcharges: Vec<Surcharge>,
    pub(super) services: Vec<Service>,
}

#[derive(Deserialize)]
pub(super) struct Surcharge {
    pub(super) code: String,
    pub(super) name: String,
    pub(super) cents: Option<i64>,
    pub(super) hundredths: Option<i64>,
    pub(super) per_hundred: Option<i64>,
    #[serde(default)]
    pub(super) on_residential: bool,
    #[serde(default)]
    pub(super) residential: bool,
    pub(super) services: Option<Vec<String>>,
}

#[derive(Deserialize)]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) packages: Option<Vec<String>>,
    pub(super) price: BTreeMap<Zone, i64>,
    pub(super) per_kg: BTreeMap<Zone, i64>,
    #[serde(default)]
    pub(super) days: BTreeMap<Zone, u8>,
    pub(super) days_max: Option<u8>,
    pub(super) by: Option<Time>,
    pub(super) minutes: Option<u8>,
}

/// How far two addresses lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Zone {
    Local,
    Near,
    Far,
    Remote,
    Us,
    Abroad,
}

#[derive(Deserialize)]
pub(super) struct Province {
    pub(super) place: Option<i32>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(postal_code: &str, city: &str, is: bool) {
        assert_eq!(CATALOG.city(postal_code).map(|found| found.is(city)), Some(is), "{postal_code} {city}");
    }

    #[test]
    fn postal_codes_know_their_cities() {
        check("V2R 4H1", "chilliwack", true);
        check("H2Y1C6", "Montréal", false);
        check("H2Y1C6", "Montreal", true);
        check("L2R3M3", "St Catharines", true);
        check("G9A5C5", "trois rivieres", true);
        assert!(CATALOG.city("A0A1A0").is_none() && CATALOG.city("é").is_none());
    }

    #[test]
    fn every_price_has_its_weight_and_time() {
        for carrier in &CATALOG.carriers {
            for service in &carrier.services {
                assert!(service.price.keys().eq(service.per_kg.keys()), "{} {}", carrier.name, service.name);
                let timed = service.minutes.is_some() || service.days_max.is_some();
                assert!(timed || service.price.keys().all(|zone| service.days.contains_key(zone)), "{} {}", carrier.name, service.name);
            }
        }
        let known = |code: &str| CATALOG.countries.values().any(|country| country.states.contains(code));
        assert!(CATALOG.cities.iter().all(|city| known(&city.state)));
    }

    #[test]
    fn postal_codes_have_their_shape() {
        let fits = |country: &str, code: &str| CATALOG.countries[country].shape.is_match(code);
        assert!(["V2R 4H1", "M5S2C6"].into_iter().all(|code| fits("CA", code)));
        assert!(!["k6h5l6", "W1A1A1", "M5O2C6", "M5S-2C6"].into_iter().any(|code| fits("CA", code)));
        assert!(["14202", "14202-1234"].into_iter().all(|code| fits("US", code)));
        assert!(!["1420", "14202-1"].into_iter().any(|code| fits("US", code)));
    }
}
