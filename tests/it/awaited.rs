//! Deliveries that are due, or under way, are waited for where a verdict depends on them, and before the calls of a sandbox are exported.

use serde_json::{Value, json};

use crate::client::{admin, send};
use crate::process::Server;
use crate::round_trips::{buy, make};

/// What holds once the webhook of a purchase was delivered, and not before.
const EXPECTED: [&str; 2] =
    ["{webhook: {event: transaction_created, min: 1, answered: 2xx}}", "{webhook: {event: transaction_created, max: 1}}"];

fn scenario() -> Value {
    format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\nexpect: [{}]", EXPECTED.join(", ")).into()
}

/// A sandbox in which a label was bought this moment, of which a receiver is to be told.
fn bought(server: &Server, name: &str, url: &str) {
    make(server, name, &scenario());
    admin(server, "POST", &format!("/sandboxes/{name}/webhooks"), &json!({"vendor": "shippo", "account": "live", "url": url}));
    buy(server, name);
}

#[test]
fn verdicts_are_told_when_what_is_due_was_delivered() {
    let server = Server::start(&[]);
    let path = |name: &str| format!("/sandboxes/{name}");
    bought(&server, "asked", "inbox://me");
    let verdict = admin(&server, "POST", &format!("{}/verify", path("asked")), &Value::Null);
    assert_eq!(verdict["verdict"], "passed", "{verdict}");
    bought(&server, "other", "inbox://me");
    let wanted = json!({"expect": [{"webhook": {"event": "transaction_created", "max": 0}}]});
    let verdict = admin(&server, "POST", &format!("{}/verify", path("other")), &wanted);
    assert_eq!(verdict["verdict"], "failed", "{verdict}");
    bought(&server, "deleted", "inbox://me");
    let verdict = admin(&server, "DELETE", &path("deleted"), &Value::Null);
    assert_eq!(verdict["verdict"], "passed", "{verdict}");
    bought(&server, "reset", "inbox://me");
    admin(&server, "POST", &format!("{}/reset", path("reset")), &json!({}));
    bought(&server, "all", "inbox://me");
    admin(&server, "POST", "/reset", &Value::Null);
    bought(&server, "replaced", "inbox://me");
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/replaced/scenario", &yaml, "name: other").status, 200);
    let verdicts = admin(&server, "GET", "/verdicts", &Value::Null);
    let told: Vec<_> = verdicts["verdicts"].as_array().into_iter().flatten().map(|row| (&row["sandbox"], &row["verdict"])).collect();
    for name in ["deleted", "reset", "all", "replaced"] {
        assert!(told.contains(&(&name.into(), &"passed".into())), "{name}: {told:?}");
    }
}

#[test]
fn the_last_verdict_of_a_process_waits_for_what_is_due() {
    let server = Server::start_logged(&["--verify"]);
    bought(&server, "mine", "inbox://me");
    let (code, said) = server.left();
    assert!(said.contains("sandbox `mine`: passed, all expectations hold (2)"), "{said}");
    assert_eq!(code, Some(0), "{said}");
}
