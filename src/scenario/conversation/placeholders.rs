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

/// The name that is meant by what is none, as it is written in scenarios and elsewhere: `$a`, `env:A`, or the same with blanks.
pub(in crate::scenario) fn meant(text: &str) -> Option<String> {
    let word = text.trim();
    let bare = word.strip_prefix('$').unwrap_or(word);
    let variable = bare.get(..4).filter(|start| ["env.", "env:"].iter().any(|known| start.eq_ignore_ascii_case(known)));
    let name = variable.map_or_else(|| bare.to_owned(), |start| format!("{VARIABLE}{}", &bare[start.len()..]));
    (name != text && is_name(&name)).then_some(name)
}

/// The name in front of what asks for a member or a row of its value: `a[0]`, `$a[0].b`.
pub(in crate::scenario) fn owner(text: &str) -> Option<&str> {
    let (name, _) = text.trim().trim_start_matches('$').split_once('[')?;
    is_name(name).then(|| name.split('.').next().unwrap_or(name))
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
        assert_eq!(meant(" $a.b ").as_deref(), Some("a.b"));
        assert_eq!(["env:X", "ENV.X", "$env.X", " env.X"].map(meant), [(); 4].map(|()| Some("env.X".to_owned())));
        assert_eq!([meant("a"), meant("env.X"), meant("a b"), meant("1")], [(); 4].map(|()| None));
        assert_eq!((owner("a[0].b"), owner("$a[0]"), owner("a"), owner("[0]")), (Some("a"), Some("a"), None, None));
        assert!(is_name("b") && is_name("_c-1.d") && !is_name("1") && !is_name(" b"));
    }
}
