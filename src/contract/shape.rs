//! Which values differ when the same calls are made again: ids, times and tokens; and which are secrets or tell of persons.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;

/// Dates and times, as vendors write them.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    let time = r"\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?(?:Z|[AP]M|[+-]\d{2}:?\d{2}))?";
    Regex::new(&format!(r"\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{time})?|\d{{1,2}}/\d{{1,2}}/\d{{4}}(?: {time})?")).expect("the pattern is one")
});

/// Words, with the signs that hold the parts of ids together.
static WORD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*").expect("the pattern is one"));

static EMAIL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[^@\s]+@[^@\s]+\.[A-Za-z]+$").expect("the pattern is one"));

/// Members of objects that tell of persons.
const PERSONAL: &str = concat!(
    " name firstname lastname fullname contactname attentionname company companyname phone mobile fax email ",
    "street street1 street2 street3 streetno address address1 address2 address3 ",
    "addressline1 addressline2 addressline3 line1 line2 line3 ",
);

/// Members that objects have beside these.
const OF_ADDRESSES: &str = " zip postcode postalcode zipcode city citylocality phone email street1 address1 addressline1 ";

/// What names of secrets contain.
const SECRET: [&str; 8] = ["password", "secret", "token", "apikey", "authorization", "cookie", "privatekey", "accesskey"];

/// What names contain that sound like it: kinds of tokens, and places in lists.
const OPEN: [&str; 8] =
    ["tokentype", "pagetoken", "nexttoken", "previoustoken", "prevtoken", "continuationtoken", "cursortoken", "synctoken"];

/// How long a text may be that is no file in itself, as a label is.
const LONGEST: usize = 400;

/// How many digits make a number that may be another one the next time.
const SHORTEST: usize = 6;
const SHORTEST_OF_ID: usize = 3;

/// A name without the case of its letters and the signs between its words.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// Whether a member is named like an id.
#[must_use]
pub(super) fn is_id(name: &str) -> bool {
    name == "id" || ["_id", "Id", "ID", "_number", "Number", "uuid"].iter().any(|end| name.ends_with(end))
}

/// Whether a header, a parameter or a member is named like a secret.
#[must_use]
pub(super) fn is_secret(name: &str) -> bool {
    let name = plain(name);
    let contains = |word: &&str| name.contains(*word);
    // A parcel is handed out for a signature: `signature_confirmation`.
    name.ends_with("signature") || (SECRET.iter().any(contains) && !OPEN.iter().any(contains))
}

/// Whether a member of an object tells of a person.
#[must_use]
pub(super) fn is_personal(name: &str, object: &Map<String, Value>) -> bool {
    let has = |words: &str, name: &str| words.contains(&format!(" {} ", plain(name)));
    has(PERSONAL, name) && object.keys().any(|other| has(OF_ADDRESSES, other))
}

/// Whether a text is the address of somebody's mail.
#[must_use]
pub(super) fn is_email(text: &str) -> bool {
    EMAIL.is_match(text)
}

/// A matcher for what a text may be the next time; `None` when that is the same.
#[must_use]
pub(super) fn matcher(text: &str) -> Option<String> {
    shaped(text, SHORTEST)
}

/// The same for a member that is named like an id, whose numbers may be short.
#[must_use]
pub(super) fn matcher_of_id(text: &str) -> Option<String> {
    shaped(text, SHORTEST_OF_ID)
}

fn shaped(text: &str, shortest: usize) -> Option<String> {
    if text.len() > LONGEST {
        return Some("~string".to_owned());
    }
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if text.len() == 36 && uuid::Uuid::parse_str(text).is_ok() {
        return Some("~uuid".to_owned());
    }
    if text.len() == 32 && is_hex(text) {
        return Some("~hex32".to_owned());
    }
    if text.parse::<Timestamp>().is_ok() {
        return Some("~date-time".to_owned());
    }
    let mut pattern = String::new();
    // The query of a link is a matter of the one who made it as soon as anything in it differs, as a signature does.
    if let Some((before, query)) = text.split_once('?').filter(|(before, _)| before.contains("://"))
        && (TIME.is_match(query) || words(query, shortest, &mut String::new()))
    {
        words(before, shortest, &mut pattern);
        return Some(format!("~/^{pattern}\\?.*$/"));
    }
    let (mut end, mut differs) = (0, false);
    for time in TIME.find_iter(text) {
        words(&text[end..time.start()], shortest, &mut pattern);
        pattern.push_str("[0-9APMTZ:.,/ +-]+");
        (end, differs) = (time.end(), true);
    }
    differs |= words(&text[end..], shortest, &mut pattern);
    differs.then(|| format!("~/^{pattern}$/"))
}

