//! Orders of version 1 as shipments, and shipments as orders.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};

use super::super::catalog::CATALOG as WORDS;
use super::{FORMS, Members, address, decimal, moment, se, shipment};
use crate::base::json;
use crate::base::time::Timestamp;
use crate::engine::{Cx, Member, Refusal};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::v1::rules::create::{address_of, import, lines};
use crate::vendors::shipstation::wire::address::{Address, Dimensions, Weight};
use crate::vendors::shipstation::wire::money::Money;
use crate::vendors::shipstation::wire::{self, ORDER, TAG, WAREHOUSE, date, order};

/// A word that both versions have. Version 1 has some that this one lacks.
fn known(kind: &str, word: &Value) -> Value {
    let word = word.as_str().unwrap_or_default().to_lowercase();
    if WORDS.words.get(kind).is_some_and(|words| words.contains(&word)) { word.into() } else { Value::Null }
}

/// An advanced option of an order. Accounts of the seller's own are no party here.
fn option(name: &str, advanced: &Value) -> Value {
    if name == "billToParty" { known("payers", &advanced[name]) } else { advanced[name].clone() }
}

/// Who insures an order. Version 1 knows more insurers by name.
fn insurer(options: &Value) -> Value {
    match known("insurers", &options["provider"]) {
        _ if options["insureShipment"] != true => "none".into(),
        Value::Null => "third_party".into(),
        insurer => insurer,
    }
}

/// What insures a shipment, as orders and labels of version 1 say it.
pub(crate) fn insurance(shipment: &Members) -> Value {
    let provider = &shipment["insurance_provider"];
    if provider.is_null() || *provider == "none" {
        return json!({ "provider": null, "insureShipment": false, "insuredValue": 0 });
    }
    let packages = shipment["packages"].as_array().into_iter().flatten();
    let value: Money = packages.map(|package| decimal(&package["insured_value"]["amount"])).sum();
    let provider = if *provider == "third_party" { json!("provider") } else { provider.clone() };
    json!({ "provider": provider, "insureShipment": true, "insuredValue": value })
}

/// The advanced options of an order, with what a shipment says otherwise than the order did.
pub(crate) fn advanced(shipment: &Members, said: &Members, mut advanced: Value) -> Value {
    for (first, second) in &WORDS.advanced {
        let option = &shipment["advanced_options"][second];
        if *option != said["advanced_options"][second] {
            advanced[first] = option.clone();
        }
    }
    for (first, second) in [("warehouseId", "warehouse_id"), ("storeId", "store_id")] {
        if let Some(number) = shipment[second].as_str().filter(|_| shipment[second] != said[second]).and_then(super::number) {
            advanced[first] = number.into();
        }
    }
    advanced
}

/// The addresses of warehouses, sender and returns, as far as somebody asked for them: by number, or of the default one.
pub(crate) type Origins = BTreeMap<Option<u64>, [Value; 2]>;

fn origins(cx: &Cx<'_>, warehouse: Option<u64>) -> [Value; 2] {
    let stored: Option<Members> = match warehouse {
        Some(id) => cx.docs.get(WAREHOUSE, &id.to_string()),
        None => cx.docs.list::<Members>(WAREHOUSE).find(|row| row["isDefault"] == true),
    };
    ["originAddress", "returnAddress"].map(|member| stored.as_ref().and_then(|stored| address::of_warehouse(stored, member)).into())
}

/// An order as a shipment.
pub(super) fn view(cx: &Cx<'_>, sold: &Members) -> Members {
    let mut origins = Origins::default();
    let Ok(Value::Object(mut shown)) = serde_json::to_value(completing(cx, &as_shipment(cx, sold, &mut origins))) else {
        return Members::default();
    };
    if sold["orderStatus"] == "on_hold" {
        shown.insert(shipment::HELD.to_owned(), true.into());
    }
    Members(shown)
}

