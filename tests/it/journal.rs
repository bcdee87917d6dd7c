//! The journal over the admin API: its filters, its listeners, and what it keeps to itself.

use std::future::Future;
use std::io::{BufRead, BufReader, Write};
use std::pin::pin;
use std::task::{Context, Waker};

use seatrial::engine::{Machine, Options, Start};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::admin::{SHIPPO, furnish};
use crate::advance::advance;
use crate::client::{self, JSON, send};
use crate::process::Server;

#[test]
fn the_stream_tells_of_calls_as_they_happen() {
    let server = Server::start(&[]);
    let mut stream = client::connect(server.address());
    let path = "/_seatrial/sandboxes/default/requests/stream?operation=shippo.CreateAddress&status=2xx";
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
    let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line comes"));
    assert!(lines.any(|line| line == "content-type: text/event-stream"));
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200);
    let (id, _) = furnish(&server);
    let event: Vec<String> = lines.skip_while(|line| !line.starts_with("event: ")).take(3).collect();
    assert_eq!(event[..2], ["event: request".to_owned(), format!("id: {id}")]);
    let data: Value = serde_json::from_str(event[2].trim_start_matches("data: ")).expect("data is JSON");
    assert_eq!(data["request"]["headers"]["authorization"], "[redacted]");
}

#[test]
fn the_stream_tells_of_a_clock_that_was_moved_while_it_runs() {
    let server = Server::start(&[]);
    let mut stream = client::connect(server.address());
    write!(stream, "GET /_seatrial/sandboxes/default/stream?topics=clock HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
    let lines = BufReader::new(stream).lines().map(|line| line.expect("a line comes"));
    let mut times = lines.filter_map(|line| {
        let data: Value = serde_json::from_str(line.strip_prefix("data: ")?).expect("data is JSON");
        data["now"].as_str()?.parse::<jiff::Timestamp>().ok()
    });
    let before = times.next().expect("it begins with the time");
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/clock/advance", &[JSON], r#"{"by": "1h"}"#).status, 200);
    let shown = times.find(|now| now.duration_since(before) >= jiff::SignedDuration::from_hours(1));
    assert!(shown.is_some_and(|now| now.duration_since(before) < jiff::SignedDuration::from_hours(2)), "{before} {shown:?}");
}

#[test]
fn so_many_streams_are_open_and_no_more() {
    let server = Server::start(&[]);
    for path in ["/_seatrial/sandboxes/default/requests/stream", "/_seatrial/sandboxes/default/stream"] {
        let open = || {
            let mut stream = BufReader::new(client::connect(server.address()));
            write!(stream.get_mut(), "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
            let mut first = String::new();
            stream.read_line(&mut first).expect("a line comes");
            (stream, first)
        };
        let mut streams: Vec<_> = (0..64).map(|_| open()).collect();
        assert!(streams.iter().all(|(_, first)| first.contains(" 200 ")), "{path}");
        assert!(open().1.contains(" 429 "), "{path}");
        // A file is another matter, and so are the streams of the other kind.
        assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").status, 200);
        streams.clear();
    }
}

#[test]
fn a_call_is_waited_for() {
    let server = Server::start(&[]);
    let found = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let path = "/_seatrial/sandboxes/default/requests?operation=shippo.CreateTransaction&wait=30s";
            send(&server, "GET", path, &[], "").json()
        });
        furnish(&server);
        waiting.join().expect("the wait ends")
    });
    assert_eq!(found["requests"][0]["operation"], "shippo.CreateTransaction");
}

