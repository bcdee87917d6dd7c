//! One parcel, and the words for where it is.

use jiff::civil::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::json;
use crate::base::name::Name;
use crate::base::time::Timestamp;

/// The status of a parcel, the same for all vendors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// A label exists, and nothing has happened yet.
    Created,
    /// The carrier knows of it.
    PreTransit,
    /// It is on a manifest.
    Manifested,
    /// The carrier has taken the parcel over.
    Collected,
    InTransit,
    /// It is on the van.
    OutForDelivery,
    /// Nobody was there to accept it; another attempt may follow.
    DeliveryFailed,
    /// It waits to be fetched.
    AvailableForPickup,
    /// Something is wrong, such as damage or an address that cannot be found.
    Exception,
    Delivered,
    /// It went back to its sender.
    Returned,
    /// The label was voided before the parcel moved.
    Cancelled,
    /// Nobody knows where it is, and nobody will.
    Lost,
    /// Nobody knows where it is.
    Unknown,
}

impl Status {
    /// Every status, in the usual order.
    pub const ALL: [Self; 14] = [
        Self::Created,
        Self::PreTransit,
        Self::Manifested,
        Self::Collected,
        Self::InTransit,
        Self::OutForDelivery,
        Self::DeliveryFailed,
        Self::AvailableForPickup,
        Self::Exception,
        Self::Delivered,
        Self::Returned,
        Self::Cancelled,
        Self::Lost,
        Self::Unknown,
    ];

    /// The word as scenarios and the admin API write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::PreTransit => "pre_transit",
            Self::Manifested => "manifested",
            Self::Collected => "collected",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::DeliveryFailed => "delivery_failed",
            Self::AvailableForPickup => "available_for_pickup",
            Self::Exception => "exception",
            Self::Delivered => "delivered",
            Self::Returned => "returned",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }

    /// The status for a word, if it is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// Whether a parcel that is there stays there.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Returned | Self::Cancelled | Self::Lost)
    }
}

/// A town, as far as a scan names it; what is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Location {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub city: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zip: String,
    /// The code of ISO 3166 with two letters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub country: String,
}

/// Something that happened to a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    pub at: Timestamp,
    pub status: Status,
    /// A finer code of the vendor, when a timeline gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A text to show instead of the vendor's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

impl Scan {
    /// A scan of which nothing more is told.
    #[must_use]
    pub fn new(at: Timestamp, status: Status) -> Self {
        Self { at, status, code: None, message: None, location: None }
    }
}

/// A parcel with its scans. It is stored under short names, because there are many of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The carrier's number for it: its id.
    #[serde(rename = "no")]
    pub tracking_number: String,
    /// The vendor that it was booked with, whose `scanned` is called. Empty in files of earlier versions.
    #[serde(rename = "with", default, skip_serializing_if = "str::is_empty")]
    pub vendor: Name,
    /// The vendor's code of the carrier.
    #[serde(rename = "via")]
    pub carrier: String,
    /// The vendor's code of the service.
    #[serde(rename = "as")]
    pub service: String,
    /// The vendor's document that it belongs to (a consignment's reference, a transaction's id).
    #[serde(rename = "of")]
    pub subject: String,
    pub from: Location,
    pub to: Location,
    /// When its label was bought: what the offsets of a timeline count from.
    #[serde(rename = "at", with = "crate::base::time::nanoseconds")]
    pub created: Timestamp,
    /// From when on its carrier can have it, if that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Timestamp>,
    /// How many working days the service takes.
    #[serde(rename = "days")]
    pub transit_days: u8,
    /// The time of the day by which the service delivers, if it promises one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Time>,
    /// The timeline it follows; `None` is the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<String>,
    /// The number of the timeline's next step.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub step: u32,
    /// How often its tracking was read since the last step.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub reads: u32,
    /// All scans so far, oldest first.
    pub scans: Vec<Scan>,
}

impl Parcel {
    /// From when on its carrier can have it.
    #[must_use]
    pub fn handed(&self) -> Timestamp {
        self.ready.map_or(self.created, |ready| ready.max(self.created))
    }

    /// The status of its latest scan, or `Created`.
    #[must_use]
    pub fn status(&self) -> Status {
        self.scans.last().map_or(Status::Unknown, |scan| scan.status)
    }

    /// Whether the carrier has ever seen it.
    #[must_use]
    pub fn is_scanned(&self) -> bool {
        self.scans.iter().any(|scan| !matches!(scan.status, Status::Created | Status::PreTransit | Status::Cancelled))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::from_word(status.word()), Some(status));
            assert_eq!(serde_json::to_value(status).ok(), Some(status.word().into()));
        }
    }

    proptest! {
        /// As files of sandboxes are read: by way of a value.
        #[test]
        fn a_parcel_of_any_time_is_read_back(second in 0..=Timestamp::MAX.as_second(), nanosecond in 0..1_000_000_000) {
            let created = Timestamp::new(second, nanosecond).unwrap_or(Timestamp::MAX);
            let parcel = Parcel { created, ready: Some(created), scans: vec![Scan::new(created, Status::Created)], ..Parcel::default() };
            let text = serde_json::to_string(&parcel).expect("it is JSON");
            prop_assert_eq!(serde_json::from_str::<Parcel>(&text).ok(), Some(parcel.clone()));
            let value: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            prop_assert_eq!(serde_json::to_string(&value).ok().map(|text| text.len()), Some(text.len()));
            prop_assert_eq!(serde_json::from_value::<Parcel>(value).ok(), Some(parcel));
        }
    }

    #[test]
    fn numbers_of_earlier_versions_are_read() {
        let parcel = Parcel { created: "3000-12-30T18:00:00.125Z".parse().expect("an instant"), ..Parcel::default() };
        let text = serde_json::to_string(&parcel).expect("it is JSON");
        let old = text.replace("\"3000-12-30T18:00:00.125Z\"", "32535108000125000000");
        assert_ne!(old, text);
        assert_eq!(serde_json::from_str::<Parcel>(&old).ok(), Some(parcel.clone()));
        let value: serde_json::Value = serde_json::from_str(&old).expect("it is JSON");
        assert_eq!(serde_json::from_value::<Parcel>(value).ok(), Some(parcel));
    }
}
