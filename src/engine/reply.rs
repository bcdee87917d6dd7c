//! A vendor's reply before it is serialized, and the finished answer for the wire.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde::Serialize;

use crate::base::json::Document;
use crate::carrier::document::Drawing;
use crate::engine::limits::Quota;
use crate::engine::refusal::Refusal;
use crate::engine::wire::Wire;
use crate::world::{Entry, Note};

/// What a handler returns: an answer, or why there is none.
pub type Outcome = Result<Reply, Refusal>;

/// Any answer, in the vendor's terms.
pub struct Reply {
    pub status: StatusCode,
    /// Headers beside those that the dialect adds to every answer.
    pub headers: HeaderMap,
    pub body: Body,
}

/// The body of a reply.
pub enum Body {
    Empty,
    /// A document that is serialized in the vendor's style once the sandbox is unlocked.
    Json(Box<dyn Document>),
    /// Finished bytes; the content type stands in the headers, or is the vendor's usual one.
    Bytes(Bytes),
    /// A file that is drawn once the sandbox is unlocked.
    Drawn(Box<Drawing>),
}

impl Reply {
    /// A reply of that status with a JSON body.
    #[must_use]
    pub fn json(status: StatusCode, document: impl Serialize + Send + 'static) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Json(Box::new(document)) }
    }

    /// 200 with a JSON body.
    #[must_use]
    pub fn ok(document: impl Serialize + Send + 'static) -> Self {
        Self::json(StatusCode::OK, document)
    }

    /// 201 with a JSON body.
    #[must_use]
    pub fn created(document: impl Serialize + Send + 'static) -> Self {
        Self::json(StatusCode::CREATED, document)
    }

    /// A reply without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Empty }
    }

    /// A reply of that status and content type.
    #[must_use]
    pub fn bytes(status: StatusCode, content_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        let body = Body::Bytes(bytes.into());
        Self { status, headers: HeaderMap::new(), body }.with(CONTENT_TYPE, content_type)
    }

    /// 200 with a file of that content type.
    #[must_use]
    pub fn drawn(content_type: &'static str, file: Drawing) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), body: Body::Drawn(Box::new(file)) }.with(CONTENT_TYPE, content_type)
    }

    /// A reply whose JSON is already written in the vendor's style.
    #[must_use]
    pub fn written(status: StatusCode, json: Vec<u8>) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Bytes(json.into()) }
    }

    /// The same reply with one more header; a value that no header can carry is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// A complete response, with what is not part of it on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    /// All headers but those of the transport.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How long the shell holds it back.
    pub delay: Duration,
    /// What the shell does instead of sending it.
    pub wire: Option<Wire>,
    /// The exchange in the journal, with its id, its notes and what the scenario did to it; `None` when the path led to no vendor.
    pub entry: Option<Arc<Entry>>,
    /// What the request was, if the path led to no vendor or no sandbox.
    pub unmatched: Option<Box<Unmatched>>,
    /// The limit that the call was counted against.
    pub quota: Option<Quota>,
}

impl Answer {
    /// The remarks about the exchange.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        self.entry.as_ref().map_or(&[], |entry| &entry.notes)
    }
}

/// A request that met no vendor or no sandbox.
#[derive(Clone, Debug)]
pub struct Unmatched {
    pub method: Method,
    /// The path and query as sent.
    pub target: String,
    /// What the header `Host` says.
    pub host: String,
    /// The status that was answered.
    pub status: u16,
    /// What is not there, and what is nearest to it.
    pub detail: String,
}
