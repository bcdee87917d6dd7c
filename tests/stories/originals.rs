//! Whether the digests in this repository say what the recordings and published documents say that they were taken from. Those are
//! no part of the repository, so these tests are ignored where `../shared/vendors` is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde_json::{Map, Value, json};

use crate::documents::{self, Taken};
use crate::published::Digest;
use crate::recorded::{self, VENDORS, kind, member};

/// Exchanges whose recorded request is shortened, so that ours has more members.
const SHORTENED: &[&str] = &[
    "shipmate/shipment_create_duplicate_reference_v12",
    "shiptheory/shipment_book_bad_increment",
    "shiptheory/shipment_book_duplicate_reference",
    "shipstation_v1/errors-1",
    "shipstation_v1/errors-2",
    "shipstation_v1/errors-3",
    "shipstation_v1/errors-4",
    "shipstation_v2/rates-estimate-ups-2026",
];

/// Exchanges that are no longer answered so, and what has been recorded since.
const SUPERSEDED: &[(&str, &str)] = &[
    ("shipstation_v2/carriers-list-401-no-key-2021", "carriers-list-401-access-denied, from 2023"),
    ("shipstation_v2/carriers-list-401-text-2019", "carriers-list-401-access-denied, from 2023"),
];

/// Where the originals are, if they are there.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vendors")
}

pub fn trial(name: String, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::test(name, test).with_kind("needs ../shared/vendors").with_ignored_flag(!folder().is_dir())
}

pub fn trials() -> impl Iterator<Item = Trial> {
    let recordings = VENDORS.iter().map(|vendor| trial(format!("originals/recorded/{vendor}"), move || recordings(vendor)));
    recordings.chain([
        trial("originals/published/shippo".to_owned(), || {
            let successes = |status: &str| status.starts_with(['2', '3']);
            document("shippo", "shippo.openapi.yaml", Taken { by_id: false, requests: false, statuses: successes, described: |_| true })
        }),
        trial("originals/published/shiptime".to_owned(), || {
            let described = |status: &str| status == "200";
            document("shiptime", "shiptime.openapi.json", Taken { by_id: true, requests: true, statuses: |_| true, described })
        }),
    ])
}

