//! Calls held against the documents to the letter: while they are made, and by reports.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};

use crate::client::{JSON, send};
use crate::process::{Server, run, text};

const TEST: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");
const V1: (&str, &str) = ("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0");
const V2: (&str, &str) = ("api-key", "TEST_seatrial");
const TIME: (&str, &str) = ("authorization", "Basic c2FuZGJveDpzYW5kYm94");

type Headers = &'static [(&'static str, &'static str)];

fn address() -> Value {
    json!({"name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"})
}

fn parcel() -> Value {
    json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"})
}

fn shipment() -> Value {
    json!({"address_from": address(), "address_to": address(), "parcels": [parcel()]})
}

/// A value with some of its members replaced; `null` leaves one out.
fn with(mut value: Value, changes: &Value) -> Value {
    for (name, change) in changes.as_object().expect("an object of changes") {
        match change {
            Value::Null => _ = value.as_object_mut().expect("an object").shift_remove(name),
            change => value[name] = change.clone(),
        }
    }
    value
}

/// What a client does that is right, with each vendor.
fn right(server: &Server) {
    let calls: [(&str, &str, Headers, Value, u16); 10] = [
        ("POST", "/shippo/addresses", &[TEST, JSON], address(), 201),
        ("POST", "/shippo/parcels", &[TEST, JSON], parcel(), 201),
        ("POST", "/shippo/addresses", &[TEST, JSON], with(address(), &json!({"latitude": 37.8, "longitude": -122.4})), 201),
        (
            "POST",
            "/shippo/shipments",
            &[TEST, JSON],
            with(shipment(), &json!({"extra": {"signature_confirmation": true, "premium": false}})),
            201,
        ),
        ("GET", "/shippo/addresses?page=1&results=5", &[TEST], Value::Null, 200),
        ("POST", "/shiptheory/v1/token", &[JSON], json!({"email": "you@youremail.com", "password": "password"}), 200),
        ("GET", "/shipstation/orders?pageSize=10&page=1", &[V1], Value::Null, 200),
        ("GET", "/shipstation/v2/labels?page=1&page_size=5", &[V2], Value::Null, 200),
        ("GET", "/shiptime/rest/boxes/", &[TIME], Value::Null, 200),
        ("OPTIONS", "/shippo/addresses", &[("origin", "http://localhost")], Value::Null, 401),
    ];
    for (method, path, headers, body, status) in calls {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = send(server, method, path, headers, &body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
    }
}

/// What a client does that is wrong: each fault with the subject, the place and the rule that a report has to name.
fn wrong(server: &Server) -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    type Fault = (&'static str, &'static str, Headers, String, [&'static str; 4]);
    let json = |value: Value| value.to_string();
    let shippo: Headers = &[TEST, JSON];
    let faults: Vec<Fault> = vec![
        (
            "POST",
            "/shippo/addresses",
            shippo,
            json(with(address(), &json!({"zip": 94117}))),
            ["violation", "shippo.CreateAddress", "body /zip", "type"],
        ),
        (
            "POST",
            "/shippo/addresses",
            shippo,
            json(with(address(), &json!({"stret2": "x"}))),
            ["undocumented", "shippo.CreateAddress", "body /stret2", "unknown-member"],
        ),
        (
            "POST",
            "/shippo/addresses",
            shippo,
            json(with(address(), &json!({"country": null}))),
            ["violation", "shippo.CreateAddress", "body /country", "required"],
        ),
        (
            "POST",
            "/shippo/parcels",
            shippo,
            json(with(parcel(), &json!({"mass_unit": "pounds"}))),
            ["violation", "shippo.CreateParcel", "body /mass_unit", "enum"],
        ),
        (
            "POST",
            "/shippo/parcels",
            shippo,
            json(with(parcel(), &json!({"length": "long"}))),
            ["violation", "shippo.CreateParcel", "body /length", "format"],
        ),
        (
            "POST",
            "/shippo/parcels",
            shippo,
            json(with(parcel(), &json!({"extra": {"insurance": {"provider": "DHL"}}}))),
            ["violation", "shippo.CreateParcel", "body /extra/insurance/provider", "enum"],
        ),
        (
            "POST",
            "/shippo/shipments",
            shippo,
            json(with(shipment(), &json!({"extra": {"signature_confirmation": "ADULTT"}}))),
            ["violation", "shippo.CreateShipment", "body /extra/signature_confirmation", "enum"],
        ),
        (
            "POST",
            "/shippo/carrier_accounts/register/new",
            shippo,
            json(json!({"carrier": "dhl_express", "parameters": {"user_accepted_terms_and_conditions": "yes"}})),
            ["violation", "shippo.RegisterCarrierAccount", "body /parameters/user_accepted_terms_and_conditions", "type"],
        ),
        (
            "POST",
            "/shippo/transactions",
            shippo,
            json(json!({
                "carrier_account": "2c05985c735e64bdfeff181cc4c148cc",
                "servicelevel_token": "usps_priority",
                "shipment": with(shipment(), &json!({"extra": {"is_return": "yes"}})),
            })),
            ["violation", "shippo.CreateTransaction", "body /shipment/extra/is_return", "type"],
        ),
        ("POST", "/shippo/adresses", shippo, json(address()), ["violation", "shippo", "request", "unknown-operation"]),
        (
            "POST",
            "/shippo/addresses",
            &[TEST, ("content-type", "text/plain")],
            json(address()),
            ["violation", "shippo.CreateAddress", "request /content-type", "wrong-content-type"],
        ),
        ("POST", "/shippo/parcels", shippo, "{\"length\": ".to_owned(), ["violation", "shippo.CreateParcel", "request", "unreadable-body"]),
        (
            "POST",
            "/shiptheory/v1/token",
            &[JSON],
            json(json!({"email": "you@youremail.com"})),
            ["violation", "shiptheory.createToken", "body /password", "required"],
        ),
        (
            "GET",
            "/shipstation/orders?pageSize=ten",
            &[V1],
            String::new(),
            ["violation", "shipstation_v1.listOrders", "query /pageSize", "type"],
        ),
        (
            "GET",
            "/shipstation/orders?pagesizes=10",
            &[V1],
            String::new(),
            ["undocumented", "shipstation_v1.listOrders", "query /pagesizes", "unknown-parameter"],
        ),
        (
            "POST",
            "/shipstation/stores/deactivate",
            &[V1, JSON],
            json(json!({"storeId": "179188"})),
            ["violation", "shipstation_v1.deactivateStore", "body /storeId", "type"],
        ),
        (
            "GET",
            "/shipstation/v2/labels?page=0",
            &[V2],
            String::new(),
            ["violation", "shipstation_v2.list_labels", "query /page", "minimum"],
        ),
        ("DELETE", "/shipstation/v2/labels", &[V2], String::new(), ["violation", "shipstation_v2", "request", "unknown-operation"]),
    ];
    let mut expected = Vec::new();
    for (method, path, headers, body, [kind, subject, place, rule]) in faults {
        send(server, method, path, headers, &body);
        expected.push((kind, subject, place, rule));
    }
    expected.sort_unstable();
    expected
}

fn report(server: &Server, arguments: &[&str]) -> Output {
    let url = format!("http://{}", server.address());
    run(&[&["contract", "report", "--url", &url], arguments].concat())
}

/// Kind, subject, place and rule of all findings of a report in JSON.
fn found(report: &Value) -> Vec<(&str, &str, String, &str)> {
    let mut found = Vec::new();
    for (kind, name) in [("violation", "violations"), ("undocumented", "undocumented"), ("deprecated", "deprecated")] {
        for row in report[name].as_array().expect("a list") {
            let word = |name: &str| row[name].as_str().unwrap_or_default();
            let subject = row["operation"].as_str().unwrap_or(word("vendor"));
            found.push((kind, subject, format!("{} {}", word("location"), word("pointer")).trim_end().to_owned(), word("rule")));
        }
    }
    found.sort_unstable();
    found
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("seatrial-contract-{}-{name}", std::process::id()));
    fs::write(&path, text).expect("the folder takes files");
    path
}

#[test]
fn every_fault_of_a_client_is_found_and_none_invented() {
    let server = Server::start(&[]);
    right(&server);
    let clean = report(&server, &["--max-undocumented", "0"]);
    assert_eq!(clean.status.code(), Some(0), "{}", text(&clean.stdout));
    let expected = wrong(&server);
    let output = report(&server, &["--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let live: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let expected: Vec<_> = expected.into_iter().map(|(kind, subject, place, rule)| (kind, subject, place.to_owned(), rule)).collect();
    assert_eq!(found(&live), expected);
    // What was never tried is told, and what was.
    let shippo = live["vendors"].as_array().and_then(|rows| rows.iter().find(|row| row["vendor"] == "shippo")).expect("it was called");
    let mut exercised = shippo["exercised"].as_array().expect("a list").iter();
    let address = exercised.find(|row| row["operation"] == "shippo.CreateAddress").expect("it was called");
    assert_eq!((&address["statuses"]["201"], address["never"][0].as_u64()), (&json!(4), Some(401)), "{address}");
    assert!(shippo["never"].as_array().is_some_and(|rows| rows.contains(&json!("shippo.CreateRefund"))));
    // A journal that was saved says the same.
    for format in ["ndjson", "har"] {
        let saved = send(&server, "GET", &format!("/_seatrial/sandboxes/default/requests/export?format={format}"), &[], "");
        let path = file(format, &format!("\u{feff}{}", saved.body));
        let output = run(&["contract", "report", "--format", "json", "--journal", path.to_str().expect("a UTF-8 path")]);
        let again: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
        assert_eq!((output.status.code(), found(&again)), (Some(1), expected.clone()), "{format}");
        assert_eq!(again["vendors"], live["vendors"], "{format}");
        fs::remove_file(path).expect("the file can go");
    }
}

#[test]
fn reports_are_for_people_and_for_programs() {
    let server = Server::start(&[]);
    let body = with(address(), &json!({"zip": 94117})).to_string();
    let first = send(&server, "POST", "/shippo/addresses", &[TEST, JSON], &body);
    let id = first.head.lines().find_map(|line| line.strip_prefix("seatrial-request: ")).expect("every answer has one").to_owned();
    send(&server, "POST", "/shippo/addresses", &[TEST, JSON], &body.replace("94117", "10001"));
    send(&server, "POST", "/shippo/addresses", &[TEST, JSON], &with(address(), &json!({"naem": "x"})).to_string());
    let said = |arguments: &[&str]| {
        let output = report(&server, arguments);
        (output.status.code(), text(&output.stdout))
    };
    let (exit, plain) = said(&[]);
    assert_eq!(exit, Some(1), "{plain}");
    assert!(plain.starts_with("default: 3 calls, 2 violations, 1 undocumented, 0 deprecated\n"), "{plain}");
    let row = "  shippo.CreateAddress body /zip: type: found `94117`, expected the type string\n";
    assert!(plain.contains(&format!("{row}      twice, taken, first {id}; values 94117, 10001\n")), "{plain}");
    assert!(plain.contains("\nfailed: 2 violations, at most 0 may be\n"), "{plain}");
    let (exit, markdown) = said(&["--format", "markdown", "--max-violations", "2"]);
    assert_eq!(exit, Some(0), "{markdown}");
    assert!(markdown.starts_with("## Contract of default: passed\n"), "{markdown}");
    assert!(markdown.contains("| shippo.CreateAddress | body /zip | type | found `94117`, expected the type string | twice, taken |"));
    let (_, junit) = said(&["--format", "junit"]);
    assert!(
        junit.contains("<testcase classname=\"shippo\" name=\"shippo.CreateAddress\">\n      <failure message=\"body /zip: found"),
        "{junit}"
    );
    assert!(junit.contains("<skipped message=\"never called\"/>"), "{junit}");
    let sarif: Value = serde_json::from_str(&said(&["--format", "sarif"]).1).expect("JSON");
    let results = &sarif["runs"][0]["results"];
    assert_eq!((&results[0]["ruleId"], &results[0]["level"], &results[1]["level"]), (&json!("type"), &json!("error"), &json!("warning")));
    let (_, github) = said(&["--format", "github"]);
    assert!(github.starts_with("::error title=shippo.CreateAddress type::shippo.CreateAddress body /zip: found"), "{github}");
    // Every threshold can fail.
    for limit in [["--max-undocumented", "0"], ["--min-operations", "50"], ["--min-statuses", "90"]] {
        let (exit, plain) = said(&[&["--max-violations", "9"], &limit[..]].concat());
        assert_eq!((exit, plain.matches("\nfailed: ").count()), (Some(1), 1), "{limit:?}: {plain}");
    }
    let nothing = report(&Server::start(&[]), &[]);
    assert_eq!(nothing.status.code(), Some(1), "no call is no success: {}", text(&nothing.stdout));
}

/// The guide of ShipTime has client and secret in the form; a Basic pair is taken as well.
#[test]
fn a_pair_in_place_of_a_form_is_told() {
    let server = Server::start(&[]);
    let pair = [("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0"), ("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(send(&server, "POST", "/shiptime/oauth2/token", &pair, "grant_type=client_credentials").status, 200);
    let told: Value = serde_json::from_slice(&report(&server, &["--format", "json"]).stdout).expect("JSON");
    let required = |name| ("violation", "shiptime.token-post", format!("body /{name}"), "required");
    assert_eq!(found(&told), [required("client_id"), required("client_secret")]);
}

#[test]
fn secrets_are_not_shown_in_reports() {
    let server = Server::start(&[]);
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], r#"{"email": "you@youremail.com", "password": ["hunter2hunter2"]}"#);
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], r#"{"email": "you@youremail.com", "password": 77123456789}"#);
    let said = text(&report(&server, &["--format", "json"]).stdout);
    assert!(said.contains("/password") && !said.contains("hunter2") && !said.contains("77123456789"), "{said}");
}

/// Status and notes of a call that vendors take although their documents do not have it.
fn tolerated(server: &Server) -> Vec<(u16, bool, String)> {
    let calls: [(&str, Headers, String); 3] = [
        ("/shippo/addresses", &[TEST, JSON], with(address(), &json!({"zip": 94117})).to_string()),
        ("/shipstation/stores/reactivate", &[V1, JSON], json!({"storeId": "322099"}).to_string()),
        ("/shippo/addresses", &[TEST, JSON], with(address(), &json!({"object_purpose": "PURCHASE"})).to_string()),
    ];
    let sent = calls.iter().map(|(path, headers, body)| {
        let answer = send(server, "POST", path, headers, body);
        (answer.status, answer.head.contains("request-invalid"), answer.body)
    });
    sent.collect()
}

#[test]
fn what_vendors_tolerate_passes_is_noted_or_is_refused_in_their_words() {
    let statuses = |rows: &[(u16, bool, String)]| rows.iter().map(|(status, noted, _)| (*status, *noted)).collect::<Vec<_>>();
    let off = tolerated(&Server::start(&[]));
    assert_eq!(statuses(&off), [(201, false), (200, false), (201, false)]);
    let lenient = tolerated(&Server::start(&["--contract", "lenient"]));
    assert_eq!(statuses(&lenient), [(201, true), (200, true), (201, false)]);
    let strict = Server::start(&["--contract", "strict"]);
    let refused = tolerated(&strict);
    // Members that the document does not have are told of, and refused by no vendor.
    assert_eq!(statuses(&refused), [(400, true), (400, true), (201, false)]);
    assert!(refused[0].2.contains("\"zip\""), "{}", refused[0].2);
    right(&strict);
    assert_eq!(report(&strict, &[]).status.code(), Some(1));
}

#[test]
fn letters_that_are_not_seen_are_escapes_in_reports() {
    let server = Server::start(&[]);
    assert_eq!(send(&server, "PUT", "/shippo/a%1B%C2%9B31m%E2%80%AEb", &[TEST], "").status, 404);
    for format in ["text", "markdown"] {
        let report = send(&server, "GET", &format!("/_seatrial/sandboxes/default/contract?format={format}"), &[], "").body;
        assert!(!report.contains(['\u{1b}', '\u{9b}', '\u{202e}']) && report.contains("31m"), "{report}");
    }
}
