//! Addresses as the postal service writes them, and those that it cannot find.

use serde_json::{Value, json};

use super::super::dialect::bad;
use super::super::failures::ADDRESS_UNDELIVERABLE;
use super::super::wire::{FORMS, Members};
use crate::carrier::address::{self, Fault};
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// Results in the order of the request.
pub(crate) fn validate(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(cx.call.body.as_array().into_iter().flatten().map(|sent| validated(cx, sent)).collect::<Vec<_>>()))
}

/// Recorded 2024: the e-mail address is dropped on both sides, and line 2 is folded into line 1.
fn validated(cx: &Cx<'_>, sent: &Value) -> Value {
    let mut original = cx.completed("Address", sent, FORMS);
    original["email"] = Value::Null;
    let text = |name: &str| original[name].as_str().unwrap_or_default();
    let message =
        |code: &str, text: &str, kind: &str, detail: &str| json!([{ "code": code, "message": text, "type": kind, "detail_code": detail }]);
    let address = address::Address {
        company: text("company_name"),
        street: text("address_line1"),
        second: text("address_line2"),
        city: text("city_locality"),
        state: text("state_province"),
        code: text("postal_code"),
        country: text("country_code"),
    };
    let faults = address.faults();
    let is_wrong = |fault: &Fault| matches!(fault, Fault::Code | Fault::NoCode);
    let wanted = cx.fails(ADDRESS_UNDELIVERABLE);
    let (status, messages) = match text("country_code") {
        _ if wanted.is_some() => ("error", message("a1003", wanted.unwrap_or_default(), "error", "address_not_found")),
        "US" if faults.iter().any(is_wrong) => ("error", message("a1002", "Invalid postal code.", "error", "invalid_postal_code")),
        "US" if !faults.is_empty() => ("error", message("a1003", "Address not found", "error", "address_not_found")),
        "US" => ("verified", json!([])),
        _ => ("unverified", message("a1000", "This country is not supported for address verification.", "warning", "unsupported_country")),
    };
    let matched = (status == "verified").then(|| {
        let mut matched = original.clone();
        clean(&mut matched);
        matched["address_residential_indicator"] = "unknown".into();
        matched
    });
    json!({ "status": status, "original_address": original, "matched_address": matched, "messages": messages })
}

/// Writes an address of the United States as the postal service does: in capitals, with ZIP+4.
pub(crate) fn clean(address: &mut Value) {
    let Some(members) = address.as_object_mut() else { return };
    for name in ["address_line1", "city_locality", "state_province"] {
        if let Some(text) = members.get_mut(name).and_then(|value| value.as_str().map(address::capitals)) {
            members.insert(name.to_owned(), text.into());
        }
    }
    let second = members.get("address_line2").and_then(Value::as_str).map(address::capitals).unwrap_or_default();
    if !second.is_empty() {
        let first = members.get("address_line1").and_then(Value::as_str).unwrap_or_default();
        members.insert("address_line1".to_owned(), format!("{first} {second}").into());
    }
    members.insert("address_line2".to_owned(), "".into());
    if members.contains_key("instructions") {
        members.insert("instructions".to_owned(), "".into());
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let door = address::Address { street: text("address_line1"), code: text("postal_code"), country: "US", ..Default::default() };
        let code = door.nine_digits();
        members.insert("postal_code".to_owned(), code.into());
    } else {
        for name in ["name", "company_name"] {
            if let Some(text) = members.get(name).and_then(Value::as_str).map(str::to_uppercase) {
                members.insert(name.to_owned(), text.into());
            }
        }
    }
}

/// What is found out about the recipient of a shipment that is only looked at, if anything is wished.
pub(crate) fn looked_up(cx: &Cx<'_>, sent: &Value) -> Value {
    let is_wished = sent["validate_address"].as_str().is_some_and(|wish| wish != "no_validation");
    if is_wished { validated(cx, &sent["ship_to"]) } else { Value::Null }
}

/// Nobody gets a label to an address that was to be looked up and is not found.
pub(crate) fn of_label(cx: &Cx<'_>, wish: Option<&str>, shipment: &mut Members) -> Result<(), Refusal> {
    let asked = json!({ "validate_address": wish, "ship_to": shipment["ship_to"] });
    if of_shipment(cx, &asked, shipment)?["status"] == "error" { Err(invalid(INVALID)) } else { Ok(()) }
}

const INVALID: &str = "Invalid ship_to address.";

/// A refusal because of the recipient's address, in these words.
pub(crate) fn invalid(text: &str) -> Refusal {
    bad("business_rules", "invalid_address", text, &json!({ "field_name": "ship_to" }))
}

/// What `validate_address` finds out about the recipient of a shipment; `validate_and_clean` writes it down.
pub(crate) fn of_shipment(cx: &Cx<'_>, sent: &Value, shipment: &mut Members) -> Result<Value, Refusal> {
    let wish = sent["validate_address"].as_str().unwrap_or("no_validation");
    if wish == "no_validation" {
        return Ok(Value::Null);
    }
    let result = validated(cx, &sent["ship_to"]);
    if wish == "validate_and_clean" {
        if result["status"] == "error" {
            return Err(invalid(INVALID));
        }
        let kept = ["name", "company_name", "phone", "email"];
        for (name, value) in result["matched_address"].as_object().into_iter().flatten().filter(|(name, _)| !kept.contains(&name.as_str()))
        {
            shipment["ship_to"][name] = value.clone();
        }
    }
    Ok(result)
}
