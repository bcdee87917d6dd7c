//! The Schema Objects of a document, compiled: references resolved to numbers, so that recursive schemas need nothing special, and
//! every keyword where the checker finds it at once. Regular expressions are compiled when the first text meets them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::ops::Index;
use std::sync::{Arc, OnceLock};

use serde_json::{Number, Value};

use crate::base::patterns::{self, Unfit};

/// How deep parts of parts are looked through for members.
const MOST_PARTS: usize = 16;

/// All schemas of a document.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(super) rows: Vec<Schema>,
    /// Those of `components`.
    pub(super) names: BTreeMap<Box<str>, SchemaId>,
    /// Whether the document advises against any of them.
    pub(super) have_deprecated: bool,
}

/// The number of a schema in its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SchemaId(pub(super) usize);

impl Index<SchemaId> for Schemas {
    type Output = Schema;

    fn index(&self, id: SchemaId) -> &Schema {
        &self.rows[id.0]
    }
}

/// A JSON type, as schemas name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
}

/// One schema. What a keyword does not say is empty or `None`.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    pub json_type: Option<JsonType>,
    pub nullable: bool,
    pub choices: Vec<Value>,
    pub format: Option<Box<str>>,
    pub pattern: Option<Arc<Pattern>>,
    pub length: Limits,
    pub range: Range,
    pub multiple_of: Option<f64>,
    pub items: Option<SchemaId>,
    pub item_count: Limits,
    pub unique_items: bool,
    pub object: Option<Box<ObjectRules>>,
    pub all_of: Vec<SchemaId>,
    pub any_of: Vec<SchemaId>,
    pub one_of: Vec<SchemaId>,
    pub not: Option<SchemaId>,
    pub discriminator: Option<Box<Discriminator>>,
    /// What the vendor's document says of such values, though the vendor takes any: the `$ref` of `x-documented`.
    pub documented: Option<SchemaId>,
    /// An `example`, or else the `default`.
    pub sample: Option<Value>,
    pub default: Option<Value>,
    pub read_only: bool,
    /// Whether the document advises against it.
    pub is_deprecated: bool,
    /// What the document says beyond OpenAPI, by names that begin with `x-`.
    pub extensions: Vec<(Box<str>, Value)>,
}

/// What a schema says of the members of an object.
#[derive(Debug)]
pub(crate) struct ObjectRules {
    /// In the order in which they are checked: that of the document, unless `x-check-order` names some that come first.
    pub properties: Vec<Property>,
    /// Required members that `properties` does not list.
    pub required: Vec<Box<str>>,
    pub additional: Additional,
    pub count: Limits,
}

#[derive(Debug)]
pub(crate) struct Property {
    pub name: Box<str>,
    pub schema: SchemaId,
    pub required: bool,
    /// Its position among the properties as the document lists them.
    pub declared: usize,
}

/// Members that `properties` does not list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Additional {
    Any,
    Refused,
    Schema(SchemaId),
}

/// Which alternative a value says it is.
#[derive(Debug)]
pub(crate) struct Discriminator {
    pub property: Box<str>,
    /// Values of the property with what they stand for.
    pub alternatives: Vec<(Box<str>, SchemaId)>,
}

/// The limits of a length or a count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub min: Option<usize>,
    pub max: Option<usize>,
}

/// The limits of a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Range {
    pub min: Option<Number>,
    pub max: Option<Number>,
    /// Whether `min` itself is excluded.
    pub above_min: bool,
    /// Whether `max` itself is excluded.
    pub below_max: bool,
}

/// A regular expression, compiled on first use.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub source: Box<str>,
    compiled: OnceLock<Option<patterns::Pattern>>,
}

impl Pattern {
    pub fn new(source: &str) -> Self {
        Self { source: source.into(), compiled: OnceLock::new() }
    }

