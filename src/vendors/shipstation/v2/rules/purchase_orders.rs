//! Purchase orders: drafted, opened, received, closed.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::listing::{self, LISTING};
use super::super::wire::{FORMS, Members, PURCHASE_ORDER, moment};
use crate::base::ids;
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};

pub(crate) static PURCHASE_ORDERS: Resource = Resource {
    kind: PURCHASE_ORDER,
    judge: |cx, _, _| match PURCHASE_ORDERS.find(cx) {
        Ok((_, order)) if order.get("status").is_none_or(|status| *status != "draft") => Err(not_in(&Members(order))),
        _ => Ok(()),
    },
    schema: "PurchaseOrder",
    finish: |cx, _, document| {
        let Value::Object(whole) = cx.completed("PurchaseOrder", &Value::Object(std::mem::take(document)), FORMS) else { return Ok(()) };
        *document = whole;
        Ok(())
    },
    listing: &Listing { filters: &[Filter { name: "status", member: "/status", test: Test::Equal }], ..LISTING },
    conventions: &Conventions {
        new_id: |cx| ids::uuid(&mut cx.rng).to_string(),
        named: |cx| cx.call.parameter("purchase_order_id").unwrap_or_default().to_owned(),
        stamp: |at| moment(at).into(),
        sources: &[],
        forms: &[],
        blank_is_missing: false,
        merges: true,
        created: StatusCode::OK,
        answer: |_, status, document| Reply::json(status, document),
        page: |cx, page| listing::answer(cx, "purchase_orders", &page),
        deleted: || Reply::empty(StatusCode::NO_CONTENT),
    },
};

fn not_in(order: &Members) -> Refusal {
    let status = order["status"].as_str().unwrap_or_default();
    wrong_state("invalid_status", format!("The purchase order cannot be changed: its status is {status}."))
}

fn named(cx: &Cx<'_>) -> Result<(String, Members), Refusal> {
    PURCHASE_ORDERS.find(cx).map(|(id, order)| (id, Members(order)))
}

fn store(cx: &mut Cx<'_>, id: &str, mut order: Members) -> Outcome {
    order.insert("updated_at".to_owned(), moment(cx.now).into());
    cx.docs.put(PURCHASE_ORDER, id, &order);
    Ok(Reply::ok(order))
}

#[derive(Deserialize)]
pub(crate) struct Status {
    status: String,
}

/// From a draft to open, from there on by what is received, and to an end from everywhere but an end.
pub(crate) fn status(cx: &mut Cx<'_>, Json(sent): Json<Status>) -> Outcome {
    let (id, mut order) = named(cx)?;
    let may = match order["status"].as_str().unwrap_or_default() {
        "draft" => &["open", "cancelled"][..],
        "open" => &["receiving", "received", "cancelled", "closed"][..],
        "receiving" => &["received", "closed"][..],
        "received" => &["closed"][..],
        _ => &[],
    };
    if !may.contains(&&*sent.status) {
        return Err(not_in(&order));
    }
    order.insert("status".to_owned(), sent.status.into());
    store(cx, &id, order)
}

/// How an open order is on its way.
pub(crate) fn shipping(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = named(cx)?;
    cx.call.valid()?;
    if order["status"] != "open" {
        return Err(not_in(&order));
    }
    order.insert("shipping_details".to_owned(), cx.call.body.clone());
    store(cx, &id, order)
}

#[derive(Deserialize)]
pub(crate) struct Receipt {
    products: Vec<Received>,
}

#[derive(Deserialize)]
struct Received {
    sku: String,
    quantity: i64,
}

/// What was delivered is counted; when all is there the order is received.
pub(crate) fn receive(cx: &mut Cx<'_>, Json(sent): Json<Receipt>) -> Outcome {
    let (id, mut order) = named(cx)?;
    if order["status"] != "open" && order["status"] != "receiving" {
        return Err(not_in(&order));
    }
    let mut products = order["products"].as_array().cloned().unwrap_or_default();
    for row in &mut products {
        let before = row["received_quantity"].as_i64().unwrap_or_default();
        let received = sent.products.iter().filter(|received| row["sku"] == *received.sku);
        row["received_quantity"] = received.fold(before, |sum, received| sum.saturating_add(received.quantity)).into();
    }
    let is_all = products.iter().all(|row| row["received_quantity"].as_i64() >= row["quantity"].as_i64());
    order.insert("products".to_owned(), json!(products));
    order.insert("status".to_owned(), if is_all { "received" } else { "receiving" }.into());
    store(cx, &id, order)
}
