//! What really came back, as a conversation: the calls as they were written, the answers as they came. What differs from one recording to
//! the next is taken out: ids that come again are references, and other ids, times, secrets and what tells of persons are matchers. So
//! two recordings are equal when a server has not changed.

use std::collections::BTreeMap;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, LOCATION};
use serde_json::{Map, Value};

use crate::contract::{shape, write};
use crate::scenario::{self, Story};

/// The receiver of webhooks, as conversations call it.
const INBOX: &str = "{{inbox}}";
/// How long a body may be that is recorded as text.
const LONGEST_TEXT: usize = 4000;

pub(in crate::contract) struct Recorder {
    /// The file of the conversation.
    file: Map<String, Value>,
    /// What it sends: what stands there is no secret, and tells of no person that its author did not name.
    source: String,
    /// The address of the receiver of its webhooks.
    inbox: String,
    answers: Vec<Answer>,
    /// What took the place of what tells of persons where it is sent.
    made_up: BTreeMap<String, &'static str>,
}

struct Answer {
    step: usize,
    repetition: u64,
    expect: Map<String, Value>,
    body: Option<Value>,
}

impl Recorder {
    /// A recorder of a conversation with the vendor at `mount`.
    pub fn new(story: &Story, mount: &str, inbox: &str) -> Self {
        let file = scenario::yaml(&story.source.text, &story.source.name).unwrap_or_default();
        let mut ordered = Map::from_iter([("vendor".to_owned(), mount.into())]);
        ordered.extend(file.as_object().cloned().unwrap_or_default());
        Self { file: ordered, source: sent(file), inbox: inbox.to_owned(), answers: Vec::new(), made_up: BTreeMap::new() }
    }

    /// A recorder of a conversation that stands in no file, with what took the place of what tells of persons.
    pub fn of(file: Map<String, Value>, made_up: BTreeMap<String, &'static str>) -> Self {
        let source = sent(Value::Object(file.clone()));
        Self { file, source, inbox: String::new(), answers: Vec::new(), made_up }
    }

    /// Notes the answer to the call of a step, counted from 1; of one that is polled, the last one counts.
    pub fn answered(&mut self, step: usize, repetition: u64, status: u16, headers: &HeaderMap, body: &[u8]) {
        let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let mut expect = Map::from_iter([("status".to_owned(), Value::from(status))]);
        let told = [CONTENT_TYPE, LOCATION].into_iter().filter_map(|name| {
            let value = header(name.clone())?;
            Some((name.to_string(), Value::from(shape::matcher(value).unwrap_or_else(|| literal(value)))))
        });
        let told: Map<String, Value> = told.collect();
        if !told.is_empty() {
            expect.insert("headers".to_owned(), told.into());
        }
        let text = std::str::from_utf8(body).unwrap_or_default();
        let text = if self.inbox.is_empty() { text.to_owned() } else { text.replace(&self.inbox, INBOX) };
        let body = serde_json::from_str(&text).ok();
        let kind = header(CONTENT_TYPE).unwrap_or_default();
        let is_text = ["text/", "xml", "html", "json"].iter().any(|word| kind.contains(word));
        if body.is_none() && is_text && !text.is_empty() && text.len() <= LONGEST_TEXT {
            expect.insert("text".to_owned(), shape::matcher(&text).unwrap_or_else(|| literal(&text)).into());
        }
        self.answers.retain(|answer| (answer.step, answer.repetition) != (step, repetition));
        self.answers.push(Answer { step, repetition, expect, body });
    }

