//! Postman collections of version 2.1: folders of requests, with variables and with authorization that is inherited.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{FoundBody, FoundCall};

/// How deep folders may be.
const DEEPEST: usize = 32;

pub(super) fn calls(file: &Value) -> Vec<FoundCall> {
    let rows = file["variable"].as_array().into_iter().flatten();
    let variables = rows.filter_map(|row| Some((row["key"].as_str()?.to_owned(), row["value"].as_str()?.to_owned()))).collect();
    let mut found = Vec::new();
    folder(file, &Value::Null, &variables, 0, &mut found);
    found
}

fn folder(value: &Value, auth: &Value, variables: &BTreeMap<String, String>, depth: usize, found: &mut Vec<FoundCall>) {
    let auth = value.get("auth").filter(|auth| auth.is_object()).unwrap_or(auth);
    for item in value["item"].as_array().into_iter().flatten().filter(|_| depth < DEEPEST) {
        if item["item"].is_array() {
            folder(item, auth, variables, depth + 1, found);
        } else if !item["request"].is_null() {
            found.push(call(&item["request"], auth, variables));
        }
    }
}

fn call(request: &Value, auth: &Value, variables: &BTreeMap<String, String>) -> FoundCall {
    let filled = |text: &str| fill(text, variables);
    let is_on = |row: &&Value| row["disabled"] != true;
    let pairs = |rows: &Value| -> Vec<(String, String)> {
        let rows = rows.as_array().into_iter().flatten().filter(is_on);
        rows.filter_map(|row| Some((filled(row["key"].as_str()?), filled(row["value"].as_str().unwrap_or_default())))).collect()
    };
    // A request may be its URL alone.
    let url = request["url"]["raw"].as_str().or_else(|| request["url"].as_str()).or_else(|| request.as_str()).unwrap_or_default();
    let body = &request["body"];
    let body = match body["mode"].as_str() {
        Some("raw") => body["raw"].as_str().map(|text| FoundBody::Text(filled(text))),
        Some("urlencoded") => Some(FoundBody::Form(pairs(&body["urlencoded"]))),
        Some("graphql") => Some(FoundBody::Text(filled(&body["graphql"].to_string()))),
        Some("formdata") => Some(FoundBody::Form(pairs(&body["formdata"]))),
        _ => None,
    };
    let mut headers = pairs(&request["header"]);
    headers.extend(authorization(request.get("auth").filter(|auth| auth.is_object()).unwrap_or(auth), &filled));
    FoundCall { method: request["method"].as_str().unwrap_or("GET").to_owned(), url: filled(url), headers, body, answer: None }
}

fn authorization(auth: &Value, filled: &dyn Fn(&str) -> String) -> Option<(String, String)> {
    let kind = auth["type"].as_str()?;
    let fact = |name: &str| {
        let mut rows = auth[kind].as_array().into_iter().flatten();
        filled(rows.find(|row| row["key"] == name).and_then(|row| row["value"].as_str()).unwrap_or_default())
    };
    match kind {
        "bearer" => Some(("Authorization".to_owned(), format!("Bearer {}", fact("token")))),
        "basic" => {
            let pair = format!("{}:{}", fact("username"), fact("password"));
            Some(("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair))))
        }
        "apikey" if fact("in") != "query" => Some((fact("key"), fact("value"))),
        _ => None,
    }
}

/// A text with the collection's variables; others are those of an environment.
fn fill(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut parts = text.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once("}}") {
            Some((name, rest)) => {
                let name = name.trim();
                let value = variables.get(name).cloned().unwrap_or_else(|| format!("{{{{env.{}}}}}", name.trim_start_matches('$')));
                out.push_str(&value);
                out.push_str(rest);
            }
            None => {
                out.push_str("{{");
                out.push_str(part);
            }
        }
    }
    out
}
