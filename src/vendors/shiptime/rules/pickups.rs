//! Pickups: scheduled for a shipment, shared by shipments of one carrier, origin and day, called off until a driver goes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::shipments::{self, Shipment};
use super::{LISTING, PICKUP, SHIPMENT};
use crate::base::{entropy, ids};
use crate::carrier::Anchor;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::catalog::CATALOG;
use crate::vendors::shiptime::{checks, dialect, wire};
use crate::world::Kind;

/// The driver of a pickup sets off.
pub(super) const DISPATCH: &str = "pickup.dispatch";
/// The driver of a pickup has come.
pub(super) const DONE: &str = "pickup.done";
/// The first pickup id of the default account.
const FIRST: u32 = 310_201;

/// A pickup, stored as it is printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pickup {
    id: i32,
    confirmation_number: String,
    pickup_status: State,
    carrier_id: i32,
    pickup_address: Value,
    pickup_detail: Map<String, Value>,
    shipments: Vec<i32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum State {
    Scheduled,
    Manifested,
    Failed,
    Cancelled,
}

impl Pickup {
    fn is_pending(&self) -> bool {
        self.pickup_status == State::Scheduled
    }
}

/// The latest pickups of a carrier at a door, newest last, so that nobody reads them all.
pub(super) const DOOR: Kind = Kind::new("pickup_door");

fn door(shipment: &Shipment, origin: &Value) -> String {
    format!("{}-{:016x}", shipment.detail.carrier_id, entropy::fingerprint(origin.to_string().as_bytes()))
}

/// The pending pickups that a shipment could join, of the same carrier from the same door, newest first.
fn joinable(cx: &Cx<'_>, shipment: &Shipment) -> Vec<Pickup> {
    let (carrier, origin) = (&shipment.detail.carrier_id, origin(shipment));
    let ids: Vec<i32> = cx.docs.get(DOOR, &door(shipment, &origin)).unwrap_or_default();
    let pickups = ids.iter().rev().filter_map(|id| find(cx, *id));
    pickups.filter(|row| row.is_pending() && row.carrier_id.to_string() == *carrier && row.pickup_address == origin).collect()
}

fn find(cx: &Cx<'_>, id: i32) -> Option<Pickup> {
    cx.docs.get(PICKUP, &id.to_string())
}

fn store(cx: &mut Cx<'_>, pickup: &Pickup) {
    cx.docs.put(PICKUP, &pickup.id.to_string(), pickup);
}

/// The account's pickups, newest first; 404 when it never had one.
pub(in crate::vendors::shiptime) fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = LISTING.read(cx.call)?;
    if cx.docs.count(PICKUP) == 0 {
        return Err(Refusal::Because("no_pickups", Value::Null));
    }
    Ok(super::page(&query.documents(&cx.docs, PICKUP)?.read::<Pickup>()))
}

/// Has a shipment picked up. What it lacks is told before what is wrong with the pickup.
pub(in crate::vendors::shiptime) fn schedule(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let pickup = body.member("pickupDetail");
    let (Some(id), Some(detail)) = (body.member("shipId").integer(), pickup.object()) else {
        report.finish()?;
        return Err(Refusal::Broken);
    };
    let mut shipment = shipments::find(cx, &id.to_string())?;
    checks::pickup(&mut report, &pickup, super::today(cx), CATALOG.carrier(&shipment.detail.carrier_id), false);
    report.finish()?;
    let problem = match shipment.detail.status {
        _ if shipment.pickup.is_some() => Some("Shipment is already in a pickup"),
        wire::State::Pending | wire::State::Manifested => None,
        state if state.is_called_off() => Some("Shipment is cancelled"),
        _ => Some("Shipment is already with the carrier"),
    };
    if let Some(text) = problem {
        return Err(dialect::message(text));
    }
    let pickup = book(cx, &mut shipment, detail);
    shipments::store(cx, &shipment);
    Ok(Reply::ok(pickup))
}

/// Joins a pending pickup of the same carrier, origin and day, or makes one. The shipment is not stored.
pub(super) fn book(cx: &mut Cx<'_>, shipment: &mut Shipment, detail: &Map<String, Value>) -> impl Serialize + Send + use<> {
    let mut detail = detail.clone();
    let day = detail.get("pickupDate").and_then(Value::as_str).and_then(wire::day).unwrap_or(super::today(cx));
    detail.insert("pickupDate".to_owned(), day.to_string().into());
    let moment = |name: &str| super::moment(day, detail.get(name).and_then(Value::as_str).and_then(wire::time)?);
    let (ready, close) = (moment("readyTime"), moment("closeTime"));
    let pending = joinable(cx, shipment);
    let others: Vec<i32> = pending.iter().rev().map(|pickup| pickup.id).collect();
    let joined = pending.into_iter().find(|pickup| pickup.pickup_detail.get("pickupDate") == detail.get("pickupDate"));
    let mut pickup = joined.unwrap_or_else(|| Pickup {
        id: super::next_id(cx, &PICKUP, FIRST),
        confirmation_number: ids::digits(&mut cx.rng, 7),
        pickup_status: State::Scheduled,
        carrier_id: shipment.detail.carrier_id.parse().unwrap_or_default(),
        pickup_address: origin(shipment),
        pickup_detail: detail,
        shipments: Vec::new(),
    });
    if pickup.shipments.is_empty() {
        let ids: Vec<i32> = others.into_iter().chain([pickup.id]).collect();
        cx.docs.put(DOOR, &door(shipment, &pickup.pickup_address), &ids);
        for (at, topic) in [(ready, DISPATCH), (close, DONE)] {
            if let Some(at) = at {
                cx.schedule_at(at, topic, &pickup.id.to_string(), 0);
            }
        }
    }
    if let Some(ready) = ready {
        shipment.booked.tracking_numbers.iter().for_each(|number| cx.set_handover(number, ready));
    }
    pickup.shipments.push(shipment.booked.ship_id);
    shipment.pickup = Some(pickup.id);
    shipment.booked.pickup_confirmation = Some(pickup.confirmation_number.clone());
    store(cx, &pickup);
    pickup
}

