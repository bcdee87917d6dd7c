//! Orders of what was sent: completed, priced, validated, and joined with the products and customers that the account has.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::super::v2;
use super::super::super::wire::address::{UNITS, Weight};
use super::super::super::wire::money::Money;
use super::super::super::wire::order::Members;
use super::super::super::wire::{self, CUSTOMER, CUSTOMER_NAME, IMPORT, ORDER, ORDER_KEY, PRODUCT, PRODUCT_SKU, STORE, TAG, date};
use super::super::dialect::message;
use super::super::webhooks;
use super::validation;
use crate::base::ids;
use crate::base::json::Written;
use crate::engine::fields::{Field, Report};
use crate::engine::scales::Scales;
use crate::engine::{Cx, Forms, Refusal};
use crate::spec::{Rule, Step};
use crate::world::Kind;

/// How much of an order's number is kept.
const LONGEST_NUMBER: usize = 50;
pub(super) const FORMS: Forms = &[("sent", Value::clone), ("stamp", date::normalized), ("day", date::day)];
pub(super) const COUNTRY: &str = "Please use a 2 character country code";
const ITEM: Kind = Kind::new("order_item");
/// The document whose schemas orders have, whichever version they come through.
pub(super) const DOCUMENT: &str = "shipstation_v1";

/// What became of an order that was sent.
pub(super) enum Made {
    /// It was stored, and this is how.
    Stored(Members),
    /// It is shipped or cancelled, and stays as it is.
    Locked(Members),
}

/// Orders that came together. Subscribers hear of them by a number, once for each store.
pub(super) struct Import {
    batch: String,
    told: BTreeMap<u64, Vec<u64>>,
}

impl Import {
    pub(super) fn begin(cx: &mut Cx<'_>) -> Self {
        Self { batch: ids::uuid(&mut cx.rng).to_string(), told: BTreeMap::new() }
    }

    /// Subscribers of both versions hear of it.
    pub(super) fn finish(self, cx: &mut Cx<'_>) {
        if let Some(batch) = self.finish_here(cx) {
            v2::orders_imported(cx, &batch);
        }
    }

    /// Those of this version hear of it; its number, if there was anything to hear.
    fn finish_here(self, cx: &mut Cx<'_>) -> Option<String> {
        let Self { batch, told } = self;
        if told.is_empty() {
            return None;
        }
        cx.docs.put(IMPORT, &batch, &told.values().flatten().collect::<Vec<_>>());
        for store in told.into_keys() {
            webhooks::orders_imported(cx, store, &batch);
        }
        Some(batch)
    }
}

/// Which statuses can still be changed, by an import of one order or of several (which also takes orders at a fulfillment provider).
pub(super) fn is_open(status: &Value, is_bulk: bool) -> bool {
    match status.as_str() {
        Some("awaiting_payment" | "awaiting_shipment" | "on_hold") => true,
        Some("pending_fulfillment") => is_bulk,
        _ => false,
    }
}

/// Checks what the document does not say of an order.
///
/// # Errors
/// In `ModelState` what has to be there, in the application's own words what it looks at afterwards.
pub(super) fn check(mut report: Report<'_>, body: &Field<'_, '_>) -> Result<(), Refusal> {
    for name in ["orderNumber", "orderDate", "orderStatus"] {
        let member = body.member(name);
        if member.value.is_none_or(|value| value == "") {
            report.add(&member, Rule::Required);
        }
    }
    report.finish()?;
    let (ship_to, bill_to) = (body.member("shipTo"), body.member("billTo"));
    let names = [(&ship_to, "'Ship Name' must not be empty."), (&bill_to, "'Bill Name' must not be empty.")];
    let mut faults: Vec<&str> = names.iter().filter(|row| row.0.value.is_none_or(is_nameless)).map(|row| row.1).collect();
    if check_countries([ship_to, bill_to].map(|address| address.value.unwrap_or(&Value::Null))).is_err() {
        faults.push(COUNTRY);
    }
    if faults.is_empty() { Ok(()) } else { Err(message(faults.join(" "))) }
}

/// Whether an address has no name.
pub(super) fn is_nameless(address: &Value) -> bool {
    address["name"].as_str().is_none_or(|name| name.trim().is_empty())
}

