//! Takes out known values, wherever they stand as whole words: as they are, escaped for JSON, XML or an address, or in base64.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::digest::{Context, SHA256};
use serde_json::{Map, Value};

use super::letters;
use super::names::{LAYERS, Names};

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "[redacted]";

/// Base64 with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Values that were found under the names of secrets.
#[derive(Default)]
pub(super) struct Found {
    values: Vec<String>,
    /// How many of them exchanges have said.
    said: usize,
    /// Whether what is looked at is the answer to a call that was refused.
    pub in_refusal: bool,
    /// Which names are those of secrets.
    pub names: Arc<Names>,
    /// What everybody knows, and what is therefore hidden only under a name.
    published: Arc<HashSet<String>>,
}

impl Found {
    /// The least length of a secret that is recognized by itself; shorter ones may be parts of anything.
    pub const LEAST: usize = 8;
    /// How many values of one exchange, and how many addresses of webhooks, are remembered.
    const MOST: usize = 1000;

    pub fn new(names: &Arc<Names>, published: &Arc<HashSet<String>>) -> Self {
        Self { values: Vec::new(), said: 0, in_refusal: false, names: Arc::clone(names), published: Arc::clone(published) }
    }

    /// Adds what an exchange says.
    pub fn add(&mut self, value: &str) {
        if self.said < Self::MOST {
            self.said += 1;
            self.add_known(value);
        }
    }

    /// Adds what the sandbox holds, of which the caller limits the number.
    pub fn add_known(&mut self, value: &str) {
        let value = value.trim();
        if value.len() >= Self::LEAST && value != REDACTED && !self.published.contains(value) {
            self.values.push(value.to_owned());
        }
    }

    /// Adds the password of a pair in base64, as `Basic` has it. Whether it is one.
    pub fn add_password(&mut self, pair: &str) -> bool {
        let pair = BASE64.decode(pair).ok().and_then(|pair| String::from_utf8(pair).ok());
        let password = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, password)| self.add(password));
        password.is_some()
    }
}

/// Known values, for one look-up at each word of a text. Its cost grows with the text, and with the logarithm of the number of values.
#[derive(Default)]
pub(super) struct Values {
    /// Sorted, so that those that a text begins with are neighbors.
    sorted: Vec<Vec<u8>>,
    starts: HashSet<[u8; Found::LEAST]>,
    /// The length of the longest.
    longest: usize,
}

/// How many bytes are compared for each of a text: a text of nothing but secrets takes a few.
const COMPARED: usize = 64;

impl Values {
    pub fn new(found: Found) -> Self {
        let mut values = found.values;
        // A blank is a plus in forms.
        let in_forms: Vec<String> = values.iter().filter(|value| value.contains(' ')).map(|value| value.replace(' ', "+")).collect();
        values.extend(in_forms);
        let mut sorted: Vec<Vec<u8>> = values.iter().map(|value| Plain::of(value).bytes.into_owned()).collect();
        sorted.retain(|value| value.len() >= Found::LEAST);
        sorted.sort_unstable();
        sorted.dedup();
        let starts = sorted.iter().filter_map(|value| value.first_chunk().copied()).collect();
        let longest = sorted.iter().map(Vec::len).max().unwrap_or_default();
        Self { sorted, starts, longest }
    }

