//! Fills each kind of what a server keeps up to its budget, and watches that the process takes no more than half as much again. Every
//! kind has a server of its own, so that one that is counted too low stands out.

use std::{env, net::SocketAddr, path::Path, process::Command};

use serde_json::{Value, json};

use crate::{
    failure::Failure,
    http::{self, Call, Reply},
    process::Server,
    test::clients::{Outcome, SERVER},
};

/// What the servers may hold: data of all sandboxes, journals, and bodies and answers under way.
const TOTAL: u64 = 48 << 20;
const JOURNALS: u64 = 8 << 20;
const IN_FLIGHT: u64 = 20 << 20;
/// What bodies and answers take while one of them is under way.
const UNDER_WAY: u64 = 16 << 20;

/// A kind is full when it counts for so much of its budget, in percent: the next one that is tried may be large.
const FULL: u64 = 70;

const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

type Fill = fn(SocketAddr) -> Result<(), Failure>;

const KINDS: [(&str, &str, Fill); 12] = [
    ("documents", "documents", documents),
    ("small documents", "documents", small_documents),
    ("tasks", "documents", tasks),
    ("deliveries that are due", "documents", outbox),
    ("accounts", "documents", accounts),
    ("credentials", "documents", credentials),
    ("snapshots", "documents", snapshots),
    ("forks", "documents", forks),
    ("sandboxes", "documents", sandboxes),
    ("faults", "documents", faults),
    ("subscriptions", "documents", subscriptions),
    ("journals", "journals", journals),
];

pub fn run() -> Result<Vec<Outcome>, Failure> {
    let root = env::current_dir().map_err(Failure::io("find the folder of the project"))?;
    let mut outcomes = Vec::new();
    for (name, budget, fill) in KINDS {
        println!("\n== full of {name}");
        let mut command = Command::new(root.join(SERVER));
        command.args(["--listen", "127.0.0.1:0", "--log", "error"]);
        for (flag, bytes) in [
            ("--total-bytes", TOTAL),
            ("--sandbox-bytes", TOTAL),
            ("--journals-bytes", JOURNALS),
            ("--journal-bytes", JOURNALS),
            ("--in-flight-bytes", IN_FLIGHT),
        ] {
            command.args([flag, &bytes.to_string()]);
        }
        let server = Server::start(&mut command, Path::new("target/full.log"))?;
        outcomes.push(one(name, budget, fill, &server)?);
    }
    Ok(outcomes)
}

fn one(name: &str, budget: &str, fill: Fill, server: &Server) -> Result<Outcome, Failure> {
    let address = server.address;
    // An account, and what is loaded with the first call.
    vendor(address, "GET", "/shippo/addresses", Value::Null)?;
    let before = server.resident()?;
    fill(address)?;
    let taken = server.resident()?.saturating_sub(before);
    let budgets = admin(address, "GET", "/version", Value::Null)?.json()?["budgets"].take();
    let (held, limit) = (number(&budgets[budget]), number(&budgets[format!("{budget}_limit")]));
    let most = limit * 3 / 2 + UNDER_WAY;
    let is_full = held * 100 >= limit * FULL && held <= limit;
    let passed = is_full && taken <= most;
    let figures = format!("{} of {} MiB counted, {} of {} MiB taken", held >> 20, limit >> 20, taken >> 20, most >> 20);
    println!("{figures}");
    Ok(Outcome { name: name.to_owned(), passed, checks: figures })
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn ask(address: SocketAddr, method: &'static str, path: String, headers: &[(&'static str, &str)], body: Value) -> Result<Reply, Failure> {
    let mut headers: Vec<_> = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    headers.push(("content-type", "application/json".to_owned()));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    http::send(address, &Call { method, path, headers, body })
}

fn admin(address: SocketAddr, method: &'static str, path: &str, body: Value) -> Result<Reply, Failure> {
    ask(address, method, format!("/_seatrial{path}"), &[], body)
}

fn vendor(address: SocketAddr, method: &'static str, path: &str, body: Value) -> Result<Reply, Failure> {
    ask(address, method, path.to_owned(), &[SHIPPO], body)
}

/// Goes on until the server refuses; at most so many times.
fn until_refused(most: usize, mut act: impl FnMut(usize) -> Result<Reply, Failure>) -> Result<(), Failure> {
    for turn in 0..most {
        if act(turn)?.status >= 300 {
            break;
        }
    }
    Ok(())
}

