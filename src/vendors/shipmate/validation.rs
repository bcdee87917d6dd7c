//! Request rules the way Laravel applies and words them.
//!
//! A rule set is code that walks a body once and reads typed values out of it; whatever is wrong is written down under
//! its dotted path. Blank text counts as missing, as the framework's middleware has it. Nothing is allocated for a
//! request that is in order.

use std::fmt::{self, Display, Formatter, Write};

use indexmap::IndexMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::base::decimal;

/// Where a value stands in a request.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    /// The request itself.
    Root,
    /// A member.
    Member(&'p Path<'p>, &'p str),
    /// A member whose name is the caller's own.
    Key(&'p Path<'p>, &'p str),
    /// An element.
    Element(&'p Path<'p>, usize),
}

/// A value of a request and where it stands; `None` when it is missing, null or blank.
#[derive(Clone, Copy)]
pub(super) struct Field<'v, 'p> {
    pub path: Path<'p>,
    pub value: Option<&'v Value>,
}

/// What is wrong with a value.
#[derive(Clone, Copy)]
pub(super) enum Fault<'p> {
    Required,
    RequiredWithout(Path<'p>),
    RequiredWith(Path<'p>),
    NotText,
    NotWhole,
    NotNumber,
    NotFlag,
    NotAccepted,
    NotArray,
    Below(i64),
    Above(i64),
    TooLong(usize),
    NotOfLength(usize),
    NotEmail,
    NotUuid,
    NotDateTime,
    NotChosen,
    Taken,
    Duplicate,
}

/// Everything that is wrong with a request, by dotted path, in order of the rules.
#[derive(Default)]
pub(super) struct Report {
    rows: IndexMap<String, Vec<String>>,
}

impl Display for Path<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let (parent, step): (_, &dyn Display) = match self {
            Self::Root => return Ok(()),
            Self::Member(parent, name) | Self::Key(parent, name) => (parent, name),
            Self::Element(parent, place) => (parent, place),
        };
        if matches!(parent, Self::Root) { write!(out, "{step}") } else { write!(out, "{parent}.{step}") }
    }
}

impl Path<'_> {
    /// The path as messages name it: every underscore is a space, but for those in names that callers gave.
    fn words(&self) -> String {
        match self {
            Self::Key(parent, name) => format!("{}.{name}", parent.words()),
            _ => self.to_string().replace('_', " "),
        }
    }
}

/// The value, unless the framework's middleware would have made it null.
fn present(value: &Value) -> Option<&Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.trim().is_empty() => None,
        _ => Some(value),
    }
}

/// Whether a value is an empty list or map, which for PHP are the same.
fn is_bare(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

impl<'v, 'p> Field<'v, 'p> {
    /// The whole request; a body that is no object has no members.
    pub fn root(body: &'v Value) -> Self {
        Self { path: Path::Root, value: Some(body) }
    }

    /// A member of it.
    pub fn member<'q>(&'q self, name: &'q str) -> Field<'v, 'q> {
        let value = self.value.and_then(Value::as_object).and_then(|members| find(members, name)).and_then(present);
        Field { path: Path::Member(&self.path, name), value }
    }

    /// A member whose name is the caller's own.
    pub fn key<'q>(&'q self, name: &'q str) -> Field<'v, 'q> {
        Field { path: Path::Key(&self.path, name), ..self.member(name) }
    }

    /// An element of it.
    pub fn element<'q>(&'q self, place: usize, value: &'v Value) -> Field<'v, 'q> {
        Field { path: Path::Element(&self.path, place), value: present(value) }
    }

    /// Whether a member of that name was sent at all, be it blank.
    pub fn names(&self, name: &str) -> bool {
        self.value.and_then(Value::as_object).is_some_and(|members| members.contains_key(name))
    }
}

/// A member by name. Requests have few: looking through them costs less than hashing a name.
fn find<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if members.len() > 32 {
        return members.get(name);
    }
    members.iter().find(|(other, _)| *other == name).map(|(_, value)| value)
}

