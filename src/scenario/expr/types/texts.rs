//! Which texts and which numbers something can be.

use regex::Regex;

use crate::base::text;
use crate::carrier::countries;
use crate::scenario::error::{nearest, quoted};
use crate::scenario::expr::{Comparison, Operator};

/// What carriers write for a country that ISO 3166 does not have.
const KOSOVO: &str = "XK";

/// Which texts something can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Texts {
    Any,
    /// One of the words of a closed list.
    Words(Vec<String>),
    /// One of these, or a text that is near none of them.
    Usual(Vec<String>),
    /// The same of a list that a document has: others are told of.
    Listed(Vec<String>),
    /// The same, in any case of letters.
    AnyCase(Vec<String>),
    /// Any, which stand for what a document has as a number or a flag.
    Written,
    /// The codes of countries with two letters, in capitals.
    Countries,
    /// Paths, which begin with a slash: those of some templates, in which `{name}` is a part of any text; any where there is none.
    Paths(Vec<String>),
    /// Texts that have no capitals in them.
    Lower,
}

/// Where in a text another one is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Start,
    End,
    Anywhere,
}

impl Place {
    /// Whether a text has another one there.
    pub fn has(self, text: &str, part: &str) -> bool {
        match self {
            Self::Start => text.starts_with(part),
            Self::End => text.ends_with(part),
            Self::Anywhere => text.contains(part),
        }
    }
}

