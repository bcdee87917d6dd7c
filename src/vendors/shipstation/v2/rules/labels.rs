//! Labels: bought in four ways, read, followed, voided.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::dialect::{error, refused, wrong_state};
use super::super::labels::{self, Options, Order, Own};
use super::super::listing::{self, LISTING};
use super::super::webhooks;
use super::super::wire::price::Priced;
use super::super::wire::{self, Members, TEST_LABEL, se, shipment};
use super::{addresses, rates, shipments, tracking};
use crate::base::time;
use crate::engine::listing::{Bound, By, Filter, Key, Listing, Sorting, Test};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::{LABEL, ORDER};

const fn number(name: &'static str, member: &'static str) -> Filter {
    Filter { name, member, test: Test::By(|found, id| found.as_u64().is_some() && found.as_u64() == wire::number(id)) }
}

const LABELS: Listing = Listing {
    filters: &[
        Filter { name: "label_status", member: "/voided", test: Test::By(is_in) },
        Filter { name: "service_code", member: "/service", test: Test::Equal },
        number("carrier_id", "/carrier"),
        Filter { name: "tracking_number", member: "", test: Test::By(is_numbered) },
        Filter { name: "batch_id", member: "", test: Test::By(is_of_batch) },
        Filter { name: "rate_id", member: "/more/v2/rate", test: Test::Equal },
        number("shipment_id", "/order"),
        number("warehouse_id", "/warehouse"),
        number("store_id", "/store"),
        Filter { name: "external_shipment_id", member: "/more/v2/external_shipment_id", test: Test::Equal },
        Filter { name: "created_at_start", member: "/created", test: Test::Time(Bound::From) },
        Filter { name: "created_at_end", member: "/created", test: Test::Time(Bound::Until) },
    ],
    sorting: Sorting {
        keys: &[Key { name: "created_at", member: "", by: By::Time }, Key { name: "modified_at", member: "/created", by: By::Time }],
        ..LISTING.sorting
    },
    ..LISTING
};

fn is_in(voided: &Value, status: &str) -> bool {
    status.eq_ignore_ascii_case(if voided.is_null() { "completed" } else { "voided" })
}

/// A label is found by the number of each of its packages.
fn is_numbered(label: &Value, number: &str) -> bool {
    label["tracking_number"] == number || label["more"]["v2"]["numbers"].as_array().is_some_and(|rows| rows.iter().any(|row| row == number))
}

/// A label is of the batch that it was bought in, or of one of its own.
fn is_of_batch(label: &Value, id: &str) -> bool {
    let own = &label["more"]["v2"]["batch"];
    let batch = if own.is_null() { &label["batch"] } else { own };
    batch.as_u64().is_some() && batch.as_u64() == wire::number(id)
}

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let page = LABELS.read(cx.call)?.documents(&cx.docs, LABEL)?.read::<Label>();
    Ok(listing::answer(cx, "labels", &page.map(|label| Priced(labels::shown(cx, &label, false, false)))))
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    shipment: Value,
    #[serde(flatten)]
    options: Options,
}

/// Buys a label for a shipment that comes along, and stays.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    if !sent.shipment["shipment_id"].is_null() {
        let text = "shipment_id cannot be specified; use /labels/shipment/{shipment_id}.";
        let more = json!({ "field_name": "shipment_id", "field_value": sent.shipment["shipment_id"] });
        return Err(refused(http::StatusCode::BAD_REQUEST, error("validation", "field_conflict", text, &more)));
    }
    let number = wire::next(cx, &ORDER);
    let mut shipment = shipment::complete(cx, number, &sent.shipment, None)?;
    shipments::is_free(cx, &shipment, number)?;
    let wish = sent.options.validate_address.as_deref().or(sent.shipment["validate_address"].as_str());
    addresses::of_label(cx, wish, &mut shipment)?;
    shipments::keep(cx, number, &shipment);
    let is_return = sent.options.is_return_label == Some(true) || shipment["is_return"] == true;
    bought(cx, &Order { number, shipment: &shipment, options: &sent.options, rate: None, batch: None, is_return })
}

/// Buys a label at a quoted rate.
pub(crate) fn create_from_rate(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("rate_id").unwrap_or_default().to_owned();
    let (number, mut shipment) = rates::quoted(cx, &id)?;
    let options = options(cx)?;
    addresses::of_label(cx, options.validate_address.as_deref(), &mut shipment)?;
    bought(cx, &Order { number, shipment: &shipment, options: &options, rate: Some(id), batch: None, is_return: false })
}

/// Buys the label of a stored shipment.
pub(crate) fn create_from_shipment(cx: &mut Cx<'_>) -> Outcome {
    let (number, mut shipment) = shipment::named(cx)?;
    let options = options(cx)?;
    addresses::of_label(cx, options.validate_address.as_deref(), &mut shipment)?;
    let is_return = shipment["is_return"] == true;
    bought(cx, &Order { number, shipment: &shipment, options: &options, rate: None, batch: None, is_return })
}

