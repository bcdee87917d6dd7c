//! What a sandbox holds counts at what it occupies, whatever kind it is of.

use jiff::Timestamp;
use seatrial::engine::{Machine, Options, Request, Start};
use seatrial::vendors;
use seatrial::world::{Clock, Counter, Credential, Kind, Mode, Note, OutboxEntry, Task, World};
use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::data_dir::Folder;
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
fn a_file_is_refused_for_its_counters_and_its_faults_too() {
    let server = small();
    let file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
    let import = |member: &str, rows: Value| {
        let mut file = file.clone();
        file[member] = rows;
        send(&server, "POST", "/_seatrial/sandboxes/full/import", &[JSON], &file.to_string()).status
    };
    let counted = |member: &str, row: &dyn Fn(u64) -> Value, count| json!({member: (0..count).map(row).collect::<Vec<_>>()});
    let object = |number: u64| json!([[0, format!("object {number}")], ["2026-01-05T09:00:00Z", 1]]);
    let calls = |number: u64| json!([[null, format!("shippo.{number}")], 1]);
    let long = |number: u64| json!([[number, "x".repeat(100_000)], [null, 1]]);
    assert_eq!(import("counted", counted("objects", &object, 20_000)), 507);
    assert_eq!(import("counted", counted("calls", &calls, 20_000)), 507);
    assert_eq!(import("counted", counted("objects", &long, 20)), 507);
    assert_eq!(import("counted", counted("objects", &object, 1_000)), 200);
    let used = admin(&server, "GET", "/sandboxes/full", &Value::Null)["usage"]["documents"].as_u64();
    assert!(used.is_some_and(|used| used > 150_000), "{used:?}");
    let fault = |number: usize| json!({"name": number.to_string(), "wanted": {"on": "shippo.*", "fault": 503}, "counted": null});
    let faults = |count| (0..count).map(fault).collect::<Vec<_>>();
    assert_eq!([import("faults", faults(257).into()), import("faults", faults(5_000).into())], [429, 400]);
    assert_eq!(
        import(
            "faults",
            json!([{"name": "f", "wanted": {"on": "shippo.*", "fault": 503}, "counted": counted("objects", &object, 20_000)}])
        ),
        507
    );
    assert_eq!(import("given", json!(vec!["shippo"; 100_000])), 400);
    assert_eq!(import("faults", faults(2).into()), 200);
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
        assert!(refused.status == 400 && refused.body.contains("50000 values"), "{:.300}", refused.body);
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

/// Stores documents of a kind for the first account of a vendor, beside what it does itself.
fn store(machine: &Machine, vendor: &str, kind: Kind, bodies: impl Iterator<Item = Value>) {
    let done = machine.as_account(machine.default_sandbox(), vendor, None, wall(), |cx| {
        bodies.enumerate().for_each(|(number, body)| cx.docs.put(kind.clone(), &format!("big-{number}"), &body));
    });
    done.expect("there is room");
}

#[test]
fn a_page_of_too_much_is_refused_and_a_smaller_one_is_not() {
    let machine = Machine::new(vendors::all(), Options::default(), Start::plain(wall()));
    let text = "x".repeat(1 << 20);
    store(&machine, "shippo", Kind::new("address"), (0..60).map(|_| json!({"name": text, "object_created": "2026-01-05T09:00:00Z"})));
    let dense = vec![json!([1]); 20_000];
    store(&machine, "shippo", Kind::new("package"), (0..60).map(|_| json!({"metadata": dense})));
    let list = |path: &str| {
        let request = Request {
            method: http::Method::GET,
            path: path.split('?').next().unwrap_or_default().to_owned(),
            query: path.split_once('?').map_or("", |(_, query)| query).to_owned(),
            headers: http::HeaderMap::from_iter([(
                http::header::AUTHORIZATION,
                http::HeaderValue::from_static("ShippoToken shippo_test_seatrial"),
            )]),
            body: bytes::Bytes::new(),
            peer: std::net::Ipv4Addr::LOCALHOST.into(),
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        };
        let answer = machine.handle(&request, wall());
        (answer.status.as_u16(), answer.notes().iter().any(|note| note.code == Note::ANSWER_TOO_LARGE))
    };
    for kind in ["addresses", "parcels"] {
        assert_eq!(list(&format!("/shippo/{kind}?results=60")), (500, true), "{kind}");
        assert_eq!(list(&format!("/shippo/{kind}?results=5")), (200, false), "{kind}");
        assert_eq!(list(&format!("/shippo/{kind}?results=5&page=2")), (200, false), "{kind}");
    }
}

/// The pages of a list of the admin API, and what each is about.
fn pages(server: &Server, path: &str, rows: &str, key: &str) -> (usize, Vec<Value>) {
    let (mut count, mut all, mut query) = (0, Vec::new(), String::new());
    loop {
        let page = send(server, "GET", &format!("/_seatrial{path}{query}"), &[], "");
        assert!(page.status == 200 && page.body.len() < 5 << 20, "{} bytes, status {}", page.body.len(), page.status);
        let page = page.json();
        count += 1;
        let found = page[rows].as_array().unwrap_or_else(|| panic!("{page:.300}"));
        let ids = found.iter().map(|row| row[key].clone());
        let (next, earlier) = (page["next"].as_str(), page["earlier"].as_str());
        if rows == "requests" || rows == "deliveries" {
            all.splice(0..0, ids);
        } else {
            all.extend(ids);
        }
        let sign = if path.contains('?') { '&' } else { '?' };
        match (next, earlier) {
            (Some(next), _) => query = format!("{sign}after={next}"),
            (_, Some(earlier)) => query = format!("{sign}before={earlier}"),
            (None, None) => return (count, all),
        }
    }
}

#[test]
fn lists_of_large_rows_have_pages_that_lead_to_each_other() {
    let server = Server::start(&[]);
    let text = "x".repeat(150_000);
    for number in 0..40 {
        let fault = json!({"on": "shippo.ListOrders", "respond": {"status": 500, "body": text}}).to_string();
        let put = send(&server, "PUT", &format!("/_seatrial/sandboxes/default/faults/f{number}"), &[JSON], &fault);
        assert_eq!(put.status, 200, "{:.300}", put.body);
    }
    let url = format!("http://127.0.0.1:9/{}", &text[..60_000]);
    for _ in 0..100 {
        admin(&server, "POST", "/sandboxes/default/webhooks", &json!({"vendor": "shippo", "url": url}));
    }
    for _ in 0..80 {
        send(&server, "POST", "/shippo/addresses", &crate::admin::SHIPPO, &json!({"name": &text[..60_000]}).to_string());
    }
    let few = send(&server, "GET", "/_seatrial/sandboxes/default/requests?limit=3&secrets=show", &[], "").json();
    assert_eq!((few["requests"].as_array().map(Vec::len), &few["earlier"]), (Some(3), &few["requests"][0]["id"]));
    let (count, faults) = pages(&server, "/sandboxes/default/faults", "faults", "name");
    assert!(count > 1 && faults == (0..40).map(|number| json!(format!("f{number}"))).collect::<Vec<_>>(), "{count} {faults:?}");
    let (count, mut webhooks) = pages(&server, "/sandboxes/default/webhooks?secrets=show", "webhooks", "id");
    webhooks.dedup();
    assert!(count > 1 && webhooks.len() == 100, "{count} {}", webhooks.len());
    let (count, mut requests) = pages(&server, "/sandboxes/default/requests?limit=1000&secrets=show", "requests", "id");
    requests.dedup();
    assert!(count > 1 && requests.len() == 80, "{count} {}", requests.len());
    let (count, sandboxes) = pages(&server, "/sandboxes", "sandboxes", "name");
    assert_eq!((count, sandboxes), (1, vec![json!("default")]));
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes?after=none", &[], "").status, 400);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/default/requests?before=none", &[], "").status, 400);
}

