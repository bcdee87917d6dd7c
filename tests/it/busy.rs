//! Sandboxes with endless work, receivers that hang, and what is in flight when everything begins anew: nobody else notices.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{JSON, admin, send, send_patiently};
use crate::process::Server;

/// A receiver that accepts and never answers; it says when a request has come.
fn hanging() -> (String, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
    let (sender, came) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), sender) = (stream, sender.clone()) else { return };
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 1024]);
                let _ = sender.send(());
                // Until the other side gives up.
                let _ = stream.read_to_end(&mut Vec::new());
            });
        }
    });
    (url, came)
}

/// Has a sandbox send a test event to an address.
fn subscribe(server: &Server, sandbox: &str, url: &str) {
    let made = admin(server, "POST", &format!("/sandboxes/{sandbox}/webhooks"), &json!({"vendor": "shippo", "url": url}));
    let id = made["id"].as_str().unwrap_or_else(|| panic!("{made}"));
    let tested = admin(server, "POST", &format!("/webhooks/{id}/test?sandbox={sandbox}"), &json!({"event": "track_updated"}));
    assert!(tested["id"].is_string(), "{tested}");
}

/// A sandbox whose time stands still; the headers of a caller of Shippo.
fn frozen(server: &Server, name: &str) -> String {
    let clock = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    let made = admin(server, "POST", "/sandboxes", &json!({"name": name, "seed": 7, "clock": clock}));
    assert_eq!(made["name"], name, "{made}");
    format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"))
}

