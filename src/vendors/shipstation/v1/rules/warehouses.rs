//! Places to ship from.

use serde_json::{Value, json};

use super::super::super::wire::order::Members;
use super::super::super::wire::{self, WAREHOUSE, date};
use super::super::dialect::message;
use super::{Id, create, done};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(cx.docs.all::<Members>(WAREHOUSE)))
}

pub fn get(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    Ok(Reply::ok(cx.docs.require::<Members>(WAREHOUSE, &id)?))
}

/// Recorded: the first place is the default one whatever was sent, and a return address that is copied does not say whether it is
/// residential.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    check(cx)?;
    let id = wire::next_id(cx, &WAREHOUSE);
    let warehouse = made(cx, id, &json!(date::stamp(cx.now)));
    store(cx, id, &warehouse);
    Ok(Reply::ok(warehouse))
}

pub fn update(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    let before: Members = cx.docs.require(WAREHOUSE, &id)?;
    check(cx)?;
    let number = before["warehouseId"].as_u64().unwrap_or_default();
    let warehouse = made(cx, number, &before["createDate"]);
    store(cx, number, &warehouse);
    Ok(done("The requested warehouse has been updated."))
}

/// Where the default place was deleted, the oldest of the others takes its place.
pub fn delete(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    let gone: Members = cx.docs.require(WAREHOUSE, &id)?;
    cx.docs.remove(WAREHOUSE, &id);
    let next = cx.docs.list::<Members>(WAREHOUSE).next().filter(|_| gone["isDefault"] == true);
    if let Some(next) = next {
        wire::make_default(cx, next["warehouseId"].as_u64().unwrap_or_default());
    }
    Ok(done("The requested warehouse has been deleted."))
}

/// Addresses have a name, and countries two letters.
fn check(cx: &Cx<'_>) -> Result<(), Refusal> {
    cx.call.valid()?;
    let addresses = ["originAddress", "returnAddress"].map(|name| &cx.call.body[name]);
    create::check_countries(addresses)?;
    let is_nameless = |address: &&Value| address.is_object() && create::is_nameless(address);
    if addresses.iter().any(is_nameless) { Err(message("'Name' must not be empty.")) } else { Ok(()) }
}

fn made(cx: &Cx<'_>, id: u64, created: &Value) -> Value {
    let body = &cx.call.body;
    let origin = cx.completed("Address", &body["originAddress"], &[]);
    let returned = match body.get("returnAddress").filter(|address| address.is_object()) {
        Some(address) => cx.completed("Address", address, &[]),
        None => {
            let mut copy = origin.clone();
            copy["residential"] = Value::Null;
            copy
        }
    };
    let is_only = !cx.docs.list::<Members>(WAREHOUSE).any(|other| other["isDefault"] == true && other["warehouseId"] != id);
    json!({
        "warehouseId": id, "warehouseName": body.get("warehouseName"), "originAddress": origin, "returnAddress": returned,
        "createDate": created, "isDefault": is_only || body["isDefault"] == true, "sellerIntegrationId": null, "extInventoryIdentity": null,
        "registerFedexMeter": null,
    })
}

/// Stores a place; there is one default.
fn store(cx: &mut Cx<'_>, id: u64, warehouse: &Value) {
    cx.docs.put(WAREHOUSE, &id.to_string(), warehouse);
    if warehouse["isDefault"] == true {
        wire::make_default(cx, id);
    }
}
