//! Words of the letters of base64, which may be broken into lines.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

/// How long a line is at least that the next one goes on.
const LINE: usize = 60;

/// The words of a text that are broken into lines, without the breaks, and where they stand.
pub(super) fn broken(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut at = 0;
    let words = iter::from_fn(move || next(text, at).inspect(|(range, _)| at = range.end));
    words.filter_map(|(range, word)| if let Cow::Owned(word) = word { Some((range, word)) } else { None })
}

/// The next word from a place on, with its padding, and its letters.
pub(super) fn next(text: &str, from: usize) -> Option<(Range<usize>, Cow<'_, str>)> {
    let bytes = text.as_bytes();
    let is_coded = |at: usize| bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte));
    let count = |at: usize, is: &dyn Fn(u8) -> bool| bytes[at..].iter().take_while(|byte| is(**byte)).count();
    let start = (from..bytes.len()).find(|at| is_coded(*at))?;
    let (mut letters, mut line) = (String::new(), start);
    loop {
        let end = (line..bytes.len()).find(|at| !is_coded(*at)).unwrap_or(bytes.len());
        let broken = end + count(end, &|byte| byte == b'\r');
        let begins = broken + count(broken, &|byte| b"\n \t".contains(&byte));
        let goes_on = begins > broken && bytes[broken] == b'\n' && is_coded(begins);
        if goes_on && end - line >= LINE && (end - line).is_multiple_of(4) {
            letters.push_str(&text[line..end]);
            line = begins;
            continue;
        }
        let padded = end + count(end, &|byte| byte == b'=').min(2);
        let word = if letters.is_empty() { text[line..end].into() } else { Cow::Owned(letters + &text[line..end]) };
        return Some((start..padded, word));
    }
}
