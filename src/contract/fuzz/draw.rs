//! Values that a schema accepts, as strategies of proptest, which shrink them; and what is changed in a request so that it is wrong.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::string::string_regex;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Map, Value, json};

use super::pool::Pool;
use crate::base::entropy::Rng;
use crate::spec::{JsonType, Limits, Operation, ParameterIn, Range, Reading, Schema, SchemaId, Schemas};

/// How many of a hundred members that need not be there are drawn, by how deep they are; below that, there are those that are required.
/// They are chosen before values are drawn, because documents have schemas of thousands of members within each other.
const SHARES: [u32; 6] = [50, 40, 25, 10, 5, 2];
/// How many of a hundred are sent of those.
const SENT: f64 = 0.8;
/// How deep they go at all.
const DEEPEST: usize = 14;
/// What texts of formats look like that vendors have of their own.
const TYPICAL: [&str; 18] = [
    "US",
    "GB",
    "CA",
    "USD",
    "CAD",
    "12.50",
    "100",
    "2026-01-06",
    "2026-01-06T10:00:00Z",
    "2026-01-06T10:00:00",
    "2026-01-06 10:00:00",
    "se-100001",
    "ada@example.com",
    "https://example.com/a.png",
    "555 010 0199",
    "0123456789abcdef0123456789abcdef",
    "usps",
    "Front Door",
];
/// The longest text that is drawn, unless a schema wants longer ones.
const LONG: usize = 24;

/// A request, apart from credentials.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drawn {
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub body: Option<Value>,
}

/// Requests that an operation's document allows, with ids out of a pool. Those that are usual have the document's examples.
pub(super) fn requests(operation: &Operation, pool: &Pool, reading: &Reading, rng: Rng, is_usual: bool) -> BoxedStrategy<Drawn> {
    let drawer = Drawer { schemas: operation.schemas(), pool, reading, rng: RefCell::new(rng), is_usual };
    let rows = operation.parameters.iter().map(|parameter| {
        let schema = operation.parameter_schema(parameter);
        let values = match schema.items.filter(|_| schema.json_type == Some(JsonType::Array)) {
            Some(items) => {
                let (least, most) = bounds(schema.item_count, 1, 3);
                prop::collection::vec(drawer.texts(&operation.schemas()[items], &parameter.name), least.max(1)..=most.max(1)).boxed()
            }
            None => {
                let known = (parameter.location == ParameterIn::Path).then(|| pool.of_path(&operation.path, &parameter.name)).flatten();
                let drawn = drawer.texts(schema, &parameter.name);
                known.map_or(drawn.clone(), |known| prop_oneof![4 => select(known), 1 => drawn].boxed()).prop_map(|text| vec![text]).boxed()
            }
        };
        let (location, name) = (parameter.location, parameter.name.clone());
        let values = if parameter.required || location == ParameterIn::Path {
            values
        } else {
            prop::option::weighted(0.25, values).prop_map(Option::unwrap_or_default).boxed()
        };
        values.prop_map(move |values| (location, name.clone(), values)).boxed()
    });
    let parameters = rows.collect::<Vec<_>>();
    let body = operation.body.as_ref().and_then(|body| Some((body.required, body.schema()?)));
    let body = body.map_or_else(
        || Just(None).boxed(),
        |(required, schema)| {
            let value = drawer.value(schema, "", 0);
            if required { value.prop_map(Some).boxed() } else { prop::option::weighted(0.8, value).boxed() }
        },
    );
    (parameters, body)
        .prop_map(|(parameters, body)| {
            let mut drawn = Drawn { body, ..Drawn::default() };
            for (location, name, values) in parameters {
                let rows = match location {
                    ParameterIn::Path => &mut drawn.path,
                    ParameterIn::Query => &mut drawn.query,
                    ParameterIn::Header | ParameterIn::Body => &mut drawn.headers,
                };
                rows.extend(values.into_iter().map(|value| (name.clone(), value)));
            }
            drawn
        })
        .boxed()
}

struct Drawer<'a> {
    schemas: &'a Schemas,
    pool: &'a Pool,
    /// Knows which texts are of the vendor's own formats.
    reading: &'a Reading,
    /// What members that need not be there are chosen by.
    rng: RefCell<Rng>,
    is_usual: bool,
}

