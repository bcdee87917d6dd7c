//! What sandboxes draw from their seeds: without one they share nothing with each other, and repeat themselves by their names.

use std::collections::BTreeMap;
use std::sync::Arc;

use seatrial::base::entropy::{DEFAULT_SEED, Secret};
use seatrial::engine::webhooks::{DELIVERY, SUBSCRIPTION, Subscription};
use seatrial::engine::{Machine, Options, Sandbox, Start};
use seatrial::persist::{Contents, SandboxFile};
use seatrial::{server, vendors};
use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::made_up::request;
use crate::play::wall;
use crate::process::Server;

fn machine(secrets: Option<fn() -> Secret>) -> Machine {
    Machine::new(vendors::all(), Options { secrets, ..Options::default() }, Start::plain(wall()))
}

fn open(machine: &Machine, name: &str, seed: Option<u64>) -> Arc<Sandbox> {
    machine.open(machine.stage(name, Start { seed, ..Start::plain(wall()) }, None)).expect("the name is free")
}

fn perform(machine: &Machine, sandbox: &Arc<Sandbox>, operation: &str, body: &Value) -> Value {
    let answer = machine.perform(sandbox, operation, body, wall()).unwrap_or_else(|| panic!("there is no {operation}"));
    assert!(answer.status.is_success(), "{operation}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).expect("an answer in JSON")
}

/// What must differ between sandboxes, by what it is: ids first, then secrets.
type Drawn = BTreeMap<&'static str, Value>;

/// Makes the same calls of all vendors, and returns the ids and the secrets that came of them.
fn draw(machine: &Machine, sandbox: &Arc<Sandbox>) -> (Drawn, Drawn) {
    for vendor in ["shipmate", "shippo"] {
        let subscription = Subscription::new("http://127.0.0.1:9/", vec!["*".to_owned()], wall());
        machine.as_account(sandbox, vendor, None, wall(), |cx| cx.subscribe(subscription)).expect("anybody may subscribe");
    }
    let party = |company: &str, city: &str, postal_code: &str| {
        json!({"companyName": company, "attention": "Sam", "phone": "416 555 0100", "state": "ON", "streetAddress": "1 Example Street",
            "city": city, "countryCode": "CA", "postalCode": postal_code})
    };
    let money = json!({"currency": "CAD", "amount": 12568});
    let rates = json!({"from": party("A", "Mississauga", "L5V2N1"), "to": party("B", "Toronto", "M5S2C6"), "packageType": "PACKAGE",
        "lineItems": [{"length": 10, "width": 10, "height": 10, "weight": 2, "declaredValue": money}], "unitOfMeasurement": "IMPERIAL",
        "shipDate": "2026-01-06"});
    let quotes = perform(machine, sandbox, "shiptime.rate-post", &rates);
    let quote = quotes["availableRates"][6]["quoteId"].clone();
    let shipped = perform(machine, sandbox, "shiptime.shipments-post", &json!({"quoteId": quote}));
    let address = json!({"name": "A", "line_1": "1 Street", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"});
    let parcel = json!({"reference": "P", "value": "12.00", "weight": 30, "width": 20, "length": 10, "depth": 10});
    let consignment = json!({"consignment_reference": "C", "service_key": "DPDNEXT", "to_address": address, "parcels": [parcel]});
    let consigned = perform(machine, sandbox, "shipmate.createConsignment", &consignment);
    let tag = perform(machine, sandbox, "shiptheory.addTag", &json!({"name": "fragile"}));
    let sku = perform(machine, sandbox, "shipmate.createSku", &json!({"sku": "A", "product_name": "A"}));
    let address = perform(machine, sandbox, "shippo.CreateAddress", &json!({"name": "A", "country": "US"}));
    let login =
        json!({"username": "test@shipmate.co.uk", "password": sandbox.lock().world.accounts().credentials("shipmate")[0].text("password")});
    let token = perform(machine, sandbox, "shipmate.createToken", &login)["data"]["token"].clone();
    let state = sandbox.lock();
    let subscriptions: Vec<Value> = state.documents(SUBSCRIPTION).map(|(_, row)| row).collect();
    let deliveries: Vec<Value> = state.documents(DELIVERY).map(|(_, row)| row).collect();
    let hook: Value = deliveries[0]["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).expect("a webhook of Shipmate");
    assert!(hook["request_token"].is_string() && subscriptions[0]["secret"].is_string(), "{hook} {subscriptions:?}");
    let ids = [
        ("quote", quote),
        ("shipId", shipped["shipId"].clone()),
        ("ShipTime's tracking number", shipped["trackingNumbers"][0].clone()),
        ("SKU", sku["data"]["uuid"].clone()),
        ("Shipmate's tracking number", consigned["data"][0]["tracking_reference"].clone()),
        ("tag", tag["id"].clone()),
        ("address", address["object_id"].clone()),
        ("subscription", subscriptions[0]["id"].clone()),
        ("request token", hook["request_token"].clone()),
    ];
    let secrets = [("token", token), ("secret of a webhook", subscriptions[0]["secret"].clone())];
    (ids.into(), secrets.into())
}

/// That two sandboxes have drawn nothing alike.
fn differ(one: &Drawn, other: &Drawn) {
    for (name, value) in one {
        assert!(!value.is_null() && other[name] != *value, "{name} {value}");
    }
}

#[test]
fn sandboxes_without_a_seed_share_no_id_and_repeat_theirs_by_name() {
    let [here, there] = [machine(Some(server::secret)), machine(Some(server::secret))];
    let of = |machine: &Machine, name: &str| draw(machine, &open(machine, name, None));
    let (default, a, b) = (draw(&here, here.default_sandbox()), of(&here, "a"), of(&here, "b"));
    for (one, other) in [(&default, &a), (&default, &b), (&a, &b)] {
        differ(&one.0, &other.0);
        differ(&one.1, &other.1);
    }
    let again = of(&there, "a");
    assert_eq!(a.0, again.0);
    differ(&a.1, &again.1);
    assert_eq!(default, draw(&there, there.default_sandbox()));
    assert_eq!(default.0["shipId"], 4_826_047);
    assert_eq!(default.0["tag"], 1);
    for (ids, _) in [&a, &b] {
        assert_eq!(ids["shipId"].to_string().len(), 7, "{ids:?}");
        assert!(ids["tag"].as_u64().is_some_and(|tag| (330..9_000).contains(&tag)), "{ids:?}");
    }
}

#[test]
fn a_seed_that_was_asked_for_gives_the_same_in_every_sandbox() {
    let machine = machine(Some(server::secret));
    let [a, b] = ["a", "b"].map(|name| draw(&machine, &open(&machine, name, Some(9))));
    assert_eq!(a, b);
    assert_eq!(draw(&machine, &open(&machine, "c", Some(DEFAULT_SEED))), draw(&machine, machine.default_sandbox()));
    // What follows a reset with the seed is what follows the creation with it.
    let free = open(&machine, "free", None);
    let first = draw(&machine, &free);
    free.reset();
    assert_eq!(draw(&machine, &free), first);
    free.reset_with(Some(9));
    assert_eq!(draw(&machine, &free), a);
    free.reset();
    assert_eq!(draw(&machine, &free), a);
}

#[test]
fn a_fork_draws_other_ids_than_its_source_and_none_that_it_has() {
    let machine = machine(Some(server::secret));
    for (name, seed) in [("free", None), ("seeded", Some(9))] {
        let source = open(&machine, name, seed);
        let tag =
            |sandbox: &Arc<Sandbox>, name: &str| perform(&machine, sandbox, "shiptheory.addTag", &json!({"name": name}))["id"].clone();
        let first = tag(&source, "first");
        let fork = machine.fork(&source, &format!("{name}-fork"), wall()).expect("the name is free");
        let again = machine.fork_with(&source, &format!("{name}-again"), Some(3), wall()).expect("the name is free");
        let next = [&source, &fork, &again].map(|sandbox| tag(sandbox, "next"));
        assert!(next.iter().all(|id| *id != first) && next[0] != next[1] && next[1] != next[2] && next[0] != next[2], "{next:?}");
        assert_eq!(again.lock().world.seed(), 3);
    }
}

#[test]
fn a_file_carries_what_secrets_come_from() {
    let machine = machine(Some(server::secret));
    let source = open(&machine, "source", None);
    let login = |sandbox: &Sandbox| {
        let credential = sandbox.lock().world.accounts().credentials("shiptheory")[0].clone();
        let body = json!({"email": credential.text("email"), "password": credential.text("password")}).to_string();
        let answer = machine.handle(&request(http::Method::POST, "/shiptheory/v1/token", &[("host", "a"), JSON], &body), wall());
        serde_json::from_slice::<Value>(&answer.body).expect("a login")["data"]["token"].as_str().expect("a token").to_owned()
    };
    let is_good = |prefix: &str, token: &str| {
        let headers = [("host", "a"), ("authorization", &*format!("Bearer {token}"))];
        machine.handle(&request(http::Method::GET, &format!("{prefix}/shiptheory/v1/tags"), &headers, ""), wall()).status.is_success()
    };
    let token = login(&source);
    assert!(is_good("", &token) && !is_good("/@default", &token));
    let state = source.lock().clone();
    let contents = Contents { scenario: String::new(), given: Vec::new(), seeded: false, faults: Vec::new(), world: state.world };
    let file = contents.to_bytes(wall()).expect("documents are JSON");
    machine.remove("source");
    assert!(!is_good("", &token));
    let names: Vec<_> = machine.vendors().all().iter().flat_map(|vendor| [vendor.id.clone(), vendor.mount.clone()]).collect();
    let read = SandboxFile::parse(&file).and_then(|file| file.read(&names, wall(), usize::MAX)).expect("it was just written");
    let staged = machine.stage("source", Start::plain(wall()), Some(read.world));
    machine.give_own_credentials(&staged);
    machine.open(staged).expect("the name is free again");
    assert!(is_good("", &token));
}

#[test]
fn reset_and_fork_take_a_seed_and_refuse_what_they_do_not_read() {
    let server = Server::start(&[]);
    let made = admin(&server, "POST", "/sandboxes", &json!({"name": "a"}));
    let reset = admin(&server, "POST", "/sandboxes/a/reset", &json!({"seed": 9}));
    assert_eq!((&reset["seed"], &reset["credentials"]), (&json!(9), &made["credentials"]));
    assert_eq!(admin(&server, "POST", "/sandboxes/a/reset", &Value::Null)["seed"], 9);
    assert_eq!(admin(&server, "POST", "/sandboxes/a/fork", &json!({"name": "b", "seed": 3}))["seed"], 3);
    for route in ["a/reset", "a/fork"] {
        for body in [r#"{"nonsense": 1}"#, "[1]", "1", r#"{"seed": "x"}"#, r#"{"seed": -1}"#, r#"{"seed": 1.5}"#] {
            assert_eq!(send(&server, "POST", &format!("/_seatrial/sandboxes/{route}"), &[JSON], body).status, 400, "{route} {body}");
        }
    }
    assert_eq!(admin(&server, "GET", "/sandboxes/a", &Value::Null)["seed"], 9);
    assert_eq!(admin(&server, "GET", "/sandboxes/default", &Value::Null)["seed"], 42);
}

#[test]
fn numbers_of_shipstation_count_up_from_wherever_they_begin() {
    let machine = machine(None);
    for name in ["aa", "ab", "rich"] {
        let sandbox = open(&machine, name, None);
        let order = |number: u32| {
            let party = json!({"name": "A"});
            let body = json!({"orderNumber": number.to_string(), "orderDate": "2026-01-05", "orderStatus": "awaiting_shipment",
                "billTo": party, "shipTo": party, "items": [{"sku": number.to_string(), "quantity": 1}]});
            let order = perform(&machine, &sandbox, "shipstation_v1.createUpdateOrder", &body);
            ["/orderId", "/items/0/orderItemId", "/items/0/productId"].map(|member| order.pointer(member).and_then(Value::as_u64))
        };
        let first = order(0);
        for number in 1..4 {
            assert_eq!(order(number), first.map(|id| id.map(|id| id + u64::from(number))), "{name}");
        }
    }
}

#[test]
fn another_scenario_leaves_the_seed_that_was_asked_for() {
    let server = Server::start(&["--seed", "7"]);
    let put = |scenario: &str| {
        assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[JSON], scenario).status, 200, "{scenario}");
        admin(&server, "GET", "/sandboxes/default", &Value::Null)["seed"].clone()
    };
    assert_eq!(put(r#"{"name": "two"}"#), 7);
    assert_eq!(put(r#"{"name": "three", "seed": 9}"#), 9);
    assert_eq!(put(r#"{"name": "four"}"#), 9);
}
