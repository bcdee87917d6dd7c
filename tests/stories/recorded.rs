//! Recorded exchanges: what a vendor once answered and what the machine answers agree in status, members, their order and types,
//! and in the wording of errors. `tests/recorded/<vendor>.yaml` has each exchange as a digest of facts: how it is brought about
//! (steps `before` it, a `scenario`), the call with data of our own, and the shape of the answer, in which `""`, `0` and `true` stand
//! for any text, number and boolean, `null` for anything, and a list for the shapes that its elements have; texts of errors stand
//! as they are. `keyed` names objects whose members are data; their shape is a list, too. `facts` names members whose texts are the
//! vendor's own words in every answer, and `whole` says that lists are compared element by element.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libtest_mimic::{Failed, Trial};
use seatrial::engine::Machine;
use serde_json::{Map, Value, json};

use crate::play;

/// Where an answer departs from its recording, and why: exchange, place (with `*` for any element), reason.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("shipmate/consignment_events", "$.data[*].tracking_events[*].type", "data: it is collected on its way"),
    ("shipmate/parcel_events", "$.data[*].type", "data: it is collected on its way"),
    ("shipmate/services_list", "$.data[*]", "the guide describes a price that its sample leaves out"),
    ("shipmate/skus_page_1", "$.data[*]", "the guide shortens the rows of its sample"),
    ("shipmate/users_list", "$.data[*].profile_image_url", "data: a colleague without a picture"),
    ("shipmate/users_list", "$.data[*].location.address_county", "data: the second location has no county"),
    ("shipmate/users_list", "$.data[*].location.address_post_zip_code", "data: the second location has no post code"),
    ("shipmate/users_list", "$.data[*].location.type", "data: the second location is of another type"),
    ("shippo/address_validate_invalid", "$.validation_results.messages[*].source", "recorded in 2017; the validator speaks since 2022"),
    ("shippo/address_validate_invalid", "$.validation_results.messages[*]", "recorded in 2017; messages have a type since 2022"),
    ("shippo/batch_create_201_validating", "$", "recorded in 2017; `test` is there since 2019"),
    ("shippo/batch_purchase_202", "$", "recorded in 2017; `test` is there since 2019"),
    ("shippo/customs_declaration_create_201", "$", "recorded in 2022; `is_vat_collected` is there since"),
    ("shippo/customs_declaration_list_200", "$.results[*]", "recorded in 2022; `is_vat_collected` is there since"),
    ("shippo/manifest_create_201", "$", "recorded in 2017; `errors` is there since 2022"),
    ("shippo/shipment_create_201", "$.messages[*].code", MORE_SPEAK),
    ("shippo/shipment_create_201", "$.messages[*].source", MORE_SPEAK),
    ("shippo/shipment_create_201", "$.messages[*].text", MORE_SPEAK),
    ("shippo/shipment_create_201", "$.parcels[*]", "recorded in 2022; parcels inside shipments have no value since 2024"),
    ("shippo/shipment_create_201", "$.rates[*]", "recorded in 2022; `included_insurance_price` is there since 2023"),
    ("shippo/shipment_create_201", "$.rates[*].zone", "recorded in 2022; UPS tells none since 2024"),
    ("shippo/shipment_create_201", "$.rates[*].servicelevel", "recorded in 2022; `display_name` is there since 2024"),
    ("shippo/shipment_create_201", "$.extra", "members come back in the order in which they were sent"),
    ("shippo/shipment_create_201", "$.extra.insurance", "members come back in the order in which they were sent"),
    ("shippo/shipment_rates_list_200", "$.results[*]", "recorded in 2022; `included_insurance_price` is there since 2023"),
    ("shippo/shipment_rates_list_200", "$.results[*].servicelevel", "recorded in 2022; `display_name` is there since 2024"),
    ("shippo/track_get_test_transit_200", "$.tracking_history[*].location", "recorded in 2019; no place before its way begins since 2023"),
    ("shippo/track_register_unknown_number_200", "$", "recorded in 2022; what is empty is left out since 2024"),
    ("shippo/track_register_unknown_number_200", "$.servicelevel", "recorded in 2022; what is empty is left out since 2024"),
    ("shippo/track_register_ups_pre_transit_200", "$", "cut off at its source before `messages`, which today's libraries need"),
    ("shippo/transaction_create_failed_address_validation_201", "$", "recorded in 2020; `qr_code_url` and `created_by` are there since"),
    ("shippo/transaction_create_queued_201", "$", "recorded in 2022; today's libraries need `created_by`"),
    ("shippo/transaction_list_one_error_200", "$.results[*]", "recorded in 2022; today's libraries need `created_by`"),
    ("shippo/transaction_create_sync_success_201", "$", "recorded in 2022; today's libraries need `created_by`"),
    ("shippo/transaction_list_mixed_statuses", "$.next", "data: there is one page"),
    ("shipstation_v1/errors-3", "$.ModelState.request.testlabel[*]", "cut off at its source"),
    ("shipstation_v1/errors-4", "$", "cut off at its source"),
    ("shipstation_v1/errors-4", "$.ExceptionType", "cut off at its source"),
    ("shipstation_v1/orders-createorder", "$", "recorded in 2021; two members more are there in 2024"),
    ("shipstation_v1/orders-list-manual-and-shopify-2017", "$.orders[*]", "recorded in 2017; three members more are there in 2024"),
    ("shipstation_v1/shipments-list-pages-zero", "$.shipments[*].advancedOptions.billToParty", "recorded in 2020; null in 2024"),
    ("shipstation_v1/shipments-list-voided", "$.shipments[*].advancedOptions.billToParty", "recorded in 2020; null in 2024"),
    ("shipstation_v2/carriers-list", "$", NEWER_V2),
    ("shipstation_v2/carriers-list", "$.carriers[*]", NEWER_V2),
    ("shipstation_v2/carriers-list", "$.carriers[*].services[*]", NEWER_V2),
    ("shipstation_v2/carriers-list-401-access-denied", "$.errors[*].path", "recorded at the older host, whose paths begin with /v1"),
    ("shipstation_v2/carriers-list-v2-production", "$.carriers[*].funding_source_id", "data: carriers of the caller's own have no wallet"),
    ("shipstation_v2/carriers-list-v2-production", "$.carriers[*].nickname", "data: nobody gave the account a name"),
    ("shipstation_v2/labels-create", "$", NEWER_V2),
    ("shipstation_v2/labels-create", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/labels-create-test-flat-rate-2019", "$", NEWER_V2),
    ("shipstation_v2/labels-create-test-flat-rate-2019", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/labels-list-by-tracking-number", "$.labels[*]", NEWER_V2),
    ("shipstation_v2/labels-return", "$", NEWER_V2),
    ("shipstation_v2/labels-return", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/labels-void", "$", "recorded in 2021; the labels are named since"),
    ("shipstation_v2/rates-create-carrier-error", "$", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.advanced_options", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.items[*]", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.return_to", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.ship_from", NEWER_V2),
    ("shipstation_v2/rates-create-carrier-error", "$.ship_to", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.advanced_options", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.items[*]", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.rate_response.rates[*]", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.return_to", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.ship_from", NEWER_V2),
    ("shipstation_v2/rates-create-one-carrier", "$.ship_to", NEWER_V2),
    ("shipstation_v2/rates-create-v2-production", "$", "the order was lost at its source"),
    ("shipstation_v2/rates-create-v2-production", "$.advanced_options", "the order was lost at its source"),
    ("shipstation_v2/rates-create-v2-production", "$.rate_response.rates[*]", "the order was lost at its source"),
    ("shipstation_v2/rates-create-v2-production", "$.rate_response.rates[*].carrier_nickname", "data: nobody gave the account a name"),
    ("shipstation_v2/rates-estimate-apc-2023", "$[*]", NEWER_V2),
    ("shipstation_v2/rates-estimate-ups-2026", "$[*].carrier_nickname", "data: nobody gave the account a name"),
    ("shipstation_v2/shipments-create", "$.shipments[*]", NEWER_V2),
    ("shipstation_v2/shipments-create", "$.shipments[*].advanced_options", NEWER_V2),
    ("shipstation_v2/shipments-create", "$.shipments[*].packages[*]", NEWER_V2),
    ("shipstation_v2/shipments-get-by-external-id", "$", NEWER_V2),
    ("shipstation_v2/shipments-get-by-external-id", "$.advanced_options", NEWER_V2),
    ("shipstation_v2/shipments-get-by-external-id", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/shipments-get-updated", "$", NEWER_V2),
    ("shipstation_v2/shipments-get-updated", "$.advanced_options", NEWER_V2),
    ("shipstation_v2/shipments-get-updated", "$.packages[*]", NEWER_V2),
    (
        "shipstation_v2/webhook-shipment_created_v2-and-resource-answer",
        "$.shipments[*].return_to",
        "data: an address that was sent has a place on the map",
    ),
    ("shipstation_v2/shipments-update", "$", NEWER_V2),
    ("shipstation_v2/shipments-update", "$.advanced_options", NEWER_V2),
    ("shipstation_v2/shipments-update", "$.packages[*]", NEWER_V2),
    ("shipstation_v2/tracking-usps-returned-to-sender", "$.events[*].latitude", "data: places have no coordinates here"),
    ("shipstation_v2/tracking-usps-returned-to-sender", "$.events[*].longitude", "data: places have no coordinates here"),
    ("shipstation_v2/webhook-track_event_v2-ups-delivered", "$.data.events[*].latitude", "data: places have no coordinates here"),
    ("shipstation_v2/webhook-track_event_v2-ups-delivered", "$.data.events[*].longitude", "data: places have no coordinates here"),
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
const PENDING: &[&str] = &[];

const MORE_SPEAK: &str = "data: the account of the recording has fewer carriers";

/// Of ShipStation V2.
const NEWER_V2: &str = "recorded by 2025 at the older host; members that were seen there in 2026 are served";

const NEWER: &str = "the newer guide adds members, and those are served";

type Differences = Vec<(String, String)>;

/// The digest of a vendor's exchanges.
pub fn digest(vendor: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recorded/{vendor}.yaml"));
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The vendors that have a file in `tests/recorded/`.
pub static VENDORS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded");
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let stem = |file: PathBuf| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut vendors: Vec<String> = files.filter_map(|entry| stem(entry.expect("a folder can be listed").path())).collect();
    vendors.sort();
    vendors
});

/// A test for each exchange.
///
/// # Panics
/// When a list above names an exchange that there is not.
pub fn trials() -> impl Iterator<Item = Trial> {
    let digests: Vec<(&str, Value)> = VENDORS.iter().map(|vendor| (vendor.as_str(), digest(vendor))).collect();
    for name in PENDING.iter().chain(DIFFERENCES.iter().map(|(name, ..)| name)) {
        let has = |(vendor, digest): &(&str, Value)| {
            name.split_once('/').is_some_and(|(own, exchange)| own == *vendor && !digest["exchanges"][exchange].is_null())
        };
        assert!(digests.iter().any(has), "there is no exchange `{name}`");
    }
    digests.into_iter().flat_map(|(vendor, digest)| {
        let exchanges = digest["exchanges"].as_object().cloned().unwrap_or_default();
        exchanges.into_iter().map(move |(name, exchange)| {
            let (name, headers) = (format!("{vendor}/{name}"), digest["headers"].clone());
            Trial::test(format!("recorded/{name}"), move || run(vendor, &name, &headers, &exchange))
        })
    })
}

fn run(vendor: &str, name: &str, headers: &Value, exchange: &Value) -> Result<(), Failed> {
    let found = replay(vendor, headers, exchange);
    if PENDING.contains(&name) {
        return match found {
            Ok(rows) if rows.is_empty() => Err("listed as pending, and is reproduced: take it off the list".into()),
            _ => Ok(()),
        };
    }
    let known: Vec<&str> = DIFFERENCES.iter().filter(|(other, ..)| *other == name).map(|(_, place, _)| *place).collect();
    let found = found?;
    let mut problems: Vec<String> =
        found.iter().filter(|(place, _)| !known.contains(&place.as_str())).map(|(place, what)| format!("{place}: {what}")).collect();
    let stale = known.iter().filter(|known| !found.iter().any(|(place, _)| place == *known));
    problems.extend(stale.map(|place| format!("{place}: listed as a difference, and is none")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// Brings an exchange about and compares. Of a call that the vendor makes, a webhook, what it says is compared.
fn replay(vendor: &str, headers: &Value, exchange: &Value) -> Result<Differences, String> {
    let mut steps = exchange["before"].as_array().cloned().unwrap_or_default();
    let members = ["call", "headers", "json", "form", "text"].into_iter();
    let call: Map<String, Value> = members.filter_map(|name| Some((name.to_owned(), exchange.get(name)?.clone()))).collect();
    let is_webhook = call.is_empty();
    steps.extend((!is_webhook).then_some(call.into()));
    let text = json!({"scenario": exchange["scenario"], "headers": headers, "steps": steps}).to_string();
    let story = play::read(&text, "recorded").map_err(|problems| play::told(&problems))?;
    let mut answered = None;
    let machine = play::play(&story, vendor, &mut |_, answer| answered = Some(answer.clone()));
    let machine = machine.map_err(|step| play::explain(&step, &story))?;
    let mut rows = Vec::new();
    if is_webhook {
        let expected = &exchange["told"];
        let told = delivered(&machine).ok_or("no webhook was delivered")?;
        Compare { keyed: Vec::new(), exact: false, facts: facts(exchange), whole: is_whole(exchange) }
            .values(expected, &told, "$", &mut rows);
        return Ok(rows);
    }
    let answer = answered.ok_or("nothing was answered")?;
    if exchange["status"] != answer.status.as_u16() {
        let body = String::from_utf8_lossy(&answer.body);
        return Ok(vec![("status".to_owned(), format!("{} instead of {}: {body:.600}", answer.status.as_u16(), exchange["status"]))]);
    }
    let found = match serde_json::from_slice(&answer.body) {
        Ok(found) => found,
        Err(_) if answer.body.is_empty() => Value::Null,
        Err(_) => Value::from(String::from_utf8_lossy(&answer.body)),
    };
    let keyed: Vec<&str> = exchange["keyed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Compare { keyed, exact: !answer.status.is_success(), facts: facts(exchange), whole: is_whole(exchange) }.values(
        &exchange["answer"],
        &found,
        "$",
        &mut rows,
    );
    let mut seen = BTreeSet::new();
    rows.retain(|(place, _)| seen.insert(place.clone()));
    Ok(rows)
}

/// The body of the last webhook of a machine's default sandbox.
fn delivered(machine: &Machine) -> Option<Value> {
    let last = machine.default_sandbox().deliveries().pop()?;
    Some(serde_json::from_str(&last.body).unwrap_or_else(|_| Value::from(last.body.as_str())))
}

struct Compare<'a> {
    /// Objects whose members are data: their values are compared like the elements of a list.
    keyed: Vec<&'a str>,
    /// Whether texts are compared, as those of errors are.
    exact: bool,
    /// Members whose texts are compared all the same.
    facts: Vec<&'a str>,
    /// Whether lists have the elements that were recorded, in that order.
    whole: bool,
}

/// The members whose texts are facts in an answer that is no error.
pub fn facts(exchange: &Value) -> Vec<&str> {
    exchange["facts"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether lists of an answer are compared element by element.
pub fn is_whole(exchange: &Value) -> bool {
    exchange["whole"] == true
}

impl Compare<'_> {
    fn values(&self, expected: &Value, found: &Value, path: &str, rows: &mut Differences) {
        match (expected, found) {
            (Value::Array(expected), Value::Object(found)) if self.keyed.contains(&path) => {
                self.elements(expected, found.values(), path, rows);
            }
            (Value::Array(expected), Value::Array(found)) if !(self.exact || self.whole) => {
                self.elements(expected, found.iter(), path, rows)
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
            (Value::String(expected), Value::String(found)) if self.exact || self.facts.contains(&member(path)) => {
                if expected != found {
                    rows.push((path.to_owned(), format!("{found:?} instead of {expected:?}")));
                }
            }
            // What was null once need not be null always.
            (Value::Null, _) => {}
            (expected, found) if kind(expected) == kind(found) => {}
            (expected, found) => rows.push((path.to_owned(), format!("{found} instead of a {}", kind(expected)))),
        }
    }

    /// Each element has to be like one that was recorded.
    fn elements<'v>(&self, expected: &[Value], found: impl ExactSizeIterator<Item = &'v Value>, path: &str, rows: &mut Differences) {
        let path = format!("{path}[*]");
        // Whether a list inside another has rows is a matter of data.
        if found.len() == 0 && !expected.is_empty() && path.matches("[*]").count() == 1 {
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

/// The name of the member at a path.
pub fn member(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default().trim_end_matches("[*]")
}

pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
