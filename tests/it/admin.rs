//! The admin API of a running server: who is kept out of every route, and whether its OpenAPI document tells the truth.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::admin_contract;
use crate::client::{Answer, JSON, send};
use crate::play;
use crate::process::Server;

/// Every operation of the document: method, path as the document has it, and what it says.
pub fn operations(server: &Server, headers: &[(&str, &str)]) -> Vec<(String, String, Value)> {
    let document = send(server, "GET", "/_seatrial/openapi.json", headers, "").json();
    let paths = document["paths"].as_object().expect("a document has paths").clone();
    let rows = paths.into_iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("a path has methods").clone();
        methods.into_iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 30, "{}", rows.len());
    rows
}

/// The path with something in the place of its parameters.
pub fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "{s}" => "default",
        segment if segment.starts_with('{') => "x",
        segment => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Tries every route with these headers and a body, and expects the same refusal from all of them.
fn refused(server: &Server, token: &[(&str, &str)], headers: &[(&str, &str)], expected: u16, only: fn(&str, &str) -> bool) {
    for (method, path, _) in operations(server, token) {
        // An inbox receives what vendors send, in any form and without a token; `door` tests what it refuses.
        if !only(&method, &path) || (method == "POST" && path.ends_with("/inbox/{name}")) {
            continue;
        }
        let body = if method == "GET" { "" } else { "{}" };
        let answer = send(server, &method, &filled(&path), headers, body);
        assert_eq!(answer.status, expected, "{method} {path} with {headers:?}: {}", answer.body);
        assert_eq!(answer.kind, "application/problem+json", "{method} {path}");
        assert_eq!(answer.json()["status"], expected, "{method} {path}");
        assert!(!answer.head.contains("access-control-"), "{method} {path}");
    }
}

#[test]
fn no_route_opens_without_the_token() {
    let server = Server::start(&["--admin-token", "secret"]);
    let token = [("authorization", "Bearer secret")];
    let all_but_health = |_: &str, path: &str| !["/health", "/livez", "/readyz"].iter().any(|probe| path.ends_with(probe));
    refused(&server, &token, &[JSON], 401, all_but_health);
    refused(&server, &token, &[JSON, ("authorization", "Bearer wrong")], 401, all_but_health);
    refused(&server, &token, &[JSON, ("authorization", "Basic secret")], 401, all_but_health);
    for probe in ["health", "livez", "readyz"] {
        assert_eq!(send(&server, "GET", &format!("/_seatrial/{probe}"), &[], "").status, 200, "{probe}");
    }
}

#[test]
fn no_route_opens_to_a_web_page() {
    let server = Server::start(&[]);
    let all = |_: &str, _: &str| true;
    refused(&server, &[], &[JSON, ("origin", "http://evil.example")], 403, all);
    refused(&server, &[], &[JSON, ("origin", "null")], 403, all);
    refused(&server, &[], &[JSON, ("host", "rebound.example")], 403, all);
    let writes = |method: &str, _: &str| method != "GET";
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        refused(&server, &[], &[("content-type", kind)], 415, writes);
    }
}

