//! What is noted about a request besides the violations of its document: what a vendor passes over in silence, and what it refuses
//! without saying why. Every detail says what was found, then what was expected, then what is nearest.

use std::cell::LazyCell;
use std::cmp::Reverse;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Map, Value};

use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::call::{self, Call, Request};
use crate::engine::decode;
use crate::engine::origin::{self, Ignored};
use crate::engine::refusal::Refusal;
use crate::engine::sandbox::Sandbox;
use crate::engine::vendors::LoadedVendor;
use crate::spec::{self, Operation, ParameterIn, Rule, Step, UnknownMember, Violation, listed};
use crate::world::{Blame, Entry, Note, Wording};

/// Longer paths resemble nothing, and comparing them would take long.
const LONGEST_PATH: usize = 200;

/// For how many unknown names one is looked for that is near.
const HINTS: usize = 10;

/// How many calls in a row that are alike are a poll.
const POLLS: usize = 5;

fn caller(code: &'static str, location: impl Into<String>, detail: String) -> Note {
    Note::at(code, Blame::Caller, location, detail)
}

/// What is remarkable about the bytes of a request, whatever its operation.
pub(super) fn of_bytes(request: &Request, path: &str, notes: &mut Vec<Note>) {
    if path.as_bytes().windows(2).any(|pair| pair == b"//") {
        let detail = "found two slashes in a row, expected one; does the base URL end with a slash?".to_owned();
        notes.push(caller(Note::DOUBLED_SLASH, path.get(..path.floor_char_boundary(LONGEST_PATH)).unwrap_or_default(), detail));
    }
    for Ignored { header, detail } in origin::ignored(&request.headers) {
        notes.push(caller(Note::FORWARDED_IGNORED, header.as_str(), detail));
    }
    if request.body.is_empty() {
        return;
    }
    if let Some(encoding) = request.headers.get(CONTENT_ENCODING).filter(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let detail = format!("found `{}`, expected a body that is not encoded: it is read as it came", text_of(encoding));
        notes.push(caller(Note::CONTENT_ENCODING, "content-encoding", detail));
    }
    if !matches!(request.body[0], b'{' | b'[') {
        of_form(request, notes);
    }
    let mark = match &*request.body {
        [0xef, 0xbb, 0xbf, ..] => "UTF-8",
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => "UTF-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16",
        _ => return,
    };
    notes.push(caller(Note::BYTE_ORDER_MARK, "", format!("found a byte order mark ({mark}), which JSON begins without")));
}

/// Names and values of a form that are no text: they are read with a sign in place of what is not UTF-8.
fn of_form(request: &Request, notes: &mut Vec<Note>) {
    let kind = decode::media_type(request);
    if kind != decode::FORM && !kind.starts_with("multipart/") {
        return;
    }
    let is_text = match str::from_utf8(&request.body) {
        Ok(text) if kind == decode::FORM && text.contains('%') => percent_encoding::percent_decode_str(text).decode_utf8().is_ok(),
        read => read.is_ok(),
    };
    if !is_text {
        let detail = "found a form with bytes that are not UTF-8, expected UTF-8: each is read as `\u{fffd}`";
        notes.push(caller(Note::NOT_UTF8, "", detail.to_owned()));
    }
}

fn text_of(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    text[..text.floor_char_boundary(80)].to_owned()
}

/// A body that is JSON by its first letter, and something else by its content type.
pub(super) fn of_content_type(request: &Request, operation: &Operation, notes: &mut Vec<Note>) {
    if !matches!(request.body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return;
    }
    let found = decode::media_type(request);
    if !found.is_empty() && !decode::is_json(&found) && !found.starts_with("multipart/") {
        let detail = format!("found `{found}` and a body that is JSON, expected {}", media_types(operation));
        notes.push(caller(Note::WRONG_CONTENT_TYPE, "content-type", detail));
    }
}

fn media_types(operation: &Operation) -> String {
    let mut known: Vec<&str> = operation.body.iter().flat_map(|body| body.media_types()).collect();
    if known.is_empty() {
        known.push("application/json");
    }
    listed(known.into_iter())
}

