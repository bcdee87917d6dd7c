//! Every scenario of `scenarios/`, met by a customer of all vendors on a random port: each of its overrides and timelines has an
//! effect on the day's calls, and each says in a comment or a description which story it tells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use seatrial::engine::Options;
use seatrial::testing::Sandbox;
use seatrial::vendors;
use serde_json::{Value, json};

use crate::made_up;

/// How long a caller waits for an answer, which some scenarios never give.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often the day is lived before a scenario has to have shown all that it does.
const DAYS: usize = 4;

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() { folders.push(entry) } else { found.push(entry) }
        }
    }
    found.sort();
    found
}

/// A customer of all vendors, who remembers what answers said.
struct Customer<'s> {
    sandbox: &'s Sandbox,
    known: BTreeMap<&'static str, String>,
}

impl Customer<'_> {
    /// Makes a call if everything is known that its path, header and body name as `<…>`; remembers values of a good answer by pointer, or the
    /// cheapest rate.
    fn call(&mut self, mount: &str, call: &str, auth: &str, body: &Value, remembered: &[(&'static str, &str)]) {
        let filled = |text: &str| {
            let text = self.known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("<{name}>"), value));
            (!text.contains('<')).then_some(text)
        };
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (Some(call), Some(auth), Some(body)) = (filled(call), filled(auth), filled(&body)) else { return };
        let (method, path) = call.split_once(' ').expect("a method and a path");
        let url = self.sandbox.url(mount);
        let (address, prefix) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("a URL of the loopback");
        let request = format!(
            "{method} /{prefix}{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\naccept: application/json\r\n{auth}\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = exchange(address, request.as_bytes());
        let Some((head, body)) = answer.split_once("\r\n\r\n") else { return };
        if !head.starts_with("HTTP/1.1 2") {
            return;
        }
        let Ok(body) = serde_json::from_str::<Value>(body) else { return };
        for (name, pointer) in remembered {
            let cheapest = || {
                body["rates"]
                    .as_array()?
                    .iter()
                    .find(|rate| rate["attributes"].as_array().is_some_and(|row| row.contains(&"CHEAPEST".into())))
            };
            let found = if *pointer == "cheapest" { cheapest().map(|rate| &rate["object_id"]) } else { body.pointer(pointer) };
            let text = match found {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Number(number)) => number.to_string(),
                _ => continue,
            };
            self.known.insert(name, text);
        }
    }

    /// What a customer does on a day: quotes, purchases, looks, cancellations.
    fn day(&mut self) {
        self.shippo();
        self.shipmate();
        self.shiptheory();
        self.shiptime();
        self.shipstation();
    }

    fn credential(&self, mount: &str, member: &str) -> String {
        self.sandbox.credential(mount, member)
    }

    fn shippo(&mut self) {
        let auth = format!("authorization: ShippoToken {}\r\n", self.credential("shippo", "token"));
        let to =
            json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
        let abroad =
            json!({"name": "A", "street1": "200 University Ave", "city": "Toronto", "state": "ON", "zip": "M5H 3C6", "country": "CA"});
        let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
        let shipment = json!({"address_from": to, "address_to": to, "parcels": [parcel], "async": false});
        let item = json!({"description": "T-shirt", "quantity": 1, "net_weight": "1", "mass_unit": "lb", "value_amount": "20", "value_currency": "USD", "origin_country": "US"});
        let declared = json!({"certify": true, "certify_signer": "A", "contents_type": "MERCHANDISE", "non_delivery_option": "RETURN", "items": [item]});
        let away = json!({"address_from": to, "address_to": abroad, "parcels": [parcel], "customs_declaration": declared});
        let bought = |service: &str, shipment: &Value| json!({"shipment": shipment, "carrier_account": "2c05985c735e64bdfeff181cc4c148cc", "servicelevel_token": service, "async": false});
        self.call("shippo", "POST /shipments", &auth, &shipment, &[("rate", "cheapest")]);
        self.call("shippo", "POST /transactions", &auth, &json!({"rate": "<rate>", "async": false}), &[]);
        self.call(
            "shippo",
            "POST /transactions",
            &auth,
            &bought("usps_priority", &shipment),
            &[("label", "/object_id"), ("number", "/tracking_number")],
        );
        self.call("shippo", "POST /transactions", &auth, &bought("usps_priority_mail_international", &away), &[]);
        for _ in 0..4 {
            self.call("shippo", "GET /tracks/usps/<number>", &auth, &Value::Null, &[]);
            self.call("shippo", "GET /tracks/shippo/SHIPPO_TRANSIT", &auth, &Value::Null, &[]);
        }
        self.call("shippo", "GET /transactions/<label>", &auth, &Value::Null, &[]);
        self.call("shippo", "POST /refunds", &auth, &json!({"transaction": "<label>"}), &[]);
    }

    fn shipmate(&mut self) {
        let key = format!("x-shipmate-api-key: {}\r\n", self.credential("shipmate", "api_key"));
        let login = json!({"username": self.credential("shipmate", "username"), "password": self.credential("shipmate", "password")});
        self.call("shipmate", "POST /v1.1/tokens", &key, &login, &[("token", "/data/token")]);
        let auth = format!("{key}x-shipmate-token: <token>\r\n");
        let to = json!({"name": "Alex", "line_1": "1 Example Street", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"});
        let (reference, other) = (format!("C-{}", unused()), format!("C-{}", unused()));
        let parcel = |reference: &str| json!({"reference": reference, "weight": 3000, "width": 20, "length": 10, "depth": 15});
        let parcels = json!([parcel(&reference)]);
        let one = json!({"consignment_reference": reference, "service_key": "DPDNEXT", "to_address": to, "parcels": parcels});
        let remembered = [("mate", "/data/0/tracking_reference"), ("consignment", "/data/0/consignment_reference")];
        self.call("shipmate", "POST /v1.1/consignments", &auth, &one, &remembered);
        let parcels = json!([parcel(&other)]);
        let newer = json!({"shipment_reference": other, "delivery_service_key": "DPDNEXT", "to_address": to, "parcels": parcels});
        self.call("shipmate", "POST /v1.2/shipments", &auth, &newer, &[("newer", "/data/0/tracking_reference")]);
        self.call("shipmate", "GET /v1.1/consignments/<consignment>/events", &auth, &Value::Null, &[]);
        self.call("shipmate", "GET /v1.1/parcels/<mate>/events", &auth, &Value::Null, &[]);
        self.call("shipmate", "GET /v1.2/parcels/<newer>/events", &auth, &Value::Null, &[]);
        self.call("shipmate", "DELETE /v1.1/consignments/<consignment>", &auth, &Value::Null, &[]);
    }

    fn shiptheory(&mut self) {
        let login = json!({"email": self.credential("shiptheory", "email"), "password": self.credential("shiptheory", "password")});
        self.call("shiptheory", "POST /v1/token", "", &login, &[("bearer", "/data/token")]);
        let auth = "authorization: Bearer <bearer>\r\n";
        let reference = format!("T-{}", unused());
        let recipient = json!({
            "company": "Acme Ltd", "firstname": "Alex", "lastname": "Example", "address_line_1": "1 Example Road", "city": "Inverness",
            "country": "GB", "postcode": "IV1 1AA", "telephone": "01174960000",
        });
        let detail = json!({"weight": 0.6, "parcels": 1, "value": 4.99});
        let booking =
            json!({"reference": reference, "reference2": "O", "delivery_service": 3013, "shipment_detail": detail, "recipient": recipient});
        self.call("shiptheory", "POST /v1/shipments", auth, &booking, &[]);
        self.known.insert("theory", reference);
        self.call("shiptheory", "GET /v1/shipments/<theory>", auth, &Value::Null, &[]);
    }

    fn shiptime(&mut self) {
        let (name, password) = (self.credential("shiptime", "username"), self.credential("shiptime", "password"));
        let auth = format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{name}:{password}")));
        let side = |street: &str, city: &str, zip: &str| json!({"companyName": "Example", "attention": "Sam", "phone": "416 555 0100", "state": "ON", "streetAddress": street, "city": city, "countryCode": "CA", "postalCode": zip});
        let lines = json!([{"length": 10, "width": 10, "height": 10, "weight": 2, "declaredValue": {"currency": "CAD", "amount": 12568}}]);
        let request = json!({
            "from": side("1 Example Street", "Mississauga", "L5V2N1"), "to": side("2 Example Street", "Toronto", "M5S2C6"),
            "packageType": "PACKAGE", "lineItems": lines, "unitOfMeasurement": "IMPERIAL", "shipDate": "<today>",
        });
        self.call("shiptime", "POST /rest/rates/", &auth, &request, &[("quote", "/availableRates/0/quoteId")]);
        self.call(
            "shiptime",
            "POST /rest/shipments/",
            &auth,
            &json!({"quoteId": "<quote>"}),
            &[("time", "/shipId"), ("timed", "/trackingNumbers/0")],
        );
        self.call("shiptime", "GET /rest/shipments/<time>", &auth, &Value::Null, &[]);
        self.call("shiptime", "GET /rest/track/<timed>", &auth, &Value::Null, &[]);
        self.call("shiptime", "DELETE /rest/shipments/<time>", &auth, &Value::Null, &[]);
    }

    fn shipstation(&mut self) {
        let (key, secret) = (self.credential("shipstation", "key"), self.credential("shipstation", "secret"));
        let auth = format!("authorization: Basic {}\r\n", STANDARD.encode(format!("{key}:{secret}")));
        let to = json!({"name": "Ada Sample", "street1": "1 Sample Street", "city": "Austin", "state": "TX", "postalCode": "78701", "country": "US"});
        let quote = json!({"carrierCode": "stamps_com", "fromPostalCode": "94117", "toCountry": "US", "toPostalCode": "10020", "weight": {"value": 16, "units": "ounces"}});
        self.call("shipstation", "POST /shipments/getrates", &auth, &quote, &[]);
        let order = json!({"orderNumber": "B-1", "orderDate": "2026-01-03T08:00:00", "orderStatus": "awaiting_shipment", "billTo": {"name": "Ada"}, "shipTo": to});
        self.call("shipstation", "POST /orders/createorder", &auth, &order, &[("order", "/orderId")]);
        let label = json!({"carrierCode": "stamps_com", "serviceCode": "usps_priority_mail", "packageCode": "package", "confirmation": "none", "shipDate": "<today>", "weight": {"value": 16, "units": "ounces"}, "testLabel": false});
        let (mut ordered, mut loose) = (label.clone(), label);
        ordered["orderId"] = "<order>".into();
        loose["shipFrom"] = to.clone();
        loose["shipTo"] = to;
        self.call("shipstation", "POST /orders/createlabelfororder", &auth, &ordered, &[("station", "/shipmentId")]);
        self.call("shipstation", "POST /shipments/createlabel", &auth, &loose, &[]);
        self.call("shipstation", "GET /orders/<order>", &auth, &Value::Null, &[]);
        self.call("shipstation", "GET /shipments", &auth, &Value::Null, &[]);
        self.call("shipstation", "POST /shipments/voidlabel", &auth, &json!({"shipmentId": "<station>"}), &[]);
        let auth = format!("api-key: {}\r\n", self.credential("shipstation", "api_key"));
        let side = |name: &str| json!({"name": name, "phone": "555-010-0199", "address_line1": "123 Example St", "city_locality": "Vista", "state_province": "CA", "postal_code": "92081", "country_code": "US"});
        let packages = json!([{"weight": {"value": 16, "unit": "ounce"}}]);
        let shipment = json!({"carrier_id": "se-128005", "service_code": "usps_ground_advantage", "ship_to": side("Ada"), "ship_from": side("Sam"), "packages": packages});
        self.call(
            "shipstation",
            "POST /v2/rates",
            &auth,
            &json!({"rate_options": {"carrier_ids": ["se-128005"]}, "shipment": shipment}),
            &[("quoted", "/rate_response/rates/0/rate_id")],
        );
        self.call(
            "shipstation",
            "POST /v2/shipments",
            &auth,
            &json!({"shipments": [shipment]}),
            &[("planned", "/shipments/0/shipment_id")],
        );
        let plain = json!({"label_format": "pdf"});
        self.call("shipstation", "POST /v2/labels/rates/<quoted>", &auth, &plain, &[]);
        self.call("shipstation", "POST /v2/labels/shipment/<planned>", &auth, &plain, &[]);
        self.call("shipstation", "POST /v2/labels", &auth, &json!({"shipment": shipment}), &[("two", "/label_id")]);
        self.call("shipstation", "GET /v2/labels/<two>", &auth, &Value::Null, &[]);
        self.call("shipstation", "GET /v2/labels/<two>/track", &auth, &Value::Null, &[]);
        self.call("shipstation", "PUT /v2/labels/<two>/void", &auth, &Value::Null, &[]);
    }
}

/// A number that no call has used yet.
fn unused() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What comes before the connection ends or patience does.
fn exchange(address: &str, request: &[u8]) -> String {
    let mut came = Vec::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        let mut piece = [0; 64 * 1024];
        let _ = stream.set_read_timeout(Some(PATIENCE));
        let _ = stream.write_all(request);
        // An answer that drips comes in more pieces.
        for _ in 0..50 {
            match stream.read(&mut piece) {
                Ok(count) if count > 0 => came.extend_from_slice(&piece[..count]),
                _ => break,
            }
        }
    }
    String::from_utf8_lossy(&came).into_owned()
}

