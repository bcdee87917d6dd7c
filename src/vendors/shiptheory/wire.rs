//! Documents as they are stored, requests once they have been checked, and the members of answers.

pub(super) mod rows;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use crate::base::decimal;
use crate::base::time::Timestamp;
use crate::carrier::Location;
use crate::carrier::countries::{self, Country};
use crate::vendors::shiptheory::catalog::CATALOG;
use crate::world::Kind;

/// Shipments, by reference.
pub(super) const SHIPMENT: Kind = Kind::new("shipment");
/// Products, by SKU.
pub(super) const PRODUCT: Kind = Kind::new("product");
/// Tags, by id.
pub(super) const TAG: Kind = Kind::new("tag");
/// How many numbers of tags were given, under the id `tag`: none is given twice, even when its tag is gone.
pub(super) const COUNTER: Kind = Kind::new("counter");

/// What became of a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    /// Booked, with a tracking number and a label.
    Complete,
    /// The carrier refused it.
    Failed,
    /// No shipping rule matched.
    Ignored,
    /// Somebody has to approve it.
    Waiting,
    /// Somebody approved it.
    Queued,
    /// Received, and not looked at yet.
    Ready,
    /// The order is not ready to be sent.
    #[serde(rename = "Not Ready")]
    NotReady,
    /// On its way to the carrier.
    #[serde(rename = "PROCESSING")]
    Processing,
    /// Booked, but its label could not be printed.
    #[serde(rename = "Print Error")]
    PrintError,
}

impl Status {
    /// Whether that is the vendor's word for it, in its own case.
    pub fn is(self, word: &str) -> bool {
        serde_json::to_value(self).is_ok_and(|own| own == word)
    }
}

/// A booking request. Details, addresses and products are JSON as it was sent.
#[derive(Deserialize)]
pub(super) struct Booking {
    pub reference: String,
    pub reference2: String,
    pub delivery_service: Option<String>,
    pub increment: Option<String>,
    pub mark_for_approval: Option<bool>,
    pub shipment_detail: Value,
    pub recipient: Value,
    pub sender: Option<Value>,
    pub products: Option<Vec<Value>>,
    pub tags: Option<Vec<Value>>,
}

impl Booking {
    /// Cuts weights and amounts to the decimals that are kept of them, and writes `Uk` as the code that it stands for.
    pub fn round(&mut self) {
        let parts = std::iter::once(&mut self.recipient).chain(&mut self.sender).chain(self.products.iter_mut().flatten());
        for part in parts.filter_map(Value::as_object_mut).flat_map(|part| part.iter_mut()) {
            if matches!(part.0.as_str(), "country" | "commodity_manucountry")
                && part.1.as_str().is_some_and(|code| code.eq_ignore_ascii_case("UK"))
            {
                *part.1 = "GB".into();
            }
        }
        for part in std::iter::once(&mut self.shipment_detail).chain(self.products.iter_mut().flatten()) {
            for (name, places) in [("weight", KILOGRAMS), ("value", OTHERS), ("shipping_price", OTHERS)] {
                if let Some(number) = part[name].as_f64() {
                    part[name] = json!(Number(rounded(number, places)));
                }
            }
        }
    }
}

/// A text of an address, a product or the details; empty if it is not there.
pub(super) fn text<'v>(part: &'v Value, name: &str) -> &'v str {
    part[name].as_str().unwrap_or_default()
}

/// A number of a product or the details.
pub(super) fn number(part: &Value, name: &str) -> f64 {
    part[name].as_f64().unwrap_or_default()
}

/// A shipment as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shipment {
    pub reference: String,
    pub reference2: String,
    pub created: Timestamp,
    pub modified: Timestamp,
    pub status: Status,
    pub carrier: Option<String>,
    pub service: Option<Service>,
    pub tracking_number: Option<String>,
    pub detail: Value,
    pub recipient: Value,
    pub sender: Option<Value>,
    pub products: Vec<Value>,
    pub tags: Vec<i64>,
    pub messages: Vec<Message>,
    /// The return labels in the outgoing one.
    pub enclosed: Vec<Enclosed>,
    /// The return services whose labels are still to be put in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_enclose: Vec<u32>,
    pub printed: bool,
}

/// The service that a shipment goes with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Service {
    pub id: u32,
    #[serde(rename = "serviceName")]
    pub name: String,
}

/// A return label that travels in the box.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Enclosed {
    pub carrier: String,
    pub service: String,
    pub tracking_number: String,
}

/// A line of a shipment's history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Message {
    pub message: String,
    pub created: Timestamp,
    #[serde(rename = "type")]
    pub tone: Tone,
}

/// What kind of news a message is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tone {
    Info,
    Success,
    Error,
}

impl Shipment {
    pub fn parcels(&self) -> u64 {
        self.detail["parcels"].as_u64().unwrap_or(1)
    }

    /// The kilograms of each parcel.
    #[expect(clippy::cast_precision_loss, reason = "the document limits parcels")]
    pub fn parcel_weight(&self) -> f64 {
        number(&self.detail, "weight") / self.parcels() as f64
    }

    /// Where it comes from, and where it goes.
    pub fn way(&self) -> (Location, Location) {
        let location = |address: &Value| {
            let [city, state, zip, country] = ["city", "county", "postcode", "country"].map(|name| text(address, name).to_owned());
            Location { city, state, zip, country: country.to_ascii_uppercase() }
        };
        (location(self.sender.as_ref().unwrap_or(&CATALOG.sender)), location(&self.recipient))
    }

    /// Adds a line to the history.
    pub fn tell(&mut self, now: Timestamp, tone: Tone, message: impl Into<String>) {
        self.messages.push(Message { message: message.into(), created: now, tone });
    }
}

/// What a caller says of a tag.
#[derive(Deserialize)]
pub(super) struct TagWish {
    pub name: Option<String>,
    pub background_colour: Option<String>,
    pub text_colour: Option<String>,
}

/// A tag, stored and answered alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Tag {
    pub id: u64,
    pub name: String,
    pub background_colour: String,
    pub text_colour: String,
}

/// A number that prints as PHP prints it: whole ones without a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Deserialize)]
pub(super) struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_possible_truncation, reason = "whole and within 53 bits")]
        if self.0.fract() == 0.0 && self.0.abs() < 9e15 {
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}

/// A number with so many decimals at most, halves rounded up as the database behind Shiptheory does. What has more than twelve digits in
/// front of them then is the largest that has not.
pub(super) fn rounded(number: f64, places: usize) -> f64 {
    let rounded = decimal::half_up(&number.to_string(), places).and_then(|text| text.parse().ok()).unwrap_or(number);
    if (1e12..1e12 + 1.0).contains(&rounded) { 1e12 - 0.1_f64.powi(i32::try_from(places).unwrap_or_default()) } else { rounded }
}

/// A number as text with two decimals.
pub(super) fn two_decimals(number: f64) -> String {
    decimal::half_up(&number.to_string(), 2).unwrap_or_else(|| format!("{number:.2}"))
}

/// Decimals that are kept of kilograms, and of all other numbers.
pub(super) const KILOGRAMS: usize = 3;
pub(super) const OTHERS: usize = 2;

/// A time with an offset that has no colon.
pub(super) fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

/// The three-letter code of a country given by either code; anything else stays as it is.
pub(super) fn alpha3(country: &str) -> String {
    find(country).map_or_else(|| country.to_owned(), |country| country.alpha3.to_owned())
}

/// The country with that code. Client 2026: `Uk` is one.
pub(super) fn find(code: &str) -> Option<Country> {
    countries::find(if code.eq_ignore_ascii_case("UK") { "GB" } else { code })
}
