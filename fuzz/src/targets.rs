//! The targets: functions that take any bytes, and panic when something is wrong.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use seatrial::contract::{self, PactFile};
use seatrial::engine::{Conform, Machine, Options, Request, Start, Vendor};
use seatrial::persist::{Contents, Recorded, RecordedJournal, SandboxFile};
use seatrial::scenario::openapi;
use seatrial::scenario::run::MachineVocabulary;
use seatrial::{scenario, server, vendors};

/// A target with its name and seeds, from which inputs are made.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub const TARGETS: [Target; 10] = [
    Target { name: "request", run: request, seeds: || texts(&REQUESTS) },
    Target { name: "form", run: form, seeds: || texts(&FORMS) },
    Target { name: "multipart", run: multipart, seeds: || texts(&PARTS) },
    Target { name: "shippo_json", run: shippo_json, seeds: || texts(&JSON) },
    Target { name: "shiptime_json", run: shiptime_json, seeds: || texts(&JSON) },
    Target { name: "scenario", run: scenario, seeds: || texts(&SCENARIOS) },
    Target { name: "conversation", run: conversation, seeds: || texts(&CONVERSATIONS) },
    Target { name: "import", run: import, seeds: exported },
    Target { name: "calls", run: calls, seeds: || texts(&CALLS) },
    Target { name: "document", run: document, seeds: || texts(&DOCUMENTS) },
];

const REQUESTS: [&str; 5] = [
    "POST /shippo/addresses/\nauthorization: ShippoToken shippo_test_seatrial\ncontent-type: application/json\n\n{\"country\": \"US\"}",
    "GET /shippo/tracks/shippo/SHIPPO_TRANSIT?x=%C3%A9\nauthorization: ShippoToken shippo_test_seatrial\n\n",
    "GET /shipmate/v1.1/services\nx-shipmate-api-key: sm_test_12345abcde-1234-5678-90ab-abcdef0123456\nx-shipmate-token: 3674eb125fe777d8c152fe52f35e78f2\n\n",
    "GET /shiptheory/v1/products?sort=sku&direction=desc&limit=25\nauthorization: Bearer AasLK190ALhaLDSj1nal92Ja...\n\n",
    "POST /shiptime/oauth2/token\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=client_credentials&client_id=seatrial&client_secret=seatrial-secret",
];
const FORMS: [&str; 2] =
    ["name=Ada+Sample&street1=1%20Sample%20Street&country=US&zip=94117", "parcels[0][length]=5&parcels[0][weight]=2&metadata="];
const PARTS: [&str; 2] = [
    "--cut\r\ncontent-disposition: form-data; name=\"consignment_reference\"\r\n\r\nA1\r\n--cut--\r\n",
    "--cut\r\ncontent-disposition: form-data; name=\"to_address[name]\"\r\ncontent-type: text/plain; charset=utf-8\r\n\r\nAda\r\n--cut\r\n\r\n\r\n--cut--",
];
const JSON: [&str; 4] = [
    r#"{"from": {"companyName": "Sample", "countryCode": "CA", "postalCode": "M5V2T6"}, "lineItems": [{"length": 1.5, "weight": -2e3}]}"#,
    r#"{"name": "A\u00e9\ud83e\udd80\"", "is_residential": null, "test": true, "extra": {}}"#,
    r#"{"a": NaN, "b": Infinity, "c": 01, 'd': .5}"#,
    "[1, 2, \"x\ty\", {\"a\": [], }] // end",
];
const SCENARIOS: [&str; 3] = [
    "seed: 7\nclock: {start: 2026-01-05T09:00:00Z, mode: frozen}\naccounts: {shippo: [{token: abc, mode: test}]}\n",
    "overrides:\n  - on: shippo.CreateShipment\n    when: $request.body.async == false and $call.nth in [1, 2]\n    respond: {status: 500, body: {detail: '{{ $request.path }}'}}\n    times: 1..2\n",
    "timelines:\n  - for: {vendor: shippo, when: $parcel.to.country == 'US'}\n    steps: [{at: +2h, status: transit, location: {city: Bath}}]\nexpect:\n  - call: shippo.GetTrack\n    count: 1..\n",
];
const CONVERSATIONS: [&str; 2] = [
    "about: x\nheaders: {Authorization: a}\nsteps:\n  - call: POST /parcels\n    json: {length: '5', id: '{{id}}'}\n    expect: {status: 201, has: {id: ~hex32, n: ~/^[0-9]+$/}}\n    save: {id: object_id}\n  - advance: 2h\n",
    "scenario: {rate_limits: vendor}\nsteps:\n  - subscribe: {events: ['*'], format: json}\n  - receives:\n      - {event: x, hmac: {header: h, secret: s, value: 't={t},v1={digest}', over: '{t}.{body}'}}\n",
];

