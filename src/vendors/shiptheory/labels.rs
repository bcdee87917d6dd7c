//! What is printed: labels, return labels and picking lists, as PDF in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::carrier::pdf;
use crate::vendors::shiptheory::wire::{self, Enclosed, Shipment};

/// The label of a booked shipment: a page for each parcel, then the return labels that travel in the box. The same
/// shipment always gives the same bytes, so nothing has to be kept.
pub(super) fn outgoing(shipment: &Shipment, tracking_number: &str) -> String {
    let service = shipment.service.as_ref().map_or("", |service| service.name.as_str());
    let carrier = shipment.carrier.as_deref().unwrap_or_default();
    let (parcels, weight) = (shipment.parcels(), shipment.parcel_weight());
    let page = |parcel: u64| {
        let mut lines = vec![format!("{carrier} {service}"), tracking_number.to_owned(), String::new()];
        lines.extend(address(&shipment.recipient));
        lines.extend([String::new(), format!("Parcel {parcel} of {parcels}"), format!("{weight:.3} kg")]);
        lines.push(format!("Reference {}", shipment.reference));
        lines
    };
    let mut pages: Vec<Vec<String>> = (1..=parcels.min(200)).map(page).collect();
    pages.extend(shipment.enclosed.iter().map(|enclosed| back(shipment, enclosed, None)));
    STANDARD.encode(pdf::pages(&pages))
}

/// A return label on its own.
pub(super) fn returning(shipment: &Shipment, enclosed: &Enclosed, expiry: &str) -> String {
    STANDARD.encode(pdf::pages(&[back(shipment, enclosed, Some(expiry))]))
}

/// A picking list: what to fetch for each shipment.
pub(super) fn picking_list(shipments: &[Shipment], now: Timestamp) -> String {
    let page = |shipment: &Shipment| {
        let mut lines = vec![
            "Picking list".to_owned(),
            wire::stamp(now),
            String::new(),
            format!("Shipment {}", shipment.reference),
            format!("Order {}", shipment.reference2),
            String::new(),
        ];
        let row = |line: &Value| {
            let count = line["qty"].as_i64().unwrap_or(1);
            format!("{count} x {}  {}", wire::text(line, "sku"), wire::text(line, "name"))
        };
        lines.extend(shipment.products.iter().map(row));
        lines.push(format!("{} kg", shipment.detail["weight"]));
        lines
    };
    STANDARD.encode(pdf::pages(&shipments.iter().map(page).collect::<Vec<_>>()))
}

fn back(shipment: &Shipment, enclosed: &Enclosed, expiry: Option<&str>) -> Vec<String> {
    let mut lines = vec![format!("{} {}", enclosed.carrier, enclosed.service), enclosed.tracking_number.clone(), String::new()];
    let default = &super::catalog::CATALOG.sender;
    lines.extend(address(shipment.sender.as_ref().unwrap_or(default)));
    lines.extend([String::new(), format!("Return of {}", shipment.reference)]);
    lines.extend(expiry.map(|expiry| format!("Use before {expiry}")));
    lines
}

fn address(address: &Value) -> Vec<String> {
    let text = |name: &str| wire::text(address, name).to_owned();
    let name = format!("{} {}", text("firstname"), text("lastname"));
    let place = format!("{} {}", text("city"), text("postcode"));
    let [company, first, second, third] = ["company", "address_line_1", "address_line_2", "address_line_3"].map(text);
    let lines = [company, name, first, second, third, place, text("county"), wire::alpha3(&text("country"))];
    lines.into_iter().filter(|line| !line.is_empty()).collect()
}