impl Drawer<'_> {
    /// Whether a member is drawn that need not be there.
    fn is_chosen(&self, depth: usize) -> bool {
        let share = SHARES.get(depth).copied().unwrap_or_default();
        below(&mut self.rng.borrow_mut(), 100) < usize::try_from(share).unwrap_or_default()
    }

    fn value(&self, id: SchemaId, name: &str, depth: usize) -> BoxedStrategy<Value> {
        let schema = &self.schemas[id];
        if depth > DEEPEST {
            return Just(Value::Null).boxed();
        }
        let drawn = self.plain(schema, name, depth);
        let drawn = match self.pool.of_member(name).filter(|_| is_scalar(schema) && schema.choices.is_empty()) {
            Some(known) => prop_oneof![3 => select(known).prop_map(retyped(schema)), 1 => drawn].boxed(),
            None => match schema.sample.clone().filter(|_| self.is_usual || (depth > 0 && is_scalar(schema))) {
                Some(sample) if self.is_usual => return Just(sample).boxed(),
                Some(sample) => prop_oneof![1 => Just(sample), 1 => drawn].boxed(),
                None => drawn,
            },
        };
        if schema.nullable && depth > 0 && !self.is_usual { prop_oneof![1 => Just(Value::Null), 9 => drawn].boxed() } else { drawn }
    }

    fn plain(&self, schema: &Schema, name: &str, depth: usize) -> BoxedStrategy<Value> {
        if !schema.choices.is_empty() {
            return select(schema.choices.clone()).boxed();
        }
        match schema.json_type.filter(|json_type| *json_type != JsonType::Object) {
            Some(JsonType::String) => self.text(schema).prop_map(Value::from).boxed(),
            Some(JsonType::Integer) => integer(schema),
            Some(JsonType::Number) => number(&schema.range),
            Some(JsonType::Boolean) => any::<bool>().prop_map(Value::from).boxed(),
            Some(JsonType::Array) => {
                let Some(items) = schema.items else { return Just(json!([])).boxed() };
                let (least, most) = if depth > SHARES.len() { (0, 0) } else { (1, 2) };
                let (least, most) = bounds(schema.item_count, least, most);
                prop::collection::vec(self.value(items, name, depth + 1), least..=most).prop_map(Value::from).boxed()
            }
            Some(JsonType::Object) | None => self.object(schema, name, depth),
        }
    }

    /// An object of its own members and those of its parts; or one of the alternatives, whatever that is.
    fn object(&self, schema: &Schema, name: &str, depth: usize) -> BoxedStrategy<Value> {
        let own = schema.object.iter().flat_map(|object| &object.properties).filter(|row| !self.schemas[row.schema].read_only);
        let own = own.filter(|row| row.required || self.is_chosen(depth)).map(|row| {
            let value = self.value(row.schema, &row.name, depth + 1);
            let name = row.name.to_string();
            let value = if row.required { value.prop_map(Some).boxed() } else { prop::option::weighted(SENT, value).boxed() };
            value.prop_map(move |value| value.map(|value| (name.clone(), value))).boxed()
        });
        let own = own.collect::<Vec<_>>().prop_map(|rows| Value::Object(rows.into_iter().flatten().collect())).boxed();
        let mut parts: Vec<BoxedStrategy<Value>> = schema.all_of.iter().map(|part| self.value(*part, name, depth + 1)).collect();
        let chosen: Vec<BoxedStrategy<Value>> =
            [&schema.any_of, &schema.one_of].into_iter().flatten().map(|part| self.alternative(schema, *part, name, depth)).collect();
        if !chosen.is_empty() {
            parts.push(Union::new(chosen).boxed());
        }
        if parts.is_empty() && schema.json_type.is_none() && schema.object.is_none() {
            return prop_oneof![Just(json!({})), Just(json!("text")), Just(json!(1))].boxed();
        }
        (own, parts).prop_map(|(own, parts)| merged(own, parts)).boxed()
    }

    fn alternative(&self, schema: &Schema, part: SchemaId, name: &str, depth: usize) -> BoxedStrategy<Value> {
        let value = self.value(part, name, depth + 1);
        let rows = schema.discriminator.iter().map(|row| (&row.property, row.alternatives.iter().find(|(_, id)| *id == part)));
        let told = rows.filter_map(|(property, row)| Some((property.to_string(), row?.0.to_string()))).next();
        let Some((property, word)) = told else { return value };
        let tell = move |mut value: Value| {
            if let Value::Object(members) = &mut value {
                members.insert(property.clone(), word.as_str().into());
            }
            value
        };
        value.prop_map(tell).boxed()
    }

    fn text(&self, schema: &Schema) -> BoxedStrategy<String> {
        let of = |texts: &[&str]| select(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()).boxed();
        match schema.format.as_deref() {
            Some("date-time") => return of(&["2026-01-06T10:00:00Z", "2026-02-28T23:59:59.123Z", "2025-12-31T00:00:00+02:00"]),
            Some("date") => return of(&["2026-01-06", "2026-02-28", "2025-12-31"]),
            Some("uuid") => return of(&["3f2504e0-4f89-41d3-9a0c-0305e82c3301"]),
            Some("uri") => return of(&["https://example.com/hook", "https://example.com/"]),
            Some("email") => return of(&["ada@example.com"]),
            _ => {}
        }
        let own = self.reading.formats.iter().find(|(name, _)| Some(*name) == schema.format.as_deref());
        let fitting: Vec<&str> = own.map_or_else(Vec::new, |(_, fits)| TYPICAL.iter().copied().filter(|text| fits(text)).collect());
        if !fitting.is_empty() {
            return of(&fitting);
        }
        let of_pattern = schema.pattern.as_ref().and_then(|pattern| {
            let source =
                pattern.source.trim_start_matches('^').trim_end_matches('$').replace("\\d", "[0-9]").replace("\\w", "[0-9A-Za-z_]");
            string_regex(&source).ok()
        });
        if let Some(drawn) = of_pattern {
            return drawn.boxed();
        }
        let (least, most) = bounds(schema.length, 1, LONG);
        let plain = string_regex(&format!("[0-9A-Za-z]{{{least},{most}}}")).expect("an expression of letters").boxed();
        let any = string_regex(&format!("[ -~äéß漢😀]{{{least},{most}}}")).expect("an expression of letters").boxed();
        prop_oneof![2 => plain, 1 => any].boxed()
    }

    /// A value as it is written in a path, a query or a header.
    fn texts(&self, schema: &Schema, name: &str) -> BoxedStrategy<String> {
        let written = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let drawn = self.plain(schema, name, SHARES.len()).prop_map(written).boxed();
        let drawn = match schema.sample.clone() {
            Some(sample) => prop_oneof![1 => Just(written(sample)), 1 => drawn].boxed(),
            None => drawn,
        };
        match self.pool.of_member(name).filter(|_| schema.choices.is_empty()) {
            Some(known) => prop_oneof![3 => select(known), 1 => drawn].boxed(),
            None => drawn,
        }
    }
}

