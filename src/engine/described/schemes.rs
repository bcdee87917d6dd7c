//! Security schemes, as data.

use std::collections::BTreeMap;

/// The security schemes of a document, by their names.
#[derive(Clone, Default)]
pub(in crate::engine) struct Schemes(pub BTreeMap<String, Scheme>);

#[derive(Clone)]
pub(in crate::engine) enum Scheme {
    Header(String),
    Query(String),
    Cookie(String),
    Basic,
    /// The word in front of the token; OAuth 2 and OpenID Connect are `Bearer`.
    Token(String),
    /// A certificate of the client, which is not asked for.
    Certificate,
}

impl Scheme {
    /// Where a caller presents it, and the name that it has there; nothing of a certificate.
    pub fn place(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Header(name) => Some(("header", name.clone())),
            Self::Query(name) => Some(("query", name.clone())),
            Self::Cookie(name) => Some(("cookie", name.clone())),
            Self::Basic => Some(("basic", "Authorization".to_owned())),
            Self::Token(scheme) => Some(("token", scheme.clone())),
            Self::Certificate => None,
        }
    }
}
