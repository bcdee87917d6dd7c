//! Conversations: calls with their expected answers. Exports of the journal and this project's own tests have this form.
//!
//! ```text
//! Story ──plan──▶ call ──execute──▶ answer ──judge──▶ failures, each with the position of what was expected
//! ```
//!
//! Planning and judging know no machine; executing is what a [`Player`] does with one. What the calls of a story
//! create stays in the sandbox. Credentials of the default sandbox are replaced by those of the sandbox. A player makes one
//! step after the other; between two of them its caller moves the clock and delivers webhooks, because only the shell can wait.

mod credentials;
mod judge;
mod plan;
mod receiver;
mod substitute;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::Method;
use http::header::CONTENT_LENGTH;
use serde_json::{Map, Value};

pub use self::credentials::{CredentialMap, with_default_credentials};
use self::judge::ReceivedAnswer;
pub use self::judge::{Failure, Mismatch};
pub use self::plan::PlannedCall;
use self::receiver::Receiver;
use self::substitute::Substitution;
use crate::base::time::{self, Timestamp};
use crate::engine::webhooks::Subscription;
use crate::engine::{Answer, Machine, Request, Sandbox};
use crate::scenario::error::{Diagnostic, Spanned};
use crate::scenario::story::{Action, Call, Step, Story, Subscribe};
use crate::world::note;

/// The host that links in expected answers begin with.
const HOST_NAME: &str = "127.0.0.1:7447";

/// A step that was made.
#[derive(Debug)]
pub struct StepReport {
    /// Its number in the story, from 1.
    pub number: usize,
    /// The call, or what else was done.
    pub title: String,
    /// Every expectation that was not met.
    pub failures: Vec<Failure>,
    /// The time that has to be reached, with all webhooks delivered, before the next step.
    pub until: Timestamp,
    /// What was sent and answered, if it was a call.
    pub exchange: Option<(Request, Answer)>,
}

/// Plays a story in a sandbox.
pub struct Player {
    machine: Arc<Machine>,
    sandbox: Arc<Sandbox>,
    mount: String,
    story: Arc<Story>,
    values: Substitution,
    receiver: Receiver,
    /// Index of the next step, and which turn of it.
    next: (usize, u64),
}

impl Player {
    /// A player of a story with the vendor at `mount`.
    #[must_use]
    pub fn new(machine: &Arc<Machine>, sandbox: &Arc<Sandbox>, mount: &str, story: &Arc<Story>) -> Self {
        let inbox = machine.public_urls().inbox(&sandbox.name);
        let saved = Map::from_iter([("inbox".to_owned(), inbox.as_str().into())]);
        Self {
            values: Substitution { saved, credentials: CredentialMap::of(machine, sandbox, mount) },
            machine: Arc::clone(machine),
            sandbox: Arc::clone(sandbox),
            mount: mount.to_owned(),
            story: Arc::clone(story),
            receiver: Receiver::new(inbox),
            next: (0, 1),
        }
    }

    /// Makes the next step; `None` at the end of the story.
    pub fn play(&mut self, wall: Timestamp) -> Option<StepReport> {
        let story = Arc::clone(&self.story);
        let (index, turn) = self.next;
        let step = story.steps.get(index)?;
        self.values.saved.insert("n".to_owned(), turn.into());
        self.next = if turn < step.repeat { (index, turn + 1) } else { (index + 1, 1) };
        Some(self.step(index + 1, step, wall))
    }

    fn step(&mut self, number: usize, step: &Step, wall: Timestamp) -> StepReport {
        let now = self.sandbox.lock().world.clock().now(wall);
        let done = |title: &str, failures| StepReport { number, title: title.to_owned(), failures, until: now, exchange: None };
        match &step.action {
            Action::Advance(text, by) => {
                StepReport { until: time::shift(now, *by), ..done(&format!("advance {}", text.value), Vec::new()) }
            }
            Action::Subscribe(Spanned { value, span }) => {
                let made = self.subscribe(value, wall).map_err(|mismatch| Failure::new(*span, mismatch));
                done("subscribe", made.err().into_iter().collect())
            }
            Action::Receives(expected) => {
                let found = self.receiver.fresh(&self.sandbox);
                done("receives", judge::webhooks(expected, &found, &self.values))
            }
            Action::Call(call) => self.call(done(&self.values.text(&call.line), Vec::new()), call, wall),
        }
    }

