//! Webhooks over real sockets: the running binary, a listener in the test, and a redirect that is not followed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

/// Listens on loopback and answers what comes with `answer`; the requests, head and body.
pub fn listen(answer: impl Into<String>) -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hooks?token=abc", listener.local_addr().expect("it is bound"));
    let (sender, receiver) = channel();
    let answer = answer.into();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection comes");
            let _ = sender.send(request(&stream));
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, receiver)
}

/// The request that comes by a connection: its head and its body.
pub fn request(stream: &TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a head comes") > 0, "{head}");
    }
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).and_then(|length| length.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).expect("a body comes");
    (head, String::from_utf8(body).expect("text"))
}

#[test]
fn what_is_due_is_sent_without_a_call() {
    let server = Server::start(&[]);
    let (url, heard) = listen("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok");
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shipmate", "url": url, "secret": "s"}));
    let path = format!("/webhooks/{}/test", hook["id"].as_str().expect("an id"));
    let sent = admin(&server, "POST", &path, &json!({"event": "TRACKING_DELIVERED"}));
    let (head, body) = heard.recv().expect("it comes");
    assert!(head.starts_with("POST /hooks?token=abc HTTP/1.1\r\n"), "{head}");
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!((body["auth_token"].as_str(), body["event"].as_str()), (Some("s"), Some("TRACKING_DELIVERED")));
    let rows = admin(&server, "GET", "/sandboxes/default/deliveries?progress=delivered&wait=10s", &Value::Null);
    assert_eq!(rows["deliveries"][0]["id"], sent["id"]);
    assert_eq!(rows["deliveries"][0]["attempts"][0]["answered"], json!({"status": 202, "body": "ok"}));
}