    /// The compiled expression; `None` if it uses what our engine does not know, such as look-around, or is too large. Then every text
    /// matches.
    pub fn compiled(&self) -> Option<&patterns::Pattern> {
        self.compiled.get_or_init(|| compile(&self.source).ok()).as_ref()
    }
}

/// A pattern as documents write it.
///
/// # Errors
/// When it is no expression that is read here, or too large.
pub fn compile(pattern: &str) -> Result<patterns::Pattern, Unfit> {
    patterns::compile(&ascii_classes(pattern))
}

/// `\d` and `\w` mean ASCII in the dialect of JSON Schema, and Unicode in ours.
fn ascii_classes(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('d')) => out.push_str("[0-9]"),
            ('\\', Some('w')) => out.push_str("[0-9A-Za-z_]"),
            (letter, escaped) => out.extend(std::iter::once(letter).chain(escaped)),
        }
    }
    out
}

impl JsonType {
    /// The type of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::String, Self::Number, Self::Integer, Self::Boolean, Self::Array, Self::Object]
            .into_iter()
            .find(|row| row.to_string() == name)
    }

    /// Whether a value is of the type. A number with a fraction of zero is left to the vendor's reading.
    pub(crate) fn is_of(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Number => value.is_number(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Boolean => value.is_boolean(),
            Self::Array => value.is_array(),
            Self::Object => value.is_object(),
        }
    }
}

impl Display for JsonType {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
        })
    }
}

impl Schema {
    /// The text of an extension of OpenAPI, whose name begins with `x-`.
    pub fn extension(&self, name: &str) -> Option<&str> {
        self.extensions.iter().find(|(other, _)| **other == *name)?.1.as_str()
    }

