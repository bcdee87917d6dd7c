//! Everything that has to happen by a time, in order.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::OnceLock;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::carrier::Parcel;
use crate::engine::call::{Call, Request};
use crate::engine::cx::{self, Cx, Place};
use crate::engine::machine::Machine;
use crate::engine::parcels::{self, PARCEL};
use crate::engine::pipeline;
use crate::engine::sandbox::{Sandbox, State};
use crate::engine::vendor::Vendor;
use crate::world::{Account, Credential, Task};

impl Machine {
    /// Moves a sandbox's clock to `to` (never back) and has everything happen on the way; how much it was. One step: nobody
    /// sees the world in between.
    pub fn advance(&self, sandbox: &Sandbox, to: Timestamp, wall: Timestamp) -> (Timestamp, u64) {
        let mut state = sandbox.lock();
        let to = to.max(state.world.clock.now(wall));
        let fired = self.settle(sandbox, &mut state, to);
        state.world.clock.set(to, wall);
        (to, fired)
    }

    /// Has everything happen that is due at `now`.
    pub(super) fn settle(&self, sandbox: &Sandbox, state: &mut State, now: Timestamp) -> u64 {
        let mut fired = 0;
        while let Some((at, task)) = state.world.agenda.take(now) {
            self.fire(sandbox, state, at, &task);
            fired += 1;
        }
        fired
    }

    /// Does something to a parcel by hand, in the context of its account; `None` when no account of the sandbox has it.
    pub fn with_parcel<T>(
        &self,
        sandbox: &Sandbox,
        tracking_number: &str,
        wall: Timestamp,
        mut act: impl FnMut(&mut Cx<'_>, &mut Parcel) -> T,
    ) -> Option<T> {
        let mut state = sandbox.lock();
        let now = state.world.clock.now(wall);
        self.settle(sandbox, &mut state, now);
        let has = |account: &Account| account.table(PARCEL).is_some_and(|table| table.get(tracking_number).is_some());
        let (account, mount) = state.world.accounts.iter().find(|(_, account)| has(account)).map(|(id, account)| (id, account.mount))?;
        let vendor = self.vendors().find(|vendor| vendor.mount == mount)?.id;
        let by_hand = Task { account, vendor, topic: "parcel.hand", subject: tracking_number.into(), step: 0 };
        self.act(sandbox, &mut state, now, &by_hand, |cx, _| {
            let mut parcel = cx.parcel(tracking_number)?;
            Some(act(cx, &mut parcel))
        })?
    }

    fn fire(&self, sandbox: &Sandbox, state: &mut State, at: Timestamp, task: &Task) {
        self.act(
            sandbox,
            state,
            at,
            task,
            |cx, vendor| {
                if task.topic == parcels::STEP { parcels::advance(cx, task) } else { (vendor.due)(cx, task) }
            },
        );
    }

    /// Does something in the context of a task's account; if it fails, everything it wrote is taken back.
    fn act<T>(
        &self,
        sandbox: &Sandbox,
        state: &mut State,
        at: Timestamp,
        task: &Task,
        act: impl FnOnce(&mut Cx<'_>, &'static Vendor) -> T,
    ) -> Option<T> {
        let account = state.world.accounts.get(task.account);
        let vendor = self.vendors.iter().find(|loaded| loaded.vendor.id == task.vendor)?.vendor;
        let name = account.name.clone();
        let rng = entropy::stream(state.world.seed, &[task.vendor, &name, task.topic, &task.subject], u64::from(task.step));
        let credential = state.world.accounts.credentials(vendor.mount).iter().find(|row| row.account == name).cloned();
        let credential = credential.unwrap_or_else(|| Credential { account: name, facts: std::sync::Arc::default() });
        let call = nobody();
        let place = Place { now: at, call: &call, sandbox: &sandbox.name, vendor, account: task.account };
        let mut log = Vec::new();
        let mut cx = Cx::new(&mut state.world, state.script.as_mut(), &mut log, place, credential, rng);
        let done = pipeline::guarded(|| act(&mut cx, vendor));
        let added = std::mem::take(&mut cx.added);
        drop(cx);
        done.inspect_err(|panic| {
            tracing::error!(sandbox = &*sandbox.name, vendor = vendor.id, topic = task.topic, panic, "a task failed and was taken back");
            cx::take_back(&mut state.world, &mut log, added);
        })
        .ok()
    }
}

/// The call of a task: nobody's.
pub(super) fn nobody() -> Call<'static> {
    static REQUEST: OnceLock<Request> = OnceLock::new();
    let request = REQUEST.get_or_init(|| Request {
        method: Method::GET,
        path: String::new(),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        secure: false,
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
