//! Calls that are passed on to the vendors themselves (`--upstream VENDOR=URL`).
//!
//! A call goes as it came, but for what belongs to the connection, and its answer comes back so; the machine holds both against the
//! document and writes them down. Connections are opened by `egress` alone, to addresses that it allows, and the certificate of a server
//! has to be one for its name. A redirect is an answer and is not followed. What cannot be passed on is answered with 502, or 504;
//! a path with `..` with 400, where it could leave that of the upstream.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::{authority, text};
use crate::engine::{Answer, Machine, Request, Upstream};
use crate::server::access::DELIVERY_MARK;
use crate::server::apart::Awaited;
use crate::server::bodies::Bodies;
use crate::server::clock::wall;
use crate::server::egress::{Egress, EgressDenied};
use crate::server::incoming::{self, LARGE, SMALL};
use crate::server::interim::Bounded;
use crate::server::look_ups::LookUps;
use crate::server::own_addresses::OwnAddresses;
use crate::server::turns::Turns;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer that is passed on, how many are under way at once, and how large their heads may be.
const LARGEST: usize = 32 << 20;
const AT_ONCE: usize = 64;
const HEAD_BYTES: usize = 256 * 1024;
/// Headers that belong to a connection, and to nothing beyond it (RFC 9110, 7.6.1).
const OF_CONNECTION: [&str; 8] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Where the calls of a mount are passed on to.
#[derive(Clone, Debug)]
pub struct UpstreamUrl {
    pub mount: String,
    url: Uri,
    host: String,
    port: u16,
    is_secure: bool,
}

/// Why something is no upstream.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no upstream, expected one like `acme=https://api.acme.example`")]
pub struct UpstreamError(String);

/// Which calls are passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PassOn {
    #[default]
    All,
    /// Those that the sandbox has no behavior for.
    Rest,
}

impl std::str::FromStr for UpstreamUrl {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let wrong = || UpstreamError(text.to_owned());
        let (mount, url) = text.split_once('=').filter(|(mount, _)| !mount.is_empty()).ok_or_else(wrong)?;
        let url: Uri = url.parse().map_err(|_| wrong())?;
        let is_secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong()),
        };
        let name = url.authority().filter(|name| url.query().is_none() && !name.as_str().contains('@')).ok_or_else(wrong)?;
        let (host, port) = authority::split(name.as_str()).ok_or_else(wrong)?;
        let port = match port {
            Some(digits) => digits.parse().map_err(|_| wrong())?,
            None if is_secure => 443,
            None => 80,
        };
        Ok(Self { mount: mount.to_owned(), host: host.to_owned(), port, is_secure, url })
    }
}

