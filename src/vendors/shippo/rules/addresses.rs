//! Addresses: stored as they are sent, never changed; validation answers a new one.

use http::StatusCode;
use serde_json::{Map, Value};

use super::stored::{CONVENTIONS, named};
use crate::engine::resource::{Members, Resource};
use crate::engine::{Cx, Outcome, Refusal};
use crate::vendors::shippo::dialect::fields::Fields;
use crate::vendors::shippo::dialect::page::FIVES;
use crate::vendors::shippo::dialect::version;
use crate::vendors::shippo::validation;
use crate::vendors::shippo::wire::address::Address;
use crate::vendors::shippo::wire::{self, ADDRESS, Moment};

/// Only the country has to be there; `validate` corrects the address on the way in.
pub(crate) static ADDRESSES: Resource =
    Resource { kind: ADDRESS, read: Some(read), schema: "Address", finish, listing: &FIVES, conventions: &CONVENTIONS };

const TEXTS: [&str; 9] = ["name", "company", "street_no", "street1", "street2", "street3", "city", "state", "zip"];

/// The old address stays as it is.
pub(crate) fn validate(cx: &mut Cx<'_>) -> Outcome {
    let mut address: Address = cx.docs.require(ADDRESS, &named(cx)?)?;
    address.object_id = wire::new_id(cx);
    address.object_created = Moment(cx.now);
    address.object_updated = Moment(cx.now);
    validation::validate(&mut address);
    cx.docs.put(ADDRESS, &address.object_id, &address);
    Ok(version::reply(cx.call, StatusCode::OK, address))
}

fn read(_: &mut Cx<'_>, body: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut fields = Fields::of(body)?;
    for name in TEXTS {
        fields.text(name);
    }
    if fields.is_null("street3") {
        fields.keep("street3", Value::Null);
    }
    fields.country("country");
    for name in ["longitude", "latitude"] {
        let degrees = fields.value(name).and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()));
        fields.keep(name, degrees);
    }
    let phone = telephone(&fields.text("phone"));
    fields.keep("phone", phone);
    fields.text("email");
    fields.flag("is_residential");
    fields.metadata();
    fields.flag("validate");
    fields.into_read()
}

fn finish(_: &mut Cx<'_>, read: &Members, document: &mut Members) -> Result<(), Refusal> {
    let mut address: Address = serde_json::from_value(Value::Object(std::mem::take(document))).expect("members make an address");
    address.is_complete = validation::is_complete(&address);
    if read.get("validate") == Some(&Value::Bool(true)) {
        validation::validate(&mut address);
    }
    if let Ok(Value::Object(members)) = serde_json::to_value(address) {
        *document = members;
    }
    Ok(())
}

/// A leading plus becomes two zeros, blanks vanish.
fn telephone(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    text.strip_prefix('+').map_or_else(|| text.clone(), |number| format!("00{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephones_are_stored_without_plus_and_blanks() {
        assert_eq!(telephone("+1 555 010 0199"), "0015550100199");
        assert_eq!(telephone("5550100100"), "5550100100");
    }
}
