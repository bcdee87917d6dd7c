//! Binds a scenario to the engine: its start, its overrides, its limits and its timelines.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use rand::RngExt as _;
use serde_json::{Map, Value};

use crate::base::entropy::Rng;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::carrier::{self, Parcel, Status, When};
use crate::engine::webhooks;
use crate::engine::{
    AccountRows, Body, Decision, Instead, Limit, Machine, Patch, Quota, Refusal, Reply, Sandbox, ScenarioRuntime, Start, UnusedRule, View,
    WebhookChaos,
};
use crate::engine::{BusinessFailure, CARRIER_REFUSES, WantedFailure};
use crate::scenario::ast::{
    self, Account, Between, ClockMode, Credentials, Effect, Failure, Fault, Override, Pattern, Per, RateLimit, RateLimits, Response,
    Scenario, Then, Trigger, Webhooks,
};
use crate::scenario::check::Vocabulary;
use crate::scenario::error::{Diagnostic, Span, Spanned};
use crate::scenario::facts::{CallFacts, ParcelFacts};
use crate::scenario::parse;
use crate::scenario::template::{MAX_RENDERED, Template};
use crate::world::{self, Blame, Clock, Count, Counter, Counters, EffectKind, Mode, Note, Tally, World};

impl Scenario {
    /// The scenario that changes nothing.
    ///
    /// # Panics
    /// Never: an empty mapping is a scenario.
    #[must_use]
    pub fn plain() -> Arc<Self> {
        static PLAIN: OnceLock<Arc<Scenario>> = OnceLock::new();
        let read = || Arc::new(parse::parse("name: default", "default").expect("a mapping with a name is a scenario"));
        Arc::clone(PLAIN.get_or_init(read))
    }
}

impl From<ClockMode> for Mode {
    fn from(mode: ClockMode) -> Self {
        match mode {
            ClockMode::Frozen => Self::Frozen,
            ClockMode::Realtime => Self::Realtime,
            ClockMode::Speed(factor) => Self::Speed(factor),
        }
    }
}

impl From<Mode> for ClockMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Frozen => Self::Frozen,
            Mode::Realtime => Self::Realtime,
            Mode::Speed(factor) => Self::Speed(factor),
        }
    }
}

/// The start of a sandbox under a scenario, at the wall's time `wall`.
#[must_use]
pub fn start(scenario: &Arc<Scenario>, wall: Timestamp) -> Start {
    let mode = scenario.clock.mode.map_or(Mode::Realtime, Into::into);
    let accounts = scenario.accounts.iter().map(|(mount, rows)| (mount.clone(), rows.iter().map(row).collect()));
    Start {
        seed: scenario.seed,
        clock: Clock::new(mode, scenario.clock.start, wall),
        accounts: accounts.collect(),
        any_credential: matches!(scenario.credentials, Credentials::Any),
        scenario: Arc::new(Runtime::new(Arc::clone(scenario))),
        scenario_name: scenario.name.clone().unwrap_or_else(|| "unnamed".to_owned()),
    }
}

/// A staged sandbox under a scenario, with the data of its `given`.
///
/// # Errors
/// A diagnostic for every row of `given` that its operation refuses.
pub fn stage(
    machine: &Machine,
    name: &str,
    scenario: &Arc<Scenario>,
    world: Option<World>,
    wall: Timestamp,
) -> Result<Arc<Sandbox>, Vec<Diagnostic>> {
    let is_new = world.is_none();
    let sandbox = machine.stage(name, start(scenario, wall), world);
    let mut problems = Vec::new();
    for given in &scenario.given {
        let operation = format!("{}.{}", given.operation.vendor, given.operation.id);
        let answer = machine.perform(&sandbox, &operation, &given.body, wall);
        let Some(answer) = answer.filter(|answer| !answer.status.is_success()) else { continue };
        let body = String::from_utf8_lossy(&answer.body);
        let message = format!("`{operation}` refuses this row with {}: {body:.400}", answer.status.as_u16());
        let is_full = answer.notes().iter().any(|note| note.code == Note::SANDBOX_FULL);
        let help = match is_full {
            true => "the sandbox may not hold so much data (`--sandbox-bytes`, `--total-bytes`)",
            false => "a row is the body of a request that this operation accepts",
        };
        problems.push(Diagnostic::at("S017", message, &scenario.source, given.operation.span, help));
    }
    if is_new {
        subscribe(machine, &sandbox, scenario, wall, &mut problems);
    }
    sandbox.mark_initial_state();
    if problems.is_empty() { Ok(sandbox) } else { Err(problems) }
}

