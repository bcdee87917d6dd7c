//! Picking lists.

use serde_json::json;

use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::spec::Rule;
use crate::vendors::shiptheory::labels;
use crate::vendors::shiptheory::wire::{SHIPMENT, Shipment};

/// A list of the shipments that are there. Each is named by its own reference, by the order's, or by both.
pub(in super::super) fn download(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let mut found: Vec<Shipment> = Vec::new();
    for row in body.member("shipments").elements() {
        let given = |name: &str| row.member(name).text().filter(|text| !text.is_empty());
        match (given("reference_1"), given("reference_2")) {
            (None, None) => report.add(&Field { value: None, ..row.member("reference_1") }, Rule::Required),
            (Some(reference), order) => {
                let shipment = cx.docs.get::<Shipment>(SHIPMENT, reference);
                found.extend(shipment.filter(|shipment| order.is_none_or(|order| shipment.reference2 == order)));
            }
            (None, Some(order)) => found.extend(cx.docs.list::<Shipment>(SHIPMENT).filter(|shipment| shipment.reference2 == order)),
        }
    }
    report.finish()?;
    if found.is_empty() {
        return Err(Refusal::missing(SHIPMENT, ""));
    }
    Ok(Reply::ok(json!({ "pdf": labels::picking_list(&found, cx.now) })))
}
