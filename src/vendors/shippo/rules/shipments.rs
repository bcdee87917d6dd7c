//! Shipments: addresses and parcels put together, and the rates that the carriers give for them.

use http::StatusCode;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::access::{self, Mode};
use super::super::dialect::fields::{Fields, REQUIRED, below, not_found};
use super::super::dialect::page::{self, CREATED, CURSOR, LISTING, MADE};
use super::super::dialect::version;
use super::super::rates::{self, Lane};
use super::super::wire::address::{Address, SHORT};
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::parcel::{Measures, Parcel, SHIPPED};
use super::super::wire::shipment::{Rate, RateView, Shipment, View};
use super::super::wire::{self, ADDRESS, CUSTOMS_DECLARATION, Message, Moment, ObjectId, PARCEL, RATE, SHIPMENT};
use super::addresses::ADDRESSES;
use super::carrier_accounts;
use super::parcels::PARCELS;
use super::{customs, stored};
use crate::base::time::{self, Timestamp};
use crate::engine::listing::{Bound, Listing};
use crate::engine::{Cx, Json, Outcome, Params, Refusal};

/// The topic of an asynchronous shipment in the agenda.
pub(crate) const PROGRESS: &str = "shipment.progress";

const WRONG_DATE: &str = "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

#[derive(Deserialize)]
pub(crate) struct ShipmentId {
    #[serde(rename = "ShipmentId")]
    id: ObjectId,
}

const SHIPMENTS: Listing = Listing { filters: &CREATED, cursor: CURSOR, ..LISTING };

/// Shipments of the last 390 days, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mut query = SHIPMENTS.read(cx.call)?;
    page::limit_span(&query)?;
    let oldest = time::shift(cx.now, SignedDuration::from_hours(-390 * 24));
    if cx.docs.list::<Shipment>(SHIPMENT).next().is_some_and(|first| first.object_created.0 < oldest) {
        query.and(MADE, Bound::From, oldest);
    }
    page::answer(cx, &query, SHIPMENT, view)
}

/// Rates come with the answer unless `async` is asked for.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let shipment = store(cx, &body)?;
    let view = view(cx, shipment);
    Ok(version::reply(cx.call, StatusCode::CREATED, view))
}

/// One shipment.
pub(crate) fn read(cx: &mut Cx<'_>, Params(ShipmentId { id: ObjectId(id) }): Params<ShipmentId>) -> Outcome {
    let shipment = cx.docs.require(SHIPMENT, &id)?;
    let view = view(cx, shipment);
    Ok(version::reply(cx.call, StatusCode::OK, view))
}

/// Stores a shipment from a body, with everything that comes inline, and rates it.
pub(crate) fn store(cx: &mut Cx<'_>, body: &Value) -> Result<Shipment, Refusal> {
    let mut fields = Fields::of(body)?;
    let customs_declaration = fields.value("customs_declaration").filter(|value| *value != "").and_then(|given| {
        let declaration = customs::resolve(cx, given);
        declaration.map_err(|faults| fields.put("customs_declaration", faults)).ok()
    });
    let parcels = all_parcels(cx, &mut fields);
    let address_to = address(cx, &mut fields, "address_to", true);
    let address_from = address(cx, &mut fields, "address_from", true);
    let address_return = address(cx, &mut fields, "address_return", false);
    let shipment_date = date(cx.now, &mut fields);
    let carrier_accounts = asked_accounts(cx, &mut fields);
    let extra = fields.object("extra");
    let metadata = fields.metadata();
    let later = fields.flag("async") == Some(true);
    fields.done()?;
    let address_from = address_from.unwrap_or_default();
    let mut shipment = Shipment {
        object_id: wire::new_id(cx),
        object_created: Moment(cx.now),
        object_updated: Moment(cx.now),
        status: "QUEUED".to_owned(),
        carrier_accounts,
        address_return: address_return.unwrap_or_else(|| address_from.clone()),
        address_from,
        address_to: address_to.unwrap_or_default(),
        parcels,
        shipment_date: Moment(shipment_date),
        customs_declaration,
        extra,
        metadata,
        rates: Vec::new(),
        messages: Vec::new(),
    };
    for id in &shipment.parcels {
        let mut parcel: Parcel = cx.docs.require(PARCEL, id)?;
        parcel.object_updated = Moment(cx.now);
        cx.docs.put(PARCEL, id, &parcel);
    }
    if later {
        cx.docs.put(SHIPMENT, &shipment.object_id, &shipment);
        cx.schedule_in(SignedDuration::from_millis(300), PROGRESS, &shipment.object_id, 0);
        cx.schedule_in(SignedDuration::from_secs(1), PROGRESS, &shipment.object_id, 1);
    } else {
        rate(cx, &mut shipment);
    }
    Ok(shipment)
}

