//! How prices are written: with the four decimals of the vendor's database.

use serde_json::Value;

use crate::base::money::Priced;

/// A document with prices in it. Recorded by the lengths of answers: what a carrier asks, and what the wallet holds.
pub(crate) fn priced(value: Value) -> Priced {
    let is_price = |name: &str| {
        matches!(name, "shipment_cost" | "shipping_amount" | "other_amount" | "confirmation_amount" | "rate_details" | "balance")
    };
    Priced { value, is_price }
}
