//! What was done to a sandbox besides calls, told between them; and ways from an answer to the page of its call.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

const SANDBOX: &str = "/sandboxes/default";
const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

fn call(server: &Server) -> String {
    send(server, "GET", "/shippo/addresses", &[SHIPPO], "").head
}

fn log(server: &Server, query: &str) -> Vec<(String, u64, Value)> {
    let found = admin(server, "GET", &format!("{SANDBOX}/log{query}"), &Value::Null);
    let rows = found["log"].as_array().unwrap_or_else(|| panic!("{found}")).iter();
    rows.map(|row| (row["what"].as_str().expect("a word").to_owned(), row["after"].as_u64().expect("a number"), row["name"].clone()))
        .collect()
}

#[test]
fn what_was_done_between_calls_is_told_between_them() {
    let server = Server::start(&[]);
    assert!(log(&server, "").is_empty());
    call(&server);
    admin(&server, "PUT", &format!("{SANDBOX}/clock"), &json!({"mode": "frozen"}));
    admin(&server, "POST", &format!("{SANDBOX}/clock/advance"), &json!({"by": "1h"}));
    call(&server);
    let fault = "<img src=x onerror=alert(1)>";
    let path = format!("/_seatrial{SANDBOX}/faults/%3Cimg%20src=x%20onerror=alert(1)%3E");
    assert_eq!(send(&server, "PUT", &path, &[JSON], r#"{"on": "shippo.ListParcels", "fault": 503}"#).status, 200);
    assert_eq!(send(&server, "DELETE", &path, &[], "").status, 204);
    admin(&server, "POST", &format!("{SANDBOX}/snapshot"), &json!({"name": "early"}));
    call(&server);
    admin(&server, "POST", &format!("{SANDBOX}/restore"), &json!({"name": "early"}));
    let expected = [
        ("mode", 1, json!("frozen")),
        ("advanced", 1, Value::Null),
        ("fault_on", 2, json!(fault)),
        ("fault_off", 2, json!(fault)),
        ("snapshot_taken", 2, json!("early")),
        ("snapshot_restored", 3, json!("early")),
    ];
    assert_eq!(log(&server, ""), expected.clone().map(|(what, after, name)| (what.to_owned(), after, name)));
    assert_eq!(log(&server, "?since=2&until=2&limit=2").len(), 2);
    assert_eq!(send(&server, "GET", &format!("/_seatrial{SANDBOX}/log?since=x"), &[], "").status, 400);

    let html = send(&server, "GET", "/_seatrial/ui/default/requests", &[], "").body;
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text}: {html}"));
    let newest_first =
        ["Snapshot early restored", ">3</a>", "Snapshot early taken", "switched off", "switched on", ">2</a>", "Clock advanced", ">1</a>"];
    let places = newest_first.map(place);
    assert!(places.is_sorted(), "{places:?} {html}");
    assert!(!html.contains("<img src=x"), "{html}");
    let filtered = send(&server, "GET", "/_seatrial/ui/default/requests?status=2xx", &[], "").body;
    assert!(!filtered.contains("class=\"logline\""), "filters are about calls");
    admin(&server, "POST", &format!("{SANDBOX}/reset"), &json!({}));
    assert_eq!(log(&server, "?limit=1")[0].0, "reset");
    let another = admin(&server, "POST", "/sandboxes", &json!({"name": "another"}));
    assert_eq!((&another["requests"], &another["parcels"]), (&json!(0), &json!(0)));
    assert_eq!(admin(&server, "GET", "/sandboxes/another/log", &Value::Null), json!({"log": [], "more": false}));
}

#[test]
fn an_answer_leads_to_the_page_of_its_call_unless_there_is_none() {
    let server = Server::start(&[]);
    let head = call(&server);
    let of = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default().to_owned();
    let (id, address) = (of("seatrial-request"), of("seatrial-log"));
    assert_eq!(address, format!("http://localhost/_seatrial/ui/go/{id}"));
    let path = address.split_once("/_seatrial").map(|(_, rest)| format!("/_seatrial{rest}")).expect("it is an address here");
    let led = send(&server, "GET", &path, &[], "");
    assert!(led.status == 303 && led.head.contains(&format!("/ui/default/requests/{id}")), "{}", led.head);
    for flag in ["--plain", "--no-ui"] {
        let server = Server::start(&[flag]);
        assert!(!call(&server).contains("seatrial-log"), "{flag}");
    }
}
