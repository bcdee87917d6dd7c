//! Small calls that read many documents each, or wait for those who do.

use std::io::{Read, Write};
use std::net::SocketAddr;

use serde_json::json;

use super::{connect, post, with_eight_hands};

const API_KEY: &str = "seatrial-live";

/// Looks in vain for one of many shipments, whose path names it, and reads one in between.
pub(super) fn small_calls(address: SocketAddr) {
    let place = json!({
        "name": "Alex Harbour", "phone": "555-010-0199", "address_line1": "14 Mooring Lane", "city_locality": "Austin", "state_province": "TX",
        "postal_code": "78701", "country_code": "US",
    });
    let shipment = json!({"ship_to": place, "ship_from": place, "packages": [{"weight": {"value": 1, "unit": "ounce"}}]});
    let body = json!({"shipments": vec![shipment; 100]}).to_string();
    for _ in 0..50 {
        post(address, "/shipstation/v2/shipments", &[("content-type", "application/json"), ("api-key", API_KEY)], &body);
    }
    let get =
        |path: &str| format!("GET /shipstation/{path} HTTP/1.1\r\nhost: localhost\r\napi-key: {API_KEY}\r\nconnection: close\r\n\r\n");
    let (all, one) = (get("v2/shipments/external_shipment_id/none"), get("v2/shipments/se-1"));
    with_eight_hands(|hand| {
        let request = if hand < 6 { &all } else { &one };
        let open: Vec<_> = (0..5).filter_map(|_| connect(address)).collect();
        for mut stream in &open {
            let _ = stream.write_all(request.as_bytes());
        }
        for mut stream in &open {
            let _ = stream.read(&mut [0; 4096]);
        }
    });
}
