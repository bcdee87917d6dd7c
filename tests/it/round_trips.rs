//! A conversation that was exported plays back green in a sandbox of its own: the longest story of each vendor.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{admin, send};
use crate::process::Server;

const YAML: (&str, &str) = ("content-type", "application/yaml");

/// The story of a folder with most calls.
fn longest(folder: &str) -> (String, Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors").join(folder);
    let stories = fs::read_dir(root).expect("a folder").map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("a story"));
    let read = stories.map(|text| {
        let story: Value = serde_saphyr::from_str(&text).expect("YAML");
        (text, story)
    });
    let calls = |story: &Value| story["steps"].as_array().map_or(0, |steps| steps.iter().filter(|step| step["call"].is_string()).count());
    read.max_by_key(|(_, story)| calls(story)).expect("there are stories")
}

/// Makes a sandbox under a scenario, and plays a conversation with a vendor in it.
fn play(server: &Server, name: &str, vendor: &str, scenario: &Value, story: &str) -> Value {
    admin(server, "POST", "/sandboxes", &json!({"name": name, "scenario": scenario}));
    let path = format!("/_seatrial/sandboxes/{name}/conversations?vendor={vendor}");
    let answer = send(server, "POST", &path, &[YAML], story);
    assert_eq!(answer.status, 200, "{vendor}: {}", answer.body);
    answer.json()
}

fn problems(played: &Value) -> Vec<String> {
    let steps = played["steps"].as_array().into_iter().flatten();
    steps.filter(|step| step["problems"] != json!([])).map(|step| format!("{}: {}", step["step"], step["problems"])).collect()
}

#[test]
fn the_longest_story_of_each_vendor_plays_back() {
    let server = Server::start(&[]);
    for vendor in ["shipmate", "shipmate_v1_2", "shippo", "shipstation_v1", "shipstation_v2", "shiptheory", "shiptime"] {
        let (text, story) = longest(vendor);
        let mut scenario = if story["scenario"].is_object() { story["scenario"].clone() } else { json!({}) };
        scenario["seed"] = json!(42);
        if scenario["clock"].is_null() {
            scenario["clock"] = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
        }
        let played = play(&server, vendor, vendor, &scenario, &text);
        let calls = played["steps"].as_array().map_or(0, |steps| steps.iter().filter(|step| step["status"].is_u64()).count());
        assert!(calls >= 8, "{vendor}: {calls} calls");
        let path = format!("/_seatrial/sandboxes/{vendor}/requests/export?format=conversation&secrets=show&limit=1000");
        let exported = send(&server, "GET", &path, &[], "").body;
        let conversation: Value = serde_saphyr::from_str(&exported).unwrap_or_else(|error| panic!("{vendor}: {error}\n{exported}"));
        assert_eq!(conversation["scenario"]["clock"]["mode"], "frozen", "{vendor}");
        assert!(conversation["scenario"]["clock"]["start"].is_string(), "{vendor}");
        // One of the same name has the same credentials, and so the same tokens.
        admin(&server, "DELETE", &format!("/sandboxes/{vendor}"), &Value::Null);
        let back = play(&server, vendor, vendor, &conversation["scenario"], &exported);
        assert_eq!((problems(&back), &back["verdict"]), (Vec::new(), &json!("passed")), "{vendor}");
        let played_again = back["steps"].as_array().map_or(0, |steps| steps.iter().filter(|step| step["status"].is_u64()).count());
        assert_eq!(played_again, calls, "{vendor}");
    }
}

/// Links of answers lead to where the caller was, which is another place when they are played back.
#[test]
fn links_to_oneself_are_compared_by_what_they_lead_to() {
    let server = Server::start(&[]);
    let clock = json!({"start": "2026-01-05T09:00:00Z", "mode": "frozen"});
    admin(&server, "POST", "/sandboxes", &json!({"name": "linked", "seed": 42, "clock": clock}));
    let credentials = admin(&server, "GET", "/sandboxes/linked", &Value::Null);
    let token = credentials["credentials"]["shippo"][0]["token"].as_str().expect("a token").to_owned();
    let headers = [("authorization", &*format!("ShippoToken {token}")), ("content-type", "application/json")];
    for name in ["Ada", "Bob", "Cem"] {
        let body = json!({"name": name, "country": "US"}).to_string();
        assert_eq!(send(&server, "POST", "/@linked/shippo/addresses/", &headers, &body).status, 201);
    }
    let listed = send(&server, "GET", "/@linked/shippo/addresses/?results=1", &headers, "");
    assert!(listed.json()["next"].as_str().is_some_and(|next| next.contains("/@linked/shippo/addresses")), "{}", listed.body);
    let path = "/_seatrial/sandboxes/linked/requests/export?format=conversation&secrets=show";
    let exported = send(&server, "GET", path, &[], "").body;
    let scenario: Value = serde_saphyr::from_str::<Value>(&exported).expect("YAML")["scenario"].clone();
    let back = play(&server, "back", "shippo", &scenario, &exported);
    assert_eq!(problems(&back), Vec::<String>::new(), "{exported}");
}
