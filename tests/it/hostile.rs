//! Scenarios and files that are written to do harm: they cost what they may and no more, and leave nothing behind.

use serde_json::{Map, Value, json};

use crate::admin::SHIPPO;
use crate::client::{Answer, JSON, admin, send, send_patiently};
use crate::process::Server;

fn put_scenario(server: &Server, scenario: &Value) -> Answer {
    send_patiently(server, "PUT", "/_seatrial/sandboxes/default/scenario", &[JSON], &scenario.to_string())
}

fn import(server: &Server, name: &str, file: &Value) -> Answer {
    send(server, "POST", &format!("/_seatrial/sandboxes/{name}/import"), &[JSON], &file.to_string())
}

/// The detail of the latest note with that code.
fn noted(server: &Server, code: &str) -> Value {
    let path = format!("/sandboxes/default/requests?note={code}&limit=1");
    admin(server, "GET", &path, &Value::Null)["requests"][0]["notes"][0].clone()
}

/// Calls with a large body. The client fails the test when it waits for long.
fn call(server: &Server, filler: &str) -> Answer {
    let body = json!({"name": "A", "country": "US", "filler": filler});
    send(server, "POST", "/shippo/addresses", &SHIPPO, &body.to_string())
}

#[test]
fn an_answer_that_repeats_a_request_again_and_again_is_refused_and_noted() {
    let server = Server::start(&[]);
    let body = "{{ $request.body }}".repeat(20_000);
    let scenario = json!({"overrides": [{"on": "shippo.*", "respond": {"status": 200, "body": body}}]});
    assert_eq!(put_scenario(&server, &scenario).status, 200);
    let answer = call(&server, &"x".repeat(100_000));
    assert_eq!(answer.status, 500);
    assert!(answer.head.contains("seatrial-notes: scenario-too-large"), "{}", answer.head);
    let note = noted(&server, "scenario-too-large");
    assert_eq!(note["blame"], "scenario", "{note}");
    assert!(note["detail"].as_str().is_some_and(|detail| detail.contains("1048576 bytes")), "{note}");
    assert_eq!(send(&server, "GET", "/_seatrial/health", &[], "").status, 200);
}

#[test]
fn conditions_cost_what_they_look_at() {
    let server = Server::start(&[]);
    let many = |test: &str, tests: usize, overrides: usize| {
        let when = vec![test; tests].join(" or ");
        let row = |number: usize| {
            let when = format!("{when} or $request.body.name == 'nobody {number}'");
            json!({"on": "shippo.*", "when": when, "respond": {"status": 418}})
        };
        put_scenario(&server, &json!({"overrides": (0..overrides).map(row).collect::<Vec<_>>()}))
    };
    // Looking a member up does not copy the request.
    assert_eq!(many("$request.body.name == 'B'", 140, 240).status, 200);
    let answer = call(&server, &"x".repeat(600_000));
    assert_eq!(answer.status, 201);
    // Looking at all of it does not go on without end.
    assert_eq!(many("lower($request.body.filler) contains 'y'", 40, 240).status, 200);
    let answer = call(&server, &"x".repeat(600_000));
    assert_eq!(answer.status, 500);
    assert!(noted(&server, "scenario-too-large")["detail"].as_str().is_some_and(|detail| detail.contains("steps")));
}

#[test]
fn patterns_cost_what_they_may_have_to_follow() {
    let server = Server::start(&[]);
    let many = |pattern: &str, overrides: usize| {
        let row = |number: usize| {
            let when = format!("$request.body.filler matches '{pattern}' or $request.body.name == 'nobody {number}'");
            json!({"on": "shippo.*", "when": when, "respond": {"status": 418}})
        };
        put_scenario(&server, &json!({"overrides": (0..overrides).map(row).collect::<Vec<_>>()}))
    };
    for pattern in ["x+y", "(a|x){1,50}y", "([a-z]|x.){1,9}(x{1,20}){1,20}y"] {
        assert_eq!(many(pattern, 1).status, 200, "{pattern}");
        assert_eq!(call(&server, &"x".repeat(2_000)).status, 201, "{pattern}");
        assert_eq!(many(pattern, 100).status, 200, "{pattern}");
        let before = server.busy_milliseconds();
        assert_eq!(call(&server, &"x".repeat(600_000)).status, 500, "{pattern}");
        let took = server.busy_milliseconds() - before;
        // A build without optimizations takes thirty times as long as others.
        assert!(took < 10_000, "{pattern}: {took} ms");
    }
}

