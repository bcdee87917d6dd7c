//! What of a call is not written down as it was: secrets, what tells of persons, and what an earlier answer gave.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::{FoundBody, FoundCall, FoundPart};
use crate::contract::shape;
use crate::engine::{self, Machine, SecretNames};

/// Headers that a client adds by itself, or that only a browser has.
const USUAL: [&str; 10] = [
    "host",
    "content-length",
    "user-agent",
    "accept-encoding",
    "connection",
    "cookie",
    "origin",
    "referer",
    "accept-language",
    "transfer-encoding",
];

/// What takes the place of what tells of persons, by a part of the name of the member.
const MADE_UP: [(&str, &str); 5] = [
    ("email", "person@example.com"),
    ("phone", "+1 555 010 0199"),
    ("company", "Example Ltd"),
    ("name", "Ada Example"),
    ("", "1 Example Street"),
];

/// How long a value of an answer is, and a path to it, that later calls refer to.
const LONGEST: usize = 1024;

pub(super) struct Hidden {
    mount: String,
    /// Credentials that everybody knows: those of the default sandbox.
    known: Vec<String>,
    /// What the vendor says of its names.
    names: SecretNames,
    /// What tells of persons, and what takes its place.
    pub made_up: BTreeMap<String, &'static str>,
}

impl Hidden {
    pub fn new(machine: &Machine, mount: &str) -> Self {
        let rows = machine.default_sandbox().lock().world.accounts().credentials(mount);
        let known = rows.iter().flat_map(|row| row.fields.values().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>());
        let vendors = machine.vendors().all();
        let names = vendors.iter().find(|vendor| vendor.mount == mount).map(|vendor| vendor.secret_names).unwrap_or_default();
        Self { mount: mount.to_owned(), known: known.collect(), names, made_up: BTreeMap::new() }
    }

    /// The step that makes a call again.
    pub fn step(&mut self, call: &FoundCall, target: &str) -> Map<String, Value> {
        let mut step = Map::new();
        step.insert("call".to_owned(), format!("{} {}", call.method.to_uppercase(), self.target(target)).into());
        let is_form = matches!(call.body, Some(FoundBody::Form(_)));
        let frontier = frontier(call);
        let mut headers = Map::new();
        for (name, value) in &call.headers {
            let lower = name.to_ascii_lowercase();
            let is_told = lower == CONTENT_TYPE.as_str() && (is_form || value.starts_with("application/json"));
            if name.starts_with(':')
                || USUAL.contains(&lower.as_str())
                || lower.starts_with("sec-")
                || is_told
                || (lower == "accept" && value == "*/*")
            {
                continue;
            }
            if frontier.is_none() || lower != CONTENT_TYPE.as_str() {
                headers.insert(name.clone(), self.header(name, value).into());
            }
        }
        if let Some(frontier) = &frontier {
            headers.insert("content-type".to_owned(), format!("multipart/form-data; boundary={frontier}").into());
        }
        if !headers.is_empty() {
            step.insert("headers".to_owned(), headers.into());
        }
        let body = call.body.as_ref().map(|body| match body {
            FoundBody::Form(pairs) => {
                ("form", pairs.iter().map(|(name, value)| (name.clone(), Value::from(self.secret(name, value)))).collect())
            }
            FoundBody::Parts(parts) => ("text", self.parts(parts, frontier.as_deref().unwrap_or_default()).into()),
            FoundBody::Base64(text) => ("base64", text.as_str().into()),
            FoundBody::Elsewhere(_) => ("text", Value::Null),
            FoundBody::Text(text) => match serde_json::from_str::<Value>(text) {
                Ok(value) if call.is_json() => ("json", self.value("", &Map::new(), "", &value)),
                _ => self.text(call, text),
            },
        });
        step.extend(body.map(|(name, value)| (name.to_owned(), value)));
        step
    }

