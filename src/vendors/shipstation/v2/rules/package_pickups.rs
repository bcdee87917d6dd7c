//! Pickups: a carrier fetches parcels, unless it is told not to.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::listing::{self, LISTING};
use super::super::wire::{Members, PICKUP, address, moment, se, texts};
use super::super::{checks, dialect, labels};
use crate::base::ids;
use crate::engine::{Cx, Outcome, Refusal};

/// Newest first; those that were cancelled say so.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.documents(&cx.docs, PICKUP)?.read::<Members>();
    let body = json!(listing::envelope(cx, "pickups", page));
    Ok(dialect::enveloped(cx, body))
}

/// The carrier and the place are those of the first label.
pub(crate) fn schedule(cx: &mut Cx<'_>) -> Outcome {
    let (sent, window) = (&cx.call.body, &cx.call.body["pickup_window"]);
    let labels = texts(&sent["label_ids"]).map(|id| labels::find(cx, id)).collect::<Result<Vec<_>, _>>()?;
    let Some(first) = labels.first() else { return Err(dialect::needed("label_ids")) };
    if labels.iter().any(|label| label.carrier != first.carrier) {
        return Err(dialect::unspecified("All labels must belong to the same carrier.", &json!({ "field_name": "label_ids" })));
    }
    if labels.iter().any(|label| label.voided.is_some()) {
        return Err(dialect::unspecified("Voided labels cannot be picked up.", &json!({ "field_name": "label_ids" })));
    }
    let at = |name: &str| window[name].as_str().and_then(checks::instant);
    if at("end_at").is_some_and(|end| end <= cx.now || at("start_at").is_some_and(|start| start >= end)) {
        return Err(dialect::invalid("pickup_window", window));
    }
    let id = format!("pik_{}", ids::alphanumeric(&mut cx.rng, 22));
    let pickup = json!({
        "pickup_id": id, "label_ids": labels.iter().map(labels::id).collect::<Vec<_>>(), "created_at": moment(cx.now), "cancelled_at": null,
        "carrier_id": se(first.carrier), "confirmation_number": ids::alphanumeric(&mut cx.rng, 11),
        "warehouse_id": first.warehouse.map(se), "pickup_address": address::to_json(&first.from),
        "contact_details": sent["contact_details"], "pickup_notes": sent["pickup_notes"], "pickup_windows": [window],
    });
    cx.docs.put(PICKUP, &id, &pickup);
    Ok(dialect::enveloped(cx, pickup))
}

fn named(cx: &Cx<'_>) -> Result<Value, Refusal> {
    cx.docs.require(PICKUP, cx.call.parameter("pickup_id").unwrap_or_default())
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let pickup = named(cx)?;
    Ok(dialect::enveloped(cx, pickup))
}

/// Cancels a pickup, which is still there.
pub(crate) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    let mut pickup = named(cx)?;
    if pickup["cancelled_at"].is_null() {
        pickup["cancelled_at"] = moment(cx.now).into();
        cx.docs.put(PICKUP, pickup["pickup_id"].as_str().unwrap_or_default(), &pickup);
    }
    Ok(dialect::naming(cx, StatusCode::OK, |id| json!({ "request_id": id, "errors": [], "pickup_id": pickup["pickup_id"] })))
}

/// The numbers of the shipments that a pickup is for.
pub(crate) fn shipments(cx: &Cx<'_>, id: &str) -> Vec<u64> {
    let pickup: Value = cx.docs.get(PICKUP, id).unwrap_or_default();
    texts(&pickup["label_ids"]).filter_map(|id| labels::find(cx, id).ok()?.order).collect()
}