#[test]
fn unknown_routes_and_methods_are_problems() {
    let server = Server::start(&[]);
    for (method, path, expected) in [
        ("GET", "/_seatrial/nowhere", 404),
        ("GET", "/_seatrial/sandboxes/none", 404),
        ("PATCH", "/_seatrial/sandboxes", 405),
        ("GET", "/_seatrial/sandboxes/default/requests?opration=shippo.CreateAddress", 400),
        ("DELETE", "/_seatrial/sandboxes/default/requests?vendr=shippo", 400),
        ("GET", "/_seatrial/sandboxes/default/requests?vendor=shipo", 400),
        ("GET", "/_seatrial/sandboxes/default/requests/count?operation=shippo.CreateAdress", 400),
        ("GET", "/_seatrial/sandboxes?wait=5s", 400),
        ("GET", "/_seatrial/parcels/none", 404),
        ("GET", "/_seatrial/sandboxes/default/requests?status=9", 400),
        ("GET", "/_seatrial/sandboxes/default/requests?since=nothing", 400),
        ("POST", "/_seatrial/sandboxes/default/restore", 404),
        ("DELETE", "/_seatrial/sandboxes/default", 409),
    ] {
        let answer = send(&server, method, path, &[JSON], "");
        assert_eq!((answer.status, answer.kind.as_str()), (expected, "application/problem+json"), "{method} {path}: {}", answer.body);
    }
    let wrong = send(&server, "PATCH", "/_seatrial/sandboxes", &[], "");
    assert!(wrong.head.contains("\r\nallow: get, post\r\n"), "{}", wrong.head);
    // The name is looked at first: a scenario may take long.
    for (name, expected) in [("default", 409), ("Default", 400), ("other", 422)] {
        let body = json!({"name": name, "scenario": "given: [shippo.Nothing: {}]"}).to_string();
        let answer = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &body);
        assert_eq!(answer.status, expected, "{name}: {}", answer.body);
    }
    let bad = send(&server, "PUT", "/_seatrial/sandboxes/default/faults/x", &[JSON], r#"{"on": "shippo.Nothing", "fault": "reset"}"#);
    assert_eq!(bad.status, 422, "{}", bad.body);
}

#[test]
fn escaped_letters_are_the_same_path_and_open_nothing() {
    let server = Server::start(&["--admin-token", "secret"]);
    for path in ["/_seatrial/%68ealth", "/%5Fseatri%61l/health", "/%5Fseatrial/sandboxes/d%65fault/%63lock"] {
        let token = ("authorization", "Bearer secret");
        assert_eq!(send(&server, "GET", path, &[token], "").status, 200, "{path}");
        let expected = if path.ends_with("ealth") { 200 } else { 401 };
        assert_eq!(send(&server, "GET", path, &[], "").status, expected, "{path}");
    }
}

