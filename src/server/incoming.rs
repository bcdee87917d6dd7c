//! What is read of requests: heads that are in order, and bodies within a limit for each and for all that are under way.

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::{Method, StatusCode, Version};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::sync::OwnedSemaphorePermit;

use crate::base::json::Extent;
use crate::engine::{Request, Unread, decode};
use crate::server::bodies::Bodies;
use crate::server::connections::Connection;
use crate::server::host;
use crate::server::outgoing::UNCOUNTED;

/// How many values are read of a body that has at most so many bytes. A value takes up to 170 times its bytes once it is read, and what
/// is wrong with it more; requests of all vendors have more than 20 bytes for each.
fn most_values(limit: usize) -> usize {
    (limit / 20).min((limit / 160).max(1 << 16))
}

/// How many headers are read of a request. Hyper reads as many of one of HTTP/1.
const MOST_HEADERS: usize = 100;

/// How many rows are read of one list, or members of one object: more than a batch of any vendor may have.
const MOST_ROWS: usize = 12_000;

/// The longest path and query that is read, and what its refusal says.
const TARGET_LIMIT: usize = 16 * 1024;
/// How much is kept of a path, and of a query, that is not read.
const TARGET_KEPT: usize = 2 * 1024;

/// Bodies are looked through before they are read from here on: shorter ones take little, whatever is in them.
pub(super) const SMALL: usize = 8 * 1024;
/// Larger bodies are handled one after the other.
pub(super) const LARGE: usize = 64 * 1024;
/// So are those with more values, of which each is read, checked and stored.
pub(super) const MANY: usize = 1_000;

/// How many times its bytes a body may take once it is read. Those of vendors' clients, with names and texts, take less than ten times as
/// much; one that is not large may be all short numbers.
fn most_times(length: usize) -> usize {
    if length > LARGE { 20 } else { 40 }
}

/// How many values a body has.
///
/// # Errors
/// When it has more than one of `limit` bytes may have, more in one list, or so many for its length that it would take too much memory.
pub(super) fn count_values(request: &Request, limit: usize) -> Result<usize, Unread> {
    let Extent { values, rows, bytes } = decode::extent(request);
    let (most, length) = (most_values(limit), request.body.len());
    let most_times = most_times(length);
    let detail = if values > most && length > LARGE {
        format!("the body has {values} values; with a `--body-limit` of {limit} bytes, {most} are read")
    } else if rows > MOST_ROWS {
        format!("the body has a list, an object or a form with {rows} rows; {MOST_ROWS} are read")
    } else if bytes > most_times * length {
        format!("the body has {values} values in {length} bytes, which would take more than {most_times} times as much memory")
    } else {
        return Ok(values);
    };
    Err(Unread::new(StatusCode::PAYLOAD_TOO_LARGE, detail))
}

/// What is wrong with the head of a request, whose body is not read then. It may have the `Host` of one that was in order.
pub(super) fn unreadable(parts: &Parts, has_same_host: bool) -> Option<Unread> {
    if parts.headers.len() > MOST_HEADERS {
        let detail = format!("the request has {} headers; {MOST_HEADERS} are read", parts.headers.len());
        return Some(Unread::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    if !has_same_host && let Some(detail) = host::misnamed(parts) {
        return Some(Unread::new(StatusCode::BAD_REQUEST, detail));
    }
    let is_plain = |(place, coding): (usize, &HeaderValue)| place == 0 && coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if !parts.headers.get_all(TRANSFER_ENCODING).iter().enumerate().all(is_plain) {
        return Some(Unread::new(StatusCode::NOT_IMPLEMENTED, "the only `Transfer-Encoding` that is read is `chunked`"));
    }
    let is_long = parts.uri.path_and_query().is_some_and(|target| target.as_str().len() > TARGET_LIMIT);
    is_long.then(|| Unread::new(StatusCode::URI_TOO_LONG, "the address is longer than 16 KiB"))
}

/// What is wrong with an address that has blanks.
pub(super) fn blanks() -> Unread {
    Unread::new(StatusCode::BAD_REQUEST, "the address has a blank in it, which has to be written `%20`")
}

/// Says in `Host` what the request line or HTTP/2 says of the host.
pub(super) fn name_host(parts: &mut Parts) {
    if let Some(host) = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        parts.headers.insert(HOST, host);
    }
}

/// Says in `Content-Length` what the frames of HTTP/2 say of the length of a body.
pub(super) fn name_length(parts: &mut Parts, body: &Bytes) {
    if parts.version == Version::HTTP_2 && [Method::POST, Method::PUT, Method::PATCH].contains(&parts.method) {
        parts.headers.entry(CONTENT_LENGTH).or_insert(body.len().into());
    }
}

/// A path or a query as far as it is kept.
pub(super) fn kept(text: &str, unread: Option<&Unread>) -> String {
    let is_long = unread.is_some_and(|unread| unread.status == StatusCode::URI_TOO_LONG);
    text[..text.floor_char_boundary(if is_long { TARGET_KEPT } else { text.len() })].to_owned()
}

/// How large a body may be where the address says all, and where it is kept while others are waited for.
const MOST_BESIDE: usize = 64 * 1024;
const MOST_KEPT: usize = 1024 * 1024;

/// Why a request of the admin API is refused whose body is large though it says nothing, or would be kept for long.
pub(super) fn unkept(head: &Parts, path: &str, body: &Bytes) -> Option<Unread> {
    let says_all = [Method::GET, Method::HEAD, Method::DELETE].contains(&head.method);
    let most = if says_all { MOST_BESIDE } else { MOST_KEPT };
    let is_large = body.len() > most && (says_all || waits(head, path));
    let detail = || format!("the body is larger than the {most} bytes that a `{}` or a request that waits may have", head.method);
    is_large.then(|| Unread::new(StatusCode::PAYLOAD_TOO_LARGE, detail()))
}

/// Whether a request of the admin API may wait for something.
pub(super) fn waits(head: &Parts, path: &str) -> bool {
    path.ends_with("/advance")
        || head.uri.query().is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "wait"))
}

