//! ShipTime's own document judges the conversations: every answer has a status that it knows, and a body that it describes down to
//! the last member; every request that was taken is one that it allows. Where we follow what was recorded instead, it says so here.

use libtest_mimic::Failed;
use seatrial::engine::{Answer, Request};
use serde_json::Value;

use crate::judge::{self, Departure, Deviations, Route};
use crate::published::Digest;

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

pub fn judge() -> Result<(), Failed> {
    let mut judge = Judge::new(Digest::of("shiptime"));
    judge::exchanges("shiptime", |request, answer| judge.hear(request, answer))?;
    let silent = judge.operations.iter().filter(|operation| !operation.route.succeeded);
    judge.deviations.verdict(silent.map(|operation| operation.id.as_str()))
}

struct Judge {
    digest: Digest,
    operations: Vec<Operation>,
    deviations: Deviations,
}

/// An operation of the document.
struct Operation {
    id: String,
    route: Route,
    statuses: Vec<String>,
    answer: Value,
    request: Value,
}

impl Judge {
    fn new(digest: Digest) -> Self {
        let operations = digest.operations.iter().map(|(id, operation)| {
            let (method, path) = operation["call"].as_str().and_then(|call| call.split_once(' ')).unwrap_or_default();
            Operation {
                id: id.clone(),
                route: Route::new(method, path),
                statuses: operation["answers"].as_object().into_iter().flat_map(|answers| answers.keys().cloned()).collect(),
                answer: operation["answers"]["200"].clone(),
                request: operation["request"].clone(),
            }
        });
        Self { operations: operations.collect(), digest, deviations: Deviations::new(DEPARTURES) }
    }

    /// Judges one exchange; calls outside the document, such as those for tokens, are not its affair.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let Some(path) = request.path.strip_prefix("/shiptime/rest").map(judge::segments) else { return };
        let Some(operation) = self.operations.iter_mut().find(|row| row.route.fits(request.method.as_str(), &path)) else { return };
        if !operation.statuses.iter().any(|status| status == answer.status.as_str()) {
            let status = format!("status {}", answer.status.as_u16());
            self.deviations.find(&operation.id, &status, "the document does not know it");
        }
        if !answer.status.is_success() {
            return;
        }
        operation.route.succeeded = true;
        // What the document does not describe is not to be answered.
        for (side, wanted, bytes, closed) in
            [("answer", &operation.answer, &answer.body, true), ("request", &operation.request, &request.body, false)]
        {
            if let Some(value) = serde_json::from_slice(bytes).ok().filter(|_| !wanted.is_null()) {
                self.deviations.judge(&operation.id, self.digest.faults(wanted, &value, side, closed));
            }
        }
    }
}
