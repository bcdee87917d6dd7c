//! Which names are those of secrets. A name is taken apart into words, so that `clientSecretKey`, `X-Client-Secret-Key` and
//! `client%5Fsecret[0]` are judged alike. What vendors say of their own names in [`SecretNames`] comes first.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::marks::is_marked;
use crate::base::text;
use crate::engine::{Machine, Open, SecretNames, is_same_name};

/// Parts of words. A word that contains one makes a secret of the name that it is in.
const STEMS: &str = concat!(
    "password passwd passphrase passcode passwort kennwort contrase secret apikey accesskey privatekey sessid sessionid ",
    "codeverifier senha wachtwoord losenord lösenord haslo hasło heslo",
);

/// The same of names without the signs between their words, at the end.
const JOINED: &str = concat!(
    "connectionstring connectionstrings securitycode verificationcode recoverycode recoverycodes backupcode backupcodes ",
    "cardnumber samlresponse motdepasse accesslicensenumber devicecode",
);

/// Words that do so as a whole.
const WORDS: &str = concat!(
    "pass passkey pwd auth oauth bearer jwt session credential credentials assertion cookie cookies ",
    "otp totp mfa hmac cvv cvc pw psw psk sas creds dsn csrf xsrf sess pkcs",
);

/// Words that end with `pass` and are no passwords, as `storepass` is.
const NO_PASS: &str = "bypass compass encompass overpass surpass trespass underpass";

/// Beginnings of other words of authentication, and words that begin so and mean something else.
const AUTH: &str = "authoriz authoris authentication authtoken authkey authcode";
const NO_AUTH: &str = "authorized authorised authorizes authorises";

/// What conditions ask of callers that is no secret.
const IN_CONDITIONS: [&str; 3] = ["$credential.account", "$credential.plan", "$credential.mode"];

/// What a last word says about the secret without being it: `token_type`, `auth_user`.
const ABOUT: &str = concat!(
    "type kind lifetime ttl expires expiry expiration expired at in count length required url uri endpoint label ",
    "status enabled hint alg algorithm method user username email name timeout remaining policy scheme format valid ",
    "host scope scopes issuer",
);

/// What a last word says about how the secret is written: `private_key_pem`.
const FORMS: &str = "pem der base hex raw plain text value string";

/// Words before `token` that make a place in a list of it.
const OPEN_TOKENS: &str = "page next previous prev continuation cursor sync max";

/// Words before `key` that make the name of something of it.
const OPEN_KEYS: &str = concat!(
    "type idempotency sort primary foreign partition public object cache sku map group ",
    "unique natural lookup field event routing",
);

/// Words before `pin` that make a number of a parcel of it, or a postcode of India.
const OPEN_PINS: &str = "tracking shipment consignment parcel package piece return label postal post zip area location";

/// Names that say of an object that it is about a place.
const PLACE: &str = "city town state country countrycode street street1 address address1 addressline1 line1 postcode postalcode zip";

/// What stands before `key` in words that are those of a secret.
const KEYS: &str = "api access secret private auth signing shared master encryption app client consumer license";

/// How often what is looked at may be encoded.
pub(super) const LAYERS: usize = 4;

/// Where rows of parameters have their names.
pub(super) const NAMES: [&str; 19] = [
    "name",
    "key",
    "header",
    "field",
    "id",
    "parameter",
    "param",
    "attribute",
    "type",
    "k",
    "parametername",
    "parameterkey",
    "property",
    "kind",
    "variable",
    "setting",
    "headername",
    "fieldname",
    "propertyname",
];

/// Where they have what people read. Services and sentences stand there as well.
pub(super) const LABELS: [&str; 6] = ["label", "title", "question", "prompt", "caption", "displayname"];

/// Where they have their values.
pub(super) const VALUES: [&str; 9] = ["value", "values", "stringvalue", "string_value", "content", "text", "val", "v", "parametervalue"];

/// The same, unless there is more than one value.
pub(super) const SINGLE_VALUES: [&str; 7] = ["data", "contents", "default", "defaultvalue", "answer", "response", "input"];

/// What labels of secrets end with, whatever stands before.
const LABELED: &str = "password passwd passphrase passcode passwort kennwort pwd credentials";

/// What they end with where one of `KEYS` or of these stands before, or nothing.
const LABELED_SO: &str = "secret key keys token pin";
const SO: &str = "webhook refresh bearer session csrf security account login user card";

/// What labels begin with that say what is done to a secret.
const DONE: &str = "reset change changed forgot forgotten lost update remove delete create set about no";