/// In how many pieces a body may come whose pieces have fewer than 16 bytes on average: each takes longer than its bytes do.
const MOST_PIECES: usize = 128 * 1024;
const LEAST_PIECE: usize = 16;

/// Reads a body. What it holds of the room for `bodies` grows with it; small ones need none. One that stalls ends when
/// others wait for room.
pub(super) async fn collect(
    mut body: Incoming,
    head: &Parts,
    limit: usize,
    bodies: &Bodies,
    connection: &Connection,
) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Unread> {
    let stalled = || Unread::new(StatusCode::REQUEST_TIMEOUT, "the body arrived too slowly while others waited for room");
    let too_large = || {
        let detail = format!("the body is larger than the {limit} bytes of `--body-limit`");
        Unread::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    // A connection of HTTP/1 has one head; one of HTTP/2 has many, of which each header may have been one byte.
    let held = if head.version == Version::HTTP_2 { occupied(head) } else { 0 };
    let mut hold = bodies.hold();
    if body.is_end_stream() {
        let is_held = held <= UNCOUNTED || hold.grow(held, held, 0).await;
        return if is_held { Ok((Bytes::new(), hold.complete())) } else { Err(stalled()) };
    }
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(too_large());
    }
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    let uncounted = if head.version == Version::HTTP_2 { 0 } else { UNCOUNTED };
    if !hold.grow(held, held + declared, uncounted).await {
        return Err(stalled());
    }
    for pieces in 0_usize.. {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = hold.ends() => return Err(stalled()),
        };
        let Some(frame) = frame else { break };
        if pieces > MOST_PIECES.max((first.len() + all.len()) / LEAST_PIECE) {
            let detail = format!("the body comes in more than {MOST_PIECES} pieces, of fewer than {LEAST_PIECE} bytes each");
            return Err(Unread::new(StatusCode::BAD_REQUEST, detail));
        }
        let Ok(part) = frame.map_err(|error| broken(&error))?.into_data() else { continue };
        connection.hear(part.len());
        let size = first.len() + all.len() + part.len();
        if size > limit {
            return Err(too_large());
        }
        if !hold.grow(held + size, held + declared, uncounted).await {
            return Err(stalled());
        }
        if size == part.len() {
            first = part;
        } else {
            // Most bodies are one part, which is not copied.
            if all.is_empty() {
                all.reserve(size.max(declared));
            }
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&part);
        }
    }
    Ok((if all.is_empty() { first } else { all.freeze() }, hold.complete()))
}

/// About how many bytes the head of a request takes.
fn occupied(head: &Parts) -> usize {
    const HEADER: usize = 256;
    head.headers.iter().map(|(name, value)| HEADER + name.as_str().len() + value.len()).sum()
}

fn broken(error: &dyn std::error::Error) -> Unread {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    Unread::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}{cause}"))
}