/// Buys the label for the way back: a shipment of its own, with the addresses exchanged.
pub(crate) fn create_return(cx: &mut Cx<'_>) -> Outcome {
    let outbound = labels::named(cx)?;
    let options = options(cx)?;
    if outbound.is_return {
        return Err(wrong_state("return_label_not_supported", "A return label cannot be created for a return label."));
    }
    let number = wire::next(cx, &ORDER);
    let mut there: Members = outbound.order.and_then(|number| shipment::view(cx, number)).unwrap_or_default();
    let address = |address| super::super::wire::address::shipping(address);
    let more = [
        ("ship_to", address(&outbound.from)),
        ("ship_from", address(&outbound.to)),
        ("return_to", Value::Null),
        ("warehouse_id", Value::Null),
        ("external_shipment_id", Value::Null),
        ("shipment_number", Value::Null),
        ("ship_date", Value::Null),
        ("is_return", true.into()),
        ("carrier_id", se(outbound.carrier).into()),
        ("service_code", outbound.service.clone().into()),
        ("packages", Own::of(&outbound).packages.into()),
    ];
    there.extend(more.map(|(name, value)| (name.to_owned(), value)));
    if there["packages"].as_array().is_none_or(Vec::is_empty) {
        let weight = outbound.weight.as_ref().map(super::super::wire::address::weight);
        there.insert("packages".to_owned(), json!([{ "weight": weight, "package_code": outbound.package }]));
    }
    let shipment = shipment::complete(cx, number, &there.into(), None)?;
    shipment::store(cx, number, &shipment);
    bought(cx, &Order { number, shipment: &shipment, options: &options, rate: None, batch: None, is_return: true })
}

fn options(cx: &Cx<'_>) -> Result<Options, Refusal> {
    cx.call.valid()?;
    Ok(serde_json::from_value(cx.call.body.clone()).unwrap_or_default())
}

fn bought(cx: &mut Cx<'_>, order: &Order<'_>) -> Outcome {
    let label = shipments::buy(cx, order)?;
    Ok(Reply::ok(Priced(labels::shown(cx, &label, true, order.options.label_download_type.as_deref() == Some("inline")))))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let label = labels::named(cx)?;
    cx.call.valid()?;
    Ok(Reply::ok(Priced(labels::shown(cx, &label, false, labels::asks_for_file(cx)))))
}

/// The earliest label with that external id.
pub(crate) fn read_external(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("external_shipment_id").unwrap_or_default();
    let found = cx.docs.list::<Label>(LABEL).find(|label| Own::of(label).external_shipment_id.as_deref() == Some(id));
    let label = found.ok_or_else(|| shipments::unknown_external(id))?;
    Ok(Reply::ok(Priced(labels::shown(cx, &label, false, labels::asks_for_file(cx)))))
}

/// Where the parcel of a label is.
pub(crate) fn track(cx: &mut Cx<'_>) -> Outcome {
    let label = labels::named(cx)?;
    Ok(Reply::ok(tracking::of_label(cx, &label)))
}

/// How long a label may be voided.
const VOID_PERIOD: jiff::SignedDuration = jiff::SignedDuration::from_hours(28 * 24);

/// Always 200: whether it was voided stands in the body.
pub(crate) fn void(cx: &mut Cx<'_>) -> Outcome {
    let mut label = labels::named(cx)?;
    let is_scanned = cx.parcel(&label.tracking_number).is_some_and(|parcel| parcel.is_scanned());
    let no = |reason: &str, text: &str| Ok(Reply::ok(json!({ "approved": false, "message": text, "reason_code": reason })));
    if label.voided.is_some() {
        return no("label_already_voided", "This label has already been voided.");
    }
    if is_scanned {
        return no("label_already_used", "This label has already been used and cannot be voided.");
    }
    if cx.now > time::shift(label.created, VOID_PERIOD) {
        return no("label_not_found_within_void_period", "This label is too old to be voided.");
    }
    let id = labels::id(&label);
    if id.starts_with("se-test-") {
        label.voided = Some(cx.now);
        cx.docs.put(TEST_LABEL, &label.id.to_string(), &label);
    } else {
        shared::void(cx, label);
    }
    Ok(Reply::ok(
        json!({ "approved": true, "message": "Request for refund submitted.  This label has been voided.", "voided_label_ids": [id] }),
    ))
}

/// A label was voided by either version: its shipment is open again when it was the last one.
pub(crate) fn voided(cx: &mut Cx<'_>, label: &Label) {
    for number in Own::of(label).numbers {
        if let Some(mut parcel) = cx.parcel(&number) {
            cx.cancel_parcel(&mut parcel);
        }
    }
    let Some(number) = label.order.filter(|number| cx.docs.has(wire::SHIPMENT, &number.to_string())) else { return };
    if !shared::is_live(cx, number) && !label.is_return {
        shipment::change(cx, number, &[("shipment_status", "pending".into())]);
    }
}

/// A label was bought by either version.
pub(crate) fn was_bought(cx: &mut Cx<'_>, label: &Label) {
    let own = Own::of(label);
    if own.batch.is_none() {
        webhooks::labels_bought(cx, label.batch, label.store);
    }
}
