//! The HTTP client of webhooks: makes one attempt, and says what came back.
//!
//! Each attempt has a connection of its own, which `egress` opens. A redirect is an answer and is not followed. Addresses of this
//! process are never connected to; what goes to one of its inboxes is put there directly.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;

use crate::base::text;
use crate::engine;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::fleet::Begun;
use crate::server::access::DELIVERY_MARK;
use crate::server::apart::Awaited;
use crate::server::clock::wall;
use crate::server::egress::{Egress, EgressDenied};
use crate::server::header_case::HeaderCase;
use crate::server::inbox::{self, Inboxes};
use crate::server::look_ups::LookUps;
use crate::server::own_addresses::OwnAddresses;
use crate::server::shown_bytes;

/// A sandbox, and since when its letters count where replicas share them.
type Sender<'s> = (&'s str, Option<Begun>);

/// How many bytes of an answer's body are read and kept.
const ANSWER_BYTES: usize = 2 * 1024;
/// How many bytes of headers an answer may have.
const HEADER_BYTES: usize = 64 * 1024;
/// How many bytes are read of a receiver: an answer, and what may come before it, such as `100 Continue`. Then the connection ends.
const READ_BYTES: u64 = 256 * 1024;

/// Sends webhooks over HTTP and HTTPS.
pub(super) struct WebhookClient {
    pub egress: Arc<Egress>,
    pub look_ups: LookUps,
    /// The addresses of this process.
    pub own: OwnAddresses,
    pub inboxes: Arc<Inboxes>,
}

impl WebhookClient {
    pub fn new(egress: Egress, own: OwnAddresses, inboxes: Arc<Inboxes>) -> Self {
        Self { egress: Arc::new(egress), look_ups: LookUps::new(), own, inboxes }
    }

    /// Makes one attempt for a sandbox as it has begun, within its time-out.
    pub async fn send(&self, sandbox: Sender<'_>, outbound: &Outbound) -> AttemptResult {
        match tokio::time::timeout(outbound.timeout, self.post(sandbox, outbound)).await {
            Ok(Ok(result)) => result,
            Ok(Err(Failure::EgressDenied(denied @ (EgressDenied::Never(..) | EgressDenied::Public(..))))) => {
                AttemptResult::Refused(denied.to_string())
            }
            Ok(Err(Failure::Address(problem))) => AttemptResult::Refused(problem.to_owned()),
            Ok(Err(failure @ Failure::Own)) => AttemptResult::Refused(failure.to_string()),
            Ok(Err(failure)) => AttemptResult::Silent(failure.to_string()),
            Err(_) => AttemptResult::Silent(format!("no answer within {} s", outbound.timeout.as_secs())),
        }
    }

    /// Why nothing can be delivered to an address, as far as is known without connecting to it.
    pub async fn obstacle(&self, url: &str) -> Option<String> {
        let destination = match self.destination(url) {
            Ok(destination) => destination,
            Err(failure) => return Some(failure.to_string()),
        };
        let (egress, host, port) = (Arc::clone(&self.egress), destination.host().to_owned(), destination.port);
        match self.look_ups.run(async move { egress.resolve(&host, port).await }).await? {
            Ok(addresses) => self.own_obstacle(&destination, &addresses),
            Err(denied) => Some(denied.to_string()),
        }
    }

    /// The same, as far as the URL alone tells: nothing is known of names but the own ones of this machine.
    pub fn known_obstacle(&self, url: &str) -> Option<String> {
        let destination = match self.destination(url) {
            Ok(destination) => destination,
            Err(failure) => return Some(failure.to_string()),
        };
        let address = SocketAddr::new(self.egress.known_address(destination.host())?, destination.port);
        match self.egress.check(destination.host(), address.ip()) {
            Ok(()) => self.own_obstacle(&destination, &[address]),
            Err(denied) => Some(denied.to_string()),
        }
    }

    /// Why nothing is delivered to addresses that are those of this process.
    fn own_obstacle(&self, destination: &Destination, addresses: &[SocketAddr]) -> Option<String> {
        let is_own = addresses.iter().any(|address| self.own.reaches(*address));
        let is_admin = !destination.is_secure && addresses.iter().any(|address| self.own.reaches_admin(*address));
        (is_own && !(is_admin && is_inbox(&destination.url))).then(|| Failure::Own.to_string())
    }

    /// Where a webhook goes: `inbox://me` is a built-in receiver of this process, whatever its address is.
    fn destination(&self, url: &str) -> Result<Destination, Failure> {
        match url.strip_prefix("inbox://").zip(self.own.admin()) {
            Some((name, address)) => Destination::parse(&format!("http://{address}/_seatrial/inbox/{name}")),
            None => Destination::parse(url),
        }
    }

