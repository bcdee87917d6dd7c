//! Calls that other tools keep, as a conversation: a HAR, a Postman collection, or lines of curl.
//!
//! Secrets become variables of the environment and what tells of persons becomes made up. What an answer gave and a later call sent is a
//! reference, so that the conversation can be held anew.

mod curl;
mod har;
mod hide;
mod postman;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use serde_json::{Map, Value};

pub use self::curl::CurlError;
pub(super) use self::hide::{Given, given, refer};
use crate::base::json;
use crate::contract::run::Recorder;
use crate::engine::{self, Machine};

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("it is no JSON: {0}")]
    Json(serde_json::Error),
    #[error("it is neither HAR (an object with `log`), nor a Postman collection of version 2.1 (with `item`), nor lines of `curl`")]
    Unknown,
    #[error("line {line}: {problem}")]
    Curl { line: usize, problem: CurlError },
    #[error("there is no call in it")]
    Empty,
    #[error("it has more than {MOST_CALLS} calls, or more than {} MiB in them; keep those that belong together", MOST_BYTES >> 20)]
    Large,
    #[error("it has calls to {0}; a conversation is with one vendor, which `--with` names")]
    Several(String),
    #[error("the host `{0}` is that of no vendor; `--with` says whose it is")]
    NoVendor(String),
}

/// How many calls become one conversation, and how many bytes they send together.
const MOST_CALLS: usize = 1_000;
const MOST_BYTES: usize = 4 << 20;
/// What a file may take when it is read.
const MOST_READ: usize = 1 << 30;
/// What the answers of a file may take when they are read.
const MOST_ANSWERED: usize = 64 << 20;
/// How many values of answers later calls may refer to.
const MOST_GIVEN: usize = 5_000;
/// How many hosts are told whose calls were left out.
const MOST_HOSTS: usize = 100;

/// A call of a file, and its answer where the file has it.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundCall {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<FoundBody>,
    answer: Option<FoundAnswer>,
}

#[derive(Clone, Debug)]
pub(super) enum FoundBody {
    Text(String),
    Form(Vec<(String, String)>),
    Parts(Vec<FoundPart>),
    Base64(String),
    /// It is in a file of that name, which is not read.
    Elsewhere(String),
}

/// A part of a form in several parts.
#[derive(Clone, Debug, Default)]
pub(super) struct FoundPart {
    name: String,
    value: String,
    file: Option<String>,
    kind: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) struct FoundAnswer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

/// The conversation in a file.
#[derive(Debug)]
pub struct Imported {
    pub text: String,
    /// Hosts that are those of no vendor, and whose calls were left out beside those of one: a browser keeps them too.
    pub left_out: Vec<String>,
    /// Calls that were left out because they send a file that is not in it, and the name of that.
    pub without_file: Vec<(String, String)>,
}

/// The conversation in a file, with the vendor of that name, or else with the one whose hosts its calls go to.
///
/// # Errors
/// When the file is none of calls, or not of calls to one vendor.
pub fn import(machine: &Machine, text: &str, vendor: Option<&str>) -> Result<Imported, ImportError> {
    // Some tools mark the text as UTF-8.
    let text = text.trim_start_matches('\u{feff}');
    if json::extent(text.as_bytes()).bytes > MOST_READ {
        return Err(ImportError::Large);
    }
    let mut calls = match serde_json::from_str::<Value>(text) {
        Ok(file) if file["log"]["entries"].is_array() => har::calls(&file),
        Ok(file) if file["item"].is_array() => postman::calls(&file)?,
        Ok(_) => return Err(ImportError::Unknown),
        Err(error) if text.trim_start().starts_with('{') => return Err(ImportError::Json(error)),
        Err(_) => curl::calls(text)?,
    };
    if calls.is_empty() {
        return Err(ImportError::Empty);
    }
    let mut hosts = BTreeSet::new();
    let is_own =
        |call: &FoundCall| mount(machine, &call.url, None).is_ok_and(|own| mount(machine, "", vendor).map_or(true, |named| named == own));
    if calls.iter().any(is_own) {
        calls.retain(|call| {
            let is_foreign = mount(machine, &call.url, None).is_err();
            if is_foreign && hosts.len() < MOST_HOSTS {
                hosts.insert(split(&call.url).0.to_owned());
            }
            !is_foreign
        });
    }
    if calls.len() > MOST_CALLS || calls.iter().map(FoundCall::size).sum::<usize>() > MOST_BYTES {
        return Err(ImportError::Large);
    }
    let mut without_file = Vec::new();
    calls.retain(|call| {
        let Some(FoundBody::Elsewhere(file)) = &call.body else { return true };
        without_file.push((format!("{} {}", call.method, call.url), file.clone()));
        false
    });
    if calls.is_empty() {
        return Err(ImportError::Empty);
    }
    let mut mounts = Vec::new();
    for call in &calls {
        let mount = mount(machine, &call.url, vendor)?;
        if !mounts.contains(&mount) {
            mounts.push(mount);
        }
    }
    let [mount] = &mounts[..] else { return Err(ImportError::Several(mounts.join(", "))) };
    Ok(Imported { text: conversation(machine, mount, &mut calls), left_out: hosts.into_iter().collect(), without_file })
}

