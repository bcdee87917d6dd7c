//! A thousand sandboxes at once: whatever one of them was told turns up in no other, and what one of them answers does not
//! depend on what the others do meanwhile.
//!
//! The calls are those of `tests/vendors`: each sandbox begins stories of all vendors, drawn by lot, with credentials of its own
//! and its marker in the texts that it sends: in all of them, in one drawn by lot, or in those that vendors do not look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use rand::RngExt as _;
use seatrial::base::entropy::{self, Rng};
use seatrial::base::time;
use seatrial::engine::{Conform, Machine, Options, Request, Start};
use seatrial::scenario::conversation::CredentialMap;
use seatrial::vendors;
use serde_json::{Map, Value};

use crate::advance::advance;

const SANDBOXES: usize = 1000;
const WORKERS: usize = 64;
/// How many steps each sandbox takes.
const STEPS: usize = 10;
/// The most that it takes of one story.
const LONGEST: usize = 6;
/// How many of them are told again, alone.
const AGAIN: usize = 25;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    Machine::new(vendors::all(), Options { conform: Conform::Off, ..Options::default() }, Start::plain(wall()))
}

/// A story of one vendor.
struct Story {
    mount: String,
    headers: Map<String, Value>,
    steps: Vec<Value>,
}

/// Every story that needs no scenario of its own.
fn stories() -> BTreeMap<String, Vec<Story>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vendors");
    let list = |path: &Path| {
        let entries = fs::read_dir(path).expect("a folder can be listed");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
        paths.sort();
        paths
    };
    let mut stories: BTreeMap<String, Vec<Story>> = BTreeMap::new();
    for folder in list(&root) {
        let vendor = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mount = vendor.split('_').next().unwrap_or_default().to_owned();
        for file in list(&folder) {
            let text = fs::read_to_string(&file).expect("stories are text");
            let story: Value = serde_saphyr::from_str(&text).expect("stories are YAML");
            if story.get("scenario").is_none() {
                let steps = story["steps"].as_array().cloned().unwrap_or_default();
                let headers = story["headers"].as_object().cloned().unwrap_or_default();
                stories.entry(vendor.clone()).or_default().push(Story { mount: mount.clone(), headers, steps });
            }
        }
    }
    assert!(stories.len() >= vendors::all().len() - 1 && stories.values().map(Vec::len).sum::<usize>() > 100);
    stories
}

/// Where a marker stands in a body.
#[derive(Clone, Copy, PartialEq)]
enum Marked {
    /// In every text.
    All,
    /// In texts that vendors do not look at.
    Free,
    /// In the text that is the how manieth.
    One(usize),
}

/// A sandbox and how far it is in its story.
struct Teller<'s> {
    name: String,
    number: usize,
    marker: String,
    stories: &'s BTreeMap<String, Vec<Story>>,
    /// Whatever is drawn by lot: the same lots, whatever the others do.
    lots: Rng,
    story: &'s Story,
    /// How much of it is left, and the step that is next.
    left: usize,
    step: usize,
    own: CredentialMap,
    saved: Map<String, Value>,
    /// A digest of every answer.
    told: Vec<u64>,
}

impl<'s> Teller<'s> {
    fn new(machine: &Machine, stories: &'s BTreeMap<String, Vec<Story>>, number: usize) -> Self {
        let name = format!("leak-{number:04}");
        let start = Start { seed: Some(number as u64), ..Start::plain(wall()) };
        machine.open(machine.stage(&name, start, None)).expect("the name is free");
        let mut lots = entropy::stream(number as u64, &["leaks"], 0);
        let story = draw(stories, &mut lots);
        let marker = format!("mkq{number:04}");
        let own = CredentialMap::of(machine, &machine.sandbox(&name).expect("it was just opened"), &story.mount);
        let (saved, told) = (Map::from_iter([("n".to_owned(), 1.into())]), Vec::new());
        Self { name, number, marker, stories, lots, story, left: LONGEST, step: 0, own, saved, told }
    }

