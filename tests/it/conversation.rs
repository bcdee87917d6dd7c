//! One conversation: calls to a machine of its own, with seed 42 and the clock frozen at 2026-01-05T09:00:00Z.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use seatrial::base::time;
use seatrial::engine::webhooks::{DELIVERY, Delivery, Subscription};
use seatrial::engine::{Answer, Book, Conform, DEFAULT, Machine, Options, Request, Start, Vendor};
use seatrial::scenario::matching::{self, Members};
use seatrial::scenario::{self, ast::ClockMode};
use seatrial::spec::Route;
use seatrial::vendors;
use serde_json::{Map, Value};

const WALL: &str = "2026-01-05T09:00:00Z";

/// Runs a file; the error says which step went otherwise.
pub fn run(file: &Path) -> Result<(), String> {
    record(file).map(drop)
}

/// Runs a file and answers what was asked and answered on the way.
pub fn record(file: &Path) -> Result<Vec<(Request, Answer)>, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let story: Value = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    assert!(story["about"].is_string(), "{}: `about` states the promise", file.display());
    let vendor =
        file.parent().and_then(Path::file_name).and_then(|name| name.to_str()).expect("a conversation lies in its vendor's folder");
    let mut teller = Teller::new(vendor, &story["scenario"], &story["headers"]);
    for (place, step) in story["steps"].as_array().into_iter().flatten().enumerate() {
        for turn in 1..=step["repeat"].as_u64().unwrap_or(1) {
            teller.saved.insert("n".into(), turn.into());
            teller.step(step).map_err(|problem| {
                format!("{} step {} ({})\n{problem}", file.display(), place + 1, step["call"].as_str().unwrap_or("advance"))
            })?;
        }
    }
    Ok(teller.record)
}

fn wall() -> Timestamp {
    WALL.parse().expect("a valid timestamp")
}

fn machine(scenario: &Value) -> Machine {
    let wall = wall();
    let machine = Machine::new(vendors::ALL, Options { conform: Conform::All, ..Options::default() }, Start::plain(wall));
    let text = if scenario.is_null() { "{}".to_owned() } else { scenario.to_string() };
    let scenario = scenario::load(&text, "scenario", &scenario::run::Known(&machine));
    let mut scenario = scenario.unwrap_or_else(|problems| panic!("{}", told(&problems)));
    scenario.clock.mode = scenario.clock.mode.or(Some(ClockMode::Frozen));
    let staged = scenario::run::stage(&machine, DEFAULT, &Arc::new(scenario), None, wall);
    let staged = staged.unwrap_or_else(|problems| panic!("{}", told(&problems)));
    machine.replace(machine.default_sandbox(), staged, false).expect("it is small");
    machine
}

fn told(problems: &[scenario::Diagnostic]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A machine of its own, and what was saved on the way.
pub struct Teller<'s> {
    machine: Machine,
    mount: &'s str,
    defaults: &'s Value,
    saved: Map<String, Value>,
    /// How many deliveries to subscribers were looked at.
    heard: usize,
    /// What was asked and answered.
    record: Vec<(Request, Answer)>,
}

impl<'s> Teller<'s> {
    pub fn new(vendor: &'s str, scenario: &Value, defaults: &'s Value) -> Self {
        let mount = vendor.split('_').next().unwrap_or(vendor);
        Self { machine: machine(scenario), mount, defaults, saved: Map::new(), heard: 0, record: Vec::new() }
    }

    /// Makes the call of a step and answers what came back, whatever it is.
    pub fn ask(&self, step: &Value) -> Result<Answer, String> {
        Ok(self.machine.handle(&self.request(step)?, wall()))
    }

    /// Whether some operation has that method and path.
    pub fn covers(&self, method: &str, path: &str) -> bool {
        let Ok(method) = method.parse() else { return false };
        let found = |(vendor, book): (&Vendor, &Book)| {
            vendor.mount == self.mount && matches!(book.catalog.route(&method, path.trim_end_matches('/')), Route::Found(..))
        };
        self.machine.books().any(found)
    }

