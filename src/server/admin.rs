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

use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;
use event_listener::EventListener;
use http_body_util::channel::Channel;
use http_body_util::combinators::MapFrame;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Frame;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::base::time::Timestamp;
use crate::base::{text, time};
use crate::engine::{self, ActionError, DEFAULT, Machine, Sandbox};
use crate::scenario;
use crate::server::access::{Denied, Guard};
use crate::server::admin::routes::Route;
use crate::server::http;
use crate::server::inbox::Inboxes;
use crate::server::webhook_sender::WebhookSender;
use crate::world::Kind;

/// Where the API lives.
pub(super) const ROOT: &str = "/_seatrial";

/// The longest that somebody may wait for a call to be made.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// How long whoever waits looks away after each look, so that many calls cost one look.
const REST: Duration = Duration::from_millis(2);

/// The body of an answer: all of it, a stream, or a part that does not tell how long it is.
pub(super) type Payload = Either<Full<Bytes>, Either<Channel<Bytes>, MapFrame<Full<Bytes>, fn(Frame<Bytes>) -> Frame<Bytes>>>>;

/// A body that is all there.
pub(super) fn whole(body: impl Into<Bytes>) -> Payload {
    Either::Left(Full::new(body.into()))
}

/// A body of which more was promised.
pub(super) fn half(body: Bytes) -> Payload {
    Either::Right(Either::Right(Full::new(body).map_frame(|frame| frame)))
}

/// What the API works on.
pub(super) struct Admin {
    pub machine: Arc<Machine>,
    /// Wakes the ticker.
    pub changed: Arc<Notify>,
    pub courier: Arc<WebhookSender>,
    pub inboxes: Inboxes,
    pub guard: Guard,
    /// Whether it is served beside the vendors.
    pub beside: bool,
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
    to: Box<dyn FnOnce(Timestamp) -> Timestamp + Send>,
    then: Box<dyn FnOnce(Timestamp, u64) -> Given + Send>,
}

