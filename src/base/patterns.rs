//! Regular expressions that callers bring, as far as they cost little.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

/// The patterns of one call, each compiled once.
pub struct Patterns {
    compiled: BTreeMap<String, Option<Regex>>,
    left: usize,
}

/// How many bytes they look at: those of the texts, and many times those of each pattern that is compiled, because a class such as
/// `\pL` is hundreds of ranges.
const MOST: usize = 32 * 1024;
const COMPILING: usize = 16;

impl Default for Patterns {
    fn default() -> Self {
        Self { compiled: BTreeMap::new(), left: MOST }
    }
}

impl Patterns {
    /// Whether a text matches a pattern; nothing for a pattern that takes more than linear time (look-around, back-references) or is
    /// large, and once texts and patterns together were long.
    pub fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let is_new = !self.compiled.contains_key(pattern);
        let cost = text.len().saturating_add(if is_new { pattern.len().saturating_mul(COMPILING) } else { 0 });
        self.left = self.left.checked_sub(cost.saturating_add(1))?;
        if is_new {
            self.compiled.insert(pattern.to_owned(), RegexBuilder::new(pattern).size_limit(1 << 16).build().ok());
        }
        self.compiled.get(pattern)?.as_ref().map(|pattern| pattern.is_match(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_costs_much_is_not_judged() {
        let mut patterns = Patterns::default();
        assert_eq!(patterns.matches("^[A-Z]+$", "ABC"), Some(true));
        assert_eq!(patterns.matches("^[A-Z]+$", "abc"), Some(false));
        assert_eq!(patterns.matches("(?=a)", "a"), None);
        assert_eq!(patterns.matches(&r"\pL{1,2}".repeat(4_000), "a"), None);
        assert_eq!(patterns.matches("^[A-Z]+$", "ABC"), Some(true), "what was not looked at costs nothing");
        let judged = (0..100).filter(|_| patterns.matches("b", &"a".repeat(1_000)).is_some()).count();
        assert!((20..40).contains(&judged), "{judged}");
    }
}
