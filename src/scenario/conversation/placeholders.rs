//! Names in the texts of a conversation: `{{name}}` for what a step saves, `{{env.NAME}}` for a variable of the environment.

use std::ops::Range;

/// The names that have a value from the beginning, and that of the turn of a step.
pub(in crate::scenario) const ALWAYS: [&str; 3] = ["inbox", "sandbox", "n"];
/// What begins the name of a variable of the environment.
pub(in crate::scenario) const VARIABLE: &str = "env.";

/// What stands in braces in a text, each with its place, the braces included.
pub(in crate::scenario) fn all(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = 0;
    text.split_inclusive("}}").filter_map(move |part| {
        let begin = at;
        at += part.len();
        let (before, name) = part.strip_suffix("}}")?.rsplit_once("{{")?;
        Some((begin + before.len()..at, name))
    })
}

/// Whether something is the name of a value rather than braces that are sent as they are.
pub(in crate::scenario) fn is_name(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
        && text.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_places() {
        let text = "a {{b}} {{ {{c.d}}}} {{e";
        assert_eq!(all(text).map(|(place, name)| (&text[place], name)).collect::<Vec<_>>(), [("{{b}}", "b"), ("{{c.d}}", "c.d")]);
        assert!(is_name("b") && is_name("_c-1.d") && !is_name("1") && !is_name(" b"));
    }
}