/// Buys a label, whose parcel is scanned in the days that follow.
fn buy(server: &Server, sandbox: &str, token: &str) {
    let town = json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": town, "address_to": town, "parcels": [parcel]});
    let label = json!({"shipment": shipment, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": "usps_priority"});
    let path = format!("/@{sandbox}/shippo/transactions");
    let bought = send(server, "POST", &path, &[("authorization", token), JSON], &label.to_string());
    assert_eq!(bought.status, 201, "{}", bought.body);
}

fn now(server: &Server, sandbox: &str) -> Value {
    admin(server, "GET", &format!("/sandboxes/{sandbox}/clock"), &Value::Null)["now"].clone()
}

#[test]
fn a_reset_ends_what_is_in_flight() {
    let server = Server::start(&[]);
    for action in ["reset", "restore"] {
        let name = format!("in-{action}");
        let token = frozen(&server, &name);
        admin(&server, "POST", &format!("/sandboxes/{name}/snapshot"), &json!({}));
        let origin = now(&server, &name);
        // Tracked only while the clock is moved, so that a delivery means that the advance is under way.
        let track = |url: &str| {
            let hook = json!({"vendor": "shippo", "url": url, "events": ["track_updated"]});
            admin(&server, "POST", &format!("/sandboxes/{name}/webhooks"), &hook);
            buy(&server, &name, &token);
        };
        let advance = || send(&server, "POST", &format!("/_seatrial/sandboxes/{name}/clock/advance"), &[JSON], r#"{"by": "720h"}"#).status;
        let again = || send(&server, "POST", &format!("/_seatrial/sandboxes/{name}/{action}"), &[JSON], "{}").status;
        for _ in 0..2 {
            let (url, came) = hanging();
            track(&url);
            thread::scope(|scope| {
                let advancing = scope.spawn(advance);
                came.recv_timeout(Duration::from_secs(10)).expect("the delivery is under way, and waits for none of an earlier run");
                let log = admin(&server, "GET", &format!("/sandboxes/{name}/deliveries"), &Value::Null);
                assert_eq!(log["deliveries"][0]["attempts"], json!([]), "no answer of an earlier run is taken for one: {log}");
                assert!(again() < 300);
                assert_eq!(advancing.join().expect("it ends"), 409, "the advance says that it ended early");
            });
            assert_eq!(now(&server, &name), origin, "nothing of it is left after the {action}");
        }
    }
}

#[test]
fn a_deleted_sandbox_sends_nothing_more_and_its_name_is_free() {
    let server = Server::start(&[]);
    frozen(&server, "gone");
    let (url, came) = hanging();
    subscribe(&server, "gone", &url);
    came.recv_timeout(Duration::from_secs(10)).expect("the delivery is under way");
    send(&server, "DELETE", "/_seatrial/sandboxes/gone", &[], "");
    frozen(&server, "gone");
    // Answered within the time-out of the test's client, which is shorter than that of the delivery.
    let moved = admin(&server, "POST", "/sandboxes/gone/clock/advance", &json!({"by": "1s"}));
    assert_eq!(moved["now"], "2026-01-05T09:00:01Z", "{moved}");
}

#[test]
fn receivers_that_hang_are_waited_for_by_their_own_sandbox_only() {
    let server = Server::start(&[]);
    let (hanging_url, came) = hanging();
    frozen(&server, "slow");
    for _ in 0..100 {
        subscribe(&server, "slow", &hanging_url);
    }
    for _ in 0..16 {
        came.recv_timeout(Duration::from_secs(10)).expect("the deliveries are under way");
    }
    frozen(&server, "other");
    subscribe(&server, "other", &format!("http://{}/_seatrial/inbox/other", server.address()));
    let read = admin(&server, "GET", "/inbox/other?wait=5s", &Value::Null);
    assert_eq!(read["received"], 1, "{read}");
}

#[test]
fn endless_work_of_one_sandbox_stops_nobody() {
    let server = Server::start(&[]);
    let clock = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    let endless = json!({"for": {"vendor": "shippo"}, "steps": [{"at": "+1h", "status": "in_transit"}], "then": "repeat"});
    let scenario = json!({"timelines": {"endless": endless}});
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "endless", "seed": 7, "clock": clock, "scenario": scenario}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    buy(&server, "endless", &token);
    thread::scope(|scope| {
        let advance = |by: &'static str| {
            let server = &server;
            scope.spawn(move || send_patiently(server, "POST", "/_seatrial/sandboxes/endless/clock/advance", &[JSON], by).status)
        };
        let advancing = advance(r#"{"by": "100000h"}"#);
        while !advancing.is_finished() {
            assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
            assert_eq!(send(&server, "GET", "/shippo/addresses", &[("authorization", "ShippoToken shippo_test_seatrial")], "").status, 200);
            assert_eq!(send(&server, "GET", "/_seatrial/sandboxes", &[], "").status, 200);
        }
        assert_eq!(advancing.join().expect("it ends"), 200, "a parcel ends after as many scans as it may have");
    });
    let end = send_patiently(&server, "POST", "/_seatrial/sandboxes/endless/clock/advance", &[JSON], r#"{"to": "9999-12-30T22:00:00Z"}"#);
    assert_eq!(end.status, 200, "the calendar ends, and so does the agenda: {}", end.body);
}

#[test]
fn lists_of_many_bytes_have_a_bound_and_leave_health_alone() {
    let server = Server::start(&[]);
    let seller = [JSON, ("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0")];
    let item = format!(r#"{{"name":"{}","quantity":1,"unitPrice":1}}"#, "n".repeat(1_800));
    let order = r#""orderDate":"2026-01-05","orderStatus":"awaiting_shipment","billTo":{"name":"A"},"shipTo":{"name":"A"}"#;
    for number in 0..5 {
        let body = format!(r#"{{"orderNumber":"{number}",{order},"items":[{}]}}"#, vec![&*item; 4_000].join(","));
        assert_eq!(send_patiently(&server, "POST", "/shipstation/orders/createorder", &seller, &body).status, 200);
    }
    let list = |word: &str| send_patiently(&server, "GET", &format!("/shipstation/orders?itemKeyword={word}"), &seller, "").status;
    assert_eq!(list("zzz"), 200, "what cannot be there is not read");
    let shipments = send_patiently(&server, "GET", "/shipstation/v2/shipments?item_keyword=zzz", &[("api-key", "seatrial-live")], "");
    assert_eq!(shipments.status, 500, "{}", shipments.body);
    thread::scope(|scope| {
        let lists: Vec<_> = (0..3).map(|_| scope.spawn(|| list("quantity"))).collect();
        let mut answered = 0;
        while lists.iter().any(|list| !list.is_finished()) {
            assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
            answered += 1;
        }
        assert!(answered >= 5, "{answered} answers beside them");
        assert!(lists.into_iter().all(|list| list.join().expect("it is answered") == 500), "more would be read than is for one answer");
    });
}

#[test]
fn a_body_of_very_many_values_is_refused_before_it_is_parsed() {
    let server = Server::start(&[]);
    let quoted = format!("\"{}", "a=b&".repeat(2_000_000));
    for path in ["/shipmate/v1.1/consignments", "/shiptheory/v1/shipments", "/shippo/addresses"] {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(send(&server, "POST", path, &form, &quoted).status, 413, "{path}: a quote hides nothing of a form");
    }
    let rows = |unit: &str| format!(r#"{{"a": [{}1]}}"#, unit.repeat(2_000_000));
    for path in ["/shippo/orders", "/shiptheory/v1/shipments", "/shipmate/v1.1/consignments", "/shiptime/rest/rates"] {
        for body in [rows("[1],"), rows("{},")] {
            let answer = send(&server, "POST", path, &[JSON], &body);
            assert_eq!(answer.status, 413, "{path}: {}", answer.body);
        }
    }
}

#[test]
fn what_is_larger_than_the_limit_is_refused_in_the_vendors_shape_and_what_is_within_is_read() {
    let server = Server::start(&["--body-limit", "1000000"]);
    let shippo = [JSON, ("authorization", "ShippoToken shippo_test_seatrial")];
    let batch = |rows: usize| {
        let rows = vec![r#"{"shipment": "5e40ead7cffe4cc1ad45108696162e42", "metadata": "x"}"#; rows].join(",\n  ");
        format!(r#"{{"default_carrier_account": "a", "default_servicelevel_token": "usps_priority", "batch_shipments": [{rows}]}}"#)
    };
    assert_eq!(send(&server, "POST", "/shippo/batches", &shippo, &batch(10_000)).status, 400, "there is no such carrier account");
    let values = format!("[{}1]", "1,".repeat(100_000));
    for (path, shape) in [
        ("/shippo/batches", "{\"detail\": \"Request body is too large.\"}"),
        ("/shiptheory/v1/token", "\"code\":413"),
        ("/shipmate/v1.1/tokens", "{\"message\":\"Payload Too Large\",\"data\":null}"),
        ("/shiptime/rest/rates", "HTTP Status 413"),
    ] {
        for body in [&values, &"x".repeat(1_000_001)] {
            let answer = send(&server, "POST", path, &shippo, body);
            assert!(answer.status == 413 && answer.body.contains(shape), "{path}: {} {}", answer.status, answer.body);
        }
    }
    let journal = send(&server, "GET", "/_seatrial/sandboxes/default/requests", &[], "").body;
    assert!(journal.contains("the body has 100002 values; with a `--body-limit` of 1000000 bytes, 50000 are read"), "{journal}");
    assert!(journal.contains("the body is larger than the 1000000 bytes of `--body-limit`") && !journal.contains("answer-invalid"));
}

#[test]
fn calls_that_come_while_a_scenario_is_replaced_are_kept() {
    let server = Server::start(&["--log", "warn"]);
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "mine"}));
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    let caller = [("authorization", token.as_str()), JSON];
    let yaml = [("content-type", "application/yaml")];
    let scenario = |number: usize| {
        let weighs = |weight| json!({"never": "shippo.CreateParcel", "when": format!("$request.body.weight == '{weight}'")});
        let expected: Vec<Value> = (10..70).map(weighs).collect();
        let given = json!([{"shippo.CreateAddress": {"name": format!("number {number}"), "country": "US"}}]);
        json!({"name": format!("number {number}"), "clock": {"mode": "frozen"}, "given": given, "expect": expected}).to_string()
    };
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}).to_string();
    let replaced = AtomicBool::new(false);
    let made = thread::scope(|scope| {
        let calls = scope.spawn(|| {
            let mut made = 0;
            while !replaced.load(Ordering::Relaxed) {
                assert_eq!(send(&server, "POST", "/@mine/shippo/parcels", &caller, &parcel).status, 201);
                made += 1;
            }
            made
        });
        for number in 0..10 {
            let put = send(&server, "PUT", "/_seatrial/sandboxes/mine/scenario?keep=data", &yaml, &scenario(number));
            assert_eq!(put.status, 200, "{}", put.body);
        }
        replaced.store(true, Ordering::Relaxed);
        calls.join().expect("every call was answered")
    });
    let last = send(&server, "GET", &format!("/@mine/shippo/parcels?results=1&page={made}"), &caller, "").json();
    assert_eq!((last["results"].as_array().map(Vec::len), &last["next"]), (Some(1), &Value::Null), "{made} were made: {last}");
}