impl Texts {
    pub fn or(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Words(own), Self::Words(other)) => Self::Words(own.into_iter().chain(other.iter().cloned()).collect()),
            (Self::Listed(own), Self::Listed(other)) => Self::Listed(own.into_iter().chain(other.iter().cloned()).collect()),
            (Self::AnyCase(own), Self::AnyCase(other)) => Self::AnyCase(own.into_iter().chain(other.iter().cloned()).collect()),
            (own, other) if own == *other => own,
            _ => Self::Any,
        }
    }

    pub fn lowered(&self) -> Self {
        match self {
            Self::Words(words) => Self::Words(words.iter().map(|word| word.to_lowercase()).collect()),
            Self::Countries => Self::Words(countries::all().map(|country| country.alpha2).chain([KOSOVO]).map(str::to_lowercase).collect()),
            _ => Self::Lower,
        }
    }

    /// Whether one of its texts passes a test; true where they are no closed list.
    pub fn any(&self, test: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Words(words) => words.iter().any(|word| test(word)),
            Self::Countries => countries::all().any(|country| test(country.alpha2)) || test(KOSOVO),
            Self::Any | Self::Written | Self::Usual(_) | Self::Listed(_) | Self::AnyCase(_) | Self::Paths(_) | Self::Lower => true,
        }
    }

    /// Whether one of its texts can fit a glob.
    pub fn fits_glob(&self, glob: &str) -> bool {
        match self {
            Self::Paths(_) => self.has(glob.split('*').next().unwrap_or_default(), Place::Start),
            _ => self.any(|word| text::fits_glob(word, glob)),
        }
    }

    /// What a document lists where a word is none of it.
    pub fn unlisted(&self, word: &str) -> Option<&[String]> {
        self.unlisted_by(word, |own, word| own == word)
    }

    /// The same of a glob that none of the words fits.
    pub fn unlisted_glob(&self, glob: &str) -> Option<&[String]> {
        self.unlisted_by(glob, text::fits_glob)
    }

    /// The same of a text that none of the words has in it.
    pub fn unlisted_part(&self, part: &str, place: Place) -> Option<&[String]> {
        self.unlisted_by(part, |own, part| place.has(own, part))
    }

    /// The same of a pattern that fits none of the words.
    pub fn unlisted_pattern(&self, pattern: &Regex) -> Option<&[String]> {
        let fits = |own: &String| pattern.is_match(own);
        match self {
            Self::Listed(words) => (!words.iter().any(fits)).then_some(words),
            Self::AnyCase(words) => {
                let in_any_case = |own: &String| fits(own) || fits(&own.to_lowercase()) || fits(&own.to_uppercase());
                (!words.iter().any(in_any_case)).then_some(words)
            }
            _ => None,
        }
    }

    /// The same of a text that fits none of the words.
    fn unlisted_by(&self, text: &str, fits: impl Fn(&str, &str) -> bool) -> Option<&[String]> {
        let (words, is_listed) = match self {
            Self::Listed(words) => (words, words.iter().any(|own| fits(own, text))),
            Self::AnyCase(words) => {
                let lowered = text.to_lowercase();
                (words, words.iter().any(|own| fits(&own.to_lowercase(), &lowered)))
            }
            _ => return None,
        };
        (!is_listed).then_some(words)
    }

    fn allows(&self, text: &str) -> bool {
        match self {
            Self::Any | Self::Written => true,
            Self::AnyCase(words) if words.iter().any(|word| word.eq_ignore_ascii_case(text)) => true,
            Self::Words(words) => words.iter().any(|word| word == text),
            Self::Usual(words) | Self::Listed(words) | Self::AnyCase(words) => {
                words.iter().any(|word| word == text) || nearest(text, alike(words, text)).is_none()
            }
            // Codes from `XA` to `XZ` are everybody's own.
            Self::Countries => {
                countries::find(text).is_some_and(|country| country.alpha2 == text) || matches!(text.as_bytes(), [b'X', b'A'..=b'Z'])
            }
            // What stands in braces in a document is a value in a call.
            Self::Paths(_) if text.contains('{') => false,
            Self::Paths(all) => text.starts_with('/') && (all.is_empty() || all.iter().any(|template| is_path_of(text, template))),
            Self::Lower => text.to_lowercase() == text,
        }
    }

    /// Whether a text can be among both.
    pub fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (own, Self::Words(words)) | (Self::Words(words), own) => words.iter().any(|word| own.allows(word)),
            _ => true,
        }
    }

    /// Whether one of its texts can have another one in it.
    pub fn has(&self, part: &str, place: Place) -> bool {
        match self {
            Self::Lower => part.to_lowercase() == part,
            Self::Paths(_) if place != Place::Start || part.is_empty() => true,
            Self::Paths(all) => part.starts_with('/') && (all.is_empty() || all.iter().any(|template| can_begin(template, part))),
            closed => closed.any(|word| place.has(word, part)),
        }
    }

    /// Takes away the words that do not pass a test.
    pub fn retain(&mut self, test: impl Fn(&str) -> bool) {
        if let Self::Words(words) = self {
            words.retain(|word| test(word));
        }
    }

    /// How many words are looked at for a test.
    pub fn count(&self) -> usize {
        if let Self::Words(words) | Self::Usual(words) | Self::Listed(words) | Self::AnyCase(words) = self { words.len() } else { 1 }
    }

    /// The lengths of the shortest and the longest, in characters.
    pub fn lengths(&self) -> (f64, f64) {
        let Self::Words(words) = self else { return (0.0, f64::INFINITY) };
        let lengths = || words.iter().filter_map(|word| u32::try_from(word.chars().count()).ok());
        (lengths().min().map_or(0.0, f64::from), lengths().max().map_or(f64::INFINITY, f64::from))
    }

    /// The only text that it can be.
    pub fn only(&self) -> Option<&str> {
        let Self::Words(words) = self else { return None };
        let (first, rest) = words.split_first()?;
        rest.iter().all(|word| word == first).then_some(first)
    }

    /// What to write in the place of something that it can never be.
    pub fn advice(&self, found: &str) -> Option<String> {
        match self {
            Self::Any | Self::Written => None,
            Self::Words(words) | Self::Usual(words) | Self::Listed(words) | Self::AnyCase(words) => {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                Some(match (nearest(found, words.iter().copied()), words.len()) {
                    (Some(near), _) if !found.is_empty() => format!("did you mean `'{near}'`?"),
                    (_, 1) => format!("it is always `'{}'`", words[0]),
                    (_, 2..=24) => format!("it is one of {}", quoted(&words)),
                    _ => "it is one of many words, and none of these".to_owned(),
                })
            }
            Self::Countries => Some(match countries::find(found).or_else(|| countries::named(found)) {
                Some(country) => format!("countries are codes of two capitals: `'{}'`", country.alpha2),
                None => "countries are codes of two capitals, such as `'US'`".to_owned(),
            }),
            Self::Paths(_) if found.contains('{') => {
                Some("what is in braces is a value in a call: write the value, or `*` for any".to_owned())
            }
            Self::Paths(all) => {
                let own: Vec<&str> = all.iter().map(String::as_str).collect();
                let which = if (1..=4).contains(&own.len()) { format!(": {}", quoted(&own)) } else { String::new() };
                Some(format!("paths begin with `/`, and without the mount{which}"))
            }
            Self::Lower => Some("it is in lower case".to_owned()),
        }
    }
}

