//! Places to ship from.

use serde_json::Value;

use super::super::super::wire::order::Members;
use super::super::super::wire::{self, WAREHOUSE};
use super::super::dialect::message;
use super::super::listing::LISTING;
use super::{create, done};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};

pub(crate) static WAREHOUSES: Resource = Resource::new(WAREHOUSE, "Warehouse", &LISTING, &Conventions::USUAL);

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(cx.docs.all::<Members>(WAREHOUSE)))
}

/// Recorded: the first place is the default one whatever was sent, and a return address that is copied does not say whether it is
/// residential.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    check(cx)?;
    let id = wire::next_id(cx, &WAREHOUSE);
    Ok(Reply::ok(store(cx, id, &Members::default())))
}

pub fn update(cx: &mut Cx<'_>) -> Outcome {
    let (_, before) = WAREHOUSES.find(cx)?;
    check(cx)?;
    store(cx, wire::id(&before["warehouseId"]), &before);
    Ok(done("The requested warehouse has been updated."))
}

/// Where the default place was deleted, the oldest of the others takes its place.
pub fn delete(cx: &mut Cx<'_>) -> Outcome {
    let (id, gone) = WAREHOUSES.find(cx)?;
    cx.docs.remove(WAREHOUSE, &id);
    let next = cx.docs.list::<Members>(WAREHOUSE).next().filter(|_| gone["isDefault"] == true);
    next.into_iter().for_each(|next| wire::make_default(cx, wire::id(&next["warehouseId"])));
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

fn store(cx: &mut Cx<'_>, id: u64, before: &Members) -> Members {
    let body = &cx.call.body;
    let origin = cx.completed("Address", &body["originAddress"], &[]);
    let mut back = origin.clone();
    if body["returnAddress"].is_object() {
        back = cx.completed("Address", &body["returnAddress"], &[]);
    } else {
        back["residential"] = Value::Null;
    }
    let is_only = !cx.docs.list::<Members>(WAREHOUSE).any(|other| other["isDefault"] == true && other["warehouseId"] != id);
    let is_default = is_only || body["isDefault"] == true;
    wire::warehouse(cx, id, before, [body["warehouseName"].clone(), origin, back, is_default.into()])
}
