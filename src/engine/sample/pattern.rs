//! Texts that a regular expression matches, for samples: random ones where it leaves a choice, and as short as it allows.

use rand::RngExt as _;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::base::entropy::Rng;

/// How long a text becomes, and how deep an expression is followed, at most.
const LONGEST: usize = 512;
const DEEPEST: usize = 32;

/// A text for an expression; `None` if it uses what our engine does not know.
pub(super) fn text(source: &str, rng: &mut Rng) -> Option<String> {
    let mut text = String::new();
    add(&regex_syntax::parse(source).ok()?, rng, 0, &mut text);
    Some(text)
}

fn add(hir: &Hir, rng: &mut Rng, depth: usize, text: &mut String) {
    if depth > DEEPEST || text.len() > LONGEST {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges: Vec<_> = class.iter().collect();
            // What people can read and type, where there is that.
            let plain: Vec<_> = ranges.iter().filter(|range| range.start() >= ' ' && range.end().is_ascii()).collect();
            let range = if plain.is_empty() { ranges.first() } else { plain.get(rng.random_range(0..plain.len())).copied() };
            if let Some(range) = range {
                let (start, end) = (u32::from(range.start()), u32::from(range.end()));
                text.push(char::from_u32(rng.random_range(start..=end.min(start + 94))).unwrap_or(range.start()));
            }
        }
        HirKind::Class(Class::Bytes(class)) => text.extend(class.iter().next().map(|range| char::from(range.start()))),
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| add(&repetition.sub, rng, depth + 1, text)),
        HirKind::Capture(capture) => add(&capture.sub, rng, depth + 1, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| add(part, rng, depth + 1, text)),
        HirKind::Alternation(parts) => {
            let index = rng.random_range(0..parts.len());
            add(&parts[index], rng, depth + 1, text);
        }
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;
    use crate::base::entropy;

    #[test]
    fn texts_match_their_expression() {
        for source in [
            "^#(?:[0-9a-f]{3}|[0-9a-f]{6})$",
            r"/images/([a-f\d]{24})",
            "^[A-Z]{2}[0-9]+$",
            "^(a|b|c){2,}x?$",
            r"^\S+@\S+$",
            "",
            "[^a]{3}",
            "^.{4}$",
        ] {
            for number in 0..20 {
                let text = text(source, &mut entropy::stream(42, &["pattern"], number)).expect("an expression");
                assert!(Regex::new(source).is_ok_and(|regex| regex.is_match(&text)), "{source}: {text:?}");
            }
        }
        assert_eq!(text("(?!a)", &mut entropy::stream(42, &["pattern"], 0)), None);
        assert!(text("(a{1000}){1000}", &mut entropy::stream(42, &["pattern"], 0)).is_none_or(|text| text.len() < 1024));
    }
}
