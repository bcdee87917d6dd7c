//! Where a value ends that has no quotes.

use std::ops::Range;

use super::clean::{quoted, until};
use super::values::Found;

/// How far ahead structure is looked for; so each sign is looked at in the same time.
const FAR: usize = 512;
const BLANKS: [char; 2] = [' ', '\t'];
/// What ends a word in an address or a text.
const ENDS: [char; 9] = [' ', '\t', '\r', '\n', '&', '"', '\'', '<', '>'];

/// Schemes of `Authorization` besides those that end with `token`.
const SCHEMES: &str = "bearer basic apikey api-key key digest negotiate ntlm hawk oauth dpop sharedkey aws aws4 hmac signature";

/// Where the value of `name=value` ends: at a blank, unless a credential stands behind the name of its scheme, or what stands around the
/// pair says that blanks are a part of it. `before` is what stands before the name.
pub(super) fn pair(text: &str, start: usize, before: &str, name: &str) -> usize {
    let word = until(text, start, &ENDS);
    if let Some(end) = credential(text, start) {
        return end.max(word);
    }
    if is_cookie(name) {
        return cookies(text, start).max(word);
    }
    if !text[word..].starts_with(BLANKS) {
        return word;
    }
    let line = until(&text[..text.floor_char_boundary(word.saturating_add(FAR))], word, &['\r', '\n', '&', '"', '\'', '<', '>']);
    let near = before.trim_end();
    let value = &text[start..line];
    let length = if near.ends_with(['{', '[', '(', ',']) {
        in_map(value)
    } else {
        in_settings(value, word - start, near).or_else(|| in_lines(text, start, word))
    };
    length.map_or(word, |length| word.max(start + value[..length.min(value.len())].trim_end().len()))
}

/// Where a value ends behind a colon in a sentence, if it is none of a language.
pub(super) fn in_sentence(text: &str, start: usize, name: &str) -> Option<Range<usize>> {
    const ENDS: [char; 10] = [' ', '\t', '\r', '\n', '"', '\'', '<', '>', ',', ';'];
    let word = start..until(text, start, &ENDS);
    if is_cookie(name) && text[word.clone()].contains('=') {
        return Some(start..cookies(text, start));
    }
    let presented = scheme(text, start).map(|behind| behind..until(text, behind, &ENDS));
    let is_secret = |word: &Range<usize>| is_made_up(&text[word.clone()]);
    presented.filter(is_secret).map(|presented| start..presented.end).or_else(|| Some(word).filter(is_secret))
}

/// The end of a credential behind the name of its scheme: `Bearer …`, `Digest username="ada", response="…"`.
pub(super) fn credential(text: &str, start: usize) -> Option<usize> {
    let mut at = scheme(text, start)?;
    let mut end = piece(text, at);
    while is_parameter(&text[at..end]) && (text[..end].ends_with(',') || text[end..].trim_start_matches(BLANKS).starts_with(',')) {
        let next = text.len() - text[end..].trim_start_matches([' ', '\t', ',']).len();
        let behind = piece(text, next);
        if !is_parameter(&text[next..behind]) {
            break;
        }
        (at, end) = (next, behind);
    }
    Some(at + text[at..end].trim_end_matches([',', ';', '}', ')', ']']).len()).filter(|end| *end > at)
}

/// Where the credential begins behind the name of its scheme. A sentence goes on with a short word in small letters.
pub(super) fn scheme(text: &str, start: usize) -> Option<usize> {
    let length = text[start..].bytes().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    let name = &text[start..start + length];
    let behind = text.len() - text[start + length..].trim_start_matches(BLANKS).len();
    let is_scheme = || {
        let name = name.to_ascii_lowercase();
        name.ends_with("token") || name.ends_with("apikey") || SCHEMES.split(' ').any(|scheme| scheme == name)
    };
    if behind == start + length || !is_scheme() {
        return None;
    }
    let is_small = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
    let word = &text[behind..until(text, behind, &ENDS)];
    let is_sentence = is_small(name) && word.len() < Found::LEAST && is_small(word.trim_end_matches(['.', ',', ';', ':']));
    (!is_sentence || text[behind..].starts_with(['"', '\'', '\\'])).then_some(behind)
}

/// Where a word ends, with what stands in quotes at its end: `realm="a b"`.
fn piece(text: &str, start: usize) -> usize {
    let end = until(text, start, &ENDS);
    let bare = start + text[start..end].trim_end_matches('\\').len();
    let is_open = bare == start || text[..bare].ends_with('=');
    match is_open.then(|| quoted(text, bare)).flatten() {
        Some(inner) => (inner.end + (end - bare) + 1).min(text.len()),
        None => end,
    }
}

/// Whether a word is a parameter of a credential: `realm="…"`. What is in base64 has nothing behind its `=`.
fn is_parameter(word: &str) -> bool {
    let is_name = |name: &str| name.starts_with(|letter: char| letter.is_ascii_lowercase());
    word.split_once('=').is_some_and(|(name, value)| is_name(name) && !value.trim_start_matches('=').is_empty())
}

fn is_cookie(name: &str) -> bool {
    name.len() >= 6 && name.is_char_boundary(name.len() - 6) && name[name.len() - 6..].eq_ignore_ascii_case("cookie")
}

