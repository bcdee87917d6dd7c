//! What scenarios can make Shiptheory, or a carrier behind it, say no to. A booking that a carrier refuses is answered with success,
//! and stays as a failed shipment.

use super::dialect::ERROR;
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Cx, Refusal, Way};

pub(super) const LABEL_PENDING: &str = "label_pending";
const ADDRESS_UNDELIVERABLE: &str = "address_undeliverable";

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: said,
    named: &[
        // The texts are inferred.
        booking(CARRIER_REFUSES, "The carrier has rejected this shipment"),
        booking(ADDRESS_UNDELIVERABLE, "The delivery address is not served by the carrier"),
        booking(LABEL_PENDING, ""),
        BusinessFailure {
            name: CARRIER_REFUSES,
            operations: &["createReturn"],
            text: "The carrier has rejected this return",
            way: Way::Refuse(said),
        },
    ],
};

const fn booking(name: &'static str, text: &'static str) -> BusinessFailure {
    BusinessFailure { name, operations: &["bookShipment"], text, way: Way::Handler }
}

fn said(text: &str) -> Refusal {
    Refusal::Because(ERROR, text.into())
}

/// What the carrier says of a booking that the scenario lets fail.
pub(super) fn of_booking(cx: &Cx<'_>) -> Option<String> {
    cx.fails(CARRIER_REFUSES).or_else(|| cx.fails(ADDRESS_UNDELIVERABLE)).map(str::to_owned)
}
