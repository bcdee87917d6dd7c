//! The second address service: a book of addresses that can be changed, a validator and a parser, with ids of its own.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::catalog::CATALOG;
use super::super::checks;
use super::super::dialect::page::LISTING;
use super::super::dialect::{self, CONFLICT};
use super::super::wire::ADDRESS_V2;
use super::super::wire::address::Address;
use super::stored::{self, GO};
use super::validation;
use crate::carrier::address::Kind;
use crate::carrier::postal;
use crate::engine::fields::{Field, Report};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal};
use crate::spec::{Limits, Rule};

/// How many addresses an account can keep.
const MOST: usize = 3_000;

const PARTS: [&str; 10] = [
    "name",
    "organization",
    "email",
    "phone",
    "address_line_1",
    "address_line_2",
    "city_locality",
    "state_province",
    "postal_code",
    "country_code",
];

/// The book, newest first; changes replace the whole address.
pub(crate) static BOOK: Resource = Resource::new(
    ADDRESS_V2,
    "AddressV2",
    &LISTING,
    &Conventions {
        // Times of this service have no fraction.
        stamp: |at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into(),
        ..GO
    },
)
.judged(judge);

/// An address that is already there is refused.
fn judge(cx: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    let whole = Field::root(body);
    for (name, least) in [("email", 5), ("phone", 3)] {
        let part = whole.member(name);
        if report.is_fine(&part) && part.text().is_some_and(|text| !text.is_empty() && text.chars().count() < least) {
            report.add(&part, Rule::MinLength(Limits { min: Some(least), max: None }));
        }
    }
    if !report.is_clean() {
        return Ok(());
    }
    let text = |name: &str, usual: &str| whole.member(name).text().unwrap_or(usual).to_owned();
    let mut address: Map<String, Value> = PARTS.iter().map(|name| ((*name).to_owned(), text(name, "").into())).collect();
    address.insert("address_type".to_owned(), text("address_type", "unknown").into());
    let (address, own) = (Value::Object(address), stored::named(cx));
    if cx.docs.list::<Value>(ADDRESS_V2).any(|entry| entry["address"] == address && entry["id"] != own) {
        return Err(Refusal::Because(CONFLICT, "duplicate address".into()));
    }
    if own.is_empty() && cx.docs.count(ADDRESS_V2) >= MOST {
        return Err(checks::refused("address", format!("No more than {MOST} addresses can be stored.")));
    }
    *body = json!({ "address": address });
    Ok(())
}

