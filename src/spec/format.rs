//! The formats that the checker knows by itself. A vendor may read more of them, see [`Reading::formats`](super::Reading::formats).

use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

/// Whether a text is of a format; `None` if the format says nothing about validity or is not known.
pub(super) fn fits(format: &str, text: &str) -> Option<bool> {
    Some(match format {
        "date" => is_date(text),
        "date-time" => is_date_time(text),
        "uuid" => text.len() == 36 && Uuid::try_parse(text).is_ok(),
        "email" => is_email(text),
        "uri" => is_uri(text),
        _ => return None,
    })
}

/// Whether the checker has to look at values of a format, if no vendor does.
pub(super) fn is_known(format: &str) -> bool {
    ["date", "date-time", "uuid", "email", "uri", "int32", "int64", "float", "double", "byte", "binary", "password"].contains(&format)
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

/// RFC 3339: a day, a `T` and a time with an offset.
fn is_date_time(text: &str) -> bool {
    let parted = text.as_bytes().get(10).is_some_and(|byte| b"Tt ".contains(byte)) && text.get(..10).is_some_and(is_date);
    parted && !text.contains('[') && text.parse::<Timestamp>().is_ok()
}

#[must_use]
pub fn is_email(text: &str) -> bool {
    let whole = |(name, host): (&str, &str)| {
        !name.is_empty() && !host.is_empty() && !host.contains("..") && !host.starts_with('.') && !host.ends_with('.')
    };
    text.rsplit_once('@').is_some_and(whole) && !text.contains(char::is_whitespace)
}

fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    text.split_once(':').is_some_and(|(name, rest)| scheme(name) && !rest.is_empty()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: &str, good: &[&str], bad: &[&str]) {
        for (texts, expected) in [(good, true), (bad, false)] {
            texts.iter().for_each(|text| assert_eq!(fits(format, text), Some(expected), "{format} {text}"));
        }
    }

    #[test]
    fn formats_are_those_of_the_standards() {
        check("date", &["2026-01-31"], &["2026-02-30", "20260131", "2026-1-3", ""]);
        check("date-time", &["2026-01-31T10:00:00Z", "2026-01-31t10:00:00.5+02:00"], &["2026-01-31", "2026-01-31T10:00:00", "now"]);
        check("uuid", &["6f1c2f4e-3f0b-4c38-9d0a-5b8c2d0a1b2c"], &["6f1c2f4e3f0b4c389d0a5b8c2d0a1b2c", "x"]);
        check("email", &["a@example.com", "\"a@b\"@example.com"], &["a", "@b.c", "a@", "a b@c.d", "a@.b"]);
        check("uri", &["https://example.com/a?b=c", "urn:a:b"], &["example.com", "/a", "https://a b", "1a:b"]);
        assert_eq!(fits("country", "GB"), None);
    }
}
