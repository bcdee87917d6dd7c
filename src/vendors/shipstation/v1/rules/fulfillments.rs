//! Orders that were shipped by other means.

use serde_json::Value;

use super::super::super::catalog::CATALOG;
use super::super::super::wire::order::Members;
use super::super::super::wire::{self, FULFILLMENT, date};
use super::super::listing::{self, FULFILLMENTS};
use super::create::{DOCUMENT, FORMS};
use crate::engine::{Cx, Outcome};

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = FULFILLMENTS.read(cx.call)?.documents(&cx.docs, FULFILLMENT)?.written();
    Ok(listing::page("fulfillments", page, listing::is_short(cx.call)))
}

/// Stores one with what is said of it; its number.
pub(in crate::vendors::shipstation) fn add(cx: &mut Cx<'_>, mut own: Value) -> u64 {
    let id = wire::next_id(cx, &FULFILLMENT);
    own["fulfillmentId"] = id.into();
    own["userId"] = CATALOG.users[0]["userId"].clone();
    own["createDate"] = date::stamp(cx.now).into();
    let mut row = Members::from(cx.completed_by(DOCUMENT, "Fulfillment", &own, FORMS));
    row["shipTo"] = own["shipTo"].take();
    cx.docs.put(FULFILLMENT, &id.to_string(), &row);
    id
}