/// Holds the digest of a published document against the document.
fn document(vendor: &str, file: &str, taken: Taken) -> Result<(), Failed> {
    let options = serde_saphyr::options! { budget: None };
    let document: Value = serde_saphyr::from_str_with_options(&fs::read_to_string(folder().join(file))?, options)?;
    let (theirs, ours) = (documents::digest(&document, taken), Digest::read(vendor));
    let mut problems = Vec::new();
    for part in ["operations", "types"] {
        let names = |digest: &Value| digest[part].as_object().into_iter().flat_map(Map::keys).cloned().collect::<BTreeSet<_>>();
        for name in names(&theirs).union(&names(&ours)) {
            let (theirs, ours) = (&theirs[part][name], &ours[part][name]);
            if theirs != ours {
                problems.push(format!("{name} is {theirs}, the digest has {ours}"));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// Holds the digest of recorded exchanges against the recordings.
fn recordings(vendor: &str) -> Result<(), Failed> {
    let digest = recorded::digest(vendor);
    let mut left: BTreeSet<&String> = digest["exchanges"].as_object().into_iter().flat_map(Map::keys).collect();
    let mut problems = Vec::new();
    for entry in fs::read_dir(folder().join("recorded").join(vendor.replace('_', "-")))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let original: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        for (name, original) in exchanges(name, original) {
            if SUPERSEDED.iter().any(|(old, _)| *old == format!("{vendor}/{name}")) {
                continue;
            }
            let exchange = &digest["exchanges"][&name];
            left.remove(&name);
            let found =
                if exchange.is_null() { vec!["is not in the digest".to_owned()] } else { compare(vendor, &name, exchange, &original) };
            problems.extend(found.into_iter().map(|problem| format!("{vendor}/{name}: {problem}")));
        }
    }
    problems.extend(left.into_iter().map(|name| format!("{vendor}/{name}: there is no such recording")));
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}

/// The exchanges of a file: one, several in a list, or a webhook with the answer to whom fetches the address in it.
fn exchanges(name: String, original: Value) -> Vec<(String, Value)> {
    let is_pointer = name.ends_with("-and-resource");
    match original {
        Value::Array(rows) => rows.into_iter().enumerate().map(|(index, row)| (format!("{name}-{}", index + 1), row)).collect(),
        mut original if is_pointer => {
            let mut answer = original.clone();
            match original["request"]["webhook_body"].take() {
                Value::Null => answer["request"] = json!({"method": "GET", "path": original["request"]["body"]["resource_url"]}),
                told => original["request"]["body"] = told,
            }
            vec![(format!("{name}-answer"), answer), (name, original)]
        }
        original => vec![(name, original)],
    }
}

fn compare(vendor: &str, name: &str, exchange: &Value, original: &Value) -> Vec<String> {
    let keyed: Vec<&str> = exchange["keyed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (request, response) = (&original["request"], &original["response"]);
    let exact = !exchange["call"].is_null() && response["status"].as_u64().is_none_or(|status| status >= 300);
    let (facts, whole) = (recorded::facts(exchange), exact || recorded::is_whole(exchange));
    let told = |value: &Value| Shape { exact, whole, facts: &facts, keyed: &keyed }.of(value, "$");
    let shape = |value: &Value| Shape { exact: false, whole: false, facts: &[], keyed: &keyed }.of(value, "$");
    let mut problems = Vec::new();
    let mut same = |what: &str, ours: Value, theirs: Value| {
        if ours != theirs {
            problems.push(format!("{what} is {theirs}, the digest has {ours}"));
        }
    };
    if exchange["call"].is_null() {
        same("the webhook", exchange["told"].clone(), told(&request["body"]));
        return problems;
    }
    same("status", exchange["status"].clone(), response["status"].clone());
    same("answer", exchange["answer"].clone(), told(&response["body"]));
    let (method, path) = exchange["call"].as_str().and_then(|call| call.split_once(' ')).unwrap_or_default();
    same("method", method.into(), request["method"].clone());
    let (path, theirs) = (outline(path), outline(request["path"].as_str().unwrap_or_default()));
    same("path", path.0.into(), theirs.0.into());
    same("query", path.1.into(), theirs.1.into());
    let body = ["json", "text"].iter().find_map(|name| exchange.get(*name)).unwrap_or(&Value::Null);
    if !SHORTENED.contains(&format!("{vendor}/{name}").as_str()) {
        same("request", shape(body), shape(&request["body"]));
    }
    problems
}

/// How many segments a path has, and the names in its query.
fn outline(target: &str) -> (usize, Vec<&str>) {
    // Of an address only what is behind its host.
    let target = target.split_once("://").and_then(|(_, rest)| rest.find('/').map(|start| &rest[start..])).unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let names = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default()).collect();
    (path.split('/').count(), names)
}

/// What of a value is a fact about the API: names, order and types, and texts where they are `exact` or of a member of `facts`.
struct Shape<'a> {
    exact: bool,
    /// Whether lists keep all elements.
    whole: bool,
    facts: &'a [&'a str],
    keyed: &'a [&'a str],
}

impl Shape<'_> {
    fn of(&self, value: &Value, path: &str) -> Value {
        let inner = |value: &Value| self.of(value, &format!("{path}[*]"));
        match value {
            Value::Object(members) if self.keyed.contains(&path) => distinct(members.values().map(inner)),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.of(value, &format!("{path}.{name}")))).collect()
            }
            Value::Array(rows) if self.whole => rows.iter().map(inner).collect(),
            Value::Array(rows) => distinct(rows.iter().map(inner)),
            // The id of a call is another one each time.
            Value::String(text) if self.exact && is_uuid(text) => Value::Null,
            Value::String(_) if self.exact || self.facts.contains(&member(path)) => value.clone(),
            other => match kind(other) {
                "string" => "".into(),
                "number" => 0.into(),
                "boolean" => true.into(),
                _ => Value::Null,
            },
        }
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Rows without repetitions. Objects are the same only with their members in the same order.
fn distinct(rows: impl Iterator<Item = Value>) -> Value {
    let mut seen = BTreeSet::new();
    rows.filter(|row| seen.insert(row.to_string())).collect()
}
