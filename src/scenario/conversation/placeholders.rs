//! Names in the texts of a conversation: `{{name}}` for what a step saves, `{{env.NAME}}` for a variable of the environment.

use std::ops::Range;

/// The names that have a value from the beginning, and that of the turn of a step.
pub(in crate::scenario) const ALWAYS: [&str; 3] = ["inbox", "sandbox", "n"];
/// A longer name in braces of other languages is none.
const LONGEST: usize = 100;
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

/// Names as other languages and documents write them, `${name}` and `{name}`, each with its place.
pub(in crate::scenario) fn foreign(text: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    text.match_indices('{').filter_map(|(at, _)| {
        let (before, inside) = (&text[..at], &text[at + 1..]);
        let end = inside.bytes().take(LONGEST).position(|byte| byte == b'}')?;
        let is_ours = before.ends_with('{') || inside[end + 1..].starts_with('}');
        let start = at - usize::from(before.ends_with('$'));
        (!is_ours && is_name(&inside[..end])).then(|| (start..at + end + 2, &inside[..end]))
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
        let text = "${a}/{b.c}/{{d}}/{}/{1}/${{e}}/{f";
        assert_eq!(foreign(text).map(|(place, name)| (&text[place], name)).collect::<Vec<_>>(), [("${a}", "a"), ("{b.c}", "b.c")]);
        assert!(is_name("b") && is_name("_c-1.d") && !is_name("1") && !is_name(" b"));
    }
}
