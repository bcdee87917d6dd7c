//! What is said of the past of a sandbox after a snapshot was gone back to, and in a fork and in the sandbox of a file: what a snapshot
//! takes back has happened all the same, and what happened in another sandbox has not happened in its copy.

use serde_json::{Value, json};

use crate::admin::SHIPPO;
use crate::client::{JSON, admin, send};
use crate::process::Server;
use crate::round_trips::{buy, make};

/// The overrides and faults of a sandbox that are said to have had no effect, with the reason.
fn unused(server: &Server, sandbox: &str) -> Vec<String> {
    let report = admin(server, "POST", &format!("/sandboxes/{sandbox}/verify"), &json!({"expect": []}));
    let rows = report["unused"].as_array().unwrap_or_else(|| panic!("{report}"));
    rows.iter().map(|row| format!("{} {}", row["line"], row["detail"].as_str().expect("a reason"))).collect()
}

fn none_of(line: u64, calls: u64) -> String {
    format!("{line} none of {calls} calls fulfilled its conditions, or all were taken by an earlier one")
}

#[test]
fn what_a_snapshot_takes_back_had_its_effect() {
    let server = Server::start(&[]);
    let rules = "clock: {mode: frozen}
overrides:
  - {on: shippo.ListParcels, when: $call.nth == 2, fault: 503}
  - {on: shippo.ListParcels, when: $call.nth == 9, fault: 500}
";
    let yaml = [("content-type", "application/yaml")];
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &yaml, rules).status, 200);
    let list = || send(&server, "GET", "/shippo/parcels", &SHIPPO, "").status;
    let act = |what: &str, body: Value| admin(&server, "POST", &format!("/sandboxes/default/{what}"), &body);
    let fault = json!({"on": "shippo.ListAddresses", "fault": 500}).to_string();
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/faults/mine", &[JSON], &fault).status, 200);
    act("snapshot", json!({"name": "s"}));
    assert_eq!([list(), list()], [200, 503]);
    assert_eq!(send(&server, "GET", "/shippo/addresses", &SHIPPO, "").status, 500);
    act("restore", json!({"name": "s"}));
    assert_eq!(unused(&server, "default"), [none_of(4, 2)]);
    let rules = admin(&server, "GET", "/sandboxes/default/scenario/rules", &Value::Null);
    assert_eq!((&rules["rules"][0]["effects"], &rules["rules"][0]["unused"]), (&json!(1), &Value::Null), "{rules}");
    assert_eq!(admin(&server, "GET", "/sandboxes/default/faults/mine", &Value::Null)["met"], 1);
    assert_eq!(list(), 200);
    act("restore", json!({"name": "s"}));
    assert_eq!(list(), 200);
    assert_eq!(unused(&server, "default"), [none_of(4, 4)]);

    // In a copy that is another's past: it has one call before it, and its own.
    act("fork", json!({"name": "copy"}));
    let file = admin(&server, "GET", "/sandboxes/default/export", &Value::Null);
    admin(&server, "POST", "/sandboxes/filed/import", &file);
    for sandbox in ["copy", "filed"] {
        let faults = "null no call met it".to_owned();
        assert_eq!(unused(&server, sandbox), [none_of(3, 1), none_of(4, 1), faults], "{sandbox}");
    }

    // What the rules did that the snapshot was taken under is not known any more, once others were at work.
    let other = "overrides: [{on: shippo.ListParcels, when: $call.nth == 7, fault: 502}]";
    assert_eq!(send(&server, "PUT", "/_seatrial/sandboxes/default/scenario?keep=data", &yaml, other).status, 200);
    act("restore", json!({"name": "s"}));
    assert_eq!(unused(&server, "default"), Vec::<String>::new());
}

#[test]
fn webhooks_that_a_snapshot_takes_back_were_sent() {
    let server = Server::start(&[]);
    make(&server, "told", &json!({}));
    let hook = json!({"vendor": "shippo", "account": "live", "url": "inbox://told", "events": ["transaction_created"]});
    admin(&server, "POST", "/sandboxes/told/webhooks", &hook);
    let verdict = |sandbox: &str, count: Value| {
        let mut webhook = json!({"event": "transaction_created"});
        webhook.as_object_mut().expect("an object").extend(count.as_object().cloned().expect("an object"));
        let expected = json!({"expect": [{"webhook": &webhook}]});
        let report = admin(&server, "POST", &format!("/sandboxes/{sandbox}/verify"), &expected);
        // Of what is gone nobody knows where it happened.
        let says_where = report.to_string().contains("it did not happen in the account");
        assert_eq!(says_where, report["verdict"] == "failed" && webhook.get("min").is_some(), "{report}");
        report["verdict"].clone()
    };
    admin(&server, "POST", "/sandboxes/told/snapshot", &json!({"name": "s"}));
    assert_eq!((verdict("told", json!({"min": 1})), verdict("told", json!({"max": 0}))), (json!("failed"), json!("passed")));
    buy(&server, "told");
    assert_eq!((verdict("told", json!({"min": 1})), verdict("told", json!({"max": 0}))), (json!("passed"), json!("failed")));
    admin(&server, "POST", "/sandboxes/told/restore", &json!({"name": "s"}));
    assert_eq!((verdict("told", json!({"min": 1})), verdict("told", json!({"max": 0}))), (json!("unknown"), json!("unknown")));
    // None was sent in a copy.
    admin(&server, "POST", "/sandboxes/told/fork", &json!({"name": "copy"}));
    assert_eq!((verdict("copy", json!({"min": 1})), verdict("copy", json!({"max": 0}))), (json!("failed"), json!("passed")));
}
