//! Files of earlier versions are read by this one: what is in `tests/formats/` was written once and is never changed. Each format has a
//! version of its own, which `docs/versions.md` and `/_seatrial/version` tell.

use serde_json::{Value, json};

use crate::client::{JSON, admin, send};
use crate::process::{Server, run, text};

const PAGE: &str = include_str!("../../docs/versions.md");
const CHANGES: &str = include_str!("../../CHANGELOG.md");
const SANDBOX: &str = include_str!("../formats/sandbox-v1.json");
const SCENARIO: &str = include_str!("../formats/scenario-v1.yaml");
const CONVERSATION: &str = include_str!("../formats/conversation-v1.yaml");

#[test]
fn a_scenario_of_version_1_is_read_without_a_word() {
    let output = run(&["check", "tests/formats/scenario-v1.yaml"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    let server = Server::start(&["--scenario", "tests/formats/scenario-v1.yaml"]);
    assert_eq!(admin(&server, "GET", "/sandboxes/default", &Value::Null)["scenario"], "first-version");
    let later = SCENARIO.replace("seatrial/v1", "seatrial/v9");
    let refused = send(&server, "PUT", "/_seatrial/sandboxes/default/scenario", &[("content-type", "application/yaml")], &later);
    assert!(refused.status == 422 && refused.body.contains("seatrial/v1"), "{}", refused.body);
}

#[test]
fn a_sandbox_of_version_1_goes_on_where_it_was() {
    let server = Server::start(&[]);
    let file: Value = serde_json::from_str(SANDBOX).expect("it is JSON");
    let read = send(&server, "POST", "/_seatrial/sandboxes/kept/import", &[JSON], SANDBOX);
    assert_eq!((read.status, &read.json()["scenario"]), (200, &json!("lost-parcel")), "{}", read.body);
    let parcels = admin(&server, "GET", "/sandboxes/kept/parcels", &Value::Null)["parcels"].clone();
    assert_eq!((&parcels[0]["status"], &parcels[0]["step"]), (&json!("in_transit"), &json!(3)), "{parcels}");
    let moved = admin(&server, "POST", "/sandboxes/kept/clock/advance", &json!({"by": "480h"}));
    assert!(moved["fired"].as_u64().is_some_and(|fired| fired > 0), "{moved}");
    let parcels = admin(&server, "GET", "/sandboxes/kept/parcels", &Value::Null)["parcels"].clone();
    assert_eq!(parcels[0]["status"], "lost", "{parcels}");
    let mut later = file;
    later["world"]["format"] = "seatrial/sandbox-v9".into();
    let refused = send(&server, "POST", "/_seatrial/sandboxes/other/import", &[JSON], &later.to_string());
    assert!(refused.status == 400 && refused.body.contains("seatrial/sandbox-v9"), "{} {}", refused.status, refused.body);
}

#[test]
fn a_conversation_of_version_1_is_played() {
    let server = Server::start(&[]);
    let path = "/_seatrial/sandboxes/default/conversations?vendor=shippo";
    let played = send(&server, "POST", path, &[("content-type", "application/yaml")], CONVERSATION);
    assert_eq!((played.status, &played.json()["verdict"]), (200, &json!("passed")), "{}", played.body);
}

#[test]
fn versions_are_told_where_people_look_for_them() {
    let server = Server::start(&[]);
    let version = admin(&server, "GET", "/version", &Value::Null);
    let formats = version["formats"].as_object().expect("formats").clone();
    assert_eq!(formats.keys().collect::<Vec<_>>(), ["admin_api", "scenario", "sandbox", "data"]);
    for (name, format) in &formats {
        let format = format.as_str().expect("a text");
        assert!(PAGE.contains(&format!("| `{format}` |")), "docs/versions.md does not tell of {name} {format}");
    }
    let document = send(&server, "GET", "/_seatrial/openapi.json", &[], "").json();
    assert_eq!(document["info"]["version"], formats["admin_api"]);
    let own = version["version"].as_str().expect("a version");
    assert_eq!(text(&run(&["--version"]).stdout), format!("seatrial {own}\n"));
    let newest = CHANGES.lines().find_map(|line| line.strip_prefix("## ")).expect("a section");
    assert!(newest == "Unreleased" || newest.starts_with(own), "CHANGELOG.md begins with {newest}, and this is {own}");
}
