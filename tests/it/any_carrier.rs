//! Vendors that are a document of the user's: `examples/acme.openapi.yaml`, which `docs/any-carrier.md` explains, and others that are made
//! up here.

use http::Method;
use jiff::SignedDuration;
use seatrial::base::time;
use seatrial::engine::{Answer, Contract, Machine, Options, Vendor};
use seatrial::scenario::openapi;
use seatrial::scenario::{self, run::MachineVocabulary};
use seatrial::spec::Catalog;
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance;
use crate::made_up::{machine, request, set_scenario, start};
use crate::process::{Server, run, text};

const ACME: &str = include_str!("../../examples/acme.openapi.yaml");
const PAGE: &str = include_str!("../../docs/any-carrier.md");
const KEY: (&str, &str) = ("x-api-key", "seatrial");

fn vendor(text: &str) -> Vendor {
    let told = |problems: Vec<scenario::Diagnostic>| problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let read = openapi::document(text.as_bytes(), "acme.yaml").unwrap_or_else(|problems| panic!("{}", told(problems)));
    Vendor::from_document("acme", "acme", text.to_owned(), &read.json).unwrap_or_else(|error| panic!("{error}"))
}

fn acme() -> Machine {
    machine([vendor(ACME)], Options::default())
}

fn send(machine: &Machine, method: Method, target: &str, headers: &[(&'static str, &str)], body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    read(&machine.handle(&request(method, target, headers, &body), start()))
}

fn read(answer: &Answer) -> (u16, Value) {
    assert!(answer.notes().iter().all(|note| note.code != "answer-invalid"), "{:?}", answer.notes());
    (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
}

fn get(machine: &Machine, target: &str) -> (u16, Value) {
    send(machine, Method::GET, target, &[KEY], &Value::Null)
}

fn ship(machine: &Machine, city: &str) -> Value {
    let (status, shipment) = send(machine, Method::POST, "/acme/shipments", &[KEY], &json!({"to": {"city": city, "country": "FR"}}));
    assert_eq!(status, 201, "{shipment}");
    shipment
}

#[test]
fn things_are_created_read_listed_changed_and_deleted() {
    let machine = acme();
    let (lyon, paris) = (ship(&machine, "Lyon"), ship(&machine, "Paris"));
    let id = lyon["id"].as_str().expect("an id");
    assert!(id.starts_with("shp_") && lyon["id"] != paris["id"], "{lyon}");
    assert_eq!((&lyon["to"]["city"], &lyon["service"], &lyon["from"]), (&json!("Lyon"), &json!("road"), &Value::Null));
    assert_eq!(lyon["created_at"], "2026-01-05T09:00:00Z");
    assert_eq!(get(&machine, &format!("/acme/shipments/{id}")), (200, lyon.clone()));
    // The path of the document's server may stand in front.
    assert_eq!(get(&machine, &format!("/acme/v1/shipments/{id}")).1, lyon);
    let (status, changed) = send(&machine, Method::PATCH, &format!("/acme/shipments/{id}"), &[KEY], &json!({"note": "fragile"}));
    assert_eq!((status, &changed["note"], &changed["to"], &changed["id"]), (200, &json!("fragile"), &lyon["to"], &lyon["id"]));
    let (_, page) = get(&machine, "/acme/shipments?per_page=1&page=2");
    assert_eq!((&page["total"], &page["page"], &page["data"]), (&json!(2), &json!(2), &json!([paris])));
    let (status, gone) = send(&machine, Method::DELETE, &format!("/acme/shipments/{id}"), &[KEY], &Value::Null);
    assert_eq!((status, gone), (204, Value::Null));
    assert_eq!(get(&machine, &format!("/acme/shipments/{id}")).0, 404);
    assert_eq!(get(&machine, "/acme/shipments").1["data"], json!([paris]));
}

#[test]
fn lists_are_filtered_by_parameters_that_have_the_name_of_a_member() {
    let machine = acme();
    let lyon = ship(&machine, "Lyon");
    advance(&machine, machine.default_sandbox(), time::shift(start(), SignedDuration::from_hours(240)), start());
    let paris = ship(&machine, "Paris");
    assert_eq!(get(&machine, "/acme/shipments?status=BOOKED").1["data"], json!([paris]));
    assert_eq!(get(&machine, "/acme/shipments?status=DONE").1["data"][0]["id"], lyon["id"]);
    assert_eq!(get(&machine, "/acme/shipments?status=DONE&page=2").1["data"], json!([]));
}

#[test]
fn security_is_enforced() {
    let machine = acme();
    let answer = |headers: &[(&'static str, &str)], target: &str| send(&machine, Method::GET, target, headers, &Value::Null).0;
    assert_eq!(answer(&[], "/acme/shipments"), 401);
    assert_eq!(answer(&[("x-api-key", "wrong")], "/acme/shipments"), 401);
    assert_eq!(answer(&[KEY], "/acme/shipments"), 200);
    // `security: []` is open to everybody.
    assert_eq!(answer(&[], "/acme/services"), 200);
}

#[test]
fn every_scheme_lets_its_credentials_in() {
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "components": {"securitySchemes": {
            "query": {"type": "apiKey", "in": "query", "name": "api_key"}, "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
            "basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}, "header": {"type": "apiKey", "in": "header", "name": "X-Two"}
        }},
        "paths": {
            "/any": {"get": {"security": [{"query": []}, {"cookie": []}, {"basic": []}, {"bearer": []}], "responses": {"204": {}}}},
            "/both": {"get": {"security": [{"bearer": [], "header": []}], "responses": {"204": {}}}},
            "/optional": {"get": {"security": [{}, {"bearer": []}], "responses": {"204": {}}}}
        }
    });
    let machine = machine([vendor(&document.to_string())], Options::default());
    let check = |target: &str, headers: &[(&'static str, &str)], status: u16| {
        assert_eq!(send(&machine, Method::GET, target, headers, &Value::Null).0, status, "{target} {headers:?}");
    };
    let bearer = ("authorization", "Bearer seatrial");
    check("/acme/any", &[], 401);
    check("/acme/any?api_key=seatrial", &[], 204);
    check("/acme/any?api_key=other", &[], 401);
    check("/acme/any", &[("cookie", "a=b; sid=seatrial")], 204);
    check("/acme/any", &[("authorization", "Basic c2VhdHJpYWw6c2VhdHJpYWwtc2VjcmV0")], 204);
    check("/acme/any", &[bearer], 204);
    check("/acme/both", &[bearer], 401);
    check("/acme/both", &[bearer, ("x-two", "seatrial")], 204);
    check("/acme/optional", &[], 204);
    check("/acme/optional", &[("authorization", "Bearer wrong")], 401);
}

#[test]
fn requests_are_judged_and_refused_in_the_shape_of_the_document() {
    let machine = acme();
    let (status, body) = send(&machine, Method::POST, "/acme/shipments", &[KEY], &json!({"to": {"city": "", "country": "France"}}));
    assert_eq!((status, &body["error"]["code"]), (400, &json!("invalid")));
    let fields: Vec<&str> = body["error"]["fields"].as_array().into_iter().flatten().filter_map(|row| row["field"].as_str()).collect();
    assert_eq!(fields, ["to.city", "to.country"], "{body}");
    assert_eq!(get(&machine, "/acme/shipments/none").1["error"]["message"], "there is no shipment `none`");
    assert_eq!(get(&machine, "/acme/nowhere").1["error"]["code"], "not_found");
    // Without the block, the schema of the answer says what a refusal looks like.
    let plain = ACME.split("x-seatrial:\n").collect::<Vec<_>>();
    let rest = plain[1].split_once("paths:").map(|(_, rest)| rest).expect("paths follow");
    let machine = self::machine([vendor(&format!("{}paths:{rest}", plain[0]))], Options::default());
    let (status, body) = get(&machine, "/acme/shipments/none");
    assert_eq!((status, &body["error"]["code"]), (404, &json!("not_found")), "{body}");
    assert_eq!(body["error"]["message"], "there is no shipment `none`");
    assert_eq!(get(&machine, "/acme/nowhere").1["title"], "Not Found");
}

#[test]
fn what_the_document_does_not_have_is_noted() {
    let machine = machine([vendor(ACME)], Options { contract: Contract::Strict, ..Options::default() });
    let odd = json!({"to": {"city": "Lyon", "country": "FR"}, "colour": "red"}).to_string();
    let answer = machine.handle(&request(Method::POST, "/acme/shipments?debug=1", &[KEY], &odd), start());
    let codes: Vec<&str> = answer.notes().iter().map(|note| note.code).collect();
    assert_eq!((answer.status.as_u16(), codes), (201, vec!["unknown-member", "unknown-parameter"]));
}

#[test]
fn parcels_follow_timelines_and_show_what_happened() {
    let machine = acme();
    set_scenario(
        &machine,
        "timelines:\n  quick:\n    for: {vendor: acme}\n    steps: [{at: +1h, status: in_transit}, {at: +2h, status: delivered}]\n",
    )
    .unwrap_or_else(|problems| panic!("{problems}"));
    let shipment = ship(&machine, "Lyon");
    assert_eq!((&shipment["status"], shipment["events"][0]["status"].as_str()), (&json!("BOOKED"), Some("BOOKED")));
    let number = shipment["tracking_number"].as_str().expect("a number");
    assert!(number.starts_with("AC") && number.len() == 11, "{number}");
    advance(&machine, machine.default_sandbox(), time::shift(start(), SignedDuration::from_hours(3)), start());
    let (_, after) = get(&machine, &format!("/acme/shipments/{}", shipment["id"].as_str().unwrap_or_default()));
    assert_eq!(after["status"], "DONE");
    let words: Vec<&str> = after["events"].as_array().into_iter().flatten().filter_map(|row| row["status"].as_str()).collect();
    assert_eq!(words, ["BOOKED", "MOVING", "DONE"]);
}

#[test]
fn what_belongs_to_another_thing_is_kept_below_it() {
    let item = json!({"type": "object", "required": ["id", "name"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}});
    let one = |status: &str| json!({"description": "", "content": {"application/json": {"schema": item}}, "x-status": status});
    let of = |id: &str, status: &str| json!({"operationId": id, "responses": {status: one(status)}});
    let create = |id: &str| {
        let mut row = of(id, "201");
        row["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}}});
        row
    };
    let list = json!({"operationId": "list", "responses": {"200": {"description": "", "content": {"application/json": {"schema": {"type": "array", "items": item}}}}}});
    let document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": {
        "/orders": {"post": create("order")},
        "/orders/{order}": {"get": of("getOrder", "200")},
        "/orders/{order}/items": {"post": create("item"), "get": list},
        "/orders/{order}/items/{item}": {"get": of("getItem", "200"), "put": create("putItem")}
    }});
    let machine = machine([vendor(&document.to_string())], Options::default());
    let post = |target: &str| send(&machine, Method::POST, target, &[], &json!({"name": "a"}));
    let (first, second) = (post("/acme/orders").1["id"].clone(), post("/acme/orders").1["id"].clone());
    assert_ne!(first, second);
    assert_eq!(post(&format!("/acme/orders/{first}/items")).0, 201);
    assert_eq!(post("/acme/orders/77/items").0, 404);
    let rows = |order: &Value| get(&machine, &format!("/acme/orders/{order}/items")).1.as_array().map_or(0, Vec::len);
    assert_eq!((rows(&first), rows(&second)), (1, 0));
    let id = get(&machine, &format!("/acme/orders/{first}/items")).1[0]["id"].clone();
    assert_eq!(get(&machine, &format!("/acme/orders/{second}/items/{id}")).0, 404);
    let put = send(&machine, Method::PUT, &format!("/acme/orders/{first}/items/{id}"), &[], &json!({"name": "b"}));
    assert_eq!(put.1, json!({"id": id, "name": "b"}));
}

#[test]
fn a_sandbox_of_a_document_is_exported_and_imported() {
    let machine = acme();
    ship(&machine, "Lyon");
    let world = machine.default_sandbox().lock().world.clone();
    machine.check_documents(&world).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn coverage_says_what_is_kept_and_what_is_a_sample() {
    let machine = acme();
    let row = machine.vendors().coverage().into_iter().next().expect("a row");
    let names = ["createShipment", "listShipments", "getShipment", "changeShipment", "cancelShipment"].map(|name| format!("acme.{name}"));
    let mut kept = row.kept.clone();
    kept.sort();
    let mut expected = names.to_vec();
    expected.sort();
    assert_eq!((kept, row.gaps), (expected, vec!["acme.listServices".to_owned()]));
}

/// A schema of which each part has two of the next, twenty times: a value would be held against a million of them.
fn multiplying() -> String {
    let rows = (0..20).map(|number| {
        let next = json!({"$ref": format!("#/components/schemas/S{}", number + 1)});
        (format!("S{number}"), json!({"allOf": [next, next]}))
    });
    hostile(rows.chain([("S20".to_owned(), json!({}))]).collect())
}

fn hostile(schemas: serde_json::Map<String, Value>) -> String {
    let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}});
    json!({"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "components": {"schemas": schemas},
        "paths": {"/a": {"get": {"responses": {"200": {"description": "", "content": content}}}}}})
    .to_string()
}

