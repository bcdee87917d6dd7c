//! Words of base64 within a text: behind `data:…;base64,`, in a file of settings, between the parts of an address, broken into lines.

use std::borrow::Cow;
use std::ops::Range;

use super::clean::Clean;
use super::values::Found;

/// How long a word is that is looked at, and a line that the next one goes on.
const LEAST: usize = 24;
const LINE: usize = 60;

/// A text without the words that `is_secret` says hide one.
pub(super) fn hide<'t>(text: &'t str, found: &mut Found, is_secret: impl Fn(&str, &mut Found) -> bool) -> Cow<'t, str> {
    let mut clean = Clean::new(text);
    let mut at = 0;
    while let Some((range, word)) = next(text, at) {
        at = range.end;
        // All of a text was looked at before it was taken for words.
        if word.len() < LEAST || range == (0..text.len()) {
            continue;
        }
        if is_secret(&word, found) {
            clean.hide(range, found);
        } else if matches!(word, Cow::Borrowed(_)) && word.contains('/') {
            let mut start = range.start;
            for part in word.split('/') {
                if part.len() >= LEAST && is_secret(part, found) {
                    clean.hide(start..start + part.len(), found);
                }
                start += part.len() + 1;
            }
        }
    }
    clean.finish()
}

/// The next word from a place on, with its padding, and its letters.
fn next(text: &str, from: usize) -> Option<(Range<usize>, Cow<'_, str>)> {
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
