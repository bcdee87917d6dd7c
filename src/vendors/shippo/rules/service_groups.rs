//! Service groups: what a shop offers at its checkout, and the rates that live rates make of them.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::catalog::CATALOG;
use super::super::dialect::fields::{Fields, REQUIRED, not_found};
use super::super::dialect::{self, LIVE_RATES, go_fields};
use super::super::wire::address::Address;
use super::super::wire::decimal::{self, Decimal};
use super::super::wire::shipment::Rate;
use super::super::wire::{self, ADDRESS, RATE, SERVICE_GROUP};
use super::addresses::ADDRESSES;
use super::templates::{self, Own};
use super::{shipments, stored};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};

const TYPES: [&str; 3] = ["LIVE_RATE", "FLAT_RATE", "FREE_SHIPPING"];

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Group {
    object_id: String,
    name: String,
    description: String,
    #[serde(rename = "type")]
    kind: String,
    flat_rate: Option<String>,
    flat_rate_currency: Option<String>,
    free_shipping_threshold_min: Option<String>,
    free_shipping_threshold_currency: Option<String>,
    rate_adjustment: i64,
    is_active: bool,
    service_levels: Vec<Service>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Service {
    account_object_id: String,
    service_level_token: String,
}

/// All of them, newest first, as a bare array.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let groups: Vec<Group> = cx.docs.list(SERVICE_GROUP).rev().collect();
    Ok(dialect::go(StatusCode::OK, &groups))
}

/// A new group is active.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let mut group = judge(&mut fields);
    fields.done().map_err(go_fields)?;
    group.object_id = wire::new_id(cx);
    cx.docs.put(SERVICE_GROUP, &group.object_id, &group);
    Ok(dialect::go(StatusCode::CREATED, &group))
}

/// The id stands in the body. What is not active counts as missing.
pub(crate) fn update(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let id = fields.needed("object_id");
    let mut group = judge(&mut fields);
    if fields.flag("is_active") != Some(true) {
        // Observed 2026: in other words than everything else.
        fields.fault("is_active", "field is required");
    }
    fields.done().map_err(go_fields)?;
    let before: Group = cx.docs.require(SERVICE_GROUP, &id)?;
    group.object_id = before.object_id;
    cx.docs.put(SERVICE_GROUP, &id, &group);
    Ok(dialect::go(StatusCode::OK, &group))
}

