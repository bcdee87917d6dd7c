//! Scenarios: what each part of the language does to calls and parcels.

use std::time::Duration;

use http::{HeaderValue, Method};
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::engine::{Answer, Machine, Options, Wire};
use seatrial::scenario;
use seatrial::scenario::verify::{Allowance, Verdict, verify_current};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{self, request, set_scenario, start};

struct World(Machine);

impl World {
    fn new(scenario: &str) -> Self {
        Self::load(scenario).unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn load(text: &str) -> Result<Self, String> {
        let machine = made_up::machine(vendors::all(), Options::default());
        set_scenario(&machine, &format!("clock: {{start: 2026-01-05T09:00:00Z, mode: frozen}}\n{text}"))?;
        Ok(Self(machine))
    }

    fn call(&self, method: Method, path: &str, token: &str, body: &Value) -> Answer {
        let headers = [("host", "localhost"), ("authorization", token), ("x-caller", "me")];
        self.0.handle(&request(method, &format!("/shippo{path}"), &headers, &body.to_string()), start())
    }

    fn create(&self, name: &str) -> Answer {
        self.call(Method::POST, "/addresses", "ShippoToken shippo_test_seatrial", &json!({"name": name, "country": "US"}))
    }

    fn names(&self) -> Vec<String> {
        let answer = self.call(Method::GET, "/addresses", "ShippoToken shippo_test_seatrial", &Value::Null);
        let list: Value = serde_json::from_slice(&answer.body).expect("JSON");
        list["results"].as_array().into_iter().flatten().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn advance(&self, span: &str) {
        let sandbox = self.0.default_sandbox();
        let now = sandbox.lock().world.clock().now(start());
        let span: SignedDuration = time::span(span).expect("a span");
        advance(&self.0, sandbox, time::shift(now, span), start());
    }
}

fn status(answer: &Answer) -> u16 {
    answer.status.as_u16()
}

#[test]
fn data_that_is_given_meets_no_override() {
    let world = World::new(
        "given: [{shippo.CreateAddress: {name: Given, country: US}}]
overrides:
  - {on: '*', fault: 503, times: 1}",
    );
    assert_eq!(status(&world.create("Ada")), 503);
    assert_eq!(status(&world.create("Bob")), 201);
    assert_eq!(world.names(), ["Bob", "Given"]);
}

#[test]
fn what_an_alias_repeats_has_the_line_of_the_alias() {
    let world = World::new(
        "overrides:
  - &once {on: shippo.ListAddresses, fault: 503, times: 1}
  - {on: shippo.CreateAddress, fault: 502, times: 1}
  - *once
  - &more {on: shippo.CreateAddress, fault: 500, times: 1}
  - *more
expect:
  - &none {never: shippo.CreateRefund}
  - {call: shippo.CreateAddress}
  - *none",
    );
    let list = || status(&world.call(Method::GET, "/addresses", "ShippoToken shippo_test_seatrial", &Value::Null));
    assert_eq!([list(), list()], [503, 503]);
    assert_eq!([status(&world.create("Ada")), status(&world.create("Bob"))], [502, 500]);
    let sandbox = world.0.default_sandbox();
    let lines: Vec<_> = sandbox.journal().iter().map(|entry| entry.effect.as_ref().and_then(|effect| effect.line)).collect();
    assert_eq!(lines, [Some(3), Some(5), Some(4), Some(6)]);
    let report = verify_current(&world.0, sandbox, &Allowance::of_one(&|| false));
    let told: Vec<_> = report.findings.iter().map(|row| (row.line, &*row.expectation)).collect();
    let none = "{never: shippo.CreateRefund}";
    assert_eq!(told, [(9, none), (10, "{call: shippo.CreateAddress}"), (11, none)]);
    assert_eq!(report.unused.iter().map(|row| row.line).collect::<Vec<_>>(), [Some(7)]);
}

#[test]
fn an_answer_written_by_hand_can_repeat_what_was_sent() {
    let world = World::new(
        "overrides:
           - on: shippo.CreateAddress
             when: $request.body.name == 'Ada'
             respond: {status: 418, off_spec: true, headers: {x-name: '{{ $request.body.name }}'}, body: {you: '{{ $request.headers.x-caller }}', nth: '{{ $call.nth }}'}}",
    );
    let answer = world.create("Ada");
    assert_eq!((status(&answer), &answer.headers["x-name"]), (418, &HeaderValue::from_static("Ada")));
    assert_eq!(serde_json::from_slice::<Value>(&answer.body).ok(), Some(json!({"you": "me", "nth": 1})));
    assert_eq!((status(&world.create("Bob")), world.names()), (201, vec!["Bob".to_owned()]));
}

#[test]
fn an_override_can_begin_late_and_end_early() {
    let world = World::new("overrides: [{on: shippo.*, skip: 1, times: 2, respond: {status: 503}}]");
    assert_eq!([1, 2, 3, 4, 5].map(|_| status(&world.create("x"))), [201, 503, 503, 201, 201]);
    world.0.default_sandbox().reset();
    assert_eq!([1, 2, 3, 4].map(|_| status(&world.create("x"))), [201, 503, 503, 201]);
}

#[test]
fn a_fault_happens_before_or_after_the_work() {
    let world = World::new(
        "overrides:
           - {on: shippo.CreateAddress, when: $call.nth == 1, fault: reset}
           - {on: shippo.CreateAddress, when: $call.nth == 2, fault: {commit: true, then: reset}}
           - {on: shippo.CreateAddress, when: $call.nth == 3, fault: {commit: true, then: 500}}
           - {on: shippo.CreateAddress, when: $call.nth == 4, fault: 502}",
    );
    let answers = ["a", "b", "c", "d", "e"].map(|name| world.create(name));
    assert_eq!(answers.each_ref().map(|answer| answer.wire), [Some(Wire::Reset), Some(Wire::Reset), None, None, None]);
    assert_eq!(answers.each_ref().map(status)[2..], [500, 502, 201]);
    assert_eq!(world.names(), ["e", "c", "b"]);
}

#[test]
fn a_label_whose_answer_is_lost_is_bought_twice_by_those_who_try_again() {
    let labels_after = |fault: &str| {
        let world = World::new(&format!("overrides: [{{on: shippo.CreateTransaction, fault: {fault}, times: 1}}]"));
        let token = "ShippoToken shippo_test_seatrial";
        let usual = json!({"name": "A", "street1": "965 Mission St", "country": "US"});
        let address = |more: Value| {
            let mut address = usual.clone();
            address.as_object_mut().into_iter().for_each(|members| members.extend(more.as_object().cloned().unwrap_or_default()));
            address
        };
        let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
        let (from, to) = (
            address(json!({"zip": "94103", "city": "San Francisco", "state": "CA"})),
            address(json!({"zip": "10007", "city": "New York", "state": "NY"})),
        );
        let shipment = world.call(Method::POST, "/shipments", token, &json!({"address_from": from, "address_to": to, "parcels": [parcel]}));
        let shipment: Value = serde_json::from_slice(&shipment.body).expect("a shipment is JSON");
        let purchase = json!({"rate": shipment["rates"][0]["object_id"], "async": false});
        let lost = world.call(Method::POST, "/transactions", token, &purchase);
        assert_eq!(lost.wire, Some(Wire::Reset), "{fault}");
        assert_eq!(status(&world.call(Method::POST, "/transactions", token, &purchase)), 201);
        let labels: Value =
            serde_json::from_slice(&world.call(Method::GET, "/transactions", token, &Value::Null).body).expect("a list is JSON");
        labels["results"].as_array().map_or(0, |rows| rows.iter().filter(|row| row["status"] == "SUCCESS").count())
    };
    assert_eq!(labels_after("{commit: true, then: reset}"), 2);
    assert_eq!(labels_after("reset"), 1);
}

#[test]
fn chance_is_drawn_from_the_seed_and_meets_its_share() {
    let refused = |seed: u64| {
        let world = World::new(&format!("seed: {seed}\noverrides: [{{on: shippo.CreateAddress, when: {{chance: 0.3}}, fault: 503}}]"));
        (0..200).map(|_| status(&world.create("x")) == 503).collect::<Vec<_>>()
    };
    let found = refused(7);
    assert_eq!(found, refused(7));
    assert_ne!(found, refused(8));
    let count = found.iter().filter(|refused| **refused).count();
    assert!((40..=80).contains(&count), "{count} of 200");
}

#[test]
fn latency_is_drawn_from_the_seed() {
    let delays = || {
        let world = World::new("overrides: [{on: shippo.CreateAddress, latency: 1s..3s}]");
        [1, 2, 3].map(|_| world.create("x").delay)
    };
    let found = delays();
    assert_eq!(found, delays());
    assert!(found.iter().all(|delay| (Duration::from_secs(1)..=Duration::from_secs(3)).contains(delay)) && found[0] != found[1]);
}

#[test]
fn a_rate_limit_counts_by_credential_and_forgets_after_its_window() {
    let world = World::new(
        "accounts: {shippo: [{token: shippo_test_seatrial, mode: test}, {token: shippo_test_two, mode: test, account: two}]}
overrides: [{on: shippo.*, rate_limit: {per: credential, limit: 2, window: 60s}}]",
    );
    assert_eq!([1, 2, 3].map(|_| status(&world.create("x"))), [201, 201, 429]);
    let other = world.call(Method::POST, "/addresses", "ShippoToken shippo_test_two", &json!({"name": "x", "country": "US"}));
    assert_eq!(status(&other), 201);
    world.advance("59s");
    assert_eq!(status(&world.create("x")), 429);
    world.advance("1s");
    assert_eq!(status(&world.create("x")), 201);
}

#[test]
fn limits_count_each_credential_and_each_operation_by_itself() {
    let accounts = "accounts: {shippo: [{token: shippo_test_seatrial, mode: test}, {token: shippo_test_two, mode: test}]}";
    let served = |per: &str| {
        let world = World::new(&format!("{accounts}\noverrides: [{{on: shippo.*, rate_limit: {{per: {per}, limit: 1, window: 60s}}}}]"));
        let list =
            |token: &str, path: &str| status(&world.call(Method::GET, path, &format!("ShippoToken shippo_test_{token}"), &Value::Null));
        [list("seatrial", "/addresses"), list("seatrial", "/parcels"), list("two", "/addresses"), list("two", "/addresses")]
    };
    assert_eq!(served("sandbox"), [200, 429, 429, 429]);
    assert_eq!(served("credential"), [200, 429, 200, 429]);
    assert_eq!(served("operation"), [200, 200, 429, 429]);
    assert_eq!(served("[operation, credential]"), [200, 200, 200, 429]);
}

#[test]
fn latency_is_spread_around_its_median_and_grows_with_the_answer() {
    let world = World::new("overrides: [{on: shippo.CreateAddress, latency: {median: 100ms, p99: 1s}}]");
    let mut delays: Vec<_> = (0..400).map(|_| world.create("x").delay).collect();
    delays.sort();
    let millis = |index: usize| delays[index].as_millis();
    assert!((85..=115).contains(&millis(200)), "{}", millis(200));
    assert!((600..=1600).contains(&millis(395)) && millis(4) < 20, "{} {}", millis(395), millis(4));
    let world = World::new("overrides: [{on: shippo.CreateAddress, latency: {time: 1s, per_byte: 1ms}}]");
    let answer = world.create("x");
    assert_eq!(answer.delay, Duration::from_secs(1) + Duration::from_millis(answer.body.len() as u64));
}

#[test]
fn given_data_is_there_and_a_refused_row_is_shown_where_it_stands() {
    let world = World::new("given: [{shippo.CreateAddress: {name: Ada, country: US}}]");
    world.create("Bob");
    assert_eq!(world.names(), ["Bob", "Ada"]);
    world.0.default_sandbox().reset();
    assert_eq!(world.names(), ["Ada"]);
    let refused = World::load("given:\n  - shippo.CreateAddress: {name: Ada, country: US}\n  - shippo.CreateParcel: {weight: 1}\n")
        .map(|_| ())
        .unwrap_err();
    assert!(refused.starts_with("error[S017]") && refused.contains("test.yaml:4:5") && refused.contains("400"), "{refused}");
    let open = World::load("given:\n  - shippo.GetTransaction: {}\n").map(|_| ()).unwrap_err();
    assert!(open.contains("is at `/transactions/{TransactionId}`, and this row has no `TransactionId`"), "{open}");
    assert!(open.contains("help: say it beside: `parameters: {TransactionId: …}`"), "{open}");
}

#[test]
fn credentials_end_when_the_scenario_says() {
    let world = World::new("accounts: {shippo: [{token: shippo_test_seatrial, mode: test, expires: 2026-01-05T10:00:00Z}]}");
    assert_eq!(status(&world.create("x")), 201);
    world.advance("1h");
    assert_eq!(status(&world.create("x")), 401);
}

#[test]
fn any_credential_is_one_that_is_well_formed() {
    let world = World::new("credentials: any");
    let get = |token: &str| status(&world.call(Method::GET, "/addresses", token, &Value::Null));
    assert_eq!([get("ShippoToken whatever"), get(""), get("whatever")], [200, 401, 401]);
}

#[test]
fn a_timeline_is_chosen_by_what_a_parcel_is() {
    let world = World::new(
        "given: [{shipmate.createConsignment: {consignment_reference: a, service_key: DPDNEXT, to_address: {name: A, line_1: 1 Street, city: Derby, postcode: DE1 1EE, country: GB}, parcels: [{reference: a-1, weight: 300, width: 2, length: 1, depth: 1}]}}]
timelines:
  gone:
    for: {vendor: shipmate, when: $parcel.to.city == 'Derby'}
    steps:
      - {at: +2h, status: collected, location: {city: Hull, country: GB}}
      - {at: +1d, status: lost}",
    );
    let parcel = || world.0.default_sandbox().parcels().remove(0);
    assert_eq!(parcel().timeline.as_deref(), Some("gone"));
    world.advance("2h");
    assert_eq!(parcel().scans.last().and_then(|scan| scan.location.clone()).map(|place| place.city).as_deref(), Some("Hull"));
    world.advance("30d");
    assert_eq!((parcel().status().word(), parcel().scans.len()), ("lost", 3));
}

/// What the scenario's expectations come to, by their details.
fn verdict(world: &World, expect: &str) -> Vec<(Verdict, String)> {
    let scenario = scenario::load(&format!("expect: {expect}"), "expect.yaml", &scenario::run::MachineVocabulary(&world.0));
    let scenario = scenario.unwrap_or_else(|problems| panic!("{problems:?}"));
    let report = scenario::verify::verify(&world.0, world.0.default_sandbox(), &scenario, &scenario::verify::Allowance::of_one(&|| false));
    report.findings.into_iter().map(|finding| (finding.verdict, finding.detail)).collect()
}

#[test]
fn a_call_looks_the_same_to_an_override_and_to_an_expectation() {
    const SEES: &str = "{all: [$request.path == '/addresses', $request.method == 'GET', $request.query.page == '1', $call.nth == 2, \
                        $request.headers.x-caller == 'me', not $request.body exists, $call.operation == 'shippo.ListAddresses']}";
    let world = World::new(&format!("overrides: [{{on: shippo.ListAddresses, when: {SEES}, respond: {{status: 418, off_spec: true}}}}]"));
    let list = |path: &str| status(&world.call(Method::GET, path, "ShippoToken shippo_test_seatrial", &Value::Null));
    assert_eq!(["/v1/addresses?page=1", "/v1/addresses?page=1", "/addresses?page=1"].map(list), [200, 418, 200]);
    let found = verdict(&world, &format!("[{{call: shippo.ListAddresses, when: {SEES}, count: 1}}]"));
    assert_eq!(found, [(Verdict::Passed, "call count 1, expected 1".to_owned())]);
}

#[test]
fn parameters_and_forms_look_the_same_to_an_override_and_to_an_expectation() {
    const SEES: &str = "$request.parameters.AddressId == 'a b' or $request.body.name == 'Ada'";
    let world = World::new(&format!("overrides: [{{on: shippo.*, when: {SEES}, respond: {{status: 418, off_spec: true}}}}]"));
    let token = "ShippoToken shippo_test_seatrial";
    assert_eq!(status(&world.call(Method::GET, "/addresses/a%20b/", token, &Value::Null)), 418);
    assert_eq!(status(&world.create("Ada")), 418);
    assert_eq!(status(&world.create("Bob")), 201);
    assert_eq!(verdict(&world, &format!("[{{call: shippo.*, when: {SEES}, count: 2}}]"))[0].0, Verdict::Passed);
}

#[test]
fn calls_are_counted_by_operation_and_account() {
    let world = World::new("overrides: [{on: shippo.CreateAddress, when: $call.nth == 1, respond: {status: 418, off_spec: true}}]");
    let tokens = ["ShippoToken shippo_test_seatrial", "ShippoToken shippo_live_seatrial"];
    let address = json!({"name": "Ada", "country": "US"});
    let made = [0, 1, 0, 1].map(|index| status(&world.call(Method::POST, "/addresses", tokens[index], &address)));
    assert_eq!(made, [418, 418, 201, 201]);
    let expect = "[{call: shippo.CreateAddress, when: $call.nth == 1, count: 2}, {call: '*', when: $call.nth == 3, count: 0}]";
    assert_eq!(verdict(&world, expect).iter().map(|(verdict, _)| *verdict).collect::<Vec<_>>(), [Verdict::Passed; 2]);
    world.0.default_sandbox().reset();
    assert_eq!(status(&world.create("Ada")), 418, "a sandbox that begins anew counts anew");
}

#[test]
fn given_rows_do_not_count_as_calls() {
    let world = World::new(
        "given: [{shippo.CreateAddress: {name: Given, country: US}}]
overrides: [{on: shippo.CreateAddress, when: $call.nth == 1, respond: {status: 418, off_spec: true}}]",
    );
    assert_eq!([status(&world.create("Ada")), status(&world.create("Bob"))], [418, 201]);
}
