//! Takes secrets out of statements of SQL that add rows: `INSERT INTO users (name, password) VALUES ('ada', '…')`.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::clean::{Clean, quoted};
use super::marks::is_marked;
use super::values::Found;

/// A text without the values of columns with the name of a secret.
pub(super) fn rows<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static ROWS: LazyLock<Regex> = LazyLock::new(|| {
        let columns = r"(?i-u:\binto)\s+[^\s(]+\s*\((?<columns>[^()]+)\)\s*(?i-u:values?)\s*";
        Regex::new(columns).expect("the pattern is one")
    });
    if !["into", "INTO", "Into"].iter().any(|word| text.contains(word)) || !is_marked(text) {
        return text.into();
    }
    let mut clean = Clean::new(text);
    let mut done = 0;
    for place in ROWS.captures_iter(text) {
        let (Some(whole), Some(columns)) = (place.get(0), place.name("columns")) else { continue };
        let columns: Vec<bool> = columns.as_str().split(',').map(|name| found.names.is_secret(name.trim())).collect();
        if whole.start() < done || !columns.contains(&true) {
            continue;
        }
        done = whole.end();
        while text[done..].starts_with('(') {
            let (cells, end) = row(text, done + 1);
            for cell in cells.into_iter().zip(&columns).filter_map(|(cell, is_secret)| is_secret.then_some(cell)) {
                let value = quoted(text, cell.start).unwrap_or(cell);
                if !is_placeholder(&text[value.clone()]) {
                    clean.hide(value, found);
                }
            }
            done = text.len() - text[end..].trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',').len();
        }
    }
    clean.finish()
}

/// What stands for a value, or for none: `?`, `$1`, `:name`, `NULL`.
fn is_placeholder(value: &str) -> bool {
    value.starts_with(['?', '$', ':', '%', '@']) || ["null", "default"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// The cells of a row that begins at `start`, and where it ends. One that is never closed reaches to the end.
fn row(text: &str, start: usize) -> (Vec<Range<usize>>, usize) {
    let (mut cells, mut begin, mut at, mut depth) = (Vec::new(), start, start, 0_usize);
    let cell = |begin: usize, end: usize| {
        let inner = text[begin..end].trim();
        let start = end - text[begin..end].trim_start().len();
        start..start + inner.len()
    };
    while let Some(offset) = text[at..].find([',', '(', ')', '\'', '"', '\\']) {
        at += offset;
        match text.as_bytes()[at] {
            b',' if depth == 0 => {
                cells.push(cell(begin, at));
                begin = at + 1;
            }
            b')' if depth == 0 => {
                cells.push(cell(begin, at));
                return (cells, at + 1);
            }
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' => {}
            _ => {
                let slashes = text[at..].len() - text[at..].trim_start_matches('\\').len();
                at = quoted(text, at).map_or(at + slashes.max(1), |inner| (inner.end + slashes + 1).min(text.len()));
                continue;
            }
        }
        at += 1;
    }
    cells.push(cell(begin, text.len()));
    (cells, text.len())
}
