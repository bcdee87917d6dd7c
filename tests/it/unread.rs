//! Requests that cannot be read: without a host or with several, with a body that is broken or late, with an address that is too long
//! or has blanks. The vendor answers in its shape, the journal has them, and the connection ends.

use std::io::{Read as _, Write as _};
use std::thread;

use serde_json::{Value, json};

use crate::client::{self, admin};
use crate::process::Server;

/// A path of each vendor, and what its refusals look like.
fn vendors(status: u16, reason: &str) -> [(&'static str, String); 6] {
    [
        ("/shippo/addresses/", format!("{{\"detail\": \"{reason}.\"}}")),
        ("/shipmate/v1.1/skus", format!("{{\"message\":\"{reason}\",\"data\":null}}")),
        ("/shiptheory/v1/token", format!("\"code\":{status}")),
        ("/shiptime/rest/rates", format!("HTTP Status {status}")),
        ("/shipstation/orders", format!("{{\"Message\":\"{reason}\"}}")),
        ("/shipstation/v2/labels", format!("\"message\": \"{reason}\"")),
    ]
}

/// Sends bytes, and holds what comes back against the vendor's shape and the journal; the connection has ended.
fn check(server: &Server, request: &str, status: u16, shape: &str) {
    let answer = client::unchecked(server.address(), request.as_bytes());
    let first = request.lines().next().unwrap_or_default();
    let first = &first[..first.len().min(80)];
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{first}: {answer}");
    assert!(answer.contains(shape) && answer.contains("connection: close\r\n"), "{first}: {answer}");
    assert!(answer.contains("seatrial-notes: unreadable-request\r\n"), "{first}: {answer}");
    let id = answer.lines().find_map(|line| line.strip_prefix("seatrial-request: ")).unwrap_or_else(|| panic!("{first}: {answer}"));
    let entry = admin(server, "GET", &format!("/requests/{id}"), &Value::Null);
    assert_eq!((&entry["status"], &entry["notes"][0]["code"]), (&json!(status), &json!("unreadable-request")), "{entry}");
}

/// The status of an answer to these bytes.
fn status(server: &Server, request: &str) -> u16 {
    let answer = client::unchecked(server.address(), request.as_bytes());
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{request}: {answer}"))
}

#[test]
fn a_request_names_one_host() {
    let server = Server::start(&[]);
    for (path, shape) in vendors(400, "Bad Request") {
        check(&server, &format!("POST {path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}"), 400, &shape);
        check(&server, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n"), 400, &shape);
        check(&server, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\nHOST: evil.example\r\nhost: c\r\n\r\n"), 400, &shape);
        check(&server, &format!("GET http://localhost{path} HTTP/1.1\r\n\r\n"), 400, &shape);
        for host in ["local host", "localhost,evil.example", "localhost/", "user@localhost", "localhost:x", "[::1", "caf\u{e9}"] {
            check(&server, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\n\r\n"), 400, &shape);
            check(&server, &format!("GET http://localhost{path} HTTP/1.1\r\nhost: {host}\r\n\r\n"), 400, &shape);
        }
        let old = format!("GET {path} HTTP/1.0\r\n\r\n");
        assert!([200, 401, 404, 405].contains(&status(&server, &old)), "{path}");
    }
    for path in ["/_seatrial/health", "/_seatrial/sandboxes", "/_seatrial/no-such", "/nobody/here", "/@nobody/shippo/addresses", "/"] {
        assert_eq!(status(&server, &format!("GET {path} HTTP/1.1\r\n\r\n")), 400, "{path}");
        assert_eq!(status(&server, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n")), 400, "{path}");
    }
    let apart = Server::start(&["--admin-listen", "127.0.0.1:0"]);
    let answer = client::unchecked(apart.admin(), b"GET /shippo/addresses HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[test]
fn shipstation_asks_how_long_a_body_is() {
    let server = Server::start(&[]);
    let head =
        |call: &str, rest: &str| format!("{call} HTTP/1.1\r\nhost: localhost\r\napi-key: TEST_seatrial\r\nconnection: close\r\n{rest}");
    for call in ["PUT /shipstation/v2/shipments/se-1/cancel", "POST /shipstation/v2/tags/fragile"] {
        let answer = client::unchecked(server.address(), head(call, "\r\n").as_bytes());
        assert!(answer.starts_with("HTTP/1.1 411 ") && answer.ends_with("\r\n\r\n"), "{answer}");
        for length in ["content-length: 0\r\n\r\n", "transfer-encoding: chunked\r\n\r\n0\r\n\r\n"] {
            assert!([200, 404].contains(&status(&server, &head(call, length))), "{call}");
        }
    }
    assert_eq!(status(&server, &head("DELETE /shipstation/v2/batches/se-1", "\r\n")), 404);
}

#[test]
fn bodies_in_other_codings_than_chunks_are_refused() {
    let server = Server::start(&[]);
    for (path, _) in vendors(501, "Not Implemented") {
        for coding in ["gzip, Chunked", "xyz, chunked", "chunked, chunked", "chunked\r\ntransfer-encoding: chunked"] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: {coding}\r\n");
            check(&server, &format!("{head}\r\n2\r\n{{}}\r\n0\r\n\r\n"), 501, "");
        }
    }
    let head = "POST /_seatrial/inbox/one HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: Chunked\r\n";
    assert_eq!(status(&server, &format!("{head}\r\n2\r\n{{}}\r\n0\r\n\r\n")), 200);
}

#[test]
fn a_broken_body_is_answered() {
    let server = Server::start(&[]);
    for (path, shape) in vendors(400, "Bad Request") {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n");
        for broken in ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}xx0\r\n\r\n", "2;\n{}", "fffffffffffffffff\r\n{}", "-2\r\n{}\r\n0\r\n\r\n"] {
            check(&server, &format!("{head}transfer-encoding: chunked\r\n\r\n{broken}"), 400, &shape);
        }
        // What comes behind a broken chunk is no request.
        let smuggled = format!("{head}transfer-encoding: chunked\r\n\r\nzz\r\n{head}\r\n");
        let answer = client::unchecked(server.address(), smuggled.as_bytes());
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
    let head =
        "POST /_seatrial/sandboxes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(status(&server, &format!("{head}zz\r\n{{}}\r\n0\r\n\r\n")), 400);
    assert_eq!(status(&server, &format!("{}zz\r\n", head.replace("_seatrial", "nobody"))), 400);
}

#[test]
fn a_late_body_is_answered_by_its_vendor() {
    // Long enough for the heads on a busy machine: who has sent none when it is over gets no answer. All bodies are late at once.
    let server = Server::start(&["--read-timeout", "3s"]);
    let vendors = vendors(408, "Request Timeout");
    thread::scope(|scope| {
        for (path, shape) in &vendors {
            let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n");
            for rest in ["content-length: 10\r\n\r\n{", "transfer-encoding: chunked\r\n\r\n1\r\n{"] {
                let (request, server) = (format!("{head}{rest}"), &server);
                scope.spawn(move || check(server, &request, 408, shape));
            }
        }
        for path in ["/_seatrial/sandboxes", "/nobody/sandboxes"] {
            let late = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n{{");
            let server = &server;
            scope.spawn(move || assert_eq!(status(server, &late), 408, "{path}"));
        }
    });
}

#[test]
fn too_long_an_address_is_answered_by_its_vendor_and_kept_in_part() {
    let server = Server::start(&[]);
    let long = "x".repeat(20_000);
    for (path, shape) in vendors(414, "URI Too Long") {
        for target in [format!("{path}?q={long}"), format!("{path}{long}")] {
            check(&server, &format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n"), 414, &shape);
        }
    }
    assert_eq!(status(&server, &format!("GET /_seatrial/{long} HTTP/1.1\r\nhost: localhost\r\n\r\n")), 414);
    assert_eq!(status(&server, &format!("GET /nobody/{long} HTTP/1.1\r\nhost: localhost\r\n\r\n")), 414);
    let journal = admin(&server, "GET", "/sandboxes/default/requests", &Value::Null).to_string();
    assert!(!journal.contains(&"x".repeat(3_000)) && journal.contains(&"x".repeat(1_000)));
    // Sixteen KiB are read.
    let most = format!("/shippo/addresses/?q={}", "x".repeat(16 * 1024 - 21));
    assert_eq!(status(&server, &format!("GET {most} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")), 401);
    let kept = admin(&server, "GET", "/sandboxes/default/requests?limit=1", &Value::Null).to_string();
    assert!(kept.contains(&most[..16 * 1024]), "{}", kept.len());
}

#[test]
fn blanks_in_an_address_are_answered_by_its_vendor() {
    let server = Server::start(&[]);
    for (path, shape) in vendors(400, "Bad Request").into_iter().filter(|(path, _)| !path.starts_with("/shiptheory")) {
        for target in [format!("{path}?q=a b  c"), format!("{path} x?q")] {
            check(&server, &format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n\r\n"), 400, &shape);
            check(&server, &format!("POST {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{{}}"), 400, &shape);
        }
    }
    for path in ["/_seatrial/health?a b", "/_seatrial/sandboxes?q=a b", "/nobody/a b", "/@nobody/shippo/a b"] {
        assert_eq!(status(&server, &format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")), 400, "{path}");
    }
    // A sample of the vendor's guide has one, and its web server passes it on; on a connection that is used again as well.
    let head = |close: &str| {
        let target = "/shiptheory/v1/shipments/list?limit=5&Couriers.couriername=Royal Mail";
        let token = "authorization: Bearer AasLK190ALhaLDSj1nal92Ja...";
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\nx: GET /a b HTTP/1.1\r\n{token}\r\n{close}\r\n")
    };
    let mut stream = client::connect(server.address());
    for close in ["", "", "connection: close\r\n"] {
        stream.write_all(head(close).as_bytes()).expect("it is read");
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).expect("it is answered");
        let answer = String::from_utf8_lossy(&answer[..count]);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("{\"shipments\":[]"), "{answer}");
    }
    // In pieces as well, each of them a segment of its own.
    let mut stream = client::connect(server.address());
    stream.set_nodelay(true).expect("it is a socket");
    for close in ["", "connection: close\r\n"] {
        let whole = head(close);
        let (line, rest) = whole.split_at(whole.find("Mail").expect("it has one"));
        let (begin, line) = line.split_at(if close.is_empty() { 2 } else { 5 });
        for piece in [begin, line, rest] {
            stream.write_all(piece.as_bytes()).expect("it is read");
            // A call of its own takes longer than the piece, which is read by itself therefore.
            admin(&server, "GET", "/version", &Value::Null);
        }
        let mut answer = [0; 4096];
        let count = stream.read(&mut answer).expect("it is answered");
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer[..count]));
    }
    let kept = admin(&server, "GET", "/sandboxes/default/requests?vendor=shiptheory", &Value::Null);
    assert_eq!(kept["requests"].as_array().map(Vec::len), Some(5), "{kept}");
    assert_eq!(kept["requests"][0]["target"], "/shiptheory/v1/shipments/list?limit=5&Couriers.couriername=Royal%20Mail");
}

#[test]
fn version_1_of_shipstation_reads_texts_as_dot_net_does() {
    let server = Server::start(&[]);
    let answer = |kind: &str, body: &[u8]| {
        let head = "POST /shipstation/orders/createorder HTTP/1.1\r\nhost: localhost\r\n\
                    authorization: Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0\r\nconnection: close\r\n";
        let request = [format!("{head}content-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
        let answer = client::unchecked(server.address(), &request);
        answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned())
    };
    let json = "application/json";
    for text in [r#"{"orderNumber": "ü"}"#, r#"{"orderNumber": ?}"#, r#"{"orderDate": 5, "gift": "maybe"}"#, "{"] {
        let plain = answer(json, text.as_bytes());
        assert!(plain.contains("ModelState"), "{plain}");
        let marked = format!("\u{feff}{text}");
        assert_eq!(answer(json, marked.as_bytes()), plain, "{text}");
        assert_eq!(answer(json, &marked.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()), plain, "{text}");
        assert_eq!(answer(json, &marked.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()), plain, "{text}");
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(answer("application/json; charset=\"UTF-16\"", &wide), plain, "{text}");
        assert_ne!(answer(json, &wide), plain, "without a mark nobody looks for zeros");
    }
}

#[test]
fn bytes_that_are_no_letters_are_told_as_they_came() {
    let server = Server::start(&[]);
    let check = |path: &str, credential: &str, body: &[u8], expected: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{credential}\r\nconnection: close\r\n");
        let request = [format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
        let answer = client::unchecked(server.address(), &request);
        assert!(answer.contains(expected) && !answer.contains('\u{fffd}'), "{}: {answer}", body.escape_ascii());
    };
    let jackson = |body: &[u8], told: &str| check("/shiptime/rest/rates", "authorization: Basic c2FuZGJveDpzYW5kYm94", body, told);
    jackson(b"{\"packageType\":\"\xe9\"}", "Invalid UTF-8 middle byte 0x22\\n at [Source");
    jackson(b"{\"packageType\":\"\xe9\"}", "line: 1, column: 19]");
    jackson(b"{\"packageType\":\"\xff\"}", "Invalid UTF-8 start byte 0xff\\n at [Source");
    jackson(b"{\"packageType\":\"\xff\"}", "line: 1, column: 18]");
    jackson(b"{\"packageType\":\"\xe2\x82(\"}", "Invalid UTF-8 middle byte 0x28\\n");
    jackson(b"{\"fr\xe9m\":1}", "Invalid UTF-8 middle byte 0x6d\\n");
    jackson(b"{\"fr\xe9m\":1}", "line: 1, column: 8]");
    jackson(b"\xe9", "Unexpected character ('\u{e9}' (code 233)): expected a valid value");
    let net = |body: &[u8], told: &str| {
        check("/shipstation/orders/createorder", "authorization: Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0", body, told);
        check("/shipstation/v2/labels", "api-key: TEST_seatrial", body, told.trim_start_matches("{\"apiOrder\":[\""));
    };
    net(b"{\"orderNumber\":\"\xe9\"}", "{\"apiOrder\":[\"Unable to translate bytes [E9] at index 16 from specified code page to Unicode.");
    net(b"{\"orderNumber\":\"\xe2\x82", "{\"apiOrder\":[\"Unable to translate bytes [E2][82] at index 16 from");
    check(
        "/shippo/addresses/",
        "authorization: ShippoToken shippo_test_seatrial",
        b"{\"a\":\"\xe9\"}",
        "can't decode byte 0xe9 in position 6",
    );
}

#[test]
fn shiptime_finds_the_encoding_of_a_body_as_jackson_does() {
    let server = Server::start(&[]);
    let answer = |body: &[u8]| {
        let head = "POST /shiptime/rest/rates HTTP/1.1\r\nhost: localhost\r\nauthorization: Basic c2FuZGJveDpzYW5kYm94\r\n\
                    content-type: application/json\r\nconnection: close\r\n";
        let request = [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), body].concat();
        let answer = client::unchecked(server.address(), &request);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        // The hash of Java's stream differs from call to call.
        let hash = body.split_once("InputStream@").and_then(|(_, rest)| rest.split_once(';')).map_or("", |(hash, _)| hash);
        if hash.is_empty() { body.to_owned() } else { body.replace(hash, "") }
    };
    for text in
        [r#"{"form":{}}"#, r#"{"from":{"city":"Toronto"},"to":{}}"#, r#"{"from":?}"#, "{\n  \"from\": {\"city\": 5, \"x\": nil}}", ""]
    {
        let plain = answer(text.as_bytes());
        assert!(plain.contains("messages"), "{plain}");
        let marked = format!("\u{feff}{text}");
        assert_eq!(answer(marked.as_bytes()), plain);
        for text in [text, &marked] {
            let short = || text.encode_utf16();
            let long = || text.chars().map(u32::from);
            assert_eq!(answer(&short().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()), plain, "{text}");
            assert_eq!(answer(&short().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()), plain, "{text}");
            assert_eq!(answer(&long().flat_map(u32::to_be_bytes).collect::<Vec<u8>>()), plain, "{text}");
            assert_eq!(answer(&long().flat_map(u32::to_le_bytes).collect::<Vec<u8>>()), plain, "{text}");
        }
    }
    // Letters are counted where they were not bytes.
    let place = |body: &[u8]| answer(body).rsplit_once("column: ").map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect());
    let text = r#"{"é":?}"#;
    assert_eq!(place(text.as_bytes()), Some("8".to_owned()));
    assert_eq!(place(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()), Some("7".to_owned()));
}