/// A shipment by its members, which becomes whole while it is written.
pub(super) fn completing<'s>(cx: &'s Cx<'_>, members: &'s [Member<'s>]) -> impl Serialize + 's {
    cx.completing(shipment::DOCUMENT, "Shipment", members, FORMS)
}

/// What an order says as a shipment.
pub(super) fn as_shipment<'s>(cx: &Cx<'_>, sold: &'s Members, seen: &'s mut Origins) -> Vec<Member<'s>> {
    let own = |value: Value| Cow::Owned(value);
    let read = |name: &str| Cow::Borrowed(&sold[name]);
    let time = |name: &str| own(moment(instant(&sold[name]).unwrap_or(cx.now)).into());
    let carrier = sold["carrierCode"].as_str().and_then(|code| CATALOG.carrier(code));
    let advanced = &sold["advancedOptions"];
    let options: serde_json::Map<_, _> = WORDS.advanced.iter().map(|(first, second)| (second.clone(), option(first, advanced))).collect();
    let warehouse = advanced["warehouseId"].as_u64();
    let [from, back] = &*seen.entry(warehouse).or_insert_with(|| origins(cx, warehouse));
    let mut to = address::shipping(&Address::deserialize(&sold["shipTo"]).unwrap_or_default());
    to["email"] = sold["customerEmail"].clone();
    let tags = sold["tagIds"].as_array().into_iter().flatten().filter_map(|id| cx.docs.get::<Members>(TAG, &id.to_string()));
    let id = sold["orderId"].as_u64().unwrap_or_default();
    let package = package(id, sold);
    let ship_date = if sold["shipDate"].is_string() { read("shipDate") } else { own(super::day(super::sending(cx.now)).into()) };
    let same = WORDS.same.iter().map(|(first, second)| (second.as_str(), read(first)));
    let paid = WORDS.amounts.iter().map(|(first, second)| (second.as_str(), own(super::dollars(decimal(&read(first))))));
    let others = [
        ("shipment_id", own(se(id).into())),
        ("carrier_id", own(carrier.map(|carrier| se(carrier.id)).into())),
        ("requested_shipment_service", read("requestedShippingService")),
        ("shipment_number", read("orderNumber")),
        ("hold_until_date", read("holdUntilDate")),
        ("ship_date", ship_date),
        ("ship_by_date", read("shipByDate")),
        ("created_at", time("createDate")),
        ("modified_at", time("modifyDate")),
        ("shipment_status", own(status(&sold["orderStatus"]).into())),
        ("ship_to", own(to)),
        ("ship_from", Cow::Borrowed(from)),
        ("return_to", Cow::Borrowed(back)),
        ("warehouse_id", own(warehouse.map(se).into())),
        ("confirmation", own(known("confirmations", &sold["confirmation"]))),
        ("customs", own(customs(&sold["internationalOptions"]))),
        ("insurance_provider", own(insurer(&sold["insuranceOptions"]))),
        ("advanced_options", own(options.into())),
        ("tags", own(tags.map(|tag| json!({ "name": tag["name"] })).collect())),
        ("store_id", own(advanced["storeId"].as_u64().map(se).into())),
        ("items", own(sold["items"].as_array().into_iter().flatten().map(item).collect())),
        ("total_weight", own(package["weight"].clone())),
        ("packages", own(Value::Array(vec![package]))),
    ];
    others.into_iter().chain(same).chain(paid).collect()
}

/// A member of an order as a shipment by its JSON pointer, as [`shipment::member`] says; nothing if that takes the whole shipment.
pub(super) fn member(cx: &Cx<'_>, sold: &str, pointer: &str) -> Option<Value> {
    let read = |member: &str| json::at(sold, member).and_then(|found| serde_json::from_str(found).ok()).unwrap_or_default();
    let time = |member: &str| moment(instant(&read(member)).unwrap_or(cx.now)).into();
    Some(match pointer {
        "/shipment_status" if read("/orderStatus") == shipment::ON_HOLD => shipment::ON_HOLD.into(),
        "/shipment_status" => status(&read("/orderStatus")).into(),
        "/shipment_number" => read("/orderNumber"),
        "/external_shipment_id" => Value::Null,
        "/items" => read("/items"),
        "/store_id" => read("/advancedOptions/storeId").as_u64().map(se).into(),
        "/ship_to/name" => read("/shipTo/name"),
        "/payment_date" => instant(&read("/paymentDate")).map(moment).into(),
        "/created_at" => time("/createDate"),
        "/modified_at" => time("/modifyDate"),
        _ => return None,
    })
}

/// What the status of an order is called here.
fn status(word: &Value) -> &'static str {
    WORDS.shipment_statuses.iter().find(|(first, _)| word == first).map_or("pending", |(_, second)| second)
}

/// A time of version 1, which is Pacific.
fn instant(text: &Value) -> Option<Timestamp> {
    wire::instant(text.as_str()?.parse().ok()?)
}

/// The package of an order: it has one.
fn package(id: u64, sold: &Members) -> Value {
    let (weight, sizes) = (Weight::deserialize(&sold["weight"]).ok(), Dimensions::deserialize(&sold["dimensions"]).ok());
    let insurance = &sold["insuranceOptions"];
    let insured = if insurance["insureShipment"] == true { super::float(decimal(&insurance["insuredValue"])) } else { 0.0 };
    let code = sold.get("packageCode").and_then(Value::as_str).unwrap_or("package");
    json!({
        "shipment_package_id": se(id), "package_id": "se-3", "package_code": code, "package_name": "Package",
        "weight": weight.map_or_else(|| json!({ "value": 0.0, "unit": "ounce" }), |weight| address::weight(&weight)),
        "dimensions": address::dimensions(sizes.as_ref()), "insured_value": { "currency": "usd", "amount": insured },
        "label_messages": { "reference1": null, "reference2": null, "reference3": null }, "external_package_id": null,
        "content_description": null, "products": null, "dangerous_goods_package_info": null,
    })
}

