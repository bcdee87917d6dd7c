//! What a scenario may do to a call and to a parcel. The engine knows only this much of scenarios.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Timeline};
use crate::engine::call::Call;
use crate::engine::limits::Quota;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Reply, Wire};
use crate::world::{Account, AccountId};

/// What happens to one call.
#[derive(Default)]
pub struct Decision {
    /// How long its answer is held back.
    pub delay: Duration,
    /// What is answered in place of the behavior, which then does not run.
    pub instead: Option<Instead>,
    /// What goes wrong on the wire once the answer is known.
    pub wire: Option<Wire>,
    /// The status that is answered, in the vendor's words for a failure of its own, whatever the behavior came to.
    pub failing: Option<StatusCode>,
    /// The scenario's own limit that the call was counted against.
    pub quota: Option<Quota>,
}

/// An answer in place of a behavior.
pub enum Instead {
    /// This one.
    Reply(Reply),
    /// The vendor's own words for this refusal.
    Refusal(Refusal),
}

/// How telling subscribers is disturbed.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhookChaos {
    /// The share of notices that are told twice.
    pub duplicate: f64,
    /// The share of notices that are never told.
    pub drop: f64,
    /// How many others may overtake a notice.
    pub reorder: u64,
    /// How late notices are, at least and at most.
    pub delay: (Duration, Duration),
}

/// What a script may look at while it decides.
pub struct View<'a> {
    /// The vendor's id.
    pub vendor: &'static str,
    /// The call.
    pub call: &'a Call<'a>,
    /// Who asks; `None` when the credentials were no good.
    pub account: Option<AccountId>,
    /// The documents of the caller's account.
    pub documents: &'a Account,
    /// The vendor's answer to `$state`.
    pub state: fn(&Account) -> Value,
    /// The world's time.
    pub now: Timestamp,
}

/// A scenario at work in one sandbox.
pub trait ScenarioRuntime: Send {
    /// What happens to a call; asked once per call, after its credentials were read and before its behavior runs.
    fn decide(&mut self, view: &View<'_>, rng: &mut Rng) -> Decision;

    /// The name of the timeline that a new parcel of `vendor` follows; `None` is the usual one.
    fn timeline_of(&mut self, vendor: &str, parcel: &Parcel) -> Option<String>;

    /// The steps of a timeline.
    fn timeline(&self, name: &str) -> Option<Arc<Timeline>>;

    /// Whether vendors' own rate limits are enforced.
    fn enforces_limits(&self) -> bool {
        false
    }

    /// How telling subscribers is disturbed.
    fn webhook_chaos(&self) -> WebhookChaos {
        WebhookChaos::default()
    }

    /// The text of the scenario; empty for the one that changes nothing.
    fn source(&self) -> &str;

    /// Forgets what was counted, as at the moment after the scenario was loaded.
    fn reset(&mut self);

    /// The same scenario with what it has counted so far, for a copy of the sandbox.
    fn fork(&self) -> Box<dyn ScenarioRuntime>;

    /// What was counted, to be kept in a file.
    fn counted(&self) -> Value {
        Value::Null
    }

    /// Goes on from what [`ScenarioRuntime::counted`] gave.
    fn recall(&mut self, _: &Value) {}

    /// How many calls something was done to.
    fn met(&self) -> u64 {
        0
    }

    /// A parcel was put on the timeline of that name by hand.
    fn followed(&mut self, _: &str) {}

    /// What it prepared and what has had no effect so far.
    fn unused(&self) -> Vec<UnusedRule> {
        Vec::new()
    }
}

/// A rule of a scenario, or a fault, that never had an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnusedRule {
    /// `override`, `timeline` or `fault`.
    pub what: &'static str,
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
pub struct Fault {
    /// Its name.
    pub name: String,
    /// What was asked for, as it came in.
    pub wanted: Value,
    /// What it does.
    pub script: Box<dyn ScenarioRuntime>,
    bytes: usize,
}

impl Fault {
    /// A fault of that name: what was asked for, and what that does.
    #[must_use]
    pub fn new(name: String, wanted: Value, script: Box<dyn ScenarioRuntime>) -> Self {
        let bytes = name.len() + wanted.to_string().len();
        Self { name, wanted, script, bytes }
    }

    /// The same with what it has counted so far, for a copy of the sandbox.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { name: self.name.clone(), wanted: self.wanted.clone(), script: self.script.fork(), bytes: self.bytes }
    }

    /// How much it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// That it had no effect so far, if so.
    #[must_use]
    pub fn unused(&self, detail: &str) -> Option<UnusedRule> {
        let unused = || UnusedRule { what: "fault", name: self.name.clone(), line: None, detail: detail.to_owned() };
        (self.script.met() == 0).then(unused)
    }
}

/// What happens to a call: the first fault that has something to do decides, else the scenario.
pub(crate) fn decide(faults: &mut [Fault], script: &mut dyn ScenarioRuntime, view: &View<'_>, rng: &mut Rng) -> Decision {
    let mut quota = None;
    for fault in faults {
        let decision = fault.script.decide(view, rng);
        if decision.does_something() {
            return decision;
        }
        quota = quota.or(decision.quota);
    }
    let decision = script.decide(view, rng);
    Decision { quota: decision.quota.or(quota), ..decision }
}

impl Decision {
    fn does_something(&self) -> bool {
        self.instead.is_some() || self.wire.is_some() || self.failing.is_some() || !self.delay.is_zero()
    }
}

/// The scenario that changes nothing.
pub struct NoScenario;

impl ScenarioRuntime for NoScenario {
    fn decide(&mut self, _: &View<'_>, _: &mut Rng) -> Decision {
        Decision::default()
    }

    fn timeline_of(&mut self, _: &str, _: &Parcel) -> Option<String> {
        None
    }

    fn timeline(&self, _: &str) -> Option<Arc<Timeline>> {
        None
    }

    fn source(&self) -> &str {
        ""
    }

    fn reset(&mut self) {}

    fn fork(&self) -> Box<dyn ScenarioRuntime> {
        Box::new(Self)
    }
}
