//! Shippo's published document judges the conversations: every answer that says yes has a status and a body that it describes.
//! Where we follow what was recorded or observed instead, it says so here.
//!
//! The document has no word for null, which the vendor answers all over the place; a member that is null counts as missing, as the
//! vendor's own library for JavaScript has it. The document is not part of the repository; where it is missing the test says so
//! and passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use seatrial::engine::{Answer, Request};
use serde_json::{Map, Value, json};

use crate::conversation;

/// Where we depart from the document, and why: operation, place (with `*` for any position), reason.
const DEPARTURES: &[(&str, &str, &str)] = &[
    ("GET /addresses/{AddressId}/validate", "answer.validation_results.messages.*.source", "recorded 2017: `USPS`"),
    ("GET /batches/{BatchId}", "answer.batch_shipments.results.*", "inferred: null where no shipment could be made"),
    ("GET /batches/{BatchId}", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("GET /batches/{BatchId}", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("GET /customs/declarations", "answer.results.*.address_importer", NEWER),
    ("GET /customs/declarations", "answer.results.*.commercial_invoice", NEWER),
    ("GET /customs/declarations/{CustomsDeclarationId}", "answer.address_importer", NEWER),
    ("GET /customs/declarations/{CustomsDeclarationId}", "answer.commercial_invoice", NEWER),
    ("GET /orders/{OrderId}", "answer.transactions.*", "documented: an object with its id and link"),
    ("GET /parcel-templates", "answer", SEEN),
    ("GET /parcel-templates/{CarrierParcelTemplateToken}", "answer.is_variable_dimensions", SEEN),
    ("GET /shipments/{ShipmentId}", "answer.extra.signature_confirmation", "recorded 2022: options come back as they were sent"),
    ("GET /shipments/{ShipmentId}", "answer.status", NEWER),
    ("GET /tracks/{Carrier}/{TrackingNumber}", "answer.tracking_history.*", "recorded 2019: null where the document has no null"),
    ("GET /tracks/{Carrier}/{TrackingNumber}", "answer.tracking_status", "recorded 2019: null where the document has no null"),
    ("GET /transactions/{TransactionId}", "answer.rate", SEEN),
    (
        "GET /transactions/{TransactionId}",
        "answer.tracking_status",
        "client: a scenario asks for the event that one account was seen to have",
    ),
    ("GET /user-parcel-templates", "answer", SEEN),
    ("GET /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_created", SEEN),
    ("GET /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_updated", SEEN),
    ("POST /addresses", "answer.validation_results.messages.*.source", "recorded 2017: `USPS`"),
    ("POST /batches", "status 201", "recorded 2017 to 2019"),
    ("POST /batches/{BatchId}/add_shipments", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("POST /batches/{BatchId}/add_shipments", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /batches/{BatchId}/purchase", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /batches/{BatchId}/purchase", "status 202", "recorded 2017 to 2019"),
    ("POST /batches/{BatchId}/remove_shipments", "answer.batch_shipments.results.*", "inferred: null where no shipment could be made"),
    ("POST /batches/{BatchId}/remove_shipments", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("POST /batches/{BatchId}/remove_shipments", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /customs/declarations", "answer.address_importer", NEWER),
    ("POST /customs/declarations", "answer.commercial_invoice", NEWER),
    ("POST /shipments", "answer.customs_declaration", NEWER),
    ("POST /shipments", "answer.extra.signature_confirmation", "recorded 2022: options come back as they were sent"),
    ("POST /shippo-accounts", "status 201", NEWER),
    ("POST /tracks", "answer.tracking_history.*", "recorded 2019: null where the document has no null"),
    ("POST /tracks", "answer.tracking_status", "recorded 2019: null where the document has no null"),
    ("POST /tracks", "status 200", SEEN),
    ("POST /transactions", "answer.rate", SEEN),
    ("POST /user-parcel-templates", "answer.object_created", SEEN),
    ("POST /user-parcel-templates", "answer.object_updated", SEEN),
    ("POST /user-parcel-templates", "answer.template.is_variable_dimensions", SEEN),
    ("POST /user-parcel-templates", "status 201", SEEN),
    ("PUT /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_created", SEEN),
    ("PUT /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_updated", SEEN),
];

const NEWER: &str = "documented: the edition of January 2026 has it so";
const SEEN: &str = "documented: published observations of 2026 have it so";

/// Operations that the document lacks, though newer editions or the guides have them.
const UNDESCRIBED: &[&str] = &["/deliver", "/orders/{}/packingslip", "/refunds", "/signin", "/v2", "/webhooks"];

#[test]
fn the_published_document_finds_no_fault() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("shared/vendors/shippo.openapi.yaml");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: there is no document at {}", file.display());
        return;
    };
    let options = serde_saphyr::options! { budget: None };
    let mut judge = Judge::new(&serde_saphyr::from_str_with_options(&text, options).expect("the document is YAML"));
    let stories = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors/shippo")).expect("there are conversations");
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
    name: String,
    method: String,
    path: Vec<String>,
    /// What it answers when it says yes.
    answers: Vec<(String, Option<Validator>)>,
    /// Whether it was seen to succeed.
    succeeded: bool,
}

impl Judge {
    fn new(document: &Value) -> Self {
        let mut operations = Vec::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten().filter(|(_, operation)| operation["responses"].is_object())
            {
                let check = |schema: &Map<String, Value>| {
                    let whole = json!({"allOf": [schema], "components": document["components"]});
                    jsonschema::options()
                        .with_draft(jsonschema::Draft::Draft4)
                        .should_validate_formats(true)
                        .build(&whole)
                        .unwrap_or_else(|error| panic!("{path}: {error}"))
                };
                let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
                    let shared = answer["$ref"].as_str().and_then(|pointer| document.pointer(pointer.trim_start_matches('#')));
                    let schema = &shared.unwrap_or(answer)["content"]["application/json"]["schema"];
                    (status.clone(), schema.as_object().map(check))
                });
                operations.push(Operation {
                    name: format!("{} {path}", method.to_uppercase()),
                    method: method.to_uppercase(),
                    path: segments(path),
                    answers: answers.filter(|(status, _)| status.starts_with(['2', '3'])).collect(),
                    succeeded: false,
                });
            }
        }
        Self { operations, problems: BTreeSet::new(), departures: BTreeSet::new() }
    }

    /// Judges one exchange, unless it says no, or what the shapes of an old version are.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let old = request.headers.get("shippo-api-version").is_some_and(|version| version != "2018-02-08");
        if old || !(answer.status.is_success() || answer.status == http::StatusCode::FOUND) {
            return;
        }
        let path = segments(request.path.strip_prefix("/shippo").unwrap_or(&request.path));
        let fits = |row: &&mut Operation| {
            let same = |(own, given): (&String, &String)| own.starts_with('{') || own == given;
            row.method == request.method.as_str() && row.path.len() == path.len() && row.path.iter().zip(&path).all(same)
        };
        let parameters = |row: &&mut Operation| row.path.iter().filter(|part| part.starts_with('{')).count();
        let Some(operation) = self.operations.iter_mut().filter(fits).min_by_key(parameters) else {
            let shape = path.iter().map(|part| if part.len() == 32 { "{}" } else { part }).collect::<Vec<_>>().join("/");
            if !UNDESCRIBED.iter().any(|known| format!("/{shape}").starts_with(known)) {
                self.problems.insert(format!("{} /{shape}: the document does not know it", request.method));
            }
            return;
        };
        operation.succeeded = true;
        let mut found = Vec::new();
        let described = operation.answers.iter().find(|(status, _)| status == answer.status.as_str());
        if described.is_none() {
            found.push((format!("status {}", answer.status.as_u16()), "the document does not know it".to_owned()));
        }
        // Under another status the body is judged all the same.
        if let Some((_, Some(check))) = described.or(operation.answers.first()) {
            let body = serde_json::from_slice(&answer.body).map(spoken).unwrap_or_default();
            found.extend(check.iter_errors(&body).map(|error| (place(error.instance_path().as_str()), error.to_string())));
        }
        for (place, what) in found {
            match DEPARTURES.iter().position(|(name, own, _)| *name == operation.name && *own == place) {
                Some(row) => _ = self.departures.insert(row),
                None => _ = self.problems.insert(format!("{} {place}: {what:.300}", operation.name)),
            }
        }
    }

    fn verdict(mut self) {
        let silent = self.operations.iter().filter(|operation| !operation.succeeded);
        self.problems.extend(silent.map(|operation| format!("{} was never seen to succeed", operation.name)));
        let stale = DEPARTURES.iter().enumerate().filter(|(row, _)| !self.departures.contains(row));
        self.problems.extend(stale.map(|(_, (name, place, _))| format!("{name} {place}: listed as a departure, and is none")));
        assert!(self.problems.is_empty(), "{} faults\n{}", self.problems.len(), Vec::from_iter(self.problems).join("\n"));
    }
}

/// The same value without members that are null.
fn spoken(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name, spoken(value))).collect()
        }
        Value::Array(rows) => rows.into_iter().map(spoken).collect(),
        other => other,
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// A place with `*` for every position in a list.
fn place(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1).map(|step| if step.parse::<usize>().is_ok() { "*" } else { step });
    std::iter::once("answer").chain(steps).collect::<Vec<_>>().join(".")
}