#[test]
fn documents_that_take_too_much_are_refused() {
    let refused = |text: &str| match openapi::document(text.as_bytes(), "hostile.yaml") {
        Ok(_) => String::new(),
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>().join("; "),
    };
    assert!(refused(&multiplying()).contains("has more than 5000 parts"), "{}", refused(&multiplying()));
    let circle = [("S0", "S1"), ("S1", "S0")]
        .map(|(name, next)| (name.to_owned(), json!({"allOf": [{"$ref": format!("#/components/schemas/{next}")}]})));
    assert!(refused(&hostile(circle.into_iter().collect())).contains("has itself as a part"));
    assert!(refused(&"[".repeat(100_000)).contains("nested more than 80 levels deep"));
    let mut bomb = "openapi: 3.1.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    (1..12).for_each(|number| bomb.push_str(&format!("a{number}: &a{number} [{}]\n", vec![format!("*a{}", number - 1); 10].join(", "))));
    assert!(refused(&bomb).contains("aliases expand to more than"), "{}", refused(&bomb));
    assert!(refused(&"# a comment\n".repeat(2_000_000)).contains("is too large"));
    // What is written once and counts in many places.
    let text = json!({"type": "string"});
    let paths = |count: usize, item: Value, rest: Value| {
        let mut document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}});
        document["paths"] = (0..count).map(|number| (format!("/a{number}"), item.clone())).collect::<serde_json::Map<_, _>>().into();
        rest.as_object().into_iter().flatten().for_each(|(name, value)| document[name] = value.clone());
        document.to_string()
    };
    let words = json!({"name": "a", "in": "query", "schema": {"type": "string", "enum": (0..5000).collect::<Vec<_>>()}});
    let answer = json!({"content": {"application/json": {"schema": {"type": "object", "properties": {"a": text, "b": text, "c": text}}}}});
    let ranges = json!({"get": {"responses": {"2XX": answer, "4XX": answer, "5XX": answer}}});
    let security: Vec<_> = (0..1000).map(|_| json!({"key": []})).collect();
    let schemes = json!({"key": {"type": "apiKey", "in": "header", "name": "key"}});
    for (document, problem) in [
        (paths(10_001, json!({}), json!({})), "more than 10000 operations, or paths"),
        (
            paths(1, json!({}), json!({})).replace("/a0", &format!("/a{}", "/{p}".repeat(26))),
            "path with 26 parameters, at most 25 are read",
        ),
        (
            paths(
                200,
                json!({"parameters": [{"$ref": "#/components/parameters/W"}], "get": {}}),
                json!({"components": {"parameters": {"W": words}}}),
            ),
            "multiply",
        ),
        (paths(9_000, ranges, json!({})), "references multiply the document to more than 500000 values"),
        (paths(600, json!({"get": {}}), json!({"security": security, "components": {"securitySchemes": schemes}})), "multiply"),
        (
            paths(1, json!({"get": {"parameters": vec![json!({"name": "a", "in": "query"}); 1_001]}}), json!({})),
            "more than 1000 parameters",
        ),
    ] {
        assert!(refused(&document).contains(problem), "{problem}: {}", refused(&document));
    }
}

