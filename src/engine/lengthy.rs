//! What takes long, so that it is done apart or not at all: lists of many bytes, and the check of answers of very many values.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use crate::base::json;
use crate::engine::sandbox::Sandbox;
use crate::spec::{Operation, Violation};

/// Lists of a sandbox that holds no more bytes take some 30 ms at most, whatever they are asked for.
const SHORT: usize = 8 << 20;

/// The largest answer that is read again to be checked, unless all are.
pub(super) const MOST_SAMPLED: usize = 256 * 1024;
/// The largest answer that is ever read again to be checked, in about the bytes that it takes then.
const MOST_CHECKED: usize = 128 << 20;

/// Whether an operation lists what may be many bytes: it reads, and names no document.
pub(super) fn is_long(operation: &Operation, sandbox: &Sandbox) -> bool {
    operation.method == Method::GET && sandbox.documents.own() > SHORT && !operation.path.ends_with('}')
}

/// How an answer departs from the document; nothing if it has very many values.
pub(super) fn check(operation: &Operation, status: StatusCode, headers: &HeaderMap, body: &Bytes) -> Vec<Violation> {
    let is_json = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains("json"));
    // Checking the whole text once costs less than checking each of its strings.
    let fits = is_json && (body.len() <= MOST_SAMPLED || json::extent(body).bytes <= MOST_CHECKED);
    let text = if fits { simdutf8::basic::from_utf8(body).ok() } else { None };
    let parsed: Option<Value> = text.and_then(|text| serde_json::from_str(text).ok());
    operation.check_answer(status.as_u16(), parsed.as_ref())
}
