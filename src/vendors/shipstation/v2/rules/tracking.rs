//! Tracking: what happened to a parcel, in the words of its carrier and of this version.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::access::in_sandbox;
use super::super::catalog::{CATALOG, Words};
use super::super::labels::tracking_url;
use super::super::wire::{FOLLOWED, moment};
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Scan, Status, timeline};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG as SHARED;
use crate::vendors::shipstation::wire::label::Label;

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
    let number = cx.call.query("tracking_number").unwrap_or_default().to_owned();
    let code = cx.call.query("carrier_code").unwrap_or_default().to_owned();
    let parcel = cx.read_parcel(&number);
    let carrier = parcel.as_ref().map_or(code, |parcel| parcel.carrier.clone());
    Ok(Reply::ok(to_json(cx, &number, &carrier, parcel.as_ref(), Times::Read)))
}

/// Where the parcel of a label is.
pub(crate) fn of_label(cx: &mut Cx<'_>, label: &Label) -> Value {
    let parcel = cx.read_parcel(&label.tracking_number);
    let carrier = SHARED.carrier_of(label.carrier).map_or("", |carrier| &carrier.code);
    to_json(cx, &label.tracking_number, carrier, parcel.as_ref(), Times::Read)
}

/// Somebody wants to hear of a parcel.
pub(crate) fn start(cx: &mut Cx<'_>) -> Outcome {
    let (number, carrier) = (cx.call.query("tracking_number").unwrap_or_default(), cx.call.query("carrier_code").unwrap_or_default());
    cx.docs.put(FOLLOWED, number, carrier);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Nobody wants to hear of a parcel any more, whether anybody did or not.
pub(crate) fn stop(cx: &mut Cx<'_>) -> Outcome {
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
pub(crate) fn to_json(cx: &Cx<'_>, number: &str, carrier: &str, parcel: Option<&Parcel>, times: Times) -> Value {
    let scans = parcel.map_or(&[][..], |parcel| &parcel.scans).iter().filter(|scan| scan.status != Status::Created);
    let told: Vec<(&Scan, &Words)> = scans.filter_map(|scan| Some((scan, CATALOG.words(carrier, scan.status)?))).collect();
    let last = told.last();
    let first = told.iter().find(|(scan, _)| !matches!(scan.status, Status::PreTransit | Status::Manifested));
    let delivered = told.iter().find(|(scan, _)| scan.status == Status::Delivered);
    let arrival = parcel.filter(|_| last.is_some()).map(|row| timeline::arrival(row.handed(), row.transit_days, &row.from, &row.to));
    let detail = last.and_then(|(scan, words)| scan.code.as_deref().or(words.detail.as_deref()));
    let status = last.map_or("NY", |(_, words)| &words.status);
    // Recorded: a first notice is not yet in the system and accepted at once.
    let described = if last.is_some() && status == "NY" { "Accepted" } else { CATALOG.status(status) };
    let said = last.map(|(scan, words)| (&*words.code, scan.message.as_deref().unwrap_or(&words.text)));
    let said = said.or_else(|| CATALOG.unseen(carrier, in_sandbox(cx)));
    json!({
        "tracking_number": number, "tracking_url": tracking_url(carrier, number), "status_code": status, "status_detail_code": detail,
        "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "carrier_code": carrier,
        "carrier_id": CATALOG.provider(carrier), "carrier_detail_code": last.and_then(|(_, words)| words.carrier_detail.as_deref()),
        "status_description": described, "carrier_status_code": said.map(|(code, _)| code),
        "carrier_status_description": said.map(|(_, text)| text), "ship_date": first.map(|(scan, _)| moment(scan.at)),
        // Recorded 2026: without a zone.
        "estimated_delivery_date": arrival.map(|arrival| format!("{arrival}T00:00:00")),
        "actual_delivery_date": delivered.map(|(scan, _)| moment(scan.at)), "exception_description": null,
        "events": told.iter().rev().map(|(scan, words)| event(scan, words, times)).collect::<Vec<_>>(),
    })
}

fn event(scan: &Scan, words: &Words, times: Times) -> Value {
    let detail = scan.code.as_deref().or(words.detail.as_deref());
    let text = scan.message.as_deref().unwrap_or(&words.text);
    let place = scan.location.clone().unwrap_or_default();
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    json!({
        "occurred_at": moment(scan.at), "carrier_occurred_at": local(scan.at, times), "description": text,
        "city_locality": known(place.city.to_uppercase()), "state_province": known(place.state), "postal_code": known(place.zip),
        "country_code": known(place.country), "company_name": null, "signer": null, "event_code": words.code,
        "carrier_detail_code": words.carrier_detail, "status_code": words.status, "status_description": CATALOG.status(&words.status),
        "carrier_status_code": words.code, "carrier_status_description": text, "status_detail_code": detail,
        "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "proof_of_delivery_url": null, "latitude": null,
        "longitude": null,
    })
}

fn local(at: Timestamp, times: Times) -> String {
    let zone = |name: &str| at.to_zoned(TimeZone::get(name).unwrap_or(TimeZone::UTC));
    match times {
        Times::Read => zone("America/Los_Angeles").strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        Times::Told => zone("America/New_York").strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}