    /// The conversation as it went.
    pub fn finish(mut self) -> String {
        let steps = self.file.get("steps").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut references = References::new(&steps, &self.answers, &self.source, std::mem::take(&mut self.made_up));
        let mut written = Vec::new();
        for (index, step) in steps.into_iter().enumerate() {
            let turns: Vec<&Answer> = self.answers.iter().filter(|answer| answer.step == index + 1).collect();
            if step.get("call").is_none() || turns.is_empty() {
                written.push(step);
                continue;
            }
            let mut told = Vec::new();
            for answer in turns {
                let mut expect = answer.expect.clone();
                let mut saved = step.get("save").and_then(Value::as_object).cloned().unwrap_or_default();
                if let Some(body) = &answer.body {
                    expect.insert("json".to_owned(), references.expected(body, "", None, &self.source));
                    references.define(body, &mut saved);
                }
                told.push((answer.repetition, expect, saved));
            }
            let are_equal = told.iter().all(|(_, expect, saved)| (expect, saved) == (&told[0].1, &told[0].2));
            if are_equal {
                told.truncate(1);
            }
            for (repetition, expect, saved) in told {
                let mut own = step.as_object().cloned().unwrap_or_default();
                if !are_equal {
                    own.shift_remove("repeat");
                    let text = Value::Object(own).to_string().replace("{{n}}", &repetition.to_string());
                    own = serde_json::from_str(&text).unwrap_or_default();
                }
                own.insert("expect".to_owned(), expect.into());
                own.shift_remove("save");
                if !saved.is_empty() {
                    own.insert("save".to_owned(), saved.into());
                }
                written.push(own.into());
            }
        }
        self.file.shift_remove("steps");
        self.file.insert("steps".to_owned(), written.into());
        write::conversation(&self.file)
    }
}

/// What a conversation sends, as text.
fn sent(mut file: Value) -> String {
    for step in file["steps"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        step.retain(|name, _| !["expect", "save", "receives"].contains(&name.as_str()));
    }
    file.to_string()
}

/// Ids that come again, by the names that later steps know them by.
struct References {
    /// In how many answers each id occurs.
    counts: BTreeMap<String, usize>,
    /// What each name stands for at this step.
    names: BTreeMap<String, String>,
    /// Names of the conversation itself.
    taken: Vec<String>,
    made: usize,
    source: String,
    made_up: BTreeMap<String, &'static str>,
}

impl References {
    fn new(steps: &[Value], answers: &[Answer], source: &str, made_up: BTreeMap<String, &'static str>) -> Self {
        let saves = steps.iter().filter_map(|step| step.get("save")?.as_object());
        let taken = saves.flat_map(|save| save.keys().cloned()).collect();
        let mut found = Self { counts: BTreeMap::new(), names: BTreeMap::new(), taken, made: 0, source: source.to_owned(), made_up };
        for body in answers.iter().filter_map(|answer| answer.body.as_ref()) {
            let mut own = Vec::new();
            ids(body, "", "", source, &mut own);
            own.sort();
            own.dedup_by(|(value, _, _), (other, _, _)| value == other);
            own.into_iter().for_each(|(value, _, _)| *found.counts.entry(value).or_default() += 1);
        }
        found
    }

    /// Names what an answer has: as the conversation does, and otherwise what comes again and has no name yet.
    fn define(&mut self, body: &Value, saved: &mut Map<String, Value>) {
        for (name, path) in saved.iter().filter_map(|(name, path)| Some((name, path.as_str()?))) {
            if let Some(value) = body.pointer(&format!("/{}", path.replace('.', "/"))) {
                self.names.insert(name.clone(), value.to_string());
            }
        }
        let mut own = Vec::new();
        ids(body, "", "", &self.source, &mut own);
        for (value, path, member) in own {
            let comes_again = self.counts.get(&value).is_some_and(|count| *count > 1);
            if !comes_again || self.names.values().any(|known| *known == value) || path.is_empty() {
                continue;
            }
            let name = loop {
                self.made += 1;
                let name = format!("{member}_{}", self.made);
                if !self.taken.contains(&name) {
                    break name;
                }
            };
            saved.insert(name.clone(), path.into());
            self.names.insert(name, value);
        }
    }

