//! The machine without a socket: what one call costs from the parsed request to the finished answer. For a look inside
//! (`cargo bench -- "new consignment" --profile-time 10` under a profiler); what a call costs a user is the business of
//! `cargo xtask bench`.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use seatrial::carrier::document::{Document, render};
use seatrial::carrier::label::{Address, Fact, Label};
use seatrial::carrier::print::{Format, Paper};
use seatrial::engine::webhooks::{AttemptResult, Subscription};
use seatrial::engine::{Answer, Contract, Cx, Machine, Options, Request, Start, UNLIMITED};
use seatrial::scenario::{self, run};
use seatrial::vendors;
use seatrial::world::Mode;
use serde_json::{Value, json};

/// A Shipmate client that is logged in.
struct Client {
    machine: Machine,
    headers: HeaderMap,
    wall: Timestamp,
    references: Cell<u64>,
}

impl Client {
    fn new() -> Self {
        Self::with(Options::default())
    }

    fn with(options: Options) -> Self {
        let wall = "2026-01-05T09:00:00Z".parse().expect("a valid timestamp");
        Self::of(wall, options, Start::plain(wall))
    }

    /// A client of a sandbox whose scenario has so many overrides for the call that is made, none of which has an effect.
    fn with_overrides(count: usize, when: fn(usize) -> String) -> Self {
        let wall = "2026-01-05T09:00:00Z".parse().expect("a valid timestamp");
        let on = ["shipmate.createConsignment", "shipmate.create*", "shipmate.*", "\"*\""];
        let row = |number: usize| format!("  - {{on: {}, when: \"{}\", fault: 500}}\n", on[number % on.len()], when(number));
        let text = format!("overrides:\n{}", (0..count).map(row).collect::<String>());
        let scenario = scenario::parse(&text, "bench").expect("a valid scenario");
        Self::of(wall, Options::default(), run::start(&Arc::new(scenario), wall))
    }

    fn of(wall: Timestamp, options: Options, start: Start) -> Self {
        let machine = Machine::new(vendors::all(), options, start);
        let headers = HeaderMap::from_iter([
            (HeaderName::from_static("host"), HeaderValue::from_static("127.0.0.1:7447")),
            (HeaderName::from_static("accept"), HeaderValue::from_static("application/json")),
            (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
            (HeaderName::from_static("x-shipmate-api-key"), HeaderValue::from_static("sm_test_12345abcde-1234-5678-90ab-abcdef0123456")),
        ]);
        let mut client = Self { machine, headers, wall, references: Cell::new(0) };
        let answer: Value = serde_json::from_slice(&client.send(&client.login()).body).expect("a login is answered in JSON");
        let token = answer.pointer("/data/token").and_then(Value::as_str).and_then(|token| token.parse().ok());
        client.headers.insert("x-shipmate-token", token.expect("a login is answered with a token"));
        client
    }

    fn request(&self, method: Method, target: &str, body: &Value) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method,
            path: format!("/shipmate/v1.1/{path}"),
            query: query.to_owned(),
            headers: self.headers.clone(),
            body: if body.is_null() { String::new() } else { body.to_string() }.into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        }
    }

    fn send(&self, request: &Request) -> Answer {
        self.machine.handle(request, self.wall)
    }

    fn expect(&self, request: &Request, status: StatusCode) {
        let answer = self.send(request);
        assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    }

    fn login(&self) -> Request {
        self.request(Method::POST, "tokens", &json!({"username": "test@shipmate.co.uk", "password": "myShipmatePassword"}))
    }

    /// A consignment with a reference that no other has.
    fn booking(&self) -> Request {
        let number = self.references.replace(self.references.get() + 1);
        let reference = format!("BENCH{number:011}");
        let body = json!({
            "consignment_reference": reference,
            "service_key": "DPDNEXT",
            "to_address": {"name": "Alex Harbour", "line_1": "14 Mooring Lane", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"},
            "parcels": [{"reference": format!("{reference}-1"), "weight": 3000, "width": 20, "length": 10, "depth": 15}],
        });
        self.request(Method::POST, "consignments", &body)
    }

    fn sku(&self, number: usize) -> Request {
        let body = json!({
            "sku": format!("ROPE-{number:03}"), "product_name": format!("Mooring rope, {number} m"),
            "tariff_code": "5607509000", "tariff_description": "Rope of synthetic fibre", "country_of_origin": "GB",
            "value_ex_vat": 10.00, "vat_rate": 20.00, "value_inc_vat": 12.00, "gross_weight": 520, "net_weight": 500,
            "width": 200, "length": 300, "depth": 80, "is_stocked_item": true, "in_stock": true,
        });
        self.request(Method::POST, "skus", &body)
    }
}

