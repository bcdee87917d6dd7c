//! The part of a call that needs the world, from due tasks to the handler's outcome. The sandbox is locked meanwhile.

use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;

use crate::base::entropy::{self, Rng};
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::auth;
use crate::engine::authenticate::{Identified, NOBODY, authenticate, has_no_lock, is_open, missing_scope};
use crate::engine::business::WantedFailure;
use crate::engine::call::Call;
use crate::engine::cx::{Cx, READ, Scope};
use crate::engine::limits::{self, Limit, Quota};
use crate::engine::machine::Machine;
use crate::engine::pace::{HasTime, Hurry, Later, Pace, QUICK};
use crate::engine::parcels;
use crate::engine::parsed::Parsed;
use crate::engine::patch::Patch;
use crate::engine::refusal::Refusal;
use crate::engine::reply::Outcome;
use crate::engine::sandbox::Sandbox;
use crate::engine::scenario::{CallValues, Decision, Delay, Instead, ScenarioRuntime, Turn, View};
use crate::engine::state::State;
use crate::engine::transaction::{self, RolledBack};
use crate::engine::vendor::{OperationRow, Vendor};
use crate::engine::vendors::LoadedVendor;
use crate::engine::wire::Wire;
use crate::world::{AccountId, Blame, Count, Counter, Credential, Effect, How, Met, Mode, Note, Tried, World};

/// The result of executing a call.
pub(super) struct Executed {
    pub outcome: Outcome,
    pub at: Timestamp,
    pub seed: u64,
    pub account: Arc<str>,
    pub number: u64,
    /// How often the sandbox went back to a snapshot, and to a number of calls that was exceeded already.
    pub restores: u64,
    /// Which call of its operation by its account it is, from 1; 0 when it is not counted.
    pub nth: u64,
    pub quota: Option<Quota>,
    pub effect: Option<Effect>,
    /// Whether the world's time is not the wall's, so that answers carry it.
    pub dated: bool,
    pub delay: Delay,
    pub wire: Option<Wire>,
    pub patch: Option<Box<Patch>>,
    /// The rule that the patch is of, if it has no effect where it finds no place, and the epoch in which it was counted.
    pub patched_by: Option<(Turn, u64)>,
    pub failing: Option<StatusCode>,
    /// Whether an answer is made at all, whatever becomes of it.
    pub is_answered: bool,
    /// Whether the vendor itself answered.
    pub is_passed_on: bool,
    pub notes: Vec<Note>,
    /// What conditions saw of the account's state, if they looked at it.
    pub state: Option<Value>,
    /// What rules and faults were to the call; `None` where there were none.
    pub tried: Option<Box<Tried>>,
    /// When something is due that will not come by itself, because the clock stands still: a task, or the end of an exceeded limit.
    pub next_due: Option<Timestamp>,
}

/// Who makes a call, which is counted.
struct Caller {
    account: AccountId,
    name: Arc<str>,
    /// Which call of the account it is.
    number: u64,
    rng: Rng,
    /// The credential that was authenticated; `None` for open operations, and for callers that are refused.
    credential: Option<Credential>,
}

/// What is known of a call when its handler may run.
struct Admitted<'m> {
    caller: Caller,
    /// The vendor's own limit that it was counted against.
    quota: Option<Quota>,
    nth: u64,
    decision: Decision,
    row: Result<&'m OperationRow, Refusal>,
}

/// The outcome of a call, and the account that it had in the end.
struct Handled {
    outcome: Outcome,
    account: Arc<str>,
    number: u64,
    notes: Vec<Note>,
    /// Whether the outcome is the business failure that the scenario wants.
    has_failed: bool,
    /// The business failures that the handler asked for, whether wanted or not.
    asked: Vec<&'static str>,
}