/// Creates the subscriptions of the scenario.
fn subscribe(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario, wall: Timestamp, problems: &mut Vec<Diagnostic>) {
    for row in &scenario.subscriptions {
        let Some(vendor) = machine.vendors().find(&row.vendor.value) else { continue };
        let known = vendor.webhooks.events;
        if known.is_empty() {
            let help = "leave the row out, or name a vendor that has webhooks";
            problems.push(Diagnostic::at("S017", format!("{} has no webhooks", vendor.id), &scenario.source, row.vendor.span, help));
        }
        for event in row.events.iter().filter(|event| event.value != "*" && !known.contains(&event.value.as_str())) {
            let message = format!("`{}` is no event of {}", event.value, vendor.id);
            let help = format!("expected `*` or some of {}", known.join(", "));
            problems.push(Diagnostic::at("S017", message, &scenario.source, event.span, &help));
        }
        let subscribed = machine.as_account(sandbox, &vendor.id, row.account.as_deref(), wall, |cx| {
            let mut events: Vec<String> = row.events.iter().map(|event| event.value.clone()).collect();
            if events.is_empty() {
                events.push("*".to_owned());
            }
            let mut subscription = webhooks::Subscription::new(&row.url, events, cx.now);
            subscription.format = if row.form { webhooks::Format::Form } else { webhooks::Format::Json };
            subscription.secret.clone_from(&row.secret);
            cx.subscribe(subscription);
        });
        if let Err(why) = subscribed {
            let message =
                format!("nobody can subscribe as the account `{}` of {}: {why}", row.account.as_deref().unwrap_or_default(), vendor.id);
            let help = "name the account of a credential, or leave `account` out";
            problems.push(Diagnostic::at("S017", message, &scenario.source, row.vendor.span, help));
        }
    }
}

/// A scenario as its runtime alone, without the rest of a [`Start`].
#[must_use]
pub fn runtime(scenario: Scenario) -> Arc<dyn ScenarioRuntime> {
    Arc::new(Runtime::new(Arc::new(scenario)))
}

/// The scenario that a sandbox runs under; the plain one if it is none of a file.
#[must_use]
pub fn scenario_of(runtime: &dyn ScenarioRuntime) -> Arc<Scenario> {
    let runtime: &dyn Any = runtime;
    runtime.downcast_ref::<Runtime>().map_or_else(Scenario::plain, |runtime| Arc::clone(&runtime.scenario))
}

/// What a machine has names for.
pub struct MachineVocabulary<'m>(pub &'m Machine);

impl Vocabulary for MachineVocabulary<'_> {
    fn vendors(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.vendors().all().iter().map(|vendor| &*vendor.id))
    }

    fn operations(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.vendors().loaded().iter().flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.name))
    }

    fn events(&self) -> Vec<&str> {
        let mut events: Vec<_> = self.0.vendors().all().iter().flat_map(|vendor| vendor.webhooks.events).copied().collect();
        events.sort_unstable();
        events.dedup();
        events
    }

    fn failures(&self) -> Box<dyn Iterator<Item = (&str, &'static BusinessFailure)> + '_> {
        let vendors = self.0.vendors().all().iter();
        Box::new(vendors.flat_map(|vendor| vendor.failures.named.iter().map(|row| (&*vendor.id, row))))
    }

    fn mounts(&self) -> Vec<(&str, &AccountRows)> {
        let mut mounts: Vec<(&str, &AccountRows)> = Vec::new();
        for vendor in self.0.vendors().all() {
            if mounts.iter().all(|(mount, _)| vendor.mount != *mount) {
                mounts.push((&vendor.mount, vendor.accounts));
            }
        }
        mounts
    }
}

fn row(account: &Account) -> Map<String, Value> {
    let mut members = account.members.clone();
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some(name) = &account.account {
        add("account", name.as_str().into());
    }
    if let Some(expires) = account.expires {
        add("expires", expires.to_string().into());
    }
    if account.revoked {
        add("revoked", true.into());
    }
    members
}

/// A scenario, bound to the engine.
struct Runtime {
    scenario: Arc<Scenario>,
    timelines: BTreeMap<String, Arc<carrier::Timeline>>,
    /// Where the lines of its text begin.
    line_starts: Vec<usize>,
}