/// An asynchronous shipment waits, then has its rates.
pub(crate) fn progress(cx: &mut Cx<'_>, id: &str, step: u32) {
    let Some(mut shipment) = cx.docs.get::<Shipment>(SHIPMENT, id).filter(|shipment| shipment.status != "SUCCESS") else { return };
    shipment.object_updated = Moment(cx.now);
    if step == 0 {
        "WAITING".clone_into(&mut shipment.status);
        cx.docs.put(SHIPMENT, id, &shipment);
    } else {
        rate(cx, &mut shipment);
    }
}

/// Asks the carriers and stores what they say.
fn rate(cx: &mut Cx<'_>, shipment: &mut Shipment) {
    let asked = |id: &String| shipment.carrier_accounts.is_empty() || shipment.carrier_accounts.contains(id);
    let mut accounts = carrier_accounts::all(cx);
    accounts.retain(|account| account.active && asked(&account.object_id));
    let (rates, messages) = quote(cx, shipment, &accounts);
    shipment.rates = rates.into_iter().map(|rate| rate.object_id).collect();
    shipment.messages = messages;
    "SUCCESS".clone_into(&mut shipment.status);
    cx.docs.put(SHIPMENT, &shipment.object_id, shipment);
}

/// New rates of some accounts, stored; and what the silent ones say.
pub(crate) fn quote(cx: &mut Cx<'_>, shipment: &Shipment, accounts: &[CarrierAccount]) -> (Vec<Rate>, Vec<Message>) {
    let ends = [&shipment.address_from, &shipment.address_to].map(|id| cx.docs.get::<Address>(ADDRESS, id));
    let [Some(from), Some(to)] = ends else { return (Vec::new(), Vec::new()) };
    let parcels: Vec<Measures> =
        shipment.parcels.iter().filter_map(|id| cx.docs.get::<Parcel>(PARCEL, id)).map(|parcel| parcel.measures()).collect();
    let (declared, now, test) = (shipment.customs_declaration.is_some(), Moment(cx.now), Mode::of(cx).is_test());
    let lane = Lane { from: &from, to: &to, parcels: &parcels, declared, shipment: &shipment.object_id, now, test };
    let (mut rates, messages) = rates::ask(&lane, accounts);
    for rate in &mut rates {
        rate.object_id = wire::new_id(cx);
        cx.docs.put(RATE, &rate.object_id, rate);
    }
    (rates, messages)
}

