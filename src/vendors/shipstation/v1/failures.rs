//! What scenarios can make version 1, or a carrier behind it, say no to: an exception in the carrier's words, or an answer that does
//! not approve.

use serde_json::json;

use super::super::labels;
use super::dialect::message;
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Refusal, Reply, Way};

const LABELS: &[&str] = &["createLabelForOrder", "createShipmentLabel"];

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: |text| message(text),
    named: &[
        // The texts are inferred.
        carrier(CARRIER_REFUSES, LABELS, "The carrier could not process the request."),
        carrier(CARRIER_REFUSES, &["getRates"], "One or more providers reported an error: the carrier could not process the request."),
        carrier("address_undeliverable", LABELS, "The address of the recipient could not be found."),
        carrier("insufficient_funds", LABELS, "Insufficient funds: the balance does not cover the postage."),
        carrier("rate_unavailable", &["getRates"], "One or more providers reported an error: the service is not available."),
        BusinessFailure {
            name: "void_window_over",
            operations: &["voidLabel"],
            text: "The label is too old to be voided",
            way: Way::Answer(|text| Reply::ok(json!({"approved": false, "message": text}))),
        },
    ],
};

const fn carrier(name: &'static str, operations: &'static [&'static str], text: &'static str) -> BusinessFailure {
    BusinessFailure { name, operations, text, way: Way::Refuse(refused) }
}

fn refused(text: &str) -> Refusal {
    labels::refused(text)
}
