//! The end of a sandbox: what was prepared for it and never had an effect is said before it is gone.

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{Answer, JSON, send};
use crate::process::Server;

const SCENARIO: &str = "name: prepared
timelines:
  never-taken: {for: {vendor: shippo}, steps: [{at: +1h, status: lost}]}
overrides:
  - {on: shippo.ListAddresses, fault: 503, times: 1}
  - {on: shippo.ListAddresses, rate_limit: {per: sandbox, limit: 5, window: 60s}}
  - {on: shippo.CreateRefund, fault: 503}
  - {on: shippo.CreateAddress, fault: 503, skip: 3}
expect:
  - call: shippo.ListAddresses
  - call: shippo.CreateRefund
";

fn put_scenario(server: &Server, name: &str, text: &str) -> Answer {
    send(server, "PUT", &format!("/_seatrial/sandboxes/{name}/scenario"), &[("content-type", "application/yaml")], text)
}

fn told(report: &Value) -> Vec<String> {
    let rows = report["unused"].as_array().expect("what had no effect");
    rows.iter().map(|row| format!("{} {} {}: {}", row["what"], row["name"], row["line"], row["detail"]).replace('"', "")).collect()
}

#[test]
fn what_had_no_effect_is_said_at_the_end() {
    let server = Server::start(&[]);
    let made = send(&server, "POST", "/_seatrial/sandboxes", &[JSON], r#"{"name": "mine"}"#).json();
    assert_eq!(put_scenario(&server, "mine", SCENARIO).status, 200);
    let token = format!("ShippoToken {}", made["credentials"]["shippo"][0]["token"].as_str().expect("a token"));
    let call = || send(&server, "GET", "/shippo/addresses", &[("authorization", &token)], "").status;
    assert_eq!((call(), call()), (503, 200));
    send(&server, "POST", "/shippo/addresses", &[("authorization", &token), JSON], r#"{"name": "A", "country": "US"}"#);
    for name in ["off", "on"] {
        let fault = r#"{"on": "shippo.CreateBatch", "fault": 503}"#;
        assert_eq!(send(&server, "PUT", &format!("/_seatrial/sandboxes/mine/faults/{name}"), &[JSON], fault).status, 200);
    }
    assert_eq!(send(&server, "DELETE", "/_seatrial/sandboxes/mine/faults/off", &[], "").status, 204);
    let expected = [
        "override shippo.ListAddresses 6: none of 1 calls was one too many",
        "override shippo.CreateRefund 7: no call came to it",
        "override shippo.CreateAddress 8: it skipped each of 1 calls",
        "timeline never-taken 3: no parcel was put on it",
        "fault on null: no call met it",
        "fault off null: it was switched off before any call met it",
    ];
    let report = send(&server, "POST", "/_seatrial/sandboxes/mine/verify", &[JSON], "").json();
    assert_eq!(told(&report), expected);
    assert_eq!(report["verdict"], "failed");
    // The same again for expectations that come with the question: what is unused changes no verdict.
    let asked = send(&server, "POST", "/_seatrial/sandboxes/mine/verify", &[JSON], r#"{"expect": [{"call": "shippo.ListAddresses"}]}"#);
    assert_eq!((asked.json()["verdict"].clone(), told(&asked.json())), (json!("passed"), told(&report)));
    let end = send(&server, "DELETE", "/_seatrial/sandboxes/mine", &[], "").json();
    assert_eq!(end, report);
}

#[test]
fn what_had_an_effect_is_not_said_and_a_reset_forgets() {
    let server = Server::start(&[]);
    let scenario = "overrides: [{on: shippo.ListAddresses, fault: 503}]";
    assert_eq!(put_scenario(&server, "default", scenario).status, 200);
    let unused = || told(&send(&server, "POST", "/_seatrial/sandboxes/default/verify", &[JSON], "").json()).len();
    assert_eq!(unused(), 0, "nobody called Shippo yet");
    assert_eq!(send(&server, "GET", "/shippo/parcels", &SHIPPO, "").status, 200);
    assert_eq!(unused(), 1);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 503);
    assert_eq!(unused(), 0);
    // A copy and a file know it as well.
    let file = send(&server, "GET", "/_seatrial/sandboxes/default/export", &[], "").body;
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/again/import", &[JSON], &file).status, 200);
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/fork", &[JSON], r#"{"name": "copy"}"#).status, 201);
    // Whatever becomes the default sandbox is opened by what always opens it.
    let again = send(&server, "GET", "/_seatrial/sandboxes/again/export", &[], "").body;
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/import", &[JSON], &again).status, 200);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 503);
    for name in ["again", "copy"] {
        let end = send(&server, "DELETE", &format!("/_seatrial/sandboxes/{name}"), &[], "").json();
        assert_eq!(told(&end), Vec::<String>::new(), "{name}");
    }
    assert_eq!(send(&server, "POST", "/_seatrial/sandboxes/default/reset", &[JSON], "").status, 200);
    assert_eq!(send(&server, "GET", "/shippo/parcels", &SHIPPO, "").status, 200);
    assert_eq!(unused(), 1);
}
