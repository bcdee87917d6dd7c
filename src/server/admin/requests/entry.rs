//! An exchange of the journal as the API shows it: headers, bodies and notes, without secrets unless they are asked for.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::server::admin::requests::secrets::{self, Secrets};
use crate::world::Entry;

/// A call to a vendor, and its answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Exchange")]
pub(crate) struct EntryView {
    /// The value of the header `seatrial-request`.
    id: String,
    /// When it was made, on the sandbox's clock.
    at: Timestamp,
    vendor: String,
    /// Such as `shippo.CreateAddress`; `null` if no operation has this path.
    operation: Option<String>,
    method: String,
    /// Path and query.
    target: String,
    status: u16,
    /// Where the request or the answer departs from the vendor's document.
    notes: Vec<NoteView>,
    request: Message,
    answer: Message,
}

/// A departure from the vendor's document.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Note")]
struct NoteView {
    code: String,
    detail: String,
    blame: Blame,
}

/// Who has to change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Blame {
    Caller,
    Sandbox,
    Nobody,
}

#[derive(Serialize, JsonSchema)]
struct Message {
    headers: IndexMap<String, String>,
    /// JSON if it is that, else text; `null` if there is none.
    body: Value,
    /// The number of bytes that were sent.
    length: usize,
    /// Whether only the beginning of the body was kept.
    cut: bool,
}

impl EntryView {
    pub fn of(entry: &Entry, secrets: Secrets) -> Self {
        Self {
            id: entry.id.clone(),
            at: entry.at,
            vendor: entry.vendor.clone(),
            operation: entry.operation.clone(),
            method: entry.method.clone(),
            target: target(entry, secrets).into_owned(),
            status: entry.status,
            notes: entry.notes.iter().map(|note| NoteView::of(note)).collect(),
            request: Message::of(&entry.request_headers, &entry.request_body, entry.lengths.0, secrets),
            answer: Message::of(&entry.reply_headers, &entry.reply_body, entry.lengths.1, secrets),
        }
    }
}

impl NoteView {
    fn of(note: &str) -> Self {
        let (code, detail) = note.split_once(": ").unwrap_or((note, ""));
        let blame = match code.split('-').next() {
            Some("request") => Blame::Caller,
            Some("answer" | "sandbox") => Blame::Sandbox,
            _ => Blame::Nobody,
        };
        Self { code: code.to_owned(), detail: detail.to_owned(), blame }
    }
}

impl Message {
    fn of(headers: &str, body: &[u8], length: usize, secrets: Secrets) -> Self {
        let rows = headers_of(headers, secrets).map(|(name, value)| (name.to_owned(), value.into_owned()));
        Self { headers: rows.collect(), body: body_of(body, secrets), length, cut: is_cut(body, length) }
    }
}

/// Whether only the beginning of a body was kept.
pub(super) fn is_cut(body: &[u8], length: usize) -> bool {
    body.len() < length
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

/// Path and query.
pub(super) fn target(entry: &Entry, secrets: Secrets) -> Cow<'_, str> {
    if secrets == Secrets::Hidden { secrets::text(&entry.target) } else { entry.target.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_who_is_to_blame() {
        let blame = |note: &str| NoteView::of(note).blame;
        assert_eq!(blame("request-invalid: /a, /b"), Blame::Caller);
        assert_eq!(blame("answer-invalid: /a Type"), Blame::Sandbox);
        assert_eq!(blame("sandbox-full: 3 bytes"), Blame::Sandbox);
        assert_eq!(blame("quotes-dropped: the oldest"), Blame::Nobody);
    }
}
