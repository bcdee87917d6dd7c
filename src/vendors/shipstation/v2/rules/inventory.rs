//! Stock of SKUs at locations within warehouses: an add-on with ids and pages of its own.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::dialect::{bad, unspecified};
use super::super::listing::{self, INVENTORY};
use super::super::wire::{INVENTORY_LOCATION, INVENTORY_WAREHOUSE, Members, STOCK};
use crate::engine::resource::{Conventions, Resource};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::wire::money::Money;
use crate::world::Kind;

const CONVENTIONS: Conventions = Conventions { new_id: Conventions::USUAL.new_id, blank_is_missing: true, ..super::CONVENTIONS };

pub(crate) static WAREHOUSES: Resource = super::plain(INVENTORY_WAREHOUSE, "InventoryWarehouse").listed(&INVENTORY).with(&CONVENTIONS);

pub(crate) static LOCATIONS: Resource = super::plain(INVENTORY_LOCATION, "InventoryLocation")
    .judged(|cx, body, report| super::is_there(cx, INVENTORY_WAREHOUSE, body, report))
    .listed(&INVENTORY)
    .with(&CONVENTIONS);

/// What there is of a SKU at a location.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Stock {
    sku: String,
    on_hand: i64,
    allocated: i64,
    cost: Option<Value>,
    inventory_warehouse_id: String,
    inventory_location_id: String,
    condition: Option<String>,
}

/// With stock it is removed together with that, or not at all.
pub(crate) fn delete_warehouse(cx: &mut Cx<'_>) -> Outcome {
    delete(cx, &WAREHOUSES, |stock, id| stock.inventory_warehouse_id == id)
}

/// The same of one location.
pub(crate) fn delete_location(cx: &mut Cx<'_>) -> Outcome {
    delete(cx, &LOCATIONS, |stock, id| stock.inventory_location_id == id)
}

