//! What monitoring sees: the figures of `/_seatrial/metrics`, and traces of callers in the journal and on webhooks.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::process::Server;
use crate::wire_faults::{ADDRESS, switch_on};

/// Every sample of the figures by its name and labels, once the text is what OpenMetrics demands: families that are typed before their
/// samples, each family in one piece, no blank line, and the end.
fn samples(server: &Server) -> BTreeMap<String, f64> {
    let answer = send(server, "GET", "/_seatrial/metrics", &[], "");
    assert_eq!((answer.status, answer.kind.as_str()), (200, "application/openmetrics-text; version=1.0.0; charset=utf-8"));
    let text = answer.body.strip_suffix("# EOF\n").expect("the text has its end");
    let (mut family, mut families, mut found) = (String::new(), Vec::new(), BTreeMap::new());
    for line in text.lines() {
        if let Some(said) = line.strip_prefix("# ") {
            let mut words = said.split(' ');
            let (keyword, name) = (words.next().expect("a keyword"), words.next().expect("a name").to_owned());
            match keyword {
                "TYPE" => {
                    assert!(!families.contains(&name), "{name} comes twice");
                    family.clone_from(&name);
                    families.push(name);
                }
                "UNIT" => assert!(name == family && name.ends_with(&format!("_{}", words.next().expect("a unit"))), "{line}"),
                _ => assert!(keyword == "HELP" && name == family, "{line}"),
            }
            continue;
        }
        let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line:?} is no sample"));
        let name = sample.split('{').next().unwrap_or_default();
        let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} does not belong to {family}"));
        assert!(["", "_total", "_bucket", "_count", "_sum", "_info"].contains(&suffix), "{line}");
        let value: f64 = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(value >= 0.0 && found.insert(sample.to_owned(), value).is_none(), "{line}");
    }
    found
}

#[test]
fn calls_are_counted_by_vendor_operation_and_status() {
    let server = Server::start(&[]);
    let before = samples(&server);
    assert!(before.keys().all(|name| !name.starts_with("seatrial_calls_total")), "{before:?}");
    let create = || send(&server, "POST", "/shippo/addresses/", &SHIPPO, ADDRESS);
    (0..3).for_each(|_| assert_eq!(create().status, 201));
    send(&server, "GET", "/shippo/nowhere", &SHIPPO, "");
    send(&server, "GET", "/nowhere", &[], "");
    switch_on(&server, &json!("empty"));
    create();
    let found = samples(&server);
    let figure = |name: &str| found.get(name).copied().unwrap_or_else(|| panic!("no {name} in {found:#?}"));
    let calls = |operation: &str, status: &str| {
        figure(&format!("seatrial_calls_total{{vendor=\"shippo\",operation=\"{operation}\",status=\"{status}\"}}"))
    };
    assert_eq!((calls("shippo.CreateAddress", "201"), calls("shippo.CreateAddress", "none"), calls("none", "404")), (3.0, 1.0, 1.0));
    assert_eq!(figure("seatrial_unmatched_requests_total"), 1.0);
    let bucket = |bound: &str| figure(&format!("seatrial_call_duration_seconds_bucket{{vendor=\"shippo\",le=\"{bound}\"}}"));
    let bounds = ["0.0001", "0.00025", "0.0005", "0.001", "0.01", "0.1", "1.0", "60.0", "+Inf"].map(bucket);
    assert!(bounds.is_sorted(), "{bounds:?}");
    assert_eq!((bounds[8], figure("seatrial_call_duration_seconds_count{vendor=\"shippo\"}")), (5.0, 5.0));
    assert!(figure("seatrial_call_duration_seconds_sum{vendor=\"shippo\"}") > 0.0);
    assert_eq!(figure("seatrial_sandboxes"), 1.0);
    let version = admin(&server, "GET", "/version", &Value::Null);
    assert_eq!(figure("seatrial_documents_limit_bytes"), version["budgets"]["documents_limit"].as_f64().expect("a figure"));
    assert!(figure("seatrial_documents_bytes") > 0.0 && figure("seatrial_journals_bytes") > 0.0);
    // Another sandbox has the same series.
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "other"}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    assert_eq!(send(&server, "POST", "/shippo/addresses/", &[("authorization", &token), JSON], ADDRESS).status, 201);
    let after = samples(&server);
    assert_eq!(after["seatrial_calls_total{vendor=\"shippo\",operation=\"shippo.CreateAddress\",status=\"201\"}"], 4.0);
    assert_eq!(after["seatrial_sandboxes"], 2.0);
}

