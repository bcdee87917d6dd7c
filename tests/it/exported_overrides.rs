//! An override that was exported answers such a call as it was answered: texts as they are, files byte for byte.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{Answer, JSON, admin, connect, send};
use crate::process::Server;
use crate::round_trips::{buy, make};

/// The answer to the latest call, played back under the override that is exported of it: its head and body, and what the file lacks.
fn answered_again(server: &Server, sandbox: &str, call: impl Fn(&str) -> Answer) -> [Answer; 3] {
    make(server, sandbox, &json!({}));
    let first = call(sandbox);
    let kept = admin(server, "GET", &format!("/sandboxes/{sandbox}/requests?limit=1"), &Value::Null);
    let id = kept["requests"][0]["id"].as_str().expect("an id");
    let rule = send(server, "GET", &format!("/_seatrial/requests/{id}/export?format=override&secrets=show"), &[], "");
    assert_eq!(rule.status, 200, "{}", rule.body);
    let rules: Value = serde_saphyr::from_str(&rule.body).expect("YAML");
    admin(server, "DELETE", &format!("/sandboxes/{sandbox}"), &Value::Null);
    make(server, sandbox, &rules);
    let again = call(sandbox);
    [first, again, rule]
}

#[test]
fn an_override_answers_as_it_was_answered() {
    let server = Server::start(&[]);
    let token = |sandbox: &str| {
        let view = admin(&server, "GET", &format!("/sandboxes/{sandbox}"), &Value::Null);
        format!("ShippoToken {}", view["credentials"]["shippo"][0]["token"].as_str().expect("a token"))
    };
    // What looks like a template is a text.
    let body = json!({"name": "{{ $request.x }} and {{ 1 + 1 }} }}", "country": "US"}).to_string();
    let [first, again, rule] = answered_again(&server, "braces", |sandbox| {
        send(&server, "POST", &format!("/@{sandbox}/shippo/addresses"), &[JSON, ("authorization", &token(sandbox))], &body)
    });
    assert!(first.status == 201 && first.body.contains("{{ 1 + 1 }} }}"), "{}", first.body);
    assert_eq!((again.status, &again.kind, &again.body), (201, &first.kind, &first.body), "{}", rule.body);
    // A page is no JSON.
    let [first, again, rule] = answered_again(&server, "paged", |sandbox| {
        send(&server, "GET", &format!("/@{sandbox}/shippo/transactions/nothing"), &[("authorization", &token(sandbox))], "")
    });
    assert!(first.status == 404 && first.kind == "text/html", "{} {}", first.kind, first.body);
    assert_eq!((again.status, &again.kind, &again.body), (404, &first.kind, &first.body), "{}", rule.body);
    assert!(!rule.head.contains("seatrial-lacks"));
}

/// The head and the bytes of an answer to a request for a path.
fn fetched(server: &Server, path: &str) -> (String, Vec<u8>) {
    let mut stream = connect(server.address());
    let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address());
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it is answered");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8_lossy(&answer[..end]).into_owned(), answer.split_off(end))
}

/// The override that is exported of the latest call of a sandbox.
fn exported(server: &Server, sandbox: &str, secrets: &str) -> Answer {
    let kept = admin(server, "GET", &format!("/sandboxes/{sandbox}/requests?limit=1"), &Value::Null);
    let id = kept["requests"][0]["id"].as_str().expect("an id");
    send(server, "GET", &format!("/_seatrial/requests/{id}/export?format=override{secrets}"), &[], "")
}