/// The mount of the vendor that a call is for.
fn mount(machine: &Machine, url: &str, named: Option<&str>) -> Result<String, ImportError> {
    let vendors = machine.vendors().all();
    let (host, path) = split(url);
    let name = host.split(':').next().unwrap_or_default();
    let first = path.split('/').find(|part| !part.is_empty() && !part.starts_with('@')).unwrap_or_default();
    let found = vendors.iter().find(|vendor| match named {
        Some(named) => vendor.id == named || vendor.mount == named,
        None => vendor.hosts.iter().any(|own| own.eq_ignore_ascii_case(name)),
    });
    let found = found.or_else(|| vendors.iter().find(|vendor| named.is_none() && vendor.mount == first));
    found.map(|vendor| vendor.mount.to_string()).ok_or_else(|| ImportError::NoVendor(named.unwrap_or(host).to_owned()))
}

/// Host and target of a URL; of one without a scheme too.
fn split(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    (&rest[..end], &rest[end..])
}

fn conversation(machine: &Machine, mount: &str, calls: &mut [FoundCall]) -> String {
    let mut hidden = hide::Hidden::new(machine, mount);
    let mut steps: Vec<Map<String, Value>> = Vec::new();
    let mut given = Vec::new();
    let mut left = MOST_ANSWERED;
    for call in &mut *calls {
        // What would take too much counts as if the file had no body.
        if let Some(answer) = &mut call.answer {
            let bytes = json::extent(&answer.body).bytes.max(answer.body.len());
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None => answer.body.clear(),
            }
        }
    }
    for (index, call) in calls.iter().enumerate() {
        let target = engine::below(split(&call.url).1, mount);
        // A URL may end with its host.
        let target = if target.starts_with('/') { Cow::from(target) } else { format!("/{target}").into() };
        let mut step = hidden.step(call, &target);
        hide::refer(&mut step, &mut steps, &given);
        if let Some(answer) = &call.answer {
            given.extend(hide::given(&answer.body, index).into_iter().take(MOST_GIVEN - given.len()));
        }
        steps.push(step);
    }
    let rows: Vec<Value> = steps.into_iter().map(Value::Object).collect();
    let file = Map::from_iter([("vendor".to_owned(), mount.into()), ("steps".to_owned(), rows.into())]);
    let mut recorder = Recorder::of(file, hidden.made_up);
    for (call, number) in calls.iter().zip(1..) {
        if let Some(FoundAnswer { status, headers, body }) = &call.answer {
            recorder.answered(number, 1, *status, headers, body);
        }
    }
    recorder.finish()
}

