//! What answers and stored documents are made of. Members that are absent are left out, never null.

pub(super) mod jackson;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The moment that a text names as Jackson reads it: milliseconds, a day, a day and a time, with or without an offset, or a date of
/// HTTP. Without an offset it is UTC.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(milliseconds) = text.parse() {
        return Timestamp::from_millisecond(milliseconds).ok();
    }
    let local = || if text.len() == 10 { text.parse::<Date>().ok().map(DateTime::from) } else { text.parse().ok() };
    let zoned = || local().and_then(|local| local.to_zoned(TimeZone::UTC).ok()).or_else(|| rfc2822::parse(text).ok());
    text.parse().ok().or_else(|| zoned().map(|zoned| zoned.timestamp()))
}

/// The day of such a moment.
pub(super) fn day(text: &str) -> Option<Date> {
    moment(text).map(|moment| moment.to_zoned(TimeZone::UTC).date())
}

/// An hour of a day, `HH:mm` or `H:mm`.
pub(super) fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// A moment as ShipTime prints it.
pub(super) fn print_moment(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

/// A rate request with its date as ShipTime prints it.
pub(super) fn normalized(request: &Map<String, Value>) -> Map<String, Value> {
    let mut request = request.clone();
    if let Some(date) = request.get_mut("shipDate") {
        *date = date.as_str().and_then(moment).map(print_moment).into();
    }
    request
}

/// An amount in cents.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Money {
    pub(super) currency: String,
    pub(super) amount: i64,
}

impl Money {
    pub(super) fn cad(amount: i64) -> Self {
        Self { currency: "CAD".to_owned(), amount }
    }
}

/// A surcharge or a tax.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Charge {
    pub(super) price: Money,
    pub(super) code: String,
    pub(super) name: String,
}

impl Charge {
    pub(super) fn new(code: &str, name: &str, cents: i64) -> Self {
        Self { price: Money::cad(cents), code: code.to_owned(), name: name.to_owned() }
    }
}

/// What a shipment costs, without the sums.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Charges {
    pub(super) base_charge: Money,
    pub(super) surcharges: Vec<Charge>,
    pub(super) taxes: Vec<Charge>,
}

/// How long it takes; which members are there depends on the carrier.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transit {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transit_days: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) transit_days_max: Option<u8>,
    pub(super) transit_unit: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quote {
    #[serde(flatten)]
    pub(super) charges: Charges,
    pub(super) total_charge: Money,
    pub(super) total_before_taxes: Money,
    pub(super) exchange_rate: f64,
    pub(super) carrier_id: &'static str,
    pub(super) carrier_name: &'static str,
    pub(super) service_id: &'static str,
    pub(super) service_name: &'static str,
    #[serde(flatten)]
    pub(super) transit: Transit,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cutoff_time: Option<&'static str>,
    pub(super) access_time_interval: &'static str,
    pub(super) quote_id: String,
}

/// What booking answers, and the first members of every shipment.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Booked {
    pub(super) ship_id: i32,
    pub(super) tracking_numbers: Vec<String>,
    /// Stored without the host, which is the one that the caller uses.
    pub(super) label_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) invoice_url: Option<String>,
    pub(super) carrier_tracking_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) pickup_confirmation: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) messages: Vec<String>,
}

/// The other members of a shipment.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    pub(super) creation_date: String,
    pub(super) ship_date: Value,
    pub(super) from: Value,
    pub(super) to: Value,
    pub(super) carrier_id: String,
    pub(super) carrier_name: String,
    pub(super) service_id: String,
    pub(super) service_name: String,
    pub(super) package_type: Value,
    pub(super) units: Value,
    pub(super) status: State,
    pub(super) insurance_type: String,
    pub(super) shipment_items: Value,
    #[serde(flatten)]
    pub(super) transit: Transit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ref1: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ref2: Option<Value>,
    pub(super) shipment_charges: Charges,
    pub(super) placed_by_user: String,
}

/// Where a shipment is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum State {
    Pending,
    Manifested,
    InTransit,
    Delivered,
    RefundRequested,
    Cancelled,
    Exception,
}

impl State {
    /// Whether no carrier's scan changes it any more.
    pub(super) fn is_called_off(self) -> bool {
        matches!(self, Self::Cancelled | Self::RefundRequested)
    }
}
