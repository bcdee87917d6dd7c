//! What a conversation file says, with the position of everything that can turn out otherwise. Reading is `parse/conversation.rs`,
//! playing is [`conversation`](super::conversation).

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;

use super::ast::Scenario;
use super::error::{Diagnostic, Source, Spanned, nearest};
use super::node::Node;
use crate::engine::webhooks::Format;

/// Methods of the calls that vendors take.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// A conversation: steps, and what holds for all of them.
#[derive(Debug, Clone)]
pub struct Story {
    /// The text that it was read from.
    pub source: Arc<Source>,
    /// The promise that the conversation proves.
    pub about: Option<String>,
    /// Whom it is with, if the file says so: a vendor or its mount.
    pub vendor: Option<Spanned<String>>,
    /// The scenario that it was written for.
    pub scenario: Option<Scenario>,
    /// The same as it was written.
    pub scenario_text: Option<Value>,
    pub(super) headers: SentHeaders,
    pub(super) steps: Vec<Step>,
}

impl Story {
    /// How far it moves the clock at once at the most; `None` if it does not.
    #[must_use]
    pub fn longest_advance(&self) -> Option<SignedDuration> {
        let advance = |step: &Step| if let Action::Advance(_, by) = step.action { Some(by) } else { None };
        self.steps.iter().filter_map(advance).max()
    }

    /// How many steps are made of it, each as often as it is repeated, beside those that poll.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.steps.iter().fold(0, |sum, step| sum.saturating_add(step.repeat))
    }

    /// Whether it is about webhooks, which only a sandbox of ours tells of.
    #[must_use]
    pub fn has_webhooks(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Subscribe(_) | Action::Unsubscribe(_) | Action::Receives(_)))
    }

    /// Whether it says anything of what it expects.
    #[must_use]
    pub fn expects_anything(&self) -> bool {
        self.steps.iter().any(|step| match &step.action {
            Action::Call(call) => call.expect.is_some(),
            action => matches!(action, Action::Receives(_)),
        })
    }

    /// Calls whose method is none, but is written nearly like one.
    pub(super) fn misspelt_methods(&self) -> Vec<Diagnostic> {
        let calls = self.steps.iter().filter_map(|step| if let Action::Call(call) = &step.action { Some(&call.line) } else { None });
        let misspelt = calls.filter_map(|line| {
            let (method, _) = line.split_once(' ').filter(|(method, _)| !METHODS.contains(method))?;
            let near = nearest(method, METHODS)?;
            let message = format!("`{method}` is no method of HTTP");
            Some(Diagnostic::at("S008", message, &self.source, line.span, &format!("did you mean `{near}`?")))
        });
        misspelt.collect()
    }

    /// Whether every call says what it expects.
    #[must_use]
    pub fn expects_every_answer(&self) -> bool {
        self.steps.iter().all(|step| !matches!(&step.action, Action::Call(call) if call.expect.is_none()))
    }
}

/// Headers of a call; `None` leaves out one of the story's.
pub(super) type SentHeaders = Vec<(Spanned<String>, Option<HeaderText>)>;

/// A header that is sent.
#[derive(Debug, Clone)]
pub(super) enum HeaderText {
    Text(Spanned<String>),
    /// A value that is not UTF-8.
    Bytes(Vec<u8>),
}

/// Header names with their values; `None` is for a header that is not there.
pub(super) type Headers = Vec<(Spanned<String>, Option<Spanned<String>>)>;

#[derive(Debug, Clone)]
pub(super) struct Step {
    /// How often it is made.
    pub repeat: u64,
    pub action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Call(Box<Call>),
    /// The clock moves on; the text as it was written, and what it means.
    Advance(Spanned<String>, SignedDuration),
    Subscribe(Spanned<Subscribe>),
    /// Ends the subscription that a step made under a name.
    Unsubscribe(Spanned<String>),
    Receives(Spanned<Vec<ExpectedWebhook>>),
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Method and path, or method and link.
    pub line: Spanned<String>,
    pub headers: SentHeaders,
    pub body: Option<Body>,
    pub expect: Option<ExpectedAnswer>,
    /// Names for later steps, with paths into the answer.
    pub save: Vec<(String, Spanned<String>)>,
    pub poll: Option<Poll>,
}

/// A call that is made again until it is answered as expected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Poll {
    /// The pause between two calls.
    pub every: SignedDuration,
    /// How often it is made at the most.
    pub times: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    Json(Node),
    Form(Node),
    Text(String),
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone)]
pub(super) struct ExpectedAnswer {
    /// The status; `None` where no whole answer may arrive.
    pub status: Spanned<Option<u16>>,
    pub notes: Option<Spanned<Vec<String>>>,
    pub content: Content,
}

/// What answers and webhooks are compared with alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub headers: Headers,
    /// The whole body; members are compared in their order.
    pub json: Option<Node>,
    /// At least these members of the body.
    pub has: Option<Node>,
    pub text: Option<Spanned<String>>,
}

/// A receiver of webhooks, as people subscribe it in the portals of vendors.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// Whose events; those of the vendor that the conversation is with otherwise.
    pub vendor: Option<String>,
    /// Whose account of that vendor it is for; the first one otherwise.
    pub account: Option<String>,
    /// All of them when empty.
    pub events: Vec<String>,
    pub format: Format,
    pub secret: Option<String>,
    /// The statuses that the receiver answers with, in turn; the last one goes on. `None` is for no answer.
    pub answers: Vec<Option<u64>>,
    /// What later steps call it.
    pub name: Option<String>,
}

impl Subscribe {
    /// The query of the receiver's address. `number` tells receivers apart that answer in turn.
    #[must_use]
    pub fn query(&self, number: usize) -> String {
        answering(&self.answers, &number.to_string())
    }
}

/// The query of an inbox that answers with these statuses in turn; `receiver` tells it apart from others.
#[must_use]
pub fn answering(answers: &[Option<u64>], receiver: &str) -> String {
    let words: Vec<String> = answers.iter().map(|answer| answer.map_or_else(|| "none".to_owned(), |status| status.to_string())).collect();
    match words.len() {
        0 => String::new(),
        1 => format!("?status={}", words[0]),
        _ => format!("?status={}&receiver={receiver}", words.join(",")),
    }
}

#[derive(Debug, Clone)]
pub(super) struct ExpectedWebhook {
    /// The whole entry, as it was written.
    pub node: Node,
    /// `event`, `subject`, `method` and `at`.
    pub facts: Vec<(&'static str, Spanned<String>)>,
    pub content: Content,
    pub form: Option<Node>,
    pub hmac: Option<Hmac>,
}

/// A signature: a digest of HMAC-SHA256 in hexadecimal, somewhere in a header.
#[derive(Debug, Clone)]
pub(super) struct Hmac {
    pub header: Spanned<String>,
    pub secret: String,
    /// The shape of the header, such as `t={time},v1={digest}`.
    pub value: String,
    /// What is signed, such as `{time}.{body}`.
    pub over: String,
}
