//! Orders of version 1 as shipments, and shipments as orders.

use serde_json::{Value, json};

use super::{FORMS, Members, address, decimal, moment, se, shipment};
use crate::base::json;
use crate::base::time::Timestamp;
use crate::engine::{Cx, Refusal};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::v1::rules::create::import;
use crate::vendors::shipstation::wire::address::{Address, Dimensions, Weight};
use crate::vendors::shipstation::wire::money::Money;
use crate::vendors::shipstation::wire::{self, ORDER, TAG, WAREHOUSE, order};

/// What version 1 calls the states of shipments; the first of those that are the same here is what a shipment becomes there.
const STATUSES: [(&str, &str); 6] = [
    ("awaiting_shipment", "pending"),
    ("on_hold", "pending"),
    ("shipped", "label_purchased"),
    ("cancelled", "cancelled"),
    ("pending_fulfillment", "processing"),
    ("rejected_fulfillment", "processing"),
];

const CONFIRMATIONS: &[&str] = &["none", "delivery", "signature", "adult_signature", "direct_signature"];
const CONTENTS: &[&str] = &["merchandise", "documents", "gift", "returned_goods", "sample"];
const NON_DELIVERY: &[&str] = &["return_to_sender", "treat_as_abandoned"];

/// A word that both versions have. Version 1 takes any.
fn known(words: &[&str], word: &Value) -> Value {
    let word = word.as_str().unwrap_or_default().to_lowercase();
    if words.contains(&&*word) { word.into() } else { Value::Null }
}

/// An order as a shipment.
pub(super) fn shown(cx: &Cx<'_>, sold: &Members) -> Members {
    let read = |name: &str| sold.get(name).cloned().unwrap_or_default();
    let carrier = sold.get("carrierCode").and_then(Value::as_str).and_then(|code| CATALOG.carrier(code));
    let (advanced, paid) =
        (read("advancedOptions"), |name: &str| json!({ "currency": "usd", "amount": super::float(decimal(&read(name))) }));
    let warehouse = advanced["warehouseId"].as_u64();
    let stored: Option<Members> = match warehouse {
        Some(id) => cx.docs.get(WAREHOUSE, &id.to_string()),
        None => cx.docs.list::<Members>(WAREHOUSE).find(|row| row["isDefault"] == true),
    };
    let of = |member: &str| address::of_warehouse(stored.as_ref()?, member);
    let to: Address = serde_json::from_value(read("shipTo")).unwrap_or_default();
    let mut to = address::shipping(&to);
    to["email"] = read("customerEmail");
    let tags = read("tagIds");
    let tags = tags.as_array().into_iter().flatten().filter_map(|id| cx.docs.get::<Members>(TAG, &id.to_string()));
    let id = sold.get("orderId").and_then(Value::as_u64).unwrap_or_default();
    let mut sent = json!({
        "carrier_id": carrier.map(|carrier| se(carrier.id)), "service_code": read("serviceCode"),
        "requested_shipment_service": read("requestedShippingService"), "shipment_number": read("orderNumber"),
        "hold_until_date": read("holdUntilDate"),
        "ship_date": read("shipDate").as_str().map_or_else(|| json!(super::day(cx.now)), Value::from), "ship_by_date": read("shipByDate"),
        "ship_to": to, "ship_from": of("originAddress"), "return_to": of("returnAddress"), "warehouse_id": warehouse.map(se),
        "confirmation": known(CONFIRMATIONS, &read("confirmation")), "customs": customs(&read("internationalOptions")),
        "advanced_options": {
            "contains_alcohol": advanced["containsAlcohol"], "non_machinable": advanced["nonMachinable"],
            "saturday_delivery": advanced["saturdayDelivery"], "custom_field1": advanced["customField1"],
            "custom_field2": advanced["customField2"], "custom_field3": advanced["customField3"],
        },
        "tags": tags.map(|tag| json!({ "name": tag["name"] })).collect::<Vec<_>>(), "store_id": advanced["storeId"].as_u64().map(se),
        "items": read("items").as_array().into_iter().flatten().map(item).collect::<Vec<_>>(), "notes_from_buyer": read("customerNotes"),
        "internal_notes": read("internalNotes"), "notes_for_gift": read("giftMessage"), "is_gift": read("gift"),
        "assigned_user": read("userId"), "amount_paid": paid("amountPaid"), "shipping_paid": paid("shippingAmount"),
        "tax_paid": paid("taxAmount"),
    });
    let package = package(id, sold);
    let more = [
        ("shipment_id", se(id).into()),
        ("created_at", moment(instant(&read("createDate")).unwrap_or(cx.now)).into()),
        ("modified_at", moment(instant(&read("modifyDate")).unwrap_or(cx.now)).into()),
        ("shipment_status", status(&read("orderStatus")).into()),
        ("total_weight", package["weight"].clone()),
        ("packages", json!([package])),
    ];
    more.into_iter().for_each(|(name, value)| sent[name] = value);
    let Value::Object(mut shown) = cx.completed_by(shipment::DOCUMENT, "Shipment", &sent, FORMS) else { return Members::default() };
    if read("orderStatus") == "on_hold" {
        shown.insert(shipment::HELD.to_owned(), true.into());
    }
    Members(shown)
}

