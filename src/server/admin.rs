//! The admin API under `/_seatrial`: one table of routes, one access check in front of it, problem documents for every no.
//!
//! The table in `routes` drives the router and the OpenAPI document alike, so that neither can lag behind the other.

mod about;
mod clock;
mod conversations;
mod copies;
mod faults;
mod parcels;
mod requests;
mod routes;
mod sandboxes;
mod scenarios;
mod verify;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use ::http::header::{CONTENT_TYPE, HeaderValue};
use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::base::time::Timestamp;
use crate::base::{text, time};
use crate::engine::{self, Machine, Sandbox};
use crate::server::access::Guard;
use crate::server::http;
use crate::server::inbox::Inboxes;
use crate::server::webhooks::Courier;

/// Where the API lives.
pub(super) const ROOT: &str = "/_seatrial";

/// The longest that somebody may wait for a call to be made.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The body of an answer: all of it, or a stream.
pub(super) type Payload = Either<Full<Bytes>, Channel<Bytes>>;

/// A body that is all there.
pub(super) fn whole(body: impl Into<Bytes>) -> Payload {
    Either::Left(Full::new(body.into()))
}

/// What the API works on.
pub(super) struct Admin {
    pub machine: Arc<Machine>,
    /// Told after every exchange.
    pub changed: Arc<Notify>,
    pub courier: Arc<Courier>,
    pub inboxes: Inboxes,
    pub guard: Guard,
}

/// One request to the API.
pub(super) struct Ask<'a> {
    pub parameters: Vec<(&'a str, String)>,
    pub query: Vec<(String, String)>,
    pub body: &'a Bytes,
    pub parts: &'a Parts,
}

/// What a route answers.
pub(super) struct Given {
    status: StatusCode,
    content_type: &'static str,
    body: Payload,
    /// How many rows it found, for `wait`.
    found: usize,
    /// What has to be waited for before the answer is known.
    advance: Option<Advance>,
}

/// A clock that has to be moved, and what is answered then.
pub(super) struct Advance {
    sandbox: Arc<Sandbox>,
    to: Timestamp,
    then: Box<dyn FnOnce(Timestamp, u64) -> Given + Send>,
}

/// Why a route says no.
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Members of the problem document beside the usual ones.
    more: Option<Value>,
}

/// A route's function.
pub(super) type Handler = fn(&Admin, &Ask<'_>) -> Result<Given, Problem>;

impl Admin {
    /// Answers one request.
    pub async fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Payload> {
        let path = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let open = matches!(path, "/health");
        // An inbox receives what vendors send, in any form and from anywhere.
        let is_letter = parts.method == Method::POST && path.starts_with("/inbox/");
        if !is_letter && let Err(denied) = self.guard.check(parts, !body.is_empty(), open) {
            return problem(denied.status, denied.detail, None);
        }
        let found = match routes::find(&parts.method, path) {
            Ok(found) => found,
            Err(problem) => return problem.response(),
        };
        let ask = Ask {
            parameters: found.parameters.into_iter().map(|(name, value)| (name, text::percent_decode(value))).collect(),
            query: engine::pairs(parts.uri.query().unwrap_or_default()),
            body,
            parts,
        };
        match self.patiently(found.handler, &ask).await {
            Ok(given) => self.finished(given).await.response(),
            Err(problem) => problem.response(),
        }
    }

    /// Moves the clock that an answer waits for. It goes on when the caller does not wait for it.
    async fn finished(&self, given: Given) -> Given {
        let Some(Advance { sandbox, to, then }) = given.advance else { return given };
        let courier = Arc::clone(&self.courier);
        let moving = tokio::spawn(async move {
            let (now, fired) = courier.advance(&sandbox, to).await;
            then(now, fired)
        });
        match moving.await {
            Ok(given) => given,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Runs a handler; with `wait` in the query again after each exchange, until it finds `min` rows or the time is up.
    async fn patiently(&self, handler: Handler, ask: &Ask<'_>) -> Result<Given, Problem> {
        let Some(wait) = ask.query("wait") else { return handler(self, ask) };
        let wait = time::duration(wait).ok_or_else(|| Problem::bad(format!("`wait` is a span such as `5s`, found `{wait}`")))?;
        let least: usize = ask.number("min")?.unwrap_or(1);
        let deadline = tokio::time::sleep(wait.min(LONGEST_WAIT));
        tokio::pin!(deadline);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let given = handler(self, ask)?;
            if given.found >= least {
                return Ok(given);
            }
            tokio::select! {
                () = &mut deadline => return Ok(given),
                () = changed => {}
            }
        }
    }

    /// The sandbox that the path names.
    fn sandbox(&self, ask: &Ask<'_>) -> Result<Arc<Sandbox>, Problem> {
        let name = ask.parameter("s");
        let sandbox = self.machine.sandbox(name).ok_or_else(|| Problem::missing(format!("there is no sandbox `{name}`")))?;
        sandbox.touch(http::wall());
        Ok(sandbox)
    }
}

impl Ask<'_> {
    fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(other, _)| *other == name).map_or("", |(_, value)| value)
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parse = |text: &str| text.parse().map_err(|_| Problem::bad(format!("`{name}` is a number, found `{text}`")));
        self.query(name).map(parse).transpose()
    }

    /// The body, as JSON or YAML; the default when there is none.
    fn read<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.body.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.contains("yaml") {
            serde_saphyr::from_slice(self.body).map_err(|error| Problem::bad(error.to_string()))
        } else {
            serde_json::from_slice(self.body).map_err(|error| Problem::bad(error.to_string()))
        }
    }

    /// The address that the caller used, for links.
    fn base(&self) -> String {
        let host = self.parts.headers.get("host").and_then(|value| value.to_str().ok()).unwrap_or("127.0.0.1");
        format!("http://{host}")
    }
}

impl Given {
    fn json(status: StatusCode, document: &impl Serialize) -> Self {
        let body = serde_json::to_vec(document).expect("our own documents have text keys and are written to memory");
        Self { status, content_type: "application/json", body: whole(body), found: 0, advance: None }
    }

    fn ok(document: &impl Serialize) -> Self {
        Self::json(StatusCode::OK, document)
    }

    fn empty() -> Self {
        Self { status: StatusCode::NO_CONTENT, content_type: "", body: whole(Bytes::new()), found: 0, advance: None }
    }

    fn text(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, body: whole(body), found: 0, advance: None }
    }

    fn stream(content_type: &'static str, body: Channel<Bytes>) -> Self {
        Self { status: StatusCode::OK, content_type, body: Either::Right(body), found: 0, advance: None }
    }

    /// An answer that is known once the clock has been moved.
    fn advanced(sandbox: Arc<Sandbox>, to: Timestamp, then: impl FnOnce(Timestamp, u64) -> Self + Send + 'static) -> Self {
        Self { advance: Some(Advance { sandbox, to, then: Box::new(then) }), ..Self::empty() }
    }

    fn finding(mut self, found: usize) -> Self {
        self.found = found;
        self
    }

    fn response(self) -> Response<Payload> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        if !self.content_type.is_empty() {
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        response
    }
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), more: None }
    }

    fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    fn response(self) -> Response<Payload> {
        problem(self.status, &self.detail, self.more)
    }
}

/// A problem document (RFC 9457).
pub(super) fn problem(status: StatusCode, detail: &str, more: Option<Value>) -> Response<Payload> {
    let title = status.canonical_reason().unwrap_or("Error");
    let mut document = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    if let (Some(document), Some(Value::Object(more))) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    let mut response = Response::new(whole(document.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
