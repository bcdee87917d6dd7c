//! What people see when a scenario file is wrong: every `tests/diagnostics/<name>.yaml` and beside it, in `<name>.err`, all that is said
//! about it; those whose name begins with `conversation` are conversations, with `openapi` documents of vendors, the others scenarios. `UPDATE=1 cargo test` writes the second from the first; review the difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use seatrial::base::time::Timestamp;
use seatrial::engine::{Machine, Options};
use seatrial::scenario::run::MachineVocabulary;
use seatrial::scenario::{self, Diagnostic, schema};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::made_up;

/// All vendors, whose operations and events scenarios are about.
static MACHINE: LazyLock<Machine> = LazyLock::new(|| made_up::machine(vendors::all(), Options::default()));

fn vocabulary() -> MachineVocabulary<'static> {
    MachineVocabulary(&MACHINE)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder exists");
    let mut found: Vec<_> = entries.map(|entry| entry.expect("its entries can be read").path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The scenarios in all folders of `scenarios/`.
fn shipped() -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(root().join("scenarios")).expect("the folder exists");
    let folders = entries.map(|entry| entry.expect("its entries can be read")).filter(|entry| entry.path().is_dir());
    folders.flat_map(|folder| files(&format!("scenarios/{}", folder.file_name().display())))
}

/// Everything that is said about a file, problems separated by an empty line.
fn said(path: &Path) -> String {
    problems(path).iter().map(|problem| format!("{problem}\n")).collect::<Vec<_>>().join("\n")
}

fn problems(path: &Path) -> Vec<Diagnostic> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = fs::read(path).expect("the file can be read");
    let wall = Timestamp::UNIX_EPOCH;
    if name.starts_with("openapi") {
        return scenario::openapi::document(&bytes, &name).map_or_else(|problems| problems, |document| document.warnings);
    }
    match str::from_utf8(&bytes) {
        Ok(text) if name.starts_with("conversation") => scenario::lint_conversation(&MACHINE, text, &name, wall),
        _ => scenario::lint(&MACHINE, &bytes, &name, wall),
    }
}

#[test]
pub fn mistakes_are_explained() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for path in files("tests/diagnostics") {
        let expected = path.with_extension("err");
        let said = said(&path);
        if update {
            fs::write(&expected, &said).expect("the file can be written");
        }
        let recorded = fs::read_to_string(&expected).unwrap_or_default();
        assert!(!said.is_empty(), "{}: nothing is wrong with it", path.display());
        if recorded != said {
            different.push(format!("{}\n--- expected\n{recorded}\n--- said\n{said}", path.display()));
        }
    }
    assert!(different.is_empty(), "{}\nrun with UPDATE=1 to accept", different.join("\n"));
}

#[test]
pub fn every_recorded_explanation_has_its_scenario() {
    for entry in fs::read_dir(root().join("tests/diagnostics")).expect("the folder exists") {
        let path = entry.expect("its entries can be read").path();
        assert!(path.with_extension("yaml").exists(), "{} has no yaml file", path.display());
    }
}

#[test]
pub fn shipped_scenarios_are_without_mistakes() {
    for path in shipped() {
        let mistakes: Vec<_> = problems(&path).into_iter().filter(|problem| !problem.is_warning()).collect();
        assert_eq!(mistakes, [], "{}", path.display());
    }
}

#[test]
pub fn shipped_conversations_are_without_mistakes() {
    let entries = fs::read_dir(root().join("tests/vendors")).expect("the folder exists");
    for vendor in entries.map(|entry| entry.expect("its entries can be read").file_name()) {
        for path in files(&format!("tests/vendors/{}", vendor.display())) {
            let text = fs::read_to_string(&path).expect("the file can be read");
            let said = scenario::lint_conversation(&MACHINE, &text, "story", Timestamp::UNIX_EPOCH);
            let mistakes: Vec<_> = said.into_iter().filter(|problem| !problem.is_warning()).collect();
            assert_eq!(mistakes, [], "{}", path.display());
        }
    }
}

#[test]
pub fn nothing_is_said_of_conditions_that_may_hold() {
    // That no document has a member is said, and is no reason why a condition should not hold.
    let problems = problems(&root().join("tests/it/may_hold.yaml"));
    let said: Vec<_> = problems.iter().map(ToString::to_string).filter(|said| !said.contains("in the vendor's document")).collect();
    assert_eq!(said, [""; 0]);
}

