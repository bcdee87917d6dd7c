//! What the address service makes of an address: corrected fields, or what is wrong with them. Pure.

use super::super::catalog::CATALOG;
use super::super::wire::address::{Address, Advice, Validation};
use crate::carrier::address::{self, Fault, Kind};

/// Whether nothing is missing that a label needs.
pub(super) fn is_complete(address: &Address) -> bool {
    let rules = &CATALOG.addresses;
    let country = &address.country;
    ![&address.name, &address.street1, &address.city].iter().any(|text| text.is_empty())
        && (!address.zip.is_empty() || rules.zip_not_used.contains(country))
        && (!address.state.is_empty() || !rules.state_required.contains(country))
}

/// Why the postal service finds no such address in its own country.
pub(super) fn fault(address: &Address) -> Option<String> {
    // Seen in 2026, of exactly this street. The longer text was recorded in 2020.
    let is_nowhere = address.street1.eq_ignore_ascii_case("N/A");
    let fault = Some(address).filter(|address| address.country == "US").and_then(domestic_fault)?;
    Some(if is_nowhere { "Address not found.".to_owned() } else { fault.text })
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
        Some(advice) => {
            // Observed 2017: upper case, the number in both places, the metadata kept.
            address.street1 = street.to_uppercase();
            address.city = address.city.to_uppercase();
            address.is_complete = false;
            address.validation_results = Validation { is_valid: Some(false), messages: Some(vec![advice]) };
        }
        None => {
            address.street1 = tidy(&street);
            address.street_no.clear();
            address.street2 = tidy(&address.street2);
            address.city = tidy(&address.city);
            if address.country == "US" {
                address.state = address.state.to_uppercase();
                address.zip = of(address, &address.street1).nine_digits();
                address.is_residential = Some(matches!(kind(address), Kind::Home | Kind::PostBox));
                (address.latitude, address.longitude) = coordinates(address).unzip();
            }
            address.metadata.clear();
            address.is_complete = is_complete(address);
            let abroad =
                if address.country == "US" { None } else { Some([("geocoded_rooftop", "rooftop"), ("premises_full", "premises")]) };
            let told = abroad.into_iter().flatten();
            let told = told.map(|(code, what)| advice(code, format!("The address was found to the {what}."), "geocode_level"));
            address.validation_results = Validation { is_valid: Some(true), messages: Some(told.collect()) };
        }
    }
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
        Fault::City => Some(("city_partial", "The address has no city.")),
        Fault::Code => Some(("invalid_postal_code", "The country has no such postal code.")),
        Fault::State(_) => Some(("component_mismatch_error", "The postal code belongs to another state or province.")),
        _ => None,
    });
    let is_codeless = address.zip.is_empty() && !CATALOG.addresses.zip_not_used.contains(&address.country);
    let (code, text) = fault.or(is_codeless.then_some(("postal_code_not_found", "The address has no postal code.")))?;
    Some(advice(code, text, "address_error"))
}

/// One space between words, no points behind abbreviations.
fn tidy(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    words.collect::<Vec<_>>().join(" ")
}

fn advice(code: &str, text: impl Into<String>, kind: &str) -> Advice {
    Advice { source: "Shippo Address Validator".into(), code: code.into(), kind: Some(kind.into()), text: text.into() }
}

/// Where a door of the United States is, in degrees: somewhere in the area of its ZIP code.
pub(super) fn coordinates(address: &Address) -> Option<(f64, f64)> {
    of(address, &address.street1).coordinates()
}