/// Headers of credentials whose names say nothing of it.
const HEADERS: &str = "dpop sec-websocket-protocol x-basic";

/// Names that are too common in bodies, and are secrets in the queries of links.
const IN_LINKS: &str = "key sig";

/// The same in the query of a call and in a form. Links to carriers have numbers of parcels there.
const IN_FORMS: &str = "code sid";

/// Names that are those of secrets beside another name alone: those of keys (RFC 7517), and what is asked of servers of OAuth.
const BESIDE: [(&str, &[&str]); 3] = [
    ("d p q dp dq qi oth k", &["kty"]),
    ("code sid", &["grant_type", "grantType"]),
    ("user_code usercode", &["device_code", "deviceCode"]),
];

/// Members that hold secrets under names of any kind, in an object whose `kind` is `Secret`.
const OF_SECRETS: &str = "data stringdata";

/// Which names are those of secrets, as far as some vendors are concerned.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<SecretNames>);

/// The same for all vendors, for what is of no one vendor.
#[derive(Clone, Default)]
pub(crate) struct AllNames(pub(super) Arc<Names>);

impl AllNames {
    pub fn of(machine: &Machine) -> Self {
        Self(Arc::new(Names::new(machine.vendors().all().iter().map(|vendor| vendor.secret_names))))
    }
}

impl Names {
    pub fn new(of_vendors: impl Iterator<Item = SecretNames>) -> Self {
        Self(of_vendors.filter(|names| !(names.secret.is_empty() && names.open.is_empty())).collect())
    }

    /// Whether what stands under that name is a secret.
    pub fn is_secret(&self, name: &str) -> bool {
        !IN_CONDITIONS.contains(&name) && (is_marked(name) || name.contains('%') || !self.0.is_empty()) && self.is_secret_decoded(name)
    }

    fn is_secret_decoded(&self, name: &str) -> bool {
        let mut decoded = Cow::Borrowed(name);
        for _ in 0..LAYERS {
            if decoded.contains('%') {
                decoded = text::percent_decode(&decoded).into();
            }
        }
        if decoded.contains("\\u")
            && let Ok(unescaped) = serde_json::from_str(&format!("\"{decoded}\""))
        {
            decoded = Cow::Owned(unescaped);
        }
        decoded.split(['[', ']', '.', ':', '@', '$']).any(|part| {
            self.is_declared(part) || (is_marked(part) && !self.is_open(|open| open.is_named(part)) && is_secret_part(&words(part)))
        })
    }

    /// The same for the name of a header.
    pub fn is_secret_header(&self, name: &str) -> bool {
        self.is_secret(name) || self.is_secret_parameter(name.strip_prefix("x-").unwrap_or(name)) || has(HEADERS, name)
    }

    /// The same for a name in the query of a link.
    pub fn is_secret_in_link(&self, name: &str) -> bool {
        has(IN_LINKS, &name.to_ascii_lowercase()) || self.is_secret(name)
    }

    /// The same for a name in the query of a call, in a form, or in a row of credentials.
    pub fn is_secret_parameter(&self, name: &str) -> bool {
        has(IN_FORMS, &name.to_ascii_lowercase()) || self.is_secret_in_link(name)
    }

    /// The same for what stands under one of `NAMES`.
    pub fn is_secret_name(&self, said: &str) -> bool {
        if said.contains(' ') { self.is_secret_label(said) } else { self.is_secret(said) }
    }

    /// Whether a label, `Client secret`, is as a whole the name of a secret. `Password reset guide` and `Adult Signature` are none.
    pub fn is_secret_label(&self, label: &str) -> bool {
        let label = label.trim().trim_end_matches([':', '*', '?', ' ']);
        if label.len() > 48 || !is_marked(label) || !label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" _.-".contains(&byte)) {
            return false;
        }
        let words = words(label);
        let Some((last, before)) = words.split_last().filter(|(_, before)| before.len() <= 2) else { return false };
        let near = &words[words.len().saturating_sub(2)..];
        let is_so = || before.last().is_none_or(|word| has(KEYS, word) || has(SO, word));
        let is_named = has(LABELED, last) || has(JOINED, &near.concat()) || (has(LABELED_SO, last) && is_so());
        is_named && !before.first().is_some_and(|word| has(DONE, word)) && self.is_secret(&near.join("_"))
    }

    /// Whether a segment of a path is one behind which a secret stands: `token`, `sessions`. Addresses of logins are none.
    pub fn is_secret_segment(&self, name: &str) -> bool {
        let is_secret = self.is_secret(name) || name.strip_suffix('s').is_some_and(|one| self.is_secret(one));
        is_secret && !name.to_ascii_lowercase().contains("auth")
    }

    /// The same for a member of an object that stands under the name `owner`.
    pub fn is_secret_member(&self, owner: &str, object: &Map<String, Value>, name: &str) -> bool {
        is_secret_beside(object, name)
            || (self.is_secret(name) && !self.is_open(|open| open.is_of(owner, object, name)) && !is_postcode(object, name))
    }

    fn is_declared(&self, name: &str) -> bool {
        self.0.iter().flat_map(|names| names.secret).any(|known| is_same_name(known, name))
    }

    fn is_open(&self, is: impl Fn(&Open) -> bool) -> bool {
        self.0.iter().flat_map(|names| names.open).any(is)
    }
}

