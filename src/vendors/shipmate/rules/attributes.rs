//! Parcel attributes, which are set up in the web portal and only read here. Version 1.2 has custom fields instead.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome};
use crate::vendors::shipmate::catalog::{Attribute, CATALOG};
use crate::vendors::shipmate::checks::EXISTS;
use crate::vendors::shipmate::wire;

/// Only custom attributes are listed, although built-in ones work as well.
pub fn list(_: &mut Cx<'_>) -> Outcome {
    Ok(wire::ok("Parcel Attributes Retrieved", &CATALOG.attributes))
}

/// The attributes of a parcel. Unknown ones, and values that do not fit the type, are reported.
pub fn check<'v>(report: &mut Report<'_>, field: &Field<'v, '_>) -> Option<&'v Map<String, Value>> {
    let members = field.object()?;
    for (name, value) in members.iter().filter(|(_, value)| !is_blank(value)) {
        let known = CATALOG.attributes.iter().chain(&CATALOG.built_in_attributes).find(|row| row.id == *name);
        if !known.is_some_and(|attribute| attribute.takes(value)) {
            report.add(&field.key(name), EXISTS);
        }
    }
    Some(members)
}

/// What counts as missing: null, and blank text.
pub fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

impl Attribute {
    /// No attribute of the catalog is numeric, true or false, or yes or no.
    pub fn takes(&self, value: &Value) -> bool {
        let text = word(value);
        match self.r#type {
            2 => text.is_some(),
            5 => text.is_some_and(|text| ["1", "0"].contains(&&*text)),
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