/// A member of an order as a shipment by its JSON pointer, as [`shipment::member`] says; nothing if that takes the whole shipment.
pub(super) fn member(cx: &Cx<'_>, sold: &[u8], pointer: &str) -> Option<Value> {
    let read = |member: &str| json::at(sold, member).and_then(|found| serde_json::from_slice(found).ok()).unwrap_or_default();
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
    STATUSES.iter().find(|(first, _)| *word == *first).map_or("pending", |(_, second)| second)
}

/// A time of version 1, which is Pacific.
fn instant(text: &Value) -> Option<Timestamp> {
    wire::instant(text.as_str()?.parse().ok()?)
}

/// The package of an order: it has one.
fn package(id: u64, sold: &Members) -> Value {
    let weight: Option<Weight> = sold.get("weight").and_then(|weight| serde_json::from_value(weight.clone()).ok());
    let sizes: Option<Dimensions> = sold.get("dimensions").and_then(|sizes| serde_json::from_value(sizes.clone()).ok());
    let code = sold.get("packageCode").and_then(Value::as_str).unwrap_or("package");
    json!({
        "shipment_package_id": se(id), "package_id": "se-3", "package_code": code, "package_name": "Package",
        "weight": weight.map_or_else(|| json!({ "value": 0.0, "unit": "ounce" }), |weight| address::weight(&weight)),
        "dimensions": address::dimensions(sizes.as_ref()), "insured_value": { "currency": "usd", "amount": 0.0 },
        "label_messages": { "reference1": null, "reference2": null, "reference3": null }, "external_package_id": null,
        "content_description": null, "products": null, "dangerous_goods_package_info": null,
    })
}

fn item(row: &Value) -> Value {
    let weight: Option<Weight> = serde_json::from_value(row["weight"].clone()).ok();
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
    let contents = known(CONTENTS, &options["contents"]);
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
    let non_delivery = known(NON_DELIVERY, &options["nonDelivery"]);
    json!({ "contents": contents, "non_delivery": non_delivery, "customs_items": items.collect::<Vec<_>>() })
}

/// What a shipment declares at a border, as an order does.
fn declared(shipment: &Members) -> Value {
    let customs = &shipment["customs"];
    let rows = customs["customs_items"].as_array().into_iter().flatten();
    let items = rows.map(|row| {
        let value = decimal(row["value"].get("amount").unwrap_or(&row["value"]));
        json!({
            "description": row["description"], "quantity": row["quantity"], "value": value * row["quantity"].as_i64().unwrap_or(1),
            "harmonizedTariffCode": row["harmonized_tariff_code"], "countryOfOrigin": row["country_of_origin"],
        })
    });
    match customs {
        Value::Null => Value::Null,
        _ => json!({
            "contents": customs["contents"], "nonDelivery": customs["non_delivery"], "customsItems": items.collect::<Vec<_>>(),
        }),
    }
}

/// Changes the order that a shipment also is.
pub(super) fn change(cx: &mut Cx<'_>, id: u64, shipment: &Members) {
    let Some(sold) = cx.docs.get::<Members>(ORDER, &id.to_string()) else { return };
    let found = sold.get("orderStatus").cloned().unwrap_or_default();
    let state = shipment.get("shipment_status").cloned().unwrap_or_default();
    let is_same = STATUSES.iter().any(|(first, second)| found == *first && state == *second);
    let status = STATUSES.iter().find(|(_, second)| state == *second).map_or("awaiting_shipment", |(first, _)| first);
    let changed = members(cx, shipment);
    let [carrier, service, package, confirmation, ship_to, items, weight, sizes, tags] = changed;
    order::change(
        cx,
        id,
        [
            ("orderStatus", if is_same { found } else { status.into() }),
            carrier,
            service,
            package,
            confirmation,
            ship_to,
            items,
            weight,
            sizes,
            tags,
            ("internalNotes", shipment.get("internal_notes").cloned().unwrap_or_default()),
            ("userId", shipment.get("assigned_user").cloned().unwrap_or_default()),
        ],
    );
}