/// The driver of a pickup that is still wanted sets off, or does not come where a scenario says so.
pub(super) fn dispatch(cx: &mut Cx<'_>, id: &str) {
    if let Some(mut pickup) = cx.docs.get::<Pickup>(PICKUP, id).filter(Pickup::is_pending) {
        pickup.pickup_status = if cx.credential.is("pickups_fail") { State::Failed } else { State::Manifested };
        store(cx, &pickup);
    }
}

/// The driver has been at the door, if one was sent.
pub(super) fn done(cx: &mut Cx<'_>, id: &str) {
    let pickup = cx.docs.get::<Pickup>(PICKUP, id).filter(|pickup| pickup.pickup_status == State::Manifested);
    for ship_id in pickup.into_iter().flat_map(|pickup| pickup.shipments) {
        let shipment = cx.docs.get::<Shipment>(SHIPMENT, &ship_id.to_string());
        for number in shipment.into_iter().flat_map(|shipment| shipment.booked.tracking_numbers) {
            cx.anchor_reached(Anchor::Pickup, &number);
        }
    }
}

/// Calls a pickup off. Once the driver is on the way it is too late.
pub(in crate::vendors::shiptime) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    let id = cx.call.parameter("pickupId").unwrap_or_default();
    let mut pickup: Pickup = cx.docs.require(PICKUP, id)?;
    match pickup.pickup_status {
        State::Scheduled => {}
        State::Manifested => return Err(Refusal::wrong_state(PICKUP, id, "MANIFESTED")),
        State::Cancelled => return super::done(Some("Pickup is already cancelled")),
        State::Failed => return super::done(Some("Pickup has failed")),
    }
    pickup.pickup_status = State::Cancelled;
    for ship_id in &pickup.shipments {
        if let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &ship_id.to_string()) {
            (shipment.pickup, shipment.booked.pickup_confirmation) = (None, None);
            shipments::store(cx, &shipment);
        }
    }
    store(cx, &pickup);
    super::done(None)
}

/// The pending pickup that a shipment is in, or could join; 204 when there is none.
pub(in crate::vendors::shiptime) fn available(cx: &mut Cx<'_>) -> Outcome {
    let shipment = visible(cx)?;
    let found = match shipment.pickup {
        Some(id) => find(cx, id).filter(Pickup::is_pending),
        None => joinable(cx, &shipment).into_iter().next(),
    };
    Ok(found.map_or_else(|| Reply::empty(http::StatusCode::NO_CONTENT), |pickup| Reply::ok(json!({ "pickup": pickup }))))
}

/// Takes a shipment out of its pickup; a pickup without shipments is cancelled.
pub(in crate::vendors::shiptime) fn remove_shipment(cx: &mut Cx<'_>) -> Outcome {
    let mut shipment = visible(cx)?;
    let pickup = shipment.pickup.and_then(|id| find(cx, id)).ok_or_else(|| dialect::message("Shipment is not in a pickup"))?;
    if !pickup.is_pending() {
        return Err(dialect::message("Pickup is already dispatched"));
    }
    leave(cx, &mut shipment);
    shipments::store(cx, &shipment);
    Ok(Reply::empty(http::StatusCode::OK))
}

/// Takes a shipment out of a pickup that is still pending. The shipment is not stored.
pub(super) fn leave(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    let pickup = shipment.pickup.and_then(|id| find(cx, id));
    if let Some(mut pickup) = pickup.filter(Pickup::is_pending) {
        pickup.shipments.retain(|id| *id != shipment.booked.ship_id);
        if pickup.shipments.is_empty() {
            pickup.pickup_status = State::Cancelled;
        }
        (shipment.pickup, shipment.booked.pickup_confirmation) = (None, None);
        store(cx, &pickup);
    }
}

/// The shipment in the path. These two operations know no 403: what is another account's is not there.
fn visible(cx: &Cx<'_>) -> Result<Shipment, Refusal> {
    shipments::own(cx, "shipId").map_err(|refusal| match refusal {
        Refusal::Foreign { kind, id } => Refusal::Missing { kind, id },
        other => other,
    })
}

/// The origin of a shipment, in the order in which pickups print it.
fn origin(shipment: &Shipment) -> Value {
    const ORDER: [&str; 9] =
        ["companyName", "attention", "phone", "streetAddress", "streetAddress2", "city", "countryCode", "state", "postalCode"];
    let rows = ORDER.iter().filter_map(|name| Some(((*name).to_owned(), shipment.detail.from.get(*name)?.clone())));
    Value::Object(rows.collect())
}