#[test]
fn a_redirect_is_an_answer_and_is_not_followed() {
    let server = Server::start(&[]);
    let (url, heard) = listen("HTTP/1.1 307 Temporary Redirect\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n");
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url, "secret": "s"}));
    admin(&server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
    let (head, _) = heard.recv().expect("it comes");
    assert!(head.contains("Shippo-Auth-Signature: t="), "{head}");
    let rows = admin(&server, "GET", "/sandboxes/default/deliveries?progress=failed&wait=10s", &Value::Null);
    assert_eq!(rows["deliveries"][0]["attempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(rows["deliveries"][0]["attempts"][0]["answered"]["status"], 307);
}

#[test]
fn header_names_have_the_letter_case_of_the_vendor() {
    const USUAL: &str = "Content-Type Host Connection User-Agent Seatrial-Delivery Content-Length";
    let signed =
        ["X-ShipEngine-Key", "x-own_KEY", "x-shipengine-rsa-sha256-key-id", "x-shipengine-rsa-sha256-signature", "x-shipengine-timestamp"];
    let server = Server::start(&[]);
    let check = |vendor: &str, own: &[&str], subscribe: &dyn Fn(&str)| {
        let (url, heard) = listen("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        subscribe(&url);
        let hooks = admin(&server, "GET", "/sandboxes/default/webhooks?secrets=show", &Value::Null);
        let hook = hooks["webhooks"].as_array().into_iter().flatten().find(|hook| hook["url"] == *url).expect("it is subscribed");
        let event = hook["events"][0].clone();
        admin(&server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({"event": event}));
        let (head, _) = heard.recv().expect("it comes");
        let mut names: Vec<_> = head.lines().skip(1).filter_map(|line| Some(line.split_once(": ")?.0)).collect();
        let mut expected: Vec<_> = USUAL.split(' ').chain(own.iter().copied()).collect();
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected, "{vendor}");
    };
    let by_admin = |vendor: &str, event: &str, format: &str, own: &[&str]| {
        let hook = json!({"vendor": vendor, "events": [event], "format": format, "secret": "s"});
        check(vendor, own, &|url| {
            let mut hook = hook.clone();
            hook["url"] = url.into();
            admin(&server, "POST", "/sandboxes/default/webhooks", &hook);
        });
    };
    by_admin("shippo", "track_updated", "json", &["Shippo-API-Version", "Shippo-Auth-Signature"]);
    by_admin("shipmate", "TRACKING_DELIVERED", "json", &[]);
    by_admin("shipmate_v1_2", "SHIPMENT_CREATED", "form", &[]);
    by_admin("shipstation_v1", "SHIP_NOTIFY", "json", &[]);
    by_admin("shipstation_v2", "track_event_v2", "json", &signed[2..]);
    check("shipstation_v2", &signed, &|url| {
        let headers = json!([{"key": "X-ShipEngine-Key", "value": "1"}, {"key": "x-own_KEY", "value": "2"}]);
        let hook = json!({"name": "labels", "event": "label_created_v2", "url": url, "headers": headers}).to_string();
        let made = send(&server, "POST", "/shipstation/v2/environment/webhooks", &[("api-key", "seatrial-live"), JSON], &hook);
        assert_eq!(made.status, 200, "{}", made.body);
    });
}

#[test]
fn the_beginning_of_a_long_answer_is_kept() {
    let server = Server::start(&[]);
    let (url, heard) = listen(format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{}", "long ".repeat(1_000)));
    let url = url.replace("http://", "http://harbor:master%21@");
    let hook = admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    admin(&server, "POST", &format!("/webhooks/{}/test", hook["id"].as_str().expect("an id")), &json!({}));
    let (head, _) = heard.recv().expect("it comes");
    // What stands before the host is presented, and is no part of its name.
    assert!(head.contains("Authorization: Basic aGFyYm9yOm1hc3RlciE=\r\n") && head.contains("Host: 127.0.0.1:"), "{head}");
    let rows = admin(&server, "GET", "/sandboxes/default/deliveries?progress=delivered&wait=10s", &Value::Null);
    assert_eq!(rows["deliveries"][0]["attempts"][0]["answered"]["body"].as_str().map(str::len), Some(2048));
}

#[test]
fn an_advance_waits_for_every_answer_and_goes_on_in_virtual_time() {
    let server = Server::start(&[]);
    let (url, heard) = listen("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    let clock = json!({"name": "w", "clock": {"start": "2026-01-05T09:00:00Z", "mode": "frozen"}, "scenario": {"webhooks": {"subscriptions": [
        {"vendor": "shipmate", "url": url, "events": ["SHIPMENT_CREATED"]},
    ]}, "given": [{"shipmate.createSku": {"sku": "A", "product_name": "B"}}]}});
    let made = admin(&server, "POST", "/sandboxes", &clock);
    let row = &made["credentials"]["shipmate"][0];
    let consignment = json!({
        "consignment_reference": "1", "service_key": "DPDNEXT",
        "to_address": {"name": "A", "line_1": "1 Street", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"},
        "parcels": [{"reference": "1-1", "weight": 300, "width": 2, "length": 1, "depth": 1}],
    })
    .to_string();
    let (key, token) = (row["api_key"].as_str().expect("a key"), row["token"].as_str().expect("a token"));
    let headers = [("x-shipmate-api-key", key), ("x-shipmate-token", token), JSON];
    let booked = send(&server, "POST", "/@w/shipmate/v1.1/consignments", &headers, &consignment);
    assert_eq!(booked.status, 201, "{}", booked.body);
    admin(&server, "POST", "/sandboxes/w/clock/advance", &json!({"by": "6h"}));
    let rows = admin(&server, "GET", "/sandboxes/w/deliveries", &Value::Null);
    let times: Vec<&str> =
        rows["deliveries"][0]["attempts"].as_array().expect("attempts").iter().filter_map(|row| row["at"].as_str()).collect();
    let expected = ["09:00", "09:01", "09:06", "09:21", "10:21", "14:21"];
    assert_eq!(times, expected.map(|time| format!("2026-01-05T{time}:00Z")));
    assert_eq!(heard.try_iter().count(), 6, "the advance is over when all of them are");
}

