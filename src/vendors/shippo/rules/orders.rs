//! Orders: what a shop sold, until a label is bought for it.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::addresses::ADDRESSES;
use super::stored::{self, CONVENTIONS};
use crate::base::json::{self, Written};
use crate::base::time;
use crate::engine::fields::{Field, Report};
use crate::engine::listing::{self, Bound, Filter, Listing, Test};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shippo::checks;
use crate::vendors::shippo::dialect::page::{LISTING, Page};
use crate::vendors::shippo::dialect::version;
use crate::vendors::shippo::labels;
use crate::vendors::shippo::wire::decimal;
use crate::vendors::shippo::wire::transaction::Transaction;
use crate::vendors::shippo::wire::{self, Moment, ORDER, TRANSACTION};

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
pub(crate) static ORDERS: Resource = Resource::new(ORDER, "Order", &LISTED, &Conventions { answer, page, ..CONVENTIONS }).judged(judge);

/// A part of an order, with decimals as they were sent.
static LINE_ITEM: Resource = Resource::new(ORDER, "LineItem", &LISTED, &CONVENTIONS);

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

fn page(cx: &Cx<'_>, page: listing::Page<Written>) -> Reply {
    version::reply(cx.call, StatusCode::OK, Page::of(cx.call, cx.call.path, page.map(|order| view(cx, json::read(&order)))))
}

/// Addresses are kept whole, and lines get ids.
fn judge(cx: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    let whole = Field::root(body);
    let to = address(cx, &whole.member("to_address"), report)?;
    let from = address(cx, &whole.member("from_address"), report)?;
    let mut items = Vec::new();
    for row in whole.member("line_items").elements() {
        let mut item = LINE_ITEM.make(cx, row.value.unwrap_or(&Value::Null), Report::of_part(), None)?.into_answer();
        // Recorded 2022: in its stored places from the first answer on.
        if item["weight"].is_string() {
            item["weight"] = decimal::four_places(&item["weight"]);
        }
        items.push(item);
    }
    if report.is_clean() {
        body["to_address"] = to.into();
        body["from_address"] = from.into();
        body["line_items"] = items.into();
    }
    Ok(())
}

/// A link to a slip for the box, good for a day; its times have no zone.
pub(crate) fn packing_slip(cx: &mut Cx<'_>) -> Outcome {
    let order: Value = cx.docs.require(ORDER, &stored::named(cx))?;
    let stem = format!("packingslip_{}", wire::new_id(cx));
    labels::keep_sheet(cx, &stem, labels::packing_slip(&order));
    let day = SignedDuration::from_hours(24);
    let expires = time::shift(cx.now, day);
    let bare = |at: time::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let slip_url = labels::link_for(cx, &format!("{stem}.pdf"), Moment(cx.now), day);
    Ok(Reply::ok(json!({ "created": bare(cx.now), "expires": bare(expires), "slip_url": slip_url })))
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
        *label = json!({
            "object_id": transaction.object_id, "object_status": transaction.status, "label_url": label_url,
            "tracking_number": transaction.tracking_number, "test": transaction.test,
        });
    }
    order
}

/// An address that is named or brought along, whole.
fn address(cx: &mut Cx<'_>, field: &Field<'_, '_>, report: &mut Report<'_>) -> Result<Option<Value>, Refusal> {
    let Some(id) = field.text() else { return Ok(ADDRESSES.store_part(cx, field, report)?.map(|address| address.document)) };
    let found = cx.docs.get(wire::ADDRESS, id);
    if found.is_none() {
        // What is no text was read as its digits.
        let text = checks::not_an_object(&cx.call.request.body, &field.path.to_steps());
        report.add(field, checks::complaint(text.unwrap_or_else(|| "Address with supplied object_id not found.".to_owned())));
    }
    Ok(found)
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
