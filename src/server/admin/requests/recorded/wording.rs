//! What differs from sandbox to sandbox, as conversations write it: links to oneself lead to the usual host, credentials are those of
//! the default sandbox, and the sandbox's name, its receivers and what only an answer tells (a token) are `{{references}}`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;
use serde_json::{Map, Value};

use crate::base::{patterns, text};
use crate::engine::{self, Machine, Origin, Request, Sandbox};
use crate::scenario::conversation::{CredentialMap, HOST_NAME};
use crate::world;

/// The receiver of a conversation, wherever it is held.
pub(super) const INBOX: &str = "{{inbox}}";

/// The content type of forms.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// What stands in a secret's place where secrets are hidden.
const HIDDEN: &str = "[redacted]";

/// The least length of a value that is referred to: a shorter one may be a part of anything.
const LEAST: usize = 8;

/// What stands in place of braces that begin no reference, until it is known how they are written.
const BRACES: &str = "\u{1}\u{2}\u{1}";

pub(super) struct Wording<'a> {
    pub mount: &'a str,
    sandbox: &'a str,
    /// From the sandbox's credentials to those of the default one.
    credentials: CredentialMap,
    /// From credentials of the default sandbox, which this one has not, to what nobody has.
    strange: CredentialMap,
    /// Every word of what was sent.
    sent: HashSet<String>,
    /// Values of answers that later calls send, with the names that they are saved under.
    saved: BTreeMap<String, String>,
    /// The paths and queries that are called.
    targets: HashSet<String>,
    /// Those of them that a header led to, with the names that it is saved under.
    followed: BTreeMap<String, String>,
    /// How links begin that lead to where any of the callers was: webhooks have them too.
    callers: BTreeSet<Links>,
    /// Headers that clients set themselves, and of which the scenario makes a difference.
    pub heeded: Vec<&'static str>,
    /// Addresses of receivers, as conversations have them.
    pub receivers: Vec<(String, String)>,
    /// Addresses of receivers that the scenario of the conversation says, as they are.
    pub given: Vec<String>,
}

/// How links begin that lead to where the caller was.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Links {
    origin: String,
    /// What stands between that and the paths below the mount.
    prefix: String,
}

impl Links {
    pub fn of(machine: &Machine, entry: &world::Entry, mount: &str) -> Self {
        let request = Request::of(entry);
        let prefix = parts(&entry.target, entry, mount).0;
        match machine.public_urls().base_of_links(&prefix, mount) {
            Some(base) => Self::below(&base),
            None => Self { origin: Origin::of(&request.headers, entry.is_secure).to_string(), prefix },
        }
    }

