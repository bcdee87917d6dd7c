//! What built-in receivers answer to webhooks of several sandboxes.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send, unchecked};
use crate::process::Server;

const URL: &str = "inbox://me?status=503,429,200";

/// Has a sandbox tell its inbox something: the statuses that came back, whatever was told before.
fn deliver(server: &Server, sandbox: &str) -> Vec<Value> {
    deliver_to(server, sandbox, URL)
}

/// The same for the latest subscription with an address.
fn deliver_to(server: &Server, sandbox: &str, url: &str) -> Vec<Value> {
    let ask = |method: &str, path: &str, body: &Value| admin(server, method, path, body);
    let hooks = ask("GET", &format!("/sandboxes/{sandbox}/webhooks"), &Value::Null);
    let hook = hooks["webhooks"].as_array().into_iter().flatten().rfind(|hook| hook["url"] == url).unwrap_or_else(|| panic!("{hooks}"));
    let id = hook["id"].as_str().unwrap_or_else(|| panic!("{hooks}")).to_owned();
    let told = ask("POST", &format!("/webhooks/{id}/test?sandbox={sandbox}"), &json!({"event": "track_updated"}));
    ask("POST", &format!("/sandboxes/{sandbox}/clock/advance"), &json!({"by": "1s"}));
    let id = told["id"].as_str().unwrap_or_else(|| panic!("{told}"));
    let told = ask("GET", &format!("/deliveries/{id}?sandbox={sandbox}"), &Value::Null);
    told["attempts"].as_array().unwrap_or_else(|| panic!("{told}")).iter().map(|attempt| attempt["answered"]["status"].clone()).collect()
}

#[test]
fn an_inbox_answers_each_sandbox_in_turn_and_anew_after_its_reset() {
    let server = Server::start(&[]);
    let make = |sandbox: &str| {
        let hook = json!({"vendor": "shippo", "url": URL});
        let body = json!({"name": sandbox, "scenario": {"clock": {"mode": "frozen"}, "webhooks": {"subscriptions": [hook]}}}).to_string();
        let made = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &body);
        assert_eq!(made.status, 201, "{}", made.body);
    };
    make("a");
    make("b");
    // Others that have the same query are not counted with them.
    let sent = "POST /_seatrial/inbox/me?status=503,429,200 HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert!(unchecked(server.address(), sent.as_bytes()).starts_with("HTTP/1.1 503"));
    for sandbox in ["a", "b"] {
        assert_eq!(deliver(&server, sandbox), [503], "{sandbox}");
    }
    assert_eq!(deliver(&server, "a"), [429]);
    send(&server, "POST", "/_seatrial/sandboxes/a/reset", &[JSON], "");
    assert_eq!((deliver(&server, "a"), deliver(&server, "b")), (vec![json!(503)], vec![json!(429)]));
    send(&server, "DELETE", "/_seatrial/sandboxes/a", &[], "");
    make("a");
    assert_eq!((deliver(&server, "a"), deliver(&server, "b")), (vec![json!(503)], vec![json!(200)]));
    assert_eq!(deliver(&server, "b"), [200], "the last one goes on");
}

#[test]
fn an_address_counts_what_comes_to_it_from_what_is_given_on() {
    let server = Server::start(&[]);
    let end = json!({"name": "Ada", "street1": "1 Main St", "city": "Chicago", "state": "IL", "zip": "60601", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let bought = json!({"carrier_account": "usps", "servicelevel_token": "usps_priority", "async": false,
        "shipment": {"address_from": end, "address_to": end, "parcels": [parcel]}});
    let other = format!("{URL}&for=other");
    let given = json!([
        {"shippo.createWebhook": {"event": "transaction_created", "url": URL, "active": true}},
        {"shippo.CreateTransaction": bought},
    ]);
    let hooks: Vec<Value> = [URL, &other].iter().map(|url| json!({"vendor": "shippo", "url": url})).collect();
    let scenario = json!({"clock": {"mode": "frozen"}, "given": given, "webhooks": {"subscriptions": hooks}});
    let made = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &json!({"name": "a", "scenario": scenario}).to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    admin(&server, "POST", "/sandboxes/a/clock/advance", &json!({"by": "1s"}));
    assert_eq!(deliver(&server, "a"), [429], "what is given has taken the first answer, by another subscription");
    assert_eq!(deliver_to(&server, "a", &other), [503]);
}
