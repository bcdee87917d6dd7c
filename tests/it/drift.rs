//! `seatrial contract drift`: what a published document says otherwise than the one before it.

use std::fs;

use serde_json::{Value, json};

use crate::folder::{Folder, contract};
use crate::process::{run, text};

/// The document that a client was written for.
const BEFORE: &str = r##"
openapi: 3.0.3
info: {title: Acme, version: "1"}
paths:
  /parcels:
    get:
      parameters:
        - {name: page, in: query, schema: {type: integer}}
        - {name: sort, in: query, schema: {type: string, enum: [name, date]}}
        - {name: X-Trace, in: header, schema: {type: string}}
      responses: {"200": {description: All, content: {application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Parcel"}}}}}}
    post:
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Parcel"}}}}
      responses:
        "201": {description: Made, content: {application/json: {schema: {$ref: "#/components/schemas/Parcel"}}}}
        "400": {description: Refused}
  /parcels/{id}:
    get:
      responses: {"200": {description: One, content: {application/json: {schema: {type: object, required: [parcel], properties: {parcel: {$ref: "#/components/schemas/Parcel"}}}}}}}
    delete:
      responses: {"204": {description: Gone}}
  /labels/{id}:
    get:
      responses: {"200": {description: One, content: {application/json: {schema: {type: object, properties: {url: {type: string}, pages: {type: integer}}}}}}}
components:
  schemas:
    Parcel:
      type: object
      required: [weight]
      properties:
        weight: {type: number}
        unit: {type: string, enum: [kg, lb]}
        note: {type: string}
        owner: {$ref: "#/components/schemas/Owner"}
        contained: {type: array, items: {$ref: "#/components/schemas/Parcel"}}
    Owner: {type: object, properties: {name: {type: string}, born: {type: string, nullable: true}}}
"##;

/// The same in OpenAPI 3.1, whose words are others.
const SAME: &[(&str, &str)] = &[
    ("openapi: 3.0.3", "openapi: 3.1.0"),
    ("born: {type: string, nullable: true}", "born: {type: [string, \"null\"]}"),
    ("unit: {type: string, enum: [kg, lb]}", "unit: {oneOf: [{const: kg, type: string}, {const: lb, type: string}]}"),
    ("/parcels/{id}:", "/parcels/{parcel_id}:"),
];

/// What is replaced by what, and what is told of it.
type Change = (&'static str, &'static str, &'static [(&'static str, bool)]);

/// Changes, each with what is told of it, and whether it breaks a client.
const CHANGES: &[Change] = &[
    ("    delete:\n      responses: {\"204\": {description: Gone}}\n", "", &[("DELETE /parcels/{id}  operation-removed", true)]),
    (
        "  /labels/{id}:\n    get:\n",
        "  /labels:\n    get: {responses: {\"200\": {description: All}}}\n  /labels/{id}:\n    get:\n",
        &[("GET /labels  operation-added", false)],
    ),
    ("        - {name: page, in: query, schema: {type: integer}}\n", "", &[("GET /parcels query page parameter-removed", true)]),
    (
        "        - {name: X-Trace, in: header, schema: {type: string}}\n",
        "        - {name: x-trace, in: header, required: true, schema: {type: string}}\n        - {name: limit, in: query, schema: {type: integer}}\n",
        &[("GET /parcels header x-trace required", true), ("GET /parcels query limit parameter-added", false)],
    ),
    ("enum: [name, date]", "enum: [name, weight]", &[("GET /parcels query sort enum", true)]),
    (
        "        \"400\": {description: Refused}\n",
        "        \"202\": {description: Later}\n",
        &[("POST /parcels answer 202 status-added", true), ("POST /parcels answer 400 status-removed", false)],
    ),
    (
        "url: {type: string}, pages",
        "link: {type: string}, pages",
        &[("GET /labels/{id} answer 200 /link member-added", false), ("GET /labels/{id} answer 200 /url member-removed", true)],
    ),
    ("pages: {type: integer}", "pages: {type: string}", &[("GET /labels/{id} answer 200 /pages type", true)]),
    (
        "required: [weight]",
        "required: [weight, note]",
        &[("@Parcel answer /note required", false), ("@Parcel request /note required", true)],
    ),
    (
        "weight: {type: number}",
        "weight: {type: integer}",
        &[("@Parcel answer /weight type", false), ("@Parcel request /weight type", true)],
    ),
    (
        "note: {type: string}",
        "note: {type: string, maxLength: 9}",
        &[("@Parcel answer /note limit", false), ("@Parcel request /note limit", true)],
    ),
    ("enum: [kg, lb]", "enum: [kg, lb, oz]", &[("@Parcel answer /unit enum", true), ("@Parcel request /unit enum", false)]),
    (
        "name: {type: string}, born",
        "name: {type: string, nullable: true}, born",
        &[("@Owner answer /name null", true), ("@Owner request /name null", false)],
    ),
];

/// Changes that mean nothing to a client.
const NOTHING: &[(&str, &str)] = &[
    // What may have any members has those that it had before, too.
    ("properties: {name: {type: string}, born: {type: string, nullable: true}}", "additionalProperties: true"),
    ("born: {type: string, nullable: true}", "born: {type: string, x-nullable: true}"),
    ("\"204\": {description: Gone}", "\"204\": {description: Gone, content: {application/json: {schema: {type: string}}}}"),
    ("\"400\": {description: Refused}", "4XX: {description: Refused}"),
    ("\"400\": {description: Refused}", "default: {description: Refused}"),
];

/// The documents that vendors publish, where they are beside the repository, with the vendor whose document each is compared with.
const PUBLISHED: [(&str, &str); 3] =
    [("shippo.openapi.yaml", "shippo"), ("shipstation-v2.openapi.yaml", "shipstation_v2"), ("shiptime.openapi.json", "shiptime")];

/// The exit code, and every difference in words.
fn compared(arguments: &[&str]) -> (Option<i32>, Vec<(String, bool)>, Value) {
    let (exit, report) = contract(&[&["drift"], arguments].concat());
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = report["differences"].as_array().into_iter().flatten();
    let found = rows.map(|row| (format!("{} {} {}", word(row, "subject"), word(row, "place"), word(row, "kind")), row["breaking"] == true));
    (exit, found.collect(), report)
}

fn replaced(text: &str, changes: impl IntoIterator<Item = (&'static str, &'static str)>) -> String {
    changes.into_iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn every_change_of_a_document_is_told_by_itself_and_with_all_others() {
    let files = Folder::new("drift-changes");
    let before = files.put("before.yaml", BEFORE);
    let same = files.put("same.yaml", &replaced(BEFORE, SAME.iter().copied()));
    let (exit, found, _) = compared(&[&same, "--against", &before]);
    assert_eq!((exit, found), (Some(0), Vec::new()), "the same document in other words");
    let mut all = Vec::new();
    for (from, to, expected) in CHANGES {
        let published = files.put("one.yaml", &replaced(BEFORE, [(*from, *to)]));
        let (exit, found, report) = compared(&[&published, "--against", &before]);
        let expected: Vec<(String, bool)> = expected.iter().map(|(what, breaking)| ((*what).to_owned(), *breaking)).collect();
        assert_eq!((exit, &found), (Some(1), &expected), "{report:#}");
        let breaking = expected.iter().any(|(_, breaking)| *breaking);
        let (exit, ..) = compared(&[&published, "--against", &before, "--only-breaking"]);
        assert_eq!(exit, Some(i32::from(breaking)), "{expected:?}");
        all.extend(expected);
    }
    let published = files.put("all.yaml", &replaced(BEFORE, CHANGES.iter().map(|(from, to, _)| (*from, *to))));
    let (_, mut found, _) = compared(&[&published, "--against", &before]);
    found.sort();
    all.sort();
    assert_eq!(found, all);
}

#[test]
fn what_means_nothing_to_a_client_is_not_told() {
    let files = Folder::new("drift-nothing");
    let before = files.put("before.yaml", BEFORE);
    for (from, to) in NOTHING {
        let (_, found, _) = compared(&[&files.put("published.yaml", &replaced(BEFORE, [(*from, *to)])), "--against", &before]);
        assert_eq!(found, Vec::new(), "{to}");
    }
    // What only answers have is none of requests, and the other way round.
    let read_only = replaced(BEFORE, [("note: {type: string}", "note: {type: string}\n        made: {type: string, readOnly: true}")]);
    let (_, found, _) = compared(&[&files.put("published.yaml", &read_only), "--against", &before]);
    assert_eq!(found, [("@Parcel answer /made member-added".to_owned(), false)]);
}

#[test]
fn what_a_schema_is_composed_of_is_told_once_whether_the_other_one_has_names_or_not() {
    let files = Folder::new("drift-composed");
    let composed = |owner: &str| {
        let label = "type: object, properties: {url: {type: string}, pages: {type: integer}}";
        let own = format!("allOf: [{{$ref: \"#/components/schemas/Owner\"}}, {{{label}}}]");
        replaced(BEFORE, []).replace(label, &own).replace("name: {type: string}, born", owner)
    };
    let before = files.put(
        "before.yaml",
        &composed("name: {type: string}, born").replace(
            "owner: {$ref: \"#/components/schemas/Owner\"}",
            "owner: {type: object, properties: {name: {type: string}, born: {type: string, nullable: true}}}",
        ),
    );
    let published = files.put("published.yaml", &composed("name: {type: integer}, born"));
    let (_, found, _) = compared(&[&published, "--against", &before]);
    assert_eq!(found, [("@Owner answer /name type".to_owned(), true), ("@Owner request /name type".to_owned(), true)]);
}

#[test]
fn vendors_publish_what_is_known() {
    for (file, vendor) in PUBLISHED {
        let path = format!("../shared/vendors/{file}");
        if !std::path::Path::new(&path).exists() {
            continue;
        }
        let list = format!("tests/drift/{vendor}.yaml");
        let (exit, found, report) = compared(&[&path, "--with", vendor, "--accepted", &list]);
        assert_eq!((exit, &found, &report["stale"]), (Some(0), &Vec::new(), &json!([])), "{vendor}: {} differences", found.len());
        let without_list = compared(&[&path, "--with", vendor]).1;
        assert_eq!(report["accepted"], without_list.len(), "{vendor}");
    }
}

#[test]
fn what_is_accepted_keeps_quiet_until_it_is_gone() {
    let files = Folder::new("drift-accepted");
    let before = files.put("before.yaml", BEFORE);
    let published = files.put("published.yaml", &BEFORE.replace("enum: [kg, lb]", "enum: [kg, lb, oz]"));
    let row = |place: &str, detail: &str| {
        json!({"subject": "@Parcel", "place": place, "kind": "enum", "detail": detail, "reason": "ounces are new"}).to_string()
    };
    let list = |rows: &[String]| files.put("accepted.yaml", &format!("accepted: [{}]", rows.join(", ")));
    let both = [row("answer /unit", "added `oz`"), row("request /unit", "added `oz`")];
    let (exit, found, report) = compared(&[&published, "--against", &before, "--accepted", &list(&both)]);
    assert_eq!((exit, found.len(), &report["accepted"]), (Some(0), 0, &json!(2)), "{report:#}");
    // One row for both, and a pattern for what differs.
    let row = r#"{subject: ["@Parcel", "@Gone"], place: ["request *", "answer *"], kind: enum, detail: "added *", reason: ounces}"#;
    let (exit, found, report) = compared(&[&published, "--against", &before, "--accepted", &list(&[row.to_owned()])]);
    assert_eq!((exit, found.len(), &report["stale"]), (Some(1), 0, &json!(["@Gone request * answer * enum"])), "{report:#}");
    // Another word is news again.
    let published = files.put("published.yaml", &BEFORE.replace("enum: [kg, lb]", "enum: [kg, lb, oz, g]"));
    let (exit, found, report) = compared(&[&published, "--against", &before, "--accepted", &list(&both)]);
    assert_eq!((exit, found.len(), report["stale"].as_array().map(Vec::len)), (Some(1), 2, Some(2)), "{report:#}");
    for (rows, problem) in [
        (r#"{subject: "*", place: "*", kind: enum, reason: x}"#, "row 1 accepts `*`"),
        (r#"{subject: "@Parcel", kind: enum, reason: " "}"#, "row 1 gives no reason"),
        (r#"{subject: "@Parcel", kind: enum, because: x}"#, "unknown field `because`"),
    ] {
        let output = run(&["contract", "drift", &published, "--against", &before, "--accepted", &list(&[rows.to_owned()])]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(problem), "{said}");
    }
}

#[test]
fn the_documents_of_the_program_are_compared_with_what_vendors_publish() {
    let files = Folder::new("drift-own");
    let own = fs::read_to_string("specs/shiptheory/openapi.yaml").expect("it is in the repository");
    let (exit, found, _) = compared(&[&files.put("own.yaml", &own), "--with", "shiptheory"]);
    assert_eq!((exit, found), (Some(0), Vec::new()));
    let output = run(&["contract", "drift", "specs/shippo/openapi.yaml", "--with", "shipo"]);
    assert!(text(&output.stderr).contains("there is no vendor `shipo`; there are shipmate, "), "{}", text(&output.stderr));
    let output = run(&["contract", "drift", "tests/vendors/shippo/parcels.yaml", "--with", "shippo"]);
    assert!(text(&output.stderr).contains("it is no OpenAPI 3.0 or 3.1 document: `openapi` is null"), "{}", text(&output.stderr));
}

#[test]
fn drift_is_told_to_people_and_to_programs() {
    let files = Folder::new("drift-formats");
    let before = files.put("before.yaml", BEFORE);
    let published = files.put("published.yaml", &BEFORE.replace("required: [weight]", "required: [weight, note]"));
    let said = |format: &str| text(&run(&["contract", "drift", &published, "--against", &before, "--format", format]).stdout);
    let plain = said("text");
    let rows =
        "\nbreaking:\n  @Parcel request /note: required: required now\n\nnot breaking:\n  @Parcel answer /note: required: required now\n";
    assert!(plain.contains(": 2 differences, 1 of them breaking, 0 accepted\n") && plain.ends_with(rows), "{plain}");
    assert!(said("markdown").contains("| **breaking** | @Parcel | request /note | required required now |"));
    assert!(said("junit").contains("tests=\"2\" failures=\"1\""));
    assert!(said("github").contains("::error title=@Parcel required::@Parcel request /note: required: required now"));
    let sarif: Value = serde_json::from_str(&said("sarif")).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"].as_array().map(Vec::len), Some(2));
}