/// Whether a member is a secret because of what stands beside it.
fn is_secret_beside(object: &Map<String, Value>, name: &str) -> bool {
    if name.len() > 10 {
        return false;
    }
    let name = &*name.to_ascii_lowercase();
    BESIDE.iter().any(|(names, beside)| has(names, name) && beside.iter().any(|other| object.contains_key(*other)))
        || (has(OF_SECRETS, name) && object.get("kind").is_some_and(|kind| kind == "Secret"))
}

/// Whether a member is a postcode of India, a `pin` of six digits of a place.
fn is_postcode(object: &Map<String, Value>, name: &str) -> bool {
    let is_pin = || words(name).last().is_some_and(|last| last == "pin");
    let digits = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| text.replace(' ', ""));
    let is_place = |other: &String| has(PLACE, &other.to_ascii_lowercase().replace(['_', '-'], ""));
    let is_six = |digits: String| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_digit());
    object.get(name).map(digits).is_some_and(is_six) && is_pin() && object.keys().any(is_place)
}

fn is_secret_part(words: &[String]) -> bool {
    let Some((last, before)) = words.split_last() else { return false };
    let joined = words.concat();
    if JOINED.split(' ').any(|end| joined.ends_with(end)) {
        return true;
    }
    if !before.is_empty() && has(FORMS, last) {
        return is_secret_part(before);
    }
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
            || word.contains("pwd")
            || (word.ends_with("pass") && !has(NO_PASS, word))
            || word.ends_with("jwt")
    };
    words.iter().enumerate().any(is_secret_word)
        || (matches!(last.as_str(), "key" | "keys") && before.last().is_some_and(|qualifier| !has(OPEN_KEYS, qualifier)))
        || last.strip_suffix("key").is_some_and(|stem| has(KEYS, stem))
        || matches!(last.as_str(), "signature" | "sig")
        || (last == "pin" && before.last().is_none_or(|qualifier| !has(OPEN_PINS, qualifier)))
        || (last == "verifier" && before.last().is_some_and(|qualifier| qualifier == "code"))
}

/// Whether a word is in a list.
fn has(list: &str, word: &str) -> bool {
    list.split(' ').any(|known| known == word)
}

/// The letter of ASCII that a wide one stands for.
fn narrow(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        _ => letter,
    }
}

