//! A vendor without a rule: an API key, and a resource whose bodies the document validates. Its pages are those of ShipStation's
//! newer API.

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use seatrial::base::json::{self, Style, Written};
use seatrial::base::time::Timestamp;
use seatrial::engine::auth::{Identity, credentials};
use seatrial::engine::fields::{Field, Report};
use seatrial::engine::listing::{self, Bad, By, Filter, Key, Listing, Number, Sorting, Test};
use seatrial::engine::resource::{Conventions, Resource};
use seatrial::engine::{
    AccountRows, Conform, Cx, Dialect, Machine, Operations, Options, Refusal, Reply, Request, Start, Validation, Vendor,
};
use seatrial::spec::{Reading, Rule};
use seatrial::world::Kind;
use serde_json::{Value, json};

const SPEC: &str = r##"{
  "openapi": "3.0.3",
  "info": {"title": "Yard", "version": "1"},
  "components": {
    "schemas": {"Warehouse": {"type": "object", "required": ["name", "is_default"], "properties": {
      "warehouse_id": {"type": "string", "x-source": "id"},
      "name": {"type": "string", "nullable": true},
      "is_default": {"type": "boolean", "default": false},
      "rent": {"type": "string", "x-stored": "two-places"},
      "kind": {"type": "string", "readOnly": true, "default": "warehouse"},
      "region": {"type": "string", "x-source": "region"},
      "links": {"type": "array", "items": {"type": "string"}, "x-source": "answer"},
      "created_at": {"type": "string", "x-source": "created"},
      "modified_at": {"type": "string", "x-source": "updated"}
    }, "additionalProperties": false}},
    "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "api-key"}},
    "parameters": {"id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string", "pattern": "^se-"}}},
    "requestBodies": {"warehouse": {"required": true, "content": {"application/json": {"schema": {
      "type": "object", "properties": {"name": {"type": "string"}, "is_default": {"type": "boolean"}, "rent": {"type": "string"}, "depot": {
        "type": "object", "properties": {"name": {"type": "string"}, "is_default": {"type": "boolean"}, "color": {"type": "string"}}
      }}
    }}}}},
    "responses": {
      "any": {"description": "any", "content": {"application/json": {"schema": {"type": "object"}}}},
      "one": {"description": "one", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Warehouse"}}}}
    }
  },
  "security": [{"key": []}],
  "paths": {
    "/warehouses": {
      "get": {"operationId": "list", "tags": ["w"], "x-evidence": "inferred", "responses": {"200": {"$ref": "#/components/responses/any"}}},
      "post": {
        "operationId": "create", "tags": ["w"], "x-evidence": "inferred",
        "requestBody": {"$ref": "#/components/requestBodies/warehouse"},
        "responses": {"201": {"$ref": "#/components/responses/one"}}
      }
    },
    "/warehouses/{id}": {
      "parameters": [{"$ref": "#/components/parameters/id"}],
      "get": {"operationId": "get", "tags": ["w"], "x-evidence": "inferred", "responses": {"200": {"$ref": "#/components/responses/any"}}},
      "put": {
        "operationId": "update", "tags": ["w"], "x-evidence": "inferred",
        "requestBody": {"$ref": "#/components/requestBodies/warehouse"},
        "responses": {"200": {"$ref": "#/components/responses/any"}}
      },
      "delete": {"operationId": "delete", "tags": ["w"], "x-evidence": "inferred", "responses": {"204": {"description": "gone"}}}
    }
  }
}"##;

fn yard() -> Vendor {
    Vendor {
        operations: Box::new(rows),
        credentials: |_, _| credentials(&[("main", &[("api_key", "TEST_yard")])]),
        accounts: &AccountRows {
            about: "Yard keys.",
            credentials: &[&[]],
            identifiers: &[],
            others: &[],
            absent: &[],
            account: (&[], "main"),
        },
        identify: Box::new(|request| request.header("api-key").map(|key| Identity::Credential(key.into()))),
        reading: Reading { checks_path: true, ..Reading::STRICT },
        authenticate: |gate| gate.require(&[("api_key", gate.call.request.header("api-key").unwrap_or_default())]),
        dialect: Dialect {
            style: Style::Compact,
            content_type: "application/json",
            refuse: |refusal, _| refuse(refusal),
            statuses: &[],
            headers: |_, _| {},
        },
        ..Vendor::new("yard", SPEC, SPEC)
    }
}

fn rows(rows: &mut Operations) {
    rows.list("list", &WAREHOUSES).create("create", &WAREHOUSES);
    rows.read("get", &WAREHOUSES).update("update", &WAREHOUSES).delete("delete", &WAREHOUSES);
}

static WAREHOUSES: Resource = Resource::new(Kind::new("warehouse"), "Warehouse", &LISTING, &CONVENTIONS).judged(judge);

