//! What a sandbox holds counts at what it occupies, whatever kind it is of.

use jiff::Timestamp;
use seatrial::world::{Clock, Counter, Credential, Kind, Mode, OutboxEntry, Task, World};
use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

const LABEL: Kind = Kind::new("label");

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn free() -> u64 {
    u64::try_from(World::FREE).expect("it is small")
}

fn small() -> Server {
    Server::start(&["--sandbox-bytes", "1000000", "--total-bytes", "10000000"])
}

/// Imports a file with other rows in a member of its world.
fn import(server: &Server, member: &str, rows: Vec<Value>) -> u16 {
    let mut file = admin(server, "GET", "/sandboxes/default/export", &Value::Null);
    let before = file["world"][member].as_array_mut().expect("a list");
    before.extend(rows);
    send(server, "POST", "/_seatrial/sandboxes/full/import", &[JSON], &file.to_string()).status
}

fn account(number: usize) -> Value {
    json!({"mount": "shippo", "name": number.to_string(), "calls": 0, "tables": []})
}

#[test]
fn a_file_is_refused_for_its_tasks_and_its_accounts_too() {
    let server = small();
    let task = |number: usize| json!({"at": "2030-01-01T00:00:00Z", "account": 0, "vendor": "shippo", "topic": "t", "subject": number.to_string(), "step": 0});
    let post = |number: usize| json!({"at": "2030-01-01T00:00:00Z", "account": 0, "vendor": "shippo", "delivery": number.to_string()});
    // So that there is an account with the number 0.
    assert_eq!(send(&server, "GET", "/shippo/addresses", &crate::admin::SHIPPO, "").status, 200);
    assert_eq!(import(&server, "agenda", (0..90_000).map(task).collect()), 507);
    assert_eq!(import(&server, "accounts", (0..150_000).map(account).collect()), 507);
    assert_eq!(import(&server, "outbox", (0..90_000).map(post).collect()), 507);
    assert_eq!(import(&server, "agenda", (0..100).map(task).collect()), 200);
}

