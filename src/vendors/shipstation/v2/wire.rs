//! What version 2 stores by itself, its ids, and its times and amounts.

pub(super) mod address;
pub(super) mod order;
pub(super) mod price;
pub(super) mod shipment;

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{RoundMode, SignedDuration, TimestampRound, Unit};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::catalog::CATALOG;
use super::checks;
use super::rules::batches::Batch;
use super::rules::inventory::Stock;
use crate::base::entropy;
pub(super) use crate::base::members::Members;
use crate::base::time::{self, Timestamp};
use crate::engine::{Cx, Forms, Refusal, Stored};
use crate::vendors::shipstation::wire;
use crate::vendors::shipstation::wire::label::Label;
use crate::vendors::shipstation::wire::money::Money;
use crate::world::Kind;

/// Shipments as they are answered, by their number; those that are orders lie beside them.
pub(super) const SHIPMENT: Kind = Kind::new("shipment");
/// Labels that were bought to try.
pub(super) const TEST_LABEL: Kind = Kind::new("test_label");
/// Rates as they are answered.
pub(super) const RATE: Kind = Kind::new("rate");
/// The latest rates of a shipment, by its number.
pub(super) const RATES: Kind = Kind::new("rates");
pub(super) const BATCH: Kind = Kind::new("batch");
pub(super) const MANIFEST: Kind = Kind::new("manifest");
pub(super) const PICKUP: Kind = Kind::new("pickup");
pub(super) const PACKAGE_TYPE: Kind = Kind::new("package_type");
/// What version 1 has no words for in the addresses of a warehouse, by its number.
pub(super) const WAREHOUSE_MORE: Kind = Kind::new("warehouse_more");
/// Tracking numbers that somebody wants to hear of, with the carrier.
pub(super) const FOLLOWED: Kind = Kind::new("followed");
pub(super) const INVENTORY_WAREHOUSE: Kind = Kind::new("inventory_warehouse");
pub(super) const INVENTORY_LOCATION: Kind = Kind::new("inventory_location");
pub(super) const STOCK: Kind = Kind::new("stock");
pub(super) const SUPPLIER: Kind = Kind::new("supplier");
pub(super) const TOTE: Kind = Kind::new("tote");
/// Images that labels can bear.
pub(super) const IMAGE: Kind = Kind::new("label_image");
/// What was set of a carrier, by its number.
pub(super) const CARRIER_SETTINGS: Kind = Kind::new("carrier_settings");
/// Documents of labels and shipments, by their id.
pub(super) const DOCUMENT: Kind = Kind::new("document");
/// The labels of a file with several, by its number.
pub(super) const COMBINED: Kind = Kind::new("combined_labels");
/// None of them is stored.
pub(super) const RATE_SHOPPER: Kind = Kind::new("rate_shopper");
pub(super) const PURCHASE_ORDER: Kind = Kind::new("purchase_order");

/// The tables of this version alone.
pub(super) const STORED: &[Stored] = tables![
    Members: SHIPMENT, Label: TEST_LABEL, Members: RATE, Members: RATES, Batch: BATCH, Members: MANIFEST, Members: PICKUP,
    Members: PACKAGE_TYPE, Vec<Members>: WAREHOUSE_MORE, String: FOLLOWED, Members: INVENTORY_WAREHOUSE, Members: INVENTORY_LOCATION,
    Stock: STOCK, Members: PURCHASE_ORDER, Members: SUPPLIER, Members: TOTE, Members: IMAGE, Members: CARRIER_SETTINGS,
    Members: DOCUMENT, Vec<String>: COMBINED; like: ; shared: ];

/// What becomes of members that were sent.
pub(super) const FORMS: Forms = &[
    ("hundredths", hundredths),
    ("fifty", |sent| sent.as_str().unwrap_or_default().chars().take(50).collect::<String>().into()),
    ("lowercase", |sent| sent.as_str().unwrap_or_default().to_lowercase().into()),
    ("uppercase", |sent| sent.as_str().unwrap_or_default().to_uppercase().into()),
    // A number, or an amount with its currency.
    ("money", |sent| {
        let currency = sent["currency"].as_str().unwrap_or("usd").to_lowercase();
        let amount = || json!({ "currency": currency, "amount": sent["amount"].as_f64().unwrap_or_default() });
        sent.as_f64().map_or_else(amount, Value::from)
    }),
    ("instant", |sent| sent.as_str().and_then(checks::instant).map_or_else(|| sent.clone(), |at| moment(at).into())),
    ("day", |sent| sent.as_str().and_then(checks::instant).map_or_else(|| sent.clone(), |at| day(at).into())),
];

