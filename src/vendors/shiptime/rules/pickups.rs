//! Pickups: scheduled for a shipment, shared by shipments of one carrier, origin and day, called off until a driver goes.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::shipments::{self, Shipment};
use super::{LISTING, PICKUP, SHIPMENT, token};
use crate::base::{entropy, ids};
use crate::carrier::Anchor;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::checks::{self, Problem, Window};
use crate::vendors::shiptime::dialect;
use crate::vendors::shiptime::wire::payloads::PICKUP_REQUEST;
use crate::vendors::shiptime::wire::{Done, Page};
use crate::world::Kind;

/// The driver of a pickup sets off.
pub(super) const DISPATCH: &str = "pickup.dispatch";
/// The driver of a pickup has come.
pub(super) const DONE: &str = "pickup.done";
/// The first pickup id of the default account.
const FIRST: i32 = 310_201;

/// A pickup, stored as it is printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pickup {
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

    fn date(&self) -> Option<&str> {
        self.pickup_detail.get("pickupDate").and_then(Value::as_str)
    }

    /// Whether a shipment could go along: the same carrier from the same door.
    fn suits(&self, shipment: &Shipment) -> bool {
        self.is_pending() && self.carrier_id.to_string() == shipment.carrier && self.pickup_address == origin(shipment)
    }
}

/// The latest pickups of a carrier at a door, newest last, so that nobody reads them all.
const DOOR: Kind = Kind::new("pickup_door");

fn door(carrier: &str, origin: &Value) -> String {
    format!("{carrier}-{:016x}", entropy::fingerprint(origin.to_string().as_bytes()))
}

/// The pending pickups that a shipment could join, newest first.
fn joinable(cx: &Cx<'_>, shipment: &Shipment) -> Vec<Pickup> {
    let ids: Vec<i32> = cx.docs.get(DOOR, &door(&shipment.carrier, &origin(shipment))).unwrap_or_default();
    let pickups = ids.iter().rev().filter_map(|id| cx.docs.get::<Pickup>(PICKUP, &id.to_string()));
    pickups.filter(|pickup| pickup.suits(shipment)).collect()
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
    Ok(Reply::ok(Page::from(query.documents(&cx.docs, PICKUP)?.read::<Pickup>())))
}

/// Has a shipment picked up.
pub(in crate::vendors::shiptime) fn schedule(cx: &mut Cx<'_>) -> Outcome {
    token::needs(cx, "orders:write")?;
    let body = super::body(cx, &PICKUP_REQUEST)?;
    let id = body.get("shipId").and_then(Value::as_i64);
    let detail = body.get("pickupDetail").and_then(Value::as_object);
    let mut faults = Vec::new();
    if id.is_none() {
        faults.push(checks::part("PickupRequest/ShipId", Problem::Empty));
    }
    if detail.is_none() {
        faults.push(checks::part("PickupRequest/PickupDetail", Problem::Empty));
    }
    let (Some(id), Some(detail)) = (id, detail) else {
        return Err(dialect::faults(&faults));
    };
    let mut shipment = shipments::find(cx, &id.to_string())?;
    let window = Window { today: super::today(cx), carrier: Some(shipment.carrier()), cutoff: true, detail };
    let faults = checks::pickup("PickupRequest/PickupDetail", &window);
    if !faults.is_empty() {
        return Err(dialect::faults(&faults));
    }
    let told = match shipment.state {
        _ if shipment.pickup.is_some() => Some("Shipment is already in a pickup"),
        shipments::State::Pending | shipments::State::Manifested => None,
        state if state.is_called_off() => Some("Shipment is cancelled"),
        _ => Some("Shipment is already with the carrier"),
    };
    if let Some(text) = told {
        return Err(dialect::messages(vec![text.to_owned()]));
    }
    let pickup = book(cx, &mut shipment, detail);
    shipments::store(cx, &shipment);
    Ok(Reply::ok(pickup))
}

/// Joins a pending pickup of the same carrier, origin and day, or makes one. The shipment is not stored.
pub(super) fn book(cx: &mut Cx<'_>, shipment: &mut Shipment, detail: &Map<String, Value>) -> impl Serialize + Send + use<> {
    let date = detail.get("pickupDate").and_then(Value::as_str);
    let pending = joinable(cx, shipment);
    let others: Vec<i32> = pending.iter().rev().map(|pickup| pickup.id).collect();
    let joined = pending.into_iter().find(|pickup| pickup.date() == date);
    let mut pickup = match joined {
        Some(pickup) => pickup,
        None => Pickup {
            id: super::next_id(cx, PICKUP, FIRST),
            confirmation_number: ids::digits(&mut cx.rng, 7),
            pickup_status: State::Scheduled,
            carrier_id: shipment.carrier.parse().unwrap_or_default(),
            pickup_address: origin(shipment),
            pickup_detail: detail.clone(),
            shipments: Vec::new(),
        },
    };
    if pickup.shipments.is_empty() {
        let ids: Vec<i32> = others.into_iter().chain([pickup.id]).collect();
        cx.docs.put(DOOR, &door(&shipment.carrier, &pickup.pickup_address), &ids);
        for (time, topic) in [("readyTime", DISPATCH), ("closeTime", DONE)] {
            if let Some(at) = moment(detail, time) {
                cx.schedule_at(at, topic, &pickup.id.to_string(), 0);
            }
        }
    }
    if let Some(ready) = moment(detail, "readyTime") {
        shipment.numbers.iter().for_each(|number| cx.set_handover(number, ready));
    }
    pickup.shipments.push(shipment.id);
    shipment.pickup = Some(pickup.id);
    shipment.confirmation = Some(pickup.confirmation_number.clone());
    store(cx, &pickup);
    pickup
}

