//! A request as it came in, and the call to an operation that it is.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::header::{AsHeaderName, HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Version};
use serde_json::Value;

use crate::base::name::Name;
use crate::engine::origin::Origin;
use crate::spec::{Operation, Violation};
use crate::world::{Entry, Note};

/// A request, free of any transport.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// The whole path, still encoded.
    pub path: String,
    /// The query without its question mark, still encoded; may be empty.
    pub query: String,
    /// The headers. `host` is filled in when the transport carries it elsewhere (HTTP/2).
    pub headers: HeaderMap,
    pub body: Bytes,
    pub peer: IpAddr,
    /// The vendor mount that the listener is given to, when it serves only one.
    pub mount: Option<Name>,
    /// The version of HTTP that the caller speaks.
    pub version: Version,
    /// Whether it came by TLS, as `https` does.
    pub is_secure: bool,
}

impl Request {
    /// A request of the journal, as far as it is kept there.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let (path, query) = entry.target.split_once('?').unwrap_or((&entry.target, ""));
        let mut headers = HeaderMap::new();
        for (name, value) in entry.request.headers() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
                headers.append(name, value);
            }
        }
        Self {
            method: entry.method.clone(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: entry.request.body.clone(),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            mount: None,
            version: Version::HTTP_11,
            is_secure: entry.is_secure,
        }
    }

    /// A header as text; `None` when it is missing or not text.
    #[must_use]
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        // What is no text is not ASCII, and that is seen sooner than byte by byte.
        self.headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok()).filter(|text| text.is_ascii())
    }

    /// The path and query as sent.
    #[must_use]
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The host that the caller used, with its port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.header(HOST).unwrap_or("127.0.0.1")
    }
}

/// A request whose vendor, and perhaps operation, is known.
pub struct Call<'m> {
    pub request: &'m Request,
    /// The operation, unless the path or method led to none.
    pub operation: Option<&'m Operation>,
    /// The part of the path in front of the vendor's own: `/shippo`, `/@mine/shippo`, or nothing.
    pub prefix: &'m str,
    /// The path below the mount as sent, but for escapes of unreserved characters, which are decoded.
    pub path: &'m str,
    /// The decoded parameters of the path.
    pub parameters: Vec<(String, String)>,
    /// The decoded pairs of the query, in order. Where letter case means nothing, names are spelled as the document has them; where the
    /// first value counts, others are left out.
    pub query: Vec<(String, String)>,
    /// The body as JSON; `null` when there is none.
    pub body: Value,
    /// How the request departs from the document as the vendor reads it, in the order of the document.
    pub violations: Arc<Vec<Violation>>,
    /// How it departs from the document beyond that, where [`Contract`](crate::engine::Contract) asks for it: the vendor takes it.
    pub departures: Arc<Vec<Violation>>,
    /// When `violations` refuse the call.
    pub validation: Validation,
    /// What else is remarkable about the request, for the journal.
    pub remarks: Vec<Note>,
    /// The base URL of the vendor in links (`--public-url`), if callers and their proxies do not decide about it.
    pub base: Option<String>,
}

/// When the violations of the document refuse a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// Before the handler runs, which sees valid calls only.
    First,
    /// When the handler takes the body or the query, or asks by [`Call::valid`].
    Late,
    /// Never: the handler reads the body itself, as it was sent. They are noted in the journal.
    Noted,
}

/// What most calls have of violations.
static NONE: LazyLock<Arc<Vec<Violation>>> = LazyLock::new(Arc::default);

impl<'m> Call<'m> {
    /// A call of which nothing was read yet.
    pub(super) fn unread(request: &'m Request, prefix: &'m str, path: &'m str) -> Self {
        Self {
            request,
            operation: None,
            prefix,
            path,
            parameters: Vec::new(),
            query: Vec::new(),
            body: Value::Null,
            violations: Arc::clone(&NONE),
            departures: Arc::clone(&NONE),
            validation: Validation::Noted,
            remarks: Vec::new(),
            base: None,
        }
    }
}

impl Call<'_> {
    /// The operation's full name, or the empty text.
    #[must_use]
    pub fn name(&self) -> &str {
        self.operation.map_or("", |operation| &operation.name)
    }

    /// A parameter of the path.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a name in the query: the last one where it is repeated, unless the vendor takes the first.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// An absolute address below the mount, built from the address that the caller used.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match &self.base {
            Some(base) => format!("{base}{path}"),
            None => Origin::of(&self.request.headers, self.request.is_secure).url([self.prefix, path]),
        }
    }
}

/// Decodes `a=1&b=%20` into pairs; what is not an escape is kept as it is.
#[must_use]
pub fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
