//! A thousand sandboxes at once: whatever one of them was told turns up in no other, and what one of them answers does not
//! depend on what the others do meanwhile.
//!
//! The calls are those of `tests/vendors`, each story told by a sandbox with credentials of its own and its marker in the
//! texts that it sends: every other sandbox puts it into all of them, the rest into those that vendors do not look at.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use seatrial::base::{entropy, time};
use seatrial::engine::{Conform, Machine, Options, Request, Sandbox, Start};
use seatrial::vendors;
use serde_json::{Map, Value};

const SANDBOXES: usize = 1000;
const WORKERS: usize = 64;
/// How many steps each sandbox takes.
const STEPS: usize = 10;
/// How many of them are told again, alone.
const AGAIN: usize = 25;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    Machine::new(vendors::ALL, Options { conform: Conform::Off, ..Options::default() }, Start::plain(wall()))
}

/// A story of one vendor.
struct Story {
    mount: String,
    headers: Map<String, Value>,
    steps: Vec<Value>,
}

/// Every story that needs no scenario of its own.
fn stories() -> Vec<Story> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors");
    let list = |path: &Path| {
        let entries = fs::read_dir(path).expect("a folder can be listed");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
        paths.sort();
        paths
    };
    let mut stories = Vec::new();
    for folder in list(&root) {
        let vendor = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mount = vendor.split('_').next().unwrap_or_default().to_owned();
        for file in list(&folder) {
            let text = fs::read_to_string(&file).expect("stories are text");
            let story: Value = serde_saphyr::from_str(&text).expect("stories are YAML");
            if story.get("scenario").is_none() {
                let steps = story["steps"].as_array().cloned().unwrap_or_default();
                let headers = story["headers"].as_object().cloned().unwrap_or_default();
                stories.push(Story { mount: mount.clone(), headers, steps });
            }
        }
    }
    assert!(stories.len() > 100, "{}", stories.len());
    stories
}

/// A sandbox and how far it is in its story.
struct Teller {
    name: String,
    number: usize,
    marker: String,
    story: Arc<Story>,
    /// The default sandbox's credentials, and this one's in their place.
    own: Vec<(String, String)>,
    saved: Map<String, Value>,
    step: usize,
    /// A digest of every answer.
    told: Vec<u64>,
}

impl Teller {
    fn new(machine: &Machine, stories: &[Arc<Story>], number: usize) -> Self {
        let name = format!("leak-{number:04}");
        let start = Start { seed: number as u64, ..Start::plain(wall()) };
        let sandbox = machine.open(machine.stage(&name, start, None)).expect("the name is free");
        let story = Arc::clone(&stories[number % stories.len()]);
        let facts = |sandbox: &Sandbox| -> Vec<Map<String, Value>> {
            sandbox.lock().world.accounts.credentials(&story.mount).iter().map(|row| (*row.facts).clone()).collect()
        };
        let mut own: Vec<(String, String)> = Vec::new();
        for (usual, mine) in facts(machine.default_sandbox()).iter().zip(facts(&sandbox)) {
            let texts = usual.iter().filter_map(|(name, value)| Some((value.as_str()?.to_owned(), mine.get(name)?.as_str()?.to_owned())));
            own.extend(texts.filter(|(usual, mine)| usual != mine));
        }
        let marker = format!("mkq{number:04}");
        Self { name, number, marker, story, own, saved: Map::from_iter([("n".to_owned(), 1.into())]), step: 0, told: Vec::new() }
    }