/// Why a route says no.
pub(super) struct Problem {
    status: StatusCode,
    detail: String,
    /// Members of the problem document beside the usual ones.
    more: Option<Value>,
    /// A header that this status calls for.
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// A route's function.
pub(super) type Handler = fn(&Admin, &Ask<'_>) -> Result<Given, Problem>;

impl Admin {
    /// Answers one request.
    pub async fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Payload> {
        let path = text::decode_unreserved(parts.uri.path());
        let path = path.strip_prefix(ROOT).unwrap_or_default();
        let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
        let open = matches!(path, "/health");
        // An inbox receives what vendors send, in any form and from anywhere.
        let is_letter = parts.method == Method::POST && path.starts_with("/inbox/");
        if !is_letter && let Err(denied) = self.guard.check(parts, !body.is_empty(), open) {
            return Problem::from(denied).response();
        }
        let answered = async {
            let found = routes::find(&parts.method, path)?;
            let query = engine::pairs(parts.uri.query().unwrap_or_default());
            if !is_letter {
                found.route.knows(&query)?;
            }
            let parameters = found.parameters.into_iter().map(|(name, value)| (name, text::percent_decode(value))).collect();
            let ask = Ask { parameters, query, body, parts };
            Ok(self.finished(self.patiently(found.route, &ask).await?).await)
        };
        match answered.await {
            Ok(given) => given.response(),
            Err(problem) => Problem::response(problem),
        }
    }

    /// Moves the clock that an answer waits for. It goes on when the caller does not wait for it.
    async fn finished(&self, given: Given) -> Given {
        if given.advance.is_none() {
            return given;
        }
        let courier = Arc::clone(&self.courier);
        let moving = tokio::spawn(async move {
            let mut given = given;
            while let Some(Advance { sandbox, to, then }) = given.advance.take() {
                let (now, fired) = courier.advance(&sandbox, to).await;
                given = then(now, fired);
            }
            given
        });
        match moving.await {
            Ok(given) => given,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Runs a handler; with `wait` in the query again whenever something happened where it looks, until it finds `min` rows or
    /// the time is up.
    async fn patiently(&self, route: &Route, ask: &Ask<'_>) -> Result<Given, Problem> {
        let Some(wait) = ask.query("wait").filter(|_| route.waits()) else { return (route.handler)(self, ask) };
        let wait = time::duration(wait).ok_or_else(|| Problem::bad(format!("`wait` is a span such as `5s`, found `{wait}`")))?;
        let least: usize = ask.number("min")?.unwrap_or(1);
        let deadline = tokio::time::sleep(wait.min(LONGEST_WAIT));
        tokio::pin!(deadline);
        loop {
            let changed = self.listen(ask);
            let given = (route.handler)(self, ask)?;
            if given.found >= least {
                return Ok(given);
            }
            tokio::select! {
                () = &mut deadline => return Ok(given),
                () = changed => {}
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// Ends when something has happened in the sandbox or inbox that the path names.
    fn listen(&self, ask: &Ask<'_>) -> EventListener {
        let sandbox = self.machine.sandbox(ask.parameter("s"));
        sandbox.map_or_else(|| self.inboxes.listen(), |sandbox| sandbox.listen())
    }

    /// Where a vendor of a sandbox is: under the address that the caller used, unless that is the admin API's alone.
    fn url(&self, ask: &Ask<'_>, sandbox: &Sandbox, mount: &str) -> String {
        let host = ask.parts.headers.get("host").and_then(|value| value.to_str().ok()).filter(|_| self.beside);
        match host {
            Some(host) if &*sandbox.name == DEFAULT => format!("http://{host}/{mount}"),
            Some(host) => format!("http://{host}/@{}/{mount}", sandbox.name),
            None => self.machine.public_urls().url(&sandbox.name, mount),
        }
    }

    /// The sandbox that the path names.
    fn sandbox(&self, ask: &Ask<'_>) -> Result<Arc<Sandbox>, Problem> {
        let name = ask.parameter("s");
        let sandbox = self.machine.sandbox(name).ok_or_else(|| Problem::missing(format!("there is no sandbox `{name}`")))?;
        sandbox.touch(http::wall());
        Ok(sandbox)
    }

    /// The one sandbox that has a document of that kind: among all of them, or the one that the query names.
    fn holder(&self, ask: &Ask<'_>, kind: &Kind, id: &str) -> Result<Arc<Sandbox>, Problem> {
        let mut places: Vec<Arc<Sandbox>> = match ask.query("sandbox") {
            Some(name) => vec![self.machine.sandbox(name).ok_or_else(|| Problem::missing(format!("there is no sandbox `{name}`")))?],
            None => self.machine.sandboxes(),
        };
        places.retain(|sandbox| {
            let state = sandbox.lock();
            state.world.accounts.iter().any(|(_, account)| account.table(kind).is_some_and(|table| table.get(id).is_some()))
        });
        match places.as_slice() {
            [] => Err(Problem::missing(format!("there is no {} `{id}`", kind.0))),
            [sandbox] => {
                sandbox.touch(http::wall());
                Ok(Arc::clone(sandbox))
            }
            // Sandboxes of one seed, and copies of one sandbox, give the same ids.
            several => {
                let names: Vec<&str> = several.iter().map(|sandbox| &*sandbox.name).collect();
                let detail = format!("several sandboxes have a {} `{id}`: say `?sandbox=` and one of {}", kind.0, names.join(", "));
                Err(Problem::new(StatusCode::CONFLICT, detail))
            }
        }
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
        let body = self.body.trim_ascii();
        if body.is_empty() {
            return Ok(T::default());
        }
        if body.starts_with(b"[") {
            return Err(Problem::bad("the body is an object, found a list"));
        }
        let kind = self.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if kind.contains("yaml") {
            let text = std::str::from_utf8(self.body).map_err(|error| Problem::bad(error.to_string()))?;
            let tree = scenario::yaml(text, "body.yaml")
                .map_err(|found| Problem::bad(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")))?;
            T::deserialize(tree).map_err(|error| Problem::bad(error.to_string()))
        } else {
            serde_json::from_slice(self.body).map_err(|error| Problem::bad(error.to_string()))
        }
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
        Self { status: StatusCode::OK, content_type, body: Either::Right(Either::Left(body)), found: 0, advance: None }
    }

    /// An answer that is known once the clock has been moved.
    fn advanced(
        sandbox: Arc<Sandbox>,
        to: impl FnOnce(Timestamp) -> Timestamp + Send + 'static,
        then: impl FnOnce(Timestamp, u64) -> Self + Send + 'static,
    ) -> Self {
        Self { advance: Some(Advance { sandbox, to: Box::new(to), then: Box::new(then) }), ..Self::empty() }
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
        Self { status, detail: detail.into(), more: None, header: None }
    }

    fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.header = HeaderValue::from_str(value).ok().map(|value| Box::new((name, value)));
        self
    }

    fn response(self) -> Response<Payload> {
        let mut response = problem(self.status, &self.detail, self.more);
        response.headers_mut().extend(self.header.map(|header| *header));
        response
    }
}

impl From<ActionError> for Problem {
    fn from(why: ActionError) -> Self {
        match why {
            ActionError::Missing => Self::missing(why.to_string()),
            ActionError::Full => sandboxes::over_budget(),
            ActionError::Broken(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, why.to_string()),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let problem = Self::new(denied.status, denied.detail);
        if denied.status == StatusCode::UNAUTHORIZED { problem.with(WWW_AUTHENTICATE, "Bearer realm=\"seatrial\"") } else { problem }
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
