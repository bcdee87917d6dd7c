//! Webhooks of kinds that no vendor of ours has yet, by a vendor that is made up here: a payload that is a link, an event with its
//! data, headers of the subscriber's own, and a signature by a published key.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use jiff::SignedDuration;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use seatrial::base::time::{self, Timestamp};
use seatrial::engine::webhooks::{AttemptResult, Event, Message, Outbound, RetryPolicy, Subscription, Webhooks};
use seatrial::engine::{
    Answer, Conform, Cx, Json, Machine, Operations, Options, Outcome, PublicUrls, Query, Reply, UNLIMITED, Vendor, signing,
};
use seatrial::world::{Kind, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::made_up::{self, document, request, start, vendor};

const CRATE: Kind = Kind::new("crate");

fn paths() -> Value {
    let answer = json!({"200": {"description": "d", "content": {"application/json": {"schema": {"type": "object"}}}}});
    let body = json!({"content": {"application/json": {"schema": {"type": "object"}}}});
    let batch = json!([{"name": "batch", "in": "query", "schema": {"type": "string"}}]);
    json!({
        "/crates": {
            "get": {"operationId": "listCrates", "parameters": batch, "responses": answer},
            "post": {"operationId": "loadCrates", "requestBody": body, "responses": answer},
        },
        "/jwks": {"get": {"operationId": "keys", "responses": answer}},
    })
}

fn harbor() -> Vendor {
    Vendor {
        operations: Box::new(rows),
        due: landed,
        webhooks: Webhooks {
            silent: &[],
            events: &["landed", "moved"],
            own: |_| true,
            shared: None,
            policy: RetryPolicy {
                timeout: Duration::from_secs(10),
                backoff: |_| &[7_200, 7_200],
                retries_answers: true,
                pause_after: None,
            },
            secret: |_| None,
            render,
            sign,
            sample: |_, _| (String::new(), Value::Null),
        },
        ..vendor("harbor", &document(paths()))
    }
}

fn rows(rows: &mut Operations) {
    rows.on("listCrates", list).on("loadCrates", load).on("keys", |_: &mut Cx<'_>| -> Outcome { Ok(Reply::ok(signing::jwks())) });
}

#[derive(Deserialize)]
struct Load {
    batch: String,
    names: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Crate {
    batch: String,
    name: String,
}

/// Crates are unloaded an hour later, and one event is about all of them.
fn load(cx: &mut Cx<'_>, Json(Load { batch, names }): Json<Load>) -> Outcome {
    cx.schedule_in(SignedDuration::from_hours(1), "landed", &batch, 0);
    for name in names {
        cx.docs.put(CRATE, &name, &Crate { batch: batch.clone(), name: name.clone() });
    }
    Ok(Reply::ok(json!({})))
}

#[derive(Deserialize)]
struct Listed {
    batch: String,
}

fn list(cx: &mut Cx<'_>, Query(Listed { batch }): Query<Listed>) -> Outcome {
    let found: Vec<Crate> = cx.docs.list(CRATE).filter(|row: &Crate| row.batch == batch).collect();
    Ok(Reply::ok(json!({"crates": found, "total": found.len()})))
}

fn landed(cx: &mut Cx<'_>, task: &Task) {
    let pointer = json!({"resource_url": cx.call.url(&format!("/crates?batch={}", task.subject)), "resource_type": "LANDED"});
    cx.notify("landed", &task.subject, &pointer);
    cx.notify("moved", &task.subject, &json!({"resource_type": "MOVED", "data": {"to": "quay 4", "events": [1, 2]}}));
}

/// The payload, with the headers that the subscriber asked for.
fn render(event: &Event<'_>) -> Message {
    let own = event.subscription.rest.get("headers").and_then(Value::as_object).cloned().unwrap_or_default();
    let headers = own.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect();
    Message { content_type: "application/json", headers, body: event.payload.to_string() }
}

fn sign(_: &Subscription, body: &str, at: Timestamp) -> Vec<(String, String)> {
    let signature = signing::rsa_sha256(format!("{at}.{body}").as_bytes());
    let rows = [("x-harbor-key-id", signing::KEY_ID.to_owned()), ("x-harbor-signature", signature), ("x-harbor-timestamp", at.to_string())];
    rows.map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn ask(machine: &Machine, method: Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let answer = machine.handle(&request(method, path, &[("host", "elsewhere")], &body), start());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer
}

fn read(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).expect("JSON")
}

#[test]
fn pointers_answer_when_followed_and_signatures_hold_by_the_published_key() {
    let machine = made_up::machine([harbor()], Options { conform: Conform::All, ..Options::default() });
    machine.set_public_urls(PublicUrls { all: Some(([0, 0, 0, 0], 4711).into()), ..PublicUrls::default() });
    let sandbox = machine.default_sandbox();
    let subscribed = machine.as_account(sandbox, "harbor", None, start(), |cx| {
        let mut subscription = Subscription::new("http://127.0.0.1:9/hook", vec!["*".to_owned()], cx.now);
        subscription.rest.insert("headers".to_owned(), json!({"x-own": "of ours"}));
        cx.subscribe(subscription)
    });
    assert!(subscribed.is_ok());
    ask(&machine, Method::POST, "/harbor/crates", &json!({"batch": "b7", "names": ["C1", "C2"]}));
    ask(&machine, Method::POST, "/harbor/crates", &json!({"batch": "b8", "names": ["C3"]}));

    let mut sent: Vec<Outbound> = Vec::new();
    let to = time::shift(start(), SignedDuration::from_hours(24));
    loop {
        let stage = machine.advance_until_webhook(sandbox, sandbox.epoch(), to, start(), UNLIMITED).expect("it is not reset meanwhile");
        if stage.done {
            break;
        }
        for outbound in stage.outbound {
            // The first pointer is not taken at once.
            let status = if sent.is_empty() { 500 } else { 200 };
            machine.report(sandbox, &outbound, &AttemptResult::Answered { status, body: String::new() }, start());
            sent.push(outbound);
        }
    }
    assert_eq!(sent.len(), 5, "two events of two batches, and one once more");
    assert_eq!(sent[4].body, sent[0].body);
    assert_eq!(sent[4].at.duration_since(sent[0].at), SignedDuration::from_hours(2));
    assert_ne!(sent[4].signed, sent[0].signed, "a signature is of its time");

    let pointer: Value = serde_json::from_str(&sent[0].body).expect("JSON");
    assert_eq!(pointer, json!({"resource_url": "http://127.0.0.1:4711/harbor/crates?batch=b7", "resource_type": "LANDED"}));
    let link = pointer["resource_url"].as_str().and_then(|link| link.strip_prefix("http://127.0.0.1:4711")).expect("a link to the server");
    let crates = read(&ask(&machine, Method::GET, link, &Value::Null));
    assert_eq!(crates["total"], 2);
    let inline: Value = serde_json::from_str(&sent[1].body).expect("JSON");
    assert_eq!(inline["data"]["to"], "quay 4");

    assert_eq!(signing::rsa_sha256(b"cargo"), signing::rsa_sha256(b"cargo"), "the same words, the same signature");
    let keys = read(&ask(&machine, Method::GET, "/harbor/jwks", &Value::Null));
    for outbound in &sent {
        assert!(outbound.headers.contains(&("x-own".to_owned(), "of ours".to_owned())), "{:?}", outbound.headers);
        verify(&keys, outbound, &outbound.body).expect("the signature holds");
        assert!(verify(&keys, outbound, &format!("{} ", outbound.body)).is_err(), "of these bytes only");
    }
}

/// Verifies as a receiver does: by the published key.
fn verify(keys: &Value, outbound: &Outbound, body: &str) -> Result<(), String> {
    let header =
        |name: &str| outbound.signed.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).ok_or(name.to_owned());
    let id = header("x-harbor-key-id")?;
    let key = keys["keys"].as_array().into_iter().flatten().find(|key| key["kid"] == id).ok_or("no such key")?;
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap_or_default()).map_err(|error| error.to_string());
    let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
    let signature = STANDARD.decode(header("x-harbor-signature")?).map_err(|error| error.to_string())?;
    let message = format!("{}.{body}", header("x-harbor-timestamp")?);
    key.verify(&RSA_PKCS1_2048_8192_SHA256, message.as_bytes(), &signature).map_err(|_| "it does not hold".to_owned())
}