/// A body that could not be read.
pub(super) fn unreadable(refusal: &Refusal, request: &Request, operation: &Operation, notes: &mut Vec<Note>) {
    match refusal {
        Refusal::UnsupportedMedia(_) if notes.iter().any(|note| note.code == Note::WRONG_CONTENT_TYPE) => {}
        Refusal::UnsupportedMedia(found) => {
            let found = if found.is_empty() { "no content type".to_owned() } else { format!("`{found}`") };
            let detail = format!("found {found}, expected {}", media_types(operation));
            notes.push(caller(Note::WRONG_CONTENT_TYPE, "content-type", detail));
        }
        Refusal::Malformed { message, .. } => {
            let is_form = request.body.contains(&b'=') && !request.body.contains(&b'{');
            let hint = if is_form { "; is it a form?" } else { "" };
            notes.push(caller(Note::UNREADABLE_BODY, "", format!("found a body that cannot be read ({message}), expected JSON{hint}")));
        }
        _ => {}
    }
}

/// A body of JSON that the vendor, who could not read it, takes for none at all.
pub(super) fn unread(request: &Request, operation: &Operation, read: &Value, notes: &mut Vec<Note>) {
    // Members may have come from the query. What has others was read, perhaps more leniently than JSON is.
    let is_of_query = |members: &Map<String, Value>| {
        let query = call::pairs(&request.query);
        !query.is_empty() && members.keys().all(|member| query.iter().any(|(name, _)| name.split('[').next() == Some(member)))
    };
    let may_be_unread = read.is_null() || read.as_object().is_some_and(is_of_query);
    if may_be_unread
        && !request.body.is_empty()
        && decode::is_json(&decode::media_type(request))
        && let Err(refusal) = decode::json(request)
    {
        unreadable(&refusal, request, operation, notes);
    }
}

