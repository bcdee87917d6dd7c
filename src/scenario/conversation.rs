//! Conversations: stories told in calls and answers, as recorded ones are exported and this project's own tests are written.
//!
//! Played in a sandbox, a story leaves there what its calls make, and tells where the answers, and the webhooks that its
//! receivers were told, differ from those it expects. Wherever it uses a credential of the default sandbox, the sandbox's own
//! is used instead. A [`Player`] makes one step after the other; between two of them whoever plays has the clock moved and
//! everybody told who is to be told, because only a shell can wait for that.

mod own;
mod receipts;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::own::{Own, portable};
use self::receipts::Receipts;
use crate::base::time::{self, Timestamp};
use crate::engine::webhooks::Subscription;
use crate::engine::{Answer, Machine, Request, Sandbox};
use crate::scenario::matching::{self, Members};

/// The host that links in expected answers begin with.
const HOST_NAME: &str = "127.0.0.1:7447";

/// What came of one step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The call, or what else was done.
    pub step: String,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How the answer differs from the expected one.
    pub problems: Vec<String>,
}

/// A step that was made.
#[derive(Debug)]
pub struct Played {
    /// What came of it.
    pub step: Step,
    /// The time that has to be reached, and everybody told of it, before the next step.
    pub until: Timestamp,
    /// What was asked and answered, if it was a call.
    pub exchange: Option<(Request, Answer)>,
}

/// Plays stories in a sandbox.
pub struct Player {
    machine: Arc<Machine>,
    sandbox: Arc<Sandbox>,
    mount: String,
    /// Headers of every call.
    defaults: Value,
    own: Own,
    saved: Map<String, Value>,
    receipts: Receipts,
    /// Which step is next, and which turn of it.
    next: (usize, u64),
}

impl Player {
    /// A player of stories with the vendor at `mount`; `headers` are those of every call.
    #[must_use]
    pub fn new(machine: &Arc<Machine>, sandbox: &Arc<Sandbox>, mount: &str, headers: &Value) -> Self {
        let inbox = machine.public_urls().inbox(&sandbox.name);
        Self {
            own: Own::of(machine, sandbox, mount),
            machine: Arc::clone(machine),
            sandbox: Arc::clone(sandbox),
            mount: mount.to_owned(),
            defaults: headers.clone(),
            saved: Map::from_iter([("inbox".to_owned(), inbox.as_str().into())]),
            receipts: Receipts::new(inbox),
            next: (0, 1),
        }
    }

    /// Makes the next step of a story; `None` at its end.
    pub fn play(&mut self, story: &Value, wall: Timestamp) -> Option<Played> {
        let (place, turn) = self.next;
        let step = story["steps"].get(place)?;
        self.saved.insert("n".to_owned(), turn.into());
        self.next = if turn < step["repeat"].as_u64().unwrap_or(1) { (place, turn + 1) } else { (place + 1, 1) };
        Some(self.step(step, wall))
    }

