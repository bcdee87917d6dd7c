//! Calls of a file: an export of a journal (NDJSON), or a HAR of any tool.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr};

use crate::contract::collect::{CallFacts, Collector};
use crate::contract::report::Report;
use crate::engine::{Machine, Request};

/// Why a file is none of calls.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    #[error("line {line} is no exchange: {problem}")]
    Line { line: usize, problem: serde_json::Error },
    #[error("it is neither HAR (an object with `log`) nor an export of a journal (NDJSON)")]
    Unknown,
}

/// The report of a file with that name and text.
///
/// # Errors
/// When it is no file of calls.
pub fn read_saved(machine: &Machine, name: &str, text: &str) -> Result<Report, SavedError> {
    // Some tools mark the text as UTF-8.
    let text = text.trim_start_matches('\u{feff}');
    let mut collector = Collector::new(name);
    let mut add = |call: &SavedCall, index: usize| {
        let number = (index + 1).to_string();
        let facts = CallFacts { id: call.id.as_deref().unwrap_or(&number), status: call.status, is_cut: call.is_cut };
        collector.add(&facts, call.request.as_ref().and_then(|request| machine.judge(request)));
    };
    if let Ok(whole) = serde_json::from_str::<Value>(text)
        && let Some(entries) = whole.pointer("/log/entries").and_then(Value::as_array)
    {
        entries.iter().enumerate().for_each(|(index, entry)| add(&SavedCall::of_har(entry), index));
        return Ok(collector.finish(machine));
    }
    if text.trim_start().starts_with("{\"log\"") {
        return Err(SavedError::Unknown);
    }
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let entry: Value = serde_json::from_str(line).map_err(|problem| SavedError::Line { line: index + 1, problem })?;
        if !entry["target"].is_string() {
            return Err(SavedError::Unknown);
        }
        add(&SavedCall::of_journal(&entry), index);
    }
    Ok(collector.finish(machine))
}

/// A call of a file. One without a request cannot be read as one.
struct SavedCall {
    id: Option<String>,
    request: Option<Request>,
    status: Option<u16>,
    is_cut: bool,
}

impl SavedCall {
    fn of_journal(entry: &Value) -> Self {
        let asked = &entry["request"];
        let mut headers = HeaderMap::new();
        for (name, value) in asked["headers"].as_object().into_iter().flatten() {
            match value {
                Value::Array(values) => values.iter().for_each(|value| add_header(&mut headers, name, value.as_str())),
                value => add_header(&mut headers, name, value.as_str()),
            }
        }
        let body = match &asked["body"] {
            Value::Null => Bytes::new(),
            Value::String(text) if asked["base64"] == true => STANDARD.decode(text).unwrap_or_default().into(),
            Value::String(text) => Bytes::from(text.clone()),
            json => Bytes::from(json.to_string()),
        };
        let target = entry["target"].as_str().unwrap_or_default();
        // The sandbox of then need not exist now.
        let target = target.strip_prefix("/@").and_then(|rest| rest.find('/').map(|end| &rest[end..])).unwrap_or(target);
        Self {
            id: entry["id"].as_str().map(str::to_owned),
            request: request(entry["method"].as_str(), target, headers, body),
            status: status(&entry["status"]),
            is_cut: asked["cut"] == true,
        }
    }

    fn of_har(entry: &Value) -> Self {
        let asked = &entry["request"];
        let mut headers = HeaderMap::new();
        for header in asked["headers"].as_array().into_iter().flatten() {
            // Those of HTTP/2 that begin with a colon are no headers.
            add_header(&mut headers, header["name"].as_str().unwrap_or_default(), header["value"].as_str());
        }
        let url: Option<Uri> = asked["url"].as_str().and_then(|url| url.parse().ok());
        if let Some(authority) = url.as_ref().and_then(Uri::authority) {
            add_missing(&mut headers, HOST, authority.as_str());
        }
        let posted = &asked["postData"];
        let text = posted["text"].as_str().unwrap_or_default();
        let body = match posted["encoding"].as_str() {
            Some("base64") => STANDARD.decode(text).unwrap_or_default().into(),
            _ if text.is_empty() => form(&posted["params"]).into(),
            _ => Bytes::from(text.to_owned()),
        };
        if let Some(kind) = posted["mimeType"].as_str().filter(|kind| !kind.is_empty()) {
            add_missing(&mut headers, CONTENT_TYPE, kind);
        }
        let target = url.as_ref().and_then(Uri::path_and_query).map(|target| target.as_str().to_owned());
        let target =
            target.map(|target| match target.strip_prefix("/@").and_then(|rest| rest.find('/').map(|end| rest[end..].to_owned())) {
                Some(rest) => rest,
                None => target,
            });
        Self {
            id: None,
            request: target.and_then(|target| request(asked["method"].as_str(), &target, headers, body)),
            status: status(&entry["response"]["status"]).filter(|status| *status > 0),
            is_cut: false,
        }
    }
}

/// The parameters of a form, where a tool kept no text.
fn form(params: &Value) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for row in params.as_array().into_iter().flatten() {
        out.append_pair(row["name"].as_str().unwrap_or_default(), row["value"].as_str().unwrap_or_default());
    }
    out.finish()
}

fn status(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|status| u16::try_from(status).ok())
}

fn add_header(headers: &mut HeaderMap, name: &str, value: Option<&str>) {
    if let (Ok(name), Some(Ok(value))) = (HeaderName::try_from(name), value.map(HeaderValue::from_str)) {
        headers.append(name, value);
    }
}

fn add_missing(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.entry(name).or_insert(value);
    }
}

fn request(method: Option<&str>, target: &str, headers: HeaderMap, body: Bytes) -> Option<Request> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Some(Request {
        method: method?.parse::<Method>().ok()?,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        mount: None,
        version: Version::HTTP_11,
        is_secure: false,
    })
}
