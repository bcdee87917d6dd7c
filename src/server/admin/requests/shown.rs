//! One exchange as the API shows it: headers, bodies, remarks with whose move they are, and no secrets unless asked for.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::server::admin::requests::secrets::{self, Secrets};
use crate::world::{Entry, Journal};

/// The schema of what [`shown`] gives.
pub(in crate::server::admin) fn entry_schema() -> Value {
    let message = json!({"type": "object", "additionalProperties": false, "required": ["headers", "body", "length", "cut"], "properties": {
        "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        "body": {},
        "length": {"type": "integer"},
        "cut": {"type": "boolean"},
    }});
    let note = json!({"type": "object", "additionalProperties": false, "required": ["code", "detail", "blame"], "properties": {
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "blame": {"type": "string", "enum": ["caller", "sandbox", "nobody"]},
    }});
    let required = ["id", "at", "vendor", "operation", "method", "target", "status", "notes", "request", "answer"];
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": {
        "id": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "vendor": {"type": "string"},
        "operation": {"type": ["string", "null"]},
        "method": {"type": "string"},
        "target": {"type": "string"},
        "status": {"type": "integer"},
        "notes": {"type": "array", "items": note},
        "request": message,
        "answer": message,
    }})
}

pub(super) fn shown(entry: &Entry, secrets: Secrets) -> Value {
    json!({
        "id": entry.id,
        "at": entry.at,
        "vendor": entry.vendor,
        "operation": entry.operation,
        "method": entry.method,
        "target": target(entry, secrets),
        "status": entry.status,
        "notes": entry.notes.iter().map(|note| remark(note)).collect::<Vec<_>>(),
        "request": message(&entry.request_headers, &entry.request_body, entry.lengths.0, secrets),
        "answer": message(&entry.reply_headers, &entry.reply_body, entry.lengths.1, secrets),
    })
}

/// A remark, with whose move it is.
fn remark(note: &str) -> Value {
    let (code, detail) = note.split_once(": ").unwrap_or((note, ""));
    let blame = match code.split('-').next() {
        Some("request") => "caller",
        Some("answer" | "sandbox") => "sandbox",
        _ => "nobody",
    };
    json!({"code": code, "detail": detail, "blame": blame})
}

fn message(headers: &str, body: &[u8], length: usize, secrets: Secrets) -> Value {
    let rows: Map<String, Value> = headers_of(headers, secrets).map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({"headers": rows, "body": body_of(body, secrets), "length": length, "cut": length > Journal::BODY})
}

/// Names and values of headers.
pub(super) fn headers_of(headers: &str, secrets: Secrets) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let rows = headers.lines().filter_map(|line| line.split_once(": "));
    rows.map(move |(name, value)| (name, if secrets == Secrets::Hidden { secrets::header(name, value) } else { value.into() }))
}

/// A body as JSON if it is that, else as text; nothing as `null`.
pub(super) fn body_of(body: &[u8], secrets: Secrets) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        if secrets == Secrets::Hidden {
            secrets::json(&mut value);
        }
        return value;
    }
    let text = String::from_utf8_lossy(body);
    if secrets == Secrets::Hidden { secrets::text(&text).into() } else { text.into() }
}

/// The path and query.
pub(super) fn target(entry: &Entry, secrets: Secrets) -> Cow<'_, str> {
    if secrets == Secrets::Hidden { secrets::text(&entry.target) } else { entry.target.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_says_whose_move_it_is() {
        let blame = |note: &str| remark(note)["blame"].as_str().unwrap_or_default().to_owned();
        assert_eq!(blame("request-invalid: /a, /b"), "caller");
        assert_eq!(blame("answer-invalid: /a Type"), "sandbox");
        assert_eq!(blame("sandbox-full: 3 bytes"), "sandbox");
        assert_eq!(blame("quotes-dropped: the oldest"), "nobody");
    }
}
