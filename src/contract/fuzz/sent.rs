//! Requests as they are sent, and what comes back.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::draw::Drawn;
use crate::net::Reply;
use crate::spec::{Body, Operation};

/// A call that was made.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub method: Method,
    /// The path with its query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub reply: Option<Reply>,
}

pub(super) fn is_taken(exchange: &Exchange) -> bool {
    exchange.reply.as_ref().is_some_and(|reply| (200..300).contains(&reply.status))
}

pub(super) fn is_form(body: &Body) -> bool {
    body.media_types().all(|kind| !kind.contains("json")) && body.media_types().any(|kind| kind.contains("x-www-form-urlencoded"))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Path and query of a request.
pub(super) fn target(operation: &Operation, drawn: &Drawn) -> String {
    let mut path = operation.path.clone();
    for (name, value) in &drawn.path {
        path = path.replace(&format!("{{{name}}}"), &encoded(value));
    }
    let query: Vec<String> = drawn.query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
}

pub(super) fn body(operation: &Operation, drawn: &Drawn) -> Option<(&'static str, Bytes)> {
    let body = drawn.body.as_ref()?;
    if !operation.body.as_ref().is_some_and(is_form) {
        return Some(("application/json", Bytes::from(body.to_string())));
    }
    let written = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = body.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), written(value)));
    let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Some(("application/x-www-form-urlencoded", Bytes::from(text)))
}
