//! Which sandbox a credential leads to when several have it, and where the credentials of a sandbox come from.

use serde_json::{Value, json};

use crate::client::{Answer, JSON, admin, send};
use crate::process::Server;

pub const SHARED: &str = "shippo_test_shared";

fn scenario(seed: Option<u64>) -> Value {
    json!({"seed": seed, "accounts": {"shippo": [{"token": "shippo_test_own"}, {"token": SHARED}]}})
}

pub fn create(server: &Server, body: &Value) -> Value {
    let made = send(server, "POST", "/_seatrial/sandboxes", &[JSON], &body.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    made.json()
}

fn call(server: &Server, prefix: &str, token: &str, method: &str) -> Answer {
    let authorization = format!("ShippoToken {token}");
    let body = if method == "POST" { r#"{"name": "A", "country": "US"}"# } else { "" };
    send(server, method, &format!("{prefix}/shippo/addresses"), &[("authorization", &authorization), JSON], body)
}

/// How many addresses a caller sees.
pub fn count(server: &Server, prefix: &str, token: &str) -> Option<usize> {
    call(server, prefix, token, "GET").json()["results"].as_array().map(Vec::len)
}

pub fn warnings(view: &Value) -> Vec<&str> {
    view["warnings"].as_array().expect("warnings are a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_first_keeps_a_shared_credential_and_the_next_gets_it() {
    let server = Server::start(&[]);
    assert_eq!(warnings(&create(&server, &json!({"name": "first", "scenario": {"accounts": {"shippo": [{"token": SHARED}]}}}))), [""; 0]);
    let second = create(&server, &json!({"name": "second", "scenario": scenario(None)}));
    let warning =
        "`credentials.shippo[1].token` is a credential of the sandbox `first`, which gets its calls; `/@second/shippo` always leads here";
    assert_eq!(warnings(&second), [warning]);
    let fork = send(&server, "POST", "/_seatrial/sandboxes/second/fork", &[JSON], r#"{"name": "third"}"#).json();
    assert_eq!(warnings(&fork).len(), 2, "{fork}");
    let put = send(&server, "PUT", "/_seatrial/sandboxes/second/scenario", &[JSON], &scenario(Some(1)).to_string()).json();
    assert_eq!(warnings(&put), [warning]);
    // The first stays the first when it gets the same again.
    let again = json!({"accounts": {"shippo": [{"token": SHARED}]}}).to_string();
    let put = send(&server, "PUT", "/_seatrial/sandboxes/first/scenario", &[JSON], &again).json();
    assert_eq!(warnings(&put), [""; 0]);
    assert_eq!(call(&server, "", SHARED, "POST").status, 201);
    assert_eq!(["", "/@first", "/@second"].map(|prefix| count(&server, prefix, SHARED)), [Some(1), Some(1), Some(0)]);
    let file = admin(&server, "GET", "/sandboxes/second/export", &Value::Null).to_string();
    let imported = send(&server, "POST", "/_seatrial/sandboxes/second/import", &[JSON], &file).json();
    assert_eq!(warnings(&imported), [warning]);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/first", &[], "").status, 200);
    assert_eq!((count(&server, "", SHARED), count(&server, "/@second", SHARED)), (Some(0), Some(0)));
    assert_eq!(warnings(&admin(&server, "GET", "/sandboxes/second", &Value::Null)), [""; 0]);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/second", &[], "").status, 200);
    assert_eq!(count(&server, "", SHARED), Some(0), "the fork has it too");
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/third", &[], "").status, 200);
    assert_eq!(call(&server, "", SHARED, "GET").status, 401);
}

#[test]
fn what_opens_the_default_sandbox_goes_on_opening_it() {
    let server = Server::start(&[]);
    let published = json!({"accounts": {"shippo": [{"token": "shippo_test_seatrial"}]}});
    let made = create(&server, &json!({"name": "mine", "scenario": published}));
    assert_eq!(warnings(&made).len(), 1, "{made}");
    assert_eq!(call(&server, "", "shippo_test_seatrial", "POST").status, 201);
    assert_eq!(["/@default", "/@mine"].map(|prefix| count(&server, prefix, "shippo_test_seatrial")), [Some(1), Some(0)]);
}

#[test]
fn credentials_cannot_be_computed_unless_a_seed_was_asked_for() {
    let servers = [Server::start(&[]), Server::start(&[])];
    let both = |body: Value| servers.each_ref().map(|server| create(server, &body)["credentials"].clone());
    let [one, other] = both(json!({"name": "free"}));
    for (mount, member) in [("shippo", "token"), ("shipmate", "api_key"), ("shiptheory", "password"), ("shiptime", "client_secret")] {
        assert_ne!(one[mount][0][member], other[mount][0][member], "{mount}");
    }
    let [one, other] = both(json!({"name": "seeded", "seed": 42}));
    assert_eq!(one, other);
    let server = &servers[0];
    let credentials = |name: &str| admin(server, "GET", &format!("/sandboxes/{name}"), &Value::Null)["credentials"].clone();
    let free = credentials("free");
    // A sandbox that goes on under another scenario, or from a file, is opened by what opened it before.
    assert_eq!(send(server, "PUT", "/_seatrial/sandboxes/free/scenario", &[JSON], r#"{"name": "other"}"#).status, 200);
    assert_eq!(credentials("free"), free);
    let file = |name: &str| admin(server, "GET", &format!("/sandboxes/{name}/export"), &Value::Null).to_string();
    let import = |name: &str, file: &str| send(server, "POST", &format!("/_seatrial/sandboxes/{name}/import"), &[JSON], file).status;
    assert_eq!((import("free", &file("free")), credentials("free")), (200, free.clone()));
    assert_eq!(import("copy", &file("free")), 200);
    assert_ne!(credentials("copy"), free);
    // A copy of a seeded one can be made again.
    assert_eq!(import("again", &file("seeded")), 200);
    let made = create(&servers[1], &json!({"name": "again", "seed": 42}));
    assert_eq!(made["credentials"], credentials("again"));
    let forks = servers.each_ref().map(|server| {
        let fork = send(server, "POST", "/_seatrial/sandboxes/seeded/fork", &[JSON], r#"{"name": "fork"}"#).json();
        (fork["seed"].clone(), fork["credentials"].clone())
    });
    assert!(forks[0] == forks[1] && forks[0].0 != 42, "{forks:?}");
    let default = credentials("default");
    assert_eq!((&default["shippo"][0]["token"], &default["shiptime"][0]["username"]), (&json!("shippo_test_seatrial"), &json!("sandbox")));
}
