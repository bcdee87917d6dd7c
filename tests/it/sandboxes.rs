//! Sandboxes as the engine has them: copies, budgets, credentials of their own, and their end.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::{SignedDuration, Timestamp};
use seatrial::base::time;
use seatrial::engine::{Answer, Machine, Options, Sandbox, SandboxError, Start};
use seatrial::vendors;
use seatrial::world::{Note, World};
use serde_json::{Value, json};

use crate::made_up::request;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine(options: Options) -> Machine {
    Machine::new(vendors::all(), options, Start::plain(wall()))
}

fn made(machine: &Machine, name: &str) -> Arc<Sandbox> {
    machine.open(machine.stage(name, Start::plain(wall()), None)).expect("the name is free")
}

fn fact(sandbox: &Sandbox, mount: &str, name: &str) -> String {
    sandbox.lock().world.accounts().credentials(mount).first().map(|row| row.text(name).to_owned()).unwrap_or_default()
}

/// A call of Shippo, with the token of one sandbox and below the prefix of another.
fn call(machine: &Machine, prefix: &str, token: &str, method: Method, path: &str, body: &Value) -> Answer {
    let (token, body) = (format!("ShippoToken {token}"), if body.is_null() { String::new() } else { body.to_string() });
    let headers = [("host", "127.0.0.1:7447"), ("authorization", token.as_str())];
    machine.handle(&request(method, &format!("{prefix}/shippo{path}"), &headers, &body), wall())
}

fn parcel(machine: &Machine, token: &str, note: &str) -> Answer {
    let body =
        json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb", "metadata": note});
    call(machine, "", token, Method::POST, "/parcels", &body)
}