/// The upstreams of a process.
pub(super) struct Upstreams {
    all: Vec<UpstreamUrl>,
    pass_on: PassOn,
    egress: Egress,
    own: OwnAddresses,
    seats: Semaphore,
    look_ups: LookUps,
    /// Where connections are read, which others do not wait for.
    apart: Handle,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Egress(#[from] EgressDenied),
    #[error("the address is this server's own")]
    Own,
    #[error("the connection broke off: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the name is not found in time")]
    Unfound,
    #[error("the answer has more than {} bytes", LARGEST)]
    Large,
    #[error("what is passed on holds as many bytes as it may")]
    Full,
    #[error("the path leads out of the one that `--upstream` names")]
    Outside,
    #[error("the request cannot be sent: {0}")]
    Request(#[from] http::Error),
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
}

impl Upstreams {
    pub fn new(all: Vec<UpstreamUrl>, pass_on: PassOn, egress: Egress, own: OwnAddresses, apart: Handle) -> Self {
        Self { all, pass_on, egress, own, seats: Semaphore::new(AT_ONCE), look_ups: LookUps::new(), apart }
    }

    /// Where a call is passed on to, if it is one of those.
    pub fn passing(&self, machine: &Machine, request: &Request) -> Option<(&UpstreamUrl, String)> {
        if self.all.is_empty() {
            return None;
        }
        let passing = machine.passing(request)?;
        let upstream = self.all.iter().find(|upstream| upstream.mount == passing.mount)?;
        if self.pass_on == PassOn::Rest && passing.has_own_answer { None } else { Some((upstream, passing.target)) }
    }

    /// Passes a call on; its answer. What is large is held against the document in a thread of its own, in its turn, and a body with
    /// more values than one of `limit` bytes may have is not read. What is `kept` of both bodies grows in the room for it.
    pub async fn answer(
        &self,
        (upstream, target): &(&UpstreamUrl, String),
        machine: &Arc<Machine>,
        request: &Arc<Request>,
        limit: usize,
        (turns, bodies, kept): (&Turns, &Bodies, &mut Option<OwnedSemaphorePermit>),
    ) -> Option<Answer> {
        let exchange = async {
            if kept.is_none() && !request.body.is_empty() {
                return Err(Failure::Full);
            }
            self.exchange(upstream, request, target, bodies, kept).await
        };
        let came = tokio::time::timeout(PATIENCE, Box::pin(exchange)).await;
        let came = came.unwrap_or(Err(Failure::Silent)).unwrap_or_else(|failure| refused(&upstream.host, &failure));
        let is_large = request.body.len().max(came.body.len()) > LARGE;
        let sandbox = machine.addressee(request).sandbox.map_or_else(|| Arc::from(""), |sandbox| Arc::clone(&sandbox.name));
        let (machine, request) = (Arc::clone(machine), Arc::clone(request));
        let witness = move || {
            let is_read = request.body.len() <= SMALL || incoming::count_values(&request, limit).is_ok();
            machine.witness(&request, is_read, came, wall())
        };
        if !is_large {
            return witness();
        }
        // The vendor has done it: it is written down, even if the client leaves now.
        let (answer, held, _turn) = turns.take(&sandbox).await?.work(kept.take(), |_| witness()).await?;
        *kept = held;
        answer
    }

    async fn exchange(
        &self,
        upstream: &UpstreamUrl,
        request: &Request,
        target: &str,
        bodies: &Bodies,
        kept: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Upstream, Failure> {
        if upstream.is_left_by(target) {
            return Err(Failure::Outside);
        }
        let _seat = self.seats.acquire().await.map_err(|_| Failure::Silent)?;
        let (egress, host, port) = (self.egress.clone(), upstream.host.clone(), upstream.port);
        let found = self.look_ups.run(async move { egress.resolve(&host, port).await });
        let addresses = found.await.ok_or(Failure::Unfound)??;
        if addresses.iter().any(|address| self.own.reaches(*address)) {
            return Err(Failure::Own);
        }
        let connection = self.egress.connect(&upstream.host, &addresses, upstream.is_secure).await?;
        let (reader, writer) = tokio::io::split(connection);
        let mut passed_on = upstream.request(request, target)?;
        let connection = TokioIo::new(tokio::io::join(Bounded::new(reader, &mut passed_on), writer));
        let (mut sender, driver) = http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(connection).await?;
        let _driver = Awaited(self.apart.spawn(driver));
        let answer = sender.send_request(passed_on).await?;
        let (parts, body) = answer.into_parts();
        let body = received(body, bodies, kept).await?;
        Ok(Upstream { status: parts.status, headers: passed(&parts.headers), body, failure: None })
    }
}

impl UpstreamUrl {
    /// Whether a server on the way may read a target so that it lies beside the path of the upstream.
    fn is_left_by(&self, target: &str) -> bool {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let plain = text::decode_unreserved(path).to_ascii_lowercase().replace("%2f", "/").replace("%5c", "/").replace('\\', "/");
        let mut names = plain.split('/').map(|segment| segment.split([';', '%']).next().unwrap_or_default());
        !self.url.path().trim_end_matches('/').is_empty() && names.any(|name| name == "..")
    }

    fn request(&self, request: &Request, target: &str) -> Result<http::Request<Full<Bytes>>, http::Error> {
        let target = format!("{}{target}", self.url.path().trim_end_matches('/'));
        let mut passed_on = http::Request::builder().method(request.method.clone()).uri(target).body(Full::new(request.body.clone()))?;
        *passed_on.headers_mut() = passed(&request.headers);
        let headers = passed_on.headers_mut();
        // What comes back has to be read.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(name) = self.url.authority().and_then(|name| HeaderValue::from_str(name.as_str()).ok()) {
            headers.insert(HOST, name);
        }
        // So that a client of a vendor does not reach the admin API of another server of ours.
        headers.insert(DELIVERY_MARK, HeaderValue::from_static("upstream"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if !request.body.is_empty() {
            headers.insert(CONTENT_LENGTH, request.body.len().into());
        }
        Ok(passed_on)
    }
}

/// The body of an answer, as far as there is room for it.
async fn received(mut body: Incoming, bodies: &Bodies, kept: &mut Option<OwnedSemaphorePermit>) -> Result<Bytes, Failure> {
    let (mut all, mut held) = (BytesMut::new(), 0);
    let mut hold = |bytes: usize| {
        if bytes > LARGEST {
            return Err(Failure::Large);
        }
        let more = bodies.kept(bytes.saturating_sub(held)).ok_or(Failure::Full)?;
        held = held.max(bytes);
        match kept {
            Some(kept) => kept.merge(more),
            None => *kept = Some(more),
        }
        Ok(())
    };
    // All that was declared at once, so that answers do not wait for each other with half of what they need.
    hold(usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX))?;
    while let Some(frame) = body.frame().await {
        let Ok(part) = frame?.into_data() else { continue };
        hold(all.len() + part.len())?;
        all.extend_from_slice(&part);
    }
    Ok(all.freeze())
}

/// Headers without those of a connection.
fn passed(headers: &HeaderMap) -> HeaderMap {
    let mut passed = headers.clone();
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> = values.flat_map(|value| value.split(',')).map(|name| name.trim().to_lowercase()).collect();
    for name in OF_CONNECTION.into_iter().chain(named.iter().map(String::as_str)) {
        passed.remove(name);
    }
    passed
}

fn refused(host: &str, failure: &Failure) -> Upstream {
    let status = match failure {
        Failure::Silent => StatusCode::GATEWAY_TIMEOUT,
        Failure::Full => StatusCode::SERVICE_UNAVAILABLE,
        Failure::Outside => StatusCode::BAD_REQUEST,
        _ => StatusCode::BAD_GATEWAY,
    };
    let detail = format!("`{host}` cannot be asked: {failure}");
    let problem = json!({"type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail});
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))]);
    Upstream { status, headers, body: problem.to_string().into(), failure: Some(detail) }
}
