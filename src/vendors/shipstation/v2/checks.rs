//! How requests are read, which Json.NET does, and how what is wrong with them is worded. What cannot be read is told alone, then ids
//! that are none, then all members that say nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dialect::{about, bad, error, unspecified};
use super::wire::{self, Members, address};
use crate::base::time::Timestamp;
use crate::carrier::countries;
use crate::engine::{Call, Refusal};
use crate::spec::{JsonType, ParameterIn, Reading, Rule, Step, Violation, reading};
use crate::vendors::shipstation::rates::lacking;

/// Numbers come as texts and the other way round, null is nothing, ids are checked in the path first.
pub(super) const READING: Reading = Reading {
    text: |value| value.as_bool().map(|flag| flag.to_string()).or_else(|| reading::digits(value)),
    number: |value| value.as_str()?.trim().parse().ok().filter(|number: &f64| number.is_finite()),
    integer: |value| value.as_str().map_or_else(|| reading::whole_number(value), |text| text.trim().parse().ok()),
    flag: |value| match value {
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    },
    null_is_missing: true,
    first_value: true,
    checks_path: true,
    formats: &[
        ("se-id", |text| wire::number(text).is_some()),
        ("label-id", |text| wire::number(&text.replacen("se-test-", "se-", 1)).is_some()),
        ("label-ids", |text| text.split(',').all(|id| id.is_empty() || wire::number(&id.replacen("se-test-", "se-", 1)).is_some())),
        ("filled", |text| !text.trim().is_empty()),
        ("date-or-time", |text| instant(text).is_some()),
        ("web-address", |text| ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme) && text.len() > scheme.len())),
        ("float", |_| true),
    ],
    ..Reading::STRICT
};

/// A time, or a day that begins in UTC.
pub(super) fn instant(text: &str) -> Option<Timestamp> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let local = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    text.parse().ok().or_else(|| Some(local().or_else(day)?.timestamp()))
}

/// The error of a member that says nothing.
pub(super) fn needed(name: &str) -> Value {
    let more = json!({ "field_name": name });
    error("validation", "field_value_required", format!("'{name}' should not be empty."), &more)
}

/// What is wrong with a request, as far as the vendor tells it.
pub(super) fn errors(violations: &[Violation], call: &Call<'_>) -> Vec<Value> {
    let in_path = violations.iter().find(|row| row.location == ParameterIn::Path);
    if let Some(Violation { value, .. }) = in_path {
        let more = json!({ "field_name": null, "field_value": value });
        return vec![error("business_rules", "unspecified", "id parameter is in the wrong format", &more)];
    }
    let unread = violations.iter().find(|row| is_unreadable(row));
    let no_id = || violations.iter().find(|row| is_id(row));
    match unread.or_else(no_id) {
        Some(first) => vec![error_of(first, call)],
        None => violations.iter().map(|row| error_of(row, call)).collect(),
    }
}

/// What is wrong with the elements of the list in a body, by their index.
///
/// # Errors
/// What is wrong with the request as a whole, and ids that are none.
pub(super) fn of_elements(call: &Call<'_>) -> Result<BTreeMap<usize, Vec<Value>>, Refusal> {
    let mut found = BTreeMap::<usize, Vec<Value>>::new();
    if let Err(refusal) = call.valid() {
        for row in call.violations.iter() {
            match *row.path {
                [_, Step::Element(index), _, ..] if !is_unreadable(row) && !is_id(row) => {
                    found.entry(index).or_default().push(error_of(row, call))
                }
                _ => return Err(refusal),
            }
        }
    }
    Ok(found)
}

fn is_unreadable(row: &Violation) -> bool {
    matches!(row.rule, Rule::Type(_) | Rule::AnyOf)
        || row.path.is_empty()
        || row.location == ParameterIn::Query && row.rule == Rule::Required
}

fn is_id(row: &Violation) -> bool {
    matches!(&row.rule, Rule::Format(format) if ["se-id", "label-id", "label-ids"].contains(&&**format))
}

fn error_of(row: &Violation, call: &Call<'_>) -> Value {
    let name = row.path.iter().rev().map(Step::name).find(|name| !name.is_empty()).unwrap_or_default();
    let more = json!({ "field_name": name });
    let of_length = |text: String| error("validation", "invalid_string_length", format!("The length of '{name}' {text}."), &more);
    let is_blank = || row.value.as_ref().and_then(Value::as_str).is_some_and(|text| text.trim().is_empty());
    match &row.rule {
        rule if row.path.is_empty() && (call.body.is_null() || matches!(rule, Rule::MinItems(_))) => {
            error("validation", "request_body_required", "Request body cannot be empty.", &Value::Null)
        }
        Rule::Required | Rule::MinLength(_) if row.location == ParameterIn::Query => {
            let text = format!("{}.String: A value is required but was not present in the request.", camel(name));
            error("system", "unspecified", text, &Value::Null)
        }
        Rule::Type(_) | Rule::AnyOf => {
            // What may be of several types is an object to the vendor.
            let wanted = if let Rule::Type(wanted) = row.rule { wanted } else { JsonType::Object };
            let place = place(&row.path);
            let operation = call.operation.map_or("", |operation| &operation.id);
            let wanted = net_type(wanted, if name.is_empty() { operation } else { name });
            let text = format!("request{place}: Could not cast or convert from {} to {wanted}.", found(row.value.as_ref()));
            error("system", "unspecified", text, &Value::Null)
        }
        _ if is_id(row) => {
            let is_element = matches!(row.path.last(), Some(Step::Element(_)));
            let list = row.path[..row.path.len() - usize::from(is_element)].iter().try_fold(&call.body, |value, step| match step {
                Step::Element(index) => value.get(index),
                Step::Member(name) | Step::Key(name) => value.get(&**name),
            });
            let text = if is_element { format!("{name} must be only integers") } else { format!("{name} must be an integer") };
            let asked = || call.query.iter().filter(|(own, _)| own == name).map(|(_, id)| id.clone()).collect();
            let value = if is_element { Some(list.cloned().unwrap_or_else(asked)) } else { row.value.clone() };
            error("business_rules", "unspecified", text, &about(name, value))
        }
        Rule::Required | Rule::Null | Rule::MinItems(_) => needed(name),
        Rule::MinLength(_) | Rule::Pattern(_) | Rule::Format(_) if is_blank() => needed(name),
        Rule::MinLength(limits) => of_length(format!("must be at least {} characters", limits.min.unwrap_or_default())),
        Rule::MaxLength(limits) => of_length(format!("must be {} characters or fewer", limits.max.unwrap_or_default())),
        Rule::Minimum(range) => {
            let least = range.min.as_ref().map(ToString::to_string).unwrap_or_default();
            error("validation", "invalid_field_value", format!("{name}: Must be greater than or equal to {least}."), &more)
        }
        _ => error("validation", "invalid_field_value", format!("Invalid {name}."), &about(name, &row.value)),
    }
}

