//! Runs the tasks that are due, in order.
//!
//! A task whose work makes the documents grow by more than the sandbox may still hold is rolled back and postponed
//! (`world/agenda.rs`). Postponed tasks are tried before others, each only if there is room for what it needed the last
//! time, so that they are not lost and do not stop the clock. Those of one subject keep their order.

use crate::base::time::Timestamp;
use crate::engine::actions::{ActionError, Trigger};
use crate::engine::happenings::Happening;
use crate::engine::machine::Machine;
use crate::engine::pace::{HasTime, Pace};
use crate::engine::parcels;
use crate::engine::recorder::Guard;
use crate::engine::sandbox::Sandbox;
use crate::engine::state::State;
use crate::engine::webhooks::deliver;
use crate::engine::webhooks::{AttemptResult, Outbound};
use crate::world::{Mode, OutboxEntry, Target, Task, TaskKey};

/// How many deliveries are handed out at once.
const OUTBOUND_BATCH: usize = 256;
/// How many bytes of their bodies, but for the last one, which may be larger.
pub const OUTBOUND_BYTES: usize = 1 << 20;

/// How many tasks are run before something is done by hand.
const TASKS_BY_HAND: usize = 20_000;

/// The result of one [`Machine::advance_until_webhook`].
#[derive(Debug)]
pub struct Progress {
    /// What has to be sent and reported before time goes on, in order.
    pub outbound: Vec<Outbound>,
    /// How many tasks have run.
    pub fired: u64,
    /// The time of the sandbox.
    pub now: Timestamp,
    /// Whether the time that was asked for is reached.
    pub done: bool,
}

