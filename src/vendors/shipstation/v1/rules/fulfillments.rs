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
pub(in crate::vendors::shipstation) fn add(cx: &mut Cx<'_>, own: &Value) -> u64 {
    let id = wire::next_id(cx, &FULFILLMENT);
    let mut row = Members::from(cx.completed_by(DOCUMENT, "Fulfillment", own, FORMS));
    row["fulfillmentId"] = id.into();
    row["userId"] = CATALOG.users[0]["userId"].clone();
    row["createDate"] = date::stamp(cx.now).into();
    row["shipTo"] = own["shipTo"].clone();
    cx.docs.put(FULFILLMENT, &id.to_string(), &row);
    id
}
