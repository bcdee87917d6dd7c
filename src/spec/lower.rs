//! OpenAPI 3.0 Schema Objects as JSON Schema 2020-12.
//!
//! The two differ in a few keywords only: `nullable`, the boolean `exclusiveMinimum` and `exclusiveMaximum`, and words
//! that say nothing about validity. Everything else passes unchanged.

use serde_json::{Map, Value, json};

/// Lowers every schema of a whole document in place.
pub(super) fn document(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match name.as_str() {
                    "schema" => schema(member),
                    "schemas" => member.as_object_mut().into_iter().flatten().for_each(|(_, member)| schema(member)),
                    "example" | "examples" => {}
                    _ => document(member),
                }
            }
        }
        Value::Array(rows) => rows.iter_mut().for_each(document),
        _ => {}
    }
}

fn schema(value: &mut Value) {
    let Value::Object(members) = value else { return };
    for word in ["example", "discriminator", "xml", "externalDocs", "deprecated"] {
        members.shift_remove(word);
    }
    for (name, member) in members.iter_mut() {
        match name.as_str() {
            "properties" => member.as_object_mut().into_iter().flatten().for_each(|(_, member)| schema(member)),
            "items" | "not" | "additionalProperties" => schema(member),
            "allOf" | "anyOf" | "oneOf" => member.as_array_mut().into_iter().flatten().for_each(schema),
            _ => {}
        }
    }
    bound(members, "exclusiveMinimum", "minimum");
    bound(members, "exclusiveMaximum", "maximum");
    if members.shift_remove("nullable") == Some(Value::Bool(true)) {
        nullable(members);
    }
}

/// `minimum: 0, exclusiveMinimum: true` becomes `exclusiveMinimum: 0`.
fn bound(members: &mut Map<String, Value>, exclusive: &str, limit: &str) {
    match members.get(exclusive) {
        Some(Value::Bool(true)) => {
            if let Some(value) = members.shift_remove(limit) {
                members.insert(exclusive.to_owned(), value);
            }
        }
        Some(Value::Bool(false)) => {
            members.shift_remove(exclusive);
        }
        _ => {}
    }
}

fn nullable(members: &mut Map<String, Value>) {
    if let Some(Value::String(kind)) = members.get("type") {
        let kind = kind.clone();
        members.insert("type".to_owned(), json!([kind, "null"]));
        if let Some(Value::Array(values)) = members.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
    } else {
        let inner = Value::Object(std::mem::take(members));
        members.insert("anyOf".to_owned(), json!([inner, {"type": "null"}]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: Value, expected: Value) {
        let mut document = json!({"components": {"schemas": {"S": given}}});
        super::document(&mut document);
        assert_eq!(document["components"]["schemas"]["S"], expected);
    }

    #[test]
    fn only_the_words_that_differ_change() {
        check(json!({"type": "string", "nullable": true}), json!({"type": ["string", "null"]}));
        check(json!({"type": "string", "nullable": true, "enum": ["a"]}), json!({"type": ["string", "null"], "enum": ["a", null]}));
        check(json!({"nullable": true, "allOf": [{"$ref": "#/x"}]}), json!({"anyOf": [{"allOf": [{"$ref": "#/x"}]}, {"type": "null"}]}));
        check(json!({"type": "number", "minimum": 0, "exclusiveMinimum": true}), json!({"type": "number", "exclusiveMinimum": 0}));
        check(
            json!({"properties": {"example": {"type": "string", "example": "x"}}}),
            json!({"properties": {"example": {"type": "string"}}}),
        );
    }
}
