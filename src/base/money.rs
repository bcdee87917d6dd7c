//! Amounts and other decimals with four places, as databases keep money.

use std::fmt::{self, Display, Formatter};
use std::iter::Sum;
use std::ops::{Add, Mul, Sub};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::base::decimal;
use crate::base::json::Written;

/// A decimal as a whole number of ten-thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "Value")]
pub(crate) struct Money(pub i64);

impl Money {
    /// The number with so many decimals, of at most four, as JSON.
    pub(crate) fn scaled(self, places: usize) -> Written {
        self.text(places).into()
    }

    /// The number with so many decimals; what is behind them is cut off.
    pub(crate) fn text(self, places: usize) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 10_000, format!("{:04}", self.0.unsigned_abs() % 10_000));
        if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &rest[..places.min(4)]) }
    }

    pub(crate) fn of_cents(cents: i64) -> Self {
        Self(cents.saturating_mul(100))
    }

    #[expect(clippy::cast_precision_loss, reason = "sizes and weights are small")]
    pub(crate) fn number(self) -> f64 {
        self.0 as f64 / 10_000.0
    }
}

impl From<Value> for Money {
    fn from(value: Value) -> Self {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (sign, digits) = text.strip_prefix('-').map_or((1, &*text), |digits| (-1, digits));
        let exact = decimal::half_up(digits, 4).and_then(|digits| digits.replace('.', "").parse::<i64>().ok());
        // What is too large for it, or written with an exponent; as much as it can hold at most.
        #[expect(clippy::cast_possible_truncation, reason = "floats saturate")]
        let float = || digits.parse::<f64>().map_or(0, |number| (number * 10_000.0).round() as i64);
        Self(sign * exact.unwrap_or_else(float))
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.scaled(4).serialize(serializer)
    }
}

impl Display for Money {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text(2))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Mul<i64> for Money {
    type Output = Self;

    fn mul(self, times: i64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), Add::add)
    }
}

/// A document in which the amounts in members of some names have four decimals, as in `3.7900`, but nothing is `0.0`. What else is there
/// keeps its own decimals.
pub(crate) struct Priced {
    pub value: Value,
    pub is_price: fn(&str) -> bool,
}

struct Part<'v> {
    value: &'v Value,
    names_price: fn(&str) -> bool,
    is_price: bool,
}

impl Serialize for Priced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Part { value: &self.value, names_price: self.is_price, is_price: false }.serialize(serializer)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let part = |value, is_price| Part { value, is_price, ..*self };
        match self.value {
            Value::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, part(value, self.is_price || (self.names_price)(name)))))
            }
            Value::Array(rows) => serializer.collect_seq(rows.iter().map(|row| part(row, self.is_price))),
            Value::Number(number) if self.is_price && number.as_f64() != Some(0.0) => {
                Money::from(self.value.clone()).scaled(4).serialize(serializer)
            }
            value => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(sent: &str, places: usize, expected: &str) {
        let value: Value = serde_json::from_str(sent).expect("JSON");
        assert_eq!(Money::from(value).text(places), expected, "{sent}");
    }

    #[test]
    fn numbers_have_the_decimals_that_are_asked_for() {
        check("315.1316", 4, "315.1316");
        check("4.01", 4, "4.0100");
        check("\"32\"", 2, "32.00");
        check("-20.55", 2, "-20.55");
        check("0", 1, "0.0");
        check("7.025", 2, "7.02");
        check("\"x\"", 0, "0");
        check("1e5", 1, "100000.0");
        check("-2.5e-3", 4, "-0.0025");
        check("1e300", 0, "922337203685477");
    }

    #[test]
    fn prices_have_four_decimals_and_nothing_has_one() {
        let check = |value: Value, expected: &str| {
            let priced = Priced { value, is_price: |name| name == "cost" };
            assert_eq!(crate::base::json::Style::Compact.to_string(&priced), expected);
        };
        check(json!({ "cost": { "currency": "usd", "amount": 3.79 } }), r#"{"cost":{"currency":"usd","amount":3.7900}}"#);
        check(json!({ "paid": { "amount": 0.0 }, "cost": { "amount": 0.0 } }), r#"{"paid":{"amount":0.0},"cost":{"amount":0.0}}"#);
        check(json!([{ "cost": [{ "amount": { "amount": 14.17 } }] }]), r#"[{"cost":[{"amount":{"amount":14.1700}}]}]"#);
        check(json!({ "cost": 315.1316, "paid": { "amount": 2.5 } }), r#"{"cost":315.1316,"paid":{"amount":2.5}}"#);
    }
}
