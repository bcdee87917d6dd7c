//! Any body is answered: whatever is sent to whichever operation of whichever vendor, nothing panics, and the answer is one that the
//! vendor's document describes. Bodies are drawn from the operations' schemas with mutations, or are any JSON, bytes, form or parts.
//!
//! `PROPTEST_CASES=5000 cargo test any_body` looks longer.

use std::cell::RefCell;
use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rand::seq::IndexedRandom as _;
use seatrial::base::entropy::{self, Rng};
use seatrial::engine::{Conform, Machine, Options, Request, Start};
use seatrial::vendors;
use serde_json::{Map, Value};

/// What lets callers in at each mount.
const CREDENTIALS: [(&str, &[(&str, &str)]); 5] = [
    (
        "shipmate",
        &[
            ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"),
            ("x-shipmate-token", "3674eb125fe777d8c152fe52f35e78f2"),
        ],
    ),
    ("shippo", &[("authorization", "ShippoToken shippo_test_seatrial")]),
    ("shipstation", &[("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0"), ("api-key", "TEST_seatrial")]),
    ("shiptheory", &[("authorization", "Bearer AasLK190ALhaLDSj1nal92Ja...")]),
    ("shiptime", &[("authorization", "Basic c2FuZGJveDpzYW5kYm94")]),
];

const TEXTS: [&str; 24] = [
    "US",
    "GB",
    "CA",
    "Ada",
    "a@b.example",
    "2026-01-06",
    "M5V 2T6",
    "DE1 1EE",
    "10",
    "DPDNEXT",
    "usps",
    "1 Street",
    "",
    "a",
    "🦀",
    "null",
    "2026-13-45",
    "../../x",
    "%00",
    "{{7*7}}",
    "'; drop",
    "\0",
    "-1",
    "99999999999999999999",
];
const NUMBERS: [f64; 9] = [0.0, -1.0, 1.0, 2.5, 40.0, 2_147_483_648.0, 9_223_372_036_854_775_807.0, 1e308, 1e-9];
const QUERIES: [&str; 8] = ["page", "results", "limit", "sort", "direction", "format", "created_from", "carrier"];

/// An operation, as its vendor's document has it.
struct Operation {
    mount: String,
    method: Method,
    path: String,
    schema: Option<Value>,
    document: usize,
}

struct World {
    machine: Machine,
    documents: Vec<Value>,
    operations: Vec<Operation>,
}

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

#[derive(Clone, Debug)]
enum Body {
    /// Drawn from the operation's schema by this seed.
    Schema(u64),
    /// Such a text with another byte at a place, or without what follows it.
    Spoilt(u64, Index, Option<u8>),
    Json(Value),
    Bytes(Vec<u8>),
    Form(Vec<(String, String)>),
    /// Parts as they are written, between boundaries.
    Parts(Vec<String>),
    None,
}

/// One call; the seed fills its path and its query.
#[derive(Clone, Debug)]
struct AnyCall {
    seed: u64,
    body: Body,
}

