//! An exchange of the journal as the API shows it: headers, bodies and notes, without secrets unless they are asked for.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::server::admin::secrets::{Exchange, Shown};
use crate::world::{Effect, Note};

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
    pub fn of(exchange: Exchange<'_>) -> Self {
        let Exchange { entry, target, notes, request, answer, .. } = exchange;
        Self {
            id: entry.id.to_string(),
            at: entry.at,
            vendor: entry.vendor.to_string(),
            operation: entry.operation.as_deref().map(str::to_owned),
            method: entry.method.to_string(),
            target: target.into_owned(),
            status: entry.status,
            notes,
            effect: entry.effect.clone(),
            request: MessageView::of(request),
            answer: MessageView::of(answer),
        }
    }
}

impl MessageView {
    fn of(shown: Shown<'_>) -> Self {
        let headers = shown.headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
        Self { headers: headers.collect(), body: shown.body, length: shown.message.length, cut: shown.message.is_cut() }
    }
}
