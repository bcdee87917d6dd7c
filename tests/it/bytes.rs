//! Bytes that are no text, and headers that repeat: what the journal, its exports and the inbox show of them.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder, GzDecoder, GzEncoder, ZlibDecoder, ZlibEncoder};
use serde_json::{Value, json};

use crate::client::{self, JSON, send};
use crate::process::Server;

const JOURNAL: &str = "/_seatrial/sandboxes/default/requests";

/// All bytes that there are.
fn all() -> Vec<u8> {
    (0..=255).collect()
}

/// Sends a request byte for byte; the status line of its answer.
fn post(server: &Server, path: &str, headers: &[u8], body: &[u8]) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    let mut stream = client::connect(server.address());
    stream.write_all(&[head.as_bytes(), headers, b"\r\n", body].concat()).expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

fn export(server: &Server, format: &str) -> String {
    send(server, "GET", &format!("{JOURNAL}/export?format={format}&secrets=show"), &[], "").body
}

#[test]
fn bytes_survive_in_every_view() {
    let server = Server::start(&[]);
    let headers = b"content-type: application/octet-stream\r\nx-latin: caf\xe9\r\nx-utf8: caf\xc3\xa9\r\nx-empty:\r\n";
    post(&server, "/shipmate/v1.1/tokens", headers, &all());
    let encoded = STANDARD.encode(all());
    let latin = json!({"base64": STANDARD.encode(b"caf\xe9")});
    for query in ["", "?secrets=show"] {
        let entry = send(&server, "GET", &format!("{JOURNAL}{query}"), &[], "").json()["requests"][0].clone();
        let request = &entry["request"];
        assert_eq!((&request["body"], &request["base64"], &request["length"]), (&json!(encoded), &json!(true), &json!(256)), "{query}");
        assert_eq!((&request["headers"]["x-latin"], &entry["answer"]["base64"]), (&latin, &json!(false)), "{query}");
    }
    let row: Value = serde_json::from_str(&export(&server, "ndjson")).expect("a row is JSON");
    assert_eq!((&row["request"]["body"], &row["request"]["base64"]), (&json!(encoded), &json!(true)));
    let har: Value = serde_json::from_str(&export(&server, "har")).expect("it is JSON");
    let request = &har["log"]["entries"][0]["request"];
    assert_eq!((&request["postData"]["text"], &request["postData"]["encoding"]), (&json!(encoded), &json!("base64")));
    let headers = request["headers"].as_array().expect("headers");
    assert!(headers.contains(&json!({"name": "x-latin", "value": latin["base64"], "encoding": "base64"})), "{headers:?}");
    let curl = export(&server, "curl");
    assert!(curl.contains(&format!("--data-binary @<(base64 -d <<< {encoded})")), "{curl}");
    let line = STANDARD.encode(b"x-latin: caf\xe9");
    assert!(curl.contains(&format!("--header \"$(base64 -d <<< {line})\"")) && curl.contains("--header 'x-empty;'"), "{curl}");
    let conversation = export(&server, "conversation");
    assert!(conversation.contains(&format!("    base64: {encoded}\n")), "{conversation}");
    let path = "/_seatrial/sandboxes/default/conversations?vendor=shipmate";
    let played = send(&server, "POST", path, &[("content-type", "application/yaml")], &conversation).json();
    assert_eq!(played["verdict"], "passed", "{played}");
    // What is played arrives as it was recorded.
    let rows = send(&server, "GET", JOURNAL, &[], "").json()["requests"].clone();
    for header in ["x-latin", "x-utf8", "x-empty"] {
        assert_eq!(rows[1]["request"]["headers"][header], rows[0]["request"]["headers"][header], "{header}");
    }
}

#[test]
fn bytes_of_queries_survive() {
    let server = Server::start(&[]);
    post(&server, "/shippo/addresses?q=%ff%fe&r=a+b%20c&&s", b"", b"");
    let har: Value = serde_json::from_str(&export(&server, "har")).expect("it is JSON");
    let bytes = json!({"name": "q", "value": STANDARD.encode([0xff, 0xfe]), "encoding": "base64"});
    let expected = json!([bytes, {"name": "r", "value": "a b c"}, {"name": "s", "value": ""}]);
    assert_eq!(har["log"]["entries"][0]["request"]["queryString"], expected, "{har}");
}