const CALLS: [&str; 5] = [
    include_str!("../corpus/calls/har"),
    include_str!("../corpus/calls/postman"),
    include_str!("../corpus/calls/curl"),
    include_str!("../corpus/calls/journal"),
    include_str!("../corpus/calls/pact"),
];

const DOCUMENTS: [&str; 2] = [include_str!("../corpus/document/things"), include_str!("../corpus/document/swagger")];

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

static MACHINE: LazyLock<Machine> = LazyLock::new(machine);

/// Files are only looked at in it.
static VIEWED: LazyLock<Machine> = LazyLock::new(machine);

fn machine() -> Machine {
    let options = Options { conform: Conform::Off, ..Options::default() };
    Machine::new(vendors::all(), options, Start::plain(wall()))
}

fn wall() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// A whole request: a line with method and target, headers, an empty line and a body.
pub fn request(data: &[u8]) {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((data, &[][..]), |end| (&data[..end], &data[end + 2..]));
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split('\n');
    let (method, target) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or(("GET", "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    answer(method.parse().unwrap_or(Method::GET), path, query, headers, body);
}

/// A form where Shippo takes one.
pub fn form(data: &[u8]) {
    post("/shippo/addresses/", "application/x-www-form-urlencoded", data);
}

/// A form in parts where Shipmate takes one.
pub fn multipart(data: &[u8]) {
    post("/shipmate/v1.1/consignments", "multipart/form-data; boundary=cut", data);
}

/// JSON as Shippo's Python reads it.
pub fn shippo_json(data: &[u8]) {
    post("/shippo/addresses/", "application/json", data);
}

/// JSON as ShipTime's Jackson reads it.
pub fn shiptime_json(data: &[u8]) {
    post("/shiptime/rest/rates", "application/json", data);
}

/// A scenario file.
pub fn scenario(data: &[u8]) {
    if let Err(problems) = scenario::load_bytes(data, "fuzzed", &MachineVocabulary(&MACHINE)) {
        assert!(!problems.is_empty());
        problems.iter().for_each(|problem| drop(problem.to_string()));
    }
}

/// A conversation file.
pub fn conversation(data: &[u8]) {
    if let Err(problems) = scenario::load_conversation(&String::from_utf8_lossy(data), "fuzzed", &MachineVocabulary(&MACHINE)) {
        assert!(!problems.is_empty());
        problems.iter().for_each(|problem| drop(problem.to_string()));
    }
}

/// Calls that other tools keep, and the conversation that is made of them.
pub fn calls(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for vendor in [None, Some("shippo")] {
        let Ok(imported) = contract::import(&MACHINE, &text, vendor) else { continue };
        conversation(imported.text.as_bytes());
    }
    drop(contract::read_saved(&MACHINE, "fuzzed", &text));
    drop(PactFile::read(&text));
}

/// A document that becomes a vendor, which answers its operations.
pub fn document(data: &[u8]) {
    let read = openapi::document(data, "fuzzed");
    let json = match read {
        Ok(read) => read.json,
        Err(problems) => return problems.iter().for_each(|problem| drop(problem.to_string())),
    };
    let Ok(vendor) = Vendor::from_document("fuzzed", "fuzzed", String::from_utf8_lossy(data).into_owned(), &json) else { return };
    let machine = Machine::new(vec![vendor], Options { conform: Conform::Off, ..Options::default() }, Start::plain(wall()));
    let operations = machine.vendors().loaded().iter().flat_map(|loaded| loaded.catalog().operations());
    let targets: Vec<_> = operations.map(|row| (row.method.clone(), format!("/fuzzed{}", row.path))).take(4).collect();
    for (method, path) in targets {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        ask(&machine, method, &path, "", headers, br#"{"name": "Ada", "id": 1}"#);
    }
}

/// The file of a sandbox: what is read can be written, and then reads the same. What it says can be looked at, and goes on.
pub fn import(data: &[u8]) {
    let names: Vec<_> = MACHINE.vendors().all().iter().flat_map(|vendor| [vendor.id.clone(), vendor.mount.clone()]).collect();
    let read = |data: &[u8]| SandboxFile::parse(data).ok()?.read(&names, wall(), usize::MAX).ok();
    if let Some(contents) = read(data) {
        let written = write(&contents);
        let again = read(&written).expect("a file that was written can be read");
        assert!(write(&again) == written, "a sandbox changes by being written and read");
    }
    if server::import(&MACHINE, "fuzzed", data).is_ok() {
        let sandbox = MACHINE.sandbox("fuzzed").expect("it was made");
        let steps = AtomicU32::new(0);
        let later = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
        MACHINE.settle(&sandbox, later, &|| steps.fetch_add(1, Ordering::Relaxed) < 50);
        drop((sandbox.parcels(), sandbox.deliveries()));
        sandbox.reset();
    }
    drop(server::record(&VIEWED, data));
}

fn exported() -> Vec<Vec<u8>> {
    texts(&JSON).iter().for_each(|body| shippo_json(body));
    let state = MACHINE.default_sandbox().lock().clone();
    let (world, given) = (state.world, state.scenario_mounts);
    let contents = Contents { world, scenario: String::new(), given, seeded: false, faults: Vec::new() };
    vec![write(&contents), with_past(&contents)]
}

/// The file of a parcel that is on its way, with the call that booked it.
fn with_past(contents: &Contents) -> Vec<u8> {
    post("/shippo/tracks/", "application/json", br#"{"carrier": "shippo", "tracking_number": "SHIPPO_TRANSIT"}"#);
    let journal = MACHINE.default_sandbox().journal();
    let entries = journal.iter().map(Arc::clone).collect();
    let journal = RecordedJournal { sandbox: "default".into(), written: 1, dropped: 0, entries };
    let mut file = Vec::new();
    contents.write_with(&Recorded { journal: Some(journal), log: Some(Vec::new()) }, wall(), &mut file).expect("documents are JSON");
    file
}

fn write(contents: &Contents) -> Vec<u8> {
    contents.to_bytes(wall()).expect("documents are JSON")
}

fn post(path: &str, content_type: &'static str, body: &[u8]) {
    const HEADERS: [(&str, &str); 2] = [
        ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"),
        ("x-shipmate-token", "3674eb125fe777d8c152fe52f35e78f2"),
    ];
    let mut headers: HeaderMap =
        HEADERS.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    let credential = if path.starts_with("/shippo") { "ShippoToken shippo_test_seatrial" } else { "Basic c2FuZGJveDpzYW5kYm94" };
    headers.insert("authorization", HeaderValue::from_static(credential));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer(Method::POST, path, "", headers, body);
}

/// Has a request answered in a sandbox as it is when it begins.
fn answer(method: Method, path: &str, query: &str, headers: HeaderMap, body: &[u8]) {
    ask(&MACHINE, method, path, query, headers, body);
    MACHINE.default_sandbox().reset();
}

fn ask(machine: &Machine, method: Method, path: &str, query: &str, headers: HeaderMap, body: &[u8]) {
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let (path, query, body) = (path.to_owned(), query.to_owned(), Bytes::copy_from_slice(body));
    let answer = machine.handle(
        &Request { method, path, query, headers, body, peer, mount: None, version: http::Version::HTTP_11, is_secure: false },
        wall(),
    );
    let notes = answer.headers.get("seatrial-notes").and_then(|notes| notes.to_str().ok()).unwrap_or_default();
    assert!(!notes.contains("sandbox-broken"), "the vendor's code panicked: {}", String::from_utf8_lossy(&answer.body));
}
