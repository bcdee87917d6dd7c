//! What dialects may say of a call beside its answer: quotas in headers, as ShipStation V1 prints them, and an id that header
//! and body share, as V2 does.

use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::SignedDuration;
use seatrial::base::ids;
use seatrial::base::time;
use seatrial::engine::{Answer, Dialect, DialectCx, Machine, Options, Refusal, Reply, Vendor, credentials};
use serde_json::{Value, json};

use crate::advance::advance;
use crate::machine::{acme, paths};
use crate::made_up::{self, dialect, document, request, set_scenario, start};

/// Two calls a minute, for tests one, counted in headers.
fn metered() -> Vendor {
    let mut document = document(paths());
    document["x-rate-limit"] = json!({"calls": 2, "test_calls": 1});
    Vendor {
        spec: document.to_string().into(),
        is_test: |credential| credential.text("key") == "test",
        id: "metered".into(),
        mount: "metered".into(),
        hosts: vec![],
        credentials: |_, _| credentials(&[("a", &[("key", "a")]), ("b", &[("key", "b")]), ("test", &[("key", "test")])]),
        dialect: Dialect {
            headers: |cx, reply| {
                let Some(quota) = &cx.quota else { return };
                let rows = [("limit", quota.limit), ("remaining", quota.remaining()), ("reset", quota.retry_after(cx.now))];
                for (name, value) in rows {
                    let name = HeaderName::try_from(format!("x-rate-limit-{name}")).expect("a header name");
                    reply.headers.insert(name, HeaderValue::from(value));
                }
            },
            ..dialect(|refusal, _| match refusal {
                Refusal::RateLimited(_) => Reply::empty(StatusCode::TOO_MANY_REQUESTS),
                _ => Reply::empty(StatusCode::BAD_REQUEST),
            })
        },
        ..acme()
    }
}

/// Every answer has a random id.
fn numbered() -> Vendor {
    Vendor {
        id: "numbered".into(),
        mount: "numbered".into(),
        hosts: vec![],
        credentials: |_, _| credentials(&[("a", &[("key", "a")]), ("b", &[("key", "b")])]),
        dialect: Dialect {
            headers: |cx, reply| drop(reply.headers.insert("request-id", request_id(cx).parse().expect("a header value"))),
            ..dialect(|_, cx| Reply::json(StatusCode::BAD_REQUEST, json!({ "request_id": request_id(cx) })))
        },
        ..acme()
    }
}

fn request_id(cx: &DialectCx<'_>) -> String {
    ids::uuid(&mut cx.rng("request-id")).to_string()
}

fn machine(scenario: &str) -> Machine {
    let machine = made_up::machine([metered(), numbered()], Options::default());
    let text = format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\n{scenario}");
    set_scenario(&machine, &text).unwrap_or_else(|problems| panic!("{problems}"));
    machine
}

fn get(machine: &Machine, path: &str, key: &str) -> Answer {
    machine.handle(&request(Method::GET, path, &[("x-key", key)], ""), start())
}

/// The status, and the three headers of a quota.
fn called(machine: &Machine, key: &str) -> (u16, [u64; 3]) {
    let answer = get(machine, "/metered/things", key);
    let number = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(u64::MAX);
    (answer.status.as_u16(), ["x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"].map(number))
}

fn pass(machine: &Machine, seconds: i64) {
    let sandbox = machine.default_sandbox();
    let now = sandbox.lock().world.clock().now(start());
    advance(machine, sandbox, time::shift(now, SignedDuration::from_secs(seconds)), start());
}

#[test]
fn every_answer_can_say_what_is_left_of_a_limit() {
    let machine = machine("rate_limits: vendor");
    assert_eq!(called(&machine, "a"), (200, [2, 1, 60]));
    pass(&machine, 20);
    assert_eq!(called(&machine, "a"), (200, [2, 0, 40]));
    assert_eq!(called(&machine, "a"), (429, [2, 0, 40]));
    assert_eq!(called(&machine, "b"), (200, [2, 1, 60]), "another account has its own");
    assert_eq!([1, 2].map(|_| called(&machine, "test")), [(200, [1, 0, 60]), (429, [1, 0, 60])]);
    pass(&machine, 40);
    assert_eq!(called(&machine, "a"), (200, [2, 1, 60]));
    assert_eq!(get(&machine, "/metered/nothing", "b").headers["x-rate-limit-remaining"], "0", "a path that leads nowhere counts, too");
}

#[test]
fn a_limit_that_nobody_enforces_is_still_told() {
    let machine = machine("");
    let told = [1, 2, 3].map(|_| called(&machine, "a"));
    assert_eq!(told, [(200, [2, 1, 60]), (200, [2, 0, 60]), (200, [2, 0, 60])]);
    assert_eq!(get(&machine, "/metered/things", "a").quota.map(|quota| (quota.used, quota.is_exceeded())), Some((4, true)));
}

#[test]
fn a_limit_of_the_scenario_is_told_in_place_of_the_vendors() {
    let machine = machine("overrides: [{on: metered.listThings, rate_limit: {per: credential, limit: 1, window: 90s}}]");
    assert_eq!([1, 2].map(|_| called(&machine, "a")), [(200, [1, 0, 90]), (429, [1, 0, 90])]);
}

#[test]
fn header_and_body_share_an_id_that_is_the_same_in_every_run() {
    let run = |others: usize| {
        let machine = machine("");
        [1, 2].map(|_| {
            for _ in 0..others {
                get(&machine, "/numbered/things", "b");
            }
            let answer = get(&machine, "/numbered/nothing", "a");
            let body: Value = serde_json::from_slice(&answer.body).expect("JSON");
            assert_eq!(answer.headers["request-id"], body["request_id"].as_str().expect("a text"));
            body["request_id"].as_str().map(str::to_owned)
        })
    };
    let [first, second] = run(0);
    assert_ne!(first, second);
    assert_eq!(run(3), [first, second]);
    assert!(get(&machine(""), "/numbered/things", "a").headers.contains_key("request-id"));
}
