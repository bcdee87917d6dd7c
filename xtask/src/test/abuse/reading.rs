//! Small calls that read many documents each, or wait for those who do.

use std::io::{Read, Write};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{connect, post, with_eight_hands};

const SELLER: (&str, &str) = ("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0");
const API_KEY: &str = "seatrial-live";

/// Looks in vain for one of many shipments, whose path names it, and reads one order in between.
pub(super) fn small_calls(address: SocketAddr) {
    for first in (0..20_000).step_by(100) {
        let address_of = json!({"name": "Alex Harbour", "street1": "14 Mooring Lane", "city": "Austin", "country": "US"});
        let order = |number: u32| {
            json!({
                "orderNumber": number.to_string(), "orderDate": "2026-01-04T10:00:00", "orderStatus": "awaiting_shipment",
                "billTo": address_of, "shipTo": address_of,
            })
        };
        let orders: Value = (first..first + 100).map(order).collect();
        post(address, "/shipstation/orders/createorders", &[("content-type", "application/json"), SELLER], &orders.to_string());
    }
    let get =
        |path: &str| format!("GET /shipstation/{path} HTTP/1.1\r\nhost: localhost\r\napi-key: {API_KEY}\r\nconnection: close\r\n\r\n");
    let (all, one) = (get("v2/shipments/external_shipment_id/none"), get("v2/shipments/se-1"));
    with_eight_hands(|hand| {
        let request = if hand < 6 { &all } else { &one };
        if let Some(mut stream) = connect(address) {
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read(&mut [0; 4096]);
        }
    });
}
