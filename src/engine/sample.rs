//! The cheapest tier: an operation without a row is answered from the document alone, seeded, with what the caller sent
//! wherever the answer has a member of the same name. Good for static reference data; for anything that a caller can create
//! or change it is a gap, and the coverage table counts it as one. Every such answer carries the note `sample`.

mod pattern;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use fake::Fake as _;
use fake::faker::address::raw::{CityName, StateAbbr, StreetName, ZipCode};
use fake::faker::company::raw::CompanyName;
use fake::faker::internet::raw::SafeEmail;
use fake::faker::lorem::raw::Word;
use fake::faker::name::raw::{FirstName, LastName, Name};
use fake::faker::phone_number::raw::PhoneNumber;
use fake::locales::EN;
use http::StatusCode;
use rand::RngExt as _;
use serde_json::{Map, Number, Value};

use crate::base::entropy::{self, Rng};
use crate::base::{ids, json};
use crate::engine::call::Validation;
use crate::engine::cx::Cx;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::vendor::OperationRow;
use crate::spec::{Catalog, JsonType, Limits, Operation, Range, Schema, SchemaId, Schemas, Tier};
use crate::world::{Blame, Note};

/// How deep a sample goes; what is deeper is left empty.
const DEPTH: usize = 8;

/// How deep required members of required members go, which may go on without end.
const DEEPEST: usize = 24;

/// How many values one sample has at most.
const MOST_VALUES: usize = 10_000;

/// How many letters its texts have together, however long the document wants them, with what is copied from the document.
const MOST_LETTERS: usize = 1 << 20;

/// The row of an operation that has none.
pub(super) fn row(catalog: &Arc<Catalog>, operation: &Operation) -> OperationRow {
    let (catalog, index) = (Arc::clone(catalog), operation.index);
    let handler = Box::new(move |cx: &mut Cx<'_>| match catalog.operations().get(index) {
        Some(operation) => answer(cx, operation),
        None => Err(Refusal::Broken),
    });
    OperationRow {
        operation: operation.id.clone().into(),
        tier: Tier::Sample,
        validation: Validation::First,
        handler,
        answer_size: AtomicUsize::default(),
    }
}

fn answer(cx: &mut Cx<'_>, operation: &Operation) -> Outcome {
    let Some((status, schema)) = operation.success() else { return Err(Refusal::UnknownPath { authenticated: true }) };
    cx.note(Note::SAMPLE, Blame::Sandbox, "the answer is made from the document alone");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let Some(schema) = schema else { return Ok(Reply::empty(status)) };
    let now = cx.now.to_string();
    let document = value(operation.schemas(), schema, "", &cx.call.body, &now, &mut cx.rng);
    Ok(Reply::json(status, document))
}

/// A value that a schema accepts, of a member of that name, with what was sent in place of its own members.
pub(super) fn value(schemas: &Schemas, schema: SchemaId, name: &str, sent: &Value, now: &str, rng: &mut Rng) -> Value {
    Sampler { schemas, sent, now, rng, left: MOST_VALUES, letters: MOST_LETTERS }.value(schema, name, 0)
}

/// A body that the document of an operation accepts, the same each time.
#[must_use]
pub fn of_request(operation: &Operation) -> Option<Value> {
    let mut rng = entropy::stream(0, &["example", &operation.id], 0);
    let schema = operation.body_schema()?;
    Some(value(operation.schemas(), schema, "", &Value::Null, "2026-01-05T09:00:00Z", &mut rng))
}

/// Makes values that a schema accepts.
struct Sampler<'a> {
    schemas: &'a Schemas,
    sent: &'a Value,
    now: &'a str,
    rng: &'a mut Rng,
    /// How many more values are made; beyond that they are `null`, as they are beyond [`DEEPEST`].
    left: usize,
    /// How many letters texts may still be filled up with.
    letters: usize,
}

impl<'a> Sampler<'a> {
    fn value(&mut self, id: SchemaId, name: &str, depth: usize) -> Value {
        let schema = &self.schemas[id];
        if depth > DEEPEST || self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(fixed) = &schema.sample {
            return self.copied(fixed);
        }
        if !schema.choices.is_empty() {
            let choice = schema.choices.get(self.rng.random_range(0..schema.choices.len()));
            return choice.map(|choice| self.copied(choice)).unwrap_or_default();
        }
        if depth > DEPTH && schema.nullable {
            return Value::Null;
        }
        let Some(json_type) = schema.json_type.filter(|json_type| *json_type != JsonType::Object) else {
            return self.composed(schema, name, depth);
        };
        match json_type {
            JsonType::String => self.text(schema, name).into(),
            JsonType::Integer => self.integer(&schema.range).into(),
            JsonType::Number => self.number(&schema.range),
            JsonType::Boolean => self.rng.random_bool(0.5).into(),
            JsonType::Array | JsonType::Object => self.list(schema, name, depth),
        }
    }

