//! Comparing an answer with what a conversation expects: exact values, or matchers that begin with `~`, such as `~uuid` or
//! `~/regular expression/`. What begins so and is no matcher matches nothing.

use serde_json::Value;

use crate::scenario::error::quoted;

/// How strictly objects are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// The same members in the same order.
    Exact,
    /// At least these.
    AtLeast,
}

/// Every difference, with its path.
#[must_use]
pub fn differences(expected: &Value, found: &Value, members: Members, path: &str) -> Vec<String> {
    match (expected, found) {
        (Value::String(matcher), _) if matcher.starts_with('~') => {
            if matches(matcher, found) {
                Vec::new()
            } else {
                vec![format!("{path}: {matcher} does not match {found}")]
            }
        }
        (Value::Object(expected), Value::Object(found)) => {
            let mut rows = Vec::new();
            for (name, value) in expected {
                match found.get(name) {
                    Some(found) => rows.extend(differences(value, found, members, &format!("{path}.{name}"))),
                    None => rows.push(format!("{path}.{name} is missing")),
                }
            }
            if members == Members::Exact {
                rows.extend(
                    found
                        .iter()
                        .filter(|(name, _)| !expected.contains_key(*name))
                        .map(|(name, value)| format!("{path}.{name} is not expected: {value}")),
                );
                if rows.is_empty() && !expected.keys().eq(found.keys()) {
                    let names = |keys: serde_json::map::Keys<'_>| keys.cloned().collect::<Vec<_>>().join(", ");
                    rows.push(format!("{path}: members come as {}, expected {}", names(found.keys()), names(expected.keys())));
                }
            }
            rows
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let rows = expected.iter().zip(found).enumerate();
            rows.flat_map(|(place, (expected, found))| differences(expected, found, members, &format!("{path}[{place}]"))).collect()
        }
        (expected, found) if expected == found => Vec::new(),
        (expected, found) => vec![format!("{path}: expected {expected}, found {found}")],
    }
}

/// Whether a text matches an expectation, which may be a matcher.
#[must_use]
pub fn text(expected: &str, found: &str) -> bool {
    if expected.starts_with('~') { matches(expected, &Value::from(found)) } else { expected == found }
}

/// The matchers that are words.
const WORDS: [&str; 10] =
    ["~any", "~string", "~integer", "~number", "~boolean", "~null-or-string", "~uuid", "~hex32", "~date-time", "~base64-pdf"];

/// Whether an expected text can match anything.
///
/// # Errors
/// What to write instead.
pub fn check(expected: &str) -> Result<(), String> {
    if !expected.starts_with('~') || WORDS.contains(&expected) {
        return Ok(());
    }
    // What a conversation has saved is put in later.
    let mut parts = expected.split("{{");
    let first = parts.next().unwrap_or_default().to_owned();
    let filled = parts.fold(first, |text, part| text + part.split_once("}}").map_or(part, |(_, rest)| rest));
    match pattern(&filled).map(regex::Regex::new) {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()),
        None => Err(format!("a text that begins with `~` is `~/regular expression/` or one of {}", quoted(&WORDS))),
    }
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
