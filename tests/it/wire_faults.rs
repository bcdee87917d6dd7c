//! Each fault on the wire as a raw socket and a client of HTTP/2 receive it, and what the journal says of it.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::client::{self, JSON, send};
use crate::http2::Frame;
use crate::http2::frames::{DATA, GOAWAY, HEADERS, RST_STREAM, block, frame, ping, preface};
use crate::process::Server;

pub const ADDRESS: &str = r#"{"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"}"#;
const JOURNAL: &str = "/_seatrial/sandboxes/default/requests";
const COUNT: &str = "/shippo/addresses/";

pub fn switch_on(server: &Server, fault: &Value) {
    let body = json!({"on": "shippo.CreateAddress", "fault": fault}).to_string();
    let answer = send(server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &body);
    assert_eq!(answer.status, 200, "{fault}: {}", answer.body);
}

/// The last exchange in the journal.
pub fn last(server: &Server) -> Value {
    send(server, "GET", &format!("{JOURNAL}?limit=1"), &[], "").json()["requests"][0].clone()
}

/// Creates an address under a fault over HTTP/1.1: all bytes that came until the connection ended, and the exchange.
fn faulted(server: &Server, fault: &Value, more: &str) -> (Vec<u8>, Value) {
    switch_on(server, fault);
    let mut stream = client::connect(server.address());
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n{more}");
    let request = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{ADDRESS}", ADDRESS.len());
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut came = Vec::new();
    let _ = stream.read_to_end(&mut came);
    (came, last(server))
}

/// Head and body of an answer of HTTP/1.1.
fn parts(came: &[u8]) -> (String, String) {
    let text = String::from_utf8_lossy(came).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.to_ascii_lowercase(), body.to_owned())
}

fn header<'h>(head: &'h str, name: &str) -> Vec<&'h str> {
    head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

fn said_length(head: &str) -> usize {
    header(head, "content-length")[0].parse().expect("a length")
}

#[test]
fn bodies_and_their_lengths_differ_as_the_fault_says() {
    let server = Server::start(&[]);
    for (fault, compare, end, is_json) in [
        ("length_short", (|said, sent| said * 2 == sent || said * 2 + 1 == sent) as fn(usize, usize) -> bool, "length_short", true),
        ("length_long", |said, sent| said > sent, "length_long", true),
        ("truncate", |said, sent| said / 2 == sent, "truncated", false),
        ("bad_json", |said, sent| said == sent, "bad_json", false),
    ] {
        // The connection is kept, unless the fault ends it: a client that reads on meets what is wrong.
        let more = if fault == "bad_json" { "connection: close\r\n" } else { "" };
        let (came, entry) = faulted(&server, &json!(fault), more);
        let (head, body) = parts(&came);
        assert!(head.starts_with("http/1.1 201 created\r\n"), "{fault}: {head}");
        assert!(compare(said_length(&head), body.len()), "{fault}: {head}\n{body}");
        assert_eq!(serde_json::from_str::<Value>(&body).is_ok(), is_json, "{fault}: {body}");
        assert_eq!(entry["wire"], json!({"end": end, "status": 201, "bytes": body.len()}), "{fault}");
        assert_eq!((&entry["answer"]["status"], &entry["effect"]["committed"]), (&json!(201), &json!(true)), "{fault}");
    }
}

#[test]
fn a_faulted_call_is_exported_as_an_override_that_is_without_mistakes() {
    let server = Server::start(&[]);
    for fault in ["reset", "empty", "truncate", "length_short", "length_long", "garbage", "bad_chunk", "html_gateway", "wrong_type"] {
        let (_, exchange) = faulted(&server, &json!(fault), "connection: close\r\n");
        let path = format!("/_seatrial/requests/{}/export?format=override", exchange["id"].as_str().expect("an id"));
        let text = send(&server, "GET", &path, &[], "").body;
        let checked = send(&server, "POST", "/_seatrial/scenarios/check", &[("content-type", "application/yaml")], &text).json();
        assert!(checked["diagnostics"] == json!([]) && text.contains(fault), "{text}{checked}");
    }
}

#[test]
fn a_chunk_has_no_length_and_garbage_has_no_head() {
    let server = Server::start(&[]);
    let (came, entry) = faulted(&server, &json!("bad_chunk"), "");
    let (head, body) = parts(&came);
    assert_eq!((header(&head, "transfer-encoding"), header(&head, "content-length")), (vec!["chunked"], vec![]));
    assert_eq!(header(&head, "date").len(), 1, "{head}");
    let (size, rest) = body.split_once("\r\n").expect("a first chunk");
    let size = usize::from_str_radix(size, 16).expect("its length");
    assert!(rest[size..].starts_with("\r\nzz\r\n"), "{body}");
    assert_eq!(entry["wire"], json!({"end": "bad_chunk", "status": 201, "bytes": size}));

    let (came, entry) = faulted(&server, &json!({"commit": true, "then": "garbage"}), "");
    assert!(!came.is_empty() && !came.starts_with(b"HTTP"));
    assert_eq!(entry["wire"], json!({"end": "garbage", "status": null, "bytes": 0}));
    assert_eq!(entry["answer"]["status"], 201);
}

