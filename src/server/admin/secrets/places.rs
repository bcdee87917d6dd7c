//! Takes out what stands under the names of secrets: in headers, queries, forms, JSON and texts that hold such. A text may be any:
//! the beginning of JSON whose rest was cut, JSON with other quotes or none, YAML, XML, a multipart form, lines of headers.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::{Map, Value};

use super::bytes::letters;
use super::names::Names;
use super::tables;
use super::values::{Found, REDACTED};
use crate::base::text::percent_decode;

/// A header. What follows the scheme of `authorization` is noted, or the password of its pair.
pub(super) fn header<'v>(name: &str, value: &'v str, found: &mut Found) -> Cow<'v, str> {
    if !found.names.is_secret(name) {
        // Headers of redirections are links.
        let Some((link, query)) = value.split_once('?') else { return text(value, found) };
        return format!("{}?{}", text(link, found), form(query, found)).into();
    }
    for part in value.split("; ") {
        let presented = part.split_once([' ', '=']).map_or(part, |(_, presented)| presented.trim());
        found.add(presented);
        found.add_password(presented);
    }
    found.add(value);
    REDACTED.into()
}

/// A path with its query. A segment after one that is the name of a secret is one.
pub(super) fn target(target: &str, found: &mut Found) -> String {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let mut before = "";
    let mut segments = Vec::new();
    for segment in path.split('/') {
        let is_hidden = segment.len() >= Found::LEAST && found.names.is_secret(before) && !before.to_ascii_lowercase().contains("auth");
        if is_hidden {
            found.add(&percent_decode(segment));
        }
        segments.push(if is_hidden { REDACTED.into() } else { text(segment, found) });
        before = segment;
    }
    let path = segments.join("/");
    match query {
        Some(query) => format!("{path}?{}", form(query, found)),
        None => path,
    }
}

/// A body, as JSON if it is that, else as text; nothing as `null`.
pub(super) fn body(kind: &str, body: &[u8], found: &mut Found) -> Value {
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        json(&mut value, found);
        return value;
    }
    let shown = String::from_utf8_lossy(body);
    let is_form = |text: &str| text.contains('=') && !text.contains(|letter: char| letter.is_whitespace() || "{<\"".contains(letter));
    if kind.starts_with("application/x-www-form-urlencoded") || is_form(&shown) {
        form(&shown, found).into()
    } else {
        written(kind, &shown, found).into()
    }
}

/// A body that is not UTF-8, with a letter for each byte.
pub(super) fn bytes(kind: &str, body: &str, found: &mut Found) -> String {
    if kind.starts_with("application/x-www-form-urlencoded") { form(body, found) } else { written(kind, body, found) }
}

/// A body that is text.
fn written(kind: &str, body: &str, found: &mut Found) -> String {
    if kind.trim_start().get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/")) {
        return then(parts(kind, body, found), found, text).into_owned();
    }
    let is_table = ["csv", "tab-separated-values"].iter().any(|word| kind.contains(word));
    let rows = if is_table { tables::text(body, true, found) } else { body.into() };
    then(rows, found, text).into_owned()
}

/// The pairs of a query or of a form, which stay as they are written; values may be addresses or JSON themselves.
pub(super) fn form(pairs: &str, found: &mut Found) -> String {
    let clean = pairs.split('&').map(|pair| {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) else { return text(pair, found) };
        let value = value.replace('+', " ");
        let decoded = percent_decode(&value);
        if found.names.is_secret_parameter(name) {
            found.add(&decoded);
            // Of what is not UTF-8, vendors answer the one or the other.
            found.add(&latin(&value));
            return format!("{name}={REDACTED}").into();
        }
        match nested(&decoded, found) {
            Some(clean) => format!("{name}={}", form_urlencoded::byte_serialize(clean.as_bytes()).collect::<String>()).into(),
            None => pair.into(),
        }
    });
    clean.collect::<Vec<_>>().join("&")
}

/// A value whose bytes, percent-encoded or not, are letters of Latin-1.
fn latin(value: &str) -> String {
    letters(&percent_decode_str(value).collect::<Vec<u8>>())
}

