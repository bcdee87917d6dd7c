//! Blanks within the address of a request line. HTTP has none there, and hyper refuses them without a word; some clients send them, and
//! some web servers read them. They are escaped before hyper sees them, so that the vendor answers.

/// The beginning of a request as it was read, with the blanks of its address escaped; `None` if there are none, or the first line is
/// not complete.
pub(super) fn mended(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr2(b'\r', b'\n', bytes)?;
    let line = bytes[..end].strip_suffix(b" HTTP/1.1").or_else(|| bytes[..end].strip_suffix(b" HTTP/1.0"))?;
    let start = 1 + memchr::memchr(b' ', line)?;
    let (method, address) = line.split_at(start);
    if !address.starts_with(b"/") || memchr::memchr(b' ', address).is_none() || !method[..start - 1].iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let mut mended = method.to_vec();
    for byte in address {
        match byte {
            b' ' => mended.extend_from_slice(b"%20"),
            byte => mended.push(*byte),
        }
    }
    mended.extend_from_slice(&bytes[line.len()..]);
    Some(mended)
}

/// Whether bytes that came so far are the beginning of a request line, which may have blanks further on.
pub(super) fn is_begun(bytes: &[u8]) -> bool {
    if memchr::memchr2(b'\r', b'\n', bytes).is_some() {
        return false;
    }
    let Some(space) = memchr::memchr(b' ', bytes) else { return false };
    is_method(&bytes[..space]) && bytes.get(space + 1).is_none_or(|byte| *byte == b'/')
}

/// Whether they may be a method, or the beginning of one.
pub(super) fn is_method(bytes: &[u8]) -> bool {
    (1..=LONGEST_METHOD).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_uppercase)
}

/// The most letters of a method that is waited for.
const LONGEST_METHOD: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_waited_for_as_long_as_it_may_be_one() {
        for begun in ["GET ", "GET /", "PUT /a b", "GET /a HTTP/1.1"] {
            assert!(is_begun(begun.as_bytes()), "{begun}");
        }
        for other in ["", "GET", " /a", "get /a", "PRI * HTTP/2.0", "GET /a HTTP/1.1\r", "GET /a\n", "{\"a\": /b"] {
            assert!(!is_begun(other.as_bytes()), "{other}");
        }
        assert!(is_method(b"G") && is_method(b"OPTIONS") && !is_method(b"") && !is_method(b"GET ") && !is_method(b"ABCDEFGHIJKLMNOPQ"));
    }

    #[test]
    fn only_blanks_of_an_address_are_escaped() {
        let text = |sent: &str| mended(sent.as_bytes()).map(|bytes| String::from_utf8(bytes).expect("it was text"));
        let expected = "GET /a?b=c%20%20d HTTP/1.1\r\nx: GET /e f HTTP/1.1\r\n\r\n";
        assert_eq!(text("GET /a?b=c  d HTTP/1.1\r\nx: GET /e f HTTP/1.1\r\n\r\n").as_deref(), Some(expected));
        assert_eq!(text("PUT /a b HTTP/1.0\n\n").as_deref(), Some("PUT /a%20b HTTP/1.0\n\n"));
        for other in [
            "GET /a HTTP/1.1\r\n\r\n",
            "GET /a b HTTP/1.1",
            "GET /a b HTTP/3.0\r\n\r\n",
            "GET a b HTTP/1.1\r\n\r\n",
            "G T /a HTTP/1.1\r\n\r\n",
            "get /a b HTTP/1.1\r\n\r\n",
            "{\"GET /a b HTTP/1.1\n",
            "\r\n",
            "",
        ] {
            assert_eq!(text(other), None, "{other:?}");
        }
    }
}
