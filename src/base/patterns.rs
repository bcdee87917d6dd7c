//! Regular expressions that callers and files bring, as far as they cost little: all of them are compiled here.

use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Hir, HirKind};

/// How many bytes the text of an expression may have.
pub const LONGEST: usize = 4096;
/// At how many places of an expression a search may be at once.
pub const MOST_PLACES: usize = 8192;
/// What a small expression takes at most. What larger ones take is a multiple of it.
pub const SMALL: usize = 16 << 10;
/// What an expression may take.
pub const LARGE: usize = 256 << 10;

/// An expression that was compiled, with what it costs.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub regex: Regex,
    /// About the bytes that it takes.
    pub bytes: usize,
    /// What each byte of a text costs at most that it looks through: at how many places of it a search may be at once.
    pub places: usize,
}

/// Why an expression is not compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("it is too large")]
    TooLarge,
    /// What it has that is not read, in one line.
    #[error("{0}")]
    Unread(String),
}

/// Compiles an expression, as far as it costs little.
///
/// # Errors
/// When it is long or takes much, or is none that matches in linear time (look-around, back-references).
pub fn compile(text: &str) -> Result<Pattern, Unfit> {
    let large = |error: &regex::Error| matches!(error, regex::Error::CompiledTooBig(_));
    if text.len() > LONGEST {
        return Err(Unfit::TooLarge);
    }
    // What cannot be parsed is told by the builder.
    let places = regex_syntax::parse(text).map_or(0, |hir| places(&hir));
    if places > MOST_PLACES {
        return Err(Unfit::TooLarge);
    }
    for bytes in [SMALL, 64 << 10, LARGE] {
        match RegexBuilder::new(text).size_limit(bytes).dfa_size_limit(LARGE).build() {
            Ok(regex) => return Ok(Pattern { regex, bytes, places }),
            Err(error) if large(&error) => {}
            Err(error) => {
                let line = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                return Err(Unfit::Unread(line));
            }
        }
    }
    Err(Unfit::TooLarge)
}

fn places(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(text) => text.0.len(),
        HirKind::Class(_) => 1,
        HirKind::Capture(group) => places(&group.sub),
        HirKind::Repetition(part) => {
            let times = part.max.unwrap_or(part.min).max(1);
            places(&part.sub).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().map(places).fold(0, usize::saturating_add),
    }
}

impl Pattern {
    /// Whether a text matches, and takes what that costs from what is `left`; nothing where that is too little.
    pub fn matches(&self, text: &str, left: &mut usize) -> Option<bool> {
        *left = left.checked_sub(self.places.max(1).saturating_mul(text.len()))?;
        Some(self.regex.is_match(text))
    }
}

/// The patterns of one call, each compiled once.
pub struct Patterns {
    compiled: BTreeMap<String, Option<Pattern>>,
    left: usize,
}

/// How many bytes they look at: those of the texts, once for each 512 places of a pattern, many times those of each pattern that is
/// compiled, because a class such as `\pL` is hundreds of ranges, and a part of what it takes then.
const MOST: usize = 32 * 1024;
const PLACES: usize = 512;
const COMPILING: usize = 16;
const COMPILED: usize = 128;

impl Default for Patterns {
    fn default() -> Self {
        Self { compiled: BTreeMap::new(), left: MOST }
    }
}

impl Patterns {
    /// Whether a text matches a pattern; nothing for a pattern that [`compile`] does not take, and once texts and patterns together were
    /// long.
    pub fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let is_new = !self.compiled.contains_key(pattern);
        self.pay(if is_new { pattern.len().saturating_mul(COMPILING) } else { 0 })?;
        if is_new {
            let compiled = compile(pattern);
            let bytes = match &compiled {
                Ok(compiled) => compiled.bytes,
                Err(Unfit::TooLarge) => LARGE,
                Err(Unfit::Unread(_)) => 0,
            };
            self.compiled.insert(pattern.to_owned(), compiled.ok());
            self.pay(bytes / COMPILED)?;
        }
        let places = self.compiled.get(pattern)?.as_ref()?.places;
        self.pay(text.len().saturating_mul(places.div_ceil(PLACES).max(1)))?;
        self.compiled.get(pattern)?.as_ref().map(|pattern| pattern.regex.is_match(text))
    }

    /// Takes as much, and one more, if it is left.
    fn pay(&mut self, cost: usize) -> Option<()> {
        self.left = self.left.checked_sub(cost.saturating_add(1))?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_a_length_a_number_of_places_and_a_size() {
        let large = ["a".repeat(LONGEST + 1), "(a{1000}){1000}".to_owned(), r"\w{2000}".to_owned(), "[a-z]{9000}".to_owned()];
        for text in large {
            assert_eq!(compile(&text).expect_err("too large"), Unfit::TooLarge, "{}", &text[..9]);
        }
        assert!(matches!(compile("(?=a)"), Err(Unfit::Unread(why)) if why.contains("look-around")));
        let pattern = compile("^(ab|[0-9]{3}){4}$").expect("an expression");
        assert_eq!((pattern.places, pattern.bytes), (20, SMALL));
        let mut left = 200;
        assert_eq!((pattern.matches("01", &mut left), left), (Some(false), 160));
        assert_eq!((pattern.matches(&"ab".repeat(5), &mut left), left), (None, 160), "what is too long costs nothing");
    }

    #[test]
    fn what_takes_much_is_compiled_a_few_times_in_one_call() {
        let mut patterns = Patterns::default();
        let judged = (0..300).filter(|number| patterns.matches(&format!(r"\w{{3}}|{number}"), "x").is_some()).count();
        assert!((1..200).contains(&judged), "{judged}");
    }

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
