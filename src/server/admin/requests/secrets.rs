//! Removes passwords, keys and tokens from exchanges.
//!
//! Values are recognized as secrets by their names, in headers, queries, forms, JSON and XML alike. Text that is none of these, or
//! only the beginning of one because a body was cut, is searched for the same names.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::base::text;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "[redacted]";

/// Ends of names whose values are secrets, without dashes, underscores and capitals.
const ENDS: [&str; 7] = ["password", "passwd", "secret", "apikey", "token", "assertion", "authorization"];

/// Names that end so and are none: places in a list.
const OPEN: [&str; 2] = ["pagetoken", "nexttoken"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Hidden,
    Shown,
}

impl Secrets {
    pub fn read(request: &AdminRequest<'_>) -> Result<Self, Problem> {
        match request.query("secrets") {
            None | Some("hide") => Ok(Self::Hidden),
            Some("show") => Ok(Self::Shown),
            Some(other) => Err(Problem::bad_request(format!("`secrets` is `show` or `hide`, found `{other}`"))),
        }
    }
}

/// Whether what stands under that name is a secret.
fn is_secret(name: &str) -> bool {
    let decoded = text::percent_decode(name);
    let plain: String = decoded.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    ENDS.iter().any(|end| plain.ends_with(end)) && !OPEN.iter().any(|end| plain.ends_with(end))
}

/// The value of a header.
pub(super) fn header<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    if ["cookie", "set-cookie"].contains(&name) || is_secret(name) { REDACTED.into() } else { text(value) }
}

/// Takes secrets out of JSON.
pub(super) fn json(value: &mut Value) {
    match value {
        Value::Array(rows) => rows.iter_mut().for_each(json),
        Value::Object(members) => {
            for (name, member) in members {
                if (member.is_string() || member.is_number()) && is_secret(name) { *member = REDACTED.into() } else { json(member) }
            }
        }
        Value::String(text) if text.contains(['=', '@', '<', '"']) => {
            if let Cow::Owned(clean) = self::text(text) {
                *text = clean;
            }
        }
        _ => {}
    }
}

/// Takes secrets out of text: pairs as in queries and forms, members of JSON, elements of XML, passwords in addresses.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    const PLACES: &str = concat!(
        r#"(?<before>"(?<member>[^"\\\s]{1,64})"\s*:\s*")(?:[^"\\]|\\.)*"#,
        r#"|(?<number>"(?<numbered>[^"\\\s]{1,64})"\s*:\s*)[-+.\w]+"#,
        r#"|(?<pair>\b(?<name>[\w.%\[\]-]{1,64})=)[^&\s"'<>;]+"#,
        r"|(?<open><(?<element>[\w.:-]{1,64})>)[^<]+",
        r#"|(?<user>://[^/\s:@"]*:)[^/\s@"]+@"#,
    );
    static SECRETS: LazyLock<Regex> = LazyLock::new(|| Regex::new(PLACES).expect("the pattern is one"));
    SECRETS.replace_all(text, |found: &Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let whole = &found[0];
        let name = ["member", "numbered", "name", "element"].into_iter().map(part).find(|name| !name.is_empty());
        match name {
            Some(name) if is_secret(name) => {
                let before =
                    ["before", "number", "pair", "open"].into_iter().map(part).find(|before| !before.is_empty()).unwrap_or_default();
                format!("{before}{REDACTED}")
            }
            Some(_) => whole.to_owned(),
            None => format!("{}{REDACTED}@", part("user")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(found: &str, expected: &str) {
        assert_eq!(text(found), expected);
    }

    #[test]
    fn secrets_are_left_out_of_text() {
        check("grant_type=x&client%5Fsecret=y&z=1", "grant_type=x&client%5Fsecret=[redacted]&z=1");
        check("/v1/x?a=b&token=abc", "/v1/x?a=b&token=[redacted]");
        check("/v1/x?page_token=abc", "/v1/x?page_token=abc");
        check(r#"{"a": {"Password" : "x\"y", "b": 1, "apiKey":"k"#, r#"{"a": {"Password" : "[redacted]", "b": 1, "apiKey":"[redacted]"#);
        check(r#"{"pin_token": 12345, "count": 12345}{"#, r#"{"pin_token": [redacted], "count": 12345}{"#);
        check("<login><user>a</user><password>b</password></login>", "<login><user>a</user><password>[redacted]</password></login>");
        check("http://ada:pw@host/x?y=1", "http://ada:[redacted]@host/x?y=1");
        check("Ada's token is lost", "Ada's token is lost");
    }

    #[test]
    fn secrets_are_left_out_of_json() {
        let mut value = serde_json::json!({
            "a": [{"Password": "x", "b": 1}], "token": {"c": "d"}, "pin_secret": 5, "url": "http://h/x?access_token=1&b=2", "note": "a = b",
        });
        json(&mut value);
        let expected = serde_json::json!({
            "a": [{"Password": REDACTED, "b": 1}], "token": {"c": "d"}, "pin_secret": REDACTED,
            "url": "http://h/x?access_token=[redacted]&b=2", "note": "a = b",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn secrets_are_left_out_of_headers() {
        for name in ["authorization", "set-cookie", "api-key", "x-acme-api-key", "x-acme-token"] {
            assert_eq!(header(name, "x"), REDACTED, "{name}");
        }
        assert_eq!(header("location", "http://h/?token=x"), "http://h/?token=[redacted]");
        for name in ["user-agent", "idempotency-key", "x-request-id"] {
            assert_eq!(header(name, "x"), "x", "{name}");
        }
    }
}