/// The end of pairs that `; ` parts.
fn cookies(text: &str, start: usize) -> usize {
    let (mut at, mut end) = (start, piece(text, start));
    while text[..end].ends_with(';') || text[end..].starts_with(';') {
        let next = text.len() - text[end..].trim_start_matches([' ', '\t', ';']).len();
        let behind = piece(text, next);
        if !text[next..behind].contains('=') {
            break;
        }
        (at, end) = (next, behind);
    }
    at + text[at..end].trim_end_matches([',', ';', '}', ')', ']']).len()
}

/// The length of a value in a map, `{password=a b, user=ada}`, which the next pair ends or the bracket.
fn in_map(value: &str) -> Option<usize> {
    let mut signs = value.match_indices([',', '}', ')', ']', '{', '(', '[']);
    let (end, sign) = signs.find(|(index, sign)| *sign != "," || is_pair(&value[index + 1..], 0))?;
    [",", "}", ")", "]"].contains(&sign).then_some(end)
}

/// The length of a value in settings, `Password=a b;Server=x`, of which its first `word` is known. `near` stands before its name.
fn in_settings(value: &str, word: usize, near: &str) -> Option<usize> {
    // What stands before a pair that was hidden is not known.
    let is_behind =
        near == ";" || near.strip_suffix(';').and_then(|before| before.rsplit([';', '\n']).next()).is_some_and(|pair| pair.contains('='));
    let end = value[word..].find(';').map(|offset| word + offset);
    let ends_pair = |end: &usize| is_pair(&value[end + 1..], 2) || value[end + 1..].trim().is_empty();
    if is_behind { Some(end.unwrap_or(value.len())) } else { end.filter(ends_pair) }
}

/// The length of a value to the end of its line among lines of pairs, `PASSWORD=a b`; it is the only pair there.
fn in_lines(text: &str, start: usize, word: usize) -> Option<usize> {
    let rest = &text[word..text.floor_char_boundary(word.saturating_add(FAR))];
    let (line, below) = rest.split_at(rest.find(['\r', '\n']).unwrap_or(rest.len()));
    let head = &text[text.floor_char_boundary(start.saturating_sub(FAR))..start];
    let (above, name) = head.rsplit_once('\n').unwrap_or(("", head));
    let above = above.trim_end().rsplit('\n').next().unwrap_or_default();
    let is_alone = || !line.match_indices(BLANKS).any(|(index, _)| is_pair(&line[index + 1..], 0));
    let is_line = is_pair(name, 0) && (is_pair(above, 0) || is_pair(below.trim_start(), 0)) && is_alone();
    is_line.then_some(word - start + line.len())
}

/// Whether a text begins with `name=`; with so many blanks in the name.
fn is_pair(text: &str, most: usize) -> bool {
    let text = text.trim_start_matches(BLANKS);
    let name = text.bytes().take(64).take_while(|byte| byte.is_ascii_alphanumeric() || b"_.- ".contains(byte)).count();
    name > 0 && text[name..].starts_with('=') && text[..name].matches(' ').count() <= most
}

/// Whether a word is none of a language: it has a digit between its letters, or behind them.
pub(super) fn is_made_up(word: &str) -> bool {
    let letters = word.trim_start_matches(|letter: char| !letter.is_alphabetic());
    word.len() >= Found::LEAST && letters.contains(|letter: char| letter.is_ascii_digit())
}

/// The length of what begins with a bracket, up to the one that closes it; brackets within quotes do not count.
pub(super) fn brackets(text: &str) -> usize {
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

/// The length of texts in round brackets, as programs have them: `('ada', '…')`.
pub(super) fn tuple(text: &str) -> Option<usize> {
    let (mut at, inner) = (1, text.strip_prefix('(')?);
    inner.starts_with(['"', '\'', '\\']).then_some(())?;
    while let Some(offset) = text[at..].find(['"', '\'', '\\', ')', '\n']) {
        match quoted(text, at + offset).filter(|inner| inner.end < text.len()) {
            Some(inner) => at = (text.len() - text[inner.end..].trim_start_matches('\\').len() + 1).min(text.len()),
            None => return text[at + offset..].starts_with(')').then_some(at + offset + 1),
        }
    }
    None
}

/// The length of lines that a word ends which stands before them, `<<-EOT`, up to that word. One that is cut reaches to the end.
pub(super) fn heredoc(text: &str) -> Option<usize> {
    let head = text.strip_prefix("<<")?.lines().next()?;
    let word = head.trim_start_matches(['-', '~']).trim().trim_matches(['"', '\'']);
    if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let mut length = 0;
    for line in text.split_inclusive('\n') {
        if length > 0 && line.trim() == word {
            return Some(length);
        }
        length += line.len();
    }
    Some(text.len())
}

/// Whether the rest of a line says that the value is in the next ones, as YAML has it: nothing, a comment, `>-`, each behind tags.
pub(super) fn opens_block(rest: &str) -> bool {
    let said = rest.split_whitespace().skip_while(|word| word.starts_with(['!', '&'])).take_while(|word| !word.starts_with('#'));
    let is_mark = |word: &str| word.strip_prefix(['|', '>']).is_some_and(|how| how.bytes().all(|byte| b"+-123456789".contains(&byte)));
    said.enumerate().all(|(index, word)| index == 0 && is_mark(word))
}

/// The end of the lines after `at` that are indented further than `line`, or are rows of a list as far as that.
pub(super) fn block(text: &str, at: usize, line: &str) -> usize {
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
