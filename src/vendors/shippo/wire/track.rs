//! Tracking: the words of this vendor for what happens to a parcel.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Moment;
use crate::base::{entropy, ids};
use crate::carrier::{Location, Parcel, Scan, Status};

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

/// Code, status, whether the recipient has to do something, text.
type Row = (&'static str, &'static str, bool, &'static str);

const ROWS: [Row; 26] = [
    ("information_received", "PRE_TRANSIT", false, "The carrier knows of the parcel and waits for it."),
    ("address_issue", "TRANSIT", true, "Something is wrong with the address."),
    ("contact_carrier", "TRANSIT", true, "The carrier asks to be contacted."),
    ("delivery_attempted", "TRANSIT", true, "The parcel could not be handed over."),
    ("location_inaccessible", "TRANSIT", true, "The address cannot be reached."),
    ("notice_left", "TRANSIT", true, "A notice was left at the address."),
    ("package_damaged", "TRANSIT", true, "The parcel is damaged."),
    ("package_held", "TRANSIT", true, "The parcel is being held."),
    ("pickup_available", "TRANSIT", true, "The parcel waits to be fetched."),
    ("reschedule_delivery", "TRANSIT", true, "A new day for the delivery is needed."),
    ("delayed", "TRANSIT", false, "The parcel is late."),
    ("delivery_rescheduled", "TRANSIT", false, "The delivery was moved to another day."),
    ("delivery_scheduled", "TRANSIT", false, "The day of the delivery is set."),
    ("out_for_delivery", "TRANSIT", false, "The parcel is on the vehicle of its last mile."),
    ("package_accepted", "TRANSIT", false, "The carrier has taken the parcel."),
    ("package_arrived", "TRANSIT", false, "The parcel has reached a facility."),
    ("package_departed", "TRANSIT", false, "The parcel has left a facility."),
    ("package_forwarded", "TRANSIT", false, "The parcel goes to another address."),
    ("package_processed", "TRANSIT", false, "The parcel was sorted."),
    ("package_processing", "TRANSIT", false, "The parcel is being sorted."),
    ("delivered", "DELIVERED", false, "The parcel was delivered."),
    ("return_to_sender", "RETURNED", false, "The parcel goes back to its sender."),
    ("package_unclaimed", "RETURNED", true, "Nobody fetched the parcel."),
    ("package_undeliverable", "FAILURE", true, "The parcel cannot be delivered."),
    ("package_lost", "FAILURE", true, "The parcel is lost."),
    ("package_disposed", "FAILURE", false, "The parcel was disposed of."),
];

const OTHER: Row = ("other", "UNKNOWN", false, "Nothing more is known.");

/// The vendor's status for a scan.
pub(crate) fn word(scan: &Scan) -> &'static str {
    row(scan, false).1
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
    let (code, status, action_required, text) = row(scan, is_first);
    let mut rng = entropy::stream(0, &["tracking event", &parcel.tracking_number], place as u64);
    Event {
        object_created: Moment(scan.at),
        object_updated: Some(Moment(scan.at)),
        object_id: ids::hex(&mut rng, 32),
        status,
        status_details: scan.message.clone().unwrap_or_else(|| text.to_owned()),
        status_date: Moment(scan.at),
        substatus: Some(Substatus { code, text, action_required }),
        location: scan.location.as_ref().map(TrackLocation::from),
    }
}

fn row(scan: &Scan, is_first: bool) -> Row {
    let find = |code: &str| ROWS.into_iter().find(|row| row.0 == code);
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
    scan.code.as_deref().and_then(find).or_else(|| find(usual)).unwrap_or(OTHER)
}
