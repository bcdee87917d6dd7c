//! What stands in other letters: in base64 JSON, a form, markup, or any other text that names a secret; bytes that are Latin-1.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::bytes::letters;
use super::marks::is_marked;

/// How JSON objects begin in base64. Those are read however long they are.
const OBJECT: [&str; 4] = ["eyJ", "eyAi", "ewog", "ewoJ"];
/// How long other texts are, and how much of them tells that they are none.
const LEAST: usize = 16;
const MOST: usize = 64 * 1024;
const FIRST: usize = 32;

/// A text that stood in base64.
pub(super) enum Inner {
    Json(Value),
    Form(String),
    Text(String),
}

/// What stands in base64, unless nothing in it names a secret.
pub(super) fn inner(value: &str) -> Option<Inner> {
    let coded = value.trim().trim_end_matches('=');
    let is_object = OBJECT.iter().any(|begin| coded.starts_with(begin));
    let is_text = || (LEAST..=MOST).contains(&coded.len()) && decoded(&coded.as_bytes()[..coded.len().min(FIRST)]).is_some();
    if !(is_object || is_text()) {
        return None;
    }
    let inner = decoded(coded.as_bytes())?;
    match serde_json::from_str::<Value>(&inner) {
        Ok(tree) if tree.is_object() || tree.is_array() => Some(Inner::Json(tree)),
        // Names may be written in escapes.
        _ if !is_marked(&inner) && !inner.contains(['%', '\\', '&']) => None,
        _ if is_form(&inner) => Some(Inner::Form(inner)),
        _ => Some(Inner::Text(inner)),
    }
}

/// The text that is written so, without control characters.
fn decoded(coded: &[u8]) -> Option<String> {
    // A piece of four letters is three bytes, and the last character of the beginning may be cut.
    let bytes = URL_SAFE_NO_PAD.decode(coded).or_else(|_| STANDARD_NO_PAD.decode(coded)).ok()?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.utf8_error().error_len().is_none() => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        Err(_) => return None,
    };
    let is_text = |letter: char| !letter.is_control() || letter.is_whitespace();
    text.chars().all(is_text).then_some(text)
}

/// Whether a text looks like the pairs of a form.
pub(super) fn is_form(text: &str) -> bool {
    text.contains('=') && !text.contains(|letter: char| letter.is_whitespace() || "{<\"".contains(letter))
}

/// A value whose bytes, percent-encoded or not, are letters of Latin-1.
pub(super) fn latin(value: &str) -> String {
    letters(&percent_decode_str(value).collect::<Vec<u8>>())
}
