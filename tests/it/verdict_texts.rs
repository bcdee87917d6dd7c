//! What a verdict tells of the calls that it is based on, and of those that it is not.

use std::cell::Cell;

use http::Method;
use seatrial::engine::Options;
use seatrial::scenario::verify::{Allowance, Format, Verdict, verify_current};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::folder::Folder;
use crate::made_up::{self, request, set_scenario, start};
use crate::process::Server;
use crate::verdicts::World;

#[test]
fn a_condition_that_failed_is_told_with_its_values() {
    let world = World::new();
    world.create("Ada");
    world.create("Bob");
    let expect = "{call: shippo.CreateAddress, count: 2, when: $request.body.name == 'Ada' and $answer.status == 201}";
    let found = world.judge(expect).findings.remove(0);
    assert_eq!((found.evidence.len(), found.others.len()), (1, 1), "{found:?}");
    let why = "`$request.body.name == 'Ada' and $answer.status == 201` is false: `$request.body.name` is \"Bob\", `$answer.status` is 201";
    assert!(found.others[0].ends_with(&format!(" shippo.CreateAddress 201: {why}")), "{:?}", found.others);
    let whole = world.judge("{call: shippo.CreateAddress, when: {request: {body: {name: Eve, country: US}}}}").findings.remove(0);
    assert!(whole.others[1].ends_with("`$request.body.name: Eve` is false: `$request.body.name` is \"Bob\""), "{:?}", whole.others);
    // The place of an order that nothing came for.
    let order = "{order: [shippo.CreateAddress, {call: shippo.CreateAddress, when: $request.body.name == 'Eve'}]}";
    let found = world.judge(order).findings.remove(0);
    assert!(found.others[0].ends_with("is false: `$request.body.name` is \"Ada\""), "{:?}", found.others);
    assert_eq!(world.judge("{call: shippo.CreateAddress, when: $request.body.name == 'Ada'}").findings[0].others.len(), 0);
}

#[test]
fn calls_that_came_too_early_or_too_late_are_told() {
    let world = World::new();
    world.list();
    world.wait("1h");
    world.create("Ada");
    world.wait("3h");
    world.list();
    let found = world.judge("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}").findings.remove(0);
    assert!(found.others[0].ends_with(" shippo.ListAddresses 200: it came before the first call of `shippo.CreateAddress`"), "{found:?}");
    let late = |span| format!(" shippo.ListAddresses 200: it came {span} after the latest call of `shippo.CreateAddress` before it");
    assert!(found.others[1].ends_with(&late("3h")), "{found:?}");
    // Each is told by the one before it, of which others may come later.
    world.create("Bob");
    world.wait("5h");
    world.list();
    world.create("Cy");
    let found = world.judge("{call: shippo.ListAddresses, after: shippo.CreateAddress, within: 2h}").findings.remove(0);
    assert!(found.others[1].ends_with(&late("3h")) && found.others[2].ends_with(&late("5h")), "{found:?}");
}

#[test]
fn a_call_that_departs_says_in_what() {
    let world = World::new();
    world.call(Method::POST, "/addresses", &json!({"name": "Ada", "country": "US", "zip": 94117}));
    world.call(Method::POST, "/addresses", &json!({"name": "Ada", "country": "US", "planet": "Mars"}));
    world.call(Method::GET, "/adresses", &Value::Null);
    let report = world.judge("{valid: '*'}");
    let calls = &report.findings[0].calls;
    assert_eq!(calls[0], "shippo.CreateAddress 201: body /zip (type): found `94117`, expected the type string");
    assert!(calls[1].starts_with("shippo.CreateAddress 201 (unknown-member): planet (unknown-member): "), "{calls:?}");
    assert!(calls[2].starts_with("shippo 404 (unknown-operation): ") && calls[2].contains("/addresses"), "{calls:?}");
    for format in [Format::Text, Format::JUnit, Format::Sarif, Format::Json] {
        assert!(
            format.write(std::slice::from_ref(&report)).contains("body /zip (type): found `94117`, expected the type string"),
            "{format:?}"
        );
    }
}

