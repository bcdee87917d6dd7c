//! From a step to the call that it makes.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::HOST_NAME;
use super::substitute::Substitution;
use crate::scenario::story::{Body, Call, HeaderText, SentHeaders};

/// A call that can be sent to any server that has the vendor's paths.
#[derive(Clone, Debug)]
pub struct PlannedCall {
    pub method: Method,
    /// The path below the vendor's mount.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
    /// All headers but those of the transport; `Host` is the host that conversations are written with.
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The call with everything put in; `None` when it has no method and path, headers that cannot be sent, or too much of saved values.
pub(super) fn call(call: &Call, defaults: &SentHeaders, mount: &str, values: &Substitution) -> Option<PlannedCall> {
    let line = values.text(&call.line);
    let (method, target) = line.split_once(' ')?;
    // A link out of an answer is followed as it is.
    let link = target.strip_prefix("http://").and_then(|rest| rest.strip_prefix(HOST_NAME));
    let target = link.and_then(|rest| rest.strip_prefix('/')?.strip_prefix(mount)).unwrap_or(target);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(HOST_NAME))]);
    let (content_type, body) = match &call.body {
        None => (None, Bytes::new()),
        Some(Body::Json(node)) => (Some("application/json"), values.json(node).to_string().into()),
        Some(Body::Form(node)) => (Some("application/x-www-form-urlencoded"), serde_html_form::to_string(values.json(node)).ok()?.into()),
        Some(Body::Text(text)) => (None, values.text(text).into()),
        Some(Body::Bytes(bytes)) => (None, bytes.clone().into()),
    };
    headers.extend(content_type.map(|value| (CONTENT_TYPE, HeaderValue::from_static(value))));
    for rows in [defaults, &call.headers] {
        // A name that stands there twice is sent twice.
        let mut seen = Vec::new();
        for (name, value) in rows {
            let name: HeaderName = name.parse().ok()?;
            let value = match value {
                Some(HeaderText::Text(text)) => HeaderValue::try_from(values.header(text).into_bytes()).ok()?,
                Some(HeaderText::Bytes(bytes)) => HeaderValue::from_bytes(bytes).ok()?,
                None => {
                    headers.remove(name);
                    continue;
                }
            };
            if seen.contains(&name) {
                headers.append(name, value);
            } else {
                seen.push(name.clone());
                headers.insert(name, value);
            }
        }
    }
    if values.is_too_large() {
        return None;
    }
    Some(PlannedCall { method: method.parse().ok()?, path: path.to_owned(), query: query.to_owned(), headers, body })
}
