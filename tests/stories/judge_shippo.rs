//! Shippo's published document judges the conversations: every answer that says yes has a status and a body that it describes.
//! Where we follow what was recorded or observed instead, it says so here.
//!
//! The document has no word for null, which the vendor answers all over the place; a member that is null counts as missing, as the
//! vendor's own library for JavaScript has it.

use libtest_mimic::Failed;
use seatrial::engine::{Answer, Request};
use serde_json::Value;

use crate::judge::{self, Departure, Deviations, Route};
use crate::published::Digest;

const DEPARTURES: &[Departure] = &[
    ("GET /addresses/{AddressId}", "answer.latitude", ABROAD),
    ("GET /addresses/{AddressId}", "answer.longitude", ABROAD),
    ("GET /addresses/{AddressId}/validate", "answer.latitude", ABROAD),
    ("GET /addresses/{AddressId}/validate", "answer.longitude", ABROAD),
    ("GET /batches/{BatchId}", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("GET /batches/{BatchId}", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("GET /customs/declarations", "answer.results.*.address_importer", NEWER),
    ("GET /customs/declarations", "answer.results.*.b13a_filing_option", BLANK),
    ("GET /customs/declarations", "answer.results.*.commercial_invoice", NEWER),
    ("GET /customs/declarations/{CustomsDeclarationId}", "answer.address_importer", NEWER),
    ("GET /customs/declarations/{CustomsDeclarationId}", "answer.b13a_filing_option", BLANK),
    ("GET /customs/declarations/{CustomsDeclarationId}", "answer.commercial_invoice", NEWER),
    ("GET /orders/{OrderId}", "answer.transactions.*", "documented: an object with its id and link"),
    ("GET /parcel-templates", "answer", SEEN),
    ("GET /parcel-templates/{CarrierParcelTemplateToken}", "answer.is_variable_dimensions", SEEN),
    ("GET /shipments/{ShipmentId}", "answer.extra.signature_confirmation", "recorded 2022: options come back as they were sent"),
    ("GET /shipments/{ShipmentId}", "answer.status", NEWER),
    ("GET /tracks/{Carrier}/{TrackingNumber}", "answer", LEFT_OUT),
    ("GET /tracks/{Carrier}/{TrackingNumber}", "answer.tracking_history.*", "recorded 2019: null where the document has no null"),
    ("GET /tracks/{Carrier}/{TrackingNumber}", "answer.tracking_status", "recorded 2019: null where the document has no null"),
    ("GET /transactions", "answer.results.*.rate", "client: `expand[]=rate` shows the whole rate"),
    ("GET /transactions/{TransactionId}", "answer.rate", SEEN),
    (
        "GET /transactions/{TransactionId}",
        "answer.tracking_status",
        "client: a scenario asks for the event that one account was seen to have",
    ),
    ("GET /user-parcel-templates", "answer", SEEN),
    ("GET /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_created", SEEN),
    ("GET /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_updated", SEEN),
    ("POST /addresses", "answer.latitude", ABROAD),
    ("POST /addresses", "answer.longitude", ABROAD),
    ("POST /addresses", "answer.validation_results.messages.*.code", "client: the vendor's library for JavaScript met the code in 2024"),
    ("POST /batches", "status 201", "recorded 2017 to 2019"),
    ("POST /batches/{BatchId}/add_shipments", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("POST /batches/{BatchId}/add_shipments", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /batches/{BatchId}/purchase", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /batches/{BatchId}/purchase", "status 202", "recorded 2017 to 2019"),
    ("POST /batches/{BatchId}/remove_shipments", "answer.batch_shipments.results.*.messages.*", "recorded 2017 to 2019: bare texts"),
    ("POST /batches/{BatchId}/remove_shipments", "answer.batch_shipments.results.*.shipment", "recorded 2017 to 2019: an id"),
    ("POST /customs/declarations", "answer.address_importer", NEWER),
    ("POST /customs/declarations", "answer.b13a_filing_option", BLANK),
    ("POST /customs/declarations", "answer.commercial_invoice", NEWER),
    ("POST /customs/declarations", "answer.incoterm", BLANK),
    ("POST /shipments", "answer.customs_declaration", NEWER),
    ("POST /shipments", "answer.extra.signature_confirmation", "recorded 2022: options come back as they were sent"),
    ("POST /shipments", "answer.rates.*.included_insurance_price", "documented: a text such as `1.05`"),
    ("POST /shippo-accounts", "status 201", NEWER),
    ("POST /tracks", "answer", LEFT_OUT),
    ("POST /tracks", "answer.tracking_history.*", LEFT_OUT),
    ("POST /tracks", "answer.tracking_status", LEFT_OUT),
    ("POST /tracks", "status 200", SEEN),
    ("POST /transactions", "answer.rate", SEEN),
    ("POST /transactions", "answer.tracking_status", "client: a scenario asks for the event that one account was seen to have"),
    ("POST /user-parcel-templates", "answer.object_created", SEEN),
    ("POST /user-parcel-templates", "answer.object_updated", SEEN),
    ("POST /user-parcel-templates", "answer.template.is_variable_dimensions", SEEN),
    ("POST /user-parcel-templates", "status 201", SEEN),
    ("PUT /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_created", SEEN),
    ("PUT /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.object_updated", SEEN),
    ("PUT /user-parcel-templates/{UserParcelTemplateObjectId}", "answer.template.is_variable_dimensions", SEEN),
];

const ABROAD: &str = "user reports: coordinates of addresses abroad are texts";
const NEWER: &str = "documented: the edition of January 2026 has it so";
const BLANK: &str = "recorded 2022: blank choices stay blank";
const LEFT_OUT: &str = "user reports of 2024: what is empty is left out";
const SEEN: &str = "documented: published observations of 2026 have it so";

/// Operations that the document lacks, though newer editions or the guides have them.
const UNDESCRIBED: &[&str] = &["/deliver", "/orders/{}/packingslip", "/rates", "/refunds", "/signin", "/v2", "/webhooks"];

pub fn judge() -> Result<(), Failed> {
    let mut judge = Judge::new(Digest::of("shippo"));
    judge::exchanges("shippo", |request, answer| judge.hear(request, answer))?;
    let silent = judge.operations.iter().filter(|operation| !operation.route.succeeded);
    judge.deviations.verdict(silent.map(|operation| operation.name.as_str()))
}

struct Judge {
    digest: Digest,
    operations: Vec<Operation>,
    deviations: Deviations,
}

/// An operation of the document.
struct Operation {
    name: String,
    route: Route,
    /// What it answers when it says yes.
    answers: Vec<(String, Value)>,
}

impl Judge {
    fn new(digest: Digest) -> Self {
        let operations = digest.operations.iter().map(|(name, operation)| {
            let (method, path) = name.split_once(' ').unwrap_or_default();
            let answers = operation["answers"].as_object().into_iter().flatten();
            let answers = answers.map(|(status, wanted)| (status.clone(), wanted.clone())).collect();
            Operation { name: name.clone(), route: Route::new(method, path), answers }
        });
        Self { operations: operations.collect(), digest, deviations: Deviations::new(DEPARTURES) }
    }

    /// Judges one exchange, unless it says no, or what the shapes of an old version are.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let old = request.headers.get("shippo-api-version").is_some_and(|version| version != "2018-02-08");
        let about_paths = request.method == http::Method::OPTIONS;
        if old || about_paths || !(answer.status.is_success() || answer.status == http::StatusCode::FOUND) {
            return;
        }
        let path = request.path.strip_prefix("/shippo").unwrap_or(&request.path);
        let path = judge::segments(path.strip_prefix("/v1/").unwrap_or(path));
        let fitting = self.operations.iter_mut().filter(|row| row.route.fits(request.method.as_str(), &path));
        let Some(operation) = fitting.min_by_key(|row| row.route.parameters()) else {
            let shape = path.iter().map(|part| if part.len() == 32 { "{}" } else { part }).collect::<Vec<_>>().join("/");
            if !UNDESCRIBED.iter().any(|known| format!("/{shape}").starts_with(known)) {
                self.deviations.fault(format!("{} /{shape}: the document does not know it", request.method));
            }
            return;
        };
        operation.route.succeeded = true;
        let described = operation.answers.iter().find(|(status, _)| status == answer.status.as_str());
        if described.is_none() {
            let status = format!("status {}", answer.status.as_u16());
            self.deviations.find(&operation.name, &status, "the document does not know it");
        }
        // Under another status the body is judged all the same.
        if let Some((_, wanted)) = described.or(operation.answers.first()).filter(|(_, wanted)| !wanted.is_null()) {
            let body = serde_json::from_slice(&answer.body).map(spoken).unwrap_or_default();
            self.deviations.judge(&operation.name, self.digest.faults(wanted, &body, "answer", false));
        }
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
