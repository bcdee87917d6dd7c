//! Decimals with so many digits as their member may have, exact: in ten-thousandths.

use std::borrow::Cow;

use serde_json::Value;

/// How many digits a decimal may have before and after its point.
type Digits = (usize, usize);
/// Documented of the sides and weights of parcels.
pub(crate) const MEASURE: Digits = (6, 4);
/// Recorded: other weights are stored with four places, amounts and the weight of an order with two.
pub(crate) const WEIGHT: Digits = (12, 4);
pub(crate) const AMOUNT: Digits = (12, 2);

/// Reads a decimal with up to so many digits.
pub(crate) fn parse(text: &str, (most, places): Digits) -> Result<i64, Cow<'static, str>> {
    let digits = text.trim();
    let is_negative = digits.starts_with('-');
    let digits = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || !plain(fraction) || whole.len() + fraction.len() == 0 {
        return Err("A valid number is required.".into());
    }
    let whole = whole.trim_start_matches('0');
    if fraction.len() > places {
        return Err(format!("Ensure that there are no more than {places} decimal places.").into());
    }
    if whole.len() > most {
        return Err(format!("Ensure that there are no more than {most} digits before the decimal point.").into());
    }
    let value = format!("{whole}{fraction:0<4}").bytes().fold(0, |value: i64, digit| value * 10 + i64::from(digit - b'0'));
    if is_negative && value > 0 { Err("Ensure this value is greater than or equal to 0.".into()) } else { Ok(value) }
}

/// Ten-thousandths with their four places.
pub(crate) fn render(value: i64) -> String {
    format!("{}.{:04}", value / 10_000, value % 10_000)
}

/// A number of ten-thousandths in the shortest text.
pub(crate) fn shortest(value: i64) -> String {
    render(value).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A read decimal with four places.
pub(crate) fn four_places(read: &Value) -> Value {
    parse(read.as_str().unwrap_or_default(), WEIGHT).map(render).unwrap_or_default().into()
}

/// A read amount with two places.
pub(crate) fn two_places(read: &Value) -> Value {
    let mut text = parse(read.as_str().unwrap_or_default(), AMOUNT).map(render).unwrap_or_default();
    text.truncate(text.len().saturating_sub(2));
    text.into()
}
