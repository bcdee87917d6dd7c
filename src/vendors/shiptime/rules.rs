//! The behaviors, a file for each tag of the document, and what they share.

pub(super) mod label;
pub(super) mod location;
pub(super) mod pickups;
pub(super) mod rates;
pub(super) mod shipments;
pub(super) mod token;
pub(super) mod track;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use super::access;
use super::catalog::CATALOG;
use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::engine::listing::{self, Bad, Listing, Number, Page, Sorting};
use crate::engine::{Cx, Outcome, Reference, Refusal, Reply, Stored};
use crate::world::{Account, Kind, Task};

/// Booked shipments, by shipId.
pub(super) const SHIPMENT: Kind = Kind::new("shipment");
/// Pickups, by id.
pub(super) const PICKUP: Kind = Kind::new("pickup");
/// Rate requests that were quoted and can still be booked.
const RATING: Kind = Kind::new("rating");
/// Quotes, by quoteId.
const QUOTE: Kind = Kind::new("quote");

/// The tables that documents of this vendor are in.
pub(super) const STORED: &[Stored] = tables![
    shipments::Shipment: SHIPMENT, pickups::Pickup: PICKUP, Vec<i32>: pickups::DOOR, rates::Rating: RATING, rates::Quoted: QUOTE; like: ;
    shared: ];

/// What documents name that rules rely on.
pub(super) const REFERENCES: &[Reference] = references![
    SHIPMENT: "/pickup" => PICKUP, PICKUP: "/shipments/*" => SHIPMENT, RATING: "/quotes/*" => QUOTE, QUOTE: "/rating" => RATING;
    words: SHIPMENT: "/detail/carrierId" => |carrier, _| CATALOG.carrier(carrier).is_some()];

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
    let latest = |kind| account.rows(&kind).next_back().and_then(|(id, _)| id.parse::<i32>().ok());
    json!({
        "shipments": account.count(&SHIPMENT),
        "pickups": account.count(&PICKUP),
        "quotes": account.count(&QUOTE),
        "last_shipment": latest(SHIPMENT),
        "last_pickup": latest(PICKUP),
    })
}

/// The next id of an account: ids run upwards. Under the default seed they begin at `first`, and those of other accounts than the default
/// one in a range of their own by its name; under other seeds at any number with as many digits.
fn next_id(cx: &Cx<'_>, kind: &Kind, first: u32) -> i32 {
    const RANGE: u64 = 1_000_000;
    let name = &cx.docs.account().name;
    let range = if &**name == access::DEFAULT { 0 } else { 1 + entropy::fingerprint(name.as_bytes()) % 2_000 };
    let least = 10_u64.pow(first.ilog10());
    let id = cx.sequential_id(kind, u64::from(first) + range * RANGE, least..9 * least, cx.docs.count(kind.clone()) as u64 % RANGE);
    i32::try_from(id).unwrap_or(i32::MAX)
}

/// Newest first; pages are counted from zero, and have no greatest size. The document says which numbers are valid.
const LISTING: Listing = Listing {
    filters: &[],
    time: |_| None,
    sorting: Sorting::NONE,
    newest_first: true,
    page: Number { names: &["page"], usual: 0, least: 0, most: usize::MAX, read: listing::digits, bad: Bad::Usual },
    size: Number { names: &["size"], usual: 10, least: 1, most: usize::MAX, read: listing::digits, bad: Bad::Usual },
    refuse_past_end: false,
    cursor: "",
    refuse: |_| Refusal::Broken,
};

/// A page as ShipTime prints it.
fn page<T: Serialize>(page: &Page<T>) -> Reply {
    Reply::ok(json!({
        "content": page.rows,
        "page": page.number,
        "size": page.size,
        "totalElements": page.total,
        "totalPages": page.pages(),
        "last": !page.has_next,
    }))
}

/// Whether something worked: what did not is answered 200, too.
fn done(problem: Option<&str>) -> Outcome {
    Ok(Reply::ok(problem.map_or_else(|| json!({"success": true}), |text| json!({"success": false, "messages": [text]}))))
}

/// Where ShipTime and its carriers keep their calendar.
fn toronto() -> TimeZone {
    TimeZone::get("America/Toronto").unwrap_or(TimeZone::UTC)
}

/// A day's hour there.
fn moment(day: Date, time: Time) -> Option<Timestamp> {
    day.to_datetime(time).to_zoned(toronto()).ok().map(|zoned| zoned.timestamp())
}

/// Today in Toronto.
fn today(cx: &Cx<'_>) -> Date {
    cx.now.to_zoned(toronto()).date()
}