/// JSON; whether anything was taken out. Texts in it may be JSON again.
pub(super) fn json(value: &mut Value, found: &mut Found) -> bool {
    within("", value, found)
}

/// The same for what stands under a name.
fn within(owner: &str, value: &mut Value, found: &mut Found) -> bool {
    match value {
        Value::Array(rows) => rows.iter_mut().fold(false, |changed, row| within(owner, row, found) | changed),
        Value::Object(members) => object(owner, members, found),
        Value::String(text) => match nested(text, found) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn object(owner: &str, members: &mut Map<String, Value>, found: &mut Found) -> bool {
    let text = |name: &str| members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str());
    // Parameters as rows: `{"name": "password", "value": "…"}`.
    let is_row = ["name", "key"].iter().any(|name| text(name).is_some_and(|name| !name.contains(' ') && found.names.is_secret(name)));
    let names =
        members.keys().filter(|name| found.names.is_secret_member(owner, members, name) || (is_row && name.eq_ignore_ascii_case("value")));
    let secrets: Vec<String> = names.cloned().collect();
    members.iter_mut().fold(false, |changed, (name, member)| {
        if secrets.contains(name) { hide(member, found) | changed } else { within(name, member, found) | changed }
    })
}

/// Takes a value out, whatever its type; `null`, yes and no, and an empty text say nothing. What a refusal complains of a secret is none.
fn hide(value: &mut Value, found: &mut Found) -> bool {
    if matches!(value, Value::Null | Value::Bool(_)) || value == "" {
        return false;
    }
    if found.in_refusal && is_complaint(value) {
        return json(value, found);
    }
    note(value, found);
    *value = REDACTED.into();
    true
}

/// Whether all texts of a value are sentences.
fn is_complaint(value: &Value) -> bool {
    match value {
        Value::String(text) => is_sentence(text),
        Value::Array(rows) => rows.iter().all(is_complaint),
        Value::Object(members) => members.values().all(is_complaint),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether a text has three words or more, without digits and signs in them.
fn is_sentence(text: &str) -> bool {
    let is_word = |word: &str| {
        word.trim_end_matches(['.', ',', ':', ';', '!', '?']).chars().all(|letter| letter.is_alphabetic() || "'`_-".contains(letter))
    };
    text.split(' ').count() >= 3 && text.split(' ').filter(|word| is_word(word)).count() >= 3
}

fn note(value: &Value, found: &mut Found) {
    match value {
        Value::String(text) => found.add(text),
        Value::Number(number) => found.add(&number.to_string()),
        Value::Array(rows) => rows.iter().for_each(|row| note(row, found)),
        Value::Object(members) => members.values().for_each(|member| note(member, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// A text that may be JSON itself, without secrets; `None` if it has none.
fn nested(value: &str, found: &mut Found) -> Option<String> {
    if value.trim_start().starts_with(['{', '[', '"'])
        && let Ok(mut tree) = serde_json::from_str::<Value>(value)
    {
        return json(&mut tree, found).then(|| tree.to_string());
    }
    match text(value, found) {
        Cow::Owned(clean) => Some(clean),
        Cow::Borrowed(_) => None,
    }
}

/// A text that is neither JSON nor a form, or only the beginning of one.
pub(super) fn text<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    then(then(then(tables::text(text, false, found), found, named), found, shaped), found, segments)
}

/// Segments of paths behind one that is the name of a secret, as in [`target`]. Those of documents, such as `{id}`, say nothing.
fn segments<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    const ENDS: [char; 16] = ['/', '?', '#', ' ', '\t', '\r', '\n', '`', '"', '\'', '<', '>', '(', ')', ',', ';'];
    let mut clean = Clean::new(text);
    let mut at = text.find('/').map(|slash| slash + 1);
    while let Some(start) = at {
        let end = until(text, start, &ENDS);
        if !text[end..].starts_with('/') {
            at = text[end..].find('/').map(|slash| end + slash + 1);
            continue;
        }
        let next = end + 1..until(text, end + 1, &ENDS);
        let name = &text[start..end];
        let is_secret = next.len() >= Found::LEAST && found.names.is_secret(name) && !name.to_ascii_lowercase().contains("auth");
        if is_secret && !text[next.clone()].starts_with('{') {
            clean.hide(next, found);
        }
        at = Some(end + 1);
    }
    clean.finish()
}

/// What is left of a text after a further way of looking.
fn then<'t>(text: Cow<'t, str>, found: &mut Found, look: impl for<'a> Fn(&'a str, &mut Found) -> Cow<'a, str>) -> Cow<'t, str> {
    match text {
        Cow::Borrowed(text) => look(text, found),
        Cow::Owned(clean) => look(&clean, found).into_owned().into(),
    }
}

/// Whether a text may have the shape of a credential: the name of a scheme in it, or the beginning of a signed token.
pub(super) fn is_shaped(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(index, first)| {
        let rest = &bytes[index..];
        match first {
            b'e' => rest.starts_with(b"eyJ") || rest.starts_with(b"earer"),
            b'E' => rest.starts_with(b"EARER"),
            b'a' => rest.starts_with(b"asic"),
            b'A' => rest.starts_with(b"ASIC"),
            b'T' => rest.starts_with(b"Token"),
            _ => false,
        }
    })
}

/// Credentials behind the name of a scheme, and signed tokens.
fn shaped<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static SHAPES: LazyLock<Regex> = LazyLock::new(|| {
        let schemes = r"(?-u)\b(?:(?<basic>(?i:basic))|(?i:bearer)|[A-Z][A-Za-z]*Token)[ \t]+(?<value>[\w.~+/=-]{4,})";
        Regex::new(&format!(r"{schemes}|(?<signed>\beyJ[\w-]+\.[\w.-]+)")).expect("the pattern is one")
    });
    if !is_shaped(text) {
        return text.into();
    }
    let mut clean = Clean::new(text);
    for place in SHAPES.captures_iter(text) {
        let Some(value) = place.name("value").or(place.name("signed")) else { continue };
        // A sentence about the scheme goes on with a word, a challenge with `realm=`.
        let is_word = value.as_str().trim_end_matches(['.', '=']).bytes().skip(1).all(|byte| byte.is_ascii_lowercase());
        let is_pair = found.add_password(value.as_str());
        if is_pair || !(is_word || place.name("basic").is_some()) {
            clean.hide(value.range(), found);
        }
    }
    clean.finish()
}

/// A text as far as it was looked through.
struct Clean<'t> {
    text: &'t str,
    out: String,
    done: usize,
}

impl<'t> Clean<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, out: String::new(), done: 0 }
    }

    fn hide(&mut self, range: Range<usize>, found: &mut Found) {
        if range.is_empty() || range.start < self.done {
            return;
        }
        let secret = &self.text[range.clone()];
        found.add(&percent_decode(secret));
        self.out.push_str(&self.text[self.done..range.start]);
        self.out.push_str(REDACTED);
        self.done = range.end;
    }

    fn finish(mut self) -> Cow<'t, str> {
        if self.done == 0 {
            return self.text.into();
        }
        self.out.push_str(&self.text[self.done..]);
        self.out.into()
    }
}

