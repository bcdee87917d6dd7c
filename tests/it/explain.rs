//! What a scenario made of a call, told afterwards: through the admin API and by `seatrial requests`.

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::given::SHIPPO_LABEL;
use crate::process::{Server, run, text};

const SCENARIO: &str = "overrides:
  - {on: shipmate.*, fault: 503}
  - {on: shippo.CreateAddress, when: $request.body.name == 'Eve', fault: 503}
  - on: shippo.CreateAddress
    when: {all: [$request.body.country == 'US', {not: $request.body.name contains 'Bob'}]}
    respond: {status: 418, off_spec: true}
    times: 1
  - {on: shippo.*, when: $call.nth >= 1, rate_limit: {per: sandbox, limit: 100, window: 60s}}
  - {on: shippo.CreateAddress, skip: 1, fault: reset}
  - {on: '*', latency: 1ms}
";

fn start() -> Server {
    under(SCENARIO)
}

/// A server under a scenario.
pub fn under(scenario: &str) -> Server {
    let server = Server::start(&[]);
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &yaml, scenario).status, 200);
    server
}

fn create(server: &Server, name: &str) {
    send(server, "POST", "/shippo/addresses", &SHIPPO, &json!({"name": name, "country": "US"}).to_string());
}

/// The ids of all calls, oldest first.
fn ids(server: &Server) -> Vec<String> {
    let list = admin(server, "GET", "/sandboxes/default/requests", &Value::Null);
    list["requests"].as_array().into_iter().flatten().map(|row| row["id"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The line, outcome and detail of each rule.
pub fn rules(explanation: &Value) -> Vec<(u64, String, String)> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let rows = explanation["rules"].as_array().into_iter().flatten();
    rows.map(|row| (row["line"].as_u64().unwrap_or_default(), text(row, "outcome"), text(row, "detail"))).collect()
}

pub fn row(line: u64, outcome: &str, detail: &str) -> (u64, String, String) {
    (line, outcome.to_owned(), detail.to_owned())
}

#[test]
fn a_patch_that_misses_has_taken_the_call() {
    let server = under(
        "overrides:
  - {on: shippo.CreateAddress, when: $call.nth < 9, patch: {set: {/rates/0/amount: \"1\"}}}
  - {on: shippo.CreateAddress, patch: {headers: {x-a: b}}}
",
    );
    create(&server, "Ada");
    send(&server, "POST", "/shippo/addresses", &[JSON], "{}");
    let missed =
        "the call matches, but its answer has none of the places that the patch changes, which counts for neither `skip` nor `times`";
    let refused = "the call matches, but the vendor refused it for a reason of its own, which counts for neither `skip` nor `times`";
    let explained = ids(&server).into_iter().map(|id| rules(&admin(&server, "GET", &format!("/requests/{id}/explain"), &Value::Null)));
    let expected = [
        [row(2, "passed_over", missed), row(3, "not_reached", "an earlier rule had taken the call, though it had no effect")],
        [row(2, "passed_over", refused), row(3, "passed_over", refused)],
    ];
    assert_eq!(explained.collect::<Vec<_>>(), expected);
}

#[test]
fn every_override_says_what_a_call_was_to_it() {
    let server = start();
    ["Ada", "Ada", "Bob"].iter().for_each(|name| create(&server, name));
    let ids = ids(&server);
    let explained = |index: usize| admin(&server, "GET", &format!("/requests/{}/explain", ids[index]), &Value::Null);
    let first = explained(0);
    let eve = row(3, "condition_failed", "`$request.body.name == 'Eve'` is false: `$request.body.name` is \"Ada\"");
    let expected = [
        eve.clone(),
        row(4, "fired", "`respond`, the 1st call that it had an effect on"),
        row(8, "not_reached", "an earlier rule had taken the call"),
        row(9, "not_reached", "an earlier rule had taken the call"),
        row(10, "not_reached", "an earlier rule had taken the call"),
    ];
    assert_eq!(rules(&first), expected);
    assert_eq!((&first["operation"], &first["others"]), (&json!("shippo.CreateAddress"), &json!(1)));
    let second = explained(1);
    let expected = [
        eve,
        row(4, "passed_over", "the call matches, but `times: 1` ends it"),
        row(8, "passed_over", "the call matches, but its limit of 100 calls was not exceeded"),
        row(9, "passed_over", "the call matches, but `skip: 1` leaves the first calls alone"),
        row(10, "fired", "`latency`, the 1st call that it had an effect on; the work was done"),
    ];
    assert_eq!(rules(&second), expected);
    let third = explained(2);
    let tests = &third["rules"][1]["tests"];
    assert_eq!(third["rules"][1]["outcome"], "condition_failed");
    assert_eq!((&tests[0]["holds"], &tests[1]["holds"]), (&json!(true), &json!(true)), "a comparison below `not` is told as it is");
    assert_eq!(tests[1]["values"], json!([{"path": "$request.body.name", "value": "Bob"}]));
    assert_eq!(rules(&third)[3], row(9, "fired", "`fault`, the 1st call that it had an effect on"));
    // The command says the same in lines.
    let url = format!("http://{}", server.address());
    let said = run(&["requests", "--url", &url, "--explain", &ids[2]]);
    let lines: Vec<String> = text(&said.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines[0], format!("{} shippo.CreateAddress", ids[2]));
    assert_eq!(
        lines[1],
        "  override `shippo.CreateAddress` in line 3: condition failed: `$request.body.name == 'Eve'` is false: `$request.body.name` is \"Bob\""
    );
    assert!(lines.contains(&"    `$request.body.name contains 'Bob'` is true: `$request.body.name` is \"Bob\"".to_owned()), "{lines:#?}");
    assert_eq!(lines.last().map(String::as_str), Some("  1 about other operations"));
    let listed = text(&run(&["requests", "--url", &url]).stdout);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    assert!(listed.contains(" POST /shippo/addresses shippo.CreateAddress 418 [respond]"), "{listed}");
    assert!(listed.contains(" POST /shippo/addresses shippo.CreateAddress reset [fault]"), "{listed}");
    assert!(!listed.contains("(fault)"), "what did it is told once: {listed}");
    let missing = run(&["requests", "--url", &url, "--explain", "default-none"]);
    assert_eq!((missing.status.code(), text(&missing.stderr)), (Some(1), "error: no journal holds `default-none`\n".to_owned()));
    let wrong = run(&["requests", "--url", "ftp://x"]);
    assert!(text(&wrong.stderr).contains("`ftp://x` is not a base URL"), "{}", text(&wrong.stderr));
}

#[test]
fn the_state_is_that_of_the_call() {
    let server = under("overrides: [{on: shippo.CreateTransaction, when: $request.body.rate != $state.cheapest, fault: 503}]");
    let buy = r#"{"rate": "none"}"#;
    assert_eq!(send(&server, "POST", "/shippo/transactions", &SHIPPO, buy).status, 503);
    make_rates(&server);
    let ids = ids(&server);
    let explained = admin(&server, "GET", &format!("/requests/{}/explain", ids[0]), &Value::Null);
    let values = &explained["rules"][0]["tests"][0]["values"];
    assert_eq!(values[1], json!({"path": "$state.cheapest", "value": null}), "there were no rates then: {explained}");
}

#[test]
fn the_credential_is_that_of_the_caller() {
    let server = under("overrides: [{on: shippo.ListAddresses, when: $credential.mode == 'test', fault: 503}]");
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 503);
    let explained = admin(&server, "GET", &format!("/requests/{}/explain", ids(&server)[0]), &Value::Null);
    assert_eq!(rules(&explained)[0].1, "fired", "{explained}");
}

#[test]
fn a_refusal_of_the_vendor_is_not_patched_and_not_counted() {
    let server = under("overrides: [{on: shippo.CreateAddress, patch: {body: {name: Zed}}, times: 1}]");
    let stranger = [("authorization", "ShippoToken nobody"), JSON];
    assert_eq!(send(&server, "POST", "/shippo/addresses", &stranger, r#"{"name": "Ada", "country": "US"}"#).status, 401);
    assert_eq!(send(&server, "POST", "/shippo/addresses", &SHIPPO, r#"{"name": "Ada", "country": "XX"}"#).status, 400);
    let answer = |server: &Server| send(server, "POST", "/shippo/addresses", &SHIPPO, r#"{"name": "Ada", "country": "US"}"#).json();
    assert_eq!([answer(&server)["name"].clone(), answer(&server)["name"].clone()], ["Zed", "Ada"]);
    let list = admin(&server, "GET", "/sandboxes/default/requests?effect=patch", &Value::Null);
    assert_eq!(list["requests"].as_array().map(Vec::len), Some(1), "{list}");
}

/// The rules that have had no effect, and why.
fn unused(server: &Server) -> Vec<String> {
    let verdict = admin(server, "POST", "/sandboxes/default/verify", &json!({"expect": []}));
    verdict["unused"].as_array().into_iter().flatten().map(|row| row["detail"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn work_that_was_not_done_has_no_answer_to_lose() {
    let lost = r#"{"on": "shippo.CreateAddress", "fault": {"commit": true, "then": 503}, "latency": "1ms", "skip": 1, "times": 1}"#;
    let of_scenario = under(&format!("overrides: [{lost}]"));
    let switched_on = Server::start(&[]);
    assert_eq!(send(&switched_on, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], lost).status, 200);
    let stranger = [("authorization", "ShippoToken nobody"), JSON];
    for server in [of_scenario, switched_on] {
        let create = |headers: &[(&str, &str)], country: &str| {
            let body = json!({"name": "Ada", "country": country}).to_string();
            send(&server, "POST", "/shippo/addresses", headers, &body).status
        };
        // Neither those before the one that is skipped, nor those after it, count.
        let statuses =
            [create(&stranger, "US"), create(&SHIPPO, "XX"), create(&SHIPPO, "US"), create(&stranger, "US"), create(&SHIPPO, "XX")];
        assert_eq!(statuses, [401, 400, 201, 401, 400]);
        assert_eq!(unused(&server).len(), 1);
        assert_eq!([create(&SHIPPO, "US"), create(&SHIPPO, "US")], [503, 201]);
        assert!(unused(&server).is_empty());
        let list = admin(&server, "GET", "/sandboxes/default/requests?effect=fault", &Value::Null);
        let effect = &list["requests"][0]["effect"];
        assert_eq!((list["requests"].as_array().map(Vec::len), &effect["nth"], &effect["committed"]), (Some(1), &json!(1), &json!(true)));
        let ids = ids(&server);
        let explained = |index: usize| rules(&admin(&server, "GET", &format!("/requests/{}/explain", ids[index]), &Value::Null)).remove(0);
        let refused = "the call matches, but the vendor refused it for a reason of its own, which counts for neither `skip` nor `times`";
        assert_eq!([&explained(3).2, &explained(4).2], [refused; 2]);
        assert_eq!(explained(5).2, "`fault`, the 1st call that it had an effect on; the work was done");
        let lines = admin(&server, "GET", "/sandboxes/default/requests", &Value::Null);
        assert_eq!((&lines["requests"][4]["effect"], &lines["requests"][4]["wire"]["end"]), (&Value::Null, &json!("sent")));
    }
}

#[test]
fn a_patch_that_finds_no_place_has_no_effect() {
    let server = under(
        "overrides: [{on: shippo.CreateAddress, patch: {set: {/rats/0/amount: x, /name/x/y: 1}, remove: [/nothing], \
         body: {nothing: null}}, times: 1}]",
    );
    create(&server, "Ada");
    assert!(unused(&server)[0].ends_with(", or their answers have none of the places that it changes"), "{:?}", unused(&server));
    let id = ids(&server).remove(0);
    let entry = admin(&server, "GET", &format!("/requests/{id}"), &Value::Null);
    let codes: Vec<&Value> = entry["notes"].as_array().expect("notes").iter().map(|note| &note["code"]).collect();
    assert_eq!((&entry["effect"], codes), (&Value::Null, vec![&json!("patch-missed"); 4]), "{entry}");
    let explained = rules(&admin(&server, "GET", &format!("/requests/{id}/explain"), &Value::Null));
    let detail =
        "the call matches, but its answer has none of the places that the patch changes, which counts for neither `skip` nor `times`";
    assert_eq!(explained, [row(1, "passed_over", detail)]);
    // One place that is found is an effect, of which there is one.
    let fault = json!({"on": "shippo.CreateAddress", "patch": {"set": {"/rats/0": 1}, "remove": ["/name"]}, "times": 1}).to_string();
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &fault).status, 200);
    let answer = || send(&server, "POST", "/shippo/addresses", &SHIPPO, r#"{"name": "Ada", "country": "US"}"#).json();
    assert_eq!((answer()["name"].clone(), answer()["name"].clone()), (Value::Null, json!("Ada")));
}

#[test]
fn ids_lead_to_their_own_calls_after_a_snapshot_was_gone_back_to() {
    let server = under("clock: {mode: frozen}\noverrides: [{on: shippo.*, when: {chance: 0.5}, latency: 1ms}]");
    let act = |what: &str| send(&server, "POST", &format!("/_seatrial/sandboxes/default/{what}"), &[JSON], r#"{"name": "s"}"#).status;
    let get = |path: &str| {
        let head = send(&server, "GET", &format!("/shippo/{path}"), &SHIPPO, "").head;
        head.lines().find_map(|line| line.strip_prefix("seatrial-request: ")).unwrap_or_default().to_owned()
    };
    assert_eq!(act("snapshot"), 201);
    let mut calls = vec![(get("addresses"), "shippo.ListAddresses")];
    assert_eq!(act("restore"), 200);
    calls.push((get("parcels"), "shippo.ListParcels"));
    let drawn: Vec<Value> = calls
        .iter()
        .map(|(id, operation)| {
            let explained = admin(&server, "GET", &format!("/requests/{id}/explain"), &Value::Null);
            assert_eq!(explained["operation"], *operation, "{explained}");
            explained["rules"][0]["tests"][0]["values"][0]["value"].clone()
        })
        .collect();
    assert!(drawn[0] == drawn[1] && drawn[0].is_f64(), "the same number of the same account: {drawn:?}");
    // A file has what follows, too.
    let file = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/import", &[JSON], &file).status, 200);
    assert!(get("parcels").ends_with("-r1-2"));
}

#[test]
fn a_scenario_that_goes_on_with_the_data_goes_on_counting_calls() {
    let server = under("overrides: [{on: shippo.ListParcels, when: $call.nth == 3, fault: 500}]");
    let list = || send(&server, "GET", "/shippo/parcels", &SHIPPO, "").status;
    assert_eq!([list(), list()], [200, 200]);
    let other = "overrides: [{on: shippo.ListParcels, when: $call.nth == 3, fault: 503}]";
    let put = |query: &str| {
        let yaml = [("content-type", "application/yaml")];
        send(&server, "PUT", &format!("/_seatrial/sandboxes/default/scenario{query}"), &yaml, other).status
    };
    assert_eq!(put("?keep=data"), 200);
    assert_eq!([list(), list()], [503, 200]);
    let expected = json!({"expect": [{"call": "shippo.ListParcels", "when": "$call.nth == 4", "count": 1}]});
    assert_eq!(admin(&server, "POST", "/sandboxes/default/verify", &expected)["verdict"], "passed");
    // What begins anew counts anew.
    assert_eq!(put(""), 200);
    assert_eq!([list(), list(), list()], [200, 200, 503]);
}

#[test]
fn all_of_a_vendor_are_also_calls_that_lead_to_no_operation() {
    let server = under(
        "overrides:
  - {on: shippo.*, patch: {status: 299}, times: 1}
  - {on: shippo.*, fault: {commit: true, then: reset}, times: 1}
  - {on: shippo.*, when: $call.nth == 2, fault: 503}
  - {on: shippo.Create*, latency: 1s}
  - {on: shippo.*, when: $request.method == 'PATCH', fault: 500}
  - {on: '*', when: $request.path == '/everywhere', respond: {status: 418}}
expect:
  - {call: 'shippo.*', when: $answer.status == 503, count: 1}
  - {call: '*', count: 6}
",
    );
    let stranger = [("authorization", "ShippoToken nobody"), JSON];
    let call = |method: &str, path: &str, headers: &[(&str, &str)]| send(&server, method, path, headers, "").status;
    let get = |path: &str| call("GET", path, &SHIPPO);
    assert_eq!([get("/shippo/nowhere"), get("/shippo/nowhere"), get("/shippo/nowhere/else")], [404, 503, 404]);
    // Another method, another vendor, and somebody else.
    assert_eq!(call("PATCH", "/shippo/addresses", &SHIPPO), 500);
    assert_eq!([call("GET", "/shiptheory/everywhere", &[]), call("GET", "/shippo/everywhere", &stranger)], [418, 418]);
    let explained = admin(&server, "GET", &format!("/requests/{}/explain", ids(&server)[1]), &Value::Null);
    let outcomes: Vec<_> = rules(&explained).into_iter().map(|(line, outcome, _)| (line, outcome)).collect();
    let expected = [(2, "passed_over"), (3, "passed_over"), (4, "fired"), (6, "not_reached"), (7, "not_reached")];
    assert_eq!(outcomes, expected.map(|(line, outcome)| (line, outcome.to_owned())), "{explained}");
    assert_eq!(explained["others"], 1);
    let verdict = admin(&server, "POST", "/sandboxes/default/verify", &Value::Null);
    assert_eq!(verdict["verdict"], "passed", "{verdict}");
}

#[test]
fn every_vendor_has_words_for_failures_where_no_operation_is() {
    let server = Server::start(&[]);
    for status in [400, 401, 402, 403, 404, 405, 406, 409, 413, 415, 418, 422, 429, 500, 503] {
        let fault = json!({"on": "*", "fault": status}).to_string();
        assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/down", &[JSON], &fault).status, 200);
        for path in
            ["shipmate/v1.1/x", "shipmate/v1.2/x", "shiptheory/v1/x", "shippo/x", "shipstation/x", "shipstation/v2/x", "shiptime/rest/x"]
        {
            let answer = send(&server, "GET", &format!("/{path}"), &[], "");
            assert_eq!(answer.status, status, "{path}: {}", answer.body);
            assert!(!answer.head.contains("sandbox-broken"), "{path}: {}", answer.head);
        }
    }
}

fn make_rates(server: &Server) {
    // Whatever is bought, there are rates now.
    let address =
        json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": address, "address_to": address, "parcels": [parcel], "async": false}).to_string();
    assert_eq!(send(server, "POST", "/shippo/shipments", &SHIPPO, &shipment).status, 201);
}

#[test]
fn faults_are_explained_and_secrets_are_not_shown() {
    let server = Server::start(&[]);
    let fault =
        json!({"on": "shiptheory.*", "when": "$request.body.password == 'x' or $request.headers.authorization exists", "fault": 503});
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &fault.to_string()).status, 200);
    let login = json!({"email": "somebody@example.com", "password": "a secret of mine"}).to_string();
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], &login);
    let id = ids(&server).remove(0);
    let shown = send(&server, "GET", &format!("/_seatrial/requests/{id}/explain?secrets=show"), &[], "").body;
    assert!(shown.contains("a secret of mine"), "{shown}");
    let hidden = send(&server, "GET", &format!("/_seatrial/requests/{id}/explain"), &[], "");
    assert!(!hidden.body.contains("a secret of mine") && hidden.body.contains("$request.body.password"), "{}", hidden.body);
    assert_eq!(hidden.json()["rules"][0]["what"], "fault");
    // A fault that took a call and is gone is said.
    let fault = r#"{"on": "shippo.*", "fault": 503}"#;
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/gone", &[JSON], fault).status, 200);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 503);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/default/faults/gone", &[], "").status, 204);
    let id = ids(&server).remove(1);
    let explained = admin(&server, "GET", &format!("/requests/{id}/explain"), &Value::Null);
    assert_eq!(explained["remarks"], json!(["the fault `gone`, which took the call, is not there any more"]));
}

/// What is held against calls while a label waits for its first scan, under a clock that stands still.
const HELD_AGAINST: &str = "
overrides:
  - on: shippo.CreateAddress
    when:
      all:
        - request: {body: {name: A*, country: '~/^C/', zip: 1..5, test: null}, headers: {Authorization: '*nobody'}}
        - clock: {from: 2026-01-05T08:00:00Z, daily: 11:00..12:00, days: [mon, tue], zone: Europe/Berlin}
        - chance: 0.000001
    fault: 503
  - {on: shippo.CreateAddress, when: {chance: 0.999999}, fault: 503}
";

#[test]
fn conditions_that_are_no_expressions_say_what_they_were_held_against() {
    let server = under(&format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\ngiven:{SHIPPO_LABEL}{HELD_AGAINST}"));
    create(&server, "Ada");
    let explained = admin(&server, "GET", &format!("/requests/{}/explain", ids(&server)[0]), &Value::Null);
    let tests = explained["rules"][0]["tests"].as_array().expect("a list").clone();
    let expected = [
        // What is compared with a credential may be one.
        ("$request.headers.authorization: [redacted]", false, "$request.headers.authorization"),
        ("$request.body.name: A*", true, "$request.body.name"),
        ("$request.body.country: ~/^C/", false, "$request.body.country"),
        ("$request.body.zip: 1..5", false, "$request.body.zip"),
        ("$request.body.test: null", true, "$request.body.test"),
        ("clock: {from: 2026-01-05T08:00:00Z, daily: 11:00:00..12:00:00, days: [mon, tue]}", false, "now"),
        ("chance: 0.000001", false, "drawn"),
    ];
    let found: Vec<_> = tests.iter().map(|test| (&test["expression"], &test["holds"], &test["values"][0]["path"])).collect();
    let expected = expected.map(|(expression, holds, path)| (json!(expression), json!(holds), json!(path)));
    assert_eq!(found, expected.iter().map(|(expression, holds, path)| (expression, holds, path)).collect::<Vec<_>>());
    let value = |index: usize| &tests[index]["values"][0]["value"];
    assert_eq!((value(1), value(3)), (&json!("Ada"), &Value::Null));
    assert!(!value(0).to_string().contains("shippo_test_seatrial"), "a credential is hidden here as everywhere: {explained}");
    assert_eq!(value(5), "2026-01-05T10:00:00+01:00[Europe/Berlin]");
    let drawn = value(6).as_f64().expect("a number");
    assert!((0.000_001..1.0).contains(&drawn), "{drawn}");
    // What was drawn then is drawn again.
    assert_eq!(rules(&explained)[1].1, "fired", "{explained}");
    let remark = explained["remarks"][0].as_str().unwrap_or_default();
    assert!(remark.starts_with("the clock stands still at 2026-01-05T09:00:00Z: what is due next, at "), "{explained}");
}

/// What each call was to each rule, by the columns of the rules, which stand on one line.
fn on_one_line(server: &Server) -> Vec<Vec<(String, String)>> {
    let explained = ids(server).into_iter().map(|id| rules(&admin(server, "GET", &format!("/requests/{id}/explain"), &Value::Null)));
    explained.map(|rows| rows.into_iter().map(|(_, outcome, detail)| (outcome, detail)).collect()).collect()
}

#[test]
fn rules_on_one_line_are_told_apart() {
    let on = "shippo.CreateAddress";
    let scenario = json!({"overrides": [
        {"on": on, "fault": 503, "times": 1},
        {"on": on, "fault": 502, "times": 1},
        {"on": on, "when": "$request.body.name == 'Bob'", "fault": 500},
    ]});
    let server = under(&scenario.to_string());
    ["Ada", "Ada", "Ada", "Bob"].iter().for_each(|name| create(&server, name));
    let outcomes: Vec<Vec<String>> =
        on_one_line(&server).into_iter().map(|rows| rows.into_iter().map(|(outcome, _)| outcome).collect()).collect();
    let (fired, over, failed, not) = ("fired", "passed_over", "condition_failed", "not_reached");
    assert_eq!(outcomes, [[fired, not, not], [over, fired, not], [over, over, failed], [over, over, fired]]);
    let url = format!("http://{}", server.address());
    let said = text(&run(&["requests", "--url", &url, "--explain", &ids(&server)[1]]).stdout);
    assert!(said.contains("in line 1, column 15: passed over: the call matches, but `times: 1` ends it"), "{said}");
}

const NO_PLACE: &str =
    "the call matches, but its answer has none of the places that the patch changes, which counts for neither `skip` nor `times`";
const NOT_ASKED: &str =
    "the call matches, but the vendor did not look for what would make it fail, which counts for neither `skip` nor `times`";

#[test]
fn why_a_rule_let_a_call_pass_is_what_happened_then() {
    let on = "shippo.CreateAddress";
    let used_up = "the call matches, but `times: 1` ends it";
    let check = |overrides: Value, second: [(&str, &str); 2]| {
        let server = under(&json!({"overrides": overrides}).to_string());
        ["Ada", "Ada"].iter().for_each(|name| create(&server, name));
        let expected: Vec<_> = second.iter().map(|(outcome, detail)| ((*outcome).to_owned(), (*detail).to_owned())).collect();
        assert_eq!(on_one_line(&server)[1], expected);
    };
    let fired = |what: &str| format!("`{what}`, the 1st call that it had an effect on");
    check(
        json!([{"on": on, "fault": {"commit": true, "then": "reset"}, "times": 1}, {"on": on, "respond": {"status": 503}}]),
        [("passed_over", used_up), ("fired", &fired("respond"))],
    );
    check(
        json!([{"on": on, "patch": {"set": {"/name": "Eve"}}, "times": 1}, {"on": on, "patch": {"remove": ["/nope"]}}]),
        [("passed_over", used_up), ("passed_over", NO_PLACE)],
    );
    check(
        json!([{"on": on, "fault": 503, "skip": 2, "times": 1}, {"on": on, "fault": 502, "skip": 1}]),
        [("passed_over", "the call matches, but `skip: 2` leaves the first calls alone"), ("fired", &fired("fault"))],
    );
    // A failure that the vendor does not look for is taken, and counts for nothing.
    check(
        json!([{"on": on, "fault": "address_undeliverable", "times": 1}, {"on": on, "patch": {"body": {"name": "Eve"}}}]),
        [("passed_over", NOT_ASKED), ("not_reached", "an earlier rule had taken the call, though it had no effect")],
    );
}

#[test]
fn a_call_is_not_explained_by_rules_that_came_later() {
    let yaml = [("content-type", "application/yaml")];
    let edit = |server: &Server, scenario: &str| {
        assert_eq!(send(server, "PUT", "/_seatrial/sandboxes/default/scenario?keep=data", &yaml, scenario).status, 200);
    };
    let server = under("overrides:\n  - {on: shippo.CreateAddress, fault: 503, times: 1}\n  - {on: shippo.CreateAddress, latency: 1ms}\n");
    ["Ada", "Ada"].iter().for_each(|name| create(&server, name));
    edit(&server, "overrides:\n  - {on: shippo.CreateAddress, fault: 503, when: $request.body.name exists}\n");
    let unknown = ("unknown".to_owned(), "the call came under another scenario, or before an edit of it".to_owned());
    assert_eq!(on_one_line(&server), [[unknown.clone()], [unknown]]);
    let explained = admin(&server, "GET", &format!("/requests/{}/explain", ids(&server)[0]), &Value::Null);
    let gone = "the override `shippo.CreateAddress` (then in line 2), which took the call, is not there any more";
    assert_eq!(explained["remarks"], json!([gone]));
    // An edit of what has nothing to do with calls changes nothing about them.
    let server = under("overrides: [{on: shippo.CreateAddress, fault: 503, times: 1}]");
    ["Ada", "Ada"].iter().for_each(|name| create(&server, name));
    let before = on_one_line(&server);
    let same =
        "# Another comment.\nname: other\noverrides:\n  - {times: 1, fault: 503, on: shippo.CreateAddress}\nexpect: [{never: '*'}]\n";
    edit(&server, same);
    assert_eq!(on_one_line(&server), before);
    assert_eq!((before[0][0].0.as_str(), before[1][0].0.as_str()), ("fired", "passed_over"));
    // Neither by faults that are switched on later, or anew.
    let put = |fault: &str| send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], fault).status;
    assert_eq!(put(r#"{"on": "shippo.*", "fault": 500}"#), 200);
    assert_eq!(on_one_line(&server)[0][0].1, "it was not switched on yet when the call came");
    create(&server, "Eve");
    assert_eq!(put(r#"{"on": "shippo.*", "fault": 501}"#), 200);
    assert_eq!(on_one_line(&server)[2][0].1, "it was another fault of that name when the call came");
    assert_eq!(on_one_line(&server)[2][1].0, "not_reached");
}
