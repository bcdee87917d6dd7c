//! The course of a conversation: which step comes next, what it sends, and what its answer means for the steps after it. Who takes the
//! steps is no matter of this file: a machine in this process, or a server at any address.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Map, Value};

use super::credentials::CredentialMap;
use super::judge::{self, Failure, Mismatch, ReceivedAnswer, ReceivedWebhook};
use super::plan::{self, PlannedCall};
use super::substitute::Substitution;
use crate::scenario::error::{Span, Spanned};
use crate::scenario::matching::{self, Comparison};
use crate::scenario::story::{Action, Call, Story, Subscribe};

/// How many bytes of a call with its values are looked at for its title.
const TITLE: usize = 1025;

/// A conversation of which some steps were made.
pub struct Script {
    story: Arc<Story>,
    mount: String,
    values: Substitution,
    comparison: Comparison,
    /// Index of the next step, and which turn of it.
    next: (usize, u64),
    /// The step that polls, which turn of it, and how often its call was made.
    polled: (usize, u64, u64),
}

/// A step that is due.
#[derive(Debug)]
pub struct Turn {
    /// Its number in the story, from 1.
    pub number: usize,
    /// Which time it is made, from 1.
    pub repetition: u64,
    /// The call, or what else is done.
    pub title: String,
    /// Where that stands in the story.
    pub span: Span,
    /// The status that is expected of its answer.
    pub expected: Option<u16>,
    pub doing: Doing,
}

#[derive(Debug)]
pub enum Doing {
    Call(PlannedCall),
    /// A call without method and path, with headers that cannot be sent, or with too much of saved values.
    Unsendable,
    Advance(SignedDuration),
    Subscribe(Subscribe),
    /// Ends the subscription that was made under this name.
    Unsubscribe(String),
    Receives,
}

impl Script {
    /// The beginning of a story with the vendor at `mount`, in the sandbox of that name, whose webhooks go to `inbox`.
    #[must_use]
    pub fn new(story: &Arc<Story>, mount: &str, sandbox: &str, inbox: &str, credentials: CredentialMap) -> Self {
        let saved = Map::from_iter([("inbox".to_owned(), inbox.into()), ("sandbox".to_owned(), sandbox.into())]);
        let values = Substitution::new(saved, credentials);
        Self {
            story: Arc::clone(story),
            mount: mount.to_owned(),
            values,
            comparison: Comparison::default(),
            next: (0, 1),
            polled: (0, 0, 0),
        }
    }

    #[must_use]
    pub fn story(&self) -> &Arc<Story> {
        &self.story
    }

    /// Gives a value a name, as if a step had saved it.
    pub fn save(&mut self, name: &str, value: Value) {
        self.values.save(name, &value);
    }

    /// The next step; `None` at the end of the story.
    pub fn turn(&mut self) -> Option<Turn> {
        let story = Arc::clone(&self.story);
        let (index, repetition) = self.next;
        let step = story.steps.get(index)?;
        self.values.begin_step();
        self.comparison.begin_step();
        self.values.save("n", &repetition.into());
        self.next = if repetition < step.repeat { (index, repetition + 1) } else { (index + 1, 1) };
        let (title, span, doing) = match &step.action {
            Action::Advance(text, by) => (format!("advance {}", text.value), text.span, Doing::Advance(*by)),
            Action::Subscribe(Spanned { value, span }) => {
                let secret = value.secret.as_deref().map(|secret| self.values.text(secret));
                ("subscribe".to_owned(), *span, Doing::Subscribe(Subscribe { secret, ..value.clone() }))
            }
            Action::Unsubscribe(name) => (format!("unsubscribe {}", name.value), name.span, Doing::Unsubscribe(name.value.clone())),
            Action::Receives(Spanned { span, .. }) => ("receives".to_owned(), *span, Doing::Receives),
            Action::Call(call) => {
                let title = self.values.beginning(&call.line, TITLE);
                let planned = plan::call(call, &story.headers, &self.mount, &self.values);
                (matching::beginning(&title), call.line.span, planned.map_or(Doing::Unsendable, Doing::Call))
            }
        };
        let mut turn = Turn { number: index + 1, repetition, title, span, expected: None, doing };
        turn.expected = call(&story, &turn).and_then(|call| call.expect.as_ref()?.status.value);
        Some(turn)
    }

