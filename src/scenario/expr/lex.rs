//! Text to tokens. A hyphen between two letters belongs to the name after a dot (`$request.headers.idempotency-key`); everywhere else it
//! is a minus.

use std::ops::Range;

use serde_json::Number;

use super::{ExprError, NEVER_CLOSED, Path, Step};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(Number),
    Text(String),
    Path(Path),
    Word(String),
    Sign(&'static str),
    End,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spot {
    pub(super) token: Token,
    pub(super) range: Range<usize>,
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 15] = ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ","];

pub(super) fn error(message: impl Into<String>, range: Range<usize>) -> ExprError {
    ExprError { message: message.into(), range, label: None, help: None }
}

fn helped(message: impl Into<String>, range: Range<usize>, help: impl Into<String>) -> ExprError {
    ExprError { help: Some(help.into()), ..error(message, range) }
}

/// All tokens of a text, the last being `End`.
pub(super) fn tokens(text: &str) -> Result<Vec<Spot>, ExprError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    loop {
        let spot = lexer.next()?;
        let last = spot.token == Token::End;
        found.push(spot);
        if last {
            return Ok(found);
        }
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Moves over characters as long as they are wanted and returns them.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let rest = self.rest();
        let length = rest.find(|next| !wanted(next)).unwrap_or(rest.len());
        let taken = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        taken
    }

    fn next(&mut self) -> Result<Spot, ExprError> {
        self.take(char::is_whitespace);
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some('$') => Token::Path(self.path()?),
            Some(quote @ ('\'' | '"')) => Token::Text(self.quoted(quote)?),
            Some('0'..='9') => Token::Number(self.number()?),
            Some(first) if is_name(first) => Token::Word(self.take(|next| is_name(next) || next == '.')),
            Some(first) => Token::Sign(self.sign(first)?),
        };
        Ok(Spot { token, range: start..self.at })
    }

    fn sign(&mut self, first: char) -> Result<&'static str, ExprError> {
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest().starts_with(**sign)) {
            self.at += sign.len();
            return Ok(sign);
        }
        let (width, help) = match (first, self.rest().get(..2)) {
            ('=' | '~', Some("=~" | "~=")) => (2, "use `matches '^a.*$'`"),
            ('=', _) => (1, "use `==` to compare"),
            (_, Some("&&")) => (2, "use `and`"),
            (_, Some("||")) => (2, "use `or`"),
            ('!', _) => (1, "use `not`"),
            ('%', _) => (1, "calls are named by their numbers, `$call.nth in [2, 4, 6]`, or drawn: `when: {chance: 0.5}`"),
            ('^', _) => (1, "patterns follow `matches`: `matches '^a.*$'`"),
            ('?', _) => (1, "a path that leads nowhere is `null` without it, and there is no `? :`"),
            ('.', Some("..")) => (2, "a range is two comparisons: `$call.nth >= 1 and $call.nth <= 3`"),
            ('&', _) => (1, "use `and`"),
            ('|', _) => (1, "use `or`; there are no filters, but functions: `lower($request.body.name)`"),
            ('{' | '}', _) => (1, "leave the braces out: this is an expression already"),
            ('‘' | '’' | '“' | '”' | '`', _) => (first.len_utf8(), "texts stand in plain quotes: `'like this'`"),
            ('.', Some(rest)) if rest[1..].starts_with(|next: char| next.is_ascii_alphabetic()) => {
                let way = self.rest().split(|next: char| !is_name(next) && next != '.').next().unwrap_or_default();
                let body = if way.starts_with(".body") { "" } else { ".body" };
                return Err(helped("a path begins with its root", self.at..self.at + way.len(), format!("write `$request{body}{way}`")));
            }
            _ => {
                let range = self.at..self.at + first.len_utf8();
                return Err(helped(format!("`{first}` has no meaning in an expression"), range, "quote text: `'like this'`"));
            }
        };
        let found = self.rest().get(..width).unwrap_or_default();
        Err(helped(format!("`{found}` is not an operator"), self.at..self.at + width, help))
    }

    fn number(&mut self) -> Result<Number, ExprError> {
        let start = self.at;
        self.take(|next| next.is_ascii_digit());
        let mut rest = self.rest().chars();
        if rest.next() == Some('.') && rest.next().is_some_and(|next| next.is_ascii_digit()) {
            self.at += 1;
            self.take(|next| next.is_ascii_digit());
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if self.peek().is_some_and(is_name) {
            let end = self.at + self.rest().find(|next| !is_name(next)).unwrap_or(self.rest().len());
            let found = self.text.get(start..end).unwrap_or_default();
            let help = class(found).unwrap_or_else(|| format!("quote text: `'{found}'`"));
            return Err(helped(format!("`{found}` is not a number"), start..end, help));
        }
        if text.starts_with('0') && text[1..].starts_with(|next: char| next.is_ascii_digit()) {
            let help = format!("quote it: `'{text}'`; numbers have no leading zeros");
            return Err(helped(format!("number `{text}` would not keep its digits"), start..self.at, help));
        }
        let whole = text.parse::<i64>().ok().map(Number::from);
        let number = whole.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
        number.ok_or_else(|| error(format!("number `{text}` is too large"), start..self.at))
    }

    /// Quoted text; a doubled quote stands for itself, and nothing else is special, so that patterns stay readable.
    fn quoted(&mut self, quote: char) -> Result<String, ExprError> {
        let start = self.at;
        let mut text = String::new();
        loop {
            self.at += 1;
            text.push_str(&self.take(|next| next != quote));
            if self.peek().is_none() {
                return Err(helped(NEVER_CLOSED, start..self.text.len(), format!("add the closing `{quote}`")));
            }
            self.at += 1;
            if self.peek() != Some(quote) {
                return Ok(text);
            }
            text.push(quote);
        }
    }

    fn path(&mut self) -> Result<Path, ExprError> {
        let start = self.at;
        self.at += 1;
        let root = self.take(is_name);
        if root.is_empty() {
            return Err(helped("a path needs a name after `$`", start..self.at, "for example `$request.body.name`"));
        }
        let mut path = Path { root, steps: Vec::new() };
        loop {
            match self.peek() {
                Some('.') => {
                    let dot = self.at;
                    self.at += 1;
                    let name = self.member();
                    if name.is_empty() {
                        return Err(helped("a path needs a name after `.`", dot..self.at, "odd names go into brackets: `[\"a b\"]`"));
                    }
                    path.steps.push(Step::Member(name));
                }
                Some('[') => path.steps.push(self.bracket()?),
                _ => break,
            }
        }
        // Header names have no case, and the scope offers them in lower case.
        if path.root == "request"
            && let [Step::Member(section), Step::Member(header), ..] = path.steps.as_mut_slice()
            && section == "headers"
        {
            *header = header.to_lowercase();
        }
        Ok(path)
    }

    fn member(&mut self) -> String {
        let mut name = self.take(is_name);
        while name.ends_with(char::is_alphabetic) {
            let mut rest = self.rest().chars();
            if rest.next() != Some('-') || !rest.next().is_some_and(char::is_alphabetic) {
                break;
            }
            self.at += 1;
            name.push('-');
            name.push_str(&self.take(is_name));
        }
        name
    }

    fn bracket(&mut self) -> Result<Step, ExprError> {
        self.at += 1;
        let start = self.at;
        let step = match self.peek() {
            Some(quote @ ('\'' | '"')) => Step::Member(self.quoted(quote)?),
            _ => {
                let digits = self.take(|next| next.is_ascii_digit());
                let Ok(index) = digits.parse() else {
                    if self.peek() == Some('*') {
                        let help = "that some element fits is asked by `request: {body: {parcels: [{weight: \"1..\"}]}}`";
                        return Err(helped("an element has a position", start..start + 1, help));
                    }
                    let end = self.at + self.peek().map_or(0, char::len_utf8);
                    return Err(helped("expected a position or a quoted name in brackets", start..end, "for example `[0]` or `[\"a b\"]`"));
                };
                Step::Index(index)
            }
        };
        if self.peek() != Some(']') {
            return Err(helped("bracket of a path is never closed", start - 1..self.at, "add the closing `]`"));
        }
        self.at += 1;
        Ok(step)
    }
}

/// What to write for a class of statuses, `2xx`.
pub(in crate::scenario) fn class(text: &str) -> Option<String> {
    let digit: u8 = text.to_ascii_lowercase().strip_suffix("xx")?.parse().ok().filter(|digit| (1..=5).contains(digit))?;
    Some(format!("numbers have no classes: `$answer.status >= {digit}00 and $answer.status < {}00`", digit + 1))
}

fn is_name(next: char) -> bool {
    next.is_alphanumeric() || next == '_'
}