#[test]
fn large_documents_are_read_in_time_that_grows_with_them() {
    let schemas = |count: usize, target: &str| {
        let rows =
            |row: &dyn Fn(usize) -> Value| (0..count).map(|number| (format!("S{number}"), row(number))).collect::<serde_json::Map<_, _>>();
        let mut all = rows(&|_| json!({"type": "string", "pattern": "^[a-z]+$"}));
        let properties = rows(&|number| json!({"$ref": format!("#/components/schemas/{target}{number}")}));
        all.insert("S0".to_owned(), json!({"type": "object", "required": properties.keys().collect::<Vec<_>>(), "properties": properties}));
        hostile(all)
    };
    let read = openapi::document(schemas(30_000, "S").as_bytes(), "large.yaml").unwrap_or_else(|problems| panic!("{problems:?}"));
    let text = read.json.to_string();
    assert!(Vendor::from_document("acme", "acme", String::new(), &read.json).is_ok() && text.len() < 8 << 20);
    let problems = openapi::document(schemas(30_000, "T").as_bytes(), "large.yaml").err().expect("references to nothing");
    assert_eq!(problems.len(), 101);
    // Members that lead back are looked through so often, and not as often as there are ways.
    let circle: serde_json::Map<_, _> = (0..500).map(|number| (format!("m{number}"), json!({"$ref": "#/components/schemas/S0"}))).collect();
    let post = json!({"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}}});
    let document = json!({"openapi": "3.0.3", "info": {"title": "t", "version": "1"},
        "components": {"schemas": {"S0": {"type": "object", "properties": circle}}}, "paths": {"/as": {"post": post, "get": post}}});
    assert!(vendor(&document.to_string()).id == "acme");
}

#[test]
fn patterns_of_a_document_are_bounded() {
    let with = |patterns: Vec<String>| {
        let rows = patterns.into_iter().enumerate();
        let rows: serde_json::Map<_, _> =
            rows.map(|(number, pattern)| (format!("S{number}"), json!({"type": "string", "pattern": pattern}))).collect();
        openapi::document(hostile(rows).as_bytes(), "patterns.yaml")
            .map_err(|problems| problems.iter().map(|row| row.message.clone()).collect::<Vec<_>>())
    };
    let large = with(vec!["a".repeat(4_000_000), "((a{1000}){1000}){1000}".to_owned(), "^[a-z]+$".to_owned()]).err().expect("large ones");
    assert_eq!(large, ["pattern of 4000000 bytes is too large", "pattern of 23 bytes is too large"]);
    let many = with((0..50_000).map(|number| format!("^a{number}$")).collect()).err().expect("many");
    assert_eq!(many, ["patterns that take more than 32 MiB together once they are compiled"]);
    assert!(with(vec!["^a$".to_owned(); 50_000]).is_ok(), "what is the same is compiled once");
    let warnings = with(vec!["(?!a)".to_owned(), "(?!b)".to_owned()]).expect("it is read").warnings;
    assert_eq!(warnings.len(), 1, "look-around is told once");
    // A text that would cost too much is not judged; what is shorter is.
    let read = with(vec!["^([a-z]{1,9}){1,9}$".to_owned()]).expect("it is read");
    let catalog = Catalog::load("acme", &read.json.to_string(), false).expect("a catalog");
    let judged = |text: String| catalog.operations()[0].check_answer(200, Some(&text.into())).len();
    assert_eq!((judged("A".to_owned()), judged("A".repeat(1 << 20))), (1, 0));
}

#[test]
fn schemas_that_refer_to_themselves_below_members_are_fine() {
    let node = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/S0"}}});
    let machine = machine([vendor(&hostile([("S0".to_owned(), node)].into_iter().collect()))], Options::default());
    let answer = machine.handle(&request(Method::GET, "/acme/a", &[], ""), start());
    assert_eq!(answer.status.as_u16(), 200);
    // A long chain of references takes no stack.
    let chain = (0..20_000).map(|number| {
        (format!("S{number}"), json!({"type": "object", "properties": {"next": {"$ref": format!("#/components/schemas/S{}", number + 1)}}}))
    });
    let last = ("S20000".to_owned(), json!({"type": "string"}));
    let _ = vendor(&hostile(chain.chain([last]).collect()));
}

#[test]
fn the_examples_of_the_page_are_those_of_the_repository() {
    let mut all = vendors::all();
    all.push(vendor(ACME));
    let machine = machine(all, Options::default());
    for example in PAGE.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        let loaded = scenario::load(example, "docs/any-carrier.md", &MachineVocabulary(&machine));
        assert!(loaded.is_ok(), "{:?}", loaded.err());
    }
    let blocks: Vec<&str> = PAGE.split("```text\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    for line in blocks.iter().flat_map(|block| block.lines()).map(str::trim).filter(|line| *line != "content_type: application/json") {
        assert!(ACME.contains(line), "examples/acme.openapi.yaml has no `{line}`");
    }
}

#[test]
fn the_server_mounts_it_beside_the_others() {
    let server = Server::start(&["--vendor", "acme=examples/acme.openapi.yaml"]);
    let answer = server.exchange(b"GET /acme/v1/services HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("code"), "{answer}");
}

#[test]
fn commands_take_it_and_say_what_is_wrong_with_it() {
    let coverage = text(&run(&["coverage", "--vendor", "acme=examples/acme.openapi.yaml"]).stdout);
    assert!(coverage.contains("\nkept: acme.createShipment\n") && coverage.contains("\ngap: acme.listServices\n"), "{coverage}");
    let output = run(&["coverage", "--vendor", "acme=tests/diagnostics/openapi_references.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--> tests/diagnostics/openapi_references.yaml:"), "{}", text(&output.stderr));
    let output = run(&["coverage", "--vendor", "shippo=examples/acme.openapi.yaml"]);
    assert_eq!(text(&output.stderr), "error: `--vendor shippo`: there is a vendor of that name already\n");
}
