//! Lines of the log: columns for people, JSON for machines.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::line::{Attempt, Line, LogFormat};
use crate::base::time::Timestamp;
use crate::engine::Unmatched;
use crate::server::admin::secrets::paths;
use crate::world::{Effect, EffectKind, End, Entry, Took, note};

/// What stands behind the time of a line: its level.
const INFO: &str = "Z  INFO ";
const WARN: &str = "Z  WARN ";

/// Lines that were made and not taken.
pub(super) struct Lines {
    format: LogFormat,
    text: String,
    /// The second that was written last, and how it is written.
    second: (i64, String),
}

impl Lines {
    pub fn new(format: LogFormat) -> Self {
        Self { format, text: String::new(), second: (i64::MIN, String::new()) }
    }

    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    pub fn add(&mut self, line: &Line) {
        match (line, self.format) {
            (Line::Call(entry), LogFormat::Text) => self.call(entry),
            (Line::Call(entry), LogFormat::Json) => self.json(ended(entry), "seatrial::call", &call(entry)),
            (Line::Attempt(row), LogFormat::Text) => self.attempt(row),
            (Line::Attempt(row), LogFormat::Json) => self.json(row.at, "seatrial::webhook", &attempt(row)),
            (Line::Unmatched(row, at), LogFormat::Text) => self.unmatched(row, *at),
            (Line::Unmatched(row, at), LogFormat::Json) => self.json(*at, "seatrial::unmatched", &unmatched(row)),
            (Line::End(_), _) => {}
        }
    }

    /// Says that so many lines were dropped.
    pub fn add_dropped(&mut self, count: u64, now: Timestamp) {
        match self.format {
            LogFormat::Text => {
                self.time(now, WARN);
                let _ = writeln!(self.text, "log      {count} lines were dropped, because they came faster than they could be written");
            }
            LogFormat::Json => self.json(now, "seatrial::log", &json!({"message": "lines were dropped", "dropped": count})),
        }
    }

    fn call(&mut self, entry: &Entry) {
        self.time(ended(entry), INFO);
        let operation = entry.operation.as_deref().unwrap_or(&entry.vendor);
        let start = self.text.len();
        self.columns("call", &entry.sandbox, operation, entry.method.as_str());
        let outcome = entry.wire.outcome();
        match outcome.status.filter(|_| outcome.end == End::Sent) {
            Some(status) => self.column(itoa::Buffer::new().format(status), 9),
            None => self.column(outcome.end.word(), 9),
        }
        self.took(entry.took.get().unwrap_or_default());
        self.text.push_str(&path_of(entry));
        if !entry.notes.is_empty() {
            for (index, code) in note::codes(&entry.notes).iter().enumerate() {
                self.text.push_str(if index == 0 { "  notes: " } else { ", " });
                self.text.push_str(code);
            }
        }
        if let Some(Effect { kind, name, line, committed, .. }) = &entry.effect {
            let _ = write!(self.text, "  {}: {name}", kind.word());
            if let Some(line) = line {
                let _ = write!(self.text, " (line {line})");
            }
            if *kind == EffectKind::Fault {
                self.text.push_str(if *committed { ", carried out" } else { ", not carried out" });
            }
        }
        self.end(start);
    }

    fn attempt(&mut self, row: &Attempt) {
        self.time(row.at, INFO);
        let start = self.text.len();
        self.columns("webhook", &row.sandbox, &format!("{} {}", row.vendor, row.delivery), "POST");
        match &row.result {
            Ok(status) => self.column(itoa::Buffer::new().format(*status), 9),
            Err(_) => self.column("no answer", 9),
        }
        self.took(row.took);
        let _ = write!(self.text, "{}  attempt {}", address(&row.url), row.number);
        if let Err(reason) = &row.result {
            let _ = write!(self.text, ": {reason}");
        }
        self.end(start);
    }