impl Machine {
    /// Executes a call of a customer: authenticated, counted against limits, and disturbed by the scenario.
    ///
    /// # Errors
    /// When there is not time for it. Then it has had no effect.
    pub(super) fn execute(
        &self,
        sandbox: &Sandbox,
        loaded: &LoadedVendor,
        parsed: &Parsed<'_>,
        wall: Timestamp,
        (has_time, pace): (HasTime<'_>, Pace),
    ) -> Result<Executed, Later> {
        let (mut guard, now) = self.try_lock_up_to_date(sandbox, wall, has_time, pace).ok_or(Later::Busy)?;
        let state = &mut *guard;
        // What a small sandbox has is read in no time.
        let hurry = (pace != Pace::Whole && sandbox.documents.own() > QUICK).then(|| Hurry::new(READ * QUICK));
        let savepoint = hurry.as_ref().map(|_| state.world.savepoint());
        let executed = self.execute_locked((sandbox, loaded, parsed), now, state, hurry.as_ref());
        if let (Some(savepoint), Some(hurry)) = (savepoint, &hurry) {
            if hurry.is_over() {
                state.world.roll_back(savepoint);
                sandbox.measure(state);
                return Err(Later::Long);
            }
            state.world.release(savepoint);
        }
        guard.is_of_call();
        Ok(executed)
    }

    fn execute_locked(
        &self,
        (sandbox, loaded, parsed): (&Sandbox, &LoadedVendor, &Parsed<'_>),
        now: Timestamp,
        state: &mut State,
        hurry: Option<&Hurry>,
    ) -> Executed {
        let vendor = &*loaded.vendor;
        let admitted = transaction::guarded(|| admit(sandbox, loaded, parsed, state, now));
        let Admitted { caller, quota, nth, mut decision, row } = admitted.unwrap_or_else(|panic| {
            tracing::error!(sandbox = &*sandbox.name, vendor = &*vendor.id, panic, "a call failed before its handler");
            let decision = Decision { notes: vec![Note::new(Note::SANDBOX_BROKEN, Blame::Sandbox, panic)], ..Decision::default() };
            let caller = Caller::count(&mut state.world, vendor, None);
            Admitted { caller, quota: None, nth: 0, decision, row: Err(Refusal::Broken) }
        });
        let is_answered = !matches!(decision.instead, Some(Instead::Nothing));
        let scenario = state.scenario.sense();
        let handled = match (decision.instead.take(), row) {
            (Some(instead), _) => caller.answered(instead.outcome()),
            (None, Err(refusal)) => caller.answered(Err(refusal)),
            (None, Ok(row)) => {
                let scope = Scope { hurry, ..self.scope(sandbox, vendor, &parsed.call, caller.account, now) };
                let failure = decision.failure.as_deref();
                let handled = self.run_handler(sandbox, state, row, scope, caller, failure);
                let is_kept = failure.is_none_or(WantedFailure::is_kept);
                let refuses_itself = handled.outcome.is_err() && !handled.has_failed;
                let is_void = |turn: &mut Turn| refuses_itself || turn.failure.is_some_and(|name| !handled.asked.contains(&name));
                let is_untold = decision.taken_back.as_mut().is_none_or(|turn| turn.failure.is_none() || is_void(turn));
                // A failure that was told may have kept the handler from asking for others.
                for turn in decision.skipped.extract_if(.., |turn| is_untold && is_void(turn)) {
                    Tried::mark(&mut decision.tried, &turn.owner, turn.rule, How::Uncounted);
                    uncount(&mut state.world, &turn, None);
                }
                if let Some(turn) = decision.taken_back.take_if(is_void) {
                    let how = if refuses_itself { How::Refused } else { How::NotAsked };
                    Tried::mark(&mut decision.tried, &turn.owner, turn.rule, how);
                    uncount(&mut state.world, &turn, Some(Counter::Effects(turn.rule)));
                    decision.withdraw();
                }
                if let Some(effect) = &mut decision.effect {
                    effect.committed = handled.outcome.is_ok() && is_kept;
                }
                handled
            }
        };
        decision.quota = decision.quota.or(quota);
        sandbox.measure(state);
        let patched_by = decision.taken_back.take().filter(|_| decision.patch.is_some());
        let patched_by = patched_by.map(|turn| (turn, sandbox.epoch()));
        let mut rules = std::mem::take(&mut decision.tried);
        rules.shrink_to_fit();
        let mut executed = executed(handled, &state.world, now, nth, decision);
        (executed.is_answered, executed.patched_by) = (is_answered, patched_by);
        executed.tried = (scenario != 0 || !rules.is_empty()).then(|| Box::new(Tried { scenario, rules }));
        executed
    }

    /// Takes back that a patch was counted, because it found no place in the answer.
    pub(super) fn patch_missed(sandbox: &Sandbox, turn: &Turn, epoch: u64) {
        let mut state = sandbox.lock();
        // What was counted before the state was replaced is gone.
        if sandbox.epoch() == epoch {
            uncount(&mut state.world, turn, Some(Counter::Effects(turn.rule)));
            sandbox.measure(&state);
        }
    }

    /// Executes a call for the `given` of a scenario: neither limits nor faults apply to data that is being prepared.
    pub(super) fn execute_given(
        &self,
        sandbox: &Sandbox,
        vendor: &Vendor,
        parsed: &Parsed<'_>,
        credential: Credential,
        wall: Timestamp,
    ) -> Executed {
        let mut guard = self.lock_up_to_date(sandbox, wall);
        guard.is_of_call();
        let state = &mut *guard;
        let now = state.world.clock().now(wall);
        let caller = Caller::count(&mut state.world, vendor, Some(credential));
        let handled = match parsed.row.clone() {
            Ok(row) => {
                let scope = self.scope(sandbox, vendor, &parsed.call, caller.account, now);
                self.run_handler(sandbox, state, row, scope, caller, None)
            }
            Err(refusal) => caller.answered(Err(refusal)),
        };
        sandbox.measure(state);
        executed(handled, &state.world, now, 0, Decision::default())
    }

    /// A call that the vendor itself answered: it is counted, and nothing else happens in the sandbox.
    pub(super) fn passed_on(&self, sandbox: &Sandbox, vendor: &Vendor, outcome: Outcome, notes: Vec<Note>, wall: Timestamp) -> Executed {
        let mut guard = self.lock_up_to_date(sandbox, wall);
        guard.is_of_call();
        let state = &mut *guard;
        let now = state.world.clock().now(wall);
        let Caller { name, number, .. } = Caller::count(&mut state.world, vendor, None);
        let handled = Handled { outcome, account: name, number, notes, has_failed: false, asked: Vec::new() };
        sandbox.measure(state);
        let executed = executed(handled, &state.world, now, 0, Decision::default());
        Executed { is_passed_on: true, dated: false, ..executed }
    }

    /// The scope in which a handler or an action runs.
    pub(super) fn scope<'w>(
        &'w self,
        sandbox: &'w Sandbox,
        vendor: &'w Vendor,
        call: &'w Call<'w>,
        account: AccountId,
        now: Timestamp,
    ) -> Scope<'w> {
        let (vendors, documents, public_urls) = (self.vendors.all(), &self.vendors, self.public_urls());
        let reachability = self.reachability();
        Scope { now, call, sandbox: &sandbox.name, reachability, public_urls, vendors, vendor, documents, account, hurry: None }
    }

