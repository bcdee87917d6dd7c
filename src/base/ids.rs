//! Identifiers drawn from a seeded stream, in the shapes that vendors use.

use rand::{Rng as _, RngExt as _};
use uuid::Uuid;

use crate::base::entropy::Rng;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes as hexadecimal digits, two for each.
pub fn in_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

/// Adds bytes as hexadecimal digits.
pub fn push_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        text.push(HEX[usize::from(byte >> 4)].into());
        text.push(HEX[usize::from(byte & 15)].into());
    }
}

pub fn hex(rng: &mut Rng, length: usize) -> String {
    let mut bytes = [0_u8; 64];
    let mut text = Vec::with_capacity(length);
    while text.len() < length {
        rng.fill_bytes(&mut bytes);
        let missing = length - text.len();
        text.extend(bytes[..missing.min(bytes.len())].iter().map(|byte| HEX[usize::from(byte & 15)]));
    }
    String::from_utf8(text).expect("digits are ASCII")
}

/// `length` decimal digits, the first of which is not zero.
pub fn digits(rng: &mut Rng, length: usize) -> String {
    (0..length).map(|index| char::from(b'0' + rng.random_range(u8::from(index == 0)..10))).collect()
}

/// `length` upper-case letters and digits.
pub fn alphanumeric(rng: &mut Rng, length: usize) -> String {
    const SYMBOLS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    (0..length).map(|_| char::from(SYMBOLS[rng.random_range(0..SYMBOLS.len())])).collect()
}

/// A version 4 UUID from the stream.
pub fn uuid(rng: &mut Rng) -> Uuid {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::entropy::stream;

    #[test]
    fn ids_have_the_promised_shape() {
        let mut rng = stream(1, &["ids"], 0);
        assert_eq!(hex(&mut rng, 100).len(), 100);
        assert!(hex(&mut rng, 32).bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
        for number in (0..100).map(|_| digits(&mut rng, 14)) {
            assert!(number.len() == 14 && !number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
        }
        assert_eq!(uuid(&mut rng).get_version_num(), 4);
        assert!(alphanumeric(&mut rng, 9).bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()));
    }
}
