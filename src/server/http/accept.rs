//! Accepting connections: each takes a seat, and is served until it ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_rustls::TlsAcceptor;

use super::Shell;
use crate::server::connections::{Connections, Seat};
use crate::server::listen::Role;
use crate::server::proxy::{self, Led, Proxy};
use crate::server::socket::Socket;
use crate::server::stream::Stream;

/// Of so many connections that could not be accepted, one is logged.
const FAILURES_PER_WARNING: u64 = 500;

/// What accepts the connections of a listener.
pub(super) struct Accepting {
    pub connections: Arc<Connections>,
    pub role: Role,
    /// Makes the handshakes of a listener for TLS.
    pub acceptor: Option<TlsAcceptor>,
    /// Opens the tunnels of a forward proxy.
    pub proxy: Option<Arc<Proxy>>,
    pub shell: Arc<Shell>,
    pub builder: Arc<auto::Builder<TokioExecutor>>,
}

impl Accepting {
    pub async fn run(self, listener: TcpListener) {
        let mut failures = 0_u64;
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: one that says nothing makes room.
                    if failures.is_multiple_of(FAILURES_PER_WARNING) {
                        tracing::warn!(%error, failures, "a connection could not be accepted");
                    }
                    failures += 1;
                    self.connections.make_room();
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            let seat = self.connections.seat().await;
            tokio::spawn(self.serve(stream, peer, seat));
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, seat: Seat) -> impl Future<Output = ()> + use<> {
        let _ = stream.set_nodelay(true);
        let (shell, builder, mut role) = (Arc::clone(&self.shell), Arc::clone(&self.builder), self.role.clone());
        let limit = shell.read_timeout;
        // The same for the handshake, for the opening of a tunnel and for the first request.
        let first = sleep(limit).deadline();
        let begun = match (&self.proxy, &self.acceptor) {
            (Some(proxy), _) => Begun::Proxy(Arc::clone(proxy), stream),
            (None, Some(acceptor)) => Begun::Served(Stream::accept(acceptor, stream)),
            (None, None) => Begun::Served(Stream::Plain(stream)),
        };
        async move {
            let stream = match begun {
                Begun::Served(stream) => stream,
                Begun::Proxy(proxy, stream) => match Box::pin(tunnel(&shell, &proxy, stream, &seat, first)).await {
                    Some((stream, is_secure)) => {
                        role.is_secure = is_secure;
                        stream
                    }
                    None => return,
                },
            };
            let (socket, control) = Socket::new(stream, Arc::clone(&seat.connection));
            let known = Arc::clone(&seat.connection);
            let service = service_fn(move |request| {
                let (shell, role, control, known) = (Arc::clone(&shell), role.clone(), Arc::clone(&control), Arc::clone(&known));
                async move { shell.answer(request, peer, role, &control, &known).await }
            });
            let connection = builder.serve_connection(TokioIo::new(socket), service).into_owned();
            if let Err(error) = seat.connection.drive(connection, first, limit).await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
        }
    }
}

/// A connection that was accepted.
enum Begun {
    Served(Stream),
    Proxy(Arc<Proxy>, TcpStream),
}

/// The connection of a client of the proxy whose tunnel ends here, and whether it has TLS. All others are over when this ends.
async fn tunnel(shell: &Shell, proxy: &Proxy, stream: TcpStream, seat: &Seat, first: Instant) -> Option<(Stream, bool)> {
    let led = tokio::select! {
        led = proxy.lead(stream) => led.ok()?,
        () = seat.connection.leaves() => return None,
        () = sleep_until(first) => return None,
    };
    match led {
        Led::Here { stream, is_secure } => return Some((stream, is_secure)),
        Led::Refused(request) => shell.keep(request),
        Led::Through(client, other) => tokio::select! {
            () = proxy::carry(client, other, shell.read_timeout) => {}
            () = seat.connection.leaves() => {}
        },
    }
    None
}