/// The notes of all parcels that a token sees.
fn notes(machine: &Machine, prefix: &str, token: &str) -> Vec<String> {
    let answer = call(machine, prefix, token, Method::GET, "/parcels", &Value::Null);
    assert_eq!(answer.status.as_u16(), 200);
    let body: Value = serde_json::from_slice(&answer.body).expect("an answer in JSON");
    let rows = body["results"].as_array().into_iter().flatten();
    rows.map(|row| row["metadata"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_fork_goes_its_own_way_with_credentials_of_its_own() {
    let machine = machine(Options::default());
    let source = made(&machine, "source");
    let old = fact(&source, "shippo", "token");
    assert_eq!(parcel(&machine, &old, "before").status.as_u16(), 201);
    let copy = machine.fork(&source, "copy", wall()).expect("the name is free");
    let new = fact(&copy, "shippo", "token");
    assert_ne!(old, new);
    assert_eq!(parcel(&machine, &old, "source only").status.as_u16(), 201);
    assert_eq!(parcel(&machine, &new, "copy only").status.as_u16(), 201);
    assert_eq!(notes(&machine, "", &old), ["source only", "before"]);
    assert_eq!(notes(&machine, "", &new), ["copy only", "before"]);
    assert_eq!(call(&machine, "/@copy", &old, Method::GET, "/parcels", &Value::Null).status.as_u16(), 401);
}

#[test]
fn every_sandbox_has_credentials_of_the_vendors_shapes() {
    let machine = machine(Options::default());
    let mine = made(&machine, "mine");
    for (sandbox, shippo_token) in [(&**machine.default_sandbox(), 20), (&*mine, 52)] {
        let of_shipmate = |name| fact(sandbox, "shipmate", name);
        assert!(of_shipmate("api_key").len() > 40 && of_shipmate("token").len() == 32, "{}", of_shipmate("api_key"));
        assert_eq!(of_shipmate("username"), "test@shipmate.co.uk");
        let rows = sandbox.lock().world.accounts().credentials("shippo").to_vec();
        for (row, mode) in rows.iter().zip(["test", "live"]) {
            let token = row.text("token");
            assert!(&*row.account == mode && token.starts_with(&format!("shippo_{mode}_")) && token.len() == shippo_token, "{token}");
        }
    }
    let of_shiptheory = |name| fact(&mine, "shiptheory", name);
    assert!(of_shiptheory("email").starts_with("you+") && of_shiptheory("token").len() == 64);
    assert!(fact(&mine, "shiptime", "client_id").starts_with("stcid_"));
}

#[test]
fn a_snapshot_is_gone_back_to_as_often_as_wanted() {
    let machine = machine(Options::default());
    let sandbox = made(&machine, "mine");
    let token = fact(&sandbox, "shippo", "token");
    parcel(&machine, &token, "kept");
    sandbox.snapshot("clean", wall()).expect("there is room");
    let first = parcel(&machine, &token, "lost").body;
    for _ in 0..2 {
        assert!(sandbox.restore("clean", wall()));
        assert_eq!(notes(&machine, "", &token), ["kept"]);
        sandbox.restore("clean", wall());
        // The same seed, the same state and the same call: the same bytes.
        assert_eq!(parcel(&machine, &token, "lost").body, first);
    }
    assert!(!sandbox.restore("other", wall()));
    assert!(sandbox.drop_snapshot("clean") && !sandbox.drop_snapshot("clean"));
    sandbox.reset();
    assert!(notes(&machine, "", &token).is_empty());
}

#[test]
fn the_journal_has_no_id_twice_however_often_a_snapshot_is_gone_back_to() {
    let machine = machine(Options::default());
    let id = |sandbox: &Arc<Sandbox>| {
        let answer = parcel(&machine, &fact(sandbox, "shippo", "token"), "p");
        let id = answer.entry.expect("it is in the journal").id.to_string();
        id.split_once("-shippo-").expect("the name of the vendor").1[6..].to_owned()
    };
    let sandbox = made(&machine, "mine");
    sandbox.snapshot("new", wall()).expect("there is room");
    assert_eq!([id(&sandbox), id(&sandbox)], ["-1", "-2"]);
    sandbox.snapshot("used", wall()).expect("there is room");
    for (name, first, second) in [("new", "-r1-1", "-r1-2"), ("used", "-r2-3", "-r2-4"), ("new", "-r3-1", "-r3-2")] {
        assert!(sandbox.restore(name, wall()));
        assert_eq!([id(&sandbox), id(&sandbox)], [first, second], "{name}");
    }
    let ids: std::collections::BTreeSet<_> = sandbox.journal().iter().map(|entry| Arc::clone(&entry.id)).collect();
    assert_eq!(ids.len(), sandbox.journal().iter().count());
    // Copies go on from there. What begins anew has an empty journal.
    let copy = machine.fork(&sandbox, "copy", wall()).expect("the name is free");
    assert_eq!(id(&copy), "-r3-3");
    sandbox.reset();
    assert_eq!(id(&sandbox), "-1");
    assert!(sandbox.restore("used", wall()));
    assert_eq!(id(&sandbox), "-r1-3");
}

#[test]
fn a_sandbox_over_its_budget_says_so_and_harms_no_other() {
    let machine = machine(Options { sandbox_bytes: 20_000, ..Options::default() });
    let (full, other) = (made(&machine, "full"), made(&machine, "other"));
    let token = fact(&full, "shippo", "token");
    let answers: Vec<u16> = (0..60).map(|_| parcel(&machine, &token, &"x".repeat(90)).status.as_u16()).collect();
    let held = answers.iter().take_while(|status| **status == 201).count();
    assert!(held > 5 && answers[held..].iter().all(|status| *status == 500), "{answers:?}");
    let last = full.journal().iter().next_back().cloned().expect("the call is written down");
    assert!(last.notes.iter().any(|note| note.code == Note::SANDBOX_FULL), "{:?}", last.notes);
    assert!(machine.usage(&full).documents <= 20_000);
    assert_eq!(parcel(&machine, &fact(&other, "shippo", "token"), "").status.as_u16(), 201);
    full.reset();
    assert_eq!(parcel(&machine, &token, "").status.as_u16(), 201);
}

#[test]
fn all_sandboxes_together_have_a_budget() {
    // Each of the four takes something, however little it holds.
    let total_bytes = 30_000 + 4 * 2 * World::FREE;
    let machine = machine(Options { total_bytes, sandbox_bytes: 20_000, ..Options::default() });
    let sandboxes = ["a", "b", "c"].map(|name| made(&machine, name));
    for sandbox in &sandboxes {
        let token = fact(sandbox, "shippo", "token");
        (0..60).for_each(|_| drop(parcel(&machine, &token, &"x".repeat(90))));
    }
    let held: Vec<usize> = sandboxes.iter().map(|sandbox| machine.usage(sandbox).documents).collect();
    assert!(held.iter().sum::<usize>() <= 30_000 && held[0] > 15_000 && held[2] == 0, "{held:?}");
    assert_eq!(machine.fork(&sandboxes[0], "d", wall()).err(), Some(SandboxError::Bytes));
    assert!(machine.remove("a"));
    drop(sandboxes);
    assert!(machine.sandbox("c").is_some_and(|sandbox| machine.room(&sandbox) > 10_000));
}

#[test]
fn journals_together_have_a_budget() {
    let machine = machine(Options { journals_bytes: 1 << 20, ..Options::default() });
    let sandboxes: Vec<_> = (0..40).map(|number| made(&machine, &format!("s{number}"))).collect();
    for sandbox in &sandboxes {
        let token = fact(sandbox, "shippo", "token");
        (0..60).for_each(|_| drop(call(&machine, "", &token, Method::GET, "/parcels", &Value::Null)));
    }
    let bytes: usize = sandboxes.iter().map(|sandbox| machine.usage(sandbox).journal).sum();
    assert!(bytes <= 1 << 20 && bytes > 1 << 19, "{bytes}");
    // Each keeps its share, whoever came last.
    let shares: Vec<usize> = sandboxes.iter().map(|sandbox| machine.usage(sandbox).journal).collect();
    assert!(shares.iter().all(|size| *size > (1 << 20) / 80), "{shares:?}");
}

#[test]
fn an_abandoned_sandbox_is_removed_and_its_credentials_with_it() {
    let machine = machine(Options::default());
    let (short, long) = (made(&machine, "short"), made(&machine, "long"));
    for (sandbox, seconds) in [(&short, 60), (&long, 600)] {
        sandbox.touch(wall());
        sandbox.set_ttl(Some(Duration::from_secs(seconds)));
    }
    let token = fact(&short, "shippo", "token");
    let later = |seconds| time::shift(wall(), SignedDuration::from_secs(seconds));
    assert!(machine.sweep(later(60)).is_empty());
    short.touch(later(50));
    assert!(machine.sweep(later(100)).is_empty());
    assert_eq!(machine.sweep(later(111)).iter().map(|gone| &*gone.name).collect::<Vec<_>>(), ["short"]);
    assert_eq!(parcel(&machine, &token, "").status.as_u16(), 401);
    assert_eq!(machine.sweep(later(10_000)).len(), 1);
    assert_eq!(machine.sandboxes().len(), 1);
}

#[test]
fn names_are_checked_and_unique() {
    let machine = machine(Options { sandboxes: 2, ..Options::default() });
    let open = |name: &str| machine.open(machine.stage(name, Start::plain(wall()), None)).err();
    assert_eq!(open("No"), Some(SandboxError::Name("No".to_owned())));
    assert_eq!(open(""), Some(SandboxError::Name(String::new())));
    assert_eq!(open("one"), None);
    assert_eq!(open("one"), Some(SandboxError::Taken("one".to_owned())));
    assert_eq!(open("two"), Some(SandboxError::Full));
    assert!(!machine.remove("default"));
}

#[test]
fn a_busy_sandbox_makes_no_other_wait() {
    let machine = machine(Options::default());
    let (busy, other, third) = (made(&machine, "busy"), made(&machine, "other"), made(&machine, "third"));
    let token = fact(&other, "shippo", "token");
    // Whatever needed this lock would wait for ever.
    let held = busy.lock();
    assert_eq!(parcel(&machine, &token, "").status.as_u16(), 201);
    other.reset();
    assert!(machine.fork(&other, "copy", wall()).is_ok() && machine.remove("copy"));
    drop(third);
    assert!(machine.remove("third") && machine.remove("busy"));
    made(&machine, "busy");
    machine.sweep(wall());
    assert_eq!((machine.sandboxes().len(), notes(&machine, "", &token).len()), (3, 0));
    drop(held);
}