/// The validator, on parts in the query; nothing is stored.
pub(crate) fn validate(cx: &mut Cx<'_>) -> Outcome {
    let part = |name: &str| cx.call.query(name).unwrap_or_default().trim().to_owned();
    let country = part("country_code");
    let fault = if country.is_empty() { "field is required" } else { "is not a country" };
    let country_code = CATALOG.country(&country).ok_or_else(|| checks::refused("country_code", fault))?;
    let has = |name: &str| !part(name).is_empty();
    let enough = has("address_line_1")
        && (has("city_locality") && (country_code != "US" || has("state_province")) || country_code == "US" && has("postal_code"));
    if !enough {
        return Err(checks::refused("address_line_1", "not enough of the address to look it up"));
    }
    let original: Map<String, Value> = PARTS.iter().filter(|name| has(name)).map(|name| ((*name).to_owned(), part(name).into())).collect();
    let mut address = classic(&part, country_code);
    if let Some(area) = postal::area_of("US", &address.zip).filter(|_| country_code == "US" && address.state.is_empty()) {
        address.state.clone_from(&area.state);
    }
    validation::validate(&mut address);
    let valid = address.validation_results.is_valid == Some(true);
    let mut recommended = modern(&address, &original);
    let was = |name: &str| original.get(name).and_then(Value::as_str).unwrap_or_default();
    let changed: Vec<&str> = CHANGES.into_iter().filter(|name| recommended.get(*name) != original.get(*name)).collect();
    // Four more digits of the ZIP code alone correct nothing.
    let is_found = valid && changed.iter().all(|name| *name == "postal_code" && address.zip.starts_with(was(name)));
    let (value, code, kind, description) = match (valid, is_found) {
        (true, true) => ("valid", "address_found", "info", "The entire address is present in the database."),
        (true, false) => ("partially_valid", "address_abbreviation_fixed", "correction", validation::ABBREVIATED),
        _ if validation::is_elsewhere(&address) => ("invalid", "zip_post_code_not_found", "error", "The postal code could not be found."),
        _ => ("invalid", "address_not_found", "error", "The address as submitted could not be found."),
    };
    let address_type = match address.is_residential.map(|_| validation::kind(&address)) {
        Some(Kind::Home) => "residential",
        Some(Kind::Business) => "commercial",
        Some(Kind::PostBox) => "po_box",
        Some(Kind::Military) => "military",
        None => "unknown",
    };
    let reasons = json!([{ "code": code, "type": kind, "description": description }]);
    let mut analysis = json!({ "validation_result": { "value": value, "reasons": reasons }, "address_type": address_type });
    let mut body = json!({ "original_address": original });
    if valid && !is_found {
        analysis["changed_attributes"] = changed.into();
        let Address { name, street1, street2, city, state, zip, country, .. } = &address;
        let rows = [name.clone(), format!("{street1} {street2}"), format!("{city} {state} {zip}"), country.clone()];
        let rows: Vec<&str> = rows.iter().map(|row| row.trim()).filter(|row| !row.is_empty()).collect();
        recommended.insert("complete_address".to_owned(), rows.join("; ").into());
        let description = "The address has been completely verified to the most granular level possible.";
        let confidence = json!({ "score": "high", "code": "postal_data_match", "description": description });
        recommended.insert("confidence_result".to_owned(), confidence);
    }
    body["analysis"] = analysis;
    if recommended.contains_key("complete_address") {
        body["recommended_address"] = recommended.into();
    }
    if let Some((latitude, longitude)) = Some(&address).filter(|_| valid && country_code == "US").and_then(validation::coordinates) {
        body["geo"] = json!({ "latitude": latitude, "longitude": longitude });
    }
    Ok(dialect::go(StatusCode::OK, &body))
}

/// What validation can change, in the order in which the vendor lists it.
const CHANGES: [&str; 6] = ["address_line_1", "postal_code", "address_line_2", "city_locality", "state_province", "country_code"];

/// The parser: the parts that it finds in one line of text.
pub(crate) fn parse(cx: &mut Cx<'_>) -> Outcome {
    let text = cx.call.query("address").unwrap_or_default().trim();
    if text.is_empty() {
        return Err(checks::refused("address", "field is required"));
    }
    Ok(dialect::go(StatusCode::OK, &parts(text)))
}

/// `Name, street, city, ST 12345, country`, of which any may be missing.
fn parts(text: &str) -> Map<String, Value> {
    let mut rows: Vec<&str> = text.split(['\n', ',']).map(str::trim).filter(|row| !row.is_empty()).collect();
    let mut found = Map::new();
    let mut country = None;
    if let Some(code) = rows.last().filter(|_| rows.len() > 1).and_then(|row| CATALOG.country(row)) {
        // `CA` at the end is California rather than Canada.
        let ends_in_state = rows.last().is_some_and(|row| row.len() == 2 && !matches!(*row, "US" | "GB" | "UK"));
        if !ends_in_state {
            country = Some(code);
            rows.pop();
        }
    }
    let is_street = |row: &str| row.bytes().any(|byte| byte.is_ascii_digit()) && row.bytes().any(|byte| byte.is_ascii_alphabetic());
    let postcode =
        |word: &str| word.bytes().filter(u8::is_ascii_digit).count() >= 4 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_state = |word: &str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_uppercase());
    // Codes of two words, and codes in front of the town.
    let is_pair = |pair: &str| ["CA", "GB"].iter().any(|country| postal::is_valid(country, pair) == Some(true));
    let has_street = |rows: &[&str]| rows.split_last().is_some_and(|(_, before)| before.iter().any(|row| is_street(row)));
    let (mut state, mut zip) = (None, None);
    if let Some(row) = rows.last().filter(|_| rows.len() > 1).copied() {
        let (start, end) = (row.find(' ').unwrap_or(row.len()), row.rfind(' ').map_or(0, |at| at + 1));
        let pair = row[..end].trim_end().rfind(' ').map_or(0, |at| at + 1);
        let parts = if postcode(&row[end..]) {
            Some((&row[end..], &row[..end]))
        } else if is_pair(&row[pair..]) {
            Some((&row[pair..], &row[..pair]))
        } else if has_street(&rows) && postcode(&row[..start]) {
            Some((&row[..start], &row[start..]))
        } else {
            None
        };
        if let Some((code, rest)) = parts {
            zip = Some(code);
            let rest = rest.trim();
            state = rest.split_whitespace().next_back().filter(|word| is_state(word));
            let rest = state.map_or(rest, |state| rest.trim_end_matches(state).trim_end());
            rows.pop();
            if !rest.is_empty() {
                rows.push(rest);
            } else if state.is_none()
                && let Some(row) = rows.pop_if(|row| is_state(row))
            {
                state = Some(row);
            }
        } else if is_state(row) {
            state = Some(row);
            rows.pop();
        }
    }
    let street = rows.iter().position(|row| is_street(row));
    if let Some(place) = street {
        if place > 0 {
            found.insert("name".to_owned(), rows[0].into());
        }
        found.insert("address_line_1".to_owned(), rows[place].into());
        let rest = &rows[place + 1..];
        if let [second, _city, ..] = rest {
            found.insert("address_line_2".to_owned(), (*second).into());
        }
        if let Some(city) = rest.last() {
            found.insert("city_locality".to_owned(), (*city).into());
        }
    } else if let Some(city) = rows.last() {
        found.insert("city_locality".to_owned(), (*city).into());
    }
    for (name, value) in [("state_province", state), ("postal_code", zip), ("country_code", country)] {
        if let Some(value) = value {
            found.insert(name.to_owned(), value.into());
        }
    }
    found
}