    /// A digest of all of them.
    pub fn digest(&self) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for value in &self.sorted {
            context.update(&value.len().to_le_bytes());
            context.update(value);
        }
        context.finish().as_ref().try_into().unwrap_or_default()
    }

    /// The text, each of them replaced by what stands in a secret's place.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.starts.is_empty() || text.len() < Found::LEAST {
            return text.into();
        }
        let plain = Plain::of(text);
        let Some(mut ranges) = self.find(&plain.bytes) else { return REDACTED.to_owned().into() };
        ranges.extend(self.find_encoded(&plain.bytes, LAYERS));
        let lines = str::from_utf8(&plain.bytes).ok().filter(|text| text.contains('\n'));
        let broken = lines.into_iter().flat_map(letters::broken);
        ranges.extend(broken.filter(|(_, word)| self.is_encoded(word.as_bytes(), LAYERS)).map(|(range, _)| (range.start, range.end)));
        if ranges.is_empty() {
            return text.into();
        }
        ranges.sort_unstable();
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for (start, end) in ranges.into_iter().map(|(start, end)| (plain.position(start), plain.position(end))) {
            if start >= done && end > start && text.is_char_boundary(start) && text.is_char_boundary(end) {
                out.push_str(&text[done..start]);
                out.push_str(REDACTED);
                done = end;
            }
        }
        out.push_str(&text[done..]);
        out.into()
    }

    /// JSON without them: in texts, names and numbers.
    pub fn json(&self, value: &mut Value) {
        match value {
            Value::Array(rows) => rows.iter_mut().for_each(|row| self.json(row)),
            Value::Object(members) => {
                members.values_mut().for_each(|member| self.json(member));
                if members.keys().any(|name| matches!(self.text(name), Cow::Owned(_))) {
                    let renamed = std::mem::take(members).into_iter().map(|(name, member)| (self.text(&name).into_owned(), member));
                    *members = renamed.collect::<Map<_, _>>();
                }
            }
            Value::String(text) => {
                if let Cow::Owned(clean) = self.text(text) {
                    *text = clean;
                }
            }
            Value::Number(number) => {
                if let Cow::Owned(clean) = self.text(&number.to_string()) {
                    *value = clean.into();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Where they stand as whole words: neither letters nor digits go on at their ends. `None` if to look further costs too much, which
    /// only a text costs that was made for it.
    fn find(&self, text: &[u8]) -> Option<Vec<(usize, usize)>> {
        let splits = |at: usize| {
            let is_word = |at: usize| text.get(at).is_some_and(u8::is_ascii_alphanumeric);
            at == 0 || !(is_word(at - 1) && is_word(at))
        };
        let (mut found, mut at, mut left) = (Vec::new(), 0, COMPARED * text.len() + self.longest);
        while let Some(start) = text[at..].first_chunk() {
            let is_start = splits(at) && self.starts.contains(start);
            let end = if is_start { self.prefix(&text[at..], |length| splits(at + length), &mut left)? } else { None };
            let end = end.map(|length| at + length);
            found.extend(end.map(|end| (at, end)));
            at = end.unwrap_or(at + 1);
        }
        Some(found)
    }

    /// The length of the longest value that a text begins with and that may end there, of so many as bound the cost. `None` if more bytes
    /// would be compared than are `left`.
    fn prefix(&self, text: &[u8], may_end: impl Fn(usize) -> bool, left: &mut usize) -> Option<Option<usize>> {
        let mut length = text.len().min(self.longest);
        for _ in 0..16 {
            let wanted = &text[..length];
            let Some(index) = self.sorted.partition_point(|value| value.as_slice() <= wanted).checked_sub(1) else { return Some(None) };
            let nearest = &self.sorted[index];
            let same = nearest.iter().zip(wanted).take_while(|(left, right)| left == right).count();
            *left = left.checked_sub(same)?;
            let is_prefix = same == nearest.len();
            if is_prefix && may_end(same) {
                return Some(Some(same));
            }
            length = if is_prefix { same.saturating_sub(1) } else { same };
        }
        Some(None)
    }

    /// Words that are base64 of a text with one of them, such as a pair of a name and a password.
    fn find_encoded(&self, text: &[u8], layers: usize) -> Vec<(usize, usize)> {
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(byte);
        let mut found = Vec::new();
        let mut start = 0;
        while start < text.len() {
            let length = text[start..].iter().take_while(|byte| is_letter(byte)).count();
            let end = start + length + text[start + length..].iter().take(2).take_while(|byte| **byte == b'=').count();
            if self.is_encoded(&text[start..end], layers) {
                found.push((start, end));
            } else if length > 0 {
                // In a path, the slash is none of its letters.
                let mut at = start;
                for segment in text[start..end].split(|byte| *byte == b'/') {
                    if segment.len() < end - start && self.is_encoded(segment, layers) {
                        found.push((at, at + segment.len()));
                    }
                    at += segment.len() + 1;
                }
            }
            start = end.max(start + 1);
        }
        found
    }

    fn is_encoded(&self, word: &[u8], layers: usize) -> bool {
        if word.len() < Found::LEAST * 4 / 3 + 1 {
            return false;
        }
        let standard = word.iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            byte => *byte,
        });
        let decoded = BASE64.decode(standard.collect::<Vec<u8>>()).ok().and_then(|decoded| String::from_utf8(decoded).ok());
        decoded.is_some_and(|decoded| {
            let plain = Plain::of(&decoded).bytes;
            let is_found = self.find(&plain).is_none_or(|found| !found.is_empty());
            is_found || (layers > 1 && !self.find_encoded(&plain, layers - 1).is_empty())
        })
    }
}

/// A text without escapes, and where its bytes come from.
struct Plain<'t> {
    bytes: Cow<'t, [u8]>,
    /// The position of each byte in the text, then the length of the text; empty if there are no escapes.
    positions: Vec<usize>,
}

