//! Authentication: what a request presents, which credential that is, and tokens that a vendor issues.
//!
//! A vendor's `authenticate` is made of these parts. For an API key in a header:
//! `authentication.require(&[("api_key", authentication.call.request.header("api-key").unwrap_or_default())])`.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::hmac;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::entropy::Secret;
use crate::base::time::Timestamp;
use crate::engine::call::{Call, Request};
use crate::engine::described::Described;
use crate::engine::refusal::{Denial, Refusal};
use crate::spec::listed;
use crate::world::{Account, Blame, Credential, Note};

/// What a caller presents that tells sandboxes apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity<'r> {
    /// A credential, as `Vendor::credentials` lists it under one of [`Credential::fields`]'s members.
    Credential(Cow<'r, str>),
    /// The name of a sandbox, read from a token that we issued.
    Sandbox(String),
}

/// What `Vendor::authenticate` may look at.
pub struct AuthRequest<'a> {
    pub call: &'a Call<'a>,
    pub(crate) described: &'a Described,
    /// The name of the sandbox.
    pub sandbox: &'a str,
    pub now: Timestamp,
    /// The credentials of the vendor's mount in this sandbox.
    pub credentials: &'a [Credential],
    /// The vendor's own documents, such as sessions.
    pub shared: &'a Account,
    /// What the sandbox signs [`Tokens`] with besides their key.
    pub secret: Option<Secret>,
    /// What was found out of it so far.
    pub(super) presented: RefCell<Presented>,
}

/// What a call presents, whether its caller is let in or not.
#[derive(Default)]
pub(super) struct Presented {
    /// The row of the credential, if there is one.
    pub row: Option<Credential>,
    /// The values for which there is no row.
    pub unknown: Option<String>,
}

impl AuthRequest<'_> {
    /// The credential that has all these members.
    ///
    /// # Errors
    /// `Missing` when one of the values is empty, `Unknown` when no credential has them.
    pub fn require(&self, members: &[(&str, &str)]) -> Result<Credential, Refusal> {
        if members.iter().any(|(_, value)| value.is_empty()) {
            return Err(Denial::Missing.into());
        }
        self.find(members).cloned().ok_or_else(|| Denial::Unknown.into())
    }

    /// The credential that has all these members, none of which may be empty.
    #[must_use]
    pub fn find(&self, members: &[(&str, &str)]) -> Option<&Credential> {
        let found = find(self.credentials, members, self.now);
        if found.is_none() && members.iter().all(|(_, value)| !value.is_empty()) {
            let values: Vec<&str> = members.iter().map(|(_, value)| *value).collect();
            self.presented.borrow_mut().unknown.get_or_insert_with(|| values.join(":"));
        }
        self.recognized(found)
    }

    fn recognized<'c>(&self, row: Option<&'c Credential>) -> Option<&'c Credential> {
        if row.is_some() {
            self.presented.borrow_mut().row = row.cloned();
        }
        row
    }

    /// The credential that a token of ours was issued for: the first that is good now, where a new one took the place of another.
    ///
    /// # Errors
    /// `Unknown` when no credential is such.
    pub fn holder(&self, is_holder: impl Fn(&Credential) -> bool) -> Result<Credential, Refusal> {
        let holder = first_good(self.credentials, self.now, is_holder);
        self.recognized(holder).cloned().ok_or_else(|| Denial::Unknown.into())
    }

    /// The same by what the token says of its sandbox and of its end, in seconds since 1970.
    ///
    /// # Errors
    /// `Unknown` when it was issued in another sandbox or no credential is such, `Expired` when its end is not in the future.
    pub fn holder_until(&self, sandbox: &str, expires: i64, is_holder: impl Fn(&Credential) -> bool) -> Result<Credential, Refusal> {
        if sandbox != self.sandbox {
            return Err(Denial::Unknown.into());
        }
        let holder = self.holder(is_holder);
        if expires <= self.now.as_second() { Err(Denial::Expired.into()) } else { holder }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Unauthenticated(denial)
    }
}

/// The `Authorization` header, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Its first word, such as `Basic`, as it was sent.
    pub scheme: &'a str,
    /// What follows, without blanks around it; may be empty.
    pub value: &'a str,
}

impl<'a> Authorization<'a> {
    /// The header of a request, if it is there and is text.
    #[must_use]
    pub fn of(request: &'a Request) -> Option<Self> {
        let header = request.header(http::header::AUTHORIZATION)?.trim();
        let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
        Some(Self { scheme, value: value.trim() })
    }

