//! Tracking: what happened to a parcel, in the words of its carrier and of this version.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::access::in_sandbox;
use super::super::catalog::CATALOG;
use super::super::labels::tracking_url;
use super::super::wire::{FOLLOWED, moment};
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Scan, Status, timeline};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG as SHARED;
use crate::vendors::shipstation::wire::label::Label;

/// What a status is called, by its code.
const STATUSES: [(&str, &str); 8] = [
    ("UN", "Unknown"),
    ("AC", "Accepted"),
    ("IT", "In Transit"),
    ("DE", "Delivered"),
    ("EX", "Exception"),
    ("AT", "Delivery Attempt"),
    ("NY", "Not Yet In System"),
    ("SP", "Delivered To Collection Location"),
];

/// How event times are written.
#[derive(Clone, Copy)]
pub(crate) enum Times {
    /// Recorded: the carrier's with the offset of Pacific time, wherever the place is.
    Read,
    /// Recorded: the carrier's as wall time with a Z, which it is not.
    Told,
}

/// Where a parcel is, by its number; the carrier is taken at the caller's word.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let number = cx.call.query("tracking_number").unwrap_or_default().to_owned();
    let code = cx.call.query("carrier_code").unwrap_or_default().to_owned();
    let parcel = cx.read_parcel(&number);
    let carrier = parcel.as_ref().map_or(code, |parcel| parcel.carrier.clone());
    Ok(Reply::ok(shown(cx, &number, &carrier, parcel.as_ref(), Times::Read)))
}

/// Where the parcel of a label is.
pub(crate) fn of_label(cx: &mut Cx<'_>, label: &Label) -> Value {
    let parcel = cx.read_parcel(&label.tracking_number);
    let carrier = SHARED.carrier_of(label.carrier).map_or("", |carrier| &carrier.code);
    shown(cx, &label.tracking_number, carrier, parcel.as_ref(), Times::Read)
}

/// Somebody wants to hear of a parcel.
pub(crate) fn start(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let (number, carrier) = (cx.call.query("tracking_number").unwrap_or_default(), cx.call.query("carrier_code").unwrap_or_default());
    cx.docs.put(FOLLOWED, number, carrier);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Nobody wants to hear of a parcel any more, whether anybody did or not.
pub(crate) fn stop(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let number = cx.call.query("tracking_number").unwrap_or_default();
    cx.docs.put(FOLLOWED, number, STOPPED);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// In place of the carrier of a number that nobody wants to hear of.
const STOPPED: &str = "";

/// Whether webhooks tell of a parcel: until somebody stops it.
pub(crate) fn is_followed(cx: &Cx<'_>, number: &str) -> bool {
    cx.docs.get::<String>(FOLLOWED, number).is_none_or(|carrier| carrier != STOPPED)
}

/// What is known of a number.
pub(crate) fn shown(cx: &Cx<'_>, number: &str, carrier: &str, parcel: Option<&Parcel>, times: Times) -> Value {
    let scans = parcel.map_or(&[][..], |parcel| &parcel.scans);
    let told: Vec<&Scan> =
        scans.iter().filter(|scan| scan.status != Status::Created && CATALOG.words(carrier, scan.status).is_some()).collect();
    let (Some(last), Some(parcel)) = (told.last(), parcel) else { return unseen(cx, number, carrier) };
    let Some(words) = CATALOG.words(carrier, last.status) else { return unseen(cx, number, carrier) };
    let detail = last.code.as_deref().or(words.detail.as_deref());
    let arrival = timeline::arrival(parcel.handed(), parcel.transit_days, &parcel.from, &parcel.to);
    let first = told.iter().find(|scan| !matches!(scan.status, Status::PreTransit | Status::Manifested));
    let delivered = told.iter().find(|scan| scan.status == Status::Delivered);
    // Recorded: a first notice is not yet in the system and accepted at once.
    let said = if words.status == "NY" { "Accepted" } else { name(&words.status) };
    json!({
        "tracking_number": number, "tracking_url": tracking_url(carrier, number), "status_code": words.status,
        "status_detail_code": detail, "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "carrier_code": carrier,
        "carrier_id": CATALOG.provider(carrier), "carrier_detail_code": words.carrier_detail, "status_description": said,
        "carrier_status_code": words.code, "carrier_status_description": last.message.as_deref().unwrap_or(&words.text),
        "ship_date": first.map(|scan| moment(scan.at)),
        // Recorded 2026: without a zone.
        "estimated_delivery_date": format!("{arrival}T00:00:00"), "actual_delivery_date": delivered.map(|scan| moment(scan.at)),
        "exception_description": null, "events": told.iter().rev().filter_map(|scan| event(carrier, scan, times)).collect::<Vec<_>>(),
    })
}

fn name(code: &str) -> &'static str {
    STATUSES.iter().find(|(known, _)| *known == code).map_or("Unknown", |(_, name)| name)
}

/// What a carrier says of a number that it has not seen: in 2026, and in sandboxes as in 2024.
fn unseen(cx: &Cx<'_>, number: &str, carrier: &str) -> Value {
    let postal = CATALOG.family(carrier) == "usps";
    let (code, text) = match (postal, in_sandbox(cx)) {
        (true, true) => (
            Some("-2147219283"),
            Some(
                "A status update is not yet available for this tracking number.  More information will become available when USPS \
                 receives the tracking information, or when the package is received by USPS.",
            ),
        ),
        (true, false) => (
            Some("150006"),
            Some(
                "Tracking is not available for this item. This may be because the tracking number is invalid; USPS has not yet received \
                 payment; USPS has not yet received the item; the item does not include tracking; or other reasons.",
            ),
        ),
        _ => (None, None),
    };
    json!({
        "tracking_number": number, "tracking_url": tracking_url(carrier, number), "status_code": "NY", "status_detail_code": null,
        "status_detail_description": null, "carrier_code": carrier, "carrier_id": CATALOG.provider(carrier),
        "carrier_detail_code": null, "status_description": name("NY"), "carrier_status_code": code,
        "carrier_status_description": text, "ship_date": null, "estimated_delivery_date": null, "actual_delivery_date": null,
        "exception_description": null, "events": [],
    })
}

fn event(carrier: &str, scan: &Scan, times: Times) -> Option<Value> {
    let words = CATALOG.words(carrier, scan.status)?;
    let detail = scan.code.as_deref().or(words.detail.as_deref());
    let text = scan.message.as_deref().unwrap_or(&words.text);
    let place = scan.location.clone().unwrap_or_default();
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    Some(json!({
        "occurred_at": moment(scan.at), "carrier_occurred_at": local(scan.at, times), "description": text,
        "city_locality": known(place.city.to_uppercase()), "state_province": known(place.state), "postal_code": known(place.zip),
        "country_code": known(place.country), "company_name": null, "signer": null, "event_code": words.code,
        "carrier_detail_code": words.carrier_detail, "status_code": words.status, "status_description": name(&words.status),
        "carrier_status_code": words.code, "carrier_status_description": text, "status_detail_code": detail,
        "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "proof_of_delivery_url": null, "latitude": null,
        "longitude": null,
    }))
}

fn local(at: Timestamp, times: Times) -> String {
    let zone = |name: &str| at.to_zoned(TimeZone::get(name).unwrap_or(TimeZone::UTC));
    match times {
        Times::Read => zone("America/Los_Angeles").strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        Times::Told => zone("America/New_York").strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}
