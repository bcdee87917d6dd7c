//! Postal codes: how countries write them, and where their areas lie.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::carrier::parcel::Location;

static POSTAL: LazyLock<Postal> = LazyLock::new(|| {
    serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/_carrier/postal.json")))
        .unwrap_or_else(|error| panic!("the postal codes: {error}"))
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Postal {
    formats: BTreeMap<String, Vec<String>>,
    never: BTreeMap<String, Never>,
    abbreviations: BTreeMap<String, String>,
    #[serde(deserialize_with = "areas")]
    areas: BTreeMap<String, Vec<Area>>,
}

#[derive(Deserialize)]
struct Never {
    letters: String,
    first: String,
}

/// The area of postal codes that begin alike.
#[derive(Debug)]
pub struct Area {
    from: String,
    to: String,
    /// Its state or province; `-` where the country has none.
    pub state: String,
    /// Of its principal town, in degrees with two decimals, north and east.
    pub latitude: f64,
    pub longitude: f64,
}

impl Area {
    /// Kilometers to another area, near enough for zones. Only additions, products and a root, so that every machine agrees.
    #[must_use]
    pub fn kilometers_to(&self, other: &Self) -> f64 {
        let middle = (self.latitude + other.latitude) / 2.0 * (std::f64::consts::PI / 180.0);
        let square = middle * middle;
        let narrowing = 1.0 - square / 2.0 + square * square / 24.0;
        let apart = (self.longitude - other.longitude).abs();
        let (north, east) = (self.latitude - other.latitude, apart.min(360.0 - apart) * narrowing);
        (north * north + east * east).sqrt() * 111.04
    }
}

/// The area that a place lies in, by its postal code.
#[must_use]
pub fn area(location: &Location) -> Option<&'static Area> {
    area_of(&location.country, &location.zip)
}

/// The area of a postal code.
#[must_use]
pub fn area_of(country: &str, code: &str) -> Option<&'static Area> {
    let areas = POSTAL.areas.get(country)?;
    let code = code.trim_start();
    let letters = code.bytes().take_while(u8::is_ascii_alphabetic).count();
    let lengths = if country == "GB" { letters..=letters } else { 1..=3 };
    lengths.rev().filter_map(|length| code.get(..length)).find_map(|start| {
        let mut upper = [0; 3];
        let upper = upper.get_mut(..start.len())?;
        upper.copy_from_slice(start.as_bytes());
        upper.make_ascii_uppercase();
        let index = areas.partition_point(|area| area.from.as_bytes() <= &*upper).checked_sub(1)?;
        areas.get(index).filter(|area| area.from.len() == upper.len() && &*upper <= area.to.as_bytes())
    })
}

/// Whether a country writes its postal codes like that, blanks and hyphens aside; nothing for a country whose codes are not checked.
#[must_use]
pub fn is_valid(country: &str, code: &str) -> Option<bool> {
    POSTAL.formats.contains_key(country).then(|| format(country, code).is_some())
}

/// A postal code as its country writes it: `k1p5m7` is `K1P 5M7`. Nothing for one that it would not write at all.
#[must_use]
pub fn written(country: &str, code: &str) -> Option<String> {
    let mut letters = code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase());
    let format = format(country, code)?;
    Some(format.chars().filter_map(|sign| if sign.is_ascii_alphabetic() { letters.next() } else { Some(sign) }).collect())
}

/// How the post of the United States abbreviates a word in capitals.
pub(super) fn short(word: &str) -> Option<&'static str> {
    POSTAL.abbreviations.get(word).map(String::as_str)
}

