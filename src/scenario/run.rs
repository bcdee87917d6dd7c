//! Binds a scenario to the engine: its start, its overrides, its limits and its timelines.

mod edited;
mod effects;
mod given;
mod turns;
mod waiting;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value};

use crate::base::entropy::{self, Rng};
use crate::base::time::Timestamp;
use crate::carrier::{self, Parcel, Status, When};
use crate::engine::webhooks;
use crate::engine::{
    ActionError, Cx, Decision, Kept, Machine, ROTATES_TO, Sandbox, ScenarioRuntime, Start, UnusedRule, View, WebhookChaos,
};
use crate::scenario::ast::{
    Account, After, ClockMode, Credentials, Effect, Moment, Override, Pattern, RateLimits, Scenario, Then, Trigger, Webhooks,
};
use crate::scenario::error::{Diagnostic, Span, Spanned};
use crate::scenario::facts::{CallFacts, ParcelFacts};
use crate::scenario::index::Index;
use crate::scenario::parse;
use crate::scenario::parse::first_of;
pub use crate::scenario::vocabulary::MachineVocabulary;
use crate::world::{self, Clock, Counter, How, Met, Mode, Tally, World, aside};

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

impl Scenario {
    /// What sandboxes show of it.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or("unnamed")
    }

    /// Whether another text is about the same world, whatever its names, comments, places for anchors and order of members.
    #[must_use]
    pub fn does_the_same(&self, text: &str) -> bool {
        if self.source.text == text {
            return true;
        }
        let own = meant(&self.source.text);
        own.is_some() && own == meant(text)
    }
}

/// The members of a text that are about the world of its sandbox.
fn meant(text: &str) -> Option<Map<String, Value>> {
    let Some(Value::Object(mut members)) = parse::whole(text) else { return None };
    members.retain(|name, _| !["name", "description"].contains(&name.as_str()) && !name.starts_with("x-"));
    Some(members)
}

/// What a scenario's text says in one form: texts [do the same](Scenario::does_the_same) whose forms are the same.
#[must_use]
pub fn canonical(text: &str) -> String {
    let mut form = String::new();
    match meant(text) {
        Some(members) => write_in_order(&Value::Object(members), &mut form),
        None => form.push_str(text),
    }
    form
}

/// A number of what the overrides of a text mean, whatever stands around them: the same for texts that differ in comments, names and the
/// order of members alone, and never 0.
fn sense(text: &str) -> u32 {
    let mut meant = String::new();
    match parse::whole(text) {
        // That of a fault is one override.
        Some(whole) => write_in_order(whole.get("overrides").unwrap_or(&whole), &mut meant),
        None => meant.push_str(text),
    }
    let digest = entropy::fingerprint(meant.as_bytes());
    u32::try_from((digest ^ digest >> 32) & u64::from(u32::MAX)).unwrap_or_default().max(1)
}

/// Writes a value with its members in the order of their names.
fn write_in_order(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut rows: Vec<_> = members.iter().collect();
            rows.sort_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in rows {
                out.push_str(name);
                out.push(':');
                write_in_order(value, out);
            }
            out.push('}');
        }
        Value::Array(rows) => {
            out.push('[');
            rows.iter().for_each(|row| write_in_order(row, out));
            out.push(']');
        }
        value => {
            out.push_str(&value.to_string());
            out.push(',');
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
        scenario_name: scenario.shown_name().to_owned(),
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
    let mut problems = given::make(machine, &sandbox, scenario, wall);
    if is_new {
        subscribe(machine, &sandbox, scenario, wall, &mut problems);
    }
    sandbox.mark_initial_state(wall);
    if problems.is_empty() { Ok(sandbox) } else { Err(first_of(problems)) }
}

