//! Bodies of HTTP responses, and the problem document (RFC 9457) that the shell and the admin API answer errors with.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::combinators::MapFrame;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Frame;
use schemars::JsonSchema;
use serde::Serialize;

use crate::scenario::DiagnosticView;

/// The body of a response: complete, a stream, or truncated.
pub(super) type Payload = Either<Full<Bytes>, Either<Channel<Bytes>, MapFrame<Full<Bytes>, fn(Frame<Bytes>) -> Frame<Bytes>>>>;

pub(super) fn full_body(body: impl Into<Bytes>) -> Payload {
    Either::Left(Full::new(body.into()))
}

/// A body of unknown length, so that hyper keeps a `content-length` header that is larger and ends the connection early.
pub(super) fn truncated_body(body: Bytes) -> Payload {
    Either::Right(Either::Right(Full::new(body).map_frame(|frame| frame)))
}

/// A body that is written while it is read.
pub(super) fn streamed_body(body: Channel<Bytes>) -> Payload {
    Either::Right(Either::Left(body))
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct ProblemDocument {
    /// Always `about:blank`: the status says it all.
    r#type: &'static str,
    /// The name of the status.
    title: &'static str,
    status: u16,
    /// What is wrong, and what to do about it.
    detail: String,
    /// Every problem of a scenario or conversation, with its position.
    #[serde(skip_serializing_if = "Option::is_none")]
    diagnostics: Option<Vec<DiagnosticView>>,
}

/// A response with a problem document.
pub(super) fn problem_response(
    status: StatusCode,
    detail: impl Into<String>,
    diagnostics: Option<Vec<DiagnosticView>>,
) -> Response<Payload> {
    let title = status.canonical_reason().unwrap_or("Error");
    let document = ProblemDocument { r#type: "about:blank", title, status: status.as_u16(), detail: detail.into(), diagnostics };
    let mut response = json_response(status, &document);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// A response with a JSON document.
pub(super) fn json_response(status: StatusCode, document: &impl Serialize) -> Response<Payload> {
    let body = serde_json::to_vec(document).expect("our own documents have text keys and are written to memory");
    let mut response = Response::new(full_body(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer after which the connection may end, because what follows of the request is not read.
pub(super) fn closing(mut response: Response<Payload>, closes: bool) -> Response<Payload> {
    if closes {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