/// Gone.
pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let id = stored::named(cx)?;
    if !cx.docs.remove(SERVICE_GROUP, &id) {
        return Err(Refusal::missing(SERVICE_GROUP, id));
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// What each group comes to for a basket; no groups, no options.
pub(crate) fn live_rates(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let refused = |message: &str, details: &str| Refusal::Because(LIVE_RATES, json!({ "message": message, "details": details }));
    let fields = Fields::of(&body)?;
    let mut ends = Vec::with_capacity(2);
    for name in ["address_from", "address_to"] {
        let address = match fields.value(name) {
            None => return Err(refused("Invalid request", &format!("{name} is required"))),
            Some(Value::String(id)) => cx.docs.get::<Address>(ADDRESS, id).map(|address| address.object_id),
            Some(inline) => stored::brought(cx, &ADDRESSES, "CreateAddress", inline).ok().map(|address| address.id),
        };
        ends.push(address.ok_or_else(|| refused("Invalid request", &format!("{name} is invalid")))?);
    }
    let Some(Value::Array(items)) = fields.value("line_items").filter(|items| items.as_array().is_some_and(|rows| !rows.is_empty())) else {
        return Err(refused("Invalid request", "line_items is required"));
    };
    let parcel = match fields.value("parcel") {
        Some(Value::String(id)) if cx.docs.has(wire::USER_TEMPLATE, id) => templates::own(cx, id).map(|own| own.parcel()),
        Some(Value::String(id)) if !cx.docs.has(wire::PARCEL, id) => return Err(refused("Invalid request", "parcel is invalid")),
        Some(other) => Some(other.clone()),
        None => templates::chosen::<Own>(cx).map(|own| own.parcel()),
    };
    let groups: Vec<Group> = cx.docs.list(SERVICE_GROUP).collect();
    let quoted = |kind: &Group| kind.kind != "FREE_SHIPPING" && !kind.service_levels.is_empty();
    let rates = match &parcel {
        Some(parcel) if groups.iter().any(quoted) => rates(cx, &ends, parcel),
        _ => Vec::new(),
    };
    let total: i64 = items.iter().map(item_total).sum();
    let results: Vec<Value> = groups.iter().filter(|group| group.is_active).filter_map(|group| option(group, &rates, total)).collect();
    Ok(dialect::go(StatusCode::OK, &json!({ "next": "", "previous": "", "results": results })))
}

/// The rates of a shipment between two stored addresses.
fn rates(cx: &mut Cx<'_>, ends: &[String], parcel: &Value) -> Vec<Rate> {
    let body = json!({ "address_from": ends[0], "address_to": ends[1], "parcels": [parcel], "async": false });
    let Ok(shipment) = shipments::store(cx, &body) else { return Vec::new() };
    shipment.rates.iter().filter_map(|id| cx.docs.get(RATE, id)).collect()
}

/// Ten-thousandths of what a line costs.
fn item_total(item: &Value) -> i64 {
    let text = item["total_price"].as_str().map_or_else(|| item["total_price"].to_string(), str::to_owned);
    Decimal::parse(&text).map_or(0, |price| price.value)
}

/// What a group offers: its price, the cheapest of its services with the adjustment, or nothing to pay over the threshold.
fn option(group: &Group, rates: &[Rate], total: i64) -> Option<Value> {
    let in_group = |rate: &&Rate| {
        group.service_levels.iter().any(|row| row.account_object_id == rate.carrier_account && row.service_level_token == rate.service)
    };
    let best = rates.iter().filter(in_group).min_by_key(|rate| rate.cents_local);
    let days = best.map(|rate| rate.days);
    let (amount, currency) = match group.kind.as_str() {
        "FLAT_RATE" => (group.flat_rate.clone()?, group.flat_rate_currency.clone()),
        "LIVE_RATE" => {
            let rate = best?;
            let cents = rate.cents_local + (rate.cents_local * group.rate_adjustment + 50) / 100;
            (wire::amount(cents.max(0)), Some(rate.currency_local.clone()))
        }
        _ => {
            let threshold = group.free_shipping_threshold_min.as_deref().map_or(Ok(0), |text| Decimal::parse(text).map(|min| min.value));
            if total < threshold.unwrap_or(0) {
                return None;
            }
            ("0".to_owned(), group.free_shipping_threshold_currency.clone())
        }
    };
    let currency = currency.unwrap_or_else(|| "USD".to_owned());
    Some(json!({ "title": group.name, "description": group.description, "amount": amount, "currency": currency, "amount_local": amount,
        "currency_local": currency, "estimated_days": days }))
}

fn judge(fields: &mut Fields<'_>) -> Group {
    let name = fields.needed("name");
    let description = fields.needed("description");
    let kind = fields.choice("type", &TYPES);
    fields.require("type");
    let kind = kind.unwrap_or_default();
    // Observed 2026: prices lose the zeros at their end.
    let mut price = |name: &str| decimal::member(fields, name).map(|price| price.shortest());
    let (flat_rate, threshold) = (price("flat_rate"), price("free_shipping_threshold_min"));
    let mut currency = |name: &str| {
        let code = fields.text(name);
        if !code.is_empty() && !CATALOG.currencies.per_dollar.contains_key(&code) {
            fields.fault(name, not_found("Currency", &code));
        }
        Some(code).filter(|code| !code.is_empty())
    };
    let (flat_rate_currency, threshold_currency) = (currency("flat_rate_currency"), currency("free_shipping_threshold_currency"));
    if kind == "FLAT_RATE" && flat_rate.is_none() && fields.is_fine("flat_rate") {
        fields.fault("flat_rate", REQUIRED);
    }
    let rate_adjustment = fields.integer("rate_adjustment").unwrap_or(0);
    let mut service_levels = Vec::new();
    match fields.value("service_levels") {
        Some(Value::Array(rows)) => {
            let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
            service_levels.extend(rows.iter().map(|row| Service {
                account_object_id: text(row, "account_object_id"),
                service_level_token: text(row, "service_level_token"),
            }));
        }
        _ => fields.fault("service_levels", REQUIRED),
    }
    Group {
        object_id: String::new(),
        name,
        description,
        kind,
        flat_rate,
        flat_rate_currency,
        free_shipping_threshold_min: threshold,
        free_shipping_threshold_currency: threshold_currency,
        rate_adjustment,
        is_active: true,
        service_levels,
    }
}
