//! What the engine asks a scenario: about calls, parcels and webhooks. It knows nothing else of scenarios.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::entropy::{self, Rng};
use crate::base::json;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Timeline};
use crate::engine::business::{BusinessFailures, WantedFailure};
use crate::engine::call::Call;
use crate::engine::forgery::Forgery;
use crate::engine::limits::Quota;
use crate::engine::patch::Patch;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};
use crate::engine::wire::Wire;
use crate::world::{Account, AccountId, Counter, Counters, Credential, Effect, Met, Note, Tally, World};

/// What happens to one call.
#[derive(Default)]
pub struct Decision {
    /// How long its answer is held back.
    pub delay: Delay,
    /// What is answered instead of running the handler.
    pub instead: Option<Instead>,
    /// What goes wrong on the wire once the answer is known.
    pub wire: Option<Wire>,
    /// What is changed of the vendor's own answer.
    pub patch: Option<Box<Patch>>,
    /// Its turn, if it has no effect on a call that the vendor refuses for a reason of its own, none on an answer in which a patch finds
    /// no place, and none where the vendor does not ask for its failure.
    pub taken_back: Option<Turn>,
    /// The turns of such rules that left the call alone by `skip`, which counts no call that they could have had no effect on.
    pub skipped: Vec<Turn>,
    /// The business failure that the vendor tells of, if the call is not refused for another reason.
    pub failure: Option<Box<WantedFailure>>,
    /// The status of the answer, which is the vendor's for a failure of its own, whatever the handler returned.
    pub failing: Option<StatusCode>,
    /// The scenario's own limit that the call was counted against.
    pub quota: Option<Quota>,
    /// What all of this comes from; `None` when nothing happens.
    pub effect: Option<Effect>,
    /// Remarks for the journal.
    pub notes: Vec<Note>,
    /// What rules were to the call, in the order in which they were tried.
    pub tried: Vec<Met>,
    /// What `$state` was, if a condition looked at it.
    pub state: Option<Value>,
}

impl Decision {
    /// Takes back what was to become of the answer, and by what.
    pub(super) fn withdraw(&mut self) {
        (self.delay, self.wire, self.patch, self.failing, self.effect) = Default::default();
    }
}

/// That a rule was counted for a call.
pub struct Turn {
    /// The fault, or nothing for the scenario.
    pub owner: Name,
    /// Which of its rules.
    pub rule: usize,
    /// The object that the call is about, where the rule counts each by itself.
    pub object: Option<Name>,
    /// The business failure that the rule is, if the handler has to ask for it.
    pub failure: Option<&'static str>,
}

impl Turn {
    /// What was counted of the call.
    pub(super) fn counters(&self) -> impl Iterator<Item = Counter> {
        let object = self.object.iter().map(|object| Counter::Object(self.rule, object.clone()));
        std::iter::once(Counter::Matched(self.rule)).chain(object)
    }
}

/// How long an answer is held back, by the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delay {
    pub time: Duration,
    /// So much more for each byte of the body.
    pub per_byte: Duration,
}

impl Delay {
    /// No answer is held longer, whatever its size.
    pub const LONGEST: Duration = Duration::from_secs(60 * 60);

    /// The time for an answer of so many bytes.
    #[must_use]
    pub fn of(self, bytes: usize) -> Duration {
        let for_bytes = self.per_byte.saturating_mul(u32::try_from(bytes).unwrap_or(u32::MAX));
        self.time.saturating_add(for_bytes).min(Self::LONGEST)
    }
}

/// An answer instead of the handler's.
pub enum Instead {
    Reply(Reply),
    /// A refusal, which the vendor's dialect words.
    Refusal(Refusal),
    /// No answer, for which no handler runs.
    Nothing,
}

impl Instead {
    /// The answer as a handler would have given it.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Reply(reply) => Ok(reply),
            Self::Refusal(refusal) => Err(refusal),
            Self::Nothing => Err(Refusal::Broken),
        }
    }
}

