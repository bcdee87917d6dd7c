//! Calls that are passed on to the vendor itself, which is a second server of ours here.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpSocket;

use crate::client::{JSON, admin, connect, send};
use crate::process::{Server, run, text};

const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

/// A server that passes calls of one vendor on to another server.
fn passing(upstream: &Server, more: &[&str]) -> Server {
    let url = format!("shippo=http://{}/shippo", upstream.address());
    Server::start(&[&["--upstream", &url], more].concat())
}

fn entries(server: &Server) -> Vec<Value> {
    admin(server, "GET", "/sandboxes/default/requests", &Value::Null)["requests"].as_array().cloned().unwrap_or_default()
}

#[test]
fn calls_are_passed_on_judged_and_written_down() {
    let upstream = Server::start(&[]);
    let server = passing(&upstream, &[]);
    let body = json!({"name": "Ada", "country": "US", "colour": "red"}).to_string();
    let made = send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &body);
    assert_eq!(made.status, 201, "{}", made.body);
    // It was made there, not here.
    let id = made.json()["object_id"].as_str().expect("an id").to_owned();
    assert_eq!(send(&upstream, "GET", &format!("/shippo/addresses/{id}"), &[SHIPPO], "").status, 200);
    assert_eq!(send(&server, "GET", &format!("/shippo/addresses/{id}?x=1"), &[SHIPPO], "").json()["name"], "Ada");
    let calls = entries(&server);
    assert_eq!(calls.len(), 2, "{calls:?}");
    let codes = |entry: &Value| entry["notes"].to_string();
    assert!(calls.iter().all(|entry| codes(entry).contains("\"upstream\"")), "{calls:?}");
    assert!(calls.iter().any(|entry| codes(entry).contains("unknown-member") && entry["operation"] == "shippo.CreateAddress"), "{calls:?}");
    // What the other vendors answer is this sandbox's own.
    assert_eq!(send(&server, "GET", "/shipstation/carriers", &[], "").status, 401);
    assert_eq!(entries(&upstream).len(), 3);
    let har = send(&server, "GET", "/_seatrial/sandboxes/default/requests/export?format=har", &[], "");
    assert!(har.body.contains("/shippo/addresses") && !har.body.contains("shippo_test_seatrial"), "{}", har.body);
}

#[test]
fn an_answer_of_the_vendor_that_departs_from_its_document_is_blamed_on_it() {
    let upstream = Server::start(&[]);
    let fault = json!({"on": "shippo.*", "respond": {"status": 200, "body": {"object_id": 7}, "off_spec": true}});
    let _ = admin(&upstream, "PUT", "/sandboxes/default/faults/odd", &fault);
    let server = passing(&upstream, &["--conform", "all"]);
    let answer = send(&server, "GET", "/shippo/addresses/x", &[SHIPPO], "");
    assert_eq!((answer.status, answer.json()["object_id"].clone()), (200, json!(7)));
    let notes = entries(&server)[0]["notes"].clone();
    let invalid = notes.as_array().into_iter().flatten().find(|note| note["code"] == "answer-invalid").cloned().unwrap_or_default();
    assert_eq!(invalid["blame"], "vendor", "{notes}");
}

#[test]
fn a_spy_passes_on_only_what_the_sandbox_has_no_behavior_for() {
    let upstream = Server::start(&[]);
    let server = passing(&upstream, &["--spy"]);
    let body = json!({"name": "Ada", "country": "US"}).to_string();
    let made = send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &body);
    assert_eq!((made.status, entries(&upstream).len()), (201, 0));
    assert_eq!(send(&server, "GET", "/shippo/no/such/path", &[SHIPPO], "").status, 404);
    assert_eq!(entries(&server).iter().filter(|entry| entry["notes"].to_string().contains("\"upstream\"")).count(), 1);
}