fn calls(criterion: &mut Criterion) {
    let client = Client::new();
    let watched = client.booking();
    client.expect(&watched, StatusCode::CREATED);
    for number in 1..=30 {
        client.expect(&client.sku(number), StatusCode::CREATED);
    }
    let reference = "BENCH00000000000";
    let refused = json!({"consignment_reference": reference, "to_address": {"name": "", "line_1": "", "city": "", "postcode": "", "country": ""}, "parcels": []});
    let fixed = [
        ("login", StatusCode::OK, client.login()),
        ("refused consignment", StatusCode::BAD_REQUEST, client.request(Method::POST, "consignments", &refused)),
        ("events of a consignment", StatusCode::OK, client.request(Method::GET, &format!("consignments/{reference}/events"), &Value::Null)),
        ("page of 30 SKUs", StatusCode::OK, client.request(Method::GET, "skus?page=1", &Value::Null)),
        ("unknown path", StatusCode::NOT_FOUND, client.request(Method::GET, "nowhere", &Value::Null)),
    ];
    for (name, status, request) in fixed {
        client.expect(&request, status);
        criterion.bench_function(name, |bencher| bencher.iter(|| client.send(&request)));
    }
    criterion.bench_function("new consignment", |bencher| {
        bencher.iter_batched(|| client.booking(), |request| client.send(&request), criterion::BatchSize::SmallInput);
    });
    // Held against the document to the letter, it may cost 15 % more.
    let strict = Client::with(Options { contract: Contract::Strict, ..Options::default() });
    criterion.bench_function("new consignment, strictly", |bencher| {
        bencher.iter_batched(|| strict.booking(), |request| strict.send(&request), criterion::BatchSize::SmallInput);
    });
}

/// Labels as they are drawn when somebody downloads them, with the bytes of each.
fn labels(criterion: &mut Criterion) {
    let address = |name: &str, street: &str, city: &str, country: &str| Address {
        name: name.to_owned(),
        company: "Quay Supplies".to_owned(),
        lines: vec![street.to_owned(), "Suite 480".to_owned()],
        city: city.to_owned(),
        zip: "94103".to_owned(),
        country: country.to_owned(),
        phone: "4155550101".to_owned(),
        ..Address::default()
    };
    let label = |carrier: &str, service: &str, tracking_number: &str, to: Address| {
        let label = Label {
            carrier: carrier.to_owned(),
            service: service.to_owned(),
            tracking_number: tracking_number.to_owned(),
            from: address("Sam Quay", "215 Clayton St", "San Francisco", "US"),
            to,
            grams: 907,
            dimensions: "10 x 8 x 4 in".to_owned(),
            date: "2026-01-05".parse().ok(),
            facts: vec![Fact::new("Reference", "ORDER-1001")],
            ..Label::default()
        };
        [Document::Label(Box::new(label))]
    };
    let alex = || address("Alex Harbour", "965 Mission St", "San Francisco", "US");
    let usps = label("usps", "Priority Mail", "9205590164917312751089", alex());
    let ups = label("ups", "Ground", "1Z204E380338943508", alex());
    let fedex = label("fedex", "Home Delivery", "794612345675", alex());
    let greek = label("usps", "Priority Mail International", "LZ473124829US", address("Γιώργος", "Οδός Ερμού 15", "Αθήνα", "GR"));
    let japanese =
        label("usps", "Priority Mail International", "LZ473124829US", address("山田 太郎", "千代田区丸の内1-2-3", "東京都", "JP"));
    let cases = [
        ("USPS label as PDF", &usps, Format::pdf(Paper::Inch4x6), 15_000),
        ("UPS label as PDF", &ups, Format::pdf(Paper::Inch4x6), 15_000),
        ("FedEx label as PDF", &fedex, Format::pdf(Paper::Inch4x6), 15_000),
        ("UPS label as PDF on A4", &ups, Format::pdf(Paper::A4), 15_000),
        ("Greek label as PDF", &greek, Format::pdf(Paper::Inch4x6), 15_000),
        ("Japanese label as PDF", &japanese, Format::pdf(Paper::Inch4x6), 40_000),
        ("USPS label as ZPL", &usps, Format::zpl(203), 5_000),
        ("USPS label as PNG", &usps, Format::png(Paper::Inch4x6, 203), 100_000),
    ];
    let mut group = criterion.benchmark_group("labels");
    // One label an iteration, so that criterion tells labels per second.
    group.throughput(criterion::Throughput::Elements(1));
    for (name, documents, format, most) in cases {
        let bytes = render(documents, format).len();
        assert!(bytes <= most, "{name}: {bytes} bytes");
        println!("{name}: {bytes} bytes");
        group.bench_function(name, |bencher| bencher.iter(|| render(documents, format)));
    }
    group.finish();
}

