//! What sandboxes cost: to make, to put back, to copy, and to have. The aims: made in 50 µs, put back in 100 µs, copied with
//! 10,000 documents in 1 ms, 16 kB of memory for an empty one, and calls that are as fast among 1,000 as alone.

use std::cell::Cell;
use std::fs;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use seatrial::engine::{Machine, Options, Request, Sandbox, Start};
use seatrial::scenario::{self, Scenario};
use seatrial::vendors;
use serde_json::json;

const DOCUMENTS: usize = 10_000;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    Machine::new(vendors::all(), Options { sandboxes: 1_000_000, ..Options::default() }, Start::plain(wall()))
}

/// As the admin API makes one.
fn make(machine: &Machine, name: &str) -> Arc<Sandbox> {
    let staged = scenario::run::stage(machine, name, &Scenario::plain(), None, wall());
    machine.open(staged.unwrap_or_else(|_| panic!("nothing is given"))).expect("the name is free")
}

/// A call of Shippo by the owner of a sandbox.
fn call(sandbox: &Sandbox, method: Method, target: &str, body: String) -> Request {
    let token = sandbox.lock().world.accounts().credentials("shippo").first().map(|row| row.text("token").to_owned());
    let token = format!("ShippoToken {}", token.expect("every sandbox has one"));
    let headers = [("host", "127.0.0.1:7447"), ("content-type", "application/json"), ("authorization", token.as_str())];
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value")))
        .collect::<HeaderMap>();
    Request {
        method,
        path: format!("/shippo/{target}"),
        query: String::new(),
        headers,
        body: body.into(),
        peer: [127, 0, 0, 1].into(),
        mount: None,
        version: http::Version::HTTP_11,
        is_secure: false,
    }
}

fn furnish(machine: &Machine, sandbox: &Sandbox, documents: usize) {
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"}).to_string();
    let request = call(sandbox, Method::POST, "parcels", parcel);
    for _ in 0..documents {
        assert_eq!(machine.handle(&request, wall()).status.as_u16(), 201);
    }
}

fn whole(criterion: &mut Criterion) {
    let machine = machine();
    let number = Cell::new(0_u64);
    let name = || {
        number.set(number.get() + 1);
        format!("bench-{}", number.get())
    };
    criterion.bench_function("make and remove a sandbox", |bench| {
        bench.iter(|| {
            let name = name();
            make(&machine, &name);
            machine.remove(&name)
        });
    });
    let full = make(&machine, "full");
    furnish(&machine, &full, DOCUMENTS);
    full.snapshot("full", wall()).expect("there is room");
    criterion.bench_function("snapshot 10,000 documents", |bench| bench.iter(|| full.snapshot("again", wall())));
    criterion.bench_function("restore 10,000 documents", |bench| bench.iter(|| full.restore("full", wall())));
    criterion.bench_function("fork 10,000 documents and remove the copy", |bench| {
        bench.iter(|| {
            let name = name();
            machine.fork(&full, &name, wall()).expect("there is room");
            machine.remove(&name)
        });
    });
    criterion.bench_function("reset 10,000 documents", |bench| {
        let filled = || {
            full.restore("full", wall());
        };
        bench.iter_batched(filled, |()| full.reset(), BatchSize::PerIteration);
    });
}

fn many(criterion: &mut Criterion) {
    for count in [1, 1000] {
        let machine = machine();
        let sandboxes: Vec<_> = (0..count).map(|number| make(&machine, &format!("s{number}"))).collect();
        sandboxes.iter().for_each(|sandbox| furnish(&machine, sandbox, 1));
        let requests: Vec<Request> = sandboxes.iter().map(|sandbox| call(sandbox, Method::GET, "parcels", String::new())).collect();
        let turn = Cell::new(0_usize);
        criterion.bench_function(&format!("a call in one of {count} sandboxes"), |bench| {
            bench.iter(|| {
                turn.set((turn.get() + 1) % requests.len());
                machine.handle(&requests[turn.get()], wall())
            });
        });
    }
}

/// No duration, so it is printed: resident memory for each of many empty sandboxes.
fn memory(_: &mut Criterion) {
    const COUNT: usize = 10_000;
    let machine = machine();
    assert!(machine.vendors().loaded().iter().all(|loaded| !loaded.rows().is_empty()));
    let before = resident();
    for number in 0..COUNT {
        make(&machine, &format!("s{number}"));
    }
    if let (Some(before), Some(after)) = (before, resident()) {
        println!("memory of an empty sandbox  {} bytes", after.saturating_sub(before) / COUNT);
    }
}

/// Resident memory in bytes, where the system tells.
fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok().map(|kilobytes| kilobytes * 1024)
}

criterion_group!(benches, memory, whole, many);
criterion_main!(benches);
