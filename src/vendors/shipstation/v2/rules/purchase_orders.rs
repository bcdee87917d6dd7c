//! Purchase orders: drafted, opened, received, closed.

use serde_json::Value;

use super::super::catalog::CATALOG as WORDS;
use super::super::dialect::wrong_state;
use super::super::wire::{FORMS, INVENTORY_WAREHOUSE, Members, PURCHASE_ORDER, SUPPLIER, moment};
use crate::carrier::document::{Document, Drawing};
use crate::carrier::label::Fact;
use crate::carrier::print::{Format, Paper};
use crate::carrier::sheet::{Column, Sheet};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};

pub(crate) static PURCHASE_ORDERS: Resource = super::plain(PURCHASE_ORDER, "PurchaseOrder")
    .judged(|cx, sent, report| match PURCHASE_ORDERS.find(cx) {
        Ok((_, order)) if order["status"] != "draft" => Err(not_in(&order)),
        _ => super::is_there(cx, SUPPLIER, sent, report).and_then(|()| super::is_there(cx, INVENTORY_WAREHOUSE, sent, report)),
    })
    .completed(FORMS)
    .with(&Conventions { new_id: Conventions::USUAL.new_id, ..super::CONVENTIONS });

fn not_in(order: &Members) -> Refusal {
    let status = order["status"].as_str().unwrap_or_default();
    wrong_state("invalid_status", format!("The purchase order cannot be changed: its status is {status}."))
}

fn store(cx: &mut Cx<'_>, id: &str, mut order: Members) -> Outcome {
    order["updated_at"] = moment(cx.now).into();
    cx.docs.put(PURCHASE_ORDER, id, &order);
    Ok(Reply::ok(order))
}

/// From a draft to open, from there on by what is received, and to an end from everywhere but an end.
pub(crate) fn status(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = PURCHASE_ORDERS.find(cx)?;
    cx.call.valid()?;
    let sent = cx.call.body["status"].as_str().unwrap_or_default().to_lowercase();
    let may = WORDS.purchase_orders.get(order["status"].as_str().unwrap_or_default());
    if !may.is_some_and(|may| may.contains(&sent)) {
        return Err(not_in(&order));
    }
    order["status"] = sent.into();
    store(cx, &id, order)
}

/// How an open order is on its way.
pub(crate) fn shipping(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = PURCHASE_ORDERS.find(cx)?;
    cx.call.valid()?;
    if order["status"] != "open" {
        return Err(not_in(&order));
    }
    order["shipping_details"] = cx.call.body.clone();
    store(cx, &id, order)
}

/// What was delivered is counted; when all is there the order is received.
pub(crate) fn receive(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = PURCHASE_ORDERS.find(cx)?;
    cx.call.valid()?;
    if order["status"] != "open" && order["status"] != "receiving" {
        return Err(not_in(&order));
    }
    let (mut is_all, count) = (true, |row: &Value, name: &str| row[name].as_i64().unwrap_or_default());
    for row in order["products"].as_array_mut().into_iter().flatten() {
        let received = cx.call.body["products"].as_array().into_iter().flatten().filter(|received| row["sku"] == received["sku"]);
        let all = received.fold(count(row, "received_quantity"), |sum, received| sum.saturating_add(count(received, "quantity")));
        row["received_quantity"] = all.into();
        is_all &= all >= count(row, "quantity");
    }
    order["status"] = if is_all { "received" } else { "receiving" }.into();
    store(cx, &id, order)
}

/// A purchase order as a page, with what was received of it where that is asked for.
pub(crate) fn summary(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = PURCHASE_ORDERS.find(cx)?;
    let is_receipt = cx.call.path.ends_with("received_summary");
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let row = |row: &Value| {
        let received = is_receipt.then(|| text(&row["received_quantity"]));
        [Some(text(&row["sku"])), Some(text(&row["quantity"])), received].into_iter().flatten().collect()
    };
    let received = is_receipt.then(|| Column::number("Received", 0.2));
    let sheet = Sheet {
        title: if is_receipt { "Received products" } else { "Purchase order" }.to_owned(),
        facts: vec![Fact::new("Number", text(&order["purchase_order_number"])), Fact::new("Status", text(&order["status"]))],
        columns: [Some(Column::text("SKU", 0.6)), Some(Column::number("Ordered", 0.2)), received].into_iter().flatten().collect(),
        rows: order["products"].as_array().into_iter().flatten().map(row).collect(),
        number: id,
        ..Sheet::default()
    };
    Ok(Reply::drawn("application/pdf", Drawing::new([Document::Sheet(Box::new(sheet))], Format::pdf(Paper::Letter))))
}
