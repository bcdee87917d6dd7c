//! Return labels for shipments that went out.

use jiff::ToSpan;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptheory::catalog::{CATALOG, ReturnService};
use crate::vendors::shiptheory::wire::{self, Enclosed, SHIPMENT, Shipment, Tone};
use crate::vendors::shiptheory::{checks, dialect, fields, labels, parcels, routing};

/// A new return label, found by reference and postcode. The label is not kept, the news of it is, and so is the carrier's
/// refusal.
pub(in super::super) fn create(cx: &mut Cx<'_>) -> Outcome {
    let body = &cx.call.body;
    checks::body(body, fields::RETURN)?;
    let given = |name: &str| body.get(name).and_then(wire::text).unwrap_or_default();
    let (reference, postcode, expiry) = (given("outgoing_reference"), given("delivery_postcode"), given("expiry"));
    let today = cx.now.to_zoned(TimeZone::UTC).date();
    let latest = today.saturating_add(30.days());
    if !checks::day(&expiry).is_some_and(|day| (today..=latest).contains(&day)) {
        let text = "Your returns label expiry is not allowed. The label must expire within 30 days";
        return Err(checks::failed("expiry", "expiry_length", text));
    }
    let found = cx.docs.get::<Shipment>(SHIPMENT, &reference).filter(|shipment| same_place(&shipment.recipient.postcode, &postcode));
    let Some(mut shipment) = found else {
        return Err(sentence(format!("Unable to find a shipment with the reference '{reference}' and postcode '{postcode}'")));
    };
    let wanted = body.get("return_service").and_then(wire::integer).and_then(|id| u32::try_from(id).ok());
    let Some((carrier, service)) = wanted.and_then(|id| CATALOG.return_service(id)) else {
        return Err(checks::failed("return_service", "_existsIn", "This value does not exist"));
    };
    shipment.modified = cx.now;
    let weight = shipment.detail.weight / f64::from(shipment.detail.parcels);
    if let Some(objection) = routing::return_objection(service, &shipment.recipient.country, weight) {
        shipment.tell(cx.now, Tone::Error, &objection);
        cx.docs.put(SHIPMENT, &reference, &shipment);
        // Not a refusal: the history keeps what the carrier said.
        return Ok(Reply::json(http::StatusCode::BAD_REQUEST, json!({ "error": objection })));
    }
    let label = issue(cx, &mut shipment, carrier, service);
    cx.docs.put(SHIPMENT, &reference, &shipment);
    let printed = labels::returning(&shipment, &label, &expiry);
    Ok(Reply::ok(json!({"tracking": label.tracking_number, "label": printed})))
}

/// Gives a return its number, starts its parcel's life, and writes it into the shipment's history.
pub(super) fn issue(cx: &mut Cx<'_>, shipment: &mut Shipment, carrier: &str, service: &ReturnService) -> Enclosed {
    let tracking_number = parcels::tracking_number(cx, "ST#########X");
    let home = shipment.sender.as_ref().unwrap_or(&CATALOG.sender);
    let way = (parcels::location(&shipment.recipient), parcels::location(home));
    parcels::ship(cx, &tracking_number, (carrier, &service.name, 2, None), &shipment.reference, way);
    shipment.tell(cx.now, Tone::Success, format!("Return label created with {carrier}'s {}: {tracking_number}", service.name));
    Enclosed { carrier: carrier.to_owned(), service: service.name.clone(), tracking_number }
}

fn same_place(left: &str, right: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    plain(left) == plain(right)
}

fn sentence(text: String) -> Refusal {
    Refusal::Because(dialect::ERROR, Value::String(text))
}