    /// Runs the handler of a row as one transaction: what it changed is rolled back when it refuses, fails, or needs too much room.
    /// A business `failure` takes the place of its success.
    fn run_handler(
        &self,
        sandbox: &Sandbox,
        state: &mut State,
        row: &OperationRow,
        scope: Scope<'_>,
        caller: Caller,
        failure: Option<&WantedFailure>,
    ) -> Handled {
        let Caller { name, number, rng, credential, .. } = caller;
        let credential = credential.unwrap_or_else(|| Credential { account: Arc::clone(&name), fields: Arc::default() });
        let State { world, scenario, .. } = state;
        let hurry = scope.hurry;
        let (mut notes, mut asked, mut has_exceeded, mut instead) = (Vec::new(), Vec::new(), false, None);
        let done = transaction::in_transaction(world, Some(self.room(sandbox)), |world| {
            let mut cx = Cx::new(world, scenario.as_ref(), scope, credential, rng);
            cx.failure = failure;
            (cx.vendor.open)(&mut cx);
            let outcome = (row.handler)(&mut cx);
            if outcome.is_ok() {
                instead = failure.and_then(WantedFailure::outcome);
            }
            if outcome.is_ok() && instead.is_none() {
                parcels::run_steps_waiting_for_call(&mut cx);
            }
            notes = std::mem::take(&mut cx.notes);
            asked = cx.asked.take();
            has_exceeded = cx.docs.has_exceeded();
            if has_exceeded || instead.is_some() {
                return Err(Refusal::Broken);
            }
            // A login has switched the account.
            let owner = cx.docs.account();
            outcome.map(|reply| (reply, Arc::clone(&owner.name), owner.calls()))
        });
        if let (Some(outcome), false) = (instead, has_exceeded) {
            return Handled { outcome, account: name, number, notes, has_failed: true, asked };
        }
        let refusal = match done {
            Ok((reply, account, number)) => return Handled { outcome: Ok(reply), account, number, notes, has_failed: false, asked },
            Err(RolledBack::Refused(refusal)) => {
                if has_exceeded {
                    let detail = "the documents that it has to read are more than fit into one answer; ask for fewer at a time";
                    notes.push(Note::new(Note::ANSWER_TOO_LARGE, Blame::Sandbox, detail));
                }
                refusal
            }
            Err(RolledBack::Full { needs, room }) => {
                let detail = format!("{needs} bytes of documents do not fit, {room} are left");
                notes.push(Note::new(Note::SANDBOX_FULL, Blame::Sandbox, detail));
                Refusal::Broken
            }
            Err(RolledBack::Panicked(panic)) => {
                // One that was shown no more documents is begun again.
                if !hurry.is_some_and(Hurry::is_over) {
                    tracing::error!(operation = &*row.operation, panic, "a handler failed and was rolled back");
                }
                notes.push(Note::new(Note::SANDBOX_BROKEN, Blame::Sandbox, panic));
                Refusal::Broken
            }
        };
        Handled { outcome: Err(refusal), account: name, number, notes, has_failed: false, asked }
    }
}

