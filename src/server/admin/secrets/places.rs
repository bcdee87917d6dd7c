//! Takes out what stands under the names of secrets: in headers, queries, forms, JSON and texts that hold such. A text may be any:
//! the beginning of JSON whose rest was cut, JSON with other quotes or none, YAML, XML, a multipart form, lines of headers.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use super::clean::{Clean, quoted, until};
use super::coded::{self, Inner};
use super::names::{LABELS, LAYERS, NAMES, Names, SINGLE_VALUES, VALUES};
use super::values::{Found, REDACTED};
use super::{ends, gaps, mappings, markup, multipart, rows, runs, shapes, statements, tables};
use crate::base::text::percent_decode;

/// A header. What follows the scheme of `authorization` is noted, or the password of its pair.
pub(super) fn header<'v>(name: &str, value: &'v str, found: &mut Found) -> Cow<'v, str> {
    if name == "host" && hides_secret(value, found) {
        return REDACTED.into();
    }
    if !found.names.is_secret_header(name) {
        // Headers of redirections are links.
        let Some((link, query)) = value.split_once('?') else {
            return if hides_coded(value, found) { REDACTED.into() } else { text(value, found) };
        };
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
        let is_hidden = segment.len() >= Found::LEAST && found.names.is_secret_segment(before);
        if is_hidden {
            found.add(&percent_decode(segment));
        }
        let clean = if is_hidden { REDACTED.into() } else { text(segment, found) };
        let is_whole = matches!(clean, Cow::Borrowed(clean) if clean == segment);
        segments.push(if is_whole && hides_secret(segment, found) { REDACTED.into() } else { clean });
        before = segment;
    }
    let path = segments.join("/");
    match query {
        Some(query) => format!("{path}?{}", form(query, found)),
        None => path,
    }
}

/// Whether a segment of a path is `user:password@host`, or hides a secret in its escapes; so it goes as a whole.
fn hides_secret(segment: &str, found: &mut Found) -> bool {
    let password = segment.split_once(':').and_then(|(_, rest)| rest.rsplit_once('@')).map(|(password, _)| percent_decode(password));
    if let Some(password) = password.filter(|password| !password.is_empty() && password != REDACTED) {
        found.add(&password);
        return true;
    }
    let mut inner = Cow::Borrowed(segment);
    (0..LAYERS).any(|_| {
        let is_coded = inner.contains('%');
        if is_coded {
            inner = percent_decode(&inner).into();
        }
        is_coded && matches!(words(&inner, found), Cow::Owned(_))
    })
}

/// A body, as JSON if it is that, else as text; nothing as `null`.
pub(super) fn body(kind: &str, body: &[u8], found: &mut Found) -> Value {
    if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
        json(&mut value, found);
        return value;
    }
    let shown = String::from_utf8_lossy(body);
    if kind.starts_with("application/x-www-form-urlencoded") || coded::is_form(&shown) {
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
        return then(multipart::parts(kind, body, found), found, text).into_owned();
    }
    let is_table = ["csv", "tab-separated-values"].iter().any(|word| kind.contains(word));
    let rows = if is_table { tables::text(body, true, found) } else { body.into() };
    then(rows, found, text).into_owned()
}

/// The pairs of a query or of a form, which stay as they are written; values may be addresses or JSON themselves.
pub(super) fn form(pairs: &str, found: &mut Found) -> String {
    let rows = rows(pairs, found);
    let clean = pairs.split('&').map(|pair| {
        let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) else { return text(pair, found) };
        let value = value.replace('+', " ");
        let decoded = percent_decode(&value);
        if found.names.is_secret_parameter(name) || rows.contains(&percent_decode(name)) {
            found.add(&decoded);
            // Of what is not UTF-8, vendors answer the one or the other.
            found.add(&coded::latin(&value));
            return format!("{name}={REDACTED}").into();
        }
        match self::decoded(&decoded, LAYERS, found) {
            Some(clean) => format!("{name}={}", encoded(&clean)).into(),
            None => pair.into(),
        }
    });
    clean.collect::<Vec<_>>().join("&")
}