    fn unmatched(&mut self, row: &Unmatched, at: Timestamp) {
        self.time(at, INFO);
        let start = self.text.len();
        let paths::Shown { target, detail, .. } = paths::unmatched(row, None);
        self.columns("nowhere", "-", "-", row.method.as_str());
        let _ = write!(self.text, "{:<9} {:>9}  {}  {detail}", row.status, "", paths::path_of(&target));
        self.end(start);
    }

    /// What all lines begin with, after the time.
    fn columns(&mut self, kind: &str, sandbox: &str, what: &str, method: &str) {
        self.column(kind, 8);
        self.column(sandbox, 10);
        self.column(what, 34);
        self.column(method, 6);
    }

    /// A text in a column, and a blank. `{:<10}` does the same at several times the cost.
    fn column(&mut self, text: &str, width: usize) {
        const BLANKS: &str = "                                   ";
        self.text.push_str(text);
        self.text.push_str(&BLANKS[..(width + 1).saturating_sub(text.len()).clamp(1, BLANKS.len())]);
    }

    /// Milliseconds with two places, in nine columns.
    fn took(&mut self, took: Duration) {
        let hundredths = u64::try_from(took.as_micros()).map_or(u64::MAX, |micros| micros.saturating_add(5) / 10);
        self.number(hundredths / 100, 4, " ");
        self.text.push('.');
        self.number(hundredths % 100, 2, "0");
        self.text.push_str("ms  ");
    }

    /// A number at the right of a column, as `{:>4}` or `{:02}` write it.
    fn number(&mut self, number: u64, width: usize, before: &str) {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(number);
        (digits.len()..width).for_each(|_| self.text.push_str(before));
        self.text.push_str(digits);
    }

    /// The time and the level. The date and time of day are formatted once for each second.
    fn time(&mut self, at: Timestamp, level: &str) {
        let (second, milliseconds) = (at.as_second(), at.subsec_millisecond().unsigned_abs());
        if self.second.0 != second {
            self.second = (second, at.strftime("%Y-%m-%dT%H:%M:%S.").to_string());
        }
        self.text.push_str(&self.second.1);
        self.number(milliseconds.into(), 3, "0");
        self.text.push_str(level);
    }

    /// Ends a line. Control characters in names would end it too, or begin another one, and others turn what follows around.
    fn end(&mut self, start: usize) {
        // Those outside of ASCII begin with 0xc2 or 0xe2. All bytes are looked at together, as nearly all lines have none.
        let is_odd = |byte: u8| byte.is_ascii_control() || matches!(byte, 0xc2 | 0xe2);
        if self.text[start..].bytes().fold(false, |found, byte| found | is_odd(byte)) {
            let escaped: String = self.text[start..].chars().flat_map(escape).collect();
            self.text.truncate(start);
            self.text.push_str(&escaped);
        }
        self.text.push('\n');
    }

    /// The same envelope as that of all other events.
    fn json(&mut self, at: Timestamp, target: &str, fields: &Value) {
        let level = if target == "seatrial::log" { "WARN" } else { "INFO" };
        let line = json!({"timestamp": at.to_string(), "level": level, "fields": fields, "target": target});
        let _ = writeln!(self.text, "{line}");
    }
}

fn escape(letter: char) -> impl Iterator<Item = char> {
    // Marks and overrides of the direction, and separators of lines.
    let is_mark = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let escaped = (is_mark || letter.is_control()).then(|| letter.escape_default());
    let plain = escaped.is_none().then_some(letter);
    escaped.into_iter().flatten().chain(plain)
}

fn call(entry: &Entry) -> Value {
    json!({
        "message": "call",
        "id": Some(&*entry.id).filter(|id| !id.is_empty()),
        "sandbox": &*entry.sandbox,
        "vendor": &*entry.vendor,
        "operation": entry.operation.as_deref(),
        "method": entry.method.as_str(),
        "path": path_of(entry),
        "status": entry.wire.outcome().status,
        "wire": entry.wire.outcome(),
        "effect": entry.effect,
        "notes": note::codes(&entry.notes),
        "duration_ms": Took::milliseconds(entry.took.get().unwrap_or_default()),
    })
}

