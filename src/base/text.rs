//! Text that people or clients wrote: suggestions for misspelled words, letters that are not seen, and percent-encoding.

use std::borrow::Cow;
use std::fmt::Write as _;

use memchr::memmem::Finder;

/// Longer words are no misspelt ones: the work on each grows with its length.
const LONGEST_WORD: usize = 200;

/// How often letters are in a text; letters beyond ASCII share the places of others.
type Letters = [u8; 128];

/// A text that came from elsewhere: what changes how others are read is shown as an escape.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_hidden = |letter: char| {
        let is_unseen = matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        is_unseen || matches!(letter, '\u{202a}'..='\u{202e}') || (letter.is_control() && !matches!(letter, '\n' | '\t'))
    };
    if !text.contains(is_hidden) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match is_hidden(letter) {
            true => drop(write!(out, "\\u{{{:x}}}", u32::from(letter))),
            false => out.push(letter),
        }
    }
    out.into()
}

/// The candidate nearest to `word`, if its edit distance is at most a third of the length of the longer one (but one is always allowed).
/// A word of more than 200 bytes is near to none.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = Word::new(word)?;
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if let Some(distance) = word.distance(candidate, best.map_or(usize::MAX, |(least, _)| least)) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The edit distance of two words, if it is so small that [`nearest`] takes one for the other.
#[must_use]
pub fn distance(word: &str, candidate: &str) -> Option<usize> {
    Word::new(word)?.distance(candidate, usize::MAX)
}

/// A word that is held against others, in lower case.
struct Word {
    text: String,
    length: usize,
    letters: Letters,
}

impl Word {
    fn new(word: &str) -> Option<Self> {
        let text = Some(word).filter(|word| word.len() <= LONGEST_WORD)?.to_lowercase();
        Some(Self { length: text.chars().count(), letters: letters(&text), text })
    }

    /// The distance of another word, if it is near and less than `limit`.
    fn distance(&self, candidate: &str, limit: usize) -> Option<usize> {
        let lower = Some(candidate).filter(|candidate| candidate.len() <= LONGEST_WORD)?.to_lowercase();
        let allowed = (lower.chars().count().max(self.length) / 3).max(1);
        let is_near = |distance: &usize| *distance <= allowed && *distance < limit;
        is_near(&self.least_distance(&lower)).then(|| strsim::osa_distance(&self.text, &lower)).filter(is_near)
    }

    /// What the distance is at least, by the letters alone: each edit takes or adds one at most.
    fn least_distance(&self, text: &str) -> usize {
        let (mut left, mut length, mut common) = (self.letters, 0, 0);
        for letter in text.chars() {
            length += 1;
            let count = &mut left[letter as usize % 128];
            if *count > 0 {
                *count -= 1;
                common += 1;
            }
        }
        self.length.max(length) - common
    }
}

fn letters(text: &str) -> Letters {
    let mut counts = [0; 128];
    text.chars().for_each(|letter| counts[letter as usize % 128] += 1);
    counts
}

/// A text that is looked for in others, in any case of letters, in time that grows with theirs alone.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    lower: Finder<'static>,
    is_ascii: bool,
}

impl Sought {
    pub fn new(text: &str) -> Self {
        Self { lower: Finder::new(&text.to_lowercase()).into_owned(), is_ascii: text.is_ascii() }
    }

    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let lower = if self.is_ascii { bytes.to_ascii_lowercase() } else { String::from_utf8_lossy(bytes).to_lowercase().into_bytes() };
        self.lower.find(&lower).is_some()
    }
}