impl<'t> Plain<'t> {
    /// Escapes are taken away layer by layer: a form in JSON in a query has three of them.
    fn of(text: &'t str) -> Self {
        let mut plain = Self::without_a_layer(text);
        for _ in 1..LAYERS {
            let Ok(inner) = std::str::from_utf8(&plain.bytes) else { break };
            let next = Plain::without_a_layer(inner);
            if next.bytes.len() == inner.len() {
                break;
            }
            let positions = next.positions.iter().map(|at| plain.position(*at)).collect();
            plain = Self { bytes: next.bytes.into_owned().into(), positions };
        }
        plain
    }

    fn without_a_layer(text: &'t str) -> Self {
        if !text.contains(['%', '\\', '&']) {
            return Self { bytes: text.as_bytes().into(), positions: Vec::new() };
        }
        let (mut bytes, mut positions, mut at) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len() + 1), 0);
        while at < text.len() {
            let (letter, length) = unescape(&text[at..]);
            let mut buffer = [0; 4];
            let decoded: &[u8] = match &letter {
                Letter::Byte(byte) => std::slice::from_ref(byte),
                Letter::Char(letter) => letter.encode_utf8(&mut buffer).as_bytes(),
            };
            bytes.extend_from_slice(decoded);
            positions.extend(decoded.iter().map(|_| at));
            at += length;
        }
        positions.push(text.len());
        Self { bytes: bytes.into(), positions }
    }

    fn position(&self, at: usize) -> usize {
        self.positions.get(at).copied().unwrap_or(at)
    }
}

enum Letter {
    Byte(u8),
    Char(char),
}

/// What a text begins with, and how long that is: `%XX`, also doubly encoded, an escape of JSON, however many backslashes it has, or an
/// entity of XML.
fn unescape(text: &str) -> (Letter, usize) {
    let bytes = text.as_bytes();
    let first = bytes[0];
    let hex = |from: usize, count: usize| text.get(from..from + count).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match first {
        b'%' => {
            let (mut byte, mut length) = (first, 1);
            while byte == b'%'
                && let Some(code) = hex(length, 2)
            {
                byte = u8::try_from(code).unwrap_or(byte);
                length += 2;
            }
            (Letter::Byte(byte), length)
        }
        b'\\' => {
            let slashes = bytes.iter().take_while(|byte| **byte == b'\\').count();
            let code = hex(slashes + 1, 4).and_then(char::from_u32).filter(|_| bytes.get(slashes) == Some(&b'u'));
            match (code, bytes.get(slashes)) {
                (Some(letter), _) => (Letter::Char(letter), slashes + 5),
                (None, Some(b'n' | b'r' | b't' | b'b' | b'f')) => (Letter::Byte(b'\n'), slashes + 1),
                (None, Some(b'"' | b'\'' | b'/')) => (Letter::Byte(bytes[slashes]), slashes + 1),
                _ => (Letter::Byte(b'\\'), slashes),
            }
        }
        b'&' => {
            let entity = text.get(1..text.len().min(10)).and_then(|rest| rest.split_once(';')).map(|(entity, _)| entity);
            let number = entity.and_then(|entity| entity.strip_prefix('#')).and_then(|digits| match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => digits.parse().ok(),
            });
            let letter = match entity {
                Some("amp") => Some('&'),
                Some("lt") => Some('<'),
                Some("gt") => Some('>'),
                Some("quot") => Some('"'),
                Some("apos") => Some('\''),
                _ => number.and_then(char::from_u32),
            };
            letter.map_or((Letter::Byte(first), 1), |letter| (Letter::Char(letter), entity.map_or(1, |entity| entity.len() + 2)))
        }
        byte => text.chars().next().map_or((Letter::Byte(byte), 1), |letter| (Letter::Char(letter), letter.len_utf8())),
    }
}