impl Caller {
    /// Counts a call of the account that a credential opens, or of the account for unknown callers.
    fn count(world: &mut World, vendor: &Vendor, credential: Option<Credential>) -> Self {
        let account = world.open_account(&vendor.mount, credential.as_ref().map_or(NOBODY, |credential| &credential.account));
        let number = world.count_call(account);
        let name = Arc::clone(&world.accounts().get(account).name);
        let rng = entropy::stream(world.seed(), &[&vendor.id, &name], number);
        Self { account, name, number, rng, credential }
    }

    /// The result of a call that no handler ran for.
    fn answered(self, outcome: Outcome) -> Handled {
        Handled { outcome, account: self.name, number: self.number, notes: Vec::new(), has_failed: false, asked: Vec::new() }
    }
}

fn executed(handled: Handled, world: &World, at: Timestamp, nth: u64, decision: Decision) -> Executed {
    let Handled { outcome, account, number, mut notes, .. } = handled;
    let Decision { delay, wire, patch, failing, quota, effect, notes: remarks, state, .. } = decision;
    notes.extend(remarks);
    let (seed, dated) = (world.seed(), !world.clock().is_wall());
    let next_due = (world.clock().mode() == Mode::Frozen).then(|| {
        let resets_at = quota.as_ref().filter(|quota| quota.is_exceeded()).map(|quota| quota.resets_at);
        world.agenda().next().into_iter().chain(resets_at).min()
    });
    Executed {
        outcome,
        at,
        seed,
        account,
        number,
        restores: world.restores(),
        nth,
        quota,
        effect,
        dated,
        delay,
        wire,
        patch,
        patched_by: None,
        failing,
        is_answered: true,
        is_passed_on: false,
        notes,
        state,
        tried: None,
        next_due: next_due.flatten(),
    }
}

/// Authenticates a call, counts it, and asks the scenario about it. Vendors read stored documents here, which may be those of a
/// file that somebody else wrote.
fn admit<'m>(sandbox: &Sandbox, loaded: &LoadedVendor, parsed: &Parsed<'m>, state: &mut State, now: Timestamp) -> Admitted<'m> {
    let (vendor, call) = (&*loaded.vendor, &parsed.call);
    let mut identified = authenticate(sandbox, vendor, call, &mut state.world, now);
    let (credential, denied) = match std::mem::replace(&mut identified.granted, Ok(None)) {
        Ok(credential) => (credential, None),
        Err(Refusal::Unauthenticated(_)) if has_no_lock(loaded, parsed) => (None, None),
        Err(refusal) => (None, Some(refusal)),
    };
    let mut caller = Caller::count(&mut state.world, vendor, credential);
    let published = caller.credential.as_ref().zip(loaded.catalog().rate_limit(call.operation));
    let limit = published.map(|(credential, published)| Limit::of(published, credential, (vendor.is_test)(credential)));
    let quota = limit.map(|limit| limits::count(&mut state.world, caller.account, limit, now));
    let remark = match &denied {
        Some(Refusal::Unauthenticated(denial)) => Some(auth::denied(*denial, &sandbox.name, call)),
        _ => None,
    };
    let exceeded = quota.as_ref().filter(|quota| quota.is_exceeded() && state.scenario.enforces_limits());
    let row = match (&parsed.row, denied, exceeded) {
        (Err(Refusal::UnknownPath { .. }), denied, _) => Err(Refusal::UnknownPath { authenticated: denied.is_none() }),
        (_, Some(denied), _) => Err(denied),
        (_, None, Some(exceeded)) => Err(Refusal::RateLimited(exceeded.clone())),
        (row, None, None) => missing_scope(vendor, call, caller.credential.as_ref()).map_or_else(|| row.clone(), Err),
    };
    let values = CallValues::new(CallValues::STEPS);
    let (nth, mut decision) = decide(state, vendor, call, (&identified, &mut caller), now, row.is_err(), &values);
    decision.state = values.state.into_inner();
    decision.notes.extend(remark);
    Admitted { caller, quota, nth, decision, row }
}