    /// Makes a step.
    pub fn step(&mut self, step: &Value, wall: Timestamp) -> Played {
        let now = self.sandbox.lock().world.clock.now(wall);
        let done = |step: String, problems: Vec<String>| Played { step: Step { step, status: None, problems }, until: now, exchange: None };
        if let Some(span) = step["advance"].as_str() {
            let Some(by) = time::span(span) else {
                return done(format!("advance {span}"), vec![format!("`advance` takes a span such as `72h`, found `{span}`")]);
            };
            return Played { until: time::shift(now, by), ..done(format!("advance {span}"), Vec::new()) };
        }
        if let Some(wanted) = step.get("subscribe") {
            return done("subscribe".to_owned(), self.subscribe(wanted, wall).err().into_iter().collect());
        }
        if let Some(expected) = step.get("receives") {
            let found = self.receipts.fresh(&self.sandbox);
            return done("receives".to_owned(), self.received(expected, &found));
        }
        let call = self.fill_text(step["call"].as_str().unwrap_or_default());
        let Some(request) = self.request(step) else {
            return done(call, vec!["the call has no method and path, or headers that cannot be sent".to_owned()]);
        };
        let answer = self.machine.handle_in(&self.sandbox, &request, wall);
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let mut problems = self.judge(&step["expect"], &answer);
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let path = path.as_str().unwrap_or_default();
            let value = match path.strip_prefix("header:") {
                Some(header) => answer.headers.get(header).and_then(|value| value.to_str().ok()).map(Value::from),
                None => document.pointer(&format!("/{}", path.replace('.', "/"))).cloned(),
            };
            match value {
                Some(value) => _ = self.saved.insert(name.clone(), value),
                None => problems.push(format!("there is nothing to save at `{path}`")),
            }
        }
        let step = Step { step: call, status: Some(answer.status.as_u16()), problems };
        Played { step, until: now, exchange: Some((request, answer)) }
    }

    /// Has a receiver hear of events, as people do in the portals of vendors.
    fn subscribe(&self, wanted: &Value, wall: Timestamp) -> Result<(), String> {
        let name = wanted["vendor"].as_str().unwrap_or(&self.mount);
        let vendor = self.machine.vendors().find(|vendor| vendor.id == name).ok_or_else(|| format!("there is no vendor `{name}`"))?;
        let events: Vec<String> =
            wanted["events"].as_array().into_iter().flatten().filter_map(|event| event.as_str().map(str::to_owned)).collect();
        if let Some(event) = events.iter().find(|event| *event != "*" && !vendor.webhooks.events.contains(&event.as_str())) {
            return Err(format!("`{event}` is no event of {name}; expected `*` or some of {}", vendor.webhooks.events.join(", ")));
        }
        let status = wanted["answers"].as_u64().map_or_else(String::new, |status| format!("?status={status}"));
        let made = self.machine.as_account(&self.sandbox, name, None, wall, |cx| {
            let events = if events.is_empty() { vec!["*".to_owned()] } else { events };
            cx.subscribe(Subscription {
                format: serde_json::from_value(wanted["format"].clone()).unwrap_or_default(),
                secret: wanted["secret"].as_str().map(|secret| self.fill_text(secret)),
                base: format!("http://{HOST_NAME}/{}", vendor.mount),
                ..Subscription::new(format!("{}{status}", self.receipts.inbox), events, cx.now)
            })
        });
        made.map(drop).map_err(|why| format!("`{name}` has no account to subscribe with: {why}"))
    }

    /// The request that a call makes; `None` when it cannot be sent.
    #[must_use]
    pub fn request(&self, step: &Value) -> Option<Request> {
        let call = self.fill_text(step["call"].as_str()?);
        let (method, target) = call.split_once(' ')?;
        // A link out of an answer is followed as it is.
        let link = target.strip_prefix("http://").and_then(|rest| rest.strip_prefix(HOST_NAME));
        let target = link.and_then(|rest| rest.strip_prefix('/')?.strip_prefix(&self.mount)).unwrap_or(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(HOST_NAME))]);
        let mut body = Bytes::new();
        if let Some(json) = step.get("json") {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            body = self.fill(json).to_string().into();
        } else if let Some(form) = step.get("form") {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            body = serde_html_form::to_string(self.fill(form)).ok()?.into();
        } else if let Some(text) = step["text"].as_str() {
            body = self.fill_text(text).into();
        }
        for (name, value) in [&self.defaults, &step["headers"]].into_iter().filter_map(Value::as_object).flatten() {
            let name: HeaderName = name.parse().ok()?;
            match value.as_str() {
                Some(value) => headers.insert(name, self.own.header(&self.fill_text(value)).parse().ok()?),
                None => headers.remove(name),
            };
        }
        Some(Request {
            method: method.parse::<Method>().ok()?,
            path: format!("/{}{path}", self.mount),
            query: query.to_owned(),
            headers,
            body,
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure: false,
            mount: None,
        })
    }

    fn judge(&self, expect: &Value, answer: &Answer) -> Vec<String> {
        let mut problems = Vec::new();
        let status = u64::from(answer.status.as_u16());
        if let Some(expected) = expect["status"].as_u64().filter(|expected| *expected != status) {
            problems.push(format!("status {status}, expected {expected}"));
        }
        let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
        problems.extend(self.says(expect, &header, &String::from_utf8_lossy(&answer.body)));
        let id = header("seatrial-request").unwrap_or_default();
        let notes = self.sandbox.journal().iter().rev().find(|entry| *entry.id == *id).map(|entry| entry.notes).unwrap_or_default();
        problems.extend(notes.iter().filter(|note| note.starts_with("answer-") || note.starts_with("sandbox-")).map(ToString::to_string));
        if let Some(expected) = expect["notes"].as_array() {
            let codes: Vec<Value> = notes.iter().filter_map(|note| note.split(':').next()).map(Value::from).collect();
            if codes != *expected {
                problems.push(format!("notes {codes:?}, expected {expected:?}"));
            }
        }
        problems
    }

    /// How headers and a body differ from what is expected of them.
    fn says<'h>(&self, expect: &Value, header: &dyn Fn(&str) -> Option<&'h str>, body: &str) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, expected) in expect["headers"].as_object().into_iter().flatten() {
            let found = header(name);
            let fits = match expected.as_str() {
                Some(expected) => found.is_some_and(|found| matching::text(&self.fill_text(expected), found)),
                None => found.is_none(),
            };
            if !fits {
                problems.push(format!("header {name}: {found:?}, expected {expected}"));
            }
        }
        let document: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        for (name, members) in [("json", Members::Exact), ("has", Members::AtLeast)] {
            if let Some(expected) = expect.get(name) {
                problems.extend(matching::differences(&self.fill(expected), &document, members, "$"));
            }
        }
        if let Some(expected) = expect["text"].as_str()
            && !matching::text(&self.fill_text(expected), body)
        {
            problems.push(format!("the body does not match {expected:?}"));
        }
        problems
    }

    /// Puts saved values and the sandbox's own credentials in. A text that is nothing but `{{name}}` becomes the value itself.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name.trim()));
                whole.cloned().unwrap_or_else(|| self.own.mine(&self.fill_text(text), 0).into())
            }
            Value::Array(rows) => rows.iter().map(|row| self.fill(row)).collect(),
            Value::Object(members) => {
                let filled = |(name, member): (&String, &Value)| {
                    let value = match member.as_str() {
                        // A password may be written like the name that it belongs to.
                        Some(text) if name == "password" && !text.contains("{{") => self.own.mine(text, 1).into(),
                        _ => self.fill(member),
                    };
                    (self.fill_text(name), value)
                };
                members.iter().map(filled).collect()
            }
            other => other.clone(),
        }
    }

    /// Puts saved values in.
    #[must_use]
    pub fn fill_text(&self, text: &str) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{{{name}}}}}"), &plain(value)))
    }
}