const CONVENTIONS: Conventions = Conventions {
    new_id: |cx| format!("se-{}", cx.docs.count(Kind::new("warehouse")) + 1),
    named: |cx| cx.call.parameter("id").unwrap_or_default().to_owned(),
    stamp: |at| at.to_string().into(),
    sources: &[("region", |cx| cx.credential.account.to_string().into())],
    forms: &[("two-places", |sent| format!("{}.00", sent.as_str().unwrap_or_default()).into())],
    blank_is_missing: true,
    lists: Validation::Noted,
    merges: true,
    created: StatusCode::CREATED,
    answer: |_, status, document| Reply::json(status, document),
    page,
    deleted: || Reply::empty(StatusCode::NO_CONTENT),
};

/// The default warehouse has a name, and a depot has a name and a color.
fn judge(cx: &mut Cx<'_>, body: &mut Value, report: &mut Report<'_>) -> Result<(), Refusal> {
    let whole = Field::root(body);
    let name = whole.member("name");
    if whole.member("is_default").flag() == Some(true) && name.value.is_none() && report.is_fine(&name) {
        report.add(&name, Rule::Required);
    }
    let depot = whole.member("depot");
    if WAREHOUSES.store_part(cx, &depot, report)?.is_some() && depot.member("color").value.is_none() {
        report.add(&depot.member("color"), Rule::Required);
    }
    Ok(())
}

const LISTING: Listing = Listing {
    filters: &[Filter { name: "name", member: "/name", test: Test::Contains }],
    time: |text| text.parse().ok(),
    sorting: Sorting {
        key: "sort_by",
        direction: "sort_dir",
        keys: &[Key { name: "created_at", member: "", by: By::Time }, Key { name: "name", member: "/name", by: By::Caseless }],
        descending: true,
    },
    newest_first: true,
    page: Number { names: &["page"], usual: 1, least: 1, most: usize::MAX, read: listing::digits, bad: Bad::Refused },
    size: Number { names: &["page_size"], usual: 25, least: 1, most: 500, read: listing::digits, bad: Bad::Refused },
    refuse_past_end: false,
    cursor: "",
    refuse: |faults| Refusal::Because("faults", faults.iter().map(|fault| fault.name).collect()),
};

fn page(cx: &Cx<'_>, page: listing::Page<Written>) -> Reply {
    let href = |number: usize| {
        let pairs = listing::with(cx.call.query.clone(), "page", Some(number.to_string()));
        json!({ "href": listing::link(cx.call, cx.call.path, &pairs) })
    };
    let next = if page.has_next { href(page.number + 1) } else { json!({}) };
    let names: Vec<Value> = page.rows.iter().map(|row| json::read::<Value>(row)["name"].take()).collect();
    Reply::ok(json!({"names": names, "total": page.total, "page": page.number, "pages": page.pages(), "next": next}))
}

fn refuse(refusal: &Refusal) -> Reply {
    let (status, body) = match refusal {
        Refusal::Unauthenticated(denial) => (401, json!(format!("{denial:?}"))),
        Refusal::Invalid(violations) => (422, violations.iter().map(|row| row.dotted()).collect()),
        Refusal::Missing { id, .. } => (404, json!(id)),
        Refusal::Because(_, facts) => (400, facts.clone()),
        other => (500, json!(format!("{other:?}"))),
    };
    Reply::json(StatusCode::from_u16(status).expect("a status"), body)
}

