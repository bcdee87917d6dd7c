//! The forward proxy: where a connection goes that begins with CONNECT.
//!
//! A tunnel to a real host of a vendor ends here, with TLS or without, as the client's first byte in it says. One to a host that is
//! allowed to pass is carried on, by the rules for outgoing connections. No other is opened. What comes without CONNECT is a request
//! with an absolute target, which is read like any.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
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
/// What the head of a CONNECT ends with.
const END: &[u8] = b"\r\n\r\n";
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
    /// It is served by this process. `read` comes before what can still be read.
    Here { stream: Stream, read: Bytes, is_secure: bool },
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
        let bytes = match beginning(&mut stream).await? {
            Beginning::Connect(head) => head,
            Beginning::Other(read) => return Ok(Led::Here { stream: Stream::Plain(stream), read: read.into(), is_secure: false }),
        };
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
            return Ok(Led::Here { stream, read: Bytes::new(), is_secure });
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
        let mut addresses = match found {
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
        retain(&mut addresses, &self.allowed, host);
        if addresses.is_empty() {
            return Err((StatusCode::FORBIDDEN, STRANGER.to_owned()));
        }
        match timeout(PATIENCE, self.egress.connect(host, &addresses, false)).await {
            Ok(Ok(other)) => Ok(other),
            Ok(Err(problem)) => Err((StatusCode::BAD_GATEWAY, problem.to_string())),
            Err(_) => Err((StatusCode::GATEWAY_TIMEOUT, format!("`{host}` does not answer"))),
        }
    }
}

/// Leaves of the addresses of a host those that may pass: it may have others besides.
fn retain(addresses: &mut Vec<SocketAddr>, allowed: &[Target], host: &str) {
    addresses.retain(|address| allowed.iter().any(|target| target.covers(host, address.ip().to_canonical())));
}

/// What a connection begins with.
enum Beginning {
    /// The head of a CONNECT.
    Connect(Vec<u8>),
    /// What was read of anything else, so far as it was like CONNECT.
    Other(Vec<u8>),
}

/// Reads the head of a CONNECT, and nothing behind it; of anything else as little as tells the two apart.
async fn beginning(stream: &mut TcpStream) -> io::Result<Beginning> {
    let (mut bytes, mut read) = (vec![0; CONNECT.len()], 0);
    loop {
        let seen = read + stream.peek(&mut bytes[read..]).await?;
        let alike = seen.min(CONNECT.len());
        if seen == read || bytes[..alike] != CONNECT[..alike] {
            bytes.truncate(read);
            return Ok(Beginning::Other(bytes));
        }
        let before = read.saturating_sub(END.len() - 1);
        let end = bytes[before..seen].windows(END.len()).position(|four| four == END).map(|place| before + place + END.len());
        // What was seen is taken, so that the next look waits for more.
        stream.read_exact(&mut bytes[read..end.unwrap_or(seen)]).await?;
        if let Some(end) = end {
            bytes.truncate(end);
            return Ok(Beginning::Connect(bytes));
        }
        if seen == HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        read = seen;
        bytes.resize(HEAD, 0);
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

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn of_the_addresses_of_a_host_only_those_on_the_list_pass() {
        let all: Vec<SocketAddr> =
            ["127.0.0.1:1", "10.1.0.9:1", "[::ffff:10.1.0.8]:1", "[::1]:1"].map(|text| text.parse().expect("an address")).into();
        for (list, count) in [("10.1.0.0/16", 2), ("127.0.0.1", 1), ("two.example", 4), (".example", 4), ("192.0.2.0/24", 0)] {
            let mut left = all.clone();
            retain(&mut left, &[list.parse().expect("a target")], "two.example");
            assert_eq!(left.len(), count, "{list}: {left:?}");
        }
    }

    async fn read(pieces: &[&'static [u8]]) -> (Beginning, Vec<u8>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let mut client = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (mut stream, _) = listener.accept().await.expect("a connection comes");
        client.set_nodelay(true).expect("it is open");
        let write = async {
            for piece in pieces {
                client.write_all(piece).await.expect("it is open");
                tokio::task::yield_now().await;
            }
            client.shutdown().await.expect("it is open");
        };
        let (beginning, ()) = tokio::join!(beginning(&mut stream), write);
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("it ends");
        (beginning.expect("it is short"), rest)
    }

    #[tokio::test]
    async fn a_head_is_read_however_it_is_cut() {
        let heads: [&[&[u8]]; 3] = [
            &[b"CONNECT a:1 HTTP/1.1\r\n\r\n\x16more"],
            &[b"C", b"ONNECT a", b":1 HTTP/1.1\r", b"\n", b"\r", b"\n\x16", b"more"],
            &[b"CONNECT ", b"a:1 HTTP/1.1\r\n\r\n", b"\x16more"],
        ];
        for pieces in heads {
            let (beginning, rest) = read(pieces).await;
            assert!(matches!(beginning, Beginning::Connect(head) if head == b"CONNECT a:1 HTTP/1.1\r\n\r\n"), "{pieces:?}");
            assert_eq!(rest, b"\x16more", "{pieces:?}");
        }
        let others: [&[&[u8]]; 4] = [&[], &[b"GET / HTTP/1.1\r\n"], &[b"C", b"O", b"PY /a HTTP/1.1\r\n"], &[b"CONNEC", b"TED"]];
        for pieces in others {
            let (beginning, rest) = read(pieces).await;
            let Beginning::Other(said) = beginning else { panic!("{pieces:?}") };
            assert_eq!([said, rest].concat(), pieces.concat(), "nothing of {pieces:?} is lost");
        }
    }
}
