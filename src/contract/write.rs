//! Conversations as YAML files, in the order and the form in which people write them.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How long a value may be that stands on the line of its name.
const WIDEST: usize = 110;

/// Words that are no texts in YAML unless they are quoted.
const RESERVED: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// A conversation as text. Members of objects keep their order, in which bodies are compared.
#[must_use]
pub(super) fn conversation(file: &Map<String, Value>) -> String {
    let mut out = String::new();
    for (name, value) in file {
        match (name.as_str(), value) {
            ("steps", Value::Array(steps)) => {
                out.push_str("steps:\n");
                steps.iter().for_each(|step| item(step, 2, &mut out));
            }
            _ => member(name, value, 0, &mut out),
        }
    }
    out
}

fn member(name: &str, value: &Value, indent: usize, out: &mut String) {
    let flow = value.to_string();
    let name = key(name);
    if indent + name.len() + flow.len() <= WIDEST || !has_rows(value) {
        let _ = writeln!(out, "{:indent$}{name}: {flow}", "");
        return;
    }
    let _ = writeln!(out, "{:indent$}{name}:", "");
    rows(value, indent + 2, out);
}

fn rows(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| member(name, value, indent, out)),
        Value::Array(items) => items.iter().for_each(|value| item(value, indent, out)),
        _ => {}
    }
}

fn item(value: &Value, indent: usize, out: &mut String) {
    let flow = value.to_string();
    let is_step = value.get("call").is_some();
    if (indent + flow.len() <= WIDEST && !is_step) || !has_rows(value) {
        let _ = writeln!(out, "{:indent$}- {flow}", "");
        return;
    }
    let mut inner = String::new();
    rows(value, indent + 2, &mut inner);
    // The dash stands where the first row would be indented.
    inner.replace_range(indent..indent + 1, "-");
    out.push_str(&inner);
}

fn has_rows(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

fn key(name: &str) -> String {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
    if is_plain { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scenario;

    #[test]
    fn what_is_written_is_read_again() {
        let long = "x".repeat(90);
        let body = json!({"on": true, "a b": [[], {}, [1.5, null, long], {"c": long, "d": "~/^\\d$/"}]});
        let file = json!({
            "vendor": "shippo",
            "steps": [
                {"call": "GET /a", "expect": {"status": 200, "json": body}},
                {"advance": "3s"},
                {"call": "POST /b", "text": "line\nline: {\u{e9}}\t\"q\""},
            ],
        });
        let text = conversation(file.as_object().expect("an object"));
        let read = scenario::yaml(&text, "written.yaml").unwrap_or_else(|problems| panic!("{}\n{text}", problems[0]));
        assert_eq!(read.to_string(), file.to_string(), "{text}");
        assert!(text.contains("  - call: \"GET /a\"\n    expect:\n      status: 200\n"), "{text}");
    }
}