/// How webhook deliveries are disturbed.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookChaos {
    /// The share of deliveries that are sent twice.
    pub duplicate: f64,
    /// The share of deliveries that are never sent.
    pub drop: f64,
    /// The shares of deliveries that are forged, in the order of [`Forgery::ALL`].
    pub forged: [f64; Forgery::ALL.len()],
    /// How many others may overtake a delivery.
    pub reorder: u64,
    /// By how much deliveries are late, at least and at most.
    pub delay: (Duration, Duration),
}

/// A call as a scenario sees it, and the documents of its account.
pub struct View<'a> {
    pub vendor: &'a str,
    pub call: &'a Call<'a>,
    /// Its number among the calls of its operation by its account, from 1; among those that lead to none, when its path does not.
    pub nth: u64,
    /// The account of the credential that the caller presents, or of its login; `None` when that is of no row.
    pub account: Option<AccountId>,
    /// The documents of that account.
    pub documents: &'a Account,
    /// The row of the credential that the caller, or a login, presents, whether it lets him in or not.
    pub credential: Option<&'a Credential>,
    /// What tells a caller without such a row from others, if he presents anything, and not too many came before.
    pub stranger: Option<&'a Name>,
    /// The seed of the world, and the number of the call in it: what conditions of chance are drawn from.
    pub drawn_from: (u64, u64),
    /// What the vendor can be made to say no to.
    pub failures: &'static BusinessFailures,
    /// Whether the call is refused already, so that no handler will run.
    pub is_refused: bool,
    /// The vendor's answer to `$state`.
    pub state: fn(&Account) -> Value,
    pub now: Timestamp,
    /// What conditions have made of the call so far.
    pub values: &'a CallValues,
}

impl View<'_> {
    /// A number from 0 to 1, drawn for this call and a place in the scenario.
    #[must_use]
    pub fn chance(&self, place: usize) -> f64 {
        drawn(self.drawn_from, &self.documents.name, place)
    }
}

/// A number from 0 to 1, drawn for a place in the scenario by the seed of a world and the number of a call of an account.
#[must_use]
pub fn drawn((seed, number): (u64, u64), account: &str, place: usize) -> f64 {
    let parts = [seed, number, place as u64, entropy::fingerprint(account.as_bytes())];
    let drawn = entropy::scattered(entropy::fingerprint(parts.map(u64::to_be_bytes).as_flattened()));
    // A float keeps 53 bits.
    (drawn >> 11) as f64 / (1_u64 << 53) as f64
}

/// What conditions and templates make of one call, once for all of them, and how many steps they may still take.
pub struct CallValues {
    /// The request without its body.
    pub head: OnceCell<Value>,
    /// The whole request.
    pub request: OnceCell<Value>,
    pub call: OnceCell<Value>,
    pub state: OnceCell<Value>,
    pub credential: OnceCell<Value>,
    pub steps: Cell<usize>,
}

impl CallValues {
    /// The steps that all conditions and templates of one call may take together.
    pub const STEPS: usize = 400_000;

    /// Nothing so far, and so many steps.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        let [head, request, call, state, credential] = [const { OnceCell::new() }; 5];
        Self { head, request, call, state, credential, steps: Cell::new(steps) }
    }
}

/// The rules that an edit of a scenario leaves as they are.
#[derive(Default)]
pub struct Kept {
    /// The numbers that its overrides have now, by those before, and whether they count time.
    pub overrides: BTreeMap<usize, (usize, bool)>,
    /// The names of its timelines.
    pub timelines: BTreeSet<String>,
}

impl Kept {
    /// What a counter is now, if it goes on.
    pub(super) fn counterpart(&self, counter: &Counter) -> Option<Counter> {
        match counter {
            Counter::Parcels(name) => self.timelines.contains(name.as_str()).then(|| counter.clone()),
            _ if counter.is_of_calls() || *counter == Counter::unknown() => Some(counter.clone()),
            _ => counter.of_rule(|rule| self.overrides.get(&rule).map(|(now, _)| *now)),
        }
    }

    /// The numbers of rules that count time, now and before.
    pub(super) fn timed(&self) -> impl Iterator<Item = (usize, usize)> {
        self.overrides.iter().filter(|(_, (_, is_timed))| *is_timed).map(|(before, (now, _))| (*now, *before))
    }
}

