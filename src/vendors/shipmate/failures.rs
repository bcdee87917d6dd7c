//! What scenarios can make Shipmate, or a carrier behind it, say no to.

use serde_json::Value;

use super::dialect::{CARRIER, NO_SERVICE};
use super::wire::CONSIGNMENT;
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Refusal, Way};

const BOOKINGS: &[&str] = &["createConsignment", "createShipment"];

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: said,
    named: &[
        // The texts of both are inferred.
        refused(CARRIER_REFUSES, BOOKINGS, "The carrier has rejected this consignment", said),
        refused("address_undeliverable", BOOKINGS, "The carrier does not deliver to this address", said),
        refused("rate_unavailable", &["createConsignment", "createShipment", "getServicesForShipment"], "", |text| match text {
            "" => Refusal::Because(NO_SERVICE, Value::Null),
            text => said(text),
        }),
        refused("void_window_over", &["cancelConsignment", "cancelShipment"], "", |text| match text {
            "" => Refusal::wrong_state(CONSIGNMENT, "", "manifested"),
            text => said(text),
        }),
    ],
};

const fn refused(
    name: &'static str,
    operations: &'static [&'static str],
    text: &'static str,
    refuse: fn(&str) -> Refusal,
) -> BusinessFailure {
    BusinessFailure { name, operations, text, way: Way::Refuse(refuse) }
}

fn said(text: &str) -> Refusal {
    Refusal::Because(CARRIER, text.into())
}
