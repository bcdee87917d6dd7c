//! `seatrial contract fuzz`: cases that are made of a document, held against servers without a fault, and with one each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::client::{JSON, send};
use crate::folder::{Folder, contract};
use crate::process::{Server, command, run, text};

/// The document that cases are made of.
const DOCUMENT: &str = r##"
openapi: 3.0.3
info: {title: Acme, version: "1"}
security: [{key: []}]
paths:
  /parcels:
    get:
      operationId: listParcels
      parameters: [{name: unit, in: query, schema: {type: string, enum: [kg, lb]}}]
      responses:
        "200": {description: All, content: {application/json: {schema: {type: object, required: [data], properties: {data: {type: array, items: {$ref: "#/components/schemas/Parcel"}}}}}}}
        "422": {$ref: "#/components/responses/Error"}
        "401": {$ref: "#/components/responses/Error"}
    post:
      operationId: createParcel
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/NewParcel"}}}}
      responses:
        "201": {description: Made, content: {application/json: {schema: {$ref: "#/components/schemas/Parcel"}}}}
        "422": {$ref: "#/components/responses/Error"}
        "401": {$ref: "#/components/responses/Error"}
  /parcels/{parcel_id}:
    parameters: [{name: parcel_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getParcel
      responses:
        "200": {description: One, content: {application/json: {schema: {$ref: "#/components/schemas/Parcel"}}}}
        "401": {$ref: "#/components/responses/Error"}
        "404": {$ref: "#/components/responses/Error"}
    delete:
      operationId: deleteParcel
      responses:
        "204": {description: Gone}
        "401": {$ref: "#/components/responses/Error"}
        "404": {$ref: "#/components/responses/Error"}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Api-Key}}
  responses:
    Error: {description: Refused, content: {application/json: {schema: {type: object, required: [error], properties: {error: {type: object}}}}}}
  schemas:
    NewParcel:
      type: object
      required: [weight, unit]
      properties:
        weight: {type: number, minimum: 0.1, maximum: 70}
        unit: {type: string, enum: [kg, lb]}
        note: {type: string, maxLength: 40}
    Parcel:
      type: object
      required: [id, weight, unit]
      properties: {id: {type: string}, weight: {type: number}, unit: {type: string, enum: [kg, lb]}, note: {type: string}}
"##;

/// A server with one fault: what is other in the document that it serves, its scenario, and what has to be found.
struct Fault {
    served: &'static [(&'static str, &'static str)],
    scenario: &'static str,
    found: &'static [(&'static str, &'static str)],
}

const FAULTS: [Fault; 13] = [
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.listParcels, respond: {status: 500, body: {error: {}}}}]",
        found: &[("listParcels", "server-error")],
    },
    Fault { served: &[], scenario: "overrides: [{on: acme.listParcels, fault: reset}]", found: &[("listParcels", "server-error")] },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.getParcel, respond: {status: 418, body: {error: {}}, off_spec: true}}]",
        found: &[("getParcel", "status")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.listParcels, patch: {headers: {content-type: text/html}}}]",
        found: &[("listParcels", "content-type")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.listParcels, patch: {body: {data: none}}}]",
        found: &[("listParcels", "schema")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.createParcel, patch: {body: {unit: null}}}]",
        found: &[("createParcel", "schema")],
    },
    Fault { served: &[], scenario: "overrides: [{on: acme.getParcel, patch: {body: {unit: stone}}}]", found: &[("getParcel", "schema")] },
    Fault {
        served: &[("minimum: 0.1, maximum: 70", "maximum: 1.0e+300"), ("maxLength: 40", "maxLength: 4000")],
        scenario: "",
        found: &[("createParcel", "negative-accepted")],
    },
    Fault {
        served: &[(
            "required: [weight, unit]\n      properties:\n        weight",
            "required: [weight, unit, owner]\n      properties:\n        weight",
        )],
        scenario: "",
        found: &[("createParcel", "positive-refused")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.deleteParcel, respond: {status: 204}}]",
        found: &[("deleteParcel", "auth-ignored"), ("deleteParcel", "use-after-delete")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.getParcel, respond: {status: 404, body: {error: {}}}}]",
        found: &[("createParcel", "created-is-readable")],
    },
    Fault {
        served: &[],
        scenario: "overrides: [{on: acme.listParcels, when: not $request.headers.x-api-key exists, respond: {status: 200, body: {data: []}}}]",
        found: &[("listParcels", "auth-ignored")],
    },
    Fault {
        served: &[(
            "    post:\n      operationId: createParcel",
            "    delete: {operationId: clear, responses: {\"204\": {description: Gone}}}\n    post:\n      operationId: createParcel",
        )],
        scenario: "",
        found: &[("createParcel", "wrong-method"), ("listParcels", "wrong-method")],
    },
];

