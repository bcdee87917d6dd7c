//! What is printed: labels, return labels and picking lists, as PDF in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::time::Timestamp;
use crate::carrier::pdf;
use crate::vendors::shiptheory::wire::{self, Address, Enclosed, Number, Shipment};

/// The label of a booked shipment: a page for each parcel, then the return labels that travel in the box. The same
/// shipment always gives the same bytes, so nothing has to be kept.
pub(super) fn outgoing(shipment: &Shipment, tracking_number: &str) -> String {
    let service = shipment.service.as_ref().map_or("", |service| service.name.as_str());
    let carrier = shipment.carrier.as_deref().unwrap_or_default();
    let weight = shipment.detail.weight / f64::from(shipment.detail.parcels);
    let page = |parcel: u32| {
        let mut lines = vec![format!("{carrier} {service}"), tracking_number.to_owned(), String::new()];
        lines.extend(address(&shipment.recipient));
        lines.extend([String::new(), format!("Parcel {parcel} of {}", shipment.detail.parcels), format!("{:.3} kg", weight)]);
        lines.push(format!("Reference {}", shipment.reference));
        lines
    };
    let mut pages: Vec<Vec<String>> = (1..=shipment.detail.parcels.min(200)).map(page).collect();
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
        let row = |line: &wire::Line| format!("{} x {}  {}", line.qty.unwrap_or(1), line.sku, line.name);
        lines.extend(shipment.products.iter().map(row));
        lines.push(format!("{} kg", serde_json::json!(Number(shipment.detail.weight))));
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

fn address(address: &Address) -> Vec<String> {
    let name = format!("{} {}", address.firstname, address.lastname);
    let place = format!("{} {}", address.city, address.postcode);
    let lines = [
        address.company.clone(),
        Some(name),
        Some(address.address_line_1.clone()),
        address.address_line_2.clone(),
        address.address_line_3.clone(),
        Some(place),
        address.county.clone(),
        Some(wire::alpha3(&address.country)),
    ];
    lines.into_iter().flatten().filter(|line| !line.is_empty()).collect()
}