fn attempt(row: &Attempt) -> Value {
    json!({
        "message": "webhook",
        "sandbox": &*row.sandbox,
        "vendor": &*row.vendor,
        "delivery": row.delivery,
        "attempt": row.number,
        "url": address(&row.url),
        "status": row.result.as_ref().ok(),
        "error": row.result.as_ref().err(),
        "duration_ms": Took::milliseconds(row.took),
    })
}

fn unmatched(row: &Unmatched) -> Value {
    let paths::Shown { target, detail, .. } = paths::unmatched(row, None);
    json!({
        "message": "unmatched",
        "method": row.method.as_str(),
        "path": paths::path_of(&target),
        "status": row.status,
        "detail": detail,
    })
}

/// When a call was answered.
fn ended(entry: &Entry) -> Timestamp {
    entry.took.get().and_then(|took| entry.received.checked_add(took).ok()).unwrap_or(entry.received)
}

fn path_of(entry: &Entry) -> Cow<'_, str> {
    match entry.operation {
        Some(_) => paths::path(paths::path_of(&entry.target)),
        None => paths::foreign(paths::path_of(&entry.target)),
    }
}

/// A URL without user, query and secrets.
pub fn address(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = url.split_once("://").map_or(("", url), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let mark = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{mark}{host}{}", paths::foreign(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_line_or_turn_it_around_is_escaped() {
        let shown = |text: &str| text.chars().flat_map(escape).collect::<String>();
        assert_eq!(shown("a\nb\u{1b}[2K\u{9b}1m"), "a\\nb\\u{1b}[2K\\u{9b}1m");
        assert_eq!(shown("\u{202e}x\u{2066}y\u{2028}"), "\\u{202e}x\\u{2066}y\\u{2028}");
        assert_eq!(shown("Zürich → “Köln” 🦀"), "Zürich → “Köln” 🦀");
    }

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
        for (url, shown) in [
            ("https://ada:pw@example.com:8443/hooks/a?token=x#y", "https://example.com:8443/hooks/a"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("http://h/token/q7q7q7q7q7q7/x", "http://h/token/[redacted]/x"),
            ("http://h/services/T0/B0a1b2c3d4e5f6a7b8c9d0", "http://h/services/T0/[redacted]"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(address(url), shown, "{url}");
        }
    }

    #[test]
    fn names_end_no_line() {
        let row = Unmatched {
            method: http::Method::GET,
            target: "/x?password=q7".to_owned(),
            host: String::new(),
            status: 404,
            detail: "there is no sandbox `a\nINFO b`".to_owned(),
        };
        let mut lines = Lines::new(LogFormat::Text);
        lines.unmatched(&row, Timestamp::UNIX_EPOCH);
        let text = lines.take();
        assert_eq!((text.lines().count(), text.contains("`a\\nINFO b`"), text.contains("q7")), (1, true, false), "{text}");
        assert!(text.starts_with("1970-01-01T00:00:00.000Z  INFO nowhere "), "{text}");
    }

    #[test]
    fn what_is_said_of_a_request_shows_no_key() {
        let key = "TEST_q7q7q7q7q7q7q7q7q7";
        let row = Unmatched {
            method: http::Method::GET,
            target: format!("/@{key}/x?a=b"),
            host: String::new(),
            status: 404,
            detail: format!("there is no sandbox `{key}`"),
        };
        for format in [LogFormat::Text, LogFormat::Json] {
            let mut lines = Lines::new(format);
            lines.add(&Line::Unmatched(row.clone().into(), Timestamp::UNIX_EPOCH));
            let text = lines.take();
            let is_hidden = text.contains("there is no sandbox `[redacted]`") && text.contains("/[redacted]/x") && !text.contains("a=b");
            assert!(is_hidden && !text.contains("q7q7"), "{text}");
        }
    }
}
