//! Orders: what a shop sold, until a label is bought for it.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::addresses::ADDRESSES;
use super::shipments;
use super::stored::{self, CONVENTIONS};
use crate::base::time;
use crate::engine::fields::Report;
use crate::engine::listing::{self, Bound, Filter, Listing, Test};
use crate::engine::resource::{self, Conventions, Members, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shippo::dialect::fields::{self, Fields, REQUIRED, below, not_found};
use crate::vendors::shippo::dialect::page::LISTING;
use crate::vendors::shippo::dialect::version;
use crate::vendors::shippo::labels;
use crate::vendors::shippo::wire::decimal;
use crate::vendors::shippo::wire::transaction::Transaction;
use crate::vendors::shippo::wire::{self, LABEL_FILE, Moment, ORDER, TRANSACTION};

const STATUSES: [&str; 7] = ["UNKNOWN", "AWAITPAY", "PAID", "REFUNDED", "CANCELLED", "PARTIALLY_FULFILLED", "SHIPPED"];
const WEIGHT_UNITS: [&str; 4] = ["g", "kg", "lb", "oz"];

/// By status, shop, and the time at which they were placed.
const LISTED: Listing = Listing {
    filters: &[
        Filter { name: "order_status", member: "/order_status", test: Test::OneOf },
        Filter { name: "shop_app", member: "/shop_app", test: Test::Equal },
        Filter { name: "start_date", member: "/placed_at", test: Test::Time(Bound::From) },
        Filter { name: "end_date", member: "/placed_at", test: Test::Time(Bound::Until) },
    ],
    ..LISTING
};

/// The answer to the creation shows decimals as they were sent; later reads show their stored places.
pub(crate) static ORDERS: Resource = Resource {
    kind: ORDER,
    read: Some(read),
    judge: resource::agreed,
    schema: "Order",
    finish: resource::unchanged,
    listing: &LISTED,
    conventions: &Conventions { answer, page, ..CONVENTIONS },
};

/// A part of an order, with decimals as they were sent.
static LINE_ITEM: Resource = Resource {
    kind: ORDER,
    read: Some(read_item),
    judge: resource::agreed,
    schema: "LineItem",
    finish: resource::unchanged,
    listing: &LISTED,
    conventions: &CONVENTIONS,
};

/// One order is the only answer that shows `errors` and `validation_status`.
fn answer(cx: &Cx<'_>, status: StatusCode, order: Value) -> Reply {
    let mut whole = Map::new();
    for (name, value) in view(cx, order).as_object().into_iter().flatten() {
        whole.insert(name.clone(), value.clone());
        if name == "order_status" && status == StatusCode::OK {
            whole.insert("errors".to_owned(), json!([]));
            whole.insert("validation_status".to_owned(), Value::Null);
        }
    }
    version::reply(cx.call, status, whole)
}

fn page(cx: &Cx<'_>, page: listing::Page<Value>) -> Reply {
    (CONVENTIONS.page)(cx, page.map(|order| view(cx, order)))
}

fn read(cx: &mut Cx<'_>, body: &Value) -> Result<Members, Refusal> {
    let mut fields = Fields::of(body)?;
    if fields.value("placed_at").is_none() {
        fields.fault("placed_at", REQUIRED);
    }
    let placed_at = shipments::moment(cx.now, &mut fields, "placed_at");
    fields.keep("placed_at", Moment(placed_at).text());
    address(cx, &mut fields, "to_address");
    fields.require("to_address");
    fields.choice("weight_unit", &WEIGHT_UNITS);
    fields.require("weight_unit");
    decimal::member(&mut fields, "weight");
    fields.require("weight");
    address(cx, &mut fields, "from_address");
    fields.choice("order_status", &STATUSES);
    for name in ["total_tax", "total_price", "subtotal_price", "shipping_cost"] {
        decimal::member(&mut fields, name);
    }
    items(cx, &mut fields);
    for name in ["order_number", "currency", "notes", "shipping_method", "shipping_cost_currency"] {
        fields.filled(name);
    }
    fields.into_read()
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
    let slip_url = labels::link_for(cx, &format!("{stem}.pdf"), Moment(cx.now), day);
    Ok(Reply::ok(json!({ "created": bare(cx.now), "expires": bare(expires), "slip_url": slip_url })))
}

/// The order that a label is bought for, if it names one.
pub(crate) fn named(cx: &Cx<'_>, fields: &mut Fields<'_>) -> Option<String> {
    let id = fields.text("order");
    if id.is_empty() {
        return None;
    }
    if !cx.docs.has(ORDER, &id) {
        fields.fault("order", not_found("Order", &id));
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
        let label_url = labels::link(cx, &name, transaction.object_created);
        *label = json!({ "object_id": transaction.object_id, "label_url": label_url });
    }
    order
}

/// Keeps an address that is named or brought along, whole.
fn address(cx: &mut Cx<'_>, fields: &mut Fields<'_>, name: &str) {
    let Some(given) = fields.value(name) else { return };
    let address = match given {
        Value::String(id) => cx.docs.get(wire::ADDRESS, id).ok_or_else(|| json!(["Address with supplied object_id not found."])),
        inline => stored::brought(cx, &ADDRESSES, "CreateAddress", inline).map(|address| address.document).map_err(below),
    };
    match address {
        Ok(address) => fields.keep(name, address),
        Err(faults) => fields.put(name, faults),
    }
}

fn items(cx: &mut Cx<'_>, fields: &mut Fields<'_>) {
    let rows = match fields.value("line_items").map_or(Ok(&[][..]), fields::list) {
        Ok(rows) => rows,
        Err(refusal) => return fields.put("line_items", below(refusal)),
    };
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        match LINE_ITEM.make(cx, row, Report::of_part(), None) {
            Ok(item) => items.push(item.shown),
            Err(refusal) => fields.put("line_items", below(refusal)),
        }
    }
    fields.keep("line_items", items);
}

fn read_item(cx: &mut Cx<'_>, body: &Value) -> Result<Members, Refusal> {
    let mut fields = Fields::of(body)?;
    let quantity = fields.quantity("quantity").unwrap_or(1);
    fields.keep("quantity", quantity);
    decimal::member(&mut fields, "total_price");
    decimal::member(&mut fields, "weight");
    fields.choice("weight_unit", &WEIGHT_UNITS);
    for name in ["max_ship_time", "max_delivery_time"] {
        if fields.value(name).is_some() {
            let at = shipments::moment(cx.now, &mut fields, name);
            fields.keep(name, Moment(at).text());
        }
    }
    for name in ["variant_title", "manufacture_country", "description", "currency"] {
        fields.filled(name);
    }
    fields.text("title");
    fields.text("sku");
    fields.into_read()
}

/// Line items as they are stored: prices with two places, weights with four.
pub(super) fn kept_items(items: &Value) -> Value {
    let mut items = items.clone();
    for item in items.as_array_mut().into_iter().flatten() {
        for (name, places) in [("total_price", decimal::two_places as fn(&Value) -> Value), ("weight", decimal::four_places)] {
            if item[name].is_string() {
                item[name] = places(&item[name]);
            }
        }
    }
    items
}