#[test]
fn what_cannot_be_asked_is_a_gateways_error_and_egress_rules_hold() {
    // Nobody else gets its port, and nobody listens there.
    let closed = TcpSocket::new_v4().expect("a socket");
    closed.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("loopback has a free port");
    let address = closed.local_addr().expect("it is bound");
    let check = |url: &str, reason: &str| {
        let server = Server::start(&["--upstream", &format!("shippo={url}")]);
        let answer = send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
        assert_eq!(answer.status, 502, "{url}: {}", answer.body);
        assert!(answer.body.contains(reason), "{url}: {}", answer.body);
        assert!(entries(&server)[0]["notes"].to_string().contains("upstream-failed"));
    };
    check(&format!("http://{address}"), "cannot be asked");
    drop(closed);
    check("https://203.0.113.7", "on the list of `--allow-egress`");
    check("http://169.254.169.254", "never connected to");
}

#[test]
fn nobody_reaches_the_admin_api_of_another_server_by_it() {
    let upstream = Server::start(&[]);
    let server = Server::start(&["--upstream", &format!("shippo=http://{}", upstream.address())]);
    let body = json!({"name": "Ada", "country": "US"}).to_string();
    assert_eq!(send(&server, "POST", "/shippo/shippo/addresses", &[SHIPPO, JSON], &body).status, 201);
    let headers = [JSON, ("seatrial-delivery", ""), ("connection", "seatrial-delivery, close")];
    for headers in [&headers[..1], &headers[..2], &headers[..]] {
        for path in ["/shippo/_seatrial/sandboxes/default/reset", "/shippo/%5Fseatrial/sandboxes/default/reset"] {
            let refused = send(&server, "POST", path, headers, "{}");
            assert_eq!(refused.status, 403, "{path}: {}", refused.body);
        }
    }
    assert_eq!(entries(&upstream).len(), 1);
}

#[test]
fn no_path_leads_out_of_that_of_an_upstream() {
    let upstream = Server::start(&[]);
    let server = passing(&upstream, &[]);
    let out = [
        "/shippo/../shippo/addresses",
        "/shippo/%2e%2E/x",
        "/shippo/a/..%2F..%2fx",
        "/shippo/a%5c..%5c..%5cx",
        "/shippo/..;/x",
        "/@default/shippo/../x",
        "/shippo/addresses/..",
    ];
    for path in out {
        let refused = send(&server, "GET", path, &[SHIPPO], "");
        assert!(refused.status == 400 && refused.body.contains("leads out"), "{path}: {} {}", refused.status, refused.body);
    }
    assert_eq!(send(&server, "GET", "/shippo/addresses/..x?next=../x", &[SHIPPO], "").status, 404);
    assert_eq!(entries(&upstream).len(), 1, "no other reaches it");
}

#[test]
fn a_body_that_takes_a_hundred_times_its_bytes_is_passed_on_and_not_read() {
    let upstream = Server::start(&[]);
    let server = passing(&upstream, &[]);
    let body = format!("{{\"name\": [{}[1]]}}", "[1],".repeat(2_000_000));
    let before = server.forget_peak();
    let refused = send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &body);
    assert_eq!((refused.status, entries(&upstream).len()), (413, 1), "{}", refused.body);
    let taken = server.peak().saturating_sub(before);
    assert!(taken < 10 * body.len(), "{taken} bytes for {}", body.len());
    assert_eq!(entries(&server)[0]["operation"], "shippo.CreateAddress");
}

#[test]
fn answers_and_bodies_that_are_passed_on_are_counted_apart_from_bodies_that_are_read() {
    const LENGTH: usize = 18 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("shippo=http://{}", listener.local_addr().expect("it is bound"));
    let (came, comes) = mpsc::channel();
    let (go_on, goes_on) = mpsc::channel::<()>();
    let vendor = thread::spawn(move || {
        // One answer stays without its last byte until the other is refused.
        let mut streams = Vec::new();
        for stream in listener.incoming().take(2) {
            let mut stream = stream.expect("it is asked");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n").as_bytes());
            let _ = stream.write_all(&vec![b' '; LENGTH - 1]);
            let _ = came.send(());
            streams.push(stream);
        }
        let _ = goes_on.recv();
        let _ = streams[0].write_all(b" ");
    });
    let server = Server::start(&["--upstream", &url, "--in-flight-bytes", "1048576"]);
    thread::scope(|scope| {
        let first = scope.spawn(|| send(&server, "GET", "/shippo/addresses", &[SHIPPO], ""));
        comes.recv().expect("the first is nearly there");
        let second = send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
        assert_eq!(second.status, 503, "{}", second.body);
        let letter = "x".repeat(6_000);
        assert_eq!(send(&server, "POST", "/_seatrial/inbox/a", &[JSON], &letter).status, 200);
        go_on.send(()).expect("the vendor goes on");
        assert_eq!(first.join().expect("it is answered").status, 200);
    });
    vendor.join().expect("it ends");
}