fn item(row: &Value) -> Value {
    let weight = Weight::deserialize(&row["weight"]).ok();
    let amount = |name: &str| row.get(name).filter(|value| !value.is_null()).map(|value| super::float(decimal(value)));
    json!({
        "quantity": row["quantity"], "name": row["name"], "sku": row["sku"], "external_order_item_id": row["lineItemKey"],
        "item_id": row["orderItemId"].as_u64().map(|id| id.to_string()), "image_url": row["imageUrl"],
        "weight": weight.map(|weight| address::weight(&weight)), "unit_price": amount("unitPrice"), "tax_amount": amount("taxAmount"),
        "shipping_amount": amount("shippingAmount"), "inventory_location": row["warehouseLocation"],
        "options": row["options"].as_array().cloned().unwrap_or_default(),
        "product_id": row["productId"].as_u64().map(|id| id.to_string()), "fullfilment_sku": row["fulfillmentSku"], "upc": row["upc"],
    })
}

fn customs(options: &Value) -> Value {
    let contents = known("contents", &options["contents"]);
    if contents.is_null() {
        return Value::Null;
    }
    let rows = options["customsItems"].as_array().into_iter().flatten();
    let items = rows.map(|row| {
        // Version 1 has the value of a line, this one of a piece.
        let pieces = row["quantity"].as_i64().unwrap_or(1).max(1);
        let value = Money(decimal(&row["value"]).0 / pieces);
        json!({
            "customs_item_id": row["customsItemId"].as_u64().map(se), "description": row["description"], "quantity": row["quantity"],
            "value": { "currency": "usd", "amount": super::float(value) },
            "harmonized_tariff_code": row["harmonizedTariffCode"], "country_of_origin": row["countryOfOrigin"],
        })
    });
    let non_delivery = known("non_delivery", &options["nonDelivery"]);
    json!({ "contents": contents, "non_delivery": non_delivery, "customs_items": items.collect::<Vec<_>>() })
}

/// What a shipment declares at a border, as an order does.
pub(crate) fn declared(shipment: &Members) -> Value {
    let customs = &shipment["customs"];
    let products = shipment["packages"].as_array().into_iter().flatten().filter_map(|package| package["products"].as_array());
    let rows = customs["customs_items"].as_array().into_iter().chain(products).flatten();
    let items = rows.map(|row| {
        let value = decimal(row["value"].get("amount").unwrap_or(&row["value"]));
        let id = row["customs_item_id"].as_str().or(row["product_id"].as_str()).and_then(super::number);
        json!({
            "customsItemId": id, "description": row["description"], "quantity": row["quantity"],
            "value": value * row["quantity"].as_i64().unwrap_or(1), "harmonizedTariffCode": row["harmonized_tariff_code"],
            "countryOfOrigin": row["country_of_origin"],
        })
    });
    let told =
        json!({ "contents": customs["contents"], "customsItems": items.collect::<Vec<_>>(), "nonDelivery": customs["non_delivery"] });
    if customs.is_null() { Value::Null } else { told }
}

/// Changes the order that a shipment also is: in what the shipment says otherwise than the order does.
pub(super) fn change(cx: &mut Cx<'_>, id: u64, shipment: &Members) {
    let Some(sold) = cx.docs.get::<Members>(ORDER, &id.to_string()) else { return };
    let said = view(cx, &sold);
    let found = sold["orderStatus"].clone();
    let state = &shipment["shipment_status"];
    let is_same = WORDS.shipment_statuses.iter().any(|(first, second)| found == *first && state == second);
    let status = WORDS.shipment_statuses.iter().find(|(_, second)| state == second).map_or("awaiting_shipment", |(first, _)| first);
    let mut changes = members(cx, shipment, &said);
    changes.push(("orderStatus", if is_same { found } else { status.into() }));
    changes.push(("advancedOptions", advanced(shipment, &said, sold["advancedOptions"].clone())));
    changes.iter_mut().filter(|(name, _)| *name == "items").for_each(|(_, value)| *value = lines(cx, value.take(), &sold));
    order::change(cx, id, changes);
}