impl Runtime {
    fn new(scenario: Arc<Scenario>) -> Self {
        let own = scenario.timelines.iter().filter(|timeline| timeline.library.is_none());
        let timelines = own.map(|timeline| {
            let steps = timeline.steps.iter().map(|step| carrier::Step {
                when: match &step.trigger {
                    Trigger::At(offset, from) => When::At(*offset, *from),
                    Trigger::AfterReads(reads) => When::AfterReads(u32::try_from(*reads).unwrap_or(u32::MAX)),
                    Trigger::On(operations) => When::OnCall(operations.value.to_string()),
                },
                status: Status::from_word(&step.status).unwrap_or(Status::Unknown),
                code: step.code.clone(),
                message: step.message.clone(),
                location: step.location.as_ref().map(|place| carrier::Location {
                    city: place.city.clone().unwrap_or_default(),
                    state: place.state.clone().unwrap_or_default(),
                    zip: place.postcode.clone().unwrap_or_default(),
                    country: place.country.clone().unwrap_or_default(),
                }),
            });
            let bound = carrier::Timeline { steps: steps.collect(), repeat: matches!(timeline.then, Then::Repeat), late: false };
            (timeline.name.value.clone(), Arc::new(bound))
        });
        let timelines = timelines.collect();
        let line_starts = scenario.source.text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(line_starts).collect();
        Self { scenario, timelines, line_starts }
    }

    /// The line that a span begins in, from 1.
    fn line(&self, span: Span) -> usize {
        self.line_starts.partition_point(|start| *start <= span.start)
    }
}

impl ScenarioRuntime for Runtime {
    fn decide(&self, view: &View<'_>, tally: &mut Tally<'_>, rng: &mut Rng) -> Decision {
        let Some(operation) = view.call.operation else { return Decision::default() };
        if self.scenario.overrides.is_empty() {
            return Decision::default();
        }
        let scope = CallFacts::current(view);
        let mut quota = None;
        for (index, row) in self.scenario.overrides.iter().enumerate() {
            let fits = row.on.matches(view.vendor, &operation.id)
                && can_happen(row, view, &operation.id)
                && row.when.as_ref().is_none_or(|when| when.is_true(&scope));
            if view.values.steps.get() == 0 {
                return too_large(TOO_MANY_STEPS);
            }
            if !fits {
                continue;
            }
            let turn = tally.add(Counter::Matched(index));
            if turn <= row.skip || row.times.is_some_and(|times| turn - row.skip > times) {
                continue;
            }
            if let Some(decision) = effect(index, row, view, tally, &mut quota, rng) {
                let nth = tally.add(Counter::Effects(index));
                let line = Some(self.line(row.span));
                let effect = world::Effect { kind: kind(row), name: row.on.value.to_string(), line, nth, committed: false };
                return Decision { quota, effect: Some(effect), ..decision };
            }
        }
        Decision { quota, ..Decision::default() }
    }

    fn timeline_of(&self, vendor: &str, parcel: &Parcel, tally: &mut Tally<'_>) -> Option<String> {
        if self.scenario.timelines.is_empty() {
            return None;
        }
        let scope = ParcelFacts::of(parcel);
        let fits = |when: &crate::scenario::ast::Condition| when.is_true(&scope);
        let found =
            self.scenario.timelines.iter().find(|timeline| {
                timeline.vendor.as_ref().is_none_or(|only| only.value == vendor) && timeline.when.as_ref().is_none_or(fits)
            })?;
        tally.add(Counter::Parcels(found.name.value.clone().into()));
        Some(found.library.as_ref().unwrap_or(&found.name.value).clone())
    }

    fn timeline(&self, name: &str) -> Option<Arc<carrier::Timeline>> {
        self.timelines.get(name).cloned()
    }

    fn timeline_names(&self) -> Vec<String> {
        self.timelines.keys().cloned().collect()
    }

    fn webhook_chaos(&self) -> WebhookChaos {
        let Webhooks { duplicate, reorder, delay, drop } = self.scenario.webhooks;
        let delay = delay.map_or((Duration::ZERO, Duration::ZERO), |delay| (delay.min, delay.max));
        WebhookChaos { duplicate, drop, reorder, delay }
    }

    fn enforces_limits(&self) -> bool {
        self.scenario.rate_limits == RateLimits::Vendor
    }

    fn source(&self) -> &str {
        &self.scenario.source.text
    }

    fn bytes(&self) -> usize {
        self.scenario.source.text.len() + self.scenario.bytes
    }