#[test]
fn an_override_answers_with_the_bytes_of_a_file() {
    let server = Server::start(&[]);
    make(&server, "drawn", &json!({}));
    buy(&server, "drawn");
    let kept = admin(&server, "GET", "/sandboxes/drawn/requests?limit=1", &Value::Null);
    let id = kept["requests"][0]["id"].as_str().expect("an id").to_owned();
    let made = admin(&server, "GET", &format!("/requests/{id}?secrets=show"), &Value::Null);
    let link = made["answer"]["body"]["label_url"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let path = link[link.find("/@drawn").unwrap_or_else(|| panic!("{link}"))..].to_owned();
    let kind = |head: &str| head.lines().find(|line| line.starts_with("content-type: ")).map(str::to_owned);
    for secrets in ["", "&secrets=show"] {
        let (head, label) = fetched(&server, &path);
        assert!(std::str::from_utf8(&label).is_err(), "{head}");
        let rule = exported(&server, "drawn", secrets);
        assert!(rule.body.starts_with("overrides:\n  - on: shippo.") && !rule.head.contains("seatrial-lacks"), "{}", rule.body);
        let rules: Value = serde_saphyr::from_str(&rule.body).expect("YAML");
        make(&server, "played", &rules);
        let (again, bytes) = fetched(&server, &path.replace("/@drawn", "/@played"));
        assert!(again.starts_with("HTTP/1.1 200 ") && bytes == label, "{again} {}", rule.body);
        assert_eq!(kind(&again), kind(&head));
        admin(&server, "DELETE", "/sandboxes/played", &Value::Null);
    }
}

#[test]
fn bytes_that_are_packed_come_back_and_those_that_are_not_kept_are_told() {
    let server = Server::start(&[]);
    let parcels = "{\"results\":[]}".repeat(3);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(parcels.as_bytes()).expect("it is packed");
    let gzip = gzip.finish().expect("it is packed");
    let respond = |kind: &str, encoding: &str, bytes: &[u8]| {
        let headers = json!({"content-type": kind, "content-encoding": encoding});
        json!([{"on": "*", "respond": {"status": 200, "headers": headers, "base64": STANDARD.encode(bytes)}}])
    };
    make(&server, "packed", &json!({"overrides": respond("application/json", "gzip", &gzip)}));
    let (head, bytes) = fetched(&server, "/@packed/shippo/parcels");
    assert!(bytes == gzip && head.contains("content-encoding: gzip"), "{head}");
    for secrets in ["", "&secrets=show"] {
        let rules: Value = serde_saphyr::from_str(&exported(&server, "packed", secrets).body).expect("YAML");
        make(&server, "again", &rules);
        let (again, bytes) = fetched(&server, "/@again/shippo/parcels");
        assert!(bytes == gzip && again.contains("content-encoding: gzip") && again.contains("content-type: application/json"), "{again}");
        admin(&server, "DELETE", "/sandboxes/again", &Value::Null);
    }
    make(&server, "large", &json!({"overrides": respond("image/png", "identity", &[0xff; 70_000])}));
    assert_eq!(fetched(&server, "/@large/shippo/parcels").1.len(), 70_000);
    let rule = exported(&server, "large", "");
    let lack = "the end of the body, of which 65536 of 70000 bytes were kept";
    assert!(rule.body.starts_with(&format!("# This lacks {lack}.\noverrides:\n  - on: shippo.")), "{:.200}", rule.body);
    assert!(rule.head.contains(&format!("seatrial-lacks: {lack}")), "{}", rule.head);
}

/// The members of the one rule in an exported override.
fn rule_of(rule: &Answer) -> Value {
    let rules: Value = serde_saphyr::from_str(&rule.body).expect("YAML");
    rules["overrides"][0].clone()
}

#[test]
fn an_override_says_how_late_an_answer_came_and_how_long_a_silence_was_as_the_scenario_said_it() {
    let server = Server::start(&[]);
    for (sandbox, fault, expected) in [
        ("stalled", json!({"then": "stall", "for": "20ms"}), json!({"then": "stall", "for": "20ms", "commit": true})),
        ("silent", json!({"then": "timeout", "for": "20ms"}), json!({"then": "timeout", "for": "20ms"})),
        ("dripped", json!({"then": "drip", "for": "30ms"}), json!({"then": "drip", "for": "30ms", "commit": true})),
        ("reset", json!("reset"), json!("reset")),
    ] {
        make(&server, sandbox, &json!({"overrides": [{"on": "shippo.ListParcels", "fault": fault, "latency": "1ms500us"}]}));
        asked(&server, sandbox, "parcels/");
        let (rule, kept) = (exported(&server, sandbox, ""), admin(&server, "GET", &format!("/sandboxes/{sandbox}/requests"), &Value::Null));
        let rule = rule_of(&rule);
        assert_eq!((&rule["fault"], &rule["latency"]), (&expected, &json!("1ms 500us")), "{kept}");
        let effect = &kept["requests"][0]["effect"];
        assert_eq!((&effect["for"], &effect["latency"]), (&expected["for"], &json!("1ms 500us")));
        admin(&server, "DELETE", &format!("/sandboxes/{sandbox}"), &Value::Null);
        make(&server, sandbox, &json!({"overrides": [rule]}));
    }
}

/// The head of the answer to a request of a customer for a path, whose body may not be whole.
fn asked(server: &Server, sandbox: &str, path: &str) -> String {
    let view = admin(server, "GET", &format!("/sandboxes/{sandbox}"), &Value::Null);
    let token = view["credentials"]["shippo"][0]["token"].as_str().expect("a token");
    let mut stream = connect(server.address());
    let head = format!("host: {}\r\nconnection: close\r\nauthorization: ShippoToken {token}", server.address());
    stream.write_all(format!("GET /@{sandbox}/shippo/{path} HTTP/1.1\r\n{head}\r\n\r\n").as_bytes()).expect("it is read");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap_or_default().to_owned()
}

#[test]
fn an_override_refuses_and_leads_elsewhere_as_the_vendor_did() {
    let server = Server::start(&[]);
    let header = |head: &str, name: &str| head.lines().find(|line| line.starts_with(name)).map(str::to_owned);
    let limit = json!({"overrides": [{"on": "shippo.ListParcels", "rate_limit": {"limit": 1, "window": "1h"}}]});
    make(&server, "limited", &limit);
    asked(&server, "limited", "parcels/");
    let refused = asked(&server, "limited", "parcels/");
    assert!(refused.starts_with("HTTP/1.1 429 ") && header(&refused, "retry-after: ").is_some(), "{refused}");
    let rule = rule_of(&exported(&server, "limited", ""));
    assert_eq!(rule["respond"]["status"], 429, "{rule}");
    make(&server, "again", &json!({"overrides": [rule]}));
    let again = asked(&server, "again", "parcels/");
    assert!(again.starts_with("HTTP/1.1 429 "), "{again}");
    assert_eq!(header(&again, "retry-after: "), header(&refused, "retry-after: "));
    // What a vendor is asked for without its last slash is elsewhere.
    make(&server, "moved", &json!({}));
    let moved = asked(&server, "moved", "refunds");
    let rule = rule_of(&exported(&server, "moved", ""));
    let location = header(&moved, "location: ").unwrap_or_else(|| panic!("{moved}"));
    assert_eq!(rule["respond"], json!({"status": 301, "headers": {"location": location["location: ".len()..]}}), "{rule}");
    make(&server, "elsewhere", &json!({"overrides": [rule]}));
    assert_eq!(header(&asked(&server, "elsewhere", "refunds"), "location: "), Some(location));
    // A business failure is one again, of which the vendor keeps what it would.
    let carrier = json!({"overrides": [{"on": "shippo.CreateTransaction", "fault": "carrier_refuses"}]});
    make(&server, "refused", &carrier);
    buy(&server, "refused");
    assert_eq!(
        rule_of(&exported(&server, "refused", "")),
        json!({"on": "shippo.CreateTransaction", "fault": "carrier_refuses", "times": 1})
    );
    // What the scenario says in words of its own is written as it came.
    make(
        &server,
        "own",
        &json!({"overrides": [{"on": "shippo.ListParcels", "respond": {"status": 503, "headers": {"x-own": "{{ 1 }}"}}}]}),
    );
    asked(&server, "own", "parcels/");
    assert_eq!(rule_of(&exported(&server, "own", ""))["respond"], json!({"status": 503, "headers": {"x-own": "1"}}));
}
