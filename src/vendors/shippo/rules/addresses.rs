//! Addresses: stored as they are sent, never changed; validation answers a new one.

use http::StatusCode;
use serde_json::Value;

use super::stored::{CONVENTIONS, named};
use super::validation;
use crate::engine::fields::Report;
use crate::engine::resource::{Members, Resource};
use crate::engine::{Cx, Outcome, Refusal};
use crate::vendors::shippo::dialect::page::FIVES;
use crate::vendors::shippo::dialect::version;
use crate::vendors::shippo::failures;
use crate::vendors::shippo::wire::address::Address;
use crate::vendors::shippo::wire::{self, ADDRESS, Moment};

/// Only the country has to be there; `validate` corrects the address on the way in.
pub(crate) static ADDRESSES: Resource = Resource::new(ADDRESS, "Address", &FIVES, &CONVENTIONS).judged(judge).finished(finish);

/// The old address stays as it is.
pub(crate) fn validate(cx: &mut Cx<'_>) -> Outcome {
    let mut address: Address = cx.docs.require(ADDRESS, &named(cx))?;
    address.object_id = wire::new_id(cx);
    address.object_created = Moment(cx.now);
    address.object_updated = Moment(cx.now);
    judge_by_carrier(cx, &mut address);
    cx.docs.put(ADDRESS, &address.object_id, &address);
    Ok(version::reply(cx.call, StatusCode::OK, address))
}

/// Validates in place, unless the scenario wants nobody to be found there.
fn judge_by_carrier(cx: &Cx<'_>, address: &mut Address) {
    match cx.fails(failures::ADDRESS_UNDELIVERABLE) {
        Some(text) => validation::reject(address, validation::not_found(text)),
        None => validation::validate(address),
    }
}

/// Coordinates are kept if they are numbers.
fn judge(_: &mut Cx<'_>, body: &mut Value, _: &mut Report<'_>) -> Result<(), Refusal> {
    for name in ["longitude", "latitude"] {
        if let Some(degrees) = body.get_mut(name) {
            *degrees = degrees.as_f64().or_else(|| degrees.as_str()?.parse().ok()).into();
        }
    }
    Ok(())
}

fn finish(cx: &mut Cx<'_>, read: &Members, document: &mut Members) -> Result<(), Refusal> {
    let mut address: Address = serde_json::from_value(std::mem::take(document).into()).expect("members make an address");
    address.is_complete = validation::is_complete(&address);
    if read["validate"] == true {
        judge_by_carrier(cx, &mut address);
    }
    *document = serde_json::to_value(address).unwrap_or_default().into();
    Ok(())
}
