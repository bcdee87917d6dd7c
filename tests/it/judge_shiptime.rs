//! ShipTime's own document judges the conversations: every answer has a status that it knows, and a body that it describes down to
//! the last member; every request that was taken is one that it allows. Where we follow what was recorded instead, it says so here.

use jsonschema::Validator;
use seatrial::engine::{Answer, Request};
use serde_json::{Map, Value, json};

use crate::judge::{self, Departure, Deviations, Route};

const DEPARTURES: &[Departure] = &[
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
    let Some(text) = judge::document("shiptime.openapi.json") else { return };
    let mut judge = Judge::new(&serde_json::from_str(&text).expect("the document is JSON"));
    judge::exchanges("shiptime", |request, answer| judge.hear(request, answer));
    let silent = judge.operations.iter().filter(|operation| !operation.route.succeeded);
    judge.court.verdict(silent.map(|operation| operation.id.as_str()));
}

struct Judge {
    operations: Vec<Operation>,
    court: Deviations,
}

/// An operation of the document, with what checks it.
struct Operation {
    id: String,
    route: Route,
    statuses: Vec<String>,
    answer: Option<Validator>,
    request: Option<Validator>,
}

impl Judge {
    fn new(document: &Value) -> Self {
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
                    route: Route::new(method, path),
                    statuses: operation["responses"].as_object().into_iter().flatten().map(|(status, _)| status.clone()).collect(),
                    answer: schema(&operation["responses"]["200"]).map(|schema| check(schema, &closed)),
                    request: schema(&operation["requestBody"]).map(|schema| check(schema, &document["components"])),
                });
            }
        }
        Self { operations, court: Deviations::new(DEPARTURES) }
    }

    /// Judges one exchange; calls outside the document, such as those for tokens, are not its affair.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let Some(path) = request.path.strip_prefix("/shiptime/rest").map(judge::segments) else { return };
        let Some(operation) = self.operations.iter_mut().find(|row| row.route.fits(request.method.as_str(), &path)) else { return };
        if !operation.statuses.iter().any(|status| status == answer.status.as_str()) {
            let status = format!("status {}", answer.status.as_u16());
            self.court.find(&operation.id, &status, "the document does not know it");
        }
        if !answer.status.is_success() {
            return;
        }
        operation.route.succeeded = true;
        for (side, check, bytes) in [("answer", &operation.answer, &answer.body), ("request", &operation.request, &request.body)] {
            if let (Some(check), Ok(value)) = (check, serde_json::from_slice(bytes)) {
                self.court.judge(&operation.id, side, check, &value);
            }
        }
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