/// Creates the subscriptions of the scenario.
fn subscribe(machine: &Machine, sandbox: &Sandbox, scenario: &Scenario, wall: Timestamp, problems: &mut Vec<Diagnostic>) {
    for row in &scenario.subscriptions {
        let Some(vendor) = machine.vendors().find(&row.vendor.value) else { continue };
        let subscribe = |cx: &mut Cx<'_>| {
            let mut events: Vec<String> = row.events.iter().map(|event| event.value.clone()).collect();
            if events.is_empty() {
                events.push("*".to_owned());
            }
            let mut subscription = webhooks::Subscription::new(&row.url.value, events, cx.now);
            subscription.format = if row.form { webhooks::Format::Form } else { webhooks::Format::Json };
            subscription.secret.clone_from(&row.secret);
            cx.subscribe(subscription);
        };
        // An account is several where its credentials have worlds of their own.
        let accounts = machine.accounts_called(sandbox, vendor, row.account.as_deref(), wall);
        let mut subscribed = accounts.iter().map(|account| machine.as_account(sandbox, &vendor.id, Some(account), wall, subscribe));
        let failed = if accounts.is_empty() { Some(ActionError::Missing) } else { subscribed.find_map(Result::err) };
        if let Some(why) = failed {
            let message =
                format!("nobody can subscribe as the account `{}` of {}: {why}", row.account.as_deref().unwrap_or_default(), vendor.id);
            let help = "name the account of a credential, or leave `account` out";
            problems.push(Diagnostic::at("S021", message, &scenario.source, row.account_span.unwrap_or(row.vendor.span), help));
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

pub(super) fn row(account: &Account) -> Map<String, Value> {
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
    if !account.rotates_to.is_empty() {
        add(ROTATES_TO, account.rotates_to.clone().into());
    }
    members
}

/// A scenario, bound to the engine.
struct Runtime {
    scenario: Arc<Scenario>,
    /// Which overrides a call can meet.
    index: Index,
    timelines: BTreeMap<String, Arc<carrier::Timeline>>,
    /// Where the lines of its text begin.
    line_starts: Vec<usize>,
    sense: u32,
    /// How many objects each override counts, that counts some by themselves.
    objects: u64,
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
        let index = Index::of(&scenario.overrides);
        let sense = if scenario.overrides.is_empty() { 0 } else { sense(&scenario.source.text) };
        let counting = scenario.overrides.iter().filter(|row| row.per.is_some()).count() as u64;
        Self { scenario, index, timelines, line_starts, sense, objects: turns::OBJECTS / counting.max(1) }
    }

    /// The line of its file that a span begins in, from 1.
    fn line(&self, span: Span) -> usize {
        let of = |byte: usize| self.line_starts.partition_point(|start| *start <= byte);
        of(span.start) - of(self.scenario.source.file_at(span.start).0) + 1
    }
}

impl ScenarioRuntime for Runtime {
    fn decide(&self, view: &View<'_>, tally: &mut Tally<'_>, rng: &mut Rng) -> Decision {
        // A call that leads to no operation meets what is for all of its vendor.
        let id = view.call.operation.map_or("", |operation| &operation.id);
        if self.scenario.overrides.is_empty() {
            return Decision::default();
        }
        let scope = CallFacts::current(view);
        let (mut quota, mut skipped, mut tried) = (None, Vec::new(), Vec::new());
        let mut named = turns::Named::default();
        for index in self.index.find(&format!("{}.{id}", view.vendor), &scope) {
            let row = &self.scenario.overrides[index];
            let fits = effects::can_happen(row, view, id) && row.when.as_ref().is_none_or(|when| when.is_true(&scope));
            if view.values.steps.get() == 0 {
                tried.push(Met::new(index, How::TooMuch));
                return Decision { tried, ..effects::too_large(effects::TOO_MANY_STEPS) };
            }
            if !fits {
                continue;
            }
            if let Some(how) = row.after.as_ref().and_then(|after| turns::outside(index, after, view, id, tally)) {
                tried.push(Met::new(index, how));
                continue;
            }
            let object = row.per.as_ref().map(|per| named.of(per, view, &scope));
            if view.values.steps.get() == 0 {
                tried.push(Met::new(index, How::TooMuch));
                return Decision { tried, ..effects::too_large(effects::TOO_MANY_STEPS) };
            }
            let turn = tally.add(Counter::Matched(index));
            let turn = match &object {
                Some(object) => tally.add_of_object(index, object.clone(), view.now, self.objects),
                None => turn,
            };
            if turn <= row.skip {
                skipped.extend(effects::turn(index, row, view, id, object));
                tried.push(Met::new(index, How::Skipped));
                continue;
            }
            if row.times.is_some_and(|times| turn - row.skip > times) {
                tried.push(Met::new(index, How::UsedUp));
                continue;
            }
            if let Some(decision) = effects::effect(index, row, view, object, tally, (&mut quota, rng)) {
                let nth = tally.add(Counter::Effects(index));
                let line = Some(self.line(row.place));
                let effect = world::Effect {
                    kind: effects::kind(row),
                    name: self.scenario.named(&row.on.value, row.place),
                    line,
                    nth,
                    committed: false,
                    failure: effects::failure_of(&decision),
                    lasts: None,
                    latency: None,
                };
                tried.push(Met::new(index, How::Fired));
                return Decision { quota, effect: Some(effect), skipped, tried, ..decision };
            }
            tried.push(Met::new(index, How::Within));
        }
        Decision { quota, skipped, tried, ..Decision::default() }
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
        let Webhooks { duplicate, reorder, delay, drop, forged, .. } = self.scenario.webhooks;
        let delay = delay.map_or((Duration::ZERO, Duration::ZERO), |delay| (delay.min, delay.max));
        WebhookChaos { duplicate, drop, forged: forged.map(|(share, _)| share), reorder, delay }
    }

    fn enforces_limits(&self) -> bool {
        self.scenario.rate_limits == RateLimits::Vendor
    }

    fn counts_time(&self) -> bool {
        let is_timed = |row: &Override| matches!(&row.after, Some(After { moment: Moment::Time(..), .. }));
        self.scenario.overrides.iter().any(is_timed)
    }

    fn sense(&self) -> u32 {
        self.sense
    }

    fn kept_of(&self, before: &dyn ScenarioRuntime) -> Kept {
        edited::kept(&scenario_of(before), &self.scenario)
    }

    fn source(&self) -> &str {
        &self.scenario.source.text
    }

    fn bytes(&self) -> usize {
        self.scenario.source.text.len() + self.scenario.bytes
    }

    fn unused(&self, world: &World) -> Vec<UnusedRule> {
        let counters = world.counters();
        let counted = |counter| counters.ever("", &counter);
        let line = |span: Span| Some(self.line(span));
        let called: Vec<_> = counters
            .of("")
            .chain(counters.of(&aside("")))
            .filter_map(|(counter, count)| Some((counter.operation()?, count.calls)))
            .collect();
        let is_called = |vendor: &str| called.iter().any(|((of, _), _)| *of == vendor);
        let came = |on: &Pattern| called.iter().filter(|((vendor, id), _)| on.matches(vendor, id)).map(|(_, calls)| calls).sum::<u64>();
        let is_meant = |on: &Pattern| on.vendor().map_or(!called.is_empty(), is_called);
        let overrides = self.scenario.overrides.iter().enumerate();
        let overrides = overrides.filter(|(index, row)| counted(Counter::Effects(*index)).is_none() && is_meant(&row.on.value));
        let overrides = overrides.map(|(index, row)| {
            let detail = match (counted(Counter::Matched(index)), &row.effect) {
                (None, _) => match came(&row.on.value) {
                    0 => "no call came to it".to_owned(),
                    calls if row.after.is_some() => {
                        let after = row.after.as_ref().map_or("", |after| &after.text);
                        format!("none of {calls} calls fulfilled its conditions while `after: {after}` held")
                    }
                    calls => {
                        let otherwise = match &row.effect {
                            Some(Effect::Patch(_)) => ", or their answers have none of the places that it changes",
                            _ if row.needs_work() => ", or the vendor refused them for a reason of its own",
                            _ => "",
                        };
                        format!("none of {calls} calls fulfilled its conditions, or all were taken by an earlier one{otherwise}")
                    }
                },
                (Some(calls), Some(Effect::RateLimit(_))) if row.skip < calls => format!("none of {calls} calls was one too many"),
                (Some(calls), _) => match &row.per {
                    Some(per) => format!("it skipped each of {calls} calls, counted by `{}`", per.text),
                    None => format!("it skipped each of {calls} calls"),
                },
            };
            UnusedRule { what: "override".into(), name: self.scenario.named(&row.on.value, row.place), line: line(row.place), detail }
        });
        let is_empty = |name: &str| counted(Counter::Parcels(name.to_owned().into())).is_none();
        let is_meant = |vendor: Option<&Spanned<String>>| vendor.map_or(!called.is_empty(), |vendor| is_called(vendor));
        let timelines = self.scenario.timelines.iter();
        let timelines = timelines.filter(|timeline| is_empty(&timeline.name.value) && is_meant(timeline.vendor.as_ref()));
        let timelines = timelines.map(|timeline| {
            let detail = "no parcel was put on it".to_owned();
            UnusedRule {
                what: "timeline".into(),
                name: self.scenario.named(&timeline.name.value, timeline.name.span),
                line: line(timeline.name.span),
                detail,
            }
        });
        let steps = waiting::steps(&self.scenario, &self.timelines, world).into_iter().map(|(name, step, detail)| UnusedRule {
            what: "step of timeline".into(),
            name: self.scenario.named(&name, step.span),
            line: line(step.span),
            detail,
        });
        overrides.chain(timelines).chain(steps).collect()
    }
}