/// A thousand parcels from their labels to their doors, told to nobody, and told to somebody who answers at once.
fn lives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a thousand parcels");
    group.sample_size(10);
    for (name, events) in [("delivered", None), ("delivered and told", Some("TRACKING_UPDATED"))] {
        let booked = || {
            let client = Client::new();
            client.machine.default_sandbox().lock().world.set_mode(Mode::Frozen, client.wall);
            if let Some(event) = events {
                let subscribe = |cx: &mut Cx<'_>| cx.subscribe(Subscription::new("http://127.0.0.1:9/", vec![event.to_owned()], cx.now));
                let subscribed = client.machine.as_account(client.machine.default_sandbox(), "shipmate", None, client.wall, subscribe);
                subscribed.expect("there is room for a subscription");
            }
            (0..1000).for_each(|_| client.expect(&client.booking(), StatusCode::CREATED));
            client
        };
        group.bench_function(name, |bencher| bencher.iter_batched(booked, |client| live(&client), criterion::BatchSize::PerIteration));
    }
    group.finish();
}

/// Advances a week, and answers whatever is told.
fn live(client: &Client) {
    let (sandbox, to) = (client.machine.default_sandbox(), client.wall + jiff::SignedDuration::from_hours(168));
    loop {
        let stage =
            client.machine.advance_until_webhook(sandbox, sandbox.epoch(), to, client.wall, UNLIMITED).expect("it is not reset meanwhile");
        if stage.done {
            return;
        }
        for outbound in &stage.outbound {
            client.machine.report(sandbox, outbound, &AttemptResult::Answered { status: 200, body: String::new() }, client.wall);
        }
    }
}

