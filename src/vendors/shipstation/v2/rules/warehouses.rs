//! Warehouses, which both versions have.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::wire::{self, Members, address, moment, se};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::wire::address::Address;
use crate::vendors::shipstation::wire::{self as shared, WAREHOUSE};

/// All of them, not paged.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let rows: Vec<Value> = cx.docs.all::<Members>(WAREHOUSE).iter().map(to_json).collect();
    Ok(Reply::ok(json!({ "warehouses": rows })))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    wire::stored(cx, WAREHOUSE).map(|(_, warehouse): (u64, Members)| Reply::ok(to_json(&warehouse)))
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
    let read = |name: &str| json!(address::read(&cx.completed("Address", &sent[name], wire::FORMS)));
    let origin = read("origin_address");
    let back = if sent["return_address"].is_null() { origin.clone() } else { read("return_address") };
    let is_default = sent["is_default"].as_bool().unwrap_or(before["isDefault"] == true);
    let warehouse = shared::warehouse(cx, number, before, [sent["name"].clone(), origin, back, is_default.into()]);
    to_json(&warehouse)
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
    cx.docs.remove(WAREHOUSE, &number.to_string());
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn to_json(warehouse: &Members) -> Value {
    let of = |name: &str| serde_json::from_value::<Address>(warehouse[name].clone()).map(|row| address::to_json(&row)).unwrap_or_default();
    let created = warehouse["createDate"].as_str().and_then(|text| shared::instant(text.parse().ok()?)).map(moment);
    json!({
        "warehouse_id": warehouse["warehouseId"].as_u64().map(se), "is_default": warehouse["isDefault"], "name": warehouse["warehouseName"],
        "created_at": created, "origin_address": of("originAddress"), "return_address": of("returnAddress"),
    })
}
