//! What scenarios can make Shippo, or a carrier behind it, say no to. Carriers refuse inside of answers that succeed, and what they
//! refuse stays.

use super::dialect;
use super::wire::Message;
use crate::engine::{BusinessFailure, BusinessFailures, CARRIER_REFUSES, Cx, Way};

pub(super) const RATE_UNAVAILABLE: &str = "rate_unavailable";
pub(super) const ADDRESS_UNDELIVERABLE: &str = "address_undeliverable";
pub(super) const LABEL_PENDING: &str = "label_pending";
pub(super) const VOID_WINDOW_OVER: &str = "void_window_over";
const INSUFFICIENT_FUNDS: &str = "insufficient_funds";

/// Recorded 2017, of UPS, with its code.
const REFUSED: (&str, &str) = ("120100", "Hard: Missing or invalid shipper number");

pub(super) const FAILURES: BusinessFailures = BusinessFailures {
    refuse: |text| dialect::because_of(text),
    named: &[
        of(CARRIER_REFUSES, &["CreateTransaction"], REFUSED.1),
        of(ADDRESS_UNDELIVERABLE, &["CreateTransaction"], "Recipient address invalid: Address not found."),
        // Recorded.
        of(
            ADDRESS_UNDELIVERABLE,
            &["CreateAddress", "ValidateAddress"],
            "The address as submitted could not be found. Please check for excessive abbreviations in the street address line or in the \
             City name.",
        ),
        // Inferred.
        of(INSUFFICIENT_FUNDS, &["CreateTransaction"], "Insufficient funds in the carrier account."),
        of_labels(CARRIER_REFUSES, REFUSED.1),
        of_labels(ADDRESS_UNDELIVERABLE, "Recipient address invalid: Address not found."),
        of_labels(INSUFFICIENT_FUNDS, "Insufficient funds in the carrier account."),
        of(LABEL_PENDING, &["CreateTransaction"], ""),
        of(VOID_WINDOW_OVER, &["CreateRefund"], ""),
        // Observed 2024 and 2026.
        of(RATE_UNAVAILABLE, &["CreateShipment"], "Carrier account {account} doesn't support one or more shipment options"),
    ],
};

const fn of(name: &'static str, operations: &'static [&'static str], text: &'static str) -> BusinessFailure {
    BusinessFailure { name, operations, text, way: Way::Handler }
}

/// Those of the labels of a batch, of which some may fail.
const fn of_labels(name: &'static str, text: &'static str) -> BusinessFailure {
    BusinessFailure { name, operations: &["PurchaseBatch"], text, way: Way::Items }
}

/// What a carrier says of a purchase that the scenario lets fail; of the label with a number, from 1, where it is one of a batch.
pub(super) fn of_purchase(cx: &Cx<'_>, source: &str, label: Option<u64>) -> Option<Message> {
    let fails = |name| label.map_or_else(|| cx.fails(name), |number| cx.fails_for(name, number));
    let message = |code: &str, text: &str| Message { code: code.to_owned(), ..Message::new(source, text) };
    let refused = fails(CARRIER_REFUSES).map(|text| message(if text == REFUSED.1 { REFUSED.0 } else { "" }, text));
    let undeliverable = || fails(ADDRESS_UNDELIVERABLE).map(|text| message("failed_address_validation", text));
    refused.or_else(undeliverable).or_else(|| fails(INSUFFICIENT_FUNDS).map(|text| message("", text)))
}
