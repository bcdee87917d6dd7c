//! How prices are written: with the four decimals of the vendor's database, as in `3.7900`, but nothing as `0.0`. What callers sent keeps
//! its own decimals.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::decimal;

/// A document with prices in it.
pub(crate) struct Priced(pub Value);

struct Part<'v> {
    value: &'v Value,
    is_price: bool,
}

/// Recorded by the lengths of answers: what a carrier asks, and what the wallet holds.
fn is_price(name: &str) -> bool {
    matches!(name, "shipment_cost" | "shipping_amount" | "other_amount" | "confirmation_amount" | "rate_details" | "balance")
}

impl Serialize for Priced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Part { value: &self.0, is_price: false }.serialize(serializer)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let part = |value, is_price| Part { value, is_price };
        match self.value {
            Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, part(value, self.is_price || is_price(name)))))
            }
            Value::Array(rows) => serializer.collect_seq(rows.iter().map(|row| part(row, self.is_price))),
            Value::Number(number) if self.is_price && number.as_f64() != Some(0.0) => decimal(self.value).scaled(4).serialize(serializer),
            value => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::base::json::Style;

    fn check(document: Value, expected: &str) {
        assert_eq!(Style::Compact.to_string(&Priced(document)), expected);
    }

    #[test]
    fn prices_have_four_decimals_and_nothing_has_one() {
        check(json!({ "shipment_cost": { "currency": "usd", "amount": 3.79 } }), r#"{"shipment_cost":{"currency":"usd","amount":3.7900}}"#);
        check(
            json!({ "insurance_cost": { "amount": 0.0 }, "shipping_amount": { "amount": 0.0 } }),
            r#"{"insurance_cost":{"amount":0.0},"shipping_amount":{"amount":0.0}}"#,
        );
        check(json!([{ "rate_details": [{ "amount": { "amount": 14.17 } }] }]), r#"[{"rate_details":[{"amount":{"amount":14.1700}}]}]"#);
        check(json!({ "balance": 315.1316, "amount_paid": { "amount": 2.5 } }), r#"{"balance":315.1316,"amount_paid":{"amount":2.5}}"#);
    }
}
