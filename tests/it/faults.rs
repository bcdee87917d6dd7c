//! What the journal, its filters and its exports say of calls whose answer was lost, cut, or replaced by a failure.

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{self, JSON, send};
use crate::process::Server;

const ADDRESS: &str = r#"{"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"}"#;
const JOURNAL: &str = "/_seatrial/sandboxes/default/requests";

/// Creates an address under a fault; what came back, and the exchange in the journal.
fn faulted(server: &Server, fault: &Value) -> (String, Value) {
    let body = json!({"on": "shippo.CreateAddress", "fault": fault}).to_string();
    assert_eq!(send(server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &body).status, 200);
    let head = "POST /shippo/addresses/ HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial";
    let request =
        format!("{head}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ADDRESS}", ADDRESS.len());
    let came = client::unchecked(server.address(), request.as_bytes());
    let found = send(server, "GET", &format!("{JOURNAL}?limit=1"), &[], "").json();
    (came, found["requests"][0].clone())
}

#[test]
fn an_entry_says_what_went_over_the_wire() {
    let server = Server::start(&[]);
    let effect = |committed: bool| json!({"kind": "fault", "name": "mine", "line": null, "nth": 1, "committed": committed});
    for (fault, end, status, made, committed) in [
        (json!("reset"), "reset", Value::Null, None, false),
        (json!("empty"), "empty", Value::Null, None, false),
        (json!({"commit": true, "then": "reset"}), "reset", Value::Null, Some(201), true),
        (json!({"commit": true, "then": "empty"}), "empty", Value::Null, Some(201), true),
        (json!("truncate"), "truncated", json!(201), Some(201), true),
        (json!(429), "sent", json!(429), Some(429), false),
        (json!({"commit": true, "then": 503}), "sent", json!(503), Some(503), true),
    ] {
        let (came, entry) = faulted(&server, &fault);
        assert_eq!((&entry["wire"]["end"], &entry["wire"]["status"], &entry["status"]), (&json!(end), &status, &status), "{fault}");
        assert_eq!(entry["answer"]["status"].as_u64(), made, "{fault}");
        assert_eq!(entry["answer"].is_null(), made.is_none(), "{fault}");
        assert_eq!(entry["effect"], effect(committed), "{fault}");
        let body = came.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        assert_eq!(entry["wire"]["bytes"], body.len(), "{fault}: {came}");
        let note = &entry["notes"][0];
        assert_eq!((&note["code"], &note["blame"]), (&json!("fault"), &json!("scenario")), "{fault}");
        let work = if committed { "was carried out" } else { "was not carried out" };
        assert!(note["detail"].as_str().is_some_and(|detail| detail.ends_with(work)), "{fault}: {note}");
        assert!(entry["duration_ms"].as_f64().is_some_and(|took| took > 0.0) && entry["received"].is_string(), "{entry}");
    }
}

#[test]
fn lost_answers_are_found_by_filters_and_never_by_a_status_that_nobody_received() {
    let server = Server::start(&[]);
    faulted(&server, &json!({"commit": true, "then": "reset"}));
    faulted(&server, &json!("truncate"));
    faulted(&server, &json!(500));
    send(&server, "GET", "/shippo/addresses", &SHIPPO, "");
    for (query, expected) in [
        ("wire=reset", 1),
        ("wire=truncated", 1),
        ("wire=sent", 2),
        ("effect=fault", 3),
        ("effect=latency", 0),
        ("note=fault", 3),
        ("status=201", 1),
        ("status=2xx", 2),
        ("status=500&effect=fault", 1),
    ] {
        let found = send(&server, "GET", &format!("{JOURNAL}/count?{query}"), &[], "").json();
        assert_eq!(found["count"], expected, "{query}");
    }
    let wrong = send(&server, "GET", &format!("{JOURNAL}?wire=rest"), &[], "");
    assert!(wrong.status == 400 && wrong.body.contains("did you mean `reset`?"), "{}", wrong.body);
}

#[test]
fn exports_say_that_an_answer_was_lost() {
    let server = Server::start(&[]);
    faulted(&server, &json!({"commit": true, "then": "reset"}));
    faulted(&server, &json!("truncate"));
    faulted(&server, &json!("empty"));
    let har = send(&server, "GET", &format!("{JOURNAL}/export?secrets=show"), &[], "").json();
    let response = |index: usize| &har["log"]["entries"][index]["response"];
    assert_eq!((&response(0)["status"], &response(0)["_error"]), (&json!(0), &json!("reset")));
    assert_eq!((&response(0)["headers"], &response(0)["bodySize"], &response(0)["content"]["text"]), (&json!([]), &json!(0), &Value::Null));
    assert_eq!((&response(1)["status"], &response(1)["_error"]), (&json!(201), &json!("truncated")));
    let sent = response(1)["content"]["text"].as_str().expect("the part that was sent");
    assert!(sent.starts_with('{') && !sent.ends_with('}') && response(1)["bodySize"] == sent.len(), "{sent}");
    assert_eq!(har["log"]["entries"][0]["_wire"], json!({"end": "reset", "status": null, "bytes": 0}));
    let curl = send(&server, "GET", &format!("{JOURNAL}/export?format=curl"), &[], "").body;
    assert!(curl.contains(" reset (the answer that was made has the status 201)\n"), "{curl}");
    assert!(curl.contains(" empty (no answer was made)\n"), "{curl}");
    let conversation = send(&server, "GET", &format!("{JOURNAL}/export?format=conversation"), &[], "").body;
    assert!(conversation.contains("    # fault of `mine`; the caller received: empty (no answer was made)\n"), "{conversation}");
    assert_eq!(conversation.matches("    expect: ").count(), 2, "{conversation}");
    let rows = send(&server, "GET", &format!("{JOURNAL}/export?format=ndjson"), &[], "").body;
    let ends = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("JSON")["wire"]["end"].clone());
    assert_eq!(ends.collect::<Vec<_>>(), ["reset", "truncated", "empty"]);
}
