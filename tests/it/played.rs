//! Conversations that are played in a running server: what is told on the way really travels, to the built-in receivers.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{admin, connect, send, send_patiently};
use crate::process::Server;

const CLOCK: &str = r#"{"start": "2026-01-05T09:00:00Z", "mode": "frozen"}"#;

/// Plays a story in a sandbox of its own.
fn play(server: &Server, name: &str, mount: &str, scenario: &Value, story: &str) -> Value {
    let clock: Value = serde_json::from_str(CLOCK).expect("JSON");
    let scenario = if scenario.is_null() { json!({}) } else { scenario.clone() };
    admin(server, "POST", "/sandboxes", &json!({"name": name, "seed": 42, "clock": clock, "scenario": scenario}));
    let path = format!("/_seatrial/sandboxes/{name}/conversations?vendor={mount}");
    send_patiently(server, "POST", &path, &[("content-type", "application/yaml")], story).json()
}

#[test]
fn what_stories_receive_arrives_in_a_running_server_too() {
    for arguments in [&[][..], &["--admin-listen", "127.0.0.1:0"]] {
        let server = Server::start(arguments);
        let mut played = 0;
        for vendor in ["shipmate", "shipmate_v1_2", "shippo"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(vendor);
            for file in fs::read_dir(folder).expect("the folder exists").map(|entry| entry.expect("it can be listed").path()) {
                let text = fs::read_to_string(&file).expect("stories are text");
                if !text.contains("receives:") {
                    continue;
                }
                let story: Value = serde_saphyr::from_str(&text).expect("stories are YAML");
                let mount = vendor.split('_').next().unwrap_or(vendor);
                played += 1;
                let report = play(&server, &format!("s{played}"), mount, &story["scenario"], &text);
                let problems: Vec<&Value> =
                    report["steps"].as_array().into_iter().flatten().filter(|step| step["problems"] != json!([])).collect();
                assert_eq!(report["verdict"], "passed", "{}: {problems:#?} {report:.200}", file.display());
            }
        }
        assert!(played >= 8, "only {played} stories receive anything");
        let told = admin(&server, "GET", "/inbox/s1", &Value::Null);
        assert!(told["received"].as_u64().is_some_and(|received| received > 0), "{told}");
    }
}

#[test]
fn what_goes_otherwise_is_told() {
    let server = Server::start(&[]);
    let scenario = json!({"accounts": {"shippo": [{"token": "shippo_live_hooks", "mode": "live", "webhook_secret": "s3cret"}]}});
    let hmac = r#"value: "t={time},v1={digest}", over: "{time}.{body}""#;
    let story = format!(
        r#"
headers: {{Authorization: ShippoToken shippo_live_hooks}}
steps:
  - call: POST /webhooks
    json: {{event: all, url: "{{{{inbox}}}}"}}
    expect: {{status: 201}}
  - subscribe: {{events: [nothing]}}
  - call: POST /batches
    json: {{default_carrier_account: f82c50551bc7a9182d8e91293e0a7468, default_servicelevel_token: usps_priority, batch_shipments: []}}
    expect: {{status: 201}}
  - advance: 5s
  - receives:
      - event: batch_purchased
        method: PUT
        headers: {{content-type: text/plain, shippo-api-version: null}}
        has: {{event: batch_made}}
        hmac: {{header: shippo-auth-signature, secret: another, {hmac}}}
      - {{event: track_updated}}
  - receives: []
"#
    );
    let report = play(&server, "wrong", "shippo", &scenario, &story);
    assert_eq!(report["verdict"], "failed");
    let problems = |place: usize| report["steps"][place]["problems"].to_string();
    assert_eq!(report["steps"][2]["status"], 201, "{report}");
    assert!(problems(1).contains("`nothing` is no event of shippo; expected `*` or some of transaction_created"), "{report}");
    for told in [
        "webhook 1: event `batch_created`, expected `batch_purchased`",
        "webhook 1: method `POST`, expected `PUT`",
        "webhook 1: header content-type: found \\\"application/json\\\", expected \\\"text/plain\\\"",
        "webhook 1: header shippo-api-version: found \\\"2018-02-08\\\", expected none",
        "webhook 1: $.event: expected \\\"batch_made\\\", found \\\"batch_created\\\"",
        "webhook 1: the signature in shippo-auth-signature is ",
        "a webhook did not arrive: {\\\"event\\\":\\\"track_updated\\\"}",
    ] {
        assert!(problems(4).contains(told), "{told}\n{}", problems(4));
    }
    assert_eq!(problems(5), "[]", "nothing is received twice");
    let refused = play(&server, "refused", "shippo", &json!({}), "steps: [{receive: []}]");
    assert_eq!(refused["diagnostics"][0]["help"], "did you mean `receives`?", "{refused}");
}