    /// What the document writes out: once at least, and again while there are letters left.
    fn copied(&mut self, value: &Value) -> Value {
        if self.letters == 0 {
            return Value::Null;
        }
        let (is_first, size) = (self.letters == MOST_LETTERS, json::allocated(value));
        let fits = size <= self.letters;
        self.letters = self.letters.saturating_sub(size);
        if fits || is_first { value.clone() } else { Value::Null }
    }

    /// An object, from its own properties and those of its parts; or the first alternative, whatever that is.
    fn composed(&mut self, schema: &'a Schema, name: &str, depth: usize) -> Value {
        let mut members = Map::new();
        let parts = schema.all_of.iter().chain(schema.any_of.first()).chain(schema.one_of.first());
        for part in parts {
            match self.value(*part, name, depth) {
                Value::Object(more) => members.extend(more),
                other => return other,
            }
        }
        for property in schema.object.iter().flat_map(|object| &object.properties) {
            let echoed = (depth == 0).then(|| self.sent.get(&*property.name)).flatten().filter(|sent| !sent.is_null());
            let value = match echoed {
                Some(sent) => sent.clone(),
                None if depth >= DEPTH && !property.required => continue,
                None => self.value(property.schema, &property.name, depth + 1),
            };
            members.insert(property.name.to_string(), value);
        }
        members.into()
    }

    fn list(&mut self, schema: &'a Schema, name: &str, depth: usize) -> Value {
        let Some(items) = schema.items else { return Value::Array(Vec::new()) };
        let least = schema.item_count.min.unwrap_or_default();
        let wanted = if depth < DEPTH { least.max(1) } else { least };
        let wanted = wanted.min(schema.item_count.max.unwrap_or(wanted)).min(self.left.max(1));
        (0..wanted).map_while(|place| (place == 0 || self.left > 0).then(|| self.value(items, name, depth + 1))).collect()
    }

    fn text(&mut self, schema: &Schema, name: &str) -> String {
        match schema.format.as_deref() {
            Some("date-time") => return self.now.to_owned(),
            Some("date") => return self.now.get(..10).unwrap_or_default().to_owned(),
            Some("uuid") => return ids::uuid(self.rng).to_string(),
            Some("uri") => return "https://example.com/".to_owned(),
            Some("email") => return SafeEmail(EN).fake_with_rng(self.rng),
            _ => {}
        }
        let mut text = if name == "id" || name.ends_with("_id") { ids::hex(self.rng, 32) } else { filler(name, self.rng) };
        if let Some(expression) = schema.pattern.as_ref().filter(|own| own.compiled().is_some_and(|own| !own.regex.is_match(&text))) {
            text = pattern::text(&expression.source, self.rng).unwrap_or(text);
        }
        let Limits { min, max } = schema.length;
        let mut missing = min.unwrap_or_default().saturating_sub(text.chars().count()).min(self.letters);
        self.letters -= missing;
        while missing > 0 {
            let word = Word(EN).fake_with_rng::<&str, _>(self.rng);
            text.push_str(word);
            missing = missing.saturating_sub(word.chars().count());
        }
        text.chars().take(max.unwrap_or(usize::MAX)).collect()
    }

    fn integer(&mut self, range: &Range) -> i64 {
        let limit = |limit: &Option<Number>| limit.as_ref().and_then(Number::as_i64);
        let least = limit(&range.min).map(|least| least.saturating_add(range.above_min.into()));
        let most = limit(&range.max).map(|most| most.saturating_sub(range.below_max.into()));
        let (least, most) = match (least, most) {
            (Some(least), most) => (least, most.unwrap_or(least.saturating_add(999))),
            (None, Some(most)) => (most.saturating_sub(999).max(1.min(most)), most),
            (None, None) => (1, 1000),
        };
        self.rng.random_range(least..=most.max(least))
    }

    /// A number with two decimals, unless the limits leave no room for that.
    fn number(&mut self, range: &Range) -> Value {
        let limit = |limit: &Option<Number>| limit.as_ref().and_then(Number::as_f64);
        let (least, most) = match (limit(&range.min), limit(&range.max)) {
            (Some(least), most) => (least, most.unwrap_or(least + 999.0)),
            (None, Some(most)) => (most - 999.0, most),
            (None, None) => (1.0, 1000.0),
        };
        let drawn = least + (most - least) * f64::from(self.rng.random_range(1_u32..1000)) / 1000.0;
        let rounded = (drawn * 100.0).round() / 100.0;
        let fits = rounded > least && rounded < most;
        Number::from_f64(if fits { rounded } else { drawn }).map_or(Value::Null, Value::Number)
    }
}

