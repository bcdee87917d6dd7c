//! Conversations: stories told in calls and answers, as recorded ones are exported and this project's own tests are written.
//!
//! Played in a sandbox, a story leaves there what its calls make, and tells where the answers differ from those it expects.
//! Wherever it uses a credential of the default sandbox, the sandbox's own is used instead.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::time::{self, Timestamp};
use crate::engine::{Answer, Machine, Request, Sandbox};
use crate::scenario::matching::{self, Members};

/// The host that links in expected answers begin with.
const HOST_NAME: &str = "127.0.0.1:7447";

/// What came of one step.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The call, or how far the clock was moved.
    pub step: String,
    /// The status that was answered.
    pub status: Option<u16>,
    /// How the answer differs from the expected one.
    pub problems: Vec<String>,
}

/// Plays a story with the vendor at `mount`.
#[must_use]
pub fn play(machine: &Machine, sandbox: &Arc<Sandbox>, mount: &str, story: &Value, wall: Timestamp) -> Vec<Step> {
    let own = own(machine, sandbox, mount);
    let mut player = Player { machine, sandbox, mount, defaults: &story["headers"], own, saved: Map::new(), wall };
    let mut played = Vec::new();
    for step in story["steps"].as_array().into_iter().flatten() {
        for turn in 1..=step["repeat"].as_u64().unwrap_or(1).min(REPEATS) {
            player.saved.insert("n".to_owned(), turn.into());
            played.push(player.step(step));
        }
    }
    played
}

/// How often one step may be repeated.
const REPEATS: u64 = 10_000;

struct Player<'p> {
    machine: &'p Machine,
    sandbox: &'p Arc<Sandbox>,
    mount: &'p str,
    defaults: &'p Value,
    /// Texts of the default sandbox's credentials, with those of this one.
    own: Vec<(String, String)>,
    saved: Map<String, Value>,
    wall: Timestamp,
}

/// A text in which the credentials of a sandbox stand, with those of the default one in their place: the form that
/// conversations have in files.
#[must_use]
pub fn portable(machine: &Machine, sandbox: &Sandbox, mount: &str, text: &str) -> String {
    let mut own = own(machine, sandbox, mount);
    // What a scenario made so short may stand anywhere in a text without being a credential.
    own.retain(|(_, mine)| mine.len() >= 8);
    let usual = |text: &str| own.iter().fold(text.to_owned(), |text, (usual, mine)| text.replace(mine.as_str(), usual));
    let mut words = usual(text).split_inclusive("Basic ").map(str::to_owned).collect::<Vec<_>>();
    for word in words.iter_mut().skip(1) {
        let end = word.find(|letter: char| !(letter.is_ascii_alphanumeric() || "+/=".contains(letter))).unwrap_or(word.len());
        let pair = STANDARD.decode(&word[..end]).ok().and_then(|pair| String::from_utf8(pair).ok());
        if let Some(pair) = pair {
            *word = format!("{}{}", STANDARD.encode(usual(&pair)), &word[end..]);
        }
    }
    words.concat()
}

/// Texts of the default sandbox's credentials, with what stands in their place in another one.
fn own(machine: &Machine, sandbox: &Sandbox, mount: &str) -> Vec<(String, String)> {
    let usual = machine.default_sandbox().lock().world.accounts.credentials(mount);
    let mine = sandbox.lock().world.accounts.credentials(mount);
    let rows = usual.iter().zip(mine.iter());
    let texts = rows.flat_map(|(usual, mine)| {
        let members = usual.facts.iter();
        members.filter_map(|(name, value)| Some((value.as_str()?.to_owned(), mine.facts.get(name)?.as_str()?.to_owned())))
    });
    texts.filter(|(usual, mine)| usual != mine).collect()
}