    fn call(&mut self, mut report: StepReport, call: &Call, wall: Timestamp) -> StepReport {
        let Some(planned) = plan::call(call, &self.story.headers, &self.mount, &self.values) else {
            report.failures.push(Failure::new(call.line.span, Mismatch::Unsendable));
            return report;
        };
        let request = self.request(planned);
        let answer = self.machine.handle_in(&self.sandbox, &request, wall);
        report.failures.extend(judge::departures(answer.notes(), call.line.span));
        if let Some(expected) = &call.expect {
            let notes = note::codes(answer.notes());
            let found = ReceivedAnswer { status: answer.status.as_u16(), headers: &answer.headers, body: &answer.body, notes };
            report.failures.extend(judge::answer(expected, &found, &self.values));
        }
        report.failures.extend(self.save(call, &answer));
        report.exchange = Some((request, answer));
        report
    }

    /// Keeps what later steps refer to.
    fn save(&mut self, call: &Call, answer: &Answer) -> Vec<Failure> {
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let mut failures = Vec::new();
        for (name, path) in &call.save {
            let value = match path.strip_prefix("header:") {
                Some(header) => answer.headers.get(header).and_then(|value| value.to_str().ok()).map(Value::from),
                None => document.pointer(&format!("/{}", path.replace('.', "/"))).cloned(),
            };
            match value {
                Some(value) => _ = self.values.saved.insert(name.clone(), value),
                None => failures.push(Failure::new(path.span, Mismatch::NothingToSave(path.value.clone()))),
            }
        }
        failures
    }

    /// Creates a subscription, as people do in the portals of vendors.
    fn subscribe(&self, wanted: &Subscribe, wall: Timestamp) -> Result<(), Mismatch> {
        let name = wanted.vendor.as_deref().unwrap_or(&self.mount);
        let vendor = self.machine.vendors().find(name);
        let vendor = vendor.ok_or_else(|| Mismatch::UnknownVendor(name.to_owned()))?;
        let known = vendor.webhooks.events;
        if let Some(event) = wanted.events.iter().find(|event| *event != "*" && !known.contains(&event.as_str())) {
            let known = known.iter().map(ToString::to_string).collect();
            return Err(Mismatch::UnknownEvent { event: event.clone(), vendor: name.to_owned(), known });
        }
        let status = wanted.answers.map_or_else(String::new, |status| format!("?status={status}"));
        let made = self.machine.as_account(&self.sandbox, name, None, wall, |cx| {
            let events = if wanted.events.is_empty() { vec!["*".to_owned()] } else { wanted.events.clone() };
            cx.subscribe(Subscription {
                format: wanted.format,
                secret: wanted.secret.as_deref().map(|secret| self.values.text(secret)),
                base: format!("http://{HOST_NAME}/{}", vendor.mount),
                ..Subscription::new(format!("{}{status}", self.receiver.inbox), events, cx.now)
            })
        });
        made.map(drop).map_err(|why| Mismatch::NoSubscriber { vendor: name.to_owned(), why: why.to_string() })
    }

    fn request(&self, planned: PlannedCall) -> Request {
        let PlannedCall { method, path, query, mut headers, body } = planned;
        // As clients do.
        if !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(&method) {
            headers.entry(CONTENT_LENGTH).or_insert(body.len().into());
        }
        let path = format!("/{}{path}", self.mount);
        Request { method, path, query, headers, body, peer: IpAddr::V4(Ipv4Addr::LOCALHOST), mount: None, version: http::Version::HTTP_11 }
    }
}

impl StepReport {
    /// Every failure with its line of the story.
    #[must_use]
    pub fn diagnostics(&self, story: &Story) -> Vec<Diagnostic> {
        let diagnostic = |failure: &Failure| {
            let message = format!("step {} ({}): {failure}", self.number, self.title);
            Diagnostic::new("S018", &story.source, failure.span, message)
        };
        self.failures.iter().map(diagnostic).collect()
    }
}
