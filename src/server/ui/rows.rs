//! Calls as the admin API lists them, and how the page shows a row.

use indexmap::IndexMap;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::server::ui::parts::{self, chip, count, short};
use crate::server::ui::view::{View, segment};

/// A page of the journal.
#[derive(Deserialize)]
pub(super) struct Calls {
    pub requests: Vec<Call>,
    pub earlier: Option<String>,
    pub journal: Journal,
}

#[derive(Deserialize)]
pub(super) struct Journal {
    pub dropped: u64,
}

/// A call and its answer.
#[derive(Deserialize)]
pub(super) struct Call {
    pub number: u64,
    pub id: String,
    pub at: Timestamp,
    pub received: Timestamp,
    pub duration_ms: Option<f64>,
    pub vendor: String,
    pub operation: Option<String>,
    pub method: String,
    pub target: String,
    pub status: Option<u16>,
    pub wire: Wire,
    pub notes: Vec<Note>,
    pub effect: Option<Effect>,
    pub request: Message,
    pub answer: Option<Answer>,
}

#[derive(Deserialize)]
pub(super) struct Wire {
    pub end: String,
    pub bytes: usize,
}

#[derive(Deserialize)]
pub(super) struct Note {
    pub code: String,
    #[serde(rename = "where")]
    pub location: String,
    pub detail: String,
    pub blame: String,
}

#[derive(Deserialize)]
pub(super) struct Effect {
    pub kind: String,
    pub name: String,
    pub line: Option<usize>,
    pub committed: bool,
}

#[derive(Deserialize)]
pub(super) struct Message {
    /// Texts, lists of them, or bytes in base64.
    pub headers: IndexMap<String, Value>,
    pub body: Value,
    pub base64: bool,
    pub length: usize,
    pub cut: bool,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    pub status: u16,
    #[serde(flatten)]
    pub message: Message,
}

impl Note {
    /// Which step on the way to an answer it is about.
    pub fn step(&self) -> Step {
        match self.code.as_str() {
            "unknown-operation" | "doubled-slash" | "forwarded-ignored" | "unreadable-request" => Step::Route,
            "fault" | "patch-missed" | "scenario-too-large" => Step::Scenario,
            "answer-invalid" => Step::Answer,
            "sample"
            | "sandbox-full"
            | "answer-too-large"
            | "sandbox-broken"
            | "ledger-broken"
            | "webhook-unreachable"
            | "clock-frozen" => Step::Behavior,
            code if code.starts_with("credential-") => Step::Credentials,
            _ => Step::Contract,
        }
    }
}

/// A step on the way to an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Route,
    Contract,
    Credentials,
    Scenario,
    Behavior,
    Answer,
}

impl Call {
    /// Whether what went over the wire is the answer that was made.
    pub fn was_sent(&self) -> bool {
        self.wire.end == "sent"
    }

    /// The status, or how the answer was lost.
    pub fn outcome(&self) -> Markup {
        let status = self.status.map(|status| status.to_string());
        match (&status, self.was_sent()) {
            (Some(status), true) => html! { span class={ "st " (tone(self.status)) } { (status) } },
            (Some(status), false) => html! { span.st.cx { (status) " " (short(&self.wire.end, 20)) } },
            (None, _) => html! { span.st.cx { (short(&self.wire.end, 20)) } },
        }
    }

    /// The name of the operation without the vendor.
    pub fn operation_id(&self) -> Option<&str> {
        self.operation.as_deref().map(|name| name.split_once('.').map_or(name, |(_, id)| id))
    }

    /// What is to be seen at a glance.
    pub fn chips(&self) -> Markup {
        let about = |step| self.notes.iter().any(|note| note.step() == step);
        html! {
            @if about(Step::Route) { (chip("amber", "warn", "no operation")) }
            @if about(Step::Contract) { (chip("amber", "warn", "request")) }
            @if about(Step::Credentials) { (chip("amber", "warn", "credentials")) }
            @if about(Step::Answer) { (chip("amber", "warn", "answer")) }
            @if self.notes.iter().any(|note| note.blame == "sandbox") { (chip("red", "warn", "sandbox")) }
            @if let Some(effect) = &self.effect {
                (chip("blue", "bolt", &effect.place()))
                @if effect.committed && !self.was_sent() { (chip("plain", "box", "committed")) }
            }
        }
    }

    /// A row of the list of calls.
    pub fn row(&self, view: &View<'_>, now: Timestamp) -> Markup {
        let link = view.link(&format!("/requests/{}", segment(&self.id)));
        html! {
            tr role="row" {
                td.num.link role="cell" { a href=(link) { (count(self.number)) } }
                td.nowrap.muted role="cell" { (parts::moment(self.at, now)) }
                td.nos role="cell" { (short(&self.vendor, 40)) }
                td.op.nowrap role="cell" {
                    span.onlys.muted { (short(&self.vendor, 40)) " " }
                    @match self.operation_id() { Some(id) => { b { (short(id, 48)) } }, None => { span.muted { "–" } } }
                }
                td.cut.w.link role="cell" {
                    a href=(link) tabindex="-1" { span.m { (short(&self.method, 12)) } " " span.path { (short(&self.target, 160)) } }
                }
                td role="cell" { (self.outcome()) }
                td.num.muted role="cell" { @if let Some(took) = self.duration_ms { (format!("{took:.1}")) span.onlys { " ms" } } }
                td.nowrap.end role="cell" { (self.chips()) }
            }
        }
    }
}

impl Effect {
    /// The override or fault that it comes from.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("override L{line}"),
            None => format!("fault {}", self.name),
        }
    }
}

/// The class of a status: what departs is tinted.
pub(super) fn tone(status: Option<u16>) -> &'static str {
    match status {
        Some(400..500) => "c4",
        Some(500..) => "c5",
        _ => "",
    }
}