    /// The members that the vendor's document requires, though the vendor does without them.
    pub fn documented_members(&self) -> impl Iterator<Item = &str> {
        self.documented("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// The type that the vendor's document gives, though the vendor takes others.
    pub fn documented_type(&self) -> Option<JsonType> {
        JsonType::named(self.documented("type")?.as_str()?)
    }

    /// What `x-documented` says: a keyword of the vendor's document that the vendor does not keep to.
    fn documented(&self, keyword: &str) -> Option<&Value> {
        self.extensions.iter().find(|(name, _)| **name == *"x-documented")?.1.get(keyword)
    }

    /// Whether texts of an enumeration may be in any case of letters: whether its `x-any-case` is `true`.
    pub fn takes_any_case(&self) -> bool {
        self.extensions.iter().any(|(name, value)| **name == *"x-any-case" && *value == true)
    }

    /// The choice that a text is in another case of letters, where these are taken.
    pub fn in_other_case(&self, read: &Value) -> Option<&Value> {
        let text = read.as_str().filter(|_| self.takes_any_case())?;
        self.choices.iter().find(|choice| choice.as_str().is_some_and(|choice| choice.eq_ignore_ascii_case(text)))
    }

    /// Puts the properties that `x-check-order` names in front, in its order.
    pub fn sort_properties(&mut self) {
        let order = self.extensions.iter().find(|(name, _)| **name == *"x-check-order");
        let Some(order) = order.and_then(|(_, names)| names.as_array()).cloned() else { return };
        let rank = |property: &Property| order.iter().position(|name| *name == *property.name).unwrap_or(order.len());
        self.object.iter_mut().for_each(|object| object.properties.sort_by_key(rank));
    }

    /// Whether every text is in order, so that a parameter need not be looked at.
    pub fn is_any_text(&self) -> bool {
        self.json_type == Some(JsonType::String)
            && self.choices.is_empty()
            && self.format.is_none()
            && self.pattern.is_none()
            && self.length == Limits::default()
            && self.all_of.is_empty()
            && self.any_of.is_empty()
            && self.one_of.is_empty()
            && self.not.is_none()
    }
}

/// The properties of an object as far as they are found, their names, and those that are required.
#[derive(Default)]
struct Members<'s> {
    rows: Vec<(&'s str, SchemaId, bool)>,
    names: BTreeSet<&'s str>,
    required: BTreeSet<&'s str>,
}

impl Schemas {
    /// A component by its name.
    pub fn component(&self, name: &str) -> Option<SchemaId> {
        self.names.get(name).copied()
    }

    /// The properties of a component, in the order of the document.
    pub fn properties(&self, component: &str) -> Option<impl Iterator<Item = (&str, &Schema)>> {
        let object = self[*self.names.get(component)?].object.as_ref()?;
        Some(object.properties.iter().map(|row| (&*row.name, &self[row.schema])))
    }

    /// The properties of an object, those of its parts and of its first alternative included: name, schema, and whether it is required.
    pub fn members(&self, id: SchemaId) -> Vec<(&str, SchemaId, bool)> {
        let mut found = Members::default();
        self.add_members(id, 0, &mut found);
        let Members { rows, required, .. } = found;
        rows.into_iter().map(|(name, schema, is_required)| (name, schema, is_required || required.contains(name))).collect()
    }

    fn add_members<'s>(&'s self, id: SchemaId, depth: usize, found: &mut Members<'s>) {
        let schema = &self[id];
        for object in schema.object.iter() {
            found.required.extend(object.required.iter().map(|name| &**name));
            for row in &object.properties {
                if found.names.insert(&row.name) {
                    found.rows.push((&row.name, row.schema, row.required));
                }
            }
        }
        if depth < MOST_PARTS {
            let parts = schema.all_of.iter().chain(schema.any_of.first()).chain(schema.one_of.first());
            parts.for_each(|part| self.add_members(*part, depth + 1, found));
        }
    }

    /// The property of that name, also if it stands in a part of the schema.
    pub fn property(&self, id: SchemaId, name: &str) -> Option<(usize, SchemaId)> {
        self.find(id, name, |index, _| index)
    }

    /// Like [`Schemas::property`], with its position as the document lists them.
    pub fn declared(&self, id: SchemaId, name: &str) -> Option<(usize, SchemaId)> {
        self.find(id, name, |_, property| property.declared)
    }

    fn find(&self, id: SchemaId, name: &str, position: fn(usize, &Property) -> usize) -> Option<(usize, SchemaId)> {
        let schema = &self[id];
        let rows = schema.object.as_deref().map_or(&[][..], |object| &object.properties);
        let own = rows.iter().enumerate().find(|(_, row)| &*row.name == name).map(|(index, row)| (position(index, row), row.schema));
        own.or_else(|| {
            let parts = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).enumerate();
            let mut found = parts.filter_map(|(part, id)| Some((part, self.find(*id, name, position)?)));
            found.next().map(|(part, (index, id))| (rows.len() + part * 1000 + index, id))
        })
    }

    /// How the document spells a property of that name in any case of letters.
    pub fn spelled(&self, id: SchemaId, name: &str) -> Option<&str> {
        let schema = &self[id];
        let rows = schema.object.as_deref().map_or(&[][..], |object| &object.properties);
        let own = rows.iter().map(|row| &*row.name).find(|own| own.eq_ignore_ascii_case(name));
        own.or_else(|| schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of).find_map(|id| self.spelled(*id, name)))
    }

    /// What the elements of a list are.
    pub fn element(&self, id: SchemaId) -> Option<SchemaId> {
        let schema = &self[id];
        schema.items.or_else(|| {
            let mut parts = schema.all_of.iter().chain(&schema.any_of).chain(&schema.one_of);
            parts.find_map(|id| self.element(*id))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_ascii_as_in_ecma() {
        let pattern = Pattern::new(r"^[\d.]+\\?$");
        let regex = &pattern.compiled().expect("an expression").regex;
        assert!(regex.is_match("1.5") && regex.is_match(r"1\") && !regex.is_match("١"));
        assert!(Pattern::new("(?!a)").compiled().is_none());
    }
}
