//! Addresses: stored as they are sent, never changed; validation answers a new one.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::super::access::Mode;
use super::super::accounts;
use super::super::catalog::CATALOG;
use super::super::dialect::fields::{Fields, not_a_choice};
use super::super::dialect::version;
use super::super::validation;
use super::super::wire::address::{Address, Validation};
use super::super::wire::{self, ADDRESS, Moment, ObjectId};
use crate::engine::{Cx, Json, Outcome, Params, Refusal};

#[derive(Deserialize)]
pub(crate) struct AddressId {
    #[serde(rename = "AddressId")]
    id: ObjectId,
}

/// Only the country has to be there; `validate` corrects the address on the way in.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let address = store(cx, &body)?;
    Ok(version::reply(cx.call, StatusCode::CREATED, address))
}

/// The old address stays as it is.
pub(crate) fn validate(cx: &mut Cx<'_>, Params(AddressId { id: ObjectId(id) }): Params<AddressId>) -> Outcome {
    let mut address: Address = cx.docs.require(ADDRESS, &id)?;
    address.object_id = wire::new_id(cx);
    address.object_created = Moment(cx.now);
    address.object_updated = Moment(cx.now);
    validation::validate(&mut address);
    cx.docs.put(ADDRESS, &address.object_id, &address);
    Ok(version::reply(cx.call, StatusCode::OK, address))
}

/// Stores an address from a body.
pub(crate) fn store(cx: &mut Cx<'_>, body: &Value) -> Result<Address, Refusal> {
    let mut fields = Fields::of(body)?;
    let mut address = Address {
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        object_id: String::new(),
        is_complete: false,
        validation_results: Validation::default(),
        object_owner: accounts::owner(cx).into_owned(),
        name: fields.text("name"),
        company: fields.text("company"),
        street_no: fields.text("street_no"),
        street1: fields.text("street1"),
        street2: fields.text("street2"),
        street3: if fields.is_null("street3") { None } else { Some(fields.text("street3")) },
        city: fields.text("city"),
        state: fields.text("state"),
        zip: fields.text("zip"),
        country: fields.needed("country"),
        longitude: degrees(&fields, "longitude"),
        latitude: degrees(&fields, "latitude"),
        phone: telephone(&fields.text("phone")),
        email: fields.text("email"),
        is_residential: fields.flag("is_residential"),
        metadata: fields.metadata(),
        test: Mode::of(cx).is_test(),
    };
    match CATALOG.country(&address.country) {
        Some(code) => code.clone_into(&mut address.country),
        None if fields.is_fine("country") => fields.fault("country", not_a_choice(&address.country)),
        None => {}
    }
    let validated = fields.flag("validate") == Some(true);
    fields.done()?;
    address.object_id = wire::new_id(cx);
    address.is_complete = validation::is_complete(&address);
    if validated {
        validation::validate(&mut address);
    }
    cx.docs.put(ADDRESS, &address.object_id, &address);
    Ok(address)
}

/// A coordinate, if one was sent.
fn degrees(fields: &Fields<'_>, name: &str) -> Option<f64> {
    fields.value(name).and_then(|value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()))
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
