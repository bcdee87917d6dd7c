//! Everything that has to happen by a time, in order.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::carrier::Parcel;
use crate::engine::call::{Call, Request};
use crate::engine::cx::{self, Cx, Scope};
use crate::engine::machine::Machine;
use crate::engine::parcels::{self, PARCEL};
use crate::engine::pipeline;
use crate::engine::sandbox::{Sandbox, State};
use crate::engine::vendor::Vendor;
use crate::engine::webhooks::deliver;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::world::{Account, AccountId, Credential, Kind, OutboxEntry, Task};

impl Machine {
    /// Moves a sandbox's clock to `to` (never back) and has everything happen on the way; how much it was. One step: nobody
    /// sees the world in between.
    pub fn advance(&self, sandbox: &Sandbox, to: Timestamp, wall: Timestamp) -> (Timestamp, u64) {
        let mut state = sandbox.lock();
        let to = to.max(state.world.clock.now(wall));
        let fired = self.run_due_tasks(sandbox, &mut state, to);
        state.world.clock.set(to, wall);
        sandbox.count(&state);
        (to, fired)
    }

    /// Has everything happen that is due at `now`.
    pub(super) fn run_due_tasks(&self, sandbox: &Sandbox, state: &mut State, now: Timestamp) -> u64 {
        let mut fired = 0;
        while let Some((at, task)) = state.world.agenda.take(now) {
            self.fire(sandbox, state, at, &task);
            fired += 1;
        }
        fired
    }

    /// Has everything happen up to `to`, but stops where subscribers have to be told something: what is returned has to be
    /// sent and reported before time goes on. Nothing to send means that `to` is reached. Other callers may look at the world
    /// in between; what they see is the world of that instant.
    pub fn advance_until_webhook(&self, sandbox: &Sandbox, to: Timestamp, wall: Timestamp) -> Progress {
        let mut state = sandbox.lock();
        let now = state.world.clock.now(wall);
        let to = to.max(now);
        let (mut reached, mut fired) = (now, 0);
        while fired < STAGE {
            let Some(at) = state.world.agenda.next().filter(|at| *at <= to) else { break };
            if !state.world.outbox.is_empty() && at > reached {
                break;
            }
            let Some((at, task)) = state.world.agenda.take(at) else { break };
            reached = reached.max(at);
            self.fire(sandbox, &mut state, at, &task);
            fired += 1;
        }
        let outbound = self.ready(sandbox, &mut state, reached);
        let done = outbound.is_empty() && state.world.agenda.next().is_none_or(|at| at > to);
        let reached = if done { to } else { reached };
        state.world.clock.set(reached, wall);
        sandbox.count(&state);
        drop(state);
        sandbox.notify_waiters();
        Progress { outbound, fired, now: reached, done }
    }

    /// Settles a sandbox at its own time, and looks at what has to be sent.
    pub fn outgoing(&self, sandbox: &Sandbox, wall: Timestamp) -> Vec<Outbound> {
        let mut state = sandbox.lock();
        let now = state.world.clock.now(wall);
        self.run_due_tasks(sandbox, &mut state, now);
        let outbound = self.ready(sandbox, &mut state, now);
        sandbox.count(&state);
        drop(state);
        sandbox.notify_waiters();
        outbound
    }

    /// The beginning of the outbox, ready to be sent. What nobody waits for any more is taken out.
    fn ready(&self, sandbox: &Sandbox, state: &mut State, now: Timestamp) -> Vec<Outbound> {
        let mut outbound = Vec::new();
        let posted: Vec<OutboxEntry> = state.world.outbox.iter().take(BATCH).cloned().collect();
        for posted in posted {
            let task = Task {
                account: posted.account,
                vendor: posted.vendor.clone(),
                topic: "webhook.send".into(),
                subject: posted.delivery.clone(),
                step: 0,
            };
            match self.in_transaction(sandbox, state, now, &task, |cx, _| deliver::outbound(cx, &posted)).ok().flatten() {
                Some(ready) => outbound.push(ready),
                None => drop(state.world.outbox.remove(posted.account, &posted.delivery)),
            }
        }
        outbound
    }