impl Report {
    /// Whether there is nothing to complain about.
    pub fn is_clean(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes a fault down.
    #[cold]
    pub fn add(&mut self, path: &Path<'_>, fault: Fault<'_>) {
        self.rows.entry(path.to_string()).or_default().push(fault.message(&path.words()));
    }

    /// Complains if the value is missing, or an empty list; no other rule has a say then.
    pub fn needed<'v, 'p>(&mut self, field: Field<'v, 'p>) -> Field<'v, 'p> {
        let value = field.value.filter(|value| !is_bare(value));
        if value.is_none() {
            self.add(&field.path, Fault::Required);
        }
        Field { value, ..field }
    }

    /// A text without the blanks around it.
    pub fn text<'v>(&mut self, field: &Field<'v, '_>) -> Option<&'v str> {
        let value = field.value?;
        let text = value.as_str().map(str::trim);
        if text.is_none() {
            self.add(&field.path, Fault::NotText);
        }
        text
    }

    /// A text that may not be missing; empty if it is.
    pub fn required_text<'v>(&mut self, field: Field<'v, '_>) -> &'v str {
        let field = self.needed(field);
        self.text(&field).unwrap_or_default()
    }

    /// A text of so many characters at most; empty if it is missing.
    pub fn short_text<'v>(&mut self, field: &Field<'v, '_>, most: usize) -> &'v str {
        let text = self.text(field).unwrap_or_default();
        if text.len() > most && text.chars().count() > most {
            self.add(&field.path, Fault::TooLong(most));
        }
        text
    }

    /// A text that is one of a set; what it is in the set.
    pub fn choice<T>(&mut self, field: &Field<'_, '_>, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let found = find(field.value?.as_str().unwrap_or_default().trim());
        if found.is_none() {
            self.add(&field.path, Fault::NotChosen);
        }
        found
    }

    /// A two-letter code of a set; what it is in the set.
    pub fn code<T>(&mut self, field: &Field<'_, '_>, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = field.value?;
        let text = self.text(field);
        let length = text.map_or_else(|| length(value), |text| text.chars().count());
        if length != 2 {
            self.add(&field.path, Fault::NotOfLength(2));
        }
        let found = find(text.unwrap_or_default());
        if found.is_none() {
            self.add(&field.path, Fault::NotChosen);
        }
        found
    }

    /// A whole number, as a number or as digits.
    pub fn whole(&mut self, field: &Field<'_, '_>, least: i64) -> Option<i64> {
        let value = field.value?;
        let whole = whole(value);
        if whole.is_none() {
            self.add(&field.path, Fault::NotWhole);
        }
        if number(value).is_some_and(|number| number < least as f64) {
            self.add(&field.path, Fault::Below(least));
            return None;
        }
        whole
    }

    /// A number that is not negative.
    pub fn amount(&mut self, field: &Field<'_, '_>) -> Option<f64> {
        let number = number(field.value?);
        match number {
            None => self.add(&field.path, Fault::NotNumber),
            Some(number) if number < 0.0 => self.add(&field.path, Fault::Below(0)),
            _ => {}
        }
        number.filter(|number| *number >= 0.0)
    }

    /// A number that is not negative, as text with two decimals.
    pub fn money(&mut self, field: &Field<'_, '_>) -> Option<String> {
        self.amount(field)?;
        field.value.map(two_decimals)
    }

    /// A boolean, or 1 or 0 in any guise.
    pub fn flag(&mut self, field: &Field<'_, '_>) -> Option<bool> {
        let flag = match field.value? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => number.as_u64().and_then(bit),
            Value::String(text) => text.trim().parse().ok().and_then(bit),
            _ => None,
        };
        if flag.is_none() {
            self.add(&field.path, Fault::NotFlag);
        }
        flag
    }

    /// A list; nothing if it is missing.
    pub fn list<'v>(&mut self, field: &Field<'v, '_>) -> &'v [Value] {
        match field.value {
            Some(Value::Array(rows)) => return rows,
            Some(_) => self.add(&field.path, Fault::NotArray),
            None => {}
        }
        &[]
    }

