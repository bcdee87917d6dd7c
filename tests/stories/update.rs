//! Rewriting expectations in place. Values are replaced by those that were found; matchers and references to saved values were meant
//! to be more than one value, so they stay for people to change, as do texts of several lines and members that are missing or too
//! many.

use std::collections::BTreeMap;

use seatrial::scenario::conversation::Failure;
use serde_json::Value;

/// The text of a conversation with every value that can be replaced; `None` if there is none.
pub fn rewritten(text: &str, failures: &[Failure]) -> Option<String> {
    let mut edits = BTreeMap::new();
    for failure in failures {
        let (start, end) = (failure.span.start, failure.span.end);
        let (Some(raw), Some(found)) = (text.get(start..end), failure.found()) else { continue };
        let introduction = text[..start].split_ascii_whitespace().next_back().unwrap_or_default();
        if raw.contains("{{") || raw.contains('~') || raw.contains('&') || introduction.starts_with(['|', '>']) {
            continue;
        }
        let new = written(raw, &found);
        // A value that stands for two different ones, by an alias, cannot become both.
        if new != raw && edits.insert(start, (end, new.clone())).is_some_and(|(_, other)| other != new) {
            return None;
        }
    }
    let mut rewritten = text.to_owned();
    for (start, (end, new)) in edits.iter().rev() {
        rewritten.replace_range(start..end, new);
    }
    (rewritten != text).then_some(rewritten)
}

/// A value in YAML, in the quotes that the old one has if they fit.
fn written(raw: &str, found: &Value) -> String {
    match found.as_str() {
        Some(text) if raw.starts_with('\'') && !text.contains(['\'', '\n']) => format!("'{text}'"),
        Some(text) if !raw.starts_with(['"', '\'']) && is_plain(text) => text.to_owned(),
        _ => found.to_string(),
    }
}

/// Whether a text needs no quotes, not even among brackets.
fn is_plain(text: &str) -> bool {
    let inner = |letter: char| letter.is_ascii_alphanumeric() || " ._/-".contains(letter);
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && !["true", "false", "null"].contains(&text.to_ascii_lowercase().as_str())
}