#[test]
fn a_server_without_headers_of_its_own_judges_conversations_all_the_same() {
    let server = Server::start(&["--plain"]);
    let scenario =
        json!({"overrides": [{"on": "shippo.GetAddress", "respond": {"status": 200, "body": {"object_id": 5}, "off_spec": true}}]});
    let story = "
headers: {Authorization: ShippoToken shippo_test_seatrial}
steps:
  - call: POST /addresses
    json: {name: Ada}
    expect: {status: 400, headers: {seatrial-request: null, seatrial-notes: null}, notes: [request-invalid]}
  - call: POST /addresses
    json: {name: Ada, country: US}
    expect: {status: 201, notes: [request-invalid]}
  - call: GET /addresses/1
    expect: {status: 200}
";
    let report = play(&server, "quiet", "shippo", &scenario, story);
    let problems = |index: usize| report["steps"][index]["problems"].to_string();
    assert_eq!(problems(0), "[]", "{report}");
    assert!(problems(1).contains("notes [], expected"), "{report}");
    assert!(problems(2).contains("answer-invalid: object_created: found nothing, expected a value, which is required"), "{report}");
    let path = "/sandboxes/quiet/requests?operation=shippo.GetAddress";
    let call = &admin(&server, "GET", path, &Value::Null)["requests"][0];
    let note = json!({"code": "answer-invalid", "where": "object_created", "detail": "found nothing, expected a value, which is required", "blame": "scenario"});
    assert!(call["notes"].as_array().is_some_and(|notes| notes.contains(&note)), "{call}");
    assert_eq!(call["effect"], json!({"kind": "respond", "name": "shippo.GetAddress", "line": 1, "nth": 1, "committed": false}), "{call}");
}

#[test]
fn reports_of_conversations_have_a_bound() {
    let server = Server::start(&[]);
    let headers = json!({"Authorization": "ShippoToken shippo_test_seatrial"});
    let address = |name: &str| json!({"name": name, "street1": "a", "city": "b", "state": "CA", "zip": "94117", "country": "US"});
    let held = |name: &str, step: Value| {
        let first = json!({"call": "POST /addresses", "json": address(&"x".repeat(1000)), "save": {"a": "name"}});
        play(&server, name, "shippo", &json!({}), &json!({"headers": headers, "steps": [first, step]}).to_string())
    };
    let titles = held("titles", json!({"call": format!("GET /addresses/{}", "{{a}}".repeat(7000)), "repeat": 20}));
    assert!(titles.to_string().len() < 100_000 && titles["steps"].as_array().map(Vec::len) == Some(21), "{}", titles.to_string().len());
    assert!(titles["steps"][1]["step"].as_str().is_some_and(|title| title.ends_with("(cut)")), "{titles:.2000}");
    assert_eq!(titles["unlisted"], 0);
    let expect = json!({"status": 201, "json": {"name": "{{a}}".repeat(7000)}});
    let values = held("values", json!({"call": "POST /addresses", "json": address("n"), "repeat": 5, "expect": expect}));
    assert_eq!(values["verdict"], "failed");
    assert!(values.to_string().len() < 100_000, "{}", values.to_string().len());
    let wanted: serde_json::Map<String, Value> = (0..3000).map(|number| (format!("{number}{}", "x".repeat(200)), 1.into())).collect();
    let expect = json!({"status": 201, "has": wanted});
    let many = held("many", json!({"call": "POST /addresses", "json": address("n"), "repeat": 20, "expect": expect}));
    let (listed, unlisted) = (many["steps"].as_array().map_or(0, Vec::len), many["unlisted"].as_u64().unwrap_or_default());
    assert!(listed + usize::try_from(unlisted).unwrap_or_default() == 21 && (2..20).contains(&listed), "{listed} {unlisted}");
    assert!(many.to_string().len() < 6 << 20, "{}", many.to_string().len());
}

#[test]
fn patterns_of_conversations_have_a_bound() {
    let server = Server::start(&[]);
    let expect: serde_json::Map<String, Value> =
        (0..5000).map(|number| (format!("a{number}"), format!(r"~/\w{{3}}{number}/").into())).collect();
    let steps = json!([{"call": "GET /addresses", "expect": {"status": 200, "json": expect}}]);
    let refused = play(&server, "patterns", "shippo", &json!({}), &json!({"steps": steps}).to_string());
    let told = refused.to_string();
    assert!(told.contains("the patterns of this conversation are too large together"), "{told:.2000}");
    assert_eq!(refused["diagnostics"].as_array().map(Vec::len), Some(1), "{told:.2000}");
    let steps = json!([{"call": "GET /addresses", "expect": {"status": 200, "has": {"a": r"~/\w{200}/"}}}]);
    let refused = play(&server, "pattern", "shippo", &json!({}), &json!({"steps": steps}).to_string());
    assert!(refused.to_string().contains("it is too large"), "{refused:.2000}");
}

#[test]
fn conversations_have_places_which_those_that_nobody_waits_for_leave() {
    let server = Server::start(&["--read-timeout", "1s"]);
    let path = "/_seatrial/sandboxes/default/conversations?vendor=shippo";
    let post = |story: &str| send(&server, "POST", path, &[("content-type", "application/yaml")], story);
    let short = "steps: [{call: GET /parcels, expect: {status: 401}}]";
    let steps = |count| format!("steps: [{}]", vec!["{repeat: 10000, call: GET /parcels, expect: {status: 401}}"; count].join(", "));
    // Longer than a conversation may be here is told before a step is made.
    let refused = post(&steps(11));
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("at most 100000 steps here, and this one makes 110000; `seatrial contract run`"), "{}", refused.body);
    assert_eq!(post(short).status, 200);
    let long = steps(10);
    let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/yaml\r\n");
    let begun: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = connect(server.address());
            write!(stream, "{head}content-length: {}\r\n\r\n{long}", long.len()).expect("it is read");
            stream
        })
        .collect();
    let mut waits = std::iter::repeat_with(|| post(short)).take(200);
    let full = waits.find(|answer| answer.status != 200).expect("all places are taken at last");
    assert_eq!(full.status, 503);
    assert!(full.body.contains("4 conversations are being played, which is the most"), "{}", full.body);
    drop(begun);
    let mut waits = std::iter::repeat_with(|| post(short)).take(20);
    assert!(waits.any(|answer| answer.status == 200), "places are free when callers are gone");
}