/// Countries are told by two letters, or not at all.
///
/// # Errors
/// When one of the addresses tells it otherwise.
pub(super) fn check_countries(addresses: [&Value; 2]) -> Result<(), Refusal> {
    let is_spelled = |address: &&Value| address["country"].as_str().is_some_and(|code| !code.is_empty() && code.len() != 2);
    if addresses.iter().any(is_spelled) { Err(message(COUNTRY)) } else { Ok(()) }
}

/// Stores an order that was checked: a new one, or in place of the open one that its number or its key names.
///
/// # Errors
/// `Missing`, when it names one that is not there: a key is spent for ever once its order is deleted.
pub(super) fn store(cx: &mut Cx<'_>, sent: &Value, scales: &Scales, import: &mut Import, is_bulk: bool) -> Result<Made, Refusal> {
    let before = find(cx, sent)?;
    if let Some(before) = before.as_ref().filter(|before| !is_open(&before["orderStatus"], is_bulk)) {
        return Ok(Made::Locked(before.clone()));
    }
    let mut order = Members::from(cx.completed_by(DOCUMENT, "Order", sent, FORMS));
    match &before {
        Some(before) => ["orderId", "orderKey", "createDate", "userId"].iter().for_each(|name| order[*name] = before[*name].clone()),
        None => {
            order["orderId"] = wire::next_id(cx, &ORDER).into();
            let key = sent["orderKey"].as_str().filter(|key| !key.is_empty()).map(str::to_owned);
            order["orderKey"] = key.unwrap_or_else(|| ids::uuid(&mut cx.rng).to_string()).into();
            order["createDate"] = date::stamp(cx.now).into();
            order["userId"] = Value::Null;
        }
    }
    order["modifyDate"] = date::stamp(cx.now).into();
    order["orderNumber"] = order["orderNumber"].as_str().unwrap_or_default().chars().take(LONGEST_NUMBER).collect::<String>().into();
    let store = store_of(cx, &order, before.as_ref());
    let is_manual = cx.docs.get::<Members>(STORE, &store.to_string()).is_none_or(|store| store["marketplaceId"] == 0);
    // Recorded: addresses of customers are not checked.
    order["customerId"] = customer(cx, &order, store);
    order["shipTo"] = match before.as_ref().filter(|_| !is_manual) {
        // Observed: what a marketplace sent as address stays, whatever is answered.
        Some(before) => before["shipTo"].clone(),
        None => json!(validation::checked(serde_json::from_value(order["shipTo"].clone()).unwrap_or_default())),
    };
    let sent = std::mem::take(&mut order["items"]);
    let items = items(cx, sent, before.as_ref(), scales);
    let total = total(&order, &items, scales);
    order["orderTotal"] = serde_json::from_str(&total).unwrap_or_default();
    if order["weight"].is_null() {
        order["weight"] = weight(&items);
    }
    name_unit(&mut order["weight"]);
    let known = before.as_ref().map_or(&Value::Null, |before| &before["internationalOptions"]["customsItems"]);
    wire::number_declared(cx, order["internationalOptions"].get_mut("customsItems"), known, "customsItemId", Value::from);
    order["items"] = items.into();
    order["tagIds"] = tags(cx, &order, before.as_ref());
    let advanced = &mut order["advancedOptions"];
    advanced["storeId"] = store.into();
    if advanced["warehouseId"] == 0 {
        advanced["warehouseId"] = Value::Null;
    }
    let (id, key) = (wire::id(&order["orderId"]), order["orderKey"].as_str().unwrap_or_default());
    // What is summed up has decimals of its own.
    let written = scales.and(&[Step::Member("orderTotal".into())], &total).write(&order);
    cx.docs.put(ORDER, &id.to_string(), &written);
    cx.docs.put(ORDER_KEY, key, &id);
    let status = order["orderStatus"].as_str().unwrap_or_default();
    let was_waiting = before.as_ref().is_none_or(|before| before["orderStatus"] == "awaiting_payment");
    let is_told =
        if before.is_none() { status != "awaiting_payment" } else { was_waiting && !["awaiting_payment", "cancelled"].contains(&status) };
    if is_told {
        import.told.entry(store).or_default().push(id);
    }
    Ok(Made::Stored(order))
}