    /// How the answer to a call departs from what is expected of it. Keeps what later steps refer to.
    pub fn answered(&mut self, turn: &Turn, found: &ReceivedAnswer<'_>) -> Vec<Failure> {
        let story = Arc::clone(&self.story);
        let Some(call) = call(&story, turn) else { return Vec::new() };
        let mut failures =
            call.expect.as_ref().map_or_else(Vec::new, |expected| judge::answer(expected, found, &self.values, &mut self.comparison));
        let document: Value = serde_json::from_slice(found.body).unwrap_or(Value::Null);
        for (name, path) in &call.save {
            let value: Option<Cow<'_, Value>> = match path.strip_prefix("header:") {
                Some(header) => found.headers.get(header).and_then(|value| value.to_str().ok()).map(|text| Cow::Owned(Value::from(text))),
                None => document.pointer(&format!("/{}", path.replace('.', "/"))).map(Cow::Borrowed),
            };
            let Some(value) = value else {
                if self.comparison.lists(path.len()) {
                    failures.push(Failure::new(path.span, Mismatch::NothingToSave(path.value.clone())));
                }
                continue;
            };
            if !self.values.save(name, &value) && self.comparison.lists(path.len()) {
                failures.push(Failure::new(path.span, Mismatch::TooMuchToSave(path.value.clone())));
            }
        }
        self.with_bounds(turn, failures)
    }

    /// The failures of a step, and what its bounds have left out.
    fn with_bounds(&self, turn: &Turn, mut failures: Vec<Failure>) -> Vec<Failure> {
        let unlisted = self.comparison.unlisted;
        failures.extend((unlisted > 0).then(|| Failure::new(turn.span, Mismatch::Unlisted(unlisted))));
        let is_exhausted = self.comparison.is_exhausted();
        failures.extend(is_exhausted.then(|| Failure::new(turn.span, Mismatch::TooMuchWork)));
        failures
    }

    /// How it departs from what is expected that no whole answer to a call arrived.
    #[must_use]
    pub fn unanswered(&self, turn: &Turn, why: String) -> Vec<Failure> {
        let expected = call(&self.story, turn).and_then(|call| call.expect.as_ref());
        let is_expected = expected.is_some_and(|expected| expected.status.value.is_none());
        if is_expected { Vec::new() } else { vec![Failure::new(turn.span, Mismatch::Silence(why))] }
    }

    /// How the webhooks that came since the last such step depart from what is expected.
    pub fn received(&mut self, turn: &Turn, found: &[ReceivedWebhook]) -> Vec<Failure> {
        let failures = match self.story.steps.get(turn.number - 1).map(|step| &step.action) {
            Some(Action::Receives(expected)) => judge::webhooks(expected, found, &self.values, &mut self.comparison),
            _ => Vec::new(),
        };
        self.with_bounds(turn, failures)
    }

    /// Has the call of a turn made again, if it polls and may go on: the pause before that.
    pub fn again(&mut self, turn: &Turn) -> Option<SignedDuration> {
        let poll = call(&self.story, turn)?.poll?;
        let (index, repetition, count) = self.polled;
        let count = if (index, repetition) == (turn.number, turn.repetition) { count + 1 } else { 1 };
        self.polled = (turn.number, turn.repetition, count);
        (count < poll.times).then(|| {
            self.next = (turn.number - 1, turn.repetition);
            poll.every
        })
    }
}

fn call<'s>(story: &'s Story, turn: &Turn) -> Option<&'s Call> {
    match &story.steps.get(turn.number - 1)?.action {
        Action::Call(call) => Some(call),
        _ => None,
    }
}
