//! Connections to carriers, by the names of those: of the catalog's carriers, what was disconnected comes back.

use http::StatusCode;
use serde_json::json;

use super::super::access::in_sandbox;
use super::super::dialect::wrong_state;
use super::super::webhooks;
use super::super::wire::{CARRIER_SETTINGS, Members, se};
use super::carriers;
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::wire::DISCONNECTED;

pub(crate) fn connect(cx: &mut Cx<'_>) -> Outcome {
    let name = cx.call.parameter("carrier_name").unwrap_or_default();
    let is_named = |row: &&crate::vendors::shipstation::catalog::Carrier| row.code == name || row.code_v2(in_sandbox(cx)) == name;
    let carrier = CATALOG.carriers.iter().find(is_named);
    let carrier = carrier.ok_or_else(|| wrong_state("carrier_not_supported", format!("The carrier {name} is not supported.")))?;
    cx.docs.remove(DISCONNECTED, &carrier.id.to_string());
    webhooks::connected(cx, carrier.id);
    Ok(Reply::ok(json!({ "carrier_id": se(carrier.id) })))
}

/// What was set last; only the name that the account has for the carrier, if nothing was.
pub(crate) fn settings(cx: &mut Cx<'_>) -> Outcome {
    let carrier = carriers::named(cx)?;
    let set: Option<Members> = cx.docs.get(CARRIER_SETTINGS, &carrier.id.to_string());
    Ok(Reply::ok(set.map_or_else(|| json!({ "nickname": carrier.nickname_v2(in_sandbox(cx)) }), Into::into)))
}

pub(crate) fn set(cx: &mut Cx<'_>) -> Outcome {
    let carrier = carriers::named(cx)?;
    cx.call.valid()?;
    cx.docs.put(CARRIER_SETTINGS, &carrier.id.to_string(), &cx.call.body.clone());
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
