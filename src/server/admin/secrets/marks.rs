//! What names of secrets contain. Most texts have none of it, and are not taken apart.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

/// Parts of names that tell of a secret wherever they stand.
const LONG: [&str; 40] = [
    "auth",
    "assertion",
    "bearer",
    "backup",
    "credential",
    "creds",
    "cookie",
    "cvv",
    "cvc",
    "contrase",
    "connection",
    "card",
    "csrf",
    "device",
    "dsn",
    "haslo",
    "heslo",
    "hmac",
    "jwt",
    "key",
    "kennwort",
    "license",
    "losenord",
    "mot",
    "otp",
    "pass",
    "pkcs",
    "pwd",
    "recovery",
    "secret",
    "security",
    "senha",
    "sess",
    "signature",
    "saml",
    "token",
    "verifier",
    "verification",
    "wachtwoord",
    "xsrf",
];

/// What is a word of its own or none: no small letter follows.
const SHORT: [&str; 7] = ["mfa", "pin", "psk", "psw", "pw", "sas", "sig"];

/// Whether a text may contain the name of a secret, in one pass. Letters that are not ASCII may be small letters of ASCII.
pub(super) fn is_marked(text: &str) -> bool {
    static ANY: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let marks = LONG.iter().chain(&SHORT);
        let built = AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(marks);
        built.expect("the marks are few")
    });
    let follows = |end: usize| text.as_bytes().get(end).is_some_and(u8::is_ascii_lowercase);
    !text.is_ascii() || ANY.find_overlapping_iter(text).any(|mark| mark.pattern().as_usize() < LONG.len() || !follows(mark.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_marks_are_words_and_long_ones_may_stand_within_them() {
        for marked in ["sig", "X-Sig", "sigValue", "SIG2", "consignments/sig", "pins/a_pin", "monkey", "pass", "xpinpass", "gr\u{fc}n"] {
            assert!(is_marked(marked), "{marked}");
        }
        for other in ["/shipmate/v1.1/consignments/W1/events", "design", "pins", "mfas", "a", "", "upward"] {
            assert!(!is_marked(other), "{other}");
        }
    }
}
