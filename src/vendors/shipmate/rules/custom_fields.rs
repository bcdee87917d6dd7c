//! Custom fields of version 1.2: the parcel attributes of the portal under their newer name, and those that callers make.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::attributes::{is_blank, word};
use super::users;
use crate::base::ids;
use crate::base::patterns::Patterns;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::spec::{Range, Rule};
use crate::vendors::shipmate::catalog::CATALOG;
use crate::vendors::shipmate::checks::{self, EXISTS, UNIQUE};
use crate::vendors::shipmate::wire::{self, CUSTOM_FIELD, Envelope, Reference};

/// All fields, the account's own attributes first.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(wire::ok("Custom Fields Retrieved", all(cx).collect::<Vec<_>>()))
}

/// A field is found by its key or its id.
pub fn get(cx: &mut Cx<'_>, Params(Reference { reference }): Params<Reference>) -> Outcome {
    let id = reference.to_ascii_lowercase();
    let found = all(cx).find(|field| field["key"] == *reference || field["id"] == *id);
    Ok(wire::ok("Custom Field Retrieved", found.ok_or_else(|| Refusal::missing(CUSTOM_FIELD, reference))?))
}

/// A field needs a name, a key that is free, what it belongs to and what it holds.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    users::manages(cx)?;
    let (mut report, root) = (Report::of(cx.call), Field::body(cx.call));
    let key = root.member("key");
    let own = key.text().unwrap_or_default();
    if all(cx).any(|field| field["key"] == *own) || CATALOG.built_in_attributes.iter().any(|row| row.id == own) {
        report.add(&key, UNIQUE);
    }
    let rules = root.member("data_validation_rules");
    let needs = [
        ("source", "MAPPED", root.member("mapped_to")),
        ("source", "FIXED", root.member("default_value")),
        ("data_type", "LIST", rules.member("options")),
    ];
    for (name, word, field) in needs {
        let is_missing = field.value.is_none_or(|value| value.as_array().is_some_and(Vec::is_empty));
        if is_missing && root.member(name).text() == Some(word) {
            report.add(&field, Rule::Required);
        }
    }
    for (least, most) in [("min_length", "max_length"), ("min_value", "max_value")] {
        let (least, most) = (rules.member(least), rules.member(most));
        if let Some(min) = least.value.and_then(Value::as_number).filter(|_| most.number() < least.number() && most.number().is_some()) {
            report.add(&most, Rule::Minimum(Range { min: Some(min.clone()), ..Range::default() }));
        }
    }
    report.finish()?;
    let mut field = Value::Object(wire::filled(&CATALOG.new_custom_field, &CATALOG.new_custom_field, &cx.call.body));
    field["default_value"] = word(&field["default_value"]).into();
    let options = &mut field["data_validation_rules"]["options"];
    *options = options.as_array().into_iter().flatten().filter_map(word).map(Value::from).collect();
    if !field["default_value"].is_null() && !takes(&field, &field["default_value"], &mut Patterns::default()) {
        return Err(Refusal::invalid("default_value", EXISTS));
    }
    field["id"] = ids::uuid(&mut cx.rng).to_string().into();
    cx.docs.put(CUSTOM_FIELD, own, &field);
    Ok(Reply::created(Envelope { message: "Custom Field Created", data: field }))
}

/// The fields that a call may give values for, and their patterns.
pub struct Known {
    fields: Vec<Value>,
    patterns: Patterns,
}

impl Known {
    /// Those of a call, read once for everything that it sends.
    pub fn of(cx: &Cx<'_>) -> Self {
        Self { fields: all(cx).collect(), patterns: Patterns::default() }
    }

    /// The values that a request gives for the fields of an entity. Unknown keys, values that do not fit, and needed ones that are
    /// missing are reported; the attributes that come out of the box are always good for parcels.
    pub fn check<'v>(&mut self, report: &mut Report<'_>, owner: &Field<'v, '_>, entity: &str) -> Option<&'v Map<String, Value>> {
        let Self { fields, patterns } = self;
        let field = owner.member("custom_fields");
        let known: Vec<&Value> = fields.iter().filter(|row| row["entity"] == *entity).collect();
        let is_needed = |row: &&&Value| row["data_validation_rules"]["is_required"] == true && row["default_value"].is_null();
        for key in known.iter().filter(is_needed).filter_map(|row| row["key"].as_str()) {
            let member = field.key(key);
            if member.value.is_none_or(is_blank) {
                report.add(&member, Rule::Required);
            }
        }
        let members = field.object();
        for (name, value) in members.into_iter().flatten().filter(|(_, value)| !is_blank(value)) {
            let fits = match known.iter().find(|row| row["key"] == **name) {
                Some(own) => takes(own, value, patterns),
                None => entity == "PARCEL" && CATALOG.built_in_attributes.iter().any(|row| row.id == *name && row.takes(value)),
            };
            if !fits {
                report.add(&field.key(name), EXISTS);
            }
        }
        members
    }
}

fn all(cx: &Cx<'_>) -> impl Iterator<Item = Value> {
    CATALOG.custom_fields.iter().cloned().chain(cx.docs.all(CUSTOM_FIELD))
}

/// Whether a field takes a value. A pattern, written with or without PHP's delimiters, that cannot be judged lets everything pass.
fn takes(field: &Value, value: &Value, patterns: &mut Patterns) -> bool {
    let (rules, text) = (&field["data_validation_rules"], word(value));
    match (field["data_type"].as_str(), text) {
        (Some("NUMERIC"), _) => checks::number(value).is_some_and(|number| {
            (rules["numeric_type"] != "INT" || number.fract() == 0.0)
                && rules["min_value"].as_f64().is_none_or(|least| number >= least)
                && rules["max_value"].as_f64().is_none_or(|most| number <= most)
        }),
        (Some("BOOLEAN"), Some(text)) => ["true", "false", "1", "0"].contains(&&*text),
        (Some("LIST"), Some(text)) => rules["options"].as_array().is_some_and(|options| options.iter().any(|option| *option == *text)),
        (_, Some(text)) => {
            let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
            rules["min_length"].as_i64().is_none_or(|least| length >= least)
                && rules["max_length"].as_i64().is_none_or(|most| length <= most)
                && rules["regex"].as_str().is_none_or(|pattern| patterns.matches(&bare(pattern), &text) != Some(false))
        }
        (_, None) => false,
    }
}

/// A pattern without PHP's delimiters, and with the flags behind them in front.
fn bare(pattern: &str) -> Cow<'_, str> {
    let parts = pattern.strip_prefix('/').and_then(|rest| rest.rsplit_once('/'));
    match parts.filter(|(_, flags)| flags.chars().all(|flag| "imsxuADUX".contains(flag))) {
        Some((inner, flags)) => {
            let flags: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
            if flags.is_empty() { Cow::Borrowed(inner) } else { Cow::Owned(format!("(?{flags}){inner}")) }
        }
        None => Cow::Borrowed(pattern),
    }
}
