//! Custom fields of version 1.2: the parcel attributes of the portal under their newer name, and those that callers make.

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{order, users};
use crate::base::{entropy, ids};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::vendors::shipmate::catalog::{Attribute, CATALOG};
use crate::vendors::shipmate::dialect;
use crate::vendors::shipmate::validation::{self, Fault, Field, Report};
use crate::vendors::shipmate::wire::{CUSTOM_FIELD, Envelope};

/// What may be said of shipments, parcels, people or products beside the members that they have anyway.
#[derive(Clone, Serialize, Deserialize)]
pub struct CustomField {
    id: String,
    name: String,
    key: String,
    entity: String,
    data_type: String,
    source: String,
    mapped_to: Option<String>,
    default_value: Option<String>,
    data_validation_rules: Rules,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Rules {
    is_required: bool,
    min_length: Option<i64>,
    max_length: Option<i64>,
    regex: Option<String>,
    options: Vec<String>,
    numeric_type: Option<String>,
    min_value: Option<Number>,
    max_value: Option<Number>,
}

#[derive(Deserialize)]
pub struct Reference {
    r#ref: String,
}

/// All fields, the account's own attributes first.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(Envelope { message: "Custom Fields Retrieved", data: all(cx) }))
}

/// A field is found by its key or its id.
pub fn get(cx: &mut Cx<'_>, Params(Reference { r#ref }): Params<Reference>) -> Outcome {
    let found = all(cx).into_iter().find(|field| field.key == r#ref || field.id.eq_ignore_ascii_case(&r#ref));
    let field = found.ok_or_else(|| Refusal::missing(CUSTOM_FIELD, r#ref))?;
    Ok(Reply::ok(Envelope { message: "Custom Field Retrieved", data: field }))
}

/// A field needs a name, a key that is free, what it belongs to and what it holds.
pub fn create(cx: &mut Cx<'_>) -> Outcome {
    users::manages(cx)?;
    let (mut report, root) = (Report::default(), Field::root(&cx.call.body));
    let report = &mut report;
    let name = report.required_text(root.member("name")).to_owned();
    let key = root.member("key");
    let own = report.required_text(key).to_owned();
    if all(cx).iter().any(|field| field.key == own) || CATALOG.attribute(&own).is_some() {
        report.add(&key.path, Fault::Taken);
    }
    let mut word = |name: &str, words: &'static [&'static str], usual: Option<&str>| {
        let field = root.member(name);
        let field = if usual.is_none() { report.needed(field) } else { field };
        let chosen = report.choice(&field, |word| words.contains(&word).then(|| word.to_owned()));
        chosen.or(usual.map(str::to_owned)).unwrap_or_default()
    };
    let entity = word("entity", &["SHIPMENT", "PARCEL", "CONTACT", "SKU"], None);
    let data_type = word("data_type", &["NUMERIC", "TEXT", "BOOLEAN", "LIST"], None);
    let source = word("source", &["DIRECT", "FIXED", "MAPPED"], Some("DIRECT"));
    let mut needed = |name: &str, when: bool| {
        let field = root.member(name);
        let field = if when { report.needed(field) } else { field };
        field.value.and_then(order::word).map(std::borrow::Cow::into_owned)
    };
    let mapped_to = needed("mapped_to", source == "MAPPED");
    let default_value = needed("default_value", source == "FIXED");
    let data_validation_rules = rules(report, &root.member("data_validation_rules"), &data_type);
    dialect::settle(report)?;
    let id = ids::uuid(&mut cx.rng).to_string();
    let field = CustomField { id, name, key: own, entity, data_type, source, mapped_to, default_value, data_validation_rules };
    cx.docs.put(CUSTOM_FIELD, &field.key, &field);
    Ok(Reply::created(Envelope { message: "Custom Field Created", data: field }))
}

fn rules(report: &mut Report, field: &Field<'_, '_>, data_type: &str) -> Rules {
    report.map(field);
    let mut number = |name: &str| {
        let member = field.member(name);
        let found = member.value.filter(|value| validation::number(value).is_some()).and_then(written);
        if member.value.is_some() && found.is_none() {
            report.add(&member.path, Fault::NotNumber);
        }
        found
    };
    let (min_value, max_value) = (number("min_value"), number("max_value"));
    let options = field.member("options");
    let options = if data_type == "LIST" { report.needed(options) } else { options };
    let rows = report.list(&options).iter().filter_map(order::word).map(std::borrow::Cow::into_owned).collect();
    Rules {
        is_required: report.flag(&field.member("is_required")).unwrap_or_default(),
        min_length: report.whole(&field.member("min_length"), 0),
        max_length: report.whole(&field.member("max_length"), 0),
        regex: report.text(&field.member("regex")).map(str::to_owned),
        options: rows,
        numeric_type: report.choice(&field.member("numeric_type"), |word| ["INT", "DECIMAL"].contains(&word).then(|| word.to_owned())),
        min_value,
        max_value,
    }
}

/// A number as the caller wrote it, so that a whole one stays whole.
fn written(value: &Value) -> Option<Number> {
    match value {
        Value::Number(number) => Some(number.clone()),
        other => other.as_str()?.trim().parse().ok(),
    }
}

/// The values that a request gives for the fields of an entity. Unknown keys, values that do not fit, and needed ones that are
/// missing are reported; the attributes that come out of the box are always good for parcels.
pub fn check<'v>(report: &mut Report, owner: &Field<'v, '_>, entity: &str, cx: &Cx<'_>) -> Option<&'v Map<String, Value>> {
    let field = owner.member("custom_fields");
    report.map(&field);
    let members = field.value.and_then(Value::as_object);
    let mut known = all(cx);
    known.retain(|row| row.entity == entity);
    for row in known.iter().filter(|row| row.data_validation_rules.is_required && row.default_value.is_none()) {
        report.needed(field.key(&row.key));
    }
    for (name, value) in members.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        let built_in = CATALOG.built_in_attributes.iter().find(|row| entity == "PARCEL" && row.id == *name);
        let fits = match (known.iter().find(|row| row.key == *name), built_in) {
            (Some(own), _) => own.takes(value),
            (None, Some(built_in)) => order::fits(built_in.r#type, &built_in.values, value),
            (None, None) => false,
        };
        if !fits {
            report.add(&field.key(name).path, Fault::NotChosen);
        }
    }
    members
}