    /// Those of a webhook, given the base of its subscription.
    pub fn below(base: &str) -> Self {
        let (scheme, rest) = base.split_once("://").unwrap_or(("http", base));
        let (host, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Self { origin: format!("{scheme}://{host}"), prefix: prefix.to_owned() }
    }
}

/// What stands in the target of a call before the vendor's own path, and what is the vendor's.
pub(super) fn parts(target: &str, entry: &world::Entry, mount: &str) -> (String, String) {
    let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
    let whole = text::decode_unreserved(path);
    match whole.split_at_checked(entry.path_start).filter(|(before, _)| !before.is_empty()) {
        Some((before, _)) if path.starts_with(before) => (before.to_owned(), target[before.len()..].to_owned()),
        Some((before, own)) => (before.to_owned(), format!("{own}{query}")),
        None => {
            let own = engine::below(target, mount);
            (target.strip_suffix(own).unwrap_or_default().to_owned(), own.to_owned())
        }
    }
}

impl<'a> Wording<'a> {
    pub fn new(machine: &Machine, sandbox: &'a Sandbox, mount: &'a str, rows: &[Arc<world::Entry>], has_own_accounts: bool) -> Self {
        // What a scenario writes itself is what its conversation means.
        let map = if has_own_accounts { CredentialMap::default() } else { CredentialMap::of(machine, sandbox, mount) };
        let (credentials, strange) = (map.back(), map.to_strangers());
        let mut sent = HashSet::new();
        for row in rows {
            let headers = row.request.headers().map(|(_, value)| String::from_utf8_lossy(value).into_owned());
            let body = String::from_utf8_lossy(&row.request.body).into_owned();
            for text in headers.chain([row.target.clone(), body]) {
                sent.extend(words(&text).filter(|word| word.len() >= LEAST).map(str::to_owned));
            }
        }
        let targets = rows.iter().map(|row| parts(&row.target, row, mount).1).collect();
        let callers = rows.iter().map(|row| Links::of(machine, row, mount)).collect();
        let (saved, followed, heeded, receivers, given) = (BTreeMap::new(), BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        Self { mount, sandbox: &sandbox.name, credentials, strange, sent, saved, targets, followed, callers, heeded, receivers, given }
    }

    /// Saves where an answer leads to by a header, if that is called.
    pub fn follow(&mut self, links: &Links, location: &str, saved: &mut Map<String, Value>) {
        let Some(target) = location.strip_prefix(&format!("{}{}", links.origin, links.prefix)) else { return };
        if self.targets.contains(target) && !self.followed.contains_key(target) {
            let name = format!("location_{}", self.followed.len() + 1);
            self.followed.insert(target.to_owned(), name.clone());
            saved.insert(name, "header:location".into());
        }
    }

    /// The path and query of a call, or the link that led to it.
    pub fn target(&self, target: &str) -> String {
        if let Some(name) = self.followed.get(target) {
            return format!("{{{{{name}}}}}");
        }
        let target = self.referring(&target.replace("{{", "%7B%7B"));
        match target.split_once('?') {
            Some((path, query)) => format!("{path}?{}", self.credentials.replace(&self.by_name(query))),
            None => target,
        }
    }

    /// A header of a call, which may have been refused for its credentials.
    pub fn header(&self, value: &str, is_strange: bool) -> String {
        let strange = if is_strange { self.strange.header(value) } else { value.to_owned() };
        self.referring(&self.credentials.header(&strange))
    }

    /// The body of a call, in the same way.
    pub fn sent(&self, links: &Links, body: Value, is_strange: bool) -> Value {
        self.sent_under("", links, body, is_strange)
    }

    fn sent_under(&self, name: &str, links: &Links, value: Value, is_strange: bool) -> Value {
        match value {
            Value::String(text) => {
                let strange = if is_strange { self.strange.replace_word(&text) } else { text.into() };
                let own = self.credentials.substitute(&strange, usize::from(name == "password"));
                self.referring(&self.text(links, own)).into()
            }
            Value::Array(rows) => rows.into_iter().map(|row| self.sent_under("", links, row, is_strange)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, value)| (name.clone(), self.sent_under(&name, links, value, is_strange))).collect()
            }
            other => other,
        }
    }

    /// What is expected of a body, of which another form has no secrets. What later calls send of it is saved.
    pub fn expected(&mut self, links: &Links, body: &Value, hidden: &Value, saved: &mut Map<String, Value>) -> Value {
        self.expected_at("", "", links, body, hidden, saved)
    }

    fn expected_at(
        &mut self,
        path: &str,
        name: &str,
        links: &Links,
        value: &Value,
        hidden: &Value,
        saved: &mut Map<String, Value>,
    ) -> Value {
        let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        match (value, hidden) {
            (Value::Object(members), Value::Object(hidden)) => {
                let member = |(name, value): (&String, &Value)| {
                    let hidden = hidden.get(name).unwrap_or(&Value::Null);
                    // A path cannot be told through a name with a dot.
                    let path = if name.contains(['.', '/', '~']) { String::new() } else { below(name) };
                    (name.clone(), self.expected_at(&path, name, links, value, hidden, saved))
                };
                members.iter().map(member).collect()
            }
            (Value::Array(rows), Value::Array(hidden)) if rows.len() == hidden.len() => {
                let rows = rows.iter().zip(hidden).enumerate();
                rows.map(|(index, (row, hidden))| self.expected_at(&below(&index.to_string()), name, links, row, hidden, saved)).collect()
            }
            (Value::String(text), _) => self.expected_text(path, name, links, text, hidden, saved),
            (_, Value::String(hidden)) if hidden == HIDDEN => "~any".into(),
            (other, _) => other.clone(),
        }
    }

    fn expected_text(
        &mut self,
        path: &str,
        name: &str,
        links: &Links,
        text: &str,
        hidden: &Value,
        saved: &mut Map<String, Value>,
    ) -> Value {
        let own = self.marked(links, text);
        let hidden = hidden.as_str().unwrap_or(HIDDEN);
        if hidden == text || self.credentials.replace(text) != text {
            return literal(&own).into();
        }
        if let Some(name) = self.saved.get(text) {
            return format!("{{{{{name}}}}}").into();
        }
        if hidden != HIDDEN {
            let parts = hidden.split(HIDDEN).map(|part| pattern(&self.by_name(&self.text(links, part))));
            return matcher(&parts.collect::<Vec<_>>().join(".+")).into();
        }
        if !path.is_empty() && self.sent.contains(text) {
            let name = format!("{name}_{}", self.saved.len() + 1);
            self.saved.insert(text.to_owned(), name.clone());
            saved.insert(name, path.into());
        }
        "~string".into()
    }

