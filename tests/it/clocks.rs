//! Clocks as the admin API moves them: with and without waiting, past receivers that say nothing, and up to the end of the calendar.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

const CLOCK: &str = "/sandboxes/default/clock";

/// A receiver that takes every connection and never says anything.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
    (listener, url)
}

/// Stops the clock of the default sandbox at a round time.
fn freeze(server: &Server) {
    admin(server, "PUT", CLOCK, &json!({"mode": "frozen"}));
    admin(server, "PUT", CLOCK, &json!({"now": "2040-01-01T00:00:00Z"}));
}

/// Freezes the clock of the default sandbox, and has something told to an address now.
fn tell(server: &Server, url: &str) {
    freeze(server);
    let hook = admin(server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    admin(server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
}

/// The clock once it is where it was moved to.
fn settled(server: &Server) -> Value {
    loop {
        let clock = admin(server, "GET", CLOCK, &Value::Null);
        if clock["moving"] == false {
            return clock;
        }
    }
}

#[test]
fn an_advance_need_not_be_waited_for() {
    let server = Server::start(&[]);
    freeze(&server);
    let advance = |body: Value| send(&server, "POST", &format!("/_seatrial{CLOCK}/advance"), &[JSON], &body.to_string());
    let begun = advance(json!({"by": "72h", "wait": false}));
    assert_eq!(begun.status, 202, "{}", begun.body);
    let begun = begun.json();
    assert_eq!((&begun["to"], &begun["moving"]), (&json!("2040-01-04T00:00:00Z"), &json!(true)), "{begun}");
    // Those that come meanwhile add up.
    assert_eq!(advance(json!({"by": "1h", "wait": false})).json()["to"], "2040-01-04T01:00:00Z");
    let waited = advance(json!({"by": "1h", "wait": true}));
    assert_eq!((waited.status, &waited.json()["now"]), (200, &json!("2040-01-04T02:00:00Z")), "{}", waited.body);
    let clock = settled(&server);
    assert_eq!((&clock["now"], &clock["to"]), (&json!("2040-01-04T02:00:00Z"), &Value::Null), "{clock}");
    let log = admin(&server, "GET", "/sandboxes/default/log", &Value::Null);
    let lines = log["log"].as_array().into_iter().flatten().filter(|line| line["what"] == "advanced");
    let noted: Vec<_> = lines.map(|line| line["at"].as_str().unwrap_or_default()).collect();
    assert_eq!(noted, ["2040-01-01T00:00:00Z", "2040-01-04T00:00:00Z", "2040-01-04T01:00:00Z", "2040-01-04T02:00:00Z"], "{log}");
    assert_eq!(advance(json!({"by": "1h", "wait": "no"})).status, 400);
}

#[test]
fn a_receiver_that_says_nothing_does_not_hold_an_advance_for_ever() {
    let server = Server::start(&["--advance-timeout", "50ms"]);
    let (_listener, url) = silent();
    tell(&server, &url);
    let begun = send(&server, "POST", &format!("/_seatrial{CLOCK}/advance"), &[JSON], r#"{"by": "72h"}"#);
    let said = begun.json();
    assert_eq!((begun.status, &said["moving"], &said["to"]), (202, &json!(true), &json!("2040-01-04T00:00:00Z")), "{said}");
    let clock = admin(&server, "GET", CLOCK, &Value::Null);
    assert_eq!((&clock["moving"], &clock["to"], &clock["now"]), (&json!(true), &said["to"], &json!("2040-01-01T00:00:00Z")), "{clock}");
    let put = admin(&server, "PUT", CLOCK, &json!({"now": "2040-02-01T00:00:00Z"}));
    assert_eq!((&put["moving"], &put["to"]), (&json!(true), &json!("2040-02-01T00:00:00Z")), "{put}");
    // Calls are answered meanwhile, at the instant that was reached, and a reset ends it.
    let called = send(&server, "GET", "/shippo/addresses", &crate::admin::SHIPPO, "");
    assert!(called.status == 200 && called.head.contains("date: sun, 01 jan 2040 00:00:00 gmt"), "{}", called.head);
    admin(&server, "POST", "/sandboxes/default/reset", &Value::Null);
    let clock = settled(&server);
    assert_eq!(clock["to"], Value::Null, "{clock}");
    let free = send(&server, "POST", &format!("/_seatrial{CLOCK}/advance"), &[JSON], r#"{"by": "1h", "wait": true}"#);
    assert_eq!(free.status, 200, "{}", free.body);
}

#[test]
fn the_calendar_ends_with_an_error() {
    let server = Server::start(&[]);
    freeze(&server);
    let far = "9999-12-31T00:00:00Z";
    for (method, path, body) in [
        ("POST", "/sandboxes/default/clock/advance", json!({"by": "99999999h"})),
        ("POST", "/sandboxes/default/clock/advance", json!({"by": "8000000d"})),
        ("POST", "/sandboxes/default/clock/advance", json!({"by": "99999999999999999999h", "wait": false})),
        ("POST", "/sandboxes/default/clock/advance", json!({"to": far})),
        ("POST", "/sandboxes/default/clock/advance", json!({"to": "12026-01-01T00:00:00Z"})),
        ("PUT", CLOCK, json!({"now": far})),
        ("POST", "/sandboxes", json!({"clock": {"start": far}})),
        ("POST", "/sandboxes", json!({"scenario": {"clock": {"start": far}}})),
        ("PUT", "/sandboxes/default/scenario", json!({"clock": {"start": far}})),
    ] {
        let refused = send(&server, method, &format!("/_seatrial{path}"), &[JSON], &body.to_string());
        assert!([400, 422].contains(&refused.status) && refused.body.contains("the end of the calendar"), "{body}: {}", refused.body);
        assert!(refused.body.contains("9999-12-30T22:00:00Z"), "{}", refused.body);
    }
    let clock = admin(&server, "GET", CLOCK, &Value::Null);
    assert_eq!((&clock["now"], &clock["moving"]), (&json!("2040-01-01T00:00:00Z"), &json!(false)));
    let last = admin(&server, "POST", "/sandboxes/default/clock/advance", &json!({"to": "9999-12-30T21:00:00Z"}));
    assert_eq!(last["now"], "9999-12-30T21:00:00Z", "{last}");
    let beyond = send(&server, "POST", "/_seatrial/sandboxes/default/clock/advance", &[JSON], r#"{"by": "2h"}"#);
    assert_eq!(beyond.status, 400, "{}", beyond.body);
}

#[test]
fn times_are_read_as_those_of_scenarios() {
    let server = Server::start(&[]);
    let yaml = ("content-type", "application/yaml");
    for (path, kind, body, line, column, part) in [
        ("/clock/advance", JSON, "{\n  \"by\": \"soon\"\n}", 2, 9, "`soon` is not a duration"),
        ("/clock/advance", yaml, "by: 1500\n", 1, 5, "text"),
        ("/clock/advance", JSON, r#"{"bye": "1h"}"#, 1, 2, "unknown member `bye`"),
        ("/clock/advance", JSON, r#"{"by": "-1h"}"#, 1, 8, "cannot be `-1h`"),
        ("/clock", JSON, r#"{"now": "5 Jan 2026"}"#, 1, 9, "`5 Jan 2026` is not an instant"),
        ("/clock", JSON, r#"{"mode": "speed"}"#, 1, 10, "unknown mode `speed`"),
        ("/clock", yaml, "mode:\n  speed: -1\n", 2, 10, "speed -1 is out of range"),
        ("/clock", JSON, r#"{"now": "1969-12-31T00:00:00Z"}"#, 1, 9, "no clock can show"),
        ("/clock", JSON, r#"{"now": }"#, 1, 9, "this is no JSON"),
    ] {
        let method = if path == "/clock" { "PUT" } else { "POST" };
        let refused = send(&server, method, &format!("/_seatrial/sandboxes/default{path}"), &[kind], body);
        assert_eq!((refused.status, refused.kind.as_str()), (400, "application/problem+json"), "{body}: {}", refused.body);
        let found = refused.json()["diagnostics"][0].clone();
        assert_eq!((&found["line"], &found["column"]), (&json!(line), &json!(column)), "{body}: {found}");
        assert!(found["message"].as_str().is_some_and(|message| message.contains(part)), "{body}: {found}");
    }
    let both = send(&server, "PUT", "/_seatrial/sandboxes/default/clock", &[JSON], r#"{"now": "today", "mode": "fast", "x": 1}"#).json();
    assert_eq!(both["diagnostics"].as_array().map(Vec::len), Some(3), "all problems are told: {both}");
    assert!(both["diagnostics"].as_array().into_iter().flatten().all(|row| row["help"].is_string()), "{both}");
}

#[test]
fn an_advance_says_how_many_tasks_wait_for_room() {
    let server = Server::start(&["--sandbox-bytes", "400000", "--total-bytes", "10000000"]);
    freeze(&server);
    let address = json!({
        "name": "Ada", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US",
    });
    let label = json!({
        "async": false, "carrier_account": "f82c50551bc7a9182d8e91293e0a7468", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": address, "address_to": address, "parcels": [
            {"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"},
        ]},
    })
    .to_string();
    let live = [("authorization", "ShippoToken shippo_live_seatrial"), JSON];
    let bought = (0..1_000).take_while(|_| send(&server, "POST", "/shippo/transactions", &live, &label).status == 201).count();
    assert!((5..1_000).contains(&bought), "{bought} labels fit");
    let done = admin(&server, "POST", &format!("{CLOCK}/advance"), &json!({"by": "200h", "wait": true}));
    assert!(done["postponed"].as_u64().is_some_and(|count| count > 0), "{done}");
    assert_eq!(admin(&server, "GET", CLOCK, &Value::Null)["postponed"], done["postponed"]);
    admin(&server, "POST", "/sandboxes/default/reset", &json!({}));
    let done = admin(&server, "POST", &format!("{CLOCK}/advance"), &json!({"by": "1h", "wait": true}));
    assert_eq!(done.get("postponed"), None, "{done}");
}

/// A file of a sandbox is read by the version that wrote it, however late it is there.
#[test]
fn a_late_sandbox_is_imported_as_it_was_exported() {
    let server = Server::start(&[]);
    for start in ["2554-12-30T18:00:00Z", "9998-01-05T09:00:00.000000001Z"] {
        let address = json!({"name": "Ada", "street1": "1 Example St", "city": "Vista", "state": "CA", "zip": "92081", "country": "US"});
        let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
        let label = json!({
            "carrier_account": "usps",
            "servicelevel_token": "usps_priority",
            "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]},
        });
        let scenario = json!({"clock": {"start": start, "mode": "frozen"}, "given": [{"shippo.CreateTransaction": label}]});
        let name = &start[..4];
        admin(&server, "POST", "/sandboxes", &json!({"name": format!("of-{name}"), "scenario": scenario}));
        let parcels = |sandbox: &str| admin(&server, "GET", &format!("/sandboxes/{sandbox}/parcels"), &Value::Null);
        let before = parcels(&format!("of-{name}"));
        assert_eq!(before["parcels"].as_array().map(Vec::len), Some(1), "{before}");
        let file = send(&server, "GET", &format!("/_seatrial/sandboxes/of-{name}/export"), &[], "").body;
        let import = format!("/_seatrial/sandboxes/again-{name}/import");
        let imported = send(&server, "POST", &import, &[JSON], &file);
        assert!(imported.status < 300, "{start}: {}", imported.body);
        assert_eq!(parcels(&format!("again-{name}"))["parcels"][0]["created"], before["parcels"][0]["created"]);
    }
}

#[test]
fn a_poll_while_the_clock_stands_still_is_noted() {
    let scenario = "name: still\nclock: {mode: frozen, start: 2026-01-05T09:00:00Z}\nrate_limits: vendor\n";
    let server = Server::start(&[]);
    let put = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[("content-type", "application/yaml")], scenario);
    assert_eq!(put.status, 200, "{}", put.body);
    let test = ("authorization", "ShippoToken shippo_test_seatrial");
    let place =
        |name: &str| json!({"name": name, "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": place("Ada"), "address_to": place("Bob"), "parcels": [parcel], "async": true});
    let made = send(&server, "POST", "/shippo/shipments", &[test, JSON], &shipment.to_string()).json();
    let path = format!("/shippo/shipments/{}", made["object_id"].as_str().expect("an id"));
    // Answers say nothing of it, because what others do must not change them.
    let poll = |path: &str, by| {
        assert!(!send(&server, "GET", path, &[by], "").head.contains("clock-frozen"));
        let newest = admin(&server, "GET", "/sandboxes/default/requests?limit=1", &Value::Null);
        newest["requests"][0]["notes"].to_string().contains("clock-frozen")
    };
    let polls = |path: &str, by| (0..6).map(|_| poll(path, by)).collect::<Vec<_>>();
    let expected = [false, false, false, false, true, true];
    assert_eq!(polls(&path, test), expected);
    let newest = admin(&server, "GET", "/sandboxes/default/requests?limit=1", &Value::Null);
    let detail = newest["requests"][0]["notes"][0]["detail"].as_str().expect("a text");
    assert!(detail.contains("the clock stands at 2026-01-05T09:00:00Z") && detail.contains("due at 2026-01-05T09:00:0"), "{detail}");
    // Another call between two polls begins anew, and a clock that was moved does.
    assert!(!poll("/shippo/shipments?results=1", test) && !poll(&path, test));
    admin(&server, "POST", &format!("{CLOCK}/advance"), &json!({"by": "1h"}));
    assert_eq!(polls(&path, test), [false; 6], "nothing is due any more");

    let key = ("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0");
    let noted: Vec<bool> = (0..46).map(|_| poll("/shipstation/carriers", key)).collect();
    assert_eq!((noted.iter().filter(|noted| **noted).count(), noted[43], noted[44]), (2, false, true), "forty calls a minute are answered");
}