#[test]
fn links_lead_to_where_the_server_listens_whoever_subscribed() {
    let still = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    let town = json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": town, "address_to": town, "parcels": [parcel]});
    let mut label =
        json!({"shipment": shipment, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": "usps_priority"});
    label["async"] = true.into();
    for arguments in [&["--allow-host", "elsewhere"][..], &["--allow-host", "elsewhere", "--admin-listen", "127.0.0.1:0"]] {
        let server = Server::start(arguments);
        let base = format!("http://{}/@linked/shippo", server.address());
        let (url, heard) = listen("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let hook = json!({"vendor": "shippo", "url": url, "events": ["transaction_updated"]});
        let scenario = json!({"webhooks": {"subscriptions": [hook]}});
        let made = admin(&server, "POST", "/sandboxes", &json!({"name": "linked", "clock": still, "scenario": scenario}));
        let beside = server.admin() == server.address();
        assert_eq!(made["urls"]["shippo"], if beside { json!("http://localhost/@linked/shippo") } else { json!(base) });
        admin(&server, "POST", "/sandboxes/linked/webhooks", &hook);
        let token = made["credentials"]["shippo"][0]["token"].as_str().expect("a token");
        let headers = [("host", "elsewhere"), ("authorization", &*format!("ShippoToken {token}")), JSON];
        let bought = send(&server, "POST", "/@linked/shippo/transactions", &headers, &label.to_string());
        assert_eq!(bought.status, 201, "{}", bought.body);
        admin(&server, "POST", "/sandboxes/linked/clock/advance", &json!({"by": "10s"}));
        let link = |(_, body): (String, String)| {
            let body: Value = serde_json::from_str(&body).expect("JSON");
            body["data"]["label_url"].as_str().filter(|link| !link.is_empty()).map(str::to_owned)
        };
        // The scenario's subscriber first, who never called; then the one whom the admin API made, by the name that it was called.
        let links: Vec<String> = heard.try_iter().filter_map(link).collect();
        let by_admin = if beside { "http://localhost/@linked/shippo/" } else { &base };
        assert_eq!(links.len(), 2, "{links:?}");
        assert!(
            links.iter().any(|link| link.starts_with(&base))
                && links.iter().all(|link| link.starts_with(&base) || link.starts_with(by_admin))
        );
    }
}

/// How many receivers wait at once, how many ever did, and whether they may go on.
#[derive(Default)]
struct Waiting {
    now: usize,
    most: usize,
    free: bool,
}

#[test]
fn so_many_are_told_at_once_and_no_more() {
    const AT_ONCE: usize = 16;
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
    let waiting = Arc::new((Mutex::new(Waiting::default()), Condvar::new()));
    let shared = Arc::clone(&waiting);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, shared) = (stream.expect("a connection comes"), Arc::clone(&shared));
            thread::spawn(move || {
                let (state, changed) = &*shared;
                let mut waiting = state.lock().expect("nobody panics");
                waiting.now += 1;
                waiting.most = waiting.most.max(waiting.now);
                // Nobody is answered before as many wait as ever may.
                waiting.free |= waiting.now >= AT_ONCE;
                changed.notify_all();
                waiting = changed.wait_while(waiting, |waiting| !waiting.free).expect("nobody panics");
                waiting.now -= 1;
                drop(waiting);
                let mut part = [0; 4096];
                let _ = stream.read(&mut part);
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            });
        }
    });
    let server = Server::start(&[]);
    let hooks: Vec<Value> = (0..AT_ONCE + 16).map(|_| json!({"vendor": "shipmate", "url": url, "events": ["SHIPMENT_CREATED"]})).collect();
    let to = json!({"name": "A", "line_1": "1 Street", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"});
    let parcel = json!({"reference": "1-1", "weight": 300, "width": 2, "length": 1, "depth": 1});
    let made = json!({"name": "w", "clock": {"start": "2026-01-05T09:00:00Z", "mode": "frozen"}, "scenario": {"webhooks": {"subscriptions": hooks}}});
    admin(&server, "POST", "/sandboxes", &made);
    let story = json!({"headers": {"X-SHIPMATE-API-KEY": "sm_test_12345abcde-1234-5678-90ab-abcdef0123456", "X-SHIPMATE-TOKEN": "3674eb125fe777d8c152fe52f35e78f2"}, "steps": [
        {"call": "POST /v1.1/consignments", "expect": {"status": 201},
         "json": {"consignment_reference": "1", "service_key": "DPDNEXT", "to_address": to, "parcels": [parcel]}},
    ]});
    let played = admin(&server, "POST", "/sandboxes/w/conversations?vendor=shipmate", &story);
    assert_eq!(played["verdict"], "passed", "{played}");
    let told = admin(&server, "GET", "/sandboxes/w/deliveries?progress=delivered", &Value::Null);
    assert_eq!(told["found"], AT_ONCE + 16, "all of them are told in the end");
    assert_eq!(waiting.0.lock().expect("nobody panics").most, AT_ONCE);
}
