//! What scenarios can make ShipTime, or a carrier behind it, say no to.

use serde_json::{Value, json};

use super::dialect::{CARRIER_REFUSED, message};
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Refusal, Reply, Way};

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: |text| message(text),
    named: &[
        // The status is a client's, the texts are inferred.
        refused(CARRIER_REFUSES, "The carrier is not available for this shipment", |text| Refusal::Because(CARRIER_REFUSED, text.into())),
        refused("address_undeliverable", "The destination is not served by the carrier", |text| {
            Refusal::Because(CARRIER_REFUSED, text.into())
        }),
        refused("insufficient_funds", "The payment was declined", |text| message(text)),
        BusinessFailure {
            name: "rate_unavailable",
            operations: &["rate-post"],
            text: "No rates found",
            way: Way::Refuse(|text| Refusal::Because("no_rates", if text == "No rates found" { Value::Null } else { text.into() })),
        },
        BusinessFailure {
            name: "void_window_over",
            operations: &["shipments-cancel"],
            text: "Shipment cannot be cancelled, its status is IN_TRANSIT",
            way: Way::Answer(|text| Reply::ok(json!({"success": false, "messages": [text]}))),
        },
    ],
};

const fn refused(name: &'static str, text: &'static str, refuse: fn(&str) -> Refusal) -> BusinessFailure {
    BusinessFailure { name, operations: &["shipments-post"], text, way: Way::Refuse(refuse) }
}