#[test]
fn snapshots_and_forks_count_what_they_copy() {
    let server = small();
    assert_eq!(import(&server, "accounts", (0..1_000).map(account).collect()), 200);
    let used = || admin(&server, "GET", "/sandboxes/full", &Value::Null)["usage"]["documents"].as_u64().expect("a number");
    let one = used();
    assert!((300_000..1_000_000).contains(&one), "{one}");
    let snapshot = send(&server, "POST", "/_seatrial/sandboxes/full/snapshot", &[JSON], r#"{"name": "a"}"#).status;
    // The copy has no free part.
    assert!(snapshot == 507 || used() > 2 * one && used() <= 2 * one + 2 * free(), "{snapshot} {}", used());
    let forks = (0..40).map(|number| {
        let name = json!({"name": format!("f{number}")}).to_string();
        send(&server, "POST", "/_seatrial/sandboxes/full/fork", &[JSON], &name).status
    });
    let forks: Vec<u16> = forks.collect();
    assert!(forks[0] == 201 && forks[39] == 507, "{forks:?}");
}

#[test]
fn faults_count_their_patterns() {
    let server = small();
    let patterns: Vec<String> = (0..16).map(|number| format!(r"$request.path matches '^\w+{number}\d*$'")).collect();
    let fault = json!({"on": "shippo.*", "when": {"any": patterns}, "fault": 503}).to_string();
    let puts =
        (0..20).map(|number| send(&server, "PUT", &format!("/_seatrial/sandboxes/default/faults/f{number}"), &[JSON], &fault).status);
    let puts: Vec<u16> = puts.collect();
    assert!(puts[19] == 507, "{puts:?}");
    let used = admin(&server, "GET", "/sandboxes/default", &Value::Null)["usage"]["documents"].as_u64();
    assert!(used.is_some_and(|used| used > 250_000 || puts[0] == 507), "{used:?} {puts:?}");
}

#[test]
fn what_a_reset_goes_back_to_counts_until_it_is_replaced() {
    let mut world = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    let account = world.open_account("acme", "a");
    let put = |world: &mut World, id: u32, size: usize| {
        world.put(account, &LABEL, &id.to_string(), |out| out.extend_from_slice(&vec![b' '; size]));
    };
    (0..200).for_each(|id| put(&mut world, id, 1_000));
    let before = world.bytes();
    world.mark_initial();
    let mut initial = world.clone();
    assert_eq!(world.bytes(), before, "shared documents count once");
    let savepoint = world.savepoint();
    for _ in 0..3 {
        (0..100).for_each(|id| put(&mut world, id, 1_000));
    }
    assert_eq!(world.bytes(), before + 100 * 1_002 - 10, "ids of one digit are shorter");
    world.roll_back(savepoint);
    assert_eq!(world.bytes(), before);
    assert!((0..200).all(|id| world.remove(account, &LABEL, &id.to_string())));
    assert!(world.bytes() > 200 * 1_000, "{} of {before}", world.bytes());
    world.mark_initial();
    assert!(world.bytes() < 20_000, "{}", world.bytes());
    (0..200).for_each(|id| put(&mut initial, id, 10));
    assert!(initial.bytes() > before + 200 * 10, "{} of {before}", initial.bytes());
}

#[test]
fn a_file_or_a_fault_of_very_many_values_is_refused() {
    let server = Server::start(&[]);
    let values = format!("[{}1]", "[1],".repeat(200_000));
    let fault = format!(r#"{{"on": "shippo.*", "respond": {{"status": 500, "body": {values}}}}}"#);
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/big", &[JSON], &fault).status, 413);
    let file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null).to_string();
    let row = format!(r#"[["shippo", [{{"account": "test", "facts": {{"a": {values}}}}}]]]"#);
    let credentials = &file[file.find(r#""credentials":"#).expect("a member") + 14..file.find(r#","accounts":"#).expect("a member")];
    for file in
        [file.replace(credentials, &row), file.replace(r#""faults":[]"#, &format!(r#""faults":[{{"name": "a", "wanted": {fault}}}]"#))]
    {
        let refused = send(&server, "POST", "/_seatrial/sandboxes/full/import", &[JSON], &file);
        assert!(refused.status == 400 && refused.body.contains("100000 values"), "{:.300}", refused.body);
    }
}

#[test]
fn sandboxes_count_however_little_they_hold() {
    let server = Server::start(&["--total-bytes", "1000000"]);
    let made = (0..60).map(|number| {
        let name = json!({"name": format!("s{number}")}).to_string();
        send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &name).status
    });
    let made: Vec<u16> = made.collect();
    assert!(made[10] == 201 && made[59] == 507, "{made:?}");
}

#[test]
fn what_goes_is_no_longer_counted() {
    let mut world = World::new(42, Clock::new(Mode::Frozen, None, wall()));
    let fill = |world: &mut World| {
        for number in 0..200 {
            let id = number.to_string();
            let account = world.open_account("acme", &id);
            world.put(account, &LABEL, &id, |out| out.extend_from_slice(b"{}"));
            world.set_window(account, "calls".into(), Some((wall(), 1)));
            let task = Task { account, vendor: "acme".into(), topic: "t".into(), subject: id.as_str().into(), step: 0 };
            world.schedule(wall(), task);
            world.post(OutboxEntry { at: wall(), account, vendor: "acme".into(), delivery: id.as_str().into() });
            world.tally("slow".into()).1.add(Counter::Matched(number));
        }
        let row = Credential { account: "test".into(), fields: std::sync::Arc::default() };
        world.set_credentials("acme", vec![row; 200]);
    };
    assert_eq!(world.bytes(), 0);
    let savepoint = world.savepoint();
    fill(&mut world);
    let full = world.bytes();
    assert!(full > 200 * 3_000, "{full}");
    world.roll_back(savepoint);
    assert_eq!(world.bytes(), 0);
    fill(&mut world);
    assert_eq!(world.bytes(), full);
    while let Some((key, task)) = world.take_due(wall(), usize::MAX) {
        if key.1.is_multiple_of(2) {
            world.postpone(key, task, 10);
            assert!(world.take_due(wall(), 10).is_some());
        }
    }
    for number in 0..200 {
        let id = number.to_string();
        let account = world.open_account("acme", &id);
        assert!(world.withdraw(account, &id) && world.remove(account, &LABEL, &id));
    }
    world.set_credentials("acme", Vec::new());
    world.forget_counts(&"slow".into());
    assert_eq!(world.agenda().bytes() + world.outbox().bytes() + world.counters().bytes() + world.accounts().bytes(), 0);
    assert!(world.bytes() < full, "{} of {full}", world.bytes());
}
