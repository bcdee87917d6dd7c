//! Sends the webhooks in the outboxes of sandboxes, and reports the result of each attempt to the machine.
//!
//! One task at a time delivers for a sandbox, so that a subscriber gets its deliveries in order, and an advance of the clock
//! waits for each answer before time goes on. No lock of a sandbox's state is held while a request is under way. A redirect
//! is an answer and is not followed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

use crate::base::text;
use crate::base::time::Timestamp;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::engine::{self, Machine, Sandbox};
use crate::server::access::DELIVERY_MARK;
use crate::server::clock::{PAUSE, slice, wall};
use crate::server::egress::{Egress, EgressDenied};
use crate::server::inbox::Inboxes;
use crate::server::own_addresses::OwnAddresses;

/// How many bytes of an answer's body are read and kept.
const ANSWER_BYTES: usize = 2 * 1024;
/// How many bytes of headers an answer may have.
const HEADER_BYTES: usize = 64 * 1024;
/// How many requests are under way at once, over all sandboxes.
const AT_ONCE: usize = 1_024;
/// The same for one sandbox, so that receivers that hang are only waited for by those who subscribed them.
const AT_ONCE_PER_SANDBOX: usize = 16;
/// How many times deliveries may cause further ones at one instant.
const ROUNDS: usize = 1_000;

/// Sends what is due, in order for each subscription.
pub(super) struct WebhookSender {
    machine: Arc<Machine>,
    egress: Egress,
    /// Where no delivery goes but those to the inboxes.
    own: OwnAddresses,
    inboxes: Arc<Inboxes>,
    send_permits: Semaphore,
    /// Notified after every batch; wakes the ticker.
    changed: Arc<Notify>,
    /// One lock for each sandbox, by its address; only its holder sends deliveries, which keeps them in order.
    delivery_locks: Mutex<BTreeMap<usize, Weak<AsyncMutex<()>>>>,
}

impl WebhookSender {
    pub fn new(machine: Arc<Machine>, egress: Egress, own: OwnAddresses, inboxes: Arc<Inboxes>, changed: Arc<Notify>) -> Arc<Self> {
        let send_permits = Semaphore::new(AT_ONCE);
        Arc::new(Self { machine, egress, own, inboxes, changed, send_permits, delivery_locks: Mutex::default() })
    }

    /// Moves a sandbox's clock and sends what becomes due on the way. Returns the time that was reached and the number of
    /// tasks that were due. `to` gets the time at which the advance begins: after any other advance of this sandbox.
    ///
    /// # Errors
    /// When the sandbox is reset, replaced or removed meanwhile, or webhooks cause each other without end.
    pub async fn advance(
        self: &Arc<Self>,
        sandbox: &Arc<Sandbox>,
        to: impl FnOnce(Timestamp) -> Timestamp,
    ) -> Result<(Timestamp, u64), AdvanceError> {
        // That of the request: an advance that waits while the sandbox is reset moves nothing.
        let epoch = sandbox.epoch();
        let _held = self.delivery_lock(sandbox).lock_owned().await;
        let mut now = sandbox.lock().world.clock().now(wall());
        let to = to(now);
        let (mut fired, mut rounds) = (0, 0);
        loop {
            if sandbox.is_removed() {
                return Err(AdvanceError::Superseded);
            }
            let progress = self.machine.advance_until_webhook(sandbox, epoch, to, wall(), &slice()).ok_or(AdvanceError::Superseded)?;
            fired += progress.fired;
            if progress.done {
                return Ok((progress.now, fired));
            }
            tracing::debug!(sandbox = &*sandbox.name, now = %progress.now, fired, "the clock is being advanced");
            rounds = if progress.now == now { rounds + 1 } else { 0 };
            now = progress.now;
            if progress.outbound.is_empty() {
                tokio::time::sleep(PAUSE).await;
            } else if rounds > ROUNDS {
                tracing::warn!(sandbox = &*sandbox.name, %now, "webhooks cause each other without end: the clock stands");
                return Err(AdvanceError::Endless(now));
            } else {
                self.deliver(sandbox, epoch, progress.outbound).await;
            }
        }
    }

    /// Sends everything that is due in a sandbox whose delivery lock the caller holds, and gives the lock back.
    pub async fn deliver_due(self: &Arc<Self>, sandbox: &Arc<Sandbox>, held: OwnedMutexGuard<()>) {
        let epoch = sandbox.epoch();
        // More is sent after the next scan of the ticker.
        for _ in 0..ROUNDS {
            if sandbox.is_removed() {
                break;
            }
            match self.machine.due_webhooks(sandbox, wall(), &slice()) {
                None => tokio::time::sleep(PAUSE).await,
                Some(outbound) if outbound.is_empty() => break,
                Some(outbound) => self.deliver(sandbox, epoch, outbound).await,
            }
        }
        drop(held);
        // A delivery may have become due while the lock was held.
        self.changed.notify_waiters();
    }

