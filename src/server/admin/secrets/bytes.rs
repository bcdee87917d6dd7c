//! Bodies and headers that are not UTF-8, as texts in which secrets can be found: a letter for each byte, as Latin-1 has it, so that the
//! bytes can be made of the text again. UTF-16 is read as such, because its names would not be found.

use crate::server::shown_bytes::utf8;

/// A body as a text in which secrets can be found.
pub(super) enum Readable<'m> {
    Nothing,
    Text(std::borrow::Cow<'m, str>),
    /// It has a letter for each byte.
    Bytes(String),
}

pub(super) fn read(body: &[u8], is_cut: bool) -> Readable<'_> {
    if body.is_empty() {
        return Readable::Nothing;
    }
    match (utf16(body), utf8(body, is_cut)) {
        (Some(text), _) => Readable::Text(text.into()),
        (None, Some(text)) => Readable::Text(text.into()),
        (None, None) => Readable::Bytes(letters(body)),
    }
}

/// A letter for each byte.
pub(super) fn letters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The bytes of a text that has a letter for each of them.
pub(super) fn from_letters(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// The text of a body in UTF-16, by its mark or by the zeros of its first two letters.
fn utf16(body: &[u8]) -> Option<String> {
    let is_little = match body {
        [0xff, 0xfe, ..] => true,
        [0xfe, 0xff, ..] => false,
        [first, 0, second, 0, ..] if *first > 0 && *second > 0 => true,
        [0, first, 0, second, ..] if *first > 0 && *second > 0 => false,
        _ => return None,
    };
    let (units, _) = body.as_chunks::<2>();
    let units = units.iter().map(|unit| if is_little { u16::from_le_bytes(*unit) } else { u16::from_be_bytes(*unit) });
    let text: String = char::decode_utf16(units).collect::<Result<_, _>>().ok()?;
    Some(text.trim_start_matches('\u{feff}').to_owned())
}