    /// Writes down what came of an attempt.
    pub fn report(&self, sandbox: &Sandbox, outbound: &Outbound, told: &AttemptResult, wall: Timestamp) {
        let mut state = sandbox.lock();
        if state.world.outbox.remove(outbound.account, &outbound.delivery).is_none() {
            // The sandbox has begun anew meanwhile.
            return;
        }
        let now = state.world.clock.now(wall);
        let task = Task {
            account: outbound.account,
            vendor: outbound.vendor.clone(),
            topic: "webhook.told".into(),
            subject: outbound.delivery.as_str().into(),
            step: outbound.attempt,
        };
        let _ = self.in_transaction(sandbox, &mut state, now, &task, |cx, _| deliver::told(cx, outbound, told));
        sandbox.count(&state);
        drop(state);
        sandbox.notify_waiters();
    }

    /// Does something in an account of a vendor, as its owner does in the vendor's portal: the account of that name, or of
    /// the vendor's first credential.
    ///
    /// # Errors
    /// When there is no such vendor or account, or what was done does not fit.
    pub fn as_account<T>(
        &self,
        sandbox: &Sandbox,
        vendor: &str,
        account: Option<&str>,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let vendor = self.vendors.find(vendor).ok_or(ActionError::Missing)?;
        let mut state = sandbox.lock();
        let credentials = state.world.accounts.credentials(vendor.mount);
        let mut names = credentials.iter().map(|row| Arc::clone(&row.account));
        let is_wanted = |name: &Arc<str>| account.is_none_or(|account| account == &**name);
        let has_data = || state.world.accounts.iter().map(|(_, own)| own).find(|own| own.mount == vendor.mount && is_wanted(&own.name));
        let name = names.find(is_wanted).or_else(|| Some(Arc::clone(&has_data()?.name))).ok_or(ActionError::Missing)?;
        let account = (state.world.accounts.open(vendor.mount, &name), vendor.id);
        self.in_account(sandbox, &mut state, account, wall, act)
    }

    /// Does something in the account that has a subscription or a delivery.
    ///
    /// # Errors
    /// When none has, or what was done does not fit.
    pub fn with_webhook<T>(
        &self,
        sandbox: &Sandbox,
        kind: &Kind,
        id: &str,
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let mut state = sandbox.lock();
        let body = |account: &Account| account.table(kind)?.get(id).and_then(|body| serde_json::from_slice(body).ok());
        let found = state.world.accounts.iter().find_map(|(id, account)| Some((id, body(account)?)));
        let (account, OfVendor { vendor }) = found.ok_or(ActionError::Missing)?;
        let vendor = self.vendors.find(&vendor).ok_or(ActionError::Missing)?.id;
        self.in_account(sandbox, &mut state, (account, vendor), wall, act)
    }

