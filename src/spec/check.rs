//! Holds a value against a schema: one walk in the order of the document, which allocates nothing while all is in order.
//!
//! Keywords count by the type of the value, as in JSON Schema; what the vendor's [`Reading`] takes for something else is checked as
//! that. Of a value that is none of an enumeration, or of another type than a format of the vendor's own, only that is said. Where no
//! alternative of `anyOf` or `oneOf` fits, the one that the value comes closest to speaks: the one that the discriminator names, or
//! else the only one of the value's type.

mod alternatives;
mod documented;
mod whole;

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use crate::base::json;
use crate::spec::format;
use crate::spec::reading::{self, Blank, Reading};
use crate::spec::schema::{Additional, JsonType, Limits, ObjectRules, Range, Schema, SchemaId, Schemas};
use crate::spec::violation::{self, ParameterIn, Path, Rule, Step, Violation};

/// How many violations are worth telling.
pub(crate) const MOST_VIOLATIONS: usize = 100;

/// How deep a schema may refer to itself without the value going deeper too.
const DEEPEST: usize = 512;

/// How many values are looked at of the largest, each once for every schema that it has to fit: parts and alternatives that refer to
/// themselves want twice as many at each level. What is beyond counts as it is.
const MOST_VALUES: usize = 2_000_000;

/// So many words of an enumeration count as one value more, and so many bytes of them are told of one that has none of them.
const CHOICES: usize = 32;
const TOLD: usize = 16 << 10;

/// What the patterns may cost that texts are held against ([`Pattern::places`](crate::base::patterns::Pattern) for each byte). Texts that
/// would cost more than is left are not.
const MOST_WORK: usize = 16 << 20;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub violations: Vec<Violation>,
    /// Whether an object has a member that one of its schemas does not list.
    pub has_unknown: bool,
    /// Values that the vendor reads as something else, in the order in which they have to be replaced.
    pub changes: Changes,
}

/// Values by where they go; `None` for members that count as not sent.
pub(crate) type Changes = Vec<(Vec<Step>, Option<Value>)>;

pub(super) struct Checker<'a> {
    pub schemas: &'a Schemas,
    pub reading: &'a Reading,
    pub location: ParameterIn,
    /// Whether all values come as texts, as those of parameters do.
    pub texts: bool,
    /// Whether no value is taken for one of another type.
    pub is_typed: bool,
    pub found: Findings,
    /// Violations so far, also those that are not kept.
    faults: usize,
    /// How many attempts to fit an alternative are under way.
    attempts: usize,
    depth: usize,
    /// How many more values are looked at.
    left: usize,
    /// What patterns may still cost.
    work: usize,
}

impl<'a> Checker<'a> {
    pub fn new(schemas: &'a Schemas, reading: &'a Reading, location: ParameterIn) -> Self {
        Self {
            schemas,
            reading,
            location,
            texts: false,
            is_typed: false,
            found: Findings::default(),
            faults: 0,
            attempts: 0,
            depth: 0,
            left: MOST_VALUES,
            work: MOST_WORK,
        }
    }

    /// Checks a value that was sent.
    pub fn value(&mut self, id: SchemaId, sent: &Value, path: &Path<'_>, required: bool) {
        self.depth += 1;
        if self.depth < DEEPEST && self.left > 0 {
            self.left -= 1;
            self.entered(id, sent, path, required);
        }
        self.depth -= 1;
    }

    fn entered(&mut self, id: SchemaId, sent: &Value, path: &Path<'_>, required: bool) {
        let schema = &self.schemas[id];
        let read = self.trimmed(schema, sent);
        if self.has_no_members(schema, &read, path) {
            if !read.is_object() {
                self.change(path, &Value::Object(Map::new()));
            }
            return self.missing_members(schema, path);
        }
        if self.is_nothing(schema, &read) {
            return self.nothing(schema, sent, path, required);
        }
        let wanted = schema.json_type.filter(|wanted| !wanted.is_of(&read));
        let is_map = schema.object.as_ref().is_none_or(|rules| rules.properties.is_empty());
        let coerced = wanted.map(|wanted| self.coerced(wanted, is_map, &read));
        let is_wrong = matches!(coerced, Some(None));
        let read = coerced.flatten().map_or(read, Cow::Owned);
        if let Cow::Owned(value) = &read {
            self.change(path, value);
        }
        self.left = self.left.saturating_sub(schema.choices.len() / CHOICES);
        if !schema.choices.is_empty() && !schema.choices.iter().any(|choice| same(choice, &read)) {
            match schema.in_other_case(&read) {
                Some(choice) => self.change(path, choice),
                None => return self.add(path, Some(sent), || Rule::Enum(told(&schema.choices))),
            }
        }
        if let Some(wanted) = wanted.filter(|_| is_wrong && schema.choices.is_empty()) {
            // In a typed language, what is of another type never reaches the formats.
            match schema.format.as_deref().filter(|name| !self.reading.typed && self.own_format(name).is_some()) {
                Some(name) => self.add(path, Some(sent), || Rule::Format(name.to_owned())),
                None => self.wrong_type(schema, wanted, sent, path),
            }
        }
        match &*read {
            Value::String(text) => self.text(schema, text, sent, path),
            Value::Number(number) => self.number(schema, number, sent, path),
            Value::Array(rows) => self.list(schema, rows, &read, path),
            Value::Object(members) => self.object(schema, members, &read, path),
            Value::Null | Value::Bool(_) => {}
        }
        self.combined(schema, &read, path, required);
    }

