//! Bodies as Jackson reads them: into objects of classes that refuse unknown members, with the first thing wrong told in its words.
//!
//! The document says which types there are and, as `x-java-type`, what they are called. A body that it refuses is looked at a second
//! time, for lines and columns: Jackson reads a stream, so that nothing counts behind the first fault, be it of types or of syntax.
//! Recorded 2025-10: the text for an unknown member, its list of known properties and its column.

use std::borrow::Cow;

use rand::RngExt as _;
use serde::Deserialize as _;
use serde_json::{Map, Number, Value};

use crate::base::encoding;
use crate::engine::decode::{self, FORM};
use crate::engine::{DialectCx, Refusal, Request};
use crate::spec::{self, Expected, JsonType, Operation, ParameterIn, Reading, Rule, Scanner, Schema, Step, Token, Violation};
use crate::vendors::shiptime::checks;
use crate::vendors::shiptime::wire::moment;

/// What Jackson takes for what.
pub(in crate::vendors::shiptime) const READING: Reading = Reading {
    text: |value| match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    },
    number: |value| serde_json::from_str(value.as_str()?.trim()).ok(),
    integer: |value| value.as_str()?.trim().parse::<i32>().ok().map(i64::from),
    flag: |value| match value {
        Value::Number(number) => Some(number.as_i64() != Some(0)),
        value => value.as_str()?.trim().parse().ok(),
    },
    typed: true,
    first_value: true,
    checks_path: true,
    unreadable: is_unreadable,
    formats: &[(DATE, |text| text.trim().is_empty() || moment(text).is_some()), ("phone", checks::is_phone)],
    ..Reading::STRICT
};

/// The format of what becomes a `java.util.Date`.
const DATE: &str = "java-date";

fn is_unreadable(rule: &Rule) -> bool {
    match rule {
        Rule::Null | Rule::Type(_) | Rule::Enum(_) | Rule::Unknown => true,
        Rule::Format(format) => matches!(format.as_str(), DATE | "int32"),
        _ => false,
    }
}

/// Reads a body.
pub(in crate::vendors::shiptime) fn decode(request: &Request, operation: &Operation) -> Result<Value, Refusal> {
    let media_type = decode::media_type(request);
    if operation.body.as_ref().is_some_and(|body| body.media_types().any(|row| row == FORM)) {
        return Ok(if media_type == FORM { decode::form(&request.body) } else { Value::Object(Map::new()) });
    }
    if !media_type.is_empty() && !decode::is_json(&media_type) {
        return Err(Refusal::UnsupportedMedia(media_type.into_owned()));
    }
    let at = |error: &serde_json::Error| (error.line(), error.column());
    parse(&encoding::to_utf8(&request.body)).map_err(|error| Refusal::Malformed { at: at(&error), message: error.to_string() })
}

/// The first value of a text; what follows it is not looked at.
fn parse(text: &[u8]) -> serde_json::Result<Value> {
    Value::deserialize(&mut serde_json::Deserializer::from_slice(text))
}

/// What Jackson says of the body of a call; `None` if it could be read, or there is none.
pub(in crate::vendors::shiptime) fn complaint(cx: &DialectCx<'_>) -> Option<String> {
    let operation = cx.call.operation.filter(|operation| operation.body.is_some())?;
    complain(operation, &cx.call.request.body, identity(cx))
}

/// What Jackson says where there is nothing to read.
pub(in crate::vendors::shiptime) fn nothing(cx: &DialectCx<'_>) -> String {
    let source = Source { text: b"", identity: identity(cx), counts_letters: false };
    format!("No content to map due to end-of-input\n at {}", source.print(1, 0))
}

/// Java prints the hash of the stream that it reads from.
fn identity(cx: &DialectCx<'_>) -> u32 {
    cx.rng("stream").random::<u32>() >> 1
}