/// Looks at each sign that may stand behind a name, and at each tag.
fn named<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let names = Arc::clone(&found.names);
    let mut clean = Clean::new(text);
    let mut at = 0;
    while let Some(offset) = text[at..].find(['=', ':', '<']) {
        let mark = at + offset;
        let range = match text.as_bytes()[mark] {
            b'<' => element(text, mark, &names),
            b':' if text[mark..].starts_with("://") => password_of_url(text, mark + 3),
            _ => value(text, mark, clean.done, &names),
        };
        at = mark + 1;
        if let Some(range) = range {
            at = at.max(range.end);
            clean.hide(range, found);
        }
    }
    clean.finish()
}

/// The end of what begins at `start`, before the first of these signs.
fn until(text: &str, start: usize, signs: &[char]) -> usize {
    text[start..].find(signs).map_or(text.len(), |offset| start + offset)
}

/// The password of `user:password@` in an address whose `//` ends at `start`.
fn password_of_url(text: &str, start: usize) -> Option<Range<usize>> {
    let end = until(text, start, &['/', '?', '#', ' ', '\n', '"', '\'', '<', '>']);
    let end = start + text[start..end].rfind('@')?;
    Some(start + text[start..end].find(':')? + 1..end)
}

/// The content of an element of XML with its attributes, if it has any.
fn element(text: &str, mark: usize, names: &Names) -> Option<Range<usize>> {
    let rest = &text[mark + 1..];
    let name = &rest[..rest.find(|letter: char| !(letter.is_alphanumeric() || ".:_-".contains(letter)))?];
    if name.is_empty() || !names.is_secret(name) {
        return None;
    }
    let close = until(text, mark + 1 + name.len(), &['>']);
    let is_empty = text[..close].ends_with('/');
    let close = close - usize::from(is_empty);
    let attributes = close - text[mark + 1 + name.len()..close].trim_start().len();
    let content = (close + 1).min(text.len());
    let start = if text[attributes..close].contains('=') { attributes } else { content };
    if is_empty {
        return Some(attributes..close);
    }
    Some(start..text[content..].find(&format!("</{name}")).map_or(text.len(), |offset| content + offset))
}