#[test]
fn requests_that_met_no_vendor_are_told() {
    let server = Server::start(&[]);
    let expect = json!({"expect": [{"call": "shippo.ListParcels"}]});
    let read = |format: &str| {
        let path = format!("/_seatrial/sandboxes/default/verify?format={format}");
        send(&server, "POST", &path, &[JSON], &expect.to_string()).body
    };
    assert!(!read("text").contains("met no vendor"));
    assert_eq!(send(&server, "GET", "/shipppo/parcels?token=hunter2", &SHIPPO, "").status, 404);
    let line = "GET /shipppo/parcels?token=[redacted] 404: did you mean `/shippo`?";
    let text = read("text");
    assert!(text.ends_with(&format!("  no call is in the journal\n  the latest requests that met no vendor:\n    {line}\n")), "{text}");
    let verdict: Value = serde_json::from_str(&read("json")).expect("JSON");
    assert_eq!(verdict["unmatched"], json!([line]));
    for format in ["junit", "sarif"] {
        assert!(read(format).contains(line), "{}", read(format));
    }
    // Where all is well, nobody asks for them.
    let passed = admin(&server, "POST", "/sandboxes/default/verify", &json!({"expect": [{"never": "shippo.ListParcels"}]}));
    assert_eq!((&passed["verdict"], &passed["unmatched"]), (&json!("passed"), &json!([])));
}

#[test]
fn what_is_accounted_for_has_no_secrets() {
    let server = Server::start(&[]);
    let body = json!({"name": "Ada", "country": "US", "password": "hunter2hunter2", "metadata": 5});
    assert_eq!(send(&server, "POST", "/shippo/addresses", &[SHIPPO.as_slice(), &[JSON]].concat(), &body.to_string()).status, 201);
    let expect = json!({"expect": [
        {"call": "shippo.CreateAddress", "when": "$request.body.password == 'x'"},
        {"call": "shippo.CreateAddress", "when": "$request.headers.authorization == 'x'"},
        {"valid": "shippo.*"},
    ]});
    for format in ["text", "json", "junit", "sarif"] {
        let path = format!("/_seatrial/sandboxes/default/verify?format={format}");
        let said = send(&server, "POST", &path, &[JSON], &expect.to_string()).body;
        assert!(said.contains("[redacted]") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_there_was_no_time_for_is_unknown_and_said() {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, "expect: [{call: shippo.ListAddresses, count: 3}, {never: shippo.ListParcels}]").expect("a scenario");
    let headers = [("host", "localhost"), ("authorization", "ShippoToken shippo_test_seatrial")];
    for _ in 0..3 {
        machine.handle(&request(Method::GET, "/shippo/addresses", &headers, ""), start());
    }
    let within = |asked: u32| {
        let left = Cell::new(asked);
        let is_late = || left.replace(left.get().saturating_sub(1)) == 0;
        let report = verify_current(&machine, machine.default_sandbox(), &Allowance::of_all(&is_late));
        let rows = report.findings.iter().map(|row| (row.verdict, row.detail.clone())).collect::<Vec<_>>();
        (report.verdict, rows)
    };
    let (verdict, rows) = within(u32::MAX);
    assert!(verdict == Verdict::Passed && rows.len() == 2, "{rows:?}");
    // Two of the calls were looked at.
    let (verdict, rows) = within(3);
    assert_eq!((verdict, rows.len()), (Verdict::Unknown, 2));
    assert_eq!(rows[0].1, "call count 2, expected 3; the process had no more time for verdicts");
    assert_eq!(rows[1], (Verdict::Unknown, "call count 0, expected 0; the process had no more time for verdicts".to_owned()));
    let (_, rows) = within(0);
    assert_eq!(rows, [(Verdict::Unknown, "nothing was looked at; the process had no more time for verdicts".to_owned())]);
}

#[test]
fn the_end_of_a_process_judges_once_and_makes_some_remarks() {
    let rules: String = (1..=60).map(|nth| format!("  - {{on: shippo.CreateRefund, when: $call.nth == {nth}, fault: 503}}\n")).collect();
    let scenario = format!("expect: [{{call: shippo.ListAddresses}}]\noverrides:\n{rules}");
    let folder = Folder::with("remarks", &[("rules.yaml", &scenario)]);
    let rows = |more: &[&str]| {
        let scenario = format!("{}/rules.yaml", folder.path());
        let server = Server::start_logged(&[&["--scenario", &scenario], more].concat());
        assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
        let log = server.log();
        let count = |text: &str| log.matches(text).count();
        assert_eq!(count("the process leaves; "), 1, "{log}");
        (count("had no effect: no call came to it"), count("and 10 more"))
    };
    assert_eq!(rows(&[]), (50, 1));
    // In the log, and in the verdict.
    assert_eq!(rows(&["--verify"]), (100, 2));
}
