//! The admin API of a running server, for commands that are thin over it.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::arguments::ServerArguments;
use crate::cli::files::Unread;
use crate::cli::health::served_address;
use crate::net::{Client, ClientError, Reply, Trust, TrustError};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many milliseconds a server is asked to wait at once: less than an answer is waited for.
const AT_ONCE: u64 = 20_000;

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdminError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("`--egress-ca`: {0}")]
    Trust(#[from] TrustError),
    #[error("the token cannot be sent in a header")]
    Token,
    #[error("`{0}` is neither a span of time nor an instant\nhelp: a span is like `72h`, an instant like `2026-01-05T09:00:00Z`")]
    Span(String),
    #[error("`{0}` is not an instant\nhelp: an instant has a time and a zone, like `2026-01-05T09:00:00Z`")]
    Instant(String),
    #[error("the clock does not go back\nhelp: a snapshot does, and `clock: {{start: …}}` of a scenario says when it begins")]
    Backwards,
    #[error(transparent)]
    File(#[from] Unread),
    #[error("{0}")]
    Refused(String),
    #[error("what answers is no Seatrial server, or one of another version: {0}")]
    Foreign(#[from] serde_json::Error),
    #[error("the runtime cannot start: {0}")]
    Runtime(#[from] io::Error),
}

/// What a route answers, given below `/_seatrial`.
pub(super) fn get<T: DeserializeOwned>(server: &ServerArguments, path: &str) -> Result<T, AdminError> {
    ask(server, Method::GET, path, None)
}

/// The same of a route that takes JSON.
pub(super) fn ask<T: DeserializeOwned>(
    server: &ServerArguments,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<T, AdminError> {
    let body = body.map(Value::to_string).unwrap_or_default();
    send(server, method, path, "application/json", body.into_bytes())
}

/// The same of a route that takes a body of that type.
pub(super) fn send<T: DeserializeOwned>(
    server: &ServerArguments,
    method: Method,
    path: &str,
    content_type: &'static str,
    body: Vec<u8>,
) -> Result<T, AdminError> {
    Ok(serde_json::from_slice(&send_bytes(server, method, path, content_type, body)?)?)
}

/// The same as it is answered, byte for byte: numbers in documents have digits that a value of JSON would lose.
pub(super) fn send_bytes(
    server: &ServerArguments,
    method: Method,
    path: &str,
    content_type: &'static str,
    body: Vec<u8>,
) -> Result<Bytes, AdminError> {
    let mut headers = headers(server)?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let reply = runtime()?.block_on(client(server)?.send(method, &format!("/_seatrial{path}"), headers, body.into()))?;
    Ok(accepted(reply)?.body)
}

/// What a server answers that is asked to wait, so many milliseconds each time, once that is enough or the time is over.
pub(super) fn wait<T>(time: Duration, ask: impl Fn(u64) -> Result<T, AdminError>, is_enough: impl Fn(&T) -> bool) -> Result<T, AdminError> {
    let mut left = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    loop {
        let now = left.min(AT_ONCE);
        let answer = ask(now)?;
        left -= now;
        if left == 0 || is_enough(&answer) {
            return Ok(answer);
        }
    }
}

/// The documents of a route that answers with one a line.
pub(super) fn lines(server: &ServerArguments, path: &str) -> Result<Vec<Value>, AdminError> {
    let bytes = send_bytes(server, Method::GET, path, "application/json", Vec::new())?;
    Ok(serde_json::Deserializer::from_slice(&bytes).into_iter().collect::<Result<_, _>>()?)
}

/// Hands over what a route goes on answering, piece by piece, until it ends.
pub(super) fn follow(server: &ServerArguments, path: &str, each: impl FnMut(&[u8])) -> Result<(), AdminError> {
    let reply = runtime()?.block_on(client(server)?.follow(&format!("/_seatrial{path}"), headers(server)?, each))?;
    accepted(reply).map(drop)
}

fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

fn client(server: &ServerArguments) -> Result<Client, AdminError> {
    Ok(Client::new(&base_url(server), Trust::read(&server.egress_ca)?, PATIENCE)?)
}

/// The base URL of a server: the one that is named, or that of a server with this environment.
pub(super) fn base_url(server: &ServerArguments) -> String {
    let own = || format!("http://{}", served_address().unwrap_or_else(|| ([127, 0, 0, 1], 7447).into()));
    server.url.clone().unwrap_or_else(own)
}

fn headers(server: &ServerArguments) -> Result<HeaderMap, AdminError> {
    let mut headers = HeaderMap::new();
    if let Some(token) = server.admin_token.as_deref().filter(|token| !token.is_empty()) {
        headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| AdminError::Token)?);
    }
    Ok(headers)
}

/// An answer, unless the server refuses: then its words, with what it finds wrong in detail.
fn accepted(reply: Reply) -> Result<Reply, AdminError> {
    if (200..300).contains(&reply.status) {
        return Ok(reply);
    }
    let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let foreign = || format!("the server answers {}: {}", reply.status, String::from_utf8_lossy(&reply.body));
    Err(AdminError::Refused(problem["detail"].as_str().map_or_else(foreign, str::to_owned)))
}
