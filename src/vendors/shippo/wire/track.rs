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

/// The steps of a parcel so far, oldest first.
pub(crate) fn history(parcel: &Parcel) -> Vec<Event> {
    parcel.scans.iter().enumerate().map(|(place, scan)| event(parcel, place, scan)).collect()
}

/// The latest step of a parcel, under an id of its own.
pub(crate) fn latest(parcel: &Parcel) -> Option<Event> {
    parcel.scans.last().map(|scan| event(parcel, parcel.scans.len() + 1000, scan))
}

fn event(parcel: &Parcel, place: usize, scan: &Scan) -> Event {
    // It leaves the first place where it is seen on its way, and reaches the others.
    let mut others = parcel.scans.iter().take(place.min(parcel.scans.len() - 1));
    let is_first = !others.any(|other| other.status == Status::InTransit && other.location != scan.location);
    let TrackingCode { code, status, action_required, text } = row(scan, is_first);
    let mut rng = entropy::stream(0, &["tracking event", &parcel.tracking_number], place as u64);
    Event {
        object_created: Moment(scan.at),
        object_updated: Some(Moment(scan.at)),
        object_id: ids::hex(&mut rng, 32),
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