#[test]
fn a_listener_is_woken_by_its_own_sandbox_only() {
    let wall: jiff::Timestamp = "2026-01-05T09:00:00Z".parse().expect("a valid timestamp");
    let machine = Machine::new(vendors::all(), Options::default(), Start::plain(wall));
    let open = |name: &str| machine.open(machine.stage(name, Start::plain(wall), None)).expect("the name is free");
    let (mine, other) = (open("mine"), open("other"));
    let mut heard = pin!(mine.listen());
    let mut is_woken = || heard.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    machine.perform(&other, "shippo.CreateParcel", &parcel, wall).expect("there is such an operation");
    advance(&machine, &other, wall, wall);
    assert!(machine.remove("other") && !is_woken());
    machine.perform(&mine, "shippo.CreateParcel", &parcel, wall).expect("there is such an operation");
    assert!(is_woken());
    let mut end = pin!(mine.listen());
    assert!(machine.remove("mine"));
    assert!(end.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[test]
fn a_stream_ends_when_it_gave_what_was_wanted_or_its_sandbox_is_gone() {
    let server = Server::start(&[]);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "gone"}"#).status, 201);
    let listen = |path: &str| {
        let mut stream = client::connect(server.address());
        write!(stream, "GET /_seatrial/sandboxes/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("it reads");
        let mut lines = BufReader::new(stream).lines().map(|line| line.expect("a line comes"));
        assert!(lines.any(|line| line == ": still here"));
        lines.filter(|line| line.starts_with("event: ") || line.starts_with("data: {\"reason\""))
    };
    let (gone, enough) = (listen("gone/requests/stream"), listen("default/requests/stream?limit=2"));
    furnish(&server);
    assert_eq!(
        enough.take(4).collect::<Vec<_>>(),
        ["event: request", "event: request", "event: end", "data: {\"reason\":\"as many calls as were wanted\"}"]
    );
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/gone", &[], "").status, 200);
    assert_eq!(gone.take(2).collect::<Vec<_>>(), ["event: end", "data: {\"reason\":\"the sandbox is gone\"}"]);
}

#[test]
fn filters_are_alike_wherever_the_journal_is_asked() {
    let server = Server::start(&[]);
    furnish(&server);
    send(&server, "GET", "/shippo/addresses?page=0", &SHIPPO, "");
    let theory = [("host", "localhost"), ("authorization", "bearer nothing")];
    send(&server, "GET", "/shiptheory/v1/services", &theory, "");
    let journal = "/_seatrial/sandboxes/default/requests";
    let ids = |query: &str| -> Vec<Value> {
        let found = send(&server, "GET", &format!("{journal}?{query}"), &[], "").json();
        found["requests"].as_array().expect("calls").iter().map(|row| row["id"].clone()).collect()
    };
    let all = ids("");
    assert_eq!(all.len(), 5);
    let since = format!("since={}&vendor=shippo", all[1].as_str().expect("an id"));
    for (query, expected) in [
        ("vendor=shippo", 4),
        ("vendor=shiptheory&status=401", 1),
        ("operation=shippo.CreateShipment", 1),
        ("method=get", 2),
        ("status=2xx&method=POST", 3),
        ("status=20x&limit=1", 1),
        (since.as_str(), 2),
        ("note=request-invalid&vendor=shiptheory", 0),
    ] {
        let listed = ids(query);
        assert_eq!(listed.len(), expected, "{query}: {listed:?}");
        let count = send(&server, "GET", &format!("{journal}/count?{query}"), &[], "").json();
        assert_eq!(count["count"], expected, "{query}");
        let exported = send(&server, "GET", &format!("{journal}/export?format=ndjson&{query}"), &[], "").body;
        let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row is JSON")["id"].clone());
        assert_eq!(rows.collect::<Vec<_>>(), listed, "{query}");
        let waited = send(&server, "GET", &format!("{journal}?{query}&wait=30s&min={expected}"), &[], "").json();
        assert_eq!(waited["requests"].as_array().map(Vec::len), Some(expected), "{query}");
    }
    // What is misspelt would fit no call.
    for wrong in ["requests/count?note=request-invalit", "requests?note=fault,patch-mised", "deliveries?event=track_updatd"] {
        assert_eq!(send(&server, "GET", &format!("/_seatrial/sandboxes/default/{wrong}"), &[], "").status, 400, "{wrong}");
    }
    assert_eq!(send(&server, "DELETE", &format!("{journal}?vendor=shippo&method=GET"), &[], "").status, 204);
    assert_eq!(ids(""), [&all[..3], &all[4..]].concat());
}

#[test]
fn no_secret_is_in_any_view_of_the_journal() {
    let server = Server::start(&[]);
    let form = ("content-type", "application/x-www-form-urlencoded");
    let key = ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456");
    let login = r#"{"username": "test@shipmate.co.uk", "password": "myShipmatePassword"}"#;
    let shipmate = send(&server, "POST", "/shipmate/v1.1/tokens", &[key, JSON], login).json();
    let token = shipmate["data"]["token"].as_str().expect("a token").to_owned();
    send(&server, "GET", "/shipmate/v1.1/services", &[key, ("x-shipmate-token", &token)], "");
    let theory = r#"{"email": "you@youremail.com", "password": "theory-password"}"#;
    send(&server, "POST", "/shiptheory/v1/token", &[JSON], theory);
    let theory = theory.replace("theory-password", "password");
    let theory = send(&server, "POST", "/shiptheory/v1/token", &[JSON], &theory).json();
    let bearer = theory["data"]["token"].as_str().expect("a token").to_owned();
    send(&server, "GET", "/shiptheory/v1/services", &[("authorization", &format!("bearer {bearer}"))], "");
    let grant = "grant_type=client_credentials&client_id=seatrial&client_secret=seatrial-secret";
    let time = send(&server, "POST", "/shiptime/oauth2/token", &[form], grant).json();
    let access = time["access_token"].as_str().expect("a token").to_owned();
    // Whoever forgets the content type, or sends more than is kept, has secrets as well.
    send(&server, "POST", "/shiptime/oauth2/token", &[("content-type", "text/plain")], grant);
    let long = format!(r#"{{"password": "in-a-long-body", "rest": "{}"}}"#, "x".repeat(70_000));
    send(&server, "POST", "/shipmate/v1.1/tokens", &[key, JSON], &long);
    send(&server, "GET", "/shiptime/rest/boxes?access_token=in-a-query", &[("authorization", "Basic c2FuZGJveDpzYW5kYm94")], "");
    let hook = r#"{"url": "http://ada:in-an-address@127.0.0.1:9/x?token=in-a-hook", "event": "track_updated"}"#;
    send(&server, "POST", "/shippo/webhooks", &SHIPPO, hook);
    let secrets = [
        key.1,
        "myShipmatePassword",
        &token,
        "theory-password",
        &bearer,
        "seatrial-secret",
        &access,
        "in-a-long-body",
        "in-a-query",
        "c2FuZGJveDpzYW5kYm94",
        "in-an-address",
        "in-a-hook",
        "shippo_test_seatrial",
    ];
    let journal = "/_seatrial/sandboxes/default/requests";
    let vendors = ["shipmate", "shiptheory", "shiptime", "shippo"].map(|vendor| format!("export?format=conversation&vendor={vendor}"));
    let views = ["export?format=har", "export?format=ndjson", "export?format=curl"].map(|view| format!("{journal}/{view}"));
    let mut open = String::new();
    for view in views.into_iter().chain(vendors.map(|view| format!("{journal}/{view}"))).chain([format!("{journal}?limit=50")]) {
        let shown = send(&server, "GET", &view, &[], "").body;
        let found: Vec<&&str> = secrets.iter().filter(|secret| shown.contains(**secret)).collect();
        assert!(found.is_empty(), "{view} shows {found:?}: {shown}");
        let separator = if view.contains('?') { '&' } else { '?' };
        open.push_str(&send(&server, "GET", &format!("{view}{separator}secrets=show"), &[], "").body);
    }
    let missing: Vec<&&str> = secrets.iter().filter(|secret| !open.contains(**secret)).collect();
    assert!(missing.is_empty(), "{missing:?} are nowhere, so that this test shows nothing");
    for format in ["har", "curl", "conversation"] {
        let shown = send(&server, "GET", &format!("{journal}/export?vendor=shipmate&limit=1&format={format}"), &[], "").body;
        assert!(shown.contains(&format!("cut: the first 65536 of {} bytes", long.len())), "{format}: {shown:.600}");
    }
    let cut = send(&server, "GET", &format!("{journal}?vendor=shipmate&limit=1"), &[], "").json();
    assert_eq!((&cut["requests"][0]["request"]["cut"], &cut["requests"][0]["request"]["length"]), (&json!(true), &json!(long.len())));
}
