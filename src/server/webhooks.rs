//! The courier: takes what a sandbox has to tell its subscribers, sends it, and reports what came of it.
//!
//! One courier at a time serves a sandbox, so that what is told to one subscriber is told in order, and an advance of the
//! clock waits for each answer before time goes on. No lock of a sandbox is held while anything is on its way. A redirect is
//! an answer like any other and is not followed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, Semaphore};
use tokio::task::JoinSet;

use crate::base::time::Timestamp;
use crate::engine::webhooks::{Outbound, Told};
use crate::engine::{Machine, Sandbox};
use crate::server::egress::{Barred, Egress};
use crate::server::http::wall;

/// How much of an answer is read and kept.
const ANSWER: usize = 2 * 1024;
/// How many deliveries are on their way at once, over all sandboxes.
const AT_ONCE: usize = 64;

/// Sends what sandboxes have to tell.
pub(super) struct Courier {
    machine: Arc<Machine>,
    egress: Egress,
    seats: Semaphore,
    /// Told after every delivery.
    changed: Arc<Notify>,
    /// Whoever holds a sandbox's lane delivers for it.
    lanes: Mutex<BTreeMap<Arc<str>, Weak<AsyncMutex<()>>>>,
}

impl Courier {
    pub fn new(machine: Arc<Machine>, egress: Egress, changed: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self { machine, egress, changed, seats: Semaphore::new(AT_ONCE), lanes: Mutex::default() })
    }

    /// Moves a sandbox's clock to `to`, and delivers on the way whatever becomes due: the time that is reached, and how much
    /// happened.
    pub async fn advance(self: &Arc<Self>, sandbox: &Arc<Sandbox>, to: Timestamp) -> (Timestamp, u64) {
        let _lane = self.lane(sandbox).lock_owned().await;
        let mut fired = 0;
        loop {
            let stage = self.machine.proceed(sandbox, to, wall());
            fired += stage.fired;
            if stage.done {
                return (stage.now, fired);
            }
            tracing::debug!(sandbox = &*sandbox.name, now = %stage.now, fired, "the clock is being advanced");
            if !stage.outbound.is_empty() {
                self.deliver(sandbox, stage.outbound).await;
            }
        }
    }

    /// Delivers what is due in a sandbox; whoever calls holds its lane.
    pub async fn attend(self: &Arc<Self>, sandbox: &Arc<Sandbox>, lane: OwnedMutexGuard<()>) {
        loop {
            let outbound = self.machine.outgoing(sandbox, wall());
            if outbound.is_empty() {
                break;
            }
            self.deliver(sandbox, outbound).await;
        }
        drop(lane);
        // Something may have come up while the lane was held.
        self.changed.notify_waiters();
    }

    /// The lane of a sandbox, if nobody delivers for it.
    pub fn free_lane(&self, sandbox: &Arc<Sandbox>) -> Option<OwnedMutexGuard<()>> {
        self.lane(sandbox).try_lock_owned().ok()
    }

    fn lane(&self, sandbox: &Arc<Sandbox>) -> Arc<AsyncMutex<()>> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&sandbox.name).and_then(Weak::upgrade) {
            return lane;
        }
        lanes.retain(|_, lane| lane.strong_count() > 0);
        let lane = Arc::new(AsyncMutex::new(()));
        lanes.insert(Arc::clone(&sandbox.name), Arc::downgrade(&lane));
        lane
    }

    /// Sends deliveries, those of one subscription one after the other, and reports them in order.
    async fn deliver(self: &Arc<Self>, sandbox: &Arc<Sandbox>, outbound: Vec<Outbound>) {
        let mut queues: BTreeMap<String, Vec<(usize, Outbound)>> = BTreeMap::new();
        for (place, row) in outbound.iter().enumerate() {
            queues.entry(row.subscription.clone()).or_default().push((place, row.clone()));
        }
        let mut sending = JoinSet::new();
        for queue in queues.into_values() {
            let courier = Arc::clone(self);
            sending.spawn(async move {
                let mut told = Vec::with_capacity(queue.len());
                for (place, row) in queue {
                    let _seat = courier.seats.acquire().await;
                    told.push((place, courier.send(&row).await));
                }
                told
            });
        }
        let mut answers: Vec<Option<Told>> = vec![None; outbound.len()];
        while let Some(told) = sending.join_next().await {
            for (place, told) in told.into_iter().flatten() {
                answers[place] = Some(told);
            }
        }
        for (row, told) in outbound.iter().zip(answers) {
            let told = told.unwrap_or_else(|| Told::Silent("the delivery broke off".to_owned()));
            self.machine.report(sandbox, row, &told, wall());
        }
        self.changed.notify_waiters();
    }

    /// One attempt, within its time.
    async fn send(&self, outbound: &Outbound) -> Told {
        match tokio::time::timeout(outbound.timeout, self.exchange(outbound)).await {
            Ok(Ok(told)) => told,
            Ok(Err(Failure::Barred(barred @ (Barred::Never(..) | Barred::Public(..))))) => Told::Refused(barred.to_string()),
            Ok(Err(Failure::Address(problem))) => Told::Refused(problem.to_owned()),
            Ok(Err(failure)) => Told::Silent(failure.to_string()),
            Err(_) => Told::Silent(format!("no answer within {}", seconds(outbound.timeout))),
        }
    }

    async fn exchange(&self, outbound: &Outbound) -> Result<Told, Failure> {
        let address: Uri = outbound.url.parse().map_err(|_| Failure::Address("the address is no URL"))?;
        let host = address.host().ok_or(Failure::Address("the address names no host"))?;
        if address.scheme_str() != Some("http") {
            return Err(Failure::Address("only `http://` addresses are delivered to"));
        }
        let stream = self.egress.connect(host, address.port_u16().unwrap_or(80)).await?;
        let _ = stream.set_nodelay(true);
        let (mut sender, connection) = http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream)).await?;
        let driven = tokio::spawn(connection);
        let target = address.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::post(target)
            .body(Full::new(Bytes::from(outbound.body.clone())))
            .map_err(|_| Failure::Address("the address is no URL"))?;
        let headers = request.headers_mut();
        for (name, value) in &outbound.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
        if let Some(authority) = address.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
            headers.insert(HOST, authority);
        }
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("seatrial"));
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER).collect().await;
        let body = body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned()).unwrap_or_default();
        driven.abort();
        Ok(Told::Answered { status, body })
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Address(&'static str),
    #[error("{0}")]
    Barred(#[from] Barred),
    #[error("the connection broke off: {0}")]
    Broken(#[from] hyper::Error),
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs())
}
