//! Decimals with up to six digits before and four after the point, exact.

use serde_json::Value;

/// A decimal as it was sent, and its value in ten-thousandths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub text: String,
    pub value: i64,
}

impl Decimal {
    /// Reads a decimal.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        const INVALID: &str = "A valid number is required.";
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
            return Err(INVALID);
        }
        let whole = whole.trim_start_matches('0');
        if fraction.len() > 4 {
            return Err("Ensure that there are no more than 4 decimal places.");
        }
        if whole.len() > 6 {
            return Err("Ensure that there are no more than 6 digits before the decimal point.");
        }
        let value: i64 = format!("{whole}{fraction:0<4}").parse().map_err(|_| INVALID)?;
        if negative && value > 0 {
            return Err("Ensure this value is greater than or equal to 0.");
        }
        Ok(Self { text: trimmed.to_owned(), value })
    }

    /// The text of a later read: four decimal places.
    pub(crate) fn stored(&self) -> String {
        render(self.value)
    }

    /// The text of a later read with so many decimal places, up to four; further ones are cut off.
    pub(crate) fn scaled(&self, places: usize) -> String {
        let mut text = render(self.value);
        text.truncate(text.len() - (4 - places.min(4)));
        text
    }

    /// The shortest text.
    pub(crate) fn shortest(&self) -> String {
        render(self.value).trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// Ten-thousandths with their four places.
pub(crate) fn render(value: i64) -> String {
    format!("{}.{:04}", value / 10_000, value % 10_000)
}

/// A read decimal with four places.
pub(crate) fn four_places(read: &Value) -> Value {
    Decimal::parse(read.as_str().unwrap_or_default()).map(|decimal| decimal.stored()).unwrap_or_default().into()
}

/// A read decimal with two places.
pub(crate) fn two_places(read: &Value) -> Value {
    Decimal::parse(read.as_str().unwrap_or_default()).map(|decimal| decimal.scaled(2)).unwrap_or_default().into()
}
