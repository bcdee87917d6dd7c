//! What the server does in a sandbox by itself: where a fleet shares the sandboxes, it is done in a section.

use std::sync::Arc;

use crate::engine::{Answer, Machine, Request, Sandbox, Unread};
use crate::fleet::{Fault, Fleet, Lane, Patience, Reach, Undone};
use crate::server::clock::{PAUSE, SLICE, slice, wall};

/// How many slices of time a call waits for a sandbox in which very much is due: about half a minute.
const MOST_SLICES: u32 = 1_500;

/// The fleet, if this process is a replica of one.
#[derive(Clone)]
pub(super) struct Sections(Option<Arc<Fleet>>);

/// The right to send the webhooks of a sandbox.
pub(super) enum Courier {
    /// Of a process that has all sandboxes to itself.
    Only,
    /// Of a replica, as long as it is heard of.
    Of(Arc<Lane>),
}

impl Sections {
    pub fn new(fleet: Option<Arc<Fleet>>) -> Self {
        Self(fleet)
    }

    /// Does something in a sandbox, twice if it must be; `None` if it is gone.
    pub async fn run<T>(&self, sandbox: &Arc<Sandbox>, mut act: impl FnMut() -> T) -> Result<Option<T>, Fault> {
        match &self.0 {
            None => Ok(Some(act())),
            Some(fleet) => fleet.run(&Reach::one(Arc::clone(&sandbox.name)), |section| section.holds(sandbox).then(&mut act)).await,
        }
    }

    /// The same for what only the courier of the sandbox may do; `None` if that is somebody else by now.
    pub async fn run_as<T>(&self, courier: &Courier, sandbox: &Arc<Sandbox>, mut act: impl FnMut() -> T) -> Result<Option<T>, Fault> {
        let (Some(fleet), Courier::Of(lane)) = (&self.0, courier) else { return Ok(Some(act())) };
        let reach = Reach::one(Arc::clone(&sandbox.name));
        fleet.run(&reach, |section| (section.holds(sandbox) && lane.is(section.courier())).then(&mut act)).await
    }

    /// Whether the process ends while other replicas may go on with what it has begun.
    pub fn are_left(&self) -> bool {
        self.0.as_ref().is_some_and(|fleet| fleet.is_leaving())
    }

    /// The right to send the webhooks of a sandbox, unless another replica has it.
    pub async fn courier(&self, sandbox: &Sandbox) -> Result<Option<Courier>, Fault> {
        match &self.0 {
            None => Ok(Some(Courier::Only)),
            Some(fleet) => Ok(fleet.lane(sandbox).await?.map(Courier::Of)),
        }
    }

    /// The same, as soon as no other replica has it, and the sandbox as it is then; `None` if it is gone.
    pub async fn wait_for_courier(&self, sandbox: &Arc<Sandbox>) -> Result<Option<Courier>, Fault> {
        let Some(fleet) = &self.0 else { return Ok(Some(Courier::Only)) };
        let Some(lane) = fleet.wait_for_lane(sandbox).await? else { return Ok(None) };
        let patience = Patience::new();
        while let Err(fault) = fleet.catch_up(&sandbox.name).await {
            fleet.after(fault.into(), &patience).await?;
        }
        Ok(Some(Courier::Of(lane)))
    }
}

/// Has a replica answer a request; `None` if very much is due in its sandbox.
pub(super) async fn answer(machine: &Arc<Machine>, fleet: &Arc<Fleet>, request: Arc<Request>, unread: Option<Unread>) -> Option<Answer> {
    let unread = unread.map(Arc::new);
    for _ in 0..MOST_SLICES {
        match answer_once(machine, fleet, &request, unread.as_ref()).await {
            Ok(Some(answer)) => return Some(answer),
            Ok(None) => tokio::time::sleep(PAUSE).await,
            Err(fault) => {
                let away = Unread::new(http::StatusCode::SERVICE_UNAVAILABLE, fault.in_public());
                return machine.refuse(&request, &away, wall(), &slice(SLICE));
            }
        }
    }
    None
}

/// The same in one section; `None` if more is due, or the request is for another sandbox by now.
async fn answer_once(
    machine: &Arc<Machine>,
    fleet: &Arc<Fleet>,
    request: &Arc<Request>,
    unread: Option<&Arc<Unread>>,
) -> Result<Option<Answer>, Fault> {
    let mut addressee = machine.addressee(request);
    let patience = Patience::new();
    // Others may have had its credential before who are not known here.
    let mut is_asked = !addressee.is_unknown && fleet.knows(addressee.since);
    while !is_asked {
        while let Err(fault) = fleet.learn().await {
            fleet.after(fault.into(), &patience).await?;
        }
        addressee = machine.addressee(request);
        if addressee.is_unknown {
            fleet.are_read()?;
        }
        is_asked = fleet.knows(addressee.since);
    }
    let since = addressee.since;
    let Some(sandbox) = addressee.sandbox else {
        return Ok(machine.try_handle_unread(request, unread.map(|unread| &**unread), wall(), &slice(SLICE)));
    };
    let (own, meant, request, unread) = (Arc::clone(machine), Arc::clone(&sandbox), Arc::clone(request), unread.cloned());
    let act = move || {
        // Its credential may be another sandbox's by now.
        let now = own.addressee(&request);
        let is_meant = now.since == since && now.sandbox.is_some_and(|now| Arc::ptr_eq(&now, &meant));
        is_meant.then(|| own.try_handle_unread(&request, unread.as_deref(), wall(), &slice(SLICE))).flatten()
    };
    match fleet.call(&sandbox, act).await {
        Ok(answer) => Ok(answer),
        Err(Undone::Gone) => Ok(None),
        Err(Undone::Fault(fault)) => Err(fault),
    }
}
