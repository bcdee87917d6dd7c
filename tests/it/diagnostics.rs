//! What people see when a scenario file is wrong: every `tests/diagnostics/<name>.yaml` and beside it, in `<name>.err`, all that is said
//! about it; those whose name begins with `conversation` are conversations, with `openapi` documents of vendors, the others scenarios. `UPDATE=1 cargo test` writes the second from the first; review the difference.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use seatrial::engine::{Machine, Options};
use seatrial::scenario::run::MachineVocabulary;
use seatrial::scenario::{self, Diagnostic, schema};
use seatrial::vendors;

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
    let read = if name.starts_with("conversation") {
        scenario::load_conversation(&String::from_utf8_lossy(&bytes), &name, &vocabulary()).map(|_| Vec::new())
    } else if name.starts_with("openapi") {
        scenario::openapi::document(&bytes, &name).map(|document| document.warnings)
    } else {
        scenario::load_bytes(&bytes, &name, &vocabulary()).map(|scenario| scenario::advice(&MACHINE, &scenario))
    };
    read.unwrap_or_else(|problems| problems)
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