/// A text that fits the name of a member.
fn filler(name: &str, rng: &mut Rng) -> String {
    match name {
        "name" | "full_name" => Name(EN).fake_with_rng(rng),
        "first_name" | "firstname" => FirstName(EN).fake_with_rng(rng),
        "last_name" | "lastname" => LastName(EN).fake_with_rng(rng),
        "company" | "company_name" => CompanyName(EN).fake_with_rng(rng),
        "email" => SafeEmail(EN).fake_with_rng(rng),
        "phone" | "telephone" => PhoneNumber(EN).fake_with_rng(rng),
        "city" => CityName(EN).fake_with_rng(rng),
        "state" => StateAbbr(EN).fake_with_rng(rng),
        "zip" | "postcode" | "postal_code" => ZipCode(EN).fake_with_rng(rng),
        "street" | "street1" | "line_1" => StreetName(EN).fake_with_rng(rng),
        "country" => "US".to_owned(),
        _ => Word(EN).fake_with_rng(rng),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A document of one operation whose answer has this schema.
    fn catalog(schema: &Value) -> Catalog {
        let document = json!({
            "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"operationId": "a", "responses": {
                "200": {"description": "d", "content": {"application/json": {"schema": schema}}}
            }}}}
        });
        Catalog::load("t", &document.to_string(), false).expect("an OpenAPI document")
    }

    /// A sample of the answer of that operation.
    fn sample(catalog: &Catalog, seed: u64) -> Value {
        let operation = &catalog.operations()[0];
        let (_, id) = operation.success().expect("a success");
        let mut rng = entropy::stream(seed, &["sample"], 0);
        value(operation.schemas(), id.expect("a schema"), "", &Value::Null, "2026-01-05T09:00:00Z", &mut rng)
    }

    /// Schemas of all types and ways to put them together.
    fn schemas() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (0_u8..6, 0_u8..9).prop_map(|(least, more)| json!({"type": "string", "minLength": least, "maxLength": least + more})),
            prop::sample::select(vec!["date", "date-time", "uuid", "uri", "email"])
                .prop_map(|format| json!({"type": "string", "format": format})),
            (-50_i32..50, 0_i32..9, any::<bool>()).prop_map(
                |(least, more, above)| json!({"type": "integer", "minimum": least, "maximum": least + more + 1, "exclusiveMinimum": above})
            ),
            (-50_i32..50, 1_i32..9, any::<bool>()).prop_map(
                |(least, more, below)| json!({"type": "number", "minimum": least, "maximum": least + more, "exclusiveMaximum": below})
            ),
            Just(json!({"type": "integer", "format": "int32", "maximum": -7})),
            Just(json!({"type": "boolean", "nullable": true})),
            Just(json!({"type": "string", "enum": ["a", "b"]})),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let object = (prop::collection::vec((inner.clone(), any::<bool>()), 0..4), any::<bool>()).prop_map(|(rows, open)| {
                let name = |index: usize| ["id", "name", "city", "other"][index];
                let required: Vec<&str> =
                    rows.iter().enumerate().filter(|(_, (_, required))| *required).map(|(index, _)| name(index)).collect();
                let properties: Map<String, Value> =
                    rows.iter().enumerate().map(|(index, (row, _))| (name(index).to_owned(), row.clone())).collect();
                json!({"type": "object", "properties": properties, "required": required, "additionalProperties": open})
            });
            prop_oneof![
                object,
                (inner.clone(), 0_u8..4)
                    .prop_map(|(items, least)| json!({"type": "array", "items": items, "minItems": least, "maxItems": least + 1})),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| json!({"anyOf": [one, other]})),
                inner.prop_map(|part| json!({"allOf": [part], "nullable": true})),
            ]
        })
    }

    #[test]
    fn a_sample_is_bounded_whatever_its_document_wants() {
        let long = json!({"type": "string", "minLength": 50_000_000});
        let written_out = json!({"type": "array", "example": vec!["x".repeat(1000); 500]});
        let words = json!({"type": "string", "enum": vec!["x".repeat(500_000); 3]});
        for items in [
            &long,
            &written_out,
            &words,
            &json!({"type": "boolean"}),
            &json!({"type": "array", "minItems": 1_000_000_000_000_u64, "items": long}),
        ] {
            let schema = json!({"type": "array", "minItems": 1_000_000_000_000_u64, "items": items});
            let sample = sample(&catalog(&schema), 1);
            assert!(sample.to_string().len() < 2 * MOST_LETTERS, "{items}");
        }
    }

    proptest! {
        #[test]
        fn samples_are_what_their_schema_accepts(schema in schemas(), seed: u64) {
            let catalog = catalog(&schema);
            let sample = sample(&catalog, seed);
            prop_assert_eq!(catalog.operations()[0].check_answer(200, Some(&sample)), vec![], "{}", sample);
        }
    }
}