impl Machine {
    /// Runs tasks that are due, and returns with the sandbox locked. What is due without end does not stop who has to act by hand.
    pub(super) fn lock_up_to_date<'s>(&self, sandbox: &'s Sandbox, wall: Timestamp) -> Guard<'s> {
        let mut state = sandbox.lock();
        let now = state.world.clock().now(wall);
        for _ in 0..TASKS_BY_HAND {
            let Some((key, task)) = state.world.take_due(now, self.room(sandbox)) else { break };
            self.run_task(sandbox, &mut state, key, task);
        }
        state
    }

    /// Runs tasks that are due, and returns with the sandbox locked, and its time; `None` if the time was up before the last of them, or
    /// the sandbox is in use for longer.
    pub(super) fn try_lock_up_to_date<'s>(
        &self,
        sandbox: &'s Sandbox,
        wall: Timestamp,
        has_time: HasTime<'_>,
        pace: Pace,
    ) -> Option<(Guard<'s>, Timestamp)> {
        let mut state = match pace {
            Pace::Moment => sandbox.lock_within(has_time)?,
            Pace::Slice => sandbox.try_lock()?,
            Pace::Whole => sandbox.lock(),
        };
        let now = state.world.clock().now(wall);
        if pace == Pace::Moment && self.is_long_due(sandbox, &state, now) {
            return None;
        }
        while let Some((key, task)) = state.world.take_due(now, self.room(sandbox)) {
            self.run_task(sandbox, &mut state, key, task);
            if !has_time() || pace == Pace::Moment && self.is_long_due(sandbox, &state, now) {
                return None;
            }
        }
        Some((state, now))
    }

    /// Whether a task is due that may take long: one of a vendor's own, or one that waited for room.
    fn is_long_due(&self, sandbox: &Sandbox, state: &State, now: Timestamp) -> bool {
        let agenda = state.world.agenda();
        let is_short = |task: &Task| [parcels::STEP, parcels::ANCHOR, deliver::ATTEMPT, deliver::HOLD].contains(&&*task.topic);
        agenda.fits(self.room(sandbox)) || agenda.next().is_some_and(|at| at <= now) && !agenda.next_task().is_some_and(is_short)
    }

    /// Runs tasks that are due; false if the time was up before the last of them.
    pub fn settle(&self, sandbox: &Sandbox, wall: Timestamp, has_time: HasTime<'_>) -> bool {
        self.try_lock_up_to_date(sandbox, wall, has_time, Pace::Whole).is_some()
    }

    /// Promises that the clock of a sandbox is moved to where `to` says, given where it will be when all was done that was promised,
    /// and how time passes from then on, if that is to change. The promise is kept with the sandbox until
    /// [`Machine::advance_until_webhook`] has reached the latest of these times. Returns the epoch and the time; `None` if `to` says
    /// nowhere.
    pub fn promise_move(
        &self,
        sandbox: &Sandbox,
        to: impl Fn(Timestamp) -> Option<Timestamp>,
        mode: Option<Mode>,
        wall: Timestamp,
    ) -> Option<(u64, Timestamp)> {
        let mut state = sandbox.lock();
        let (now, before) = (state.world.clock().now(wall), state.world.target());
        let to = to(before.map_or(now, |target| target.to.max(now)))?;
        if to > now || mode.is_some() {
            let latest = before.map_or(to, |target| target.to.max(to));
            state.world.set_target(Some(Target { to: latest, mode: mode.or(before.and_then(|target| target.mode)) }));
        }
        Some((sandbox.epoch(), to))
    }

    /// Takes back what was promised of the clock of a sandbox, unless it has begun another epoch.
    pub fn give_up_move(&self, sandbox: &Sandbox, epoch: u64) {
        let mut state = sandbox.lock();
        if sandbox.epoch() == epoch {
            state.world.set_target(None);
        }
    }

    /// Runs all tasks up to `to`, but stops when deliveries are due: those that are returned have to be sent and reported before
    /// time goes on. Other callers may get the lock in between; they see the world of the time that was reached. `None` if the
    /// sandbox has begun another epoch.
    pub fn advance_until_webhook(
        &self,
        sandbox: &Sandbox,
        epoch: u64,
        to: Timestamp,
        wall: Timestamp,
        has_time: HasTime<'_>,
    ) -> Option<Progress> {
        let mut state = sandbox.lock();
        if sandbox.epoch() != epoch {
            return None;
        }
        let now = state.world.clock().now(wall);
        let to = to.max(now);
        let (mut reached, mut fired) = (now, 0);
        loop {
            let room = self.room(sandbox);
            let next = state.world.agenda().next().filter(|at| *at <= to);
            let next = if state.world.agenda().fits(room) { Some(reached) } else { next };
            let Some(at) = next.filter(|at| *at <= reached || state.world.outbox().is_empty()) else { break };
            let Some((key, task)) = state.world.take_due(at, room) else { break };
            reached = reached.max(key.0);
            fired += u64::from(self.run_task(sandbox, &mut state, key, task));
            if !has_time() {
                break;
            }
        }
        let outbound = self.outbound(sandbox, &mut state, reached);
        let agenda = state.world.agenda();
        let done = outbound.is_empty() && agenda.next().is_none_or(|at| at > to) && !agenda.fits(self.room(sandbox));
        let reached = if done { to } else { reached };
        state.world.set_time(reached, wall);
        if let Some(target) = state.world.target().filter(|target| done && target.to <= reached) {
            state.world.set_target(None);
            target.mode.into_iter().for_each(|mode| state.world.set_mode(mode, wall));
        }
        drop(state);
        sandbox.notify_waiters();
        Some(Progress { outbound, fired, now: reached, done })
    }

    /// Runs tasks that are due, and returns the deliveries that have to be sent; `None` if the time was up before the last task.
    pub fn due_webhooks(&self, sandbox: &Sandbox, wall: Timestamp, has_time: HasTime<'_>) -> Option<Vec<Outbound>> {
        let (mut state, now) = self.try_lock_up_to_date(sandbox, wall, has_time, Pace::Whole)?;
        let outbound = self.outbound(sandbox, &mut state, now);
        drop(state);
        sandbox.notify_waiters();
        Some(outbound)
    }

    /// How long by the wall until a task or a delivery is due, or a clock is to be moved on; `None` if none will be by itself, or the
    /// sandbox is locked: then somebody is at work there, who says when it is done.
    #[must_use]
    pub fn time_until_work(&self, sandbox: &Sandbox, wall: Timestamp) -> Option<std::time::Duration> {
        let state = sandbox.try_lock()?;
        let agenda = state.world.agenda();
        if !state.world.outbox().is_empty() || agenda.fits(self.room(sandbox)) || state.world.target().is_some() {
            return Some(std::time::Duration::ZERO);
        }
        state.world.clock().until(agenda.next()?, wall)
    }

    /// The beginning of the outbox, ready to be sent. Entries without a subscription are removed.
    fn outbound(&self, sandbox: &Sandbox, state: &mut State, now: Timestamp) -> Vec<Outbound> {
        let (mut outbound, mut bytes) = (Vec::new(), 0);
        let entries: Vec<OutboxEntry> = state.world.outbox().iter().take(OUTBOUND_BATCH).cloned().collect();
        for entry in entries {
            let OutboxEntry { vendor, account, delivery, .. } = &entry;
            let trigger = Trigger { vendor, account: *account, purpose: "webhook.send", subject: delivery, step: 0 };
            match self.act(sandbox, state, now, &trigger, None, |cx| deliver::outbound(cx, &entry, sandbox.epoch())).ok().flatten() {
                Some(ready) => {
                    bytes += ready.body.len();
                    outbound.push(ready);
                    if bytes >= OUTBOUND_BYTES {
                        break;
                    }
                }
                None => drop(state.world.withdraw(*account, delivery)),
            }
        }
        outbound
    }

    /// Stores the result of an attempt, however full the sandbox is, because the attempt will not be made again.
    pub fn report(&self, sandbox: &Sandbox, outbound: &Outbound, result: &AttemptResult, wall: Timestamp) {
        let mut state = sandbox.lock();
        let Outbound { vendor, account, delivery, attempt, .. } = outbound;
        // Ids repeat after a reset: a delivery of the same name may wait there for its first attempt.
        if outbound.epoch != sandbox.epoch() || !state.world.withdraw(*account, delivery) {
            return;
        }
        let now = state.world.clock().now(wall);
        let trigger = Trigger { vendor, account: *account, purpose: "webhook.told", subject: delivery, step: *attempt };
        // A failure is in the log.
        let _ = self.act(sandbox, &mut state, now, &trigger, None, |cx| deliver::record_attempt(cx, outbound, result));
        sandbox.happenings.put(|| Happening::Delivery(delivery.as_str().into()));
        drop(state);
        sandbox.notify_waiters();
    }

    /// Runs a task that was taken from the agenda; false if it did not fit and was postponed.
    fn run_task(&self, sandbox: &Sandbox, state: &mut State, key: TaskKey, task: Task) -> bool {
        let Task { vendor, account, topic, subject, step } = &task;
        let trigger = Trigger { vendor, account: *account, purpose: topic, subject, step: *step };
        let done = self.act(sandbox, state, key.0, &trigger, Some(self.room(sandbox)), |cx| match &**topic {
            parcels::STEP => parcels::advance(cx, &task),
            parcels::ANCHOR => parcels::anchor_due(cx, &task),
            deliver::ATTEMPT => deliver::due(cx, &task),
            deliver::HOLD => deliver::hold_due(cx, &task),
            _ => (cx.vendor.due)(cx, &task),
        });
        match done {
            Err(ActionError::Full { needs }) => {
                tracing::warn!(sandbox = &*sandbox.name, topic = &**topic, needs, "a task is postponed until there is room");
                state.world.postpone(key, task, needs);
                false
            }
            // A task that fails would fail again.
            Ok(()) | Err(ActionError::Missing | ActionError::Broken(_)) => {
                if **topic == *parcels::STEP {
                    sandbox.happenings.put(|| Happening::Scan(subject[..].into()));
                }
                true
            }
        }
    }
}
