//! What subscribers of version 2 hear: pointers to what happened, and tracking as it is.

use serde_json::{Value, json};

use super::rules::tracking::{self, Times};
use super::wire::se;
use crate::base::ids;
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Scan, Status};
use crate::engine::webhooks::{Event, Message, Subscription};
use crate::engine::{Cx, signing};
use crate::vendors::shipstation::wire::IMPORT;

/// How an event names what it is about.
fn resource_type(event: &str) -> String {
    let prefix = if event.ends_with("_v2") { "" } else { "API_" };
    format!("{prefix}{}", event.to_uppercase())
}

/// Tells an event that is a pointer.
fn point(cx: &mut Cx<'_>, event: &str, subject: &str, path: &str) {
    if cx.is_subscribed(event) {
        let payload = json!({ "resource_url": cx.call.url(path), "resource_type": resource_type(event) });
        cx.notify(event, subject, &payload);
    }
}

/// Shipments came together, and are found together by the id of their import.
pub(super) fn imported(cx: &mut Cx<'_>, numbers: &[u64]) {
    let import = ids::uuid(&mut cx.rng).to_string();
    cx.docs.put(IMPORT, &import, numbers);
    orders_imported(cx, &import);
}

/// The same of an import that is stored already, such as one of version 1.
pub(crate) fn orders_imported(cx: &mut Cx<'_>, import: &str) {
    for event in ["sales_orders_imported", "shipment_created_v2"] {
        point(cx, event, import, &format!("/v2/shipments?import_batch_id={import}"));
    }
}

/// The orders of a store were asked for, and are there.
pub(crate) fn refreshed(cx: &mut Cx<'_>, store: &str) {
    point(cx, "order_source_refresh_complete", store, &format!("/v2/shipments?store_id=se-{store}"));
}

pub(super) fn connected(cx: &mut Cx<'_>, carrier: u64) {
    point(cx, "carrier_connected", &se(carrier), &format!("/v2/carriers/{}", se(carrier)));
}

/// Labels were bought together: alone, or as a batch.
pub(crate) fn labels_bought(cx: &mut Cx<'_>, batch: u64, store: Option<u64>) {
    let store = store.map(|store| format!("&store_id={}", se(store))).unwrap_or_default();
    point(cx, "label_created_v2", &se(batch), &format!("/v2/labels?batch_id={}{store}", se(batch)));
}

/// A batch has been processed.
pub(super) fn processed(cx: &mut Cx<'_>, batch: u64) {
    for event in ["batch", "batch_processed_v2"] {
        point(cx, event, &se(batch), &format!("/v2/batches/{}", se(batch)));
    }
}

pub(super) fn rated(cx: &mut Cx<'_>, shipment: u64) {
    point(cx, "rate", &se(shipment), &format!("/v2/shipments/{}/rates", se(shipment)));
}

/// A shipment was sent by other means.
pub(crate) fn fulfilled(cx: &mut Cx<'_>, fulfillment: u64, shipment: u64) {
    let path = format!("/v2/fulfillments?fulfillment_id={}&shipment_id={}", se(fulfillment), se(shipment));
    for event in ["fulfillment_created_v2", "fulfillment_shipped_v2"] {
        point(cx, event, &se(fulfillment), &path);
    }
}

/// A parcel was scanned. Voiding tells nobody.
pub(crate) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    let is_told = !matches!(scan.status, Status::Created | Status::Cancelled) && tracking::is_followed(cx, &parcel.tracking_number);
    for event in ["track", "track_event_v2"].into_iter().filter(|_| is_told) {
        if cx.is_subscribed(event) {
            let label = parcel.subject.parse().map_or_else(|_| parcel.subject.clone(), se);
            let data = tracking::to_json(cx, &parcel.tracking_number, &parcel.carrier, Some(parcel), Times::Told);
            let address = cx.call.url(&format!("/v2/labels/{label}/track"));
            let payload = json!({ "resource_url": address, "resource_type": resource_type(event), "data": data });
            cx.notify(event, &label, &payload);
        }
    }
}

/// What one receiver gets, with the headers that it asked for as it spelled them.
pub(crate) fn render(event: &Event<'_>) -> Message {
    let rows = event.subscription.rest.get("headers").and_then(Value::as_array).into_iter().flatten();
    let text = |row: &Value, name: &str| row[name].as_str().map(str::to_owned);
    let headers = rows.filter_map(|row| Some((text(row, "key")?, text(row, "value")?))).collect();
    Message { content_type: "application/json", headers, body: event.payload.to_string() }
}

/// RSA over time and body, which receivers check by the published key.
pub(crate) fn sign(_: &Subscription, body: &str, at: Timestamp) -> Vec<(String, String)> {
    let time = super::wire::moment(at);
    let signature = signing::rsa_sha256(format!("{time}.{body}").as_bytes());
    let rows = [("key-id", signing::KEY_ID.to_owned()), ("signature", signature)];
    let mut headers: Vec<_> = rows.into_iter().map(|(name, value)| (format!("x-shipengine-rsa-sha256-{name}"), value)).collect();
    headers.push(("x-shipengine-timestamp".to_owned(), time));
    headers
}

/// The payload of a test event.
pub(crate) fn sample(cx: &mut Cx<'_>, event: &str) -> (String, Value) {
    let id = se(123_456);
    let path = match event {
        "track" | "track_event_v2" => format!("/v2/labels/{id}/track"),
        "batch" | "batch_processed_v2" => format!("/v2/batches/{id}"),
        "label_created_v2" => format!("/v2/labels?batch_id={id}"),
        "shipment_created_v2" => "/v2/shipments?import_batch_id=00000000-0000-4000-8000-000000000000".to_owned(),
        _ => format!("/v2/fulfillments?fulfillment_id={id}"),
    };
    let mut payload = json!({ "resource_url": cx.call.url(&path), "resource_type": resource_type(event) });
    if event.starts_with("track") {
        payload["data"] = tracking::to_json(cx, "9400111899560000000000", "stamps_com", None, Times::Told);
    }
    (id, payload)
}