/// The order that a body means.
fn find(cx: &Cx<'_>, sent: &Value) -> Result<Option<Members>, Refusal> {
    let by_key = || cx.docs.get(ORDER_KEY, sent["orderKey"].as_str().filter(|key| !key.is_empty())?);
    let id = sent["orderId"].as_u64().filter(|id| *id > 0).or_else(by_key);
    id.map(|id| cx.docs.require(ORDER, &id.to_string())).transpose()
}

/// The store of an order, which is told when it is created only: the first manual one unless it names one of the account.
fn store_of(cx: &Cx<'_>, order: &Members, before: Option<&Members>) -> u64 {
    if let Some(id) = before.and_then(|before| before["advancedOptions"]["storeId"].as_u64()) {
        return id;
    }
    let stores: Vec<Members> = cx.docs.all(STORE);
    let id = |store: &Members| store["storeId"].as_u64();
    let named = order["advancedOptions"]["storeId"].as_u64().filter(|named| stores.iter().any(|store| id(store) == Some(*named)));
    named.or_else(|| stores.iter().find(|store| store["marketplaceId"] == 0).and_then(id)).unwrap_or_default()
}

/// The lines of an order: those that were there before keep their number, each SKU is a product.
fn items(cx: &mut Cx<'_>, sent: Value, before: Option<&Members>, scales: &Scales) -> Vec<Value> {
    let mut rows = if let Value::Array(rows) = sent { rows } else { Vec::new() };
    let mut known = before.and_then(|before| before["items"].as_array()).cloned().unwrap_or_default();
    let now = json!(date::trimmed(cx.now));
    for (index, row) in rows.iter_mut().enumerate() {
        name_unit(&mut row["weight"]);
        let is_same = |old: &Value| old["lineItemKey"] == row["lineItemKey"] && old["sku"] == row["sku"];
        let old = known.iter().position(is_same).map(|index| known.remove(index));
        row["orderItemId"] = old.as_ref().map_or_else(|| wire::next_id(cx, &ITEM).into(), |old| old["orderItemId"].clone());
        for name in ["createDate", "modifyDate"] {
            row[name] = old.as_ref().map_or_else(|| now.clone(), |old| old[name].clone());
        }
        row["productId"] = product(cx, row, scales.decimals(&unit_price(index)));
    }
    rows
}

/// The product of a line, which is made when its SKU is new; adjustments have none.
fn product(cx: &mut Cx<'_>, row: &Value, decimals: Option<usize>) -> Value {
    let Some(sku) = row["sku"].as_str().filter(|sku| !sku.is_empty() && row["adjustment"] != true) else { return Value::Null };
    if let Some(id) = cx.docs.get::<u64>(PRODUCT_SKU, &sku.to_lowercase()) {
        return id.into();
    }
    let id = wire::next_id(cx, &PRODUCT);
    let sent = json!({"sku": sku, "name": row["name"], "price": row["unitPrice"]});
    let mut product = cx.completed_by(DOCUMENT, "Product", &sent, FORMS);
    product["productId"] = id.into();
    product["createDate"] = date::trimmed(cx.now).into();
    let price = decimals.map(|decimals| Money::from(row["unitPrice"].clone()).scaled(decimals.min(4)));
    let scales = price.map(|price| Scales::default().and(&[Step::Member("price".into())], &price)).unwrap_or_default();
    cx.docs.put(PRODUCT, &id.to_string(), &scales.write(&product));
    cx.docs.put(PRODUCT_SKU, &sku.to_lowercase(), &id);
    id.into()
}

/// Where the price of a line stands.
fn unit_price(index: usize) -> [Step; 3] {
    [Step::Member("items".into()), Step::Element(index), Step::Member("unitPrice".into())]
}

/// Recorded: lines by quantity and price, tax and shipping of the order but not of its lines; never below zero.
/// With as many decimals as the one of them that has most.
fn total(order: &Members, items: &[Value], scales: &Scales) -> Written {
    let (mut total, mut places) = (Money::default(), 0);
    let mut add = |path: &[Step], value: &Value, times: i64| {
        let own = || value.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len());
        places = places.max(scales.decimals(path).unwrap_or_else(own).min(4));
        total = total + Money::from(value.clone()) * times;
    };
    for (index, row) in items.iter().enumerate() {
        add(&unit_price(index), &row["unitPrice"], row["quantity"].as_i64().unwrap_or_default());
    }
    ["taxAmount", "shippingAmount"].iter().for_each(|name| add(&[Step::Member((*name).into())], &order[*name], 1));
    total.max(Money::default()).scaled(places)
}