/// The format that a code is written in.
fn format(country: &str, code: &str) -> Option<&'static str> {
    let formats = POSTAL.formats.get(country)?;
    let is_sign = |letter: &char| [' ', '-'].contains(letter);
    let bare: Vec<char> = code.trim().chars().filter(|letter| !is_sign(letter)).map(|letter| letter.to_ascii_uppercase()).collect();
    let fits = |format: &&String| {
        let signs = format.chars().filter(|sign| !is_sign(sign));
        signs.clone().count() == bare.len()
            && signs.zip(&bare).all(|(sign, letter)| match sign {
                'N' => letter.is_ascii_digit(),
                'A' => letter.is_ascii_uppercase(),
                _ => letter.is_ascii_digit() || letter.is_ascii_uppercase(),
            })
    };
    let is_never = POSTAL.never.get(country).is_some_and(|never| {
        bare.iter().any(|letter| never.letters.contains(*letter)) || bare.first().is_some_and(|first| never.first.contains(*first))
    });
    formats.iter().find(fits).filter(|_| !is_never).map(String::as_str)
}

/// Rows such as `940-941 CA 37.75 -122.42`, in the order of their beginnings.
fn areas<'de, D: serde::Deserializer<'de>>(source: D) -> Result<BTreeMap<String, Vec<Area>>, D::Error> {
    let rows: BTreeMap<String, Vec<String>> = Deserialize::deserialize(source)?;
    let area = |row: &String| {
        let mut words = row.split(' ');
        let (codes, state) = (words.next()?, words.next()?);
        let (from, to) = codes.split_once('-').unwrap_or((codes, codes));
        let [latitude, longitude] = [words.next()?.parse().ok()?, words.next()?.parse().ok()?];
        Some(Area { from: from.to_owned(), to: to.to_owned(), state: state.to_owned(), latitude, longitude })
    };
    let country = |(country, rows): (String, Vec<String>)| {
        let read = rows.iter().map(|row| area(row).ok_or_else(|| serde::de::Error::custom(row)));
        let mut areas = read.collect::<Result<Vec<Area>, D::Error>>()?;
        areas.sort_by(|one, other| one.from.cmp(&other.from));
        Ok((country, areas))
    };
    rows.into_iter().map(country).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(country: &str, code: &str, expected: Option<&str>) {
        assert_eq!(written(country, code).as_deref(), expected, "{country} {code}");
    }

    #[test]
    fn codes_are_written_as_their_country_does() {
        check("US", "94117", Some("94117"));
        check("US", "941171234", Some("94117-1234"));
        check("US", "9411", None);
        check("US", "M5S 2C6", None);
        check("CA", "k1p5m7", Some("K1P 5M7"));
        check("CA", "D1P 5M7", None);
        check("CA", "W1P 5M7", None);
        check("GB", "ec1a1bb", Some("EC1A 1BB"));
        check("GB", "M3 1AZ", Some("M3 1AZ"));
        check("GB", "Q3 1AZ", None);
        check("NL", "1012JS", Some("1012 JS"));
        check("PT", "1000205", Some("1000-205"));
        check("DE", "1011", None);
        check("HK", "999077", None);
        assert_eq!(is_valid("HK", ""), None);
        assert_eq!(is_valid("DE", "10117"), Some(true));
        assert_eq!(is_valid("JP", "\u{ff11}00-0001"), Some(false));
    }

    #[test]
    fn areas_lie_where_their_codes_say() {
        let state = |country, code| area_of(country, code).map_or("none", |area| area.state.as_str());
        assert_eq!(state("US", "94117"), "CA");
        assert_eq!(state("US", "10020-1234"), "NY");
        assert_eq!(state("US", "99999"), "AK");
        assert_eq!(state("US", "0"), "none");
        assert_eq!(state("CA", "k1p 5m7"), "ON");
        assert_eq!(state("CA", "H2Y 1C6"), "QC");
        assert_eq!(state("GB", "EC1A 1BB"), "-");
        assert_eq!(state("GB", "\u{e9}C1"), "none");
        assert_eq!(state("FR", "75001"), "none");
        let [one, other] = ["94117", "10020"].map(|code| area_of("US", code).expect("it is in the table"));
        let kilometers = one.kilometers_to(other);
        assert!((4_000.0..4_250.0).contains(&kilometers), "{kilometers}");
    }
}