    /// Takes the next step and looks at what comes of it.
    fn go_on(&mut self, machine: &Machine) {
        let story = Arc::clone(&self.story);
        let Some(step) = story.steps.get(self.step % story.steps.len().max(1)) else { return };
        self.step += 1;
        let sandbox = machine.sandbox(&self.name).expect("nobody removes it");
        if let Some(span) = step["advance"].as_str().and_then(time::span) {
            let now = sandbox.lock().world.clock.now(wall());
            machine.advance(&sandbox, time::shift(now, span), wall());
            return;
        }
        // Now and then the whole sandbox is copied or put back, in the middle of everything.
        match (self.number + self.step) % 23 {
            0 => drop(sandbox.snapshot("x", wall())),
            1 => drop(sandbox.restore("x", wall())),
            2 => sandbox.reset(),
            3 => {
                let copy = machine.fork(&sandbox, &format!("{}-copy", self.name), wall()).expect("there is room");
                assert!(machine.remove(&copy.name));
            }
            _ => {}
        }
        let Some(request) = self.request(step) else { return };
        let answer = machine.handle(&request, wall());
        // What no credential of ours stands in, such as a login that is wrong on purpose, is the default sandbox's business.
        let id = answer.headers.get("seatrial-request").and_then(|id| id.to_str().ok()).unwrap_or_default();
        if !id.starts_with(&self.name) {
            return;
        }
        let body = String::from_utf8_lossy(&answer.body);
        self.assert_own(&body, &request.path);
        self.assert_own(&format!("{:?}", answer.headers), &request.path);
        self.told.push(entropy::fingerprint(&answer.body) ^ u64::from(answer.status.as_u16()));
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        for (name, path) in step["save"].as_object().into_iter().flatten() {
            let path = path.as_str().unwrap_or_default().replace('.', "/");
            if let Some(value) = document.pointer(&format!("/{path}")) {
                self.saved.insert(name.clone(), value.clone());
            }
        }
    }

    fn assert_own(&self, text: &str, place: &str) {
        for (at, _) in text.match_indices("mkq") {
            let found = text.get(at..at + 7).unwrap_or_default();
            // The letters alone may be part of a picture.
            if !found.bytes().skip(3).all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            assert_eq!(found, self.marker, "{} finds the text of another in {place}", self.name);
        }
    }

    fn request(&self, step: &Value) -> Option<Request> {
        let call = self.fill(step["call"].as_str()?);
        let (method, target) = call.split_once(' ')?;
        let mount = &self.story.mount;
        let target = target.split_once("7447/").map_or(target, |(_, rest)| rest.strip_prefix(mount.as_str()).unwrap_or(rest));
        let target = target.split_once(&format!("/@{}/{mount}", self.name)).map_or(target, |(_, rest)| rest);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        // Every other one is found by its credentials alone.
        let prefix = if self.number % 4 < 2 { format!("/@{}/{mount}", self.name) } else { format!("/{mount}") };
        let mut headers = HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static("127.0.0.1:7447"))]);
        let mut body = String::new();
        let mut kind = |kind: &'static str| headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(json) = step.get("json") {
            kind("application/json");
            body = self.marked(json, "").to_string();
        } else if let Some(form) = step.get("form") {
            kind("application/x-www-form-urlencoded");
            body = serde_html_form::to_string(self.marked(form, "")).ok()?;
        } else if let Some(text) = step["text"].as_str() {
            body = self.fill(text);
        }
        for (name, value) in self.story.headers.iter().chain(step["headers"].as_object().into_iter().flatten()) {
            let name: HeaderName = name.parse().ok()?;
            match value.as_str() {
                Some(value) => headers.insert(name, self.header(value).parse().ok()?),
                None => headers.remove(name),
            };
        }
        Some(Request {
            method: method.parse::<Method>().ok()?,
            path: format!("{prefix}{path}"),
            query: query.to_owned(),
            headers,
            body: body.into(),
            peer: [127, 0, 0, 1].into(),
            secure: false,
            mount: None,
        })
    }

    /// A header with this sandbox's credentials.
    fn header(&self, value: &str) -> String {
        let filled = self.fill(value);
        let Some(pair) = filled.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()) else {
            return self.own.iter().fold(filled, |text, (usual, mine)| text.replace(usual.as_str(), mine));
        };
        let pair = String::from_utf8_lossy(&pair).into_owned();
        let (user, password) = pair.split_once(':').unwrap_or((&pair, ""));
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.mine(user, 0), self.mine(password, 1))))
    }

    /// What stands in the place of the default sandbox's text; `nth` tells apart what is written alike there.
    fn mine<'t>(&'t self, text: &'t str, nth: usize) -> &'t str {
        let found: Vec<&str> = self.own.iter().filter(|(usual, _)| usual == text).map(|(_, mine)| mine.as_str()).collect();
        found.get(nth).or(found.first()).copied().unwrap_or(text)
    }

    fn fill(&self, text: &str) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{{{name}}}}}"), &plain(value)))
    }

    /// A body with credentials and markers in it.
    fn marked(&self, value: &Value, member: &str) -> Value {
        match value {
            Value::Array(rows) => rows.iter().map(|row| self.marked(row, member)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.marked(value, &name.to_ascii_lowercase()))).collect()
            }
            Value::String(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name));
                let mine = self.mine(text, usize::from(member == "password"));
                let free =
                    ["name", "company", "description", "metadata", "reference", "street", "line", "note", "instruction", "attention"];
                let is_marked = self.number % 2 == 1 || free.iter().any(|word| member.contains(word));
                match whole {
                    Some(whole) => whole.clone(),
                    None if mine != text => mine.into(),
                    None if is_marked && !text.contains("{{") => format!("{text} {}", self.marker).into(),
                    None => self.fill(text).into(),
                }
            }
            other => other.clone(),
        }
    }
}

