//! Validation as CakePHP 3 does it: every field by its own rules, all failures reported at once, nested as the request is.
//!
//! JSON Schema cannot say most of it (numbers may be texts, an empty text is not a missing one, only one rule of a field
//! is reported), so the tables of [`fields`](super::fields) stand beside the document and the rows judge for themselves.

use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::carrier::countries;
use crate::engine::Refusal;
use crate::vendors::shiptheory::dialect;
use crate::vendors::shiptheory::wire;

/// What CakePHP says of a field that is not there.
pub(super) const REQUIRED: &str = "This field is required";
/// What it says of a field with nothing in it.
pub(super) const EMPTY: &str = "This field cannot be left empty";
/// What it says of everything that has no text of its own.
pub(super) const INVALID: &str = "The provided value is invalid";

/// One field of a request.
pub(super) struct Field {
    pub name: &'static str,
    pub need: Need,
    pub check: Check,
}

/// Whether a field has to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It has to be there, and filled.
    Always,
    /// It may be missing, but not be there and empty.
    Filled,
    /// It may be missing or empty.
    Never,
}

/// What a filled field has to be.
pub(super) enum Check {
    /// Anything that is one value.
    Scalar,
    /// A text of at most so many characters.
    AtMost(usize),
    /// A text of exactly so many characters.
    Exactly(usize),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// An alpha-2 code.
    Country,
    /// A number, not below zero.
    Decimal,
    /// A number from 0 to 9999999.99.
    Amount,
    /// A whole number.
    Integer,
    /// A whole number above zero.
    Natural,
    /// YYYY-MM-DD and nothing else.
    Day,
    /// YYYY-MM-DD; a time behind it does not matter.
    DayAndTime,
    /// `#fff` or `#ffffff`.
    Color,
    /// The address of an image.
    Image,
    /// An object with these fields.
    Object(&'static [Field]),
    /// A list of objects with these fields.
    List(&'static [Field]),
    /// A list of values.
    Values,
}

/// Checks a whole body. A body that is no object counts as an empty one, which is what PHP makes of it.
///
/// # Errors
/// The broken rules, as the value of `error`.
pub(super) fn body(body: &Value, fields: &[Field]) -> Result<(), Refusal> {
    let errors = object(body, fields);
    if errors.is_empty() { Ok(()) } else { Err(broken(errors)) }
}

/// The refusal for broken rules.
pub(super) fn broken(errors: Map<String, Value>) -> Refusal {
    Refusal::Because(dialect::ERROR, Value::Object(errors))
}

/// The refusal for one broken rule of one field.
pub(super) fn failed(field: &str, rule: &str, text: &str) -> Refusal {
    broken(Map::from_iter([(field.to_owned(), message(rule, text))]))
}

fn object(value: &Value, fields: &[Field]) -> Map<String, Value> {
    let mut errors = Map::new();
    for field in fields {
        let found = match value.get(field.name) {
            None if field.need == Need::Always => Some(message("_required", REQUIRED)),
            None => None,
            Some(value) if is_empty(value, &field.check) => (field.need != Need::Never).then(|| message("_empty", EMPTY)),
            Some(value) => check(value, &field.check),
        };
        errors.extend(found.map(|found| (field.name.to_owned(), found)));
    }
    errors
}

/// An empty object cannot be told from an empty list in PHP, and is looked into rather than called empty.
fn is_empty(value: &Value, check: &Check) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(rows) => rows.is_empty() && !matches!(check, Check::Object(_)),
        _ => false,
    }
}