    fn in_account<T>(
        &self,
        sandbox: &Sandbox,
        state: &mut State,
        (account, vendor): (AccountId, &'static str),
        wall: Timestamp,
        act: impl FnOnce(&mut Cx<'_>) -> T,
    ) -> Result<T, ActionError> {
        let now = state.world.clock.now(wall);
        self.run_due_tasks(sandbox, state, now);
        let task = Task { account, vendor: vendor.into(), topic: "by.hand".into(), subject: "".into(), step: 0 };
        let done = self.in_transaction(sandbox, state, now, &task, |cx, _| act(cx));
        sandbox.count(state);
        sandbox.notify_waiters();
        done
    }

    /// Does something to a parcel by hand, in the context of its account.
    ///
    /// # Errors
    /// When no account of the sandbox has it, or what was done does not fit.
    pub fn with_parcel<T>(
        &self,
        sandbox: &Sandbox,
        tracking_number: &str,
        wall: Timestamp,
        mut act: impl FnMut(&mut Cx<'_>, &mut Parcel) -> T,
    ) -> Result<T, ActionError> {
        let mut state = sandbox.lock();
        let now = state.world.clock.now(wall);
        self.run_due_tasks(sandbox, &mut state, now);
        let read = |account: &Account| serde_json::from_slice(account.table(&PARCEL)?.get(tracking_number)?).ok();
        let found = state.world.accounts.iter().find_map(|(id, account)| Some((id, account.mount.clone(), read(account)?)));
        let (account, mount, parcel) = found.ok_or(ActionError::Missing)?;
        let vendor = self.vendors.booked_with(&mount, &parcel).ok_or(ActionError::Missing)?.id;
        let by_hand = Task { account, vendor: vendor.into(), topic: "parcel.hand".into(), subject: tracking_number.into(), step: 0 };
        let done = self.in_transaction(sandbox, &mut state, now, &by_hand, |cx, _| {
            let mut parcel = cx.parcel(tracking_number)?;
            Some(act(cx, &mut parcel))
        });
        sandbox.count(&state);
        drop(state);
        sandbox.notify_waiters();
        done?.ok_or(ActionError::Missing)
    }

    fn fire(&self, sandbox: &Sandbox, state: &mut State, at: Timestamp, task: &Task) {
        let _ = self.in_transaction(sandbox, state, at, task, |cx, vendor| match &*task.topic {
            parcels::STEP => parcels::advance(cx, task),
            parcels::MOMENT => parcels::moment(cx, task),
            deliver::ATTEMPT => deliver::due(cx, task),
            _ => (vendor.due)(cx, task),
        });
    }

    /// Does something in the context of a task's account; if it fails, everything it wrote is taken back.
    fn in_transaction<T>(
        &self,
        sandbox: &Sandbox,
        state: &mut State,
        at: Timestamp,
        task: &Task,
        act: impl FnOnce(&mut Cx<'_>, &'static Vendor) -> T,
    ) -> Result<T, ActionError> {
        let account = state.world.accounts.get(task.account);
        let vendor = self.vendors.find(&task.vendor).ok_or(ActionError::Missing)?;
        let name = account.name.clone();
        let rng = entropy::stream(state.world.seed, &[&task.vendor, &name, &task.topic, &task.subject], u64::from(task.step));
        let credential = state.world.accounts.credentials(vendor.mount).iter().find(|row| row.account == name).cloned();
        let credential = credential.unwrap_or_else(|| Credential { account: name, facts: std::sync::Arc::default() });
        let call = nobody();
        let place = Scope {
            now: at,
            call: &call,
            sandbox: &sandbox.name,
            public_urls: self.public_urls(),
            vendors: self.vendors.all(),
            vendor,
            account: task.account,
        };
        let mut log = Vec::new();
        let (before, room) = (state.world.accounts.bytes(), self.room(sandbox));
        let mut cx = Cx::new(&mut state.world, state.script.as_mut(), &mut log, place, credential, rng);
        let done = pipeline::guarded(|| act(&mut cx, vendor));
        let added = std::mem::take(&mut cx.added);
        drop(cx);
        let full = state.world.accounts.bytes() > before.saturating_add(room);
        let done = match done {
            Ok(_) if full => Err(ActionError::Full),
            Ok(done) => return Ok(done),
            Err(panic) => Err(ActionError::Broken(panic)),
        };
        done.inspect_err(|why| {
            tracing::error!(sandbox = &*sandbox.name, vendor = vendor.id, topic = &*task.topic, %why, "a task failed and was taken back");
            cx::roll_back(&mut state.world, &mut log, added);
        })
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// There is nothing of that name.
    #[error("there is no such thing")]
    Missing,
    /// What it wrote is more than the sandbox may still hold, and was taken back.
    #[error("the budget of bytes is used up")]
    Full,
    /// It failed, and what it wrote was taken back.
    #[error("{0}")]
    Broken(String),
}

/// How much is sent before time goes on.
const BATCH: usize = 256;

/// How many tasks happen before somebody else may look at the world.
const STAGE: u64 = 20_000;

/// How far [`Machine::advance_until_webhook`] came.
#[derive(Debug)]
pub struct Progress {
    /// What has to be sent and reported before time goes on, in order.
    pub outbound: Vec<Outbound>,
    /// How much happened.
    pub fired: u64,
    /// The time of the sandbox.
    pub now: Timestamp,
    /// Whether the end is reached.
    pub done: bool,
}

/// What a subscription and a delivery have in common.
#[derive(serde::Deserialize)]
struct OfVendor {
    vendor: String,
}

/// The call of a task: nobody's.
pub(super) fn nobody() -> Call<'static> {
    static REQUEST: OnceLock<Request> = OnceLock::new();
    let request = REQUEST.get_or_init(|| Request {
        method: Method::GET,
        path: String::new(),
        query: String::new(),
        headers: HeaderMap::from_iter([(http::header::HOST, HeaderValue::from_static(deliver::NOWHERE))]),
        body: Bytes::new(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        mount: None,
    });
    Call {
        request,
        operation: None,
        prefix: "",
        path: "",
        parameters: Vec::new(),
        query: Vec::new(),
        body: Value::Null,
        violations: Vec::new(),
    }
}