/// What stands behind the name that ends at `mark`, if that is the name of a secret.
fn value(text: &str, mark: usize, done: usize, names: &Names) -> Option<Range<usize>> {
    // Names and indents are shorter; so each sign is looked at in the same time.
    let head = text[done.max(text.floor_char_boundary(mark.saturating_sub(512)))..mark].trim_end_matches([' ', '\t', '!']);
    let bare = head.trim_end_matches(['"', '\'']).trim_end_matches('\\');
    let is_quoted = bare.len() < head.len();
    let is_name = |letter: char| letter.is_alphanumeric() || "_.%[]-$@".contains(letter);
    let name_start =
        bare.rfind(|letter: char| !is_name(letter)).map_or(0, |before| before + bare[before..].chars().next().map_or(1, char::len_utf8));
    let name = &bare[name_start..];
    let before = &bare[..name_start];
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    if name.eq_ignore_ascii_case("name") && line.get(..20).is_some_and(|line| line.eq_ignore_ascii_case("content-disposition:")) {
        return part(text, mark, names);
    }
    let is_pair = text[mark..].starts_with('=') && (before.is_empty() || before.ends_with(['?', '&']));
    if name.is_empty() || !(names.is_secret(name) || (is_pair && names.is_secret_in_link(name))) {
        return None;
    }
    // `=>` and `==` as well.
    let after = mark + 1 + usize::from(text[mark + 1..].starts_with(['>', '=']));
    let start = after + text[after..].len() - text[after..].trim_start_matches([' ', '\t']).len();
    let rest = &text[start..];
    if let Some(quoted) = quoted(text, start) {
        return Some(quoted);
    }
    if rest.starts_with(['{', '[']) {
        return Some(start..start + brackets(rest));
    }
    let starts_line = line.trim_matches([' ', '\t', '-', '?', '>', '<', '*', '#', '"', '\'']).is_empty();
    let opener = before.trim_end_matches('\\').chars().next_back().filter(|letter| ['"', '\''].contains(letter) && !is_quoted);
    let end = if let Some(quote) = opener {
        until(text, start, &[quote, '\n'])
    } else if text[mark..].starts_with('=') && start == after {
        until(text, start, &[' ', '\t', '\r', '\n', '&', '"', '\'', '<', '>'])
    } else if starts_line {
        let end = until(text, start, &['\r', '\n']);
        let is_block = ["", "|", ">", "|-", ">-", "|+", ">+"].contains(&text[start..end].trim());
        if is_block { block(text, end, line) } else { end }
    } else if is_quoted || before.trim_end().ends_with(['{', ',', '[', '(']) || text[mark..].starts_with('=') {
        let end = until(text, start, &[',', '}', ']', ')', '\r', '\n']);
        start + text[start..end].trim_end().len()
    } else {
        // A colon in a sentence.
        return None;
    };
    Some(start..end)
}

