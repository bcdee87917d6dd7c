//! Where a town lies and what its clocks show: by postal code or state where a country is large, by country elsewhere.
//!
//! The time zones are those in the binary; what the machine has installed is never looked at.

mod tables;

use std::sync::{LazyLock, OnceLock};

use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::base::time::Timestamp;
use crate::carrier::countries;
use crate::carrier::parcel::Location;

/// A place, as far as journeys need it.
pub(super) struct Place {
    /// Country, whether `part` begins a postal code, and a part of the country: empty for all of it.
    key: (&'static str, bool, &'static str),
    latitude: f64,
    longitude: f64,
    zone: &'static str,
    clock: OnceLock<TimeZone>,
}

/// Latitude and longitude of a town, in degrees, or of its part of the country; nothing for a country that nobody knows.
pub fn coordinates(location: &Location) -> Option<(f64, f64)> {
    let place = Place::of(location);
    (!place.country().is_empty()).then_some((place.latitude, place.longitude))
}

/// What clocks in a town show at an instant.
pub fn wall_time(location: &Location, instant: Timestamp) -> DateTime {
    Place::of(location).local(instant)
}

impl Place {
    /// The place of a town; a country that nobody knows lies nowhere and lives by UTC.
    pub(super) fn of(location: &Location) -> &'static Self {
        static NOWHERE: Place = Place { key: ("", false, ""), latitude: 0.0, longitude: 0.0, zone: "UTC", clock: OnceLock::new() };
        let country = match location.country.len() {
            2 => location.country.as_str(),
            _ => countries::find(&location.country).map_or("", |country| country.alpha2),
        };
        part(country, location).or_else(|| find((country, false, ""))).unwrap_or(&NOWHERE)
    }

    /// The code of its country; empty for one that nobody knows.
    pub(super) fn country(&self) -> &'static str {
        self.key.0
    }

    /// The town that its time zone is called after.
    pub(super) fn town(&self) -> String {
        self.zone.rsplit('/').next().unwrap_or_default().replace('_', " ")
    }

    /// The local date and time of an instant.
    pub(super) fn local(&self, instant: Timestamp) -> DateTime {
        self.clock().to_datetime(instant)
    }

    /// When clocks there show that; in a gap of the clocks, as long after its beginning.
    pub(super) fn instant(&self, local: DateTime) -> Timestamp {
        self.clock().to_timestamp(local).unwrap_or(Timestamp::MAX)
    }

    /// Kilometers to a point, near enough for days on the road; nothing from a place that lies nowhere. Only additions, products
    /// and a root, so that every machine agrees.
    pub(super) fn kilometers(&self, latitude: f64, longitude: f64) -> Option<f64> {
        let middle = (self.latitude + latitude) / 2.0 * (std::f64::consts::PI / 180.0);
        let square = middle * middle;
        let narrowing = 1.0 - square / 2.0 + square * square / 24.0;
        let apart = (self.longitude - longitude).abs();
        let (north, east) = (self.latitude - latitude, apart.min(360.0 - apart) * narrowing);
        (!self.key.0.is_empty()).then(|| (north * north + east * east).sqrt() * 111.0)
    }

    /// Kilometers to another place; nothing when one of them lies nowhere.
    pub(super) fn kilometers_to(&self, other: &Self) -> Option<f64> {
        if other.key.0.is_empty() { None } else { self.kilometers(other.latitude, other.longitude) }
    }

    /// Whether parcels get there later than the rest of its country does.
    pub(super) fn is_remote(&self) -> bool {
        const FAR: [(&str, &[&str]); 7] = [
            ("GB", &["AB", "DD", "IV", "KW", "PH", "HS", "ZE", "BT", "JE", "GY", "IM"]),
            ("US", &["AK", "HI", "PR", "VI", "GU", "AS", "995", "996", "997", "998", "999", "967", "968", "969"]),
            ("CA", &["NT", "NU", "YT", "NL", "X", "X0A", "Y", "A"]),
            ("AU", &["NT", "TAS", "08", "0", "7"]),
            ("ES", &["35", "38", "07"]),
            ("PT", &["90", "91", "92", "93", "94", "95", "96", "97", "98", "99"]),
            ("FR", &["971", "972", "973", "974", "976", "988"]),
        ];
        FAR.iter().any(|(country, parts)| *country == self.key.0 && parts.contains(&self.key.2))
    }

    fn clock(&self) -> &TimeZone {
        static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        self.clock.get_or_init(|| ZONES.get(self.zone).unwrap_or(TimeZone::UTC))
    }
}

/// The part of a country that a town lies in: by the longest beginning of its postal code, then by its state, then by the first
/// letter of the postal code.
fn part(country: &str, location: &Location) -> Option<&'static Place> {
    if !matches!(country, "AU" | "BR" | "CA" | "DE" | "ES" | "FR" | "GB" | "ID" | "IT" | "MX" | "NZ" | "PT" | "RU" | "US") {
        return None;
    }
    let by_state = || find((country, false, Some(location.state.as_str()).filter(|state| !state.is_empty())?));
    let by_code = |length: usize| find((country, true, location.zip.get(..length)?));
    if country == "GB" {
        let letters = location.zip.bytes().take_while(u8::is_ascii_alphabetic).count();
        return by_code(letters);
    }
    by_code(3).or_else(|| by_code(2)).or_else(by_state).or_else(|| by_code(1))
}