#[test]
fn attempts_of_webhooks_are_counted_by_what_came_back() {
    let server = Server::start(&[]);
    for query in ["", "?status=503"] {
        let url = format!("http://{}/_seatrial/inbox/mine{query}", server.address());
        let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
        admin(&server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
    }
    let path = "/sandboxes/default/deliveries?wait=10s&min=2";
    for progress in ["delivered", "failed"] {
        admin(&server, "GET", &format!("{path}&progress={progress}").replace("min=2", "min=1"), &Value::Null);
    }
    let found = samples(&server);
    for outcome in ["2xx", "5xx"] {
        let name = format!("seatrial_delivery_attempts_total{{vendor=\"shippo\",outcome=\"{outcome}\"}}");
        assert_eq!(found.get(&name), Some(&1.0), "{name}: {found:#?}");
    }
}

#[test]
fn figures_need_the_token_of_the_admin_api() {
    let server = Server::start_at("0.0.0.0:0", &["--admin-token", "secret"]);
    let asked = |headers: &[(&str, &str)]| {
        let host = format!("127.0.0.1:{}", server.address().port());
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!("GET /_seatrial/metrics HTTP/1.1\r\nhost: {host}\r\n{lines}connection: close\r\n\r\n");
        crate::client::unchecked(([127, 0, 0, 1], server.address().port()).into(), request.as_bytes())
    };
    assert!(asked(&[]).starts_with("HTTP/1.1 401 "));
    assert!(asked(&[("authorization", "Bearer secret")]).ends_with("# EOF\n"));
}

#[test]
fn a_trace_is_kept_and_sent_on() {
    let server = Server::start(&[]);
    let url = format!("http://{}/_seatrial/inbox/mine", server.address());
    admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url, "events": ["transaction_created"]}));
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let address: Value = serde_json::from_str(ADDRESS).expect("JSON");
    let order = json!({
        "async": false, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]},
    });
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    let headers = [SHIPPO[1], JSON, ("traceparent", parent.as_str()), ("tracestate", "vendor=opaque")];
    let bought = send(&server, "POST", "/shippo/transactions/", &headers, &order.to_string());
    assert_eq!(bought.status / 100, 2, "{}", bought.body);
    let entry = admin(&server, "GET", "/sandboxes/default/requests?limit=1", &Value::Null)["requests"][0].clone();
    assert_eq!(entry["trace"], json!({"trace_id": trace, "parent_id": "00f067aa0ba902b7", "state": "vendor=opaque"}));
    let inbox = admin(&server, "GET", "/inbox/mine?wait=10s", &Value::Null);
    let received = &inbox["letters"][0]["headers"];
    assert_eq!((&received["traceparent"], &received["tracestate"]), (&json!(parent), &json!("vendor=opaque")), "{inbox}");
    // What is no trace is kept as a header alone.
    send(&server, "GET", "/shippo/addresses/", &[SHIPPO[1], ("traceparent", "00-0-0-0")], "");
    let entry = admin(&server, "GET", "/sandboxes/default/requests?limit=1", &Value::Null)["requests"][0].clone();
    assert_eq!((&entry["trace"], &entry["request"]["headers"]["traceparent"]), (&Value::Null, &json!("00-0-0-0")));
}