/// The names of values that stand beside the name of a secret: `name=password&value=…`, `p[0][name]=password&p[0][value]=…`.
fn rows(pairs: &str, found: &Found) -> Vec<String> {
    let value = |pair: &str| {
        let (name, _) = pair.split_once('=').filter(|(_, named)| found.names.is_secret(named))?;
        let name = percent_decode(name);
        let (bare, end) = name.strip_suffix(']').map_or((&*name, ""), |bare| (bare, "]"));
        Some(format!("{}value{end}", bare.strip_suffix("name").or_else(|| bare.strip_suffix("key"))?))
    };
    pairs.split('&').filter_map(value).collect()
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// A value that was decoded, without secrets, also those that are encoded in it once more; `None` if it has none.
fn decoded(value: &str, layers: usize, found: &mut Found) -> Option<String> {
    nested(value, found).or_else(|| {
        let inner = if layers > 1 && value.contains('%') { percent_decode(value) } else { return None };
        decoded(&inner, layers - 1, found).map(|clean| encoded(&clean))
    })
}

/// JSON; whether anything was taken out. Texts in it may be JSON again.
pub(super) fn json(value: &mut Value, found: &mut Found) -> bool {
    within("", value, found)
}

/// The same for what stands under a name.
fn within(owner: &str, value: &mut Value, found: &mut Found) -> bool {
    match value {
        Value::Array(rows) => {
            let is_table = tables::rows(rows, &Arc::clone(&found.names), |value| hide(value, found));
            let has_pairs = pairs(rows, found) | is_table;
            rows.iter_mut().fold(has_pairs, |changed, row| match row.as_array_mut().map(Vec::as_mut_slice) {
                // Parameters as rows: `[["password", "…"]]`.
                Some([Value::String(name), value]) if found.names.is_secret(name) && !name.contains(' ') => hide(value, found) | changed,
                _ => within(owner, row, found) | changed,
            })
        }
        Value::Object(members) => object(owner, members, found),
        Value::String(text) => match nested(text, found).or_else(|| hides_pairs(text, found).then(|| REDACTED.to_owned())) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// Parameters one behind the other, `["password", "…", "city", "…"]`. A list of names has no values.
fn pairs(row: &mut [Value], found: &mut Found) -> bool {
    if !row.len().is_multiple_of(2) || row.iter().any(|text| !text.is_string()) {
        return false;
    }
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_- ".contains(&byte));
    row.chunks_exact_mut(2).fold(false, |changed, pair| {
        let [Value::String(name), value] = pair else { return changed };
        // Names of operations have their vendor's in front: `["shippo.InitiateOauth2Signin", "shippo.CallbackOauth2Signin"]`.
        let owner = name.split_inclusive('.').next().filter(|owner| owner.ends_with('.'));
        let is_sibling = |text: &str| owner.is_some_and(|owner| text.starts_with(owner));
        let is_value = value.as_str().is_some_and(|text| !is_name(text) && !is_sibling(text));
        let is_secret = found.names.is_secret(name) && !name.contains(' ') && is_value;
        (is_secret && hide(value, found)) | changed
    })
}

fn object(owner: &str, members: &mut Map<String, Value>, found: &mut Found) -> bool {
    let is_table = tables::json(members, &Arc::clone(&found.names), |value| hide(value, found));
    let text = |name: &str| members.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).and_then(|(_, value)| value.as_str());
    // Parameters as rows: `{"name": "password", "value": "…"}`.
    let is_row = NAMES.iter().any(|name| text(name).is_some_and(|name| found.names.is_secret_name(name)))
        || LABELS.iter().any(|name| text(name).is_some_and(|label| found.names.is_secret_label(label)));
    // A change of a document: `{"op": "replace", "path": "/password", "value": "…"}`.
    let changed = text("path").filter(|_| text("op").is_some()).and_then(|path| path.rsplit('/').next());
    let is_row = is_row || changed.is_some_and(|name| found.names.is_secret(name));
    // Goods are no parameters, whatever they are called.
    let is_row =
        is_row && !members.keys().any(|name| ["quantity", "price", "weight", "sku"].iter().any(|of| name.eq_ignore_ascii_case(of)));
    let is_one = |name: &str, words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    let is_value = |name: &str, value: &Value| {
        is_one(name, &VALUES) || (is_one(name, &SINGLE_VALUES) && !matches!(value, Value::Object(_) | Value::Array(_)))
    };
    let secrets =
        members.iter().filter(|(name, value)| found.names.is_secret_member(owner, members, name) || (is_row && is_value(name, value)));
    let secrets: Vec<String> = secrets.map(|(name, _)| name.clone()).collect();
    members.iter_mut().fold(is_table, |changed, (name, member)| {
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
    if hides_coded(value, found) {
        return Some(REDACTED.to_owned());
    }
    match text(value, found) {
        Cow::Owned(clean) => Some(clean),
        // An address as it is a parameter of another one.
        Cow::Borrowed(_) => {
            let is_coded = value.contains("%2F%2F") || value.contains("%2f%2f");
            (is_coded && hides_secret(value, found)).then(|| REDACTED.to_owned())
        }
    }
}

/// Whether a text is pairs as they are a parameter of an address, and hides a secret.
fn hides_pairs(value: &str, found: &mut Found) -> bool {
    let is_coded = ["%3D", "%3d", "%25"].iter().any(|sign| value.contains(sign)) && !value.contains(char::is_whitespace);
    is_coded && hides_secret(value, found)
}

/// Whether a text is base64 of one that has a secret in it.
fn hides_coded(value: &str, found: &mut Found) -> bool {
    coded::inner(value).is_some_and(|inner| match inner {
        Inner::Json(mut tree) => json(&mut tree, found),
        Inner::Form(pairs) => form(&pairs, found) != pairs,
        Inner::Text(inner) => text(&inner, found) != inner,
    })
}

/// A text that is neither JSON nor a form, or only the beginning of one.
pub(super) fn text<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let clean = then(then(words(text, found), found, escaped), found, segments);
    then(clean, found, |text, found| runs::hide(text, found, hides_coded))
}

/// Markup within markup or a text.
fn escaped<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    static SIGN: LazyLock<Regex> = LazyLock::new(|| {
        let sign = r"(?-u)&(?:lt|gt|quot|amp|#0{0,4}(?<code>[0-9]{2,3})|#[xX]0{0,4}(?<hex>[0-9a-fA-F]{2}));";
        Regex::new(sign).expect("the pattern is one")
    });
    if !["&lt;", "&#"].iter().any(|sign| text.contains(sign)) {
        return text.into();
    }
    let sign = |place: &Captures<'_>| {
        let code =
            place.name("code").map(|code| code.as_str().parse()).or_else(|| Some(u8::from_str_radix(place.name("hex")?.as_str(), 16)));
        let named = || match &place[0] {
            "&lt;" => '<',
            "&gt;" => '>',
            "&quot;" => '"',
            _ => '&',
        };
        code.map_or_else(named, |code| code.map_or(' ', char::from)).to_string()
    };
    let (mut is_clean, mut out) = (true, String::with_capacity(text.len()));
    for part in text.split_inclusive(['<', '>']) {
        let (inner, end) = part.strip_suffix(['<', '>']).map_or((part, ""), |inner| (inner, &part[inner.len()..]));
        let markup = SIGN.replace_all(inner, &sign);
        match words(&markup, found) {
            Cow::Owned(clean) if markup != inner => {
                out.push_str(&clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
                is_clean = false;
            }
            _ => out.push_str(inner),
        }
        out.push_str(end);
    }
    if is_clean { text.into() } else { out.into() }
}

/// The same without looking at paths.
fn words<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let rows = [rows::records, tables::lines, mappings::values, rows::values, rows::pairs, statements::rows];
    let looks = [named, shapes::private_keys, shapes::shaped, shapes::options, shapes::said];
    rows.into_iter().chain(looks).fold(text.into(), |clean, look| then(clean, found, look))
}

/// Whether a text is a file in base64, in which words are chance.
fn is_data(text: &str) -> bool {
    let data = text.rsplit_once(";base64,").map_or(text, |(_, data)| data);
    data.len() > 200 && data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n".contains(&byte))
}

/// Segments of paths behind one that is the name of a secret, as in [`target`]. Those of documents, such as `{id}`, say nothing.
fn segments<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    const ENDS: [char; 16] = ['/', '?', '#', ' ', '\t', '\r', '\n', '`', '"', '\'', '<', '>', '(', ')', ',', ';'];
    if is_data(text) {
        return text.into();
    }
    let mut clean = Clean::new(text);
    let mut at = text.find('/').map(|slash| slash + 1);
    while let Some(start) = at {
        let end = until(text, start, &ENDS);
        if hides_secret(&text[start..end], found) {
            clean.hide(start..end, found);
        }
        if !text[end..].starts_with('/') {
            at = text[end..].find('/').map(|slash| end + slash + 1);
            continue;
        }
        let next = end + 1..until(text, end + 1, &ENDS);
        let is_secret = next.len() >= Found::LEAST && found.names.is_secret_segment(&text[start..end]);
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

/// Looks at each sign that may stand behind a name, and at each tag.
fn named<'t>(text: &'t str, found: &mut Found) -> Cow<'t, str> {
    let names = Arc::clone(&found.names);
    let mut clean = Clean::new(text);
    let mut at = 0;
    while let Some(offset) = text[at..].find(['=', ':', '<']) {
        let mark = at + offset;
        let range = match text.as_bytes()[mark] {
            b'<' => markup::tag(text, mark, &names),
            b':' if text[mark..].starts_with("://") => password_of_url(text, mark + 3),
            _ => value(text, mark, clean.done, &names),
        };
        at = mark + 1;
        if let Some(range) = range {
            at = at.max(range.end);
            if let Some(presented) = ends::scheme(text, range.start).and_then(|start| text.get(start..range.end)) {
                found.add(presented);
                found.add_password(presented);
            }
            clean.hide(range, found);
        }
    }
    clean.finish()
}

