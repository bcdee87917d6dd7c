//! The machine by itself, with a vendor made up for the purpose: refusals and panics leave nothing behind, tasks happen in
//! order, sandboxes do not see each other.

use std::sync::Arc;

use http::{Method, StatusCode};
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::engine::{
    Answer, Conform, Cx, DialectCx, Identity, Later, Machine, Operations, Options, Outcome, Pace, PathStyle, Refusal, Reply, Start, Unread,
    Vendor, credentials,
};
use seatrial::vendors;
use seatrial::world::{Kind, Mode, Task};
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{self, dialect, document, request, start, vendor};

const THING: Kind = Kind::new("thing");

/// The paths of Acme's document.
pub(crate) fn paths() -> Value {
    let answer = |schema: Value| json!({"description": "d", "content": {"application/json": {"schema": schema}}});
    json!({
        "/things": {
            "get": {"operationId": "listThings", "responses": {"200": answer(json!({"type": "array", "items": {"type": "string"}}))}},
            "post": {
                "operationId": "createThing",
                "requestBody": {"required": true, "content": {"application/json": {"schema": {
                    "type": "object", "required": ["name"],
                    "properties": {"name": {"type": "string", "minLength": 1}, "then": {"type": "string"}},
                }}}},
                "responses": {"201": answer(json!({"type": "string"})), "default": {"description": "no"}},
            },
        },
        "/colors": {"get": {"operationId": "listColors", "responses": {"200": answer(json!({
            "type": "array", "minItems": 2, "items": {"type": "object", "required": ["id", "name", "made"], "properties": {
                "id": {"type": "string"}, "name": {"type": "string"}, "shade": {"type": "integer", "minimum": 1, "maximum": 9},
                "kind": {"type": "string", "enum": ["warm", "cold"]}, "made": {"type": "string", "format": "date-time"},
            }},
        }))}}},
    })
}

pub(crate) fn acme() -> Vendor {
    Vendor {
        hosts: vec!["api.acme.example".into()],
        path_style: PathStyle { trailing_slash: true, doubled_slashes: true, case_insensitive: false, blanks: false },
        operations: Box::new(operations),
        credentials: |sandbox, _| credentials(&[("default", &[("key", if sandbox == "default" { "default-key" } else { sandbox })])]),
        identify: Box::new(|request| request.header("x-key").map(|key| Identity::Credential(key.into()))),
        authenticate: |request| request.require(&[("key", request.call.request.header("x-key").unwrap_or_default())]),
        dialect: dialect(refuse),
        due,
        ..vendor("acme", &document(paths()))
    }
}

fn operations(rows: &mut Operations) {
    rows.on("listThings", list).on("createThing", create);
}

fn list(cx: &mut Cx<'_>) -> Outcome {
    let names: Vec<String> = cx.docs.list(THING).collect();
    Ok(Reply::ok(names))
}

fn create(cx: &mut Cx<'_>) -> Outcome {
    let name = cx.call.body["name"].as_str().unwrap_or_default().to_owned();
    cx.docs.put(THING, &name, &name);
    cx.schedule_in(SignedDuration::from_hours(1), "echo", &name, 1);
    match cx.call.body["then"].as_str() {
        Some("refuse") => Err(Refusal::missing(THING, name)),
        Some("panic") => panic!("asked to"),
        _ => Ok(Reply::created(name)),
    }
}

fn due(cx: &mut Cx<'_>, task: &Task) {
    assert!(!task.subject.starts_with("bomb"), "a task that fails");
    let name = format!("{}+{}", task.subject, task.step);
    cx.docs.put(THING, &name, &name);
    if task.step < 3 {
        cx.schedule_in(SignedDuration::from_hours(1), "echo", &task.subject, task.step + 1);
    }
}

fn refuse(refusal: &Refusal, _: &DialectCx<'_>) -> Reply {
    let (status, word) = match refusal {
        Refusal::Unauthenticated(_) => (401, "who"),
        Refusal::UnknownPath { .. } => (404, "where"),
        Refusal::Missing { .. } => (404, "what"),
        Refusal::WrongMethod(_) => (405, "how"),
        Refusal::Malformed { .. } | Refusal::Invalid(_) => (400, "eh"),
        Refusal::Broken => (500, "oops"),
        _ => (418, "hm"),
    };
    Reply::json(StatusCode::from_u16(status).expect("a status"), json!({ "no": word }))
}

fn machine() -> Machine {
    made_up::machine([acme()], Options { conform: Conform::All, ..Options::default() })
}

