//! Replicas as servers, over a ledger whose answers are lost: what changes something is done once, and what was begun goes on.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;

use seatrial::engine::Machine;
use seatrial::server::{self, Addresses, AllowedHosts, Config, Guard, Listen};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::memory::{Failing, Memory};
use super::{Replica, address};
use crate::client::exchange;

/// A replica that is served until this is dropped.
pub struct Served {
    pub ledger: Memory,
    machine: Arc<Machine>,
    address: SocketAddr,
    end: oneshot::Sender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    /// A replica whose default sandbox has a clock that stands still.
    pub fn start() -> Self {
        let served = Self::join(&Memory::default());
        assert_eq!(served.ask("PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"})).0, 200);
        served
    }

    /// A replica of a fleet.
    pub fn join(ledger: &Memory) -> Self {
        let (sender, started) = mpsc::channel();
        let ledger = ledger.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime can start").block_on(serve(ledger, &sender));
        });
        Self { thread: Some(thread), ..started.recv().expect("it starts") }
    }

    /// Ends it. It leaves the webhooks that it was to send to others, who would wait for the end of its right otherwise.
    fn end(self) {
        let courier = self.ledger.courier("default");
        drop(self.end);
        self.thread.expect("it was started").join().expect("it does not panic");
        assert!(courier.is_none() || self.ledger.courier("default") != courier);
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, Value) {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}");
        let answer = exchange(self.address, format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        (status, serde_json::from_str(body).unwrap_or_default())
    }

    /// Asks a route of the admin API.
    pub fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let (kind, body) = if body.is_null() { ("", String::new()) } else { ("content-type: application/json\r\n", body.to_string()) };
        self.send(method, &format!("/_seatrial{path}"), kind, &body)
    }

    /// Makes a call of Shippo whose commit is written, and nobody hears of it.
    fn call_with_lost_answer(&self) {
        self.ledger.fail(&[Failing::After]);
        let headers = "authorization: ShippoToken shippo_test_seatrial\r\ncontent-type: application/json\r\n";
        let (status, answer) = self.send("POST", "/shippo/addresses/", headers, &address("Ada").to_string());
        assert_eq!(status, 201, "{answer}");
    }

    fn calls(&self) -> u64 {
        self.ask("GET", "/sandboxes/default/requests/count", &Value::Null).1["count"].as_u64().expect("a number")
    }

    fn clock(&self) -> Value {
        self.ask("GET", "/sandboxes/default/clock", &Value::Null).1
    }

    fn now(&self) -> jiff::Timestamp {
        self.clock()["now"].as_str().and_then(|now| now.parse().ok()).expect("a time")
    }
}

async fn serve(ledger: Memory, started: &mpsc::Sender<Served>) {
    let replica = Replica::join(&ledger).await;
    let config = Config {
        listen: vec![Listen { mount: None, addresses: Addresses(vec![([127, 0, 0, 1], 0).into()]) }],
        fleet: Some(Arc::clone(&replica.fleet)),
        page: false,
        ..Config::default()
    };
    let bound = server::bind(config, &[]).await.expect("a port of the loopback is free");
    let guard = Guard::new(&bound.addresses(), None, false, AllowedHosts::default(), String::new);
    let (end, ended) = oneshot::channel::<()>();
    let _ = started.send(Served { ledger, machine: Arc::clone(&replica.machine), address: bound.http, end, thread: None });
    let served = server::serve(Arc::clone(&replica.machine), bound, guard, async { drop(ended.await) }).await;
    served.expect("threads can be started");
}

#[test]
fn a_clock_is_moved_once_whatever_answers_are_lost() {
    let served = Served::start();
    for how in [&[Failing::After][..], &[Failing::After; 3], &[Failing::Before], &[Failing::Before, Failing::After], &[Failing::After; 2]] {
        let before = served.now();
        served.ledger.fail(how);
        let (status, moved) = served.ask("POST", "/sandboxes/default/clock/advance", &json!({"by": "1h"}));
        assert_eq!(status, 200, "{how:?} {moved}");
        let hour = before + jiff::SignedDuration::from_hours(1);
        assert_eq!((moved["now"].as_str(), served.now()), (Some(&*hour.to_string()), hour), "{how:?}");
        served.ledger.fail(how);
        let day = (before + jiff::SignedDuration::from_hours(24)).to_string();
        let (status, set) = served.ask("PUT", "/sandboxes/default/clock", &json!({"now": day, "mode": "frozen"}));
        assert_eq!((status, set["now"].as_str()), (200, Some(&*day)), "{how:?} {set}");
    }
}

