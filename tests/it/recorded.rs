//! Recorded exchanges, replayed: what a vendor once answered and what the machine answers have to agree in status, members,
//! their order and types, and in the wording of errors. `recorded.yaml` says how each exchange is brought about.
//!
//! The recordings are not part of the repository; where they are missing the test says so and passes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use seatrial::engine::webhooks::{DELIVERY, Delivery};
use seatrial::engine::{LoadedVendor, Machine, Options, Start};
use seatrial::spec::Route;
use seatrial::vendors;
use serde_json::{Map, Value, json};

use crate::play;

/// Where an answer departs from its recording, and why: exchange, place (with `*` for any element), reason.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("shipmate/services_list", "$.data[*]", "the guide describes a price that its sample leaves out"),
    ("shipmate/skus_page_1", "$.data[*]", "the guide shortens the rows of its sample"),
    ("shipmate/users_list", "$.data[*].profile_image_url", "data: a colleague without a picture"),
    ("shipmate/users_list", "$.data[*].location.address_county", "data: the second location has no county"),
    ("shipmate/users_list", "$.data[*].location.address_post_zip_code", "data: the second location has no post code"),
    ("shippo/batch_create_201_validating", "$", "recorded in 2017; `test` is there since 2019"),
    ("shippo/batch_purchase_202", "$", "recorded in 2017; `test` is there since 2019"),
    ("shippo/shipment_create_201", "$.extra", "members come back in the order in which they were sent"),
    ("shippo/shipment_create_201", "$.extra.insurance", "members come back in the order in which they were sent"),
    ("shippo/transaction_create_sync_success_201", "$", "recorded in 2022; today's libraries need `created_by`"),
    ("shippo/transaction_list_mixed_statuses", "$.next", "data: there is one page"),
    ("shiptheory/services_incoming_seed", "$.return_services[*][*]", NEWER),
    ("shiptheory/services_seed", "$.delivery_services[*][*]", NEWER),
    ("shiptheory/shipment_book_ok_seed", "$", NEWER),
    ("shiptheory/shipment_get_seed", "$", NEWER),
    ("shiptheory/shipment_get_seed", "$.shipment", NEWER),
    ("shiptheory/shipments_search_seed", "$.shipments[*].shipment_detail", NEWER),
    ("shiptheory/shipments_search_seed", "$.shipments[*].delivery_address", NEWER),
    ("shiptime/rates_400_unknown_field", "$.messages[*]", "the hash of the stream is another in every call"),
    ("shiptime/rates_domestic_gst_insured", "$.availableRates[*]", "recorded in 2023; `transitUnit` is there since 2025"),
    ("shiptime/rates_toronto_to_calgary_metric", "$.availableRates[*]", "some services have `transitDaysMax`, as recorded in Ontario"),
    ("shiptime/shipment_create_by_quote_only", "$", "the fixture of a program, which kept what it reads"),
];

/// Exchanges that are not reproduced yet. The list may only shrink: one that is reproduced has to leave it.
const PENDING: &[&str] = &[
    "shippo/address_validate_not_found_200",
    "shippo/batch_add_shipments_200",
    "shippo/batch_get_validating_filtered_200",
    "shippo/batch_remove_all_shipments_200",
    "shippo/customs_declaration_create_201",
    "shippo/customs_declaration_list_200",
    "shippo/manifest_create_400_2022",
    "shippo/manifest_create_nothing_eligible_404",
    "shippo/manifest_list_one_200",
    "shippo/parcel_list_two_200",
    "shippo/shipment_create_many_errors_400",
    "shippo/shipment_create_multi_parcel_no_rates_201",
    "shippo/shipment_rates_list_200",
    "shippo/track_get_test_carrier_with_live_token_400",
    "shippo/track_register_unknown_carrier_400",
    "shippo/track_register_unknown_number_200",
    "shippo/track_register_ups_pre_transit_200",
    "shippo/transaction_create_failed_address_validation_201",
    "shippo/transaction_create_queued_201",
    "shippo/transaction_list_one_error_200",
];

const NEWER: &str = "the newer guide adds members, and those are served";

