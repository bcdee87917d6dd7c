//! Words of base64 within a text: behind `data:…;base64,`, in a file of settings, between the parts of an address, broken into lines.

use std::borrow::Cow;

use super::clean::Clean;
use super::letters;
use super::values::Found;

/// How long a word is that is looked at.
const LEAST: usize = 24;

/// A text without the words that `is_secret` says hide one.
pub(super) fn hide<'t>(text: &'t str, found: &mut Found, is_secret: impl Fn(&str, &mut Found) -> bool) -> Cow<'t, str> {
    let mut clean = Clean::new(text);
    let mut at = 0;
    while let Some((range, word)) = letters::next(text, at) {
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