    /// What is expected of a value the next time.
    fn expected(&self, value: &Value, member: &str, object: Option<&Map<String, Value>>, source: &str) -> Value {
        let known = value.to_string();
        if let Some((name, _)) = self.names.iter().find(|(_, own)| **own == known).filter(|_| is_scalar_id(member, value, source)) {
            return format!("{{{{{name}}}}}").into();
        }
        match value {
            // No matcher is for names.
            Value::Object(members) if members.keys().any(|name| shape::is_all_volatile(name)) => "~any".into(),
            Value::Object(members) => {
                members.iter().map(|(name, inner)| (name.clone(), self.expected(inner, name, Some(members), source))).collect()
            }
            Value::Array(rows) => rows.iter().map(|row| self.expected(row, member, object, source)).collect(),
            Value::Number(number) if shape::is_id(member) || number.as_i64().is_some_and(|number| number.abs() >= 1_000_000) => {
                if number.is_f64() { "~number".into() } else { "~integer".into() }
            }
            Value::String(text) if text.contains(INBOX) => text.as_str().into(),
            Value::String(text) => {
                let is_own = source.contains(text.as_str());
                let is_personal = shape::is_email(text) || object.is_some_and(|object| shape::is_personal(member, object));
                if let Some(made_up) = self.made_up.get(text).filter(|_| is_personal) {
                    return literal(made_up).into();
                }
                let is_secret = shape::is_secret(member) && text.len() >= 16;
                if (is_secret && !is_own || is_personal && !is_sent(text, source)) && !text.is_empty() {
                    return "~string".into();
                }
                let is_number = shape::is_id(member) && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                if is_number && !is_own {
                    return "~/^[0-9]+$/".into();
                }
                let matcher = if shape::is_id(member) { shape::matcher_of_id(text) } else { shape::matcher(text) };
                match matcher.filter(|_| !is_own) {
                    Some(matcher) => matcher.into(),
                    None => literal(text).into(),
                }
            }
            other => other.clone(),
        }
    }
}

/// Whether a text is sent as a whole: what somebody is called may be a part of many words.
fn is_sent(text: &str, source: &str) -> bool {
    let ends = |letter: Option<char>| letter.is_none_or(|letter| !(letter.is_alphanumeric() || " +".contains(letter)));
    let mut found = source.match_indices(text);
    found.any(|(at, _)| ends(source[..at].chars().next_back()) && ends(source[at + text.len()..].chars().next()))
}

/// Whether a value is an id that a later step may refer to.
fn is_scalar_id(member: &str, value: &Value, source: &str) -> bool {
    match value {
        Value::String(text) => {
            !source.contains(text.as_str())
                && text.len() >= 4
                && (shape::is_all_volatile(text) || (shape::is_id(member) && shape::matcher(text).is_some()))
        }
        Value::Number(number) => shape::is_id(member) && number.as_u64().is_some_and(|number| number >= 1000),
        _ => false,
    }
}

/// Every id of a value, with its path and the name of its member.
fn ids(value: &Value, path: &str, member: &str, source: &str, found: &mut Vec<(String, String, String)>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => {
            for (name, inner) in members.iter().filter(|(name, _)| !name.contains(['.', '/', '~'])) {
                ids(inner, &below(name), name, source, found);
            }
        }
        Value::Array(rows) => rows.iter().enumerate().for_each(|(index, row)| ids(row, &below(&index.to_string()), member, source, found)),
        value if is_scalar_id(member, value, source) => found.push((value.to_string(), path.to_owned(), member.to_owned())),
        _ => {}
    }
}

/// A text that stands for itself, even where it looks like a matcher or a reference.
fn literal(text: &str) -> String {
    if text.starts_with('~') || text.contains("{{") { format!("~/^{}$/", regex::escape(text)) } else { text.to_owned() }
}

/// The name of a recorded conversation's folder and file.
#[must_use]
pub fn place(file: &str) -> std::path::PathBuf {
    let path = std::path::Path::new(file);
    let folder = path.parent().and_then(std::path::Path::file_name).unwrap_or_default();
    std::path::Path::new(folder).join(path.file_name().unwrap_or_default())
}
