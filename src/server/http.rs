//! Listeners, connections, limits, and the conversion between hyper's types and the machine's.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HOST, HeaderValue};
use http::{Request as HttpRequest, Response, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

use crate::base::name::Name;
use crate::base::text;
use crate::engine::{Machine, PublicUrls, Request, Wire};
use crate::server::access::Guard;
use crate::server::admin::{self, Admin};
use crate::server::body::{Payload, full_body, problem_response, truncated_body};
use crate::server::clock::wall;
use crate::server::egress::Egress;
use crate::server::host::{self, Host};
use crate::server::inbox::Inboxes;
use crate::server::local::Local;
use crate::server::own_addresses::OwnAddresses;
use crate::server::shutdown;
use crate::server::socket::Socket;
use crate::server::ticker;
use crate::server::webhook_sender::WebhookSender;

/// The longest path and query that is read.
const TARGET_LIMIT: usize = 16 * 1024;
/// How many bytes of headers one request may have.
const HEADER_BYTES: usize = 64 * 1024;
/// How many connections may be open at once; further ones wait to be accepted.
const CONNECTIONS: usize = 10_000;
/// How long a connection stays open without an answer when a scenario says `hang`.
const LONGEST_SILENCE: Duration = Duration::from_secs(3600);
/// How often abandoned sandboxes are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// How long open requests may take to finish at shutdown.
const DRAIN: Duration = Duration::from_millis(800);

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The vendor mount that is served at `/` there; `None` serves them all below their names.
    pub mount: Option<String>,
    pub address: SocketAddr,
}

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: Vec<Listen>,
    /// Where the admin API is served, if not beside the vendors.
    pub admin_listen: Option<SocketAddr>,
    /// The largest body that is read.
    pub body_limit: usize,
    /// How long a client may take to send its headers, and then its body.
    pub read_timeout: Duration,
    /// Which addresses webhooks may be sent to.
    pub egress: Egress,
}

/// Sockets that listen, before anything is served.
pub struct Bound {
    listeners: Vec<(TcpListener, Role)>,
    /// The address of the first listener that serves all vendors, else of the first.
    pub http: SocketAddr,
    /// The address of the admin API's own listener, if it has one.
    pub admin: Option<SocketAddr>,
    config: Config,
}

#[derive(Clone, Debug)]
struct Role {
    vendors: bool,
    mount: Option<Name>,
    admin: bool,
    /// Whether only programs of this machine can reach it.
    loopback: bool,
}

/// Opens every socket.
///
/// # Errors
/// When an address cannot be bound, or a mount is not one of `mounts`.
pub async fn bind(config: Config, mounts: &[Name]) -> io::Result<Bound> {
    let mut listeners = Vec::new();
    for listen in &config.listen {
        let mount = match &listen.mount {
            Some(name) => {
                let known = mounts.iter().find(|mount| ***mount == **name);
                Some(known.cloned().ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidInput, format!("there is no vendor `{name}`, only {}", mounts.join(", ")))
                })?)
            }
            None => None,
        };
        let admin = mount.is_none() && config.admin_listen.is_none();
        let listener = TcpListener::bind(listen.address).await.map_err(|error| bind_error(&error, listen.address))?;
        listeners.push((listener, Role { vendors: true, mount, admin, loopback: listen.address.ip().is_loopback() }));
    }
    let main = listeners.iter().find(|(_, role)| role.mount.is_none()).or(listeners.first());
    let http = main.map(|(listener, _)| listener.local_addr()).transpose()?.unwrap_or(([127, 0, 0, 1], 0).into());
    let mut admin = None;
    if let Some(address) = config.admin_listen {
        let listener = TcpListener::bind(address).await.map_err(|error| bind_error(&error, address))?;
        admin = Some(listener.local_addr()?);
        listeners.push((listener, Role { vendors: false, mount: None, admin: true, loopback: address.ip().is_loopback() }));
    }
    Ok(Bound { listeners, http, admin, config })
}

