//! The values of a JSON text that may end anywhere: where each is written, and at which path. For vendors whose frameworks tell lines
//! and columns; a text is scanned only when something is wrong with it.

use crate::spec::violation::Step;

/// What may come next in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Value,
    Name,
    Colon,
    /// A comma, or the end of the list.
    Element,
    /// A comma, or the end of the object.
    Member,
}

/// A value: where it is written, and in how many lists and objects. Of lists and objects only the bracket.
pub(crate) struct Token {
    pub(crate) start: usize,
    pub(crate) end: usize,
    depth: usize,
}

/// Walks from value to value.
pub(crate) struct Scanner<'t> {
    text: &'t [u8],
    at: usize,
    /// Lists and objects that are open: where they begin, and the step to what was met last in them.
    pub(crate) open: Vec<(usize, Step)>,
    pub(crate) expected: Expected,
    /// Where the token begins that the end of the text touches.
    pub(crate) unfinished: Option<usize>,
    /// The end of what would be JSON if the open brackets were closed.
    whole: usize,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0, open: Vec::new(), expected: Expected::Value, unfinished: None, whole: 0 }
    }

    /// Whether that is the path of the value that was met last.
    pub(crate) fn is_at(&self, token: &Token, path: &[Step]) -> bool {
        let open = self.open.iter().take(token.depth).map(|(_, step)| step);
        let is_same = |(open, step): (&Step, &Step)| match (open, step) {
            (Step::Element(index), Step::Element(other)) => index == other,
            (open, step) => open.name() == step.name(),
        };
        path.len() == token.depth && open.zip(path).all(is_same)
    }

    /// The path of the value that was met last.
    pub(crate) fn path(&self, token: &Token) -> Vec<&Step> {
        self.open.iter().take(token.depth).map(|(_, step)| step).collect()
    }

    /// What was met so far, with all brackets closed.
    pub(crate) fn completed(&self) -> Vec<u8> {
        let closing = self.open.iter().rev().map(|(start, _)| if self.text[*start] == b'[' { b']' } else { b'}' });
        self.text[..self.whole].iter().copied().chain(closing).collect()
    }

    /// A value ends here, if there is more text.
    fn end_value(&mut self, start: usize) -> usize {
        let is_list = matches!(self.open.last(), Some((_, Step::Element(_))));
        self.expected = if is_list { Expected::Element } else { Expected::Member };
        if self.at < self.text.len() || matches!(self.text[start], b'"' | b'}' | b']') {
            self.whole = self.at;
        } else {
            self.unfinished = Some(start);
        }
        self.at
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let (start, depth) = (self.at, self.open.len());
            let byte = *self.text.get(start)?;
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => {}
                b':' => self.expected = Expected::Value,
                b',' => match self.open.last_mut() {
                    Some((_, Step::Element(index))) => (*index, self.expected) = (index.wrapping_add(1), Expected::Value),
                    _ => self.expected = Expected::Name,
                },
                b'}' | b']' => {
                    self.open.pop();
                    self.end_value(start);
                }
                b'{' | b'[' => {
                    let (step, expected) =
                        if byte == b'[' { (Step::Element(0), Expected::Value) } else { (Step::Member("".into()), Expected::Name) };
                    self.open.push((start, step));
                    (self.expected, self.whole) = (expected, self.at);
                    return Some(Token { start, end: self.at, depth });
                }
                b'"' => {
                    let mut is_escaped = false;
                    let closing = self.text[self.at..].iter().position(|byte| {
                        let closes = *byte == b'"' && !is_escaped;
                        is_escaped = *byte == b'\\' && !is_escaped;
                        closes
                    });
                    let Some(length) = closing else {
                        (self.at, self.unfinished) = (self.text.len(), Some(start));
                        return None;
                    };
                    self.at += length + 1;
                    match self.open.last_mut().filter(|_| self.expected == Expected::Name) {
                        Some((_, step)) => {
                            let name: String = serde_json::from_slice(&self.text[start..self.at]).unwrap_or_default();
                            (*step, self.expected) = (Step::Member(name.into()), Expected::Colon);
                        }
                        None => return Some(Token { start, end: self.end_value(start), depth }),
                    }
                }
                _ => {
                    self.at = start + word(&self.text[start..]).len().max(1);
                    let end = self.end_value(start);
                    match self.open.last_mut() {
                        // Lists are read without their nulls.
                        Some((_, Step::Element(index))) if &self.text[start..end] == b"null" => *index = index.wrapping_sub(1),
                        _ => return Some(Token { start, end, depth }),
                    }
                }
            }
        }
    }
}

/// The number or the word that a text begins with.
pub(crate) fn word(text: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"+-._$".contains(byte);
    &text[..text.iter().position(is_end).unwrap_or(text.len())]
}
