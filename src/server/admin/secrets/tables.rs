//! Takes secrets out of tables that are text (RFC 4180 and its relatives with other delimiters), wherever such a table begins in a text:
//! the cells of columns with the name of a secret, and the values of rows `password,…` below `name,value`. All other bytes stay.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::clean::{Clean, quoted};
use super::marks::is_marked;
use super::names::{NAMES, Names, VALUES};
use super::values::{Found, REDACTED};

const DELIMITERS: [&str; 5] = [",", ";", "\t", "|", "│"];

/// Longest name of a column.
const LONGEST_NAME: usize = 64;

/// The head of a table.
struct Head {
    delimiter: &'static str,
    columns: usize,
    secret: Vec<usize>,
    /// The columns of names and of their values, where each row is a member.
    pair: Option<(usize, usize)>,
    /// The byte at which its rows begin, behind the names of columns.
    end: usize,
}

/// A table as JSON, `{"columns": ["user", "password"], "rows": [["ada", "…"]]}`, or a row as `{"keys": ["password"], "values": ["…"]}`.
/// Whether `hide` has taken anything out.
pub(super) fn json(members: &mut Map<String, Value>, names: &Names, mut hide: impl FnMut(&mut Value) -> bool) -> bool {
    // `{"schema": {"fields": […]}, "data": […]}`
    let schemas = members.values().flat_map(|schema| ["fields", "columns"].into_iter().filter_map(|name| schema.get(name)));
    let lists = members.values().chain(schemas).filter_map(Value::as_array).filter_map(|columns| {
        let columns: Option<Vec<&str>> = columns.iter().map(column).collect();
        Some(columns?.into_iter().map(|name| names.is_secret(name)).collect())
    });
    let lists: Vec<Vec<bool>> = lists.filter(|secret: &Vec<bool>| secret.contains(&true)).collect();
    if lists.is_empty() {
        return false;
    }
    let mut is_hidden = false;
    let mut row = |cells: &mut Vec<Value>, least: usize| {
        let length = cells.len();
        // Rows of arrays may begin with a number that has no column.
        let is_numbered = least > 1 && cells.first().is_some_and(Value::is_number);
        let offset = |columns: &Vec<bool>| length.checked_sub(columns.len()).filter(|more| *more == 0 || (*more == 1 && is_numbered));
        for (columns, offset) in lists.iter().filter_map(|columns| Some((columns, offset(columns)?))).filter(|_| length >= least) {
            cells.iter_mut().skip(offset).zip(columns).filter(|(_, is_secret)| **is_secret).for_each(|(cell, _)| is_hidden |= hide(cell));
        }
    };
    for (name, rows) in members.iter_mut().filter_map(|(name, rows)| Some((name, rows.as_array_mut()?))) {
        if VALUES.iter().any(|value| name.eq_ignore_ascii_case(value)) && !rows.iter().any(Value::is_array) {
            row(rows, 1);
        } else {
            rows.iter_mut().filter_map(Value::as_array_mut).for_each(|cells| row(cells, 2));
        }
    }
    is_hidden
}

/// The name of a column: a text, or what describes it, as `{"name": "password"}`.
fn column(said: &Value) -> Option<&str> {
    said.as_str().or_else(|| ["name", "Name", "key", "field", "id"].iter().find_map(|word| said.get(word)?.as_str()))
}