    /// What a member that was not sent breaks.
    pub fn missing(&mut self, id: SchemaId, path: &Path<'_>, value: Option<&Value>) {
        self.add(path, value, || Rule::Required);
        self.missing_members(&self.schemas[id], path);
    }

    fn missing_members(&mut self, schema: &'a Schema, path: &Path<'_>) {
        if !self.reading.rules_by_path || self.depth > DEEPEST {
            return;
        }
        self.depth += 1;
        for property in schema.object.iter().flat_map(|object| &object.properties).filter(|property| property.required) {
            self.missing(property.schema, &Path::Member(path, &property.name), None);
        }
        for part in &schema.all_of {
            self.missing_members(&self.schemas[*part], path);
        }
        self.depth -= 1;
    }

    fn trimmed<'v>(&self, schema: &Schema, sent: &'v Value) -> Cow<'v, Value> {
        match sent {
            Value::String(text) if self.reading.trims && text.trim().len() != text.len() => match (schema.format.as_deref(), text.trim()) {
                (Some("password"), rest) if !rest.is_empty() => Cow::Borrowed(sent),
                (_, rest) => Cow::Owned(Value::from(rest)),
            },
            _ => Cow::Borrowed(sent),
        }
    }

    /// Whether it stands where an object counts by its members alone, and has none.
    fn has_no_members(&self, schema: &Schema, read: &Value, path: &Path<'_>) -> bool {
        self.reading.rules_by_path
            && matches!(path, Path::Root | Path::Element(..))
            && schema.json_type == Some(JsonType::Object)
            && read.as_object().is_none_or(Map::is_empty)
    }

    /// Whether a value is null, or as good as that.
    fn is_nothing(&self, schema: &Schema, read: &Value) -> bool {
        match read {
            Value::Null => schema.nullable || schema.json_type.is_some(),
            Value::String(text) => text.is_empty() && self.reading.blank != Blank::Text && (schema.nullable || schema.json_type.is_some()),
            Value::Array(rows) if rows.is_empty() && !self.reading.rules_by_path => {
                let is_other = schema.json_type.is_some_and(|wanted| !matches!(wanted, JsonType::Array | JsonType::Object));
                self.reading.lists_are_objects && is_other
            }
            Value::Array(rows) if !rows.is_empty() => false,
            Value::Object(members) if !members.is_empty() => false,
            Value::Array(_) | Value::Object(_) => self.reading.rules_by_path && !schema.nullable && schema.json_type.is_some(),
            _ => false,
        }
    }

    fn nothing(&mut self, schema: &'a Schema, sent: &Value, path: &Path<'_>, required: bool) {
        let may_be = schema.nullable || (self.reading.null_is_missing && !required);
        if may_be {
            if sent.is_null() && !schema.nullable && matches!(path, Path::Member(..)) {
                self.found.changes.push((path.to_steps(), None));
                return;
            }
            let stays = sent.is_null() || (schema.json_type == Some(JsonType::String) && self.reading.blank == Blank::PassesAsNull);
            if !stays || sent.is_array() {
                self.change(path, &Value::Null);
            }
            return;
        }
        let is_missing = self.reading.null_is_missing;
        self.add(path, Some(sent), || if is_missing { Rule::Required } else { Rule::Null });
        self.missing_members(schema, path);
    }

    /// What the vendor takes a value for that is not of the type.
    fn coerced(&self, wanted: JsonType, is_map: bool, value: &Value) -> Option<Value> {
        let reading = self.reading;
        if let Value::String(text) = value
            && self.texts
        {
            let typed = match wanted {
                JsonType::Integer => text.parse::<i64>().ok().map(Value::from),
                JsonType::Number => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
                JsonType::Boolean => reading::parameter_flag(text).map(Value::from),
                _ => None,
            };
            if typed.is_some() {
                return typed;
            }
        }
        if self.is_typed {
            return None;
        }
        match wanted {
            JsonType::String => (reading.text)(value).map(Value::from),
            JsonType::Number => (reading.number)(value).and_then(Number::from_f64).map(Value::Number),
            JsonType::Integer => (reading.integer)(value).map(Value::from),
            JsonType::Boolean => (reading.flag)(value).map(Value::from),
            JsonType::Object => {
                let rows = value.as_array().filter(|_| reading.lists_are_objects)?;
                let members = rows.iter().enumerate().filter(|_| is_map).map(|(index, row)| (index.to_string(), row.clone()));
                Some(Value::Object(members.collect()))
            }
            JsonType::Array => {
                let is_empty = value.as_object().is_some_and(Map::is_empty);
                (reading.lists_are_objects && is_empty).then(|| Value::Array(Vec::new()))
            }
        }
    }

    fn wrong_type(&mut self, schema: &'a Schema, wanted: JsonType, sent: &Value, path: &Path<'_>) {
        self.add(path, Some(sent), || Rule::Type(wanted));
        match wanted {
            JsonType::Object => self.missing_members(schema, path),
            // A number that is not whole still has its limits, however it is written.
            JsonType::Integer if !sent.is_number() => {
                if let Some(number) = (self.reading.number)(sent).and_then(Number::from_f64) {
                    self.number(schema, &number, sent, path);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, schema: &Schema, text: &str, sent: &Value, path: &Path<'_>) {
        let Limits { min, max } = schema.length;
        // Bytes are counted first: a character has one to four of them.
        if min.is_some_and(|min| text.len() < min.saturating_mul(4) && text.chars().count() < min) {
            self.add(path, Some(sent), || Rule::MinLength(schema.length));
        }
        if max.is_some_and(|max| text.len() > max && text.chars().count() > max) {
            self.add(path, Some(sent), || Rule::MaxLength(schema.length));
        }
        if let Some(pattern) = &schema.pattern
            && pattern.compiled().is_some_and(|compiled| compiled.matches(text, &mut self.work) == Some(false))
        {
            self.add(path, Some(sent), || Rule::Pattern(pattern.source.to_string()));
        }
        if let Some(name) = &schema.format {
            if self.own_format(name).map_or_else(|| format::fits(name, text), |fits| Some(fits(text))) == Some(false) {
                self.add(path, Some(sent), || Rule::Format(name.to_string()));
            } else if let Some((_, respell)) = self.reading.spellings.iter().find(|(own, _)| **own == **name)
                && let Some(spelled) = respell(text)
            {
                self.change(path, &spelled.into());
            }
        }
    }

    /// How the vendor tells texts of that format.
    fn own_format(&self, name: &str) -> Option<fn(&str) -> bool> {
        self.reading.formats.iter().find(|(own, _)| *own == name).map(|(_, fits)| *fits)
    }

    fn number(&mut self, schema: &Schema, number: &Number, sent: &Value, path: &Path<'_>) {
        let Range { min, max, above_min, below_max } = &schema.range;
        if min.as_ref().is_some_and(|min| is_less(number, min) || (*above_min && !is_less(min, number))) {
            self.add(path, Some(sent), || Rule::Minimum(schema.range.clone()));
        }
        if max.as_ref().is_some_and(|max| is_less(max, number) || (*below_max && !is_less(number, max))) {
            self.add(path, Some(sent), || Rule::Maximum(schema.range.clone()));
        }
        if let Some(step) = schema.multiple_of
            && !is_multiple(number.as_f64().unwrap_or_default(), step)
        {
            let step = Number::from_f64(step).unwrap_or_else(|| 0.into());
            self.add(path, Some(sent), || Rule::MultipleOf(step));
        }
        if let Some(name) = &schema.format
            && match &**name {
                "int32" => number.as_i64().is_none_or(|whole| i32::try_from(whole).is_err()),
                "int64" => number.as_u64().is_some_and(|whole| i64::try_from(whole).is_err()),
                _ => false,
            }
        {
            self.add(path, Some(sent), || Rule::Format(name.to_string()));
        }
    }

    fn list(&mut self, schema: &'a Schema, rows: &[Value], value: &Value, path: &Path<'_>) {
        let Limits { min, max } = schema.item_count;
        if min.is_some_and(|min| rows.len() < min) {
            self.add(path, Some(value), || Rule::MinItems(schema.item_count));
        }
        if max.is_some_and(|max| rows.len() > max) {
            self.add(path, Some(value), || Rule::MaxItems(schema.item_count));
        }
        if schema.unique_items && has_equals(rows) {
            self.add(path, Some(value), || Rule::UniqueItems);
        }
        let Some(items) = schema.items else { return };
        for (index, row) in rows.iter().enumerate() {
            if self.faults >= MOST_VIOLATIONS {
                return;
            }
            self.value(items, row, &Path::Element(path, index), false);
        }
    }

    fn object(&mut self, schema: &'a Schema, members: &Map<String, Value>, value: &Value, path: &Path<'_>) {
        let Some(rules) = &schema.object else { return };
        let Limits { min, max } = rules.count;
        if min.is_some_and(|min| members.len() < min) {
            self.add(path, Some(value), || Rule::MinProperties(rules.count));
        }
        if max.is_some_and(|max| members.len() > max) {
            self.add(path, Some(value), || Rule::MaxProperties(rules.count));
        }
        let mut known = 0;
        // Most callers send members in the order of the document, which saves the look-up by name.
        let mut ordered = members.iter().peekable();
        for property in &rules.properties {
            let found = match ordered.next_if(|(name, _)| **name == *property.name) {
                Some((_, value)) => Some(value),
                None if known == members.len() => None,
                None => json::member(members, &property.name),
            };
            match found {
                Some(value) => {
                    known += 1;
                    self.value(property.schema, value, &Path::Member(path, &property.name), property.required);
                }
                None if property.required => self.missing(property.schema, &Path::Member(path, &property.name), None),
                None => {}
            }
        }
        for name in rules.required.iter().filter(|name| !members.contains_key(&***name)) {
            self.add(&Path::Member(path, name), None, || Rule::Required);
        }
        if known < members.len() {
            self.found.has_unknown = true;
            self.additional(rules, members, path);
        }
    }

    fn additional(&mut self, rules: &'a ObjectRules, members: &Map<String, Value>, path: &Path<'_>) {
        if matches!(rules.additional, Additional::Any) {
            return;
        }
        let unlisted = members.iter().filter(|(name, _)| rules.properties.iter().all(|property| **name != *property.name));
        for (name, value) in unlisted {
            if self.faults >= MOST_VIOLATIONS {
                return;
            }
            let path = Path::Key(path, name);
            match rules.additional {
                Additional::Schema(id) => self.value(id, value, &path, false),
                _ => self.add(&path, Some(value), || Rule::Unknown),
            }
        }
    }

    fn combined(&mut self, schema: &'a Schema, value: &Value, path: &Path<'_>, required: bool) {
        self.documented(schema, value, path);
        for part in &schema.all_of {
            self.value(*part, value, path, required);
        }
        if !schema.any_of.is_empty() {
            self.alternatives(schema, &schema.any_of, false, value, path);
        }
        if !schema.one_of.is_empty() {
            self.alternatives(schema, &schema.one_of, true, value, path);
        }
        if let Some(not) = schema.not
            && self.attempt(not, value, path).is_some()
        {
            self.add(path, Some(value), || Rule::Not);
        }
    }

    #[cold]
    fn add(&mut self, path: &Path<'_>, value: Option<&Value>, rule: impl FnOnce() -> Rule) {
        self.faults += 1;
        if self.attempts == 0 && self.found.violations.len() < MOST_VIOLATIONS {
            let violation = Violation { location: self.location, path: path.to_steps(), value: value.map(violation::kept), rule: rule() };
            self.found.violations.push(violation);
        }
    }

    fn change(&mut self, path: &Path<'_>, value: &Value) {
        self.found.changes.push((path.to_steps(), Some(value.clone())));
    }
}

/// Carries out the changes of a check.
pub(crate) fn apply(document: &mut Value, changes: Changes) {
    for (path, value) in changes {
        let Some(value) = value else {
            if let Some((last, parents)) = path.split_last()
                && let Some(Value::Object(members)) = target(document, parents)
            {
                members.shift_remove(last.name());
            }
            continue;
        };
        if let Some(target) = target(document, &path) {
            *target = value;
        }
    }
}

/// The first words of an enumeration: all of them, unless they are long or very many.
fn told(choices: &[Value]) -> Vec<Value> {
    let mut left = TOLD;
    let fits = |choice: &&Value| {
        let size = size_of::<Value>() / 2 + json::allocated(choice);
        left = left.saturating_sub(size);
        left > 0
    };
    choices.iter().take_while(fits).cloned().collect()
}

fn target<'v>(document: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(document, |inner, step| match (inner, step) {
        (Value::Array(rows), Step::Element(index)) => rows.get_mut(*index),
        (Value::Object(members), Step::Member(name) | Step::Key(name)) => members.get_mut(&**name),
        _ => None,
    })
}

/// Whether two values are equal for JSON Schema, which knows no difference between 1 and 1.0.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => !is_less(left, right) && !is_less(right, left),
        (left, right) => left == right,
    }
}

fn is_less(left: &Number, right: &Number) -> bool {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => left < right,
        _ => left.as_f64() < right.as_f64(),
    }
}

/// Whether a number is a multiple, but for what floats cannot say.
fn is_multiple(number: f64, step: f64) -> bool {
    let ratio = number / step;
    (ratio - ratio.round()).abs() < 1e-9 * ratio.abs().max(1.0)
}

fn has_equals(rows: &[Value]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    rows.iter().any(|row| !seen.insert(row.to_string()))
}

#[cfg(test)]
mod tests;
