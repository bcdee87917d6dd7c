//! Comparing an answer with what a conversation expects: exact values, or matchers that begin with `~`, such as `~uuid` or
//! `~/regular expression/`. What begins so and is no matcher matches nothing.

use serde_json::Value;

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
        pattern => {
            let pattern = pattern.strip_prefix("~/").and_then(|pattern| pattern.strip_suffix('/'));
            let regex = pattern.and_then(|pattern| regex::Regex::new(pattern).ok());
            regex.is_some_and(|regex| regex.is_match(&text.map_or_else(|| found.to_string(), str::to_owned)))
        }
    }
}

fn base64_decodes(text: &str) -> bool {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).is_ok()
}