/// Whether a path is one of a template. Which case its letters have, and how many slashes there are, is the vendor's affair.
pub fn is_path_of(path: &str, template: &str) -> bool {
    let parts = |text: &'_ str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let (path, template) = (parts(path), parts(template));
    path.len() == template.len() && path.iter().zip(&template).all(|(own, part)| part.contains('{') || own.eq_ignore_ascii_case(part))
}

/// Whether a path of a template can begin so: with its parts, of which the last may be the beginning of one.
fn can_begin(template: &str, start: &str) -> bool {
    let (whole, last) = start.rsplit_once('/').unwrap_or(("", start));
    let mut parts = template.split('/').filter(|part| !part.is_empty());
    let mut fits = |own: &str, is_whole: bool| {
        parts.next().is_some_and(|part| {
            let beginning = part.get(..own.len()).filter(|_| !is_whole || own.len() == part.len());
            part.contains('{') || beginning.is_some_and(|part| part.eq_ignore_ascii_case(own))
        })
    };
    whole.split('/').filter(|part| !part.is_empty()).all(|part| fits(part, true)) && (last.is_empty() || fits(last, false))
}

/// Words that begin like a text and are about as long: of long lists, those that are worth a closer look.
fn alike<'w>(words: &'w [String], text: &str) -> impl Iterator<Item = &'w str> {
    let first = |text: &str| text.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let (start, length) = (first(text), text.len());
    words.iter().map(String::as_str).filter(move |word| first(word) == start && word.len().abs_diff(length) <= 1 + length / 3)
}

/// Which numbers something can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Numbers {
    pub least: f64,
    pub most: f64,
    pub whole: bool,
}

impl Numbers {
    pub const ANY: Self = Self { least: f64::NEG_INFINITY, most: f64::INFINITY, whole: false };

    pub const fn exactly(number: f64) -> Self {
        Self { least: number, most: number, whole: false }
    }

