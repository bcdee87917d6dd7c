//! ShipTime's own document judges the conversations: every answer has a status that it knows, and a body that it describes down to
//! the last member; every request that was taken is one that it allows. Where we follow what was recorded instead, it says so here.
//!
//! The document is not part of the repository; where it is missing the test says so and passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use seatrial::engine::{Answer, Request};
use serde_json::{Map, Value, json};

use crate::conversation;

/// Where we depart from the document, and why: operation, place (with `*` for any position), reason.
const DEPARTURES: &[(&str, &str, &str)] = &[
    ("box-get-all", "answer", "the document shows one box where it speaks of all"),
    ("box-get-all", "status 429", "a scenario's own limit; the vendor publishes none"),
    ("pickup-get-all", "status 503", "a scenario's own outage"),
    ("pickup-schedule", "answer.pickupDetail.location", WORDS),
    ("pickup-schedule", "request.pickupDetail.location", WORDS),
    ("rate-post", "request.customsInvoice", "the parser behind the API takes null for a missing member"),
    ("rate-post", "request.shipDate", DAYS),
    ("rate-post", "status 415", "a body that is no JSON has to be refused somehow"),
    ("shipments-post", "request.rateRequest.shipDate", DAYS),
    ("shipments-post", "status 403", "a scenario that leaves the credential too narrow a scope"),
];

const WORDS: &str = "a refusal of late 2025 lists `ShippingRoom` where the document has `Shipping`; both are taken";
const DAYS: &str = "typed as a time and described as a day; programs send both";

#[test]
fn the_vendors_document_finds_no_fault() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("shared/vendors/shiptime.openapi.json");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: there is no document at {}", file.display());
        return;
    };
    let mut judge = Judge::new(serde_json::from_str(&text).expect("the document is JSON"));
    let stories = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors/shiptime")).expect("there are conversations");
    for story in stories.filter_map(|entry| Some(entry.ok()?.path())) {
        for (request, answer) in conversation::record(&story).unwrap_or_else(|problem| panic!("{problem}")) {
            judge.hear(&request, &answer);
        }
    }
    judge.verdict();
}

struct Judge {
    operations: Vec<Operation>,
    problems: BTreeSet<String>,
    departures: BTreeSet<usize>,
}

/// An operation of the document, with what checks it.
struct Operation {
    id: String,
    method: String,
    path: Vec<String>,
    statuses: BTreeSet<String>,
    answer: Option<Validator>,
    request: Option<Validator>,
    /// Whether it was seen to succeed.
    succeeded: bool,
}

impl Judge {
    fn new(document: Value) -> Self {
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let schema = |place: &Value| place["content"]["application/json"]["schema"].as_object().cloned().map(Value::Object);
                let closed = closed(&document["components"]);
                let check = |schema: Value, components: &Value| {
                    let whole = json!({"allOf": [schema], "components": components});
                    jsonschema::draft4::new(&whole).unwrap_or_else(|error| panic!("{path}: {error}"))
                };
                operations.push(Operation {
                    id: operation["operationId"].as_str().unwrap_or_default().to_owned(),
                    method: method.to_uppercase(),
                    path: segments(path),
                    statuses: operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status.clone()).collect(),
                    answer: schema(&operation["responses"]["200"]).map(|schema| check(schema, &closed)),
                    request: schema(&operation["requestBody"]).map(|schema| check(schema, &document["components"])),
                    succeeded: false,
                });
            }
        }
        Self { operations, problems: BTreeSet::new(), departures: BTreeSet::new() }
    }

    /// Judges one exchange; calls outside the document, such as those for tokens, are not its affair.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let Some(path) = request.path.strip_prefix("/shiptime/rest").map(segments) else { return };
        let fits = |row: &&mut Operation| {
            let same = |(own, given): (&String, &String)| own.starts_with('{') || own == given;
            row.method == request.method.as_str() && row.path.len() == path.len() && row.path.iter().zip(&path).all(same)
        };
        let Some(operation) = self.operations.iter_mut().find(fits) else { return };
        let mut found = Vec::new();
        if !operation.statuses.contains(answer.status.as_str()) {
            found.push((format!("status {}", answer.status.as_u16()), "the document does not know it".to_owned()));
        }
        if answer.status.is_success() {
            operation.succeeded = true;
            let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
            if let (Some(check), Some(body)) = (&operation.answer, &body) {
                found.extend(check.iter_errors(body).map(|error| (place("answer", error.instance_path().as_str()), error.to_string())));
            }
            let sent: Option<Value> = serde_json::from_slice(&request.body).ok();
            if let (Some(check), Some(sent)) = (&operation.request, &sent) {
                found.extend(check.iter_errors(sent).map(|error| (place("request", error.instance_path().as_str()), error.to_string())));
            }
        }
        for (place, what) in found {
            match DEPARTURES.iter().position(|(id, own, _)| *id == operation.id && *own == place) {
                Some(row) => _ = self.departures.insert(row),
                None => _ = self.problems.insert(format!("{} {place}: {what:.200}", operation.id)),
            }
        }
    }

    fn verdict(mut self) {
        let silent = self.operations.iter().filter(|operation| !operation.succeeded);
        self.problems.extend(silent.map(|operation| format!("{} was never seen to succeed", operation.id)));
        let stale = DEPARTURES.iter().enumerate().filter(|(row, _)| !self.departures.contains(row));
        self.problems.extend(stale.map(|(_, (id, place, _))| format!("{id} {place}: listed as a departure, and is none")));
        assert!(self.problems.is_empty(), "{} faults\n{}", self.problems.len(), Vec::from_iter(self.problems).join("\n"));
    }
}

/// The same schemas, with every object that lists members having no others: what is not described is not to be answered.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let mut whole: Map<String, Value> = members.iter().map(|(name, value)| (name.clone(), closed(value))).collect();
            if whole.get("properties").and_then(Value::as_object).is_some_and(|properties| !properties.is_empty())
                && whole.get("type") == Some(&json!("object"))
            {
                whole.insert("additionalProperties".into(), false.into());
            }
            Value::Object(whole)
        }
        Value::Array(rows) => rows.iter().map(closed).collect(),
        other => other.clone(),
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A place with `*` for every position in a list.
fn place(side: &str, pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| if step.parse::<usize>().is_ok() { "*" } else { step });
    std::iter::once(side).chain(steps).collect::<Vec<_>>().join(".")
}