    /// Whether it has that scheme, in any case of letters.
    #[must_use]
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// The user and password of the scheme `Basic`.
    #[must_use]
    pub fn basic(&self) -> Option<(String, String)> {
        let decoded = self.is("basic").then(|| STANDARD.decode(self.value).ok()).flatten()?;
        let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }

    /// The token of the scheme `Bearer`.
    #[must_use]
    pub fn bearer(&self) -> Option<&'a str> {
        (self.is("bearer") && !self.value.is_empty()).then_some(self.value)
    }
}

/// JSON Web Tokens (RFC 7519) that are signed by HS256.
///
/// Where somebody asked for the seed, the key is public, because the same seed has to give the same token. Elsewhere a secret of the
/// sandbox is part of it. The algorithm is fixed, so that the header of a token is written, and never read.
pub struct Tokens {
    /// The header as the vendor writes it, as JSON.
    pub header: &'static str,
    /// The key of the HMAC, of any length.
    pub key: &'static [u8],
}

impl Tokens {
    /// The token that says `claims`, signed by a sandbox with its secret.
    ///
    /// # Panics
    /// If the claims cannot be JSON.
    pub fn issue(&self, secret: Option<Secret>, claims: &impl Serialize) -> String {
        let claims = serde_json::to_vec(claims).expect("claims have text keys and are written to memory");
        let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(self.header), URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key(secret), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The claims of a token that a sandbox signed with its secret, whether it is expired or not.
    #[must_use]
    pub fn read<C: DeserializeOwned>(&self, secret: Option<Secret>, token: &str) -> Option<C> {
        let (message, signature) = token.rsplit_once('.')?;
        hmac::verify(&self.key(secret), message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        Self::claims(token)
    }

    /// What a token says, without a look at its signature: enough to find the sandbox that it is for, which reads it.
    #[must_use]
    pub fn claims<C: DeserializeOwned>(token: &str) -> Option<C> {
        let mut parts = token.split('.');
        let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    fn key(&self, secret: Option<Secret>) -> hmac::Key {
        let public = hmac::Key::new(hmac::HMAC_SHA256, self.key);
        match secret {
            None => public,
            Some(secret) => hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&public, &secret).as_ref()),
        }
    }
}

/// The credential that has all these members, none of which may be empty: the first that is good at `now`, or else the first.
#[must_use]
pub fn find<'c>(credentials: &'c [Credential], members: &[(&str, &str)], now: Timestamp) -> Option<&'c Credential> {
    let has = |row: &Credential| members.iter().all(|(name, value)| !value.is_empty() && row.text(name) == *value);
    first_good(credentials, now, has)
}

/// One that is replaced has members in common with its successor, which is there beside it.
pub(super) fn first_good(credentials: &[Credential], now: Timestamp, is_meant: impl Fn(&Credential) -> bool) -> Option<&Credential> {
    let mut meant = credentials.iter().filter(|row| is_meant(row));
    let first = meant.next()?;
    if first.denial(now).is_none() { Some(first) } else { meant.find(|row| row.denial(now).is_none()).or(Some(first)) }
}

/// What the journal says of a credential that does not let its caller in.
pub(super) fn denied(denial: Denial, sandbox: &str, call: &Call<'_>) -> Note {
    if denial == Denial::Missing
        && let Some(detail) = other_scheme(call)
    {
        let detail = format!("{detail}: `/_seatrial/sandboxes/{sandbox}` lists the credentials");
        return Note::new(Note::CREDENTIAL_MALFORMED, Blame::Caller, detail);
    }
    note(
        denial,
        sandbox,
        match denial {
            Denial::Missing => "no credential",
            Denial::Malformed => "a credential that cannot be read",
            Denial::Unknown => "an unknown credential",
            Denial::Expired => "an expired credential",
            Denial::Revoked => "a revoked credential",
        },
    )
}

/// What is said of a header whose scheme the operation does not have. A word alone may be the credential itself, and is not shown.
fn other_scheme(call: &Call<'_>) -> Option<String> {
    let (header, operation) = (Authorization::of(call.request)?, call.operation?);
    let is_word = !header.value.is_empty() && header.scheme.len() <= 20 && header.scheme.bytes().all(|byte| byte.is_ascii_alphabetic());
    let found = if is_word { format!("the scheme `{}`", header.scheme) } else { "a credential without a scheme".to_owned() };
    let own = &operation.security;
    let is_other = !own.is_empty() && !own.iter().any(|scheme| header.is(scheme));
    is_other.then(|| format!("found {found}, expected {}", listed(own.iter().map(String::as_str))))
}

