//! What a shipment would cost, by service; version 1.2 only.

use serde_json::{Value, json};

use super::{order, routing};
use crate::engine::{Cx, Outcome};
use crate::vendors::shipmate::catalog::{CATALOG, Service};
use crate::vendors::shipmate::{labels, wire};

/// Every service that takes all parcels to that country, the one that routing would choose before the others. Nothing is
/// stored, and references need not be free.
pub fn services(cx: &mut Cx<'_>) -> Outcome {
    let order = order::read(cx, false)?;
    let sent = order.despatch.filter(|despatch| *despatch > cx.now).unwrap_or(cx.now);
    let quote = |service: &Service| {
        json!({
            "carrier": service.carrier,
            "carrier_account": wire::carrier_account(&service.carrier),
            "service_name": service.label_name(),
            "full_service_name": format!("{} {}", service.carrier, service.label_name()),
            "service_key": service.key,
            "base_price": service.price,
            "additional_parcel_price": service.price,
            "surcharges": "0.00",
            "fuel_surcharge": "0.00",
            "total_price": total(&service.price, order.parcels.len()),
            "estimated_delivery_date": labels::estimate(service, sent, order.location, &order.to),
        })
    };
    let recommended = routing::choose(cx, &order).ok().map(quote);
    let services: Vec<Value> = cx.had(&CATALOG.services).iter().filter(|service| routing::reaches(service, &order)).map(quote).collect();
    Ok(wire::ok("Services Retrieved", json!({"recommended_service": recommended, "services": services})))
}

/// So many times a price of two decimals.
fn total(price: &str, parcels: usize) -> String {
    let cents: usize = price.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default();
    let cents = cents * parcels;
    format!("{}.{:02}", cents / 100, cents % 100)
}