#[test]
pub fn shipped_scenarios_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema::of(&vocabulary())).expect("the schema is valid");
    let shipped = shipped();
    for path in shipped.chain([root().join("tests/it/every_member.yaml")]) {
        let text = fs::read_to_string(&path).expect("the file can be read");
        let value = serde_saphyr::from_str(&text).expect("the file is YAML");
        let errors: Vec<_> = validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, [""; 0], "{}", path.display());
    }
}

/// What takes the place of a value, to see what the reader makes of it.
fn replacements() -> Vec<Value> {
    let texts = ["*", "shippo.Create*", "*.void*", "shippo.*", "shippo.CreateAddress", "track_updated", "shippo", "reset", "2s", "1..2"];
    let mut all: Vec<Value> = texts.map(Value::from).to_vec();
    all.extend([json!(1), json!(0.5), json!(503), json!(true), json!(["shippo.Get*"]), json!({}), json!({"all": ["$call.nth > 1"]})]);
    all
}

/// Every value that a file becomes when one of its leaves is replaced.
fn changed(value: &Value) -> Vec<Value> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return replacements(),
    };
    let with = |name: &str, new: Value| {
        let mut whole = value.clone();
        *whole.pointer_mut(&format!("/{}", name.replace('~', "~0").replace('/', "~1"))).expect("it is there") = new;
        whole
    };
    inner
        .into_iter()
        .flat_map(|(name, value)| changed(value).into_iter().map(move |new| (name.clone(), new)))
        .map(|(name, new)| with(&name, new))
        .collect()
}

#[test]
pub fn what_the_reader_takes_fits_the_schema() {
    let validator = jsonschema::validator_for(&schema::of(&vocabulary())).expect("the schema is valid");
    let text = fs::read_to_string(root().join("tests/it/every_member.yaml")).expect("the file can be read");
    let whole: Value = serde_saphyr::from_str(&text).expect("the file is YAML");
    let mut taken = 0;
    // A member at a time, so that the others need not be read as often.
    for (name, value) in whole.as_object().expect("it is a mapping") {
        for file in changed(&json!({ name.as_str(): value })) {
            if scenario::load(&file.to_string(), "x", &vocabulary()).is_ok() {
                taken += 1;
                let errors: Vec<_> = validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect();
                assert_eq!(errors, [""; 0], "{file}");
            }
        }
    }
    assert!(taken > 200, "{taken}");
}

#[test]
pub fn the_schema_lists_the_words_of_each_vendor() {
    let schema = schema::of(&vocabulary());
    let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
    let hooks = |row: Value| json!({"webhooks": {"subscriptions": [row]}});
    let on = |operation: &str| json!({"overrides": [{"on": operation, "fault": 503}]});
    let step = |code: &str| json!({"at": "+1h", "status": "exception", "code": code});
    let steps = |parcels: Value, code: &str| json!({"timelines": {"a": {"for": parcels, "steps": [step(code)]}}});
    let url = "http://127.0.0.1:9000";
    for (file, expected) in [
        (on("shippo.CreateTransaction"), true),
        (on("shippo.Create*"), true),
        (on("*.void*"), true),
        (on("*"), true),
        (on("shippo.CreateTransactoin"), false),
        (on("shipppo.*x"), true),
        (hooks(json!({"vendor": "shippo", "url": url, "events": ["track_updated", "*"]})), true),
        (hooks(json!({"vendor": "shipmate", "url": url, "events": ["track_updated"]})), false),
        (hooks(json!({"vendor": "shiptheory", "url": url})), false),
        (json!({"given": [{"shippo.CreateAddress": {}, "as": "home", "until": "delivered"}]}), true),
        (json!({"given": [{"shippo.CreateAdress": {}}]}), false),
        (json!({"timelines": {"a": {"for": {"vendor": "shipstation"}, "use": "late"}}}), false),
        (steps(json!({"vendor": "shippo"}), "package_held"), true),
        (steps(json!({"vendor": "shippo"}), "package_hled"), false),
        (steps(json!({"vendor": "shipstation_v2"}), "package_held"), false),
        (steps(json!({"vendor": "shiptheory"}), "anything"), true),
        (steps(json!({}), "DELIVERED"), true),
        (steps(json!({}), "DELIVRED"), false),
        (json!({"expect": [{"valid": "*", "except": ["unknown-membr"]}]}), false),
        (json!({"expect": [{"webhook": {"event": "track_update"}}]}), false),
    ] {
        assert_eq!(validator.is_valid(&file), expected, "{file}");
    }
    let told = schema["$defs"]["condition"]["description"].as_str().unwrap_or_default();
    assert!(told.contains("shippo: cheapest, fastest, best"), "{told}");
}