    fn unused(&self, counters: &Counters) -> Vec<UnusedRule> {
        let counted = |counter| counters.get("", &counter).map(|count| count.calls);
        let line = |span: Span| Some(self.line(span));
        let called: Vec<&str> = counters.of("").filter_map(|(counter, _)| counter.vendor()).collect();
        let is_called = |vendor: &str| called.contains(&vendor);
        let is_meant = |on: &Pattern| on.vendor().map_or(!called.is_empty(), is_called);
        let overrides = self.scenario.overrides.iter().enumerate();
        let overrides = overrides.filter(|(index, row)| counted(Counter::Effects(*index)).is_none() && is_meant(&row.on.value));
        let overrides = overrides.map(|(index, row)| {
            let detail = match (counted(Counter::Matched(index)), &row.effect) {
                (None, _) => "no call came to it".to_owned(),
                (Some(calls), Some(Effect::RateLimit(_))) if row.skip < calls => format!("none of {calls} calls was one too many"),
                (Some(calls), _) => format!("it skipped each of {calls} calls"),
            };
            UnusedRule { what: "override", name: row.on.value.to_string(), line: line(row.span), detail }
        });
        let is_empty = |name: &str| counted(Counter::Parcels(name.to_owned().into())).is_none();
        let is_meant = |vendor: Option<&Spanned<String>>| vendor.map_or(!called.is_empty(), |vendor| is_called(vendor));
        let timelines = self.scenario.timelines.iter();
        let timelines = timelines.filter(|timeline| is_empty(&timeline.name.value) && is_meant(timeline.vendor.as_ref()));
        let timelines = timelines.map(|timeline| {
            let detail = "no parcel was put on it".to_owned();
            UnusedRule { what: "timeline", name: timeline.name.value.clone(), line: line(timeline.name.span), detail }
        });
        overrides.chain(timelines).collect()
    }
}

