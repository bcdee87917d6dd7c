//! The styles in which frameworks print JSON.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use super::skip;

/// How a framework prints JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `{"a":1,"b":[1,2]}` – PHP, Go, most others.
    Compact,
    /// `{"a": 1, "b": [1, 2]}` – Python's default separators.
    Spaced,
    /// Jackson's pretty printer: members on lines of their own, `"a" : 1`, arrays on one line as `[ 1, 2 ]`.
    Jackson,
    /// Json.NET with indentation: members and elements on lines of their own, which end as on Windows.
    Indented,
}

impl Style {
    /// Writes `value` behind what `out` holds.
    ///
    /// # Panics
    /// If the value cannot be JSON (a map with keys that are not text): our own types never are.
    pub fn write<T: Serialize + ?Sized>(self, value: &T, out: &mut Vec<u8>) {
        self.write_within(0, value, out);
    }

    /// The same of a value that so many objects and arrays are around.
    ///
    /// # Panics
    /// As [`Style::write`] does.
    pub fn write_within<T: Serialize + ?Sized>(self, depth: usize, value: &T, out: &mut Vec<u8>) {
        let done = value.serialize(&mut Serializer::with_formatter(Output(out), StyledFormatter { style: self, depth, filled: false }));
        done.expect("our own documents have text keys and are written to memory");
    }

    #[must_use]
    pub fn to_string<T: Serialize + ?Sized>(self, value: &T) -> String {
        let mut out = Vec::with_capacity(256);
        self.write(value, &mut out);
        String::from_utf8(out).expect("a JSON serializer writes UTF-8")
    }
}

/// Where serializers write: most of what they write are single bytes, quotes and colons, which cost more to copy than to push.
pub struct Output<'o>(pub &'o mut Vec<u8>);

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match bytes {
            [byte] => self.0.push(*byte),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A document that is serialized once its style is known, after the sandbox's lock was released.
pub trait Document: Send {
    /// Writes this document behind what `out` holds.
    fn write(&self, style: Style, out: &mut Vec<u8>);
}

impl<T: Serialize + Send> Document for T {
    fn write(&self, style: Style, out: &mut Vec<u8>) {
        style.write(self, out);
    }
}

/// One formatter for all styles: each formatter is one more copy of the code that writes an answer, for every type of answer.
struct StyledFormatter {
    style: Style,
    /// How many objects are open, for the indentation.
    depth: usize,
    /// Whether the innermost open collection has a member yet.
    filled: bool,
}

impl StyledFormatter {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.style == Style::Indented { b"\r\n" } else { b"\n" })?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for StyledFormatter {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += usize::from(self.style == Style::Indented);
        self.filled = false;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.style == Style::Indented {
            self.depth -= 1;
            if self.filled {
                self.new_line(writer)?;
            }
        }
        self.filled = true;
        writer.write_all(if self.style == Style::Jackson { b" ]" } else { b"]" })
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(match (self.style, first) {
            (Style::Jackson, true) => b" ",
            (_, true) => b"",
            (Style::Compact | Style::Indented, false) => b",",
            (Style::Spaced | Style::Jackson, false) => b", ",
        })?;
        if self.style == Style::Indented { self.new_line(writer) } else { Ok(()) }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        match self.style {
            Style::Jackson | Style::Indented if self.filled => self.new_line(writer)?,
            Style::Jackson => writer.write_all(b" ")?,
            Style::Compact | Style::Spaced | Style::Indented => {}
        }
        self.filled = true;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(if self.style == Style::Spaced { b", " } else { b"," })?;
        }
        if matches!(self.style, Style::Jackson | Style::Indented) { self.new_line(writer) } else { Ok(()) }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(match self.style {
            Style::Compact => b":",
            Style::Spaced | Style::Indented => b": ",
            Style::Jackson => b" : ",
        })
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    /// Compact JSON in this style: its tokens are passed on, and none of them is read. What has a style already stays as it is.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if self.style == Style::Compact || is_styled(fragment.as_bytes()) {
            return writer.write_all(fragment.as_bytes());
        }
        let (mut rest, mut open, mut is_first) = (fragment.as_bytes(), Vec::new(), false);
        while let Some(token) = rest.first() {
            if token == &b',' || is_first && !b"}]".contains(token) {
                match open.last() {
                    Some(b'{') => self.begin_object_key(writer, is_first)?,
                    _ => self.begin_array_value(writer, is_first)?,
                }
            }
            is_first = b"{[".contains(token);
            let mut length = 1;
            match token {
                b'{' => self.begin_object(writer)?,
                b'[' => self.begin_array(writer)?,
                b'}' => self.end_object(writer)?,
                b']' => self.end_array(writer)?,
                b':' => self.begin_object_value(writer)?,
                b',' => {}
                _ => {
                    length = skip(rest).unwrap_or(rest.len());
                    writer.write_all(&rest[..length])?;
                    self.filled = true;
                }
            }
            match token {
                b'{' | b'[' => open.push(*token),
                b'}' | b']' => drop(open.pop()),
                _ => {}
            }
            rest = &rest[length..];
        }
        Ok(())
    }
}

/// Whether JSON has blanks behind its first sign.
fn is_styled(mut text: &[u8]) -> bool {
    while let Some(token) = text.first() {
        let length = if b"{}[]:,".contains(token) { 1 } else { skip(text).unwrap_or(text.len()) };
        text = &text[length..];
        if text.first().is_some_and(u8::is_ascii_whitespace) {
            return true;
        }
        if b":,".contains(token) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::Written;
    use super::*;

    fn check(style: Style, expected: &str) {
        let value = json!({"a": [1, {"b": "c"}], "d": {}, "e": [], "f": {"g": null}});
        assert_eq!(style.to_string(&value), expected);
    }

    #[test]
    fn each_style_prints_as_its_framework_does() {
        check(Style::Compact, r#"{"a":[1,{"b":"c"}],"d":{},"e":[],"f":{"g":null}}"#);
        check(Style::Spaced, r#"{"a": [1, {"b": "c"}], "d": {}, "e": [], "f": {"g": null}}"#);
        check(
            Style::Jackson,
            "{\n  \"a\" : [ 1, {\n    \"b\" : \"c\"\n  } ],\n  \"d\" : { },\n  \"e\" : [ ],\n  \"f\" : {\n    \"g\" : null\n  }\n}",
        );
        let indented = concat!(
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"c\"\n    }\n  ],\n",
            "  \"d\": {},\n  \"e\": [],\n  \"f\": {\n    \"g\": null\n  }\n}",
        );
        check(Style::Indented, &indented.replace('\n', "\r\n"));
    }

    #[test]
    fn what_was_written_is_written_as_it_is() {
        let written = Written::from(r#"{"a":[1.50,null]}"#);
        assert_eq!(Style::Compact.to_string(&[written.clone(), written]), r#"[{"a":[1.50,null]},{"a":[1.50,null]}]"#);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a{}\\[\\],:\"\\\\\n ]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            let name = "[a-c{}:,\"]{0,3}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_written_in_any_style(value in any_json()) {
            let written = json!({"a": [value], "b": value});
            for style in [Style::Compact, Style::Spaced, Style::Jackson, Style::Indented] {
                let row = || Written::from(value.to_string());
                let raw = Pair { a: [row()], b: row() };
                prop_assert_eq!(style.to_string(&raw), style.to_string(&written));
                let styled = Written::from(style.to_string(&value));
                prop_assert_eq!(style.to_string(&styled), style.to_string(&value));
            }
        }
    }

    #[derive(Serialize)]
    struct Pair {
        a: [Written; 1],
        b: Written,
    }
}
