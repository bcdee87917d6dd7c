//! JSON as it is written, measured and found within a text.

mod style;

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::SerializeStruct as _;
use serde_json::{Map, Value};

pub use style::{Document, Output, Style};

/// About what a member of an object takes besides its name and what its value has allocated.
const MEMBER: usize = 170;

/// About the bytes that a value has allocated: up to a hundred times those of its text.
#[must_use]
pub fn allocated(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.capacity(),
        Value::Array(items) => items.capacity() * size_of::<Value>() + items.iter().map(allocated).sum::<usize>(),
        Value::Object(members) => members.iter().map(|(name, value)| MEMBER + name.capacity() + allocated(value)).sum(),
    }
}

/// How large a text is once it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Objects, arrays, and what they hold.
    pub values: usize,
    /// Of the longest array or object alone.
    pub rows: usize,
    /// About the bytes that it takes.
    pub bytes: usize,
}

/// About what a value takes while a body is read and answered, and again what an array or an object takes that is not empty, whose first
/// value allocates room for several.
const READ: usize = 160;

/// No reader of a body goes deeper.
const LEVELS: usize = 128;

/// How many values a JSON text has: what stands in front of each comma, and the last of every array and object that is not empty.
#[must_use]
pub fn extent(text: &[u8]) -> Extent {
    let (mut values, mut filled, mut longest, mut quoted, mut escaped, mut opened) = (1_usize, 0_usize, 0, false, false, false);
    let (mut commas, mut depth) = ([0_usize; LEVELS], 0_usize);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            // No text of JSON spans lines: a stray quote hides no more than one.
            b'\n' => quoted = false,
            b'"' if quoted => quoted = false,
            _ if quoted => {}
            b' ' | b'\t' | b'\r' => {}
            b']' | b'}' => {
                opened = false;
                depth = depth.saturating_sub(1);
            }
            _ => {
                let is_comma = *byte == b',';
                values += usize::from(opened) + usize::from(is_comma);
                filled += usize::from(opened);
                opened = matches!(byte, b'[' | b'{');
                quoted = *byte == b'"';
                depth += usize::from(opened);
                if (opened || is_comma)
                    && let Some(commas) = commas.get_mut(depth)
                {
                    *commas = if opened { 0 } else { *commas + 1 };
                    longest = longest.max(*commas);
                }
            }
        }
    }
    Extent { values, rows: longest + 1, bytes: READ * (values + filled) }
}

/// How many values a JSON text has.
#[must_use]
pub fn count_values(text: &[u8]) -> usize {
    extent(text).values
}

/// JSON without blanks between its tokens. Texts and numbers stay as they are written.
#[must_use]
pub fn compact(json: &str) -> Cow<'_, [u8]> {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    if !json.bytes().any(|byte| is_blank(&byte)) {
        return json.as_bytes().into();
    }
    let (mut within, mut escaped) = (false, false);
    let is_kept = |byte: &u8| {
        let kept = within || !is_blank(byte);
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = within,
            b'"' => within = !within,
            _ => {}
        }
        kept
    };
    json.bytes().filter(is_kept).collect()
}

/// Whether a member says no more than its absence does, for `skip_serializing_if`.
pub fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// JSON that was written before, compactly or in its style, and is written again in its style: nobody parses it.
#[derive(Clone, Debug)]
pub struct Written {
    text: Arc<str>,
    start: usize,
}

impl Written {
    /// What is behind the first bytes of a text, which it shares.
    #[must_use]
    pub const fn behind(text: Arc<str>, start: usize) -> Self {
        Self { text, start }
    }
}

impl<'t> From<&'t str> for Written {
    fn from(text: &'t str) -> Self {
        Self::behind(text.into(), 0)
    }
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Self::behind(text.into(), 0)
    }
}

impl Deref for Written {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text[self.start..]
    }
}

/// What a stored document holds.
///
/// # Panics
/// If it is no such value: a stored document is read by the type that wrote it.
#[must_use]
pub fn read<T: DeserializeOwned>(stored: &str) -> T {
    serde_json::from_str(stored).expect("a stored document is read by the type that wrote it")
}

impl Serialize for Written {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // How serde_json knows raw text; its own type for that parses what it is made of.
        const RAW: &str = "$serde_json::private::RawValue";
        let mut raw = serializer.serialize_struct(RAW, 1)?;
        raw.serialize_field(RAW, &**self)?;
        raw.end()
    }
}

/// A member of an object, found by looking through it while that costs less than hashing a name.
#[must_use]
pub fn member<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    match members.len() {
        ..=32 => members.iter().find(|(other, _)| *other == name).map(|(_, value)| value),
        _ => members.get(name),
    }
}

