//! Tracking: what happened to a parcel, in the words of its carrier and of this version. Times and places that carriers write in their
//! own ways were recorded in 2026.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::super::access::in_sandbox;
use super::super::catalog::{CATALOG, Words};
use super::super::labels::tracking_url;
use super::super::wire::{FOLLOWED, moment};
use crate::carrier::{self, Parcel, Scan, Status, timeline};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG as SHARED;
use crate::vendors::shipstation::wire::LABEL;
use crate::vendors::shipstation::wire::label::Label;

/// How event times are written.
#[derive(Clone, Copy)]
pub(crate) enum Times {
    /// Recorded: the carrier's with the offset of Pacific time, wherever the place is.
    Read,
    /// Recorded: the carrier's as wall time of the place with a Z, which it is not.
    Told,
}

/// Where a parcel is, by its number; the carrier is taken at the caller's word.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let number = cx.call.query("tracking_number").unwrap_or_default().to_owned();
    let code = cx.call.query("carrier_code").unwrap_or_default().to_lowercase();
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
    // No carrier: stopped.
    cx.docs.put(FOLLOWED, number, "");
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Whether webhooks tell of a parcel: until somebody stops it.
pub(crate) fn is_followed(cx: &Cx<'_>, number: &str) -> bool {
    cx.docs.get::<String>(FOLLOWED, number).is_none_or(|carrier| !carrier.is_empty())
}

/// Whether a carrier has only heard of a parcel.
fn is_notice(scan: &Scan) -> bool {
    matches!(scan.status, Status::PreTransit | Status::Manifested)
}

/// What is known of a number.
pub(crate) fn to_json(cx: &Cx<'_>, number: &str, carrier: &str, parcel: Option<&Parcel>, times: Times) -> Value {
    let family = CATALOG.family(carrier);
    let scans = parcel.map_or(&[][..], |parcel| &parcel.scans).iter().filter(|scan| scan.status != Status::Created);
    let mut told: Vec<(&Scan, &Words)> = scans.filter_map(|scan| Some((scan, CATALOG.words(carrier, scan.status)?))).collect();
    let first = told.iter().find(|(scan, _)| !is_notice(scan)).copied();
    if family == "ups" && first.is_some() {
        // Recorded: UPS says no more that it heard of a parcel once it has it.
        told.retain(|(scan, _)| !is_notice(scan));
    }
    let last = told.last();
    let delivered = told.iter().find(|(scan, _)| scan.status == Status::Delivered);
    let detail = last.and_then(|(scan, words)| scan.code.as_deref().or(words.detail.as_deref()));
    let status = last.map_or("NY", |(_, words)| &words.status);
    // Recorded: a first notice is not yet in the system and accepted at once.
    let described = if last.is_some() && status == "NY" { "Accepted" } else { CATALOG.status(status) };
    let said = last.map(|(scan, words)| (&*words.code, scan.message.as_deref().unwrap_or(&words.text)));
    let said = said.or_else(|| CATALOG.unseen(carrier, in_sandbox(cx)));
    let event = |parcel, (scan, words): &(&Scan, &Words)| {
        event(scan, words, place(scan, parcel, family), carriers_time(scan, parcel, (family, times), first.is_some()))
    };
    let mut tracking = json!({
        "tracking_number": number, "tracking_url": tracking_url(carrier, number), "status_code": status, "status_detail_code": detail,
        "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "carrier_code": carrier,
        "carrier_id": CATALOG.provider(carrier), "carrier_detail_code": last.and_then(|(_, words)| words.carrier_detail.as_deref()),
        "status_description": described, "carrier_status_code": said.map(|(code, _)| code),
        "carrier_status_description": said.map(|(_, text)| text),
        "ship_date": parcel.zip(first).map(|(parcel, (scan, _))| sent(cx, scan, parcel, family)),
        "estimated_delivery_date": parcel.zip(last).and_then(|(parcel, (latest, _))| expected(parcel, latest, first.is_some(), family)),
        "actual_delivery_date": delivered.map(|(scan, _)| day_time(scan, family)), "exception_description": null,
        "events": parcel.into_iter().flat_map(|parcel| told.iter().rev().map(move |row| event(parcel, row))).collect::<Vec<_>>(),
    });
    if let Some(members) = tracking.as_object_mut().filter(|_| last.is_none() && in_sandbox(cx)) {
        // Recorded 2024.
        members.retain(|name, _| !name.starts_with("status_detail"));
    }
    tracking
}

