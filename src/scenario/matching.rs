//! Comparing an answer with what a conversation expects: exact values, or matchers that begin with `~`, such as `~uuid` or
//! `~/regular expression/`. What begins so and is no matcher matches nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;

use regex::Regex;
use serde_json::Value;

use crate::base::json;
use crate::base::patterns::{self, LARGE, LONGEST, Pattern, SMALL, Unfit};
use crate::scenario::error::{Span, quoted};
use crate::scenario::node::{Kind, Node};

/// How strictly objects are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// The same members in the same order.
    Exact,
    /// These members, among others and in any order.
    AtLeast,
}

/// One way in which a value is not as expected; `path` is where in the value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Difference {
    /// A matcher does not match.
    #[error("{path}: {matcher} does not match {found}")]
    Unmatched { path: String, matcher: String, found: Value },
    /// A member is not there.
    #[error("{path}.{name} is missing")]
    Missing { path: String, name: String },
    /// There is a member too many.
    #[error("{path}.{name} is not expected: {found}")]
    Unexpected { path: String, name: String, found: Value },
    /// The right members in another order.
    #[error("{path}: members come as {}, expected {}", found.join(", "), expected.join(", "))]
    Order { path: String, found: Vec<String>, expected: Vec<String> },
    #[error("{path}: expected {expected}, found {found}")]
    Value { path: String, expected: Value, found: Value },
}

/// What one step of a conversation may do in comparing: the work of patterns, and about the bytes of its failures. More is counted.
const WORK: usize = 16 << 20;
const ROOM: usize = 1 << 20;
/// What the patterns of one conversation may take together, and what each byte of one takes that is compiled, beside its program.
pub(super) const PATTERNS: usize = 8 << 20;
const PATTERN_BYTE: usize = 512;
/// Largest value that a failure has whole, how much of a larger one it has, and what that ends with.
const WHOLE: usize = 64 << 10;
const BEGINNING: usize = 1024;
const CUT: &str = "… (cut)";
/// What a failure takes beside its texts.
const FAILURE: usize = 160;

/// Compares what came with what is expected, within the bounds of one step after the other. Each pattern is compiled once.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// With what each byte of a text costs; nothing for a text that is no pattern.
    patterns: BTreeMap<String, Option<(Regex, usize)>>,
    /// About the bytes that they take.
    compiled: usize,
    work: usize,
    room: usize,
    /// How many failures there was no room for.
    pub unlisted: usize,
}

impl Comparison {
    pub(super) fn begin_step(&mut self) {
        (self.work, self.room, self.unlisted) = (WORK, ROOM, 0);
    }

    /// Whether not every pattern of the step could be tried.
    pub(super) fn is_exhausted(&self) -> bool {
        self.work == 0
    }

    /// Whether there is room for one more failure with so many bytes of text; one without is counted.
    pub(super) fn lists(&mut self, bytes: usize) -> bool {
        self.room = self.room.saturating_sub(bytes.saturating_add(FAILURE));
        self.unlisted += usize::from(self.room == 0);
        self.room > 0
    }

    /// Every difference that there is room for, with the position of the expectation that is not met.
    pub(super) fn differences(&mut self, expected: &Node, found: &Value, members: Members) -> Vec<(Span, Difference)> {
        let mut rows = Vec::new();
        self.compare(expected, found, members, &mut "$".to_owned(), &mut rows);
        rows
    }

    fn compare(&mut self, expected: &Node, found: &Value, members: Members, path: &mut String, rows: &mut Vec<(Span, Difference)>) {
        let here = path.len();
        match (&expected.kind, found) {
            (Kind::Text(matcher), _) if matcher.starts_with('~') => {
                if !self.matches(matcher, found) && self.lists(sizes(path, matcher, found)) {
                    let (path, matcher) = (beginning(path), beginning(matcher));
                    rows.push((expected.span, Difference::Unmatched { path, matcher, found: kept(found) }));
                }
            }
            (Kind::Map(wanted), Value::Object(found)) => {
                let before = (rows.len(), self.unlisted);
                for member in wanted {
                    let name = &member.key.value;
                    if let Some(found) = found.get(name) {
                        path.push('.');
                        path.push_str(name);
                        self.compare(&member.value, found, members, path, rows);
                        path.truncate(here);
                    } else if self.lists(sizes(path, name, &Value::Null)) {
                        rows.push((member.key.span, Difference::Missing { path: beginning(path), name: beginning(name) }));
                    }
                }
                if members == Members::AtLeast {
                    return;
                }
                let names: BTreeSet<&String> = wanted.iter().map(|member| &member.key.value).collect();
                for (name, value) in found.iter().filter(|(name, _)| !names.contains(name)) {
                    if self.lists(sizes(path, name, value)) {
                        let difference = Difference::Unexpected { path: beginning(path), name: beginning(name), found: kept(value) };
                        rows.push((expected.span, difference));
                    }
                }
                let in_order = || wanted.iter().map(|member| &member.key.value);
                if before == (rows.len(), self.unlisted) && !in_order().eq(found.keys()) {
                    let bytes: usize = found.keys().map(|name| 2 * (name.len() + size_of::<String>())).sum();
                    if self.lists(bytes) {
                        let (found, expected_names) = (found.keys().cloned().collect(), in_order().cloned().collect());
                        rows.push((expected.span, Difference::Order { path: beginning(path), found, expected: expected_names }));
                    }
                }
            }
            (Kind::List(wanted), Value::Array(found)) if wanted.len() == found.len() => {
                for (index, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                    let _ = write!(path, "[{index}]");
                    self.compare(wanted, found, members, path, rows);
                    path.truncate(here);
                }
            }
            _ => {
                let wanted = expected.to_json();
                if wanted != *found && self.lists(sizes(path, "", found) + size(&wanted)) {
                    rows.push((expected.span, Difference::Value { path: beginning(path), expected: kept(&wanted), found: kept(found) }));
                }
            }
        }
    }