fn complain(operation: &Operation, body: &[u8], identity: u32) -> Option<String> {
    let text = encoding::to_utf8(body);
    let (counts_letters, text) = (matches!(text, Cow::Owned(_)), &*text);
    let source = Source { text, identity, counts_letters };
    if text.trim_ascii().is_empty() {
        return None;
    }
    let check = |mut body: Value| {
        operation.arrange_body(&mut body, &READING);
        operation.check_body(&body, &READING).violations
    };
    let error = match parse(text) {
        Ok(body) => return source.unreadable(operation, text, &check(body)),
        Err(error) => error,
    };
    let line: usize = text.split_inclusive(|byte| *byte == b'\n').take(error.line() - 1).map(<[u8]>::len).sum();
    let fault = if error.is_eof() { text.len() } else { (line + error.column().saturating_sub(1)).min(text.len()) };
    let mut scanner = Scanner::new(&text[..fault]);
    scanner.by_ref().for_each(drop);
    // A word that is none has no type.
    let begun = text.trim_ascii_start().first().filter(|byte| b"{[".contains(byte));
    let violations = begun.map(|_| check(parse(&scanner.completed()).unwrap_or_default())).unwrap_or_default();
    source.unreadable(operation, &text[..fault], &violations).or_else(|| Some(source.syntax(&scanner, fault)))
}

struct Source<'t> {
    text: &'t [u8],
    identity: u32,
    /// Whether columns are letters of UTF-16, and not bytes.
    counts_letters: bool,
}

