//! What people look up about operations: each has an example, and every example is answered as it says by a new sandbox.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Version};
use jiff::Timestamp;
use seatrial::engine::{Answer, Conform, Machine, Options, Request, Start, UNLIMITED};
use seatrial::scenario::conversation::CredentialMap;
use seatrial::scenario::examples::{self, ExampleCall, Examples, Values};
use seatrial::scenario::reference::{self, Target};
use seatrial::vendors;
use serde_json::Value;

use crate::client::admin;
use crate::process::{Server, run, text};

const BASE: &str = "http://127.0.0.1:7447";

fn machine(wall: Timestamp) -> Arc<Machine> {
    Arc::new(Machine::new(vendors::all(), Options { conform: Conform::All, ..Options::default() }, Start::plain(wall)))
}

fn send(machine: &Machine, call: &ExampleCall, wall: Timestamp) -> Answer {
    let target = call.url.strip_prefix(BASE).unwrap_or(&call.url);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = Bytes::from(call.bytes());
    let mut headers = HeaderMap::new();
    for (name, value) in &call.headers {
        headers.insert(name.parse::<HeaderName>().expect("a name"), HeaderValue::try_from(value).expect("a value"));
    }
    headers.insert("host", HeaderValue::from_static("127.0.0.1:7447"));
    headers.insert("content-length", body.len().into());
    machine.handle(
        &Request {
            method: call.method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body,
            peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
            mount: None,
            version: Version::HTTP_11,
            is_secure: false,
        },
        wall,
    )
}

fn advance(machine: &Machine, by: &str, wall: Timestamp) {
    let sandbox = machine.default_sandbox();
    let by = seatrial::base::time::duration(by).expect("a duration");
    let until = sandbox.lock().world.clock().now(wall) + jiff::SignedDuration::try_from(by).expect("it is short");
    while !machine.advance_until_webhook(sandbox, sandbox.epoch(), until, wall, UNLIMITED).expect("it is not reset").done {}
}

/// Makes what comes before an example, and the example itself, in a new sandbox: the last answer.
fn play(machine: &Machine, examples: &Examples, vendor: &str, operation: &str, wall: Timestamp) -> Result<Answer, String> {
    machine.default_sandbox().reset();
    let loaded = machine.vendors().loaded().iter().find(|loaded| *loaded.vendor.id == *vendor).expect("a vendor");
    let base = format!("{BASE}/{}", loaded.vendor.mount);
    let mut values: Values = examples::known(wall, "http://127.0.0.1:7447/_seatrial/inbox/me");
    let ids = examples.before(operation).into_iter().chain([operation]);
    let mut last = None;
    for id in ids {
        let found = loaded.catalog().operation(id).ok_or_else(|| format!("{vendor} has no `{id}`"))?;
        let example = examples.get(id).ok_or_else(|| format!("no example of `{id}`"))?;
        if let Some(after) = &example.after {
            advance(machine, after, wall);
        }
        let call = examples.call(found, &base, &values);
        let answer = send(machine, &call, wall);
        let said =
            || format!("{} {} for {operation}: {} {:.300}", call.method, call.url, answer.status, String::from_utf8_lossy(&answer.body));
        let entry = answer.entry.clone().ok_or_else(said)?;
        let expected = example.answers;
        let is_fine =
            expected.map_or(answer.status.is_success() || answer.status.is_redirection(), |status| answer.status.as_u16() == status);
        if !is_fine || entry.operation.as_deref() != Some(&*found.name) {
            return Err(said());
        }
        if let Some(note) = entry.notes.iter().find(|note| ["unknown-member", "spec-violation"].contains(&note.code)) {
            return Err(format!("{}: {note:?}", said()));
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        for (name, path) in &example.save {
            let value = match path.strip_prefix("header:") {
                Some(header) => answer.headers.get(header).and_then(|value| value.to_str().ok()).map(Value::from),
                None => body.pointer(&format!("/{}", path.replace('.', "/"))).cloned(),
            };
            values.insert(name.clone(), value.ok_or_else(|| format!("nothing at `{path}`: {}", said()))?);
        }
        last = Some(answer);
    }
    last.ok_or_else(|| "nothing was made".to_owned())
}

fn target() -> Target<'static> {
    Target {
        base: &|mount| format!("{BASE}/{mount}"),
        credentials: &|_| CredentialMap::default(),
        values: examples::known("2026-01-09T09:00:00Z".parse().expect("a valid timestamp"), "http://127.0.0.1:7447/_seatrial/inbox/me"),
    }
}