/// An id of this version.
pub(super) fn se(number: u64) -> String {
    format!("se-{number}")
}

/// The number of an id; nothing if it is none.
pub(super) fn number(id: &str) -> Option<u64> {
    id.strip_prefix("se-").filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()) && !rest.starts_with('0'))?.parse().ok()
}

/// The number of the id that the path names; `checks_path` has seen that it is one.
pub(super) fn named(cx: &Cx<'_>, name: &str) -> u64 {
    cx.call.parameter(name).and_then(number).unwrap_or_default()
}

/// The texts of a list, such as ids that were sent, each once; none where there is no list.
pub(super) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    let mut seen = BTreeSet::new();
    list.as_array().into_iter().flatten().filter_map(Value::as_str).filter(move |text| seen.insert(*text))
}

/// The document of a kind that the path names by its id, and its number.
///
/// # Errors
/// `Missing`.
pub(super) fn stored<T: DeserializeOwned>(cx: &Cx<'_>, kind: Kind) -> Result<(u64, T), Refusal> {
    let number = named(cx, &id_name(&kind));
    let found = cx.docs.get(kind.clone(), &number.to_string());
    found.map(|found| (number, found)).ok_or_else(|| Refusal::missing(kind, se(number)))
}

/// A number for a new id of a kind.
pub(super) fn next(cx: &mut Cx<'_>, kind: &Kind) -> u64 {
    wire::next_id(cx, kind)
}

/// What errors call the id of a kind.
pub(super) fn id_name(kind: &Kind) -> String {
    CATALOG.id_names.get(&*kind.0).cloned().unwrap_or_else(|| format!("{}_id", kind.0))
}

/// A time with milliseconds, as stored objects are read: without zeros at its end.
pub(super) fn moment(at: Timestamp) -> String {
    let round = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
    at.round(round).unwrap_or(at).to_string()
}

/// A time with the seven digits of .NET, as new objects are answered; also without zeros at its end.
pub(super) fn tick(at: Timestamp) -> String {
    let round = TimestampRound::new().smallest(Unit::Nanosecond).increment(100).mode(RoundMode::Floor);
    at.round(round).unwrap_or(at).to_string()
}

/// So many milliseconds before a time: what is changed and what is created differ by them.
pub(super) fn before(at: Timestamp, millis: i64) -> Timestamp {
    time::shift(at, SignedDuration::from_millis(-millis))
}

/// Midnight in UTC of a day in UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT00:00:00Z").to_string()
}

/// When something is sent that names no day: now. Recorded August 2026: on Sundays a day later.
pub(super) fn sending(now: Timestamp) -> Timestamp {
    let is_sunday = now.to_zoned(TimeZone::UTC).weekday() == Weekday::Sunday;
    if is_sunday { time::shift(now, SignedDuration::from_hours(24)) } else { now }
}

/// Objects as one, in their order.
pub(super) fn joined<const N: usize>(parts: [Value; N]) -> Value {
    let members = parts.into_iter().filter_map(|part| if let Value::Object(members) = part { Some(members) } else { None });
    Value::Object(members.flatten().collect())
}

/// An amount in US dollars, as an object.
pub(super) fn dollars(amount: Money) -> Value {
    json!({ "currency": "usd", "amount": float(amount) })
}

/// A decimal as JSON has it.
#[expect(clippy::cast_precision_loss, reason = "amounts are small")]
pub(super) fn float(decimal: Money) -> f64 {
    decimal.0 as f64 / 10_000.0
}

/// A decimal of a document.
pub(super) fn decimal(value: &Value) -> Money {
    Money::from(value.clone())
}

/// What is behind two decimals is cut off, not rounded.
fn hundredths(sent: &Value) -> Value {
    let text = sent.as_f64().unwrap_or_default().to_string();
    let cut = text.find('.').map_or(&*text, |point| &text[..text.len().min(point + 3)]);
    cut.parse::<f64>().unwrap_or_default().into()
}

/// So many signs that nobody guesses, and that are the same for the same file.
pub(super) fn token(cx: &Cx<'_>, name: &str, length: usize) -> String {
    use rand::RngExt as _;
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = entropy::stream(0, &["shipstation", &cx.docs.account().name, name], 0);
    (0..length).map(|_| char::from(SIGNS[rng.random_range(0..SIGNS.len())])).collect()
}
