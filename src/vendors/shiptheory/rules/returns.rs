//! Return labels for shipments that went out.

use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::{Cx, Json, Outcome, Refusal, Reply};
use crate::vendors::shiptheory::catalog::{CATALOG, ReturnService};
use crate::vendors::shiptheory::rules::parcels;
use crate::vendors::shiptheory::rules::shipments::routing;
use crate::vendors::shiptheory::wire::{self, Enclosed, SHIPMENT, Shipment, Tone};
use crate::vendors::shiptheory::{checks, dialect, labels};

#[derive(Deserialize)]
pub(in super::super) struct ReturnWish {
    outgoing_reference: String,
    delivery_postcode: String,
    return_service: i64,
    expiry: Date,
}

/// A new return label, found by reference and postcode. The label is not kept, the news of it is, and so is the carrier's
/// refusal.
pub(in super::super) fn create(cx: &mut Cx<'_>, Json(wish): Json<ReturnWish>) -> Outcome {
    let ReturnWish { outgoing_reference: reference, delivery_postcode: postcode, return_service, expiry } = wish;
    let today = cx.now.to_zoned(TimeZone::UTC).date();
    let latest = today.saturating_add(30.days());
    if !(today..=latest).contains(&expiry) {
        let text = "Your returns label expiry is not allowed. The label must expire within 30 days";
        return Err(checks::failed("expiry", "expiry_length", text));
    }
    let found =
        cx.docs.get::<Shipment>(SHIPMENT, &reference).filter(|shipment| same_place(wire::text(&shipment.recipient, "postcode"), &postcode));
    let Some(mut shipment) = found else {
        return Err(sentence(format!("Unable to find a shipment with the reference '{reference}' and postcode '{postcode}'")));
    };
    let Some((carrier, service)) = u32::try_from(return_service).ok().and_then(|id| CATALOG.return_service(id)) else {
        return Err(checks::failed("return_service", "_existsIn", "This value does not exist"));
    };
    shipment.modified = cx.now;
    let country = wire::text(&shipment.recipient, "country");
    if let Some(objection) = routing::return_objection(service, country, shipment.parcel_weight()) {
        shipment.tell(cx.now, Tone::Error, &objection);
        cx.docs.put(SHIPMENT, &reference, &shipment);
        // Not a refusal: the history keeps what the carrier said.
        return Ok(Reply::json(http::StatusCode::BAD_REQUEST, json!({ "error": objection })));
    }
    let label = issue(cx, &mut shipment, carrier, service);
    cx.docs.put(SHIPMENT, &reference, &shipment);
    let printed = labels::returning(&shipment, &label, &expiry.to_string());
    Ok(Reply::with_file(json!({"tracking": label.tracking_number}), "label", printed))
}

/// Gives a return its number, starts its parcel's life, and writes it into the shipment's history.
pub(super) fn issue(cx: &mut Cx<'_>, shipment: &mut Shipment, carrier: &str, service: &ReturnService) -> Enclosed {
    let tracking_number = cx.tracking_number("ST#########X");
    let (home, away) = shipment.way();
    parcels::ship(cx, &tracking_number, (carrier, &service.name, 2, None), &shipment.reference, (away, home));
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
