//! What scenarios can make version 2, or a carrier behind it, say no to.

use http::StatusCode;
use serde_json::{Value, json};

use super::dialect::{self, carriers_error, refused, unspecified};
use super::rules::addresses;
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Cx, Refusal, Reply, Way};

pub(super) const ADDRESS_UNDELIVERABLE: &str = "address_undeliverable";
pub(super) const RATE_UNAVAILABLE: &str = "rate_unavailable";

/// What has labels bought later, of which some may fail.
const BATCHES: &[&str] = &["process_batch", "create_batch"];

const LABELS: &[&str] = &["create_label", "create_label_from_rate", "create_label_from_shipment", "create_return_label"];

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: |text| unspecified(text, &Value::Null),
    named: &[
        // What precedes the carrier's words is documented, they are inferred.
        row(CARRIER_REFUSES, LABELS, "The carrier could not process the request.", Way::Refuse(carrier)),
        row(CARRIER_REFUSES, &["calculate_rates", "estimate_rates"], "The carrier could not process the request.", Way::Handler),
        row("insufficient_funds", LABELS, "Insufficient funds: the balance does not cover the postage.", Way::Refuse(carrier)),
        row(ADDRESS_UNDELIVERABLE, LABELS, "Invalid ship_to address.", Way::Refuse(addresses::invalid)),
        row(ADDRESS_UNDELIVERABLE, &["validate_address"], "Address not found", Way::Handler),
        row(CARRIER_REFUSES, BATCHES, "The carrier could not process the request.", Way::Items),
        row("insufficient_funds", BATCHES, "Insufficient funds: the balance does not cover the postage.", Way::Items),
        row(ADDRESS_UNDELIVERABLE, BATCHES, "Invalid ship_to address.", Way::Items),
        row(RATE_UNAVAILABLE, &["calculate_rates"], "No rates were returned.", Way::Handler),
        row("void_window_over", &["void_label"], "This label is too old to be voided.", Way::Answer(too_old)),
    ],
};

const fn row(name: &'static str, operations: &'static [&'static str], text: &'static str, way: Way) -> BusinessFailure {
    BusinessFailure { name, operations, text, way }
}

/// What a batch says of its member with a number, from 1, that the scenario lets fail.
pub(super) fn of_member(cx: &Cx<'_>, number: u64) -> Option<String> {
    let refused = [CARRIER_REFUSES, "insufficient_funds"].into_iter().find_map(|name| cx.fails_for(name, number)).map(carrier);
    refused.or_else(|| cx.fails_for(ADDRESS_UNDELIVERABLE, number).map(addresses::invalid)).map(|refusal| dialect::reason(&refusal))
}

fn carrier(text: &str) -> Refusal {
    refused(StatusCode::BAD_REQUEST, carriers_error(text, &Value::Null))
}

fn too_old(text: &str) -> Reply {
    Reply::ok(json!({ "approved": false, "message": text, "reason_code": "label_not_found_within_void_period" }))
}