/// Whether nothing in a text stays the same.
#[must_use]
pub(super) fn is_all_volatile(text: &str) -> bool {
    !TIME.is_match(text) && WORD.find(text).is_some_and(|word| word.as_str() == text) && matcher(text).is_some()
}

/// Adds the pattern of a text without times; whether anything in it may differ.
fn words(text: &str, shortest: usize, pattern: &mut String) -> bool {
    let (mut end, mut differs) = (0, false);
    for word in WORD.find_iter(text) {
        pattern.push_str(&regex::escape(&text[end..word.start()]));
        end = word.end();
        let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
        if word.len() >= 16 && (digits(word.as_str()) >= 2 || humps(word.as_str()) >= 3) {
            pattern.push_str("[A-Za-z0-9_-]+");
            differs = true;
            continue;
        }
        for part in word.as_str().split_inclusive(['-', '_']) {
            let (part, sign) = part.strip_suffix(['-', '_']).map_or((part, ""), |rest| (rest, &part[rest.len()..]));
            let class = match part.len() {
                length if length >= shortest && digits(part) == length => Some("[0-9]+"),
                length if length >= 10 && digits(part) >= 3 => Some("[A-Za-z0-9]+"),
                _ => None,
            };
            differs |= class.is_some();
            pattern.push_str(&class.map_or_else(|| regex::escape(part), str::to_owned));
            pattern.push_str(&regex::escape(sign));
        }
    }
    pattern.push_str(&regex::escape(&text[end..]));
    differs
}

/// How often a capital follows a small letter, as in tokens without digits.
fn humps(word: &str) -> usize {
    word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(matcher(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn ids_times_and_tokens_are_told_from_what_stays() {
        check("usps_priority", None);
        check("215 Clayton St.", None);
        check("94117", None);
        check("", None);
        check("4e221d01c18caddc7c172be1e0145efe", Some("~hex32"));
        check("0f1d6a0e-8c1b-4a3e-9f57-2f0c4a5b6d7e", Some("~uuid"));
        check("2026-01-05T09:00:00Z", Some("~date-time"));
        check("2026-01-05 01:00:00", Some("~/^[0-9APMTZ:.,/ +-]+$/"));
        check("1/5/2026", Some("~/^[0-9APMTZ:.,/ +-]+$/"));
        check("se-21466104", Some("~/^se\\-[0-9]+$/"));
        check("iHBjALEQeAqcgRmBumzLRo", Some("~/^[A-Za-z0-9_-]+$/"));
        check(&"x".repeat(401), Some("~string"));
        check("se-7006", None);
        assert_eq!(matcher_of_id("se-7006").as_deref(), Some("~/^se\\-[0-9]+$/"));
        check("1Z12345E0205271688", Some("~/^[A-Za-z0-9_-]+$/"));
        check("http://h/labels/4e221d01c18caddc7c172be1e0145efe.pdf?x=1", Some("~/^http://h/labels/[A-Za-z0-9_-]+\\.pdf\\?x=1$/"));
        check("http://h/labels/a.pdf?Expires=1799139600&Key=SEATRIAL.one", Some("~/^http://h/labels/a\\.pdf\\?.*$/"));
    }

    #[test]
    fn persons_are_told_from_things() {
        let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text).expect("an object");
        assert!(is_personal("name", &object(r#"{"name": "Ada", "zip": "94117"}"#)));
        assert!(!is_personal("name", &object(r#"{"name": "Ground", "token": "ups_ground"}"#)));
        assert!(!is_secret("signature_confirmation") && !is_secret("page_token") && !is_secret("tokenType") && is_secret("X-Signature"));
        assert!(is_id("object_id") && is_id("orderId") && !is_id("paid") && is_secret("X-Api-Key") && is_email("a@b.example"));
    }
}