#[test]
fn a_gateway_answers_in_html_whether_the_work_was_done_or_not() {
    let server = Server::start(&[]);
    for (fault, status, made) in [
        (json!("html_gateway"), 502, Value::Null),
        (json!({"then": "html_gateway", "status": 503}), 503, Value::Null),
        (json!({"commit": true, "then": "html_gateway", "status": 504}), 504, json!(201)),
    ] {
        let (came, entry) = faulted(&server, &fault, "connection: close\r\n");
        let (head, body) = parts(&came);
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{fault}: {head}");
        assert_eq!(header(&head, "content-type"), ["text/html"], "{fault}");
        assert!(body.starts_with("<html>") && said_length(&head) == body.len(), "{fault}: {body}");
        assert_eq!(entry["wire"], json!({"end": "html_gateway", "status": status, "bytes": body.len()}), "{fault}");
        assert_eq!(entry["answer"]["status"], made, "{fault}");
    }
}

#[test]
fn headers_lie_and_repeat() {
    let server = Server::start(&[]);
    let (came, entry) = faulted(&server, &json!("wrong_type"), "connection: close\r\n");
    let (head, body) = parts(&came);
    assert_eq!(header(&head, "content-type"), ["text/html; charset=utf-8"]);
    assert!(serde_json::from_str::<Value>(&body).is_ok(), "{body}");
    assert_eq!(entry["wire"]["end"], "wrong_type");
    assert_eq!(header(&head, "content-security-policy"), ["sandbox"], "on the origin of the admin API it is no page");
    assert_eq!(header(&head, "x-content-type-options"), ["nosniff"]);
    let (came, entry) = faulted(&server, &json!("duplicate_header"), "connection: close\r\n");
    assert_eq!(header(&parts(&came).0, "content-type"), ["application/json", "application/json"]);
    assert_eq!(entry["wire"]["end"], "duplicate_header");
    assert!(header(&parts(&came).0, "content-security-policy").is_empty(), "{came:?}");
}

/// Where nothing is to be added, or the admin API is of another origin, markup of vendors goes out as it is.
#[test]
fn markup_of_vendors_is_contained_beside_the_admin_api_alone() {
    for (flags, is_contained) in [(&[][..], true), (&["--plain"], false), (&["--admin-listen", "127.0.0.1:0"], false)] {
        let server = Server::start(flags);
        let answer = send(&server, "GET", "/shippo/%3Cb%3E", &[], "");
        assert!(answer.status == 404 && answer.kind == "text/html", "{}", answer.head);
        assert_eq!(answer.head.contains("content-security-policy: sandbox\r\n"), is_contained, "{flags:?}: {}", answer.head);
        assert_eq!(answer.head.contains("x-content-type-options: nosniff\r\n"), is_contained, "{flags:?}: {}", answer.head);
    }
}