/// A shipment as it is answered.
fn view(cx: &Cx<'_>, shipment: Shipment) -> View {
    let short = |id: &str| wire::members(cx, ADDRESS, id, &SHORT);
    let parcel = |id: &String| wire::members(cx, PARCEL, id, &SHIPPED);
    let rate = |id: &String| RateView::of(cx.docs.get(RATE, id).expect("rates are never removed"), access::owner(cx));
    View {
        address_from: short(&shipment.address_from),
        address_to: short(&shipment.address_to),
        address_return: short(&shipment.address_return),
        parcels: shipment.parcels.iter().map(parcel).collect(),
        rates: shipment.rates.iter().map(rate).collect(),
        customs_declaration: shipment.customs_declaration.and_then(|id| cx.docs.get(CUSTOMS_DECLARATION, &id)),
        carrier_accounts: shipment.carrier_accounts,
        object_created: shipment.object_created,
        object_updated: shipment.object_updated,
        object_id: shipment.object_id,
        object_owner: access::owner(cx),
        status: shipment.status,
        shipment_date: shipment.shipment_date,
        alternate_address_to: None,
        extra: shipment.extra,
        messages: shipment.messages,
        metadata: shipment.metadata,
        test: Mode::of(cx).is_test(),
        order: None,
    }
}

/// The id of an address that is named or brought along.
fn address(cx: &mut Cx<'_>, fields: &mut Fields<'_>, name: &str, needed: bool) -> Option<String> {
    match fields.value(name) {
        None if needed => fields.fault(name, REQUIRED),
        None => {}
        Some(Value::String(id)) if id.is_empty() && !needed => {}
        Some(Value::String(id)) if cx.docs.has(ADDRESS, id) => return Some(id.clone()),
        Some(Value::String(id)) => fields.fault(name, not_found("Address", id)),
        Some(inline) => match stored::brought(cx, &ADDRESSES, "CreateAddress", inline) {
            Ok(address) => return Some(address.id),
            Err(refusal) => fields.put(name, below(refusal)),
        },
    }
    None
}

/// The ids of the parcels that are named or brought along; one alone needs no list.
fn all_parcels(cx: &mut Cx<'_>, fields: &mut Fields<'_>) -> Vec<String> {
    // Versions up to 2017-03-29 had one, as `parcel`.
    let given = fields.value("parcels").or_else(|| fields.value("parcel").filter(|_| version::is_old(cx.call)));
    let rows = match given {
        None => {
            fields.fault("parcels", REQUIRED);
            return Vec::new();
        }
        Some(Value::Array(rows)) if rows.is_empty() => {
            fields.fault("parcels", "This list may not be empty.");
            return Vec::new();
        }
        Some(Value::Array(rows)) => rows.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut ids = Vec::with_capacity(rows.len());
    for row in rows {
        let parcel = match row {
            Value::String(id) if cx.docs.has(PARCEL, id) => Ok(id.clone()),
            Value::String(id) => Err(json!([not_found("Parcel", id)])),
            inline => stored::brought(cx, &PARCELS, "CreateParcel", inline).map(|parcel| parcel.id).map_err(below),
        };
        match parcel {
            Ok(id) => ids.push(id),
            Err(faults) => fields.put("parcels", faults),
        }
    }
    ids
}

/// When it is to be sent: now unless told.
pub(crate) fn date(now: Timestamp, fields: &mut Fields<'_>) -> Timestamp {
    moment(now, fields, "shipment_date")
}

/// An instant; now when it is missing or cannot be read.
pub(crate) fn moment(now: Timestamp, fields: &mut Fields<'_>, name: &str) -> Timestamp {
    let text = fields.text(name);
    if text.is_empty() {
        return now;
    }
    let at = text.parse().ok().or_else(|| page::instant(&text));
    if at.is_none() {
        fields.fault(name, WRONG_DATE);
    }
    at.unwrap_or(now)
}

/// The accounts that are to be asked; all when none is named.
fn asked_accounts(cx: &Cx<'_>, fields: &mut Fields<'_>) -> Vec<String> {
    let Some(Value::Array(rows)) = fields.value("carrier_accounts") else { return Vec::new() };
    let ids: Vec<String> = rows.iter().map(|row| row.as_str().map_or_else(|| row.to_string(), str::to_owned)).collect();
    if let Some(id) = ids.iter().find(|id| carrier_accounts::find(cx, id).is_none()) {
        fields.fault("carrier_accounts", not_found("CarrierAccount", id));
    }
    ids
}