fn call(machine: &Machine, method: Method, path: &str, key: &str, body: &str) -> Answer {
    machine.handle(&request(method, path, &[("x-key", key), ("content-type", "application/json")], body), start())
}

fn create_thing(machine: &Machine, body: &str) -> (u16, String) {
    let answer = call(machine, Method::POST, "/acme/things", "default-key", body);
    (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
}

fn things(machine: &Machine, path: &str, key: &str) -> String {
    String::from_utf8_lossy(&call(machine, Method::GET, path, key, "").body).into_owned()
}

#[test]
fn what_refuses_or_panics_leaves_nothing_behind() {
    let machine = machine();
    assert_eq!(create_thing(&machine, r#"{"name": "a"}"#), (201, r#""a""#.to_owned()));
    assert_eq!(create_thing(&machine, r#"{"name": "b", "then": "refuse"}"#), (404, r#"{"no":"what"}"#.to_owned()));
    assert_eq!(create_thing(&machine, r#"{"name": "c", "then": "panic"}"#), (500, r#"{"no":"oops"}"#.to_owned()));
    assert_eq!(things(&machine, "/acme/things", "default-key"), r#"["a"]"#);
    assert_eq!(machine.default_sandbox().lock().world.agenda().len(), 1);
    let journal = machine.default_sandbox().journal();
    assert!(journal.iter().any(|entry| entry.notes.iter().any(|note| note.to_string() == "sandbox-broken: asked to")));
}

#[test]
fn what_is_not_answered_for_want_of_the_database_is_refused_in_the_vendors_words_and_changes_nothing() {
    let machine = machine();
    assert_eq!(create_thing(&machine, r#"{"name": "a", "then": "later"}"#).0, 201);
    let before = (machine.default_sandbox().lock().world.bytes(), machine.default_sandbox().journal().iter().count());
    let call = request(Method::POST, "/acme/things", &[("x-key", "default-key")], r#"{"name": "b"}"#);
    let away = Unread::new(StatusCode::SERVICE_UNAVAILABLE, "it is away");
    let later = start() + SignedDuration::from_hours(24 * 365);
    let answer = machine.refuse(&call, &away, later, &|| true).expect("there is time");
    assert_eq!((answer.status.as_u16(), &*answer.body), (418, &br#"{"no":"hm"}"#[..]));
    let notes = answer.headers.get("seatrial-notes").and_then(|notes| notes.to_str().ok()).unwrap_or_default();
    assert!(notes.contains("ledger-away"), "{notes}");
    // The next call has the number that this one would have had.
    assert_eq!((answer.headers.get("seatrial-request"), answer.entry.as_ref().map(|entry| &*entry.id)), (None, Some("")));
    let after = (machine.default_sandbox().lock().world.bytes(), machine.default_sandbox().journal().iter().count());
    assert_eq!(after, before, "nothing is stored, done or told");
}

#[test]
fn what_departs_from_the_document_never_reaches_a_rule() {
    let machine = machine();
    for body in ["{}", r#"{"name": ""}"#, r#"{"name": 1}"#, "[]", "null", "", "{", r#"{"name": "a"} x"#] {
        assert_eq!(create_thing(&machine, body), (400, r#"{"no":"eh"}"#.to_owned()), "{body}");
    }
    let depth = "[".repeat(100_000);
    assert_eq!(create_thing(&machine, &depth).0, 400);
    assert_eq!(things(&machine, "/acme/things", "default-key"), "[]");
}

#[test]
fn paths_methods_and_hosts_lead_where_they_should() {
    let machine = machine();
    let status = |method: Method, path: &str, key: &str| call(&machine, method, path, key, "").status.as_u16();
    assert_eq!(status(Method::GET, "/acme/things/", "default-key"), 200);
    assert_eq!(status(Method::GET, "/acme//things", "default-key"), 200);
    assert_eq!(status(Method::HEAD, "/acme/things", "default-key"), 200);
    assert_eq!(status(Method::PUT, "/acme/things", "default-key"), 405);
    assert_eq!(status(Method::GET, "/acme/nothing", "default-key"), 404);
    assert_eq!(status(Method::GET, "/acme", "default-key"), 404);
    assert_eq!(status(Method::GET, "/acme/things", "wrong"), 401);
    assert_eq!(status(Method::GET, "/nobody/things", "default-key"), 404);
    assert_eq!(status(Method::GET, "/@nowhere/acme/things", "default-key"), 404);
}

#[test]
fn tasks_happen_in_order_and_one_that_fails_harms_no_other() {
    let machine = machine();
    create_thing(&machine, r#"{"name": "bomb"}"#);
    create_thing(&machine, r#"{"name": "a"}"#);
    let sandbox = Arc::clone(machine.default_sandbox());
    let (now, fired) = advance(&machine, &sandbox, time::shift(start(), SignedDuration::from_hours(2)), start());
    assert_eq!((now.to_string().as_str(), fired), ("2026-01-05T11:00:00Z", 3));
    assert_eq!(things(&machine, "/acme/things", "default-key"), r#"["bomb","a","a+1","a+2"]"#);
}

#[test]
fn many_steps_come_to_the_same_as_one() {
    let run = |hours: &[i64]| {
        let machine = machine();
        create_thing(&machine, r#"{"name": "a"}"#);
        let sandbox = Arc::clone(machine.default_sandbox());
        let mut now = start();
        let fired: u64 = hours
            .iter()
            .map(|hours| {
                now = time::shift(now, SignedDuration::from_hours(*hours));
                advance(&machine, &sandbox, now, start()).1
            })
            .sum();
        (fired, things(&machine, "/acme/things", "default-key"))
    };
    assert_eq!(run(&[5]), run(&[1, 1, 0, 3]));
}

#[test]
fn sandboxes_are_found_by_prefix_and_by_credential_and_reset_alone() {
    let machine = machine();
    let staged = machine.stage("mine", Start::plain(start()), None);
    let mine = machine.open(staged).unwrap_or_else(|error| panic!("{error:?}"));
    create_thing(&machine, r#"{"name": "theirs"}"#);
    assert_eq!(call(&machine, Method::POST, "/acme/things", "mine", r#"{"name": "own"}"#).status, StatusCode::CREATED);
    assert_eq!(things(&machine, "/acme/things", "mine"), r#"["own"]"#);
    assert_eq!(things(&machine, "/@mine/acme/things", "mine"), r#"["own"]"#);
    assert_eq!(things(&machine, "/@mine/acme/things", "default-key"), r#"{"no":"who"}"#);
    mine.reset();
    assert_eq!(things(&machine, "/acme/things", "mine"), "[]");
    assert_eq!(things(&machine, "/acme/things", "default-key"), r#"["theirs"]"#);
    assert!(machine.remove("mine") && !machine.remove("mine") && !machine.remove("default"));
    assert_eq!(things(&machine, "/acme/things", "mine"), r#"{"no":"who"}"#);
}

#[test]
fn an_operation_without_a_row_is_answered_from_the_document_and_says_so() {
    let machine = machine();
    let answer = call(&machine, Method::GET, "/acme/colors", "default-key", "");
    assert_eq!(
        (answer.status, answer.headers.get("seatrial-notes").and_then(|notes| notes.to_str().ok())),
        (StatusCode::OK, Some("sample"))
    );
    let colors: Vec<Value> = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((colors.len(), &colors[0]["made"]), (2, &json!("2026-01-05T09:00:00Z")));
    assert_eq!(
        machine.vendors().coverage().first().map(|row| (row.rows, row.samples, row.gaps.clone())),
        Some((2, 1, vec!["acme.listColors".to_owned()]))
    );
    assert_eq!(answer.body, call(&self::machine(), Method::GET, "/acme/colors", "default-key", "").body);
}

/// Whoever serves many callers at once leaves the drawing of files to others, before the sandbox is locked.
#[test]
fn files_are_answered_by_those_who_draw() {
    let machine = Machine::new(vendors::all(), Options::default(), Start::plain(start()));
    let is_answered_to = |method: Method, path: &str, body: &str, draws: bool| {
        let request = request(method, path, &[], body);
        machine.attempt(&request, None, start(), &|| true, if draws { Pace::Slice } else { Pace::Moment }).is_ok()
    };
    let is_answered = |path: &str, draws: bool| is_answered_to(Method::GET, path, "", draws);
    let (files, others) = (
        [
            "/shippo/deliver/a.pdf",
            "/shippo/deliver/a.png",
            "/shipstation/v2/downloads/10/a/label-1.pdf",
            "/shiptime/rest/shipments/1/label",
            // As base64 in JSON.
            "/shiptheory/v1/shipments/a",
            "/shipstation/v2/labels/se-1",
        ],
        ["/shippo/addresses", "/shipstation/v2/labels", "/shiptime/rest/carriers", "/shiptheory/v1/services"],
    );
    for path in files {
        assert!(!is_answered(path, false) && is_answered(path, true), "{path}");
    }
    for path in others {
        assert!(is_answered(path, false), "{path}");
    }
    // Few parcels are soon drawn.
    for (length, at_once) in [(1_000, true), (1_100, false)] {
        assert_eq!(is_answered_to(Method::POST, "/shipmate/v1.1/consignments", &" ".repeat(length), false), at_once, "{length}");
    }
}

/// Whoever serves many callers at once gives up what takes long, and nothing is left of it.
#[test]
fn what_takes_long_is_given_up_without_a_trace() {
    let machine = machine();
    let attempt = |method: Method, body: &str, hours: i64, pace: Pace, has_time: bool| {
        let request = request(method, "/acme/things", &[("x-key", "default-key"), ("content-type", "application/json")], body);
        let answer = machine.attempt(&request, None, start() + SignedDuration::from_hours(hours), &|| has_time, pace)?;
        let id = answer.headers.get("seatrial-request").and_then(|id| id.to_str().ok()).unwrap_or_default();
        Ok::<_, Later>((answer.status.as_u16(), id.rsplit('-').next().unwrap_or_default().to_owned()))
    };
    let numbered = |status: u16, number: u32| Ok((status, number.to_string()));
    for number in 0..3_u32 {
        let body = format!(r#"{{"name": "{number}{}"}}"#, "x".repeat(100_000));
        assert_eq!(attempt(Method::POST, &body, 0, Pace::Moment, true), numbered(201, number + 1));
    }
    assert_eq!(attempt(Method::GET, "", 0, Pace::Moment, true), Err(Later::Long));
    assert_eq!(attempt(Method::GET, "", 0, Pace::Slice, true), Err(Later::Long));
    assert_eq!(attempt(Method::GET, "", 0, Pace::Whole, true), numbered(200, 4));
    assert_eq!(attempt(Method::POST, r#"{"name": "a"}"#, 0, Pace::Moment, true), numbered(201, 5), "what reads nothing takes no time");

    let locked = machine.default_sandbox().lock();
    for pace in [Pace::Moment, Pace::Slice] {
        assert_eq!(attempt(Method::POST, r#"{"name": "b"}"#, 0, pace, false), Err(Later::Busy));
    }
    drop(locked);
    assert_eq!(attempt(Method::POST, r#"{"name": "b"}"#, 0, Pace::Moment, true), numbered(201, 6));

    machine.default_sandbox().lock().world.set_mode(Mode::Realtime, start());
    // A vendor's own tasks may take long.
    assert_eq!(attempt(Method::POST, r#"{"name": "c"}"#, 2, Pace::Moment, true), Err(Later::Busy));
    assert_eq!(attempt(Method::POST, r#"{"name": "c"}"#, 2, Pace::Slice, true), numbered(201, 7));
    assert_eq!(attempt(Method::POST, r#"{"name": "d"}"#, 2, Pace::Moment, true), numbered(201, 8));
}

#[test]
fn a_file_in_json_has_what_stands_beside_it() {
    use base64::Engine as _;
    let machine = Machine::new(vendors::all(), Options::default(), Start::plain(start()));
    let address = json!({
        "name": "Ada", "phone": "555-010-0199", "address_line1": "1 Example St", "city_locality": "Vista", "state_province": "CA",
        "postal_code": "92081", "country_code": "US",
    });
    let package =
        |pounds: u32| json!({"weight": {"value": pounds, "unit": "pound"}, "label_messages": {"reference1": format!("P{pounds}")}});
    let shipment = json!({
        "carrier_id": "se-128012", "service_code": "ups_ground", "ship_to": address, "ship_from": address,
        "packages": [package(1), package(2), package(3)],
    });
    let body = json!({"shipment": shipment, "label_format": "zpl", "label_download_type": "inline"}).to_string();
    let headers = [("api-key", "seatrial-live"), ("content-type", "application/json")];
    let answer = machine.handle(&request(Method::POST, "/shipstation/v2/labels", &headers, &body), start());
    let label: Value = serde_json::from_slice(&answer.body).expect("JSON");
    let file = |row: &Value| {
        let href = row["label_download"]["href"].as_str().unwrap_or_else(|| panic!("no file in {row}"));
        let encoded = href.strip_prefix("data:application/zpl;base64,").expect("an address that has the file in it");
        let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
        String::from_utf8(bytes).expect("a program is text")
    };
    let references = |file: &str| ["P1", "P2", "P3"].map(|reference| file.contains(reference));
    assert_eq!(references(&file(&label)), [true; 3]);
    for (index, package) in label["packages"].as_array().expect("packages").iter().enumerate() {
        assert_eq!(references(&file(package)), [0, 1, 2].map(|other| other == index));
    }
}