#[test]
fn a_call_whose_client_leaves_is_written_down_as_the_vendor_answered_it() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("shippo=http://{}", listener.local_addr().expect("it is bound"));
    let server = Server::start(&["--upstream", &url]);
    let body = r#"{"name": "Ada", "country": "US"}"#;
    let head = format!("host: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut client = connect(server.address());
    client.write_all(format!("POST /shippo/addresses HTTP/1.1\r\n{head}{body}").as_bytes()).expect("it is read");
    let (mut vendor, _) = listener.accept().expect("it is asked");
    let _ = vendor.read(&mut [0; 4096]).expect("it is asked something");
    drop(client);
    vendor.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out");
    let more = std::iter::from_fn(|| Some(vendor.read(&mut [0; 4096]))).find(|read| !matches!(read, Ok(1..)));
    assert!(matches!(more, Some(Err(_))), "nobody hangs up on the vendor: {more:?}");
    vendor.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}").expect("it is read");
    let told = admin(&server, "GET", "/sandboxes/default/requests?wait=10s", &Value::Null);
    let entry = &told["requests"][0];
    assert_eq!((&entry["operation"], &entry["answer"]["status"]), (&json!("shippo.CreateAddress"), &json!(201)), "{told}");
    assert_eq!(entry["wire"]["end"], "abandoned", "{told}");
}

#[test]
fn a_vendor_that_does_not_answer_keeps_no_room_from_others() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("shippo=http://{}", listener.local_addr().expect("it is bound"));
    let server = Server::start(&["--upstream", &url, "--in-flight-bytes", "1048576", "--body-limit", "1000000"]);
    let body = json!({"name": "x".repeat(900_000)}).to_string();
    let request = format!("POST /shippo/addresses HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut asking: Vec<_> = (0..3).map(|_| connect(server.address())).collect();
    asking.iter_mut().for_each(|stream| stream.write_all(request.as_bytes()).expect("it is read"));
    let letter = "x".repeat(6_000);
    assert_eq!(send(&server, "POST", "/_seatrial/inbox/a", &[JSON], &letter).status, 200);
}

#[test]
fn interim_answers_without_end_are_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("shippo=http://{}", listener.local_addr().expect("it is bound"));
    let vendor = thread::spawn(move || {
        for most in [100, usize::MAX] {
            let (mut stream, _) = listener.accept().expect("it is asked");
            let _ = stream.read(&mut [0; 4096]);
            // Until it is full, or nobody reads any more.
            let told = (0..most).take_while(|_| stream.write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n").is_ok()).count();
            assert_eq!(told == most, most == 100, "{told} of {most}");
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}");
        }
    });
    let server = Server::start(&["--upstream", &url]);
    for status in [404, 502] {
        let answer = send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    vendor.join().expect("it ends");
}

#[test]
fn an_upstream_has_to_prove_its_name() {
    let (port, receiving) = crate::secure::untrusted();
    let server = Server::start(&["--upstream", &format!("shippo=https://localhost:{port}")]);
    let answer = send(&server, "GET", "/shippo/addresses", &[SHIPPO], "");
    assert_eq!(answer.status, 502, "{}", answer.body);
    assert!(answer.body.contains("certificate"), "{}", answer.body);
    assert!(receiving.join().expect("it only listens").is_err());
}

#[test]
fn what_is_no_upstream_is_refused_at_start() {
    let said = |value: &str| text(&run(&["--listen", "127.0.0.1:0", "--upstream", value]).stderr);
    assert!(
        said("shippo=ftp://x").contains("is no upstream, expected one like `acme=https://api.acme.example`"),
        "{}",
        said("shippo=ftp://x")
    );
    assert!(said("shipo=http://127.0.0.1:9").contains("there is no vendor `shipo`"), "{}", said("shipo=http://127.0.0.1:9"));
}