#[test]
fn a_sandbox_that_is_larger_than_it_may_be_leaves_room_for_others() {
    let folder = Folder::new();
    let directory = folder.0.to_str().expect("a UTF-8 path");
    let parcel = |note: &str| {
        let size =
            json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb", "metadata": note});
        size.to_string()
    };
    let call = |server: &Server, method: &str, (sandbox, token): (&str, &str), path: &str, note: &str| {
        let body = if method == "POST" { parcel(note) } else { String::new() };
        send(server, method, &format!("/@{sandbox}/shippo/parcels{path}"), &[("authorization", token), JSON], &body)
    };
    let mut server = Server::start(&["--data-dir", directory]);
    let [of_large, of_small] = ["large", "small"].map(|name| {
        let made = admin(&server, "POST", "/sandboxes", &json!({"name": name}));
        format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"))
    });
    let (default, large, small) = (("default", crate::admin::SHIPPO[1].1), ("large", &*of_large), ("small", &*of_small));
    let mut id = String::new();
    admin(&server, "POST", "/sandboxes/large/snapshot", &json!({"name": "early"}));
    for _ in 0..2000 {
        let made = call(&server, "POST", large, "", &"n".repeat(90));
        assert_eq!(made.status, 201, "{}", made.body);
        id = made.json()["object_id"].as_str().expect("an id").to_owned();
    }
    assert_eq!(server.signal("-TERM"), Some(0));
    let server = Server::start_logged(&["--data-dir", directory, "--total-bytes", "400000"]);
    for sandbox in [default, small] {
        let made = call(&server, "POST", sandbox, "", "");
        assert_eq!(made.status, 201, "{}", made.body);
    }
    assert_eq!(admin(&server, "PUT", "/sandboxes/default/scenario", &json!({"name": "other"}))["name"], "other");
    let refused = call(&server, "POST", large, "", "");
    assert!(refused.status == 500 && refused.head.contains("sandbox-full"), "{} {}", refused.head, refused.body);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/large/snapshot", &[JSON], r#"{"name": "s"}"#).status, 507);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "further"}"#).status, 507);
    assert_eq!(call(&server, "GET", large, &format!("/{id}"), "").status, 200);
    admin(&server, "POST", "/sandboxes/large/reset", &json!({}));
    assert_eq!(call(&server, "POST", large, "", "").status, 201, "there is room again");
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "further"}"#).status, 201);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/large", &[], "").status, 200);
    let log = server.log();
    assert!(log.contains("sandbox `large` holds ") && log.contains("and may hold 200000: it can be read, reset and deleted"), "{log}");
    assert!(log.contains("its snapshots hold ") && log.contains("which only deleting them frees: `early` ("), "{log}");
    assert!(log.contains("all sandboxes hold ") && log.contains("start with a larger `--total-bytes`"), "{log}");
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
