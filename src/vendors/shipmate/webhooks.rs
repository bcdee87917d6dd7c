//! What subscribers of Shipmate hear: consignments made and cancelled, one notice each, and scans, one notice per parcel.
//!
//! Webhooks are set up in the vendor's portal, which the admin API stands in for. Nothing is signed: the fixed `auth_token` of
//! the webhook travels in the body, with a `request_token` that is the same for all attempts of a notice.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::catalog::{self, CATALOG};
use super::wire::{self, CONSIGNMENT, Package, Stamp};
use crate::base::ids;
use crate::carrier::{Parcel, Scan, Status};
use crate::engine::Cx;
use crate::engine::webhooks::{Event, Format, Message, RetryPolicy, Webhooks, form, unsigned};

pub(super) const CREATED: &str = "SHIPMENT_CREATED";
pub(super) const CANCELLED: &str = "SHIPMENT_CANCELLED";
const UPDATED: &str = "TRACKING_UPDATED";

pub(super) const WEBHOOKS: Webhooks = Webhooks {
    events: &[
        CREATED,
        CANCELLED,
        UPDATED,
        "TRACKING_COLLECTED",
        "TRACKING_IN_TRANSIT",
        "TRACKING_OUT_FOR_DELIVERY",
        "TRACKING_DELIVERED",
        "TRACKING_DELIVERY_FAILED",
    ],
    silent: &[],
    shared: Some("shipmate"),
    // The vendor publishes no numbers; it says that gaps grow, and that a webhook that keeps failing is paused.
    own: |_| true,
    policy: RetryPolicy {
        timeout: Duration::from_secs(10),
        backoff: |_| &[60, 300, 900, 3_600, 14_400],
        retries_answers: true,
        pause_after: Some(10),
    },
    secret: |rng| Some(ids::hex(rng, 32)),
    render,
    sign: unsigned,
    sample,
};

/// What subscribers hear of a stored consignment.
#[derive(Deserialize)]
struct Shipment {
    created_with: String,
    order: String,
    service: String,
    parcels: Vec<Package>,
}

/// A consignment was made or cancelled.
pub(super) fn consignment(cx: &mut Cx<'_>, event: &str, reference: &str) {
    if cx.is_subscribed(event)
        && let Some(shipment) = cx.docs.get::<Shipment>(CONSIGNMENT, reference)
    {
        cx.notify(event, reference, &about(reference, &shipment));
    }
}

/// A parcel was scanned: those hear it who hear of every scan, and those who hear of this kind.
pub(super) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    let own = match scan.status {
        Status::Collected => Some("TRACKING_COLLECTED"),
        Status::InTransit => Some("TRACKING_IN_TRANSIT"),
        Status::OutForDelivery => Some("TRACKING_OUT_FOR_DELIVERY"),
        Status::Delivered => Some("TRACKING_DELIVERED"),
        Status::DeliveryFailed => Some("TRACKING_DELIVERY_FAILED"),
        _ => None,
    };
    let kind = if cx.credential.is("event_type_codes") { str::to_owned } else { label };
    for event in [UPDATED].into_iter().chain(own).filter(|event| cx.is_subscribed(event)).collect::<Vec<_>>() {
        let Some(shipment) = cx.docs.get::<Shipment>(CONSIGNMENT, &parcel.subject) else { return };
        let Some(payload) = step(&shipment, parcel, scan, kind) else { return };
        cx.notify(event, &parcel.tracking_number, &payload);
    }
}

/// What is said of a consignment.
fn about(reference: &str, shipment: &Shipment) -> Value {
    let carrier = CATALOG.service(&shipment.service).map_or("", |service| service.carrier.as_str());
    let each = |member: fn(&Package) -> &String| shipment.parcels.iter().map(member).cloned().collect::<Value>();
    json!({
        "shipment_reference": reference,
        "parcel_references": each(|parcel| &parcel.reference),
        "source": wire::channel(&shipment.created_with),
        "order_reference": shipment.order,
        "carrier": carrier,
        "carrier_account": wire::carrier_account(carrier),
        "tracking_numbers": each(|parcel| &parcel.tracking),
    })
}