/// When something happened, as it stands outside of events: FedEx leaves the zone out.
fn day_time(scan: &Scan, family: &str) -> String {
    let time = moment(scan.at);
    if family == "fedex" { time.trim_end_matches('Z').to_owned() } else { time }
}

/// When a carrier got a parcel. FedEx tells the day that its label says, in the evening.
fn sent(cx: &Cx<'_>, first: &Scan, parcel: &Parcel, family: &str) -> String {
    let label = Some(parcel).filter(|_| family == "fedex").and_then(|parcel| cx.docs.get::<Label>(LABEL, &parcel.subject));
    label.map_or_else(|| day_time(first, family), |label| format!("{}T17:00:00", label.ship_date))
}

/// When a parcel is to arrive, as far as its carrier tells it: the postal service while it has the parcel, FedEx until it is there, UPS
/// ever, in its first notice without a zone.
fn expected(parcel: &Parcel, latest: &Scan, is_sent: bool, family: &str) -> Option<String> {
    let is_over = latest.status.is_final();
    let suffix = match family {
        "usps" => (is_sent && !is_over).then_some("T00:00:00Z"),
        "fedex" => (!is_over).then_some("T10:00:00"),
        "ups" if is_sent => Some("T00:00:00Z"),
        _ => Some("T00:00:00"),
    };
    let day = timeline::arrival(parcel.handed(), parcel.transit_days, &parcel.from, &parcel.to);
    suffix.map(|suffix| format!("{day}{suffix}"))
}

/// Where something happened, as its carrier writes it: the city, state, postal code and country, and who signed. UPS and FedEx have no
/// place in their first notice, UPS a postal code in deliveries alone, FedEx none. UPS leaves blanks.
fn place(scan: &Scan, parcel: &Parcel, family: &str) -> [Option<String>; 5] {
    let (is_notice, is_delivered) = (is_notice(scan), scan.status == Status::Delivered);
    let is_capital = match family {
        "ups" => is_delivered,
        "fedex" => !is_delivered,
        _ => true,
    };
    let blank = || (family == "ups").then(String::new);
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    let place = scan.location.clone().unwrap_or_default();
    let city = if is_capital { place.city.to_uppercase() } else { place.city };
    let [city, state, zip, country] = [city, place.state, place.zip, place.country].map(known);
    match family {
        "ups" | "fedex" if is_notice => [blank(), blank(), blank(), country.or_else(|| known(parcel.from.country.clone())), blank()],
        "ups" if is_delivered => [city, state, zip, country, None],
        "ups" | "fedex" => [city, state, blank(), country, None],
        _ => [city, state, zip, country, None],
    }
}

fn event(scan: &Scan, words: &Words, [city, state, zip, country, signer]: [Option<String>; 5], carriers_time: String) -> Value {
    let detail = scan.code.as_deref().or(words.detail.as_deref());
    let text = scan.message.as_deref().unwrap_or(&words.text);
    json!({
        "occurred_at": moment(scan.at), "carrier_occurred_at": carriers_time, "description": text,
        "city_locality": city, "state_province": state, "postal_code": zip,
        "country_code": country, "company_name": null, "signer": signer, "event_code": words.code,
        "carrier_detail_code": words.carrier_detail, "status_code": words.status, "status_description": CATALOG.status(&words.status),
        "carrier_status_code": words.code, "carrier_status_description": text, "status_detail_code": detail,
        "status_detail_description": detail.and_then(|code| CATALOG.detail(code)), "proof_of_delivery_url": null, "latitude": null,
        "longitude": null,
    })
}

/// The carrier's time of an event: of FedEx the same as the other one, in UPS's first notice without a zone, and in that of the postal
/// service with an offset, as long as there is nothing else.
fn carriers_time(scan: &Scan, parcel: &Parcel, (family, times): (&str, Times), is_sent: bool) -> String {
    let place = scan.location.as_ref().filter(|place| !place.country.is_empty()).unwrap_or(&parcel.from);
    let wall_time = carrier::wall_time(place, scan.at).strftime("%Y-%m-%dT%H:%M:%S");
    let pacific = || scan.at.to_zoned(TimeZone::get("America/Los_Angeles").unwrap_or(TimeZone::UTC));
    match (family, times) {
        ("fedex", _) => moment(scan.at),
        ("ups", _) if is_notice(scan) => wall_time.to_string(),
        (_, Times::Told) if is_sent || family != "usps" => format!("{wall_time}Z"),
        _ => pacific().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}
