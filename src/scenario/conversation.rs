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
mod paths;
pub(super) mod placeholders;
mod plan;
mod receiver;
mod script;
mod substitute;
mod unfilled;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::Method;
use http::header::CONTENT_LENGTH;

pub use self::credentials::{CredentialMap, account_rows};
pub use self::judge::{Failure, Mismatch, ReceivedAnswer, ReceivedWebhook};
pub use self::plan::PlannedCall;
use self::receiver::Receiver;
pub use self::script::{Doing, Script, Turn};
pub(in crate::scenario) use self::unfilled::wrong_form;
use crate::base::time::{self, Timestamp};
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Answer, DEFAULT, Machine, Request, Sandbox};
use crate::scenario::error::Diagnostic;
use crate::scenario::story::{Story, Subscribe};
use crate::world::{Deed, LogLine, note};

/// The host that links in expected answers begin with.
pub const HOST_NAME: &str = "127.0.0.1:7447";

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
    script: Script,
    receiver: Receiver,
    /// Ids of subscriptions, by what the story calls them.
    subscribed: BTreeMap<String, String>,
}

impl Player {
    /// A player of a story with the vendor at `mount`.
    #[must_use]
    pub fn new(machine: &Arc<Machine>, sandbox: &Arc<Sandbox>, mount: &str, story: &Arc<Story>) -> Self {
        let inbox = machine.public_urls().inbox(&sandbox.name);
        // What a conversation writes is there what it says, whatever credentials a scenario gave.
        let is_default = *sandbox.name == *DEFAULT;
        let credentials = if is_default { CredentialMap::default() } else { CredentialMap::of(machine, sandbox, mount) };
        Self {
            script: Script::new(story, mount, &sandbox.name, &inbox, credentials),
            machine: Arc::clone(machine),
            sandbox: Arc::clone(sandbox),
            mount: mount.to_owned(),
            receiver: Receiver::new(inbox),
            subscribed: BTreeMap::new(),
        }
    }

    /// Makes the next step; `None` at the end of the story.
    pub fn play(&mut self, wall: Timestamp) -> Option<StepReport> {
        let turn = self.script.turn()?;
        let now = self.sandbox.lock().world.clock().now(wall);
        let mut report = StepReport { number: turn.number, title: turn.title.clone(), failures: Vec::new(), until: now, exchange: None };
        match &turn.doing {
            Doing::Advance(by) => report.until = time::shift(now, *by),
            Doing::Subscribe(wanted) => {
                let made = self.subscribe(wanted, turn.number, wall).map_err(|mismatch| Failure::new(turn.span, mismatch));
                report.failures.extend(made.err());
            }
            Doing::Unsubscribe(name) => {
                if let Some(id) = self.subscribed.get(name)
                    && matches!(self.machine.with_webhook(&self.sandbox, &SUBSCRIPTION, id, wall, |cx| cx.unsubscribe(id)), Ok(true))
                {
                    self.sandbox.note(wall, Deed::Unsubscribed, Some(id), None);
                } else {
                    report.failures.push(Failure::new(turn.span, Mismatch::NotSubscribed(name.clone())));
                }
            }
            Doing::Receives => report.failures = self.script.received(&turn, &self.receiver.fresh(&self.sandbox)),
            Doing::Unsendable => report.failures.push(Failure::new(turn.span, Mismatch::Unsendable)),
            Doing::Call(planned) => self.call(&turn, planned, &mut report, wall),
        }
        Some(report)
    }

    fn call(&mut self, turn: &Turn, planned: &PlannedCall, report: &mut StepReport, wall: Timestamp) {
        let request = self.request(planned.clone());
        let answer = self.machine.handle_in(&self.sandbox, &request, wall);
        report.failures.extend(judge::departures(answer.notes(), turn.span));
        let notes = Some(note::codes(answer.notes()));
        let found = ReceivedAnswer { status: answer.status.as_u16(), headers: &answer.headers, body: &answer.body, notes };
        let lost = answer.entry.as_ref().map(|entry| entry.wire.planned().end).filter(|end| end.loses_answer());
        report.failures.extend(match lost {
            Some(end) => self.script.unanswered(turn, format!("the scenario disturbs the wire: {}", end.word())),
            None => self.script.answered(turn, &found),
        });
        if !report.failures.is_empty()
            && let Some(pause) = self.script.again(turn)
        {
            report.failures.clear();
            report.until = time::shift(report.until, pause);
        }
        report.exchange = Some((request, answer));
    }

    /// Creates a subscription, as people do in the portals of vendors.
    fn subscribe(&mut self, wanted: &Subscribe, number: usize, wall: Timestamp) -> Result<(), Mismatch> {
        let name = wanted.vendor.as_deref().unwrap_or(&self.mount);
        let vendor = self.machine.vendors().find(name);
        let vendor = vendor.ok_or_else(|| Mismatch::UnknownVendor(name.to_owned()))?;
        let known = vendor.webhooks.events;
        if let Some(event) = wanted.events.iter().find(|event| *event != "*" && !known.contains(&event.as_str())) {
            let known = known.iter().map(ToString::to_string).collect();
            return Err(Mismatch::UnknownEvent { event: event.clone(), vendor: name.to_owned(), known });
        }
        let status = wanted.query(number);
        let made = self.machine.as_account(&self.sandbox, name, wanted.account.as_deref(), wall, |cx| {
            let events = if wanted.events.is_empty() { vec!["*".to_owned()] } else { wanted.events.clone() };
            let id = cx.subscribe(Subscription {
                format: wanted.format,
                secret: wanted.secret.clone(),
                base: format!("http://{HOST_NAME}/{}", vendor.mount),
                ..Subscription::new(format!("{}{status}", self.receiver.inbox), events, cx.now)
            });
            (cx.docs.account().name.to_string(), cx.docs.get::<Subscription>(SUBSCRIPTION, &id))
        });
        let made = made.map_err(|why| Mismatch::NoSubscriber { vendor: name.to_owned(), why: why.to_string() })?;
        if let (account, Some(made)) = made {
            self.sandbox.note_line(wall, LogLine::with(Deed::Subscribed, &made.id, made.facts(&account)));
            wanted.name.iter().for_each(|name| drop(self.subscribed.insert(name.clone(), made.id.clone())));
        }
        Ok(())
    }

    fn request(&self, planned: PlannedCall) -> Request {
        let PlannedCall { method, path, query, mut headers, body } = planned;
        // As clients do.
        if !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(&method) {
            headers.entry(CONTENT_LENGTH).or_insert(body.len().into());
        }
        let path = format!("/{}{path}", self.mount);
        Request {
            method,
            path,
            query,
            headers,
            body,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        }
    }
}

impl StepReport {
    /// Every failure with its line of the story.
    #[must_use]
    pub fn diagnostics(&self, story: &Story) -> Vec<Diagnostic> {
        self.failures.iter().map(|failure| failure.diagnostic(story, self.number, &self.title)).collect()
    }
}
