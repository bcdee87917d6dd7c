//! Orders: what a shop sold, until a label is bought for it.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::super::access::Mode;
use super::super::accounts;
use super::super::dialect::fields::{self, Fields, REQUIRED, below};
use super::super::dialect::page::{self, LISTING};
use super::super::dialect::version;
use super::super::links;
use super::super::wire::decimal::{self, Decimal};
use super::super::wire::transaction::Transaction;
use super::super::wire::{self, LABEL_FILE, Moment, ORDER, TRANSACTION};
use super::{addresses, shipments, stored};
use crate::base::time;
use crate::engine::listing::{Bound, Filter, Listing, Test};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};

const STATUSES: [&str; 7] = ["UNKNOWN", "AWAITPAY", "PAID", "REFUNDED", "CANCELLED", "PARTIALLY_FULFILLED", "SHIPPED"];
const WEIGHT_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];

/// By status, shop, and the time at which they were placed.
const ORDERS: Listing = Listing {
    filters: &[
        Filter { name: "order_status", member: "/order_status", test: Test::OneOf },
        Filter { name: "shop_app", member: "/shop_app", test: Test::Equal },
        Filter { name: "start_date", member: "/placed_at", test: Test::Time(Bound::From) },
        Filter { name: "end_date", member: "/placed_at", test: Test::Time(Bound::Until) },
    ],
    ..LISTING
};

/// Newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    page::answer(cx, &ORDERS.read(cx.call)?, ORDER, view)
}

/// One order, the only answer that shows `errors` and `validation_status`.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let id = stored::named(cx)?;
    let order: Value = cx.docs.require(ORDER, &id)?;
    let mut whole = Map::new();
    for (name, value) in view(cx, order).as_object().into_iter().flatten() {
        whole.insert(name.clone(), value.clone());
        if name == "order_status" {
            whole.insert("errors".to_owned(), json!([]));
            whole.insert("validation_status".to_owned(), Value::Null);
        }
    }
    Ok(version::reply(cx.call, StatusCode::OK, whole))
}

/// The answer echoes decimals as they were sent; later reads show their stored places.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut fields = Fields::of(&body)?;
    let mut sent = Sent::default();
    if fields.value("placed_at").is_none() {
        fields.fault("placed_at", REQUIRED);
    }
    let placed_at = shipments::moment(cx.now, &mut fields, "placed_at");
    let to_address = address(cx, &mut fields, "to_address");
    if to_address.is_none() && fields.is_fine("to_address") {
        fields.fault("to_address", REQUIRED);
    }
    let weight_unit = fields.choice("weight_unit", &WEIGHT_UNITS);
    if weight_unit.is_none() && fields.is_fine("weight_unit") {
        fields.fault("weight_unit", REQUIRED);
    }
    let weight = decimal::member(&mut fields, "weight");
    if weight.is_none() && fields.is_fine("weight") {
        fields.fault("weight", REQUIRED);
    }
    let weight = sent.note("/weight", weight, 2);
    let from_address = address(cx, &mut fields, "from_address");
    let status = fields.choice("order_status", &STATUSES).unwrap_or_else(|| "UNKNOWN".to_owned());
    let mut price = |name: &str| sent.note(&format!("/{name}"), decimal::member(&mut fields, name), 2);
    let (total_tax, total_price) = (price("total_tax"), price("total_price"));
    let (subtotal_price, shipping_cost) = (price("subtotal_price"), price("shipping_cost"));
    let line_items = items(cx, &mut fields, &mut sent);
    let mut or_null = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let (order_number, currency, notes) = (or_null("order_number"), or_null("currency"), or_null("notes"));
    let (shipping_method, shipping_cost_currency) = (or_null("shipping_method"), or_null("shipping_cost_currency"));
    fields.done()?;
    let id = wire::new_id(cx);
    let order = json!({
        "object_id": id, "order_number": order_number, "order_status": status, "placed_at": Moment(placed_at),
        "object_owner": accounts::owner(cx), "to_address": to_address, "from_address": from_address, "shop_app": "Shippo", "weight": weight,
        "weight_unit": weight_unit, "transactions": [], "total_tax": total_tax, "total_price": total_price,
        "subtotal_price": subtotal_price, "currency": currency, "shipping_method": shipping_method, "shipping_cost": shipping_cost,
        "shipping_cost_currency": shipping_cost_currency, "line_items": line_items, "notes": notes, "test": Mode::of(cx).is_test(),
    });
    cx.docs.put(ORDER, &id, &order);
    Ok(version::reply(cx.call, StatusCode::CREATED, sent.echo(order)))
}

/// A link to a slip for the box, good for a day; its times have no zone.
pub(crate) fn packing_slip(cx: &mut Cx<'_>) -> Outcome {
    let id = stored::named(cx)?;
    let order: Value = cx.docs.require(ORDER, &id)?;
    let stem = format!("packingslip_{}", wire::new_id(cx));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!("Packing slip {}", text(&order["order_number"])), text(&order["to_address"]["name"]), String::new()];
    for item in order["line_items"].as_array().into_iter().flatten() {
        lines.push(format!("{} x {} {}", item["quantity"], text(&item["sku"]), text(&item["title"])));
    }
    cx.docs.shared().put(LABEL_FILE, &stem, &vec![lines]);
    let day = SignedDuration::from_hours(24);
    let expires = time::shift(cx.now, day);
    let bare = |at: time::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let slip_url = links::file_for(cx, &format!("{stem}.pdf"), Moment(cx.now), day);
    Ok(Reply::ok(json!({ "created": bare(cx.now), "expires": bare(expires), "slip_url": slip_url })))
}

