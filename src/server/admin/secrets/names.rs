//! Which names are those of secrets. A name is taken apart into words, so that `clientSecretKey`, `X-Client-Secret-Key` and
//! `client%5Fsecret[0]` are judged alike. What vendors call tokens and keys although everybody may know them is listed as open.

use crate::base::text;

/// Parts of words. A word that contains one makes a secret of the name that it is in.
const STEMS: &str = "password passwd passphrase passcode secret apikey accesskey privatekey sessid sessionid";

/// Words that do so as a whole.
const WORDS: &str = "pass passkey pwd auth oauth bearer jwt session credential credentials assertion cookie cookies otp";

/// Beginnings of other words of authentication, and words that begin so and mean something else.
const AUTH: &str = "authoriz authoris authentication authtoken authkey authcode";
const NO_AUTH: &str = "authorized authorised authorizes authorises";

/// What a last word says about the secret without being it: `token_type`, `auth_user`.
const ABOUT: &str = concat!(
    "type kind lifetime ttl expires expiry expiration expired at in count length required url uri endpoint label ",
    "status enabled hint alg algorithm method user username email name timeout remaining policy scheme format valid ",
    "host scope scopes issuer",
);

/// Words before `token` that make a place in a list of it, or the name of a service.
const OPEN_TOKENS: &str = "page next previous prev continuation cursor sync level servicelevel extended template request max";

/// Words before `key` that make the name of something of it.
const OPEN_KEYS: &str = concat!(
    "service type packaging idempotency sort primary foreign partition public object cache sku item map group order ",
    "unique natural lookup field event routing",
);

/// What stands before `key` in words that are those of a secret.
const KEYS: &str = "api access secret private auth signing shared master encryption app client consumer license";

/// Names that are too common in bodies, and are secrets in the queries of links.
const IN_LINKS: &str = "key sig";

/// The same in the query of a call and in a form. Links to carriers have numbers of parcels there.
const IN_FORMS: &str = "code sid";

/// What names of secrets contain, by the first letter. Most names contain none of it, and are not taken apart.
const fn marks(first: u8) -> &'static [&'static [u8]] {
    match first.to_ascii_lowercase() {
        b'a' => &[b"auth", b"assertion"],
        b'b' => &[b"bearer"],
        b'c' => &[b"credential", b"cookie"],
        b'j' => &[b"jwt"],
        b'k' => &[b"key"],
        b'o' => &[b"otp"],
        b'p' => &[b"pass", b"pwd"],
        b's' => &[b"secret", b"sess", b"signature"],
        b't' => &[b"token"],
        _ => &[],
    }
}

/// Whether a text may contain the name of a secret. Letters that are not ASCII may be small letters of ASCII.
pub(super) fn is_marked(text: &str) -> bool {
    let begins = |rest: &[u8], mark: &[u8]| rest.get(..mark.len()).is_some_and(|part| part.eq_ignore_ascii_case(mark));
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(index, &first)| {
        let rest = &bytes[index..];
        let is_short_signature = || begins(rest, b"sig") && !rest.get(3).is_some_and(u8::is_ascii_alphabetic);
        !first.is_ascii() || marks(first).iter().any(|mark| begins(rest, mark)) || (matches!(first, b's' | b'S') && is_short_signature())
    })
}

/// Whether the token of what has that name is the name of a service: `level.token` says what `level_token` says.
pub(super) fn is_level(name: &str) -> bool {
    words(name).last().is_some_and(|last| has("level levels servicelevel servicelevels", last))
}

/// Whether what stands under that name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    (is_marked(name) || name.contains('%')) && is_secret_by_words(name)
}

fn is_secret_by_words(name: &str) -> bool {
    let decoded = if name.contains('%') { text::percent_decode(name) } else { name.to_owned() };
    decoded.split(['[', ']', '.', ':', '@', '$']).any(|part| is_secret_part(&words(part)))
}

/// The same for a name in the query of a link.
pub(super) fn is_secret_in_link(name: &str) -> bool {
    has(IN_LINKS, &name.to_ascii_lowercase()) || is_secret(name)
}