/// A page of five hundred orders out of a hundred thousand, of those that pass two filters, beside the list of an account
/// without orders. Then the same by version 2.
fn searches(criterion: &mut Criterion) {
    let wall: Timestamp = "2026-01-05T09:00:00Z".parse().expect("a valid timestamp");
    let options = Options { sandbox_bytes: 4 << 30, total_bytes: 4 << 30, ..Options::default() };
    let machine = Machine::new(vendors::all(), options, Start::plain(wall));
    let headers = HeaderMap::from_iter([
        (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
        (HeaderName::from_static("authorization"), HeaderValue::from_static("Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0")),
        (HeaderName::from_static("api-key"), HeaderValue::from_static("seatrial-live")),
    ]);
    let send = |method, path: &str, query: &str, body: String| {
        let (path, query, headers, body) = (format!("/shipstation/{path}"), query.to_owned(), headers.clone(), body.into());
        machine.handle(
            &Request {
                method,
                path,
                query,
                headers,
                body,
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                mount: None,
                version: http::Version::HTTP_11,
                is_secure: false,
            },
            wall,
        )
    };
    let query = "orderStatus=awaiting_shipment&createDateStart=2026-01-01&pageSize=500&page=3";
    let mut group = criterion.benchmark_group("orders of ShipStation");
    group.sample_size(20);
    group.bench_function("a page of none", |bencher| bencher.iter(|| send(Method::GET, "orders", query, String::new())));
    let order = |number: u32| {
        let address = json!({"name": "Alex Harbour", "street1": "14 Mooring Lane", "city": "Austin", "state": "TX", "postalCode": "78701", "country": "US"});
        let status = if number.is_multiple_of(2) { "awaiting_shipment" } else { "awaiting_payment" };
        json!({
            "orderNumber": number.to_string(), "orderDate": "2026-01-04T10:00:00", "orderStatus": status, "billTo": address, "shipTo": address,
            "items": [{"sku": "ROPE", "name": "Mooring rope", "quantity": 1, "unitPrice": 10}],
        })
    };
    for first in (0..100_000).step_by(100) {
        let orders: Value = (first..first + 100).map(order).collect();
        assert_eq!(send(Method::POST, "orders/createorders", "", orders.to_string()).status, StatusCode::OK);
    }
    group.bench_function("a page of 500 out of 100000", |bencher| bencher.iter(|| send(Method::GET, "orders", query, String::new())));
    // The same account through version 2: what is paid is a shipment there.
    let query = "shipment_status=pending&created_at_start=2026-01-01&page_size=500&page=3";
    for (name, path) in [("a page of no labels", "v2/labels"), ("a page of 500 shipments out of 50000", "v2/shipments")] {
        group.bench_function(name, |bencher| bencher.iter(|| send(Method::GET, path, query, String::new())));
    }
    group.finish();
}

/// What the overrides of a scenario cost a call that all of them are for, and that fulfills the conditions of none: a thousand that
/// each ask for a value, a size or a part of a text of their own at most twice what ten do. Where none tells them apart, every condition
/// is evaluated.
fn overrides(criterion: &mut Criterion) {
    let by_value: fn(usize) -> String = |number| format!("$request.body.to_address.name == 'Nobody {number}' and $call.nth > 0");
    let by_size: fn(usize) -> String = |number| format!("$request.body.parcels[0].weight > {}", 100_000 + number);
    let by_part: fn(usize) -> String = |number| format!("ends_with($request.body.to_address.name, 'Nobody {number}')");
    let by_lower: fn(usize) -> String = |number| format!("lower($request.body.to_address.name) == 'nobody {number}'");
    let by_own: fn(usize) -> String =
        |number| format!("$call.nth != 0 and $request.method == 'POST' and $request.body.to_address.name == 'Nobody {number}'");
    let one_by_one: fn(usize) -> String = |number| format!("len($request.body.to_address.name) == {}", 100 + number);
    let kinds = [
        ("by value", by_value, Some(2.0)),
        ("by size", by_size, Some(2.0)),
        ("by part", by_part, Some(2.0)),
        ("in lower case", by_lower, Some(2.0)),
        ("beside a condition of all", by_own, Some(2.0)),
        ("one by one", one_by_one, None),
    ];
    for (name, when, most) in kinds {
        let mut spent = Vec::new();
        for count in [0, 10, 1000] {
            let client = Client::with_overrides(count, when);
            let refused =
                client.request(Method::POST, "consignments", &json!({"to_address": {"name": "Alex"}, "parcels": [{"weight": 3000}]}));
            client.expect(&refused, StatusCode::BAD_REQUEST);
            criterion.bench_function(&format!("{count} overrides, {name}"), |bencher| bencher.iter(|| client.send(&refused)));
            spent.push((0..20).map(|_| sent(&client, &refused)).min().unwrap_or_default());
        }
        let [none, ten, thousand] = spent[..] else { return };
        let factor = thousand.as_secs_f64() / ten.as_secs_f64();
        let limit = most
            .map_or_else(|| "no limit".to_owned(), |most| format!("at most {most}: {}", if factor <= most { "kept" } else { "BROKEN" }));
        println!("{name}: {none:?} without overrides, {ten:?} with 10, {thousand:?} with 1,000, {factor:.2} times as long ({limit})");
    }
}

/// The mean time of a call among some.
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn sent(client: &Client, request: &Request) -> Duration {
    let begin = Instant::now();
    (0..500).for_each(|_| drop(client.send(request)));
    begin.elapsed() / 500
}

criterion_group!(benches, calls, labels, lives, searches, overrides);
criterion_main!(benches);