/// What the journal says of a login that lets nobody in.
pub(super) fn login_denied(denial: Denial, sandbox: &str) -> Note {
    note(
        denial,
        sandbox,
        match denial {
            Denial::Missing | Denial::Malformed | Denial::Unknown => "a login that names nobody",
            Denial::Expired => "the login of an expired credential",
            Denial::Revoked => "the login of a revoked credential",
        },
    )
}

fn note(denial: Denial, sandbox: &str, found: &str) -> Note {
    let code = match denial {
        Denial::Missing => Note::CREDENTIAL_MISSING,
        Denial::Malformed => Note::CREDENTIAL_MALFORMED,
        Denial::Unknown => Note::CREDENTIAL_UNKNOWN,
        Denial::Expired => Note::CREDENTIAL_EXPIRED,
        Denial::Revoked => Note::CREDENTIAL_REVOKED,
    };
    let detail = format!("found {found}, expected one of the sandbox `{sandbox}`: `/_seatrial/sandboxes/{sandbox}` lists them");
    Note::new(code, Blame::Caller, detail)
}

/// Credential rows from `(account, members)`, for `Vendor::credentials`.
#[must_use]
pub fn credentials(rows: &[(&str, &[(&str, &str)])]) -> Vec<Credential> {
    rows.iter()
        .map(|(account, members)| Credential {
            account: Arc::from(*account),
            fields: Arc::new(members.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;
    use serde_json::json;

    use super::*;

    fn check(header: &str, expected: &str) {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, header.parse().expect("a header"))]);
        let (method, peer) = (http::Method::GET, std::net::IpAddr::from([127, 0, 0, 1]));
        let (path, query, body) = (String::new(), String::new(), Bytes::new());
        let request = Request { method, path, query, headers, body, peer, mount: None, version: http::Version::HTTP_11, is_secure: false };
        let header = Authorization::of(&request).expect("there is one");
        assert_eq!(format!("{:?} {:?}", header.basic(), header.bearer()), expected);
    }

    #[test]
    fn the_header_is_read_by_its_scheme() {
        check("Basic YTpiOmM=", r#"Some(("a", "b:c")) None"#);
        check("basic  YTpiOmM= ", r#"Some(("a", "b:c")) None"#);
        check("Basic YTpiOmM", "None None");
        check("Basic YQ==", "None None");
        check("Bearer a.b", r#"None Some("a.b")"#);
        check("BEARER  a b ", r#"None Some("a b")"#);
        check("Bearer", "None None");
        check("Token a", "None None");
    }

    const EXAMPLE: Tokens = Tokens { header: r#"{"typ":"JWT","alg":"HS256"}"#, key: b"a key" };

    #[test]
    fn a_token_is_read_back_and_a_changed_one_is_not() {
        let claims = json!({"iss": "joe", "exp": 1_300_819_380});
        let token = EXAMPLE.issue(None, &claims);
        assert!(token.starts_with("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9."));
        assert_eq!(EXAMPLE.read::<Value>(None, &token), Some(claims.clone()));
        let other = Tokens { key: b"another", ..EXAMPLE };
        assert_eq!(other.read::<Value>(None, &token), None);
        let (one, another) = (Some([1; 32]), Some([2; 32]));
        let secret = EXAMPLE.issue(one, &claims);
        assert_eq!([one, another, None].map(|sandbox| EXAMPLE.read::<Value>(sandbox, &secret).is_some()), [true, false, false]);
        assert_eq!((EXAMPLE.read::<Value>(one, &token), Tokens::claims(&secret)), (None, Some(claims.clone())));
        for changed in [token.replace("eyJ0", "eyJ1"), format!("{token}x"), format!("x.{token}"), token.replace('.', ""), String::new()] {
            assert_eq!(EXAMPLE.read::<Value>(None, &changed), None, "{changed}");
        }
    }

    #[test]
    fn a_signature_is_what_others_make() {
        // By `printf %s "$header.$claims" | openssl dgst -sha256 -hmac key -binary | basenc --base64url`.
        let tokens = Tokens { header: r#"{"alg":"HS256","typ":"JWT"}"#, key: b"key" };
        assert_eq!(
            tokens.issue(None, &json!({"sub": "a"})),
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIn0.1YNMaPyC6Rq9KClxRJou-zDNgzLHDpyCYZfpxQLRpsc"
        );
    }
}