fn is_scalar(schema: &Schema) -> bool {
    matches!(schema.json_type, Some(JsonType::String | JsonType::Integer | JsonType::Number | JsonType::Boolean))
}

/// Makes of a known id what a schema has it as.
fn retyped(schema: &Schema) -> impl Fn(String) -> Value + Clone + use<> {
    let is_number = matches!(schema.json_type, Some(JsonType::Integer | JsonType::Number));
    move |text| text.parse::<i64>().ok().filter(|_| is_number).map_or_else(|| text.as_str().into(), Value::from)
}

/// The least and the most of something, near to what is usual.
fn bounds(limits: Limits, least: usize, most: usize) -> (usize, usize) {
    let least = limits.min.unwrap_or(least).min(limits.max.unwrap_or(usize::MAX));
    (least, limits.max.unwrap_or(most.max(least)).min(most.max(least)))
}

fn integer(schema: &Schema) -> BoxedStrategy<Value> {
    let limit = |limit: &Option<serde_json::Number>| limit.as_ref().and_then(serde_json::Number::as_i64);
    let widest = if schema.format.as_deref() == Some("int64") { 1 << 53 } else { i64::from(i32::MAX) };
    let least = limit(&schema.range.min).map(|least| least + i64::from(schema.range.above_min));
    let most = limit(&schema.range.max).map(|most| most - i64::from(schema.range.below_max));
    let (least, most) = match (least, most) {
        (Some(least), most) => (least, most.unwrap_or(widest)),
        (None, most) => (most.map_or(-5, |most| most.min(-5)), most.unwrap_or(widest)),
    };
    let most = most.max(least);
    let usual = least..=most.min(least.saturating_add(1000));
    prop_oneof![6 => usual, 1 => Just(most), 1 => Just(least)].prop_map(Value::from).boxed()
}

