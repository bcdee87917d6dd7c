//! Labels: bought in four ways, read, followed, voided.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::dialect::{about, bad, error, refused, wrong_state};
use super::super::labels::{self, Order};
use super::super::listing::{self, LISTING};
use super::super::wire::price::priced;
use super::super::wire::{self, Members, TEST_LABEL, address, se, shipment};
use super::{addresses, rate_shoppers, rates, shipments, tracking};
use crate::base::json;
use crate::base::time::Timestamp;
use crate::engine::listing::{By, Filter, Key, Listing, Sorting, Test};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::labels as shared;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::{LABEL, ORDER};

const fn number(name: &'static str, member: &'static str) -> Filter {
    Filter { name, member, test: Test::By(|found, id| found.as_u64().is_some() && found.as_u64() == wire::number(id)) }
}

const LABELS: Listing = Listing {
    filters: &[
        Filter { name: "label_status", member: "", test: Test::By(is_in) },
        number("carrier_id", "/carrier"),
        Filter { name: "tracking_number", member: "", test: Test::By(is_numbered) },
        number("batch_id", "/batch"),
        number("shipment_id", "/order"),
        number("warehouse_id", "/warehouse"),
        number("store_id", "/store"),
        // The carrier's refund of a label that was not used is no part of this.
        Filter { name: "refund_status", member: "/refund", test: Test::By(|_, _| false) },
    ],
    sorting: Sorting {
        keys: &[Key { name: "created_at", member: "", by: By::Time }, Key { name: "modified_at", member: "/created", by: By::Time }],
        ..LISTING.sorting
    },
    ..LISTING
};

fn is_in(label: &Value, status: &str) -> bool {
    // A label to try is of no batch.
    let unvoided = if label["batch"] == 0 { "processing" } else { "completed" };
    status.eq_ignore_ascii_case(if label["voided"].is_null() { unvoided } else { "voided" })
}

/// A label is found by the number of each of its packages.
fn is_numbered(label: &Value, number: &str) -> bool {
    label["tracking_number"] == number || label["more"]["v2"]["numbers"].as_array().is_some_and(|rows| rows.iter().any(|row| row == number))
}

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = LABELS.read(cx.call)?;
    let page = if cx.docs.count(TEST_LABEL) == 0 {
        query.documents(&cx.docs, LABEL)?.read::<Label>()
    } else {
        query.bodies(&cx.docs, with_tests(cx))?.map(json::read)
    };
    Ok(listing::answer(cx, "labels", page.map(|label| priced(labels::to_json(cx, &label, false, false)))))
}

/// All labels in the order of creation; of one moment those to try are the last.
fn with_tests<'d>(cx: &'d Cx<'_>) -> Vec<&'d str> {
    let rows = [LABEL, TEST_LABEL].into_iter().flat_map(|kind| cx.docs.rows(kind));
    let mut bodies: Vec<&str> = rows.map(|(_, body)| body).collect();
    bodies.sort_by_cached_key(|body| json::at(body, "/created").map(json::read::<Timestamp>));
    bodies
}

/// Buys a label for a shipment that comes along, and stays.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let sent = &cx.call.body;
    let id = &sent["shipment"]["shipment_id"];
    if !id.is_null() {
        let text = "shipment_id cannot be specified; use /labels/shipment/{shipment_id}.";
        return Err(bad("validation", "field_conflict", text, &about("shipment_id", id)));
    }
    let (number, shipment) = stored(cx)?;
    let is_return = sent["is_return_label"] == true || shipment["is_return"] == true;
    bought(cx, &Order { number, shipment: &shipment, options: sent, rate: None, batch: None, is_return })
}

/// The shipment that came along, stored.
fn stored(cx: &mut Cx<'_>) -> Result<(u64, Members), Refusal> {
    let (number, sent) = (wire::next(cx, &ORDER), &cx.call.body);
    let mut shipment = shipment::complete(cx, number, &sent["shipment"], None)?;
    shipments::is_free(cx, &shipment, number)?;
    let wish = sent["validate_address"].as_str().or(sent["shipment"]["validate_address"].as_str());
    addresses::of_label(cx, wish, &mut shipment)?;
    shipments::keep(cx, number, &shipment)?;
    Ok((number, shipment))
}

/// Buys a label at the rate that a rate shopper chooses.
pub(crate) fn create_from_rate_shopper(cx: &mut Cx<'_>) -> Outcome {
    let (word, ..) = rate_shoppers::named(cx)?;
    cx.call.valid()?;
    let (number, mut shipment) = stored(cx)?;
    rates::choose(cx, word, &mut shipment)?;
    bought(cx, &Order { number, shipment: &shipment, options: &cx.call.body, rate: None, batch: None, is_return: false })
}

/// Inferred: no account has shipping rules, so that none is found.
pub(crate) fn create_from_shipping_rule(cx: &mut Cx<'_>) -> Outcome {
    let more = about("shipping_rule_id", cx.call.parameter("shipping_rule_id"));
    Err(refused(StatusCode::NOT_FOUND, error("business_rules", "shipping_rule_not_found", "Invalid shipping_rule_id.", &more)))
}

