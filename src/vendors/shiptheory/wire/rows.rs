//! Shipments as search and list show them, and their products.

use serde_json::{Value, json};

use crate::carrier::countries;
use crate::engine::Cx;
use crate::vendors::shiptheory::rules::products::Product;
use crate::vendors::shiptheory::wire::{self, Number, PRODUCT, Shipment};

/// A shipment; `products` only where they were asked for.
pub(crate) fn shipment(shipment: &Shipment, products: Option<Vec<Value>>) -> Value {
    let Shipment { detail, recipient, .. } = shipment;
    let country = countries::find(wire::text(recipient, "country"));
    let mut row = json!({
        "created": wire::stamp(shipment.created),
        "modified": wire::stamp(shipment.modified),
        "channel_reference_id": shipment.reference,
        "channel_reference_id_2": shipment.reference2,
        "channel_name": "Api",
        "status": shipment.status,
        "courier": shipment.carrier.as_ref().map(|carrier| json!({ "couriername": carrier })),
        "courierservice": shipment.service,
        "shipment_detail": {
            "tracking_number": shipment.tracking_number,
            "weight": detail["weight"],
            "grams": grams(detail),
            "gift_message": detail["gift_message"],
            "instructions": detail["instructions"],
            "shipping_price": detail["shipping_price"],
            "value": detail["value"],
            "parcels": detail["parcels"],
            "width": null,
            "height": null,
            "depth": null,
            "channel_reference_id_3": detail["reference3"],
            "ship_date": detail["ship_date"].as_str().and_then(|date| date.get(..10)).map(|date| format!("{date}T00:00:00+0000")),
        },
        "delivery_address": {
            "company": recipient["company"],
            "address_line_1": recipient["address_line_1"],
            "address_line_2": recipient["address_line_2"],
            "address_line_3": recipient["address_line_3"],
            "city": recipient["city"],
            "county": recipient["county"],
            "postcode": recipient["postcode"],
            "telephone": recipient["telephone"],
            "mobile": wire::text(recipient, "mobile"),
            "email": recipient["email"],
            "firstname": recipient["firstname"],
            "lastname": recipient["lastname"],
            "tax_number": recipient["tax_number"],
            "what_3_words": recipient["what3words"],
            "country": {
                "country": country.map_or("", |country| country.name),
                "code": country.map_or("", |country| country.alpha3),
            },
        },
    });
    if let Some(products) = products {
        row["products"] = products.into();
    }
    row["latest_public_reference"] = Value::Null;
    row
}

/// A product of a shipment, numbers as texts; what the booking did not say comes from the catalogue.
pub(crate) fn product(cx: &Cx<'_>, line: &Value) -> Value {
    let known = cx.docs.get::<Product>(PRODUCT, wire::text(line, "sku")).unwrap_or_default();
    let known = |name: &str| known.get(name).cloned().unwrap_or_default();
    let size = |name: &str| Some(known(name)).filter(Value::is_number).unwrap_or_else(|| 0.into()).to_string();
    let filled = |name: &str| Some(wire::text(line, name)).filter(|text| !text.is_empty());
    let text = |name: &str| filled(name).map_or_else(|| known(name), Value::from);
    json!({
        "qty": line["qty"].as_i64().unwrap_or(1),
        "sku": line["sku"],
        "name": line["name"],
        "value": wire::two_decimals(wire::number(line, "value")),
        "catalog_price": wire::two_decimals(known("price").as_f64().unwrap_or_default()),
        "barcode": Some(known("barcode")).filter(|barcode| barcode.as_str() != Some("")),
        "weight": wire::two_decimals(wire::number(line, "weight")),
        "grams": json!(grams(line)).to_string(),
        "length": size("length"),
        "width": size("width"),
        "height": size("height"),
        "commodity_description": text("commodity_description"),
        "commodity_code": text("commodity_code"),
        "commodity_manucountry": filled("commodity_manucountry").map_or_else(|| known("commodity_manucountry"), |own| wire::alpha3(own).into()),
        "commodity_composition": text("commodity_composition"),
    })
}

fn grams(part: &Value) -> Number {
    Number((wire::number(part, "weight") * 1000.0).round())
}