#[test]
fn what_a_browser_may_take_for_markup_is_contained_whatever_it_is_called() {
    let server = Server::start(&[]);
    let answered = |kind: Option<&str>| {
        let headers = kind.map_or_else(|| json!({}), |kind| json!({"content-type": kind, "clear-site-data": "*"}));
        let respond = json!({"status": 200, "headers": headers, "body": "<r/>", "off_spec": true});
        let fault = json!({"on": "shippo.ListAddresses", "respond": respond}).to_string();
        let put = send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &fault);
        assert_eq!(put.status, 200, "{kind:?}: {}", put.body);
        let head = send(&server, "GET", "/shippo/addresses", &[("authorization", "ShippoToken shippo_test_seatrial")], "").head;
        assert!(!head.contains("clear-site-data"), "{head}");
        (head.contains("content-security-policy: sandbox\r\n"), head.contains("x-content-type-options: nosniff\r\n"))
    };
    for kind in ["text/xml", "Application/XML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "*/*", "unknown/unknown", "", "x"]
    {
        assert_eq!(answered(Some(kind)), (true, true), "{kind}");
    }
    for kind in
        ["application/json", "application/json; charset=utf-8", "application/problem+json", "Text/Plain", "application/pdf", "image/png"]
    {
        assert_eq!(answered(Some(kind)), (false, false), "{kind}");
    }
    let empty = send(&server, "DELETE", "/_seatrial/sandboxes/default/faults/mine", &[], "");
    assert!(!empty.head.contains("content-security-policy: sandbox"), "{}", empty.head);
}

#[test]
fn slow_answers_arrive_whole_and_stalled_ones_do_not() {
    let server = Server::start(&[]);
    let (came, entry) = faulted(&server, &json!({"then": "drip", "for": "200ms"}), "connection: close\r\n");
    let (head, body) = parts(&came);
    assert_eq!(said_length(&head), body.len());
    assert!(serde_json::from_str::<Value>(&body).is_ok(), "{body}");
    assert_eq!(entry["wire"], json!({"end": "drip", "status": 201, "bytes": body.len()}));
    let (came, entry) = faulted(&server, &json!({"then": "stall", "for": "100ms"}), "");
    let (head, body) = parts(&came);
    assert_eq!(said_length(&head) / 2, body.len());
    assert_eq!(entry["wire"], json!({"end": "stall", "status": 201, "bytes": body.len()}));
    let (came, entry) = faulted(&server, &json!({"then": "timeout", "for": "100ms"}), "");
    assert!(came.is_empty());
    assert_eq!(entry["wire"]["end"], "timeout");
}

#[test]
fn faults_of_http2_and_tls_reset_a_connection_without() {
    let server = Server::start(&[]);
    for fault in ["h2_reset", "h2_goaway", "tls_alert"] {
        let (came, entry) = faulted(&server, &json!(fault), "");
        assert!(came.is_empty(), "{fault}");
        assert_eq!(entry["wire"], json!({"end": "reset", "status": null, "bytes": 0}), "{fault}");
    }
}

/// What a client of HTTP/2 sends that creates an address.
pub fn sent() -> Vec<u8> {
    let length = ADDRESS.len().to_string();
    let head = block(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", COUNT),
        ("authorization", "ShippoToken shippo_test_seatrial"),
        ("content-type", "application/json"),
        ("content-length", &length),
    ]);
    [preface(), frame(HEADERS, 4, 1, &head), frame(DATA, 1, 1, ADDRESS.as_bytes())].concat()
}

/// The frames that answer it, until its stream or the connection has ended.
pub fn frames(stream: &mut (impl Read + Write)) -> Vec<Frame> {
    frames_of(stream, &sent())
}

/// The frames that answer what is sent.
fn frames_of(stream: &mut (impl Read + Write), sent: &[u8]) -> Vec<Frame> {
    stream.write_all(sent).expect("it reads");
    let mut frames = Vec::new();
    while let Some(frame) = Frame::read(stream) {
        let is_last = frame.kind == RST_STREAM || (matches!(frame.kind, HEADERS | DATA) && frame.flags & 1 == 1);
        frames.push(frame);
        if is_last {
            break;
        }
    }
    frames
}

#[test]
fn faults_reach_clients_of_http2_in_its_own_frames() {
    let server = Server::start(&[]);
    let has = |frames: &[Frame], kind: u8| frames.iter().any(|frame| frame.kind == kind);
    for (fault, end, kind) in [
        ("h2_reset", "h2_reset", Some(RST_STREAM)),
        ("h2_goaway", "h2_goaway", Some(GOAWAY)),
        ("garbage", "h2_reset", Some(RST_STREAM)),
        ("bad_chunk", "h2_reset", Some(RST_STREAM)),
        ("truncate", "truncated", Some(RST_STREAM)),
        ("stall", "stall", Some(RST_STREAM)),
        ("reset", "reset", None),
        ("empty", "empty", None),
        ("wrong_type", "wrong_type", Some(HEADERS)),
        ("length_long", "length_long", Some(HEADERS)),
        ("length_short", "length_short", Some(HEADERS)),
    ] {
        switch_on(&server, &if fault == "stall" { json!({"then": fault, "for": "50ms"}) } else { json!(fault) });
        let frames = frames(&mut client::connect(server.address()));
        match kind {
            Some(kind) => assert!(has(&frames, kind), "{fault}: {frames:?}"),
            None => assert!(!has(&frames, HEADERS), "{fault}: {frames:?}"),
        }
        let wire = last(&server)["wire"].clone();
        assert_eq!(wire["end"], end, "{fault}");
        if ["truncate", "stall"].contains(&fault) {
            // Half of the body came, as the journal says, and no frame that ends the stream in good order.
            let came: usize = frames.iter().filter(|frame| frame.kind == DATA).map(|frame| frame.payload.len()).sum();
            assert!(
                wire["bytes"] == came && came > 0 && !frames.iter().any(|frame| frame.kind == DATA && frame.flags & 1 == 1),
                "{fault}: {frames:?}"
            );
        }
    }
}

/// What a client sees of these does not depend on what the server does first, and not on what the client goes on to say.
#[test]
fn connections_of_http2_end_without_a_frame_for_the_stream() {
    let server = Server::start(&[]);
    let said = [sent(), (0_u64..500).flat_map(|number| ping(&number.to_be_bytes())).collect()].concat();
    for (fault, is_reset) in
        [(json!("reset"), true), (json!("empty"), false), (json!({"then": "timeout", "for": "20ms"}), false)].into_iter().cycle().take(30)
    {
        switch_on(&server, &fault);
        let mut stream = client::connect(server.address());
        // It may end before all of it is written.
        let _ = stream.write_all(&said);
        let mut came = Vec::new();
        let end = stream.read_to_end(&mut came);
        assert_eq!(end.is_err(), is_reset, "{fault}: {end:?}");
        let mut rest = &came[..];
        while let Some(frame) = Frame::read(&mut rest) {
            assert!(![HEADERS, DATA, RST_STREAM, GOAWAY].contains(&frame.kind), "{fault}: {frame:?}");
        }
    }
}

/// Reads the first bytes of an answer that takes its time, and leaves.
fn left(server: &Server, fault: &Value, reads_body: bool) -> Value {
    switch_on(server, fault);
    let mut stream = client::connect(server.address());
    let head = format!("POST {COUNT} HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken shippo_test_seatrial\r\n");
    let request = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{ADDRESS}", ADDRESS.len());
    stream.write_all(request.as_bytes()).expect("it reads");
    if reads_body {
        let mut came = Vec::new();
        // The blank line before the body, and something of that.
        while !came.windows(4).rev().skip(1).any(|four| four == b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("so much comes");
            came.push(byte[0]);
        }
    } else {
        send(server, "GET", &format!("{JOURNAL}?limit=1&wait=5s&min=1&wire=under_way"), &[], "");
    }
    drop(stream);
    send(server, "GET", &format!("{JOURNAL}?limit=1&wait=10s&min=1&wire=abandoned"), &[], "").json()["requests"][0].clone()
}

#[test]
fn the_journal_tells_how_an_answer_ended_whose_caller_left() {
    for (fault, status, reads_body) in [("timeout", Value::Null, false), ("stall", json!(201), true), ("drip", json!(201), true)] {
        let server = Server::start(&[]);
        let entry = left(&server, &json!({"then": fault, "for": "30s"}), reads_body);
        assert_eq!((&entry["wire"]["end"], &entry["wire"]["status"]), (&json!("abandoned"), &status), "{fault}: {entry}");
        let (sent, made) = (entry["wire"]["bytes"].as_u64().unwrap_or(u64::MAX), entry["answer"]["length"].as_u64().unwrap_or(u64::MAX));
        assert!(sent < made && (sent > 0) == reads_body, "{fault}: {entry}");
    }
    let server = Server::start(&[]);
    faulted(&server, &json!({"then": "stall", "for": "100ms"}), "");
    assert!(last(&server)["duration_ms"].as_f64().is_some_and(|took| took >= 100.0), "{}", last(&server));
}

/// What a client of HTTP/2 sends that asks for a head alone.
fn asked_for_head() -> Vec<u8> {
    let head = block(&[
        (":method", "HEAD"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", COUNT),
        ("authorization", "ShippoToken shippo_test_seatrial"),
    ]);
    [preface(), frame(HEADERS, 5, 1, &head)].concat()
}

#[test]
fn a_head_has_no_body_whatever_goes_wrong() {
    let server = Server::start(&[]);
    for fault in ["", "drip", "length_long", "wrong_type", "bad_json", "duplicate_header", "html_gateway"] {
        if !fault.is_empty() {
            switch_on(&server, &json!(fault));
        }
        let frames = frames_of(&mut client::connect(server.address()), &asked_for_head());
        let is_whole = frames.iter().any(|frame| frame.kind == HEADERS && frame.flags & 1 == 1);
        assert!(is_whole && frames.iter().all(|frame| frame.kind != DATA), "{fault}: {frames:?}");
        let wire = last(&server)["wire"].clone();
        assert_eq!(wire["bytes"], 0, "{fault}: {wire}");
        if ["", "drip", "length_long", "bad_json"].contains(&fault) {
            assert_eq!(wire, json!({"end": "sent", "status": 200, "bytes": 0}), "{fault}: nothing can be wrong with no body");
        }
    }
}

#[test]
fn an_answer_that_is_lost_after_the_work_leaves_one_document_more() {
    let server = Server::start(&[]);
    let count = || send(&server, "GET", COUNT, &crate::admin::SHIPPO, "").json()["results"].as_array().map_or(0, Vec::len);
    let before = count();
    for (fault, more) in [
        (json!("garbage"), 0),
        (json!({"commit": true, "then": "garbage"}), 1),
        (json!("html_gateway"), 0),
        (json!({"commit": true, "then": "html_gateway"}), 1),
        (json!("length_short"), 1),
    ] {
        let already = count();
        faulted(&server, &fault, "connection: close\r\n");
        assert_eq!(count() - already, more, "{fault}");
    }
    assert_eq!(count() - before, 3);
}
