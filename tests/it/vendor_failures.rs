//! What a vendor's own functions do to a call when they panic, and how little of a call is read before its caller is known.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use seatrial::engine::{Answer, Denial, Dialect, Options, Reply, Vendor};
use seatrial::vendors;
use seatrial::world::Note;
use serde_json::{Value, json};

use crate::made_up::{dialect, document, machine, request, set_scenario, start, vendor};

fn made_up() -> Vendor {
    let body = json!({"content": {"application/json": {"schema": {"type": "object", "required": ["name"]}}}});
    let paths =
        json!({"/labels": {"post": {"operationId": "createLabel", "requestBody": body, "responses": {"200": {"description": "made"}}}}});
    vendor("acme", &document(paths))
}

fn codes(answer: &Answer) -> Vec<&str> {
    answer.notes().iter().map(|note| note.code).collect()
}

fn check(vendor: Vendor, method: Method, expected: u16, is_vendors: bool) {
    let machine = machine([vendor], Options::default());
    set_scenario(&machine, "{overrides: [{on: acme.createLabel, when: $state.labels == 1, latency: 1s}]}").expect("a scenario");
    let answer = machine.handle(&request(method, "/acme/labels", &[("host", "a")], r#"{"name": "a"}"#), start());
    assert_eq!(answer.status, expected, "{answer:?}");
    assert_eq!(answer.headers.contains_key("content-type") || expected == 200, is_vendors, "{answer:?}");
    assert_eq!(codes(&answer).contains(&Note::SANDBOX_BROKEN), expected == 500, "{answer:?}");
    assert_eq!(machine.default_sandbox().journal().iter().count(), 1, "it is in the journal");
}

#[test]
fn a_panic_in_any_function_of_a_vendor_is_its_500() {
    check(made_up(), Method::POST, 200, true);
    check(Vendor { identify: Box::new(|_| panic!("identify")), ..made_up() }, Method::POST, 200, true);
    check(Vendor { authenticate: |_| panic!("authenticate"), ..made_up() }, Method::POST, 500, true);
    check(Vendor { decode: |_, _| panic!("decode"), ..made_up() }, Method::POST, 500, true);
    check(Vendor { state: |_| panic!("state"), ..made_up() }, Method::POST, 500, true);
    let rows = |rows: &mut seatrial::engine::Operations| {
        rows.on("createLabel", |_: &mut seatrial::engine::Cx<'_>| panic!("a handler"));
    };
    check(Vendor { operations: Box::new(rows), ..made_up() }, Method::POST, 500, true);
    let headers = Dialect { headers: |_, _| panic!("headers"), ..dialect(|_, _| Reply::empty(http::StatusCode::OK)) };
    check(Vendor { dialect: headers, ..made_up() }, Method::POST, 500, false);
    check(Vendor { dialect: dialect(|_, _| panic!("refuse")), ..made_up() }, Method::PUT, 500, false);
}

#[test]
fn bodies_of_strangers_are_not_read_if_they_are_large() {
    static READ: AtomicUsize = AtomicUsize::new(0);
    let counting = Vendor {
        authenticate: |request| {
            let key = request.call.request.header("key").ok_or(Denial::Missing)?;
            request
                .require(&[("key", key)])
                .or_else(|_| request.credentials.first().cloned().filter(|_| key == "k").ok_or_else(|| Denial::Unknown.into()))
        },
        decode: |_, _| {
            READ.fetch_add(1, Ordering::Relaxed);
            Ok(json!({"name": "a"}))
        },
        ..made_up()
    };
    let machine = machine([counting], Options::default());
    for (key, size, status, read) in [("k", 1 << 20, 200, 1), ("x", 1 << 20, 401, 0), ("x", 100, 401, 1), ("k", 100, 200, 1)] {
        READ.store(0, Ordering::Relaxed);
        let answer = machine.handle(&request(Method::POST, "/acme/labels", &[("host", "a"), ("key", key)], &"[".repeat(size)), start());
        assert_eq!((answer.status.as_u16(), READ.load(Ordering::Relaxed)), (status, read), "{key} {size}");
    }
}

#[test]
fn every_vendor_refuses_a_stranger_before_it_reads_a_large_body() {
    let machine = machine(vendors::all(), Options::default());
    for (target, status) in [
        ("/shipmate/v1.1/consignments", 401),
        ("/shipmate/v1.1/tokens", 401),
        ("/shipmate/v1.2/shipments", 401),
        ("/shippo/shipments", 401),
        ("/shippo/batches", 401),
        ("/shiptheory/v1/shipments", 401),
        ("/shiptime/rest/rates", 401),
    ] {
        let ask = |body: &str| machine.handle(&request(Method::POST, target, &[("host", "a")], body), start());
        let small = ask(r#"{"a": 1}"#);
        for body in [format!("{{\"a\": {}", "[".repeat(1 << 20)), json!({"a": "x".repeat(1 << 20)}).to_string()] {
            let large = ask(&body);
            assert_eq!((large.status.as_u16(), &large.body), (status, &small.body), "{target}: {}", String::from_utf8_lossy(&large.body));
            assert!(!codes(&large).contains(&Note::REQUEST_INVALID), "{target}: it was read: {:?}", large.notes());
        }
        // What is small is read for the sake of its notes.
        let _: Value = serde_json::from_slice(&small.body).unwrap_or_default();
    }
}