    pub fn step(&mut self, step: &Value) -> Result<(), String> {
        let known = ["call", "headers", "json", "form", "text", "expect", "save", "advance", "repeat", "note", "told", "subscribe"];
        if let Some(name) = step.as_object().and_then(|step| step.keys().find(|name| !known.contains(&name.as_str()))) {
            return Err(format!("`{name}` is no part of a step"));
        }
        let wall = wall();
        if let Some(expected) = step.get("told") {
            return self.told(expected);
        }
        if let Some(wanted) = step.get("subscribe") {
            return self.subscribe(wanted);
        }
        if let Some(span) = step["advance"].as_str() {
            let sandbox = self.machine.default_sandbox();
            let now = sandbox.lock().world.clock.now(wall);
            self.machine.advance(sandbox, time::shift(now, time::span(span).ok_or("`advance` takes a span")?), wall);
            return Ok(());
        }
        let request = self.request(step)?;
        let answer = self.machine.handle(&request, wall);
        self.judge(&step["expect"], &answer)?;
        self.save(&step["save"], &answer)?;
        self.record.push((request, answer));
        Ok(())
    }

    /// Asks to be told, as people do in the portals of vendors: `{events, format}`.
    fn subscribe(&mut self, wanted: &Value) -> Result<(), String> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let events = wanted["events"].as_array().into_iter().flatten().filter_map(text).collect();
        let format = serde_json::from_value(wanted["format"].clone()).unwrap_or_default();
        let vendor = wanted["vendor"].as_str().unwrap_or(self.mount);
        let made = self.machine.by_hand(self.machine.default_sandbox(), vendor, None, wall(), |cx| {
            cx.subscribe(Subscription { format, ..Subscription::new("http://127.0.0.1:9/hook", events, cx.now) })
        });
        made.map(drop).map_err(|why| format!("`{vendor}` has no account to subscribe with: {why}"))
    }

    /// Compares what subscribers were told since the last look, a delivery each: its event, address, headers and body.
    fn told(&mut self, expected: &Value) -> Result<(), String> {
        let rows = self.deliveries();
        let fresh: Vec<Value> = rows.iter().skip(std::mem::replace(&mut self.heard, rows.len())).cloned().collect();
        let found = Value::from(fresh);
        let problems = matching::differences(&self.fill(expected), &found, Members::AtLeast, "$");
        if problems.is_empty() { Ok(()) } else { Err(format!("  {}\n  told: {:.3000}", problems.join("\n  "), found.to_string())) }
    }

    /// Everything that subscribers were told.
    pub fn deliveries(&self) -> Vec<Value> {
        let state = self.machine.default_sandbox().lock();
        let tables = state.world.accounts.iter().filter_map(|(_, account)| account.table(DELIVERY));
        let rows = tables.flat_map(|table| table.iter().filter_map(|(_, body)| serde_json::from_slice::<Delivery>(body).ok()));
        let rows = rows
            .map(|row| {
                let body = serde_json::from_str(&row.body).unwrap_or_else(|_| Value::from(row.body.as_str()));
                let headers: Map<String, Value> = row.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
                serde_json::json!({"event": row.event, "subject": row.subject, "url": row.url, "headers": headers, "body": body})
            })
            .collect();
        drop(state);
        rows
    }

    fn request(&self, step: &Value) -> Result<Request, String> {
        let call = self.fill_text(step["call"].as_str().ok_or("a step needs `call` or `advance`")?);
        let (method, target) = call.split_once(' ').ok_or("`call` is a method and a path")?;
        // A link out of an answer is followed as it is.
        let target = target.strip_prefix("http://127.0.0.1:7447/").and_then(|rest| rest.strip_prefix(self.mount)).unwrap_or(target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("127.0.0.1:7447"))]);
        let body = if let Some(json) = step.get("json") {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            self.fill(json).to_string()
        } else if let Some(form) = step.get("form") {
            headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            serde_html_form::to_string(self.fill(form)).map_err(|error| error.to_string())?
        } else {
            self.fill_text(step["text"].as_str().unwrap_or_default())
        };
        for (name, value) in [self.defaults, &step["headers"]].into_iter().filter_map(Value::as_object).flatten() {
            let name: HeaderName = name.parse().map_err(|_| format!("`{name}` is no header"))?;
            match value.as_str() {
                Some(value) => headers.insert(name, self.fill_text(value).parse().map_err(|_| format!("`{value}` is no header value"))?),
                None => headers.remove(name),
            };
        }
        Ok(Request {
            method: method.parse::<Method>().map_err(|error| error.to_string())?,
            path: format!("/{}{path}", self.mount),
            query: query.to_owned(),
            headers,
            body: body.into(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            secure: false,
            mount: None,
        })
    }

    fn judge(&self, expect: &Value, answer: &Answer) -> Result<(), String> {
        let known = ["status", "headers", "json", "has", "text", "notes"];
        if let Some(name) = expect.as_object().and_then(|expect| expect.keys().find(|name| !known.contains(&name.as_str()))) {
            return Err(format!("`{name}` is nothing that can be expected"));
        }
        let body = String::from_utf8_lossy(&answer.body);
        let mut problems = Vec::new();
        let status = expect["status"].as_u64().ok_or("`expect` needs a `status`")?;
        if u64::from(answer.status.as_u16()) != status {
            problems.push(format!("status {}, expected {status}", answer.status));
        }
        for (name, value) in expect["headers"].as_object().into_iter().flatten() {
            let found = answer.headers.get(name).and_then(|value| value.to_str().ok());
            let fits =
                value.as_str().map_or(found.is_none(), |value| found.is_some_and(|found| matching::text(&self.fill_text(value), found)));
            if !fits {
                problems.push(format!("header {name}: {found:?}, expected {value}"));
            }
        }
        let json = || serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
        if let Some(expected) = expect.get("json") {
            problems.extend(matching::differences(&self.fill(expected), &json(), Members::Exact, "$"));
        }
        if let Some(expected) = expect.get("has") {
            problems.extend(matching::differences(&self.fill(expected), &json(), Members::AtLeast, "$"));
        }
        if let Some(expected) = expect.get("text").and_then(Value::as_str)
            && !matching::text(&self.fill_text(expected), &body)
        {
            problems.push(format!("the body does not match {expected:?}"));
        }
        let journal = self.machine.default_sandbox().journal();
        let notes = journal.iter().next_back().map(|entry| entry.notes.clone()).unwrap_or_default();
        problems.extend(notes.iter().filter(|note| note.starts_with("answer-") || note.starts_with("sandbox-")).map(ToString::to_string));
        if let Some(expected) = expect.get("notes").and_then(Value::as_array) {
            let codes: Vec<Value> = notes.iter().filter_map(|note| note.split(':').next()).map(Value::from).collect();
            if codes != *expected {
                problems.push(format!("notes {codes:?}, expected {expected:?}"));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(format!("  {}\n  the answer: {} {body:.2000}", problems.join("\n  "), answer.status)) }
    }

    fn save(&mut self, wanted: &Value, answer: &Answer) -> Result<(), String> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        for (name, path) in wanted.as_object().into_iter().flatten() {
            let path = path.as_str().ok_or("`save` takes paths")?;
            let value = match path.strip_prefix("header:") {
                Some(header) => answer.headers.get(header).and_then(|value| value.to_str().ok()).map(Value::from),
                None => body.pointer(&format!("/{}", path.replace('.', "/"))).cloned(),
            };
            self.saved.insert(name.clone(), value.ok_or_else(|| format!("there is nothing to save at `{path}`"))?);
        }
        Ok(())
    }

    /// Puts saved values in. A text that is nothing but `{{name}}` becomes the value itself.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name.trim()));
                whole.cloned().unwrap_or_else(|| Value::String(self.fill_text(text)))
            }
            Value::Array(rows) => rows.iter().map(|row| self.fill(row)).collect(),
            Value::Object(members) => members.iter().map(|(name, member)| (self.fill_text(name), self.fill(member))).collect(),
            other => other.clone(),
        }
    }

    pub fn fill_text(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.saved {
            filled = filled.replace(&format!("{{{{{name}}}}}"), &value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        filled
    }
}
