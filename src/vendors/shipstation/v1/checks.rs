//! How Json.NET reads requests, and how ASP.NET tells what is wrong with them: by parameter and path, with line and position in the text.
//!
//! Recorded: the keys and texts for lists in place of objects, objects in place of lists, and members that are missing; forms have no
//! positions. The other texts are those of Json.NET.

use serde_json::{Map, Value, json};

use super::super::wire::date;
use crate::engine::{Call, decode};
use crate::spec::{Blank, Expected, JsonType, ParameterIn, Reading, Rule, Scanner, Step, Token, Violation, digits};

/// How Json.NET names an object.
const OBJECT: &str = "(e.g. {\"name\":\"value\"})";

pub(super) const READING: Reading = Reading {
    text: |value| value.as_bool().map(|flag| flag.to_string()).or_else(|| digits(value)),
    number: |value| value.as_str()?.trim().replace(',', "").parse().ok().filter(|number: &f64| number.is_finite()),
    integer: |value| value.as_str().map_or_else(|| crate::spec::whole(value), |text| text.trim().parse().ok()),
    flag: |value| match value.as_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true") => Some(true),
        Some("false") => Some(false),
        // Recorded: numbers are none.
        _ => None,
    },
    blank: Blank::PassesAsNull,
    null_is_missing: true,
    any_case: true,
    unreadable: |rule| matches!(rule, Rule::Type(_) | Rule::Enum(_) | Rule::Format(_)),
    formats: &[("net-date", |text| date::read(text).is_some())],
    ..Reading::STRICT
};

/// Whether the body is missing although it is needed, which the application notices no sooner than it uses it.
pub(super) fn lacks_body(violations: &[Violation]) -> bool {
    violations.iter().any(|row| row.location == ParameterIn::Body && row.path.is_empty() && row.rule == Rule::Required)
}

/// Whether the query lacks a parameter that an action needs: ASP.NET finds no action then.
pub(super) fn lacks_parameter(violations: &[Violation]) -> bool {
    violations.iter().any(|row| row.location == ParameterIn::Query && row.rule == Rule::Required)
}

/// What `ModelState` says of violations: texts by parameter and path.
pub(super) fn model_state(call: &Call<'_>, violations: &[Violation]) -> Value {
    let mut state = Map::new();
    let found = locate(&call.request.body, violations);
    // What is no whole number is none of the right size either.
    let is_told = |row: &&Violation| !matches!(row.rule, Rule::Format(_)) || !row.value.as_ref().is_some_and(Value::is_f64);
    for (row, found) in violations.iter().zip(found).filter(|(row, _)| is_told(row)) {
        let (key, text) = if row.location == ParameterIn::Body { of_member(call, row, found) } else { of_parameter(row) };
        if let Value::Array(texts) = state.entry(key).or_insert_with(|| json!([])) {
            texts.push(text.into());
        }
    }
    Value::Object(state)
}

/// The `ModelState` of a text that is no JSON.
pub(super) fn unreadable(call: &Call<'_>, (line, column): (usize, usize)) -> Value {
    let text = &call.request.body;
    let offset = text.split_inclusive(|byte| *byte == b'\n').take(line - 1).map(<[u8]>::len).sum::<usize>() + column.saturating_sub(1);
    let mut scanner = Scanner::new(&text[..offset.min(text.len())]);
    scanner.by_ref().for_each(drop);
    let path = dotted(scanner.open.iter().map(|(_, step)| step));
    let found = String::from_utf8_lossy(&text[offset.min(text.len())..]).chars().next();
    let complaint = match (found, scanner.expected, scanner.unfinished) {
        (None, _, Some(_)) => "Unterminated string. Expected delimiter: \".".to_owned(),
        (None, ..) if scanner.open.is_empty() => "Unexpected end when reading JSON.".to_owned(),
        (None, ..) => "Unexpected end when deserializing object.".to_owned(),
        (Some(found), Expected::Value, _) => format!("Unexpected character encountered while parsing value: {found}."),
        (Some(found), Expected::Name, _) => format!("Invalid property identifier character: {found}."),
        (Some(found), Expected::Colon, _) => format!("Invalid character after parsing property name. Expected ':' but got: {found}."),
        (Some(found), ..) => format!("After parsing a value an unexpected character was encountered: {found}."),
    };
    json!({ (key(call, &path)): [format!("{complaint} {}", place(text, &path, offset))] })
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
        let form = crate::engine::pairs(&String::from_utf8_lossy(&call.request.body));
        let sent = form.into_iter().map(|(sent, _)| sent).find(|sent| sent.eq_ignore_ascii_case(&path)).unwrap_or(path);
        return (key(call, &sent), format!("The value '{}' is not valid for {name}.", plain(&value)));
    }
    let text = &call.request.body;
    let Some((sent, start, end)) = found else {
        return (key(call, &path), "An error has occurred.".to_owned());
    };
    let net_type = net_type(call, &violation.path);
    let complaint = match &violation.rule {
        Rule::Type(JsonType::Object) if value.is_array() => format!(
            "Cannot deserialize the current JSON array (e.g. [1,2,3]) into type '{net_type}' because the type requires a JSON object \
             {OBJECT} to deserialize correctly.\r\nTo fix this error either change the JSON to a JSON object {OBJECT} or change the \
             deserialized type to an array or a type that implements a collection interface (e.g. ICollection, IList) like List<T> that \
             can be deserialized from a JSON array. JsonArrayAttribute can also be added to the type to force it to deserialize from a \
             JSON array.\r\n"
        ),
        Rule::Type(JsonType::Array) if value.is_object() => {
            let (sent, end) = first_member(text, start, sent);
            let complaint = format!(
                "Cannot deserialize the current JSON object {OBJECT} into type '{net_type}' because the type requires a JSON array (e.g. \
                 [1,2,3]) to deserialize correctly.\r\nTo fix this error either change the JSON to a JSON array (e.g. [1,2,3]) or change \
                 the deserialized type so that it is a normal .NET type (e.g. not a primitive type like integer, not a collection type \
                 like an array or List<T>) that can be deserialized from a JSON object. JsonObjectAttribute can also be added to the type \
                 to force it to deserialize from a JSON object.\r\n{}",
                place(text, &sent, end)
            );
            return (key(call, &sent), complaint);
        }
        Rule::Type(JsonType::Object | JsonType::Array) | Rule::Enum(_) if !value.is_array() && !value.is_object() => {
            format!("Error converting value {value} to type '{net_type}'. ")
        }
        Rule::Format(_) if value.is_string() => format!("Could not convert string to DateTime: {}. ", plain(&value)),
        Rule::Format(format) if value.is_number() => {
            let kind = if format == "int32" { "Int32" } else { "Int64" };
            format!("JSON integer {value} is too large or small for an {kind}. ")
        }
        Rule::Type(JsonType::Number) if value.is_string() => format!("Could not convert string to decimal: {}. ", plain(&value)),
        Rule::Type(JsonType::Integer) if value.is_string() => format!("Could not convert string to integer: {}. ", plain(&value)),
        Rule::Type(JsonType::Integer) if value.is_number() => format!("Input string '{value}' is not a valid integer. "),
        Rule::Type(JsonType::Boolean) if value.is_number() => {
            return (key(call, &sent), format!("The value '{value}' is not valid for {name}."));
        }
        Rule::Type(JsonType::Boolean) if value.is_string() => format!("Could not convert string to boolean: {}. ", plain(&value)),
        _ => {
            let found = char::from(text[start]);
            let complaint = format!("Unexpected character encountered while parsing value: {found}. {}", place(text, &sent, start + 1));
            return (key(call, &sent), complaint);
        }
    };
    (key(call, &sent), complaint + &place(text, &sent, end))
}