impl Bound {
    /// The addresses of all listeners, in their order.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|(listener, _)| listener.local_addr().ok()).collect()
    }

    /// Whether the admin API is served.
    #[must_use]
    pub fn serves_admin(&self) -> bool {
        self.listeners.iter().any(|(_, role)| role.admin)
    }

    fn own_addresses(&self) -> OwnAddresses {
        let admin = self.listeners.iter().filter(|(_, role)| role.admin);
        OwnAddresses { all: self.addresses(), admin: admin.filter_map(|(listener, _)| listener.local_addr().ok()).collect() }
    }

    /// The addresses of the listeners that serve vendors.
    fn public_urls(&self) -> PublicUrls {
        let mut served = PublicUrls { admin: self.admin, ..PublicUrls::default() };
        for (listener, role) in self.listeners.iter().filter(|(_, role)| role.vendors) {
            match (listener.local_addr(), &role.mount) {
                (Ok(address), Some(mount)) => served.mounts.push((mount.clone(), address)),
                (Ok(address), None) => served.all = served.all.or(Some(address)),
                (Err(_), _) => {}
            }
        }
        served
    }
}

fn bind_error(error: &io::Error, address: SocketAddr) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

/// Serves until `shutdown` ends, then drains for less than a second.
pub async fn serve(machine: Arc<Machine>, bound: Bound, guard: Guard, shutdown: impl Future<Output = ()>) {
    serve_embedded(machine, bound, guard, shutdown, drop).await;
}

