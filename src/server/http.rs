//! Connections, limits, and the conversion between hyper's types and the machine's.

mod accept;
mod handle;
mod protocol;
mod upkeep;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, Entry, HOST, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::Scheme;
use http::{Request as HttpRequest, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use tokio::runtime::Handle;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_rustls::TlsAcceptor;

use crate::base::text;
use crate::engine::{self, Machine, Origin, Request, Unmatched, Unread, Wire};
use crate::fleet::Fleet;
use crate::server::access::{self, Guard};
use crate::server::admin::{self, Admin, Downloads, Judged, LastVerdicts, Lists};
use crate::server::apart::{self, Apart};
use crate::server::awaited;
use crate::server::bodies::Bodies;
use crate::server::body::{Payload, closing, full_body, problem_response};
use crate::server::call_log::{CallLog, Line};
use crate::server::clock::{stopwatch, wall};
use crate::server::connections::{Asking, Connection, Connections};
use crate::server::holding::{CallLine, Holding};
use crate::server::host::{ByTls, Host};
use crate::server::inbox::Inboxes;
use crate::server::incoming;
use crate::server::kept;
use crate::server::listen::{Bound, Role};
use crate::server::local::Local;
use crate::server::look_ups::LookUps;
use crate::server::metrics::Metrics;
use crate::server::outgoing::{Outgoing, Room, Turn};
use crate::server::proxy::{Proxy, STRANGER};
use crate::server::reachability;
use crate::server::recording::Recording;
use crate::server::sections::Sections;
use crate::server::shutdown;
use crate::server::socket::Control;
use crate::server::start_page;
use crate::server::ticker;
use crate::server::turns::Turns;
use crate::server::ui::Ui;
use crate::server::unmatched::UnmatchedJournal;
use crate::server::upstream::Upstreams;
use crate::server::verdicts::Verdicts;
use crate::server::webhook_client::WebhookClient;
use crate::server::webhook_sender::WebhookSender;
use crate::server::wire_faults::Way;
use crate::store::{Lost, Store};
use accept::Accepting;

/// The least of it: one answer of the usual size for each of a few clients.
const LEAST_IN_FLIGHT: usize = 1 << 20;
/// How long the last lines of the log may take.
const LAST_LINES: Duration = Duration::from_millis(500);
/// What vendors' paths are answered with where only the admin API is.
const ADMIN_ONLY: &str = "only the admin API is served here";
/// How long open requests may take to finish at shutdown.
const DRAIN: Duration = Duration::from_millis(600);

/// Serves until `shutdown` ends, then drains for less than a second. Returns the verdicts on sandboxes that ended meanwhile.
///
/// # Errors
/// When no threads can be made.
pub async fn serve(machine: Arc<Machine>, bound: Bound, guard: Guard, shutdown: impl Future<Output = ()>) -> io::Result<Arc<Verdicts>> {
    serve_embedded(machine, bound, guard, shutdown, drop).await
}

/// Like [`serve`], within another program: `started` is handed the admin API once everything listens.
///
/// # Errors
/// As [`serve`].
pub async fn serve_embedded(
    machine: Arc<Machine>,
    bound: Bound,
    guard: Guard,
    shutdown: impl Future<Output = ()>,
    started: impl FnOnce(Local),
) -> io::Result<Arc<Verdicts>> {
    machine.set_public_urls(bound.public_urls());
    let in_flight = bound.config.in_flight.max(LEAST_IN_FLIGHT);
    let changed = Arc::new(Notify::new());
    let inboxes = Arc::new(Inboxes::new(bound.config.fleet.clone()));
    let unmatched = Arc::new(UnmatchedJournal::new(bound.config.fleet.clone()));
    let verdicts = Arc::new(Verdicts::new(bound.config.fleet.clone(), Arc::clone(&unmatched)));
    let metrics = Arc::new(Metrics::default());
    let log = bound.config.log.clone();
    let client = Arc::new(WebhookClient::new(bound.config.egress.clone(), bound.own_addresses(), Arc::clone(&inboxes)));
    let (apart, heavy) = (Apart::start("seatrial-apart")?, Apart::start("seatrial-heavy")?);
    let fleet = bound.config.fleet.clone();
    fleet.iter().for_each(|fleet| fleet.work_in(apart.handle()));
    machine.set_reachability(reachability::reachability(Arc::clone(&client), apart.handle()));
    tokio::spawn(reachability::warn_of_all(Arc::clone(&machine), Arc::clone(&client)));
    let webhook_sender = WebhookSender::new(
        Arc::clone(&machine),
        client,
        Arc::clone(&changed),
        (log.clone(), Arc::clone(&metrics)),
        bound.config.store.clone(),
        Sections::new(fleet.clone()),
    );
    let recording = bound.config.recording.clone().map(|Recording { sandbox, log }| {
        log.into_iter().for_each(|line| sandbox.deeds.add_numbered(line));
        Arc::clone(&sandbox.name)
    });
    let is_alive = recording.is_none();
    let tick = || ticker::run(Arc::clone(&machine), Arc::clone(&webhook_sender), Arc::clone(&changed));
    let ticking = is_alive.then(|| apart.handle().spawn(tick()));
    let shell = Arc::new(Shell {
        ui: Arc::new(Ui::new(Admin {
            machine: Arc::clone(&machine),
            changed: Arc::clone(&changed),
            webhook_sender: Arc::clone(&webhook_sender),
            inboxes: Arc::clone(&inboxes),
            unmatched: Arc::clone(&unmatched),
            metrics: Arc::clone(&metrics),
            verdicts: Arc::clone(&verdicts),
            judged: Judged::default(),
            last_verdicts: LastVerdicts::default(),
            downloads: Downloads::new(bound.config.read_timeout),
            turns: Turns::new(),
            lists: Lists::default(),
            fleet: fleet.clone(),
            store: bound.config.store.clone(),
            guard,
            advance_timeout: bound.config.advance_timeout,
            listeners: bound.listeners(),
            shares_listener: bound.admin.is_none(),
            has_page: bound.config.page,
            recording,
        })),
        names_pages: bound.config.page && !machine.options().plain,
        machine: Arc::clone(&machine),
        changed,
        unmatched,
        metrics,
        log: log.clone(),
        store: bound.config.store.clone(),
        fleet: fleet.clone(),
        body_limit: bound.config.body_limit,
        read_timeout: bound.config.read_timeout,
        bodies: Arc::new(Bodies::new(in_flight.max(2 * bound.config.body_limit))),
        room: Arc::new(Room::new(in_flight, bound.config.read_timeout)),
        large: Turns::new(),
        holding: Holding::default(),
        upstreams: Arc::new(Upstreams::new(
            bound.config.upstreams.clone(),
            bound.config.pass_on,
            bound.config.egress.clone(),
            bound.own_addresses(),
            apart.handle(),
        )),
        apart: apart.handle(),
    });
    let (builder, mut listening) = (Arc::new(protocol::builder(shell.read_timeout)), Vec::new());
    let acceptor = bound.config.identity.clone().map(TlsAcceptor::from);
    let proxy = bound.config.proxy.as_ref().zip(acceptor.clone()).map(|(listener, acceptor)| {
        let (machine, allowed, own) = (Arc::clone(&machine), listener.allowed.clone(), bound.own_addresses());
        let egress = Proxy::egress(&allowed, &bound.config.egress);
        Arc::new(Proxy { machine, acceptor, allowed, egress, own, look_ups: LookUps::new() })
    });
    let all: Arc<[_]> = bound.listeners.iter().map(|_| Connections::new(bound.config.connections)).collect();
    let most = accept::most_connections(proxy.is_some());
    for ((listener, role), connections) in bound.listeners.into_iter().zip(&*all) {
        let (acceptor, proxy) = (acceptor.clone().filter(|_| role.is_secure), proxy.clone().filter(|_| role.is_proxy));
        let (shell, builder) = (Arc::clone(&shell), Arc::clone(&builder));
        let heavy = heavy.handle();
        let accepting =
            Accepting { connections: Arc::clone(connections), all: Arc::clone(&all), most, role, acceptor, proxy, shell, builder, heavy };
        listening.push((tokio::spawn(accepting.run(listener)), Arc::clone(connections)));
    }
    started(Local::new(Arc::clone(&shell.ui.admin), bound.http));
    let sweeping = apart.handle().spawn(upkeep::sweep(Arc::clone(&shell.machine), Arc::clone(&verdicts), inboxes, fleet.clone()));
    let following = apart.handle().spawn(upkeep::follow(fleet.clone(), Arc::clone(&shell.changed)));
    let telling = apart.handle().spawn(upkeep::tell(Arc::clone(&verdicts), Arc::clone(&shell.unmatched)));
    let making_room = apart.handle().spawn(upkeep::make_room(Arc::clone(&shell), all));
    shutdown.await;
    [sweeping, following, telling, making_room].iter().for_each(|task| task.abort());
    fleet.iter().for_each(|fleet| fleet.leave());
    for (accepting, connections) in &listening {
        accepting.abort();
        connections.drain();
    }
    shell.holding.release();
    let ended = async {
        for (accepting, connections) in listening {
            let _ = accepting.await;
            connections.ended().await;
        }
    };
    let _ = tokio::time::timeout(DRAIN, ended).await;
    upkeep::leave(fleet.as_deref()).await;
    if fleet.is_none() && bound.config.asks_verdict {
        awaited::before_verdict(&machine, &webhook_sender, &machine.sandboxes(), None, awaited::AT_END).await;
    }
    ticking.into_iter().for_each(|ticking| ticking.abort());
    // Where a fleet has the sandboxes, they do not end with a replica.
    if fleet.is_none() && is_alive && !bound.config.asks_verdict {
        shutdown::report_all(&machine);
    }
    log.finish(LAST_LINES);
    Ok(verdicts)
}

/// What a request holds while it waits, and what its answer holds until there is room to send it.
type Kept = Option<OwnedSemaphorePermit>;

struct Shell {
    machine: Arc<Machine>,
    /// Whether answers say where the page of their call is.
    names_pages: bool,
    ui: Arc<Ui>,
    /// Notified after every exchange; wakes the ticker.
    changed: Arc<Notify>,
    unmatched: Arc<UnmatchedJournal>,
    metrics: Arc<Metrics>,
    log: CallLog,
    /// What keeps the sandboxes for the next process, if anything does.
    store: Option<Arc<Store>>,
    /// The fleet that this process is a replica of, if it is one.
    fleet: Option<Arc<Fleet>>,
    body_limit: usize,
    read_timeout: Duration,
    /// Room for bodies that are being read.
    bodies: Arc<Bodies>,
    room: Arc<Room>,
    /// The turn of a request with a large body.
    large: Turns,
    holding: Holding,
    upstreams: Arc<Upstreams>,
    /// Where what may take long is done.
    apart: Handle,
}

/// Leads from an answer to the page of its call.
const LOG: HeaderName = HeaderName::from_static("seatrial-log");

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
        control: &Control,
        connection: &Arc<Connection>,
    ) -> Result<Response<Outgoing>, NoAnswer> {
        let (asking, mut turn, mut kept) = (connection.begin(), None, None);
        // Hyper leaves out bodies that must not be there with HTTP/1 alone.
        let of_h2 = (request.version() == Version::HTTP_2).then(|| request.method().clone());
        let mut response = self.respond(request, peer, role, control, (connection, &asking, &mut turn, &mut kept)).await?;
        let is_h2 = of_h2.is_some();
        if of_h2.is_some_and(|method| !engine::has_body(&method, response.status())) {
            let length = response.body().size_hint().exact().filter(|_| response.status() != StatusCode::NO_CONTENT);
            if let (Some(length), Entry::Vacant(entry)) = (length, response.headers_mut().entry(CONTENT_LENGTH)) {
                entry.insert(length.into());
            }
            *response.body_mut() = full_body(Bytes::new());
        }
        let Some(size) = response.body().size_hint().exact().and_then(|size| usize::try_from(size).ok()) else {
            return Ok(response.map(|payload| Outgoing::stream(payload, connection, asking)));
        };
        // From here on it makes room for other connections like one that is idle.
        drop(asking);
        let (head, payload) = response.into_parts();
        let payload = Outgoing::complete(payload, size, is_h2, connection, &self.room).await.ok_or(NoAnswer)?;
        Ok(Response::from_parts(head, payload))
    }

    async fn respond<'c>(
        &self,
        request: HttpRequest<Incoming>,
        peer: SocketAddr,
        role: Role,
        control: &Control,
        (connection, asking, turn, kept): (&'c Arc<Connection>, &Asking, &mut Turn<'c>, &mut Kept),
    ) -> Result<Response<Payload>, NoAnswer> {
        let (mut parts, body) = request.into_parts();
        // Some clients of a proxy ask it for `https` without a tunnel.
        let is_secure = role.is_secure || (role.is_proxy && parts.uri.scheme() == Some(&Scheme::HTTPS));
        if is_secure {
            parts.extensions.insert(ByTls);
        }
        let was_mended = asking.was_mended();
        let has_same_host = asking.has_same_host(&parts);
        let head = incoming::unreadable(&parts, has_same_host);
        let names_host = head.as_ref().is_none_or(|unread| unread.status != StatusCode::BAD_REQUEST);
        let read = match head {
            Some(unread) => Err(unread),
            None => self.read(body, &parts, connection).await,
        };
        let (body, mut permits, unread) = match read {
            Ok((body, permits)) => (body, permits, None),
            Err(unread) => (Bytes::new(), None, Some(unread)),
        };
        let closes = unread.is_some() && parts.version <= Version::HTTP_11;
        if unread.is_none() {
            asking.complete();
        }
        let path = text::decode_unreserved(parts.uri.path());
        if role.admin && (path == admin::ROOT || path.starts_with("/_seatrial/")) {
            let is_probe = admin::is_probe(&path);
            let (waits, unkept) = (incoming::waits(&parts, &path), incoming::unkept(&parts, &path, &body));
            if !parts.headers.contains_key(HOST) {
                incoming::name_host(&mut parts);
            }
            let ui = Arc::clone(&self.ui);
            let unread = unread.or_else(|| was_mended.then(incoming::blanks)).or(unkept);
            let waiting = permits.take_if(|_| waits);
            *kept = waiting.as_ref().and_then(|held| self.bodies.keep(held));
            let full = || Unread::new(StatusCode::SERVICE_UNAVAILABLE, "requests that wait hold as many bytes as they may");
            let is_full = waiting.is_some() && kept.is_none();
            drop(waiting);
            return Ok(match unread.or_else(|| is_full.then(full)) {
                Some(unread) => closing(problem_response(unread.status, unread.detail, None), closes),
                None if is_probe => Box::pin(ui.answer(&parts, &body)).await,
                None => {
                    *turn = self.room.turn(connection).await;
                    let (room, connection) = (Arc::clone(&self.room), Arc::clone(connection));
                    // What the body holds stays with what is done for it, even if the client leaves.
                    let (held, waits) = (permits, kept.take());
                    let answering = async move {
                        let _held = held;
                        let answer = if room.place(&connection).await { Some(ui.answer(&parts, &body).await) } else { None };
                        (answer, waits)
                    };
                    let (answered, waited) = Box::pin(apart::run(&self.apart, answering)).await;
                    *kept = waited;
                    let answered = answered.ok_or(NoAnswer)?;
                    match kept::everything(self.store.as_deref()).await {
                        Ok(()) => answered,
                        Err(Lost(why)) => problem_response(StatusCode::INTERNAL_SERVER_ERROR, why.to_string(), None),
                    }
                }
            });
        }
        let is_own = match role.is_proxy {
            _ if has_same_host => true,
            true => asking.has_host(&parts, |host| matches!(host, Host::Named(name) if self.machine.vendors().have_host(name))),
            false => !role.loopback || asking.has_host(&parts, |host| self.is_known(host)),
        };
        if !role.vendors && is_own && unread.is_none() && start_page::is_asked(&parts.method, &path) {
            return Ok(start_page::response(&self.ui.admin, &parts));
        }
        if !role.vendors {
            let (status, detail) = unread.map_or((StatusCode::NOT_FOUND, ADMIN_ONLY.to_owned()), |unread| (unread.status, unread.detail));
            return Ok(closing(self.turn_away(&parts, status, &detail), closes));
        }
        if role.is_proxy && !is_own {
            return Ok(closing(self.turn_away(&parts, StatusCode::FORBIDDEN, STRANGER), closes));
        }
        if names_host && !is_own {
            return Ok(closing(self.turn_away(&parts, StatusCode::MISDIRECTED_REQUEST, access::FOREIGN_HOST), closes));
        }
        if role.loopback && access::is_call_of_foreign_page(&parts, &self.ui.admin.guard.hosts) {
            return Ok(closing(self.turn_away(&parts, StatusCode::FORBIDDEN, access::FOREIGN_PAGE), closes));
        }
        incoming::name_host(&mut parts);
        incoming::name_length(&mut parts, &body);
        let asks_for_page = unread.is_none() && start_page::is_asked(&parts.method, parts.uri.path());
        let page = (asks_for_page && role.mount.is_none()).then(|| start_page::response(&self.ui.admin, &parts));
        let request = Arc::new(Request {
            method: parts.method,
            path: incoming::kept(parts.uri.path(), unread.as_ref()),
            query: incoming::kept(parts.uri.query().unwrap_or_default(), unread.as_ref()),
            headers: parts.headers,
            body,
            peer: peer.ip(),
            mount: role.mount,
            version: parts.version,
            is_secure,
        });
        let unread = unread.or_else(|| (was_mended && !self.machine.reads_blanks(&request)).then(incoming::blanks));
        let closes = closes || (was_mended && unread.is_some());
        *turn = self.room.turn(connection).await;
        if !self.room.place(connection).await {
            return Err(NoAnswer);
        }
        let began = stopwatch();
        let Some(mut answer) = self.handle_or_pass_on(&request, unread, &mut permits, kept).await else {
            let detail = "the sandbox is busy with what became due in it";
            return Ok(problem_response(StatusCode::SERVICE_UNAVAILABLE, detail, None));
        };
        drop(permits);
        if let Err(lost) = kept::everything(self.store.as_deref()).await {
            answer = kept::refused(&self.machine, &request, &lost).ok_or(NoAnswer)?;
        }
        if let Some(page) = page.filter(|_| answer.unmatched.is_some()) {
            return Ok(page);
        }
        if let Some(entry) = answer.entry.as_ref().filter(|entry| self.names_pages && !entry.id.is_empty()) {
            // Where a vendor has a host name to itself, there is no mount in front of its paths, and no page.
            let before = entry.target.as_bytes().get(..entry.path_start).and_then(|before| before.rsplit(|byte| *byte == b'/').next());
            let has_page = !matches!(before, None | Some([] | [b'@', ..])) && request.mount.is_none();
            let origin = has_page.then(|| Origin::of(&request.headers, is_secure));
            if let Ok(address) = HeaderValue::try_from(self.machine.public_urls().page_of_call(origin.as_ref(), &entry.id)) {
                answer.headers.append(LOG, address);
            }
        }
        drop(request);
        if role.admin && !self.machine.options().plain {
            access::contain(&mut answer.headers, !answer.body.is_empty());
        }
        self.changed.notify_waiters();
        let (log, metrics, changed, machine) = (&self.log, &*self.metrics, &*self.changed, &*self.machine);
        let line = |entry| CallLine { log, entry, began, is_answered: false, metrics, changed, machine };
        let mut line = answer.entry.as_ref().map(line);
        let sandbox = answer.entry.as_ref().map_or("", |entry| &entry.sandbox);
        if answer.delay.is_zero() {
            // Answers to requests that came together leave together, so that their readers are woken once: with sixteen
            // connections that spares about 1.5 µs of processor time an answer.
            tokio::task::yield_now().await;
        } else {
            self.holding.hold(&self.machine, sandbox, answer.delay).await;
        }
        if let Some(line) = &mut line {
            line.is_answered = true;
        }
        drop(line);
        if let Some(entry) = answer.entry.as_ref().filter(|entry| entry.wire.is_under_way() && !answer.wire.is_some_and(Wire::takes_time)) {
            entry.wire.arrive();
            self.machine.answered(entry);
            self.changed.notify_waiters();
        }
        if let Some(request) = answer.unmatched.take() {
            self.keep(*request);
        }
        if let Some(wire) = answer.wire {
            let (machine, holding) = (&self.machine, &self.holding);
            let way = Way { machine, holding, connection, control, version: parts.version };
            let response = Box::pin(way.disturbed(wire, answer)).await.ok_or(NoAnswer)?;
            return Ok(closing(response, closes));
        }
        let mut response = Response::new(full_body(answer.body));
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(closing(response, closes))
    }
}

