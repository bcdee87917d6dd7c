//! What the page and its lists cost where there is much: what was read once is not read again, and what is sent is compressed.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const CONTRACT: &str = "/sandboxes/default/contract";
const PARCELS: &str = "/sandboxes/default/parcels";
const SHIPPO: (&str, &str) = ("authorization", "ShippoToken shippo_test_seatrial");

/// Makes calls, each with a member that the document does not have and a country that is none.
fn depart(server: &Server, calls: usize) {
    for _ in 0..calls {
        send(server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &json!({"name": "Ada", "country": 7, "stret1": "x"}).to_string());
    }
}

fn report(server: &Server, query: &str) -> Value {
    admin(server, "GET", &format!("{CONTRACT}{query}"), &Value::Null)
}

#[test]
fn a_report_goes_on_where_the_last_one_ended() {
    let server = Server::start(&["--journal-bytes", "65536"]);
    depart(&server, 3);
    let first = report(&server, "");
    assert_eq!((&first["calls"], &first["dropped"], &first["pending"]), (&json!(3), &json!(0), &json!(0)), "{first}");
    let departures = first["violations"].as_array().expect("it is a list").len();
    assert!(departures >= 1 && first["violations"][0]["count"] == 3, "{first}");
    for _ in 0..300 {
        send(&server, "GET", &format!("/shippo/addresses?page={}", "1".repeat(500)), &[SHIPPO], "");
    }
    let kept = admin(&server, "GET", "/sandboxes/default/requests/count", &Value::Null);
    assert!(kept["dropped"].as_u64() > Some(3), "the first calls made room: {kept}");
    let later = report(&server, "");
    let (calls, dropped) = (later["calls"].as_u64().expect("a number"), later["dropped"].as_u64().expect("a number"));
    assert!(calls + dropped == 303 && calls > kept["count"].as_u64().expect("a number"), "{later}");
    let subject = &first["violations"][0];
    let again = later["violations"].as_array().expect("it is a list").iter().find(|row| row["pointer"] == subject["pointer"]);
    assert_eq!(again.map(|row| &row["count"]), Some(&json!(3)), "what was counted stays: {later}");
    // Filters are about what the journal holds, and calls that are removed by hand do not count any more.
    assert_eq!(report(&server, "?operation=shippo.CreateAddress")["calls"], 0);
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/default/requests", &[], "").status, 204);
    assert_eq!(report(&server, "")["calls"], 0);
    depart(&server, 1);
    admin(&server, "POST", "/sandboxes/default/reset", &json!({}));
    assert_eq!(report(&server, "")["calls"], 0);
}

#[test]
fn a_report_that_is_not_waited_for_says_what_is_left() {
    let server = Server::start(&[]);
    depart(&server, 100);
    let begun = report(&server, "?wait=0s&findings=1");
    let number = |name: &str| begun[name].as_u64().expect("it is a number");
    assert_eq!(number("calls") + number("pending"), 100, "{begun}");
    assert!(number("calls") >= 32 && number("calls") < 100, "{begun}");
    assert_eq!(begun["violations"].as_array().map(Vec::len), Some(1), "{begun}");
    let whole = report(&server, "");
    assert_eq!((&whole["calls"], &whole["pending"]), (&json!(100), &json!(0)));
    for (format, kind, mark) in [
        ("junit", "application/xml", "<testsuite"),
        ("sarif", "application/sarif+json", "\"results\""),
        ("text", "text/plain", "100 times"),
        ("markdown", "text/markdown", "| "),
    ] {
        let answer = send(&server, "GET", &format!("/_seatrial{CONTRACT}?format={format}"), &[], "");
        assert!(answer.status == 200 && answer.kind.starts_with(kind) && answer.body.contains(mark), "{format}: {}", answer.body);
    }
    for (query, word) in [("?format=yaml", "one of `json`"), ("?wait=soon", "a span"), ("?wait=1s&vendor=shippo", "without filters")] {
        let answer = send(&server, "GET", &format!("/_seatrial{CONTRACT}{query}"), &[], "");
        assert!(answer.status == 400 && answer.body.contains(word), "{query}: {}", answer.body);
    }
}

/// A verdict is asked for again until it is about all calls; the page says meanwhile that it is not.
#[test]
fn a_verdict_that_is_not_waited_for_says_what_is_left() {
    let scenario = json!({"expect": [{"call": "shippo.CreateAddress", "when": "$request.body.name == 'Ada'", "count": 100}]});
    let server = Server::start(&[]);
    admin(&server, "PUT", "/sandboxes/default/scenario", &scenario);
    depart(&server, 100);
    let verify = |query: &str| admin(&server, "POST", &format!("/sandboxes/default/verify{query}"), &Value::Null);
    let mut last = verify("?at_most=0s");
    while last["pending"].as_u64() > Some(0) {
        let is_none = last["findings"] == json!([]);
        assert!(is_none && last["verdict"] == "unknown" && last["pending"] == 100, "nothing was judged before: {last}");
        last = verify("?at_most=0s");
    }
    assert_eq!((&last["verdict"], &last["findings"]), (&json!("passed"), &verify("")["findings"]));
    depart(&server, 1);
    assert_eq!(verify("?at_most=60s")["findings"][0]["detail"], "call count 101, expected 100");
    let page = send(&server, "GET", &format!("{BASE}/contract"), &[], "").body;
    assert!(page.contains("call count 101, expected 100"), "{page}");
    // What is expected by others is judged whole.
    let refused = send(&server, "POST", "/_seatrial/sandboxes/default/verify?at_most=1s", &[JSON], &scenario.to_string());
    assert!(refused.status == 400 && refused.body.contains("what the scenario expects"), "{}", refused.body);
    admin(&server, "POST", "/sandboxes/default/reset", &json!({}));
    let begun = verify("?at_most=60s");
    assert!(begun["findings"][0]["detail"] == "call count 0, expected 100" && begun["pending"].is_null(), "{begun}");
}