/// The words of a name, in small letters and without digits at their ends. Words begin after signs and at capitals: `X-APIKey` has three.
/// The number of a version at the end of the name, as in `APIKEYv2`, is left out.
fn words(name: &str) -> Vec<String> {
    let mut letters: Vec<char> = name.chars().map(narrow).collect();
    let number = letters.iter().rev().take_while(|letter| letter.is_ascii_digit()).count();
    let before = letters.len() - number;
    if number > 0 && letters[..before].last().is_some_and(|letter| matches!(letter, 'v' | 'V')) {
        letters.truncate(before - 1);
    }
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
    use serde_json::json;

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
        "PIN",
        "pw",
        "mfa",
        "codeVerifier",
        "Value",
    ];

    proptest! {
        #[test]
        fn every_name_of_a_secret_is_marked(
            parts in prop::collection::vec(prop_oneof!["[ -~]{0,3}", "\\PC", prop::sample::select(PARTS).prop_map(str::to_owned)], 0..4),
        ) {
            let name = parts.concat();
            let decoded = text::percent_decode(&name);
            let by_words = decoded.split(['[', ']', '.', ':', '@', '$']).any(|part| is_secret_part(&words(part)));
            prop_assert_eq!(Names::default().is_secret(&name), by_words);
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
            "x-hmac-sha256 totp cvv pin_token privateKeyPem api_key_base64 secret_key_base access_key_value ",
            "connectionString db_connection_string security_code verificationCode recovery_codes card-number SAMLResponse creds DSN ",
            "csrf x-xsrf pwdhash Passwort contrasena mot_de_passe ",
            "pin X-Pin accountPin user_pin2 PIN pinValue sigValue pw user_pw psk wifiPSK sas mfa mfaCode code_verifier codeVerifier otp ",
            "storepass keypass DbPass device_code deviceCode senha Wachtwoord lösenord ",
            "pkcs12 accessLicenseNumber AccessLicenseNumber myAPIKEYv2 APIKEYV2 api_key_v2 apiKeyV10 passwordv2 pinV2",
        )
        .split(' ')
        {
            assert!(Names::default().is_secret(name), "{name}");
        }
        for name in ["x-sid", "X-Pin", "x-key", "x-api-key", "x-basic"] {
            assert!(Names::default().is_secret_header(&name.to_ascii_lowercase()), "{name}");
        }
        for name in ["key", "code", "Key"] {
            assert!(Names::default().is_secret_parameter(name) && !Names::default().is_secret(name), "{name}");
        }
    }

    #[test]
    fn other_names_are_open() {
        for name in concat!(
            "page_token pageToken nextPageToken next_token token_type idempotency_key Idempotency-Key key code postcode country_code ",
            "hs_code Key-Pair-Id public_key_pem sort_key_value key_value ",
            "signature_confirmation signature_required signedBy certify_signer www-authenticate authority_to_leave author ",
            "authorized client_id username email auth_user passenger passport_number turkey monkey shipping_cost object_id ",
            "license license_number license_plate ",
            "pincode pin_code PinCode postal_pin tracking_pin ShipmentPIN pins shipping spinning mfa_enabled verifier kansas upward ",
            "bypass compass device device_id user_code ",
            "connection card card_type security verification recovery_time motor discard postcard_number_of_pages description ",
            "tracking_number barcode Countries.code secretary expires_in grant_type scope session_timeout",
        )
        .split(' ')
        {
            assert!(!Names::default().is_secret(name), "{name}");
        }
        assert!(["Countries.code", "zip_code"].iter().all(|name| !Names::default().is_secret_parameter(name)));
    }

    #[test]
    fn labels_of_secrets_are_recognized() {
        let names = Names::default();
        for label in [
            "Password",
            "API key",
            "Client secret:",
            "Your password *",
            "Access Token",
            "PIN",
            "Security code",
            "Card number",
            "api_key",
            "Secret access key",
            "apiKey",
            "What is password?",
        ] {
            assert!(names.is_secret_label(label), "{label}");
        }
        for label in [
            "Password reset guide",
            "Reset password",
            "Forgot your password?",
            "Signature",
            "Adult Signature",
            "Victoria's Secret",
            "Trade Secret",
            "Allen key",
            "Day pass",
            "Session",
            "Shipment PIN",
            "Tracking number",
            "Page token",
            "Card",
            "Arcade token",
            "Country code",
            "",
        ] {
            assert!(!names.is_secret_label(label), "{label}");
        }
    }

    #[test]
    fn vendors_say_what_their_names_mean() {
        let acme = SecretNames {
            secret: &["x-acme-pin", "berth"],
            open: &[
                Open::Named(&["berth_key", "dock_token"]),
                Open::Within(&["level", "service_level"], "token"),
                Open::Beside("terms", "token"),
                Open::Object("authentication"),
            ],
        };
        let names = Names::new([SecretNames::NONE, acme].into_iter());
        for name in ["X-Acme-Pin", "x_acme_pin", "Berth", "berth[0]", "ship[berth]", "%62erth", "token", "other_token"] {
            assert!(names.is_secret(name), "{name}");
        }
        for name in ["dock_token", "dockToken", "Dock-Token", "rows[0][dock_token]", "pins", "berths"] {
            assert!(!names.is_secret(name), "{name}");
        }
        for (owner, object, name, is_secret) in [
            ("serviceLevel", json!({"token": "a"}), "token", false),
            ("service", json!({"token": "a"}), "token", true),
            ("", json!({"terms": "", "token": "b"}), "token", false),
            ("", json!({"token": "b"}), "token", true),
            ("", json!({"authentication": {"type": "oauth"}}), "authentication", false),
            ("", json!({"authentication": "oauth"}), "authentication", true),
        ] {
            let members = object.as_object().expect("an object");
            assert_eq!(names.is_secret_member(owner, members, name), is_secret, "{owner} {object}");
        }
    }
}