impl Shell {
    /// Reads a body, in time. Most bodies are complete already and need no timer.
    async fn read(&self, body: Incoming, head: &Parts, connection: &Connection) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Unread> {
        let mut body = pin!(incoming::collect(body, head, self.body_limit, &self.bodies, connection));
        let at_once = poll_fn(|cx| match body.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => Poll::Ready(None),
        });
        if let Some(done) = at_once.await {
            return done;
        }
        let late = |_| Err(Unread::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"));
        tokio::time::timeout(self.read_timeout, body).await.unwrap_or_else(late)
    }

    /// A problem for a request that is refused before anybody asked whom it is for.
    fn turn_away(&self, parts: &Parts, status: StatusCode, detail: &str) -> Response<Payload> {
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let host = parts.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned()).unwrap_or_default();
        self.keep(Unmatched { method: parts.method.clone(), target, host, status: status.as_u16(), detail: detail.to_owned() });
        problem_response(status, detail, None)
    }

    /// Keeps and logs a request that met nothing.
    fn keep(&self, request: Unmatched) {
        let now = wall();
        let request = self.unmatched.put(request, now);
        self.log.add(|| Line::Unmatched(request, now));
    }

    /// Whether vendors answer under that host where only programs of this machine reach them: no rebound name of a web page is one.
    fn is_known(&self, host: Host<'_>) -> bool {
        match host {
            Host::Missing => true,
            Host::Named(name) => self.ui.admin.guard.hosts.has(name) || self.machine.vendors().have_host(name),
            Host::Invalid => false,
        }
    }
}
