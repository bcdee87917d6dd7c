//! How Json.NET reads requests, and how ASP.NET tells what is wrong with them: by parameter and path, with line and position in the text.
//!
//! Recorded: the keys and texts for lists in place of objects, objects in place of lists, and members that are missing; forms have no
//! positions. The other texts are those of Json.NET.

use std::borrow::Cow;

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use super::super::wire::date;
use crate::base::encoding;
use crate::engine::{Call, Refusal, Request, decode};
use crate::spec::json_net::{self, Place, dotted, locate, plain};
use crate::spec::{Blank, Operation, ParameterIn, Reading, Rule, Step, Violation, digits};

pub(super) const READING: Reading = Reading {
    text: |value| value.as_bool().map(|flag| flag.to_string()).or_else(|| digits(value)),
    number: |value| value.as_str()?.trim().replace(',', "").parse().ok().filter(|number: &f64| number.is_finite()),
    integer: |value| value.as_str().map_or_else(|| crate::spec::whole_number(value), |text| text.trim().parse().ok()),
    flag: |value| match value.as_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        // Recorded: numbers are none.
        _ => None,
    },
    blank: Blank::PassesAsNull,
    null_is_missing: true,
    any_case: true,
    first_value: true,
    unreadable: |rule| matches!(rule, Rule::Type(_) | Rule::Enum(_) | Rule::Format(_)),
    formats: &[("net-date", |text| date::read(text).is_some())],
    ..Reading::STRICT
};

/// Reads a body. One without a content type is of the type that stands for all, and is not taken.
pub(super) fn decode(request: &Request, operation: &Operation) -> Result<Value, Refusal> {
    if decode::media_type(request).is_empty() && !request.body.is_empty() {
        return Err(Refusal::UnsupportedMedia("application/octet-stream".to_owned()));
    }
    match text(request) {
        Cow::Borrowed(text) if text.len() == request.body.len() => decode::json_net(request, operation),
        text => decode::json_net(&Request { body: text.into_owned().into(), ..request.clone() }, operation),
    }
}

/// The text of a body, as the stream reader of .NET has it: by a byte order mark, else by the character set of its content type, of which
/// the framework knows two.
fn text(request: &Request) -> Cow<'_, [u8]> {
    let is_wide = || request.header(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().replace('"', "").contains("charset=utf-16"));
    let unmarked = || if is_wide() { encoding::from_utf16(&request.body) } else { Cow::Borrowed(&*request.body) };
    encoding::by_mark(&request.body).unwrap_or_else(unmarked)
}

/// Whether the body is missing although it is needed, which the application notices no sooner than it uses it.
pub(super) fn lacks_body(violations: &[Violation]) -> bool {
    violations.iter().any(|row| row.location == ParameterIn::Body && row.path.is_empty() && row.rule == Rule::Required)
}

/// Whether the query lacks a parameter that an action needs: ASP.NET finds no action then.
pub(super) fn lacks_parameter(violations: &[Violation]) -> bool {
    violations.iter().any(|row| row.location == ParameterIn::Query && row.rule == Rule::Required)
}

/// What `ModelState` says of violations: by parameter and path what was noticed first.
pub(super) fn model_state(call: &Call<'_>, violations: &[Violation]) -> Value {
    let mut state = Map::new();
    for (row, found) in violations.iter().zip(locate(&text(call.request), violations)) {
        let (key, text) = if row.location == ParameterIn::Body { of_member(call, row, found) } else { of_parameter(row) };
        state.entry(key).or_insert_with(|| json!([text]));
    }
    Value::Object(state)
}

/// The `ModelState` of a text that is no JSON.
pub(super) fn unreadable(call: &Call<'_>, at: (usize, usize), message: &str) -> Value {
    let (path, text) = json_net::unreadable(&text(call.request), at, message);
    json!({ (key(call, &path)): [text] })
}

fn of_parameter(violation: &Violation) -> (String, String) {
    let value = violation.value.as_ref().map(plain).unwrap_or_default();
    (violation.top().to_owned(), format!("The value '{value}' is not valid for {}.", violation.top()))
}

fn of_member(call: &Call<'_>, violation: &Violation, found: Option<Place>) -> (String, String) {
    let path = dotted(violation.path.iter());
    let name = violation.path.last().map(Step::name).unwrap_or_default();
    if let Rule::Vendor(_, text) = &violation.rule {
        return (key(call, &path), plain(text));
    }
    if violation.rule == Rule::Required {
        return (key(call, &path), format!("The {name} field is required."));
    }
    let value = violation.value.clone().unwrap_or_default();
    if decode::media_type(call.request) == decode::FORM {
        // Recorded: forms are told in small letters.
        return (key(call, &path.to_lowercase()), format!("The value '{}' is not valid for {name}.", plain(&value)));
    }
    let text = &*text(call.request);
    let Some(found) = found else { return (key(call, &path), "An error has occurred.".to_owned()) };
    let sent = found.0.clone();
    let told = json_net::unconvertible(text, &violation.rule, &value, net_type(call, &violation.path), found);
    let (sent, text) = told.unwrap_or_else(|| (sent, format!("The value '{value}' is not valid for {name}.")));
    (key(call, &sent), text)
}

/// The name of the action's parameter, and the path behind it.
fn key(call: &Call<'_>, path: &str) -> String {
    let schemas = call.operation.map(|operation| operation.schemas_along(&[])).unwrap_or_default();
    let parameter = schemas.first().and_then(|schema| schema.extension("x-net-parameter")).unwrap_or("request");
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{parameter}{dot}{path}")
}

fn net_type<'c>(call: &Call<'c>, path: &[Step]) -> &'c str {
    let schemas = call.operation.map(|operation| operation.schemas_along(path)).unwrap_or_default();
    schemas.get(path.len()).and_then(|schema| schema.extension("x-net-type")).unwrap_or("System.String")
}
