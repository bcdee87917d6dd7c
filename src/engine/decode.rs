//! Parsed request bodies, and the media types that callers send and take.

use std::borrow::Cow;

use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::base::json::{self, Extent};
use crate::engine::call::{self, Request};
use crate::engine::refusal::Refusal;
use crate::spec::{Operation, json_net};

/// The media type of a body without its parameters, in lower case; empty when none is given.
#[must_use]
pub fn media_type(request: &Request) -> Cow<'_, str> {
    const USUAL: &str = "application/json";
    let header = request.headers.get(CONTENT_TYPE);
    if header.is_some_and(|value| value.as_bytes() == USUAL.as_bytes()) {
        return USUAL.into();
    }
    let text = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = text.split(';').next().unwrap_or_default().trim();
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) }
}

/// Whether a media type is JSON.
#[must_use]
pub fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type.ends_with("+json")
}

/// Whether the caller takes JSON or one of these media types; who says nothing takes anything.
#[must_use]
pub fn accepts(request: &Request, media_types: &[&str]) -> bool {
    request.header(ACCEPT).is_none_or(|accept| accept.trim().is_empty()) || acceptable(request, media_types).next().is_some()
}

/// Whether the caller gives one of these media types more weight than JSON.
#[must_use]
pub fn prefers(request: &Request, media_types: &[&str]) -> bool {
    let best = |best: (f32, bool), other: (f32, bool)| if other.0 > best.0 { other } else { best };
    acceptable(request, media_types).reduce(best).is_some_and(|(_, is_listed)| is_listed)
}

/// The ranges of `Accept` that take JSON or one of these media types: their weights, and whether it is one of these.
fn acceptable(request: &Request, media_types: &[&str]) -> impl Iterator<Item = (f32, bool)> {
    request.header(ACCEPT).unwrap_or_default().split(',').filter_map(move |range| {
        let mut parts = range.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let is_listed = media_types.contains(&kind.as_str());
        (is_listed || matches!(kind.as_str(), "*/*" | "application/*") || is_json(&kind)).then_some((weight, is_listed))
    })
}

/// Reads JSON if the content type is JSON or missing, and a form if the operation's document lists one.
///
/// # Errors
/// `Malformed` when it is not JSON, `UnsupportedMedia` when it is of another type.
pub fn json_or_form(request: &Request, operation: &Operation) -> Result<Value, Refusal> {
    let media_type = media_type(request);
    let takes_forms = operation.body.as_ref().is_some_and(|body| body.media_types().any(|row| row == FORM));
    match &*media_type {
        FORM if takes_forms => Ok(form(&request.body)),
        "" => json(request),
        other if is_json(other) => json(request),
        _ if request.body.is_empty() => Ok(Value::Null),
        _ => Err(Refusal::UnsupportedMedia(media_type.into_owned())),
    }
}

/// So many values cost nothing that is worth measuring.
const LITTLE: usize = 1_000;

/// The same, as leniently as Json.NET reads JSON, which may also be `text/json`.
///
/// # Errors
/// As above.
pub fn json_net(request: &Request, operation: &Operation) -> Result<Value, Refusal> {
    let read = if media_type(request) == "text/json" { json(request) } else { json_or_form(request, operation) };
    read.or_else(|refusal| {
        let text = if matches!(refusal, Refusal::Malformed { .. }) { json_net::strict(&request.body) } else { Vec::new() };
        // What was hidden when the body was measured, behind quotes of another kind, stays unread, unless it is little.
        let is_measured = json::extent(&text).values <= json::extent(&request.body).values.max(LITTLE);
        serde_json::from_slice(&text).ok().filter(|_| is_measured).ok_or(refusal)
    })
}

/// Reads bodies as PHP frameworks do: JSON if the content type is JSON or missing, anything else as a form.
///
/// # Errors
/// `Malformed` when it says that it is JSON and is not.
pub fn json_or_any_form(request: &Request) -> Result<Value, Refusal> {
    let media_type = media_type(request);
    match &*media_type {
        _ if request.body.is_empty() => Ok(Value::Null),
        "" => json(request),
        other if is_json(other) => json(request),
        // PHP reads this kind in a POST only.
        PARTS if request.method == Method::POST => {
            Ok(parts(request.header(CONTENT_TYPE).unwrap_or_default(), &String::from_utf8_lossy(&request.body)))
        }
        _ => Ok(form(&request.body)),
    }
}

/// How large a body is once it is read: JSON if it may be, else a form, whose rows are its pairs or parts.
#[must_use]
pub fn extent(request: &Request) -> Extent {
    let media_type = media_type(request);
    if media_type.is_empty() || is_json(&media_type) {
        return json::extent(&request.body);
    }
    let body = &*request.body;
    let nested = |text: &[u8]| {
        let encoded = text.windows(3).filter(|bytes| bytes.eq_ignore_ascii_case(b"%5b")).count();
        text.iter().filter(|byte| **byte == b'[').count() + encoded
    };
    let pairs = 1 + body.iter().filter(|byte| **byte == b'&').count();
    let parts = 1 + body.windows(3).filter(|bytes| bytes == b"\n--").count();
    let names =
        |body: &[u8]| body.split(|byte| *byte == b'\n').filter(|line| line.windows(5).any(|bytes| bytes == b"name=")).map(nested).sum();
    let levels: usize = if media_type == PARTS { names(body) } else { nested(body) };
    let rows = pairs.max(parts);
    Extent { values: rows + levels, rows, bytes: PAIR * (rows + levels) }
}