impl Source<'_> {
    fn print(&self, line: usize, column: usize) -> String {
        format!("[Source: java.io.ByteArrayInputStream@{:x}; line: {line}, column: {column}]", self.identity)
    }

    /// The place of a byte.
    fn place(&self, offset: usize) -> String {
        let before = &self.text[..offset.min(self.text.len())];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |index| index + 1);
        let column =
            if self.counts_letters { String::from_utf8_lossy(&before[line_start..]).encode_utf16().count() } else { offset - line_start };
        self.print(before.iter().filter(|byte| **byte == b'\n').count() + 1, column + 1)
    }

    /// What is said of the first value of a text that does not fit its type.
    fn unreadable(&self, operation: &Operation, text: &[u8], violations: &[Violation]) -> Option<String> {
        let in_body = |row: &&Violation| row.location == ParameterIn::Body && is_unreadable(&row.rule);
        let rows: Vec<&Violation> = violations.iter().filter(in_body).collect();
        let mut scanner = Scanner::new(text);
        let (violation, Token { start, end, .. }) =
            std::iter::from_fn(|| scanner.next().map(|token| (rows.iter().find(|row| scanner.is_at(&token, &row.path)), token)))
                .find_map(|(found, token)| Some((found?, token)))?;
        let schemas = operation.schemas_along(&violation.path);
        let told = misfit(&violation.rule, &violation.path, &schemas, &text[start..end]);
        // Of an unknown member the value is read already: to its end, or to its first letter or bracket.
        let offset = match violation.rule {
            Rule::Unknown if b"{[\"".contains(&text[start]) => start + 1,
            Rule::Unknown => end,
            _ => start,
        };
        let told = format!("{told}\n at {}", self.place(offset));
        let steps = violation.path.iter().zip(&schemas).map(|(step, schema)| match step {
            Step::Element(index) => format!("{}[{index}]", java_type(schema)),
            step => format!("{}[\"{step}\"]", java_type(schema)),
        });
        let chain = steps.collect::<Vec<_>>().join("->");
        // The parser itself, which tells of numbers that are too large, knows no classes.
        Some(if chain.is_empty() || told.starts_with("Numeric value") {
            told
        } else {
            format!("{told} (through reference chain: {chain})")
        })
    }

    /// What is said of a text that is no JSON from a byte on.
    fn syntax(&self, scanner: &Scanner<'_>, fault: usize) -> String {
        let tell = |told: String, offset: usize| format!("{told}\n at {}", self.place(offset));
        let start = scanner.unfinished.unwrap_or(fault);
        let is_text = scanner.unfinished.is_some_and(|start| self.text[start] == b'"');
        let Some(byte) = self.text.get(fault) else {
            let tail = match scanner.open.last() {
                _ if is_text && scanner.expected == Expected::Name => " in field name".to_owned(),
                _ if is_text => ": was expecting closing quote for a string value".to_owned(),
                Some((start, step)) => {
                    let kind = if matches!(step, Step::Element(_)) { "Array" } else { "Object" };
                    format!(": expected close marker for {kind} (start marker at {})", self.place(*start))
                }
                None => String::new(),
            };
            return tell(format!("Unexpected end-of-input{tail}"), fault);
        };
        if is_text {
            let (told, offset) = self.misspelt(fault, scanner.expected == Expected::Name);
            return tell(told, offset);
        }
        if *byte < 0x20 {
            let told = format!("Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between tokens", letter(*byte));
            return tell(told, fault + 1);
        }
        let word = String::from_utf8_lossy(spec::word(&self.text[start..]));
        let is_value = scanner.unfinished.is_some() || scanner.expected == Expected::Value;
        let number = word.split(|letter: char| !letter.is_ascii_digit() && !"+-.eE".contains(letter)).next().unwrap_or_default();
        if is_value && number.starts_with(|letter: char| letter == '-' || letter.is_ascii_digit()) {
            let digits = number.trim_start_matches('-');
            let is_padded = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
            let told = if is_padded { "Leading zeroes not allowed" } else { number };
            if serde_json::from_str::<Number>(number).is_err() {
                return tell(format!("Invalid numeric value: {told}"), start + number.len());
            }
        } else if is_value && !word.is_empty() {
            return tell(format!("Unrecognized token '{word}': was expecting ('true', 'false' or 'null')"), start + word.len());
        }
        // A parser of bytes knows no longer letters; that of other encodings is handed letters.
        let whole = String::from_utf8_lossy(&self.text[fault..]).chars().next().filter(|_| self.counts_letters);
        let found = letter(whole.unwrap_or(char::from(*byte)));
        let expected = match scanner.expected {
            Expected::Value if b"}]".contains(byte) => "expected a value",
            Expected::Value => "expected a valid value (number, String, array, object, 'true', 'false' or 'null')",
            Expected::Name => "was expecting double-quote to start field name",
            Expected::Colon => "was expecting a colon to separate field name and value",
            Expected::Element => "was expecting comma to separate ARRAY entries",
            Expected::Member => "was expecting comma to separate OBJECT entries",
        };
        tell(format!("Unexpected character ({found}): {expected}"), fault + 1)
    }

    /// What is said of a text from a byte on, and behind which byte: of a name only at its end, if its letters are none.
    fn misspelt(&self, fault: usize, is_name: bool) -> (String, usize) {
        let at = |offset: usize| self.text.get(offset).copied();
        let byte = self.text[fault];
        if byte < 0x20 {
            let what = if is_name { "name" } else { "string value" };
            let told = format!("Illegal unquoted character ({}): has to be escaped using backslash to be included in {what}", letter(byte));
            return (told, fault + 1);
        }
        if byte >= 0x80 {
            let more = [0xc0, 0xe0, 0xf0, 0xf8].iter().rposition(|first| byte >= *first).filter(|more| *more < 3);
            let is_middle = |offset: &usize| at(*offset).is_some_and(|byte| byte & 0xc0 == 0x80);
            let (told, offset) =
                match more.map(|more| (fault + 1..=fault + 1 + more).find(|offset| !is_middle(offset)).unwrap_or(fault + 1)) {
                    None => (format!("Invalid UTF-8 start byte 0x{byte:x}"), fault),
                    Some(offset) => (format!("Invalid UTF-8 middle byte 0x{:x}", at(offset).unwrap_or_default()), offset),
                };
            let end =
                self.text[offset..].iter().position(|byte| *byte == b'"').filter(|_| is_name).map_or(offset, |length| offset + length);
            return (told, end + 1);
        }
        let slash = self.text[..=fault].iter().rposition(|byte| *byte == b'\\').unwrap_or(fault);
        if at(slash + 1) == Some(b'u') {
            let bad = (slash + 2..slash + 6).find(|offset| at(*offset).is_none_or(|byte| !byte.is_ascii_hexdigit())).unwrap_or(fault);
            let found = letter(at(bad).unwrap_or_default());
            return (format!("Unexpected character ({found}): expected a hex-digit for character escape sequence"), bad + 1);
        }
        (format!("Unrecognized character escape {}", letter(at(slash + 1).unwrap_or_default())), slash + 2)
    }
}

/// A letter as Jackson tells it.
fn letter(letter: impl Into<char>) -> String {
    match letter.into() {
        control if control.is_control() => format!("(CTRL-CHAR, code {})", control as u32),
        long if long > '\u{ff}' => format!("'{long}' (code {} / 0x{:x})", long as u32, long as u32),
        letter => format!("'{letter}' (code {})", letter as u32),
    }
}