/// Takes back that a call was counted for a rule of a scenario or fault, because it had no effect in the end.
fn uncount(world: &mut World, turn: &Turn, effect: Option<Counter>) {
    let (_, mut tally) = world.tally(turn.owner.clone());
    for counter in turn.counters().chain(effect) {
        let before = tally.get(&counter).filter(|count| count.calls > 1);
        tally.set(counter, before.map(|count| Count { calls: count.calls - 1, ..count }));
    }
}

/// Which call of its operation by its account it is, and what happens to it: the first fault that has something to do decides,
/// else the scenario.
fn decide(
    state: &mut State,
    vendor: &Vendor,
    call: &Call<'_>,
    (identified, caller): (&Identified, &mut Caller),
    now: Timestamp,
    is_refused: bool,
    values: &CallValues,
) -> (u64, Decision) {
    let State { world, scenario, faults, .. } = state;
    let credential = identified.row.as_ref();
    let whose = credential.map_or(caller.account, |row| world.open_account(&vendor.mount, &row.account));
    let account = credential.is_some().then_some(whose);
    // Calls that lead to no operation are those of one without an id.
    let name = call.operation.map_or_else(|| Name::from(format!("{}.", vendor.id)), |operation| Arc::clone(&operation.name).into());
    let (_, mut tally) = world.tally(Name::default());
    let of_all = tally.add(Counter::Calls(account, name.clone()));
    let (nth, stranger) = match &identified.stranger {
        Some(stranger) => tally.add_of_stranger(&name, stranger),
        None => (of_all, None),
    };
    // Which call of its account a login is, is known when it was let in.
    let is_login = credential.is_some() && is_open(call);
    let drawn_from = (world.seed(), if is_login { nth } else { caller.number });
    let mut ask = |owner: Name, scenario: &dyn ScenarioRuntime| {
        let (accounts, mut tally) = world.tally(owner);
        let documents = accounts.get(whose);
        let (vendor, failures, state) = (&*vendor.id, vendor.failures, vendor.state);
        let view = View {
            vendor,
            call,
            nth,
            account,
            documents,
            credential,
            stranger: stranger.as_ref(),
            drawn_from,
            failures,
            is_refused,
            state,
            now,
            values,
        };
        scenario.decide(&view, &mut tally, &mut caller.rng)
    };
    let (mut quota, mut skipped, mut tried) = (None, Vec::new(), Vec::new());
    for fault in faults.iter() {
        let mut decision = ask(fault.name.clone(), fault.runtime.as_ref());
        decision.taken_back.iter_mut().chain(&mut decision.skipped).for_each(|turn| turn.owner = fault.name.clone());
        skipped.append(&mut decision.skipped);
        tried.extend(Met::of_fault(&fault.name, fault.runtime.sense(), std::mem::take(&mut decision.tried)));
        if let Some(effect) = decision.effect {
            let effect = Effect { name: fault.name.to_string(), line: None, ..effect };
            return (nth, Decision { effect: Some(effect), skipped, tried, ..decision });
        }
        if decision.instead.is_some() {
            return (nth, Decision { tried, ..decision });
        }
        quota = quota.or(decision.quota);
    }
    let mut decision = ask(Name::default(), scenario.as_ref());
    skipped.append(&mut decision.skipped);
    tried.append(&mut decision.tried);
    (nth, Decision { quota: decision.quota.or(quota), skipped, tried, ..decision })
}