    async fn post(&self, (sandbox, begun): Sender<'_>, outbound: &Outbound) -> Result<AttemptResult, Failure> {
        let destination = self.destination(&outbound.url)?;
        let addresses = self.egress.resolve(destination.host(), destination.port).await?;
        let mut request = destination.request(outbound)?;
        if addresses.iter().any(|address| self.own.reaches(*address)) {
            let is_admin = !destination.is_secure && addresses.iter().any(|address| self.own.reaches_admin(*address));
            if let Ok(sandbox) = HeaderValue::from_str(sandbox) {
                request.headers_mut().insert(inbox::SANDBOX, sandbox);
            }
            return if is_admin {
                self.put_into_inbox(&request, &outbound.body, begun).await.ok_or(Failure::Own)
            } else {
                Err(Failure::Own)
            };
        }
        let connection = self.egress.connect(destination.host(), &addresses, destination.is_secure).await?;
        let (reader, writer) = tokio::io::split(connection);
        let connection = tokio::io::join(reader.take(READ_BYTES), writer);
        let names = outbound.headers.iter().chain(&outbound.signed).map(|(name, _)| name.clone()).collect();
        let connection = TokioIo::new(HeaderCase::new(connection, names));
        let mut builder = http1::Builder::new();
        let (mut sender, driver) = builder.max_buf_size(HEADER_BYTES).title_case_headers(true).handshake(connection).await?;
        let _driver = Awaited(tokio::spawn(driver));
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = beginning(answer.into_body()).await;
        Ok(AttemptResult::Answered { status, body })
    }