impl Player<'_> {
    fn step(&mut self, step: &Value) -> Step {
        if let Some(span) = step["advance"].as_str() {
            let problems = match time::span(span) {
                Some(by) => {
                    let now = self.sandbox.lock().world.clock.now(self.wall);
                    self.machine.advance(self.sandbox, time::shift(now, by), self.wall);
                    Vec::new()
                }
                None => vec![format!("`advance` takes a span such as `72h`, found `{span}`")],
            };
            return Step { step: format!("advance {span}"), status: None, problems };
        }
        let call = self.fill_text(step["call"].as_str().unwrap_or_default());
        let Some(request) = self.request(&call, step) else {
            let problem = "a step is `advance`, or `call: METHOD /path` with headers that can be sent".to_owned();
            return Step { step: call, status: None, problems: vec![problem] };
        };
        let answer = self.machine.handle_in(self.sandbox, &request, self.wall);
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let problems = self.judge(&step["expect"], &answer, &document);
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let path = path.as_str().unwrap_or_default();
            let value = match path.strip_prefix("header:") {
                Some(header) => answer.headers.get(header).and_then(|value| value.to_str().ok()).map(Value::from),
                None => document.pointer(&format!("/{}", path.replace('.', "/"))).cloned(),
            };
            self.saved.extend(value.map(|value| (name.clone(), value)));
        }
        Step { step: call, status: Some(answer.status.as_u16()), problems }
    }

    fn request(&self, call: &str, step: &Value) -> Option<Request> {
        let (method, target) = call.split_once(' ')?;
        // A link out of an answer is followed as it is.
        let link = target.strip_prefix("http://").and_then(|rest| rest.strip_prefix(HOST_NAME));
        let target = link.and_then(|rest| rest.strip_prefix('/')?.strip_prefix(self.mount)).unwrap_or(target);
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
        for (name, value) in [self.defaults, &step["headers"]].into_iter().filter_map(Value::as_object).flatten() {
            let name: HeaderName = name.parse().ok()?;
            match value.as_str() {
                Some(value) => headers.insert(name, self.header(value).parse().ok()?),
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

    fn judge(&self, expect: &Value, answer: &Answer, document: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        let status = u64::from(answer.status.as_u16());
        if let Some(expected) = expect["status"].as_u64().filter(|expected| *expected != status) {
            problems.push(format!("status {status}, expected {expected}"));
        }
        for (name, expected) in expect["headers"].as_object().into_iter().flatten() {
            let found = answer.headers.get(name).and_then(|value| value.to_str().ok());
            let fits = match expected.as_str() {
                Some(expected) => found.is_some_and(|found| matching::text(&self.fill_text(expected), found)),
                None => found.is_none(),
            };
            if !fits {
                problems.push(format!("header {name}: {found:?}, expected {expected}"));
            }
        }
        for (name, members) in [("json", Members::Exact), ("has", Members::AtLeast)] {
            if let Some(expected) = expect.get(name) {
                problems.extend(matching::differences(&self.fill(expected), document, members, "$"));
            }
        }
        if let Some(expected) = expect["text"].as_str()
            && !matching::text(&self.fill_text(expected), &String::from_utf8_lossy(&answer.body))
        {
            problems.push(format!("the body does not match {expected:?}"));
        }
        problems
    }

    /// A header with the sandbox's own credentials.
    fn header(&self, value: &str) -> String {
        let filled = self.fill_text(value);
        let Some(pair) = filled.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()) else {
            return self.own.iter().fold(filled, |text, (usual, mine)| text.replace(usual.as_str(), mine));
        };
        let pair = String::from_utf8_lossy(&pair).into_owned();
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.mine(user, 0), self.mine(password, 1))))
    }

    /// What stands in the place of a text of the default sandbox's; `nth` tells apart what is written alike there.
    fn mine<'t>(&'t self, text: &'t str, nth: usize) -> &'t str {
        let found: Vec<&str> = self.own.iter().filter(|(usual, _)| usual == text).map(|(_, mine)| mine.as_str()).collect();
        found.get(nth).or(found.first()).copied().unwrap_or(text)
    }

    /// Puts saved values and the sandbox's own credentials in. A text that is nothing but `{{name}}` becomes the value itself.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name.trim()));
                whole.cloned().unwrap_or_else(|| self.mine(&self.fill_text(text), 0).into())
            }
            Value::Array(rows) => rows.iter().map(|row| self.fill(row)).collect(),
            Value::Object(members) => {
                let filled = |(name, member): (&String, &Value)| {
                    let value = match member.as_str() {
                        // A password may be written like the name that it belongs to.
                        Some(text) if name == "password" && !text.contains("{{") => self.mine(text, 1).into(),
                        _ => self.fill(member),
                    };
                    (self.fill_text(name), value)
                };
                members.iter().map(filled).collect()
            }
            other => other.clone(),
        }
    }

    fn fill_text(&self, text: &str) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{{{name}}}}}"), &plain(value)))
    }
}
