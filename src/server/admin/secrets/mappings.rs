//! Takes secrets out of rows of parameters in YAML whose members have lines of their own, whatever stands between them:
//! `- name: PASSWORD`, `type: string`, `value: …`, in any order.

use std::borrow::Cow;
use std::ops::Range;

use super::clean::{Clean, quoted, until};
use super::ends;
use super::marks::is_marked;
use super::names::{LABELS, NAMES, Names, SINGLE_VALUES, VALUES};
use super::values::Found;

/// A mapping as far as its lines were read.
#[derive(Default)]
struct Mapping {
    /// How far its names are indented.
    column: usize,
    is_secret: bool,
    /// Whether all that it holds is secret: its `kind` is `Secret`.
    is_sealed: bool,
    /// Where what it holds begins, and its lines.
    held: Vec<(usize, usize)>,
    /// Goods are no parameters, whatever they are called.
    is_goods: bool,
    /// Where its values begin, and its lines.
    values: Vec<(usize, usize)>,
}

/// A text without the values of such rows whose names are those of secrets.
pub(super) fn values<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    if !text.contains('\n') || !is_marked(text) {
        return text.into();
    }
    let (mut open, mut secret): (Vec<Mapping>, Vec<(usize, usize)>) = (Vec::new(), Vec::new());
    let mut close = |mapping: Mapping| {
        secret.extend(mapping.values.into_iter().filter(|_| mapping.is_secret && !mapping.is_goods));
        secret.extend(mapping.held.into_iter().filter(|_| mapping.is_sealed));
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        member(line, start, &mut open, &mut close, &found.names);
        start += line.len();
    }
    open.into_iter().for_each(close);
    secret.sort_unstable();
    let mut clean = Clean::new(text);
    for (value, line) in secret {
        if value >= clean.done {
            clean.hide(range(text, value, line), found);
        }
    }
    clean.finish()
}

/// Reads a line as a member of the mapping that its indent says.
fn member(line: &str, start: usize, open: &mut Vec<Mapping>, close: &mut impl FnMut(Mapping), names: &Names) {
    let said = line.trim_start_matches([' ', '-']);
    let column = line.len() - said.len();
    if said.trim().is_empty() || said.starts_with('#') {
        return;
    }
    let least = line.find('-').filter(|dash| *dash < column).unwrap_or(column + 1);
    while open.last().is_some_and(|mapping| mapping.column > column || mapping.column > least) {
        open.pop().into_iter().for_each(&mut *close);
    }
    let Some((name, value)) = said.split_once(':').filter(|(_, value)| value.starts_with([' ', '\t', '\r', '\n'])) else { return };
    if open.last().is_none_or(|mapping| mapping.column != column) {
        open.push(Mapping { column, ..Mapping::default() });
    }
    let Some(mapping) = open.last_mut() else { return };
    let name = name.trim_matches(['"', '\'', ' ']);
    let is = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    let named = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    if is(&NAMES) {
        mapping.is_secret |= !named.contains(['{', '[']) && names.is_secret_name(named);
    }
    mapping.is_secret |= is(&LABELS) && names.is_secret_label(named);
    if is(&VALUES) || (is(&SINGLE_VALUES) && !named.is_empty()) {
        mapping.values.push((start + line.len() - value.trim_start_matches([' ', '\t']).len(), start));
    }
    mapping.is_sealed |= is(&["kind"]) && named == "Secret";
    if is(&["data", "stringdata"]) && named.is_empty() {
        mapping.held.push((start + line.len() - value.trim_start_matches([' ', '\t']).len(), start));
    }
    mapping.is_goods |= is(&["quantity", "price", "weight", "sku"]);
}

/// What a value is that begins behind a name in its line, or in the lines below.
fn range(text: &str, start: usize, line: usize) -> Range<usize> {
    if let Some(quoted) = quoted(text, start) {
        return quoted;
    }
    let end = until(text, start, &['\r', '\n']);
    let indent = text[line..start].len() - text[line..start].trim_start_matches([' ', '-']).len();
    start..ends::block(text, end, &text[line..line + indent])
}
