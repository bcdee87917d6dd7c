//! A text on the way to one without secrets, and where pieces of it end.

use std::borrow::Cow;
use std::ops::Range;

use super::values::{Found, REDACTED};
use crate::base::text::percent_decode;

/// A text as far as it was looked through.
pub(super) struct Clean<'t> {
    text: &'t str,
    out: String,
    pub done: usize,
}

impl<'t> Clean<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, out: String::new(), done: 0 }
    }

    pub fn hide(&mut self, range: Range<usize>, found: &mut Found) {
        if range.is_empty() || range.start < self.done {
            return;
        }
        let secret = &self.text[range.clone()];
        found.add(&percent_decode(secret));
        self.out.push_str(&self.text[self.done..range.start]);
        self.out.push_str(REDACTED);
        self.done = range.end;
    }

    pub fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return self.text.into();
        }
        self.out.push_str(&self.text[self.done..]);
        self.out.into()
    }
}

/// The end of what begins at `start`, before the first of these signs.
pub(super) fn until(text: &str, start: usize, signs: &[char]) -> usize {
    text[start..].find(signs).map_or(text.len(), |offset| start + offset)
}

/// What is between quotes, of which three may stand together, and one may be escaped as in JSON within JSON: with one, three, seven
/// backslashes.
pub(super) fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let slashes = text[start..].len() - text[start..].trim_start_matches('\\').len();
    let quote = text[start + slashes..].chars().next().filter(|letter| ['"', '\''].contains(letter))?;
    let start = start + slashes + 1;
    if slashes == 0 && text[start..].starts_with([quote]) && text[start + 1..].starts_with([quote]) {
        let end = text[start + 2..].find(&quote.to_string().repeat(3)).map_or(text.len(), |length| start + 2 + length);
        return Some(start + 2..end);
    }
    let mut at = start;
    while let Some(offset) = text[at..].find(quote) {
        let end = at + offset;
        let before = text[start..end].len() - text[start..end].trim_end_matches('\\').len();
        let is_doubled = quote == '\'' && end > start && text[end + 1..].starts_with('\'');
        if before % (2 * (slashes + 1)) == slashes && !is_doubled {
            return Some(start..end - slashes);
        }
        at = end + 1 + usize::from(is_doubled);
    }
    Some(start..text.len())
}