    /// Runs what is due in a sandbox, without keeping others from it, for about a second.
    pub async fn settle(&self, sandbox: &Sandbox) {
        for _ in 0..50 {
            if self.machine.settle(sandbox, wall(), &slice()) {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Takes the delivery lock of a sandbox; `None` if it is held.
    pub fn try_delivery_lock(&self, sandbox: &Arc<Sandbox>) -> Option<OwnedMutexGuard<()>> {
        self.delivery_lock(sandbox).try_lock_owned().ok()
    }

    fn delivery_lock(&self, sandbox: &Arc<Sandbox>) -> Arc<AsyncMutex<()>> {
        let mut locks = self.delivery_locks.lock().unwrap_or_else(PoisonError::into_inner);
        // A task that holds the lock holds the sandbox too, so that no other one has its address meanwhile.
        let address = Arc::as_ptr(sandbox) as usize;
        if let Some(lock) = locks.get(&address).and_then(Weak::upgrade) {
            return lock;
        }
        locks.retain(|_, lock| lock.strong_count() > 0);
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(address, Arc::downgrade(&lock));
        lock
    }

    /// Sends deliveries, those of one subscription one after the other, and reports the results in order. It ends without effect
    /// when the sandbox begins another epoch.
    async fn deliver(self: &Arc<Self>, sandbox: &Arc<Sandbox>, epoch: u64, outbound: Vec<Outbound>) {
        let mut queues: BTreeMap<String, Vec<(usize, Outbound)>> = BTreeMap::new();
        for (index, row) in outbound.iter().enumerate() {
            queues.entry(row.subscription.clone()).or_default().push((index, row.clone()));
        }
        let mut sending = JoinSet::new();
        let own_permits = Arc::new(Semaphore::new(AT_ONCE_PER_SANDBOX));
        for queue in queues.into_values() {
            let (sender, own_permits) = (Arc::clone(self), Arc::clone(&own_permits));
            sending.spawn(async move {
                let mut results = Vec::with_capacity(queue.len());
                for (index, row) in queue {
                    let _own_permit = own_permits.acquire().await;
                    let _permit = sender.send_permits.acquire().await;
                    results.push((index, sender.send(&row).await));
                }
                results
            });
        }
        let mut results: Vec<Option<AttemptResult>> = vec![None; outbound.len()];
        loop {
            tokio::select! {
                sent = sending.join_next() => {
                    let Some(sent) = sent else { break };
                    for (index, result) in sent.into_iter().flatten() {
                        results[index] = Some(result);
                    }
                }
                () = ended(sandbox, epoch) => return,
            }
        }
        for (row, result) in outbound.iter().zip(results) {
            let result = result.unwrap_or_else(|| AttemptResult::Silent("the delivery broke off".to_owned()));
            self.machine.report(sandbox, row, &result, wall());
        }
        self.changed.notify_waiters();
    }

    /// Makes one attempt, within its time-out.
    async fn send(&self, outbound: &Outbound) -> AttemptResult {
        match tokio::time::timeout(outbound.timeout, self.exchange(outbound)).await {
            Ok(Ok(result)) => result,
            Ok(Err(Failure::EgressDenied(denied @ (EgressDenied::Never(..) | EgressDenied::Public(..))))) => {
                AttemptResult::Refused(denied.to_string())
            }
            Ok(Err(Failure::Address(problem))) => AttemptResult::Refused(problem.to_owned()),
            Ok(Err(failure @ Failure::Own)) => AttemptResult::Refused(failure.to_string()),
            Ok(Err(failure)) => AttemptResult::Silent(failure.to_string()),
            Err(_) => AttemptResult::Silent(format!("no answer within {}", seconds(outbound.timeout))),
        }
    }

    async fn exchange(&self, outbound: &Outbound) -> Result<AttemptResult, Failure> {
        let address: Uri = outbound.url.parse().map_err(|_| Failure::Address("the address is no URL"))?;
        let (user, authority) = address.authority().map_or(("", ""), |authority| split_user(authority.as_str()));
        let host = address.host().ok_or(Failure::Address("the address names no host"))?;
        let usual = match address.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(Failure::Address("only `http://` and `https://` addresses are delivered to")),
        };
        let port = match authority.strip_prefix(host).unwrap_or_default() {
            "" | ":" => usual,
            port => port[1..].parse().map_err(|_| Failure::Address("the address names no port that there is"))?,
        };
        let addresses = self.egress.resolve(host, port).await?;
        let target = address.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::post(target)
            .body(Full::new(Bytes::from(outbound.body.clone())))
            .map_err(|_| Failure::Address("the address is no URL"))?;
        let headers = request.headers_mut();
        for (name, value) in outbound.headers.iter().chain(&outbound.signed) {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
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
        if addresses.iter().any(|address| self.own.reaches(*address)) {
            let is_admin = usual == 80 && addresses.iter().any(|address| self.own.reaches_admin(*address));
            return self.put_into_inbox(&request, &outbound.body).filter(|_| is_admin).ok_or(Failure::Own);
        }
        let connection = self.egress.connect(host, &addresses, usual == 443).await?;
        let (mut sender, driver) = http1::Builder::new().max_buf_size(HEADER_BYTES).handshake(TokioIo::new(connection)).await?;
        let _driver = AbortOnDrop(tokio::spawn(driver));
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = beginning(answer.into_body()).await;
        Ok(AttemptResult::Answered { status, body })
    }

    /// Delivers to an inbox of this process without a connection; `None` if the address is none.
    fn put_into_inbox(&self, request: &Request<Full<Bytes>>, body: &str) -> Option<AttemptResult> {
        let path = text::decode_unreserved(request.uri().path());
        let name = path.strip_prefix("/_seatrial/inbox/")?.trim_end_matches('/');
        let query = request.uri().query().unwrap_or_default();
        let pairs = engine::pairs(query);
        let status = pairs.iter().rev().find(|(name, _)| name == "status").map_or(Some(200), |(_, status)| status.parse().ok());
        let status = status.filter(|status| (200..=999).contains(status) && !name.is_empty() && !name.contains('/'))?;
        self.inboxes.put(&text::percent_decode(name), query, request.headers(), body.as_bytes(), wall());
        Some(AttemptResult::Answered { status, body: format!(r#"{{"received":{}}}"#, (200..300).contains(&status)) })
    }
}

/// Ends when a sandbox begins another epoch.
async fn ended(sandbox: &Sandbox, epoch: u64) {
    loop {
        let changed = sandbox.listen();
        if sandbox.epoch() != epoch {
            return;
        }
        changed.await;
    }
}

/// Why the clock did not reach the time that was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AdvanceError {
    #[error("the sandbox was reset, replaced or removed while its clock was moved")]
    Superseded,
    #[error("webhooks cause each other without end: the clock stands at {0}")]
    Endless(Timestamp),
}

/// The task of a connection, which ends with the exchange.
struct AbortOnDrop(JoinHandle<hyper::Result<()>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The user information of an authority, and the authority without it.
fn split_user(authority: &str) -> (&str, &str) {
    authority.rsplit_once('@').unwrap_or(("", authority))
}

/// The beginning of an answer's body; the rest is not waited for.
async fn beginning(mut body: Incoming) -> String {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        read.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
        if read.len() >= ANSWER_BYTES {
            read.truncate(ANSWER_BYTES);
            break;
        }
    }
    String::from_utf8_lossy(&read).into_owned()
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

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;
    use crate::engine::{Options, Start};
    use crate::server::egress::Target;
    use crate::vendors;

    #[tokio::test]
    async fn a_handshake_that_never_ends_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("https://{}/hook", listener.local_addr().expect("it is bound"));
        let silent = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection comes");
            let mut heard = Vec::new();
            // Ends when the other side gives up.
            let _ = stream.read_to_end(&mut heard);
            heard
        });
        let result = sender().send(&outbound(&url)).await;
        assert_eq!(result, AttemptResult::Silent("no answer within 1 s".to_owned()));
        assert_eq!(silent.join().expect("it only listens").first(), Some(&0x16), "a handshake was begun");
    }

    #[tokio::test]
    async fn hosts_are_checked_by_what_they_resolve_to_however_they_are_written() {
        // A resolver reads numbers as the C library always did: whole, octal, hexadecimal, and with parts left out.
        for host in
            ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:a9fe:a9fe]", "somebody:else@169.254.169.254"]
        {
            let url = format!("http://{host}/latest/meta-data");
            let AttemptResult::Refused(problem) = sender().send(&outbound(&url)).await else { panic!("{url} was tried") };
            assert!(problem.ends_with("which is never connected to"), "{problem}");
        }
        for host in ["134744072", "010.010.010.010", "[::ffff:808:808]", "127.0.0.1@8.8.8.8"] {
            let AttemptResult::Refused(problem) = sender().send(&outbound(&format!("http://{host}/"))).await else {
                panic!("{host} was tried")
            };
            assert!(problem.contains("`--allow-egress`"), "{problem}");
        }
        for url in
            ["ftp://127.0.0.1/", "file:///etc/passwd", "http:///hook", "hook", "http://127.0.0.1:99999/", "http://127.0.0.1\\@8.8.8.8/"]
        {
            let result = sender().send(&outbound(url)).await;
            assert!(matches!(result, AttemptResult::Refused(_)), "{url}: {result:?}");
        }
    }

    fn sender() -> Arc<WebhookSender> {
        let wall = Timestamp::UNIX_EPOCH;
        let machine = Machine::new(vendors::all(), Options::default(), Start::plain(wall));
        // Even to who may send everywhere, some addresses are closed.
        let egress = Egress { allowed: vec![Target::Host("169.254.169.254".to_owned())], ..Egress::default() };
        WebhookSender::new(Arc::new(machine), egress, OwnAddresses::default(), Arc::default(), Arc::default())
    }

    fn outbound(url: &str) -> Outbound {
        let machine = Machine::new(vendors::all(), Options::default(), Start::plain(Timestamp::UNIX_EPOCH));
        let account = machine.default_sandbox().lock().world.open_account("shippo", "test");
        Outbound {
            delivery: String::new(),
            epoch: 0,
            account,
            vendor: "shippo".into(),
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
