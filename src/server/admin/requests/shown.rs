//! One exchange as the API shows it: headers, bodies, remarks with whose move they are, and no secrets unless asked for.

use serde_json::{Map, Value, json};

use crate::engine;
use crate::server::admin::{Ask, Problem};
use crate::world::{Entry, Journal};

/// What stands in a secret's place.
const REDACTED: &str = "[redacted]";

/// Headers whose values are nobody's business.
const HEADERS: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/// How names of further such headers end, whatever vendor they are of.
const ENDINGS: [&str; 3] = ["api-key", "-token", "-secret"];

/// Members of bodies, fields of forms and names in queries whose values are nobody's business.
const MEMBERS: [&str; 12] = [
    "password",
    "client_secret",
    "secret",
    "api_key",
    "apikey",
    "api_secret",
    "token",
    "access_token",
    "refresh_token",
    "id_token",
    "assertion",
    "webhook_secret",
];

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secrets {
    Hidden,
    Shown,
}

impl Secrets {
    pub fn read(ask: &Ask<'_>) -> Result<Self, Problem> {
        match ask.query("secrets") {
            None | Some("hide") => Ok(Self::Hidden),
            Some("show") => Ok(Self::Shown),
            Some(other) => Err(Problem::bad(format!("`secrets` is `show` or `hide`, found `{other}`"))),
        }
    }
}

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
    let kind = headers.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or_default();
    json!({"headers": rows, "body": body_of(kind, body, secrets), "length": length, "cut": length > Journal::BODY})
}

/// Names and values of headers.
pub(super) fn headers_of(headers: &str, secrets: Secrets) -> impl Iterator<Item = (&str, &str)> {
    let rows = headers.lines().filter_map(|line| line.split_once(": "));
    let is_secret = |name: &str| HEADERS.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending));
    rows.map(move |(name, value)| (name, if secrets == Secrets::Hidden && is_secret(name) { REDACTED } else { value }))
}

/// A body as JSON if it is that, else as text; nothing as `null`.
pub(super) fn body_of(kind: &str, body: &[u8], secrets: Secrets) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        if secrets == Secrets::Hidden {
            redact(&mut value);
        }
        return value;
    }
    let text = String::from_utf8_lossy(body);
    if secrets == Secrets::Hidden && kind.starts_with("application/x-www-form-urlencoded") {
        return pairs(&text).into();
    }
    text.into_owned().into()
}

/// The path and query.
pub(super) fn target(entry: &Entry, secrets: Secrets) -> String {
    match entry.target.split_once('?') {
        Some((path, query)) if secrets == Secrets::Hidden => format!("{path}?{}", pairs(query)),
        _ => entry.target.clone(),
    }
}

fn pairs(text: &str) -> String {
    let secret = |pair: &str| {
        let decoded = engine::pairs(pair);
        decoded.first().is_some_and(|(name, _)| is_secret(name))
    };
    let rows = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if secret(pair) => format!("{name}={REDACTED}"),
        _ => pair.to_owned(),
    });
    rows.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    MEMBERS.contains(&name.as_str())
}

fn redact(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(redact),
        Value::Object(members) => {
            for (name, member) in members {
                if member.is_string() && is_secret(name) { *member = REDACTED.into() } else { redact(member) }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, body: &str, expected: Value) {
        assert_eq!(body_of(kind, body.as_bytes(), Secrets::Hidden), expected);
        assert!(!body_of(kind, body.as_bytes(), Secrets::Shown).to_string().contains(REDACTED));
    }

    #[test]
    fn secrets_are_left_out_of_bodies() {
        check(
            "application/json",
            r#"{"a":[{"Password":"x","b":1}],"token":{"c":"d"}}"#,
            json!({"a": [{"Password": REDACTED, "b": 1}], "token": {"c": "d"}}),
        );
        check("application/x-www-form-urlencoded", "grant_type=x&client%5Fsecret=y", "grant_type=x&client%5Fsecret=[redacted]".into());
        check("text/plain", "password=x", "password=x".into());
    }

    #[test]
    fn secrets_are_left_out_of_headers() {
        let kept = |name: &str| headers_of(&format!("{name}: x"), Secrets::Hidden).any(|(_, value)| value == "x");
        assert!(["content-type", "idempotency-key", "x-request-id"].into_iter().all(kept));
        assert!(!["authorization", "set-cookie", "api-key", "x-acme-api-key", "x-acme-token"].into_iter().any(kept));
    }

    #[test]
    fn a_remark_says_whose_move_it_is() {
        let blame = |note: &str| remark(note)["blame"].as_str().unwrap_or_default().to_owned();
        assert_eq!(blame("request-invalid: /a, /b"), "caller");
        assert_eq!(blame("answer-invalid: /a Type"), "sandbox");
        assert_eq!(blame("sandbox-full: 3 bytes"), "sandbox");
        assert_eq!(blame("quotes-dropped: the oldest"), "nobody");
    }
}