/// Refunds that a carrier was asked for by itself can be withdrawn; here none is.
pub(crate) fn cancel_refund(cx: &mut Cx<'_>) -> Outcome {
    let label = labels::named(cx)?;
    Err(wrong_state("invalid_status", format!("Label {} has no refund request.", labels::id(&label))))
}

/// Buys a label at a quoted rate.
pub(crate) fn create_from_rate(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("rate_id").unwrap_or_default().to_owned();
    let (number, mut shipment) = rates::quoted(cx, &id)?;
    cx.call.valid()?;
    addresses::of_label(cx, cx.call.body["validate_address"].as_str(), &mut shipment)?;
    bought(cx, &Order { number, shipment: &shipment, options: &cx.call.body, rate: Some(id), batch: None, is_return: false })
}

/// Buys the label of a stored shipment.
pub(crate) fn create_from_shipment(cx: &mut Cx<'_>) -> Outcome {
    let (number, mut shipment) = shipment::named(cx)?;
    cx.call.valid()?;
    addresses::of_label(cx, cx.call.body["validate_address"].as_str(), &mut shipment)?;
    let is_return = shipment["is_return"] == true;
    bought(cx, &Order { number, shipment: &shipment, options: &cx.call.body, rate: None, batch: None, is_return })
}

/// Buys the label for the way back: a shipment of its own, with the addresses exchanged.
pub(crate) fn create_return(cx: &mut Cx<'_>) -> Outcome {
    let outbound = labels::named(cx)?;
    cx.call.valid()?;
    if outbound.is_return {
        return Err(wrong_state("return_label_not_supported", "A return label cannot be created for a return label."));
    }
    let number = wire::next(cx, &ORDER);
    let mut there: Members = outbound.order.and_then(|number| shipment::view(cx, number)).unwrap_or_default();
    for name in ["return_to", "warehouse_id", "external_shipment_id", "shipment_number", "ship_date"] {
        there[name] = Value::Null;
    }
    there["ship_to"] = address::shipping(&outbound.from);
    there["ship_from"] = address::shipping(&outbound.to);
    there["is_return"] = true.into();
    there["carrier_id"] = se(outbound.carrier).into();
    there["service_code"] = outbound.service.clone().into();
    there["packages"] = labels::own(&outbound)["packages"].clone();
    if there["packages"].as_array().is_none_or(Vec::is_empty) {
        let weight = outbound.weight.as_ref().map(address::weight);
        there["packages"] = json!([{ "weight": weight, "package_code": outbound.package }]);
    }
    let shipment = shipment::complete(cx, number, &there.into(), None)?;
    shipment::store(cx, number, &shipment);
    bought(cx, &Order { number, shipment: &shipment, options: &cx.call.body, rate: None, batch: None, is_return: true })
}

fn bought(cx: &mut Cx<'_>, order: &Order<'_>) -> Outcome {
    let label = shipments::buy(cx, order)?;
    Ok(labels::answer(cx, &label, true, order.options["label_download_type"] == "inline"))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let label = labels::named(cx)?;
    cx.call.valid()?;
    Ok(labels::answer(cx, &label, false, labels::asks_for_file(cx)))
}

/// The earliest label with that external id; one to try where there is no other.
pub(crate) fn read_external(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("external_shipment_id").unwrap_or_default();
    let mut labels = [LABEL, TEST_LABEL].into_iter().flat_map(|kind| cx.docs.list::<Label>(kind));
    let found = labels.find(|label| labels::own(label)["external_shipment_id"] == id);
    let label = found.ok_or_else(|| shipments::unknown_external(id))?;
    Ok(labels::answer(cx, &label, false, labels::asks_for_file(cx)))
}

/// Where the parcel of a label is.
pub(crate) fn track(cx: &mut Cx<'_>) -> Outcome {
    let label = labels::named(cx)?;
    Ok(Reply::ok(tracking::of_label(cx, &label)))
}

/// Always 200: whether it was voided stands in the body.
pub(crate) fn void(cx: &mut Cx<'_>) -> Outcome {
    let mut label = labels::named(cx)?;
    if let Some((reason, text)) = shared::void_fault(cx, &label) {
        return Ok(Reply::ok(json!({ "approved": false, "message": text, "reason_code": reason })));
    }
    let id = labels::id(&label);
    if id.starts_with("se-test-") {
        label.voided = Some(cx.now);
        cx.docs.put(TEST_LABEL, &label.id.to_string(), &label);
    } else {
        shared::void(cx, label);
    }
    let text = "Request for refund submitted.  This label has been voided.";
    Ok(Reply::ok(json!({ "approved": true, "message": text, "voided_label_ids": [id] })))
}

/// A label was voided by either version: its shipment is open again when it was the last one.
pub(crate) fn voided(cx: &mut Cx<'_>, label: &Label) {
    for number in wire::texts(&labels::own(label)["numbers"]) {
        if let Some(mut parcel) = cx.parcel(number) {
            cx.cancel_parcel(&mut parcel);
        }
    }
    let Some(number) = label.order.filter(|number| cx.docs.has(wire::SHIPMENT, &number.to_string())) else { return };
    if !shared::is_live(cx, number) && !label.is_return {
        shipment::change(cx, number, &[("shipment_status", "pending".into())]);
    }
}