/// Names in the query that the operation does not have.
pub(super) fn of_query(query: &[(String, String)], operation: &Operation, notes: &mut Vec<Note>) {
    let known = || operation.parameters.iter().filter(|row| row.location == ParameterIn::Query).map(|row| row.name.as_str());
    let base = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
    let expected = LazyCell::new(|| if known().next().is_some() { format!("one of {}", listed(known())) } else { "no query".to_owned() });
    let is_known = |name: &str| known().any(|other| other == name) || known().any(|other| base(other) == base(name));
    for (index, (name, _)) in query.iter().take(100).filter(|(name, _)| !is_known(name)).enumerate() {
        let short = &name[..name.floor_char_boundary(LONGEST_PATH)];
        let near = if index < HINTS { text::nearest(short, known()) } else { None };
        let detail = format!("found a parameter that the document does not have, expected {}{}", *expected, did_you_mean(near));
        notes.push(caller(Note::UNKNOWN_PARAMETER, short, detail));
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
}

/// Members of the body that the document does not have.
pub(super) fn of_members(unknown: &[UnknownMember], notes: &mut Vec<Note>) {
    for member in unknown {
        let (known, near) = (listed(member.known.iter().map(String::as_str)), did_you_mean(member.near.as_deref()));
        let detail = format!("found a member that the document does not have, expected one of {known}{near}");
        notes.push(caller(Note::UNKNOWN_MEMBER, member.dotted(), detail));
    }
}

/// What a call uses although the document advises against it.
pub(super) fn deprecated(found: &[(ParameterIn, Vec<Step>)], notes: &mut Vec<Note>) {
    for (location, path) in found {
        let what = match (location, path.is_empty()) {
            (_, true) => "an operation",
            (ParameterIn::Body, false) => "a member",
            (_, false) => "a parameter",
        };
        notes.push(caller(Note::DEPRECATED, spec::dotted(path), format!("found {what} that the document advises against")));
    }
}

/// A call that is made again and again although no time passes, while something is due later.
pub(super) fn polled(sandbox: &Sandbox, request: &Request, status: StatusCode, at: Timestamp, due: Timestamp) -> Option<Note> {
    if request.method != Method::GET && status != StatusCode::TOO_MANY_REQUESTS {
        return None;
    }
    let target = request.target();
    let is_alike =
        |entry: &Entry| entry.method == request.method && entry.at == at && entry.status == Some(status.as_u16()) && entry.target == target;
    let before = sandbox.journal().iter().rev().take(POLLS - 1).take_while(|entry| is_alike(entry)).count();
    let detail = || {
        let found = format!("found this call {POLLS} times in a row or more while the clock stands at {at}");
        format!("{found}, expected it to be advanced: what is due next is due at {due}")
    };
    (before == POLLS - 1).then(|| Note::new(Note::CLOCK_FROZEN, Blame::Caller, detail()))
}

/// A path, or a method, that leads to no operation.
pub(super) fn unknown_operation(loaded: &LoadedVendor, request: &Request, path: &str, allowed: &[Method]) -> Note {
    let shown = &path[..path.floor_char_boundary(LONGEST_PATH)];
    let found = format!("found `{} {shown}`", request.method);
    let near = |path| nearest_operation(loaded, &request.method, path, allowed.is_empty());
    let near = near(shown).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let expected = match allowed {
        [] => format!("a path of the document of {}", loaded.vendor.id),
        allowed => listed(allowed.iter().map(Method::as_str)),
    };
    caller(Note::UNKNOWN_OPERATION, shown, format!("{found}, expected {expected}{near}"))
}

/// The operation whose path is nearest: one that lacks what was sent before it, or has more before it, or else one that is written much
/// alike, whatever its parameters are. Of the same method if there is one; of another only where the path leads nowhere.
fn nearest_operation(loaded: &LoadedVendor, method: &Method, path: &str, leads_nowhere: bool) -> Option<String> {
    let sent: Vec<&str> = path.trim_matches('/').split('/').collect();
    let of_other_method = |operation: &Operation| operation.method != *method;
    let rows = loaded.catalog().operations().iter().filter(|operation| leads_nowhere || !of_other_method(operation));
    let by_end = || {
        let found = rows.clone().filter(|_| leads_nowhere).filter_map(|operation| Some((operation, shared_end(&sent, &operation.path)?)));
        found.min_by_key(|(operation, shared)| (Reverse(*shared), of_other_method(operation))).map(|(operation, _)| operation)
    };
    let by_letters = || {
        let found = rows.clone().filter_map(|operation| Some((operation, distance(&sent, &operation.path)?)));
        found.min_by_key(|(operation, distance)| (of_other_method(operation), *distance)).map(|(operation, _)| operation)
    };
    let operation = by_end().or_else(by_letters)?;
    Some(format!("`{} {}` ({})", operation.method, operation.path, operation.name))
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

/// How many words two paths end with together, if one is the end of the other.
fn shared_end(sent: &[&str], template: &str) -> Option<usize> {
    let own: Vec<&str> = template.trim_matches('/').split('/').collect();
    let pairs = || own.iter().rev().zip(sent.iter().rev());
    let is_end = own.len() != sent.len() && pairs().all(|(own, sent)| is_parameter(own) || own.eq_ignore_ascii_case(sent));
    Some(pairs().filter(|(own, _)| !is_parameter(own)).count()).filter(|shared| is_end && *shared > 0)
}

/// How far a path is from another, its parameters and what was sent in their places left out.
fn distance(sent: &[&str], template: &str) -> Option<usize> {
    let own: Vec<&str> = template.trim_matches('/').split('/').collect();
    let is_fixed = |place: usize| own.get(place).is_none_or(|own| !is_parameter(own));
    let kept = |segments: &[&str]| {
        let kept = segments.iter().enumerate().filter(|(place, _)| is_fixed(*place));
        kept.map(|(_, segment)| *segment).collect::<Vec<_>>().join("/")
    };
    text::distance(&kept(sent), &kept(&own))
}

/// Violations, each as a note; members that are noted already are left out.
pub(super) fn violations(notes: &mut Vec<Note>, code: &'static str, blame: Blame, violations: &Arc<Vec<Violation>>) {
    if violations.is_empty() {
        return;
    }
    let departures = Arc::new(Departures(Arc::clone(violations)));
    for (index, row) in departures.0.iter().enumerate() {
        let is_unknown = row.rule == Rule::Unknown && blame == Blame::Caller;
        let code = if is_unknown { Note::UNKNOWN_MEMBER } else { code };
        if !(is_unknown && notes.iter().any(|note| note.code == code && note.location() == row.dotted())) {
            notes.push(Note::later(code, blame, Arc::clone(&departures) as Arc<dyn Wording>, index));
        }
    }
    if departures.0.len() >= spec::MOST_VIOLATIONS {
        notes.push(Note::new(code, blame, "more departures are not looked for"));
    }
}

/// The violations that notes are about.
struct Departures(Arc<Vec<Violation>>);

impl Wording for Departures {
    fn location(&self, index: usize) -> String {
        self.0[index].dotted()
    }

    fn detail(&self, index: usize) -> String {
        self.0[index].detail()
    }

    fn bytes(&self, index: usize) -> usize {
        self.0[index].bytes()
    }
}

/// Violations that a handler found, which the document does not know of.
pub(super) fn late(call: &Call<'_>, refusal: Option<&Refusal>) -> Option<Arc<Vec<Violation>>> {
    match refusal {
        Some(Refusal::Invalid(found)) if !Arc::ptr_eq(found, &call.violations) => {
            Some(found.iter().filter(|row| !call.violations.contains(row)).cloned().collect::<Vec<_>>().into())
        }
        _ => None,
    }
}