/// A path as Json.NET prints it, with a point in front.
fn place(path: &[Step]) -> String {
    path.iter().map(|step| if let Step::Element(index) = step { format!("[{index}]") } else { format!(".{}", step.name()) }).collect()
}

/// The name of a parameter in the vendor's code.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |text, word| text + &capital(word))
}

/// A word with a capital in front.
pub(super) fn capital(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn found(value: Option<&Value>) -> &'static str {
    match value {
        Some(Value::String(_)) => "System.String",
        Some(Value::Bool(_)) => "System.Boolean",
        Some(Value::Number(number)) if number.is_f64() => "System.Double",
        Some(Value::Number(_)) => "System.Int64",
        Some(Value::Array(_)) => "Newtonsoft.Json.Linq.JArray",
        _ => "Newtonsoft.Json.Linq.JObject",
    }
}

/// What the vendor's code has a member as. Recorded of `shipment`; the others follow its pattern.
fn net_type(wanted: JsonType, name: &str) -> String {
    match wanted {
        JsonType::String => "System.String".to_owned(),
        JsonType::Number => "System.Decimal".to_owned(),
        JsonType::Integer => "System.Int32".to_owned(),
        JsonType::Boolean => "System.Boolean".to_owned(),
        JsonType::Array => net_type(JsonType::Object, name) + "[]",
        JsonType::Object => {
            let name: String = name.split('_').map(capital).collect();
            let one = if name.ends_with("ss") { &name } else { name.trim_end_matches('s') };
            let folder = if one == "Shipment" { "Shipments." } else { "" };
            format!("ShipEngine.Api.Models.{folder}{one}")
        }
    }
}

/// Every package weighs something. Inferred: in the words of the vendor's other checks.
///
/// # Errors
/// The weight that is none.
pub(super) fn weighs(shipment: &Members) -> Result<(), Refusal> {
    let mut weights = shipment["packages"].as_array().into_iter().flatten().map(|package| &package["weight"]["value"]);
    match weights.find(|value| value.as_f64().is_none_or(|value| value <= 0.0)) {
        Some(Value::Null) => Err(super::dialect::needed("weight")),
        Some(value) => Err(bad("validation", "invalid_field_value", "'value' must be greater than '0'.", &about("value", value))),
        None => Ok(()),
    }
}

/// No address is half an address.
///
/// # Errors
/// What it lacks.
pub(super) fn are_whole(shipment: &Members) -> Result<(), Refusal> {
    let names = ["address_line1", "city_locality", "state_province", "postal_code"];
    let mut lacking = ["ship_from", "ship_to"].into_iter().filter_map(|end| lacking(&address::read(&shipment[end])));
    lacking.next().map_or(Ok(()), |index| Err(super::dialect::needed(names[index])))
}

/// What crosses a border is described, and once; goods of an order are described by its lines.
pub(super) fn declares(shipment: &Members) -> Result<(), Refusal> {
    // Mail to territories is that of the United States.
    let [from, to] = ["ship_from", "ship_to"].map(|end| countries::of_mail(shipment[end]["country_code"].as_str().unwrap_or_default()));
    if from == to {
        return Ok(());
    }
    let items = shipment["customs"]["customs_items"].as_array().map_or(&[][..], Vec::as_slice);
    let packages = shipment["packages"].as_array().into_iter().flatten();
    let products: Vec<&Value> = packages.filter_map(|package| package["products"].as_array()).flatten().collect();
    if !items.is_empty() && !products.is_empty() {
        let message = "customs_items and products cannot both be specified.";
        return Err(bad("validation", "field_conflict", message, &json!({ "field_name": "customs_items" })));
    }
    let is_paper = shipment["customs"]["contents"] == "documents";
    let has_goods = !items.is_empty() || !products.is_empty() || shipment["items"].as_array().is_some_and(|lines| !lines.is_empty());
    if !is_paper && !has_goods {
        let message = "customs_items are required for international shipments.";
        return Err(bad("validation", "customs_items_required", message, &json!({ "field_name": "customs_items" })));
    }
    let is_blank = |row: &Value| row["description"].as_str().is_none_or(str::is_empty);
    if items.iter().any(is_blank) || products.into_iter().any(is_blank) {
        return Err(unspecified("Please add a description for your Customs Item(s)", &Value::Null));
    }
    Ok(())
}