    /// Delivers to an inbox of this process without a connection; `None` if the address is none.
    async fn put_into_inbox(&self, request: &Request<Full<Bytes>>, body: &str, begun: Option<Begun>) -> Option<AttemptResult> {
        let path = text::decode_unreserved(request.uri().path());
        let name = path.strip_prefix("/_seatrial/inbox/")?.trim_end_matches('/');
        let query = request.uri().query().unwrap_or_default();
        let answers = inbox::answers(&engine::pairs(query)).ok().filter(|_| !name.is_empty() && !name.contains('/'))?;
        let name = text::percent_decode(name);
        let answer = self.inboxes.next_answer(&name, query, request.headers(), &answers).await;
        let received = self.inboxes.receive(&name, query, request.headers(), body.as_bytes(), wall(), begun).await;
        Some(match received.and(answer) {
            Err(fault) => AttemptResult::Silent(fault.to_string()),
            Ok(None) => AttemptResult::Silent("its query says that it does not answer".to_owned()),
            Ok(Some(status)) => {
                AttemptResult::Answered { status: status.as_u16(), body: format!(r#"{{"received":{}}}"#, status.is_success()) }
            }
        })
    }
}

/// Whether a URL of this process is that of an inbox.
fn is_inbox(url: &Uri) -> bool {
    let path = text::decode_unreserved(url.path());
    path.strip_prefix("/_seatrial/inbox/")
        .is_some_and(|name| !name.trim_end_matches('/').is_empty() && !name.trim_end_matches('/').contains('/'))
}

/// The URL of a subscription, taken apart.
struct Destination {
    url: Uri,
    port: u16,
    is_secure: bool,
}

impl Destination {
    fn parse(url: &str) -> Result<Self, Failure> {
        let url: Uri = url.parse().map_err(|_| Failure::Address("the address is no URL"))?;
        let host = url.host().ok_or(Failure::Address("the address names no host"))?;
        let is_secure = match url.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(Failure::Address("only `http://`, `https://` and `inbox://` addresses are delivered to")),
        };
        let (_, authority) = split_authority(&url);
        let port = match authority.strip_prefix(host).unwrap_or_default() {
            "" | ":" => {
                if is_secure {
                    443
                } else {
                    80
                }
            }
            port => port[1..].parse().map_err(|_| Failure::Address("the address names no port that there is"))?,
        };
        Ok(Self { url, port, is_secure })
    }

    fn host(&self) -> &str {
        self.url.host().unwrap_or_default()
    }

    /// The request of an attempt, with credentials out of the URL, and with what marks it as ours.
    fn request(&self, outbound: &Outbound) -> Result<Request<Full<Bytes>>, Failure> {
        let target = self.url.path_and_query().map_or("/", |target| target.as_str());
        let body = Full::new(Bytes::from(outbound.body.clone()));
        let mut request = Request::post(target).body(body).map_err(|_| Failure::Address("the address is no URL"))?;
        let headers = request.headers_mut();
        for (name, value) in outbound.headers.iter().chain(&outbound.signed) {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        let (user, authority) = split_authority(&self.url);
        if let Ok(authority) = HeaderValue::from_str(authority) {
            headers.insert(HOST, authority);
        }
        if !user.is_empty() {
            let pair = if user.contains(':') { text::percent_decode(user) } else { format!("{}:", text::percent_decode(user)) };
            let basic = format!("Basic {}", STANDARD.encode(pair));
            headers.entry(AUTHORIZATION).or_insert(HeaderValue::try_from(basic).expect("base64 fits a header"));
        }
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("seatrial"));
        if let Ok(id) = HeaderValue::from_str(&outbound.delivery) {
            headers.insert(DELIVERY_MARK, id);
        }
        Ok(request)
    }
}

/// The user information of a URL, and its authority without it.
fn split_authority(url: &Uri) -> (&str, &str) {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    authority.rsplit_once('@').unwrap_or(("", authority))
}

/// The beginning of an answer's body, behind `base64:` if it is not UTF-8; the rest is not waited for.
async fn beginning(mut body: Incoming) -> String {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if read.len() >= ANSWER_BYTES {
            read.truncate(ANSWER_BYTES);
            break;
        }
    }
    match shown_bytes::text(&read, true) {
        (text, false) => text.into_owned(),
        (base64, true) => format!("base64:{base64}"),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Address(&'static str),
    #[error("{0}")]
    EgressDenied(#[from] EgressDenied),
    #[error("the address is this server's own, where only inboxes receive webhooks")]
    Own,
    #[error("the connection broke off: {0}")]
    Broken(#[from] hyper::Error),
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;
    use crate::base::time::Timestamp;
    use crate::server::egress::Target;
    use crate::world::AccountId;

    #[tokio::test]
    async fn a_handshake_that_never_ends_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("https://{}/hook", listener.local_addr().expect("it is bound"));
        let silent = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection comes");
            let mut received = Vec::new();
            // Ends when the other side gives up.
            let _ = stream.read_to_end(&mut received);
            received
        });
        let result = client().send(("default", None), &outbound(&url)).await;
        assert_eq!(result, AttemptResult::Silent("no answer within 1 s".to_owned()));
        assert_eq!(silent.join().expect("it only listens").first(), Some(&0x16), "a handshake was begun");
    }

    #[tokio::test]
    async fn a_receiver_that_sends_without_end_is_given_up() {
        for (begin, more) in [
            ("", "HTTP/1.1 103 Early Hints\r\n\r\n".to_owned()),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", format!("1;{}\r\na\r\n", "x".repeat(9_000))),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
            let receiver = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a connection comes");
                stream.write_all(begin.as_bytes()).expect("it is read");
                let mut sent = 0;
                // Ends when the other side gives up.
                while stream.write_all(more.as_bytes()).is_ok() {
                    sent += more.len();
                }
                sent
            });
            // What ends it is the bound on what is read, however long that takes.
            let outbound = Outbound { timeout: Duration::from_secs(60), ..outbound(&url) };
            let result = client().send(("default", None), &outbound).await;
            let is_given_up = match &result {
                AttemptResult::Silent(why) => why.starts_with("the connection broke off"),
                AttemptResult::Answered { .. } => !begin.is_empty(),
                AttemptResult::Refused(_) => false,
            };
            assert!(is_given_up, "{result:?}");
            // What the system keeps of a connection is beside what is read.
            assert!(receiver.join().expect("it only sends") < 16 << 20);
        }
    }

    #[tokio::test]
    async fn hosts_are_checked_by_what_they_resolve_to_however_they_are_written() {
        // A resolver reads numbers as the C library always did: whole, octal, hexadecimal, and with parts left out.
        for host in
            ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:a9fe:a9fe]", "somebody:else@169.254.169.254"]
        {
            let url = format!("http://{host}/latest/meta-data");
            let AttemptResult::Refused(problem) = client().send(("default", None), &outbound(&url)).await else {
                panic!("{url} was tried")
            };
            assert!(problem.ends_with(" is never connected to"), "{problem}");
        }
        for host in ["134744072", "010.010.010.010", "[::ffff:808:808]", "127.0.0.1@8.8.8.8"] {
            let AttemptResult::Refused(problem) = client().send(("default", None), &outbound(&format!("http://{host}/"))).await else {
                panic!("{host} was tried")
            };
            assert!(problem.contains("`--allow-egress`"), "{problem}");
        }
        for url in
            ["ftp://127.0.0.1/", "file:///etc/passwd", "http:///hook", "hook", "http://127.0.0.1:99999/", "http://127.0.0.1\\@8.8.8.8/"]
        {
            let result = client().send(("default", None), &outbound(url)).await;
            assert!(matches!(result, AttemptResult::Refused(_)), "{url}: {result:?}");
        }
    }

    fn client() -> WebhookClient {
        // Metadata addresses are refused even if `--allow-egress` names them.
        let egress = Egress { allowed: vec![Target::Host("169.254.169.254".to_owned())], ..Egress::default() };
        WebhookClient::new(egress, OwnAddresses::default(), Arc::default())
    }

    fn outbound(url: &str) -> Outbound {
        Outbound {
            delivery: String::new(),
            epoch: 0,
            account: AccountId(0),
            vendor: "acme".into(),
            subscription: String::new(),
            attempt: 0,
            at: Timestamp::UNIX_EPOCH,
            url: url.to_owned(),
            headers: Vec::new(),
            signed: Vec::new(),
            body: String::new(),
            timeout: Duration::from_secs(1),
        }
    }
}