/// The name of the action's parameter, and the path behind it.
fn key(call: &Call<'_>, path: &str) -> String {
    let schemas = call.operation.map(|operation| operation.schemas_along(&[])).unwrap_or_default();
    let parameter = schemas.first().and_then(|schema| schema.extension("x-net-parameter")).unwrap_or("request");
    if path.is_empty() { parameter.to_owned() } else { format!("{parameter}.{path}") }
}

fn net_type<'c>(call: &Call<'c>, path: &[Step]) -> &'c str {
    let schemas = call.operation.map(|operation| operation.schemas_along(path)).unwrap_or_default();
    schemas.get(path.len()).and_then(|schema| schema.extension("x-net-type")).unwrap_or("System.String")
}

fn place(text: &[u8], path: &str, end: usize) -> String {
    let before = &text[..end.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
    let position = String::from_utf8_lossy(&before[start..]).chars().count();
    format!("Path '{path}', line {line}, position {position}.")
}

/// A value's path as it was sent, its beginning and its end.
type Place = (String, usize, usize);

/// Where the values of violations are written, each if it is: the text is walked once for all.
fn locate(text: &[u8], violations: &[Violation]) -> Vec<Option<Place>> {
    let mut found = vec![None; violations.len()];
    let mut scanner = Scanner::new(text);
    while let Some(token) = scanner.next() {
        let Token { start, end, .. } = token;
        let sent = scanner.path(&token);
        let is_same = |(sent, step): (&&Step, &Step)| match (sent, step) {
            (Step::Element(index), Step::Element(other)) => index == other,
            (sent, step) => sent.name().eq_ignore_ascii_case(step.name()),
        };
        for (row, found) in violations.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
            if sent.len() == row.path.len() && sent.iter().zip(&row.path).all(is_same) {
                *found = Some((dotted(sent.iter().copied()), start, end));
            }
        }
    }
    found
}

/// The path and the place behind the colon of an object's first member, where Json.NET notices that it wants none.
fn first_member(text: &[u8], start: usize, path: String) -> (String, usize) {
    let rest = &text[start + 1..];
    let Some(open) = rest.iter().position(|byte| *byte == b'"') else { return (path, start + 1) };
    let Some(length) = rest[open + 1..].iter().position(|byte| *byte == b'"') else { return (path, start + 1) };
    let name = String::from_utf8_lossy(&rest[open + 1..][..length]).into_owned();
    let behind = open + length + 2;
    let colon = rest[behind..].iter().position(|byte| *byte == b':').unwrap_or_default();
    (if path.is_empty() { name } else { format!("{path}.{name}") }, start + 1 + behind + colon + 1)
}

/// A path as Json.NET prints it: `items[0].weight`.
fn dotted<'s>(steps: impl Iterator<Item = &'s Step>) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Element(index) => path.push_str(&format!("[{index}]")),
            step if path.is_empty() => path.push_str(step.name()),
            step => path.push_str(&format!(".{}", step.name())),
        }
    }
    path
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
