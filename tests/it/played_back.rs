//! Kinds of calls, and of what was done beside them, whose conversation has to hold elsewhere, or has to say what it lacks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{JSON, admin, send, unchecked};
use crate::folder::Folder;
use crate::process::{Server, run};
use crate::round_trips::{advance, buy, differences, export, kinds, make, stories};

/// Makes some calls to Shippo in a sandbox of its own and returns their conversation.
fn of_calls(server: &Server, name: &str, scenario: &Value, calls: impl FnOnce(&str)) -> String {
    make(server, name, scenario);
    let view = admin(server, "GET", &format!("/sandboxes/{name}"), &Value::Null);
    calls(&format!("ShippoToken {}", view["credentials"]["shippo"][0]["token"].as_str().expect("a token")));
    export(server, name)
}

#[test]
fn what_is_sent_in_unusual_ways_comes_again() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-unusual");
    let address = json!({"name": "Ada", "country": "US"}).to_string();
    // Escapes that texts do not need, braces that begin no reference, and characters that YAML does not take.
    let bodies = [
        r#"{"name": "Caf\u00e9 {{n}} \/ {{inbox}}", "country": "US"}"#,
        "{\"name\": \"~a\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}\", \"country\": \"US\"}",
        "{\"name\": \"{{sandbox}} }}\", \"country\": \"US\"}",
    ];
    let bodies = of_calls(&server, "bodies", &json!({}), |token| {
        let headers = [("authorization", token), JSON, ("x-mark", "{{n}}")];
        for body in bodies {
            assert_eq!(send(&server, "POST", "/@bodies/shippo/addresses", &headers, body).status, 201, "{body}");
        }
        send(&server, "GET", "/@bodies/shippo/addresses?q={{sandbox}}", &headers, "");
    });
    assert!(bodies.contains(r"Café") && bodies.contains(r"\u2028"), "{bodies}");
    folder.put("bodies.yaml", &bodies);
    let places = of_calls(&server, "places", &json!({}), |token| {
        for proxy in [("x-forwarded-host", "shop.example"), ("forwarded", "host=a.example;proto=https")] {
            send(&server, "POST", "/@places/shippo/addresses", &[("authorization", token), JSON, proxy], &address);
            send(&server, "GET", "/@places/shippo/addresses?results=1", &[("authorization", token), proxy], "");
        }
        for place in ["/%40places/shippo", "/@%70laces/shippo", "/@places/%73hippo"] {
            let listed = send(&server, "GET", &format!("{place}/addresses?results=1"), &[("authorization", token)], "");
            assert_eq!(listed.status, 200, "{place}: {}", listed.body);
        }
    });
    assert!(!places.contains("%40") && !places.contains("forwarded"), "{places}");
    folder.put("places.yaml", &places);
    // Whoever reaches a server by its public address has links to that.
    let public = Server::start(&["--public-url", "https://carriers.example/mock"]);
    let linked = of_calls(&public, "linked", &json!({}), |token| {
        for _ in 0..2 {
            send(&public, "POST", "/@linked/shippo/addresses", &[("authorization", token), JSON], &address);
        }
        let listed = send(&public, "GET", "/@linked/shippo/addresses?results=1", &[("authorization", token)], "");
        assert!(listed.body.contains("https://carriers.example/mock"), "{}", listed.body);
    });
    folder.put("linked.yaml", &linked);
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn what_faults_by_hand_did_is_done_again_to_the_same_caller() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-hands");
    let faults = [
        json!({"on": "shippo.CreateAddress", "patch": {"status": 202, "body": {"more": 1, "name": null}}}),
        json!({"on": "shippo.CreateAddress", "respond": {"off_spec": true, "status": 418, "body": {"n": "{{ $call.nth }}"}}}),
        json!({"on": "shippo.CreateAddress", "refuse": "not today"}),
        json!({"on": "shippo.CreateAddress", "latency": "1ms..3ms"}),
        json!({"on": "shippo.CreateAddress", "rate_limit": {"limit": 1, "window": "10s"}}),
        json!({"on": "shippo.CreateAddress", "when": "$credential.mode == 'live'", "fault": 500}),
        json!({"on": "shippo.*", "when": "$request.path == '/nowhere'", "fault": 503}),
    ];
    for (index, fault) in faults.iter().enumerate() {
        let name = format!("hand-{index}");
        make(&server, &name, &json!({}));
        let view = admin(&server, "GET", &format!("/sandboxes/{name}"), &Value::Null);
        let tokens = [0, 1].map(|row| format!("ShippoToken {}", view["credentials"]["shippo"][row]["token"].as_str().expect("a token")));
        let put = send(&server, "PUT", &format!("/_seatrial/sandboxes/{name}/faults/mine"), &[JSON], &fault.to_string());
        assert_eq!(put.status, 200, "{}", put.body);
        let address = json!({"name": "Ada", "country": "US"}).to_string();
        for turn in 0..3 {
            for token in &tokens {
                let headers = [("authorization", &**token), JSON];
                send(&server, "POST", &format!("/@{name}/shippo/addresses"), &headers, &address);
                send(&server, "GET", &format!("/@{name}/shippo/nowhere"), &headers, "");
                send(&server, "GET", &format!("/@{name}/shippo/addresses"), &headers, "");
            }
            if turn == 1 {
                assert_eq!(send(&server, "DELETE", &format!("/_seatrial/sandboxes/{name}/faults/mine"), &[], "").status, 204);
            }
        }
        let exported = export(&server, &name);
        assert!(exported.contains("overrides"), "{exported}");
        folder.put(&format!("{name}.yaml"), &exported);
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn data_of_the_beginning_is_as_old_as_it_was() {
    let server = Server::start(&[]);
    let address = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let shipment = json!({"address_from": address, "address_to": address, "parcels": [parcel]});
    let label = json!({"carrier_account": "usps", "servicelevel_token": "usps_priority", "async": false, "shipment": shipment});
    let given = json!({"given": [{"shippo.CreateTransaction": label}]});
    let folder = Folder::new("round-trips-given");
    for (name, clock) in [("given", json!({"mode": "frozen"})), ("running", json!({"mode": {"speed": 3600}}))] {
        let mut scenario = given.clone();
        scenario["clock"] = clock;
        scenario["clock"]["start"] = "2026-01-05T09:00:00Z".into();
        let exported = of_calls(&server, name, &scenario, |token| {
            advance(&server, name, "30h");
            let listed = send(&server, "GET", &format!("/@{name}/shippo/transactions"), &[("authorization", token)], "").json();
            let number = listed["results"][0]["tracking_number"].as_str().expect("a number").to_owned();
            send(&server, "GET", &format!("/@{name}/shippo/tracks/usps/{number}"), &[("authorization", token)], "");
        });
        assert_eq!(kinds(&exported)[..2], ["advance", "call"], "{exported}");
        folder.put(&format!("{name}.yaml"), &exported);
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn receivers_that_answer_otherwise_each_time_do_so_again() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-turns");
    let story = stories(false).into_iter().find(|story| story.path.ends_with("shipmate/webhooks-failing-receiver.yaml")).expect("a story");
    let base_url = format!("http://{}", server.address());
    for (name, statuses) in [("once", "500,200"), ("silent", "none,503,none,200"), ("for-good", "200,410")] {
        make(&server, name, &json!({}));
        for inbox in ["one", "two"] {
            let hook = json!({"vendor": "shipmate", "url": format!("inbox://{name}-{inbox}?status={statuses}")});
            admin(&server, "POST", &format!("/sandboxes/{name}/webhooks"), &hook);
        }
        drop(run(&["contract", "run", &story.path, "--base-url", &base_url, "--sandbox", name]));
        let exported = export(&server, name);
        assert!(exported.contains(r#""answers":["#), "{exported}");
        folder.put(&format!("{name}.yaml"), &exported);
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
}

#[test]
fn what_calls_had_before_them_or_beside_them_is_lacked() {
    let server = Server::start(&[]);
    let lacks = |sandbox: &str, query: &str| {
        let path = format!("/_seatrial/sandboxes/{sandbox}/requests/export?format=conversation&secrets=show{query}");
        let exported = send(&server, "GET", &path, &[], "");
        exported.head.lines().find_map(|line| line.strip_prefix("seatrial-lacks: ")).unwrap_or_default().to_owned()
    };
    make(&server, "source", &json!({}));
    (0..3).for_each(|_| buy(&server, "source"));
    assert_eq!(lacks("source", ""), "");
    assert_eq!(lacks("source", "&limit=1"), "2 calls came before its end that it was not asked for");
    admin(&server, "POST", "/sandboxes/source/fork", &json!({"name": "copy"}));
    buy(&server, "copy");
    assert_eq!(lacks("copy", ""), "what the sandbox had of the one that it is a copy of");
    let file = admin(&server, "GET", "/sandboxes/source/export", &Value::Null);
    admin(&server, "POST", "/sandboxes/filed/import", &file);
    buy(&server, "filed");
    assert_eq!(lacks("filed", ""), "what the sandbox had from a file");
    let put = |query: &str| send(&server, "PUT", &format!("/_seatrial/sandboxes/filed/scenario{query}"), &[JSON], "{}").status;
    assert_eq!(put(""), 200);
    assert_eq!(put("?keep=data"), 200);
    buy(&server, "filed");
    assert_eq!(lacks("filed", ""), "what the sandbox had under an earlier scenario");
    assert_eq!(put(""), 200);
    buy(&server, "filed");
    assert_eq!(lacks("filed", ""), "");
    make(&server, "all", &json!({"overrides": [{"on": "*", "latency": "1ms", "times": 2}]}));
    send(&server, "GET", "/@all/shiptheory/v1/x", &[], "");
    buy(&server, "all");
    assert_eq!(lacks("all", "&vendor=shippo"), "1 calls of other vendors were counted by overrides that are about all of them");
    make(&server, "large", &json!({}));
    let long = of_calls(&server, "long", &json!({}), |token| {
        let body = json!({"name": "n".repeat(70_000), "country": "US"}).to_string();
        send(&server, "POST", "/@long/shippo/addresses", &[("authorization", token), JSON], &body);
    });
    assert!(long.starts_with("# It may not play back, for what it lacks: 1 bodies were sent of which only the beginning"), "{long:.300}");
    unchecked(server.address(), b"GET /@large/shippo/addresses HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n");
    buy(&server, "large");
    assert_eq!(lacks("large", ""), "1 requests could not be read, and have no step");
}

/// An export of a sandbox with secrets: its text and what it lacks.
fn exported(server: &Server, sandbox: &str, query: &str) -> (String, String) {
    let path = format!("/_seatrial/sandboxes/{sandbox}/requests/export?format=conversation&secrets=show{query}");
    let exported = send(server, "GET", &path, &[], "");
    assert_eq!(exported.status, 200, "{}", exported.body);
    let lacks = exported.head.lines().find_map(|line| line.strip_prefix("seatrial-lacks: ")).unwrap_or_default().to_owned();
    (exported.body, lacks)
}

#[test]
fn conversations_are_read_that_are_larger_than_scenarios() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-large");
    let long = of_calls(&server, "large", &json!({}), |token| {
        for _ in 0..18 {
            let body = json!({"name": "n".repeat(62_000), "country": "US"}).to_string();
            assert_eq!(send(&server, "POST", "/@large/shippo/addresses", &[("authorization", token), JSON], &body).status, 201);
        }
    });
    assert!(long.len() > 1 << 20 && !long.starts_with('#'), "{} {long:.200}", long.len());
    folder.put("large.yaml", &long);
    if let Some(found) = differences(&folder) {
        panic!("{found:.2000}");
    }
    let checked = run(&["check", &format!("{}/large.yaml", folder.path())]);
    assert_eq!(checked.status.code(), Some(0), "{:.2000}", String::from_utf8_lossy(&checked.stderr));
    // A server is sent no such conversations, and says who reads them.
    let path = "/_seatrial/sandboxes/large/conversations?vendor=shippo";
    let refused = send(&server, "POST", path, &[("content-type", "application/yaml")], &long);
    assert!(refused.status == 422 && refused.body.contains("contract run"), "{} {:.500}", refused.status, refused.body);
}

#[test]
fn webhooks_that_other_calls_caused_are_lacked() {
    let server = Server::start(&[]);
    let label = json!({"shipment": {"carrier_id": "se-128005", "service_code": "usps_ground_advantage",
        "ship_to": {"name": "Ada", "phone": "555-010-0199", "address_line1": "123 Example St", "city_locality": "Vista",
            "state_province": "CA", "postal_code": "92081", "country_code": "US"},
        "ship_from": {"name": "Sam", "phone": "555-010-0199", "address_line1": "1 Example St", "city_locality": "San Francisco",
            "state_province": "CA", "postal_code": "94117", "country_code": "US"},
        "packages": [{"weight": {"value": 10, "unit": "ounce"}}]}});
    let hooks = json!({"webhooks": {"subscriptions": [{"vendor": "shipstation_v2", "url": "inbox://v2"}]}});
    let folder = Folder::new("round-trips-caused");
    for (name, scenario) in [("told", hooks), ("untold", json!({}))] {
        make(&server, name, &scenario);
        let view = admin(&server, "GET", &format!("/sandboxes/{name}"), &Value::Null)["credentials"]["shipstation"].clone();
        let rows = view.as_array().expect("credentials");
        let text = |name: &str| rows.iter().find_map(|row| row[name].as_str()).unwrap_or_else(|| panic!("{view}"));
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", text("key"), text("secret"))));
        let listed = send(&server, "GET", &format!("/@{name}/shipstation/orders"), &[("authorization", &basic)], "");
        assert_eq!(listed.status, 200, "{}", listed.body);
        let headers = [("api-key", text("api_key")), JSON];
        let bought = send(&server, "POST", &format!("/@{name}/shipstation/v2/labels"), &headers, &label.to_string());
        assert_eq!(bought.status, 200, "{}", bought.body);
        // The calls to another vendor, for which it has to be said whom the conversation is with.
        send(&server, "GET", &format!("/@{name}/shiptheory/v1/x"), &[], "");
        let (_, lacks) = exported(&server, name, "&vendor=shipstation_v1");
        let lacked = if name == "told" { "1 calls came before its end that it was not asked for" } else { "" };
        assert_eq!(lacks, lacked, "{name}");
        let (whole, lacks) = exported(&server, name, "&vendor=shipstation");
        assert_eq!((whole.matches("  - call:").count(), &*lacks), (2, ""), "{whole}");
        folder.put(&format!("{name}.yaml"), &whole);
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
    let twice = "/_seatrial/sandboxes/told/requests/export?format=conversation&vendor=shipstation_v1&vendor=shipstation_v2";
    let refused = send(&server, "GET", twice, &[], "");
    assert!(refused.status == 400 && refused.body.contains("`vendor` is given twice"), "{}", refused.body);
    let of_both = admin(&server, "GET", "/sandboxes/told/requests?vendor=shipstation", &Value::Null);
    assert_eq!(of_both["requests"].as_array().map(Vec::len), Some(2), "{of_both}");
}

#[test]
fn what_was_done_to_headers_and_texts_is_missed_where_it_is_not_done() {
    let server = Server::start(&[]);
    let folder = Folder::new("round-trips-changed");
    let rows = [
        ("typed", json!({"fault": "wrong_type"}), r#""content-type":"text/html; charset=utf-8""#),
        ("cut", json!({"fault": "bad_json"}), r#""text":"#),
        ("patched", json!({"patch": {"headers": {"x-mark": "here"}}}), r#""x-mark":"here""#),
        (
            "worded",
            json!({"respond": {"off_spec": true, "status": 200, "headers": {"content-type": "text/plain"}, "body": "gone"}}),
            r#""text":"gone""#,
        ),
    ];
    for (name, how, expected) in &rows {
        let mut rule = json!({"on": "shippo.ListParcels"});
        rule.as_object_mut().expect("a rule").extend(how.as_object().expect("members").clone());
        let exported = of_calls(&server, name, &json!({"overrides": [rule]}), |token| {
            send(&server, "GET", &format!("/@{name}/shippo/parcels/"), &[("authorization", token)], "");
        });
        assert!(exported.contains(expected), "{exported}");
        folder.put(&format!("{name}.yaml"), &exported);
    }
    if let Some(found) = differences(&folder) {
        panic!("{found:.20000}");
    }
    for (name, ..) in &rows {
        let path = format!("{}/{name}.yaml", folder.path());
        let whole = std::fs::read_to_string(&path).expect("it is there");
        let undone = whole.replace(r#""on":"shippo.ListParcels""#, r#""on":"shippo.ListAddresses""#);
        assert_ne!(undone, whole);
        folder.put(&format!("{name}.yaml"), &undone);
        let held = run(&["contract", "run", &path, "--base-url", &format!("http://{}", server.address()), "--isolated"]);
        assert_eq!(held.status.code(), Some(1), "{name}: {}", String::from_utf8_lossy(&held.stdout));
    }
}
