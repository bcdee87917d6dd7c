//! Fulfillments: shipments that were sent by other means, which both versions have.

use serde_json::{Value, json};

use super::super::listing::{self, LISTING};
use super::super::wire::{self, Members, address, moment, se, shipment};
use super::super::{checks, rates, webhooks};
use crate::engine::{Blame, Cx, Outcome, Reply};
use crate::vendors::shipstation::catalog::CATALOG;
use crate::vendors::shipstation::v1::{self, rules::fulfillments};
use crate::vendors::shipstation::wire::{self as shared, FULFILLMENT, address::Address};

/// Those that pass the filters, newest first.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let mut rows = cx.docs.all::<Members>(FULFILLMENT);
    if let Some(batch) = listing::asked(cx, "batch_id") {
        let wanted = super::batches::shipments(cx, batch);
        rows.retain(|row| row["orderId"].as_u64().is_some_and(|number| wanted.contains(&number)));
    }
    if let Some(source) = listing::asked(cx, "order_source_id") {
        let is_from = |number| shipment::view(cx, number).is_some_and(|shipment| shipment["store_id"] == source);
        rows.retain(|row| row["orderId"].as_u64().is_some_and(is_from));
    }
    let rows: Vec<Value> = rows.iter().map(to_json).collect();
    Ok(listing::answer(cx, "fulfillments", LISTING.read(cx.call)?.rows(rows)?))
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

/// Each by itself: 200 whatever becomes of them, and `has_errors` when one failed.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut rows, mut has_errors) = (Vec::new(), false);
    for one in cx.call.body["fulfillments"].as_array().into_iter().flatten() {
        let id = one["shipment_id"].as_str().unwrap_or_default();
        let number = wire::number(id).unwrap_or_default();
        let shipment = shipment::view(cx, number);
        let fault = fault(cx, one, shipment.as_ref());
        has_errors |= fault.is_some();
        let shipment = shipment.unwrap_or_default();
        if fault.is_none() {
            fulfill(cx, number, &shipment, one);
        }
        rows.push(json!({ "shipment_id": id, "shipment_number": shipment["shipment_number"], "error_message": fault }));
    }
    Ok(Reply::ok(json!({ "has_errors": has_errors, "fulfillments": rows })))
}

fn fault(cx: &Cx<'_>, one: &Value, shipment: Option<&Members>) -> Option<String> {
    let text = |name: &str| one[name].as_str().unwrap_or_default();
    let Some(shipment) = shipment else { return Some(format!("Shipment {} was not found.", text("shipment_id"))) };
    let code = text("carrier_code");
    let is_known = || rates::connected(cx).any(|carrier| carrier.code == code || carrier.v2_code.as_deref() == Some(code));
    match shipment["shipment_status"].as_str() {
        Some("pending" | "processing") if is_known() => None,
        Some("pending" | "processing") => Some(format!("Carrier {code} is not connected.")),
        _ => Some(format!("Shipment {} is already fulfilled or cancelled.", text("shipment_id"))),
    }
}

fn fulfill(cx: &mut Cx<'_>, number: u64, shipment: &Members, one: &Value) {
    if one["notify_customer"] == true {
        cx.note("customer-notified", Blame::Sandbox, "nobody is sent an e-mail");
    }
    let date = one["ship_date"].as_str().and_then(checks::instant).unwrap_or(cx.now);
    let own = json!({
        "orderId": number, "orderNumber": shipment["shipment_number"], "customerEmail": shipment["ship_to"]["email"],
        "trackingNumber": one["tracking_number"], "shipDate": date.strftime("%Y-%m-%dT00:00:00.0000000").to_string(),
        "carrierCode": one["carrier_code"], "marketplaceNotified": one["notify_order_source"],
        "shipTo": address::read(&shipment["ship_to"]),
    });
    shipment::change(cx, number, &[("shipment_status", "label_purchased".into())]);
    let id = fulfillments::add(cx, own);
    webhooks::fulfilled(cx, id, number);
    v1::fulfilled(cx, id, shipment["store_id"].as_str().and_then(wire::number));
}
