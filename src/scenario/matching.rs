//! Comparing an answer with what a conversation expects: exact values, or matchers that begin with `~`, such as `~uuid` or
//! `~/regular expression/`. What begins so and is no matcher matches nothing.

use serde_json::Value;

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

/// Every difference, with the position of the expectation that is not met.
pub(super) fn differences(expected: &Node, found: &Value, members: Members, path: &str) -> Vec<(Span, Difference)> {
    match (&expected.kind, found) {
        (Kind::Text(matcher), _) if matcher.starts_with('~') => {
            if matches(matcher, found) {
                return Vec::new();
            }
            vec![(expected.span, Difference::Unmatched { path: path.to_owned(), matcher: matcher.clone(), found: found.clone() })]
        }
        (Kind::Map(wanted), Value::Object(found)) => {
            let path = || path.to_owned();
            let mut rows = Vec::new();
            for member in wanted {
                let name = &member.key.value;
                match found.get(name) {
                    Some(found) => rows.extend(differences(&member.value, found, members, &format!("{}.{name}", path()))),
                    None => rows.push((member.key.span, Difference::Missing { path: path(), name: name.clone() })),
                }
            }
            if members == Members::Exact {
                let names: Vec<&String> = wanted.iter().map(|member| &member.key.value).collect();
                let others = found.iter().filter(|(name, _)| !names.contains(name));
                rows.extend(others.map(|(name, value)| {
                    (expected.span, Difference::Unexpected { path: path(), name: name.clone(), found: value.clone() })
                }));
                if rows.is_empty() && !names.iter().copied().eq(found.keys()) {
                    let (found, expected_names) = (found.keys().cloned().collect(), names.into_iter().cloned().collect());
                    rows.push((expected.span, Difference::Order { path: path(), found, expected: expected_names }));
                }
            }
            rows
        }
        (Kind::List(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let rows = wanted.iter().zip(found).enumerate();
            rows.flat_map(|(index, (wanted, found))| differences(wanted, found, members, &format!("{path}[{index}]"))).collect()
        }
        _ => {
            let wanted = expected.to_json();
            let difference = || Difference::Value { path: path.to_owned(), expected: wanted.clone(), found: found.clone() };
            if wanted == *found { Vec::new() } else { vec![(expected.span, difference())] }
        }
    }
}

/// Whether a text matches an expectation, which may be a matcher.
pub(super) fn text(expected: &str, found: &str) -> bool {
    if expected.starts_with('~') { matches(expected, &Value::from(found)) } else { expected == found }
}

/// The matchers that are words.
const WORDS: [&str; 10] =
    ["~any", "~string", "~integer", "~number", "~boolean", "~null-or-string", "~uuid", "~hex32", "~date-time", "~base64-pdf"];

/// A text that begins with `~` and is no matcher.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(super) enum BadMatcher {
    #[error("a text that begins with `~` is `~/regular expression/` or one of {}", quoted(&WORDS))]
    Unknown,
    /// The last line of what the reader of patterns says.
    #[error("{}", .0.to_string().lines().last().unwrap_or_default().trim_start_matches("error: "))]
    Pattern(regex::Error),
}

/// Whether an expected text can match anything.
pub(super) fn check(expected: &str) -> Result<(), BadMatcher> {
    if !expected.starts_with('~') || WORDS.contains(&expected) {
        return Ok(());
    }
    // What a conversation has saved is put in later.
    let mut parts = expected.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    let filled = parts.fold(first, |text, part| text + part.split_once("}}").map_or(part, |(_, rest)| rest));
    regex::Regex::new(pattern(&filled).ok_or(BadMatcher::Unknown)?).map(drop).map_err(BadMatcher::Pattern)
}

fn pattern(matcher: &str) -> Option<&str> {
    matcher.strip_prefix("~/")?.strip_suffix('/')
}

fn matches(matcher: &str, found: &Value) -> bool {
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
        matcher => {
            let regex = pattern(matcher).and_then(|pattern| regex::Regex::new(pattern).ok());
            regex.is_some_and(|regex| regex.is_match(&text.map_or_else(|| found.to_string(), str::to_owned)))
        }
    }
}

fn base64_decodes(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}
