//! Parcel attributes, which are set up in the web portal and only read here. Version 1.2 has custom fields instead.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome};
use crate::vendors::shipmate::catalog::{Attribute, CATALOG};
use crate::vendors::shipmate::checks::{self, EXISTS};
use crate::vendors::shipmate::wire;

/// Only custom attributes are listed, although built-in ones work as well.
pub fn list(_: &mut Cx<'_>) -> Outcome {
    Ok(wire::ok("Parcel Attributes Retrieved", &CATALOG.attributes))
}

/// The attributes of a parcel. Unknown ones, and values that do not fit the type, are reported.
pub fn check<'v>(report: &mut Report<'_>, field: &Field<'v, '_>) -> Option<&'v Map<String, Value>> {
    let members = field.object()?;
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let known = CATALOG.attributes.iter().chain(&CATALOG.built_in_attributes).find(|row| row.id == *name);
        if !known.is_some_and(|attribute| attribute.takes(value)) {
            report.add(&field.key(name), EXISTS);
        }
    }
    Some(members)
}

impl Attribute {
    pub fn takes(&self, value: &Value) -> bool {
        let text = word(value);
        let is_one_of = |words: &[&str]| text.as_ref().is_some_and(|text| words.contains(&&**text));
        match self.r#type {
            1 => checks::number(value).is_some(),
            2 => text.is_some(),
            3 => value.is_boolean() || is_one_of(&["true", "false"]),
            4 => text.is_some_and(|text| ["yes", "no"].iter().any(|word| word.eq_ignore_ascii_case(&text))),
            5 => is_one_of(&["1", "0"]),
            _ => text.is_some_and(|text| self.values.iter().any(|word| *word == text)),
        }
    }
}

/// A scalar as text.
pub fn word(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text.trim())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "1" } else { "0" })),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(kind: u8, value: Value, expected: bool) {
        let values = vec!["Books".to_owned(), "2".to_owned()];
        let attribute = Attribute { id: String::new(), r#type: kind, name: String::new(), values };
        assert_eq!(attribute.takes(&value), expected, "{kind} {value}");
    }

    #[test]
    fn attributes_are_checked_by_type() {
        check(1, json!("1.5"), true);
        check(1, json!("many"), false);
        check(2, json!(["a"]), false);
        check(3, json!(true), true);
        check(3, json!("yes"), false);
        check(4, json!("Yes"), true);
        check(5, json!(0), true);
        check(5, json!(2), false);
        check(6, json!("Books"), true);
        check(6, json!(2), true);
        check(6, json!("Toys"), false);
    }
}
