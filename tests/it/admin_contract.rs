//! Whatever a test asks the admin API is held against the document that the API gives of itself.

use std::sync::OnceLock;

use seatrial::base::text;
use serde_json::{Value, json};

use crate::client;
use crate::process::Server;

/// The document, which every server of this binary gives alike.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let server = Server::start(&[]);
        let request = b"GET /_seatrial/openapi.json HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let answer = client::unchecked(server.admin(), request);
        let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
        serde_json::from_str(body).expect("the document is JSON")
    })
}

/// Holds one exchange against the document, if it is one with the admin API.
pub fn check(request: &str, answer: &str) {
    let mut line = request.lines().next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (line.next(), line.next()) else { return };
    let (Some((head, body)), Some(path)) = (answer.split_once("\r\n\r\n"), target.split('?').next()) else { return };
    let path = text::decode_unreserved(path);
    let is_page = path == "/_seatrial/" || path.starts_with("/_seatrial/ui");
    if !path.starts_with("/_seatrial/") || is_page || head.contains("transfer-encoding: chunked") {
        return;
    }
    let status = head.split(' ').nth(1).unwrap_or_default();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    let Some(operation) = operation(&path, method) else {
        assert!(status.starts_with('4'), "the document has no {method} {path}, and it is answered with {status}");
        return fits(kind, "application/problem+json", &json!({"$ref": "#/components/schemas/Problem"}), body, target);
    };
    let responses = &operation["responses"];
    let said = responses.get(status).or_else(|| responses.get("default").filter(|_| status.starts_with(['4', '5'])));
    let said = said.unwrap_or_else(|| panic!("{method} {target} has no answer {status} in the document: {body}"));
    let content = said["content"].as_object();
    match content.and_then(|content| content.iter().find(|(declared, _)| *declared == kind).or_else(|| content.iter().next())) {
        None => assert!(body.is_empty() && kind.is_empty(), "{method} {target} answers with a body that the document does not have"),
        Some((expected, row)) => fits(kind, expected, &row["schema"], body, target),
    }
}

fn operation(path: &str, method: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().expect("a document has paths");
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(expected, found)| expected.starts_with('{') || expected == found)
    };
    // A literal segment is the better match.
    let found = paths.iter().filter(|(template, _)| fits(template)).min_by_key(|(template, _)| template.matches('{').count());
    found.and_then(|(_, methods)| methods.get(method.to_ascii_lowercase()))
}

fn fits(kind: &str, expected: &str, schema: &Value, body: &str, target: &str) {
    if expected == "*/*" {
        return;
    }
    assert_eq!(kind, expected, "{target}: {body}");
    if schema["type"] == "string" || !expected.contains("json") || expected.contains("ndjson") {
        return;
    }
    let root = json!({"allOf": [schema], "components": document()["components"]});
    let validator = jsonschema::validator_for(&root).unwrap_or_else(|error| panic!("{target}: {error}"));
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{target}: {error}: {body}"));
    let problems: Vec<String> = validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{target}: {problems:?}\n{body}");
}

/// Every object that an answer may have is described: a member that the document does not know fails the check above.
#[test]
fn answers_have_no_members_that_the_document_does_not_name() {
    fn visit(schema: &Value, path: &str, open: &mut Vec<String>) {
        let is_closed = schema["additionalProperties"] == false || schema["unevaluatedProperties"] == false;
        if schema["properties"].is_object() && !is_closed {
            open.push(path.to_owned());
        }
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            visit(member, &format!("{path}.{name}"), open);
        }
        if schema["items"].is_object() {
            visit(&schema["items"], path, open);
        }
    }
    let schemas = document()["components"]["schemas"].as_object().expect("a document has schemas");
    let own = schemas.iter().filter(|(name, _)| name.starts_with(|letter: char| letter.is_ascii_uppercase()));
    let (mut open, mut count) = (Vec::new(), 0);
    for (name, schema) in own {
        assert!(!name.ends_with(|letter: char| letter.is_ascii_digit()), "two types are called {name}");
        visit(schema, name, &mut open);
        count += 1;
    }
    assert!(count > 30, "{count}");
    // The file of a world is described by what reads it.
    assert_eq!(open, ["SandboxFile.world"]);
}