/// What is between quotes, which may be escaped as in JSON within JSON: with one, three, seven backslashes.
fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let slashes = text[start..].len() - text[start..].trim_start_matches('\\').len();
    let quote = text[start + slashes..].chars().next().filter(|letter| ['"', '\''].contains(letter))?;
    let start = start + slashes + 1;
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

/// The length of what begins with a bracket, up to the one that closes it; brackets within quotes do not count.
fn brackets(text: &str) -> usize {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (index, letter) in text.char_indices() {
        match (letter, quote) {
            _ if is_escaped => is_escaped = false,
            ('\\', _) => is_escaped = quote.is_some(),
            (_, Some(open)) if open == letter => quote = None,
            ('"', None) => quote = Some(letter),
            ('{' | '[', None) => depth += 1,
            ('}' | ']', None) => {
                depth -= 1;
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The end of the lines after `at` that are indented further than `line`, or are rows of a list as far as that.
fn block(text: &str, at: usize, line: &str) -> usize {
    let (mut end, mut next) = (at, until(text, at, &['\n']) + 1);
    while let Some(row) = text.get(next..).and_then(|rest| rest.split('\n').next()).filter(|_| next < text.len()) {
        let depth = row.len() - row.trim_start_matches(' ').len();
        if !row.trim().is_empty() {
            if depth < line.len() || (depth == line.len() && !row[depth..].starts_with('-')) {
                break;
            }
            end = next + row.trim_end().len();
        }
        next += row.len() + 1;
    }
    end
}

/// A form in parts without those that say anywhere in their heads that they are secrets: servers differ in where they look for a name.
fn parts<'t>(kind: &str, body: &'t str, found: &mut Found) -> Cow<'t, str> {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"(?i)(?-u:\b)name\*?\s*=\s*"?(?:[\w-]*'[\w-]*')?([^";\r\n]*)"#).expect("the pattern is one"));
    let said = kind.split(';').find_map(|fact| fact.trim().strip_prefix("boundary="));
    let said = said.map(|boundary| format!("--{}", boundary.trim_matches('"')));
    let first = || body.lines().map(str::trim_end).find(|line| line.len() > 2 && line.starts_with("--")).map(str::to_owned);
    let Some(boundary) = said.or_else(first) else { return body.into() };
    let names = Arc::clone(&found.names);
    let mut clean = Clean::new(body);
    let starts: Vec<usize> = body.match_indices(&boundary).map(|(at, _)| at).filter(|at| *at == 0 || body[..*at].ends_with('\n')).collect();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(body.len());
        let part = &body[*start..end];
        let gaps = ["\r\n\r\n", "\n\n"].into_iter().filter_map(|gap| Some((part.find(gap)?, gap.len())));
        let Some((head, gap)) = gaps.min() else { continue };
        if NAME.captures_iter(&part[..head]).any(|name| names.is_secret_parameter(name[1].trim())) {
            let content = part[head + gap..].trim_end_matches(['\r', '\n']).len();
            clean.hide(start + head + gap..start + head + gap + content, found);
        }
    }
    clean.finish()
}

/// The content of a part of a multipart form, if its name is that of a secret.
fn part(text: &str, mark: usize, names: &Names) -> Option<Range<usize>> {
    let name = quoted(text, mark + 1).unwrap_or_else(|| mark + 1..until(text, mark + 1, &[';', '\r', '\n']));
    if !names.is_secret_parameter(&text[name.clone()]) {
        return None;
    }
    let rest = &text[name.end..];
    let (head, gap) = ["\r\n\r\n", "\n\n"].iter().filter_map(|gap| Some((rest.find(gap)?, gap.len()))).min()?;
    let start = name.end + head + gap;
    let boundary = text.lines().next().filter(|line| line.starts_with("--")).unwrap_or("--");
    let end = text[start..].find(&format!("\n{boundary}")).map_or(text.len(), |offset| start + offset);
    Some(start..start + text[start..end].trim_end_matches('\r').len())
}
