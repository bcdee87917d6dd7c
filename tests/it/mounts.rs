//! Several vendors on one mount, and the paths that lead to each: two vendors made up for the purpose, the older one careless
//! about letter case.

use http::{HeaderValue, Method};
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::carrier::{Parcel, Scan, Status};
use seatrial::engine::{Answer, Cx, DialectCx, Machine, Operations, Options, Outcome, PARCEL, PathStyle, Query, Refusal, Reply, Vendor};
use seatrial::scenario;
use seatrial::vendors;
use seatrial::world::Kind;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{self, dialect, document, request, set_scenario, start, vendor};

/// Which vendor was told of a scan of which parcel.
const TOLD: Kind = Kind::new("told");

/// Paths below a prefix: a parcel, which can be read and booked.
fn paths(prefix: &str) -> Value {
    let number = json!({"name": "number", "in": "path", "required": true, "schema": {"type": "string"}});
    let page_size = json!({"name": "pageSize", "in": "query", "schema": {"type": "integer"}});
    let done = json!({"200": {"description": "done"}});
    json!({format!("{prefix}/parcels/{{number}}"): {
        "parameters": [number],
        "get": {"operationId": "read", "parameters": [page_size], "responses": done},
        "post": {"operationId": "book", "responses": done},
    }})
}

