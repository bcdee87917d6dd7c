//! `--proxy`: the running binary as the forward proxy of programs that keep the vendors' real addresses.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use tokio_rustls::rustls::StreamOwned;

use crate::client::{self, admin, send};
use crate::process::{Server, run, text};
use crate::tls::{Secured, folder, session};
use crate::wire_faults::{frames, last};

/// A server with a proxy, and the file of its authority.
fn start(name: &str, more: &[&str]) -> (Server, PathBuf) {
    let folder = folder(name);
    let server = Server::start(&[&["--proxy", "127.0.0.1:0", "--ca-dir", &folder.to_string_lossy()], more].concat());
    (server, folder.join("ca.pem"))
}

/// Asks for a tunnel; the connection, and the head of the answer.
fn tunnel(server: &Server, target: &str) -> (TcpStream, String) {
    let mut stream = client::connect(server.listener("proxy"));
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").as_bytes()).expect("it reads");
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    (stream, String::from_utf8_lossy(&head).into_owned())
}

fn secured(server: &Server, authority: &Path, host: &str, protocols: &[&str]) -> Secured {
    let (stream, head) = tunnel(server, &format!("{host}:443"));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    StreamOwned::new(session(authority, host, protocols), stream)
}

/// What is answered to a request without a tunnel, until the connection ends.
fn direct(server: &Server, request: &str) -> String {
    let mut stream = client::connect(server.listener("proxy"));
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it ends");
    answer
}

const SHIPPO: &str = "authorization: ShippoToken shippo_test_seatrial\r\nconnection: close\r\n\r\n";

#[test]
fn tunnels_to_vendors_end_here() {
    let (server, authority) = start("tunnels", &[]);
    let listeners = admin(&server, "GET", "/version", &Value::Null)["listeners"].clone();
    let address = server.listener("proxy").to_string();
    assert_eq!(listeners[1], json!({"address": address, "vendors": true, "admin": false, "proxy": true}));
    let mut stream = secured(&server, &authority, "api.goshippo.com", &["http/1.1"]);
    stream
        .write_all(format!("GET /carrier_accounts/?results=1 HTTP/1.1\r\nhost: api.goshippo.com\r\n{SHIPPO}").as_bytes())
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("TLS says that it ends");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"next\": \"https://api.goshippo.com/carrier_accounts/?"), "{answer}");
    // HTTP/2 in a tunnel, and HTTP without TLS in one.
    let came = frames(&mut secured(&server, &authority, "API.goshippo.com", &["h2"]));
    assert!(!came.is_empty());
    assert_eq!(last(&server)["wire"]["end"], "sent");
    let (mut plain, head) = tunnel(&server, "api.goshippo.com:80");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    plain
        .write_all(format!("GET /carrier_accounts/?results=1 HTTP/1.1\r\nhost: api.goshippo.com\r\n{SHIPPO}").as_bytes())
        .expect("it reads");
    let mut answer = String::new();
    plain.read_to_string(&mut answer).expect("it ends");
    assert!(answer.contains("\"next\": \"http://api.goshippo.com/carrier_accounts/?"), "{answer}");
}

#[test]
fn absolute_targets_of_vendors_are_answered() {
    let (server, _) = start("absolute", &[]);
    let answer =
        direct(&server, &format!("GET http://api.goshippo.com/carrier_accounts/?results=1 HTTP/1.1\r\nhost: api.goshippo.com\r\n{SHIPPO}"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"next\": \"http://api.goshippo.com/carrier_accounts/?"), "{answer}");
    // Some clients ask so for `https` as well, instead of opening a tunnel.
    let request = format!("GET https://api.goshippo.com/carrier_accounts/?results=1 HTTP/1.1\r\nhost: api.goshippo.com\r\n{SHIPPO}");
    let answer = direct(&server, &request);
    assert!(answer.contains("\"next\": \"https://api.goshippo.com/carrier_accounts/?"), "{answer}");
    let admin =
        direct(&server, "GET http://api.goshippo.com/_seatrial/version HTTP/1.1\r\nhost: api.goshippo.com\r\nconnection: close\r\n\r\n");
    assert!(admin.starts_with("HTTP/1.1 40") && !admin.contains("listeners"), "{admin}");
}