#[test]
fn a_thousand_sandboxes_know_nothing_of_each_other() {
    let stories: Vec<Arc<Story>> = stories().into_iter().map(Arc::new).collect();
    let machine = machine();
    let tellers: Vec<Mutex<Teller>> = (0..SANDBOXES).map(|number| Mutex::new(Teller::new(&machine, &stories, number))).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                loop {
                    let turn = next.fetch_add(1, Ordering::Relaxed);
                    if turn >= SANDBOXES * STEPS {
                        return;
                    }
                    // One step of each in turn, so that all of them are in the middle of their stories at the same time.
                    tellers[turn % SANDBOXES].lock().expect("no teller fails").go_on(&machine);
                }
            });
        }
    });
    let (mut calls, mut kept, mut marked) = (0, 0, 0);
    for teller in &tellers {
        let teller = teller.lock().expect("no teller fails");
        let sandbox = machine.sandbox(&teller.name).expect("nobody removes it");
        let state = sandbox.lock();
        for (_, account) in state.world.accounts.iter() {
            for (kind, table) in account.tables() {
                for (id, body) in table.iter() {
                    let text = format!("{id} {}", String::from_utf8_lossy(body));
                    teller.assert_own(&text, kind.0);
                    kept += 1;
                    marked += usize::from(text.contains(&teller.marker));
                }
            }
        }
        drop(state);
        for entry in sandbox.journal().iter() {
            teller.assert_own(&String::from_utf8_lossy(&entry.request_body), &entry.target);
            assert!(entry.id.starts_with(&teller.name), "{}", entry.id);
            calls += 1;
        }
    }
    assert_eq!(machine.sandboxes().len(), SANDBOXES + 1);
    assert!(calls > SANDBOXES * STEPS / 2 && kept > SANDBOXES, "{calls} calls, {kept} documents");
    assert!(marked > SANDBOXES / 4, "only {marked} documents hold what they were told");

    // Each alone in a process of its own: the same answers, byte for byte.
    for number in (0..SANDBOXES).step_by(SANDBOXES / AGAIN) {
        let alone = self::machine();
        let mut again = Teller::new(&alone, &stories, number);
        (0..STEPS).for_each(|_| again.go_on(&alone));
        let together = tellers[number].lock().expect("no teller fails");
        assert_eq!(again.told, together.told, "{} answers differently when it is alone", again.name);
    }
}
