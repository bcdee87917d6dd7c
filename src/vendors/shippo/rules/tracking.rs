//! Tracking. A test token knows six numbers of the carrier `shippo`; a live one follows the labels that were bought here,
//! and finds nothing under any other number.

use http::StatusCode;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::access::Mode;
use super::super::catalog::CATALOG;
use super::super::dialect::{self, GO_DETAIL, because_of, version};
use super::super::wire::track::{self, Level, Track, TrackLocation};
use super::super::wire::transaction::Transaction;
use super::super::wire::{Moment, PARCEL, TRACK, TRANSACTION, parcel};
use super::fixtures;
use crate::carrier::{Parcel, timeline};
use crate::engine::{Cx, Json, Outcome, Params, Refusal, Reply};

#[derive(Deserialize)]
pub(crate) struct Number {
    #[serde(rename = "Carrier")]
    carrier: String,
    #[serde(rename = "TrackingNumber")]
    number: String,
}

/// A number that somebody registered.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Registered {
    carrier: String,
    tracking_number: String,
    metadata: String,
    /// Whether the size and weight of the parcel are wanted with the answer.
    include_package_details: bool,
}

/// Registers a number; registering it again answers the same.
pub(crate) fn create(cx: &mut Cx<'_>, Json(registered): Json<Registered>) -> Outcome {
    let Registered { carrier, tracking_number: number, .. } = &registered;
    if carrier == SHIPPO {
        return fixture(cx, number);
    }
    refuse(cx, carrier)?;
    cx.docs.put(TRACK, &format!("{carrier}/{number}"), &registered);
    Ok(answer(cx, registered.carrier, registered.tracking_number))
}

/// Where a parcel is.
pub(crate) fn read(cx: &mut Cx<'_>, Params(Number { carrier, number }): Params<Number>) -> Outcome {
    if carrier == SHIPPO {
        return fixture(cx, &number);
    }
    if !number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Refusal::UnknownPath { authenticated: true });
    }
    if cx.call.path.ends_with('/') {
        return Ok(dialect::drop_slash(cx.call));
    }
    refuse(cx, &carrier)?;
    Ok(answer(cx, carrier, number))
}

const SHIPPO: &str = "shippo";

fn fixture(cx: &mut Cx<'_>, number: &str) -> Outcome {
    if !Mode::of(cx).is_test() {
        let text = "Invalid test mode request. Test mode requires a test token. Please refer to the Shippo API docs for more details \
                    (goshippo.com/docs/test-mode)";
        return Err(Refusal::Because(GO_DETAIL, text.into()));
    }
    let track = fixtures::tell(cx, number).ok_or_else(|| {
        because_of(format!(
            "{number} is not a valid test tracking number. Please use the sample tracking numbers provided in the Shippo API docs: \
             https://goshippo.com/docs/tracking"
        ))
    })?;
    Ok(version::reply(cx.call, StatusCode::OK, track))
}

/// Under a test token no real carrier can be tracked, under a live one none that the vendor does not know.
fn refuse(cx: &Cx<'_>, carrier: &str) -> Result<(), Refusal> {
    let text = match Mode::of(cx) {
        Mode::Test => format!("{carrier} is not a valid test tracking carrier. Please use 'shippo'"),
        Mode::Live if CATALOG.tracking.iter().any(|known| known == carrier) => return Ok(()),
        Mode::Live => format!("Carrier with name {carrier} is not supported."),
    };
    Err(Refusal::Because(GO_DETAIL, text.into()))
}

fn answer(cx: &mut Cx<'_>, carrier: String, number: String) -> Reply {
    let Registered { metadata, include_package_details, .. } = cx.docs.get(TRACK, &format!("{carrier}/{number}")).unwrap_or_default();
    let track = match cx.read_parcel(&number).filter(|parcel| parcel.carrier == carrier) {
        Some(parcel) if include_package_details && matches!(parcel.carrier.as_str(), "ups" | "fedex") => {
            Track { package: package(cx, &parcel), ..followed(&parcel, metadata) }
        }
        Some(parcel) => followed(&parcel, metadata),
        // The carrier knows nothing of it.
        None => {
            let address_from = version::is_old(cx.call).then(|| TrackLocation::us("", "", ""));
            Track { carrier, tracking_number: number, address_from, metadata, ..Track::default() }
        }
    };
    if version::is_old(cx.call) {
        return version::reply(cx.call, StatusCode::OK, track);
    }
    dialect::go(StatusCode::OK, &track.written_now())
}

/// A parcel whose label was bought here.
fn followed(parcel: &Parcel, metadata: String) -> Track {
    // Seen in 2024: no day is told before the first scan.
    let is_known = !parcel.scans.is_empty();
    let arrival = timeline::arrival(parcel.handed(), parcel.transit_days, &parcel.from, &parcel.to).to_zoned(TimeZone::UTC);
    let eta = arrival.ok().filter(|_| is_known).map(|at| Moment(at.timestamp()));
    let service = CATALOG.carrier(&parcel.carrier).service(&parcel.service);
    Track {
        carrier: parcel.carrier.clone(),
        tracking_number: parcel.tracking_number.clone(),
        address_from: Some(TrackLocation::from(&parcel.from)),
        address_to: Some(TrackLocation::from(&parcel.to)),
        eta,
        original_eta: eta,
        servicelevel: Level { token: Some(parcel.service.clone()), name: service.map(|service| service.name.clone()) },
        metadata,
        tracking_status: track::latest(parcel),
        tracking_history: track::history(parcel),
        transaction: Some(parcel.subject.clone()),
        ..Track::default()
    }
}

/// The size and weight of the parcel behind a label.
fn package(cx: &Cx<'_>, parcel: &Parcel) -> Map<String, Value> {
    let label = cx.docs.get::<Transaction>(TRANSACTION, &parcel.subject);
    let sent = label.and_then(|label| cx.docs.get::<parcel::Parcel>(PARCEL, &label.parcel));
    let members = |sent: parcel::Parcel| {
        let sides = json!({"length": sent.length, "width": sent.width, "height": sent.height, "unit": sent.distance_unit});
        let weight = json!([{"value": sent.weight, "unit": sent.mass_unit}]);
        Map::from_iter([("weight".to_owned(), weight), ("dimensions".to_owned(), json!([sides]))])
    };
    sent.map(members).unwrap_or_default()
}

/// A parcel as its subscribers hear of it.
pub(crate) fn event_track(cx: &Cx<'_>, parcel: &Parcel, test: bool) -> Track {
    let Registered { metadata, .. } = cx.docs.get(TRACK, &format!("{}/{}", parcel.carrier, parcel.tracking_number)).unwrap_or_default();
    Track { test, ..followed(parcel, metadata) }
}