/// The same for a name in the query of a call, in a form, or in a row of credentials.
pub(super) fn is_secret_parameter(name: &str) -> bool {
    has(IN_FORMS, &name.to_ascii_lowercase()) || is_secret_in_link(name)
}

fn is_secret_part(words: &[String]) -> bool {
    let Some((last, before)) = words.split_last() else { return false };
    if !before.is_empty() && has(ABOUT, last) {
        return false;
    }
    let is_secret_word = |(index, word): (usize, &String)| {
        if word.contains("token") {
            let qualifier = index.checked_sub(1).map_or(word.trim_end_matches("token"), |before| &words[before]);
            return !has(OPEN_TOKENS, qualifier);
        }
        has(WORDS, word)
            || (STEMS.split(' ').any(|stem| word.contains(stem)) && word != "secretary")
            || (AUTH.split(' ').any(|auth| word.starts_with(auth)) && !has(NO_AUTH, word))
            || ["pwd", "jwt"].iter().any(|end| word.ends_with(end))
    };
    words.iter().enumerate().any(is_secret_word)
        || (matches!(last.as_str(), "key" | "keys") && before.last().is_some_and(|qualifier| !has(OPEN_KEYS, qualifier)))
        || last.strip_suffix("key").is_some_and(|stem| has(KEYS, stem))
        || matches!(last.as_str(), "signature" | "sig")
}

/// Whether a word is in a list.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// The words of a name, in small letters and without digits at their ends. Words begin after signs and at capitals: `X-APIKey` has three.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| letters[before]);
        let ends_capitals = before.is_some_and(char::is_uppercase) && letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase() && (before.is_some_and(|before| before.is_lowercase() || before.is_numeric()) || ends_capitals);
        if begins || !letter.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
    }
    words.push(word);
    let trimmed = words.into_iter().map(|word| word.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned());
    trimmed.filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PARTS: &[&str] = &[
        "sig",
        "Signature",
        "SIG2",
        "key",
        "Key",
        "api",
        "to\u{212a}en",
        "oauth",
        "secret",
        "jwt",
        "PWD",
        "sessid",
        "pa\u{17f}s",
        "cookies",
    ];

    proptest! {
        #[test]
        fn every_name_of_a_secret_is_marked(
            parts in prop::collection::vec(prop_oneof!["[ -~]{0,3}", "\\PC", prop::sample::select(PARTS).prop_map(str::to_owned)], 0..4),
        ) {
            let name = parts.concat();
            prop_assert_eq!(is_secret(&name), is_secret_by_words(&name));
        }
    }

    #[test]
    fn names_of_secrets_are_recognized() {
        for name in concat!(
            "password Password password[0] password[value] user[password] password.value password_confirmation userPwd pwd ",
            "pass passphrase secret_key clientSecretKey access_key private_key jwt credentials X-Auth X-Jwt X-Session-Id ",
            "X-Secret-Key X-Amz-Signature client%5Fsecret api-key apiKey APIKey X-SHIPMATE-API-KEY access_token refreshToken ",
            "auth_token id_token client_assertion authorization Proxy-Authorization shippo-auth-signature webhook_secret ",
            "PHPSESSID JSESSIONID set-cookie wsse:Password @password password2 apikey signingKey oauth2 passwd partner_token ",
            "pin_token",
        )
        .split(' ')
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["key", "code", "Key"] {
            assert!(is_secret_parameter(name) && !is_secret(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_open() {
        for name in concat!(
            "page_token pageToken nextPageToken next_token servicelevel_token service_level_token extended_token ",
            "default_servicelevel_token CarrierParcelTemplateToken request_token token_type idempotency_key Idempotency-Key ",
            "service_key delivery_service_key packaging_type_key key code postcode country_code hs_code Key-Pair-Id ",
            "signature_confirmation signature_required signedBy certify_signer www-authenticate authority_to_leave author ",
            "authorized client_id username email auth_user passenger passport_number turkey monkey shipping_cost object_id ",
            "tracking_number barcode Countries.code secretary expires_in grant_type scope session_timeout",
        )
        .split(' ')
        {
            assert!(!is_secret(name), "{name}");
        }
        assert!(!is_secret_parameter("Countries.code") && !is_secret_parameter("zip_code"));
    }
}
