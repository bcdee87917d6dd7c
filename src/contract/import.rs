//! Calls that other tools keep, as a conversation: a HAR, a Postman collection, or lines of curl.
//!
//! Secrets become variables of the environment and what tells of persons becomes made up. What an answer gave and a later call sent is a
//! reference, so that the conversation can be held anew.

mod curl;
mod har;
mod hide;
mod postman;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use serde_json::{Map, Value};

pub use self::curl::CurlError;
pub(super) use self::hide::{Given, given, refer};
use crate::contract::run::Recorder;
use crate::engine::{self, Machine};

/// Why a file cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("it is neither HAR (an object with `log`), nor a Postman collection of version 2.1 (with `item`), nor lines of `curl`")]
    Unknown,
    #[error("line {line}: {problem}")]
    Curl { line: usize, problem: CurlError },
    #[error("there is no call in it")]
    Empty,
    #[error("it has calls to {0}; a conversation is with one vendor, which `--with` names")]
    Several(String),
    #[error("the host `{0}` is that of no vendor; `--with` says whose it is")]
    NoVendor(String),
}

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
    Base64(String),
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
}

/// The conversation in a file, with the vendor of that name, or else with the one whose hosts its calls go to.
///
/// # Errors
/// When the file is none of calls, or not of calls to one vendor.
pub fn import(machine: &Machine, text: &str, vendor: Option<&str>) -> Result<Imported, ImportError> {
    let mut calls = match serde_json::from_str::<Value>(text) {
        Ok(file) if file["log"]["entries"].is_array() => har::calls(&file),
        Ok(file) if file["item"].is_array() => postman::calls(&file),
        Ok(_) => return Err(ImportError::Unknown),
        Err(_) => curl::calls(text)?,
    };
    if calls.is_empty() {
        return Err(ImportError::Empty);
    }
    let mut left_out = Vec::new();
    let is_own =
        |call: &FoundCall| mount(machine, &call.url, None).is_ok_and(|own| mount(machine, "", vendor).map_or(true, |named| named == own));
    if calls.iter().any(is_own) {
        calls.retain(|call| {
            let is_foreign = mount(machine, &call.url, None).is_err();
            let host = split(&call.url).0.to_owned();
            if is_foreign && !left_out.contains(&host) {
                left_out.push(host);
            }
            !is_foreign
        });
    }
    let mut mounts = Vec::new();
    for call in &calls {
        let mount = mount(machine, &call.url, vendor)?;
        if !mounts.contains(&mount) {
            mounts.push(mount);
        }
    }
    let [mount] = &mounts[..] else { return Err(ImportError::Several(mounts.join(", "))) };
    Ok(Imported { text: conversation(machine, mount, &calls), left_out })
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

fn conversation(machine: &Machine, mount: &str, calls: &[FoundCall]) -> String {
    let mut hidden = hide::Hidden::new(machine, mount);
    let mut steps: Vec<Map<String, Value>> = Vec::new();
    let mut given = Vec::new();
    for (index, call) in calls.iter().enumerate() {
        let mut step = hidden.step(call, engine::below(split(&call.url).1, mount));
        hide::refer(&mut step, &mut steps, &given);
        if let Some(answer) = &call.answer {
            given.extend(hide::given(&answer.body, index));
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

    fn is_json(&self) -> bool {
        self.header(&CONTENT_TYPE).is_none_or(|kind| kind.contains("json"))
    }
}