/// A table as a list of rows, of which the first has the names of columns: `[["user", "password"], ["ada", "…"]]`. Whether `hide` has
/// taken anything out. Pairs begin with the name of a secret, `[["password", "…"], ["city", "…"]]`.
pub(super) fn rows(rows: &mut [Value], names: &Names, mut hide: impl FnMut(&mut Value) -> bool) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-. ".contains(&byte))
    };
    let Some((Value::Array(head), rows)) = rows.split_first_mut() else { return false };
    let Some(head) = head.iter().map(|name| name.as_str().filter(|name| is_name(name))).collect::<Option<Vec<_>>>() else { return false };
    let secret: Vec<usize> = (0..head.len()).filter(|index| names.is_secret(head[*index])).collect();
    let is_row = |row: &Value| row.as_array().is_some_and(|cells| cells.len() == head.len());
    let is_named = |row: &Value| row[0].as_str().is_some_and(is_name);
    let is_pair = || head.len() == 2 && secret.contains(&0) && rows.iter().all(is_named);
    if secret.is_empty() || head.len() < 2 || !rows.iter().all(is_row) || is_pair() {
        return false;
    }
    let cells = rows.iter_mut().filter_map(Value::as_array_mut).flat_map(|cells| cells.iter_mut().enumerate());
    cells.filter(|(index, _)| secret.contains(index)).fold(false, |is_hidden, (_, cell)| hide(cell) | is_hidden)
}

/// A text whose tables are without secrets, wherever they begin in it.
pub(super) fn lines<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    self::text(text, false, found)
}

/// A text whose tables are without secrets. `is_table` says that it is one as a whole, so that one column is enough.
pub(super) fn text<'t>(text: &'t str, is_table: bool, found: &mut Found) -> Cow<'t, str> {
    match pairs(text, found) {
        Cow::Borrowed(text) => columns(text, is_table, found),
        Cow::Owned(clean) => columns(&clean, is_table, found).into_owned().into(),
    }
}

/// A text without the values of lines that are pairs, `user,bob` above `password,…`. A line alone is none, nor is the head of a table.
fn pairs<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static PAIR: LazyLock<Regex> = LazyLock::new(|| {
        let pair = r#"(?m)^"?(?<name>[A-Za-z][\w.-]{0,63})"?[,;](?<value>"[^"\r\n]*"|[^\s",;][^",;\r\n]*)\r?$"#;
        Regex::new(pair).expect("the pattern is one")
    });
    if !text.contains('\n') || !text.contains([',', ';']) || !is_marked(text) {
        return text.into();
    }
    let mut clean = Clean::new(text);
    let mut last = None;
    let mut rows = PAIR.captures_iter(text).filter_map(|row| Some((row.get(0)?.range(), row.name("name")?, row.name("value")?))).peekable();
    while let Some((line, name, value)) = rows.next() {
        let is_below = last == Some(line.start);
        let is_above = rows.peek().is_some_and(|(next, ..)| next.start == line.end + 1);
        let is_word = value.as_str().bytes().all(|byte| byte.is_ascii_alphabetic() || b"_ -".contains(&byte));
        if (is_below || (is_above && !is_word)) && found.names.is_secret_label(name.as_str()) {
            clean.hide(quoted(text, value.start()).unwrap_or(value.range()), found);
        }
        last = Some(line.end + 1);
    }
    clean.finish()
}

/// A text without the columns of secrets.
fn columns<'t>(text: &'t str, is_table: bool, found: &mut Found) -> Cow<'t, str> {
    let (mut out, mut done, mut at) = (String::new(), 0, 0);
    while at < text.len() {
        let line_end = text[at..].find(['\n', '\r']).map_or(text.len(), |offset| at + offset);
        let Some(head) = head(text, at..line_end, is_table && at == 0, found) else {
            at = line_end + 1;
            continue;
        };
        at = head.end;
        while at < text.len() {
            let (cells, end) = record(text, at, head.delimiter);
            if is_ruler(&text[at..end]) {
                at = end;
                continue;
            }
            let is_blank = cells.len() == 1 && cells[0].is_empty();
            if cells.len() == 1 && head.columns > 1 && !is_blank {
                break;
            }
            for (index, cell) in cells.iter().enumerate() {
                // A delimiter within a secret that is not quoted makes more cells of it.
                let is_surplus = cells.len() > head.columns && head.secret.first().is_some_and(|first| index > *first);
                let is_value = head.pair.is_some_and(|(name, value)| index == value && names_secret(text, cells.get(name), found));
                if (head.secret.contains(&index) || is_surplus || is_value) && !cell.is_empty() {
                    found.add(&content(&text[cell.clone()]));
                    out.push_str(&text[done..cell.start]);
                    out.push_str(REDACTED);
                    done = cell.end;
                }
            }
            at = end;
        }
    }
    if done == 0 {
        return text.into();
    }
    out.push_str(&text[done..]);
    out.into()
}

