//! Requests as Laravel reads them, and their faults in its words, by dotted path.

use std::borrow::Cow;

use foldhash::quality::FixedState;
use indexmap::IndexMap;
use serde_json::Value;

use super::catalog::CATALOG;
use super::wire;
use crate::base::decimal;
use crate::engine::fields::Field;
use crate::spec::{self, Blank, EmptyBody, JsonType, Limits, Range, Reading, Rule, Step, Violation, reading};

/// What PHP and the framework's middleware take for what.
pub(super) const READING: Reading = Reading {
    number,
    integer,
    flag,
    trims: true,
    blank: Blank::Null,
    lists_are_objects: true,
    empty_body: EmptyBody::Anything,
    rules_by_path: true,
    formats: &[
        ("country", |text| CATALOG.is_country(text)),
        ("country-code", |text| CATALOG.country(text).is_some()),
        ("email", spec::is_email),
        ("local-date-time", |text| wire::instant(text).is_some()),
        ("location", |text| CATALOG.location(text).is_some()),
        ("packaging-type", |text| CATALOG.packaging_type(text).is_some()),
        ("service-key", |text| CATALOG.service(text).is_some()),
    ],
    ..Reading::STRICT
};

/// Rules that need the world or another member, under the names that the framework has for them.
pub(super) const UNIQUE: Rule = Rule::Vendor("unique", Value::Null);
pub(super) const DISTINCT: Rule = Rule::Vendor("distinct", Value::Null);
pub(super) const ACCEPTED: Rule = Rule::Vendor("accepted", Value::Null);
pub(super) const EXISTS: Rule = Rule::Vendor("exists", Value::Null);

/// That a member is needed because another one is there, or is not.
pub(super) fn required(rule: &'static str, other: &Field<'_, '_>) -> Rule {
    Rule::Vendor(rule, words(&other.path.to_steps()).into())
}

/// Violations as the `data` of an answer: messages by dotted path.
pub(super) fn data(violations: &[Violation]) -> IndexMap<String, Vec<String>, FixedState> {
    let mut rows = IndexMap::<String, Vec<String>, _>::with_capacity_and_hasher(violations.len(), FixedState::default());
    for violation in violations {
        let (templates, words) = (templates(violation), words(&violation.path));
        let text = |template: &str| match template.split_once(':') {
            Some((before, rest)) => [before, &words, rest.strip_prefix("attribute").unwrap_or(rest)].concat(),
            None => template.to_owned(),
        };
        rows.entry(violation.dotted()).or_default().extend(templates.split('|').map(text));
    }
    rows
}

/// A path as messages name it: every underscore is a space, but for those in names that callers gave.
fn words(path: &[Step]) -> String {
    let mut words = String::with_capacity(32);
    for step in path {
        if !words.is_empty() {
            words.push('.');
        }
        match step {
            Step::Member(name) => words.extend(name.chars().map(|letter| if letter == '_' { ' ' } else { letter })),
            Step::Key(name) => words.push_str(name),
            Step::Element(index) => words.push_str(&index.to_string()),
        }
    }
    words
}

/// The framework's templates for a broken rule, joined by bars: a country that is no text breaks three rules at once.
fn templates(violation: &Violation) -> Cow<'static, str> {
    const CODE: &str = "The :attribute must be a string.|The selected :attribute is invalid.";
    const LONG_CODE: &str = "The :attribute must be a string.|The :attribute must be 2 characters.|The selected :attribute is invalid.";
    Cow::Borrowed(match &violation.rule {
        Rule::Required | Rule::Null => "The :attribute field is required.",
        Rule::Type(JsonType::String) => "The :attribute must be a string.",
        Rule::Type(JsonType::Number) => "The :attribute must be a number.",
        Rule::Type(JsonType::Boolean) => "The :attribute field must be true or false.",
        Rule::Type(JsonType::Array | JsonType::Object) => "The :attribute must be an array.",
        Rule::Type(JsonType::Integer) => "The :attribute must be an integer.",
        Rule::Minimum(Range { min: Some(least), .. }) => return format!("The :attribute must be at least {least}.").into(),
        Rule::Maximum(Range { max: Some(most), .. }) => return format!("The :attribute may not be greater than {most}.").into(),
        Rule::MinLength(Limits { max: Some(length), .. }) => return format!("The :attribute must be {length} characters.").into(),
        Rule::MaxLength(Limits { min: Some(length), .. }) => return format!("The :attribute must be {length} characters.").into(),
        Rule::MaxLength(Limits { max: Some(most), .. }) => {
            return format!("The :attribute may not be greater than {most} characters.").into();
        }
        Rule::Format(format) => match (format.as_str(), &violation.value) {
            ("int64", _) => "The :attribute must be an integer.",
            ("email", _) => "The :attribute must be a valid email address.",
            ("uuid", _) => "The :attribute must be a valid UUID.",
            ("local-date-time", _) => "The :attribute does not match the format Y-m-d H:i:s.",
            ("country-code", Some(Value::Number(number))) if number.to_string().len() == 2 => CODE,
            ("country-code", Some(value)) if !value.is_string() => LONG_CODE,
            _ => "The selected :attribute is invalid.",
        },
        Rule::Vendor("unique", _) => "The :attribute has already been taken.",
        Rule::Vendor("distinct", _) => "The :attribute field has a duplicate value.",
        Rule::Vendor("accepted", _) => "The :attribute must be accepted.",
        Rule::Vendor("required_with", Value::String(other)) => {
            return format!("The :attribute field is required when {other} is present.").into();
        }
        Rule::Vendor("required_without", Value::String(other)) => {
            return format!("The :attribute field is required when {other} is not present.").into();
        }
        _ => "The selected :attribute is invalid.",
    })
}

/// A whole number in any guise that PHP takes for one.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            text.parse().ok().filter(|_| digits == "0" || !digits.starts_with('0'))
        }
        Value::Bool(true) => Some(1),
        other => reading::whole_number(other),
    }
}

/// A number in any guise that PHP takes for one.
pub(super) fn number(value: &Value) -> Option<f64> {
    let Some(text) = value.as_str().map(str::trim) else { return value.as_f64() };
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse().ok().filter(|_| is_plain)
}

fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::String(text) if text.len() == 1 => flag(&text.parse::<u64>().ok()?.into()),
        other => other.as_u64().filter(|bit| *bit < 2).map(|bit| bit == 1),
    }
}

/// A number that is not negative with two decimals, halves rounded up.
pub(super) fn two_decimals(number: &Value) -> String {
    decimal::half_up(&number.to_string(), 2).unwrap_or_else(|| format!("{:.2}", number.as_f64().unwrap_or_default()))
}
