//! What a new account starts with: carriers, provinces, places, boxes. The data is `specs/shiptime/catalog.yaml`, whose
//! first lines say what each member means.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Time;
use serde::{Deserialize, Serialize};

/// The catalog.
pub(super) static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let source = include_str!(concat!(env!("OUT_DIR"), "/shiptime/catalog.json"));
    let mut catalog: Catalog = serde_json::from_str(source).expect("a test reads the catalog");
    let rows = catalog.cities.iter().enumerate();
    catalog.by_prefix = rows.flat_map(|(place, city)| city.prefixes.split(' ').map(move |prefix| (prefix.to_owned(), place))).collect();
    let rows = catalog.zips.iter().enumerate();
    catalog.by_zip = rows.flat_map(|(place, zip)| zip.prefixes.split(' ').map(move |prefix| (prefix.to_owned(), place))).collect();
    catalog
});

#[derive(Deserialize)]
pub(super) struct Catalog {
    pub(super) carriers: Vec<Carrier>,
    pub(super) provinces: Vec<Province>,
    /// Codes of the United States, separated by spaces.
    pub(super) states: String,
    pub(super) boxes: Vec<Package>,
    cities: Vec<City>,
    zips: Vec<Zip>,
    #[serde(skip)]
    by_prefix: BTreeMap<String, usize>,
    #[serde(skip)]
    by_zip: BTreeMap<String, usize>,
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
    pub(super) code: String,
    pub(super) place: Option<i32>,
    pub(super) taxes: Vec<Tax>,
}

#[derive(Deserialize)]
pub(super) struct Tax {
    pub(super) name: String,
    pub(super) millionths: i64,
}

/// A box that an account can choose.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package {
    box_id: i32,
    box_type: String,
    name: String,
    length: i32,
    width: i32,
    height: i32,
    weight: f64,
}

#[derive(Deserialize)]
pub(super) struct City {
    pub(super) city: String,
    pub(super) state: String,
    #[serde(default)]
    also: Vec<String>,
    prefixes: String,
}

#[derive(Deserialize)]
pub(super) struct Zip {
    pub(super) city: String,
    pub(super) state: String,
    prefixes: String,
}

impl Catalog {
    pub(super) fn carrier(&self, id: &str) -> Option<&Carrier> {
        self.carriers.iter().find(|carrier| carrier.id == id)
    }

    pub(super) fn province(&self, code: &str) -> Option<&Province> {
        self.provinces.iter().find(|province| province.code == code)
    }

    /// The city that a Canadian postal code belongs to, if it belongs to one alone.
    pub(super) fn city(&self, postal_code: &str) -> Option<&City> {
        self.by_prefix.get(postal_code.get(..3)?).and_then(|place| self.cities.get(*place))
    }

    /// The city of a postal code of the United States.
    pub(super) fn zip(&self, code: &str) -> Option<&Zip> {
        self.by_zip.get(code.get(..3)?).and_then(|place| self.zips.get(*place))
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
        assert!(CATALOG.cities.iter().all(|city| CATALOG.province(&city.state).is_some()));
    }
}