fn check(value: &Value, check: &Check) -> Option<Value> {
    let rule = match check {
        Check::Object(fields) => {
            if !value.is_object() && !value.is_array() {
                return Some(message("_nested", INVALID));
            }
            let errors = object(value, fields);
            return (!errors.is_empty()).then_some(Value::Object(errors));
        }
        Check::List(fields) => return rows(value, fields),
        Check::Values => (!value.is_array()).then_some("_nested"),
        _ if value.is_object() || value.is_array() => Some("scalar"),
        Check::Scalar => None,
        Check::AtMost(most) => (length(value) > *most).then_some("maxLength"),
        Check::Exactly(exact) => (length(value) != *exact).then_some("lengthBetween"),
        Check::OneOf(words) => (!value.as_str().is_some_and(|word| words.contains(&word))).then_some("inList"),
        Check::Country if length(value) != 2 => Some("lengthBetween"),
        Check::Country => value.as_str().and_then(countries::find).is_none().then_some("inList"),
        Check::Decimal => match wire::decimal(value) {
            None => Some("decimal"),
            Some(number) if number >= 1e12 => Some("decimal"),
            Some(number) => (number < 0.0).then_some("greaterThanOrEqual"),
        },
        Check::Amount => match wire::decimal(value) {
            None => Some("decimal"),
            Some(number) => (!(0.0..=9_999_999.99).contains(&number)).then_some("range"),
        },
        Check::Integer => wire::integer(value).is_none().then_some("integer"),
        Check::Natural => match wire::integer(value) {
            None => Some("integer"),
            Some(number) => (!(1..=i64::from(u32::MAX)).contains(&number)).then_some("naturalNumber"),
        },
        Check::Day => value.as_str().and_then(day).is_none().then_some("date"),
        Check::DayAndTime => value.as_str().and_then(|text| day(text.get(..10)?)).is_none().then_some("date"),
        Check::Color => (!value.as_str().is_some_and(is_color)).then_some("hexColor"),
        Check::Image if length(value) > 200 => Some("maxLength"),
        Check::Image => (!value.as_str().is_some_and(is_image)).then_some("url"),
    };
    rule.map(|rule| message(rule, INVALID))
}

/// The failures of a list by position. PHP prints them as a list when they run from 0 on without a gap.
fn rows(value: &Value, fields: &[Field]) -> Option<Value> {
    let Some(rows) = value.as_array().filter(|rows| rows.iter().all(|row| row.is_object() || row.is_array())) else {
        return Some(message("_nested", INVALID));
    };
    let failures = rows.iter().map(|row| object(row, fields)).enumerate().filter(|(_, errors)| !errors.is_empty());
    let failures: Vec<(usize, Map<String, Value>)> = failures.collect();
    if failures.is_empty() {
        return None;
    }
    let gapless = failures.iter().enumerate().all(|(place, (row, _))| place == *row);
    Some(if gapless {
        failures.into_iter().map(|(_, errors)| Value::Object(errors)).collect()
    } else {
        Value::Object(failures.into_iter().map(|(row, errors)| (row.to_string(), Value::Object(errors))).collect())
    })
}

/// A day written YYYY-MM-DD.
pub(super) fn day(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

fn message(rule: &str, text: &str) -> Value {
    Value::Object(Map::from_iter([(rule.to_owned(), text.into())]))
}

fn length(value: &Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), |text| text.chars().count())
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn is_image(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let path = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    path.is_some_and(|path| {
        ["jpg", "jpeg", "png", "webp"].iter().any(|kind| path.strip_suffix(kind).is_some_and(|rest| rest.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: &[Field] = &[
        Field { name: "a", need: Need::Always, check: Check::Scalar },
        Field { name: "b", need: Need::Never, check: Check::List(&[Field { name: "c", need: Need::Always, check: Check::Natural }]) },
    ];

    fn check(body: Value, expected: Value) {
        assert_eq!(Value::Object(object(&body, FIELDS)), expected, "{body}");
    }

    #[test]
    fn failures_nest_as_php_prints_them() {
        check(json!({"a": 1}), json!({}));
        check(json!([]), json!({"a": {"_required": REQUIRED}}));
        check(json!({"a": [1]}), json!({"a": {"scalar": INVALID}}));
        check(json!({"a": "x", "b": [{}, {"c": 1}]}), json!({"b": [{"c": {"_required": REQUIRED}}]}));
        check(json!({"a": "x", "b": [{"c": 1}, {"c": 0}]}), json!({"b": {"1": {"c": {"naturalNumber": INVALID}}}}));
        check(json!({"a": "x", "b": [1]}), json!({"b": {"_nested": INVALID}}));
    }

    #[test]
    fn days_are_written_in_one_way_only() {
        assert!(day("2026-01-31").is_some());
        assert!([day("2026-01-32"), day("2026-1-3"), day("20260131"), day("")].iter().all(Option::is_none));
    }
}