fn body() -> impl Strategy<Value = Body> {
    let part = "([a-z]{1,8}: [ -~]{0,20}\r\n)?(content-disposition: form-data; name=\"?[a-z_]{0,12}\"?\r\n)?(\r\n)?[ -~\r\n]{0,40}";
    prop_oneof![
        6 => any::<u64>().prop_map(Body::Schema),
        1 => any::<(u64, Index, Option<u8>)>().prop_map(|(seed, at, byte)| Body::Spoilt(seed, at, byte)),
        2 => json().prop_map(Body::Json),
        1 => proptest::collection::vec(any::<u8>(), 0..60).prop_map(Body::Bytes),
        1 => proptest::collection::vec(("[a-z_\\[\\]0-9.]{0,14}", ".{0,12}"), 0..6).prop_map(Body::Form),
        1 => proptest::collection::vec(part, 0..4).prop_map(Body::Parts),
        1 => Just(Body::None),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let number = proptest::sample::select(NUMBERS.to_vec()).prop_map(|number| serde_json::json!(number));
    let text = prop_oneof![proptest::sample::select(TEXTS.to_vec()).prop_map(str::to_owned), ".{0,20}"].prop_map(Value::from);
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, any::<i64>().prop_map(Value::from), text];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let name = prop_oneof![proptest::sample::select(vec!["name", "id", "parcels", "0", ""]).prop_map(str::to_owned), "[a-z_]{1,10}"];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn any_body_is_answered() {
    let config = ProptestConfig::default();
    // The default is what `PROPTEST_CASES` says, or 256.
    let mut runner =
        TestRunner::new_with_rng(ProptestConfig { max_shrink_iters: 400, ..config }, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (world, succeeded) = (World::new(), RefCell::new(BTreeSet::new()));
    let calls = proptest::collection::vec((any::<Index>(), any::<u64>(), body()), 1..24);
    let tested = runner.run(&calls, |calls| {
        world.machine.default_sandbox().reset();
        let mut ids = vec!["x".to_owned(), "0".repeat(32), "..".to_owned(), "é".to_owned()];
        for (operation, seed, body) in calls {
            let operation = operation.get(&world.operations);
            if world.make(operation, &AnyCall { seed, body }, &mut ids).map_err(TestCaseError::fail)? {
                succeeded.borrow_mut().insert((&operation.mount, &operation.path, operation.method.as_str()));
            }
        }
        Ok(())
    });
    if let Err(problem) = tested {
        panic!("{problem}");
    }
    // Otherwise the bodies would be too odd to reach anything.
    let reached = succeeded.into_inner().len();
    assert!(reached * 4 > world.operations.len(), "only {reached} of {} operations succeeded", world.operations.len());
}

impl World {
    /// One machine for all cases, because it reads each document once.
    fn new() -> Self {
        let machine = Machine::new(vendors::all(), Options { conform: Conform::All, ..Options::default() }, Start::plain(wall()));
        let vendors: Vec<(String, Value)> = machine
            .vendors()
            .all()
            .iter()
            .map(|vendor| (vendor.mount.to_string(), serde_json::from_str(&vendor.spec).expect("documents are JSON")))
            .collect();
        let mut operations = Vec::new();
        for (index, (mount, document)) in vendors.iter().enumerate() {
            for (path, methods) in document["paths"].as_object().into_iter().flatten() {
                for (method, operation) in methods.as_object().into_iter().flatten() {
                    let Ok(method) = method.to_uppercase().parse() else { continue };
                    let body = resolved(&operation["requestBody"], document);
                    let schema = body["content"].as_object().and_then(|media| media.values().next()).map(|media| media["schema"].clone());
                    if operation["operationId"].is_string() && operation["operationId"] != "deleteToken" {
                        operations.push(Operation { mount: mount.clone(), method, path: path.clone(), schema, document: index });
                    }
                }
            }
        }
        Self { machine, documents: vendors.into_iter().map(|(_, document)| document).collect(), operations }
    }

    /// Makes a call and says whether it succeeded, or what is wrong with its answer.
    fn make(&self, operation: &Operation, call: &AnyCall, ids: &mut Vec<String>) -> Result<bool, String> {
        let request = self.request(operation, call, ids);
        let answer = self.machine.handle(&request, wall());
        let text = String::from_utf8_lossy(&answer.body);
        let notes = answer.headers.get("seatrial-notes").and_then(|notes| notes.to_str().ok()).unwrap_or_default();
        // ShipStation's first version answers many mistakes of clients with the exception that they cause.
        let is_exception = operation.mount == "shipstation" && text.contains("\"ExceptionType\"");
        if (answer.status.is_server_error() && !is_exception) || notes.contains("sandbox-") || notes.contains("answer-") {
            let sent = String::from_utf8_lossy(&request.body);
            let asked = format!("{} {}?{} {sent}", request.method, request.path, request.query);
            return Err(format!("{asked}\n{} {notes} {text:.600}", answer.status));
        }
        if answer.status.is_success() {
            collect(&serde_json::from_slice(&answer.body).unwrap_or_default(), ids);
            ids.drain(..ids.len().saturating_sub(60));
        }
        Ok(answer.status.is_success())
    }

    fn request(&self, operation: &Operation, call: &AnyCall, ids: &[String]) -> Request {
        let mut rng = entropy::stream(call.seed, &["any body"], 0);
        let mut path = format!("/{}", operation.mount);
        for segment in operation.path.split('/').skip(1) {
            let id = ids.choose(&mut rng).expect("there are ids");
            let encoded = percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string();
            path = format!("{path}/{}", if segment.starts_with('{') { &encoded } else { segment });
        }
        let name = QUERIES.choose(&mut rng).expect("there are some");
        let query = if rng.random_bool(0.4) {
            format!("{name}={}", ["1", "-1", "abc", "", "2026-01-01"].choose(&mut rng).expect("there are some"))
        } else {
            String::new()
        };
        let (content_type, body) = self.body(operation, &call.body, ids);
        let credentials = CREDENTIALS.iter().find(|(mount, _)| *mount == operation.mount).map_or(&[][..], |(_, headers)| headers);
        let mut headers: HeaderMap =
            credentials.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let peer = std::net::Ipv4Addr::LOCALHOST.into();
        Request {
            method: operation.method.clone(),
            path,
            query,
            headers,
            body,
            peer,
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        }
    }

    fn body(&self, operation: &Operation, body: &Body, ids: &[String]) -> (&'static str, Bytes) {
        match body {
            Body::Schema(seed) => {
                let mut rng = entropy::stream(*seed, &["any body"], 1);
                let document = &self.documents[operation.document];
                let drawn = operation.schema.as_ref().map(|schema| draw(schema, document, ids, &mut rng, 0).to_string());
                ("application/json", drawn.unwrap_or_default().into())
            }
            Body::Spoilt(seed, at, byte) => {
                let (content_type, text) = self.body(operation, &Body::Schema(*seed), ids);
                let (mut text, at) = (text.to_vec(), at.index(text.len().max(1)));
                match (byte, text.get_mut(at)) {
                    (Some(byte), Some(slot)) => *slot = *byte,
                    _ => text.truncate(at),
                }
                (content_type, text.into())
            }
            Body::Json(value) => ("application/json", value.to_string().into()),
            Body::Bytes(bytes) => ("application/json", bytes.clone().into()),
            Body::Form(fields) => ("application/x-www-form-urlencoded", serde_html_form::to_string(fields).unwrap_or_default().into()),
            Body::Parts(parts) => {
                let parts = parts.iter().map(|part| format!("--cut\r\n{part}\r\n")).collect::<String>();
                ("multipart/form-data; boundary=cut", format!("{parts}--cut--\r\n").into())
            }
            Body::None => ("application/json", Bytes::new()),
        }
    }
}

/// What a reference refers to; anything else is itself.
fn resolved<'v>(mut value: &'v Value, document: &'v Value) -> &'v Value {
    while let Some(found) = value["$ref"].as_str().and_then(|reference| document.pointer(reference.trim_start_matches('#'))) {
        value = found;
    }
    value
}

/// A value that mostly fits a schema.
fn draw(schema: &Value, document: &Value, ids: &[String], rng: &mut Rng, depth: usize) -> Value {
    let schema = resolved(schema, document);
    if depth > 6 || rng.random_bool(0.1) {
        return odd(ids, rng, depth);
    }
    let list = |name: &str| schema[name].as_array().filter(|list| !list.is_empty());
    if let Some(choice) = list("oneOf").or_else(|| list("anyOf")).and_then(|choices| choices.choose(rng)) {
        return draw(choice, document, ids, rng, depth + 1);
    }
    if let Some(parts) = list("allOf") {
        let parts: Vec<Value> = parts.iter().map(|part| draw(part, document, ids, rng, depth + 1)).collect();
        return Value::Object(parts.into_iter().filter_map(|part| part.as_object().cloned()).flatten().collect());
    }
    if let Some(word) = list("enum").and_then(|words| words.choose(rng)) {
        return word.clone();
    }
    match schema["type"].as_str().unwrap_or("object") {
        "object" => {
            let required = |name: &str| list("required").is_some_and(|names| names.iter().any(|own| own == name));
            let mut members = Map::new();
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                if required(name) || rng.random_bool(0.5) {
                    members.insert(name.clone(), draw(member, document, ids, rng, depth + 1));
                }
            }
            members.into()
        }
        "array" => (0..rng.random_range(0..3)).map(|_| draw(&schema["items"], document, ids, rng, depth + 1)).collect(),
        "integer" => [1, 3, 40].choose(rng).copied().into(),
        "number" => [1.0, 2.5, 30.0].choose(rng).copied().into(),
        "boolean" => rng.random_bool(0.5).into(),
        _ if rng.random_bool(0.3) => ids.choose(rng).map(String::as_str).into(),
        _ => TEXTS[..12].choose(rng).copied().into(),
    }
}

fn odd(ids: &[String], rng: &mut Rng, depth: usize) -> Value {
    match rng.random_range(0..if depth < 4 { 7 } else { 5 }) {
        0 => Value::Null,
        1 => rng.random_bool(0.5).into(),
        2 => NUMBERS.choose(rng).copied().into(),
        3 => TEXTS.choose(rng).copied().into(),
        4 => ids.choose(rng).map(String::as_str).into(),
        5 => (0..rng.random_range(0..4)).map(|_| odd(ids, rng, depth + 1)).collect(),
        _ => {
            let names = ["name", "id", "parcels", "0", ""];
            let members = (0..rng.random_range(0..4)).filter_map(|_| Some(((*names.choose(rng)?).to_owned(), odd(ids, rng, depth + 1))));
            Value::Object(members.collect())
        }
    }
}

/// The ids in an answer, for later calls.
fn collect(value: &Value, ids: &mut Vec<String>) {
    const NAMES: [&str; 9] =
        ["object_id", "uuid", "id", "consignment_reference", "shipment_reference", "tracking_reference", "shipId", "reference", "sku"];
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if NAMES.contains(&name.as_str()) => ids.push(text.clone()),
                    Value::Number(number) if NAMES.contains(&name.as_str()) => ids.push(number.to_string()),
                    member => collect(member, ids),
                }
            }
        }
        Value::Array(rows) => rows.iter().take(3).for_each(|row| collect(row, ids)),
        _ => {}
    }
}
