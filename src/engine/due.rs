//! Everything that has to happen by a time, in order.
//!
//! A task whose work makes the documents grow by more than the sandbox may still hold is rolled back and postponed
//! (`world/agenda.rs`). Whenever tasks happen, those that were postponed are tried first, each only if there is room for what it
//! needed the last time, so that they neither stop time nor are lost.

use crate::base::time::Timestamp;
use crate::engine::actions::{ActionError, Trigger};
use crate::engine::machine::Machine;
use crate::engine::parcels;
use crate::engine::recorder::Guard;
use crate::engine::sandbox::Sandbox;
use crate::engine::state::State;
use crate::engine::webhooks::deliver;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::world::{OutboxEntry, Task, TaskKey};

/// How much is sent before time goes on.
const BATCH: usize = 256;

/// How many tasks happen before somebody else may look at the world.
const STAGE: usize = 20_000;

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

impl Machine {
    /// Locks a sandbox after everything has happened that is due. Others may look in between when that is very much.
    pub(super) fn settled<'s>(&self, sandbox: &'s Sandbox, wall: Timestamp) -> Guard<'s> {
        loop {
            let mut state = sandbox.lock();
            let now = state.world.clock().now(wall);
            for _ in 0..STAGE {
                let Some((key, task)) = state.world.take_due(now, self.room(sandbox)) else { return state };
                self.fire(sandbox, &mut state, key, task);
            }
        }
    }

    /// Has everything happen up to `to`, but stops where subscribers have to be told something: what is returned has to be
    /// sent and reported before time goes on. Nothing to send means that `to` is reached. Other callers may look at the world
    /// in between; what they see is the world of that instant.
    pub fn advance_until_webhook(&self, sandbox: &Sandbox, to: Timestamp, wall: Timestamp) -> Progress {
        let mut state = sandbox.lock();
        let now = state.world.clock().now(wall);
        let to = to.max(now);
        let (mut reached, mut fired) = (now, 0);
        for _ in 0..STAGE {
            let room = self.room(sandbox);
            let next = state.world.agenda().next().filter(|at| *at <= to);
            let next = if state.world.agenda().fits(room) { Some(reached) } else { next };
            let Some(at) = next.filter(|at| *at <= reached || state.world.outbox().is_empty()) else { break };
            let Some((key, task)) = state.world.take_due(at, room) else { break };
            reached = reached.max(key.0);
            fired += u64::from(self.fire(sandbox, &mut state, key, task));
        }
        let outbound = self.ready(sandbox, &mut state, reached);
        let agenda = state.world.agenda();
        let done = outbound.is_empty() && agenda.next().is_none_or(|at| at > to) && !agenda.fits(self.room(sandbox));
        let reached = if done { to } else { reached };
        state.world.set_time(reached, wall);
        drop(state);
        sandbox.notify_waiters();
        Progress { outbound, fired, now: reached, done }
    }

    /// Settles a sandbox at its own time, and looks at what has to be sent.
    pub fn outgoing(&self, sandbox: &Sandbox, wall: Timestamp) -> Vec<Outbound> {
        let mut state = self.settled(sandbox, wall);
        let now = state.world.clock().now(wall);
        let outbound = self.ready(sandbox, &mut state, now);
        drop(state);
        sandbox.notify_waiters();
        outbound
    }

    /// How long on the wall until there is something to do in a sandbox, if ever by itself.
    #[must_use]
    pub fn idle(&self, sandbox: &Sandbox, wall: Timestamp) -> Option<std::time::Duration> {
        let state = sandbox.lock();
        let agenda = state.world.agenda();
        if !state.world.outbox().is_empty() || agenda.fits(self.room(sandbox)) {
            return Some(std::time::Duration::ZERO);
        }
        state.world.clock().until(agenda.next()?, wall)
    }

    /// The beginning of the outbox, ready to be sent. What nobody waits for any more is taken out.
    fn ready(&self, sandbox: &Sandbox, state: &mut State, now: Timestamp) -> Vec<Outbound> {
        let mut outbound = Vec::new();
        let entries: Vec<OutboxEntry> = state.world.outbox().iter().take(BATCH).cloned().collect();
        for entry in entries {
            let OutboxEntry { vendor, account, delivery, .. } = &entry;
            let trigger = Trigger { vendor, account: *account, purpose: "webhook.send", subject: delivery, step: 0 };
            match self.act(sandbox, state, now, &trigger, None, |cx| deliver::outbound(cx, &entry)).ok().flatten() {
                Some(ready) => outbound.push(ready),
                None => drop(state.world.withdraw(*account, delivery)),
            }
        }
        outbound
    }

    /// Writes down what came of an attempt, however full the sandbox is: it was made, and will not be made again.
    pub fn report(&self, sandbox: &Sandbox, outbound: &Outbound, told: &AttemptResult, wall: Timestamp) {
        let mut state = sandbox.lock();
        let Outbound { vendor, account, delivery, attempt, .. } = outbound;
        if !state.world.withdraw(*account, delivery) {
            // The sandbox has begun anew meanwhile.
            return;
        }
        let now = state.world.clock().now(wall);
        let trigger = Trigger { vendor, account: *account, purpose: "webhook.told", subject: delivery, step: *attempt };
        // What failed is in the log.
        let _ = self.act(sandbox, &mut state, now, &trigger, None, |cx| deliver::told(cx, outbound, told));
        drop(state);
        sandbox.notify_waiters();
    }

    /// Has a task happen that was taken from the agenda. One that does not fit is postponed; whether it happened.
    fn fire(&self, sandbox: &Sandbox, state: &mut State, key: TaskKey, task: Task) -> bool {
        let Task { vendor, account, topic, subject, step } = &task;
        let trigger = Trigger { vendor, account: *account, purpose: topic, subject, step: *step };
        let done = self.act(sandbox, state, key.0, &trigger, Some(self.room(sandbox)), |cx| match &**topic {
            parcels::STEP => parcels::advance(cx, &task),
            parcels::MOMENT => parcels::moment(cx, &task),
            deliver::ATTEMPT => deliver::due(cx, &task),
            _ => (cx.vendor.due)(cx, &task),
        });
        match done {
            Err(ActionError::Full { needs }) => {
                tracing::warn!(sandbox = &*sandbox.name, topic = &**topic, needs, "a task is postponed until there is room");
                state.world.postpone(key, task, needs);
                false
            }
            // A task that fails would fail again.
            Ok(()) | Err(ActionError::Missing | ActionError::Broken(_)) => true,
        }
    }
}
