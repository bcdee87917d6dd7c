//! Postman collections of version 2.1: folders of requests, with variables and with authorization that is inherited.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{FoundBody, FoundCall, FoundPart, ImportError, MOST_BYTES};

pub(super) fn calls(file: &Value) -> Result<Vec<FoundCall>, ImportError> {
    let rows = file["variable"].as_array().into_iter().flatten();
    let values = rows.filter_map(|row| Some((row["key"].as_str()?, scalar(&row["value"])?))).collect();
    let variables = Variables { values, left: Cell::new(MOST_BYTES) };
    let mut found = Vec::new();
    variables.folder(file, &Value::Null, &mut found);
    if variables.left.get() == 0 { Err(ImportError::Large) } else { Ok(found) }
}

struct Variables<'f> {
    values: BTreeMap<&'f str, Cow<'f, str>>,
    /// How many bytes they may still become: each use is a copy.
    left: Cell<usize>,
}

impl Variables<'_> {
    /// The requests of a folder and of those in it, which are as deep as JSON is.
    fn folder(&self, value: &Value, auth: &Value, found: &mut Vec<FoundCall>) {
        let auth = value.get("auth").filter(|auth| auth.is_object()).unwrap_or(auth);
        for item in value["item"].as_array().into_iter().flatten() {
            if item["item"].is_array() {
                self.folder(item, auth, found);
            } else if !item["request"].is_null() {
                found.push(self.call(&item["request"], auth));
            }
        }
    }

    fn call(&self, request: &Value, auth: &Value) -> FoundCall {
        let mut headers = self.pairs(&request["header"]);
        headers.extend(self.authorization(request.get("auth").filter(|auth| auth.is_object()).unwrap_or(auth)));
        let method = request["method"].as_str().filter(|method| !method.is_empty()).unwrap_or("GET").to_owned();
        FoundCall { method, url: self.url(request), headers, body: self.body(&request["body"]), answer: None }
    }

    /// The URL of a request, which may be nothing but that, with what its `:names` stand for.
    fn url(&self, request: &Value) -> String {
        let url = &request["url"];
        let text = url["raw"].as_str().or_else(|| url.as_str()).or_else(|| request.as_str()).unwrap_or_default();
        let (path, rest) = text.find(['?', '#']).map_or((text, ""), |end| text.split_at(end));
        let parts = path.split('/').map(|part| {
            let Some(name) = part.strip_prefix(':').filter(|name| !name.is_empty()) else { return Cow::from(part) };
            let mut rows = url["variable"].as_array().into_iter().flatten();
            let value = rows.find(|row| row["key"] == name).and_then(|row| scalar(&row["value"]));
            value.filter(|value| !value.is_empty()).unwrap_or_else(|| format!("{{{{{name}}}}}").into())
        });
        self.filled(&(parts.collect::<Vec<_>>().join("/") + rest))
    }

    fn body(&self, body: &Value) -> Option<FoundBody> {
        match body["mode"].as_str()? {
            "raw" => body["raw"].as_str().map(|text| FoundBody::Text(self.filled(text))),
            "urlencoded" => Some(FoundBody::Form(self.pairs(&body["urlencoded"]))),
            "graphql" => Some(FoundBody::Text(self.filled(&body["graphql"].to_string()))),
            "formdata" => Some(self.parts(&body["formdata"])),
            "file" => Some(FoundBody::Elsewhere(source(&body["file"]["src"]))),
            _ => None,
        }
    }

    /// A form in several parts, or the file that one of them is in.
    fn parts(&self, rows: &Value) -> FoundBody {
        let mut parts = Vec::new();
        for row in rows.as_array().into_iter().flatten().filter(is_on) {
            let Some(name) = row["key"].as_str() else { continue };
            if row["type"] == "file" {
                return FoundBody::Elsewhere(source(&row["src"]));
            }
            let value = self.filled(row["value"].as_str().unwrap_or_default());
            let kind = row["contentType"].as_str().map(str::to_owned);
            parts.push(FoundPart { name: self.filled(name), value, file: None, kind });
        }
        FoundBody::Parts(parts)
    }

    fn pairs(&self, rows: &Value) -> Vec<(String, String)> {
        let rows = rows.as_array().into_iter().flatten().filter(is_on);
        rows.filter_map(|row| Some((self.filled(row["key"].as_str()?), self.filled(row["value"].as_str().unwrap_or_default())))).collect()
    }

    fn authorization(&self, auth: &Value) -> Option<(String, String)> {
        let kind = auth["type"].as_str()?;
        let fact = |name: &str| {
            let mut rows = auth[kind].as_array().into_iter().flatten();
            self.filled(rows.find(|row| row["key"] == name).and_then(|row| row["value"].as_str()).unwrap_or_default())
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
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split("{{");
        let mut out = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            match part.split_once("}}") {
                Some((name, rest)) => {
                    let name = name.trim();
                    match self.values.get(name) {
                        Some(value) => {
                            self.left.set(self.left.get().saturating_sub(value.len()));
                            out.push_str(if self.left.get() == 0 { "" } else { value });
                        }
                        None => out.push_str(&format!("{{{{env.{}}}}}", name.trim_start_matches('$'))),
                    }
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
}

fn is_on(row: &&Value) -> bool {
    row["disabled"] != true
}

/// The text of a value that is no list and no object.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(text.into()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string().into()),
        _ => None,
    }
}

/// The file of a part, or the first of several.
fn source(value: &Value) -> String {
    value.as_str().or_else(|| value[0].as_str()).unwrap_or("that was not chosen").to_owned()
}
