//! Walks over the bytes of a JSON body and complains about its syntax the way Jackson does, with the place.
//!
//! Columns count bytes and start at 1. Jackson has two ideas of "here": the start of the token it looks at and the
//! byte after the last one it has read; each of its messages uses one of them, so both can be had.

use std::fmt;

/// A line and a column of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPosition {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// What Jackson would have thrown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) text: String,
    pub(crate) place: TextPosition,
    /// Where the unclosed object or array starts, for a body that ends too early.
    pub(crate) opened: Option<(&'static str, TextPosition)>,
}

/// The kind of a value, told by its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    Object,
    Array,
    Text,
    Number,
    True,
    False,
    Null,
}

impl fmt::Display for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Token::Object => "START_OBJECT",
            Token::Array => "START_ARRAY",
            Token::Text => "VALUE_STRING",
            Token::Number => "VALUE_NUMBER_INT",
            Token::True => "VALUE_TRUE",
            Token::False => "VALUE_FALSE",
            Token::Null => "VALUE_NULL",
        })
    }
}

/// A position in a body.
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
    line_start: usize,
    /// Objects and arrays that are open here.
    open: Vec<(&'static str, TextPosition)>,
}

const VALUE: &str = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')";

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { bytes, at: 0, line: 1, line_start: 0, open: Vec::new() }
    }

    /// Whether nothing but white space is left.
    pub(crate) fn at_end(&mut self) -> bool {
        self.skip_space();
        self.peek().is_none()
    }

    /// The place of the next byte, as the start of a token.
    pub(crate) fn token_place(&mut self) -> TextPosition {
        self.skip_space();
        TextPosition { line: self.line, column: self.at - self.line_start + 1 }
    }

    /// The place after what Jackson has read once it knows the next token: a text, an object or an array is only
    /// opened, everything else is read to its end.
    pub(crate) fn read_ahead_place(&mut self) -> Result<TextPosition, Fault> {
        let token = self.token()?;
        let start = self.at;
        let end = match token {
            Token::Object | Token::Array | Token::Text => start + 1,
            Token::True | Token::Null => start + 4,
            Token::False => start + 5,
            Token::Number => start + self.number_length(),
        };
        Ok(TextPosition { line: self.line, column: end - self.line_start + 1 })
    }

    /// What comes next.
    pub(crate) fn token(&mut self) -> Result<Token, Fault> {
        self.skip_space();
        let Some(byte) = self.peek() else {
            return Err(self.end_of_input(""));
        };
        match byte {
            b'{' => Ok(Token::Object),
            b'[' => Ok(Token::Array),
            b'"' => Ok(Token::Text),
            b'-' | b'0'..=b'9' => Ok(Token::Number),
            b'}' | b']' => Err(self.unexpected("expected a value")),
            _ => {
                let word = self.word();
                match word.as_str() {
                    "true" => Ok(Token::True),
                    "false" => Ok(Token::False),
                    "null" => Ok(Token::Null),
                    "" => Err(self.unexpected(VALUE)),
                    _ => {
                        self.at += word.len();
                        let text = format!("Unrecognized token '{word}': was expecting ('true', 'false' or 'null')");
                        Err(self.fault(text))
                    }
                }
            }
        }
    }

    /// Steps over `true`, `false` or `null`.
    pub(crate) fn literal(&mut self, token: Token) {
        self.at += if token == Token::False { 5 } else { 4 };
    }

    /// Reads a number, as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a str, Fault> {
        let end = self.at + self.number_length();
        let text = self.bytes.get(self.at..end).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
        let digits = text.trim_start_matches('-');
        let padded = digits.starts_with('0') && digits.get(1..2).is_some_and(|next| next.bytes().all(|byte| byte.is_ascii_digit()));
        self.at = end;
        match serde_json::from_str::<serde_json::Number>(text) {
            Ok(_) => Ok(text),
            Err(_) if padded => Err(self.fault("Invalid numeric value: Leading zeroes not allowed".to_owned())),
            Err(_) => Err(self.fault(format!("Invalid numeric value: {text}"))),
        }
    }

    /// Goes into an object; the answer is whether it has members.
    pub(crate) fn open_object(&mut self) -> Result<bool, Fault> {
        self.open("Object");
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.close();
            return Ok(false);
        }
        Ok(true)
    }

    /// Goes into an array; the answer is whether it has elements.
    pub(crate) fn open_array(&mut self) -> Result<bool, Fault> {
        self.open("Array");
        self.skip_space();
        if self.peek() == Some(b']') {
            self.close();
            return Ok(false);
        }
        Ok(true)
    }

    /// Reads a member's name and the colon after it.
    pub(crate) fn name(&mut self) -> Result<String, Fault> {
        self.skip_space();
        match self.peek() {
            Some(b'"') => {}
            Some(_) => {
                return Err(self.unexpected("was expecting double-quote to start field name"));
            }
            None => return Err(self.end_of_input("")),
        }
        let name = self.text("in field name")?;
        self.skip_space();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => {
                return Err(self.unexpected("was expecting a colon to separate field name and value"));
            }
            None => return Err(self.end_of_input("")),
        }
        Ok(name)
    }

    /// After a member or an element: whether another one follows.
    pub(crate) fn more(&mut self) -> Result<bool, Fault> {
        let in_array = matches!(self.open.last(), Some(("Array", _)));
        self.skip_space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(b'}') if !in_array => {
                self.close();
                Ok(false)
            }
            Some(b']') if in_array => {
                self.close();
                Ok(false)
            }
            Some(_) if in_array => Err(self.unexpected("was expecting comma to separate ARRAY entries")),
            Some(_) => Err(self.unexpected("was expecting comma to separate OBJECT entries")),
            None => Err(self.end_of_input("")),
        }
    }

    /// Reads a text; `whose` completes the message when the body ends inside it.
    pub(crate) fn text(&mut self, whose: &str) -> Result<String, Fault> {
        self.at += 1;
        let start = self.at;
        loop {
            match self.peek() {
                None => {
                    self.open.clear();
                    let tail = if whose.is_empty() { ": was expecting closing quote for a string value" } else { whose };
                    return Err(self.end_of_input(tail));
                }
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(byte) if byte < 0x20 => {
                    self.at += 1;
                    let text = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {byte})): has to be escaped using backslash to be included in string value"
                    );
                    return Err(self.fault(text));
                }
                Some(_) => self.at += 1,
            }
        }
        let quoted = self.bytes.get(start - 1..=self.at).unwrap_or_default();
        self.at += 1;
        serde_json::from_slice(quoted).map_err(|_| {
            let text = "Unrecognized character escape or invalid UTF-8 in a string value".to_owned();
            self.fault(text)
        })
    }

    fn open(&mut self, kind: &'static str) {
        let place = TextPosition { line: self.line, column: self.at - self.line_start + 1 };
        self.open.push((kind, place));
        self.at += 1;
    }

    fn close(&mut self) {
        self.open.pop();
        self.at += 1;
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.at + 1;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return,
            }
            self.at += 1;
        }
    }

    fn word(&self) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_' || **byte == b'$').count();
        rest.iter().take(length).map(|byte| char::from(*byte)).collect()
    }

    fn number_length(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')).count()
    }

    fn unexpected(&mut self, wanted: &str) -> Fault {
        let rest = String::from_utf8_lossy(self.bytes.get(self.at..).unwrap_or_default());
        let letter = rest.chars().next().unwrap_or('\u{fffd}');
        self.at += 1;
        self.fault(format!("Unexpected character ('{letter}' (code {})): {wanted}", letter as u32))
    }

    fn end_of_input(&mut self, tail: &str) -> Fault {
        let opened = self.open.last().copied();
        let mut fault = self.fault(format!("Unexpected end-of-input{tail}"));
        fault.opened = opened;
        fault
    }

    fn fault(&self, text: String) -> Fault {
        let column = self.at.min(self.bytes.len()) - self.line_start + 1;
        Fault { text, place: TextPosition { line: self.line, column }, opened: None }
    }
}
