//! `seatrial contract run`: conversations held with a server over HTTP.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::admin;
use crate::folder::{Folder, contract};
use crate::process::{Server, run, text};

/// Conversations about what the vendor prints in its documents, and what only the default sandbox has.
const PRINTED: [&str; 1] = ["worlds"];

fn url(server: &Server) -> String {
    format!("http://{}", server.address())
}

/// Holds conversations; the exit code, and the report in JSON.
fn held(arguments: &[&str]) -> (Option<i32>, Value) {
    contract(&[&["run"], arguments].concat())
}

fn rows(report: &Value) -> impl Iterator<Item = &Value> {
    report["conversations"].as_array().into_iter().flatten()
}

fn stem(row: &Value) -> &str {
    Path::new(row["file"].as_str().unwrap_or_default()).file_stem().and_then(|name| name.to_str()).unwrap_or_default()
}

#[test]
fn all_conversations_hold_with_our_own_server() {
    let server = Server::start(&[]);
    let (_, report) = held(&["tests/vendors", "--base-url", &url(&server), "--isolated"]);
    let failed: Vec<&Value> = rows(&report).filter(|row| row["verdict"] != "passed" && !PRINTED.contains(&stem(row))).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let count = |name: &str| rows(&report).filter_map(|row| row[name].as_u64()).sum::<u64>();
    assert!(rows(&report).count() >= 350 && count("calls") >= 3_500, "{} {}", rows(&report).count(), count("calls"));
    // Nothing is left behind.
    assert_eq!(admin(&server, "GET", "/sandboxes", &Value::Null)["sandboxes"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_default_sandbox_knows_what_vendors_print() {
    let folder = Folder::with("printed", &[("clock.yaml", "clock: {start: 2026-01-05T09:00:00Z, mode: frozen}")]);
    let server = Server::start(&["--scenario", &format!("{}/clock.yaml", folder.path())]);
    for name in PRINTED {
        admin(&server, "POST", "/reset", &json!({}));
        let file = format!("tests/vendors/shippo/{name}.yaml");
        let output = run(&["contract", "run", &file, "--base-url", &url(&server), "--sandbox", "default"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    }
}

const CHANGED: &str = r#"
overrides:
  - {on: shippo.CreateAddress, patch: {set: {/zip: 94117}}}
  - {on: shippo.CreateParcel, patch: {remove: [/object_id]}}
  - {on: shippo.GetParcel, patch: {set: {/distance_unit: inch}}}
  - {on: shippo.ListParcels, respond: {status: 418, body: {}, off_spec: true}}
  - {on: shippo.ListAddresses, patch: {set: {/results: null}}}
  - {on: shiptheory.createToken, patch: {set: {/success: "yes"}}}
  - {on: shipstation_v1.listStores, patch: {set: {/0/active: "true"}}}
  - {on: shipstation_v1.listCarriers, patch: {status: 203}}
  - {on: shipstation_v2.list_tags, patch: {remove: [/tags]}}
  - {on: shipstation_v2.list_labels, patch: {set: {/page: 2}}}
  - {on: shiptime.box-get-all, respond: {status: 200, body: {}, off_spec: true}}
  - {on: shipmate.createToken, patch: {set: {/message: Welcome}}}
"#;

const SHIPPO: &str = r#"
vendor: shippo
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: POST /addresses
    json: {name: Ada, street1: 215 Clayton St., city: San Francisco, state: CA, zip: "94117", country: US}
    expect: {status: 201, has: {name: Ada}}
  - call: POST /parcels
    json: {length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}
    expect: {status: 201, has: {length: "5"}}
  - call: GET /parcels
    expect: {status: 200}
  - call: GET /addresses
    expect: {status: 200}
"#;

const PARCEL: &str = r#"
vendor: shippo
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: GET /customs/items
    expect: {status: 200}
  - call: POST /parcels
    json: {length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}
    expect: {status: 201}
    save: {parcel: object_id}
  - call: GET /parcels/{{parcel}}
    expect: {status: 200}
"#;

const OTHERS: [(&str, &str); 4] = [
    (
        "theory.yaml",
        "vendor: shiptheory\nsteps: [{call: POST /v1/token, headers: {Accept: application/json}, json: {email: you@youremail.com, password: \
         password}, expect: {status: 200}}]",
    ),
    (
        "station.yaml",
        "vendor: shipstation\nheaders: {Authorization: Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0, api-key: TEST_seatrial}\nsteps:\n  - \
         {call: GET /stores, expect: {status: 200}}\n  - {call: GET /carriers, expect: {status: 200}}\n  - {call: GET /v2/tags, expect: \
         {status: 200}}\n  - {call: GET /v2/labels, expect: {status: 200, has: {page: 1}}}\n",
    ),
    (
        "time.yaml",
        "vendor: shiptime\nheaders: {Authorization: Basic c2FuZGJveDpzYW5kYm94}\nsteps: [{call: GET /rest/boxes/, expect: {status: 200}}]",
    ),
    (
        "mate.yaml",
        "vendor: shipmate\nsteps: [{call: POST /v1.1/tokens, headers: {X-SHIPMATE-API-KEY: sm_test_12345abcde-1234-5678-90ab-abcdef0123456}, \
         json: {username: test@shipmate.co.uk, password: myShipmatePassword}, expect: {status: 200, has: {message: Login Successful}}}]",
    ),
];

#[test]
fn every_change_of_a_server_is_found_and_none_invented() {
    let folder = Folder::with("changed", &[&[("shippo.yaml", SHIPPO), ("parcel.yaml", PARCEL)][..], &OTHERS].concat());
    let server = Server::start(&[]);
    admin(&server, "POST", "/sandboxes", &json!({"name": "true"}));
    admin(&server, "POST", "/sandboxes", &json!({"name": "changed", "scenario": CHANGED}));
    // The one patched parcel would have no id to be read by.
    let readable = CHANGED.replace("  - {on: shippo.CreateParcel, patch: {remove: [/object_id]}}\n", "");
    admin(&server, "POST", "/sandboxes", &json!({"name": "readable", "scenario": readable}));
    let hold = |sandbox: &str| held(&[folder.path(), "--base-url", &url(&server), "--sandbox", sandbox]);
    let (exit, report) = hold("true");
    assert_eq!(exit, Some(0), "{report:#}");
    let (exit, report) = hold("changed");
    assert_eq!(exit, Some(1), "{report:#}");
    let mut found: Vec<String> = Vec::new();
    for report in [report, hold("readable").1] {
        for problem in rows(&report).flat_map(|row| row["problems"].as_array().into_iter().flatten()) {
            let [kind, title, message] = ["kind", "title", "message"].map(|name| problem[name].as_str().unwrap_or_default());
            // Ids tell the time.
            let title = title.split('/').map(|part| if part.len() == 32 { "{id}" } else { part }).collect::<Vec<_>>().join("/");
            let said = format!("{kind} {title}: {message}");
            if !found.contains(&said) {
                found.push(said);
            }
        }
    }
    found.sort();
    insta::assert_snapshot!(found.join("\n"));
}

const WRONG: &str = r#"about: A parcel is measured, wrongly.
vendor: shippo
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: POST /parcels
    json: {length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}
    expect: {status: 201, has: {mass_unit: kg}}
    save: {id: object_id}
  - call: GET /parcels/{{id}}
    expect: {status: 404}
"#;

#[test]
fn what_differs_is_shown_with_line_and_caret_and_for_programs() {
    let folder = Folder::with("wrong", &[("wrong.yaml", WRONG)]);
    let server = Server::start(&[]);
    let said = |format: &str| {
        let output = run(&["contract", "run", folder.path(), "--base-url", &url(&server), "--isolated", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        text(&output.stdout).replace(folder.path(), "folder")
    };
    let plain = said("text");
    let first = "error[S018]: step 1 (POST /parcels): $.mass_unit: expected \"kg\", found \"lb\"\n --> folder/wrong.yaml:7:44\n  |\n7 |     \
                 expect: {status: 201, has: {mass_unit: kg}}\n  |                                            ^^\nthe answer was 201 {";
    assert!(plain.starts_with(first), "{plain}");
    assert!(plain.contains("): status 200, expected 404\n  --> folder/wrong.yaml:10:22\n"), "{plain}");
    assert!(plain.ends_with(": 0 conversations passed, 1 failed, 0 skipped, 2 calls\n"), "{plain}");
    assert!(said("markdown").contains("| folder/wrong.yaml | 7 | POST /parcels | $.mass_unit: expected \"kg\", found \"lb\" |"));
    assert!(said("junit").contains("<testcase classname=\"shippo\" name=\"folder/wrong.yaml\">\n      <failure message=\"$.mass_unit"));
    assert!(said("github").starts_with("::error file=folder/wrong.yaml,line=7,col=44,title=step 1 (POST /parcels)::$.mass_unit"));
    let sarif: Value = serde_json::from_str(&said("sarif")).expect("JSON");
    let region = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region, &json!({"startLine": 7, "startColumn": 44}));
}

const EXPECTING: &str = r#"
vendor: shippo
headers: {Authorization: ShippoToken shippo_test_seatrial}
scenario:
  expect:
    - {call: shippo.ListParcels}
    - {call: shippo.CreateParcel, count: 1}
steps:
  - call: GET /parcels
    expect: {status: 200}
"#;

#[test]
fn what_the_scenario_of_a_conversation_expects_is_judged_at_its_end() {
    let met = EXPECTING.replace("CreateParcel, count: 1", "CreateParcel, count: 0");
    let folder = Folder::with("expecting", &[("unmet.yaml", EXPECTING), ("met.yaml", &met)]);
    let server = Server::start(&[]);
    let (exit, report) = held(&[folder.path(), "--base-url", &url(&server), "--isolated"]);
    assert_eq!(exit, Some(1), "{report:#}");
    let verdict = |name: &str| rows(&report).find(|row| stem(row) == name).map(|row| row["verdict"].clone());
    assert_eq!((verdict("met"), verdict("unmet")), (Some("passed".into()), Some("failed".into())), "{report:#}");
    let problems: Vec<&Value> = rows(&report).flat_map(|row| row["problems"].as_array().into_iter().flatten()).collect();
    let [problem] = problems[..] else { panic!("{report:#}") };
    let told = ["kind", "step", "line", "title", "message"].map(|name| &problem[name]);
    let message = "the scenario expects otherwise: failed: call count 0, expected 1";
    assert_eq!(told, [&json!("expectation"), &json!(2), &json!(7), &json!("the verdict"), &json!(message)]);
}

const POLL: &str = r#"
vendor: shippo
headers: {Authorization: "ShippoToken {{env.SEATRIAL_TEST_TOKEN}}"}
steps:
  - call: POST /batches
    json: {default_carrier_account: 2c05985c735e64bdfeff181cc4c148cc, default_servicelevel_token: usps_priority, batch_shipments: []}
    expect: {status: 201, has: {status: VALIDATING}}
    save: {batch: object_id}
  - call: GET /batches/{{batch}}
    poll: {every: 500ms, for: 1m}
    expect: {status: 200, has: {status: VALID}}
"#;

#[test]
fn a_call_is_polled_until_a_state_is_reached() {
    let folder = Folder::with("poll", &[("poll.yaml", POLL)]);
    let server = Server::start(&[]);
    let hold = |token: &str, arguments: &[&str]| {
        let mut command = crate::process::command();
        command.env("SEATRIAL_TEST_TOKEN", token).args(["contract", "run", folder.path(), "--format", "json"]).args(arguments);
        serde_json::from_slice::<Value>(&command.output().expect("the binary runs").stdout).expect("JSON")
    };
    let report = hold("shippo_test_seatrial", &["--base-url", &url(&server), "--isolated"]);
    let row = &report["conversations"][0];
    assert_eq!((&row["verdict"], row["steps"].as_u64()), (&json!("passed"), Some(2)), "{report:#}");
    assert!(row["calls"].as_u64().is_some_and(|calls| (3..20).contains(&calls)), "{report:#}");
    // A name that leads to no vendor, and a credential that is none.
    let report = hold("nothing", &["--base-url", &format!("{}/shippo", url(&server))]);
    assert_eq!(report["conversations"][0]["problems"][0]["message"], "status 401, expected 201", "{report:#}");
}

#[test]
fn a_vendor_is_asked_with_the_credentials_of_the_environment() {
    let folder = Folder::with("vendor", &[("shippo.yaml", SHIPPO), ("later.yaml", "vendor: shippo\nsteps: [{advance: 72h}]")]);
    let server = Server::start(&[]);
    let sandbox = admin(&server, "POST", "/sandboxes", &json!({"name": "mine"}));
    let token = sandbox["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let hold = |variable: &str| {
        let mut command = crate::process::command();
        command.env(variable, &token).args(["contract", "run", folder.path(), "--base-url", &format!("{}/shippo", url(&server))]);
        let output = command.output().expect("the binary runs");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        text(&output.stdout)
    };
    let said = hold("SEATRIAL_SHIPPO_TOKEN");
    assert!(said.contains("later.yaml: skipped: it moves the clock by 259200s"), "{said}");
    let calls =
        |sandbox: &str| admin(&server, "GET", &format!("/sandboxes/{sandbox}/requests"), &Value::Null)["journal"]["written"].as_u64();
    assert_eq!((calls("mine"), calls("default")), (Some(4), Some(0)));
    hold("SEATRIAL_OTHER_TOKEN");
    assert_eq!((calls("mine"), calls("default")), (Some(4), Some(4)));
}

/// What nothing is there for in a conversation.
const UNFILLED: &str = r#"vendor: shippo
headers: {Authorization: "ShippoToken {{env.SEATRIAL_TEST_UNSET}}", x-late: "{{parcel}}", x-home: "{{env.PATH}} {{inbox}} {{sandbox}}"}
steps:
  - call: POST /parcels
    headers: {x-late: none}
    json: {metadata: "{{7*7}} {{ blank }} {{n}}", length: "{{env.SEATRIAL_TEST_UNSET}}", width: "{{ $sandbox }}", height: "{{env:PATH}}"}
    save: {parcel: object_id}
  - {call: "GET /parcels/{{parcl}}", expect: {status: 200, has: {extra: "{{parcl}}", metadata: "{{env.SEATRIAL_TEST_OTHER}}"}}}
"#;
const UNFILLED_TOLD: &str = "error[S011]: the environment has no variable `SEATRIAL_TEST_UNSET`
 --> names.yaml:2:26
help: set it, or write the value in place of `{{env.SEATRIAL_TEST_UNSET}}`
error[S011]: `{{ $sandbox }}` is not filled in
 --> names.yaml:6:97
help: write `{{sandbox}}`
error[S011]: `{{env:PATH}}` is not filled in
 --> names.yaml:6:123
help: write `{{env.PATH}}`
error[S011]: no step before saves `parcl`
 --> names.yaml:8:12
help: did you mean `{{parcel}}`?
error[S011]: the environment has no variable `SEATRIAL_TEST_OTHER`
 --> names.yaml:8:96
help: set it, or write the value in place of `{{env.SEATRIAL_TEST_OTHER}}`
error: 5 problems in the conversations";

/// Answers are judged by what the vendor's document says where nothing is expected; that of a refusal says nothing of the server.
#[test]
fn nothing_but_refusals_that_nobody_expects_is_no_pass() {
    let server = Server::start(&[]);
    let steps = "steps: [{call: GET /parcels}, {call: GET /addresses}]";
    let folder =
        Folder::with("refused", &[("refused.yaml", steps), ("expected.yaml", "steps: [{call: GET /parcels, expect: {status: 401}}]")]);
    let said =
        |name: &str| held(&["--with", "shippo", "--base-url", &format!("{}/shippo", url(&server)), &format!("{}/{name}", folder.path())]);
    let (exit, report) = said("refused.yaml");
    assert_eq!((exit, &report["conversations"][0]["verdict"]), (Some(1), &json!("failed")), "{report:#}");
    let reason = "no call is answered with success, and no step says what it expects";
    assert_eq!(report["conversations"][0]["reason"], reason, "{report:#}");
    assert_eq!(said("expected.yaml").0, Some(0));
}

#[test]
fn what_cannot_be_held_is_told() {
    let folder = Folder::with(
        "told",
        &[
            ("plain.yaml", "steps: [{call: GET /parcels}]"),
            ("wrong.yaml", "steps: [{call: GET}]"),
            ("none.yaml", "vendor: shippo\nsteps: []"),
            ("whom.yaml", "vendor: shipo\nsteps: [{call: GET /parcels}]"),
            ("names.yaml", UNFILLED),
            ("hidden.yaml", "vendor: shippo\nheaders: {authorization: '[redacted]'}\nsteps: [{call: GET /parcels}]"),
        ],
    );
    let said = |arguments: &[&str]| {
        let output = run(&[&["contract", "run", "--base-url", "http://127.0.0.1:1"], arguments].concat());
        (output.status.code(), text(&output.stderr) + &text(&output.stdout))
    };
    let file = |name: &str| format!("{}/{name}", folder.path());
    let (exit, message) = said(&[&file("plain.yaml")]);
    assert_eq!(exit, Some(2), "{message}");
    assert!(message.contains("does not say whom it is with: it needs `vendor: …`"), "{message}");
    let (exit, message) = said(&["--with", "shippo", &file("wrong.yaml")]);
    assert!(exit == Some(2) && message.contains("`GET` is not a call"), "{message}");
    for (name, told) in [
        ("none.yaml", "error[S006]: `steps` has no step"),
        ("whom.yaml", "whom.yaml is with `shipo`, which is no vendor\nhelp: did you mean `shippo`?"),
        ("hidden.yaml", "error[S011]: `[redacted]` stands for a secret that was hidden"),
    ] {
        let (exit, message) = said(&[&file(name)]);
        assert!(exit == Some(2) && message.contains(told), "{message}");
    }
    let (exit, message) = said(&[&file("names.yaml")]);
    assert_eq!(exit, Some(2), "{message}");
    let told: Vec<_> =
        message.lines().filter(|line| ["error", "help", "  -->"].iter().any(|begin| line.trim_start().starts_with(begin.trim()))).collect();
    let told = told.join("\n").replace(&file(""), "");
    assert_eq!(told, UNFILLED_TOLD, "{message}");
    let (exit, message) = said(&["tests/vendors/shippo/parcels.yaml", "tests/vendors/shiptheory/token.yaml"]);
    assert!(exit == Some(2) && message.contains("the conversations are with shippo, shiptheory"), "{message}");
    let (exit, message) = said(&["tests/vendors/shippo/parcels.yaml", "--retries", "0"]);
    assert!(exit == Some(2) && message.starts_with("error: `127.0.0.1:1` cannot be connected to"), "{message}");
}

#[test]
fn nobody_who_could_be_judged_is_one_problem() {
    let server = Server::start(&[]);
    let url = url(&server);
    let said = |arguments: &[&str]| {
        let output = run(&[&["contract"], arguments].concat());
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{arguments:?}: {}", text(&output.stdout));
        text(&output.stderr)
    };
    let (nowhere, folder) = (format!("{url}/shipo"), "tests/vendors/shippo");
    let message = said(&["run", folder, "--base-url", &nowhere]);
    assert!(message.starts_with("error: nothing of `shippo` answers at `http://") && message.lines().count() == 2, "{message}");
    // One call is enough where a server of ours says so.
    let one = Folder::with("one", &[("one.yaml", "vendor: shippo\nsteps: [{call: GET /parcels, expect: {status: 200}}]")]);
    let message = said(&["run", one.path(), "--base-url", &url]);
    assert!(message.contains("is a path missing at the end?"), "{message}");
    for arguments in [
        &["run", folder, "--isolated", "--base-url"][..],
        &["report", "--url"],
        &["pact", "export", "--consumer", "a", "--provider", "shippo", "--url"],
    ] {
        for (base_url, lines) in [("http://127.0.0.1:1", 1), ("nonsense", 1), ("http://127.0.0.1:99999", 1), (&nowhere, 1)] {
            let message = said(&[arguments, &[base_url]].concat());
            assert!(message.starts_with("error: ") && message.lines().count() == lines, "{arguments:?} {base_url}: {message}");
        }
    }
}

#[test]
fn files_that_are_none_of_the_kind_are_one_problem_and_endless_ones_are_not_read_for_ever() {
    let folder = Folder::with("kinds", &[("empty", ""), ("text", "hello"), ("half.json", "{\"a\":")]);
    fs::write(folder.0.join("picture"), b"\x89PNG\r\n\x1a\n\0").expect("the folder takes files");
    let file = |name: &str| format!("{}/{name}", folder.path());
    let files = [file("none"), file("empty"), file("text"), file("half.json"), file("picture"), folder.path().to_owned()];
    for name in files.iter().map(String::as_str).chain(["/dev/zero"]) {
        for arguments in [
            &["run", "--with", "shippo", "--base-url", "http://127.0.0.1:1", name][..],
            &["drift", "--with", "shippo", name],
            &["drift", "--against", "specs/shippo/openapi.yaml", name],
            &["drift", "specs/shippo/openapi.yaml", "--with", "shippo", "--accepted", name],
            &["fuzz", "--base-url", "http://127.0.0.1:1", "--vendor", "shippo", "--exceptions", name],
            &["pact", "verify", "--url", "http://127.0.0.1:1", name],
            &["import", name],
        ] {
            let output = run(&[&["contract"], arguments].concat());
            let said = text(&output.stderr);
            assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{arguments:?}: {said}{}", text(&output.stdout));
            assert!((1..=8).contains(&said.lines().count()) && !said.contains("apiVersion"), "{arguments:?}: {said}");
        }
    }
    // Whatever it holds, there is no call in it; an empty journal is one, of no calls.
    for name in ["none", "text", "half.json", "picture"] {
        assert_eq!(run(&["contract", "report", "--journal", &file(name)]).status.code(), Some(2), "{name}");
    }
    assert_eq!(run(&["contract", "report", "--journal", "/dev/zero"]).status.code(), Some(2));
}

#[test]
fn the_example_of_the_page_holds() {
    let page = include_str!("../../docs/contracts.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the page has an example");
    let folder = Folder::with("page", &[("parcel.yaml", example)]);
    let server = Server::start(&[]);
    let output = run(&["contract", "run", folder.path(), "--base-url", &url(&server), "--isolated"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

const BOUGHT: &str = r#"
about: A label is bought and read.
vendor: shippo
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: GET /addresses
  - call: POST /shipments
    json:
      address_from: {name: Ada, street1: 215 Clayton St., city: San Francisco, state: CA, zip: "94117", country: US}
      address_to: {name: Bob, street1: 965 Mission St., city: San Francisco, state: CA, zip: "94103", country: US}
      parcels: [{length: "5", width: "5", height: "5", distance_unit: in, weight: "2", mass_unit: lb}]
    expect: {status: 201}
    save: {rate: rates.0.object_id, shipment: object_id}
  - call: POST /transactions
    json: {rate: "{{rate}}", async: false}
    save: {label: object_id}
  - call: GET /transactions/{{label}}
  - call: GET /shipments/{{shipment}}
    repeat: 2
  - call: GET /shipments/{{label}}
"#;

/// Every text of 32 hexadecimal digits.
fn ids(text: &str) -> std::collections::BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.filter(|word| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned).collect()
}

#[test]
fn recordings_are_equal_whatever_the_ids_and_the_times() {
    let folder = Folder::with("recorded", &[("bought.yaml", BOUGHT)]);
    let server = Server::start(&[]);
    let file = |name: &str| format!("{}/{name}", folder.path());
    let grace = json!({"name": "Grace Hopper", "street1": "99 Hidden Way", "city": "Arlington", "state": "VA", "zip": "22201", "country": "US", "email": "grace@navy.example"});
    let record = |sandbox: &str, seed: u64, start: &str| {
        let scenario = json!({"given": [{"shippo.CreateAddress": grace}]});
        let clock = json!({"start": start, "mode": "frozen"});
        let made = admin(&server, "POST", "/sandboxes", &json!({"name": sandbox, "seed": seed, "clock": clock, "scenario": scenario}));
        let record = file(&format!("out/{sandbox}.yaml"));
        let output =
            run(&["contract", "run", &file("bought.yaml"), "--base-url", &url(&server), "--sandbox", sandbox, "--record", &record]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        let recorded = fs::read_to_string(record).expect("it was written");
        for hidden in ["Grace", "99 Hidden", "navy", made["credentials"]["shippo"][0]["token"].as_str().unwrap_or_default()] {
            assert!(!recorded.contains(hidden), "{hidden}: {recorded}");
        }
        recorded
    };
    let (one, two) = (record("one", 1, "2026-01-05T09:00:00Z"), record("two", 2, "2026-02-02T10:30:00Z"));
    assert_eq!(one, two);
    // That says something, because the answers were others.
    let export = |sandbox: &str| {
        crate::client::send(&server, "GET", &format!("/_seatrial/sandboxes/{sandbox}/requests/export?format=ndjson"), &[], "").body
    };
    let (theirs, others) = (ids(&export("one")), ids(&export("two")));
    assert!(theirs.len() > 10 && theirs.intersection(&others).count() * 2 < theirs.len(), "{theirs:?} {others:?}");
    assert!(one.contains("object_id: \"{{label}}\"") && one.contains("~date-time") && one.contains("~hex32"), "{one}");
    assert_eq!(one.matches("shipments/{{shipment}}").count(), 1, "equal turns are one step: {one}");
    // What was recorded holds in another sandbox, and a change of it is found.
    fs::create_dir_all(file("again")).expect("a folder can be made");
    fs::write(file("again/one.yaml"), &one).expect("the folder takes files");
    admin(&server, "POST", "/sandboxes", &json!({"name": "four", "seed": 4, "scenario": {"given": [{"shippo.CreateAddress": grace}]}}));
    let (exit, report) = held(&[&file("again"), "--base-url", &url(&server), "--sandbox", "four"]);
    assert_eq!(exit, Some(0), "{report:#}\n{one}");
    let (exit, _) = held(&[&file("again"), "--base-url", &url(&server), "--sandbox", "four"]);
    assert_eq!(exit, Some(1), "there is one more address now");
}
