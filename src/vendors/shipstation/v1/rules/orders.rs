//! Orders: sent, found, changed, held, shipped and deleted.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::super::catalog::CATALOG;
use super::super::super::v2;
use super::super::super::wire::order::{self, Members};
use super::super::super::wire::{self, FULFILLMENT, IMPORT, ORDER, TAG, date};
use super::super::dialect::message;
use super::super::listing::{self, ORDERS};
use super::super::webhooks;
use super::create::{self, Import, Made};
use super::{Id, done};
use crate::base::json::Written;
use crate::engine::fields::{Field, Report};
use crate::engine::scales::Scales;
use crate::engine::{Cx, Json, Outcome, Params, Refusal, Reply};
use crate::spec::Violation;

/// How many orders one call brings at most.
const MOST: usize = 100;
/// The topic of the end of a hold.
pub(in crate::vendors::shipstation::v1) const HOLD: &str = "order.hold";

/// An order is created, or takes the place of the open one that its number or key names. One that is shipped or cancelled stays as it is,
/// and is answered.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    create::check(Report::of(cx.call), &Field::body(cx.call))?;
    let mut import = Import::begin(cx);
    let scales = Scales::of(&cx.call.request.body);
    let (Made::Stored(order) | Made::Locked(order)) = create::store(cx, &cx.call.body, &scales, &mut import, false)?;
    import.finish(cx);
    answer(cx, &order["orderId"].to_string())
}

/// Up to a hundred orders, each of which succeeds or fails for itself.
pub fn create_many(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let rows = cx.call.body.as_array().map_or(&[][..], Vec::as_slice);
    if rows.len() > MOST {
        return Err(message(format!("The maximum number of orders per request is {MOST}.")));
    }
    let mut import = Import::begin(cx);
    let scales = Scales::of(&cx.call.request.body);
    let results: Vec<Value> =
        rows.iter().enumerate().map(|(index, sent)| result(cx, sent, &scales.of_element(index), &mut import)).collect();
    import.finish(cx);
    let has_errors = results.iter().any(|row| row["success"] == false);
    Ok(Reply::ok(json!({"hasErrors": has_errors, "results": results})))
}

fn result(cx: &mut Cx<'_>, sent: &Value, scales: &Scales, import: &mut Import) -> Value {
    let made = create::check(Report::of_part(), &Field::root(sent)).and_then(|()| create::store(cx, sent, scales, import, true));
    let (order, error) = match made {
        Ok(Made::Stored(order)) => (order, None),
        Ok(Made::Locked(order)) => {
            let text = format!("Order is {} and cannot be updated.", order["orderStatus"].as_str().unwrap_or_default());
            (order, Some(text))
        }
        Err(refusal) => (sent.as_object().cloned().unwrap_or_default(), Some(text_of(&refusal))),
    };
    let fact = |name: &str| order.get(name).cloned().unwrap_or_default();
    json!({
        "orderId": fact("orderId"), "orderNumber": fact("orderNumber"), "orderKey": fact("orderKey"), "success": error.is_none(),
        "errorMessage": error,
    })
}

/// Why one order of several was not taken.
fn text_of(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Because(_, text) => text.as_str().unwrap_or_default().to_owned(),
        Refusal::Invalid(violations) => {
            let texts = violations.iter().map(|row: &Violation| format!("The {} field is required.", row.top()));
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => "Order not found.".to_owned(),
    }
}

/// Orders that pass all filters. What a webhook points to are those of its import.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = ORDERS.read(cx.call)?;
    if let Some(batch) = cx.call.query("importBatch").filter(|batch| !batch.is_empty()) {
        let ids: Vec<u64> = cx.docs.get(IMPORT, batch).unwrap_or_default();
        let rows: Vec<Members> = ids.iter().filter_map(|id| cx.docs.get(ORDER, &id.to_string())).collect();
        return Ok(listing::page("orders", query.rows(rows)?, false));
    }
    let page = query.documents(&cx.docs, ORDER)?.map(|(_, body)| Written(body.into()));
    Ok(listing::page("orders", page, false))
}

pub fn get(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    answer(cx, &id)
}

fn answer(cx: &Cx<'_>, id: &str) -> Outcome {
    let body = cx.docs.raw(ORDER, id).ok_or_else(|| Refusal::missing(ORDER, id))?;
    Ok(Reply::ok(Written(body.into())))
}