/// A time of the pickup's day, in Toronto.
fn moment(detail: &Map<String, Value>, time: &str) -> Option<jiff::Timestamp> {
    let date: Date = detail.get("pickupDate")?.as_str()?.parse().ok()?;
    let (hour, minute) = detail.get(time)?.as_str()?.split_once(':')?;
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()?;
    date.to_datetime(time).to_zoned(super::toronto()).ok().map(|zoned| zoned.timestamp())
}

/// The driver of a pickup that is still wanted sets off, or does not come where a scenario says so.
pub(super) fn dispatch(cx: &mut Cx<'_>, id: &str) {
    let Some(mut pickup) = cx.docs.get::<Pickup>(PICKUP, id) else {
        return;
    };
    if pickup.is_pending() {
        pickup.pickup_status = if cx.credential.is("pickups_fail") { State::Failed } else { State::Manifested };
        store(cx, &pickup);
    }
}

/// The driver has been at the door, if one was sent.
pub(super) fn done(cx: &mut Cx<'_>, id: &str) {
    let pickup = cx.docs.get::<Pickup>(PICKUP, id).filter(|pickup| pickup.pickup_status == State::Manifested);
    for ship_id in pickup.into_iter().flat_map(|pickup| pickup.shipments) {
        let shipment = cx.docs.get::<Shipment>(SHIPMENT, &ship_id.to_string());
        for number in shipment.into_iter().flat_map(|shipment| shipment.numbers) {
            cx.anchor_reached(Anchor::Pickup, &number);
        }
    }
}

/// Calls a pickup off. Once the driver is on the way it is too late.
pub(in crate::vendors::shiptime) fn cancel(cx: &mut Cx<'_>) -> Outcome {
    token::needs(cx, "orders:write")?;
    let id = cx.call.parameter("pickupId").unwrap_or_default();
    let mut pickup: Pickup = cx.docs.require(PICKUP, id)?;
    match pickup.pickup_status {
        State::Scheduled => {}
        State::Manifested => return Err(Refusal::wrong_state(PICKUP, id, "MANIFESTED")),
        State::Cancelled => return Ok(no("Pickup is already cancelled")),
        State::Failed => return Ok(no("Pickup has failed")),
    }
    pickup.pickup_status = State::Cancelled;
    for ship_id in &pickup.shipments {
        if let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, &ship_id.to_string()) {
            shipment.pickup = None;
            shipment.confirmation = None;
            shipments::store(cx, &shipment);
        }
    }
    store(cx, &pickup);
    Ok(Reply::ok(Done { success: true, messages: Vec::new() }))
}

fn no(text: &str) -> Reply {
    Reply::ok(Done { success: false, messages: vec![text.to_owned()] })
}

/// The pending pickup that a shipment is in, or could join; 204 when there is none.
pub(in crate::vendors::shiptime) fn available(cx: &mut Cx<'_>) -> Outcome {
    let shipment = visible(cx)?;
    let own = shipment.pickup.and_then(|id| cx.docs.get::<Pickup>(PICKUP, &id.to_string())).filter(Pickup::is_pending);
    let found = match own {
        Some(pickup) => Some(pickup),
        None if shipment.pickup.is_none() => joinable(cx, &shipment).into_iter().next(),
        None => None,
    };
    Ok(found.map_or_else(|| Reply::empty(http::StatusCode::NO_CONTENT), |pickup| Reply::ok(json!({ "pickup": pickup }))))
}

/// Takes a shipment out of its pickup; a pickup without shipments is cancelled.
pub(in crate::vendors::shiptime) fn remove_shipment(cx: &mut Cx<'_>) -> Outcome {
    token::needs(cx, "orders:write")?;
    let mut shipment = visible(cx)?;
    let pickup = shipment.pickup.and_then(|id| cx.docs.get::<Pickup>(PICKUP, &id.to_string()));
    let told = match pickup {
        None => Some("Shipment is not in a pickup"),
        Some(pickup) if !pickup.is_pending() => Some("Pickup is already dispatched"),
        Some(_) => None,
    };
    if let Some(text) = told {
        return Err(dialect::messages(vec![text.to_owned()]));
    }
    leave(cx, &mut shipment);
    shipments::store(cx, &shipment);
    Ok(Reply::empty(http::StatusCode::OK))
}

/// Takes a shipment out of a pickup that is still pending. The shipment is not stored.
pub(super) fn leave(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    let Some(mut pickup) = shipment.pickup.and_then(|id| cx.docs.get::<Pickup>(PICKUP, &id.to_string())) else {
        return;
    };
    if !pickup.is_pending() {
        return;
    }
    pickup.shipments.retain(|id| *id != shipment.id);
    if pickup.shipments.is_empty() {
        pickup.pickup_status = State::Cancelled;
    }
    shipment.pickup = None;
    shipment.confirmation = None;
    store(cx, &pickup);
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
    let from = shipment.request.get("from").and_then(Value::as_object);
    let rows = ORDER.iter().filter_map(|name| from?.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    Value::Object(rows.collect())
}