    /// Whether a text matches an expectation, which may be a matcher.
    pub(super) fn text(&mut self, expected: &str, found: &str) -> bool {
        if expected.starts_with('~') { self.matches(expected, &Value::from(found)) } else { expected == found }
    }

    /// Takes as much of the step's work, if it is left.
    fn pays(&mut self, work: usize) -> bool {
        self.work = self.work.saturating_sub(work);
        self.work > 0
    }

    fn matches(&mut self, matcher: &str, found: &Value) -> bool {
        let Some(pattern) = pattern(matcher) else { return is_like(matcher, found) };
        if !self.patterns.contains_key(pattern) {
            if self.is_exhausted() {
                return false;
            }
            let (compiled, bytes) = compile(pattern);
            if self.compiled + bytes > PATTERNS {
                self.patterns.clear();
                self.compiled = 0;
            }
            self.compiled += bytes;
            self.patterns.insert(pattern.to_owned(), compiled.ok());
            if !self.pays(bytes) {
                return false;
            }
        }
        let text = found.as_str().map_or_else(|| Cow::from(found.to_string()), Cow::from);
        let Some((regex, cost)) = self.patterns.get(pattern).and_then(Option::as_ref) else { return false };
        self.work = self.work.saturating_sub(cost.saturating_mul(text.len()));
        self.work > 0 && regex.is_match(&text)
    }
}

/// A pattern with what each byte of a text costs, and what it takes itself.
fn compile(pattern: &str) -> (Result<(Regex, usize), Unfit>, usize) {
    let beside = pattern.len().saturating_mul(PATTERN_BYTE);
    match patterns::compile(pattern) {
        Ok(Pattern { regex, bytes, places }) => (Ok((regex, places)), beside + bytes),
        Err(error) if pattern.len() > LONGEST => (Err(error), pattern.len()),
        Err(error @ Unfit::TooLarge) => (Err(error), beside + LARGE),
        Err(error) => (Err(error), beside + SMALL),
    }
}

/// About the bytes of a failure's texts.
fn sizes(path: &str, text: &str, value: &Value) -> usize {
    path.len().min(BEGINNING) + text.len().min(BEGINNING) + size(value)
}

/// About the bytes of a value, as far as it is kept.
fn size(value: &Value) -> usize {
    let whole = json::allocated(value);
    if whole > WHOLE { BEGINNING } else { whole }
}

/// A value of a failure: a large one is a text with its beginning.
pub(super) fn kept(value: &Value) -> Value {
    match value {
        value if json::allocated(value) <= WHOLE => value.clone(),
        Value::String(text) => beginning(text).into(),
        value => {
            let mut written = Beginning(Vec::new());
            // It fails where it is cut.
            let _ = serde_json::to_writer(&mut written, value);
            format!("{}{CUT}", String::from_utf8_lossy(&written.0)).into()
        }
    }
}

/// A text of a failure, which says so where it is cut.
pub(super) fn beginning(text: &str) -> String {
    if text.len() <= BEGINNING { text.to_owned() } else { format!("{}{CUT}", &text[..text.floor_char_boundary(BEGINNING)]) }
}

/// Whether it is not all of a value.
pub(super) fn is_cut(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() > BEGINNING && text.ends_with(CUT))
}

/// Takes the first bytes of what is written.
struct Beginning(Vec<u8>);