/// A number with two decimals, unless the limits leave no room for that.
fn number(range: &Range) -> BoxedStrategy<Value> {
    let limit = |limit: &Option<serde_json::Number>| limit.as_ref().and_then(serde_json::Number::as_f64);
    let (least, most) = (limit(&range.min), limit(&range.max));
    let (low, high) = (least.unwrap_or(0.0), most.unwrap_or(least.unwrap_or(0.0).max(0.0) + 999.0));
    let drawn = (1_u32..1000).prop_map(move |share| {
        let drawn = low + (high - low) * f64::from(share) / 1000.0;
        let rounded = (drawn * 100.0).round() / 100.0;
        Value::from(if rounded > low && rounded < high { rounded } else { drawn })
    });
    let largest = most.unwrap_or(999_999_999_999.999_9);
    if range.below_max { drawn.boxed() } else { prop_oneof![6 => drawn, 1 => Just(Value::from(largest))].boxed() }
}

fn merged(own: Value, parts: Vec<Value>) -> Value {
    let mut members = Map::new();
    for part in parts {
        match part {
            Value::Object(more) => members.extend(more),
            other => return other,
        }
    }
    if let Value::Object(more) = own {
        members.extend(more);
    }
    members.into()
}

/// Changes one thing in a request, of which the document may then say that it is wrong.
pub(super) fn changed(mut drawn: Drawn, choice: u64) -> Drawn {
    let mut rng = Rng::seed_from_u64(choice);
    let rows = drawn.query.len() + drawn.headers.len();
    let mut places = Vec::new();
    if let Some(body) = &drawn.body {
        pointers(body, String::new(), &mut places);
    }
    let in_body = places.len();
    if rows + in_body == 0 {
        return drawn;
    }
    let at = below(&mut rng, rows + in_body * 3);
    if at < rows {
        let row = at.checked_sub(drawn.query.len());
        let list = if row.is_none() { &mut drawn.query } else { &mut drawn.headers };
        let index = row.unwrap_or(at);
        let words = ["no-such-word", "-1", "99999999999999999999", "2026-13-45"];
        match below(&mut rng, words.len() + 1) {
            word if word < words.len() => words[word].clone_into(&mut list[index].1),
            _ => drop(list.remove(index)),
        }
        return drawn;
    }
    let pointer = places.swap_remove((at - rows) % in_body);
    let Some(body) = &mut drawn.body else { return drawn };
    let Some(place) = body.pointer_mut(&pointer) else { return drawn };
    let like = match place {
        Value::Number(_) => vec![json!(-1), json!(0), json!(0.001), json!(1_000_000)],
        Value::String(_) => vec![json!("no-such-word"), json!(""), json!("x".repeat(200)), json!("x".repeat(3000))],
        Value::Array(_) => vec![json!([])],
        _ => Vec::new(),
    };
    let others = [json!(null), json!({}), json!([]), json!("no-such-word"), json!(0.5), json!(true)];
    match below(&mut rng, 4) {
        0 | 1 if !like.is_empty() => place.clone_from(&like[below(&mut rng, like.len())]),
        2 => place.clone_from(&others[below(&mut rng, others.len())]),
        _ => remove(body, &pointer),
    }
    drawn
}

fn below(rng: &mut Rng, end: usize) -> usize {
    usize::try_from(rng.next_u64() % u64::try_from(end.max(1)).unwrap_or(1)).unwrap_or_default()
}

fn pointers(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                pointers(inner, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(rows) => rows.iter().enumerate().for_each(|(index, row)| pointers(row, format!("{at}/{index}"), found)),
        _ => {}
    }
    found.push(at);
}

fn remove(body: &mut Value, pointer: &str) {
    let Some((outer, name)) = pointer.rsplit_once('/') else { return };
    let name = name.replace("~1", "/").replace("~0", "~");
    match body.pointer_mut(outer) {
        Some(Value::Object(members)) => drop(members.shift_remove(&name)),
        Some(Value::Array(rows)) => rows.clear(),
        _ => {}
    }
}