/// About what a pair of a form takes once it is read, and each level of its name.
const PAIR: usize = 100;

/// The media type of forms in parts.
const PARTS: &str = "multipart/form-data";
/// The media type of forms.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// The body as JSON; `null` when it is empty.
///
/// # Errors
/// `Malformed` when it is not JSON.
pub fn json(request: &Request) -> Result<Value, Refusal> {
    let body = &*request.body;
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    // Checking the whole text once costs less than checking each of its strings.
    let parsed = match simdutf8::basic::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    parsed.map_err(|error| Refusal::Malformed { at: (error.line(), error.column()), message: error.to_string() })
}

/// A form as an object of texts; `a[]=1&a[]=2` and `a[b]=1` become arrays and objects, as PHP and Django's clients mean them.
#[must_use]
pub fn form(body: &[u8]) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in call::pairs(&String::from_utf8_lossy(body)) {
        enter(&mut root, &name, value);
    }
    root
}

/// A form in parts, one for each field, as an object of texts; files are left out.
fn parts(content_type: &str, body: &str) -> Value {
    let mut root = Value::Object(Map::new());
    let Some(boundary) = content_type.split(';').find_map(|part| part.trim().strip_prefix("boundary=")) else { return root };
    let boundary = boundary.trim_matches('"');
    // A delimiter is a line, so that a value may contain its text.
    let body = format!("\r\n{body}");
    let body = body.split(&format!("\r\n--{boundary}--")).next().unwrap_or_default();
    for part in body.split(&format!("\r\n--{boundary}\r\n")).skip(1) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let fact = |name: &str| head.split(['\r', '\n', ';']).find_map(|fact| fact.trim().strip_prefix(name)?.strip_prefix('='));
        if let (Some(name), None) = (fact("name"), fact("filename")) {
            enter(&mut root, name.trim_matches('"'), value.to_owned());
        }
    }
    root
}

fn enter(root: &mut Value, name: &str, value: String) {
    let (first, rest) = name.split_once('[').unwrap_or((name, ""));
    let keys = std::iter::once(first).chain(rest.split('[').map(|key| key.trim_end_matches(']')).take(if rest.is_empty() { 0 } else { 8 }));
    place(root, &keys.collect::<Vec<_>>(), value);
}

fn place(target: &mut Value, keys: &[&str], value: String) {
    let Some((key, rest)) = keys.split_first() else {
        *target = Value::String(value);
        return;
    };
    if key.is_empty() || key.parse::<usize>().is_ok() {
        if !target.is_array() && target.as_object().is_none_or(Map::is_empty) {
            *target = Value::Array(Vec::new());
        }
        if let Value::Array(rows) = target {
            let at = key.parse::<usize>().unwrap_or(rows.len()).min(rows.len());
            if at == rows.len() {
                rows.push(Value::Null);
            }
            place(&mut rows[at], rest, value);
            return;
        }
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(members) = target {
        place(members.entry(*key).or_insert(Value::Null), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_nest_as_frameworks_read_them() {
        assert_eq!(form(b"a=1&b=x+y%21"), json!({"a": "1", "b": "x y!"}));
        assert_eq!(form(b"a[]=1&a[]=2&p[0][w]=3&p[0][h]=4"), json!({"a": ["1", "2"], "p": [{"w": "3", "h": "4"}]}));
        assert_eq!(form(b""), json!({}));
    }

    #[test]
    fn rows_of_forms_are_pairs_or_parts_whatever_their_quotes() {
        let check = |media_type: &'static str, body: String, values: usize, rows: usize| {
            let headers = http::HeaderMap::from_iter([(CONTENT_TYPE, http::HeaderValue::from_static(media_type))]);
            let (path, query, peer) = (String::new(), String::new(), std::net::Ipv4Addr::LOCALHOST.into());
            let request = Request {
                method: Method::POST,
                path,
                query,
                headers,
                body: body.into(),
                peer,
                mount: None,
                version: http::Version::HTTP_11,
                is_secure: false,
            };
            assert_eq!(extent(&request), Extent { values, rows, bytes: 100 * values }, "{media_type}");
        };
        check(FORM, "\"a=b&".repeat(2_000), 2_001, 2_001);
        check(FORM, "a[b][c]=1&a%5Bb%5d%5bd]=2&".repeat(2_000), 4_001 + 8_000, 4_001);
        check("text/plain", "a line, and another\r\n".repeat(2_000), 1, 1);
        check(PARTS, "--x\r\n\r\n".repeat(2_000), 2_000, 2_000);
        let part = "--x\r\nContent-Disposition: form-data; name=\"a[b][]\"\r\n\r\n[[[[\r\n";
        check(PARTS, part.repeat(2_000), 2_000 + 4_000, 2_000);
    }

    #[test]
    fn forms_in_parts_may_hold_the_text_of_their_boundary() {
        let part = |name: &str, value: &str| format!("--frontier\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n");
        let body = [
            part("name=\"a\"", "x --frontier y"),
            part("name=\"b[]\"", "\r\n--frontiers\r\n"),
            part("name=\"file\"; filename=\"f.txt\"", "contents"),
            part("name=\"empty\"", ""),
            "--frontier--\r\n".to_owned(),
        ];
        let form = parts("multipart/form-data; boundary=\"frontier\"", &body.concat());
        assert_eq!(form, json!({"a": "x --frontier y", "b": ["\r\n--frontiers\r\n"], "empty": ""}));
    }
}