/// As far as it is like CONNECT, a request is read before it is known to be none.
#[test]
fn a_request_that_begins_like_a_tunnel_is_answered_whole() {
    let (server, _) = start("alike", &[]);
    let mut stream = client::connect(server.listener("proxy"));
    stream.set_nodelay(true).expect("it is open");
    for piece in ["C", "ON", "FIRM http://api.goshippo.com/nothing HTTP/1.1\r\nhost: api.goshippo.com\r\n", SHIPPO] {
        stream.write_all(piece.as_bytes()).expect("it reads");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it ends");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[test]
fn every_other_host_is_refused() {
    let (server, _) = start("refused", &[]);
    let own = server.address().to_string();
    for (target, status) in [
        ("hub.example:443", "403"),
        (own.as_str(), "403"),
        ("localhost:7447", "403"),
        ("api.goshippo.com.evil.example:443", "403"),
        ("api.goshippo.com", "400"),
        ("user@api.goshippo.com:443", "400"),
        ("", "400"),
    ] {
        let (mut stream, head) = tunnel(&server, target);
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {head}");
        let mut body = String::new();
        stream.read_to_string(&mut body).expect("it ends");
        assert!(body.contains("\"detail\":\""), "{body}");
    }
    let unmatched = admin(&server, "GET", "/requests/unmatched", &Value::Null).to_string();
    assert!(unmatched.contains("hub.example:443") && unmatched.contains("--proxy-allow"), "{unmatched}");
    for request in [
        "GET http://hub.example/ HTTP/1.1\r\nhost: hub.example\r\n",
        "GET http://localhost:3000/ HTTP/1.1\r\nhost: localhost:3000\r\n",
        "GET /shippo/addresses/ HTTP/1.1\r\nhost: localhost\r\n",
        "GET /_seatrial/sandboxes HTTP/1.1\r\nhost: 127.0.0.1\r\n",
    ] {
        let answer = direct(&server, &format!("{request}connection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
    }
}

/// Answers one connection with what it says, in capitals; the address.
fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection comes");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("it is text");
        stream.write_all(said.to_uppercase().as_bytes()).expect("it reads");
    });
    address
}

#[test]
fn what_is_allowed_passes_by_the_rules_of_egress() {
    let (server, _) = start("passes", &["--proxy-allow", "127.0.0.1,169.254.0.0/16", "--read-timeout", "2s"]);
    let (mut stream, head) = tunnel(&server, &echo());
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    stream.write_all(b"there and back").expect("it is carried");
    stream.shutdown(std::net::Shutdown::Write).expect("it is open");
    let mut back = String::new();
    stream.read_to_string(&mut back).expect("it ends");
    assert_eq!(back, "THERE AND BACK");
    for (target, status, why) in [
        (server.address().to_string(), "403", "no listener of this process"),
        ("169.254.169.254:80".to_owned(), "403", "`169.254.169.254` is never connected to"),
        ("10.0.0.1:80".to_owned(), "403", "--proxy-allow"),
        ("127.0.0.1:1".to_owned(), "502", "refused"),
    ] {
        let (mut stream, head) = tunnel(&server, &target);
        let mut body = String::new();
        stream.read_to_string(&mut body).expect("it ends");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && body.contains(why), "{target}: {head}{body}");
    }
    // One that says nothing is ended like any connection.
    let silent = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let (mut stream, head) = tunnel(&server, &silent.local_addr().expect("it is bound").to_string());
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert_eq!(stream.read(&mut [0]).expect("it ends"), 0);
}

#[test]
fn clients_that_do_not_open_their_tunnel_are_ended() {
    let (server, _) = start("unopened", &["--read-timeout", "3s", "--connections", "20"]);
    let endless = [b"CONNECT api.goshippo.com:443 HTTP/1.1\r\nx: ".to_vec(), vec![b'a'; 64 * 1024]].concat();
    let said: [&[u8]; 6] = [
        b"",
        b"CONN",
        b"CONNECT api.goshippo.com:443 HTTP/1.1\r\nHost: api",
        b"CONNECT api.goshippo.com:443 HTTP/1.1\r\n\r\n",
        b"CONNECT api.goshippo.com:443 HTTP/1.1\r\n\r\n\x16\x03\x01",
        &endless,
    ];
    let mut open = Vec::new();
    for bytes in said.iter().cycle().take(48) {
        let mut stream = client::connect(server.listener("proxy"));
        // It may end before all of it is written.
        let _ = stream.write_all(bytes);
        open.push(stream);
    }
    let answer = direct(&server, &format!("GET http://api.goshippo.com/carrier_accounts/ HTTP/1.1\r\nhost: api.goshippo.com\r\n{SHIPPO}"));
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    for mut stream in open {
        match stream.read_to_end(&mut Vec::new()) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => panic!("the connection is still open"),
            _ => {}
        }
    }
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
    let output = run(&["--listen", "127.0.0.1:0", "--proxy-allow", "hub.example"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--proxy"), "{}", text(&output.stderr));
}