#[test]
fn departures_of_all_kinds_are_bounded_together() {
    let server = Server::start(&[]);
    for number in 0..60 {
        let members: serde_json::Map<String, Value> = (0..100).map(|index| (format!("member-{number}-{index}"), Value::Null)).collect();
        send(&server, "POST", "/shippo/addresses", &[SHIPPO, JSON], &Value::from(members).to_string());
    }
    let found = report(&server, "");
    let kept: usize = ["violations", "undocumented", "deprecated"].iter().map(|kind| found[kind].as_array().map_or(0, Vec::len)).sum();
    assert!(kept == 5_000 && found["left_out"].as_u64() > Some(500), "{kept} {}", found["left_out"]);
    let page = send(&server, "GET", &format!("{BASE}/contract"), &[], "");
    assert!(page.status == 200 && page.body.len() < 64 << 10, "{}", page.body.len());
}

/// Buys a label; the number of its parcel.
fn buy(server: &Server) -> String {
    let live = ("authorization", "ShippoToken shippo_live_seatrial");
    let parcel = json!({"length": "5", "width": "5", "height": "5", "distance_unit": "in", "weight": "2", "mass_unit": "lb"});
    let place = json!({"name": "Ada", "street1": "1 Main St", "city": "Austin", "state": "TX", "zip": "73301", "country": "US"});
    let label = json!({"async": false, "carrier_account": "f82c50551bc7a9182d8e91293e0a7468", "servicelevel_token": "usps_priority",
        "shipment": {"address_from": place, "address_to": place, "parcels": [parcel]}});
    let bought = send(server, "POST", "/shippo/transactions", &[live, JSON], &label.to_string()).json();
    bought["tracking_number"].as_str().unwrap_or_else(|| panic!("{bought}")).to_owned()
}

#[test]
fn lists_of_parcels_follow_every_change_of_them() {
    let server = Server::start(&[]);
    admin(&server, "PUT", "/sandboxes/default/clock", &json!({"mode": "frozen"}));
    let statuses = || -> Vec<Value> {
        let found = admin(&server, "GET", &format!("{PARCELS}?view=row"), &Value::Null);
        found["parcels"].as_array().expect("it is a list").iter().map(|row| row["status"].clone()).collect()
    };
    let numbers: Vec<String> = (0..3).map(|_| buy(&server)).collect();
    let bought = statuses();
    assert_eq!(bought.len(), 3);
    admin(&server, "POST", "/sandboxes/default/snapshot", &json!({"name": "bought"}));
    admin(&server, "POST", &format!("/parcels/{}/events", numbers[1]), &json!({"status": "lost"}));
    assert_eq!(statuses(), [bought[0].clone(), json!("lost"), bought[2].clone()]);
    assert_eq!(admin(&server, "GET", &format!("{PARCELS}?status=lost"), &Value::Null)["counts"]["lost"], 1);
    admin(&server, "POST", "/sandboxes/default/restore", &json!({"name": "bought"}));
    assert_eq!(statuses(), bought);
    buy(&server);
    assert_eq!(statuses().len(), 4);
    admin(&server, "POST", "/sandboxes/default/reset", &json!({}));
    assert!(statuses().is_empty());
}

#[test]
fn pages_are_compressed_for_those_who_take_it() {
    let server = Server::start(&[]);
    let ask = |coding: &str| send(&server, "GET", BASE, &[("accept-encoding", coding)], "");
    let (plain, packed) = (ask("identity"), ask("br, gzip"));
    assert!(!plain.head.contains("content-encoding") && plain.head.contains("vary: accept-encoding, cookie"), "{}", plain.head);
    assert!(packed.head.contains("content-encoding: gzip") && packed.body.len() * 2 < plain.body.len(), "{}", packed.head);
    assert!(!ask("gzip;q=0").head.contains("content-encoding"));
    let (_, rest) = plain.body.split_once("rel=\"icon\" type=\"image/svg+xml\" href=\"").expect("it has an icon");
    let icon = send(&server, "GET", rest.split('"').next().expect("it has an address"), &[], "");
    assert!(icon.status == 200 && icon.kind == "image/svg+xml" && icon.body.starts_with("<svg "), "{}", icon.head);
    assert!(icon.head.contains("content-security-policy: default-src 'none'"), "{}", icon.head);
}
