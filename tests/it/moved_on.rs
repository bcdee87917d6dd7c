//! Clocks on their way when a process ends: the next one moves them on. What takes the place of a world that is being moved is not, and
//! time goes back for nobody.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};

use http::Method;
use seatrial::base::time::{Steady, Timestamp};
use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::data_dir::{Folder, machine, open};
use crate::listener;
use crate::made_up::request;
use crate::process::Server;

const CLOCK: &str = "/sandboxes/default/clock";

/// Receives webhooks, and answers when it is told to.
struct Receiver(TcpListener);

impl Receiver {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"))
    }

    /// The next request, which waits for its answer.
    fn next(&self) -> TcpStream {
        let (stream, _) = self.0.accept().expect("a webhook comes");
        listener::request(&stream);
        stream
    }

    fn answer(mut stream: TcpStream) {
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").expect("it listens");
    }

    /// Has a server send it something at a time at which the clock stands still; the request that waits for its answer.
    fn hold(&self, server: &Server) -> TcpStream {
        admin(server, "PUT", CLOCK, &json!({"now": "2040-01-01T00:00:00Z", "mode": "frozen"}));
        let url = format!("http://{}/hook", self.0.local_addr().expect("it is bound"));
        let hook = admin(server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
        admin(server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
        self.next()
    }
}

fn clock(server: &Server, name: &str) -> Value {
    admin(server, "GET", &format!("/sandboxes/{name}/clock"), &Value::Null)
}

/// The clock once it is where it was moved to.
fn settled(server: &Server) -> Value {
    loop {
        let clock = clock(server, "default");
        if clock["moving"] == false {
            return clock;
        }
    }
}

fn advance(server: &Server, body: &Value) -> Value {
    let begun = send(server, "POST", &format!("/_seatrial{CLOCK}/advance"), &[JSON], &body.to_string());
    assert_eq!(begun.status, 202, "{}", begun.body);
    begun.json()
}

#[test]
fn a_clock_whose_process_ends_is_moved_on_by_the_next_one() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let start = || {
        let folder = folder.0.to_str().expect("a UTF-8 path");
        Server::start(&["--data-dir", folder, "--fsync", "always", "--advance-timeout", "50ms", "--log", "warn"])
    };
    let mut server = start();
    let held = receiver.hold(&server);
    advance(&server, &json!({"by": "72h", "wait": false}));
    // Those that are promised meanwhile add up, however they are ended.
    assert_eq!(advance(&server, &json!({"by": "1h"}))["to"], "2040-01-04T01:00:00Z");
    assert_eq!(server.signal("-KILL"), None);
    drop(held);
    let mut server = start();
    let held = receiver.next();
    let on_its_way = clock(&server, "default");
    assert_eq!((&on_its_way["moving"], &on_its_way["to"]), (&json!(true), &json!("2040-01-04T01:00:00Z")), "{on_its_way}");
    let put = admin(&server, "PUT", CLOCK, &json!({"now": "2040-01-04T02:00:00Z", "mode": {"speed": 0.5}}));
    assert_eq!((&put["to"], &put["mode"]), (&json!("2040-01-04T02:00:00Z"), &json!("frozen")), "{put}");
    assert_eq!(server.signal("-TERM"), Some(0));
    drop(held);
    let mut server = start();
    Receiver::answer(receiver.next());
    let there = settled(&server);
    assert_eq!((&there["mode"], &there["to"]), (&json!({"speed": 0.5}), &Value::Null), "{there}");
    assert!(there["now"].as_str().is_some_and(|now| now.starts_with("2040-01-04T02:")), "{there}");
    // Then there is nothing that another one would go on with.
    assert_eq!(server.signal("-KILL"), None);
    assert_eq!(clock(&start(), "default")["moving"], false);
}

#[test]
fn what_takes_the_place_of_a_world_is_not_moved() {
    let (folder, receiver) = (Folder::new(), Receiver::new());
    let mut server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path"), "--log", "warn"]);
    let _held = receiver.hold(&server);
    let begin = || advance(&server, &json!({"by": "72h", "wait": false}));
    let is_moving = |name: &str| clock(&server, name)["moving"] == true;
    let post = |path: &str, body: Value| admin(&server, "POST", &format!("/sandboxes/default/{path}"), &body);
    begin();
    post("snapshot", json!({"name": "moving"}));
    post("fork", json!({"name": "copy"}));
    assert!(is_moving("default") && !is_moving("copy"));
    // What goes on under another scenario is moved on, and what it goes back to is not.
    admin(&server, "PUT", "/sandboxes/default/scenario?keep=data", &json!({"name": "other"}));
    assert!(is_moving("default"));
    post("reset", Value::Null);
    assert!(!is_moving("default"));
    begin();
    post("restore", json!({"name": "moving"}));
    assert!(!is_moving("default"));
    assert_eq!(server.signal("-KILL"), None);
    let server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path")]);
    for name in ["default", "copy"] {
        let clock = clock(&server, name);
        assert_eq!((&clock["moving"], &clock["now"]), (&json!(false), &json!("2040-01-01T00:00:00Z")), "{name}: {clock}");
    }
}

#[test]
fn time_stands_where_the_clock_of_the_machine_is_set_back() {
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let [early, late] = [at("2026-01-05T09:00:00Z"), at("2026-01-05T10:00:00.000000001Z")];
    let steady = Steady::new();
    assert_eq!([early, late, early, late].map(|now| steady.at(now)), [early, late, late, late]);
    // So it is over a start.
    let folder = Folder::new();
    let machine = machine();
    let opened = open(&machine, &folder);
    let headers = [("host", "127.0.0.1:7447"), ("authorization", "ShippoToken shippo_test_seatrial")];
    let ahead = "2100-01-05T09:00:00Z";
    assert_eq!(machine.handle(&request(Method::GET, "/shippo/parcels", &headers, ""), at(ahead)).status, 200);
    opened.store.close();
    let server = Server::start(&["--data-dir", folder.0.to_str().expect("a UTF-8 path"), "--log", "warn"]);
    assert_eq!(clock(&server, "default")["now"], ahead);
}
