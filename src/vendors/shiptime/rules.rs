//! The behaviors, a file for each tag of the document, and what they share.

pub(super) mod boxes;
pub(super) mod label;
pub(super) mod location;
pub(super) mod pickups;
pub(super) mod rates;
pub(super) mod shipments;
pub(super) mod token;
pub(super) mod track;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::access;
use super::dialect;
use super::wire::jackson::{self, Class};
use crate::base::entropy;
use crate::engine::listing::{Bad, Listing, Number, Sorting};
use crate::engine::{Cx, Refusal};
use crate::world::{Account, Kind, Task};

/// Booked shipments, by shipId.
pub(super) const SHIPMENT: Kind = Kind::new("shipment");
/// Pickups, by id.
pub(super) const PICKUP: Kind = Kind::new("pickup");
/// Rate requests that were quoted and can still be booked.
const RATING: Kind = Kind::new("rating");
/// Quotes, by quoteId.
const QUOTE: Kind = Kind::new("quote");

/// Handles what the rules wrote into the agenda.
pub(super) fn due(cx: &mut Cx<'_>, task: &Task) {
    match task.topic.as_str() {
        rates::EXPIRE => rates::expire(cx, &task.subject),
        shipments::REFUND => shipments::refund(cx, &task.subject),
        pickups::DISPATCH => pickups::dispatch(cx, &task.subject),
        pickups::DONE => pickups::done(cx, &task.subject),
        _ => {}
    }
}

/// What scenarios can ask for: how many shipments, pickups and live quotes there are, and the ids of the latest.
pub(super) fn state(account: &Account) -> Value {
    let count = |kind: Kind| account.table(&kind).map_or(0, crate::world::Table::len);
    let latest = |kind: Kind| account.table(&kind).and_then(|rows| rows.iter().next_back().and_then(|(id, _)| id.parse::<i32>().ok()));
    json!({
        "shipments": count(SHIPMENT),
        "pickups": count(PICKUP),
        "quotes": count(QUOTE),
        "last_shipment": latest(SHIPMENT),
        "last_pickup": latest(PICKUP),
    })
}

/// Reads the body the way the vendor's parser does.
fn body(cx: &mut Cx<'_>, class: &'static Class) -> Result<Map<String, Value>, Refusal> {
    let identity = cx.rng.random::<u32>() >> 1;
    jackson::read(class, &cx.call.request.body, identity).map_err(|text| dialect::messages(vec![text]))
}

/// The next id of an account: ids run upwards, and those of different accounts never meet, for each has a range of its
/// own that depends on nothing but its name.
fn next_id(cx: &Cx<'_>, kind: Kind, first: i32) -> i32 {
    const RANGE: i32 = 1_000_000;
    let name = &cx.docs.account().name;
    let digest = entropy::fingerprint(name.as_bytes()) % 2_000;
    let range = if &**name == access::DEFAULT { 0 } else { 1 + i32::try_from(digest).expect("below 2000") };
    first + range * RANGE + i32::try_from(cx.docs.count(kind.clone())).unwrap_or(i32::MAX) % RANGE
}

/// The id in a path; one that is no number is a bad request.
fn ship_id<'c>(cx: &Cx<'c>, parameter: &str) -> Result<&'c str, Refusal> {
    let text = cx.call.parameter(parameter).unwrap_or_default();
    match text.parse::<i32>() {
        Ok(_) => Ok(text),
        Err(_) => Err(dialect::messages(vec![format!("Invalid shipId: {text}")])),
    }
}

/// Newest first; pages are counted from zero, and have no greatest size.
const LISTING: Listing = Listing {
    filters: &[],
    time: |_| None,
    sorting: Sorting::NONE,
    newest_first: true,
    page: Number { name: "page", usual: 0, least: 0, most: usize::MAX, read: int, bad: Bad::Refused },
    size: Number { name: "size", usual: 10, least: 1, most: usize::MAX, read: int, bad: Bad::Refused },
    refuse_past_end: false,
    cursor: "",
    refuse: |faults| dialect::messages(faults.iter().map(|fault| format!("{} is invalid", fault.name)).collect()),
};

/// A number that Java's `int` holds.
fn int(text: &str) -> Option<usize> {
    text.parse::<i32>().ok().and_then(|number| usize::try_from(number).ok())
}

/// Where ShipTime and its carriers keep their calendar.
fn toronto() -> TimeZone {
    TimeZone::get("America/Toronto").unwrap_or(TimeZone::UTC)
}

/// Today in Toronto.
fn today(cx: &Cx<'_>) -> Date {
    cx.now.to_zoned(toronto()).date()
}