/// What the lines weigh together, in ounces; nothing if none of them says.
fn weight(items: &[Value]) -> Value {
    let ounces = |row: &Value| Some(Weight::deserialize(&row["weight"]).ok()?.ounces() * row["quantity"].as_f64().unwrap_or(1.0));
    let weights: Vec<f64> = items.iter().filter_map(ounces).collect();
    let sum: f64 = weights.iter().sum();
    let value = if sum.fract() == 0.0 { json!(format!("{sum}").parse::<i64>().unwrap_or_default()) } else { json!(sum) };
    if weights.is_empty() { Value::Null } else { json!({"value": value, "units": "ounces", "WeightUnits": 1}) }
}

/// Recorded for ounces: the number of a weight's unit stands beside it.
fn name_unit(weight: &mut Value) {
    let Some(members) = weight.as_object_mut().filter(|members| members.contains_key("WeightUnits")) else { return };
    let number = UNITS.iter().position(|unit| members["units"] == *unit).unwrap_or(1);
    members.insert("units".to_owned(), UNITS[number].into());
    members.insert("WeightUnits".to_owned(), number.into());
}

/// The tags of an order: those that it had and those that were sent, as far as the account has them. Nothing takes one away here.
fn tags(cx: &Cx<'_>, order: &Members, before: Option<&Members>) -> Value {
    let of = |order: &Members| order["tagIds"].as_array().cloned().unwrap_or_default();
    let mut tags = before.map(of).unwrap_or_default();
    for tag in of(order) {
        if cx.docs.has(TAG, &tag.to_string()) && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.is_empty() { Value::Null } else { tags.into() }
}

/// The customer of an order, made when the user name is new; without one there is none.
fn customer(cx: &mut Cx<'_>, order: &Members, store: u64) -> Value {
    let Some(username) = order["customerUsername"].as_str().filter(|name| !name.is_empty()) else { return Value::Null };
    if let Some(id) = cx.docs.get::<u64>(CUSTOMER_NAME, &username.to_lowercase()) {
        return id.into();
    }
    let id = wire::next_id(cx, &CUSTOMER);
    let now = date::stamp(cx.now);
    let store: Members = cx.docs.get(STORE, &store.to_string()).unwrap_or_default();
    let fact = |name: &str, usual: Value| store.get(name).cloned().unwrap_or(usual);
    let to = &order["shipTo"];
    let customer = json!({
        "customerId": id, "createDate": now, "modifyDate": now, "name": to["name"], "company": to["company"], "street1": to["street1"],
        "street2": to["street2"], "city": to["city"], "state": to["state"], "postalCode": to["postalCode"], "countryCode": to["country"],
        "phone": to["phone"], "email": order["customerEmail"], "addressVerified": "Unverified",
        "marketplaceUsernames": [{
            "customerUserId": id.saturating_sub(178_945), "customerId": id, "createDate": now, "modifyDate": now,
            "marketplaceId": fact("marketplaceId", 0.into()), "marketplace": fact("marketplaceName", "ShipStation".into()),
            "username": username,
        }],
        "tags": null,
    });
    cx.docs.put(CUSTOMER, &id.to_string(), &customer);
    cx.docs.put(CUSTOMER_NAME, &username.to_lowercase(), &id);
    id.into()
}

/// The address of a recipient that version 2 sent, in its words, as the check leaves it.
pub(in crate::vendors::shipstation) fn address_of(sent: &Value) -> Value {
    json!(validation::checked(v2::address(sent)))
}

/// The lines of an order in place of those that it has, which keep their numbers.
pub(in crate::vendors::shipstation) fn lines(cx: &mut Cx<'_>, rows: Value, before: &Members) -> Value {
    items(cx, rows, Some(before), &Scales::default()).into()
}

/// A body in the words of version 1 that another part of the account sends, such as version 2: checked and stored as if it came here.
///
/// # Errors
/// As for an order that is sent.
pub(in crate::vendors::shipstation) fn import(cx: &mut Cx<'_>, sent: &Value) -> Result<Members, Refusal> {
    let mut import = Import::begin(cx);
    let (Made::Stored(order) | Made::Locked(order)) = store(cx, sent, &Scales::default(), &mut import, true)?;
    // Version 2 tells its own subscribers.
    import.finish_here(cx);
    Ok(order)
}
