//! ShipStation's own document of version 2 judges the conversations, where it is at hand: every answer has a status that it knows and a
//! body that fits. Where we follow what was recorded instead, it says so here. Members that the document does not describe are taken:
//! recordings have dozens.

use std::collections::BTreeMap;
use std::fs;

use jsonschema::Validator;
use libtest_mimic::Failed;
use seatrial::engine::{Answer, Request};
use serde_json::{Map, Value, json};

use crate::judge::{self, Departure, Deviations, Route};
use crate::originals;

/// The operation of departures that are those of all.
const ANY: &str = "any";

const DEPARTURES: &[Departure] = &[
    (ANY, "404", "the document has no body there, and recordings have the errors that others have"),
    (ANY, "/errors/*/error_source", "recorded in 2026 as `shipengine`"),
    (ANY, "/errors/*/error_code", "`invalid_date`, `multipackage_not_supported` and `file_not_found` were seen or documented since"),
    (ANY, "/batch_id", "recorded empty for a label that was bought alone in a sandbox"),
    (ANY, "/event", "the events of version 2 were recorded; the document has the older ones"),
    (ANY, "/pages", "recorded as 0 where there is nothing"),
    (ANY, "/weight/value", "recorded as 1.0, which the document excludes"),
    (ANY, "/total_weight/value", "recorded as 1.0, which the document excludes"),
    (ANY, "/ship_to/address_line2", "recorded empty after the address was checked"),
    (ANY, "/ship_to/instructions", "recorded empty"),
    (ANY, "/ship_to/phone", PARTIAL),
    (ANY, "/items/*/weight", NULL),
    (ANY, "/customs", "values are amounts with their currency, as libraries of ShipEngine send them"),
    (ANY, "/default_value", "recorded as null and as an empty text"),
    (ANY, "/services/*/carrier_code", "typed as an id, and recorded as a code"),
    (ANY, "/packages/*/package_code", "recorded with two underscores"),
    (ANY, "/packages/*/label_download", "recorded in 2019: a label to try has no file of a package"),
    (ANY, "/packages/*/tracking_number", "recorded in 2019 as null of a label to try"),
    (ANY, "/paperless_download", NULL),
    (ANY, "/rate_response/created_at", "typed as an id, and recorded as a time"),
    (ANY, "status 401", "the document lacks what is refused for the key, as recorded"),
    (ANY, "status 402", "the document lacks what is refused for the plan, as the guide says"),
    (ANY, "status 429", "the document lacks what is refused for the limit"),
    ("updateSKUStockLevels", "status 200", "seen in 2026 with an empty body; the document has 204"),
    ("updateSKUStockLevels", "status 400", NO_ERRORS),
    ("deleteInventoryLocationById", "status 400", NO_ERRORS),
    (ANY, "/account_number", NULL),
    (ANY, "/carrier_billing_code", NULL),
    (ANY, "/carrier_memo", NULL),
    (ANY, "/carrier_nickname", NULL),
    (ANY, "/nickname", NULL),
    (ANY, "/package_id", NULL),
    (ANY, "/external_package_id", NULL),
    (ANY, "/qr_code_download", NULL),
    (ANY, "/products", NULL),
    (ANY, "/process_errors", NULL),
    (ANY, "/label_layout", NULL),
    (ANY, "/order_source_code", NULL),
    (ANY, "/amount_paid", NULL),
    (ANY, "/shipping_paid", NULL),
    (ANY, "/tax_paid", NULL),
    (ANY, "/collect_on_delivery", NULL),
    (ANY, "/fedex_freight", NULL),
    (ANY, "/geolocation", NULL),
    (ANY, "/requested_comparison_amount", NULL),
    (ANY, "/store_id", NULL),
    (ANY, "/last_login_at", NULL),
    (ANY, "/cancelled_at", NULL),
    ("get_tracking_log_from_label", "/actual_delivery_date", NULL),
    ("get_tracking_log_from_label", "/exception_description", NULL),
    ("get_tracking_log_from_label", "/ship_date", NULL),
    ("get_tracking_log_from_label", "/status_detail_code", NULL),
    ("get_tracking_log_from_label", "/status_detail_description", NULL),
    ("get_tracking_log_from_label", "/carrier_detail_code", NULL),
    ("get_tracking_log_from_label", "/events/*/carrier_occurred_at", "recorded without a zone in the first notice of UPS"),
    ("get_tracking_log_from_label", "/events/*/city_locality", NULL),
    ("get_tracking_log_from_label", "/events/*/country_code", NULL),
    ("get_tracking_log_from_label", "/events/*/company_name", NULL),
    ("get_tracking_log_from_label", "/events/*/postal_code", NULL),
    ("get_tracking_log_from_label", "/events/*/state_province", "recorded as null and as an empty text"),
    ("get_tracking_log_from_label", "/events/*/status_detail_description", NULL),
    ("get_tracking_log_from_label", "/events/*/latitude", NULL),
    ("get_tracking_log_from_label", "/events/*/longitude", NULL),
    ("get_tracking_log_from_label", "/events/*/proof_of_delivery_url", NULL),
    ("get_tracking_log_from_label", "/events/*/signer", NULL),
    ("get_tracking_log_from_label", "/events/*/carrier_detail_code", NULL),
    ("get_tracking_log_from_label", "/status_code", "typed by the detailed codes, and recorded as `NY` and its like"),
    ("get_tracking_log_from_label", "/events/*/status_code", "typed by the detailed codes, and recorded as `NY` and its like"),
    ("get_tracking_log_from_label", "/events/*/status_detail_code", "`HUB_SCAN_IN` and others were recorded since"),
    ("get_tracking_log_from_label", "/estimated_delivery_date", "recorded without a zone"),
    ("estimate_rates", "/*/carrier_delivery_days", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/confirmation_amount", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/delivery_days", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/estimated_delivery_date", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/insurance_amount", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/other_amount", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/service_code", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/service_type", "recorded as null for a carrier that quotes nothing"),
    ("estimate_rates", "/*/shipping_amount", "recorded as null for a carrier that quotes nothing"),
    ("list_batch_errors", "/errors/*/external_shipment_id", NULL),
    ("create_shipments", "/shipments/*/errors/*", "typed as a text, and seen as an object"),
    ("create_shipments", "/shipments/*/advanced_options", FAILED),
    ("create_shipments", "/shipments/*/confirmation", FAILED),
    ("create_shipments", "/shipments/*/created_at", FAILED),
    ("create_shipments", "/shipments/*/insurance_provider", FAILED),
    ("create_shipments", "/shipments/*/modified_at", FAILED),
    ("create_shipments", "/shipments/*/return_to", FAILED),
    ("create_shipments", "/shipments/*/ship_from", FAILED),
    ("create_shipments", "/shipments/*/ship_from/phone", FAILED),
    ("create_shipments", "/shipments/*/ship_from/postal_code", FAILED),
    ("create_shipments", "/shipments/*/ship_from/state_province", FAILED),
    ("create_shipments", "/shipments/*/shipment_id", FAILED),
    ("create_label", "/ship_to/state_province", PARTIAL),
    ("create_shipments", "/shipments/*/shipment_status", FAILED),
    ("create_shipments", "/shipments/*/tags", FAILED),
    ("create_shipments", "/shipments/*/total_weight", FAILED),
    ("create_shipments", "/shipments/*/ship_to/address_residential_indicator", FAILED),
    ("create_shipments", "/shipments/*/ship_from/address_residential_indicator", FAILED),
    ("get_rate_by_id", "/created_at", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/errors", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/invalid_rates", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/rate_request_id", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/rates", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/shipment_id", "the document asks for the answer to a rate request beside the rate"),
    ("get_rate_by_id", "/status", "the document asks for the answer to a rate request beside the rate"),
    ("list_shipment_rates", "/created_at", "typed as an id, and recorded as a time"),
    ("schedule_pickup", "/notes", "asked for under the name of what is sent"),
    ("schedule_pickup", "/pickup_window", "asked for under the name of what is sent"),
    ("get_pickup_by_id", "/notes", "asked for under the name of what is sent"),
    ("get_pickup_by_id", "/pickup_window", "asked for under the name of what is sent"),
    ("get_pickup_by_id", "/pickup", "asked for beside its own members"),
    (ANY, "/contact_details/phone", "data: a short number"),
];

const NULL: &str = "recorded as null where there is nothing, which the document does not say";
const PARTIAL: &str = "data: an order of version 1 needs less of an address";
const FAILED: &str = "what was sent is answered as it was, with its errors";
const NO_ERRORS: &str = "the document lists no refusals of the inventory";

pub fn judge() -> Result<(), Failed> {
    let options = serde_saphyr::options! { budget: None };
    let text = fs::read_to_string(originals::folder().join("shipstation-v2.openapi.yaml"))?;
    let mut judge = Judge::new(plain(serde_saphyr::from_str_with_options(&text, options)?));
    judge::exchanges("shipstation_v2", |request, answer| judge.hear(request, answer))?;
    let silent = judge.operations.iter().filter(|operation| !operation.route.succeeded);
    judge.deviations.verdict(silent.map(|operation| operation.id.as_str()))
}

struct Judge {
    document: Value,
    operations: Vec<Operation>,
    /// By operation and status.
    validators: BTreeMap<(usize, u16), Option<Validator>>,
    deviations: Deviations,
}

/// An operation of the document.
struct Operation {
    id: String,
    route: Route,
    answers: Map<String, Value>,
}

impl Judge {
    fn new(document: Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let rows =
            paths.flat_map(|(path, methods)| methods.as_object().into_iter().flatten().map(move |(method, row)| (path, method, row)));
        let operations = rows.filter_map(|(path, method, row)| {
            let answers = row["responses"].as_object()?.clone();
            Some(Operation { id: row["operationId"].as_str()?.to_owned(), route: Route::new(method, path), answers })
        });
        let mut operations: Vec<Operation> = operations.collect();
        operations.sort_by_key(|operation| operation.route.parameters());
        Self { operations, document, validators: BTreeMap::new(), deviations: Deviations::new(DEPARTURES) }
    }

    /// Judges one exchange; operations that were added later are not its affair.
    fn hear(&mut self, request: &Request, answer: &Answer) {
        let Some(path) = request.path.strip_prefix("/shipstation").map(judge::segments) else { return };
        let Some(index) = self.operations.iter().position(|row| row.route.fits(request.method.as_str(), &path)) else { return };
        let (operation, status) = (&mut self.operations[index], answer.status.as_u16());
        operation.route.succeeded |= answer.status.is_success();
        let id = operation.id.clone();
        let Some(described) = operation.answers.get(answer.status.as_str()) else {
            return self.find(&id, &format!("status {status}"), "the document does not know it");
        };
        let described = described["$ref"].as_str().and_then(|name| self.document.pointer(&name[1..])).unwrap_or(described);
        let schema = &described["content"]["application/json"]["schema"];
        let validator = || {
            let whole = json!({ "allOf": [schema], "components": { "schemas": self.document["components"]["schemas"] } });
            schema.is_object().then(|| jsonschema::validator_for(&whole).expect("the document's schemas are schemas"))
        };
        let Some(validator) = self.validators.entry((index, status)).or_insert_with(validator) else { return };
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
        let side = if answer.status.is_success() { String::new() } else { status.to_string() };
        let told = |fault: jsonschema::ValidationError<'_>| {
            let what = fault.to_string();
            let missing =
                what.strip_suffix(" is a required property").map_or_else(String::new, |name| format!("/{}", name.trim_matches('"')));
            (format!("{side}{}{missing}", place(&fault.instance_path().to_string())), what)
        };
        let faults: Vec<(String, String)> = validator.iter_errors(&body).map(told).collect();
        faults.into_iter().for_each(|(place, fault)| self.find(&id, &place, &fault));
    }

    fn find(&mut self, operation: &str, place: &str, what: &str) {
        let common = DEPARTURES.iter().find(|(name, own, _)| *name == ANY && place.ends_with(own));
        match common {
            Some((name, own, _)) => self.deviations.find(name, own, what),
            None => self.deviations.find(operation, place, what),
        }
    }
}

/// A JSON pointer with `*` for any position.
fn place(pointer: &str) -> String {
    let step =
        |step: &str| if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) { "*".to_owned() } else { step.to_owned() };
    pointer.split('/').map(step).collect::<Vec<_>>().join("/")
}

/// A document in the words of JSON Schema: what may be null says so, and parts of objects do not forbid the other parts.
fn plain(document: Value) -> Value {
    match document {
        Value::Object(mut members) => {
            let is_nullable = members.shift_remove("x-nullable").is_some_and(|flag| flag == true);
            if members.get("additionalProperties") == Some(&Value::Bool(false)) {
                members.shift_remove("additionalProperties");
            }
            let plain: Map<String, Value> = members.into_iter().map(|(name, value)| (name, plain(value))).collect();
            if is_nullable { json!({ "anyOf": [{ "type": "null" }, plain] }) } else { plain.into() }
        }
        Value::Array(rows) => rows.into_iter().map(plain).collect(),
        other => other,
    }
}
