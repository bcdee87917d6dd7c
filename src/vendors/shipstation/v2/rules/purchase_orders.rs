//! Purchase orders: drafted, opened, received, closed.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::dialect::wrong_state;
use super::super::wire::{FORMS, Members, PURCHASE_ORDER, moment};
use crate::base::ids;
use crate::carrier::document::{self, Document};
use crate::carrier::label::Fact;
use crate::carrier::print::{Format, Paper};
use crate::carrier::sheet::{Column, Sheet};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Extract as _, Json, Outcome, Refusal, Reply};

pub(crate) static PURCHASE_ORDERS: Resource = super::plain(PURCHASE_ORDER, "PurchaseOrder")
    .judged(|cx, _, _| match PURCHASE_ORDERS.find(cx) {
        Ok((_, order)) if order.get("status").is_none_or(|status| *status != "draft") => Err(not_in(&Members(order))),
        _ => Ok(()),
    })
    .finished(|cx, _, document| {
        let Value::Object(whole) = cx.completed("PurchaseOrder", &Value::Object(std::mem::take(document)), FORMS) else { return Ok(()) };
        *document = whole;
        Ok(())
    })
    .with(&Conventions { new_id: |cx| ids::uuid(&mut cx.rng).to_string(), ..super::CONVENTIONS });

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
pub(crate) fn status(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = named(cx)?;
    let Json(sent) = Json::<Status>::extract(cx.call)?;
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
pub(crate) fn receive(cx: &mut Cx<'_>) -> Outcome {
    let (id, mut order) = named(cx)?;
    let Json(sent) = Json::<Receipt>::extract(cx.call)?;
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

/// A purchase order as a page, with what was received of it where that is asked for.
pub(crate) fn summary(cx: &mut Cx<'_>) -> Outcome {
    let (id, order) = named(cx)?;
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
    let file = document::render(&[Document::Sheet(Box::new(sheet))], Format::pdf(Paper::Letter));
    Ok(Reply::bytes(http::StatusCode::OK, "application/pdf", file))
}
