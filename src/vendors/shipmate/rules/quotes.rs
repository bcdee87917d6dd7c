//! What a shipment would cost, by service; version 1.2 only.

use serde::Serialize;

use super::{order, routing};
use crate::engine::{Cx, Outcome, Reply};
use crate::vendors::shipmate::catalog::{CATALOG, Service};
use crate::vendors::shipmate::label;
use crate::vendors::shipmate::wire::Envelope;

#[derive(Serialize)]
struct Services {
    recommended_service: Option<Quote>,
    services: Vec<Quote>,
}

#[derive(Serialize)]
struct Quote {
    carrier: &'static str,
    carrier_account: String,
    service_name: &'static str,
    full_service_name: String,
    service_key: &'static str,
    base_price: &'static str,
    additional_parcel_price: &'static str,
    surcharges: &'static str,
    fuel_surcharge: &'static str,
    total_price: String,
    estimated_delivery_date: String,
}

/// Every service that takes all parcels to that country, the one that routing would choose before the others. Nothing is
/// stored, and references need not be free.
pub fn services(cx: &mut Cx<'_>) -> Outcome {
    let order = order::read(cx, &cx.call.body, order::Purpose::Quoting)?;
    let sent = order.despatch.filter(|despatch| *despatch > cx.now).unwrap_or(cx.now);
    let quote = |service: &'static Service| Quote {
        carrier: &service.carrier,
        carrier_account: format!("{}_account_1", service.carrier.to_lowercase()),
        service_name: service.label_name(),
        full_service_name: format!("{} {}", service.carrier, service.label_name()),
        service_key: &service.key,
        base_price: &service.price,
        additional_parcel_price: &service.price,
        surcharges: "0.00",
        fuel_surcharge: "0.00",
        total_price: total(&service.price, order.parcels.len()),
        estimated_delivery_date: label::estimate(service, sent, order.location, &order.to),
    };
    let data = Services {
        recommended_service: routing::choose(&order).ok().map(quote),
        services: CATALOG.services.iter().filter(|service| routing::reaches(service, &order)).map(quote).collect(),
    };
    Ok(Reply::ok(Envelope { message: "Services Retrieved", data }))
}

/// So many times a price of two decimals.
fn total(price: &str, parcels: usize) -> String {
    let cents: usize = price.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap_or_default();
    let cents = cents * parcels;
    format!("{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parcel_costs_the_price() {
        assert_eq!(total("8.75", 3), "26.25");
        assert_eq!(total("0.00", 2), "0.00");
    }
}
