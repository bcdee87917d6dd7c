//! What is understood of HTTP/1.1 and HTTP/2, and its limits.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;

/// How many bytes of headers one request may have.
const HEADER_BYTES: usize = 64 * 1024;
/// How many requests one connection of HTTP/2 may have under way.
const STREAMS: u32 = 64;
/// How many unread bytes a connection of HTTP/2 buffers.
const WINDOW: u32 = 256 * 1024;

/// What serves a connection, whichever of the two versions it speaks.
pub(super) fn builder(read_timeout: Duration) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // A timer of its own for each request would wake a thread for each: `Connection::drive` sees heads that do not arrive.
    builder.http1().header_read_timeout(None).max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .initial_connection_window_size(WINDOW)
        .initial_stream_window_size(WINDOW / 2)
        .max_send_buf_size(HEADER_BYTES)
        .keep_alive_interval(read_timeout)
        .keep_alive_timeout(read_timeout);
    builder
}
