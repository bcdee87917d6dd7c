//! The calls of a sandbox as a conversation, which plays back in a sandbox of its own: it begins under the same scenario, with the
//! same seed, at the time of the first call.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::map::Entry;
use serde_json::{Map, Value, json};

use crate::engine::{self, Origin, Request, Sandbox};
use crate::scenario::{self, conversation};
use crate::server::admin::problem::Problem;
use crate::server::admin::secrets::{Exchange, Redactor};
use crate::server::admin::state::Admin;
use crate::world::{self, End, Message};

/// Headers that an HTTP client sets itself.
pub(super) const USUAL: [&str; 8] =
    ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "content-type", "accept"];

/// The host that links in conversations begin with.
const HOST: &str = conversation::HOST_NAME;

/// What of a scenario is not in a conversation: its verdicts, and what is told to receivers that are not there any more.
const LEFT_OUT: [&str; 4] = ["expect", "webhooks", "include", "description"];

/// The calls to one vendor as a file of `tests/vendors`.
pub(super) fn conversation(admin: &Admin, sandbox: &Sandbox, rows: &[Arc<world::Entry>], redactor: &Redactor) -> Result<String, Problem> {
    let mount = rows.first().map_or("", |row| mount_of(admin, row));
    if rows.iter().any(|row| mount_of(admin, row) != mount) {
        return Err(Problem::bad_request("a conversation is with one vendor; name it with `vendor`"));
    }
    let scenario = beginning(sandbox, rows, redactor);
    let mut out = format!("about: Calls to {mount}, as they were recorded.\nscenario: {scenario}\nsteps:\n");
    let mut before = None;
    for row in rows {
        let passed = before.map(|before| row.at.duration_since(before)).filter(|passed| passed.is_positive());
        if let Some(passed) = passed {
            let _ = writeln!(out, "  - advance: {}", json!(format!("{passed:#}")));
        }
        before = Some(row.at);
        step(&redactor.exchange(row), mount, &mut out);
    }
    Ok(conversation::with_default_credentials(&admin.machine, sandbox, mount, &out))
}

/// What the sandbox began with, but for its clock: that begins with the first call, and moves between calls alone.
fn beginning(sandbox: &Sandbox, rows: &[Arc<world::Entry>], redactor: &Redactor) -> Value {
    let state = sandbox.lock();
    let (seed, source) = (state.world.seed(), state.scenario.source().to_owned());
    drop(state);
    // A scenario may say secrets anywhere; without them a conversation cannot be played anyway.
    let whole = scenario::whole(&source).filter(|whole| whole.is_object() && redactor.shows_secrets());
    let mut scenario = whole.unwrap_or_else(|| json!({}));
    if let Some(members) = scenario.as_object_mut() {
        members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()) && !name.starts_with("x-"));
    }
    scenario["seed"] = seed.into();
    let start = rows.first().map(|row| row.at.to_string());
    scenario["clock"] = start.map_or_else(|| json!({"mode": "frozen"}), |start| json!({"start": start, "mode": "frozen"}));
    scenario
}

/// A text with the links that lead to where the caller was, as they are where a conversation is played.
fn with_usual_links(exchange: &Exchange<'_>, mount: &str, text: &str) -> String {
    let request = Request::of(exchange.entry);
    let prefix = exchange.entry.target.get(..exchange.entry.path_start).unwrap_or_default();
    let (to, host) = (format!("http://{HOST}/{mount}"), format!("http://{HOST}"));
    let own = Origin::of(&request.headers, exchange.entry.is_secure).to_string();
    text.replace(&format!("{own}{prefix}"), &to).replace(&own, &host)
}

fn mount_of<'a>(admin: &'a Admin, entry: &world::Entry) -> &'a str {
    admin.machine.vendors().find(&entry.vendor).map_or("", |vendor| &vendor.mount)
}

fn step(exchange: &Exchange<'_>, mount: &str, out: &mut String) {
    let Exchange { entry, target, request, .. } = exchange;
    let call = format!("{} {}", entry.method, engine::below(target, mount));
    let _ = writeln!(out, "  - call: {}", json!(call));
    let kind = entry.request.header("content-type");
    let usual = |name: &str, value: &str| {
        let is_told = name == "content-type" && !value.starts_with("application/json") && !value.starts_with("application/x-www-form");
        USUAL.contains(&name) && !is_told && !(name == "accept" && value != "*/*")
    };
    let mut headers: Map<String, Value> = Map::new();
    for header in request.headers.iter().filter(|header| !usual(header.name, &header.value)) {
        let value = match header.is_binary {
            true => json!({"base64": STANDARD.encode(header.bytes())}),
            false => Value::from(&*header.value),
        };
        match headers.entry(header.name) {
            Entry::Vacant(place) => drop(place.insert(value)),
            Entry::Occupied(mut place) => match place.get_mut() {
                Value::Array(values) => values.push(value),
                first => *first = Value::Array(vec![first.take(), value]),
            },
        }
    }
    if !headers.is_empty() {
        let _ = writeln!(out, "    headers: {}", Value::Object(headers));
    }
    if let Some(cut) = cut(&entry.request) {
        let _ = writeln!(out, "    # The body is {cut}");
    }
    match &request.body {
        Value::Null => {}
        Value::String(_) if request.is_binary => {
            let _ = writeln!(out, "    base64: {}", STANDARD.encode(request.bytes().unwrap_or_default()));
        }
        Value::String(text) if kind.starts_with("application/x-www-form") => {
            let form: Map<String, Value> = engine::pairs(text).into_iter().map(|(name, value)| (name, value.into())).collect();
            let _ = writeln!(out, "    form: {}", Value::Object(form));
        }
        Value::String(text) => drop(writeln!(out, "    text: {}", json!(text))),
        value => drop(writeln!(out, "    json: {value}")),
    }
    if let Some(effect) = &entry.effect {
        let _ = writeln!(out, "    # {} of `{}`; the caller received: {}", effect.kind.word(), effect.name, outcome(entry));
    }
    let Some(status) = entry.status else { return };
    let mut expect = json!({ "status": status });
    if let Some(expect) = expect.as_object_mut()
        && !entry.answer.is_cut()
        && exchange.is_whole
        && let Ok(text) = str::from_utf8(&entry.answer.body)
        && let Ok(body) = serde_json::from_str::<Value>(&with_usual_links(exchange, mount, text))
    {
        expect.insert("json".to_owned(), body);
    }
    let _ = writeln!(out, "    expect: {expect}");
}

/// The comment on a body of which only the beginning was kept.
pub(super) fn cut(message: &Message) -> Option<String> {
    message.is_cut().then(|| format!("cut: the first {} of {} bytes", message.body.len(), message.length))
}

/// What the caller received, in a comment: the status, or why there is none.
pub(super) fn outcome(entry: &world::Entry) -> String {
    match (entry.wire.get().end, entry.wire.get().status, entry.status) {
        (End::Sent, Some(status), _) => status.to_string(),
        (end, _, Some(made)) => format!("{} (the answer that was made has the status {made})", end.word()),
        (end, _, None) => format!("{} (no answer was made)", end.word()),
    }
}
