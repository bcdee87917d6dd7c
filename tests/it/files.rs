//! Files of sandboxes: the same state gives the same bytes, whatever way led to it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use jiff::Timestamp;
use seatrial::base::name::Name;
use seatrial::persist::{Contents, SandboxFile};
use seatrial::world::{Clock, Count, Counter, Kind, Mode, World};
use serde_json::json;

use crate::admin::SHIPPO;
use crate::client::{connect, exchange, send};
use crate::process::Server;

const LABEL: Kind = Kind::new("label");
const ADDRESS: Kind = Kind::new("address");

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn put(world: &mut World, kind: &Kind, id: &str) {
    let account = world.open_account("acme", "test");
    world.put(account, kind, id, |out| out.extend_from_slice(b"{\"a\":1.50}"));
}

fn contents(world: World) -> Contents {
    Contents {
        world,
        scenario: "name: counted".to_owned(),
        given: vec!["acme".into()],
        seeded: false,
        faults: vec![("slow".into(), json!({"on": "*"}))],
    }
}

fn written(contents: &Contents) -> String {
    let file = contents.to_bytes(wall()).expect("documents are JSON");
    String::from_utf8(file).expect("JSON is text")
}

#[test]
fn copies_of_a_world_that_came_to_the_same_have_the_same_file() {
    let mut one = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    put(&mut one, &LABEL, "l");
    put(&mut one, &ADDRESS, "a");
    let mut other = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    let savepoint = other.savepoint();
    put(&mut other, &Kind::new("parcel"), "p");
    put(&mut other, &ADDRESS, "b");
    other.roll_back(savepoint);
    put(&mut other, &ADDRESS, "a");
    put(&mut other, &LABEL, "l");
    let (one, other) = (written(&contents(one)), written(&contents(other)));
    assert!(one.contains("1.50") && !other.contains("parcel"));
    assert_eq!(one, other);
}

#[test]
fn a_file_reads_back_with_all_that_was_counted_and_is_written_the_same_again() {
    let mut world = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    put(&mut world, &LABEL, "l");
    let account = world.accounts().find("acme", "test");
    for owner in [Name::default(), Name::new("slow")] {
        let (_, mut tally) = world.tally(owner);
        tally.add(Counter::Calls(account, "acme.getLabel".into()));
        tally.add(Counter::Calls(None, "acme.getLabel".into()));
        tally.add(Counter::Matched(3));
        tally.add(Counter::Effects(3));
        tally.add(Counter::Parcels("late".into()));
        tally.set(Counter::Window(3, "acme.getLabel ada".into()), Some(Count { began: Some(wall()), calls: 7 }));
    }
    let counters = world.counters().clone();
    let file = written(&contents(world));
    let read =
        SandboxFile::parse(file.as_bytes()).and_then(|file| file.read(&["acme".into()], wall(), usize::MAX)).expect("it was just written");
    assert_eq!(*read.world.counters(), counters);
    assert_eq!((read.scenario.as_str(), &read.given[..]), ("name: counted", &[Name::new("acme")][..]));
    assert_eq!(written(&read), file);
    assert_eq!(written(&read), file);
}

/// Stores an address that is as long as its street.
fn store(server: &Server, number: usize, street: &str) {
    let body = json!({"name": number.to_string(), "street1": street, "country": "US"}).to_string();
    assert_eq!(send(server, "POST", "/shippo/addresses", &SHIPPO, &body).status, 201);
}

/// A client that has begun to read an answer, and goes no further.
fn begun(server: &Server, request: &str) -> TcpStream {
    let mut stream = connect(server.address());
    stream.write_all(request.as_bytes()).expect("it is open");
    stream.read_exact(&mut [0; 100_000]).expect("it has begun");
    stream
}

/// Clients that begin to read a large file and stop: nobody holds it for them.
#[test]
fn a_large_file_is_written_while_it_is_read() {
    let server = Server::start(&["--read-timeout", "12s"]);
    let street = "x".repeat(500_000);
    (0..40).for_each(|number| store(&server, number, &street));
    let before = server.resident();
    let export = "GET /_seatrial/sandboxes/default/export HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let open: Vec<_> = (0..8).map(|_| begun(&server, export)).collect();
    let taken = server.resident().saturating_sub(before);
    assert!(taken < 40 << 20, "{taken} bytes for eight copies of 20 MB");
    // Each keeps what the sandbox may drop meanwhile, so there are no more of them; small files need no place.
    for more in ["", "?include=journal"] {
        let refused = send(&server, "GET", &format!("/_seatrial/sandboxes/default/export{more}"), &[], "");
        assert!(refused.status == 503 && refused.head.contains("retry-after: "), "{}", refused.head);
    }
    let refused = send(&server, "GET", "/_seatrial/sandboxes/default/requests/export?format=ndjson", &[], "");
    assert_eq!(refused.status, 503, "{}", refused.head);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/default/requests/export?limit=1&format=curl", &[], "").status, 200);
    drop(open);
    let whole = exchange(server.address(), export.as_bytes());
    let (head, body) = whole.split_once("\r\n\r\n").expect("there is a head");
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(body.matches('x').count() >= 40 * street.len(), "all of it");
    assert!(body.ends_with("\r\n0\r\n\r\n"));
}

#[test]
fn a_process_leaves_in_good_order_while_files_are_read_slowly() {
    let server = Server::start_logged(&["--log", "warn"]);
    let street = "x".repeat(500_000);
    (0..10).for_each(|number| store(&server, number, &street));
    let export = "GET /_seatrial/sandboxes/default/export HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let open: Vec<_> = (0..4).map(|_| begun(&server, export)).collect();
    let log = server.log();
    assert!(!log.contains("panicked"), "{log}");
    drop(open);
}
