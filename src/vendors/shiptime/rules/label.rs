//! Documents: the label, and the customs invoice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::Value;

use super::SHIPMENT;
use super::shipments::{self, Shipment};
use crate::carrier::pdf;
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// The label, a page for each piece.
pub(in crate::vendors::shiptime) fn label(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let numbers = &shipment.booked.tracking_numbers;
    let pages: Vec<Vec<String>> = numbers.iter().enumerate().map(|(index, number)| page(&shipment, number, index + 1)).collect();
    Ok(answer(cx, &pages))
}

/// The customs invoice, of shipments that cross a border with one.
pub(in crate::vendors::shiptime) fn customs(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let id = shipment.booked.ship_id;
    let invoice = shipment.customs_invoice.as_ref().ok_or_else(|| Refusal::missing(SHIPMENT, id.to_string()))?;
    let mut lines = vec!["CUSTOMS INVOICE".to_owned(), format!("Shipment {id}"), String::new()];
    lines.extend(address("From", &shipment, "from"));
    lines.extend(address("To", &shipment, "to"));
    let currency = invoice.get("currency").and_then(Value::as_str).unwrap_or("CAD");
    for item in invoice.get("invoiceItems").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let cents = item.get("unitPrice").and_then(Value::as_i64).unwrap_or(0);
        let quantity = item.get("quantity").and_then(Value::as_i64).unwrap_or(0);
        let price = format!("{}.{:02} {currency}", cents / 100, cents.rem_euclid(100));
        lines.push(format!("{quantity} x {} ({}, {}) at {price}", text("description"), text("code"), text("origin")));
    }
    Ok(answer(cx, &[lines]))
}

/// PDF, unless the caller wants JSON and nothing else: then base64 in a JSON text.
fn answer(cx: &Cx<'_>, pages: &[Vec<String>]) -> Reply {
    let document = pdf::pages(pages);
    let accept = cx.call.request.header("accept").unwrap_or("*/*");
    if accept.contains("application/json") && !accept.contains("*/*") && !accept.contains("application/pdf") {
        return Reply::ok(STANDARD.encode(document));
    }
    Reply::bytes(StatusCode::OK, "application/pdf", document)
}

fn page(shipment: &Shipment, number: &str, piece: usize) -> Vec<String> {
    let (id, count) = (shipment.booked.ship_id, shipment.booked.tracking_numbers.len());
    let mut lines = vec![format!("{} {}", shipment.detail.carrier_name, shipment.detail.service_name), String::new()];
    lines.extend(address("From", shipment, "from"));
    lines.extend(address("To", shipment, "to"));
    lines.push(format!("Tracking number {number}"));
    lines.push(format!("Shipment {id}, piece {piece} of {count}"));
    lines.push("Sample, not for carriage".to_owned());
    lines
}

fn address(title: &str, shipment: &Shipment, end: &str) -> Vec<String> {
    let text = |member: &str| shipment.text(end, member).to_owned();
    let town = format!("{} {} {} {}", text("city"), text("state"), text("postalCode"), text("countryCode"));
    let lines = [title.to_owned(), text("attention"), text("companyName"), text("streetAddress"), text("streetAddress2"), town];
    lines.into_iter().filter(|line| !line.is_empty()).chain([String::new()]).collect()
}
