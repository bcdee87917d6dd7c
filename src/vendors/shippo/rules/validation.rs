//! What the address service makes of an address: corrected fields, or what is wrong with them. Pure.

use serde_json::Value;

use super::super::catalog::CATALOG;
use super::super::rates;
use super::super::wire::address::{Address, Advice, Validation};
use crate::base::entropy;
use crate::carrier;
use crate::carrier::address::{self, Fault, Kind};

/// Whether nothing is missing that a label needs.
pub(super) fn is_complete(address: &Address) -> bool {
    rates::missing(address).next().is_none()
}

/// Why the postal service makes no label for an address in its own country.
pub(super) fn fault(address: &Address) -> Option<String> {
    let fault = Some(address).filter(|address| address.country == "US").map(domestic_fault)?;
    // Seen in 2026: of the street `N/A`, and under a live token of a flat, although the validator takes it, without the last four digits
    // of its ZIP code. The longer text was recorded in 2020.
    let is_nowhere = address.street1.eq_ignore_ascii_case("N/A") || !address.test && address.zip.len() == 5 && is_flat(address);
    if is_nowhere { Some("Address not found.".to_owned()) } else { fault.map(|fault| fault.text) }
}

/// The ZIP code of an address, with its last four digits where they can be found.
pub(super) fn zip(address: &Address) -> String {
    let mut corrected = address.clone();
    validate(&mut corrected);
    corrected.zip
}

/// Validates in place. Under a test token addresses abroad stay as they are, and nothing is said of them.
pub(super) fn validate(address: &mut Address) {
    if address.test && address.country != "US" {
        address.validation_results = Validation::default();
        return;
    }
    let missing = if address.country == "US" { domestic_fault(address) } else { foreign_fault(address) };
    let street = street(address);
    match missing {
        Some(advice) => reject(address, advice),
        None => {
            let lines = [tidy(&street), tidy(&address.street2)];
            let is_american = matches!(address.country.as_str(), "US" | "CA");
            let shortened = lines.each_ref().map(|line| if is_american { abbreviated(line) } else { line.clone() });
            let is_shortened = shortened != lines;
            [address.street1, address.street2] = shortened;
            address.street_no.clear();
            address.city = tidy(&address.city);
            if address.country == "US" {
                address.state = address.state.to_uppercase();
                address.zip = of(address, &address.street1).nine_digits();
                address.is_residential = Some(matches!(kind(address), Kind::Home | Kind::PostBox));
            }
            (address.longitude, address.latitude) = located(address);
            address.metadata.clear();
            address.is_complete = is_complete(address);
            let abbreviation = is_shortened.then_some(("address_abbreviation_fixed", "address_correction", ABBREVIATED));
            let told = abbreviation.into_iter().chain(lacks_number(address)).chain(levels(address));
            let told = told.map(|(code, kind, text)| advice(code, text, kind));
            address.validation_results = Validation { is_valid: Some(true), messages: Some(told.collect()) };
        }
    }
}

/// Marks an address as none. Observed 2017: upper case, the number in both places, the metadata kept.
pub(super) fn reject(address: &mut Address, advice: Advice) {
    address.street1 = street(address).to_uppercase();
    address.city = address.city.to_uppercase();
    address.is_complete = false;
    address.validation_results = Validation { is_valid: Some(false), messages: Some(vec![advice]) };
}

/// What is said of an address that is nowhere.
pub(super) fn not_found(text: &str) -> Advice {
    advice("Address Not Found", text, "address_error")
}

fn domestic_fault(address: &Address) -> Option<Advice> {
    // Recorded 2022; in 2017 it was the postal service that spoke.
    let fault = |code: &str, text: &str| Some(advice(code, text, "address_error"));
    let faults = of(address, &street(address)).faults();
    if faults.contains(&Fault::Place) {
        return fault("Invalid City/State/Zip", "The city, state and ZIP code do not name a place.");
    }
    // A town and its state are enough without a ZIP code, a ZIP code without a town.
    if faults.iter().any(|fault| !matches!(fault, Fault::City | Fault::NoCode)) {
        return fault(
            "Address Not Found",
            "The address as submitted could not be found. Please check for excessive abbreviations in the street address line or in the City name.",
        );
    }
    None
}

/// An address as carriers know it.
fn of<'a>(address: &'a Address, street: &'a str) -> address::Address<'a> {
    address::Address {
        company: &address.company,
        street,
        second: &address.street2,
        city: &address.city,
        state: &address.state,
        code: &address.zip,
        country: &address.country,
    }
}

/// The street with the number, which may stand apart.
fn street(address: &Address) -> String {
    match address.street_no.as_str() {
        "" => address.street1.clone(),
        number => format!("{number} {}", address.street1),
    }
}

