//! Takes secrets out of XML and its relatives: the content of elements, attributes, and what is declared once and used elsewhere.

use std::ops::Range;

use super::clean::until;
use super::names::{NAMES, Names};

/// What of the tag at `mark` is secret, and of what follows it.
pub(super) fn tag(text: &str, mark: usize, names: &Names) -> Option<Range<usize>> {
    let rest = &text[mark + 1..];
    if rest.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("!entity")) {
        // Wherever it is used; the names of such declarations say nothing.
        return Some(mark + 8..declared(text, mark + 8));
    }
    let name = &rest[..rest.find(|letter: char| !is_of_name(letter))?];
    let end = mark + 1 + name.len();
    if name.is_empty() {
        return None;
    }
    match names.is_secret(name) || has_secret_attribute(text, end, names) {
        true => Some(element(text, name, end)),
        false => named_before(text, name, end, names).or_else(|| named_behind(text, name, end, names)),
    }
}

/// Where a declaration ends: behind the quotes that its value is in.
fn declared(text: &str, start: usize) -> usize {
    let open = until(text, start, &['"', '\'']);
    let Some(quote) = text[open..].chars().next() else { return open };
    until(text, until(text, open + 1, &[quote]), &['>'])
}

fn is_of_name(letter: char) -> bool {
    letter.is_alphanumeric() || ".:_-".contains(letter)
}

/// Whether an attribute says that the element is a secret: `name="password"`, `type="password"`.
fn has_secret_attribute(text: &str, start: usize, names: &Names) -> bool {
    let attributes = &text[start..until(text, start, &['<', '>'])];
    let quoted = attributes.split(['"', '\'']).skip(1).step_by(2);
    let bare = attributes.split_whitespace().filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
    quoted.chain(bare).any(|value| names.is_secret(value) && !value.contains([' ', '/', ':', '=', '"', '\'']))
}

/// The attributes of an element, if it has any, and its content. Its name ends at `end`.
fn element(text: &str, name: &str, end: usize) -> Range<usize> {
    // A tag that is not closed ends where the next begins, so that each is looked at once.
    let close = until(text, end, &['<', '>']);
    let content = close + usize::from(text[close..].starts_with('>'));
    let is_empty = text[..close].ends_with('/');
    let close = close - usize::from(is_empty);
    let attributes = close - text[end..close].trim_start().len();
    let start = if text[attributes..close].contains('=') { attributes } else { content };
    if is_empty {
        return attributes..close;
    }
    match text[content..].find(&format!("</{name}")) {
        Some(offset) => start..content + offset,
        // Of HTML, which has nothing in it.
        None if name.eq_ignore_ascii_case("input") => attributes..close,
        None => start..text.len(),
    }
}

/// The content of the element behind one that is the name of a secret: `<key>password</key><string>…</string>`.
fn named_before(text: &str, name: &str, end: usize, names: &Names) -> Option<Range<usize>> {
    let said = text[end..].strip_prefix('>')?;
    let said = &said[..said.find('<').filter(|length| *length <= 64)?];
    if said.contains(' ') || !names.is_secret(said.trim()) {
        return None;
    }
    let behind = text[end + 1 + said.len()..].strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?.trim_start().strip_prefix('<')?;
    let next = &behind[..behind.find(|letter: char| !is_of_name(letter))?];
    // Rows of a list have the same name.
    (!next.is_empty() && next != name).then(|| element(text, next, text.len() - behind.len() + next.len()))
}

/// The content of an element whose name is said by the next one: `<value>…</value><name>password</name>`.
fn named_behind(text: &str, name: &str, end: usize, names: &Names) -> Option<Range<usize>> {
    let content = end + 1..end + 1 + text[end..].strip_prefix('>')?.find('<')?;
    let behind = text[content.end..].strip_prefix("</")?.strip_prefix(name)?.strip_prefix('>')?.trim_start().strip_prefix('<')?;
    let (next, said) = behind.split_once('>')?;
    let said = &said[..said.find('<').filter(|length| *length <= 64)?];
    let is_name = NAMES.iter().any(|word| next.eq_ignore_ascii_case(word));
    (is_name && !said.contains(' ') && names.is_secret(said.trim())).then_some(content)
}