/// The parts as the first address service knows them.
fn classic(part: &dyn Fn(&str) -> String, country: &str) -> Address {
    Address {
        name: part("name"),
        company: part("organization"),
        street1: part("address_line_1"),
        street2: part("address_line_2"),
        city: part("city_locality"),
        state: part("state_province"),
        zip: part("postal_code"),
        country: country.to_owned(),
        phone: part("phone"),
        email: part("email"),
        ..Address::default()
    }
}

/// And back; only parts that say something, or were given.
fn modern(address: &Address, original: &Map<String, Value>) -> Map<String, Value> {
    let rows = [
        ("name", &address.name),
        ("organization", &address.company),
        ("email", &address.email),
        ("phone", &address.phone),
        ("address_line_1", &address.street1),
        ("address_line_2", &address.street2),
        ("city_locality", &address.city),
        ("state_province", &address.state),
        ("postal_code", &address.zip),
        ("country_code", &address.country),
    ];
    let kept = rows.into_iter().filter(|(name, text)| !text.is_empty() || original.contains_key(*name));
    kept.map(|(name, text)| (name.to_owned(), Value::from(text.as_str()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        let check = |text: &str, expected: Value| assert_eq!(Value::Object(parts(text)), expected, "{text}");
        check(
            "Jane Doe, 215 Clayton St., San Francisco, CA 94117, US",
            json!({"name": "Jane Doe", "address_line_1": "215 Clayton St.", "city_locality": "San Francisco", "state_province": "CA",
                "postal_code": "94117", "country_code": "US"}),
        );
        check(
            "215 Clayton St, Apt 4, San Francisco CA 94117",
            json!({"address_line_1": "215 Clayton St", "address_line_2": "Apt 4", "city_locality": "San Francisco", "state_province": "CA",
                "postal_code": "94117"}),
        );
        check("Berlin", json!({"city_locality": "Berlin"}));
        let berlin = json!({"address_line_1": "Kantstr. 1", "city_locality": "Berlin", "postal_code": "10719", "country_code": "DE"});
        check("Kantstr. 1, 10719 Berlin, Germany", berlin);
        let london = json!({"address_line_1": "10 Downing Street", "city_locality": "London", "postal_code": "SW1A 2AA"});
        check("10 Downing Street, London SW1A 2AA", london.clone());
        check("10 Downing Street, London, SW1A 2AA", london);
        let toronto = json!({"address_line_1": "1 Yonge St", "city_locality": "Toronto", "state_province": "ON", "postal_code": "M5V 2T6"});
        check("1 Yonge St, Toronto ON M5V 2T6", toronto);
        check("Jane Doe, 1092 Indian Summer Ct", json!({"name": "Jane Doe", "address_line_1": "1092 Indian Summer Ct"}));
    }
}
