//! Pickups: the carrier comes for labels that were bought. The answer says at once whether it will; nothing can be read later.

use http::StatusCode;
use jiff::SignedDuration;
use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::super::access::Mode;
use super::super::accounts::{self, CarrierAccount};
use super::super::checks;
use super::super::dialect::fields::{Fields, REQUIRED, not_found};
use super::super::dialect::{self, go_fields};
use super::super::wire::shipment::Rate;
use super::super::wire::transaction::Transaction;
use super::super::wire::{self, Moment, PICKUP, RATE, TRANSACTION};
use crate::base::time::{self, Timestamp};
use crate::carrier::Anchor;
use crate::engine::{Cx, Json, Outcome};

/// The topic of a pickup in the agenda: the carrier has come.
pub(crate) const DONE: &str = "pickup.done";

const PLACES: [&str; 12] = [
    "Back Door",
    "Front Door",
    "In/At Mailbox",
    "Knock on Door",
    "Mail Room",
    "Office",
    "Other",
    "Reception",
    "Ring Bell",
    "Security Deck",
    "Shipping Dock",
    "Side Door",
];
const BUILDINGS: [&str; 6] = ["apartment", "building", "department", "floor", "room", "suite"];

/// What a pickup's address needs; it is reported without the way that leads there.
const ADDRESS_PARTS: [&str; 7] = ["city", "country", "email", "name", "state", "street1", "zip"];

/// Confirmed by the two carriers that come, for labels of theirs; in error otherwise.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let id = fields.needed("carrier_account");
    let location = location(&mut fields);
    let start = future(cx.now, &mut fields, "requested_start_time");
    let end = future(cx.now, &mut fields, "requested_end_time");
    if fields.is_fine("requested_start_time") && fields.is_fine("requested_end_time") && end <= start {
        fields.fault("requested_end_time", "requested_end_time is not after requested_start_time.");
    }
    let transactions: Vec<String> = match fields.value("transactions") {
        Some(Value::Array(rows)) if !rows.is_empty() => {
            rows.iter().map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned)).collect()
        }
        _ => {
            fields.fault("transactions", REQUIRED);
            Vec::new()
        }
    };
    let metadata = fields.metadata();
    fields.done().map_err(go_fields)?;
    // Observed 2022: the account is looked up only once everything else is fine.
    let account = accounts::find(cx, &id).ok_or_else(|| checks::refused("carrier_account", not_found("CarrierAccount", &id)))?;
    let refusal = refusal(cx, &account, &transactions);
    let state = location["address"]["state"].as_str().unwrap_or_default().to_owned();
    let confirmed = refusal.is_none();
    let cancel_by = time::shift(start, SignedDuration::from_hours(-4));
    let code = confirmed.then(|| format!("WTC{:09}", cx.rng.random_range(0_u64..1_000_000_000)));
    let id = wire::new_id(cx);
    let pickup = json!({
        "carrier_account": account.object_id, "location": location, "metadata": metadata,
        "requested_end_time": Moment(end), "requested_start_time": Moment(start), "transactions": transactions,
        "object_created": Moment(cx.now), "object_id": id, "object_updated": Moment(cx.now),
        "confirmed_start_time": confirmed.then_some(Moment(start)), "confirmed_end_time": confirmed.then_some(Moment(end)),
        "cancel_by_time": confirmed.then_some(Moment(cancel_by)), "status": if confirmed { "CONFIRMED" } else { "ERROR" },
        "confirmation_code": code, "timezone": zone(&state), "messages": refusal.map(|text| [text]), "is_test": Mode::of(cx).is_test(),
    });
    cx.docs.put(PICKUP, &id, &pickup);
    if confirmed {
        cx.schedule_at(end, DONE, &id, 0);
    }
    Ok(dialect::go(StatusCode::CREATED, &pickup))
}

/// The carrier has come for the labels of a confirmed pickup.
pub(crate) fn done(cx: &mut Cx<'_>, id: &str) {
    let Some(pickup) = cx.docs.get::<Value>(PICKUP, id) else { return };
    for label in pickup["transactions"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if let Some(label) = cx.docs.get::<Transaction>(TRANSACTION, label) {
            cx.anchor_reached(Anchor::Pickup, &label.tracking_number);
        }
    }
}

/// Where the parcels are; its faults stand at the top.
fn location(fields: &mut Fields<'_>) -> Value {
    let Some(Value::Object(location)) = fields.value("location") else {
        fields.fault("location", REQUIRED);
        return Value::Null;
    };
    let text = |members: &Map<String, Value>, name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let place = text(location, "building_location_type");
    if place.is_empty() {
        fields.fault("building_location_type", REQUIRED);
    } else if !PLACES.iter().any(|known| known.eq_ignore_ascii_case(&place)) {
        fields.fault("building_location_type", format!("\"{place}\" is not a valid choice."));
    } else if place.eq_ignore_ascii_case("Other") && text(location, "instructions").is_empty() {
        fields.fault("instructions", REQUIRED);
    }
    let building = text(location, "building_type");
    if !building.is_empty() && !BUILDINGS.contains(&building.as_str()) {
        fields.fault("building_type", format!("\"{building}\" is not a valid choice."));
    }
    match location.get("address").and_then(Value::as_object) {
        None => fields.fault("address", REQUIRED),
        Some(address) => {
            for part in ADDRESS_PARTS.into_iter().filter(|part| text(address, part).is_empty()) {
                fields.fault(part, REQUIRED);
            }
        }
    }
    Value::Object(location.clone())
}

fn future(now: Timestamp, fields: &mut Fields<'_>, name: &str) -> Timestamp {
    let text = fields.text(name);
    if text.is_empty() {
        fields.fault(name, REQUIRED);
        return now;
    }
    match text.parse::<Timestamp>() {
        Err(_) => fields.fault(name, format!("{name} is not a valid date.")),
        Ok(at) if at <= now => fields.fault(name, format!("{name} is not a future date.")),
        Ok(at) => return at,
    }
    now
}

/// Why nobody comes.
fn refusal(cx: &Cx<'_>, account: &CarrierAccount, transactions: &[String]) -> Option<String> {
    if !matches!(account.carrier.as_str(), "usps" | "dhl_express") {
        return Some(format!("Pickups are not supported for carrier {}.", account.carrier));
    }
    let of_account = |id: &String| {
        let label = cx.docs.get::<Transaction>(TRANSACTION, id).filter(|label| label.status == "SUCCESS")?;
        cx.docs.get::<Rate>(RATE, &label.rate).filter(|rate| rate.carrier_account == account.object_id)
    };
    let stranger = transactions.iter().find(|id| of_account(id).is_none())?;
    Some(format!("Transaction {stranger} is no label of this carrier account."))
}

/// The time zone of a state, by the name that the vendor uses.
fn zone(state: &str) -> &'static str {
    match state {
        "CA" | "NV" | "OR" | "WA" => "US/Pacific",
        "AZ" | "CO" | "ID" | "MT" | "NM" | "UT" | "WY" => "US/Mountain",
        "AL" | "AR" | "IA" | "IL" | "KS" | "LA" | "MN" | "MO" | "MS" | "ND" | "NE" | "OK" | "SD" | "TN" | "TX" | "WI" => "US/Central",
        "AK" => "US/Alaska",
        "HI" => "US/Hawaii",
        _ => "US/Eastern",
    }
}