/// The password of `user:password@` in an address whose `//` ends at `start`, or a token that stands there alone.
fn password_of_url(text: &str, start: usize) -> Option<Range<usize>> {
    let end = until(text, start, &['/', '?', '#', ' ', '\n', '"', '\'', '<', '>']);
    let end = start + text[start..end].rfind('@')?;
    match text[start..end].find(':') {
        Some(colon) => Some(start + colon + 1..end),
        None => ends::is_made_up(&text[start..end]).then_some(start..end),
    }
}

/// What stands behind the name that ends at `mark`, if that is the name of a secret.
fn value(text: &str, mark: usize, done: usize, names: &Names) -> Option<Range<usize>> {
    // Names and indents are shorter; so each sign is looked at in the same time.
    let head = gaps::before(&text[done.max(text.floor_char_boundary(mark.saturating_sub(512)))..mark]);
    // `["password"] = …`
    let head = head.strip_suffix(']').filter(|inner| inner.ends_with(['"', '\''])).unwrap_or(head);
    let bare = head.trim_end_matches(['"', '\'']).trim_end_matches('\\');
    let is_quoted = bare.len() < head.len();
    let is_name = |letter: char| letter.is_alphanumeric() || "_.%[]-$@\\".contains(letter);
    let name_start =
        bare.rfind(|letter: char| !is_name(letter)).map_or(0, |before| before + bare[before..].chars().next().map_or(1, char::len_utf8));
    let name = &bare[name_start..];
    let before = &bare[..name_start];
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    if name.eq_ignore_ascii_case("name") && line.get(..20).is_some_and(|line| line.eq_ignore_ascii_case("content-disposition:")) {
        return multipart::part(text, mark, names);
    }
    let is_pair = text[mark..].starts_with('=') && (before.is_empty() || before.ends_with(['?', '&']));
    if name.is_empty() || !(names.is_secret(name) || (is_pair && names.is_secret_in_link(name))) {
        return None;
    }
    // `=>` and `==` as well.
    let after = mark + 1 + usize::from(text[mark + 1..].starts_with(['>', '=']));
    let is_member = before.trim_end_matches(['"', '\'', '\\']).trim_end().ends_with(['{', ',']);
    let start = gaps::after(text, after, is_quoted && is_member);
    let rest = &text[start..];
    if let Some(quoted) = quoted(text, start) {
        return Some(quoted);
    }
    if let Some(length) = ends::tuple(rest) {
        return Some(start..start + length);
    }
    if rest.starts_with(['{', '[']) {
        return Some(start..start + ends::brackets(rest));
    }
    if let Some(length) = ends::heredoc(rest) {
        return Some(start..start + length);
    }
    let starts_line = line.trim_matches([' ', '\t', '-', '?', '>', '<', '!', '*', '#', '"', '\'']).is_empty();
    let opener = before.trim_end_matches('\\').chars().next_back().filter(|letter| ['"', '\''].contains(letter) && !is_quoted);
    let is_equals = text[mark..].starts_with('=');
    let end = if let Some(quote) = opener {
        until(text, start, &[quote, '\n'])
    } else if is_equals && start == after {
        ends::pair(text, start, before, name)
    } else if starts_line {
        let end = until(text, start, &['\r', '\n']);
        if ends::opens_block(&text[start..end]) { ends::block(text, end, line) } else { end }
    } else if is_quoted || before.trim_end().ends_with(['{', ',', '[', '(']) || is_equals {
        let end = until(text, start, &[',', '}', ']', ')', '\r', '\n']);
        ends::credential(text, start).unwrap_or_default().max(start + text[start..end].trim_end().len())
    } else {
        return ends::in_sentence(text, start, name);
    };
    Some(start..end)
}