#[test]
fn objects_are_named_once_for_all_rows_that_count_by_the_same() {
    let server = Server::start(&[]);
    let many = |count: usize, per: &dyn Fn(usize) -> Value| {
        let row = |number| json!({"on": "shippo.CreateAddress", "per": per(number), "skip": 9, "times": 1, "fault": 503});
        put_scenario(&server, &json!({"overrides": (0..count).map(row).collect::<Vec<_>>()}))
    };
    let filler = "\u{2028}".repeat(20_000);
    assert_eq!(many(2_000, &|_| json!("$request.body.filler")).status, 200);
    assert_eq!(call(&server, &filler).status, 201);
    // Each name of its own takes steps.
    assert_eq!(many(500, &|number| json!(["$request.body.filler", format!("$request.body.a{number}")])).status, 200);
    assert_eq!(call(&server, &filler).status, 500);
    assert!(noted(&server, "scenario-too-large")["detail"].as_str().is_some_and(|detail| detail.contains("steps")));
}

#[test]
fn expectations_are_counted_and_each_call_is_read_once_for_all() {
    let server = Server::start(&[]);
    let expectations = |count| json!({"expect": vec![json!({"call": "shippo.CreateAddress", "when": "$request.body.name == 'A'"}); count]});
    let refused = put_scenario(&server, &expectations(501));
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("more than 500 expectations"), "{}", refused.body);
    assert_eq!(put_scenario(&server, &expectations(500)).status, 200);
    for _ in 0..20 {
        assert_eq!(call(&server, &"x".repeat(20_000)).status, 201);
    }
    let report = admin(&server, "POST", "/sandboxes/default/verify", &Value::Null);
    assert_eq!((report["verdict"].clone(), report["findings"].as_array().map(Vec::len)), (json!("passed"), Some(500)));
}

#[test]
fn a_refused_file_leaves_nothing_behind() {
    let server = Server::start(&[]);
    let honest = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
    let tables =
        |prefix: &str, count| (0..count).map(|number| json!({"kind": format!("{prefix}{number}"), "documents": []})).collect::<Vec<_>>();
    for prefix in ["a", "b"] {
        let mut file = honest.clone();
        file["world"]["accounts"] = json!([{"mount": "shippo", "name": "x", "calls": 0, "tables": tables(prefix, 4096)}]);
        assert_eq!(import(&server, "made-up", &file).status, 400);
        file["world"]["accounts"] = json!([
            {"mount": "shippo", "name": "x", "calls": 0, "tables": tables(prefix, 500)},
            {"mount": "nobody", "name": "x", "calls": 0, "tables": []},
        ]);
        assert_eq!(import(&server, "made-up", &file).status, 400);
    }
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/made-up", &[], "").status, 404);
    assert_eq!(import(&server, "honest", &honest).status, 200);
}