fn all(cx: &Cx<'_>) -> Vec<CustomField> {
    CATALOG.attributes.iter().map(CustomField::from).chain(cx.docs.list(CUSTOM_FIELD)).collect()
}

impl CustomField {
    fn takes(&self, value: &Value) -> bool {
        let rules = &self.data_validation_rules;
        let text = order::word(value);
        match self.data_type.as_str() {
            "NUMERIC" => validation::number(value).is_some_and(|number| {
                (rules.numeric_type.as_deref() != Some("INT") || number.fract() == 0.0)
                    && rules.min_value.as_ref().and_then(Number::as_f64).is_none_or(|least| number >= least)
                    && rules.max_value.as_ref().and_then(Number::as_f64).is_none_or(|most| number <= most)
            }),
            "BOOLEAN" => order::fits(3, &[], value) || order::fits(5, &[], value),
            "LIST" => text.is_some_and(|text| rules.options.iter().any(|option| *option == text)),
            _ => text.is_some_and(|text| {
                let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
                rules.min_length.is_none_or(|least| length >= least)
                    && rules.max_length.is_none_or(|most| length <= most)
                    && rules.regex.as_deref().is_none_or(|pattern| matches(pattern, &text))
            }),
        }
    }
}

/// Whether a text matches a field's pattern, written with or without PHP's delimiters. A pattern that takes more than linear
/// time (look-around, back-references) cannot be judged and lets everything pass.
fn matches(pattern: &str, text: &str) -> bool {
    let bare = pattern.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(pattern);
    RegexBuilder::new(bare).size_limit(1 << 16).build().map_or(true, |pattern| pattern.is_match(text))
}

impl From<&Attribute> for CustomField {
    fn from(attribute: &Attribute) -> Self {
        let digest = entropy::fingerprint(attribute.id.as_bytes());
        let id = uuid::Uuid::from_u64_pair(digest & !0xf000 | 0x4000, digest.rotate_left(32) >> 2 | 1 << 63);
        let data_type = match attribute.r#type {
            1 => "NUMERIC",
            2 => "TEXT",
            6 => "LIST",
            _ => "BOOLEAN",
        };
        let options = if data_type == "LIST" { attribute.values.clone() } else { Vec::new() };
        Self {
            id: id.to_string(),
            name: attribute.name.clone(),
            key: attribute.id.clone(),
            entity: "PARCEL".to_owned(),
            data_type: data_type.to_owned(),
            source: "DIRECT".to_owned(),
            mapped_to: None,
            default_value: None,
            data_validation_rules: Rules { options, ..Rules::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }

    #[test]
    fn patterns_are_read_with_and_without_delimiters() {
        check("^[A-Z]{2}\\d+$", "AB12", true);
        check("/^[A-Z]{2}\\d+$/", "ab12", false);
        check("(?=x)", "anything", true);
        check("(", "anything", true);
    }
}