fn find(key: (&str, bool, &str)) -> Option<&'static Place> {
    static PLACES: LazyLock<(Vec<u64>, Vec<Place>)> = LazyLock::new(|| {
        let mut places: Vec<Place> = tables::WORLD.lines().chain(tables::PARTS.lines()).flat_map(rows).collect();
        places.sort_by_key(|place| packed(place.key));
        (places.iter().filter_map(|place| packed(place.key)).collect(), places)
    });
    let (keys, places) = &*PLACES;
    places.get(keys.binary_search(&packed(key)?).ok()?)
}

/// A key in one word, which is quick to look for: two letters of a country, five of a part. Longer parts are in no table.
fn packed((country, is_code, part): (&str, bool, &str)) -> Option<u64> {
    let mut bytes = [0; 8];
    bytes[0] = u8::from(is_code);
    bytes.get_mut(1..3)?.get_mut(..country.len())?.copy_from_slice(country.as_bytes());
    bytes.get_mut(3..)?.get_mut(..part.len())?.copy_from_slice(part.as_bytes());
    Some(u64::from_be_bytes(bytes))
}

/// The places that a line of a table tells of.
fn rows(line: &'static str) -> impl Iterator<Item = Place> {
    let mut words = line.rsplitn(4, ' ');
    let zone = words.next().unwrap_or_default();
    let [longitude, latitude] =
        [words.next(), words.next()].map(|degrees| degrees.and_then(|degrees| degrees.parse().ok()).unwrap_or_default());
    let (country, parts) = words.next().unwrap_or_default().split_at(2);
    parts.trim_start().split(',').map(move |part| {
        let key = (country, part.starts_with('#'), part.trim_start_matches('#'));
        Place { key, latitude, longitude, zone, clock: OnceLock::new() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(country: &str, state: &str, zip: &str) -> &'static Place {
        Place::of(&Location { city: String::new(), state: state.to_owned(), zip: zip.to_owned(), country: country.to_owned() })
    }

    fn check(country: &str, state: &str, zip: &str, zone: &str) {
        assert_eq!(at(country, state, zip).zone, zone, "{country} {state} {zip}");
    }

    #[test]
    fn every_country_has_a_place_and_every_zone_is_in_the_binary() {
        let database = TimeZoneDatabase::bundled();
        for place in tables::WORLD.lines().chain(tables::PARTS.lines()).flat_map(rows) {
            assert!(database.get(place.zone).is_ok(), "{}", place.zone);
            assert!(find(place.key).is_some_and(|found| found.key == place.key), "{:?}", place.key);
            assert!(place.latitude.abs() <= 90.0 && place.longitude.abs() <= 180.0, "{:?}", place.key);
        }
        for line in tables::WORLD.lines() {
            assert!(countries::find(&line[..2]).is_some(), "{line}");
        }
        assert_eq!(tables::WORLD.lines().count(), 249);
    }

    #[test]
    fn towns_have_the_time_of_their_part_of_the_country() {
        check("GB", "", "DE1 1EE", "Europe/London");
        check("GBR", "", "", "Europe/London");
        check("US", "CA", "94103", "America/Los_Angeles");
        check("US", "", "94103", "America/Los_Angeles");
        check("US", "TX", "79901", "America/Denver");
        check("US", "TX", "75201", "America/Chicago");
        check("US", "TN", "37902", "America/New_York");
        check("US", "", "60601", "America/Chicago");
        check("CA", "BC", "V2R 4H1", "America/Vancouver");
        check("CA", "", "X0A 0H0", "America/Iqaluit");
        check("AU", "", "6000", "Australia/Perth");
        check("BR", "", "69005-070", "America/Manaus");
        check("MX", "", "22000", "America/Tijuana");
        check("RU", "", "690000", "Asia/Vladivostok");
        check("ES", "", "35001", "Atlantic/Canary");
        check("JP", "", "100-0001", "Asia/Tokyo");
        check("Atlantis", "", "", "UTC");
        assert_eq!(at("VN", "", "").town(), "Ho Chi Minh");
    }

    #[test]
    fn distances_are_near_enough() {
        let check = |from: &Place, to: &Place, expected: f64| {
            let found = from.kilometers_to(to).expect("both lie somewhere");
            assert!((found - expected).abs() < expected * 0.15, "{found} instead of {expected}");
        };
        check(at("GB", "", "EC1A 1BB"), at("FR", "", "75001"), 344.0);
        check(at("US", "CA", "94103"), at("US", "NY", "10007"), 4_130.0);
        check(at("GB", "", "DE1 1EE"), at("US", "NY", "10007"), 5_400.0);
        check(at("JP", "", ""), at("US", "CA", "94103"), 8_270.0);
        assert_eq!(at("GB", "", "").kilometers_to(at("", "", "")), None);
    }
}
