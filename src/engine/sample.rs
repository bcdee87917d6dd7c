//! The cheapest tier: an operation without a row is answered from the document alone, seeded, with what the caller sent
//! wherever the answer has a member of the same name. Good for static reference data; for anything that a caller can create
//! or change it is a gap, and the coverage table counts it as one. Every such answer carries the note `sample`.

use std::sync::Arc;

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

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::engine::cx::Cx;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::vendor::OperationRow;
use crate::spec::{Catalog, Operation, Tier};
use crate::world::{Blame, Note};

/// How deep a sample goes; what is deeper is left empty.
const DEPTH: usize = 8;

/// The row of an operation that has none.
pub(super) fn row(catalog: &Arc<Catalog>, operation: &Operation) -> OperationRow {
    let (catalog, index) = (Arc::clone(catalog), operation.index);
    let handler = Box::new(move |cx: &mut Cx<'_>| match catalog.operations().get(index) {
        Some(operation) => answer(cx, &catalog, operation),
        None => Err(Refusal::Broken),
    });
    OperationRow { operation: "", tier: Tier::Sample, spec_validated: true, handler }
}

fn answer(cx: &mut Cx<'_>, catalog: &Catalog, operation: &Operation) -> Outcome {
    let Some((status, schema)) = operation.success() else { return Err(Refusal::UnknownPath { authenticated: true }) };
    cx.note(Note::SAMPLE, Blame::Sandbox, "the answer is made from the document alone");
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let Some(schema) = schema.and_then(|pointer| catalog.fragment(pointer)) else { return Ok(Reply::empty(status)) };
    let now = cx.now.to_string();
    let mut sampler = Sampler { catalog, sent: &cx.call.body, now: &now, rng: &mut cx.rng };
    let document = sampler.value(schema, "", 0);
    Ok(Reply::json(status, document))
}

struct Sampler<'a> {
    catalog: &'a Catalog,
    sent: &'a Value,
    now: &'a str,
    rng: &'a mut Rng,
}

impl<'a> Sampler<'a> {
    fn value(&mut self, schema: &'a Value, name: &str, depth: usize) -> Value {
        let schema = resolved(self.catalog, schema);
        if let Some(fixed) = ["example", "default"].into_iter().find_map(|word| schema.get(word)) {
            return fixed.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|choices| !choices.is_empty()) {
            return choices.get(self.rng.random_range(0..choices.len())).cloned().unwrap_or_default();
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let parts = parts.iter().filter_map(|part| self.value(part, name, depth + 1).as_object().cloned());
            return parts.collect::<Vec<Map<String, Value>>>().into_iter().flatten().collect::<Map<_, _>>().into();
        }
        if let Some(first) = ["oneOf", "anyOf"].into_iter().find_map(|word| schema.get(word)?.as_array()?.first()) {
            return self.value(first, name, depth + 1);
        }
        let limit = |word: &str, otherwise: i64| schema.get(word).and_then(Value::as_i64).unwrap_or(otherwise);
        match schema.get("type").and_then(Value::as_str).unwrap_or("object") {
            "string" => self.text(schema, name).into(),
            "integer" => self.between(limit("minimum", 1), limit("maximum", 1000)).into(),
            "number" => Number::from_f64(f64::from(self.rng.random_range(100_u32..100_000)) / 100.0).map_or(Value::Null, Value::Number),
            "boolean" => self.rng.random_bool(0.5).into(),
            "array" if depth < DEPTH => match schema.get("items") {
                Some(items) => Value::Array((0..limit("minItems", 1).clamp(0, 3)).map(|_| self.value(items, name, depth + 1)).collect()),
                None => Value::Array(Vec::new()),
            },
            "array" => Value::Array(Vec::new()),
            _ => self.object(schema, depth),
        }
    }

    fn object(&mut self, schema: &'a Value, depth: usize) -> Value {
        let mut members = Map::new();
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let echoed = (depth == 0).then(|| self.sent.get(name)).flatten().filter(|sent| !sent.is_null());
            let value = match echoed {
                Some(sent) => sent.clone(),
                None if depth >= DEPTH => Value::Null,
                None => self.value(member, name, depth + 1),
            };
            members.insert(name.clone(), value);
        }
        members.into()
    }

    fn text(&mut self, schema: &Value, name: &str) -> String {
        match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => return self.now.to_owned(),
            Some("date") => return self.now.get(..10).unwrap_or_default().to_owned(),
            Some("uuid") => return ids::uuid(self.rng).to_string(),
            Some("uri") => return "https://example.com/".to_owned(),
            _ => {}
        }
        if name == "id" || name.ends_with("_id") {
            return ids::hex(self.rng, 32);
        }
        let rng = &mut *self.rng;
        let text: String = match name {
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
        };
        let longest = schema.get("maxLength").and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
        text.chars().take(longest.unwrap_or(usize::MAX)).collect()
    }

    fn between(&mut self, least: i64, most: i64) -> i64 {
        self.rng.random_range(least..=most.max(least))
    }
}

/// Follows references; what they lead to is hardly ever a reference again, but a loop must end.
fn resolved<'s>(catalog: &'s Catalog, schema: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..DEPTH {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        match target.and_then(|pointer| catalog.fragment(pointer)) {
            Some(found) => schema = found,
            None => break,
        }
    }
    schema
}
