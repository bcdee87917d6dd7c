//! Requests as CakePHP 3 reads them, and their faults as it tells them: nested as the request is, one rule for each field.
//!
//! PHP clients send numbers as texts and texts as numbers, and an empty list for anything that is empty.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::engine::Refusal;
use crate::spec::{Blank, EmptyBody, JsonType, Range, Reading, Rule, Step, Violation};
use crate::vendors::shiptheory::wire::{self, Number};

/// What CakePHP takes for what.
pub(super) const READING: Reading = Reading {
    text,
    number,
    integer: |value| value.as_str()?.parse().ok(),
    flag: |value| value.as_str().map(str::to_owned).or_else(|| text(value)).map(|text| !matches!(text.as_str(), "" | "0" | "false")),
    blank: Blank::PassesAsNull,
    lists_are_objects: true,
    empty_body: EmptyBody::Anything,
    formats: &[("country-code", is_country), ("day-and-time", is_day_and_time), ("image-url", is_image)],
    ..Reading::STRICT
};

const REQUIRED: &str = "This field is required";
const EMPTY: &str = "This field cannot be left empty";
const INVALID: &str = "The provided value is invalid";

/// The refusal for one broken rule of one field.
pub(super) fn failed(field: &str, rule: &'static str, text: impl Into<Value>) -> Refusal {
    Refusal::invalid(field, Rule::Vendor(rule, text.into()))
}

/// Violations as the value of `error`.
pub(super) fn error(violations: &[Violation]) -> Value {
    let mut root = Value::Object(Map::new());
    let mut told: Vec<&[Step]> = Vec::new();
    for violation in violations {
        let (path, rule, text) = broken_rule(violation);
        if told.iter().any(|other| path.starts_with(other)) {
            continue;
        }
        let field = path.iter().fold(&mut root, |inner, step| &mut inner[step.to_string()]);
        *field = json!({ rule: text });
        told.push(path);
    }
    as_php_prints(root)
}

/// The field that CakePHP names, the rule, and its text.
fn broken_rule(violation: &Violation) -> (&[Step], &'static str, Value) {
    let path = violation.path.as_slice();
    let (rule, text) = match (&violation.rule, &violation.value) {
        (Rule::Vendor(rule, text), _) => (*rule, text.clone()),
        (_, None) => ("_required", REQUIRED.into()),
        (_, Some(value)) if is_empty(value) => ("_empty", EMPTY.into()),
        (rule, Some(value)) => (failed_rule(rule, value), INVALID.into()),
    };
    // A row that is no object spoils its whole list.
    match path.split_last() {
        Some((Step::Element(_), list)) => (list, rule, text),
        _ => (path, rule, text),
    }
}

fn failed_rule(rule: &Rule, value: &Value) -> &'static str {
    match rule {
        Rule::Type(JsonType::Object | JsonType::Array) => "_nested",
        _ if value.is_object() || value.is_array() => "scalar",
        Rule::Type(JsonType::Integer) => "integer",
        Rule::Type(JsonType::Number) => "decimal",
        Rule::Enum(_) => "inList",
        Rule::MaxLength(limits) if limits.min.is_none_or(|min| min <= 1) => "maxLength",
        Rule::MinLength(_) | Rule::MaxLength(_) => "lengthBetween",
        Rule::Minimum(range) | Rule::Maximum(range) if is_natural(range) => "naturalNumber",
        Rule::Maximum(range) if range.below_max => "decimal",
        Rule::Minimum(range) if range.below_max => "greaterThanOrEqual",
        Rule::Minimum(_) | Rule::Maximum(_) => "range",
        Rule::Pattern(_) => "hexColor",
        Rule::Format(format) => match format.as_str() {
            "country-code" => "inList",
            "image-url" => "url",
            _ => "date",
        },
        _ => "valid",
    }
}

fn is_natural(range: &Range) -> bool {
    range.min.as_ref().is_some_and(|min| min.as_u64() == Some(1))
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(rows) => rows.is_empty(),
        _ => false,
    }
}

/// PHP prints an array as a list when its keys run from 0 on without a gap.
fn as_php_prints(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let is_list = !members.is_empty() && members.keys().enumerate().all(|(index, key)| *key == index.to_string());
    let members = members.into_iter().map(|(name, value)| (name, as_php_prints(value)));
    if is_list { members.map(|(_, value)| value).collect() } else { Value::Object(members.collect()) }
}

/// One value as text; nothing for what is not one value.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_f64() => number.as_f64().map(|number| json!(Number(number)).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "1" } else { "" }.to_owned()),
        _ => None,
    }
}

/// A text that is a number.
fn number(value: &Value) -> Option<f64> {
    let text = value.as_str()?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    if is_plain { text.parse().ok() } else { None }
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && wire::find(text).is_some()
}

fn is_day_and_time(text: &str) -> bool {
    text.get(..10).is_some_and(|day| day.parse::<Date>().is_ok_and(|date| date.to_string() == day))
}

fn is_image(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let path = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    path.is_some_and(|path| [".jpg", ".jpeg", ".png", ".webp"].iter().any(|kind| path.ends_with(kind)))
}