    /// A form in several parts, as it is sent.
    fn parts(&self, parts: &[FoundPart], frontier: &str) -> String {
        let mut text = String::new();
        for part in parts {
            let quoted = |word: &str| word.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
            let _ = write!(text, "--{frontier}\r\ncontent-disposition: form-data; name=\"{}\"", quoted(&part.name));
            if let Some(file) = &part.file {
                let _ = write!(text, "; filename=\"{}\"", quoted(file));
            }
            if let Some(kind) = &part.kind {
                let _ = write!(text, "\r\ncontent-type: {}", kind.replace(['\r', '\n'], " "));
            }
            let _ = write!(text, "\r\n\r\n{}\r\n", self.secret(&part.name, &part.value));
        }
        text + &format!("--{frontier}--\r\n")
    }

    fn text(&self, call: &FoundCall, text: &str) -> (&'static str, Value) {
        if call.header(&CONTENT_TYPE).is_some_and(|kind| kind.contains("x-www-form-urlencoded")) {
            let pairs = engine::pairs(text).into_iter().map(|(name, value)| {
                let value = self.secret(&name, &value).into();
                (name, value)
            });
            return ("form", Value::Object(pairs.collect()));
        }
        ("text", text.into())
    }

    /// Path and query, in which a secret may stand too.
    fn target(&self, target: &str) -> String {
        let Some((path, query)) = target.split_once('?') else { return target.to_owned() };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", self.secret(name, value)),
            _ => pair.to_owned(),
        });
        format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
    }

    /// A header, of which the name of a scheme is no secret.
    fn header(&self, name: &str, value: &str) -> String {
        if let Some(pair) = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok()) {
            let pair = String::from_utf8_lossy(&pair).into_owned();
            let is_known = pair.split(':').all(|part| part.is_empty() || self.known.iter().any(|known| known == part));
            return if is_known { value.to_owned() } else { format!("Basic {}", self.variable("BASIC")) };
        }
        match value.split_once(' ').filter(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphabetic())) {
            Some((scheme, rest)) if self.is_secret("", &Map::new(), name) => format!("{scheme} {}", self.secret(name, rest)),
            _ => self.secret(name, value),
        }
    }

    /// A value, or the variable that has it when it is a secret that not everybody knows.
    fn secret(&self, name: &str, value: &str) -> String {
        self.member("", &Map::new(), name, value)
    }

    /// The same of a member of an object that stands under the name `owner`.
    fn member(&self, owner: &str, object: &Map<String, Value>, name: &str, value: &str) -> String {
        let is_open = value.is_empty() || value.contains("{{") || self.known.iter().any(|known| known == value);
        if is_open || !self.is_secret(owner, object, name) { value.to_owned() } else { self.variable(name) }
    }

    fn is_secret(&self, owner: &str, object: &Map<String, Value>, name: &str) -> bool {
        let SecretNames { secret, open } = self.names;
        let is_open = || open.iter().any(|open| open.is_of(owner, object, name));
        secret.iter().any(|known| engine::is_same_name(known, name)) || ((shape::is_secret(name) || is_key(name)) && !is_open())
    }

    fn variable(&self, name: &str) -> String {
        let name: String =
            name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' }).collect();
        format!("{{{{env.{}_{name}}}}}", self.mount.to_uppercase())
    }

    /// A value in an object, which stands under the name `owner`.
    fn value(&mut self, owner: &str, object: &Map<String, Value>, name: &str, value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                members.iter().map(|(member, inner)| (member.clone(), self.value(name, members, member, inner))).collect()
            }
            Value::Array(rows) => rows.iter().map(|row| self.value(owner, object, name, row)).collect(),
            Value::String(text) if !text.is_empty() => {
                let is_known = self.known.contains(text);
                let is_personal = shape::is_email(text) || shape::is_personal(name, object);
                if is_personal && !is_known {
                    let email = shape::is_email(text).then_some("email");
                    let name = email.map_or_else(|| name.to_ascii_lowercase(), str::to_owned);
                    let made_up = MADE_UP.iter().find(|(part, _)| name.contains(part)).map_or("", |(_, text)| text);
                    self.made_up.insert(text.clone(), made_up);
                    return made_up.into();
                }
                self.member(owner, object, name, text).into()
            }
            other => other.clone(),
        }
    }
}

