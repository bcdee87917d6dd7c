//! An exchange of the journal as the API shows it: headers, bodies and notes, without secrets unless they are asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::base::trace;
use crate::server::admin::secrets::{Exchange, Shown};
use crate::server::shown_bytes::{self, HeaderText, HeaderView};
use crate::world::{Effect, Message, Sent, Took, WordedNote};

/// A call to a vendor, and its answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Exchange")]
pub(crate) struct EntryView {
    /// Its number among all calls of the sandbox, from 1.
    number: u64,
    /// The value of the header `seatrial-request`.
    id: String,
    /// When it was made, on the sandbox's clock.
    at: Timestamp,
    /// When it came in, by the wall clock.
    received: Timestamp,
    /// How long it took by the wall clock, in milliseconds; `null` while it is not answered, and for calls that another
    /// process has answered: before a start with `--data-dir`, or as another replica.
    duration_ms: Option<f64>,
    vendor: String,
    /// Such as `shippo.CreateAddress`; `null` if no operation has this path.
    operation: Option<String>,
    method: String,
    /// The path and query as sent.
    target: String,
    /// The status that the caller received; `null` if no answer went out.
    status: Option<u16>,
    /// What went over the wire.
    wire: Sent,
    /// Remarks, such as where the request or the answer departs from the vendor's document.
    notes: Vec<WordedNote>,
    /// What the scenario did to the call; `null` if nothing.
    effect: Option<Effect>,
    /// The trace that it belongs to, by its header `traceparent`; webhooks that it causes have the same headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceView>,
    request: MessageView,
    /// The answer that was made, whether it went out or not; `null` if none was made.
    answer: Option<AnswerView>,
}

/// What a call says of its trace (W3C Trace Context).
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Trace")]
struct TraceView {
    trace_id: String,
    /// The span of the caller.
    parent_id: String,
    /// The header `tracestate`, as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
}

/// The answer of a vendor.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Answer")]
struct AnswerView {
    status: u16,
    #[serde(flatten)]
    message: MessageView,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Message")]
struct MessageView {
    headers: IndexMap<String, HeaderView>,
    /// JSON if it is that, else text; `null` if there is none.
    body: Value,
    /// Whether the body is not UTF-8, so that its bytes are shown in base64.
    base64: bool,
    /// The number of bytes that were sent.
    length: usize,
    /// Whether only the beginning of the body was kept.
    cut: bool,
}

impl EntryView {
    /// An exchange; as a row of a list, without headers and bodies.
    pub fn of(exchange: Exchange<'_>, is_row: bool) -> Self {
        let Exchange { entry, target, notes, mut request, mut answer, .. } = exchange;
        if is_row {
            [&mut request, &mut answer].into_iter().for_each(|message| message.headers.clear());
        }
        Self {
            number: entry.number,
            id: entry.id.to_string(),
            at: entry.at,
            received: entry.received,
            duration_ms: entry.took.get().map(Took::milliseconds),
            vendor: entry.vendor.to_string(),
            operation: entry.operation.as_deref().map(str::to_owned),
            method: entry.method.to_string(),
            target: target.into_owned(),
            status: entry.wire.get().status,
            wire: entry.wire.get(),
            notes,
            effect: entry.effect.clone(),
            trace: TraceView::of(&entry.request),
            request: MessageView::of(request),
            answer: entry.status.map(|status| AnswerView { status, message: MessageView::of(answer) }),
        }
    }
}

impl TraceView {
    fn of(request: &Message) -> Option<Self> {
        let parent = request.header(trace::PARENT);
        let (trace_id, parent_id) = trace::ids(parent)?;
        let state = Some(request.header(trace::STATE)).filter(|state| !state.is_empty()).map(Into::into);
        Some(Self { trace_id: trace_id.to_owned(), parent_id: parent_id.to_owned(), state })
    }
}

impl MessageView {
    fn of(shown: Shown<'_>) -> Self {
        let headers = shown_bytes::headers(shown.headers.iter().map(|header| (header.name, HeaderText::of(&header.bytes()))));
        let bytes = shown.bytes();
        let (base64, length, cut) = (bytes.is_some(), shown.message.length, shown.message.is_cut());
        let body = bytes.map_or(shown.body, |bytes| STANDARD.encode(bytes).into());
        Self { headers, body, base64, length, cut }
    }
}