/// What stands at an address.
pub(super) fn kind(address: &Address) -> Kind {
    of(address, &address.street1).kind()
}

/// Whether a ZIP code is none, or not of the state.
pub(super) fn is_elsewhere(address: &Address) -> bool {
    of(address, &address.street1).faults().iter().any(|fault| matches!(fault, Fault::Code | Fault::State(_)))
}

fn foreign_fault(address: &Address) -> Option<Advice> {
    let fault = of(address, &address.street1).faults().into_iter().find_map(|fault| match fault {
        Fault::Street => Some(("street_detail_missing", "The address has no street.")),
        Fault::City | Fault::NoTown => Some(("city_partial", "The address has no city.")),
        Fault::Code => Some(("invalid_postal_code", "The country has no such postal code.")),
        Fault::State(_) => Some(("component_mismatch_error", "The postal code belongs to another state or province.")),
        _ => None,
    });
    let is_codeless = address.zip.is_empty() && !CATALOG.addresses.zip_not_used.contains(&address.country);
    let (code, text) = fault.or(is_codeless.then_some(("postal_code_not_found", "The address has no postal code.")))?;
    Some(advice(code, text, "address_error"))
}

/// Words as the postal service abbreviates them; a number alone is a suite's.
fn abbreviated(line: &str) -> String {
    let words = line.split_whitespace().map(|word| match word.strip_prefix('#') {
        Some(number) => format!("Ste {number}"),
        None => address::abbreviated(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// One space between words, no points behind abbreviations.
fn tidy(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    words.collect::<Vec<_>>().join(" ")
}

fn advice(code: &str, text: impl Into<String>, kind: &str) -> Advice {
    Advice { source: "Shippo Address Validator".into(), code: code.into(), kind: Some(kind.into()), text: text.into() }
}

/// Where a door is, in degrees: somewhere in the area of its ZIP code, or of its town abroad.
pub(super) fn coordinates(address: &Address) -> Option<(f64, f64)> {
    let (latitude, longitude) = match address.country.as_str() {
        "US" => return of(address, &address.street1).coordinates(),
        _ => carrier::coordinates(&address.location())?,
    };
    let door = entropy::fingerprint(format!("{}|{}", address.street1.to_lowercase(), address.zip).as_bytes());
    let near = |degrees: f64, step: u64| {
        let step = u32::try_from(step % 4_000).unwrap_or_default();
        ((degrees + (f64::from(step) - 2_000.0) / 100_000.0) * 100_000.0).round() / 100_000.0
    };
    Some((near(latitude, door), near(longitude, door >> 16)))
}

/// Longitude and latitude as an address shows them. Seen in 2021: abroad they are texts.
fn located(address: &Address) -> (Option<Value>, Option<Value>) {
    let shown = |degrees: f64| if address.country == "US" { degrees.into() } else { degrees.to_string().into() };
    coordinates(address).map(|(latitude, longitude)| (shown(longitude), shown(latitude))).unzip()
}

/// What the validator says when it abbreviated something.
pub(super) const ABBREVIATED: &str = "The words of the address were abbreviated.";

/// Code, type and text of a message.
type Told = (&'static str, &'static str, &'static str);

/// Said of an address that ends in a word for a part of a building. The text was seen in 2021.
fn lacks_number(address: &Address) -> Option<Told> {
    let text = "More information, such as an apartment or suite number, may give a more specific address.";
    let last = words(address).next_back()?;
    (FLATS.contains(&last.as_str()) || OFFICES.contains(&last.as_str())).then_some(("Default Match", "address_warning", text))
}

/// How far an address abroad was found.
fn levels(address: &Address) -> impl Iterator<Item = Told> + use<> {
    let rows = [
        ("geocoded_rooftop", "geocode_level", "The address was found to the rooftop."),
        ("premises_full", "geocode_level", "The address was found to the premises."),
    ];
    let is_abroad = address.country != "US";
    rows.into_iter().filter(move |_| is_abroad)
}

/// Words for a flat and for an office.
const FLATS: [&str; 4] = ["apt", "apartment", "flat", "unit"];
const OFFICES: [&str; 5] = ["ste", "suite", "floor", "fl", "dept"];

fn is_flat(address: &Address) -> bool {
    words(address).any(|word| FLATS.contains(&word.as_str()))
}

fn words(address: &Address) -> impl DoubleEndedIterator<Item = String> {
    let lines = [&address.street1, &address.street2].into_iter().flat_map(|line| line.split_whitespace());
    lines.map(|word| word.trim_end_matches(['.', ',']).to_lowercase())
}