    /// Takes the next step and looks at what comes of it.
    fn go_on(&mut self, machine: &Machine) {
        let sandbox = machine.sandbox(&self.name).expect("nobody removes it");
        if self.left == 0 || self.step == self.story.steps.len() {
            self.story = draw(self.stories, &mut self.lots);
            self.own = CredentialMap::of(machine, &sandbox, &self.story.mount);
            self.saved.retain(|name, _| name == "n");
            (self.step, self.left) = (0, self.lots.random_range(1..=LONGEST));
        }
        let step = &self.story.steps[self.step];
        (self.step, self.left) = (self.step + 1, self.left - 1);
        if let Some(span) = step["advance"].as_str().and_then(time::span) {
            let now = sandbox.lock().world.clock().now(wall());
            advance(machine, &sandbox, time::shift(now, span), wall());
            return;
        }
        // Now and then the whole sandbox is copied or put back, in the middle of everything.
        match self.lots.random_range(0..23) {
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

    fn request(&mut self, step: &Value) -> Option<Request> {
        let marked = match self.lots.random_range(0..4) {
            0 => Marked::All,
            1 => Marked::Free,
            _ => Marked::One(self.lots.random_range(0..12)),
        };
        let call = self.fill(step["call"].as_str()?);
        let (method, target) = call.split_once(' ')?;
        let mount = &self.story.mount;
        let mut texts = 0;
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
            body = self.marked(json, "", marked, &mut texts).to_string();
        } else if let Some(form) = step.get("form") {
            kind("application/x-www-form-urlencoded");
            body = serde_html_form::to_string(self.marked(form, "", marked, &mut texts)).ok()?;
        } else if let Some(text) = step["text"].as_str() {
            body = self.fill(text);
        }
        for (name, value) in self.story.headers.iter().chain(step["headers"].as_object().into_iter().flatten()) {
            let name: HeaderName = name.parse().ok()?;
            match value.as_str() {
                Some(value) => headers.insert(name, self.own.header(&self.fill(value)).parse().ok()?),
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
            mount: None,
            version: http::Version::HTTP_11,
            is_secure: false,
        })
    }

    fn fill(&self, text: &str) -> String {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.saved.iter().fold(text.to_owned(), |filled, (name, value)| filled.replace(&format!("{{{{{name}}}}}"), &plain(value)))
    }

    /// A body with credentials and markers in it; `texts` counts those that may have one.
    fn marked(&self, value: &Value, member: &str, marked: Marked, texts: &mut usize) -> Value {
        match value {
            Value::Array(rows) => rows.iter().map(|row| self.marked(row, member, marked, texts)).collect(),
            Value::Object(members) => {
                let filled =
                    |(name, value): (&String, &Value)| (name.clone(), self.marked(value, &name.to_ascii_lowercase(), marked, texts));
                members.iter().map(filled).collect()
            }
            Value::String(text) => {
                let whole = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).and_then(|name| self.saved.get(name));
                let mine = self.own.substitute(text, usize::from(member == "password"));
                if let Some(whole) = whole {
                    return whole.clone();
                }
                if mine != text {
                    return mine.into();
                }
                *texts += 1;
                let is_marked = marked == Marked::All || marked == Marked::One(*texts - 1) || FREE.iter().any(|word| member.contains(word));
                if is_marked && !text.contains("{{") { format!("{text} {}", self.marker).into() } else { self.fill(text).into() }
            }
            other => other.clone(),
        }
    }
}

/// Parts of the names of members that vendors keep as they are.
const FREE: [&str; 10] = ["name", "company", "description", "metadata", "reference", "street", "line", "note", "instruction", "attention"];

/// A story of a vendor, each drawn by lot.
fn draw<'s>(stories: &'s BTreeMap<String, Vec<Story>>, lots: &mut Rng) -> &'s Story {
    let vendor = stories.values().nth(lots.random_range(0..stories.len())).expect("one of them");
    &vendor[lots.random_range(0..vendor.len())]
}

#[test]
fn a_thousand_sandboxes_know_nothing_of_each_other() {
    let stories = stories();
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
    let (mut operations, mut vendors): (BTreeSet<String>, BTreeMap<String, usize>) = (BTreeSet::new(), BTreeMap::new());
    for teller in &tellers {
        let teller = teller.lock().expect("no teller fails");
        let sandbox = machine.sandbox(&teller.name).expect("nobody removes it");
        let state = sandbox.lock();
        for (_, kind, id, body) in state.world.accounts().documents() {
            let text = format!("{id} {body}");
            teller.assert_own(&text, &kind.0);
            kept += 1;
            marked += usize::from(text.contains(&teller.marker));
        }
        drop(state);
        for entry in sandbox.journal().iter() {
            teller.assert_own(&String::from_utf8_lossy(&entry.request.body), &entry.target);
            assert!(entry.id.starts_with(&teller.name), "{}", entry.id);
            operations.extend(entry.operation.as_deref().map(str::to_owned));
            *vendors.entry(entry.vendor.to_string()).or_default() += 1;
            calls += 1;
        }
    }
    assert_eq!(machine.sandboxes().len(), SANDBOXES + 1);
    assert!(calls > SANDBOXES * STEPS / 2 && kept > SANDBOXES, "{calls} calls, {kept} documents");
    assert!(marked > SANDBOXES / 4, "only {marked} documents hold what they were told");
    assert!(operations.len() > 100, "{operations:?}");
    assert!(vendors.len() >= seatrial::vendors::all().len() - 1 && vendors.values().all(|calls| *calls > SANDBOXES / 4), "{vendors:?}");

    // Each alone in a process of its own: the same answers, byte for byte.
    for number in (0..SANDBOXES).step_by(SANDBOXES / AGAIN) {
        let alone = self::machine();
        let mut again = Teller::new(&alone, &stories, number);
        (0..STEPS).for_each(|_| again.go_on(&alone));
        let together = tellers[number].lock().expect("no teller fails");
        assert_eq!(again.told, together.told, "{} answers differently when it is alone", again.name);
    }
}