/// What is said of a value that does not fit its type.
fn misfit(rule: &Rule, path: &[Step], schemas: &[&Schema], written: &[u8]) -> String {
    let Some(schema) = schemas.last() else { return String::new() };
    let (class, wanted) = (java_type(schema), schema.json_type);
    if let (Rule::Unknown, Some(name)) = (rule, path.last()) {
        let mut known: Vec<_> = schema.object.iter().flat_map(|object| &object.properties).collect();
        known.sort_by_key(|property| property.declared);
        let known: Vec<String> = known.iter().map(|property| format!("\"{}\"", property.name)).collect();
        let (count, known) = (known.len(), known.join(", "));
        return format!("Unrecognized field \"{name}\" (class {class}), not marked as ignorable ({count} known properties: {known}])");
    }
    let instance = format!("Can not construct instance of {class}");
    let number = String::from_utf8_lossy(written);
    let (token, from, factory) = match written.first() {
        Some(b'{') => ("START_OBJECT", None, ""),
        Some(b'[') => ("START_ARRAY", None, ""),
        Some(b'"') => {
            let text: String = serde_json::from_slice(written).unwrap_or_default();
            let of_text = |why: &str| format!("{instance} from String value '{text}': {why}");
            match (wanted, rule) {
                (_, Rule::Enum(_)) => return of_text(&format!("value not one of declared Enum instance names: [{}]", names(schema))),
                (Some(JsonType::Integer), _) => return of_text("not a valid Integer value"),
                (Some(JsonType::Number), _) => return of_text("not a valid Double value"),
                (Some(JsonType::Boolean), _) => return of_text("only \"true\" or \"false\" recognized"),
                (Some(JsonType::String), _) => return of_text(&no_date(&text)),
                _ => ("VALUE_STRING", Some(format!("String value ('{text}')")), "String"),
            }
        }
        Some(b't') => ("VALUE_TRUE", Some("boolean value (true)".to_owned()), "boolean/Boolean"),
        Some(b'f') => ("VALUE_FALSE", Some("boolean value (false)".to_owned()), "boolean/Boolean"),
        Some(b'n') => ("VALUE_NULL", None, ""),
        _ if wanted == Some(JsonType::Integer) && number.contains(['.', 'e', 'E']) => {
            return format!(
                "Can not coerce a floating-point value ('{number}') into Integer; \
                 enable `DeserializationFeature.ACCEPT_FLOAT_AS_INT` to allow"
            );
        }
        _ if wanted == Some(JsonType::Integer) => {
            return format!("Numeric value ({number}) out of range of int (-2147483648 - 2147483647)");
        }
        _ => ("VALUE_NUMBER_INT", Some(format!("Number value ({number})")), "int/Int"),
    };
    match from.filter(|_| wanted == Some(JsonType::Object)) {
        Some(from) => format!("{instance}: no {factory}-argument constructor/factory method to deserialize from {from}"),
        None => format!("Can not deserialize instance of {class} out of {token} token"),
    }
}

fn no_date(text: &str) -> String {
    format!(
        "not a valid representation (error: Failed to parse Date value '{text}': Can not parse date \"{text}\": not compatible with any of \
         standard forms (\"yyyy-MM-dd'T'HH:mm:ss.SSSZ\", \"yyyy-MM-dd'T'HH:mm:ss.SSS'Z'\", \
         \"EEE, dd MMM yyyy HH:mm:ss zzz\", \"yyyy-MM-dd\"))"
    )
}

/// The names of an enumeration, but for one that only the published document has.
fn names(schema: &Schema) -> String {
    let unprinted = schema.extension("x-unprinted");
    let names = schema.choices.iter().filter_map(Value::as_str).filter(|name| Some(*name) != unprinted);
    names.collect::<Vec<_>>().join(", ")
}

/// The Java type of a value.
fn java_type(schema: &Schema) -> &str {
    schema.extension("x-java-type").unwrap_or(match schema.json_type {
        Some(JsonType::String) if schema.format.as_deref() == Some(DATE) => "java.util.Date",
        Some(JsonType::String) => "java.lang.String",
        Some(JsonType::Integer) => "java.lang.Integer",
        Some(JsonType::Number) => "java.lang.Double",
        Some(JsonType::Boolean) => "java.lang.Boolean",
        Some(JsonType::Array) => "java.util.ArrayList",
        _ => "java.lang.Object",
    })
}
