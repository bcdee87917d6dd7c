//! Warehouses, which both versions have.

use http::StatusCode;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::wire::{self, Members, WAREHOUSE_MORE, address, moment, se};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::wire::address::Address;
use crate::vendors::shipstation::wire::{self as shared, WAREHOUSE};

/// Members of addresses that version 1 does not have.
const MORE: [&str; 3] = ["email", "instructions", "geolocation"];

/// All of them, not paged.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = cx.docs.all::<Members>(WAREHOUSE).iter().map(|row| to_json(cx, row)).collect();
    Ok(Reply::ok(json!({ "warehouses": rows })))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    wire::stored(cx, WAREHOUSE).map(|(_, warehouse): (u64, Members)| Reply::ok(to_json(cx, &warehouse)))
}

/// Recorded: without an address for returns it is that of the origin.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let number = shared::next_id(cx, &WAREHOUSE);
    Ok(Reply::ok(store(cx, number, &Members::default())))
}

pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let (number, before): (u64, Members) = wire::stored(cx, WAREHOUSE)?;
    cx.call.valid()?;
    store(cx, number, &before);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn store(cx: &mut Cx<'_>, number: u64, before: &Members) -> Value {
    let sent = &cx.call.body;
    let back = if sent["return_address"].is_null() { "origin_address" } else { "return_address" };
    let whole = ["origin_address", back].map(|name| cx.completed("Address", &sent[name], wire::FORMS));
    let [origin, back] = [&whole[0], &whole[1]].map(|address| json!(address::read(address)));
    let is_default = sent["is_default"].as_bool().unwrap_or(before["isDefault"] == true);
    let warehouse = shared::warehouse(cx, number, before, [sent["name"].clone(), origin, back, is_default.into()]);
    cx.docs.put(WAREHOUSE_MORE, &number.to_string(), &whole.map(more));
    to_json(cx, &warehouse)
}

/// What version 1 has no words for in an address.
fn more(address: Value) -> Members {
    let told = Members::from(address).into_iter().filter(|(name, value)| MORE.contains(&&**name) && !value.is_null());
    told.collect()
}

/// Makes it the default one; nothing makes it another one.
pub(crate) fn settings(cx: &mut Cx<'_>) -> Outcome {
    let (number, _): (u64, Members) = wire::stored(cx, WAREHOUSE)?;
    cx.call.valid()?;
    if cx.call.body["is_default"] == true {
        shared::make_default(cx, number);
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Gone, unless it is the default one.
pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let (number, warehouse): (u64, Members) = wire::stored(cx, WAREHOUSE)?;
    if warehouse["isDefault"] == true {
        return Err(wrong_state("default_warehouse_cannot_be_deleted", "The default warehouse cannot be deleted."));
    }
    [WAREHOUSE, WAREHOUSE_MORE].into_iter().for_each(|kind| _ = cx.docs.remove(kind, &number.to_string()));
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn to_json(cx: &Cx<'_>, warehouse: &Members) -> Value {
    let more: Vec<Value> = cx.docs.get(WAREHOUSE_MORE, &warehouse["warehouseId"].to_string()).unwrap_or_default();
    let of = |index: usize, name: &str| {
        let shown = Address::deserialize(&warehouse[name]).map(|row| address::to_json(&row)).unwrap_or_default();
        wire::joined([shown, more.get(index).cloned().unwrap_or_default()])
    };
    let created = warehouse["createDate"].as_str().and_then(|text| shared::instant(text.parse().ok()?)).map(moment);
    json!({
        "warehouse_id": warehouse["warehouseId"].as_u64().map(se), "is_default": warehouse["isDefault"], "name": warehouse["warehouseName"],
        "created_at": created, "origin_address": of(0, "originAddress"), "return_address": of(1, "returnAddress"),
    })
}
