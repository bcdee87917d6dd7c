//! Picking lists.

use indexmap::IndexMap;
use serde_json::json;

use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::spec::Rule;
use crate::vendors::shiptheory::labels;
use crate::vendors::shiptheory::wire::{SHIPMENT, Shipment};

/// A list of the shipments that are there, each once. It is named by its own reference, by the order's, or by both.
pub(in super::super) fn download(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let named = |shipment: Shipment| (shipment.reference.clone(), shipment);
    let (mut found, mut by_order) = (IndexMap::<String, Shipment>::new(), None);
    for row in body.member("shipments").elements() {
        let given = |name: &str| row.member(name).text().filter(|text| !text.is_empty());
        match (given("reference_1"), given("reference_2")) {
            (None, None) => report.add(&Field { value: None, ..row.member("reference_1") }, Rule::Required),
            (Some(reference), _) if found.contains_key(reference) => {}
            (Some(reference), order) => {
                let shipment = cx.docs.get::<Shipment>(SHIPMENT, reference);
                found.extend(shipment.filter(|shipment| order.is_none_or(|order| shipment.reference2 == order)).map(named));
            }
            (None, Some(order)) => {
                let orders = by_order.get_or_insert_with(|| cx.docs.all_by(SHIPMENT, |row: &Shipment| row.reference2.clone()));
                found.extend(orders.remove(order).into_iter().flatten().map(named));
            }
        }
    }
    report.finish()?;
    if found.is_empty() {
        return Err(Refusal::missing(SHIPMENT, ""));
    }
    Ok(Reply::with_file(json!({}), "pdf", labels::picking_list(found.values(), cx.now)))
}