/// What an order and a shipment both say.
fn members<'n>(cx: &Cx<'_>, shipment: &Members) -> [(&'n str, Value); 9] {
    let read = |name: &str| shipment.get(name).cloned().unwrap_or_default();
    let first = read("packages")[0].clone();
    let names = read("tags");
    let is_named = |tag: &Members| names.as_array().is_some_and(|names| names.iter().any(|name| name["name"] == tag["name"]));
    let tags: Vec<Value> = cx.docs.list::<Members>(TAG).filter(is_named).map(|tag| tag["tagId"].clone()).collect();
    let carrier = shipment::carrier(shipment);
    [
        ("carrierCode", carrier.map(|carrier| carrier.code.clone()).into()),
        ("serviceCode", read("service_code")),
        ("packageCode", first["package_code"].clone()),
        ("confirmation", read("confirmation")),
        ("shipTo", json!(address::read(&read("ship_to")))),
        ("items", read("items").as_array().into_iter().flatten().map(sold_item).collect()),
        ("weight", address::numbered(&address::read_weight(&read("total_weight")))),
        ("dimensions", json!(address::read_dimensions(&first["dimensions"]))),
        ("tagIds", if tags.is_empty() { Value::Null } else { tags.into() }),
    ]
}

fn sold_item(row: &Value) -> Value {
    let weight = Some(&row["weight"]).filter(|weight| !weight.is_null()).map(|weight| address::numbered(&address::read_weight(weight)));
    let amount = |name: &str| row.get(name).filter(|value| !value.is_null()).map(decimal);
    json!({
        "orderItemId": row["item_id"].as_str().and_then(|id| id.parse::<u64>().ok()), "lineItemKey": row["external_order_item_id"],
        "sku": row["sku"], "name": row["name"], "imageUrl": row["image_url"], "weight": weight, "quantity": row["quantity"],
        "unitPrice": amount("unit_price").unwrap_or_default(), "taxAmount": amount("tax_amount"),
        "shippingAmount": amount("shipping_amount"), "warehouseLocation": row["inventory_location"], "options": row["options"],
        "productId": row["product_id"].as_str().and_then(|id| id.parse::<u64>().ok()), "fulfillmentSku": row["fullfilment_sku"],
        "adjustment": false, "upc": row["upc"], "createDate": null, "modifyDate": null,
    })
}

/// Makes the order that a new shipment also is (`create_sales_order`), as if version 1 had been told of it; its number.
///
/// # Errors
/// What version 1 has against it.
pub(crate) fn create(cx: &mut Cx<'_>, shipment: &Members) -> Result<u64, Refusal> {
    let read = |name: &str| shipment.get(name).cloned().unwrap_or_default();
    let (now, to) = (wire::date::stamp(cx.now), json!(address::read(&read("ship_to"))));
    let paid = |name: &str| shipment.get(name).map_or(Money::default(), |money| decimal(&money["amount"]));
    let external = read("external_shipment_id");
    let number =
        [&read("shipment_number"), &external].into_iter().find_map(Value::as_str).map_or_else(|| super::token(cx, &now, 10), str::to_owned);
    let advanced = read("advanced_options");
    let mut sold = json!({
        "orderNumber": number, "orderKey": external, "orderDate": now, "paymentDate": now, "orderStatus": "awaiting_shipment",
        "customerEmail": read("ship_to")["email"], "billTo": to, "amountPaid": paid("amount_paid"), "taxAmount": paid("tax_paid"),
        "shippingAmount": paid("shipping_paid"), "customerNotes": read("notes_from_buyer"), "internalNotes": read("internal_notes"),
        "gift": read("is_gift"), "giftMessage": read("notes_for_gift"), "requestedShippingService": read("requested_shipment_service"),
        "advancedOptions": {
            "warehouseId": read("warehouse_id").as_str().and_then(super::number), "nonMachinable": advanced["non_machinable"],
            "saturdayDelivery": advanced["saturday_delivery"], "containsAlcohol": advanced["contains_alcohol"],
            "customField1": advanced["custom_field1"], "customField2": advanced["custom_field2"],
            "customField3": advanced["custom_field3"],
        },
    });
    members(cx, shipment).into_iter().for_each(|(name, value)| sold[name] = value);
    sold["internationalOptions"] = declared(shipment);
    sold["confirmation"] = Some(read("confirmation")).filter(|word| *word != "none").into();
    let sold = sold.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let sold = sold.map(|(name, value)| (name.clone(), value.clone())).collect();
    import(cx, &sold).map(|order| order.order_id)
}