    /// A text that came or was sent, with the addresses and credentials that conversations have.
    pub fn text(&self, links: &Links, text: &str) -> String {
        self.marked(links, text).replace(BRACES, "{{")
    }

    /// The same, with another mark in place of braces that were there before.
    fn marked(&self, links: &Links, text: &str) -> String {
        if let Some(given) = self.given.iter().find(|address| text.contains(address.as_str())) {
            return text.split(given.as_str()).map(|part| self.marked(links, part)).collect::<Vec<_>>().join(given);
        }
        let (to, host) = (format!("http://{HOST_NAME}/{}", self.mount), format!("http://{HOST_NAME}"));
        let mut own = text.replace("{{", BRACES);
        for Links { origin, prefix } in [links].into_iter().chain(&self.callers).filter(|links| !links.origin.is_empty()) {
            own = own.replace(&format!("{origin}{prefix}"), &to).replace(origin, &host);
        }
        for (address, receiver) in &self.receivers {
            own = own.replace(address.as_str(), receiver);
        }
        let own = inboxes().replace_all(&own, INBOX);
        let own = if own.contains(&to) { self.by_name(&own) } else { own.into_owned() };
        self.credentials.replace(&own).into_owned()
    }

    /// Whether a text of an answer is the same in every sandbox, and says nothing else where it is expected.
    pub fn is_plain(&self, links: &Links, text: &str) -> bool {
        !text.contains(self.sandbox) && literal(&self.marked(links, text)) == text && self.referring(text) == text
    }

    /// What is expected of the body of a webhook.
    pub fn told(&self, links: &Links, body: Value) -> Value {
        match body {
            Value::String(text) => literal(&self.referring(&self.marked(links, &text))).into(),
            Value::Array(rows) => rows.into_iter().map(|row| self.told(links, row)).collect(),
            Value::Object(members) => members.into_iter().map(|(name, value)| (name, self.told(links, value))).collect(),
            other => other,
        }
    }

    /// A text of a link or of a query that may name the sandbox.
    fn by_name(&self, text: &str) -> String {
        let is_query = text.contains(['?', '=']);
        if is_query { each_word(text, |word| (word == self.sandbox).then(|| "{{sandbox}}".to_owned())) } else { text.to_owned() }
    }

    /// A text with references to what was saved.
    fn referring(&self, text: &str) -> String {
        if self.saved.is_empty() {
            return text.to_owned();
        }
        let reference = |word: &str| self.saved.get(word).map(|name| format!("{{{{{name}}}}}"));
        let whole = reference(text);
        whole.unwrap_or_else(|| each_token(text, reference))
    }
}

fn inboxes() -> &'static Regex {
    static INBOXES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"https?://[^/\s"]+/_seatrial/inbox/[^/?#\s"&]+|inbox://[^/?#\s"&]+"#).expect("it is one"));
    &INBOXES
}

/// What stands for itself, even where it looks like a matcher or a reference. Braces of a path are escaped when it is called again.
fn literal(text: &str) -> String {
    let has_marks = text.starts_with('~') || text.contains(BRACES);
    if has_marks { matcher(&pattern(text).replace(BRACES, r"(\{\{|%7B%7B)")) } else { text.to_owned() }
}

/// What the whole of a text has to match. Of a pattern that is too long to be one, any text does.
fn matcher(pattern: &str) -> String {
    if pattern.len() + 2 > patterns::LONGEST { "~string".to_owned() } else { format!("~/^{pattern}$/") }
}

/// A pattern of a text in which references stay what they are.
fn pattern(text: &str) -> String {
    regex::escape(text).replace(r"\{\{", "{{").replace(r"\}\}", "}}")
}

/// Tokens, ids and the like.
fn is_of_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_.~+@".contains(letter)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter| !is_of_token(letter))
}

/// The text with each token replaced for which there is something else.
fn each_token(text: &str, other: impl Fn(&str) -> Option<String>) -> String {
    each(text, is_of_token, other)
}

/// The same for words of a name: letters, digits, `-` and `_`.
fn each_word(text: &str, other: impl Fn(&str) -> Option<String>) -> String {
    each(text, |letter| letter.is_ascii_alphanumeric() || "-_".contains(letter), other)
}

fn each(text: &str, is_inside: impl Fn(char) -> bool, other: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_inside(letter)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        match other(word).filter(|_| !word.is_empty()) {
            Some(other) => out.push_str(&other),
            None => out.push_str(word),
        }
        let between = after.find(&is_inside).unwrap_or(after.len());
        out.push_str(&after[..between]);
        rest = &after[between..];
    }
    out
}