    /// Complains unless the value is missing, a map or a list: PHP has one word for both.
    pub fn map(&mut self, field: &Field<'_, '_>) {
        if field.value.is_some_and(|value| !value.is_object() && !value.is_array()) {
            self.add(&field.path, Fault::NotArray);
        }
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rows.serialize(serializer)
    }
}

impl Fault<'_> {
    fn message(&self, name: &str) -> String {
        let mut text = String::with_capacity(48 + name.len());
        let done = match self {
            Self::Required => write!(text, "The {name} field is required."),
            Self::RequiredWithout(other) => write!(text, "The {name} field is required when {} is not present.", other.words()),
            Self::RequiredWith(other) => write!(text, "The {name} field is required when {} is present.", other.words()),
            Self::NotText => write!(text, "The {name} must be a string."),
            Self::NotWhole => write!(text, "The {name} must be an integer."),
            Self::NotNumber => write!(text, "The {name} must be a number."),
            Self::NotFlag => write!(text, "The {name} field must be true or false."),
            Self::NotAccepted => write!(text, "The {name} must be accepted."),
            Self::NotArray => write!(text, "The {name} must be an array."),
            Self::Below(least) => write!(text, "The {name} must be at least {least}."),
            Self::Above(most) => write!(text, "The {name} may not be greater than {most}."),
            Self::TooLong(most) => write!(text, "The {name} may not be greater than {most} characters."),
            Self::NotOfLength(length) => write!(text, "The {name} must be {length} characters."),
            Self::NotEmail => write!(text, "The {name} must be a valid email address."),
            Self::NotUuid => write!(text, "The {name} must be a valid UUID."),
            Self::NotDateTime => write!(text, "The {name} does not match the format Y-m-d H:i:s."),
            Self::NotChosen => write!(text, "The selected {name} is invalid."),
            Self::Taken => write!(text, "The {name} has already been taken."),
            Self::Duplicate => write!(text, "The {name} field has a duplicate value."),
        };
        done.expect("text in memory can be written to");
        text
    }
}

fn bit(number: u64) -> Option<bool> {
    match number {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A whole number in any guise that PHP takes for one.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
            Some(number as i64)
        }),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            text.parse().ok().filter(|_| digits == "0" || !digits.starts_with('0'))
        }
        Value::Bool(true) => Some(1),
        _ => None,
    }
}

/// A number in any guise that PHP takes for one.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let numeric = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
            text.parse().ok().filter(|_| numeric)
        }
        _ => None,
    }
}

/// How long the framework takes a value to be when it measures text.
fn length(value: &Value) -> usize {
    match value {
        Value::Array(rows) => rows.len(),
        Value::Object(members) => members.len(),
        Value::String(text) => text.chars().count(),
        other => other.to_string().len(),
    }
}

/// A number that is not negative with two decimals, halves rounded up.
pub(super) fn two_decimals(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.trim().trim_start_matches('+').to_owned(),
        other => other.to_string(),
    };
    decimal::half_up(&text, 2).unwrap_or_else(|| format!("{:.2}", number(value).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value, expected: &str) {
        assert_eq!(two_decimals(&value), expected);
    }

    #[test]
    fn amounts_have_two_decimals() {
        check(json!(10), "10.00");
        check(json!(12.005), "12.01");
        check(json!(" +.5"), "0.50");
        check(json!("1e3"), "1000.00");
    }

    #[test]
    fn messages_name_the_dotted_path_with_spaces() {
        let body = json!({"to_address": {"line_1": 5}, "parcels": [{"weight": -0.5}]});
        let (mut report, root) = (Report::default(), Field::root(&body));
        let address = root.member("to_address");
        report.short_text(&address.member("line_1"), 40);
        let parcels = root.member("parcels");
        for (place, row) in report.list(&parcels).iter().enumerate() {
            report.whole(&parcels.element(place, row).member("weight"), 1);
        }
        assert_eq!(
            serde_json::to_value(&report).ok(),
            Some(json!({
                "to_address.line_1": ["The to address.line 1 must be a string."],
                "parcels.0.weight": ["The parcels.0.weight must be an integer.", "The parcels.0.weight must be at least 1."],
            }))
        );
    }
}