/// Whether a line parts the names of columns from the rows of a table that is drawn.
fn is_ruler(line: &str) -> bool {
    let is_drawn = |letter: char| "-+|: =\r\n".contains(letter) || ('\u{2500}'..='\u{257f}').contains(&letter);
    ["--", "──", "══", "━━"].iter().any(|rule| line.contains(rule)) && line.chars().all(is_drawn)
}

fn names_secret(text: &str, cell: Option<&Range<usize>>, found: &Found) -> bool {
    cell.is_some_and(|cell| found.names.is_secret(&content(&text[cell.clone()])))
}

/// The head of a table in a line, if it is one in which secrets may stand.
fn head(text: &str, line: Range<usize>, is_table: bool, found: &Found) -> Option<Head> {
    let written = &text[line.clone()];
    let count = |delimiter: &&str| match delimiter.as_bytes() {
        [delimiter] => written.bytes().filter(|byte| byte == delimiter).count(),
        _ if written.is_ascii() => 0,
        _ => written.matches(delimiter).count(),
    };
    let delimiter = DELIMITERS.into_iter().max_by_key(count).filter(|delimiter| is_table || count(delimiter) > 0)?;
    let (cells, end) = record(text, line.start, delimiter);
    let names: Vec<Cow<'_, str>> = cells.iter().map(|cell| content(&text[cell.clone()])).collect();
    let is_name = |name: &Cow<'_, str>| {
        name.len() <= LONGEST_NAME && !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_-. ".contains(letter))
    };
    // A table that is drawn has lines at its sides.
    let last = names.len() - 1;
    let is_side = |index: usize| ["|", "│"].contains(&delimiter) && (index == 0 || index == last) && names[index].is_empty();
    if end < line.end || end >= text.len() || !(0..names.len()).all(|index| is_name(&names[index]) || is_side(index)) {
        return None;
    }
    let secret: Vec<usize> = (0..names.len()).filter(|index| found.names.is_secret(&names[*index])).collect();
    let column = |words: &[&str]| names.iter().position(|name| words.iter().any(|word| name.eq_ignore_ascii_case(word)));
    let pair = column(&NAMES).zip(column(&VALUES));
    let is_followed = || {
        let (cells, next) = record(text, end, delimiter);
        is_table || cells.len() >= names.len() || is_ruler(&text[end..next])
    };
    let is_head = (!secret.is_empty() || pair.is_some()) && is_followed();
    is_head.then_some(Head { delimiter, columns: names.len(), secret, pair, end })
}

/// The cells of the record that begins at `start`, and where the next one begins. A quote that is never closed reaches to the end.
fn record(text: &str, start: usize, delimiter: &str) -> (Vec<Range<usize>>, usize) {
    let bytes = text.as_bytes();
    let (mut cells, mut begin, mut at) = (Vec::new(), start, start);
    let mut is_quoted = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' if is_quoted || text[begin..at].trim_matches(' ').is_empty() => is_quoted = !is_quoted,
            // A second quote within quotes is one of the text.
            b'"' if at > begin && bytes[at - 1] == b'"' => is_quoted = true,
            _ if is_quoted => {}
            b'\r' | b'\n' => {
                cells.push(begin..at);
                let is_pair = byte == b'\r' && bytes.get(at + 1) == Some(&b'\n');
                return (cells, at + 1 + usize::from(is_pair));
            }
            _ if bytes[at..].starts_with(delimiter.as_bytes()) => {
                cells.push(begin..at);
                begin = at + delimiter.len();
                at = begin;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    cells.push(begin..at);
    (cells, at)
}

/// The text of a cell without its quotes.
fn content(cell: &str) -> Cow<'_, str> {
    let cell = cell.trim_start_matches('\u{feff}').trim();
    match cell.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"').unwrap_or(quoted).replace("\"\"", "\"").into(),
        None => cell.into(),
    }
}