/// An order that is deleted is found no more; its key cannot be used again.
pub fn delete(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    if cx.docs.remove(ORDER, &id) { Ok(done("The requested order has been deleted.")) } else { Err(Refusal::missing(ORDER, id)) }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Tagged {
    #[serde(deserialize_with = "wire::id")]
    order_id: u64,
    #[serde(deserialize_with = "wire::id")]
    tag_id: u64,
}

pub fn add_tag(cx: &mut Cx<'_>, Json(Tagged { order_id, tag_id }): Json<Tagged>) -> Outcome {
    let order = order::find(cx, order_id)?;
    let mut tags = order.tag_ids.unwrap_or_default();
    if cx.docs.has(TAG, &tag_id.to_string()) && !tags.contains(&tag_id) {
        tags.push(tag_id);
        order::change(cx, order_id, [("tagIds", json!(tags))]);
    }
    Ok(done("Tag added successfully."))
}

pub fn remove_tag(cx: &mut Cx<'_>, Json(Tagged { order_id, tag_id }): Json<Tagged>) -> Outcome {
    let order = order::find(cx, order_id)?;
    let mut tags = order.tag_ids.unwrap_or_default();
    if tags.contains(&tag_id) {
        tags.retain(|tag| *tag != tag_id);
        order::change(cx, order_id, [("tagIds", if tags.is_empty() { Value::Null } else { json!(tags) })]);
    }
    Ok(done("Tag removed successfully."))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Assigned {
    #[serde(deserialize_with = "wire::ids")]
    order_ids: Vec<u64>,
    user_id: Option<String>,
}

/// Orders get a user, or lose theirs when none is named.
pub fn assign(cx: &mut Cx<'_>, Json(Assigned { order_ids, user_id }): Json<Assigned>) -> Outcome {
    let user = CATALOG
        .users
        .iter()
        .find(|user| user_id.as_deref().is_some_and(|id| user["userId"].as_str().is_some_and(|own| own.eq_ignore_ascii_case(id))));
    if user_id.is_some() && user.is_none() {
        return Err(message("User not found."));
    }
    let user = user.map(|user| user["userId"].clone()).unwrap_or_default();
    for id in order_ids {
        order::find(cx, id)?;
        order::change(cx, id, [("userId", user.clone())]);
    }
    Ok(done(if user.is_null() { "User unassigned successfully." } else { "User assigned successfully." }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Held {
    #[serde(deserialize_with = "wire::id")]
    order_id: u64,
    #[serde(default)]
    hold_until_date: String,
}

/// An open order waits until a day begins in the Pacific zone.
pub fn hold(cx: &mut Cx<'_>, Json(Held { order_id, hold_until_date }): Json<Held>) -> Outcome {
    let order = order::find(cx, order_id)?;
    if !create::is_open(&order.order_status.clone().into(), false) {
        return Err(message(format!("Order is {} and cannot be held.", order.order_status)));
    }
    let day = date::day(&hold_until_date.into());
    order::change(cx, order_id, [("orderStatus", json!("on_hold")), ("holdUntilDate", day.clone())]);
    if let Some(until) = day.as_str().and_then(date::filter) {
        cx.schedule_at(until, HOLD, &order_id.to_string(), 0);
    }
    Ok(done("Order held successfully."))
}

/// The day of a held order has come.
pub(in crate::vendors::shipstation::v1) fn hold_is_over(cx: &mut Cx<'_>, id: &str) {
    let Some(order) = cx.docs.get::<Members>(ORDER, id).filter(|order| order["orderStatus"] == "on_hold") else { return };
    let until = order["holdUntilDate"].as_str().and_then(date::filter);
    if until.is_some_and(|until| until <= cx.now) {
        release(cx, order["orderId"].as_u64().unwrap_or_default());
    }
}

fn release(cx: &mut Cx<'_>, id: u64) {
    order::change(cx, id, [("orderStatus", json!("awaiting_shipment")), ("holdUntilDate", Value::Null)]);
}

/// Recorded: the text has no full stop.
pub fn restore(cx: &mut Cx<'_>, Json(Held { order_id, .. }): Json<Held>) -> Outcome {
    if order::find(cx, order_id)?.order_status == "on_hold" {
        release(cx, order_id);
    }
    Ok(done("The requested order has been restored"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::vendors::shipstation::v1) struct Shipped {
    #[serde(deserialize_with = "wire::id")]
    order_id: u64,
    carrier_code: String,
    ship_date: Option<String>,
    tracking_number: Option<String>,
    notify_sales_channel: Option<bool>,
}

/// An order was shipped by other means: there is a fulfillment, and no label. Recorded: the carrier may be any text.
pub fn mark_as_shipped(cx: &mut Cx<'_>, Json(shipped): Json<Shipped>) -> Outcome {
    let order = order::find(cx, shipped.order_id)?;
    let today = date::stamp(cx.now);
    let day = shipped.ship_date.as_deref().filter(|day| !day.is_empty()).unwrap_or(&today);
    let id = wire::next_id(cx, &FULFILLMENT);
    let fulfillment = json!({
        "fulfillmentId": id, "orderId": order.order_id, "orderNumber": order.order_number, "userId": CATALOG.users[0]["userId"],
        "customerEmail": order.customer_email, "trackingNumber": shipped.tracking_number, "createDate": today,
        "shipDate": date::normalized(&date::day(&day.into())), "voidDate": null, "deliveryDate": null, "carrierCode": shipped.carrier_code,
        "sellerFillProviderId": null, "sellerFillProviderName": null, "fulfillmentProviderCode": null, "fulfillmentServiceCode": null,
        "fulfillmentFee": 0, "voidRequested": false, "voided": false, "marketplaceNotified": shipped.notify_sales_channel.unwrap_or(false),
        "notifyErrorMessage": null, "shipTo": order.ship_to,
    });
    cx.docs.put(FULFILLMENT, &id.to_string(), &fulfillment);
    let changes = [("orderStatus", json!("shipped")), ("shipDate", date::day(&day.into())), ("holdUntilDate", Value::Null)];
    order::change(cx, order.order_id, changes);
    let store = order.advanced_options["storeId"].as_u64();
    webhooks::fulfilled(cx, id, store);
    v2::fulfilled(cx, id, order.order_id);
    Ok(Reply::ok(json!({"orderId": order.order_id, "orderNumber": order.order_number})))
}
