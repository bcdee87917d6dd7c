//! Bodies of HTTP responses, and the problem document (RFC 9457) that the shell and the admin API answer errors with.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::channel::Channel;
use http_body_util::combinators::MapFrame;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body, Frame, SizeHint};
use schemars::JsonSchema;
use serde::Serialize;

use crate::scenario::DiagnosticView;

/// The body of a response: complete, a stream, or truncated.
pub(super) type Payload = Either<Full<Bytes>, Either<Streamed, MapFrame<Full<Bytes>, fn(Frame<Bytes>) -> Frame<Bytes>>>>;

pub(super) fn full_body(body: impl Into<Bytes>) -> Payload {
    Either::Left(Full::new(body.into()))
}

/// A body of unknown length, so that hyper keeps a `content-length` header that is larger and ends the connection early.
pub(super) fn truncated_body(body: Bytes) -> Payload {
    Either::Right(Either::Right(Full::new(body).map_frame(|frame| frame)))
}

/// A body that is written while it is read.
pub(super) fn streamed_body(channel: Pieces) -> Payload {
    Either::Right(Either::Left(Streamed { channel, watch: None }))
}

/// The same, of which somebody hears how much was taken.
pub(super) fn watched_body(channel: Pieces, watch: Box<dyn Watch>) -> Payload {
    Either::Right(Either::Left(Streamed { channel, watch: Some(watch) }))
}

/// The pieces of a body, which may break off.
pub(super) type Pieces = Channel<Bytes, BrokenOff>;

/// A body ends before its end, so that HTTP/2 resets its stream.
#[derive(Debug, thiserror::Error)]
#[error("the scenario breaks this answer off")]
pub(super) struct BrokenOff;

/// Hears what becomes of a body.
pub(super) trait Watch: Send + Sync {
    /// So many more bytes were taken.
    fn taken(&mut self, bytes: usize);

    /// It has ended, in whichever way it was to.
    fn ended(&mut self);
}

pub(super) struct Streamed {
    channel: Pieces,
    watch: Option<Box<dyn Watch>>,
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let frame = Pin::new(&mut self.channel).poll_frame(cx);
        if let (Poll::Ready(frame), Some(watch)) = (&frame, &mut self.watch) {
            match frame {
                Some(Ok(frame)) => watch.taken(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(_)) | None => watch.ended(),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.channel.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.channel.size_hint()
    }
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
