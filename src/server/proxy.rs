//! The forward proxy: where a connection goes that begins with CONNECT.
//!
//! A tunnel to a real host of a vendor ends here, with TLS or without, as the client's first byte in it says. One to a host that is
//! allowed to pass is carried on, by the rules for outgoing connections. No other is opened. What comes without CONNECT is a request
//! with an absolute target, which is read like any.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::base::authority;
use crate::engine::{Machine, Unmatched};
use crate::server::egress::{Connection, Egress, EgressDenied, Target};
use crate::server::look_ups::LookUps;
use crate::server::own_addresses::OwnAddresses;
use crate::server::stream::Stream;

/// What a tunnel begins with.
const CONNECT: &[u8] = b"CONNECT ";
/// How many bytes the head of a CONNECT may have.
const HEAD: usize = 8 * 1024;
/// The first byte of a handshake of TLS.
const HANDSHAKE: u8 = 0x16;
/// Pause before one looks again at what has come of a head.
const PAUSE: Duration = Duration::from_millis(5);
/// How many bytes of a tunnel are under way in each direction.
const PIECE: usize = 16 * 1024;
/// How long another server may take to be connected to.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a request with an absolute target for another host is answered with.
pub(super) const STRANGER: &str = "the proxy answers for the vendors' own hosts alone; by CONNECT it passes on what `--proxy-allow` names";

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";

/// What tunnels are opened with.
pub(super) struct Proxy {
    pub machine: Arc<Machine>,
    /// Makes the handshakes in the place of vendors.
    pub acceptor: TlsAcceptor,
    /// Where tunnels may lead besides (`--proxy-allow`).
    pub allowed: Vec<Target>,
    pub egress: Egress,
    pub own: OwnAddresses,
    pub look_ups: LookUps,
}

/// What becomes of a connection.
pub(super) enum Led {
    /// It is served by this process.
    Here { stream: Stream, is_secure: bool },
    /// What it says goes to another server.
    Through(TcpStream, Box<dyn Connection>),
    /// It is over, because the tunnel that it asked for is not opened.
    Refused(Unmatched),
}

impl Proxy {
    /// The rules for outgoing connections by which tunnels are opened: what may pass may be public.
    pub fn egress(allowed: &[Target], rules: &Egress) -> Egress {
        Egress { allowed: [&rules.allowed[..], allowed].concat(), trust: rules.trust.clone() }
    }

    /// Reads what a connection begins with, and opens its tunnel.
    ///
    /// # Errors
    /// When the client leaves, or does not speak HTTP.
    pub async fn lead(&self, mut stream: TcpStream) -> io::Result<Led> {
        let Some(length) = head(&stream).await? else {
            return Ok(Led::Here { stream: Stream::Plain(stream), is_secure: false });
        };
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await?;
        let target = bytes.strip_prefix(CONNECT).and_then(|rest| rest.split(|byte| byte.is_ascii_whitespace()).next()).unwrap_or_default();
        let target = String::from_utf8_lossy(target).into_owned();
        let found = authority::split(&target).and_then(|(host, port)| Some((host.to_owned(), port?.parse::<u16>().ok()?)));
        let Some((host, port)) = found else {
            let problem = "a tunnel leads to a host and a port, such as `CONNECT example.com:443 HTTP/1.1`";
            return refuse(stream, target, StatusCode::BAD_REQUEST, problem.to_owned()).await;
        };
        if self.machine.vendors().have_host(&host) {
            stream.write_all(ESTABLISHED).await?;
            let mut first = [0];
            let is_secure = stream.peek(&mut first).await? == 1 && first[0] == HANDSHAKE;
            let stream = if is_secure { Stream::accept(&self.acceptor, stream) } else { Stream::Plain(stream) };
            return Ok(Led::Here { stream, is_secure });
        }
        match self.open(&host, port).await {
            Ok(other) => {
                stream.write_all(ESTABLISHED).await?;
                Ok(Led::Through(stream, other))
            }
            Err((status, problem)) => refuse(stream, target, status, problem).await,
        }
    }