/// The order that a label is bought for, if it names one.
pub(crate) fn named(cx: &Cx<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let id = fields.text("order");
    if id.is_empty() {
        return None;
    }
    if !cx.docs.has(ORDER, &id) {
        fields.fault("order", super::super::dialect::fields::not_found("Order", &id));
    }
    Some(id)
}

/// A label was made for an order.
pub(crate) fn shipped(cx: &mut Cx<'_>, id: &str, label: &str) {
    let Some(mut order) = cx.docs.get::<Value>(ORDER, id) else { return };
    order["order_status"] = "SHIPPED".into();
    if let Some(labels) = order["transactions"].as_array_mut() {
        labels.push(label.into());
    }
    cx.docs.put(ORDER, id, &order);
}

/// An order as it is answered: with its labels.
fn view(cx: &Cx<'_>, mut order: Value) -> Value {
    for label in order["transactions"].as_array_mut().into_iter().flatten() {
        let Some(transaction) = cx.docs.get::<Transaction>(TRANSACTION, label.as_str().unwrap_or_default()) else { continue };
        let name = format!("{}.{}", transaction.object_id, transaction.file.extension());
        let label_url = links::file(cx, &name, transaction.object_created);
        *label = json!({ "object_id": transaction.object_id, "label_url": label_url });
    }
    order
}

fn address(cx: &mut Cx<'_>, fields: &mut Fields<'_>, name: &str) -> Option<Value> {
    let stored = match fields.value(name)? {
        Value::String(id) => cx.docs.require(wire::ADDRESS, id).map_err(|_| Refusal::Broken),
        inline => addresses::store(cx, inline),
    };
    match stored {
        Ok(address) => serde_json::to_value(address).ok(),
        Err(Refusal::Broken) => {
            fields.fault(name, "Address with supplied object_id not found.");
            None
        }
        Err(refusal) => {
            fields.put(name, below(refusal));
            None
        }
    }
}

fn items(cx: &mut Cx<'_>, fields: &mut Fields<'_>, sent: &mut Sent) -> Vec<Value> {
    let rows = match fields.value("line_items").map_or(Ok(&[][..]), fields::list) {
        Ok(rows) => rows,
        Err(refusal) => {
            fields.put("line_items", below(refusal));
            return Vec::new();
        }
    };
    let mut items = Vec::with_capacity(rows.len());
    for (place, row) in rows.iter().enumerate() {
        match item(cx, row, place, sent) {
            Ok(item) => items.push(item),
            Err(refusal) => fields.put("line_items", below(refusal)),
        }
    }
    items
}

fn item(cx: &mut Cx<'_>, body: &Value, place: usize, sent: &mut Sent) -> Result<Value, Refusal> {
    let mut fields = Fields::of(body)?;
    let quantity = fields.quantity("quantity").unwrap_or(1);
    let total_price = sent.note(&format!("/line_items/{place}/total_price"), decimal::member(&mut fields, "total_price"), 2);
    let weight = sent.note(&format!("/line_items/{place}/weight"), decimal::member(&mut fields, "weight"), 4);
    let weight_unit = fields.choice("weight_unit", &WEIGHT_UNITS);
    let mut at = |name: &str| fields.value(name).is_some().then(|| Moment(shipments::moment(cx.now, &mut fields, name)));
    let (max_ship_time, max_delivery_time) = (at("max_ship_time"), at("max_delivery_time"));
    let mut or_null = |name: &str| Some(fields.text(name)).filter(|text| !text.is_empty());
    let (variant_title, country, description) = (or_null("variant_title"), or_null("manufacture_country"), or_null("description"));
    let currency = or_null("currency");
    let (title, sku) = (fields.text("title"), fields.text("sku"));
    fields.done()?;
    Ok(json!({
        "object_id": wire::new_id(cx), "title": title, "variant_title": variant_title, "sku": sku, "quantity": quantity,
        "total_price": total_price, "currency": currency, "weight": weight, "weight_unit": weight_unit, "manufacture_country": country,
        "max_ship_time": max_ship_time, "max_delivery_time": max_delivery_time, "description": description,
    }))
}

/// Decimals as they were sent, by where they stand in the answer.
#[derive(Default)]
struct Sent(Vec<(String, String)>);

impl Sent {
    /// Remembers one; its stored text.
    fn note(&mut self, pointer: &str, decimal: Option<Decimal>, places: usize) -> Option<String> {
        let decimal = decimal?;
        let stored = decimal.scaled(places);
        self.0.push((pointer.to_owned(), decimal.text));
        Some(stored)
    }

    /// The document with what was sent in the place of what is stored.
    fn echo(self, mut document: Value) -> Value {
        for (pointer, text) in self.0 {
            if let Some(place) = document.pointer_mut(&pointer) {
                *place = text.into();
            }
        }
        document
    }
}