#[test]
fn bytes_of_answers_survive() {
    let server = Server::start(&[]);
    let address =
        json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let buy = json!({
        "shipment": {"address_from": address, "address_to": address, "parcels": [parcel]},
        "carrier_account": crate::admin::USPS, "servicelevel_token": "usps_priority", "label_file_type": "PNG", "async": false,
    });
    let headers = [JSON, ("authorization", "ShippoToken shippo_test_seatrial")];
    let label = send(&server, "POST", "/shippo/transactions", &headers, &buy.to_string()).json();
    let link = label["label_url"].as_str().expect("a link").to_owned();
    let path = link.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}")).expect("a path");
    let mut stream = client::connect(server.address());
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    let gap = answer.windows(4).position(|part| part == b"\r\n\r\n").expect("a head") + 4;
    let entry = send(&server, "GET", &format!("{JOURNAL}?limit=1&secrets=show"), &[], "").json()["requests"][0].clone();
    assert_eq!(entry["answer"]["base64"], true, "a picture has bytes that are no text");
    let shown = entry["answer"]["body"].as_str().expect("a text");
    let picture = &answer[gap..];
    assert_eq!(STANDARD.decode(shown).expect("base64"), &picture[..picture.len().min(64 * 1024)], "as far as the journal keeps it");
}