/// Like [`serve`], within another program: `started` is handed the admin API once everything listens.
pub async fn serve_embedded(
    machine: Arc<Machine>,
    bound: Bound,
    guard: Guard,
    shutdown: impl Future<Output = ()>,
    started: impl FnOnce(Local),
) {
    machine.set_public_urls(bound.public_urls());
    let changed = Arc::new(Notify::new());
    let inboxes = Arc::new(Inboxes::default());
    let webhook_sender = WebhookSender::new(
        Arc::clone(&machine),
        bound.config.egress.clone(),
        bound.own_addresses(),
        Arc::clone(&inboxes),
        Arc::clone(&changed),
    );
    let ticking = tokio::spawn(ticker::run(Arc::clone(&machine), Arc::clone(&webhook_sender), Arc::clone(&changed)));
    let shell = Arc::new(Shell {
        admin: Arc::new(Admin {
            machine: Arc::clone(&machine),
            changed: Arc::clone(&changed),
            webhook_sender: Arc::clone(&webhook_sender),
            inboxes,
            guard,
            shares_listener: bound.admin.is_none(),
        }),
        machine: Arc::clone(&machine),
        changed,
        body_limit: bound.config.body_limit,
        read_timeout: bound.config.read_timeout,
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(shell.read_timeout).max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEADER_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(256);
    let builder = Arc::new(builder);
    let graceful = Arc::new(GracefulShutdown::new());
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let accepting: Vec<_> = bound
        .listeners
        .into_iter()
        .map(|(listener, role)| {
            let (shell, builder, graceful, permits) =
                (Arc::clone(&shell), Arc::clone(&builder), Arc::clone(&graceful), Arc::clone(&permits));
            tokio::spawn(async move { accept(listener, role, shell, builder, graceful, permits).await })
        })
        .collect();
    started(Local::new(Arc::clone(&shell.admin), bound.http));
    let sweeping = tokio::spawn(sweep(Arc::clone(&shell.machine)));
    shutdown.await;
    sweeping.abort();
    ticking.abort();
    for task in &accepting {
        task.abort();
    }
    for task in accepting {
        let _ = task.await;
    }
    if let Some(graceful) = Arc::into_inner(graceful) {
        let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
    }
    shutdown::report_all(&machine);
}

/// Removes abandoned sandboxes, for ever.
async fn sweep(machine: Arc<Machine>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        for sandbox in machine.sweep(wall()) {
            tracing::info!(sandbox = &*sandbox.name, "nobody used it for as long as it is kept; it is removed");
            shutdown::report(&machine, &sandbox, "it was abandoned");
        }
    }
}

struct Shell {
    machine: Arc<Machine>,
    admin: Arc<Admin>,
    /// Notified after every exchange; wakes the ticker.
    changed: Arc<Notify>,
    body_limit: usize,
    read_timeout: Duration,
}

async fn accept(
    listener: TcpListener,
    role: Role,
    shell: Arc<Shell>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    graceful: Arc<GracefulShutdown>,
    permits: Arc<Semaphore>,
) {
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, mostly: let some connections end first.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let connection = connection(stream, peer, role.clone(), &shell, &builder, &graceful);
        tokio::spawn(async move {
            connection.await;
            drop(permit);
        });
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    role: Role,
    shell: &Arc<Shell>,
    builder: &Arc<auto::Builder<TokioExecutor>>,
    graceful: &Arc<GracefulShutdown>,
) -> impl Future<Output = ()> + use<> {
    let _ = stream.set_nodelay(true);
    let (socket, reset) = Socket::new(stream);
    let shell = Arc::clone(shell);
    let service = service_fn(move |request| {
        let (shell, role, reset) = (Arc::clone(&shell), role.clone(), Arc::clone(&reset));
        async move { shell.answer(request, peer, role, &reset).await }
    });
    let connection = graceful.watch(builder.serve_connection(TokioIo::new(socket), service).into_owned());
    async move {
        if let Err(error) = connection.await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the scenario ends this connection without an answer")]
struct NoAnswer;

impl Shell {
    async fn answer(
        &self,
        request: HttpRequest<Incoming>,
        peer: SocketAddr,
        role: Role,
        reset: &AtomicBool,
    ) -> Result<Response<Payload>, NoAnswer> {
        if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > TARGET_LIMIT) {
            return Ok(problem_response(StatusCode::URI_TOO_LONG, "the address is longer than 16 KiB", None));
        }
        let (mut parts, body) = request.into_parts();
        let body = match self.within_timeout(collect(body, self.body_limit)).await {
            Ok(Ok(body)) => body,
            Ok(Err(TooLarge::Limit)) => {
                return Ok(problem_response(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the body is larger than this sandbox reads (`--body-limit`)",
                    None,
                ));
            }
            Ok(Err(TooLarge::Broken)) => return Err(NoAnswer),
            Err(Elapsed) => return Ok(problem_response(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time", None)),
        };
        let path = text::decode_unreserved(parts.uri.path());
        if role.admin && (path == admin::ROOT || path.starts_with("/_seatrial/")) {
            return Ok(admin::answer(&self.admin, &parts, &body).await);
        }
        if !role.vendors {
            return Ok(problem_response(StatusCode::NOT_FOUND, "only the admin API is served here", None));
        }
        if role.loopback && !self.is_known(host::host(&parts)) {
            let detail = "the `Host` is neither a loopback name, the vendor's own, nor on the list of `--allow-host`";
            return Ok(problem_response(StatusCode::MISDIRECTED_REQUEST, detail, None));
        }
        if !parts.headers.contains_key(HOST)
            && let Some(host) = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
        {
            parts.headers.insert(HOST, host);
        }
        let request = Request {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body,
            peer: peer.ip(),
            mount: role.mount,
        };
        let answer = self.machine.handle(&request, wall());
        self.changed.notify_waiters();
        if answer.delay.is_zero() {
            // Answers to requests that came together leave together, so that their readers are woken once: with sixteen
            // connections that spares about 1.5 µs of processor time an answer.
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(answer.delay).await;
        }
        let mut headers = answer.headers;
        let body = match answer.wire {
            None => full_body(answer.body),
            Some(Wire::Truncate) if answer.body.len() > 1 => {
                // A length that the body does not reach: hyper ends the connection when the body ends short of it.
                headers.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
                truncated_body(answer.body.slice(..answer.body.len() / 2))
            }
            Some(wire) => {
                if wire == Wire::Hang {
                    tokio::time::sleep(LONGEST_SILENCE).await;
                }
                reset.store(wire == Wire::Reset, Ordering::Relaxed);
                return Err(NoAnswer);
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl Shell {
    /// Whether vendors answer under that host where only programs of this machine reach them: no rebound name of a web page is one.
    fn is_known(&self, host: Host<'_>) -> bool {
        match host {
            Host::Missing => true,
            Host::Named(name) => self.admin.guard.hosts.has(name) || self.machine.vendors().have_host(name),
            Host::Invalid => false,
        }
    }

    /// Waits for a body, at most for the read time-out. Most bodies are complete already and need no timer.
    async fn within_timeout<T>(&self, body: impl Future<Output = T>) -> Result<T, Elapsed> {
        let mut body = pin!(body);
        let at_once = poll_fn(|cx| match body.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => Poll::Ready(None),
        });
        match at_once.await {
            Some(done) => Ok(done),
            None => tokio::time::timeout(self.read_timeout, body).await.map_err(|_| Elapsed),
        }
    }
}

/// The read time-out has passed.
struct Elapsed;

enum TooLarge {
    Limit,
    Broken,
}

async fn collect(body: Incoming, limit: usize) -> Result<Bytes, TooLarge> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(TooLarge::Limit);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(TooLarge::Limit),
        Err(_) => Err(TooLarge::Broken),
    }
}
