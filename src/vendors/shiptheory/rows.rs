//! Shipments as search and list show them, and their products.

use serde_json::{Value, json};

use crate::carrier::countries;
use crate::engine::Cx;
use crate::vendors::shiptheory::rules::products::Product;
use crate::vendors::shiptheory::wire::{self, Line, Number, PRODUCT, Shipment};

/// A shipment; `products` only where they were asked for.
pub(super) fn shipment(shipment: &Shipment, products: Option<Vec<Value>>) -> Value {
    let Shipment { detail, recipient, .. } = shipment;
    let country = countries::find(&recipient.country);
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
            "weight": Number(detail.weight),
            "grams": Number((detail.weight * 1000.0).round()),
            "gift_message": detail.gift_message,
            "instructions": detail.instructions,
            "shipping_price": detail.shipping_price.map(Number),
            "value": Number(detail.value),
            "parcels": detail.parcels,
            "width": null,
            "height": null,
            "depth": null,
            "channel_reference_id_3": detail.reference3,
            "ship_date": detail.ship_date.as_deref().and_then(|date| date.get(..10)).map(|date| format!("{date}T00:00:00+0000")),
        },
        "delivery_address": {
            "company": recipient.company,
            "address_line_1": recipient.address_line_1,
            "address_line_2": recipient.address_line_2,
            "address_line_3": recipient.address_line_3,
            "city": recipient.city,
            "county": recipient.county,
            "postcode": recipient.postcode,
            "telephone": recipient.telephone,
            "mobile": recipient.mobile.as_deref().unwrap_or_default(),
            "email": recipient.email,
            "firstname": recipient.firstname,
            "lastname": recipient.lastname,
            "tax_number": recipient.tax_number,
            "what_3_words": recipient.what3words,
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
pub(super) fn product(cx: &Cx<'_>, line: &Line) -> Value {
    let known = cx.docs.get::<Product>(PRODUCT, &line.sku).unwrap_or_default();
    let known = |name: &str| known.get(name).cloned().unwrap_or_default();
    let size = |name: &str| Some(known(name)).filter(Value::is_number).unwrap_or_else(|| 0.into()).to_string();
    let text = |own: &Option<String>, name: &str| own.clone().filter(|text| !text.is_empty()).map_or_else(|| known(name), Value::from);
    json!({
        "qty": line.qty.unwrap_or(1),
        "sku": line.sku,
        "name": line.name,
        "value": wire::two_decimals(line.value),
        "catalog_price": wire::two_decimals(known("price").as_f64().unwrap_or_default()),
        "barcode": Some(known("barcode")).filter(|barcode| barcode.as_str() != Some("")),
        "weight": wire::two_decimals(line.weight),
        "grams": json!(Number((line.weight * 1000.0).round())).to_string(),
        "length": size("length"),
        "width": size("width"),
        "height": size("height"),
        "commodity_description": text(&line.commodity_description, "commodity_description"),
        "commodity_code": text(&line.commodity_code, "commodity_code"),
        "commodity_manucountry": line.commodity_manucountry.as_deref().filter(|country| !country.is_empty()).map_or_else(|| known("commodity_manucountry"), |country| wire::alpha3(country).into()),
        "commodity_composition": text(&line.commodity_composition, "commodity_composition"),
    })
}
