//! How JSON is written down: the three house styles of the vendors' frameworks, and splicing of stored text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::{CompactFormatter, Formatter};

/// How a framework prints JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `{"a":1,"b":[1,2]}` – PHP, Go, most others.
    Compact,
    /// `{"a": 1, "b": [1, 2]}` – Python's default separators.
    Spaced,
    /// Jackson's pretty printer: members on lines of their own, `"a" : 1`, arrays on one line as `[ 1, 2 ]`.
    Jackson,
}

impl Style {
    /// Writes `value` behind what `out` holds.
    ///
    /// # Panics
    /// If the value cannot be JSON (a map with keys that are not text): our own types never are.
    pub fn write<T: Serialize + ?Sized>(self, value: &T, out: &mut Vec<u8>) {
        let done = match self {
            Self::Compact => value.serialize(&mut Serializer::with_formatter(out, CompactFormatter)),
            Self::Spaced => value.serialize(&mut Serializer::with_formatter(out, Spaced)),
            Self::Jackson => value.serialize(&mut Serializer::with_formatter(out, Jackson::default())),
        };
        done.expect("our own documents have text keys and are written to memory");
    }

    #[must_use]
    pub fn to_string<T: Serialize + ?Sized>(self, value: &T) -> String {
        let mut out = Vec::with_capacity(256);
        self.write(value, &mut out);
        String::from_utf8(out).expect("a JSON serializer writes UTF-8")
    }
}

/// A document that writes itself once its style is known; what a reply carries until the lock is released.
pub trait Document: Send {
    /// Writes this document behind what `out` holds.
    fn write(&self, style: Style, out: &mut Vec<u8>);
}

impl<T: Serialize + Send> Document for T {
    fn write(&self, style: Style, out: &mut Vec<u8>) {
        style.write(self, out);
    }
}

/// Writes `rows`, each already compact JSON, as an array.
pub fn splice_array<'a>(rows: impl Iterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, row) in rows.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(row);
    }
    out.push(b']');
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[derive(Default)]
struct Jackson {
    depth: usize,
    filled: bool,
}

impl Jackson {
    fn new_line<W: ?Sized + Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }
}

impl Formatter for Jackson {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.filled = false;
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.filled = true;
        writer.write_all(b" ]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b" " } else { b", " })
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.new_line(writer)?;
        } else {
            writer.write_all(b" ")?;
        }
        self.filled = true;
        writer.write_all(b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        self.new_line(writer)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" : ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _writer: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    }

    #[test]
    fn stored_rows_are_spliced_as_they_are() {
        let mut out = Vec::new();
        splice_array([&b"{\"a\":1}"[..], b"2"].into_iter(), &mut out);
        assert_eq!(out, b"[{\"a\":1},2]");
    }
}