fn delete(cx: &mut Cx<'_>, resource: &Resource, is_of: fn(&Stock, &str) -> bool) -> Outcome {
    let (id, _) = resource.find(cx)?;
    let stocks: Vec<Stock> = cx.docs.list::<Stock>(STOCK).filter(|stock| is_of(stock, &id)).collect();
    if stocks.iter().any(|stock| stock.on_hand > 0) && cx.call.query("remove_inventory") != Some("1") {
        return Err(unspecified("The inventory must be removed first.", &json!({ "field_name": "remove_inventory" })));
    }
    stocks.iter().for_each(|stock| _ = cx.docs.remove(STOCK, &key(&stock.sku, &stock.inventory_location_id)));
    if resource.kind == INVENTORY_WAREHOUSE {
        let own: Vec<Members> = cx.docs.list::<Members>(INVENTORY_LOCATION).filter(|row| row["inventory_warehouse_id"] == *id).collect();
        own.iter().for_each(|row| _ = cx.docs.remove(INVENTORY_LOCATION, row["inventory_location_id"].as_str().unwrap_or_default()));
    }
    cx.docs.remove(resource.kind.clone(), &id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn key(sku: &str, location: &str) -> String {
    format!("{location} {sku}")
}

/// By location, or added up by warehouse.
pub(crate) fn levels(cx: &mut Cx<'_>) -> Outcome {
    let is_wanted = |name: &str, found: &str| listing::asked(cx, name).is_none_or(|wanted| wanted == found);
    let fits = |stock: &Stock| {
        is_wanted("sku", &stock.sku)
            && is_wanted("inventory_warehouse_id", &stock.inventory_warehouse_id)
            && is_wanted("inventory_location_id", &stock.inventory_location_id)
    };
    let mut rows: Vec<Stock> = Vec::new();
    let by_warehouse = cx.call.query("group_by").is_some_and(|by| by.eq_ignore_ascii_case("warehouse"));
    for stock in cx.docs.list::<Stock>(STOCK).filter(fits) {
        let same = |row: &&mut Stock| row.sku == stock.sku && row.inventory_warehouse_id == stock.inventory_warehouse_id;
        match rows.iter_mut().find(same).filter(|_| by_warehouse) {
            Some(row) => {
                row.on_hand = row.on_hand.saturating_add(stock.on_hand);
                row.allocated = row.allocated.saturating_add(stock.allocated);
            }
            None => rows.push(stock),
        }
    }
    let total = rows.len();
    let page = INVENTORY.read(cx.call)?.cut(total, rows.into_iter())?.map(|stock| to_json(&stock, by_warehouse));
    Ok(listing::answer(cx, "inventory", page))
}

fn to_json(stock: &Stock, by_warehouse: bool) -> Value {
    let mut shown = json!({
        "sku": stock.sku, "on_hand": stock.on_hand, "allocated": stock.allocated, "available": stock.on_hand - stock.allocated,
        "average_cost": stock.cost, "inventory_warehouse_id": stock.inventory_warehouse_id,
    });
    if !by_warehouse {
        shown["inventory_location_id"] = stock.inventory_location_id.clone().into();
    }
    shown
}

/// Recorded 2026: 200 without a body. `increment` and `modify` need a quantity; the first one of a SKU makes its row.
pub(crate) fn change(cx: &mut Cx<'_>) -> Outcome {
    let (sent, text) = (&cx.call.body, |name: &str| cx.call.body[name].as_str().unwrap_or_default());
    let (kind, quantity) = (text("transaction_type"), sent["quantity"].as_i64().unwrap_or_default());
    let least = i64::from(["increment", "modify"].contains(&kind));
    if quantity < least {
        return Err(invalid("quantity", format!("quantity: Must be greater than or equal to {least}.")));
    }
    let (sku, place) = (text("sku"), text("inventory_location_id"));
    let location: Members = cx.docs.require(INVENTORY_LOCATION, place)?;
    let mut stock: Stock = match cx.docs.get(STOCK, &key(sku, place)) {
        Some(stock) => stock,
        None if kind == "increment" || kind == "adjust" => Stock {
            sku: sku.to_owned(),
            inventory_warehouse_id: location["inventory_warehouse_id"].as_str().unwrap_or_default().to_owned(),
            inventory_location_id: place.to_owned(),
            condition: sent["condition"].as_str().map(str::to_owned),
            ..Stock::default()
        },
        None => return Err(Refusal::missing(Kind::new("sku"), sku)),
    };
    match kind {
        "increment" => {
            stock.cost = average(&stock, quantity, &sent["cost"]);
            stock.on_hand = stock.on_hand.saturating_add(quantity);
        }
        "adjust" => stock.on_hand = quantity,
        _ if stock.on_hand < quantity => return Err(invalid("quantity", "quantity: Insufficient inventory on hand.".to_owned())),
        "decrement" => stock.on_hand -= quantity,
        _ => return modify(cx, stock, quantity),
    }
    put(cx, &stock);
    Ok(Reply::empty(StatusCode::OK))
}

fn put(cx: &mut Cx<'_>, stock: &Stock) {
    cx.docs.put(STOCK, &key(&stock.sku, &stock.inventory_location_id), stock);
}

fn invalid(name: &str, text: String) -> Refusal {
    bad("validation", "invalid_field_value", text, &json!({ "field_name": name }))
}

/// What a piece costs on average, with those that come in.
fn average(stock: &Stock, quantity: i64, new: &Value) -> Option<Value> {
    if new.is_null() {
        return stock.cost.clone();
    }
    let amount = |cost: &Value| Money::from(cost["amount"].clone()).0;
    let before = stock.cost.as_ref().map_or_else(|| amount(new), amount);
    let all = stock.on_hand.saturating_add(quantity).max(1);
    let sum = i128::from(before) * i128::from(stock.on_hand) + i128::from(amount(new)) * i128::from(quantity);
    let mean = Money(i64::try_from(sum / i128::from(all)).unwrap_or_default());
    Some(json!({ "amount": super::super::wire::float(mean), "currency": new["currency"].as_str().unwrap_or("usd") }))
}

/// Moves pieces, or gives them another cost or condition.
fn modify(cx: &mut Cx<'_>, mut stock: Stock, quantity: i64) -> Outcome {
    let sent = &cx.call.body;
    stock.cost = Some(&sent["new_cost"]).filter(|cost| !cost.is_null()).cloned().or(stock.cost);
    stock.condition = sent["new_condition"].as_str().map(str::to_owned).or(stock.condition);
    if let Some(place) = sent["new_inventory_location_id"].as_str().filter(|place| *place != stock.inventory_location_id) {
        let location: Members = cx.docs.require(INVENTORY_LOCATION, place)?;
        let warehouse = location["inventory_warehouse_id"].as_str().unwrap_or_default().to_owned();
        let new =
            Stock { on_hand: 0, allocated: 0, inventory_warehouse_id: warehouse, inventory_location_id: place.into(), ..stock.clone() };
        let mut there: Stock = cx.docs.get(STOCK, &key(&stock.sku, place)).unwrap_or(new);
        there.on_hand = there.on_hand.saturating_add(quantity);
        stock.on_hand -= quantity;
        put(cx, &there);
    }
    put(cx, &stock);
    Ok(Reply::empty(StatusCode::OK))
}