#[test]
fn recorded_exchanges_are_answered_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join("shared/vendors/recorded");
    if !root.is_dir() {
        eprintln!("skipped: there are no recordings at {}", root.display());
        return;
    }
    let plans: Value = serde_saphyr::from_str(include_str!("recorded.yaml")).expect("recorded.yaml is YAML");
    let (mut problems, mut met, mut replayed) = (Vec::new(), BTreeSet::new(), 0);
    for (vendor, plan) in plans.as_object().into_iter().flatten() {
        for file in files(&root.join(vendor)) {
            let name = format!("{vendor}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
            let exchange: Value = serde_json::from_str(&fs::read_to_string(&file).expect("recordings can be read")).expect("and are JSON");
            let found =
                replay(vendor, plan, &plan["exchanges"][file.file_stem().unwrap_or_default().to_string_lossy().as_ref()], &exchange);
            if PENDING.contains(&name.as_str()) {
                if found.is_ok_and(|rows| rows.is_none_or(|rows| rows.is_empty())) {
                    problems.push(format!("{name}: listed as pending, and is reproduced"));
                }
                replayed += 1;
                continue;
            }
            match found {
                Ok(None) => continue,
                Ok(Some(rows)) => {
                    for (place, what) in rows {
                        match DIFFERENCES.iter().position(|(other, path, _)| *other == name && *path == place) {
                            Some(row) => _ = met.insert(row),
                            None => problems.push(format!("{name} {place}: {what}")),
                        }
                    }
                }
                Err(problem) => problems.push(format!("{name}: {problem}")),
            }
            replayed += 1;
        }
    }
    let stale = DIFFERENCES.iter().enumerate().filter(|(row, _)| !met.contains(row));
    problems.extend(stale.map(|(_, (name, place, _))| format!("{name} {place}: listed as a difference, and is none")));
    assert!(problems.is_empty(), "{} differences in {replayed} exchanges\n{}", problems.len(), problems.join("\n"));
    assert!(replayed > 40, "only {replayed} exchanges were found");
}

type Differences = Vec<(String, String)>;

/// Brings an exchange about and compares; nothing for a call that no operation answers. Of a call that the vendor makes, what it
/// says is compared.
fn replay(vendor: &str, plan: &Value, own: &Value, exchange: &Value) -> Result<Option<Differences>, String> {
    let request = &exchange["request"];
    let (method, path) = (request["method"].as_str().unwrap_or_default(), request["path"].as_str().unwrap_or_default());
    let is_webhook = path.starts_with('<');
    if if is_webhook { own.is_null() } else { !covers(vendor, method, path.split('?').next().unwrap_or_default()) } {
        return Ok(None);
    }
    let mut steps = own["before"].as_array().cloned().unwrap_or_default();
    if !is_webhook {
        steps.push(call(plan, own, request)?);
    }
    let text = json!({"scenario": own["scenario"], "headers": plan["headers"], "steps": steps}).to_string();
    let story = play::read(&text, "recorded").map_err(|problems| play::told(&problems))?;
    let mut answered = None;
    let machine = play::play(&story, vendor, &mut |_, answer| answered = Some(answer.clone()));
    let machine = machine.map_err(|step| play::explain(&step, &story))?;
    let mut rows = Vec::new();
    if is_webhook {
        let body = &request["body"];
        let told = deliveries(&machine).into_iter().find(|row| row.event == body["event"]).ok_or("nobody was told")?;
        let told = serde_json::from_str(&told.body).unwrap_or_else(|_| Value::from(told.body.as_str()));
        Compare { keyed: Vec::new(), exact: false }.values(body, &told, "$", &mut rows);
        return Ok(Some(rows));
    }
    let answer = answered.ok_or("nothing was answered")?;
    let expected = &exchange["response"];
    if expected["status"] != answer.status.as_u16() {
        let body = String::from_utf8_lossy(&answer.body);
        rows.push(("status".to_owned(), format!("{} instead of {}: {body:.600}", answer.status.as_u16(), expected["status"])));
        return Ok(Some(rows));
    }
    let found = match serde_json::from_slice(&answer.body) {
        Ok(found) => found,
        Err(_) if answer.body.is_empty() => Value::Null,
        Err(_) => Value::from(String::from_utf8_lossy(&answer.body)),
    };
    let keyed: Vec<&str> = own["keyed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let compare = Compare { keyed, exact: !answer.status.is_success() };
    compare.values(&expected["body"], &found, "$", &mut rows);
    let mut seen = BTreeSet::new();
    rows.retain(|(place, _)| seen.insert(place.clone()));
    Ok(Some(rows))
}

/// The step that makes the recorded call.
fn call(plan: &Value, own: &Value, request: &Value) -> Result<Value, String> {
    let mut headers = request["headers"].as_object().cloned().unwrap_or_default();
    headers.retain(|name, _| !plan["headers"].as_object().is_some_and(|own| own.contains_key(name)));
    headers.extend(own["headers"].as_object().cloned().unwrap_or_default());
    let (method, path) = (request["method"].as_str().unwrap_or_default(), request["path"].as_str().unwrap_or_default());
    let call = format!("{method} {}", path.replace(' ', "%20"));
    let step = match &request["body"] {
        Value::Null => json!({"call": call, "headers": headers}),
        Value::String(text) => json!({"call": call, "headers": headers, "text": text}),
        body => json!({"call": call, "headers": headers, "json": body}),
    };
    let replace = [&plan["replace"], &own["replace"]].into_iter().filter_map(Value::as_object).flatten();
    let text = replace.fold(step.to_string(), |text, (from, to)| text.replace(from, to.as_str().unwrap_or_default()));
    serde_json::from_str(&text).map_err(|error| error.to_string())
}

/// Whether some operation has that method and path.
fn covers(mount: &str, method: &str, path: &str) -> bool {
    let Ok(method) = method.parse() else { return false };
    let machine = Machine::new(vendors::ALL, Options::default(), Start::plain(jiff::Timestamp::UNIX_EPOCH));
    let found = |loaded: &LoadedVendor| matches!(loaded.route(&method, path.trim_end_matches('/')), Route::Found(..));
    machine.vendors().loaded().iter().any(|loaded| loaded.vendor.mount == mount && found(loaded))
}

/// Every webhook of a machine's default sandbox.
fn deliveries(machine: &Machine) -> Vec<Delivery> {
    let state = machine.default_sandbox().lock();
    let tables = state.world.accounts.iter().filter_map(|(_, account)| account.table(&DELIVERY));
    tables.flat_map(|table| table.iter().filter_map(|(_, body)| serde_json::from_slice(body).ok()).collect::<Vec<_>>()).collect()
}

struct Compare<'a> {
    /// Objects whose members are data: their values are compared like the elements of a list.
    keyed: Vec<&'a str>,
    /// Whether texts are compared, as those of errors are.
    exact: bool,
}