/// What a scenario does not do on any day, and which of its patches miss their place; nothing if it does all that it says.
fn idle(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("a scenario");
    let sandbox = Sandbox::setup().scenario(&text).frozen_at("2026-01-05T09:00:00Z").start_blocking();
    let mut customer = Customer { sandbox: &sandbox, known: BTreeMap::new() };
    let mut idle = Vec::new();
    for _ in 0..DAYS {
        let today = sandbox.block_on(sandbox.clock().now()).to_string();
        customer.known.insert("today", today[..10].to_owned());
        customer.day();
        idle = sandbox.block_on(sandbox.verify(json!([]))).unused.iter().map(ToString::to_string).collect();
        if idle.is_empty() {
            break;
        }
        sandbox.block_on(sandbox.clock().advance("24h"));
    }
    let missed = sandbox.block_on(sandbox.calls("note=patch-missed&status=2xx"));
    idle.extend(missed.iter().map(|call| format!("a patch of `{}` misses its place", call.operation.as_deref().unwrap_or_default())));
    sandbox.block_on(sandbox.clock().advance("480h"));
    idle
}

#[test]
fn every_scenario_does_what_it_says() {
    let files = files();
    assert!(files.len() >= 60, "there are {} scenarios", files.len());
    // They wait for answers that never come, and for few at once, so that nobody's patience ends for want of a processor.
    let workers = 4 * thread::available_parallelism().map_or(1, usize::from);
    let next = Mutex::new(files.iter());
    let work = || {
        let mut problems = Vec::new();
        loop {
            let Some(path) = next.lock().expect("nobody panics with it").next() else { return problems };
            problems.extend(idle(path).into_iter().map(|problem| format!("{}: {problem}", path.display())));
        }
    };
    let problems: Vec<String> = thread::scope(|scope| {
        let workers = (0..workers).map(|_| scope.spawn(work)).collect::<Vec<_>>();
        workers.into_iter().flat_map(|worker| worker.join().expect("no scenario panics")).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_scenario_tells_a_story() {
    for path in files() {
        let text = fs::read_to_string(&path).expect("a scenario");
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        assert!(text.lines().any(|line| line.starts_with("description: ")), "{stem} has no description");
        assert!(text.starts_with("# "), "{stem} has no comment on the story that it tells");
        assert!(text.contains(&format!("{stem}\n")), "{stem} is not its name");
    }
}

/// What a scenario says apart from its head, as a set of lines without the names of vendors and without numbers: an operation is its
/// method.
fn essence(text: &str, methods: &BTreeMap<String, String>) -> BTreeSet<String> {
    let head = ["#", "name:", "description:", "apiVersion:", "kind:"];
    let lines = text.lines().filter(|line| !head.iter().any(|start| line.trim_start().starts_with(start)));
    let word = |word: &str| match methods.get(word) {
        Some(method) => method.clone(),
        None => word.split_once('.').filter(|(vendor, _)| VENDORS.contains(vendor)).map_or(word, |(_, rest)| rest).to_owned(),
    };
    let essence = |line: &str| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-*".contains(letter);
        let words = line.split_inclusive(|letter| !is_part(letter)).map(|part| {
            let end = part.trim_end_matches(|letter| !is_part(letter)).len();
            word(&part[..end]) + &part[end..]
        });
        words.collect::<String>().chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>()
    };
    lines.map(essence).collect()
}

const VENDORS: [&str; 7] = ["shippo", "shiptheory", "shipmate", "shipmate_v1_2", "shiptime", "shipstation_v1", "shipstation_v2"];

#[test]
fn no_two_scenarios_differ_in_vendor_or_number_alone() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let operations = machine.vendors().loaded().iter().flat_map(|loaded| loaded.catalog().operations());
    let methods = operations.map(|operation| (operation.name.to_string(), operation.method.to_string())).collect();
    let mut seen = BTreeMap::new();
    for path in files() {
        let text = fs::read_to_string(&path).expect("a scenario");
        let other = seen.insert(essence(&text, &methods), path.clone());
        assert_eq!(other, None, "{} differs from it in vendor or number alone", path.display());
    }
    let of = |text: &str| essence(text, &methods);
    assert_eq!(of("- {on: shippo.GetTrack, fault: 500}"), of("name: b\n- {on: shiptime.track-get, fault: 401}"));
    assert_ne!(of("- {on: shippo.GetTrack, fault: 500}"), of("- {on: shippo.CreateTransaction, fault: 500}"));
}