/// What an order and a shipment both say, as far as the shipment says something else. Amounts that it does not name stay.
fn members(cx: &Cx<'_>, shipment: &Members, said: &Members) -> Vec<(&'static str, Value)> {
    let first = &shipment["packages"][0];
    let names = &shipment["tags"];
    let is_named = |tag: &Members| names.as_array().is_some_and(|names| names.iter().any(|name| name["name"] == tag["name"]));
    let tags: Vec<Value> = cx.docs.list::<Members>(TAG).filter(is_named).map(|tag| tag["tagId"].clone()).collect();
    let carrier = shipment::carrier(shipment);
    let same = WORDS.same.iter().map(|(first, second)| (first.as_str(), second.as_str(), shipment[second.as_str()].clone()));
    let amount = |name: &str| json!(decimal(&shipment[name]["amount"]));
    let amounts = WORDS.amounts.iter().map(|(first, second)| (first.as_str(), second.as_str(), amount(second)));
    let items: Value = shipment["items"].as_array().into_iter().flatten().map(sold_item).collect();
    let others: [(&str, &str, Value); 14] = [
        ("carrierCode", "carrier_id", carrier.map(|carrier| carrier.code.clone()).into()),
        ("packageCode", "packages", first["package_code"].clone()),
        ("confirmation", "confirmation", shipment["confirmation"].clone()),
        ("shipTo", "ship_to", address_of(&shipment["ship_to"])),
        ("customerEmail", "ship_to", shipment["ship_to"]["email"].clone()),
        ("items", "items", items),
        ("weight", "total_weight", address::read_weight(&shipment["total_weight"]).numbered()),
        ("dimensions", "packages", json!(address::read_dimensions(&first["dimensions"]))),
        ("insuranceOptions", "packages", insurance(shipment)),
        ("insuranceOptions", "insurance_provider", insurance(shipment)),
        ("tagIds", "tags", if tags.is_empty() { Value::Null } else { tags.into() }),
        ("internationalOptions", "customs", declared(shipment)),
        ("holdUntilDate", "hold_until_date", date::day(&shipment["hold_until_date"])),
        ("shipByDate", "ship_by_date", date::normalized(&shipment["ship_by_date"])),
    ];
    let is_paid = |source: &str| !source.ends_with("_paid") || !shipment[source].is_null();
    let changed =
        others.into_iter().chain(same).chain(amounts).filter(|(_, source, _)| shipment[*source] != said[*source] && is_paid(source));
    changed.map(|(name, _, value)| (name, value)).collect()
}

fn sold_item(row: &Value) -> Value {
    let weight = Some(&row["weight"]).filter(|weight| !weight.is_null()).map(|weight| address::read_weight(weight).numbered());
    let amount = |name: &str| row.get(name).filter(|value| !value.is_null()).map(decimal);
    json!({
        "orderItemId": row["item_id"].as_str().and_then(|id| id.parse::<u64>().ok()), "lineItemKey": row["external_order_item_id"],
        "sku": row["sku"], "name": row["name"], "imageUrl": row["image_url"], "weight": weight, "quantity": row["quantity"],
        "unitPrice": amount("unit_price").unwrap_or_default(), "taxAmount": amount("tax_amount"),
        "shippingAmount": amount("shipping_amount"), "warehouseLocation": row["inventory_location"], "options": row["options"],
        "productId": row["product_id"].as_str().and_then(|id| id.parse::<u64>().ok()), "fulfillmentSku": row["fullfilment_sku"],
        "adjustment": false, "upc": row["upc"],
    })
}

/// Makes the order that a new shipment also is (`create_sales_order`), as if version 1 had been told of it; its number.
///
/// # Errors
/// What version 1 has against it.
pub(crate) fn create(cx: &mut Cx<'_>, shipment: &Members) -> Result<u64, Refusal> {
    let read = |name: &str| shipment.get(name).cloned().unwrap_or_default();
    let (now, to) = (date::stamp(cx.now), json!(address::read(&read("ship_to"))));
    let external = read("external_shipment_id");
    let number =
        [&read("shipment_number"), &external].into_iter().find_map(Value::as_str).map_or_else(|| super::token(cx, &now, 10), str::to_owned);
    let mut sold = json!({
        "orderNumber": number, "orderKey": external, "orderDate": now, "paymentDate": now, "orderStatus": "awaiting_shipment",
        "billTo": to, "requestedShippingService": read("requested_shipment_service"),
        "advancedOptions": advanced(shipment, &Members::default(), json!({})),
    });
    members(cx, shipment, &Members::default()).into_iter().for_each(|(name, value)| sold[name] = value);
    sold["confirmation"] = Some(read("confirmation")).filter(|word| *word != "none").into();
    sold.as_object_mut().into_iter().for_each(|sold| sold.retain(|_, value| !value.is_null()));
    import(cx, &sold).map(|order| wire::id(&order["orderId"]))
}
