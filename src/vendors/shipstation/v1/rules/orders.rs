//! Orders: sent, found, changed, held, shipped and deleted.

use serde_json::{Value, json};

use super::super::super::catalog::CATALOG;
use super::super::super::v2;
use super::super::super::wire::order::{self, Members};
use super::super::super::wire::{self, IMPORT, ORDER, TAG, date};
use super::super::dialect::message;
use super::super::listing::{self, ORDERS};
use super::super::webhooks;
use super::create::{self, Import, Made};
use super::{Id, done, fulfillments, stored};
use crate::base::json::Written;
use crate::engine::fields::{Field, Report};
use crate::engine::scales::Scales;
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
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
    stored(cx, ORDER, &order["orderId"].to_string())
}

/// Up to a hundred orders, each of which succeeds or fails for itself.
pub fn create_many(cx: &mut Cx<'_>) -> Outcome {
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
        Err(refusal) => (sent.clone().into(), Some(text_of(&refusal))),
    };
    json!({
        "orderId": order["orderId"], "orderNumber": order["orderNumber"], "orderKey": order["orderKey"], "success": error.is_none(),
        "errorMessage": error,
    })
}

/// Why one order of several was not taken.
fn text_of(refusal: &Refusal) -> String {
    let missing = |row: &Violation| format!("The {} field is required.", row.top());
    match refusal {
        Refusal::Because(_, text) => text.as_str().unwrap_or_default().to_owned(),
        Refusal::Invalid(violations) => violations.iter().map(missing).collect::<Vec<_>>().join(" "),
        _ => "Order not found.".to_owned(),
    }
}

/// Orders that pass all filters. What a webhook points to are those of its import.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let query = ORDERS.read(cx.call)?;
    if let Some(batch) = cx.call.query("importBatch").filter(|batch| !batch.is_empty()) {
        let ids: Vec<u64> = cx.docs.get(IMPORT, batch).unwrap_or_default();
        let rows = ids.iter().filter_map(|id| cx.docs.raw(ORDER, &id.to_string())).collect();
        return Ok(listing::page("orders", query.bodies(&cx.docs, rows)?.map(Written::from), false));
    }
    Ok(listing::page("orders", query.documents(&cx.docs, ORDER)?.written(), false))
}

pub fn get(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    stored(cx, ORDER, &id)
}

/// An order that is deleted is found no more; its key cannot be used again.
pub fn delete(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    if cx.docs.remove(ORDER, &id) { Ok(done("The requested order has been deleted.")) } else { Err(Refusal::missing(ORDER, id)) }
}

/// The order that the body names, and its number.
pub(super) fn named(cx: &Cx<'_>) -> Result<(u64, Members), Refusal> {
    let id = wire::id(&cx.call.body["orderId"]);
    order::find(cx, id).map(|order| (id, order))
}

/// Refuses what is done to open orders alone, in the words for it.
pub(super) fn require_open(order: &Members, done: &str) -> Result<(), Refusal> {
    let status = &order["orderStatus"];
    let refused = || message(format!("Order is {} and cannot be {done}.", status.as_str().unwrap_or_default()));
    create::is_open(status, false).then_some(()).ok_or_else(refused)
}

/// Tags that the account does not have are passed over.
pub fn add_tag(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = named(cx)?;
    let (tag, mut tags) = (&cx.call.body["tagId"], order["tagIds"].as_array().cloned().unwrap_or_default());
    if cx.docs.has(TAG, &tag.to_string()) && !tags.contains(tag) {
        tags.push(tag.clone());
        order::change(cx, id, [("tagIds", tags.into())]);
    }
    Ok(done("Tag added successfully."))
}

pub fn remove_tag(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = named(cx)?;
    let (tag, mut tags) = (&cx.call.body["tagId"], order["tagIds"].as_array().cloned().unwrap_or_default());
    if tags.contains(tag) {
        tags.retain(|other| other != tag);
        order::change(cx, id, [("tagIds", if tags.is_empty() { Value::Null } else { tags.into() })]);
    }
    Ok(done("Tag removed successfully."))
}

/// Orders get a user, or lose theirs when none is named.
pub fn assign(cx: &mut Cx<'_>) -> Outcome {
    let named = cx.call.body["userId"].as_str();
    let is_named = |user: &&Value| user["userId"].as_str().zip(named).is_some_and(|(own, id)| own.eq_ignore_ascii_case(id));
    let user = CATALOG.users.iter().find(is_named).map(|user| user["userId"].clone()).unwrap_or_default();
    if named.is_some() && user.is_null() {
        return Err(message("User not found."));
    }
    for id in cx.call.body["orderIds"].as_array().into_iter().flatten().map(wire::id) {
        order::find(cx, id)?;
        order::change(cx, id, [("userId", user.clone())]);
    }
    Ok(done(if user.is_null() { "User unassigned successfully." } else { "User assigned successfully." }))
}

/// An open order waits until a day begins in the Pacific zone.
pub fn hold(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = named(cx)?;
    require_open(&order, "held")?;
    let day = date::day(&cx.call.body["holdUntilDate"]);
    order::change(cx, id, [("orderStatus", json!("on_hold")), ("holdUntilDate", day.clone())]);
    if let Some(until) = day.as_str().and_then(date::filter) {
        cx.schedule_at(until, HOLD, &id.to_string(), 0);
    }
    Ok(done("Order held successfully."))
}

/// The day of a held order has come.
pub(in crate::vendors::shipstation::v1) fn hold_is_over(cx: &mut Cx<'_>, id: &str) {
    let Some(order) = cx.docs.get::<Members>(ORDER, id).filter(|order| order["orderStatus"] == "on_hold") else { return };
    if order["holdUntilDate"].as_str().and_then(date::filter).is_some_and(|until| until <= cx.now) {
        release(cx, wire::id(&order["orderId"]));
    }
}

fn release(cx: &mut Cx<'_>, id: u64) {
    order::change(cx, id, [("orderStatus", json!("awaiting_shipment")), ("holdUntilDate", Value::Null)]);
}

/// Recorded: the text has no full stop.
pub fn restore(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = named(cx)?;
    if order["orderStatus"] == "on_hold" {
        release(cx, id);
    }
    Ok(done("The requested order has been restored"))
}

/// An order was shipped by other means: there is a fulfillment, and no label. Recorded: the carrier may be any text.
pub fn mark_as_shipped(cx: &mut Cx<'_>) -> Outcome {
    let ((id, order), sent) = (named(cx)?, &cx.call.body);
    let day = date::day(Some(&sent["shipDate"]).filter(|day| !day.is_null() && **day != "").unwrap_or(&date::stamp(cx.now).into()));
    let changes = [("orderStatus", json!("shipped")), ("shipDate", day.clone()), ("holdUntilDate", Value::Null)];
    order::change(cx, id, changes);
    let own = json!({
        "orderId": id, "orderNumber": order["orderNumber"], "customerEmail": order["customerEmail"], "shipTo": order["shipTo"],
        "trackingNumber": sent["trackingNumber"], "shipDate": date::normalized(&day), "carrierCode": sent["carrierCode"],
        "marketplaceNotified": sent["notifySalesChannel"],
    });
    let fulfillment = fulfillments::add(cx, own);
    webhooks::fulfilled(cx, fulfillment, order["advancedOptions"]["storeId"].as_u64());
    v2::fulfilled(cx, fulfillment, id);
    Ok(Reply::ok(json!({"orderId": id, "orderNumber": order["orderNumber"]})))
}
