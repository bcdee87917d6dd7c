//! An exchange of the journal as the API shows it: headers, bodies and notes, without secrets unless they are asked for.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::server::admin::requests::secrets::{self, Secrets};
use crate::world::{Effect, Entry, Message, Note};

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
    /// The path and query as sent.
    target: String,
    status: u16,
    /// Remarks, such as where the request or the answer departs from the vendor's document.
    notes: Vec<Note>,
    /// What the scenario did to the call; `null` if nothing.
    effect: Option<Effect>,
    request: MessageView,
    answer: MessageView,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
struct MessageView {
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
            id: entry.id.to_string(),
            at: entry.at,
            vendor: entry.vendor.to_string(),
            operation: entry.operation.as_deref().map(str::to_owned),
            method: entry.method.to_string(),
            target: target(entry, secrets).into_owned(),
            status: entry.status,
            notes: entry.notes.clone(),
            effect: entry.effect.clone(),
            request: MessageView::of(&entry.request, secrets),
            answer: MessageView::of(&entry.answer, secrets),
        }
    }
}

impl MessageView {
    fn of(message: &Message, secrets: Secrets) -> Self {
        let headers = headers_of(message, secrets).map(|(name, value)| (name.to_owned(), value.into_owned()));
        let body = body_of(&message.body, secrets);
        Self { headers: headers.collect(), body, length: message.length, cut: message.is_cut() }
    }
}

/// Names and values of headers.
pub(super) fn headers_of(message: &Message, secrets: Secrets) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let is_hidden = secrets == Secrets::Hidden;
    message.headers().map(move |(name, value)| (name, if is_hidden { secrets::header(name, value) } else { value.into() }))
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

pub(super) fn target(entry: &Entry, secrets: Secrets) -> Cow<'_, str> {
    if secrets == Secrets::Hidden { secrets::text(&entry.target) } else { entry.target.as_str().into() }
}