/// One call of each route, in an order in which all of them succeed: method, route, address below `/_seatrial`, body.
const SESSION: &[(&str, &str, &str, &str)] = &[
    ("GET", "/health", "/health", ""),
    ("GET", "/livez", "/livez", ""),
    ("GET", "/readyz", "/readyz", ""),
    ("GET", "/version", "/version", ""),
    ("GET", "/fleet", "/fleet", ""),
    ("GET", "/coverage", "/coverage", ""),
    ("GET", "/metrics", "/metrics", ""),
    ("GET", "/openapi.json", "/openapi.json", ""),
    ("GET", "/specs/{vendor}", "/specs/shippo", ""),
    ("GET", "/vendors/{vendor}/operations", "/vendors/shiptime/operations", ""),
    ("GET", "/vendors/{vendor}/operations/{operation}", "/vendors/shippo/operations/CreateRefund", ""),
    ("POST", "/sandboxes", "/sandboxes", r#"{"name": "one", "seed": 7, "ttl": "1h", "clock": {"mode": "frozen"}}"#),
    ("GET", "/sandboxes", "/sandboxes", ""),
    ("GET", "/sandboxes/{s}", "/sandboxes/one", ""),
    ("GET", "/sandboxes/{s}/clock", "/sandboxes/one/clock", ""),
    ("GET", "/sandboxes/{s}/log", "/sandboxes/one/log?limit=5", ""),
    ("GET", "/sandboxes/{s}/agenda", "/sandboxes/default/agenda?kind=parcel", ""),
    ("PUT", "/sandboxes/{s}/clock", "/sandboxes/one/clock", r#"{"mode": {"speed": 2}}"#),
    ("POST", "/sandboxes/{s}/clock/advance", "/sandboxes/one/clock/advance", r#"{"by": "72h"}"#),
    ("PUT", "/sandboxes/{s}/scenario", "/sandboxes/one/scenario?keep=data", r#"{"name": "two"}"#),
    ("GET", "/sandboxes/{s}/scenario", "/sandboxes/one/scenario", ""),
    ("POST", "/sandboxes/{s}/snapshot", "/sandboxes/one/snapshot", r#"{"name": "clean"}"#),
    ("GET", "/sandboxes/{s}/snapshots", "/sandboxes/one/snapshots", ""),
    ("POST", "/sandboxes/{s}/restore", "/sandboxes/one/restore", r#"{"name": "clean"}"#),
    ("DELETE", "/sandboxes/{s}/snapshots/{name}", "/sandboxes/one/snapshots/clean", ""),
    ("POST", "/sandboxes/{s}/fork", "/sandboxes/one/fork", r#"{"name": "copy"}"#),
    ("PUT", "/sandboxes/{s}/faults/{name}", "/sandboxes/one/faults/down", r#"{"on": "shippo.*", "fault": 503}"#),
    ("GET", "/sandboxes/{s}/faults", "/sandboxes/one/faults", ""),
    ("GET", "/sandboxes/{s}/faults/{name}", "/sandboxes/one/faults/down", ""),
    ("GET", "/sandboxes/{s}/export", "/sandboxes/one/export?include=journal,log", ""),
    ("POST", "/sandboxes/{s}/import", "/sandboxes/again/import", "{file}"),
    ("DELETE", "/sandboxes/{s}/faults/{name}", "/sandboxes/one/faults/down", ""),
    ("GET", "/sandboxes/{s}/requests", "/sandboxes/default/requests?vendor=shippo", ""),
    ("GET", "/sandboxes/{s}/requests/count", "/sandboxes/default/requests/count?status=2xx", ""),
    ("GET", "/sandboxes/{s}/requests/export", "/sandboxes/default/requests/export?format=ndjson", ""),
    (
        "POST",
        "/sandboxes/{s}/conversations",
        "/sandboxes/one/conversations?vendor=shippo",
        r#"{"about": "nothing", "steps": [{"call": "GET /addresses", "expect": {"status": 401}}]}"#,
    ),
    ("POST", "/sandboxes/{s}/verify", "/sandboxes/default/verify", r#"{"expect": [{"call": "shippo.CreateAddress", "count": 1}]}"#),
    ("GET", "/verdicts", "/verdicts", ""),
    ("GET", "/sandboxes/{s}/contract", "/sandboxes/default/contract?vendor=shippo", ""),
    ("GET", "/requests/{id}", "/requests/{request}", ""),
    ("GET", "/sandboxes/{s}/scenario/rules", "/sandboxes/default/scenario/rules", ""),
    ("GET", "/scenarios", "/scenarios", ""),
    ("GET", "/scenarios/{name}", "/scenarios/lost-parcel", ""),
    (
        "POST",
        "/scenarios/check",
        "/scenarios/check",
        r#"{"overrides": [{"on": "shippo.GetTrack", "when": "$call.nth = 1", "fault": 500}]}"#,
    ),
    ("GET", "/requests/{id}/explain", "/requests/{request}/explain", ""),
    ("GET", "/requests/{id}/export", "/requests/{request}/export?format=curl", ""),
    ("GET", "/requests/unmatched", "/requests/unmatched", ""),
    ("DELETE", "/requests/unmatched", "/requests/unmatched", ""),
    ("DELETE", "/sandboxes/{s}/requests", "/sandboxes/default/requests?method=GET", ""),
    ("GET", "/sandboxes/{s}/parcels", "/sandboxes/default/parcels", ""),
    ("GET", "/parcels/{tracking}", "/parcels/{parcel}", ""),
    ("GET", "/parcels/{tracking}/label", "/parcels/{parcel}/label", ""),
    ("POST", "/parcels/{tracking}/events", "/parcels/{parcel}/events", r#"{"status": "in_transit"}"#),
    ("POST", "/parcels/{tracking}/next", "/parcels/{parcel}/next", ""),
    ("GET", "/timelines", "/timelines", ""),
    ("PUT", "/parcels/{tracking}/timeline", "/parcels/{parcel}/timeline", r#"{"name": "lost"}"#),
    ("POST", "/sandboxes/{s}/webhooks", "/sandboxes/default/webhooks", r#"{"vendor": "shipmate", "url": "{base}/_seatrial/inbox/mine"}"#),
    ("GET", "/sandboxes/{s}/webhooks", "/sandboxes/default/webhooks", ""),
    ("POST", "/webhooks/{id}/test", "/webhooks/{webhook}/test", "{}"),
    ("GET", "/sandboxes/{s}/deliveries", "/sandboxes/default/deliveries?progress=delivered&wait=30s", ""),
    ("GET", "/deliveries/{id}", "/deliveries/{delivery}", ""),
    ("POST", "/deliveries/{id}/redeliver", "/deliveries/{delivery}/redeliver", ""),
    ("POST", "/sandboxes/{s}/deliveries/redeliver", "/sandboxes/default/deliveries/redeliver?progress=failed", ""),
    ("POST", "/webhooks/{id}/resume", "/webhooks/{webhook}/resume", ""),
    ("DELETE", "/webhooks/{id}", "/webhooks/{webhook}", ""),
    ("POST", "/inbox/{name}", "/inbox/mine", "{}"),
    ("GET", "/inbox/{name}", "/inbox/mine", ""),
    ("GET", "/inboxes", "/inboxes", ""),
    ("DELETE", "/inbox/{name}", "/inbox/mine", ""),
    ("POST", "/sandboxes/{s}/reset", "/sandboxes/one/reset", ""),
    ("POST", "/reset", "/reset", ""),
    ("DELETE", "/sandboxes/{s}", "/sandboxes/one", ""),
];

/// Routes that other tests hold against their document: the stream below.
const ELSEWHERE: &[(&str, &str)] = &[("GET", "/sandboxes/{s}/requests/stream"), ("GET", "/sandboxes/{s}/stream")];

pub const SHIPPO: [(&str, &str); 3] = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_test_seatrial"), JSON];

/// Buys a label, so that there are calls and a parcel: the id of the first call, and the tracking number.
/// Shippo's own account with USPS in test mode, which all sandboxes have.
pub const USPS: &str = "2c05985c735e64bdfeff181cc4c148cc";

pub fn furnish(server: &Server) -> (String, String) {
    let address = r#"{"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}"#;
    let made = send(server, "POST", "/shippo/addresses", &SHIPPO, address);
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.head.lines().find_map(|line| line.strip_prefix("seatrial-request: ")).expect("the call has an id").to_owned();
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let address: Value = serde_json::from_str(address).expect("it is JSON");
    let shipment = json!({"address_from": address, "address_to": address, "parcels": [parcel], "carrier_accounts": [USPS], "async": false})
        .to_string();
    let shipment = send(server, "POST", "/shippo/shipments", &SHIPPO, &shipment).json();
    let rate = shipment["rates"].as_array().and_then(|rates| rates.iter().find(|rate| rate["provider"] == "USPS"));
    let buy = json!({"rate": rate.expect("there is a rate")["object_id"], "async": false}).to_string();
    let label = send(server, "POST", "/shippo/transactions", &SHIPPO, &buy).json();
    let number = label["tracking_number"].as_str().filter(|number| !number.is_empty()).unwrap_or_else(|| panic!("{label}"));
    (id, number.to_owned())
}

#[test]
fn the_document_tells_the_truth() {
    let server = Server::start(&[]);
    let (request, parcel) = furnish(&server);
    let document = admin_contract::document();
    let known: BTreeMap<(String, String), Value> =
        operations(&server, &[]).into_iter().map(|(method, path, operation)| ((method, path), operation)).collect();
    let mut tried: BTreeSet<(String, String)> =
        ELSEWHERE.iter().map(|(method, path)| ((*method).to_owned(), format!("/_seatrial{path}"))).collect();
    let base = format!("http://{}", server.address());
    let mut saved: BTreeMap<&str, String> = BTreeMap::from([("{request}", request), ("{parcel}", parcel), ("{base}", base)]);
    for (method, route, address, body) in SESSION {
        let key = ((*method).to_owned(), format!("/_seatrial{route}"));
        let operation = known.get(&key).unwrap_or_else(|| panic!("the document has no {method} {route}"));
        let fill = |text: String| saved.iter().fold(text, |text, (name, value)| text.replace(name, value));
        let (address, body) = (fill(format!("/_seatrial{address}")), fill((*body).to_owned()));
        let headers: &[(&str, &str)] = if body.is_empty() && *method != "POST" { &[] } else { &[JSON] };
        let answer = send(&server, method, &address, headers, &body);
        let said = &operation["responses"][answer.status.to_string()];
        assert!(said.is_object(), "{method} {address} answered {}: {}", answer.status, answer.body);
        if let (Some(schema), false) = (operation.pointer("/requestBody/content/application~1json/schema"), body.is_empty()) {
            let root = json!({"allOf": [schema], "components": document["components"]});
            let validator = jsonschema::validator_for(&root).unwrap_or_else(|error| panic!("{method} {route}: {error}"));
            let sent = serde_json::from_str(&body).expect("bodies are JSON");
            assert!(validator.is_valid(&sent), "{method} {address}: the document refuses the body that the server takes");
        }
        let id = || answer.json()["id"].as_str().unwrap_or_default().to_owned();
        match (*method, *route) {
            ("GET", "/sandboxes/{s}/export") => drop(saved.insert("{file}", answer.body)),
            ("POST", "/sandboxes/{s}/webhooks") => drop(saved.insert("{webhook}", id())),
            ("POST", "/webhooks/{id}/test") => drop(saved.insert("{delivery}", id())),
            _ => {}
        }
        tried.insert(key);
    }
    let ids: BTreeSet<&str> = known.values().filter_map(|operation| operation["operationId"].as_str()).collect();
    assert_eq!(ids.len(), known.len(), "{ids:?}");
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{ids:?}");
    let missing: Vec<_> = known.keys().filter(|key| !tried.contains(*key)).collect();
    assert!(missing.is_empty(), "add a row to SESSION for {missing:?}");
}

#[test]
fn a_conversation_whose_values_multiply_is_told_so() {
    let server = Server::start(&[]);
    let call = |name: &str| json!({"call": "POST /addresses", "json": {"name": name, "country": "US"}, "save": {"a": "name"}});
    let mut steps = vec![call(&"x".repeat(30_000))];
    steps.extend((0..9).map(|_| call("{{a}}{{a}}{{a}}{{a}}")));
    let headers = json!({"authorization": "ShippoToken shippo_test_seatrial"});
    let played = crate::client::admin(
        &server,
        "POST",
        "/sandboxes/default/conversations?vendor=shippo",
        &json!({"headers": headers, "steps": steps}),
    );
    assert!(played.to_string().contains("too much of what was saved"), "{played}");
}

#[test]
fn recorded_calls_are_a_conversation_that_goes_as_recorded() {
    let server = Server::start(&[]);
    let scenario = r#"{"name": "still", "clock": {"start": "2026-01-05T09:00:00Z", "mode": "frozen"}}"#;
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[JSON], scenario).status, 200);
    furnish(&server);
    send(&server, "POST", "/_seatrial/sandboxes/default/clock/advance", &[JSON], r#"{"by": "30h"}"#);
    furnish(&server);
    let export = |format: &str| {
        let answer = send(&server, "GET", &format!("/_seatrial/sandboxes/default/requests/export?format={format}"), &[], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let story = play::read(&export("conversation&secrets=show"), "exported").unwrap_or_else(|problems| panic!("{}", play::told(&problems)));
    assert!(story.about.is_some() && story.expects_every_answer());
    let played = play::play(&story, "shippo", &mut |_, _| {});
    assert!(played.is_ok(), "{}", played.err().map_or_else(String::new, |step| play::explain(&step, &story)));
    // The same in a sandbox of another name, by credentials of its own.
    let still = r#"{"name": "still", "seed": 42, "clock": {"start": "2026-01-05T09:00:00Z", "mode": "frozen"}}"#;
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], still).status, 201);
    let yaml = [("content-type", "application/yaml")];
    let path = "/_seatrial/sandboxes/still/conversations?vendor=shippo";
    let played = send(&server, "POST", path, &yaml, &export("conversation&secrets=show")).json();
    assert_eq!(played["steps"].as_array().map(Vec::len), Some(7), "{played}");
    let problems = |played: &Value| -> Vec<String> {
        let steps = played["steps"].as_array().into_iter().flatten();
        let rows = steps.flat_map(|step| step["problems"].as_array().into_iter().flatten());
        rows.map(|problem| problem.as_str().unwrap_or_default().to_owned()).collect()
    };
    // Only links to labels differ: they carry the name of the sandbox, because no credential goes with them.
    assert!(problems(&played).iter().all(|problem| problem.starts_with("$.label_url")), "{played}");
    let parcels = send(&server, "GET", "/_seatrial/sandboxes/still/parcels", &[], "").json();
    assert_eq!(parcels["parcels"].as_array().map(Vec::len), Some(2));
    let changed = export("conversation&secrets=show").replace("\"status\":201", "\"status\":200");
    let played = send(&server, "POST", path, &yaml, &changed).json();
    assert!(problems(&played).iter().any(|problem| problem == "status 201, expected 200"), "{played}");
    for format in ["har", "ndjson", "curl", "conversation"] {
        let shown = export(format);
        assert!(shown.contains("San Francisco") && !shown.contains("shippo_test_seatrial"), "{format}");
        assert!(export(&format!("{format}&secrets=show")).contains("shippo_test_seatrial"), "{format}");
    }
    assert_eq!(serde_json::from_str::<Value>(&export("har")).expect("HAR is JSON")["log"]["entries"].as_array().map(Vec::len), Some(6));
}

#[test]
fn a_full_sandbox_says_so_to_both_sides() {
    let server = Server::start(&["--sandbox-bytes", "4000"]);
    let address = r#"{"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}"#;
    let answers: Vec<Answer> = (0..12).map(|_| send(&server, "POST", "/shippo/addresses", &SHIPPO, address)).collect();
    let last = answers.last().expect("there were calls");
    assert!(answers[0].status == 201 && last.status == 500 && last.head.contains("seatrial-notes: sandbox-full"), "{}", last.head);
    let note = send(&server, "GET", "/_seatrial/sandboxes/default/requests?note=sandbox-full&limit=1", &[], "").json();
    assert_eq!(note["requests"][0]["notes"][0]["blame"], "sandbox", "{note}");
    let usage = send(&server, "GET", "/_seatrial/sandboxes/default", &[], "").json()["usage"].clone();
    assert!(usage["documents"].as_u64() <= usage["documents_limit"].as_u64(), "{usage}");
    let hook = format!(r#"{{"vendor": "shippo", "url": "http://127.0.0.1:9/{}"}}"#, "x".repeat(4000));
    let fault = format!(r#"{{"on": "shippo.*", "respond": {{"status": 500, "body": "{}"}}}}"#, "x".repeat(4000));
    let file = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    let file = file.replacen("\"scenario\":\"\"", &format!("\"scenario\":\"name: x\\ndescription: {}\"", "x".repeat(4000)), 1);
    for (method, path, body) in [("POST", "webhooks", hook), ("PUT", "faults/big", fault), ("POST", "import", file)] {
        let refused = send(&server, method, &format!("/_seatrial/sandboxes/default/{path}"), &[JSON], &body);
        assert_eq!(refused.status, 507, "{path}: {}", refused.body);
    }
    let given = format!(r#"{{"given": [{}]}}"#, vec![format!(r#"{{"shippo.CreateAddress": {address}}}"#); 12].join(", "));
    let refused = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[JSON], &given);
    assert!(refused.status == 422 && refused.body.contains("may not hold so much data"), "{}", refused.body);
    let snapshot = send(&server, "POST", "/_seatrial/sandboxes/default/snapshot", &[JSON], "{}");
    assert_eq!((snapshot.status, snapshot.kind.as_str()), (507, "application/problem+json"), "{}", snapshot.body);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/reset", &[JSON], "").status, 200);
    assert_eq!(send(&server, "POST", "/shippo/addresses", &SHIPPO, address).status, 201);
}

#[test]
fn a_fault_outlives_a_change_of_scenario_that_keeps_the_data() {
    let server = Server::start(&[]);
    let call = || send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status;
    let fault = r#"{"on": "shippo.ListAddresses", "fault": 503}"#;
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/down", &[JSON], fault).status, 200);
    assert_eq!(call(), 503);
    send(&server, "PUT", "/_seatrial/sandboxes/default/scenario?keep=data", &[JSON], r#"{"name": "other"}"#);
    assert_eq!(call(), 503);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/default/faults/down", &[], "").json()["met"], 2);
    send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[JSON], r#"{"name": "other"}"#);
    assert_eq!(call(), 200);
}

#[test]
fn a_verdict_is_given_on_evidence_only() {
    let server = Server::start(&["--journal-bytes", "20000"]);
    let verdict = |expect: Value| {
        let body = json!({"expect": expect}).to_string();
        send(&server, "POST", "/_seatrial/sandboxes/default/verify", &[JSON], &body).json()
    };
    let bought = json!([{"call": "shippo.CreateAddress", "when": "$request.body.zip == '94117'", "count": 1}]);
    let order = json!([{"order": ["shippo.CreateAddress", "shippo.CreateTransaction"]}, {"never": "shippo.CreateRefund"}]);
    let address = r#"{"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"}"#;
    send(&server, "POST", "/shippo/addresses", &SHIPPO, address);
    assert_eq!(verdict(bought.clone())["verdict"], "passed");
    let missing = verdict(order.clone());
    assert_eq!((&missing["findings"][0]["verdict"], &missing["findings"][1]["verdict"]), (&json!("failed"), &json!("passed")));
    for _ in 0..40 {
        send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    }
    let evicted = verdict(bought);
    assert_eq!(evicted["verdict"], "unknown", "{evicted}");
    assert!(evicted["dropped"].as_u64() > Some(0), "{evicted}");
    assert_eq!(verdict(order)["verdict"], "unknown");
}

#[test]
fn a_route_that_takes_no_body_refuses_one() {
    let server = Server::start(&[]);
    let (_, parcel) = furnish(&server);
    let without = operations(&server, &[]).into_iter().filter(|(_, _, operation)| operation.get("requestBody").is_none());
    for (method, path, _) in without.filter(|(method, path, _)| !(method == "POST" && path.ends_with("/inbox/{name}"))) {
        for body in [r#"{"operation": "shippo.GetTrack"}"#, "[1]", "9"] {
            let answer = send(&server, &method, &filled(&path), &[JSON], body);
            assert_eq!((answer.status, answer.kind.as_str()), (400, "application/problem+json"), "{method} {path}: {}", answer.body);
            assert!(answer.json()["detail"].as_str().is_some_and(|detail| detail.contains("takes no body")), "{}", answer.body);
        }
    }
    let refused = send(&server, "DELETE", "/_seatrial/sandboxes/default/requests", &[JSON], r#"{"operation": "x"}"#).json();
    assert!(
        refused["detail"].as_str().is_some_and(|detail| detail.contains("its query takes") && detail.contains("operation")),
        "{refused}"
    );
    let kept = send(&server, "GET", "/_seatrial/sandboxes/default/requests/count", &[], "").json();
    assert_eq!(kept["count"], 3, "{kept}");
    // Clients that always send an object say nothing with it.
    assert_eq!(send(&server, "POST", &format!("/_seatrial/parcels/{parcel}/next"), &[JSON], "{}").status, 200);
}

#[test]
fn a_complaint_shows_the_body_as_it_was_sent() {
    let server = Server::start(&[]);
    let yaml = ("content-type", "application/yaml");
    let complaints = [
        ("POST", "verify", JSON, "{\n  \"expect\": [\n    {\"call\":  \"shippo.CreateAdress\"}\n  ]\n}", 3),
        ("POST", "verify", yaml, "expect:\n\n  - call: shippo.CreateAdress\n", 3),
        ("PUT", "faults/mine", JSON, "{\n  \"fault\": 500,\n  \"on\":  \"shippo.CreateAdress\"\n}", 3),
        ("PUT", "faults/mine", yaml, "on: shippo.*\nfault: 500\n\nlatncy: 1s\n", 4),
    ];
    for (method, path, kind, body, line) in complaints {
        let refused = send(&server, method, &format!("/_seatrial/sandboxes/default/{path}"), &[kind], body);
        assert_eq!(refused.status, 422, "{}", refused.body);
        let problem = refused.json();
        assert_eq!(problem["diagnostics"][0]["line"], line, "{problem}");
        let sent = body.lines().nth(line - 1).expect("the body has that line");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(sent) && detail.contains("did you mean")), "{problem}");
    }
    // A mark of UTF-8 in front of a body says nothing, however often it stands there.
    let body = "\u{feff}\u{feff}{\"for\": \"3h\"}";
    for kind in [JSON, yaml] {
        let refused = send(&server, "POST", "/_seatrial/sandboxes/default/clock/advance", &[kind], body).json();
        let told = &refused["diagnostics"][0];
        assert_eq!((&told["message"], &told["help"]), (&json!("unknown member `for`"), &json!("write `by: 3h`")), "{refused}");
    }
    let empty = send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], "");
    assert!(empty.status == 422 && empty.body.contains("an override is nothing"), "{}", empty.body);
}

#[test]
fn what_may_surprise_the_author_of_a_scenario_is_a_warning() {
    let server = Server::start(&[]);
    let scenario = "overrides: [{on: shipmate.createSku, fault: 418}]";
    let made = json!({"name": "odd", "scenario": scenario});
    let made = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &made.to_string());
    assert_eq!(made.status, 201);
    let expected = "line 1 of the scenario: no answer with the status 418 is known of shipmate";
    assert_eq!(made.json()["warnings"].as_array().and_then(|rows| rows.last()), Some(&json!(expected)));
    let yaml = [("content-type", "application/yaml")];
    let put = send(&server, "PUT", "/_seatrial/sandboxes/odd/scenario", &yaml, scenario);
    assert_eq!(put.json()["warnings"].as_array().and_then(|rows| rows.last()), Some(&json!(expected)));
}

#[test]
fn a_subscription_names_a_vendor_and_an_account_that_there_are() {
    let server = Server::start(&[]);
    let refused = |body: Value| {
        let answer = send(&server, "POST", "/_seatrial/sandboxes/default/webhooks", &[JSON], &body.to_string());
        assert_eq!(answer.status, 400);
        answer.json()["detail"].as_str().unwrap_or_default().to_owned()
    };
    let url = "http://127.0.0.1:9/hook";
    assert_eq!(
        refused(json!({"vendor": "shipstation", "url": url})),
        "`shipstation` is the address of shipstation_v1 and shipstation_v2: name one of them"
    );
    let detail = refused(json!({"vendor": "shippo", "account": "mine", "url": url}));
    assert_eq!(detail, "shippo has no account `mine` to subscribe with; its accounts are `live`, `test`");
}

#[test]
fn names_that_there_are_not_come_with_a_hint() {
    let server = Server::start(&[]);
    let (_, parcel) = furnish(&server);
    let scenario = r#"{"timelines": {"slowly": {"steps": [{"at": "+1h", "status": "collected"}]}}}"#;
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario?keep=data", &[JSON], scenario).status, 200);
    let put = |name: &str| {
        let answer = send(&server, "PUT", &format!("/_seatrial/parcels/{parcel}/timeline"), &[JSON], &json!({ "name": name }).to_string());
        assert_eq!(answer.status, 400, "{}", answer.body);
        answer.json()["detail"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(put("slowy"), "there is no timeline `slowy`; did you mean `slowly`?");
    assert!(put("something else").starts_with("there is no timeline `something else`; there are slowly, "));
    let refused = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"scenario": "default"}"#);
    assert!(refused.status == 422 && refused.body.contains("leave it out"), "{}", refused.body);
}
