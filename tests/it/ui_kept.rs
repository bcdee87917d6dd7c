//! The page over a data directory: what was done by its forms is there again after a restart, and shows as before.

use serde_json::{Value, json};

use crate::admin::furnish;
use crate::client::{Answer, admin, send};
use crate::data_dir::Folder;
use crate::process::Server;

const BASE: &str = "/_seatrial/ui/default";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

fn page(server: &Server, path: &str) -> Answer {
    send(server, "GET", &format!("{BASE}{path}"), &[("accept", "text/html")], "")
}

/// Posts a form of the home page, which does what it says.
fn act(server: &Server, action: &str, fields: &str) {
    let home = page(server, "").body;
    let (_, rest) = home.split_once("name=\"token\" value=\"").expect("it has a form");
    let token = rest.split('"').next().expect("it has a token");
    let answer = send(server, "POST", &format!("{BASE}/do/{action}"), &[FORM], &format!("token={token}&{fields}"));
    assert!(answer.status == 303 && answer.head.contains(&format!("did={action}")), "{action}: {} {}", answer.head, answer.body);
}

#[test]
fn what_was_done_by_forms_outlives_the_process() {
    let folder = Folder::new();
    let data = folder.0.display().to_string();
    let start = || Server::start(&["--data-dir", &data]);
    let mut server = start();
    act(&server, "mode", "mode=frozen");
    let (request, number) = furnish(&server);
    // What happens by itself within the hour comes first.
    act(&server, "advance", "by=1h");
    act(&server, "parcel-event", &format!("number={number}&status=exception&message=held"));
    act(&server, "snapshot", "name=held");
    act(&server, "fork", "name=copy&seed=7");
    act(&server, "fault-on", "name=down&fault=on%3A+%22shippo.ListParcels%22%0Afault%3A+503");
    let clock = admin(&server, "GET", "/sandboxes/default/clock", &Value::Null);
    let report = admin(&server, "GET", "/sandboxes/default/contract", &Value::Null);
    assert_eq!(server.signal("-TERM"), Some(0));

    let server = start();
    assert_eq!(admin(&server, "GET", "/sandboxes/default/clock", &Value::Null), clock);
    assert_eq!(admin(&server, "GET", "/sandboxes/default/contract", &Value::Null)["calls"], report["calls"]);
    for (path, expected) in [
        ("/requests", request.as_str()),
        (&format!("/requests/{request}"), "Why this answer"),
        ("/parcels", &number),
        (&format!("/parcels/{number}"), "held"),
        (&format!("/parcels/{number}"), "/label?format=png"),
        ("/agenda", &number),
        ("/sandbox", "held"),
        ("/scenario", "aria-label=\"Switch off down\""),
        ("/contract", "shippo.CreateAddress"),
    ] {
        let answer = page(&server, path);
        assert!(answer.status == 200 && answer.body.contains(expected), "{path}: {expected}: {}", answer.body);
    }
    assert!(send(&server, "GET", "/_seatrial/ui/copy/parcels", &[], "").body.contains(&number), "the fork is there");
    act(&server, "restore", "name=held");
    assert_eq!(admin(&server, "GET", &format!("/parcels/{number}?sandbox=default"), &json!(null))["status"], "exception");
}