/// What stands between the parts of a form, and in none of them.
fn frontier(call: &FoundCall) -> Option<String> {
    let Some(FoundBody::Parts(parts)) = &call.body else { return None };
    let mut frontiers = (1..).map(|number| format!("seatrial-part-{number}"));
    frontiers.find(|frontier| !parts.iter().any(|part| part.value.contains(frontier.as_str())))
}

/// Whether a header is named like one with a key.
fn is_key(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with("api-key")
}

/// A text that an answer gave: of which step, by which path, in which member.
pub(in crate::contract) struct Given {
    step: usize,
    path: String,
    member: String,
    text: String,
}

impl Given {
    pub fn member(&self) -> &str {
        &self.member
    }

    pub fn text(&self) -> &str {
        &self.text
    }
}

/// What later calls may refer to in an answer.
pub(in crate::contract) fn given(body: &[u8], step: usize) -> Vec<Given> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut found = Vec::new();
    walk(&body, "", "", &mut |path, member, text| {
        let is_id = shape::is_id(member) && text.len() >= 3;
        if text.len() > LONGEST || path.len() > LONGEST {
            return;
        }
        if is_id || shape::is_secret(member) || shape::matcher(text).is_some() {
            found.push(Given { step, path: path.to_owned(), member: member.to_owned(), text: text.to_owned() });
        }
    });
    found
}

fn walk(value: &Value, path: &str, member: &str, hear: &mut dyn FnMut(&str, &str, &str)) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => {
            for (name, inner) in members.iter().filter(|(name, _)| !name.contains(['.', '/', '~'])) {
                walk(inner, &below(name), name, hear);
            }
        }
        Value::Array(rows) => rows.iter().enumerate().for_each(|(index, row)| walk(row, &below(&index.to_string()), member, hear)),
        Value::String(text) if text.len() >= 3 => hear(path, member, text),
        Value::Number(number) => hear(path, member, &number.to_string()),
        _ => {}
    }
}

/// Puts references into a step in place of what answers before it gave, and has the steps that those came from save them.
pub(in crate::contract) fn refer(step: &mut Map<String, Value>, steps: &mut [Map<String, Value>], given: &[Given]) {
    let mut text = Value::Object(std::mem::take(step)).to_string();
    // The latest answer counts, and a long text before its parts.
    let mut rows: Vec<&Given> = given.iter().rev().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.text.len()));
    for row in rows {
        let is_number = row.text.bytes().all(|byte| byte.is_ascii_digit());
        if !occurrences(&text, &row.text, is_number).any(|_| true) {
            continue;
        }
        let save = steps[row.step].entry("save").or_insert_with(|| Value::Object(Map::new()));
        let Some(save) = save.as_object_mut() else { continue };
        let known = save.iter().find(|(_, path)| **path == row.path).map(|(name, _)| name.clone());
        let name = known.unwrap_or_else(|| format!("{}_{}", row.member, row.step + 1));
        let name = if save.get(&name).is_some_and(|path| *path != row.path) { format!("{name}_{}", save.len() + 1) } else { name };
        save.insert(name.clone(), row.path.as_str().into());
        let (mut written, mut end) = (String::with_capacity(text.len()), 0);
        for position in occurrences(&text, &row.text, is_number) {
            // A number becomes a text that is nothing but a reference, for which the number itself is sent.
            let sign = if is_number && text[..position].ends_with("\":") { "\"" } else { "" };
            let _ = write!(written, "{}{sign}{{{{{name}}}}}{sign}", &text[end..position]);
            end = position + row.text.len();
        }
        text = written + &text[end..];
    }
    *step = serde_json::from_str(&text).unwrap_or_default();
}

/// Where a text stands by itself, and not as part of a longer word.
fn occurrences<'t>(text: &'t str, part: &'t str, is_number: bool) -> impl Iterator<Item = usize> + 't {
    let is_word = move |letter: Option<char>| {
        letter.is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_' || (is_number && letter == '.'))
    };
    text.match_indices(part).map(|(position, _)| position).filter(move |position| {
        let before = &text[..*position];
        let quoted = before.ends_with(['"', '/', '=', ' ', ',', '&', '-']) || (is_number && before.ends_with("\":"));
        quoted && !is_word(text[position + part.len()..].chars().next())
    })
}