#[test]
fn documents_that_name_what_is_not_there_are_refused_by_document_and_pointer() {
    let server = Server::start(&[]);
    let end = json!({"name": "A", "street1": "215 Clayton St.", "city": "San Francisco", "state": "CA", "zip": "94117", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let body = json!({"address_from": end, "address_to": end, "parcels": [parcel, parcel], "async": false});
    let shipment = send(&server, "POST", "/shippo/shipments", &SHIPPO, &body.to_string());
    let shipment: Value = serde_json::from_str(&shipment.body).expect("JSON");
    let file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null).to_string();
    assert_eq!(import(&server, "whole", &serde_json::from_str(&file).expect("JSON")).status, 200);
    let (id, rate) = (&shipment["object_id"], &shipment["rates"][0]);
    for (pointer, named) in [("/address_to", &shipment["address_to"]["object_id"]), ("/parcels/1", &shipment["parcels"][1]["object_id"])] {
        let named = named.as_str().expect("a text");
        let mut spoiled: Value = serde_json::from_str(&file).expect("JSON");
        let accounts = spoiled["world"]["accounts"].as_array_mut().expect("accounts");
        for table in accounts.iter_mut().flat_map(|account| account["tables"].as_array_mut().expect("tables")) {
            table["documents"].as_array_mut().expect("documents").retain(|row| row[0] != named);
        }
        let refused = import(&server, "spoiled", &spoiled);
        assert_eq!(refused.status, 400, "{pointer}");
        for part in [id.as_str().expect("a text"), &format!("`{named}` at `{pointer}`"), "not in the table"] {
            assert!(refused.body.contains(part), "{part}: {}", refused.body);
        }
    }
    let service = rate["servicelevel"]["token"].as_str().expect("a text");
    let spoiled = file.replace(&format!(r#""service":"{service}""#), r#""service":"usps_pigeon""#);
    let refused = import(&server, "spoiled", &serde_json::from_str(&spoiled).expect("JSON"));
    assert!(refused.status == 400 && refused.body.contains("`usps_pigeon` at `/service`, which is not known here"), "{}", refused.body);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/spoiled", &[], "").status, 404);
}

#[test]
fn documents_of_another_shape_are_refused_by_table_and_id_and_change_nothing() {
    let server = Server::start(&[]);
    let file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
    let before = admin(&server, "POST", "/sandboxes", &json!({"name": "shapes"}));
    for (mount, owner, kind, document) in [
        ("shipmate", "", "session", json!({"no": 1})),
        ("shipmate", "", "session", json!([[]])),
        ("shipmate", "default", "consignment", json!("text")),
        ("shippo", "test", "rate", json!({})),
        ("shippo", "test", "address_v2", json!(1)),
        ("shippo", "", "managed_account", json!({"object_id": "a"})),
        ("shiptheory", "a", "counter", json!(-1)),
        ("shiptime", "default", "shipment", json!(null)),
        ("shiptime", "default", "parcel", json!({"tracking_number": "1", "carrier": "2", "service": "3", "subject": "4"})),
        ("shippo", "test", "delivery", json!({"id": "t"})),
        ("shippo", "test", "session", json!({})),
        ("shipmate", "default", "session", json!({"account": "a", "username": "b"})),
        ("shipmate", "default", "made_up", json!({})),
    ] {
        let mut file = file.clone();
        let accounts = file["world"]["accounts"].as_array_mut().expect("a list of accounts");
        accounts.retain(|row| row["mount"] != mount || row["name"] != owner);
        accounts.push(json!({"mount": mount, "name": owner, "calls": 0, "tables": [{"kind": kind, "documents": [["t", document]]}]}));
        let refused = import(&server, "shapes", &file);
        assert_eq!(refused.status, 400, "{mount} {kind}: {}", refused.body);
        let detail = refused.json()["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.contains(&format!("`{kind}`")) && (detail.contains("`t`") || detail.contains("a table")), "{detail}");
        assert_eq!(import(&server, "new", &file).status, 400);
    }
    assert_eq!(admin(&server, "GET", "/sandboxes/shapes", &Value::Null)["credentials"], before["credentials"]);
    assert_eq!(send(&server, "GET", "/_seatrial/sandboxes/new", &[], "").status, 404);
    let pretty = serde_json::to_string_pretty(&file).expect("JSON");
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/shapes/import", &[JSON], &pretty).status, 200);
}

#[test]
fn clocks_stay_within_the_years_that_documents_can_hold() {
    let server = Server::start(&[]);
    for start in ["1969-12-31T23:59:59Z", "-000001-01-01T00:00:00Z", "9999-12-31T00:00:00Z"] {
        let scenario = put_scenario(&server, &json!({"clock": {"start": start}}));
        assert_eq!(scenario.status, 422, "{start}: {}", scenario.body);
        assert!(scenario.body.contains('^'), "{}", scenario.body);
        let clock = json!({"name": "s", "clock": {"start": start}}).to_string();
        assert_eq!(send(&server, "POST", "/_seatrial/sandboxes", &[JSON], &clock).status, 400, "{start}");
        for (method, path, member) in [("PUT", "clock", "now"), ("POST", "clock/advance", "to")] {
            let path = format!("/_seatrial/sandboxes/default/{path}");
            assert_eq!(send(&server, method, &path, &[JSON], &json!({member: start}).to_string()).status, 400, "{path} {start}");
        }
        let mut file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
        file["world"]["now"] = json!(start);
        assert_eq!(import(&server, "s", &file).status, 400, "{start}");
    }
    for start in ["1970-01-01T00:00:00Z", "9999-12-30T00:00:00Z"] {
        let scenario = put_scenario(&server, &json!({"clock": {"start": start, "mode": "frozen"}}));
        assert_eq!(scenario.status, 200, "{start}: {}", scenario.body);
        assert_eq!(call(&server, "x").status, 201, "{start}");
        assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 200, "{start}");
    }
}

#[test]
fn patterns_of_custom_fields_look_through_a_bounded_part_of_a_request() {
    let server = Server::start(&[]);
    let shipmate = [
        JSON,
        ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456"),
        ("x-shipmate-token", "3674eb125fe777d8c152fe52f35e78f2"),
    ];
    let texts: Map<String, Value> = (0..300).map(|number| (format!("f{number}"), "ab".repeat(1_500).into())).collect();
    // Many short steps, and classes that are each hundreds of ranges.
    for (pattern, expected) in [("([ab]{1,20}){1,20}c", 5..20), (&*r"\pL{1,2}".repeat(2_000), 0..1)] {
        assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/reset", &[JSON], "{}").status, 200);
        for name in texts.keys() {
            let rules = json!({"regex": pattern});
            let field = json!({"name": name, "key": name, "entity": "SKU", "data_type": "TEXT", "data_validation_rules": rules});
            assert_eq!(send(&server, "POST", "/shipmate/v1.2/custom-fields", &shipmate, &field.to_string()).status, 201);
        }
        let sku = json!({"sku": "MUG-1", "product_name": "Mug", "custom_fields": texts}).to_string();
        let before = server.busy_milliseconds();
        let told = send(&server, "POST", "/shipmate/v1.2/skus", &shipmate, &sku);
        let took = server.busy_milliseconds() - before;
        let complaints = if told.status == 400 { told.json()["data"].as_object().map_or(0, Map::len) } else { 0 };
        assert!(expected.contains(&complaints), "{}: {complaints}", told.status);
        assert!(took < 5_000, "{took} ms");
    }
}

/// Words that are near none of a long list, and many of them, are the most work that a check can be made to do.
#[test]
fn conditions_with_long_lists_are_checked_in_time() {
    let server = Server::start(&[]);
    let list = |row: usize| (0..150).map(|item| format!("'usps_quite_{}'", row * 150 + item)).collect::<Vec<_>>().join(", ");
    let row = |row: usize| format!("  t{row}: {{for: {{when: \"$parcel.service in [{}]\"}}, use: lost}}\n", list(row));
    let text = format!("timelines:\n{}", (0..100).map(row).collect::<String>());
    let before = server.busy_milliseconds();
    let checked = send(&server, "POST", "/_seatrial/scenarios/check", &[("content-type", "application/yaml")], &text);
    let took = server.busy_milliseconds() - before;
    assert_eq!(checked.status, 200, "{}", checked.body);
    assert!(took < 3_400, "{took} ms");
}
