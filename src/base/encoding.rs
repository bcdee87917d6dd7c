//! The encoding of a text of JSON, by a byte order mark, else by where the zeros are in its first four bytes (RFC 4627, section 3). So
//! Java's Jackson reads bytes; what the content type says of them means nothing. Readers of .NET look for marks only.

use std::borrow::Cow;

/// A text of JSON as UTF-8 without its mark; owned if it had another encoding.
pub fn to_utf8(body: &[u8]) -> Cow<'_, [u8]> {
    by_mark(body).unwrap_or_else(|| match body {
        [0, 0, 0, _, ..] => utf32(body, u32::from_be_bytes),
        [_, 0, 0, 0, ..] => utf32(body, u32::from_le_bytes),
        [0, _, ..] => utf16(body, u16::from_be_bytes),
        [_, 0, ..] => utf16(body, u16::from_le_bytes),
        _ => Cow::Borrowed(body),
    })
}

/// A text as UTF-8 without its byte order mark; `None` if it has none.
pub fn by_mark(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    Some(match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0, 0, 0xfe, 0xff, rest @ ..] => utf32(rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        _ => return None,
    })
}

/// A text in UTF-16 whose units have their low bytes first, which .NET calls `utf-16`, as UTF-8.
pub fn from_utf16(body: &[u8]) -> Cow<'_, [u8]> {
    utf16(body, u16::from_le_bytes)
}

fn utf16(body: &[u8], read: fn([u8; 2]) -> u16) -> Cow<'_, [u8]> {
    let (units, rest) = body.as_chunks::<2>();
    let mut text: String = char::decode_utf16(units.iter().map(|unit| read(*unit))).map(or_replaced).collect();
    text.extend((!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER));
    Cow::Owned(text.into_bytes())
}

fn utf32(body: &[u8], read: fn([u8; 4]) -> u32) -> Cow<'_, [u8]> {
    let (units, rest) = body.as_chunks::<4>();
    let mut text: String = units.iter().map(|unit| or_replaced(char::try_from(read(*unit)))).collect();
    text.extend((!rest.is_empty()).then_some(char::REPLACEMENT_CHARACTER));
    Cow::Owned(text.into_bytes())
}

fn or_replaced<E>(letter: Result<char, E>) -> char {
    letter.unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A text in all encodings, with or without a mark.
    fn encodings(text: &str) -> Vec<Vec<u8>> {
        let (short, long) = (text.encode_utf16(), text.chars().map(u32::from));
        vec![
            text.as_bytes().to_vec(),
            short.clone().flat_map(u16::to_be_bytes).collect(),
            short.flat_map(u16::to_le_bytes).collect(),
            long.clone().flat_map(u32::to_be_bytes).collect(),
            long.flat_map(u32::to_le_bytes).collect(),
        ]
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_in_all_encodings(rest in "\\PC*") {
            let text = format!("{{{rest}");
            for (plain, marked) in encodings(&text).into_iter().zip(encodings(&format!("\u{feff}{text}"))) {
                // UTF-16 shows by the zero of its first letter only.
                prop_assert_eq!(&*to_utf8(&plain), text.as_bytes());
                prop_assert_eq!(&*to_utf8(&marked), text.as_bytes());
            }
        }

        #[test]
        fn any_bytes_become_a_text(body in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Cow::Owned(text) = to_utf8(&body) {
                prop_assert!(String::from_utf8(text).is_ok());
            }
        }
    }

    #[test]
    fn what_is_cut_is_told_from_what_is_whole() {
        assert_eq!(&*to_utf8(b"{\0}"), "{\u{fffd}".as_bytes());
        assert_eq!(&*to_utf8(b"{\0\0\0\0\xd8\0\0"), "{\u{fffd}".as_bytes());
        assert_eq!(&*to_utf8(b"\xfe\xff"), b"");
        assert_eq!(&*to_utf8(b"5"), b"5");
    }
}
