//! Bytes as the admin API shows them: as text where they are UTF-8, else in base64 with a flag; headers that were sent several times
//! as a list.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;

/// The values of a header.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Header")]
pub(super) enum HeaderView {
    One(HeaderText),
    /// It was sent several times, in this order.
    Several(Vec<HeaderText>),
}

/// One value of a header.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum HeaderText {
    Text(String),
    /// One that is not UTF-8.
    Bytes {
        base64: String,
    },
}

/// Headers by their names, each with all of its values.
pub(super) fn headers<'n>(rows: impl Iterator<Item = (&'n str, HeaderText)>) -> IndexMap<String, HeaderView> {
    let mut found: IndexMap<String, HeaderView> = IndexMap::new();
    for (name, value) in rows {
        let Some(before) = found.get_mut(name) else {
            found.insert(name.to_owned(), HeaderView::One(value));
            continue;
        };
        match before {
            HeaderView::One(first) => *before = HeaderView::Several(vec![first.clone(), value]),
            HeaderView::Several(values) => values.push(value),
        }
    }
    found
}

impl HeaderText {
    pub fn of(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { base64: STANDARD.encode(bytes) },
        }
    }
}

/// Bytes as text, and whether the text is base64. Of a text that was cut within a letter, the whole letters are shown.
pub(super) fn text(bytes: &[u8], is_cut: bool) -> (Cow<'_, str>, bool) {
    match utf8(bytes, is_cut) {
        Some(text) => (text.into(), false),
        None => (STANDARD.encode(bytes).into(), true),
    }
}

/// The text that bytes are, but for a letter that was cut in the middle.
pub(super) fn utf8(bytes: &[u8], is_cut: bool) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if is_cut && error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_text_or_base64() {
        assert_eq!(text("ä\0".as_bytes(), false), ("ä\0".into(), false));
        assert_eq!(text(b"\xff\x00", false), ("/wA=".into(), true));
        assert_eq!(text(&"xä".as_bytes()[..2], true), ("x".into(), false));
        assert_eq!(text(&"xä".as_bytes()[..2], false), ("eMM=".into(), true));
    }
}
