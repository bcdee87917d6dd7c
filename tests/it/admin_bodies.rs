//! What operations of the admin API do not read, they refuse: all of them, whatever is sent.

use serde_json::{Value, json};

use crate::admin::{filled, operations};
use crate::client::{JSON, send};
use crate::process::Server;

/// Every operation with the schema of its body, but for inboxes, which take anything, and what tells the problems of a scenario.
fn all(server: &Server) -> Vec<(String, String, Option<Value>)> {
    let rows = operations(server, &[]).into_iter();
    let takes_all = |path: &str| ["/inbox/{name}", "/scenarios/check"].iter().any(|end| path.ends_with(end));
    let rows = rows.filter(|(method, path, _)| !(method == "POST" && takes_all(path)));
    rows.map(|(method, path, operation)| {
        let schema = operation.pointer("/requestBody/content/application~1json/schema").cloned();
        (method, path, schema)
    })
    .collect()
}

#[test]
fn members_that_an_operation_does_not_have_are_refused() {
    let server = Server::start(&[]);
    let mut tried = 0;
    for (method, path, schema) in all(&server) {
        let query = if path.ends_with("/conversations") { "?vendor=shippo" } else { "" };
        let target = format!("{}{query}", filled(&path));
        for body in [r#"{"nonsense": 1}"#, r#"{"nonsense": null}"#, "[1]", "[]", "\"nonsense\"", "7", "true"] {
            let refused = send(&server, &method, &target, &[JSON], body);
            assert!([400, 404, 422].contains(&refused.status), "{method} {path} {body}: {} {}", refused.status, refused.body);
            assert_eq!(refused.kind, "application/problem+json", "{method} {path} {body}");
            // What is not there is found after the body was read.
            let is_read = schema.is_some() || refused.body.contains("takes no body");
            assert!(is_read && refused.status != 404, "{method} {path} {body}: {}", refused.body);
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn members_of_another_type_are_refused() {
    let server = Server::start(&[]);
    let mut tried = 0;
    for (method, path, schema) in all(&server) {
        let Some(members) = schema.as_ref().and_then(|schema| schema["properties"].as_object()) else { continue };
        // What is read as a scenario or as a file has tests of its own.
        if ["/scenario", "/import", "/conversations", "/faults/{name}", "/verify"].iter().any(|end| path.ends_with(end)) {
            continue;
        }
        for name in members.keys() {
            for value in [json!([1]), json!([{"a": 1}]), json!(3.5)] {
                let body = json!({ name: value }).to_string();
                let refused = send(&server, &method, &filled(&path), &[JSON], &body);
                assert_eq!(refused.status, 400, "{method} {path} {body}: {}", refused.body);
                let found = refused.json()["diagnostics"].clone();
                assert!(
                    found.as_array().is_some_and(|rows| rows.iter().any(|row| row["column"].as_u64() > Some(1))),
                    "{path} {body}: {found}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
}

#[test]
fn parameters_that_an_operation_does_not_have_are_refused() {
    let server = Server::start(&[]);
    for (method, path, _) in all(&server) {
        let refused = send(&server, &method, &format!("{}?nonsense=1", filled(&path)), &[JSON], "");
        assert!(refused.status == 400 && refused.body.contains("nonsense"), "{method} {path}: {} {}", refused.status, refused.body);
    }
}
