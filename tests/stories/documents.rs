//! A published OpenAPI document as the digest that `published.rs` describes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What is taken of a document.
#[derive(Clone, Copy)]
pub struct Taken {
    /// Whether operations are known by their ids, and not by method and path.
    pub by_id: bool,
    /// Whether the bodies of requests are described.
    pub requests: bool,
    /// Which statuses there are, and which of them have a body that is described.
    pub statuses: fn(&str) -> bool,
    pub described: fn(&str) -> bool,
}

pub fn digest(document: &Value, taken: Taken) -> Value {
    let mut types = Types { document, found: BTreeMap::new() };
    let mut operations = Map::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten().filter(|(_, operation)| operation["responses"].is_object()) {
            let call = format!("{} {path}", method.to_uppercase());
            let mut entry = Map::new();
            if taken.by_id {
                entry.insert("call".to_owned(), call.as_str().into());
            }
            let body = taken.requests.then(|| types.content(&operation["requestBody"])).flatten();
            entry.extend(body.map(|body| ("request".to_owned(), body)));
            let answers = operation["responses"].as_object().into_iter().flatten().filter(|(status, _)| (taken.statuses)(status));
            let answers = answers.map(|(status, answer)| {
                let answer = types.resolve(answer);
                let described = (taken.described)(status).then(|| types.content(answer)).flatten();
                (status.clone(), described.unwrap_or_default())
            });
            entry.insert("answers".to_owned(), Value::Object(answers.collect()));
            let name = if taken.by_id { operation["operationId"].as_str().unwrap_or_default().to_owned() } else { call };
            operations.insert(name, entry.into());
        }
    }
    json!({"operations": operations, "types": types.found})
}

struct Types<'d> {
    document: &'d Value,
    found: BTreeMap<String, Value>,
}

impl<'d> Types<'d> {
    /// What a reference refers to; anything else is itself.
    fn resolve(&self, value: &'d Value) -> &'d Value {
        let pointer = value["$ref"].as_str().map(|reference| reference.trim_start_matches('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }

    /// The type of a body in JSON.
    fn content(&mut self, holder: &'d Value) -> Option<Value> {
        let schema = &holder["content"]["application/json"]["schema"];
        schema.is_object().then(|| self.of(schema))
    }

    fn of(&mut self, schema: &'d Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
            if !self.found.contains_key(&name) {
                self.found.insert(name.clone(), Value::Null);
                let found = self.of(self.resolve(schema));
                self.found.insert(name.clone(), found);
            }
            return format!("@{name}").into();
        }
        let mut parts = Vec::new();
        for (theirs, ours) in [("allOf", "all"), ("oneOf", "one")] {
            if let Some(schemas) = schema[theirs].as_array() {
                parts.push(json!({ours: schemas.iter().map(|schema| self.of(schema)).collect::<Vec<_>>()}));
            }
        }
        let words = schema["enum"].as_array();
        parts.extend(words.map(|words| json!({"words": words})));
        match schema["type"].as_str() {
            _ if schema["properties"].is_object() => parts.push(self.object(schema)),
            Some("object") => parts.push(self.object(schema)),
            Some("array") => parts.push(json!({"each": self.of(&schema["items"])})),
            Some("string") if words.is_some() => {}
            Some(kind) => parts.push(word(kind, schema).into()),
            None => {}
        }
        match parts.len() {
            0 => "any".into(),
            1 => parts.remove(0),
            _ => json!({"all": parts}),
        }
    }

    fn object(&mut self, schema: &'d Value) -> Value {
        let properties = schema["properties"].as_object();
        let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut members = Map::new();
        for (name, property) in properties.into_iter().flatten() {
            let optional = if required.contains(&name.as_str()) { "" } else { "?" };
            members.insert(format!("{name}{optional}"), self.of(property));
        }
        let mut object = json!({"members": members});
        let untyped: Vec<&&str> = required.iter().filter(|name| !properties.is_some_and(|known| known.contains_key(**name))).collect();
        if !untyped.is_empty() {
            object["needs"] = json!(untyped);
        }
        if schema["additionalProperties"].is_object() {
            object["others"] = self.of(&schema["additionalProperties"]);
        }
        object
    }
}

/// A simple type with its limits.
fn word(kind: &str, schema: &Value) -> String {
    let mut word = if kind == "string" { "text" } else { kind }.to_owned();
    if let Some(format) = schema["format"].as_str().filter(|format| ["date-time", "date"].contains(format)) {
        word = format!("{word} {format}");
    }
    let (least, most) = (schema["minLength"].as_u64(), schema["maxLength"].as_u64());
    if least.or(most).is_some() {
        let most = most.map_or_else(String::new, |most| most.to_string());
        word = format!("{word} {}..{most}", least.unwrap_or_default());
    }
    word
}
