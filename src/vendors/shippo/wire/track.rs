//! Tracking: the words of this vendor for what happens to a parcel.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Moment;
use crate::base::{entropy, ids};
use crate::carrier::{Location, Parcel, Scan, Status};
use crate::vendors::shippo::catalog::{CATALOG, TrackingCode};

/// What is known about a number, as it is answered.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Track {
    pub messages: Vec<String>,
    pub carrier: String,
    pub tracking_number: String,
    pub address_from: Option<TrackLocation>,
    pub address_to: Option<TrackLocation>,
    pub eta: Option<Moment>,
    pub original_eta: Option<Moment>,
    pub servicelevel: Level,
    pub metadata: String,
    pub tracking_status: Option<Event>,
    pub tracking_history: Vec<Event>,
    pub transaction: Option<String>,
    /// The size and weight of the parcel.
    #[serde(flatten)]
    pub package: Map<String, Value>,
    pub test: bool,
}

/// The members of tracks of real carriers, and of their events, in the order of 2024.
const MEMBERS: &str = "tracking_number carrier servicelevel transaction address_from address_to eta original_eta weight dimensions metadata \
    test tracking_status";
const EVENT: &str = "status_date status_details object_created object_updated object_id status substatus location";

impl Track {
    /// A track of a real carrier: without what is empty.
    pub(crate) fn written_now(&self) -> Value {
        let mut track = serde_json::to_value(self).unwrap_or_default();
        let told = track["tracking_history"].as_array_mut().into_iter().flatten();
        told.for_each(|event| keep(event, EVENT));
        keep(&mut track["tracking_status"], EVENT);
        keep(&mut track["servicelevel"], "name token");
        // The vendor's libraries want these lists, also empty.
        let lists = ["tracking_history", "messages"].map(|name| (name, track[name].take()));
        keep(&mut track, MEMBERS);
        lists.into_iter().for_each(|(name, list)| track[name] = list);
        track
    }
}

/// Some members of an object in this order, if they say something.
fn keep(value: &mut Value, names: &str) {
    let says = |value: &Value| !(value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty));
    if let Value::Object(members) = value {
        *members = names.split(' ').filter_map(|name| members.remove_entry(name)).filter(|(_, value)| says(value)).collect();
    }
}

/// A service level, as tracking shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Level {
    pub token: Option<String>,
    pub name: Option<String>,
}

/// A town; what is unknown is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TrackLocation {
    pub city: String,
    pub state: String,
    pub zip: String,
    pub country: String,
}

/// One step of a parcel.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub object_created: Moment,
    pub object_updated: Option<Moment>,
    pub object_id: String,
    pub status: &'static str,
    pub status_details: String,
    pub status_date: Moment,
    pub substatus: Option<Substatus>,
    pub location: Option<TrackLocation>,
}

/// The finer word of a step.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Substatus {
    code: &'static str,
    text: &'static str,
    action_required: bool,
}

impl From<&Location> for TrackLocation {
    fn from(location: &Location) -> Self {
        let Location { city, state, zip, country } = location.clone();
        Self { city, state, zip, country }
    }
}

impl TrackLocation {
    /// A town of the United States.
    pub(crate) fn us(city: &str, state: &str, zip: &str) -> Self {
        Self { city: city.to_owned(), state: state.to_owned(), zip: zip.to_owned(), country: "US".to_owned() }
    }
}

/// The vendor's status for a scan.
pub(crate) fn word(scan: &Scan) -> &'static str {
    &row(scan, false).status
}

/// The steps of a parcel so far, oldest first. Until the first scan the vendor says that it told the carrier.
pub(crate) fn history(parcel: &Parcel) -> Vec<Event> {
    let scans = parcel.scans.iter().enumerate().map(|(place, scan)| event(parcel, place, scan));
    let told = (parcel.scans.is_empty()).then(|| Event {
        object_created: Moment(parcel.created),
        object_updated: Some(Moment(parcel.created)),
        object_id: event_id(parcel, 1000),
        status: "PRE_TRANSIT",
        status_details: TOLD.to_owned(),
        status_date: Moment(parcel.created),
        substatus: None,
        location: None,
    });
    told.into_iter().chain(scans).collect()
}

const TOLD: &str =
    "Pre-Transit: Shipment information has been transmitted to the shipping carrier but it has not yet been scanned and picked up.";

/// The latest step of a parcel. Seen in 2024: with the id that it has in the history.
pub(crate) fn latest(parcel: &Parcel) -> Option<Event> {
    history(parcel).pop()
}

fn event_id(parcel: &Parcel, place: usize) -> String {
    ids::hex(&mut entropy::stream(0, &["tracking event", &parcel.tracking_number], place as u64), 32)
}

fn event(parcel: &Parcel, place: usize, scan: &Scan) -> Event {
    // It leaves the first place where it is seen on its way, and reaches the others.
    let mut others = parcel.scans.iter().take(place.min(parcel.scans.len() - 1));
    let is_first = !others.any(|other| other.status == Status::InTransit && other.location != scan.location);
    let TrackingCode { code, status, action_required, text } = row(scan, is_first);
    Event {
        object_created: Moment(scan.at),
        object_updated: Some(Moment(scan.at)),
        object_id: event_id(parcel, place),
        status,
        status_details: scan.message.clone().unwrap_or_else(|| text.clone()),
        status_date: Moment(scan.at),
        substatus: Some(Substatus { code, text, action_required: *action_required }),
        location: scan.location.as_ref().map(TrackLocation::from),
    }
}

fn row(scan: &Scan, is_first: bool) -> &'static TrackingCode {
    let find = |code: &str| CATALOG.tracking_codes.iter().find(|row| row.code == code);
    let usual = match scan.status {
        Status::Created | Status::PreTransit | Status::Manifested => "information_received",
        Status::Collected => "package_accepted",
        Status::InTransit if is_first => "package_departed",
        Status::InTransit => "package_arrived",
        Status::OutForDelivery => "out_for_delivery",
        Status::DeliveryFailed => "delivery_attempted",
        Status::AvailableForPickup => "pickup_available",
        Status::Exception => "package_held",
        Status::Delivered => "delivered",
        Status::Returned => "return_to_sender",
        Status::Lost => "package_lost",
        Status::Cancelled | Status::Unknown => "other",
    };
    scan.code.as_deref().and_then(find).or_else(|| find(usual)).expect("the catalog has every usual code")
}
