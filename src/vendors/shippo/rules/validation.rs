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

/// Validates in place.
pub(super) fn validate(address: &mut Address) {
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
            }
            address.metadata.clear();
            address.is_complete = is_complete(address);
            address.validation_results = Validation { is_valid: Some(true), messages: Some(Vec::new()) };
        }
    }
}

fn domestic_fault(address: &Address) -> Option<Advice> {
    let fault = |code: &str, text: &str| Some(Advice { source: "USPS".into(), code: code.into(), text: text.into(), kind: None });
    let digits = address.zip.bytes().take(5).filter(u8::is_ascii_digit).count();
    let state = address.state.trim();
    if address.zip.is_empty() && (address.city.is_empty() || state.is_empty()) {
        return fault("Invalid City/State/Zip", "The city, state and ZIP code do not name a place.");
    }
    let area = CATALOG.zip_area(&address.zip).filter(|_| digits == 5);
    let elsewhere = !address.zip.is_empty() && area.is_none_or(|area| !state.is_empty() && !area.state.eq_ignore_ascii_case(state));
    if address.street1.is_empty()
        || elsewhere
        || !address.street1.chars().chain(address.street_no.chars()).any(|letter| letter.is_ascii_digit())
    {
        return fault(
            "Address Not Found",
            "The address as submitted could not be found. Please check for excessive abbreviations in the street address line or in the City name.",
        );
    }
    None
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
    Some(Advice { source: "Shippo Address Validator".into(), code: code.into(), text: text.into(), kind: Some("address_error".into()) })
}

/// One space between words, no points behind abbreviations.
fn tidy(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    words.collect::<Vec<_>>().join(" ")
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
