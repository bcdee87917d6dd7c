//! Pickups: a carrier fetches parcels, unless it is told not to.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::listing::{self, LISTING};
use super::super::wire::{PICKUP, address, moment, se};
use super::super::{checks, dialect, labels};
use crate::base::ids;
use crate::base::time::Timestamp;
use crate::engine::{Cx, Json, Outcome, Refusal};

/// A pickup as it is stored.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Pickup {
    id: String,
    label_ids: Vec<String>,
    created_at: Timestamp,
    cancelled_at: Option<Timestamp>,
    carrier_id: String,
    confirmation_number: String,
    warehouse_id: Option<String>,
    pickup_address: Value,
    contact_details: Value,
    pickup_notes: Option<String>,
    pickup_window: Value,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    label_ids: Vec<String>,
    contact_details: Value,
    pickup_notes: Option<String>,
    pickup_window: Value,
}

/// Newest first; those that were cancelled say so.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, PICKUP)?.read::<Pickup>().map(to_json);
    let body = json!(listing::envelope(cx, "pickups", page));
    Ok(dialect::enveloped(cx, body))
}

/// The carrier and the place are those of the first label.
pub(crate) fn schedule(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    let labels = sent.label_ids.iter().map(|id| labels::find(cx, id)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = labels.first() else { return Err(dialect::needed("label_ids")) };
    if labels.iter().any(|label| label.carrier != first.carrier) {
        return Err(dialect::unspecified("All labels must belong to the same carrier.", &json!({ "field_name": "label_ids" })));
    }
    if labels.iter().any(|label| label.voided.is_some()) {
        return Err(dialect::unspecified("Voided labels cannot be picked up.", &json!({ "field_name": "label_ids" })));
    }
    let at = |name: &str| sent.pickup_window[name].as_str().and_then(checks::instant);
    if at("end_at").is_some_and(|end| end <= cx.now || at("start_at").is_some_and(|start| start >= end)) {
        return Err(dialect::invalid("pickup_window", &sent.pickup_window));
    }
    let pickup = Pickup {
        id: format!("pik_{}", ids::alphanumeric(&mut cx.rng, 22)),
        created_at: cx.now,
        cancelled_at: None,
        carrier_id: se(first.carrier),
        confirmation_number: ids::alphanumeric(&mut cx.rng, 11),
        warehouse_id: first.warehouse.map(se),
        pickup_address: address::to_json(&first.from),
        label_ids: sent.label_ids,
        contact_details: sent.contact_details,
        pickup_notes: sent.pickup_notes,
        pickup_window: sent.pickup_window,
    };
    cx.docs.put(PICKUP, &pickup.id, &pickup);
    Ok(dialect::enveloped(cx, to_json(pickup)))
}

fn named(cx: &Cx<'_>) -> Result<Pickup, Refusal> {
    cx.docs.require(PICKUP, cx.call.parameter("pickup_id").unwrap_or_default())
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let pickup = named(cx)?;
    Ok(dialect::enveloped(cx, to_json(pickup)))
}

/// Cancels a pickup, which is still there.
pub(crate) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    let mut pickup = named(cx)?;
    pickup.cancelled_at.get_or_insert(cx.now);
    cx.docs.put(PICKUP, &pickup.id, &pickup);
    Ok(dialect::naming(cx, StatusCode::OK, |id| json!({ "request_id": id, "errors": [], "pickup_id": pickup.id })))
}

fn to_json(pickup: Pickup) -> Value {
    json!({
        "pickup_id": pickup.id, "label_ids": pickup.label_ids, "created_at": moment(pickup.created_at),
        "cancelled_at": pickup.cancelled_at.map(moment), "carrier_id": pickup.carrier_id,
        "confirmation_number": pickup.confirmation_number, "warehouse_id": pickup.warehouse_id,
        "pickup_address": pickup.pickup_address, "contact_details": pickup.contact_details, "pickup_notes": pickup.pickup_notes,
        "pickup_windows": [pickup.pickup_window],
    })
}

/// The numbers of the shipments that a pickup is for.
pub(crate) fn shipments(cx: &Cx<'_>, id: &str) -> Vec<u64> {
    let pickup: Option<Pickup> = cx.docs.get(PICKUP, id);
    let labels = pickup.into_iter().flat_map(|pickup| pickup.label_ids).filter_map(|id| labels::find(cx, &id).ok());
    labels.filter_map(|label| label.order).collect()
}
