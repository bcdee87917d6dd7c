//! What Python's own JSON reader says about a text that is no JSON. It looks in the same order, so that it stops at the same character.

/// The first thing that is wrong with a body. What Python takes and our own reader does not (numbers beyond 64 bits of a float, halves
/// of surrogate pairs, more than 127 levels) is told in its words for such things, where nothing else is wrong.
#[must_use]
pub fn complaint(body: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => return Some(undecodable(body, error)),
    };
    let mut reader = Reader { text, at: 0, depth: 0, ours: None };
    let fault = match reader.document() {
        Ok(()) => reader.ours.take()?,
        Err(fault) => fault,
    };
    match fault {
        Fault::At(words, at) => {
            let before = text.get(..at)?;
            let line = 1 + before.matches('\n').count();
            let column = 1 + before.chars().rev().take_while(|letter| *letter != '\n').count();
            Some(format!("{words}: line {line} column {column} (char {})", before.chars().count()))
        }
        Fault::Constant(name) => Some(format!("Out of range float values are not JSON compliant: '{name}'")),
        Fault::TooDeep(kind) => Some(format!("maximum recursion depth exceeded while decoding a JSON {kind} from a unicode string")),
    }
}

enum Fault {
    At(&'static str, usize),
    Constant(String),
    TooDeep(&'static str),
}

struct Reader<'t> {
    text: &'t str,
    /// The byte that is next.
    at: usize,
    depth: usize,
    /// The first thing that only our own reader refuses.
    ours: Option<Fault>,
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        if self.text.starts_with('\u{feff}') {
            return Err(Fault::At("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
        }
        self.blanks();
        self.value()?;
        self.blanks();
        if self.at < self.text.len() { Err(Fault::At("Extra data", self.at)) } else { Ok(()) }
    }

    fn value(&mut self) -> Result<(), Fault> {
        match self.next() {
            Some(b'"') => self.string(),
            Some(b'{') => self.nested(b'}', Self::member),
            Some(b'[') => self.nested(b']', Self::value),
            Some(_) => self.word(),
            None => Err(Fault::At(VALUE, self.at)),
        }
    }

    /// What stands between brackets: rows, with commas between them.
    fn nested(&mut self, close: u8, row: fn(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > 127 {
            return Err(Fault::TooDeep(if close == b'}' { "object" } else { "array" }));
        }
        self.at += 1;
        self.blanks();
        if self.next() != Some(close) {
            loop {
                row(self)?;
                self.blanks();
                match self.next() {
                    Some(b',') => self.at += 1,
                    other if other == Some(close) => break,
                    _ => return Err(Fault::At("Expecting ',' delimiter", self.at)),
                }
                self.blanks();
            }
        }
        self.at += 1;
        self.depth -= 1;
        Ok(())
    }

    fn member(&mut self) -> Result<(), Fault> {
        if self.next() != Some(b'"') {
            return Err(Fault::At("Expecting property name enclosed in double quotes", self.at));
        }
        self.string()?;
        self.blanks();
        if self.next() != Some(b':') {
            return Err(Fault::At("Expecting ':' delimiter", self.at));
        }
        self.at += 1;
        self.blanks();
        self.value()
    }

    fn string(&mut self) -> Result<(), Fault> {
        let begin = self.at;
        let unterminated = Fault::At("Unterminated string starting at", begin);
        loop {
            self.at += 1;
            match self.next() {
                None => return Err(unterminated),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.next() {
                        None => return Err(unterminated),
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {}
                        Some(b'u') => {
                            let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
                            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) || self.at + 5 >= self.text.len() {
                                return Err(Fault::At("Invalid \\uXXXX escape", self.at));
                            }
                            self.at += 4;
                        }
                        Some(_) => return Err(Fault::At("Invalid \\escape", self.at - 1)),
                    }
                }
                Some(letter) if letter < b' ' => return Err(Fault::At("Invalid control character at", self.at)),
                Some(_) => {}
            }
        }
        self.at += 1;
        let is_lone = serde_json::from_str::<String>(&self.text[begin..self.at]).is_err();
        self.ours = self.ours.take().or(is_lone.then_some(Fault::At("Invalid \\uXXXX escape", begin)));
        Ok(())
    }

    /// A name or a number.
    fn word(&mut self) -> Result<(), Fault> {
        let rest = &self.text.as_bytes()[self.at..];
        let begins = |word: &str| rest.starts_with(word.as_bytes());
        if let Some(word) = ["null", "true", "false"].into_iter().find(|word| begins(word)) {
            self.at += word.len();
            return Ok(());
        }
        if let Some(name) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|name| begins(name)) {
            return Err(Fault::Constant(name.to_owned()));
        }
        let digits = |from: usize| rest.iter().skip(from).take_while(|letter| letter.is_ascii_digit()).count();
        let mut end = usize::from(begins("-"));
        match rest.get(end) {
            Some(b'0') => end += 1,
            Some(b'1'..=b'9') => end += digits(end),
            _ => return Err(Fault::At(VALUE, self.at)),
        }
        if rest.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            if digits(end + 1 + sign) > 0 {
                end += 1 + sign + digits(end + 1 + sign);
            }
        }
        let number = &self.text[self.at..self.at + end];
        let is_infinite = number.parse().is_ok_and(f64::is_infinite);
        self.ours = self.ours.take().or(is_infinite.then(|| Fault::Constant(number.to_owned())));
        self.at += end;
        Ok(())
    }

    fn blanks(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn next(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

const VALUE: &str = "Expecting value";

fn undecodable(body: &[u8], error: std::str::Utf8Error) -> String {
    let from = error.valid_up_to();
    let first = body.get(from).copied().unwrap_or_default();
    let reason = match error.error_len() {
        None => "unexpected end of data",
        Some(_) if (0xC2..=0xF4).contains(&first) => "invalid continuation byte",
        Some(_) => "invalid start byte",
    };
    let length = error.error_len().unwrap_or(body.len() - from);
    if length > 1 {
        return format!("'utf-8' codec can't decode bytes in position {from}-{}: {reason}", from + length - 1);
    }
    format!("'utf-8' codec can't decode byte 0x{first:02x} in position {from}: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &[u8], expected: &str) {
        assert_eq!(complaint(body).as_deref(), Some(expected), "{}", String::from_utf8_lossy(body));
    }

    #[test]
    fn the_words_and_the_places_are_pythons() {
        check(b"", "Expecting value: line 1 column 1 (char 0)");
        check(b"{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
        check(b"{\"a\": 1,}", "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)");
        check(b"{'a': 1}", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
        check(b"{\"a\" 1}", "Expecting ':' delimiter: line 1 column 6 (char 5)");
        check(b"{\"a\":\n  1 \"b\"}", "Expecting ',' delimiter: line 2 column 5 (char 10)");
        check(b"[1,]", "Expecting value: line 1 column 4 (char 3)");
        check(b"{} x", "Extra data: line 1 column 4 (char 3)");
        check(b"\"abc", "Unterminated string starting at: line 1 column 1 (char 0)");
        check(b"\"a\nb\"", "Invalid control character at: line 1 column 3 (char 2)");
        check(b"\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)");
        check(b"\"\\u12\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)");
        check(b"01", "Extra data: line 1 column 2 (char 1)");
        check(b"[NaN]", "Out of range float values are not JSON compliant: 'NaN'");
        check(b"\xef\xbb\xbf{}", "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)");
        check(b"\"\xff\"", "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte");
        check(b"\"\xe2\x82A\"", "'utf-8' codec can't decode bytes in position 1-2: invalid continuation byte");
    }

    #[test]
    fn what_python_reads_is_complained_about_in_its_words_where_our_reader_refuses_it() {
        assert_eq!(complaint(b" {\"a\": [1e300, -0.5E+3, \"\\ud83d\\ude00\", null]} "), None);
        check("[".repeat(100_000).as_bytes(), "maximum recursion depth exceeded while decoding a JSON array from a unicode string");
        let nested = |levels: usize| [r#"{"a":"#.repeat(levels), "1".to_owned(), "}".repeat(levels)].concat();
        assert_eq!(complaint(nested(127).as_bytes()), None);
        check(nested(128).as_bytes(), "maximum recursion depth exceeded while decoding a JSON object from a unicode string");
        assert_eq!(complaint(format!("[{}0]", "[], ".repeat(200)).as_bytes()), None, "what is closed is no level any more");
    }

    #[test]
    fn texts_and_numbers_end_where_pythons_end() {
        for whole in ["\" \"", "\"\\u00e9\"", "-0", "10", "1.25", "1e5", "1E-5", "1.5e+3", "true"] {
            assert_eq!(complaint(whole.as_bytes()), None, "{whole}");
        }
        check(b"\"\\u1234", "Invalid \\uXXXX escape: line 1 column 3 (char 2)");
        check(b"\"\\u00g0\"", "Invalid \\uXXXX escape: line 1 column 3 (char 2)");
        check(b"\"\x1f\"", "Invalid control character at: line 1 column 2 (char 1)");
        check(b"1.", "Extra data: line 1 column 2 (char 1)");
        check(b"1.x", "Extra data: line 1 column 2 (char 1)");
        check(b"1e", "Extra data: line 1 column 2 (char 1)");
        check(b"1e+", "Extra data: line 1 column 2 (char 1)");
        check(b"1.5e3x", "Extra data: line 1 column 6 (char 5)");
        check(b"-", "Expecting value: line 1 column 1 (char 0)");
        check(b"[\"ab\", 1e999]", "Out of range float values are not JSON compliant: '1e999'");
        check(b"\"a\xe2\x82", "'utf-8' codec can't decode bytes in position 2-3: unexpected end of data");
        check(b"\"a\xe2", "'utf-8' codec can't decode byte 0xe2 in position 2: unexpected end of data");
    }
}