/// Decodes `%XX` escapes. What is not an escape is kept, what is not UTF-8 afterwards is replaced; nothing is refused.
#[must_use]
pub fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes the escapes of letters, digits, `-`, `.`, `_` and `~`: a path means the same with and without them (RFC 3986, 2.3).
/// Other escapes, and percent signs that begin none, stay as they are, so that the rest is decoded exactly once afterwards.
#[must_use]
pub fn decode_unreserved(path: &str) -> Cow<'_, str> {
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('%') {
        decoded.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let letter = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).map(char::from);
        let letter = letter.filter(|letter| letter.is_ascii_alphanumeric() || "-._~".contains(*letter));
        // Right behind a percent sign that begins no escape, a decoded digit could make it one.
        let is_open = decoded.as_bytes().iter().rev().take(2).any(|byte| *byte == b'%');
        if let Some(letter) = letter.filter(|letter| !(is_open && letter.is_ascii_hexdigit())) {
            decoded.push(letter);
            rest = &after[2..];
        } else {
            decoded.push('%');
            rest = after;
        }
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Whether a text is what a glob stands for, in which `*` is any text, none included.
#[must_use]
pub fn fits_glob(text: &str, glob: &str) -> bool {
    let Some((first, rest)) = glob.split_once('*') else { return text == glob };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text.strip_prefix(first).and_then(|text| text.strip_suffix(last));
    inner.is_some_and(|inner| middle.split('*').try_fold(inner, |left, part| left.split_once(part).map(|(_, right)| right)).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_nearest_word_is_not_looked_for_without_end() {
        let names = ["lost-parcel", "late-parcel"];
        assert_eq!(nearest("Lots-parcel", names), Some("lost-parcel"));
        assert_eq!(nearest("parcel", names), None);
        let (long, near) = ("lost-parcel".repeat(30_000), "lost-parcel".repeat(30_000) + "s");
        assert_eq!(nearest(&long, names), None);
        assert_eq!(nearest(&long, [near.as_str()]), None);
    }

    #[test]
    fn a_text_is_found_in_any_case_of_letters() {
        let check = |text: &str, bytes: &[u8], is_there: bool| assert_eq!(Sought::new(text).is_in(bytes), is_there, "{text}");
        check("Derby", b"from DERBY to Leith", true);
        check("derby", b"from Derb", false);
        check("b", b"\xff\xfeB", true);
        check("\u{c9}t\u{e9}", "l'\u{e9}T\u{c9}".as_bytes(), true);
        check("\u{c9}t\u{e9}", b"l'ete \xff", false);
        check("", b"", true);
    }

    proptest! {
        #[test]
        fn a_part_of_a_text_is_found_in_it(text in "[a-cA-C\u{e9}\u{c9}]{0,12}", part in "[a-cA-C\u{e9}]{0,3}") {
            let is_there = text.to_lowercase().contains(&part.to_lowercase());
            prop_assert_eq!(Sought::new(&part).is_in(text.as_bytes()), is_there);
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_recognized() {
        assert_eq!(nearest("creatLabel", ["createLabel", "voidLabel"]), Some("createLabel"));
        assert_eq!(nearest("xyz", ["createLabel"]), None);
        // One slip is forgiven in any word, and one for each three letters in a longer one.
        assert_eq!((nearest("up", ["us"]), nearest("on", ["at"])), (Some("us"), None));
        assert_eq!((nearest("lebxls", ["labels"]), nearest("lxbxxs", ["labels"])), (Some("labels"), None));
        assert_eq!(nearest("lavel", ["level", "gravel", "lavel"]), Some("lavel"));
        assert_eq!(nearest("labesl", ["labels"]), Some("labels"));
        let long = "x".repeat(LONGEST_WORD);
        assert_eq!(nearest(&long, [&*long]), Some(&*long));
        assert_eq!(nearest(&format!("{long}x"), [&*long]), None);
        for (one, other) in [("labels", "labesl"), ("Zürich", "zurich"), ("a", "bcd"), ("", "ab"), ("日本", "本")] {
            let word = Word::new(one).expect("it is short");
            assert!(word.least_distance(other) <= strsim::osa_distance(&word.text, other), "{one} {other}");
        }
    }

    #[test]
    fn globs_stand_for_texts() {
        let check = |glob: &str, fitting: &[&str], others: &[&str]| {
            assert!(fitting.iter().all(|text| fits_glob(text, glob)), "{glob}");
            assert!(!others.iter().any(|text| fits_glob(text, glob)), "{glob}");
        };
        check("a", &["a"], &["", "aa"]);
        check("*", &["", "a"], &[]);
        check("a*", &["a", "ab"], &["ba", ""]);
        check("a*a", &["aa", "aba"], &["a", "ab"]);
        check("*b*", &["b", "abc"], &["ac"]);
        check("a*b*c*d", &["abcd", "axbbxccd", "abcbcd"], &["acbd", "abc", "abdc"]);
        check("**", &["", "x"], &[]);
        check("s.*", &["s.", "s.x"], &["t.x", "s"]);
    }

    #[test]
    fn escapes_decode_and_nonsense_stays() {
        assert_eq!(percent_decode("a%20b%2Fc"), "a b/c");
        assert_eq!(percent_decode("100%"), "100%");
        assert_eq!(percent_decode("%zz%C3%A9"), "%zzé");
    }

    #[test]
    fn only_escapes_that_mean_nothing_are_decoded_in_a_path() {
        assert_eq!(decode_unreserved("/%73hippo/%7E%5f%2D%2e"), "/shippo/~_-.");
        assert_eq!(decode_unreserved("/a%2Fb%20%C3%A9%2561"), "/a%2Fb%20%C3%A9%2561");
        assert_eq!(decode_unreserved("/100%/%zz%6"), "/100%/%zz%6");
        assert_eq!(decode_unreserved("%%34%31"), "%%341");
        assert_eq!(decode_unreserved("%3%34"), "%3%34");
        assert_eq!(decode_unreserved("%%7E"), "%~");
    }

    proptest! {
        #[test]
        fn a_path_reads_the_same_however_much_of_it_is_decoded_before(path in "[%0-9a-fA-F/~é]{0,12}") {
            let decoded = decode_unreserved(&path);
            prop_assert_eq!(percent_decode(&decoded), percent_decode(&path));
            prop_assert_eq!(decode_unreserved(&decoded), decoded.as_ref());
        }
    }
}