/// A scenario, bound to the engine. What it counts is in the counters of each world.
pub trait ScenarioRuntime: Any + Send + Sync {
    /// What happens to a call. Called once for each, after authentication and before the handler.
    fn decide(&self, view: &View<'_>, tally: &mut Tally<'_>, rng: &mut Rng) -> Decision;

    /// The name of the timeline that a new parcel of `vendor` follows; `None` is the usual one.
    fn timeline_of(&self, vendor: &str, parcel: &Parcel, tally: &mut Tally<'_>) -> Option<String>;

    /// The steps of a timeline.
    fn timeline(&self, name: &str) -> Option<Arc<Timeline>>;

    /// The names of its timelines.
    fn timeline_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether vendors' own rate limits are enforced.
    fn enforces_limits(&self) -> bool {
        false
    }

    /// How webhook deliveries are disturbed.
    fn webhook_chaos(&self) -> WebhookChaos {
        WebhookChaos::default()
    }

    /// Whether some of its rules count time from when it came.
    fn counts_time(&self) -> bool {
        false
    }

    /// A number of what its rules mean, by which they are told from those of an edited scenario; 0 if it has none.
    fn sense(&self) -> u32 {
        0
    }

    /// What it has of another scenario, whose place it takes.
    fn kept_of(&self, _: &dyn ScenarioRuntime) -> Kept {
        Kept::default()
    }

    /// The text of the scenario; empty for the one that changes nothing.
    fn source(&self) -> &str;

    /// About the bytes that it takes in memory.
    fn bytes(&self) -> usize {
        self.source().len()
    }

    /// Its rules that have had no effect on a world so far.
    fn unused(&self, _: &World) -> Vec<UnusedRule> {
        Vec::new()
    }
}

/// A rule of a scenario, or a fault, that never had an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedRule {
    /// What the rule is: `override`, `timeline`, `step of timeline` or `fault`.
    pub what: Cow<'static, str>,
    /// Its name, or the operations that an override is for.
    pub name: String,
    /// Its line in the scenario, from 1; none for a fault.
    pub line: Option<usize>,
    /// Why it had no effect.
    pub detail: String,
}

impl fmt::Display for UnusedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.what, self.name)?;
        self.line.map_or(Ok(()), |line| write!(f, " in line {line}"))?;
        write!(f, " had no effect: {}", self.detail)
    }
}

/// Something that goes wrong on purpose, switched on at run time.
#[derive(Clone)]
pub struct Fault {
    /// Its name, which is also the owner of its counters.
    pub name: Name,
    /// The override, as it came in.
    pub wanted: Value,
    pub runtime: Arc<dyn ScenarioRuntime>,
    bytes: usize,
}

impl Fault {
    /// A fault from an override, as it came in and as it is bound to the engine.
    #[must_use]
    pub fn new(name: Name, wanted: Value, runtime: Arc<dyn ScenarioRuntime>) -> Self {
        let bytes = name.len() + json::allocated(&wanted) + runtime.bytes();
        Self { name, wanted, runtime, bytes }
    }

    /// How much it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The remark that it had no effect, if it had none.
    #[must_use]
    pub fn unused(&self, counters: &Counters, detail: &str) -> Option<UnusedRule> {
        let unused = || UnusedRule { what: "fault".into(), name: self.name.to_string(), line: None, detail: detail.to_owned() };
        (counters.effects(&self.name) == 0 && !counters.is_unknown(&self.name)).then(unused)
    }
}

/// The scenario that changes nothing.
pub struct NoScenario;

impl ScenarioRuntime for NoScenario {
    fn decide(&self, _: &View<'_>, _: &mut Tally<'_>, _: &mut Rng) -> Decision {
        Decision::default()
    }

    fn timeline_of(&self, _: &str, _: &Parcel, _: &mut Tally<'_>) -> Option<String> {
        None
    }

    fn timeline(&self, _: &str) -> Option<Arc<Timeline>> {
        None
    }

    fn source(&self) -> &str {
        ""
    }
}
