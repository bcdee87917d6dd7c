//! A conversation that was exported plays back green in a sandbox of its own.

use serde_json::{Value, json};

use crate::client::{admin, send};
use crate::process::Server;

const YAML: (&str, &str) = ("content-type", "application/yaml");

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