/// A file that uses every member of a scenario.
#[test]
pub fn all_members_together_are_accepted() {
    assert_eq!(said(&root().join("tests/it/every_member.yaml")), "");
}

/// Pieces of scenario files, so that random texts get past the first line.
const PIECES: [&str; 42] = [
    "--- # file: a.yaml\n",
    "include: a.yaml\n",
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    "\t",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "'",
    "\"",
    "&a ",
    "*a",
    "!x ",
    "# c",
    "|\n",
    ">-\n",
    "seed",
    "clock",
    "start",
    "mode",
    "accounts",
    "shippo",
    "given",
    "timelines",
    "steps",
    "at",
    "overrides",
    "on",
    "when",
    "respond",
    "body",
    "expect",
    "$request.body.x == 'ä'",
    "{{ $x",
    "1..2",
    "2026-01-05T09:00:00Z",
];

/// Those of conversations.
const STORY: [&str; 24] = [
    "\n",
    "\n  ",
    "\n- ",
    "\n  - ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "steps:",
    "- call: ",
    "GET /x",
    "- advance: ",
    "1h",
    "- receives:\n    - ",
    "- subscribe: {",
    "json: ",
    "expect: {status: 200",
    "has: {a: ~",
    "headers: ",
    "hmac: {header: x",
    "repeat: 3",
    "~/(/",
];

/// Those of OpenAPI documents.
const OPENAPI: [&str; 30] = [
    "openapi: 3.1.0\n",
    "paths:\n",
    "  /a:\n",
    "    get:\n",
    "      responses:\n",
    "components: {schemas: {A: ",
    "}}\n",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "$ref: '#/components/schemas/A'",
    "$ref: '#/paths'",
    "type: [string, 'null']",
    "type: object",
    "properties: {a: ",
    "allOf: [",
    "items: ",
    "required: [a]",
    "minimum: -1",
    "maxLength: 1.0",
    "discriminator: {propertyName: a, mapping: {a: A}}",
    "parameters: [{name: a, in: query, schema: ",
    "'200': {description: d, content: {application/json: {schema: ",
    "default",
    "x-seatrial: {errors: {body: {}}}\n",
    "security: [{a: []}]\n",
    "true",
    "\n",
];

proptest! {
    #[test]
    fn any_pieces_are_a_document_or_problems(pieces in proptest::collection::vec(proptest::sample::select(OPENAPI.to_vec()), 0..30)) {
        match scenario::openapi::document(pieces.concat().as_bytes(), "x") {
            Err(problems) => problems.iter().for_each(|problem| drop(problem.to_string())),
            Ok(document) => drop(seatrial::engine::Vendor::from_document("x", "x", String::new(), &document.json)),
        }
    }

    #[test]
    fn any_bytes_are_a_scenario_or_problems(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problems) = scenario::load_bytes(&bytes, "x", &vocabulary()) {
            problems.iter().for_each(|problem| drop(problem.to_string()));
        }
    }

    #[test]
    fn any_pieces_are_a_conversation_or_problems(pieces in proptest::collection::vec(proptest::sample::select(STORY.to_vec()), 0..40)) {
        if let Err(problems) = scenario::load_conversation(&pieces.concat(), "x", &vocabulary()) {
            prop_assert!(!problems.is_empty());
            problems.iter().for_each(|problem| drop(problem.to_string()));
        }
    }

    #[test]
    fn any_pieces_are_a_scenario_or_problems(pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..40)) {
        if let Err(problems) = scenario::load(&pieces.concat(), "x", &vocabulary()) {
            prop_assert!(!problems.is_empty());
            problems.iter().for_each(|problem| drop(problem.to_string()));
        }
    }
}
