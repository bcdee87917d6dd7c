//! Service groups: what a shop offers at its checkout, and the rates that live rates make of them.

use http::StatusCode;
use serde_json::{Value, json};

use super::addresses::ADDRESSES;
use super::carrier_accounts;
use super::shipments;
use super::stored::{self, GO};
use super::templates;
use crate::engine::fields::{Field, Report};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal};
use crate::vendors::shippo::checks::{self, complaint, not_found};
use crate::vendors::shippo::dialect::page::ALL;
use crate::vendors::shippo::dialect::{self, LIVE_RATES};
use crate::vendors::shippo::wire::decimal;
use crate::vendors::shippo::wire::shipment::Rate;
use crate::vendors::shippo::wire::{self, ADDRESS, RATE, SERVICE_GROUP, USER_TEMPLATE};

/// Listed newest first, as a bare array. A new group is active.
pub(crate) static GROUPS: Resource =
    Resource::new(SERVICE_GROUP, "ServiceGroup", &ALL, &Conventions { page: |_, page| dialect::go(StatusCode::OK, &page.rows), ..GO })
        .judged(judge);

/// A flat rate has a price. Rows of services name what there is, and are kept with two members only.
fn judge(cx: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    let whole = Field::root(body);
    if body["type"] == "FLAT_RATE" {
        checks::require(report, &whole.member("flat_rate"));
    }
    for row in whole.member("service_levels").elements() {
        let (account, token) = (row.member("account_object_id"), row.member("service_level_token"));
        if let Some(id) = account.text().filter(|id| report.is_fine(&account) && carrier_accounts::find(cx, id).is_none()) {
            report.add(&account, complaint(not_found("CarrierAccount", id)));
        }
        if let Some(text) = token.text().filter(|_| report.is_fine(&token)).and_then(checks::unknown_service) {
            report.add(&token, complaint(text));
        }
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    for row in body.get_mut("service_levels").and_then(Value::as_array_mut).into_iter().flatten() {
        let (account, token) = (text(row, "account_object_id"), text(row, "service_level_token"));
        *row = json!({ "account_object_id": account, "service_level_token": token });
    }
    Ok(())
}

/// The id stands in the body. What is not active counts as missing.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let (id, is_active) = (body.member("object_id"), body.member("is_active"));
    if is_active.flag() != Some(true) && report.is_fine(&is_active) {
        // Observed 2026: in other words than everything else.
        report.add(&is_active, complaint("field is required"));
    }
    report.finish()?;
    let id = id.text().unwrap_or_default().to_owned();
    let before = cx.docs.require(SERVICE_GROUP, &id)?;
    let group = GROUPS.store(cx, &cx.call.body, Report::of(cx.call), Some((id, before)))?;
    Ok(dialect::go(StatusCode::OK, &group.document))
}

/// What each group comes to for a basket; no groups, no options.
pub(crate) fn live_rates(cx: &mut Cx<'_>) -> Outcome {
    let refused = |details: String| Refusal::Because(LIVE_RATES, json!({ "message": "Invalid request", "details": details }));
    let body = Field::body(cx.call);
    let mut ends = Vec::with_capacity(2);
    for name in ["address_from", "address_to"] {
        let address = match body.member(name).value {
            None => return Err(refused(format!("{name} is required"))),
            Some(Value::String(id)) => Some(id.clone()).filter(|id| cx.docs.has(ADDRESS, id)),
            Some(inline) => stored::brought(cx, &ADDRESSES, "CreateAddress", inline).ok().map(|address| address.id),
        };
        ends.push(address.ok_or_else(|| refused(format!("{name} is invalid")))?);
    }
    let items = body.member("line_items");
    if items.elements().next().is_none() {
        return Err(refused("line_items is required".to_owned()));
    }
    let parcel = match body.member("parcel").value {
        Some(Value::String(id)) if cx.docs.has(USER_TEMPLATE, id) => cx.docs.get(USER_TEMPLATE, id).map(|own| templates::parcel(&own)),
        Some(Value::String(id)) if !cx.docs.has(wire::PARCEL, id) => return Err(refused("parcel is invalid".to_owned())),
        Some(other) => Some(other.clone()),
        None => templates::chosen(cx).map(|own| templates::parcel(&own)),
    };
    let groups: Vec<Value> = cx.docs.all(SERVICE_GROUP);
    let is_quoted = |group: &Value| group["type"] != "FREE_SHIPPING" && group["service_levels"] != json!([]);
    let rates = match &parcel {
        Some(parcel) if groups.iter().any(is_quoted) => rates(cx, &ends, parcel),
        _ => Vec::new(),
    };
    let total: i64 = items.elements().map(|item| value(item.member("total_price").value)).fold(0, i64::saturating_add);
    let results: Vec<Value> = groups.iter().filter_map(|group| option(group, &rates, total)).collect();
    Ok(dialect::go(StatusCode::OK, &json!({ "next": "", "previous": "", "results": results })))
}

/// The rates of a shipment between two stored addresses.
fn rates(cx: &mut Cx<'_>, ends: &[String], parcel: &Value) -> Vec<Rate> {
    let body = json!({ "address_from": ends[0], "address_to": ends[1], "parcels": [parcel] });
    let Ok(shipment) = shipments::store(cx, &body, None) else { return Vec::new() };
    shipment.rates.iter().filter_map(|part| cx.docs.get(RATE, part.id())).collect()
}

/// Ten-thousandths of a price; 0 if it is none.
fn value(price: Option<&Value>) -> i64 {
    let text = price.map(|price| price.as_str().map_or_else(|| price.to_string(), str::to_owned)).unwrap_or_default();
    decimal::parse(&text, decimal::WEIGHT).unwrap_or(0)
}

/// What a group offers: its price, the cheapest of its services with the adjustment, or nothing to pay over the threshold.
fn option(group: &Value, rates: &[Rate], total: i64) -> Option<Value> {
    let services = group["service_levels"].as_array().map_or(&[][..], Vec::as_slice);
    let is_of = |rate: &Rate, row: &Value| row["account_object_id"] == rate.carrier_account && row["service_level_token"] == rate.service;
    let best = rates.iter().filter(|rate| services.iter().any(|row| is_of(rate, row))).min_by_key(|rate| rate.cents_local);
    let (amount, currency) = match group["type"].as_str().unwrap_or_default() {
        "FLAT_RATE" => (group["flat_rate"].clone(), group["flat_rate_currency"].clone()),
        "LIVE_RATE" => {
            let rate = best?;
            let cents = rate.cents_local + (rate.cents_local * group["rate_adjustment"].as_i64().unwrap_or(0) + 50) / 100;
            (wire::amount(cents.max(0)).into(), rate.currency_local.as_str().into())
        }
        _ if total < value(Some(&group["free_shipping_threshold_min"])) => return None,
        _ => ("0".into(), group["free_shipping_threshold_currency"].clone()),
    };
    let currency = if currency.is_null() { "USD".into() } else { currency };
    Some(json!({
        "title": group["name"], "description": group["description"], "amount": amount, "currency": currency, "amount_local": amount,
        "currency_local": currency, "estimated_days": best.map(|rate| rate.days),
    }))
}