fn v1() -> Vendor {
    let mut paths = paths("");
    paths["/Orders/listByTag"] = json!({"get": {"operationId": "plan", "responses": {"200": {"description": "gated"}}}});
    Vendor {
        mount: "acme".into(),
        legacy_prefix: "/old".into(),
        hosts: vec!["one.acme.example".into()],
        path_style: PathStyle { trailing_slash: false, doubled_slashes: false, case_insensitive: true, blanks: false },
        operations: Box::new(|rows: &mut Operations| {
            rows.on("read", read).on("book", book).on("plan", |_: &mut Cx<'_>| Err(Refusal::PaymentRequired("plan")));
        }),
        dialect: dialect(refuse_v1),
        scanned: |cx, parcel, scan| told(cx, "v1", parcel, scan),
        ..vendor("acme_v1", &document(paths))
    }
}

fn v2() -> Vendor {
    Vendor {
        mount: "acme".into(),
        path_prefix: "/v2".into(),
        hosts: vec!["two.acme.example".into()],
        path_style: PathStyle { trailing_slash: true, doubled_slashes: true, case_insensitive: false, blanks: false },
        operations: Box::new(|rows: &mut Operations| {
            rows.on("read", read).on("book", book);
        }),
        credentials: |_, _| Vec::new(),
        dialect: dialect(refuse_v2),
        scanned: |cx, parcel, scan| told(cx, "v2", parcel, scan),
        ..vendor("acme_v2", &document(paths("/v2")))
    }
}

fn told(cx: &mut Cx<'_>, vendor: &str, parcel: &Parcel, scan: &Scan) {
    let rows = cx.docs.count(TOLD);
    cx.docs.put(TOLD, &rows.to_string(), &format!("{vendor} {} {}", parcel.tracking_number, scan.status.word()));
}

fn book(cx: &mut Cx<'_>) -> Outcome {
    let number = cx.call.parameter("number").unwrap_or_default().to_owned();
    cx.create_parcel(Parcel { tracking_number: number, created: cx.now, ..Parcel::default() });
    Ok(Reply::ok(Value::Null))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_size: Option<u64>,
}

/// Says who read what.
fn read(cx: &mut Cx<'_>, Query(page): Query<Page>) -> Outcome {
    let number = cx.call.parameter("number").unwrap_or_default().to_owned();
    cx.read_parcel(&number);
    Ok(Reply::ok(json!([cx.vendor_id(), number, page.page_size, cx.call.query("pageSize")])))
}

fn refuse_v1(refusal: &Refusal, _: &DialectCx<'_>) -> Reply {
    match refusal {
        Refusal::PaymentRequired(what) => Reply::json(http::StatusCode::PAYMENT_REQUIRED, json!([what])),
        _ => Reply::json(http::StatusCode::NOT_FOUND, json!("no, says 1")),
    }
}

fn refuse_v2(_: &Refusal, _: &DialectCx<'_>) -> Reply {
    Reply::json(http::StatusCode::NOT_FOUND, json!("no, says 2"))
}

fn machine(vendors: impl IntoIterator<Item = Vendor>) -> Machine {
    made_up::machine(vendors, Options::default())
}

fn send(machine: &Machine, method: Method, target: &str, headers: &[(&'static str, &str)]) -> Answer {
    machine.handle(&request(method, target, headers, ""), start())
}

fn post(machine: &Machine, target: &str, body: &str) -> Answer {
    machine.handle(&request(Method::POST, target, &[], body), start())
}

fn get(machine: &Machine, target: &str) -> String {
    String::from_utf8_lossy(&send(machine, Method::GET, target, &[]).body).into_owned()
}

fn booked(machine: &Machine, path: &str) {
    assert_eq!(send(machine, Method::POST, path, &[]).status.as_u16(), 200, "{path}");
}

/// Who was told of what since the last time.
fn news(machine: &Machine) -> Vec<String> {
    let take = |cx: &mut Cx<'_>| {
        let rows: Vec<(String, String)> = cx.docs.rows(TOLD).map(|(id, body)| (id.to_owned(), body.trim_matches('"').to_owned())).collect();
        rows.into_iter().map(|(id, text)| cx.docs.remove(TOLD, &id).then_some(text).expect("it was just listed")).collect()
    };
    machine.as_account(machine.default_sandbox(), "acme_v1", None, start(), take).expect("the account is there")
}

#[test]
fn a_scan_is_told_to_the_vendor_that_the_parcel_was_booked_with() {
    for vendors in [[v1(), v2()], [v2(), v1()]] {
        let machine = machine(vendors);
        let sandbox = machine.default_sandbox();
        booked(&machine, "/acme/parcels/A");
        booked(&machine, "/acme/v2/parcels/B");
        for (number, vendor) in [("A", "v1"), ("B", "v2")] {
            let by_hand = |cx: &mut Cx<'_>, parcel: &mut Parcel| {
                let scan = Scan { at: cx.now, status: Status::Exception, code: None, message: None, location: None };
                cx.scan(parcel, scan);
                cx.force_next_step(parcel);
                cx.vendor_id().to_owned()
            };
            let id = machine.with_parcel(sandbox, number, start(), by_hand).expect("the parcel is there");
            assert_eq!(id, format!("acme_{vendor}"));
            assert_eq!(news(&machine), [format!("{vendor} {number} exception"), format!("{vendor} {number} manifested")]);
        }
        advance(&machine, sandbox, time::shift(start(), SignedDuration::from_hours(240)), start());
        let news = news(&machine);
        assert!(news.iter().any(|row| row == "v1 A delivered") && news.iter().any(|row| row == "v2 B delivered"), "{news:?}");
        assert!(news.iter().all(|row| row.starts_with("v1 A ") || row.starts_with("v2 B ")), "{news:?}");
    }
}

#[test]
fn a_call_of_one_vendor_moves_the_parcel_of_another_in_its_name() {
    let machine = machine([v1(), v2()]);
    let text = "name: s\ntimelines:\n  reads:\n    steps: [{after_reads: 1, status: collected}, {at: +1h, status: in_transit}]\n  \
                calls:\n    steps: [{on: acme_v1.read, status: collected}, {at: +1h, status: in_transit}]\n";
    for timeline in ["reads", "calls"] {
        set_scenario(&machine, text).unwrap_or_else(|problems| panic!("{problems}"));
        booked(&machine, "/acme/v2/parcels/B");
        let follow = |cx: &mut Cx<'_>, parcel: &mut Parcel| assert!(cx.set_timeline(parcel, timeline));
        machine.with_parcel(machine.default_sandbox(), "B", start(), follow).expect("the parcel is there");
        get(&machine, "/acme/parcels/B");
        assert_eq!(news(&machine), ["v2 B collected"], "{timeline}");
        advance(&machine, machine.default_sandbox(), time::shift(start(), SignedDuration::from_hours(2)), start());
        assert_eq!(news(&machine), ["v2 B in_transit"], "{timeline}");
    }
}

#[test]
fn a_parcel_that_names_no_vendor_is_the_first_ones_of_its_mount() {
    let machine = machine([v1(), v2()]);
    let sandbox = machine.default_sandbox();
    booked(&machine, "/acme/v2/parcels/B");
    // As earlier versions stored it.
    let forget = |cx: &mut Cx<'_>, parcel: &mut Parcel| {
        let mut stored = serde_json::to_value(&*parcel).expect("a parcel is JSON");
        assert_eq!(stored.as_object_mut().and_then(|members| members.remove("with")), Some(json!("acme_v2")));
        cx.docs.put(PARCEL, "B", &stored);
    };
    machine.with_parcel(sandbox, "B", start(), forget).expect("the parcel is there");
    let next = |cx: &mut Cx<'_>, parcel: &mut Parcel| cx.force_next_step(parcel).map(|_| cx.vendor_id().to_owned());
    assert_eq!(machine.with_parcel(sandbox, "B", start(), next).ok().flatten(), Some("acme_v1".to_owned()));
    assert_eq!(news(&machine), ["v1 B manifested"]);
}