    /// Connects to a host that may pass; otherwise how that is answered.
    async fn open(&self, host: &str, port: u16) -> Result<Box<dyn Connection>, (StatusCode, String)> {
        let (egress, name) = (self.egress.clone(), host.to_owned());
        if !self.allowed.iter().any(|target| target.may_cover(host)) {
            return Err((StatusCode::FORBIDDEN, STRANGER.to_owned()));
        }
        let found = self.look_ups.run(async move { egress.resolve(&name, port).await }).await;
        let addresses = match found {
            Some(Ok(addresses)) => addresses,
            Some(Err(denied @ (EgressDenied::Never(..) | EgressDenied::Public(..)))) => {
                return Err((StatusCode::FORBIDDEN, denied.to_string()));
            }
            Some(Err(problem)) => return Err((StatusCode::BAD_GATEWAY, problem.to_string())),
            None => return Err((StatusCode::GATEWAY_TIMEOUT, format!("the name `{host}` is not found in time"))),
        };
        if addresses.iter().any(|address| self.own.reaches(*address)) {
            return Err((StatusCode::FORBIDDEN, "the proxy leads to no listener of this process".to_owned()));
        }
        // The list may name a network, which is known now only.
        if !addresses.iter().any(|address| self.allowed.iter().any(|target| target.covers(host, address.ip().to_canonical()))) {
            return Err((StatusCode::FORBIDDEN, STRANGER.to_owned()));
        }
        match timeout(PATIENCE, self.egress.connect(host, &addresses, false)).await {
            Ok(Ok(other)) => Ok(other),
            Ok(Err(problem)) => Err((StatusCode::BAD_GATEWAY, problem.to_string())),
            Err(_) => Err((StatusCode::GATEWAY_TIMEOUT, format!("`{host}` does not answer"))),
        }
    }
}

/// How long the head of a CONNECT is; `None` for a connection that begins with anything else.
async fn head(stream: &TcpStream) -> io::Result<Option<usize>> {
    let mut bytes = vec![0; CONNECT.len()];
    loop {
        let seen = stream.peek(&mut bytes).await?;
        if seen == 0 || !bytes[..seen.min(CONNECT.len())].starts_with(&CONNECT[..seen.min(CONNECT.len())]) {
            return Ok(None);
        }
        if let Some(end) = bytes[..seen].windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(end + 4));
        }
        if seen == HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        bytes.resize(HEAD, 0);
        sleep(PAUSE).await;
    }
}

/// Answers a CONNECT that opens no tunnel.
async fn refuse(mut stream: TcpStream, target: String, status: StatusCode, detail: String) -> io::Result<Led> {
    let body = serde_json::json!({"type": "about:blank", "status": status.as_u16(), "detail": detail}).to_string();
    let (code, reason, length) = (status.as_u16(), status.canonical_reason().unwrap_or_default(), body.len());
    let kind = "content-type: application/problem+json\r\nconnection: close";
    let answer = format!("HTTP/1.1 {code} {reason}\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(Led::Refused(Unmatched { method: Method::CONNECT, host: target.clone(), target, status: code, detail }))
}

/// Carries bytes both ways until both have ended, or none has come for `limit`.
pub(super) async fn carry(client: TcpStream, other: Box<dyn Connection>, limit: Duration) {
    let (from_client, to_client) = client.into_split();
    let (from_other, to_other) = tokio::io::split(other);
    let carried = AtomicU64::new(0);
    tokio::join!(pump(from_client, to_other, &carried, limit), pump(from_other, to_client, &carried, limit));
}

async fn pump(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, carried: &AtomicU64, limit: Duration) {
    let mut piece = vec![0; PIECE];
    loop {
        let before = carried.load(Ordering::Relaxed);
        let read = match timeout(limit, from.read(&mut piece)).await {
            Ok(Ok(read)) if read > 0 => read,
            // The other direction is alive.
            Err(_) if carried.load(Ordering::Relaxed) != before => continue,
            _ => break,
        };
        carried.fetch_add(1, Ordering::Relaxed);
        if !matches!(timeout(limit, to.write_all(&piece[..read])).await, Ok(Ok(()))) {
            break;
        }
    }
    let _ = timeout(limit, to.shutdown()).await;
}