/// At a time whose next day is a working day, and at one, years later, whose next days are none.
#[test]
fn every_operation_has_an_example_that_works_in_a_new_sandbox() {
    let mut problems = Vec::new();
    let walls: [Timestamp; 2] = ["2026-01-05T09:00:00Z", "2031-06-06T20:30:00Z"].map(|wall| wall.parse().expect("a valid timestamp"));
    let machines = walls.map(|wall| (machine(wall), wall));
    for loaded in machines[0].0.vendors().loaded() {
        let (id, examples) = (&*loaded.vendor.id, Examples::of(&loaded.vendor));
        let operations: BTreeSet<&str> = loaded.catalog().operations().iter().map(|operation| &*operation.id).collect();
        assert_eq!(examples.ids().collect::<BTreeSet<_>>(), operations, "examples of {id}");
        for operation in operations {
            let told = reference::operations(&machines[0].0, loaded, &target(), |own| *own.id == *operation).remove(0).example.status;
            for (machine, wall) in &machines {
                let problem = match play(machine, &examples, id, operation, *wall) {
                    Ok(answer) if answer.status.as_u16() == told => continue,
                    Ok(answer) => format!("it says {told}, and is answered with {}", answer.status),
                    Err(problem) => problem,
                };
                problems.push(format!("{id}.{operation} at {wall}: {problem}"));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn what_is_looked_up_says_all_about_an_operation() {
    let machine = machine("2026-01-05T09:00:00Z".parse().expect("a valid timestamp"));
    let target = target();
    for loaded in machine.vendors().loaded() {
        for row in reference::operations(&machine, loaded, &target, |_| true) {
            assert!(!row.summary.is_empty() && !row.evidence.is_empty(), "{}", row.operation);
            let placeholders = row.example.curl.matches("{{").count();
            assert_eq!(placeholders == 0, row.example.values.is_empty(), "{}: {}", row.operation, row.example.curl);
        }
    }
    let [shipstation] = &reference::vendors(machine.vendors(), "shipstation_v2")[..] else { panic!("one vendor") };
    let row = reference::operations(&machine, shipstation, &target, |own| own.id == "schedule_pickup").remove(0);
    assert_eq!((&*row.method, &*row.path, row.behavior), ("POST", "/shipstation/v2/pickups", "stateful"));
    assert_eq!(row.example.before, ["shipstation_v2.create_label"]);
    assert_eq!(row.example.body["pickup_window"]["start_at"], "2026-01-12T17:00:00Z", "after the weekend");
    let value = &row.example.values[0];
    assert_eq!((&*value.name, &*value.operation, &*value.member), ("label", "shipstation_v2.create_label", "label_id"));
    assert_eq!(reference::vendors(machine.vendors(), "shipmate").len(), 2, "both versions of a mount");
}

#[test]
fn the_command_lists_operations_and_shows_one() {
    let said = |arguments: &[&str]| text(&run(arguments).stdout);
    assert_eq!(said(&["operations"]).lines().count(), 350);
    let listed = said(&["operations", "shiptime"]);
    assert!(
        listed.lines().any(|line| line.starts_with("shiptime.pickup-schedule ") && line.contains("POST   /shiptime/rest/pickups")),
        "{listed}"
    );
    let one = said(&["operations", "shippo", "CreateRefund"]);
    for text in ["POST /shippo/refunds", "stateful", "curl 'http://127.0.0.1:7447/shippo/refunds'", "{{transaction}} is `object_id`"] {
        assert!(one.contains(text), "{text}: {one}");
    }
    assert_eq!(said(&["operations", "shippo.CreateRefund"]), one);
    let json: Value = serde_json::from_str(&said(&["operations", "shippo", "CreateRefund", "--format", "json"])).expect("JSON");
    assert_eq!(json["operations"][0]["example"]["before"][0], "shippo.CreateShipment");
    let wrong = run(&["operations", "shippo", "CreateRefnd"]);
    assert!(text(&wrong.stderr).contains("did you mean `CreateRefund`?"));
    assert_eq!(wrong.status.code(), Some(2));
    let sample = said(&["operations", "acme", "createShipment", "--vendor", "acme=examples/acme.openapi.yaml"]);
    assert!(sample.contains("curl 'http://127.0.0.1:7447/acme/") && sample.contains(" -d '{"), "{sample}");
}

#[test]
fn the_admin_api_has_the_credentials_and_addresses_of_the_sandbox() {
    let server = Server::start(&[]);
    let made = admin(&server, "POST", "/sandboxes", &serde_json::json!({"name": "mine"}));
    let key = made["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let row = admin(&server, "GET", "/vendors/shippo/operations/CreateRefund?sandbox=mine", &Value::Null);
    assert_eq!(row["example"]["headers"]["Authorization"], format!("ShippoToken {key}"));
    let url = row["example"]["url"].as_str().expect("an address");
    assert!(url.ends_with("/@mine/shippo/refunds"), "{url}");
    let all = admin(&server, "GET", "/vendors/shipstation/operations", &Value::Null);
    assert_eq!(all["operations"].as_array().map(Vec::len), Some(191));
}
