//! Picking lists.

use serde_json::{Map, json};

use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptheory::checks::{self, REQUIRED};
use crate::vendors::shiptheory::wire::{self, SHIPMENT, Shipment};
use crate::vendors::shiptheory::{fields, labels};

/// A list of the shipments that are there. Each is named by its own reference, by the order's, or by both.
pub(in super::super) fn download(cx: &mut Cx<'_>) -> Outcome {
    checks::body(&cx.call.body, fields::PICKING_LIST)?;
    let mut found: Vec<Shipment> = Vec::new();
    for row in cx.call.body["shipments"].as_array().into_iter().flatten() {
        let given = |name: &str| row.get(name).and_then(wire::text).filter(|text| !text.is_empty());
        match (given("reference_1"), given("reference_2")) {
            (None, None) => return Err(nameless()),
            (Some(reference), order) => {
                let shipment = cx.docs.get::<Shipment>(SHIPMENT, &reference);
                found.extend(shipment.filter(|shipment| order.is_none_or(|order| shipment.reference2 == order)));
            }
            (None, Some(order)) => found.extend(cx.docs.list::<Shipment>(SHIPMENT).filter(|shipment| shipment.reference2 == order)),
        }
    }
    if found.is_empty() {
        return Err(Refusal::missing(SHIPMENT, ""));
    }
    Ok(Reply::ok(json!({ "pdf": labels::picking_list(&found, cx.now) })))
}

fn nameless() -> Refusal {
    let rows = json!([{"reference_1": {"_required": REQUIRED}}]);
    checks::broken(Map::from_iter([("shipments".to_owned(), rows)]))
}