impl io::Write for Beginning {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(BEGINNING - self.0.len());
        self.0.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The matchers that are words.
const WORDS: [&str; 10] =
    ["~any", "~string", "~integer", "~number", "~boolean", "~null-or-string", "~uuid", "~hex32", "~date-time", "~base64-pdf"];

/// A text that begins with `~` and is no matcher.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum BadMatcher {
    #[error("a text that begins with `~` is `~/regular expression/` or one of {}", quoted(&WORDS))]
    Unknown,
    /// What the reader of patterns says.
    #[error("{0}")]
    Pattern(String),
}

/// Whether an expected text can match anything, and what its pattern takes.
pub(super) fn check(expected: &str) -> (Result<(), BadMatcher>, usize) {
    if !expected.starts_with('~') || WORDS.contains(&expected) {
        return (Ok(()), 0);
    }
    // What a conversation has saved is put in later.
    let mut parts = expected.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    let filled = parts.fold(first, |text, part| text + part.split_once("}}").map_or(part, |(_, rest)| rest));
    let Some(pattern) = pattern(&filled) else { return (Err(BadMatcher::Unknown), 0) };
    let (compiled, bytes) = compile(pattern);
    (compiled.map(drop).map_err(|error| BadMatcher::Pattern(error.to_string())), bytes)
}

fn pattern(matcher: &str) -> Option<&str> {
    matcher.strip_prefix("~/")?.strip_suffix('/')
}

fn is_like(matcher: &str, found: &Value) -> bool {
    let text = found.as_str();
    let shaped = |test: &dyn Fn(&str) -> bool| text.is_some_and(test);
    match matcher {
        "~any" => true,
        "~string" => found.is_string(),
        "~integer" => found.is_i64() || found.is_u64(),
        "~number" => found.is_number(),
        "~boolean" => found.is_boolean(),
        "~null-or-string" => found.is_null() || found.is_string(),
        "~uuid" => shaped(&|text| uuid::Uuid::parse_str(text).is_ok() && text.len() == 36),
        "~hex32" => shaped(&|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))),
        "~date-time" => shaped(&|text| text.parse::<jiff::Timestamp>().is_ok()),
        "~base64-pdf" => shaped(&|text| text.starts_with("JVBERi0") && base64_decodes(text)),
        _ => false,
    }
}

fn base64_decodes(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(value: Value) -> Node {
        Node::from_json(&value, Span::default())
    }

    fn step() -> Comparison {
        let mut comparison = Comparison::default();
        comparison.begin_step();
        comparison
    }

    #[test]
    fn failures_have_a_bound_and_say_what_is_cut() {
        let mut step = step();
        let large = "x".repeat(1 << 20);
        let rows = step.differences(&expected(large.clone().into()), &Value::from(vec![large.as_str(); 4]), Members::Exact);
        let told = rows[0].1.to_string();
        assert!(told.len() < 4000 && told.matches(CUT).count() == 2, "{}", told.len());
        let Difference::Value { found, expected: wanted, .. } = &rows[0].1 else { panic!("{told}") };
        assert!(is_cut(found) && is_cut(wanted));
        let (wanted, found): (Value, Value) = ((0..100_000).collect(), (1..=100_000).collect());
        let rows = step.differences(&expected(wanted), &found, Members::Exact);
        assert!(rows.len() < ROOM / FAILURE && step.unlisted + rows.len() == 100_000, "{}", rows.len());
        step.begin_step();
        let found = Value::Object((0..100_000).map(|number| (number.to_string(), large[..100].into())).collect());
        let rows = step.differences(&expected(serde_json::json!({})), &found, Members::Exact);
        assert!(rows.len() < ROOM / FAILURE && step.unlisted + rows.len() == 100_000, "{}", rows.len());
    }

    #[test]
    fn patterns_have_bounds_of_size_number_and_work_and_are_compiled_once() {
        let bad = |text: &str| check(text).0.expect_err(text).to_string();
        assert_eq!(bad(r"~/\w{2000}/"), "it is too large");
        assert_eq!(bad(&format!("~/{}/", "a".repeat(LONGEST + 1))), "it is too large");
        let mut step = step();
        let many =
            |step: &mut Comparison| (0..5000).filter(|number| step.text(&format!(r"~/\w{{3}}|{number}/"), &number.to_string())).count();
        assert!((10..2000).contains(&many(&mut step)) && step.is_exhausted());
        assert!(step.compiled <= PATTERNS);
        step.begin_step();
        let before = (0..5000).filter(|_| step.text("~/^a+$/", "aaa")).count();
        assert_eq!((before, step.is_exhausted()), (5000, false));
        let text = "a".repeat(1 << 20);
        assert!(step.text("~/^a+$/", &text));
        assert!(!step.text("~/^(a{1,9}){1,9}b$/", &text) && step.is_exhausted());
        step.begin_step();
        assert!(step.text("~/^a+$/", "aaa"));
    }
}
