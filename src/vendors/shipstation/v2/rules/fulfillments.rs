//! Fulfillments: shipments that were sent by other means, which both versions have.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::listing::{self, LISTING};
use super::super::wire::{self, Members, address, moment, se, shipment};
use super::super::{checks, rates, webhooks};
use crate::engine::listing::{Filter, Listing, Test};
use crate::engine::{Cx, Json, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::v1;
use crate::vendors::shipstation::wire::{self as shared, FULFILLMENT, address::Address, money::Money};

const FULFILLMENTS: Listing = Listing {
    filters: &[
        Filter { name: "shipment_id", member: "/shipment_id", test: Test::Equal },
        Filter { name: "tracking_number", member: "/tracking_number", test: Test::Equal },
    ],
    ..LISTING
};

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    cx.call.valid()?;
    let rows: Vec<Value> = cx.docs.all::<Members>(FULFILLMENT).iter().map(to_json).collect();
    let page = FULFILLMENTS.read(cx.call)?.rows(rows)?;
    Ok(listing::answer(cx, "fulfillments", page))
}

fn to_json(row: &Members) -> Value {
    let to: Address = serde_json::from_value(row["shipTo"].clone()).unwrap_or_default();
    let at = |name: &str| row.get(name).and_then(Value::as_str).and_then(|text| shared::instant(text.parse().ok()?)).map(moment);
    let carrier = row.get("carrierCode").and_then(Value::as_str).unwrap_or_default();
    let mut to = address::shipping(&to);
    to["email"] = row["customerEmail"].clone();
    let name = CATALOG.carrier(carrier).map_or(carrier, |carrier| carrier.friendly_name(false));
    json!({
        "fulfillment_id": row["fulfillmentId"].as_u64().map(se), "shipment_id": row["orderId"].as_u64().map(se),
        "shipment_number": row["orderNumber"], "user_id": row["userId"], "tracking_number": row["trackingNumber"],
        "created_at": at("createDate"), "ship_date": at("shipDate"), "voided_at": at("voidDate"), "delivered_at": at("deliveryDate"),
        "fulfillment_carrier_friendly_name": name, "fulfillment_provider_id": se(16_846),
        "fulfillment_provider_friendly_name": "External", "fulfillment_provider_code": "external", "fulfillment_service_code": "ext",
        "fulfillment_fee": wire::dollars(wire::decimal(&row["fulfillmentFee"])), "void_requested": row["voidRequested"] == true,
        "voided": row["voided"] == true, "order_source_notified": row["marketplaceNotified"] == true,
        "notification_error_message": row["notifyErrorMessage"], "ship_to": to,
    })
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    fulfillments: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    shipment_id: String,
    tracking_number: String,
    carrier_code: String,
    ship_date: Option<String>,
    notify_customer: Option<bool>,
    notify_order_source: Option<bool>,
}

/// Each by itself: 200 whatever becomes of them, and `has_errors` when one failed.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    let (mut rows, mut has_errors) = (Vec::new(), false);
    for one in sent.fulfillments {
        let number = wire::number(&one.shipment_id).unwrap_or_default();
        let shipment = shipment::view(cx, number);
        let known = shipment.as_ref().map_or(Value::Null, |shipment| shipment["shipment_number"].clone());
        let fault = fault(cx, &one, shipment.as_ref());
        has_errors |= fault.is_some();
        if let (None, Some(shipment)) = (&fault, shipment) {
            fulfill(cx, number, &shipment, &one);
        }
        rows.push(json!({ "shipment_id": one.shipment_id, "shipment_number": known, "error_message": fault }));
    }
    Ok(Reply::json(StatusCode::OK, json!({ "has_errors": has_errors, "fulfillments": rows })))
}

fn fault(cx: &Cx<'_>, one: &One, shipment: Option<&Members>) -> Option<String> {
    let Some(shipment) = shipment else { return Some(format!("Shipment {} was not found.", one.shipment_id)) };
    let is_known = |code: &str| rates::connected(cx).any(|carrier| carrier.code == code || carrier.v2_code.as_deref() == Some(code));
    match shipment["shipment_status"].as_str() {
        Some("pending" | "processing") if is_known(&one.carrier_code) => None,
        Some("pending" | "processing") => Some(format!("Carrier {} is not connected.", one.carrier_code)),
        _ => Some(format!("Shipment {} is already fulfilled or cancelled.", one.shipment_id)),
    }
}

fn fulfill(cx: &mut Cx<'_>, number: u64, shipment: &Members, one: &One) {
    let id = shared::next_id(cx, &FULFILLMENT);
    let date = one.ship_date.as_deref().and_then(checks::instant).unwrap_or(cx.now);
    let day = date.to_zoned(jiff::tz::TimeZone::UTC).date();
    let row = json!({
        "fulfillmentId": id, "orderId": number, "orderNumber": shipment["shipment_number"],
        "userId": CATALOG.users.first().map(|user| user["userId"].clone()), "customerEmail": shipment["ship_to"]["email"],
        "trackingNumber": one.tracking_number, "createDate": shared::date::stamp(cx.now), "shipDate": format!("{day}T00:00:00.0000000"),
        "voidDate": null, "deliveryDate": null, "carrierCode": one.carrier_code, "sellerFillProviderId": null,
        "sellerFillProviderName": null, "fulfillmentProviderCode": null, "fulfillmentServiceCode": null,
        "fulfillmentFee": Money::default(), "voidRequested": false, "voided": false,
        "marketplaceNotified": one.notify_order_source == Some(true), "notifyErrorMessage": null,
        "shipTo": address::read(&shipment["ship_to"]),
    });
    cx.docs.put(FULFILLMENT, &id.to_string(), &row);
    if one.notify_customer == Some(true) {
        cx.note("customer-notified", crate::engine::Blame::Sandbox, "nobody is sent an e-mail");
    }
    shipment::change(cx, number, &[("shipment_status", "label_purchased".into())]);
    webhooks::fulfilled(cx, id, number);
    v1::fulfilled(cx, id, shipment["store_id"].as_str().and_then(wire::number));
}
