//! Responses of the admin API.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::server::body::{self, Payload, Pieces, full_body, streamed_body};

pub(crate) type AdminResponse = Response<Payload>;

pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> AdminResponse {
    body::json_response(status, document)
}

pub(crate) fn no_content() -> AdminResponse {
    let mut response = Response::new(full_body(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A text of some media type.
pub(crate) fn text(content_type: &'static str, body: impl Into<Bytes>) -> AdminResponse {
    with_type(content_type, full_body(body))
}

/// A body that is written while it is read.
pub(crate) fn stream(content_type: &'static str, body: Pieces) -> AdminResponse {
    with_type(content_type, streamed_body(body))
}

fn with_type(content_type: &'static str, body: Payload) -> AdminResponse {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