#[test]
fn a_conversation_is_played_once_whatever_answers_are_lost() {
    let served = Served::start();
    let story = "steps: [{call: GET /addresses, expect: {status: 401}}]";
    for how in [&[Failing::After][..], &[Failing::After; 3]] {
        let before = served.calls();
        served.ledger.fail(how);
        let path = "/_seatrial/sandboxes/default/conversations?vendor=shippo";
        let (status, played) = served.send("POST", path, "content-type: application/yaml\r\n", story);
        assert_eq!((status, &played["verdict"]), (200, &json!("passed")), "{how:?} {played}");
        assert_eq!(served.calls(), before + 1, "{how:?}");
    }
}

#[test]
fn an_answer_that_another_replica_holds_is_waited_for_while_sandboxes_can_be_made() {
    let (served, body) = (Served::start(), address("Ada").to_string());
    let other = Served::join(&served.ledger);
    let scenario = json!({"name": "held", "expect": [{"call": "shippo.CreateAddress", "when": "$answer.wire == 'sent'"}]});
    let (status, made) = served.ask("POST", "/sandboxes", &json!({"name": "held", "scenario": scenario}));
    assert_eq!(status, 201, "{made}");
    let (status, fault) = served.ask("PUT", "/sandboxes/held/faults/slow", &json!({"on": "shippo.CreateAddress", "latency": "5m"}));
    assert!(status < 300, "{fault}");
    let token = made["credentials"]["shippo"][0]["token"].as_str().expect("a token");
    let head = format!("POST /@held/shippo/addresses HTTP/1.1\r\nhost: localhost\r\nauthorization: ShippoToken {token}\r\n");
    let length = format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut caller = TcpStream::connect(served.address).expect("it listens");
    caller.write_all(format!("{head}{length}{body}").as_bytes()).expect("it is read");
    while served.ask("GET", "/sandboxes/held/requests/count", &Value::Null).1["count"] != 1 {}
    thread::scope(|scope| {
        let deleted = scope.spawn(|| other.ask("DELETE", "/sandboxes/held", &Value::Null));
        while !deleted.is_finished() && !other.machine.sandbox("held").is_some_and(|sandbox| sandbox.is_watched()) {}
        assert_eq!(served.ask("POST", "/sandboxes", &json!({"name": "meanwhile"})).0, 201);
        drop(caller);
        let (status, verdict) = deleted.join().expect("nothing panics");
        assert_eq!((status, &verdict["verdict"]), (200, &json!("failed")), "{verdict}");
    });
}

/// Reads the request of a connection, which is not answered yet.
fn request(stream: TcpStream) -> TcpStream {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        assert!(reader.read_line(&mut line).expect("it is text") > 0, "the request ends early");
        if let Some(number) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().expect("a number");
        }
    }
    reader.read_exact(&mut vec![0; length]).expect("all of the body comes");
    reader.into_inner()
}

#[test]
fn what_was_begun_goes_on_when_the_answers_of_calls_are_lost() {
    let served = Served::start();
    let receiver = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hook", receiver.local_addr().expect("it is bound"));
    let (status, hook) = served.ask("POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    assert_eq!(status, 201, "{hook}");
    let path = format!("/webhooks/{}/test", hook["id"].as_str().expect("an id"));
    let (status, sent) = served.ask("POST", &path, &json!({}));
    assert_eq!(status, 201, "{sent}");
    let (stream, _) = receiver.accept().expect("the delivery is sent");
    let mut stream = request(stream);
    let before = served.now();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| served.ask("POST", "/sandboxes/default/clock/advance", &json!({"by": "1h", "wait": true})));
        while served.clock()["moving"] != true {}
        (0..3).for_each(|_| served.call_with_lost_answer());
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("it is read");
        drop(stream);
        let (status, moved) = waiting.join().expect("nothing panics");
        assert_eq!(status, 200, "{moved}");
    });
    assert_eq!(served.now(), before + jiff::SignedDuration::from_hours(1));
    let (_, told) = served.ask("GET", &format!("/deliveries/{}", sent["id"].as_str().expect("an id")), &Value::Null);
    assert_eq!((&told["progress"], told["attempts"].as_array().map(Vec::len)), (&json!("delivered"), Some(1)), "{told}");
    receiver.set_nonblocking(true).expect("it is a socket");
    assert_eq!(receiver.accept().expect_err("nothing is sent twice").kind(), ErrorKind::WouldBlock);
}