/// Imports files that have more rows in a member of their world, into one sandbox after the other.
fn import(address: SocketAddr, member: &str, rows: &[Value]) -> Result<(), Failure> {
    let mut file = admin(address, "GET", "/sandboxes/default/export", Value::Null)?.json()?;
    if let Some(before) = file["world"][member].as_array_mut() {
        before.extend_from_slice(rows);
    }
    until_refused(100, |turn| admin(address, "POST", &format!("/sandboxes/s{turn}/import"), file.clone()))
}

fn documents(address: SocketAddr) -> Result<(), Failure> {
    let address_of = json!({"name": "A", "street1": "x".repeat(20_000), "city": "San Francisco", "country": "US"});
    until_refused(10_000, |_| vendor(address, "POST", "/shippo/addresses", address_of.clone()))
}

fn small_documents(address: SocketAddr) -> Result<(), Failure> {
    let rows = |account: usize| {
        let documents: Vec<Value> = (0..1000).map(|number| json!([number.to_string(), 1])).collect();
        json!({"mount": "shipmate", "name": account.to_string(), "calls": 0, "tables": [{"kind": "deliveries_forgotten", "documents": documents}]})
    };
    import(address, "accounts", &(0..20).map(rows).collect::<Vec<_>>())
}

/// A row about something that is due in years.
fn task(number: usize) -> Value {
    json!({"at": "2099-01-01T00:00:00Z", "account": 0, "vendor": "shippo", "topic": "t", "subject": number.to_string(), "step": 0})
}

fn tasks(address: SocketAddr) -> Result<(), Failure> {
    import(address, "agenda", &(0..10_000).map(task).collect::<Vec<_>>())
}

fn outbox(address: SocketAddr) -> Result<(), Failure> {
    let row = |number: usize| json!({"at": "2099-01-01T00:00:00Z", "account": 0, "vendor": "shippo", "delivery": number.to_string()});
    import(address, "outbox", &(0..10_000).map(row).collect::<Vec<_>>())
}

fn accounts(address: SocketAddr) -> Result<(), Failure> {
    let row = |number: usize| {
        let tables = json!([{"kind": "deliveries_forgotten", "documents": [["1", 1]]}]);
        json!({"mount": "shipmate", "name": number.to_string(), "calls": 0, "tables": tables})
    };
    import(address, "accounts", &(0..1_000).map(row).collect::<Vec<_>>())
}

fn credentials(address: SocketAddr) -> Result<(), Failure> {
    let row =
        |number: usize| json!({"account": number.to_string(), "facts": {"token": format!("shippo_test_{number}"), "more": [[1], [1]]}});
    import(address, "credentials", &[json!(["shippo", (0..5_000).map(row).collect::<Vec<_>>()])])
}

/// A sandbox of much that copies do not share.
fn crowded(address: SocketAddr) -> Result<(), Failure> {
    let mut file = admin(address, "GET", "/sandboxes/default/export", Value::Null)?.json()?;
    file["world"]["agenda"] = (0..2_000).map(task).collect();
    admin(address, "POST", "/sandboxes/crowded/import", file).map(drop)
}

fn snapshots(address: SocketAddr) -> Result<(), Failure> {
    crowded(address)?;
    until_refused(64, |turn| admin(address, "POST", "/sandboxes/crowded/snapshot", json!({"name": turn.to_string()})))
}

fn forks(address: SocketAddr) -> Result<(), Failure> {
    crowded(address)?;
    until_refused(500, |turn| admin(address, "POST", "/sandboxes/crowded/fork", json!({"name": format!("f{turn}")})))
}

fn sandboxes(address: SocketAddr) -> Result<(), Failure> {
    until_refused(5_000, |_| admin(address, "POST", "/sandboxes", json!({})))
}

fn faults(address: SocketAddr) -> Result<(), Failure> {
    let fault = json!({"on": "shippo.*", "respond": {"status": 200, "body": {"a": vec![json!([1]); 5_000]}}});
    until_refused(256, |turn| admin(address, "PUT", &format!("/sandboxes/default/faults/f{turn}"), fault.clone()))
}

fn subscriptions(address: SocketAddr) -> Result<(), Failure> {
    let url = format!("http://127.0.0.1:9/{}", "x".repeat(4_000));
    until_refused(20_000, |_| admin(address, "POST", "/sandboxes/default/webhooks", json!({"vendor": "shippo", "url": url})))
}

fn journals(address: SocketAddr) -> Result<(), Failure> {
    for number in 0..100 {
        let name = format!("j{number}");
        admin(address, "POST", "/sandboxes", json!({"name": name}))?;
        for _ in 0..10 {
            vendor(address, "POST", &format!("/@{name}/shippo/addresses"), json!({"name": "x".repeat(40_000)}))?;
        }
    }
    Ok(())
}