/// The effect of an override that matches a call; `None` when it has none this time, so that the next one is tried. `quota` is
/// the limit that the call was counted against so far: the first one, or the one that it exceeds.
fn effect(
    index: usize,
    row: &Override,
    view: &View<'_>,
    tally: &mut Tally<'_>,
    quota: &mut Option<Quota>,
    rng: &mut Rng,
) -> Option<Decision> {
    let mut decision =
        Decision { delay: row.latency.as_ref().map_or(Duration::ZERO, |latency| within(latency, rng)), ..Decision::default() };
    match &row.effect {
        None => {}
        Some(Effect::Respond(response)) => match reply(response, &CallFacts::current(view)) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(reply) => decision.instead = Some(Instead::Reply(reply)),
            None => decision = too_large(&format!("its answer would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::Patch(patch)) => match changes(patch, &CallFacts::current(view)) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(patch) => decision.patch = Some(Box::new(patch)),
            None => decision = too_large(&format!("its patch would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::Fault(fault)) => fail(fault, &mut decision),
        Some(Effect::Refuse(refusal)) => match failure(index, refusal, view) {
            _ if view.values.steps.get() == 0 => decision = too_large(TOO_MANY_STEPS),
            Some(failure) => decision.failure = Some(Box::new(failure)),
            None => decision = too_large(&format!("its text would have more than {MAX_RENDERED} bytes")),
        },
        Some(Effect::RateLimit(limit)) => {
            let counted = count(index, limit, view, tally);
            if !counted.is_exceeded() {
                quota.get_or_insert(counted);
                return None;
            }
            *quota = Some(counted.clone());
            decision.instead = Some(Instead::Refusal(Refusal::RateLimited(counted)));
        }
    }
    Some(decision)
}

/// Whether an override can have its effect on a call: business failures are told of calls that the vendor would handle, and only by the
/// operations that have them.
fn can_happen(row: &Override, view: &View<'_>, operation: &str) -> bool {
    let Some(Effect::Refuse(refusal)) = &row.effect else { return true };
    let has = |name: &Spanned<String>| view.failures.find(&name.value, operation).is_some();
    !view.is_refused && refusal.failure.as_ref().is_none_or(has)
}

/// What the vendor says no to; `None` when its text is too large.
fn failure(index: usize, refusal: &ast::Refusal, view: &View<'_>) -> Option<WantedFailure> {
    let operation = view.call.operation.map_or("", |operation| operation.id.as_str());
    let name = refusal.failure.as_ref().map_or(CARRIER_REFUSES, |name| &name.value);
    let text = match &refusal.text {
        Some(text) => Some(text.render_text(&CallFacts::current(view), &mut { MAX_RENDERED })?),
        None => None,
    };
    Some(WantedFailure::new(index, view.failures, view.failures.find(name, operation), text))
}

/// Counts a call against a limit of the scenario.
fn count(index: usize, limit: &RateLimit, view: &View<'_>, tally: &mut Tally<'_>) -> Quota {
    let whom = match limit.per {
        Per::Credential => view.account,
        Per::Sandbox => None,
    };
    let window = SignedDuration::try_from(limit.window).unwrap_or(SignedDuration::MAX);
    let limit = Limit { class: Name::new("scenario"), calls: limit.limit, window, aligned: false };
    let counter = Counter::Window(index, whom);
    let before = tally.get(&counter).and_then(|count| Some((count.began?, count.calls)));
    let (quota, (began, calls)) = limit.count(before, view.now);
    tally.set(counter, Some(Count { began: Some(began), calls }));
    quota
}

pub(super) fn kind(row: &Override) -> EffectKind {
    match &row.effect {
        None => EffectKind::Latency,
        Some(Effect::Respond(_)) => EffectKind::Respond,
        Some(Effect::Patch(_)) => EffectKind::Patch,
        Some(Effect::Fault(_) | Effect::Refuse(ast::Refusal { failure: Some(_), .. })) => EffectKind::Fault,
        Some(Effect::Refuse(_)) => EffectKind::Refuse,
        Some(Effect::RateLimit(_)) => EffectKind::RateLimit,
    }
}

fn fail(fault: &Fault, decision: &mut Decision) {
    match fault.then {
        Failure::Wire(wire) => decision.wire = Some(wire),
        Failure::Status(status) => decision.failing = StatusCode::from_u16(status).ok(),
    }
    if fault.commit {
        return;
    }
    decision.instead = match fault.then {
        Failure::Status(_) => Some(Instead::Refusal(Refusal::Broken)),
        // An answer that is sent in part or changed is that of the behavior, which therefore has to run.
        Failure::Wire(wire) => (!wire.needs_answer()).then_some(Instead::Nothing),
    };
}

const TOO_MANY_STEPS: &str = "its conditions and templates take more steps than they may for one call";

/// The vendor's answer for a failure of its own, because the scenario is too much for one call.
fn too_large(detail: &str) -> Decision {
    let notes = vec![Note::new(Note::SCENARIO_TOO_LARGE, Blame::Scenario, detail)];
    Decision { instead: Some(Instead::Refusal(Refusal::Broken)), notes, ..Decision::default() }
}

fn rendered(rows: &[(String, Template)], scope: &CallFacts<'_>, room: &mut usize) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in rows {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value.render_text(scope, room)?)) {
            headers.append(name, value);
        }
    }
    Some(headers)
}

/// The changes of an answer; `None` when they are too large.
fn changes(patch: &ast::Patch, scope: &CallFacts<'_>) -> Option<Patch> {
    let mut room = MAX_RENDERED;
    let headers = rendered(&patch.headers, scope, &mut room)?;
    let merge = match &patch.body {
        Some(body) => Some(body.render(scope, &mut room)?),
        None => None,
    };
    let mut set = Vec::with_capacity(patch.set.len());
    for (pointer, value) in &patch.set {
        set.push((pointer.clone(), value.render(scope, &mut room)?));
    }
    let status = patch.status.and_then(|status| StatusCode::from_u16(status).ok());
    Some(Patch { status, headers, merge, set, remove: patch.remove.clone() })
}

/// An answer written by hand; `None` when it is too large.
fn reply(response: &Response, scope: &CallFacts<'_>) -> Option<Reply> {
    let mut room = MAX_RENDERED;
    let headers = rendered(&response.headers, scope, &mut room)?;
    let body = match &response.body {
        None => None,
        Some(body) => Some(body.render(scope, &mut room)?),
    };
    let body = match body {
        None => Body::Empty,
        Some(Value::String(text)) if headers.contains_key(http::header::CONTENT_TYPE) => Body::Bytes(text.into()),
        Some(value) => Body::Json(Box::new(value)),
    };
    Some(Reply { status: StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK), headers, body })
}

fn within(latency: &Between<Duration>, rng: &mut Rng) -> Duration {
    if latency.max > latency.min { rng.random_range(latency.min..=latency.max) } else { latency.min }
}