#[test]
fn the_longest_prefix_of_whole_segments_wins_in_any_order() {
    for vendors in [[v1(), v2()], [v2(), v1()]] {
        let machine = machine(vendors);
        let check = |target: &str, expected: &str| assert_eq!(get(&machine, target), expected, "{target}");
        check("/acme/parcels/a", r#"["acme_v1","a",null,null]"#);
        check("/acme/v2/parcels/a", r#"["acme_v2","a",null,null]"#);
        check("/acme/old/parcels/a", r#"["acme_v1","a",null,null]"#);
        check("/acme/v2/parcels", r#""no, says 2""#);
        check("/acme/v2", r#""no, says 2""#);
        check("/acme/v2x/parcels/a", r#""no, says 1""#);
        check("/acme/older/parcels/a", r#""no, says 1""#);
        check("/acme", r#""no, says 1""#);
        assert!(get(&machine, "/acmefoo/parcels/a").contains("no vendor is mounted here"));
    }
    // Without a vendor for all other paths, the one that is nearest says no.
    let machine = machine([v2()]);
    assert_eq!(get(&machine, "/acme/v3/parcels"), r#""no, says 2""#);
}

#[test]
fn host_names_tell_vendors_apart() {
    let machine = machine([v1(), v2()]);
    let check = |host: &str, path: &str, expected: &str| {
        let answer = send(&machine, Method::GET, path, &[("host", host)]);
        assert_eq!(String::from_utf8_lossy(&answer.body), expected, "{host}{path}");
    };
    check("one.acme.example", "/parcels/a", r#"["acme_v1","a",null,null]"#);
    check("one.acme.example.", "/parcels/a", r#"["acme_v1","a",null,null]"#);
    check("two.acme.example.:80", "/v2/parcels/a", r#"["acme_v2","a",null,null]"#);
    check("Two.Acme.example:443", "/v2/parcels/a", r#"["acme_v2","a",null,null]"#);
    check("one.acme.example", "/v2/parcels/a", r#""no, says 1""#);
    check("two.acme.example", "/parcels/a", r#""no, says 2""#);
}

#[test]
fn letter_case_means_nothing_to_whom_it_means_nothing() {
    let machine = machine([v1(), v2()]);
    assert_eq!(get(&machine, "/acme/PARCELS/aB?PAGESIZE=2"), r#"["acme_v1","aB",2,"2"]"#);
    assert_eq!(get(&machine, "/acme/OLD/parcels/aB?pagesize=2"), r#"["acme_v1","aB",2,"2"]"#);
    assert_eq!(get(&machine, "/acme/v2/PARCELS/aB"), r#""no, says 2""#);
    assert_eq!(get(&machine, "/acme/v2/parcels/aB?PAGESIZE=2"), r#"["acme_v2","aB",null,null]"#);
    assert_eq!(get(&machine, "/acme/V2/parcels/aB"), r#""no, says 1""#);
    for path in ["/acme/orders/listbytag", "/acme/ORDERS/listByTag", "/acme/Orders/ListByTag"] {
        let answer = send(&machine, Method::GET, path, &[]);
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (402, &br#"["plan"]"#[..]), "{path}");
    }
}

#[test]
fn escapes_are_decoded_once_and_never_become_slashes() {
    let machine = machine([v1(), v2()]);
    let check = |target: &str, expected: &str| assert_eq!(get(&machine, target), expected, "{target}");
    check("/%61cme/p%41rcels/%61%42", r#"["acme_v1","aB",null,null]"#);
    check("/%40d%65fault/acme/v2/parcels/a", r#"["acme_v2","a",null,null]"#);
    check("/@d%65fault/acme/%762/%70arcels/a", r#"["acme_v2","a",null,null]"#);
    check("/acme/v2/parcels/a%2Fb", r#"["acme_v2","a/b",null,null]"#);
    check("/acme/v2/parcels/%2541", r#"["acme_v2","%41",null,null]"#);
    check("/acme/v2/parcels/100%/", r#"["acme_v2","100%",null,null]"#);
    check("/acme/v2/parcels/%%34%31", r#"["acme_v2","%41",null,null]"#);
    check("/acme/v2/p%arcels/a", r#""no, says 2""#);
}

#[test]
fn every_path_of_every_vendor_may_have_its_letters_escaped() {
    let (plain, escaped) = (machine(vendors::all()), machine(vendors::all()));
    let escape = |letter: char| if letter == '/' { letter.to_string() } else { format!("%{:02X}", letter as u32) };
    for loaded in plain.vendors().loaded() {
        for operation in loaded.catalog().operations() {
            let path = format!("/{}{}", loaded.vendor.mount, operation.path.replace(['{', '}'], ""));
            let one = send(&plain, operation.method.clone(), &path, &[]);
            let other = send(&escaped, operation.method.clone(), &path.chars().map(escape).collect::<String>(), &[]);
            assert_eq!((one.status, one.headers, one.body), (other.status, other.headers, other.body), "{path}");
        }
    }
}

/// What a user's own file says, read when the process starts.
const MINE: &str = "
openapi: 3.0.3
info: {title: Mine, version: '1'}
paths:
  /boxes/{id}:
    get:
      operationId: readBox
      tags: [boxes]
      security: [{key: []}]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {200: {description: one, content: {application/json: {schema: {$ref: '#/components/schemas/Box'}}}}}
  /boxes:
    post:
      operationId: makeBox
      tags: [boxes]
      requestBody: {required: true, content: {application/json: {schema: {$ref: '#/components/schemas/Box'}}}}
      responses: {201: {description: made, content: {application/json: {schema: {$ref: '#/components/schemas/Box'}}}}}
components:
  securitySchemes: {key: {type: apiKey, in: header, name: x-key}}
  schemas: {Box: {type: object, required: [width], properties: {width: {type: integer, minimum: 1, maximum: 9}}}}
";

fn mine(mount: &str) -> Vendor {
    let document = scenario::yaml(MINE, "mine.yaml").unwrap_or_else(|problems| panic!("{}", problems[0]));
    Vendor::from_document("mine".to_owned(), mount.to_owned(), MINE.to_owned(), &document).expect("the document is OpenAPI")
}

#[test]
fn a_vendor_is_mounted_from_a_document_that_is_read_at_run_time() {
    let machine = machine([v1(), mine("my")]);
    let sandbox = machine.default_sandbox();
    assert_eq!(send(&machine, Method::GET, "/my/boxes/1", &[]).status.as_u16(), 401);
    let one = send(&machine, Method::GET, "/my/boxes/1", &[("x-key", "seatrial")]);
    let one: Value = serde_json::from_slice(&one.body).expect("a sample is JSON");
    assert!((1..=9).contains(&one["width"].as_i64().unwrap_or_default()), "{one}");
    let made = post(&machine, "/my/boxes", r#"{"width": 7}"#);
    assert_eq!((made.status.as_u16(), &made.body[..]), (201, &br#"{"width":7}"#[..]));
    let refused = post(&machine, "/my/boxes", r#"{"width": 70}"#);
    let problem: Value = serde_json::from_slice(&refused.body).expect("a problem is JSON");
    assert_eq!((refused.status.as_u16(), &problem["title"]), (422, &json!("Unprocessable Entity")));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with(": `width` must be at most 9")), "{problem}");
    assert_eq!(send(&machine, Method::PATCH, "/my/boxes", &[]).headers.get("allow").map(HeaderValue::as_bytes), Some(&b"POST"[..]));
    // In the journal, in the coverage table, and as a document for people.
    let journal = sandbox.journal();
    let first = journal.iter().next().expect("the call is written down");
    assert_eq!((&*first.vendor, first.operation.as_deref()), ("mine", Some("mine.readBox")));
    drop(journal);
    let coverage = machine.vendors().coverage().into_iter().find(|row| row.vendor == "mine").expect("it has a row");
    assert_eq!((coverage.operations, coverage.rows, coverage.gaps), (2, 0, vec!["mine.readBox".to_owned(), "mine.makeBox".to_owned()]));
    let vendor = machine.vendors().find("mine").expect("it is mounted");
    assert!(vendor.spec_source == MINE && vendor.spec.starts_with(r#"{"openapi":"3.0.3""#));
}

#[test]
fn a_scenario_speaks_of_a_vendor_that_was_read_at_run_time() {
    let machine = machine([v1(), mine("my")]);
    let text = "name: s\naccounts: {my: [{key: k}]}\ngiven: [{mine.makeBox: {width: 3}}]\noverrides: [{on: mine.*, fault: 503, times: 1}]";
    set_scenario(&machine, text).unwrap_or_else(|problems| panic!("{problems}"));
    let statuses = ["/my/boxes/1", "/my/boxes/1"].map(|path| send(&machine, Method::GET, path, &[("x-key", "k")]).status.as_u16());
    assert_eq!(statuses, [503, 200]);
    let problems = set_scenario(&machine, "overrides: [{on: mine.readBoxes, fault: 503}]").expect_err("there is no such operation");
    assert!(problems.contains("did you mean `mine.readBox`?"), "{problems}");
}

#[test]
fn a_document_that_is_none_is_refused_before_it_is_mounted() {
    let refused = |document: &Value| Vendor::from_document("mine", "my", String::new(), document).err().map(|error| error.to_string());
    assert!(refused(&json!({"swagger": "2.0"})).is_some_and(|error| error.contains("the document of `mine` is not OpenAPI 3.0")));
    assert!(
        refused(&json!({"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {"/a": {"get": {"responses": {}}}}}))
            .is_some_and(|error| error.contains("has no operationId for `get /a`"))
    );
}

#[test]
fn handlers_may_be_closures_over_what_was_read_at_run_time() {
    let answer = "read at run time".to_owned();
    let operations = move |rows: &mut Operations| {
        let answer = answer.clone();
        rows.on("readBox".to_owned(), move |_: &mut Cx<'_>| Ok(Reply::ok(json!({"width": 1, "said": answer}))));
    };
    let machine = machine([Vendor { operations: Box::new(operations), ..mine("my") }]);
    let answer = send(&machine, Method::GET, "/my/boxes/1", &[("x-key", "seatrial")]);
    assert_eq!(&answer.body[..], br#"{"width":1,"said":"read at run time"}"#);
    assert_eq!(machine.vendors().coverage()[0].gaps, ["mine.makeBox"]);
}