impl FoundCall {
    fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name.as_str())).map(|(_, value)| value.as_str())
    }

    /// About the bytes that it sends.
    fn size(&self) -> usize {
        let pairs = |rows: &[(String, String)]| rows.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let body = match &self.body {
            Some(FoundBody::Text(text) | FoundBody::Base64(text)) => text.len(),
            Some(FoundBody::Form(rows)) => pairs(rows),
            Some(FoundBody::Parts(parts)) => parts.iter().map(|part| part.name.len() + part.value.len()).sum(),
            Some(FoundBody::Elsewhere(_)) | None => 0,
        };
        self.url.len() + pairs(&self.headers) + body
    }

    fn is_json(&self) -> bool {
        self.header(&CONTENT_TYPE).is_none_or(|kind| kind.contains("json"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::{Options, Start};
    use crate::vendors;

    fn machine() -> Machine {
        Machine::new(vendors::all(), Options::default(), Start::plain("2026-01-05T09:00:00Z".parse().expect("a time")))
    }

    /// The pointers of all values in a value.
    fn places(value: &Value, here: &str, found: &mut Vec<String>) {
        found.push(here.to_owned());
        match value {
            Value::Object(members) => members.iter().for_each(|(name, inner)| places(inner, &format!("{here}/{name}"), found)),
            Value::Array(rows) => rows.iter().enumerate().for_each(|(index, row)| places(row, &format!("{here}/{index}"), found)),
            _ => {}
        }
    }

    #[test]
    fn a_value_of_any_type_may_stand_anywhere() {
        let machine = machine();
        let pair = json!([{"name": "a", "value": "1"}]);
        let har = json!({"log": {"entries": [{
            "request": {"method": "POST", "url": "https://api.goshippo.com/a?b=1", "headers": pair, "postData": {
                "mimeType": "multipart/form-data", "params": [{"name": "a", "value": "1", "fileName": "x", "contentType": "text/plain"}]}},
            "response": {"status": 200, "headers": pair, "content": {"text": "{\"id\": 123}", "encoding": ""}},
        }]}});
        let row = json!([{"key": "a", "value": "{{b}}", "type": "text"}]);
        let item = |mode: &str| {
            json!({"request": {"method": "POST", "header": row, "auth": {"type": "basic", "basic": row},
                "url": {"raw": "https://api.goshippo.com/:a", "variable": row}, "body": {"mode": mode, mode: row}}})
        };
        let postman = json!({"variable": row, "auth": {"type": "bearer", "bearer": row},
            "item": [item("formdata"), {"item": [item("urlencoded"), item("raw"), item("file"), item("graphql")]}]});
        let others = [json!(null), json!(true), json!(-1.5e300), json!("{{"), json!([]), json!({}), json!([[1]]), json!({"a": {"b": []}})];
        let mut read = 0;
        for file in [har, postman] {
            let mut pointers = Vec::new();
            places(&file, "", &mut pointers);
            for (pointer, other) in pointers.iter().flat_map(|pointer| others.iter().map(move |other| (pointer, other))) {
                let mut file = file.clone();
                *file.pointer_mut(pointer).expect("a place") = other.clone();
                read += usize::from(import(&machine, &file.to_string(), Some("shippo")).is_ok());
            }
        }
        assert!(read > 200, "{read}");
    }

    #[test]
    fn a_url_may_end_with_its_host_and_an_option_may_be_any_letter() {
        let machine = machine();
        let lines = "curl https://api.goshippo.com\ncurl -X POST 'https://api.goshippo.com?a=1'\ncurl -\u{e9} https://api.goshippo.com/b\n";
        let imported = import(&machine, lines, None).expect("a conversation");
        for call in ["GET /\"", "POST /?a=1\"", "GET /b\""] {
            assert!(imported.text.contains(call), "{call}: {}", imported.text);
        }
    }

    #[test]
    fn what_multiplies_is_refused() {
        let machine = machine();
        let variable = json!([{"key": "a", "value": "x".repeat(100_000)}]);
        let url = format!("https://api.goshippo.com/{}", "{{a}}".repeat(100_000));
        let collection = json!({"variable": variable, "item": [{"request": {"url": url}}]});
        assert!(matches!(import(&machine, &collection.to_string(), None), Err(ImportError::Large)));
        let entry = json!({"request": {"method": "GET", "url": "https://api.goshippo.com/a"}});
        let har = json!({"log": {"entries": vec![entry; MOST_CALLS + 1]}});
        assert!(matches!(import(&machine, &har.to_string(), None), Err(ImportError::Large)));
        assert!(matches!(import(&machine, &"[".repeat(8 << 20), None), Err(ImportError::Large)));
        // An answer that takes much is left out.
        let answer = json!({"status": 200, "content": {"text": format!("[{}[1]]", "[1],".repeat(1_000_000))}});
        let entry = json!({"request": {"method": "GET", "url": "https://api.goshippo.com/a"}, "response": answer});
        let imported = import(&machine, &json!({"log": {"entries": [entry]}}).to_string(), None).expect("a conversation");
        assert!(imported.text.len() < 1_000 && imported.text.contains("\"status\":200"), "{:.1000}", imported.text);
    }

    #[test]
    fn values_of_answers_that_come_often_are_found_in_one_pass() {
        let machine = machine();
        let answer = json!({"status": 200, "content": {"text": "{\"id\": 7777}"}});
        let body = json!(vec![json!({"id": 7777}); 100_000]).to_string();
        let entry = |body: &str| {
            let request = json!({"method": "POST", "url": "https://api.goshippo.com/a", "postData": {"text": body}});
            json!({"request": request, "response": answer})
        };
        let imported =
            import(&machine, &json!({"log": {"entries": [entry("{}"), entry(&body)]}}).to_string(), None).expect("a conversation");
        // The second answer has it too.
        assert_eq!(imported.text.matches("{{id_1}}").count(), 100_001);
    }
}