impl Compare<'_> {
    fn values(&self, expected: &Value, found: &Value, path: &str, rows: &mut Differences) {
        match (expected, found) {
            (Value::Object(expected), Value::Object(found)) if self.keyed.contains(&path) => {
                self.elements(&expected.values().collect::<Vec<_>>(), &found.values().collect::<Vec<_>>(), path, rows);
            }
            (Value::Array(expected), Value::Array(found)) if !self.exact => {
                self.elements(&expected.iter().collect::<Vec<_>>(), &found.iter().collect::<Vec<_>>(), path, rows);
            }
            (Value::Array(expected), Value::Array(found)) => {
                if expected.len() != found.len() {
                    rows.push((path.to_owned(), format!("{} elements instead of {}", found.len(), expected.len())));
                }
                for (expected, found) in expected.iter().zip(found) {
                    self.values(expected, found, &format!("{path}[*]"), rows);
                }
            }
            (Value::Object(expected), Value::Object(found)) => {
                if !expected.keys().eq(found.keys()) {
                    let names = |members: &Map<String, Value>| members.keys().cloned().collect::<Vec<_>>().join(", ");
                    rows.push((path.to_owned(), format!("members {} instead of {}", names(found), names(expected))));
                }
                for (name, value) in expected {
                    if let Some(found) = found.get(name) {
                        self.values(value, found, &format!("{path}.{name}"), rows);
                    }
                }
            }
            (Value::String(expected), Value::String(found)) if self.exact => {
                if expected != found {
                    rows.push((path.to_owned(), format!("{found:?} instead of {expected:?}")));
                }
            }
            // What was null once need not be null always.
            (Value::Null, _) => {}
            (expected, found) if kind(expected) == kind(found) => {}
            (expected, found) => rows.push((path.to_owned(), format!("{found} instead of {expected}"))),
        }
    }

    /// Each element has to be like one that was recorded.
    fn elements(&self, expected: &[&Value], found: &[&Value], path: &str, rows: &mut Differences) {
        let path = format!("{path}[*]");
        // Whether a list inside another has rows is a matter of data.
        if found.is_empty() && !expected.is_empty() && path.matches("[*]").count() == 1 {
            rows.push((path, "there is none".to_owned()));
            return;
        }
        for found in found {
            let against = expected.iter().map(|expected| {
                let mut own = Vec::new();
                self.values(expected, found, &path, &mut own);
                own
            });
            rows.extend(against.min_by_key(Vec::len).unwrap_or_default());
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect());
    let mut files: Vec<PathBuf> = entries.unwrap_or_default();
    files.sort();
    files
}