/// The vendors that are built in: document, mount, and operations that are not called, because the session ends with them.
const VENDORS: [(&str, &str, &str); 7] = [
    ("shippo", "shippo", ""),
    ("shiptime", "shiptime", ""),
    ("shiptheory", "shiptheory", ""),
    ("shipmate", "shipmate", "deleteToken"),
    ("shipmate_v1_2", "shipmate", "deleteToken"),
    ("shipstation_v1", "shipstation", ""),
    ("shipstation_v2", "shipstation", ""),
];

/// A server of Acme with a fault.
fn faulty(folder: &Folder, fault: &Fault) -> Server {
    let served = fault.served.iter().fold(DOCUMENT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    let vendor = format!("acme={}", folder.put("served.yaml", &served));
    let scenario = format!("apiVersion: seatrial/v1\nkind: Scenario\nname: fault\nclock: {{mode: frozen}}\n{}\n", fault.scenario);
    Server::start(&["--vendor", &vendor, "--scenario", &folder.put("fault.yaml", &scenario)])
}

const KEY: &str = "X-Api-Key: seatrial";

/// The exit code and the report of cases for Acme.
fn cases(server: &Server, folder: &Folder, arguments: &[&str]) -> (Option<i32>, Value) {
    let vendor = format!("acme={}", folder.put("acme.yaml", DOCUMENT));
    let url = format!("http://{}/acme", server.address());
    contract(&[&["fuzz", "--base-url", &url, "--vendor", &vendor, "--header", KEY], arguments].concat())
}

fn findings(report: &Value) -> Vec<Value> {
    report["findings"].as_array().cloned().unwrap_or_default()
}

/// Operation and check of everything that was found.
fn found(report: &Value) -> BTreeSet<(String, String)> {
    let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    findings(report).iter().map(|row| (word(row, "operation").replace("acme.", ""), word(row, "check"))).collect()
}

#[test]
fn every_fault_of_a_server_is_found_and_none_is_invented() {
    let folder = Folder::new("cases-faults");
    let whole = Fault { served: &[], scenario: "", found: &[] };
    let mut counted = (0, 0);
    for fault in FAULTS.iter().chain([&whole]) {
        let server = faulty(&folder, fault);
        let (exit, report) = cases(&server, &folder, &["--cases", "12"]);
        let expected: BTreeSet<_> = fault.found.iter().map(|(operation, check)| ((*operation).to_owned(), (*check).to_owned())).collect();
        assert_eq!(found(&report), expected, "{:?} {}\n{report:#}", fault.served, fault.scenario);
        assert_eq!(exit, Some(i32::from(!fault.found.is_empty())), "{report:#}");
        counted = (counted.0 + expected.len(), counted.1 + 1);
    }
    println!("{} problems of {} servers found, none missed, none invented", counted.0, counted.1);
}

#[test]
fn a_case_is_small_can_be_repeated_and_is_a_conversation() {
    let folder = Folder::new("cases-repeated");
    let fault = &FAULTS[7];
    let of = |fault: &Fault, seed: &str| {
        let server = faulty(&folder, fault);
        let (_, report) = cases(&server, &folder, &["--cases", "12", "--seed", seed]);
        (server, findings(&report))
    };
    let ((server, first), (_, again), (_, other)) = (of(fault, "7"), of(fault, "7"), of(fault, "8"));
    let bodies = |rows: &[Value]| rows.iter().map(|row| row["conversation"].to_string()).collect::<Vec<_>>();
    assert_eq!(bodies(&first), bodies(&again));
    assert_ne!(bodies(&first), bodies(&other));
    // What has nothing to do with it is not there any more, nor are credentials.
    let row = &first[0];
    let (conversation, curl) = (row["conversation"].as_str().unwrap_or_default(), row["curl"].as_str().unwrap_or_default());
    assert!(
        conversation.contains("expect: {\"status\":422}") && conversation.contains("{{env.SEATRIAL_FUZZ_ACME_X_API_KEY}}"),
        "{conversation}"
    );
    assert!(
        curl.starts_with("curl -sS -X POST http://127.0.0.1:") && curl.contains("\"x-api-key: $SEATRIAL_FUZZ_ACME_X_API_KEY\""),
        "{curl}"
    );
    assert!(!format!("{conversation}{curl}").contains("seatrial\""), "{conversation}{curl}");
    // It fails again with that server, and passes with one that does what the document says.
    let file = folder.put("case.yaml", conversation);
    let held = |server: &Server| {
        let mut command = command();
        let url = format!("http://{}/acme", server.address());
        let vendor = format!("acme={}", folder.put("acme.yaml", DOCUMENT));
        command.env("SEATRIAL_FUZZ_ACME_X_API_KEY", "seatrial").args(["contract", "run", &file, "--base-url", &url, "--vendor", &vendor]);
        command.output().expect("the binary runs").status.code()
    };
    assert_eq!(held(&server), Some(1));
    assert_eq!(held(&faulty(&folder, &Fault { served: &[], scenario: "", found: &[] })), Some(0));
}

#[test]
fn what_is_known_is_an_exception_with_a_reason() {
    let folder = Folder::new("cases-known");
    let server = faulty(&folder, &FAULTS[0]);
    let list = |row: &str| folder.put("exceptions.yaml", &format!("exceptions: [{row}]"));
    let known = list(
        "{operation: \"acme.list*\", check: server-error, reason: it is under repair}, {operation: acme.gone, check: status, reason: old}",
    );
    let (exit, report) = cases(&server, &folder, &["--cases", "2", "--exceptions", &known]);
    assert_eq!((exit, &report["accepted"], &report["stale"]), (Some(0), &json!(1), &json!(["acme.gone status *"])), "{report:#}");
    let (_, report) = cases(&server, &folder, &["--cases", "2", "--only", "getParcel,createParcel", "--without", "createParcel"]);
    assert_eq!((&report["operations"], found(&report)), (&json!(1), BTreeSet::new()), "{report:#}");
    let url = format!("http://{}/acme", server.address());
    for (row, problem) in [
        ("{operation: a, check: b, reason: c}", "row 1 names the check `b`, which there is not; there are server-error, "),
        ("{operation: a, check: schema, reason: \" \"}", "row 1 gives no reason"),
    ] {
        let output = run(&["contract", "fuzz", "--base-url", &url, "--vendor", "shippo", "--exceptions", &list(row)]);
        assert!(output.status.code() == Some(2) && text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
    for (arguments, problem) in [
        (["--base-url", &url, "--vendor", "shipo"], "there is no vendor `shipo`; there are shipmate, "),
        (["--base-url", "http://127.0.0.1:1", "--vendor", "shippo"], "`127.0.0.1:1` cannot be connected to"),
    ] {
        let output = run(&[&["contract", "fuzz"], &arguments[..]].concat());
        assert!(output.status.code() == Some(2) && text(&output.stderr).contains(problem), "{}", text(&output.stderr));
    }
}

#[test]
fn cases_are_told_to_people_and_to_programs() {
    let folder = Folder::new("cases-formats");
    let server = faulty(&folder, &FAULTS[2]);
    let vendor = format!("acme={}", folder.put("acme.yaml", DOCUMENT));
    let url = format!("http://{}/acme", server.address());
    let said = |format: &str| {
        let arguments = ["contract", "fuzz", "--base-url", &url, "--vendor", &vendor, "--header", KEY, "--cases", "2", "--format", format];
        text(&run(&arguments).stdout)
    };
    let plain = said("text");
    assert!(plain.contains("acme.getParcel: status: answered with 418, which is not declared"), "{plain}");
    assert!(plain.contains("\n  curl -sS -X GET http://127.0.0.1:") && plain.contains("\n    vendor: \"acme\"\n"), "{plain}");
    assert!(plain.ends_with(": 1 problems, 0 accepted\n"), "{plain}");
    assert!(said("markdown").contains("| acme.getParcel | status | answered with 418, which is not declared | "));
    assert!(said("junit").contains("failures=\"1\"") && said("github").contains("::error title=acme.getParcel status::"));
    let sarif: Value = serde_json::from_str(&said("sarif")).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "status", "{sarif:#}");
}

/// The headers that let calls of a vendor in, with the credentials of the default sandbox.
fn headers(server: &Server, vendor: &str) -> Vec<String> {
    let token = |path: &str, more: &[(&str, &str)], body: &Value| {
        let answer = send(server, "POST", path, &[&[JSON], more].concat(), &body.to_string()).json();
        answer["data"]["token"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{answer}"))
    };
    let key = "sm_test_12345abcde-1234-5678-90ab-abcdef0123456";
    match vendor {
        "shippo" => vec!["Authorization: ShippoToken shippo_test_seatrial".to_owned()],
        "shiptime" => vec!["Authorization: Basic c2FuZGJveDpzYW5kYm94".to_owned()],
        "shipstation_v1" => vec!["Authorization: Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0".to_owned()],
        "shipstation_v2" => vec!["api-key: TEST_seatrial".to_owned()],
        "shiptheory" => {
            let login = json!({"email": "you@youremail.com", "password": "password"});
            vec![format!("Authorization: Bearer {}", token("/shiptheory/v1/token", &[], &login))]
        }
        _ => {
            let login = json!({"username": "test@shipmate.co.uk", "password": "myShipmatePassword"});
            let token = token("/shipmate/v1.1/tokens", &[("X-SHIPMATE-API-KEY", key)], &login);
            vec![format!("X-SHIPMATE-API-KEY: {key}"), format!("X-SHIPMATE-TOKEN: {token}")]
        }
    }
}

/// Whether departures from the document are taken is the vendor's own way of reading; with `--contract strict` none is.
#[test]
fn our_own_vendors_do_what_their_documents_say() {
    let folder = Folder::new("cases-own");
    let clock = folder.put("clock.yaml", "clock: {start: 2026-01-05T09:00:00Z, mode: frozen}\n");
    let server = Server::start(&["--contract", "strict", "--scenario", &clock]);
    for (vendor, mount, without) in VENDORS {
        let url = format!("http://{}/{mount}", server.address());
        let list = format!("tests/fuzz/{vendor}.yaml");
        let headers = headers(&server, vendor);
        let mut arguments = vec!["fuzz", "--base-url", &url, "--vendor", vendor, "--cases", "3", "--time", "20m"];
        arguments.extend(["--exceptions", &list, "--without", without].into_iter().take(if without.is_empty() { 2 } else { 4 }));
        headers.iter().for_each(|header| arguments.extend(["--header", header]));
        let (exit, report) = contract(&arguments);
        let told: Vec<String> = findings(&report)
            .iter()
            .map(|row| format!("{} {} {}\n  {}", row["operation"], row["check"], row["detail"], row["curl"].as_str().unwrap_or_default()))
            .collect();
        assert!(exit == Some(0), "{vendor}: {}", told.join("\n"));
        assert!(report["calls"].as_u64() >= Some(50) && report["stale"] == json!([]), "{vendor}: {} {}", report["calls"], report["stale"]);
    }
}

#[test]
fn nobody_and_a_closed_door_are_one_problem_each() {
    let server = Server::start(&[]);
    let url = format!("http://{}", server.address());
    let there = format!("{url}/shippo");
    for (base_url, problem) in [
        (&url, "nothing of `shippo` answers at `http://"),
        (&format!("{url}/shipo"), "did you mean `/shippo`?"),
        (
            &there,
            "` lets nobody in: no call is taken that needs credentials, and the first is refused with 401\nhelp: `--header` gives credentials\n",
        ),
    ] {
        let output = run(&["contract", "fuzz", "--base-url", base_url, "--vendor", "shippo", "--cases", "2"]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && output.stdout.is_empty() && said.contains(problem), "{said}");
        assert!(said.lines().count() == 2, "{said}");
    }
}
