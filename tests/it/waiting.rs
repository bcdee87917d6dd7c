//! What requests hold while they wait for something: heads and bodies are counted, and the bodies of others are read meanwhile.

use std::io::Write as _;

use serde_json::json;

use crate::client::{JSON, connect, send};
use crate::http2::Frame;
use crate::http2::frames::{END_HEADERS, END_STREAM, HEADERS, block, frame, preface};
use crate::process::Server;

#[test]
fn a_request_that_waits_or_says_all_in_its_address_has_no_large_body() {
    let server = Server::start(&[]);
    let [short, large] = [100_000, 2_000_000].map(|letters| json!({"filler": "x".repeat(letters)}).to_string());
    for (method, path, body) in [
        ("GET", "/_seatrial/inbox/a?wait=1ms&min=9", &short),
        ("GET", "/_seatrial/sandboxes", &short),
        ("DELETE", "/_seatrial/inbox/a", &short),
        ("POST", "/_seatrial/sandboxes/default/verify?w%61it=1ms", &large),
        ("POST", "/_seatrial/sandboxes/default/clock/advance", &large),
    ] {
        let refused = send(&server, method, path, &[JSON], body);
        assert_eq!(refused.status, 413, "{method} {path}: {}", refused.body);
    }
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/a", &[JSON], &large).status, 200);
}

#[test]
fn heads_of_requests_that_wait_are_counted() {
    let server = Server::start(&["--in-flight-bytes", "1048576", "--body-limit", "65536"]);
    let names: Vec<String> = (0..90).map(|number| format!("x-{number}")).collect();
    let own = [(":method", "GET"), (":scheme", "http"), (":authority", "localhost"), (":path", "/_seatrial/inbox/a?wait=60s")];
    let head: Vec<_> = own.into_iter().chain(names.iter().map(|name| (&**name, "1"))).collect();
    let sent = |streams: u32| (0..streams).map(|number| frame(HEADERS, END_HEADERS | END_STREAM, 2 * number + 1, &block(&head)));
    let mut stream = connect(server.address());
    stream.write_all(&[preface(), sent(64).collect::<Vec<_>>().concat()].concat()).expect("it is read");
    // Their inbox stays empty: only what is refused is answered.
    while Frame::read(&mut stream).expect("some are refused at once").kind != HEADERS {}
    let letter = json!({"filler": "x".repeat(6_000)}).to_string();
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/b", &[JSON], &letter).status, 200, "bodies are read meanwhile");
}
