//! What Json.NET says of texts that are no JSON and of values that it cannot convert, with path, line and position. For vendors whose
//! services read requests with it.

mod relaxed;

use serde_json::Value;

use crate::spec::scanner::{Expected, Scanner, Token};
use crate::spec::schema::JsonType;
use crate::spec::violation::{Rule, Step, Violation};

pub(crate) use relaxed::strict;

/// How complaints show what an object is.
const OBJECT: &str = "(e.g. {\"name\":\"value\"})";

/// The path at which a text stops being JSON, and the complaint about it. `at` and `message` are what our own reader says.
pub(crate) fn unreadable(text: &[u8], (line, column): (usize, usize), message: &str) -> (String, String) {
    if let Some(told) = untranslatable(text) {
        return (String::new(), told);
    }
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let offset = lines.take(line - 1).map(<[u8]>::len).sum::<usize>() + column.saturating_sub(1);
    let mut offset = if message.starts_with("EOF") { text.len() } else { offset.min(text.len()) };
    let mut scanner = Scanner::new(&text[..offset]);
    scanner.by_ref().for_each(drop);
    let path = dotted(scanner.open.iter().map(|(_, step)| step));
    let found = String::from_utf8_lossy(&text[offset..]).chars().next();
    let complaint = match (found, scanner.expected, scanner.unfinished.map(|start| (start, &text[start..]))) {
        (None, _, Some((_, [b'"', ..]))) => "Unterminated string. Expected delimiter: \".".to_owned(),
        (None, ..) if scanner.open.is_empty() => "Unexpected end when reading JSON.".to_owned(),
        (None, expected, _) => match scanner.open.last() {
            Some((_, Step::Element(_))) => "Unexpected end when deserializing array.".to_owned(),
            Some((_, step)) if expected == Expected::Value => format!("Unexpected end when setting {}'s value.", step.name()),
            _ => "Unexpected end when deserializing object.".to_owned(),
        },
        (_, _, Some((start, [b'"', ..]))) if let Some((told, end)) = escape(text, start, offset) => {
            offset = end;
            told
        }
        (_, _, Some((_, [b't', b'r', ..] | [b'f', b'a', ..]))) => "Error parsing boolean value.".to_owned(),
        (_, _, Some((_, [b'n', b'u', ..]))) => "Error parsing null value.".to_owned(),
        (_, _, Some((start, [first, ..]))) if first.is_ascii_alphabetic() => {
            offset = start;
            format!("Unexpected character encountered while parsing value: {}.", char::from(*first))
        }
        (Some(found), Expected::Value, _) => format!("Unexpected character encountered while parsing value: {found}."),
        (Some(found), Expected::Name, _) => format!("Invalid property identifier character: {found}."),
        (Some(found), Expected::Colon, _) => format!("Invalid character after parsing property name. Expected ':' but got: {found}."),
        (Some(found), ..) => format!("After parsing a value an unexpected character was encountered: {found}."),
    };
    let told = format!("{complaint} {}", place(text, &path, offset));
    (path, told)
}

/// What the decoder of .NET says of bytes that are no UTF-8, before anything is parsed.
fn untranslatable(text: &[u8]) -> Option<String> {
    let error = std::str::from_utf8(text).err()?;
    let start = error.valid_up_to();
    let end = error.error_len().map_or(text.len(), |length| start + length);
    let bytes: String = text[start..end].iter().map(|byte| format!("[{byte:02X}]")).collect();
    Some(format!("Unable to translate bytes {bytes} at index {start} from specified code page to Unicode."))
}

/// What is said of the escape in front of a byte of a text, and where.
fn escape(text: &[u8], start: usize, offset: usize) -> Option<(String, usize)> {
    let end = (offset + 1).min(text.len());
    let slash = start + text[start..end].iter().rposition(|byte| *byte == b'\\')?;
    let letters = String::from_utf8_lossy(&text[slash + 1..]);
    let letter = letters.chars().next()?;
    Some(match letter {
        'u' => (format!("Invalid Unicode escape sequence: \\{}.", letters.chars().take(5).collect::<String>()), slash + 2),
        letter => (format!("Bad JSON escape sequence: \\{letter}."), slash + 1 + letter.len_utf8()),
    })
}

/// A place as it is told: lines are counted from one, and none before anything was read.
pub(crate) fn place(text: &[u8], path: &str, end: usize) -> String {
    if end == 0 {
        return "Path '', line 0, position 0.".to_owned();
    }
    let before = &text[..end.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
    let position = String::from_utf8_lossy(&before[start..]).chars().count();
    format!("Path '{path}', line {line}, position {position}.")
}

/// A path as it is told: `items[0].weight`.
pub(crate) fn dotted<'s>(steps: impl Iterator<Item = &'s Step>) -> String {
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

/// The path of a value as it was sent, and the complaint that it cannot be converted to a type. Nothing for a number in place of a flag,
/// which is none of Json.NET's complaints.
pub(crate) fn unconvertible(text: &[u8], rule: &Rule, value: &Value, net_type: &str, place_of: Place) -> Option<(String, String)> {
    let (sent, start, end) = place_of;
    let complaint = match rule {
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
            return Some((sent, complaint));
        }
        Rule::Type(JsonType::Object | JsonType::Array) | Rule::Enum(_) if !value.is_array() && !value.is_object() => {
            format!("Error converting value {value} to type '{net_type}'. ")
        }
        Rule::Format(format) if format == "net-date" && value.is_string() => {
            format!("Could not convert string to DateTime: {}. ", plain(value))
        }
        Rule::Format(format) if value.is_number() && format == "int32" => {
            format!("JSON integer {value} is too large or small for an Int32. ")
        }
        Rule::Format(format) if value.is_number() && format == "int64" => {
            format!("JSON integer {value} is too large or small for an Int64. ")
        }
        Rule::Type(JsonType::Number) if value.is_string() => format!("Could not convert string to decimal: {}. ", plain(value)),
        Rule::Type(JsonType::Integer) if value.is_string() => format!("Could not convert string to integer: {}. ", plain(value)),
        Rule::Type(JsonType::Integer) if value.is_number() => format!("Input string '{value}' is not a valid integer. "),
        Rule::Type(JsonType::Boolean) if value.is_number() => return None,
        Rule::Type(JsonType::Boolean) if value.is_string() => format!("Could not convert string to boolean: {}. ", plain(value)),
        _ => {
            let found = char::from(text[start]);
            let complaint = format!("Unexpected character encountered while parsing value: {found}. {}", place(text, &sent, start + 1));
            return Some((sent, complaint));
        }
    };
    let told = complaint + &place(text, &sent, end);
    Some((sent, told))
}

/// A value's path as it was sent, its beginning and its end.
pub(crate) type Place = (String, usize, usize);

/// Where the values of violations are written, each if it is: the text is walked once for all.
pub(crate) fn locate(text: &[u8], violations: &[Violation]) -> Vec<Option<Place>> {
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

/// A value as it stands in sentences.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