    pub fn or(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most), whole: self.is_whole() && other.is_whole() }
    }

    pub fn is_empty(self) -> bool {
        if self.whole { self.least.ceil() > self.most.floor() } else { self.least > self.most }
    }

    /// Whether a number can be among both.
    pub fn meets(self, other: Self) -> bool {
        !Self { least: self.least.max(other.least), most: self.most.min(other.most), whole: self.whole || other.whole }.is_empty()
    }

    /// Whether a comparison by size can be true.
    pub fn compares(self, comparison: Comparison, other: Self) -> bool {
        match comparison {
            Comparison::Less => self.least < other.most,
            Comparison::LessOrEqual => self.least <= other.most,
            Comparison::Greater => self.most > other.least,
            Comparison::GreaterOrEqual => self.most >= other.least,
            _ => true,
        }
    }

    /// Takes a comparison with a number into account; whether a number is left.
    pub fn narrow(&mut self, comparison: Comparison, number: f64) -> bool {
        match comparison {
            Comparison::Equal => (self.least, self.most) = (self.least.max(number), self.most.min(number)),
            Comparison::Less => self.most = self.most.min(number.next_down()),
            Comparison::LessOrEqual => self.most = self.most.min(number),
            Comparison::Greater => self.least = self.least.max(number.next_up()),
            Comparison::GreaterOrEqual => self.least = self.least.max(number),
            _ => {}
        }
        !self.is_empty()
    }

    /// Takes a number away, where that leaves an interval.
    pub fn leave_out(&mut self, number: f64) {
        if self.whole {
            self.least = if self.least.ceil() == number { number + 1.0 } else { self.least };
            self.most = if self.most.floor() == number { number - 1.0 } else { self.most };
        } else if (self.least, self.most) == (number, number) {
            (self.least, self.most) = (f64::INFINITY, f64::NEG_INFINITY);
        }
    }

    /// What a calculation with a number of each can give; `None` where that is divided by may be zero.
    pub fn calculate(self, operator: Operator, other: Self) -> Option<Self> {
        if operator == Operator::Divide && other.least <= 0.0 && other.most >= 0.0 {
            return None;
        }
        let of = |one: f64, other: f64| match operator {
            Operator::Add => one + other,
            Operator::Subtract => one - other,
            Operator::Multiply => one * other,
            Operator::Divide => one / other,
        };
        let ends = [self.least, self.most].into_iter().flat_map(|one| [other.least, other.most].map(|other| of(one, other)));
        // Nothing without end, or what is endless by itself, comes near to zero.
        let ends: Vec<f64> = ends.map(|end| if end.is_nan() { 0.0 } else { end }).collect();
        let (least, most) = ends.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), end| (least.min(*end), most.max(*end)));
        Some(Self { least, most, whole: self.is_whole() && other.is_whole() && operator != Operator::Divide })
    }

    /// Whether it has whole numbers alone: a single one is whole without saying so.
    fn is_whole(self) -> bool {
        self.whole || self.least == self.most && self.least.fract() == 0.0
    }

    pub fn advice(self) -> Option<String> {
        let what = if self.whole { "a whole number" } else { "a number" };
        match (self.least.is_finite(), self.most.is_finite()) {
            (true, true) if self.least == self.most => None,
            (true, true) => Some(format!("it is {what} from {} to {}", self.least, self.most)),
            (true, false) => Some(format!("it is {what} from {}", self.least)),
            (false, true) => Some(format!("it is {what} up to {}", self.most)),
            _ if self.whole => Some(format!("it is {what}")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_those_of_iso_and_everybodys_own() {
        for (text, expected) in [("DE", true), ("XK", true), ("de", false), ("DEU", false), ("Germany", false), ("ZZ", false), ("", false)]
        {
            assert_eq!(Texts::Countries.allows(text), expected, "{text}");
        }
        assert!(Texts::Countries.any(|code| code == "XK") && Texts::Countries.lowered().allows("xk"));
    }

    #[test]
    fn paths_begin_as_their_templates_do() {
        let paths = Texts::Paths(vec!["/tracks/{carrier}/{number}".to_owned(), "/batches".to_owned()]);
        for (start, expected) in [
            ("", true),
            ("/", true),
            ("/tr", true),
            ("/tracks", true),
            ("/Tracks/", true),
            ("/tracks/x/1", true),
            ("/tracks/x/1/", true),
            ("/tracks/x/1/more", false),
            ("/track/", false),
            ("/shippo/tracks/", false),
            ("/shippo", false),
            ("tracks", false),
        ] {
            assert_eq!(paths.has(start, Place::Start), expected, "{start}");
            assert_eq!(paths.fits_glob(&format!("{start}*")), expected, "{start}");
        }
        assert!(Texts::Paths(Vec::new()).has("/shippo", Place::Start));
    }

    #[test]
    fn unusual_words_are_possible_unless_they_look_misspelt() {
        let words = Texts::Usual(vec!["PDF_4x6".to_owned(), "ZPLII".to_owned()]);
        for (text, expected) in [("PDF_4x6", true), ("pdf_4X6", false), ("PDF4x6", false), ("ZPLI", false), ("SVG", true), ("", true)] {
            assert_eq!(words.allows(text), expected, "{text}");
        }
    }

    #[test]
    fn bounds_leave_whole_numbers_or_none() {
        let from_one = Numbers { least: 1.0, most: f64::INFINITY, whole: true };
        let left = |comparisons: &[(Comparison, f64)]| {
            let mut numbers = from_one;
            comparisons.iter().all(|(comparison, number)| numbers.narrow(*comparison, *number))
        };
        assert!(left(&[(Comparison::Greater, 1.0), (Comparison::Less, 3.0)]));
        assert!(!left(&[(Comparison::Greater, 1.0), (Comparison::Less, 2.0)]));
        assert!(!left(&[(Comparison::Equal, 1.5)]) && !left(&[(Comparison::Less, 1.0)]));
        assert!(left(&[(Comparison::Equal, 2.0), (Comparison::LessOrEqual, 2.0)]));
    }
}
