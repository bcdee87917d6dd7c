//! Accepting connections: each takes a seat, and is served until it ends.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rlimit::Resource;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_rustls::TlsAcceptor;

use super::Shell;
use crate::server::clock::stopwatch;
use crate::server::connections::{Connections, Seat};
use crate::server::listen::Role;
use crate::server::proxy::{self, Led, Proxy};
use crate::server::socket::Socket;
use crate::server::stream::Stream;

/// How often it is logged that connections cannot be accepted.
const WARNING: Duration = Duration::from_secs(10);

/// The most file descriptors that connections leave to everything else: the files of a data directory above all, without which the
/// process ends, databases, receivers of webhooks and servers behind a proxy. Where there are few, half of them.
const LEFT: u64 = 512;

/// How many connections may be open, by the limit of file descriptors. One of a proxy may take two.
pub(super) fn most_connections(has_proxy: bool) -> usize {
    let limit = Resource::NOFILE.get_soft().unwrap_or(u64::MAX);
    let most = (limit - (limit / 2).min(LEFT)) / if has_proxy { 2 } else { 1 };
    usize::try_from(most).unwrap_or(usize::MAX)
}

/// What accepts the connections of a listener.
pub(super) struct Accepting {
    pub connections: Arc<Connections>,
    /// Those of all listeners, this one's among them, and how many they may be together.
    pub all: Arc<[Arc<Connections>]>,
    pub most: usize,
    pub role: Role,
    /// Makes the handshakes of a listener for TLS.
    pub acceptor: Option<TlsAcceptor>,
    /// Opens the tunnels of a forward proxy.
    pub proxy: Option<Arc<Proxy>>,
    pub shell: Arc<Shell>,
    pub builder: Arc<auto::Builder<TokioExecutor>>,
    /// Where connections are served that ask for many things at once, or cost much before they ask: those of HTTP/2 and of TLS.
    pub heavy: Handle,
}

impl Accepting {
    pub async fn run(self, listener: TcpListener) {
        let (mut failures, mut warned) = (0_u64, None::<std::time::Instant>);
        let mut warn = |error: &io::Error| {
            if warned.is_none_or(|warned| warned.elapsed() >= WARNING) {
                tracing::warn!(%error, failures, "a connection could not be accepted");
                warned = Some(stopwatch());
            }
            failures += 1;
        };
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn(&error);
                    self.make_room().await;
                    continue;
                }
            };
            while self.all.iter().map(|connections| connections.open_ones()).sum::<usize>() >= self.most {
                warn(&io::Error::other("the file descriptors that are left are for others"));
                self.make_room().await;
            }
            let seat = self.connections.seat().await;
            tokio::spawn(self.serve(stream, peer, seat));
        }
    }

    /// Out of file descriptors, which all listeners share, the one that has most of them gives one up.
    async fn make_room(&self) {
        let fullest = self.all.iter().max_by_key(|connections| connections.seated()).unwrap_or(&self.connections);
        fullest.make_room().await;
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, seat: Seat) -> impl Future<Output = ()> + use<> {
        let _ = stream.set_nodelay(true);
        let limit = self.shell.read_timeout;
        // The same for the handshake, for the opening of a tunnel and for the first request.
        let first = sleep(limit).deadline();
        let (shell, builder, role) = (Arc::clone(&self.shell), Arc::clone(&self.builder), self.role.clone());
        let serving = Serving { shell, builder, role, peer, seat, first };
        let protocol = match (&self.proxy, &self.acceptor) {
            (Some(proxy), _) => Protocol::Proxy(Arc::clone(proxy)),
            (None, Some(acceptor)) => Protocol::Secure(acceptor.clone()),
            (None, None) => Protocol::Plain,
        };
        let heavy = self.heavy.clone();
        async move {
            if let Protocol::Plain = protocol {
                match serving.begins_as_http2(&stream).await {
                    Some(true) => {}
                    Some(false) => return serving.serve(Stream::Plain(stream), Bytes::new()).await,
                    None => return,
                }
            }
            if let Ok(stream) = stream.into_std() {
                heavy.spawn(serving.serve_there(protocol, stream));
            }
        }
    }
}

/// How a connection goes on that was accepted.
enum Protocol {
    Plain,
    Secure(TlsAcceptor),
    Proxy(Arc<Proxy>),
}

/// All that a connection is served with until it ends.
struct Serving {
    shell: Arc<Shell>,
    builder: Arc<auto::Builder<TokioExecutor>>,
    role: Role,
    peer: SocketAddr,
    seat: Seat,
    /// When the first request has to be complete.
    first: Instant,
}

impl Serving {
    /// Whether a client begins with what HTTP/2 begins with, or with the first letters of it; `None` if it says nothing in time, or its
    /// seat is taken.
    async fn begins_as_http2(&self, stream: &TcpStream) -> Option<bool> {
        let mut start = [0; 3];
        tokio::select! {
            count = stream.peek(&mut start) => count.ok().map(|count| count > 0 && start[..count] == b"PRI"[..count]),
            () = self.seat.connection.leaves() => None,
            () = sleep_until(self.first) => None,
        }
    }

    /// Serves a connection in the runtime that this is called in.
    async fn serve_there(mut self, protocol: Protocol, stream: std::net::TcpStream) {
        let Ok(stream) = TcpStream::from_std(stream) else { return };
        match protocol {
            Protocol::Plain => self.serve(Stream::Plain(stream), Bytes::new()).await,
            Protocol::Secure(acceptor) => self.serve(Stream::accept(&acceptor, stream), Bytes::new()).await,
            Protocol::Proxy(proxy) => {
                if let Some((stream, read, is_secure)) = Box::pin(self.tunnel(&proxy, stream)).await {
                    self.role.is_secure = is_secure;
                    self.serve(stream, read).await;
                }
            }
        }
    }

    /// Serves a connection, of which something was `read` already.
    async fn serve(self, stream: Stream, read: Bytes) {
        let Self { shell, builder, role, peer, seat, first } = self;
        let limit = shell.read_timeout;
        let (socket, control) = Socket::new(stream, read, Arc::clone(&seat.connection));
        let known = Arc::clone(&seat.connection);
        let service = service_fn(move |request| {
            let (shell, role, control, known) = (Arc::clone(&shell), role.clone(), Arc::clone(&control), Arc::clone(&known));
            // It is large, and is moved a few times before it begins.
            Box::pin(async move { shell.answer(request, peer, role, &control, &known).await })
        });
        let connection = builder.serve_connection(TokioIo::new(socket), service).into_owned();
        if let Err(error) = seat.connection.drive(connection, first, limit).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }

    /// The connection of a client of the proxy whose tunnel ends here, what was read of it, and whether it has TLS. All others are over
    /// when this ends.
    async fn tunnel(&self, proxy: &Proxy, stream: TcpStream) -> Option<(Stream, Bytes, bool)> {
        let Self { shell, seat, .. } = self;
        let led = tokio::select! {
            led = proxy.lead(stream) => led.ok()?,
            () = seat.connection.leaves() => return None,
            () = sleep_until(self.first) => return None,
        };
        match led {
            Led::Here { stream, read, is_secure } => return Some((stream, read, is_secure)),
            Led::Refused(request) => shell.keep(request),
            Led::Through(client, other) => tokio::select! {
                () = proxy::carry(client, other, shell.read_timeout) => {}
                () = seat.connection.leaves() => {}
            },
        }
        None
    }
}