/// What is said of a scan: texts only. Nothing is said of statuses for which the vendor has no event.
fn step(shipment: &Shipment, parcel: &Parcel, scan: &Scan, kind: fn(&str) -> String) -> Option<Value> {
    let (usual, code, name, description) = words(scan)?;
    let number = &parcel.tracking_number;
    let own = shipment.parcels.iter().find(|row| row.tracking == *number).map_or("", |row| &*row.reference);
    Some(json!({
        "shipment_reference": parcel.subject,
        "parcel_reference": own,
        "source": wire::channel(&shipment.created_with),
        "order_reference": shipment.order,
        "carrier": parcel.carrier,
        "carrier_account": wire::carrier_account(&parcel.carrier),
        "tracking_number": number,
        "tracking_event_code": code,
        "tracking_event_type": kind(&usual.r#type),
        "tracking_event_name": name,
        "tracking_event_description": description,
        "tracking_event_time": Stamp(wire::local(scan.at)),
        "tracking_url": format!("https://track.shipmate.co.uk/{number}"),
        "tracking_url_carrier": format!("https://track.shipmate.co.uk/{}/{number}", parcel.carrier.to_lowercase()),
    }))
}

/// The event of a scan's status, and the scan's code, name and description: a step of a timeline may bring its own.
pub(super) fn words(scan: &Scan) -> Option<(&'static catalog::Event, &str, &'static str, &str)> {
    let usual = CATALOG.event(scan.status)?;
    let words = scan.code.as_ref().and_then(|code| CATALOG.events.iter().find(|row| row.code == *code)).unwrap_or(usual);
    let (code, description) = (scan.code.as_deref().unwrap_or(&words.code), scan.message.as_deref().unwrap_or(&words.description));
    Some((usual, code, &words.name, description))
}

/// `OUT_FOR_DELIVERY` as the payload has it: `Out For Delivery`.
fn label(kind: &str) -> String {
    let word = |word: &str| word.chars().take(1).chain(word.to_lowercase().chars().skip(1)).collect::<String>();
    kind.split('_').map(word).collect::<Vec<_>>().join(" ")
}

/// The tokens, the event, and what is said, as JSON or as a form.
fn render(notice: &Event<'_>) -> Message {
    let secret = notice.subscription.secret.as_deref().unwrap_or_default();
    let members = notice.members(&[("auth_token", secret), ("request_token", notice.token), ("event", notice.event)]);
    match notice.subscription.format {
        Format::Json => Message { content_type: "application/json", headers: Vec::new(), body: Value::Object(members).to_string() },
        Format::Form => Message { content_type: "application/x-www-form-urlencoded", headers: Vec::new(), body: form(&members) },
    }
}

/// The portal's test event: made-up references, fixed values.
fn sample(cx: &mut Cx<'_>, event: &str) -> (String, Value) {
    let (reference, tracking) = ("TEST-SHIPMENT-1".to_owned(), "95008001000001".to_owned());
    let package = Package { reference: "TEST-PARCEL-1".to_owned(), tracking: tracking.clone(), weight: 0 };
    let [created_with, order, service] = ["Shopify Store", "TEST-ORDER-1", "DPDNEXT"].map(str::to_owned);
    let shipment = Shipment { created_with, order, service, parcels: vec![package] };
    if matches!(event, CREATED | CANCELLED) {
        let payload = about(&reference, &shipment);
        return (reference, payload);
    }
    let status = CATALOG.events.iter().find(|row| event.ends_with(&row.r#type)).map_or(Status::Delivered, |row| row.status);
    let scan = Scan::new(cx.now, status);
    let parcel = Parcel { tracking_number: tracking, carrier: "DPD".to_owned(), subject: reference.clone(), ..Parcel::default() };
    (reference, step(&shipment, &parcel, &scan, label).unwrap_or_default())
}