/// The value at a JSON pointer in a compact text, as it is written there: what is in front of it is passed over, and not read. Names of
/// members are compared as they are written, so that those with escapes are not found. Nothing is read of what is behind it.
#[must_use]
pub fn at<'t>(text: &'t str, pointer: &str) -> Option<&'t str> {
    let mut found = text;
    for step in pointer.split('/').skip(1) {
        let is_list = found.starts_with('[');
        let index: usize = if is_list { step.parse().ok()? } else { 0 };
        let (mut rest, mut passed) = (found.get(1..)?, 0);
        loop {
            let name = if is_list { 0 } else { skip(rest.as_bytes())? };
            let value = rest.get(name + usize::from(!is_list)..)?;
            let is_named = || name == step.len() + 2 && rest.as_bytes()[1..name - 1] == *step.as_bytes();
            let is_here = if is_list { passed == index } else { is_named() };
            if is_here {
                found = value;
                break;
            }
            rest = value.get(skip(value.as_bytes())?..)?.strip_prefix(',')?;
            passed += 1;
        }
    }
    found.get(..skip(found.as_bytes())?)
}

/// The end of a text is looked for byte by byte up to here: most are shorter.
const SHORT: usize = 24;

/// The length of the value that a compact text begins with.
fn skip(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => {
            let mut end = 1;
            loop {
                let rest = text.get(end..)?;
                let (near, far) = rest.split_at(rest.len().min(SHORT));
                end += match near.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
                    Some(length) => length,
                    None => near.len() + memchr::memchr2(b'"', b'\\', far)?,
                };
                if text[end] == b'"' {
                    return Some(end + 1);
                }
                end += 2;
            }
        }
        b'{' | b'[' => {
            let (mut depth, mut end) = (0_usize, 0);
            loop {
                match text.get(end)? {
                    b'"' => end += skip(&text[end..])? - 1,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                end += 1;
                if depth == 0 {
                    return Some(end);
                }
            }
        }
        // Where a list or an object ends there is none.
        _ => Some(text.iter().position(|byte| b",]}".contains(byte)).unwrap_or(text.len())).filter(|length| *length > 0),
    }
}

/// A value within another format than JSON: as the text of its JSON.
pub mod as_text {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the JSON of a value as a text.
    ///
    /// # Errors
    /// When it is not JSON, or the serializer takes no more.
    pub fn serialize<S: Serializer>(value: &impl Serialize, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::to_string(value).map_err(S::Error::custom)?.serialize(serializer)
    }

    /// Reads a value from the text of its JSON.
    ///
    /// # Errors
    /// When there is no text, or it is not the JSON of such a value.
    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        serde_json::from_str(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn count(json: &str, expected: usize) {
        assert_eq!(count_values(json.as_bytes()), expected, "{}", &json[..json.len().min(40)]);
    }

    #[test]
    fn values_of_json_are_counted_once_each() {
        count("5", 1);
        count(r#"{"a": 1, "b": [2, {}, [], [ ] ]}"#, 7);
        count("{\n  \"a\": {\n    \"b,[{:\": \"\\\",\\\\\"\n  }\n}\n", 3);
        count("[[[1]]]", 4);
        count(&format!("[{}1]", "[1],".repeat(200_000)), 400_002);
        count(&format!("[{}{{}}]", "{},".repeat(200_000)), 200_002);
        count(&format!("\"{}\"", ",[{:&<".repeat(100_000)), 1);
        count(&format!("\"\n{}", "1,".repeat(200_000)), 200_001);
    }

    #[test]
    fn rows_are_those_of_the_longest_array_or_object() {
        let check = |json: &str, expected: usize| assert_eq!(extent(json.as_bytes()).rows, expected, "{json}");
        check("5", 1);
        check(r#"[{"a": 1, "b": [1, 2, "3,4"], "c": {}}, [1], 2, 3]"#, 4);
        check(r#"[[1, 2, 3], [4, 5, [6, 7, 8, 9]], {"a": 1}]"#, 4);
        check(&format!("{}1,2", "[".repeat(1_000)), 1);
        check("]]]}1,2,3", 3);
    }

    #[test]
    fn a_pointer_leads_into_a_text_where_it_leads_into_its_value() {
        let value = json!({"a": "x\"},\\", "b": {"c": [1, [2, {"d": null}], "e,"], "": true}, "f": -1.5, "g": {}, "h": []});
        let text = value.to_string();
        let check = |pointer: &str| {
            let found = at(&text, pointer).map(|found| serde_json::from_str::<Value>(found).expect("it is JSON"));
            assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer}");
        };
        let pointers =
            ["", "/a", "/b", "/b/c", "/b/c/0", "/b/c/1/1/d", "/b/c/2", "/b/c/3", "/b/", "/f", "/g", "/g/a", "/h/0", "/a/b", "/x", "/b/x"];
        pointers.into_iter().for_each(check);
        assert_eq!(["{", "{\"a\"", "{\"a\":", "[", "\"", ""].map(|text| at(text, "/a")), [None; 6]);
    }

    #[test]
    fn blanks_between_tokens_go_and_no_others() {
        let text = "{ \"a b\" : [ 1.50 ,\n\t\"c \\\" d\" , \"\\\\\" ] }\r\n";
        assert_eq!(*compact(text), *br#"{"a b":[1.50,"c \" d","\\"]}"#);
        assert!(matches!(compact("[1]"), Cow::Borrowed(_)));
    }
}
