//! Who is let in by a document: its security schemes, what a request presents for them, and the credentials of a sandbox.
//!
//! Credentials have a `key`, which API keys and bearer tokens are, and a `username` with a `password` for Basic. The schemes of one
//! alternative of an operation are needed together. What a token of OAuth may do is not looked at: every credential has every right.

use http::header::COOKIE;
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::ids;
use crate::engine::accounts::{AccountRows, FieldSpec};
use crate::engine::auth::{AuthRequest, Authorization, Identity, credentials};
use crate::engine::call::{self, Request};
use crate::engine::described::{Scheme, Schemes};
use crate::engine::refusal::{Denial, Refusal};
use crate::engine::sandbox::DEFAULT;
use crate::world::Credential;

/// What rows of `accounts` may say about a vendor that is a document alone.
pub(super) const ACCOUNTS: AccountRows = AccountRows {
    about: "A vendor that is a document alone.",
    credentials: &[
        &[FieldSpec::text("key", "An API key, or a bearer token.")],
        &[FieldSpec::text("username", "The user of Basic."), FieldSpec::text("password", "The password of Basic.")],
    ],
    identifiers: &["key", "username"],
    others: &[],
    absent: &[],
    account: (&[], "default"),
};

/// What a request presents for a scheme.
enum Presented {
    Key(String),
    Login(String, String),
}

impl Schemes {
    /// The schemes that `components.securitySchemes` has, by their names.
    pub fn of(document: &Value) -> Self {
        let rows = document.pointer("/components/securitySchemes").and_then(Value::as_object);
        Self(rows.into_iter().flatten().map(|(name, row)| (name.clone(), Scheme::of(row))).collect())
    }

    /// What a request presents that may tell sandboxes apart.
    pub fn identify(&self, request: &Request) -> Option<Identity<'static>> {
        let query = call::pairs(&request.query);
        self.0.values().find_map(|scheme| scheme.presented(request, &query)).map(|presented| match presented {
            Presented::Key(text) | Presented::Login(text, _) => Identity::Credential(text.into()),
        })
    }

    /// The credential of a caller who presents all that one alternative asks for.
    fn admitted(&self, alternative: &[String], request: &AuthRequest<'_>) -> Result<Credential, Refusal> {
        let mut found = None;
        for scheme in alternative.iter().filter_map(|name| self.0.get(name)).filter(|scheme| !matches!(scheme, Scheme::Certificate)) {
            let credential = match scheme.presented(request.call.request, &request.call.query) {
                Some(Presented::Key(key)) => request.require(&[("key", &key)])?,
                Some(Presented::Login(username, password)) => request.require(&[("username", &username), ("password", &password)])?,
                None => return Err(Denial::Missing.into()),
            };
            found.get_or_insert(credential);
        }
        found.or_else(|| request.credentials.first().cloned()).ok_or_else(|| Denial::Missing.into())
    }
}

impl Scheme {
    fn of(row: &Value) -> Self {
        let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = || text("name").to_owned();
        match (text("type"), text("in"), text("scheme")) {
            ("apiKey", "query", _) => Self::Query(name()),
            ("apiKey", "cookie", _) => Self::Cookie(name()),
            ("apiKey", ..) => Self::Header(name().to_lowercase()),
            ("http", _, scheme) if scheme.eq_ignore_ascii_case("basic") => Self::Basic,
            ("http", _, scheme) if !scheme.is_empty() => Self::Token(scheme.to_owned()),
            ("mutualTLS", ..) => Self::Certificate,
            _ => Self::Token("bearer".to_owned()),
        }
    }

    fn presented(&self, request: &Request, query: &[(String, String)]) -> Option<Presented> {
        let key = match self {
            Self::Header(name) => request.header(name.as_str())?.to_owned(),
            Self::Query(name) => query.iter().find(|(other, _)| other == name)?.1.clone(),
            Self::Cookie(name) => cookie(request, name)?,
            Self::Basic => return Authorization::of(request)?.basic().map(|(username, password)| Presented::Login(username, password)),
            Self::Token(scheme) => Authorization::of(request).filter(|header| header.is(scheme))?.value.to_owned(),
            Self::Certificate => return None,
        };
        (!key.is_empty()).then_some(Presented::Key(key))
    }
}

fn cookie(request: &Request, name: &str) -> Option<String> {
    let pairs = request.header(COOKIE)?.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(other, _)| *other == name).map(|(_, value)| value.trim_matches('"').to_owned()).next()
}

/// The credentials of a new sandbox: known ones for the default sandbox, drawn ones for others.
pub(super) fn of_sandbox(sandbox: &str, rng: &mut Rng) -> Vec<Credential> {
    if sandbox == DEFAULT {
        return credentials(&[("default", &[("key", "seatrial"), ("username", "seatrial"), ("password", "seatrial-secret")])]);
    }
    let (key, password) = (ids::hex(rng, 32), ids::hex(rng, 16));
    credentials(&[("default", &[("key", &key), ("username", sandbox), ("password", &password)])])
}

/// The first alternative of the operation that the caller has all credentials for.
pub(super) fn authenticate(request: &AuthRequest<'_>) -> Result<Credential, Refusal> {
    let alternatives = request.call.operation.map_or(&[][..], |operation| &operation.alternatives);
    let anybody = || request.credentials.first().cloned().ok_or_else(|| Denial::Missing.into());
    if alternatives.is_empty() {
        return anybody();
    }
    let mut worst = Refusal::from(Denial::Missing);
    for alternative in alternatives {
        match request.described.schemes.admitted(alternative, request) {
            Ok(credential) if !alternative.is_empty() => return Ok(credential),
            Err(refusal) if refusal != Denial::Missing.into() => worst = refusal,
            _ => {}
        }
    }
    let is_optional = alternatives.iter().any(Vec::is_empty) && worst == Denial::Missing.into();
    if is_optional { anybody() } else { Err(worst) }
}
