//! What the address service makes of an address: corrected fields, or what is wrong with them. Pure.

use super::super::catalog::CATALOG;
use super::super::wire::address::{Address, Advice, Validation};
use crate::base::entropy;

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
    let street = match address.street_no.as_str() {
        "" => address.street1.clone(),
        number => format!("{number} {}", address.street1),
    };
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
                if address.zip.len() == 5 {
                    address.zip = format!("{}-{}", address.zip, plus_four(address));
                }
                address.is_residential = Some(!is_office(address));
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
    if address.zip.is_empty() && (address.city.is_empty() || address.state.trim().is_empty()) {
        return fault("Invalid City/State/Zip", "The city, state and ZIP code do not name a place.");
    }
    if address.street1.is_empty()
        || is_elsewhere(address)
        || !address.street1.chars().chain(address.street_no.chars()).any(|letter| letter.is_ascii_digit())
    {
        return fault(
            "Address Not Found",
            "The address as submitted could not be found. Please check for excessive abbreviations in the street address line or in the City name.",
        );
    }
    None
}

/// Whether a ZIP code is none, or not of the state.
pub(super) fn is_elsewhere(address: &Address) -> bool {
    let (zip, state) = (&address.zip, address.state.trim());
    let area = CATALOG.zip_area(zip).filter(|_| zip.bytes().take(5).filter(u8::is_ascii_digit).count() == 5);
    !zip.is_empty() && area.is_none_or(|area| !state.is_empty() && !area.state.eq_ignore_ascii_case(state))
}

fn foreign_fault(address: &Address) -> Option<Advice> {
    let (code, text) = match address {
        Address { street1, .. } if street1.is_empty() => ("street_detail_missing", "The address has no street."),
        Address { city, .. } if city.is_empty() => ("city_partial", "The address has no city."),
        Address { zip, country, .. } if zip.is_empty() && !CATALOG.addresses.zip_not_used.contains(country) => {
            ("postal_code_not_found", "The address has no postal code.")
        }
        _ => return None,
    };
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
    let area = CATALOG.zip_area(&address.zip)?;
    let door = entropy::fingerprint(format!("{}|{}", address.street1.to_lowercase(), address.zip).as_bytes());
    let near = |tenths: f64, step: u64| {
        let step = u32::try_from(step % 4_000).unwrap_or_default();
        ((tenths / 10.0 + (f64::from(step) - 2_000.0) / 100_000.0) * 100_000.0).round() / 100_000.0
    };
    Some((near(area.latitude, door), near(area.longitude, door >> 16)))
}

/// The last four digits of a ZIP code: the same for the same door.
fn plus_four(address: &Address) -> String {
    let door = format!("{}|{}|{}", address.street1.to_lowercase(), address.street2.to_lowercase(), address.zip);
    format!("{:04}", 1 + entropy::fingerprint(door.as_bytes()) % 9_998)
}

fn is_office(address: &Address) -> bool {
    let words = format!("{} {}", address.street1, address.street2).to_lowercase();
    words.split_whitespace().any(|word| matches!(word.trim_end_matches('.'), "ste" | "suite" | "floor" | "fl" | "dept"))
}
