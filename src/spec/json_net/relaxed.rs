//! What Json.NET reads as JSON although it is none: comments, commas behind the last element, names without quotes, single quotes, line
//! breaks in texts, a byte order mark; and whatever is behind the document, which it does not look at.

/// The text as JSON, for a reader that refused it. What Json.NET does not read either stays as it is.
pub(crate) fn strict(text: &[u8]) -> Vec<u8> {
    let mut rest = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut out, mut depth, mut comma) = (Vec::with_capacity(text.len()), 0_usize, None);
    while let Some(first) = rest.first() {
        let length = token(rest);
        let (own, behind) = rest.split_at(length);
        rest = behind;
        match first {
            b'/' if length > 1 => continue,
            byte if byte.is_ascii_whitespace() => {}
            b',' => {
                comma = Some(out.len());
                out.push(b',');
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                comma.into_iter().for_each(|index: usize| out[index] = b' ');
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        match first {
            b'"' | b'\'' => quoted(own, &mut out),
            _ if is_name(*first) && is_before_colon(rest) => out.extend([b"\"", own, b"\""].concat()),
            _ if own == b"undefined" => out.extend(b"null"),
            _ => out.extend(own),
        }
        if matches!(first, b']' | b'}') && depth == 0 {
            break;
        }
        if !first.is_ascii_whitespace() {
            comma = None;
        }
    }
    out
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_$".contains(&byte)
}

/// The length of what a text begins with: a comment, a quoted text, a word, or a single byte.
fn token(text: &[u8]) -> usize {
    let until = |end: &[u8]| text.windows(end.len()).skip(2).position(|bytes| bytes == end).map_or(text.len(), |at| at + 2 + end.len());
    match text {
        [b'/', b'*', ..] => until(b"*/"),
        [b'/', b'/', ..] => until(b"\n"),
        [quote @ (b'"' | b'\''), rest @ ..] => {
            let mut escaped = false;
            let is_end = |byte: &u8| {
                let is_end = !escaped && byte == quote;
                escaped = !escaped && *byte == b'\\';
                is_end
            };
            rest.iter().position(is_end).map_or(text.len(), |at| at + 2)
        }
        _ => text.iter().take_while(|byte| is_name(**byte)).count().max(1),
    }
}

fn is_before_colon(mut rest: &[u8]) -> bool {
    while let [byte, ..] = rest {
        match byte {
            b':' => return true,
            b'/' | b' ' | b'\t' | b'\r' | b'\n' if *byte != b'/' || token(rest) > 1 => rest = &rest[token(rest)..],
            _ => return false,
        }
    }
    false
}

/// A text with the quotes and escapes of JSON. One that does not end stays so.
fn quoted(own: &[u8], out: &mut Vec<u8>) {
    let quote = own[0];
    let (inner, end): (_, &[u8]) = match own[1..].split_last() {
        Some((last, inner)) if *last == quote => (inner, b"\""),
        _ => (&own[1..], b""),
    };
    out.push(b'"');
    let mut escaped = false;
    for byte in inner {
        match byte {
            // `\'` is no escape of JSON.
            b'\'' if escaped => {
                out.pop();
                out.push(b'\'');
            }
            b'"' if !escaped => out.extend(b"\\\""),
            byte if *byte < b' ' => out.extend(format!("\\u{byte:04x}").bytes()),
            byte => out.push(*byte),
        }
        escaped = !escaped && *byte == b'\\';
    }
    out.extend(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&strict(text.as_bytes())), expected, "{text}");
    }

    #[test]
    fn json_stays_as_it_is() {
        let text = "{\"a\": [1, -2.50e3, true, null, \"b\\\\\\\"/*c*/,]'\"], \"d\": {}}";
        check(text, text);
        check("\u{feff}[1]", "[1]");
    }

    #[test]
    fn commas_behind_the_last_element_are_blanks() {
        check("{\"a\":[1,],}", "{\"a\":[1 ] }");
        check("[1, /* none */\n ]", "[1  \n ]");
        check("[1,,]", "[1, ]");
    }

    #[test]
    fn comments_go_and_names_and_texts_get_their_quotes() {
        check("// c\n{a: 'it\"s', /* d: */ 'b' : 'it\\'s', $c_1:undefined}", "{\"a\": \"it\\\"s\",  \"b\" : \"it's\", \"$c_1\":null}");
        check("{\"a\":\"b\nc\"}", "{\"a\":\"b\\u000ac\"}");
        check("{true: false}", "{\"true\": false}");
    }

    #[test]
    fn what_is_behind_the_document_is_not_looked_at() {
        check("{\"a\":[{}]} x {", "{\"a\":[{}]}");
        check("5 6", "5 6");
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for text in ["", "'", "{'a", "/*", "/", "{\"a\":\"b\\", "[1", "nothing", "\\'"] {
            assert!(serde_json::from_slice::<serde_json::Value>(&strict(text.as_bytes())).is_err(), "{text}");
        }
    }
}