fn check(machine: &Machine, call: &str, body: Value, expected: (u16, Value)) {
    let at: Timestamp = "2026-01-05T09:00:00Z".parse().expect("a timestamp");
    let (key, call) = call.strip_prefix("! ").map_or(("TEST_yard", call), |call| ("", call));
    let (method, path) = call.split_once(' ').expect("a method and a path");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let headers = HeaderMap::from_iter([
        (http::header::HOST, HeaderValue::from_static("yard")),
        (http::header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (http::HeaderName::from_static("api-key"), HeaderValue::from_static(key)),
    ]);
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (method, peer) = (Method::from_bytes(method.as_bytes()).expect("a method"), std::net::Ipv4Addr::LOCALHOST.into());
    let request = Request {
        method,
        path: format!("/yard{path}"),
        query: query.into(),
        headers,
        body: body.into(),
        peer,
        mount: None,
        version: http::Version::HTTP_11,
        is_secure: false,
    };
    let answer = machine.handle(&request, at);
    let found = serde_json::from_slice(&answer.body).unwrap_or_default();
    assert_eq!((answer.status.as_u16(), found), expected, "{call}");
}

#[test]
fn a_vendor_can_do_without_rules() {
    let start = "2026-01-05T09:00:00Z".parse().expect("a timestamp");
    let machine = Machine::new([yard()], Options { conform: Conform::All, ..Options::default() }, Start::plain(start));
    machine.default_sandbox().lock().world.set_mode(seatrial::world::Mode::Frozen, start);
    let row = |id: &str, name: Option<&str>, is_default: bool| {
        let at = "2026-01-05T09:00:00Z";
        json!({"warehouse_id": id, "name": name, "is_default": is_default, "kind": "warehouse", "region": "main", "created_at": at,
            "modified_at": at})
    };
    check(&machine, "! GET /warehouses", Value::Null, (401, json!("Missing")));
    check(&machine, "POST /warehouses", json!({"name": "north", "color": "red"}), (201, row("se-1", Some("north"), false)));
    check(&machine, "POST /warehouses", json!({"name": "South", "is_default": true}), (201, row("se-2", Some("South"), true)));
    check(&machine, "POST /warehouses", json!({"name": 7}), (422, json!(["name"])));
    check(&machine, "POST /warehouses", json!({"is_default": true, "name": 7}), (422, json!(["name"])));
    check(&machine, "POST /warehouses", json!({"is_default": true, "depot": {"is_default": true}}), (422, json!(["name", "depot.name"])));
    check(&machine, "POST /warehouses", json!({"name": "n", "depot": {"name": "d"}}), (422, json!(["depot.color"])));
    check(&machine, "POST /warehouses", json!({"name": "n", "depot": {"is_default": "yes"}}), (422, json!(["depot.is_default"])));
    check(&machine, "PUT /warehouses/se-2", json!({"name": "south"}), (200, row("se-2", Some("south"), true)));
    check(&machine, "PUT /warehouses/se-2", json!({"name": []}), (422, json!(["name"])));
    check(&machine, "PUT /warehouses/se-3", json!({"name": []}), (404, json!("se-3")));
    check(&machine, "GET /warehouses/xx-2", Value::Null, (422, json!(["id"])));
    check(&machine, "PUT /warehouses/se-2", json!({"name": ""}), (200, row("se-2", Some("south"), true)));
    check(&machine, "GET /warehouses/se-2", Value::Null, (200, row("se-2", Some("south"), true)));
    let all = json!({"names": ["south", "north"], "total": 2, "page": 1, "pages": 1, "next": {}});
    check(&machine, "GET /warehouses", Value::Null, (200, all));
    let first = json!({"names": ["north"], "total": 2, "page": 1, "pages": 2,
        "next": {"href": "http://yard/yard/warehouses?sort_by=name&sort_dir=asc&page_size=1&page=2"}});
    check(&machine, "GET /warehouses?sort_by=name&sort_dir=asc&page_size=1", Value::Null, (200, first));
    let found = json!({"names": ["south"], "total": 1, "page": 1, "pages": 1, "next": {}});
    check(&machine, "GET /warehouses?name=OUT", Value::Null, (200, found));
    check(&machine, "GET /warehouses?page=0&page_size=x", Value::Null, (400, json!(["page", "page_size"])));
    check(&machine, "DELETE /warehouses/se-2", Value::Null, (204, Value::Null));
    check(&machine, "DELETE /warehouses/se-2", Value::Null, (404, json!("se-2")));
    check(&machine, "GET /warehouses/se-2", Value::Null, (404, json!("se-2")));
}

#[test]
fn members_are_made_as_the_document_says() {
    let start = "2026-01-05T09:00:00Z".parse().expect("a timestamp");
    let machine = Machine::new([yard()], Options { conform: Conform::All, ..Options::default() }, Start::plain(start));
    machine.default_sandbox().lock().world.set_mode(seatrial::world::Mode::Frozen, start);
    let row = |rent: &str| {
        let at = "2026-01-05T09:00:00Z";
        json!({"warehouse_id": "se-1", "name": null, "is_default": false, "rent": rent, "kind": "warehouse", "region": "main",
            "created_at": at, "modified_at": at})
    };
    let sent = json!({"rent": "7", "kind": "shed", "region": "north", "links": ["x"], "warehouse_id": "mine"});
    check(&machine, "POST /warehouses", sent, (201, row("7")));
    check(&machine, "GET /warehouses/se-1", Value::Null, (200, row("7.00")));
    check(&machine, "PUT /warehouses/se-1", json!({}), (200, row("7.00")));
}

static UNDESCRIBED: Resource = Resource::new(Kind::new("shed"), "Shed", &LISTING, &CONVENTIONS);

#[test]
#[should_panic(expected = "yard has resources that its document does not describe: components/schemas/Shed")]
fn a_resource_needs_its_schema() {
    let start = "2026-01-05T09:00:00Z".parse().expect("a timestamp");
    let undescribed = |rows: &mut Operations| {
        rows.list("list", &UNDESCRIBED);
    };
    let vendor = Vendor { operations: Box::new(undescribed), ..yard() };
    check(&Machine::new([vendor], Options::default(), Start::plain(start)), "GET /warehouses", Value::Null, (200, Value::Null));
}
