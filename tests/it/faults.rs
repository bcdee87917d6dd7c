//! What the journal, its filters and its exports say of calls whose answer was lost, cut, or replaced by a failure.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

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
    // Which status the vendor was made to answer with is kept as scenarios write it.
    let effect = |fault: &Value, committed: bool| {
        let mut effect = json!({"kind": "fault", "name": "mine", "line": null, "nth": 1, "committed": committed});
        if let Some(status) = fault.as_u64().or_else(|| fault["then"].as_u64()) {
            effect["failure"] = status.to_string().into();
        }
        effect
    };
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
        assert_eq!(entry["effect"], effect(&fault, committed), "{fault}");
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
    assert_eq!(conversation.matches("    expect: {\"lost\":true}\n").count(), 3, "{conversation}");
    let rows = send(&server, "GET", &format!("{JOURNAL}/export?format=ndjson"), &[], "").body;
    let ends = rows.lines().map(|row| serde_json::from_str::<Value>(row).expect("JSON")["wire"]["end"].clone());
    assert_eq!(ends.collect::<Vec<_>>(), ["reset", "truncated", "empty"]);
}

/// Begins a call that is held back, and waits until it is in the journal; its connection, and the exchange.
fn held(server: &Server, sandbox: &str, fault: &Value) -> (TcpStream, Value) {
    let body = fault.to_string();
    assert_eq!(send(server, "PUT", &format!("/_seatrial/sandboxes/{sandbox}/faults/mine"), &[JSON], &body).status, 200);
    let mut stream = client::connect(server.address());
    let head = format!("GET /@{sandbox}/shippo/parcels HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it reads");
    let found =
        send(server, "GET", &format!("/_seatrial/sandboxes/{sandbox}/requests?limit=1&wait=5s&min=1&wire=under_way"), &[], "").json();
    (stream, found["requests"][0].clone())
}

/// What comes in the end.
fn end(mut stream: TcpStream) -> String {
    let mut came = String::new();
    let _ = stream.read_to_string(&mut came);
    came
}

const SILENCE: &str = r#"{"on": "shippo.ListParcels", "fault": "timeout"}"#;
const DELAY: &str = r#"{"on": "shippo.ListParcels", "latency": "1h"}"#;