#[test]
fn repeated_headers_stay_repeated() {
    let server = Server::start(&[]);
    post(&server, "/shippo/addresses", b"x-a: 1\r\nX-A: 2\r\nx-b: 3\r\n", b"");
    let entry = send(&server, "GET", JOURNAL, &[], "").json()["requests"][0].clone();
    assert_eq!((&entry["request"]["headers"]["x-a"], &entry["request"]["headers"]["x-b"]), (&json!(["1", "2"]), &json!("3")));
    let conversation = export(&server, "conversation");
    assert!(conversation.contains(r#""x-a":["1","2"]"#), "{conversation}");
    assert_eq!(export(&server, "curl").matches("--header 'x-a: ").count(), 2);
    let path = "/_seatrial/sandboxes/default/conversations?vendor=shippo";
    let played = send(&server, "POST", path, &[("content-type", "application/yaml")], &conversation).json();
    assert_eq!(played["verdict"], "passed", "{played}");
}

#[test]
fn an_inbox_keeps_bytes_and_repeated_headers() {
    let server = Server::start(&[]);
    post(&server, "/_seatrial/inbox/me", b"x-a: 1\r\nx-a: 2\r\nx-latin: caf\xe9\r\n", &all());
    post(&server, "/_seatrial/inbox/me", b"content-type: application/json\r\n", b"{\"a\": 1}");
    let letters = send(&server, "GET", "/_seatrial/inbox/me", &[], "").json();
    let (binary, text) = (&letters["letters"][0], &letters["letters"][1]);
    assert_eq!((&binary["text"], &binary["base64"], &binary["json"]), (&json!(STANDARD.encode(all())), &json!(true), &Value::Null));
    assert_eq!(
        (&binary["headers"]["x-a"], &binary["headers"]["x-latin"]),
        (&json!(["1", "2"]), &json!({"base64": STANDARD.encode(b"caf\xe9")}))
    );
    assert_eq!((&text["text"], &text["base64"], &text["json"]), (&json!("{\"a\": 1}"), &json!(false), &json!({"a": 1})));
}

#[test]
fn secrets_among_bytes_are_hidden() {
    let server = Server::start(&[]);
    let form = b"content-type: application/x-www-form-urlencoded\r\n";
    post(&server, "/shiptime/oauth2/token", form, b"client_secret=in-a-form&name=caf\xe9");
    post(&server, "/shiptheory/v1/token", b"content-type: application/json\r\n", b"{\"password\": \"in-json\", \"name\": \"caf\xe9\"}");
    let wide: Vec<u8> = "\u{feff}{\"password\": \"in-utf-16\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    post(&server, "/shiptheory/v1/token", b"content-type: application/json\r\n", &wide);
    let shown = send(&server, "GET", JOURNAL, &[], "").json();
    let bodies: Vec<String> = (0..3)
        .map(|index| {
            let request = &shown["requests"][index]["request"];
            let body = request["body"].as_str().map_or_else(|| request["body"].to_string(), str::to_owned);
            if request["base64"] == true { String::from_utf8_lossy(&STANDARD.decode(body).expect("base64")).into_owned() } else { body }
        })
        .collect();
    for (body, secret) in bodies.iter().zip(["in-a-form", "in-json", "in-utf-16"]) {
        assert!(!body.contains(secret) && body.contains("[redacted]"), "{body}");
    }
}

/// A body that is compressed, as its client sent it.
fn packed(kind: &str, text: &str) -> Vec<u8> {
    let mut out: Box<dyn Read> = match kind {
        "gzip" => Box::new(GzEncoder::new(text.as_bytes(), Compression::default())),
        "deflate" => Box::new(ZlibEncoder::new(text.as_bytes(), Compression::default())),
        _ => Box::new(DeflateEncoder::new(text.as_bytes(), Compression::default())),
    };
    let mut bytes = Vec::new();
    out.read_to_end(&mut bytes).expect("memory can be read");
    bytes
}

#[test]
fn secrets_in_compressed_bodies_are_hidden() {
    let server = Server::start(&[]);
    let json = r#"{"email": "you@youremail.com", "password": "in-a-packed-body", "note": "again: in-a-packed-body"}"#;
    let head = |encoding: &str| format!("content-type: application/json\r\ncontent-encoding: {encoding}\r\n").into_bytes();
    for (index, kind) in ["gzip", "deflate", "raw"].into_iter().enumerate() {
        let encoding = if kind == "raw" { "deflate" } else { kind };
        post(&server, "/shiptheory/v1/token", &head(encoding), &packed(kind, json));
        let entry = send(&server, "GET", JOURNAL, &[], "").json()["requests"][index]["request"].clone();
        assert_eq!(entry["base64"], true, "{entry}");
        let shown = STANDARD.decode(entry["body"].as_str().expect("text")).expect("base64");
        let mut content = String::new();
        match kind {
            "gzip" => drop(GzDecoder::new(&*shown).read_to_string(&mut content)),
            "deflate" => drop(ZlibDecoder::new(&*shown).read_to_string(&mut content)),
            _ => drop(DeflateDecoder::new(&*shown).read_to_string(&mut content)),
        }
        assert!(
            content.contains("[redacted]") && !content.contains("in-a-packed-body") && content.contains("you@youremail.com"),
            "{content}"
        );
    }
    // What nothing can be said of is not shown; what holds no secret is shown byte for byte; who says it wrongly is read as it is.
    post(&server, "/shiptheory/v1/token", &head("br"), b"\x0b\x02\x80\xff\xfe");
    let open = packed("gzip", r#"{"name": "Ada"}"#);
    post(&server, "/shiptheory/v1/token", &head("gzip"), &open);
    post(&server, "/shiptheory/v1/token", &head("gzip"), br#"{"password": "in-a-plain-body"}"#);
    let rows = send(&server, "GET", JOURNAL, &[], "").json()["requests"].clone();
    assert_eq!(rows[3]["request"]["body"], "[redacted]", "{rows}");
    assert_eq!(rows[4]["request"]["body"], json!(STANDARD.encode(&open)), "{rows}");
    assert_eq!(rows[5]["request"]["body"], json!({"password": "[redacted]"}), "{rows}");
    let shown = send(&server, "GET", &format!("{JOURNAL}?secrets=show"), &[], "").json()["requests"].clone();
    assert_eq!(shown[0]["request"]["body"], json!(STANDARD.encode(packed("gzip", json))));
    post(&server, "/_seatrial/inbox/me", &head("gzip"), &packed("gzip", json));
    let letter = send(&server, "GET", "/_seatrial/inbox/me", &[], "").json()["letters"][0].clone();
    let bytes = STANDARD.decode(letter["text"].as_str().expect("text")).expect("base64");
    let mut content = String::new();
    GzDecoder::new(&*bytes).read_to_string(&mut content).expect("it is packed");
    assert!(content.contains("[redacted]") && !content.contains("in-a-packed-body"), "{content}");
}

#[test]
fn a_form_that_is_not_utf_8_is_noted_and_its_secrets_are_hidden() {
    let server = Server::start(&[]);
    let form = b"content-type: application/x-www-form-urlencoded\r\n";
    for body in [&b"client_secret=p%E4ssword-of-a-form&a=1"[..], b"client_secret=p\xe4ssword-of-a-form&a=1", b"grant_type=x&name=%ff"] {
        post(&server, "/shiptime/oauth2/token", form, body);
    }
    let journal = send(&server, "GET", JOURNAL, &[], "").body;
    assert_eq!(journal.matches("\"not-utf-8\"").count(), 3, "{journal}");
    assert!(!journal.contains("ssword-of-a-form"), "{journal}");
}