#[test]
fn every_replica_knows_where_a_clock_is_moved_to_and_goes_on_when_another_one_ends() {
    let served = Served::start();
    let other = Served::join(&served.ledger);
    let receiver = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let next = || request(receiver.accept().expect("the delivery is sent").0);
    let url = format!("http://{}/hook", receiver.local_addr().expect("it is bound"));
    let (_, hook) = served.ask("POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    served.ask("POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
    let _held = next();
    let to = (served.now() + jiff::SignedDuration::from_hours(72)).to_string();
    let (status, begun) = served.ask("POST", "/sandboxes/default/clock/advance", &json!({"to": to, "wait": false}));
    assert_eq!(status, 202, "{begun}");
    for replica in [&served, &other] {
        let clock = replica.clock();
        assert_eq!((&clock["moving"], clock["to"].as_str()), (&json!(true), Some(&*to)), "{clock}");
    }
    served.end();
    next().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").expect("it is read");
    while other.clock()["moving"] == true {}
    assert_eq!((other.now().to_string(), &other.clock()["to"]), (to, &Value::Null));
    // It says so as the one that was asked would have.
    while !other.ask("GET", "/sandboxes/default/log", &Value::Null).1.to_string().contains(r#""advanced""#) {}
}

#[test]
fn a_ledger_that_is_away_for_a_moment_is_waited_for() {
    let served = Served::start();
    for (method, path, body) in [
        ("GET", "/sandboxes/default/clock", Value::Null),
        ("GET", "/sandboxes/default/requests", Value::Null),
        ("GET", "/sandboxes", Value::Null),
        ("POST", "/sandboxes/default/clock/advance", json!({"by": "1h"})),
        ("POST", "/sandboxes/default/snapshot", json!({"name": "kept"})),
        ("GET", "/inbox/letters", Value::Null),
        ("GET", "/inboxes", Value::Null),
        ("DELETE", "/inbox/letters", Value::Null),
    ] {
        for trips in 1..6 {
            served.ledger.misses(trips);
            let (status, answer) = served.ask(method, path, &body);
            assert!((200..300).contains(&status), "{method} {path} after {trips} trips: {status} {answer}");
        }
    }
    for trips in 1..6 {
        served.ledger.misses(trips);
        // As with a credential that no sandbox has, for which the list is looked at.
        let (status, answer) = served.send("GET", "/shippo/addresses/", "authorization: ShippoToken unknown\r\n", "");
        assert_eq!(status, 401, "after {trips} trips: {answer}");
    }
}

#[test]
fn inboxes_are_alike_on_all_replicas_and_lose_the_letters_of_a_sandbox_that_ends() {
    let served = Served::start();
    let other = Served::join(&served.ledger);
    let texts = |replica: &Served| {
        let (_, inbox) = replica.ask("GET", "/inbox/box", &Value::Null);
        let letters = inbox["letters"].as_array().expect("a list").iter().map(|letter| letter["text"].clone()).collect::<Vec<_>>();
        (letters, inbox["received"].as_u64().expect("a number"))
    };
    for text in [r#""first""#, r#""second""#] {
        assert_eq!(served.ask("POST", "/inbox/box", &text.into()).0, 200);
        let expected = (vec![Value::from(Value::from(text).to_string())], 1);
        assert_eq!((texts(&served), texts(&other)), (expected.clone(), expected));
        assert_eq!(served.ask("DELETE", "/inbox/box", &Value::Null).0, 204);
    }
    let (_, made) = served.ask("POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": "inbox://box"}));
    let test = format!("/webhooks/{}/test", made["id"].as_str().expect("an id"));
    for replica in [&served, &other] {
        assert_eq!(replica.ask("POST", &test, &json!({})).0, 201);
    }
    assert_eq!(other.ask("GET", "/inbox/box?wait=20s&min=2", &Value::Null).1["received"], 2);
    assert_eq!(other.ask("POST", "/sandboxes/default/reset", &json!({})).0, 200);
    assert_eq!([&served, &other].map(texts), [(Vec::new(), 2), (Vec::new(), 2)]);
    other.end();
    served.end();
}