#[test]
fn a_call_that_is_held_back_ends_with_its_sandbox() {
    let server = Server::start(&[]);
    for (fault, status) in [(SILENCE, None), (DELAY, Some("HTTP/1.1 401"))] {
        let fault: Value = serde_json::from_str(fault).expect("JSON");
        for (method, path) in [("POST", "/reset"), ("PUT", "/scenario"), ("DELETE", "")] {
            assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "t"}"#).status, 201);
            let (stream, entry) = held(&server, "t", &fault);
            assert_eq!(entry["wire"], json!({"end": "under_way", "status": null, "bytes": 0}), "{entry}");
            let (kind, body) = if path == "/scenario" { (JSON, r#"{"seed": 1}"#) } else { (JSON, "") };
            let done = send(&server, method, &format!("/_seatrial/sandboxes/t{path}"), &[kind], body);
            assert_eq!(done.status, 200, "{}", done.body);
            let came = end(stream);
            assert!(status.map_or(came.is_empty(), |status| came.starts_with(status)), "{method}{path}: {came}");
            send(&server, "DELETE", "/_seatrial/sandboxes/t", &[], "");
        }
    }
}

#[test]
fn no_verdict_rests_on_an_answer_that_is_still_under_way() {
    let server = Server::start(&[]);
    let begin = |fault: &str, expect: &Value| {
        let scenario = json!({"expect": expect});
        let made =
            send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &json!({"name": "t", "scenario": scenario.to_string()}).to_string());
        assert_eq!(made.status, 201, "{}", made.body);
        held(&server, "t", &serde_json::from_str(fault).expect("JSON")).0
    };
    let judge = |query: &str, expect: &Value| {
        let report =
            send(&server, "POST", &format!("/_seatrial/sandboxes/t/verify{query}"), &[JSON], &json!({"expect": expect}).to_string());
        report.json()["findings"].as_array().expect("findings").clone()
    };
    let answered = json!([{"call": "shippo.ListParcels", "when": "$answer.status == 401"}]);
    let lost = json!([{"call": "shippo.ListParcels", "when": "$answer.wire == 'abandoned'"}]);
    let all = json!([
        answered[0], lost[0], {"never": "shippo.*", "when": "$answer.wire == 'sent'"},
        {"order": ["shippo.ListParcels", {"call": "shippo.ListParcels", "when": "$answer.status == 401"}]},
        {"call": "shippo.ListParcels"}, {"never": "shippo.*", "when": "$answer.headers.nothing == 'x'"},
    ]);
    let stream = begin(DELAY, &answered);
    let findings = judge("", &all);
    let verdicts = findings.iter().map(|finding| finding["verdict"].as_str().expect("a word")).collect::<Vec<_>>();
    assert_eq!(verdicts, ["unknown", "unknown", "unknown", "unknown", "passed", "passed"], "{findings:?}");
    assert_eq!(findings[0]["detail"], "call count 0, expected at least 1; an answer is still under way");
    // Whoever waits is told what became of it.
    let waited = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| judge("?wait=30s", &lost));
        drop(stream);
        waiting.join().expect("it is answered")
    });
    assert_eq!((&waited[0]["verdict"], &judge("", &answered)[0]["verdict"]), (&json!("passed"), &json!("failed")), "{waited:?}");
    send(&server, "DELETE", "/_seatrial/sandboxes/t", &[], "");
    let stream = begin(r#"{"on": "shippo.ListParcels", "latency": "300ms"}"#, &answered);
    assert_eq!(judge("?wait=30s", &answered)[0]["verdict"], "passed");
    assert!(end(stream).starts_with("HTTP/1.1 401"));
    send(&server, "DELETE", "/_seatrial/sandboxes/t", &[], "");
    // What is held back goes out at the end, before it is judged.
    let stream = begin(DELAY, &answered);
    let deleted = send(&server, "DELETE", "/_seatrial/sandboxes/t", &[], "").json();
    assert_eq!(deleted["verdict"], "passed", "{deleted}");
    assert!(end(stream).starts_with("HTTP/1.1 401"));
}

#[test]
fn a_call_that_is_held_back_ends_with_the_process_and_with_its_client() {
    let server = Server::start_logged(&[]);
    let delay: Value = serde_json::from_str(DELAY).expect("JSON");
    let (stream, entry) = held(&server, "default", &delay);
    assert_eq!(entry["duration_ms"], Value::Null, "it is not answered: {entry}");
    drop(stream);
    let path = format!("/_seatrial/requests/{}", entry["id"].as_str().expect("an id"));
    let abandoned = send(&server, "GET", &format!("{JOURNAL}?wire=abandoned&min=1&wait=5s"), &[], "").json();
    assert_eq!(abandoned["requests"][0]["id"], entry["id"], "{abandoned}");
    let entry = send(&server, "GET", &path, &[], "").json();
    assert_eq!((&entry["status"], &entry["wire"]), (&Value::Null, &json!({"end": "abandoned", "status": null, "bytes": 0})));
    assert!(entry["answer"]["status"] == 401 && entry["duration_ms"].as_f64().is_some(), "{entry}");
    let silence: Value = serde_json::from_str(SILENCE).expect("JSON");
    let (stream, _) = held(&server, "default", &silence);
    let log = server.log();
    assert_eq!(end(stream), "");
    let lines = log.lines().filter(|line| line.contains(" call ") && line.contains("shippo.ListParcels")).collect::<Vec<_>>();
    assert!(lines.len() == 2 && lines[0].contains(" abandoned ") && lines[1].contains(" timeout "), "{log}");
}
