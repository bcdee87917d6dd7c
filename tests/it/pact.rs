//! The journal as a Pact: what is in it, and what is left out.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::{Server, run, text};

const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

fn export(server: &Server, more: &[&str]) -> (Option<i32>, String, String) {
    let url = format!("http://{}", server.address());
    let output = run(&[&["contract", "pact", "export", "--url", &url, "--consumer", "shop", "--provider", "shippo"], more].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn pact(server: &Server) -> Value {
    let (code, out, error) = export(server, &[]);
    assert_eq!(code, Some(0), "{error}");
    serde_json::from_str(&out).expect("a pact is JSON")
}

fn interaction<'p>(pact: &'p Value, begins: &str) -> &'p Value {
    let rows = pact["interactions"].as_array().expect("a list");
    rows.iter().find(|row| row["description"].as_str().is_some_and(|text| text.starts_with(begins))).unwrap_or_else(|| panic!("{pact:#}"))
}

#[test]
fn calls_become_interactions_with_matchers_of_the_documents_types() {
    let server = Server::start(&["--scenario", "lost-parcel"]);
    let body =
        json!({"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    for _ in 0..2 {
        assert_eq!(send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &body.to_string()).status, 201);
    }
    assert_eq!(send(&server, "GET", "/shippo/addresses?page=1&results=5", &[SHIPPO], "").status, 200);
    let pact = pact(&server);
    assert_eq!((&pact["consumer"]["name"], &pact["provider"]["name"]), (&json!("shop"), &json!("shippo")));
    assert_eq!(pact["metadata"]["pactSpecification"]["version"], "4.0");
    // The same call twice is one interaction.
    assert_eq!(pact["interactions"].as_array().map(Vec::len), Some(2), "{pact:#}");
    let made = interaction(&pact, "shippo.CreateAddress answers 201");
    assert_eq!((&made["type"], &made["providerStates"][0]["name"]), (&json!("Synchronous/HTTP"), &json!("lost-parcel")));
    assert_eq!((&made["request"]["method"], &made["request"]["path"]), (&json!("POST"), &json!("/addresses")));
    assert_eq!((&made["request"]["body"]["content"], &made["response"]["status"]), (&body, &json!(201)));
    let rules = &made["response"]["matchingRules"]["body"];
    assert_eq!(rules["$.object_id"]["matchers"], json!([{"match": "type"}]));
    assert_eq!((made["response"]["body"]["content"].get("longitude"), rules.get("$.longitude")), (None, None));
    assert_eq!(rules["$.is_complete"]["matchers"], json!([{"match": "boolean"}]));
    assert_eq!(rules["$.street3"], json!({"combine": "OR", "matchers": [{"match": "type"}, {"match": "null"}]}));
    let listed = interaction(&pact, "shippo.ListAddresses answers 200");
    assert_eq!(listed["request"]["query"], json!({"page": ["1"], "results": ["5"]}));
    assert_eq!(listed["response"]["body"]["content"]["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["response"]["matchingRules"]["body"]["$.results"]["matchers"], json!([{"match": "type", "min": 1}]));
    assert!(!pact.to_string().contains("shippo_test_seatrial"), "{pact:#}");
}

#[test]
fn webhooks_become_messages() {
    let server = Server::start(&[]);
    let url = format!("http://{}/_seatrial/inbox/me", server.address());
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    let _ = admin(&server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().unwrap_or_default()), &json!({}));
    let pact = pact(&server);
    let message = interaction(&pact, "webhook ");
    assert_eq!((&message["type"], &message["contents"]["contentType"]), (&json!("Asynchronous/Messages"), &json!("application/json")));
    assert!(message["contents"]["content"].is_object(), "{message}");
}

#[test]
fn disturbed_calls_are_left_out_and_nothing_is_no_pact() {
    let server = Server::start(&[]);
    let _ = admin(&server, "PUT", "/sandboxes/default/faults/down", &json!({"on": "shippo.*", "fault": 503}));
    assert_eq!(send(&server, "GET", "/shippo/addresses", &[SHIPPO], "").status, 503);
    let (code, _, error) = export(&server, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(error, "error: no call of `shippo` is in the journal that a pact could be made of\n");
    let output = run(&["contract", "pact", "export", "--consumer", "shop", "--provider", "shipo", "--journal", "none"]);
    assert!(text(&output.stderr).starts_with("error: there is no vendor `shipo`, expected one of `shipmate`"), "{}", text(&output.stderr));
}

/// Verifies a text against a server; the exit code, and what was said.
fn verify(server: &Server, name: &str, pact: &str, more: &[&str]) -> (Option<i32>, String) {
    let path = std::env::temp_dir().join(format!("seatrial-{name}-{}.json", std::process::id()));
    std::fs::write(&path, pact).expect("the folder takes files");
    let (url, file) = (format!("http://{}", server.address()), path.to_string_lossy().into_owned());
    let token = "Authorization: ShippoToken shippo_test_seatrial";
    let output = run(&[&["contract", "pact", "verify", &file, "--url", &url, "--header", token], more].concat());
    std::fs::remove_file(path).expect("the file can go");
    (output.status.code(), format!("{}{}", text(&output.stdout), text(&output.stderr)))
}

#[test]
fn what_was_exported_is_verified() {
    let server = Server::start(&[]);
    let body =
        json!({"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    assert_eq!(send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &body.to_string()).status, 201);
    assert_eq!(send(&server, "GET", "/shippo/addresses/none", &[SHIPPO], "").status, 404);
    let (_, exported, _) = export(&server, &[]);
    let (code, said) = verify(&server, "exported", &exported, &[]);
    assert!(code == Some(0) && said.ends_with("2 passed, 0 failed\n"), "{said}");
}

#[test]
fn differences_are_told_with_their_places_and_states_are_scenarios() {
    let interaction = |state: &str, status: u16, body: Value, rules: Value| {
        json!({"description": format!("in {state}"), "providerStates": [{"name": state}], "request": {"method": "get", "path": "/addresses", "query": {"page": ["1"]}},
            "response": {"status": status, "headers": {"Content-Type": "application/json"}, "body": body, "matchingRules": {"body": rules}}})
    };
    let like = json!({"$.results": {"combine": "AND", "matchers": [{"match": "type", "min": 1}]}});
    let rows = [
        interaction("default", 200, json!({"results": []}), json!({})),
        interaction("default", 200, json!({"results": [{"object_id": "x"}]}), like),
        interaction("no such state", 200, json!({}), json!({})),
        interaction("mine", 503, Value::Null, json!({})),
    ];
    let pact = json!({"consumer": {"name": "shop"}, "provider": {"name": "shippo"}, "interactions": rows, "metadata": {"pactSpecification": {"version": "3.0.0"}}});
    let scenario = std::env::temp_dir().join(format!("seatrial-state-{}.yaml", std::process::id()));
    std::fs::write(&scenario, "overrides: [{on: shippo.*, respond: {status: 503, body: {detail: closed}}}]")
        .expect("the folder takes files");
    let server = Server::start(&[]);
    let (code, said) = verify(&server, "differences", &pact.to_string(), &["--state", &format!("mine={}", scenario.display())]);
    std::fs::remove_file(scenario).expect("the file can go");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("  FAILED in default\n      body $.results: found 0 elements, expected at least 1\n"), "{said}");
    assert!(said.contains("there is no scenario for the state `no such state`"), "{said}");
    assert!(said.contains("  ok in default\n") && said.contains("2 passed, 2 failed\n"), "{said}");
}

#[test]
fn what_is_no_pact_of_a_version_that_is_read_is_refused() {
    let server = Server::start(&[]);
    let check = |pact: &str, problem: &str| {
        let (code, said) = verify(&server, "none", pact, &[]);
        assert!(code == Some(2) && said.contains(problem), "{said}");
    };
    check("{}", "it has no `consumer`, expected a Pact");
    check(r#"{"consumer": {"name": "a"}, "provider": {"name": "b"}}"#, "it is of version 1 of the specification, and 3 and 4 are read");
    check("[", "it is no JSON");
    check(r#"{"metadata": {"pactSpecification": {"version": "4.0"}}}"#, "it has no `consumer`, expected a Pact");
}
