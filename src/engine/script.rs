//! What a scenario may do to a call and to a parcel. The engine knows only this much of scenarios.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::entropy::Rng;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Timeline};
use crate::engine::call::Call;
use crate::engine::limits::Quota;
use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply, Wire};
use crate::world::{Account, AccountId, Counters, Effect, Tally};

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
    /// What all of this comes from; `None` when nothing happens.
    pub effect: Option<Effect>,
}

/// An answer in place of a behavior.
pub enum Instead {
    /// This one.
    Reply(Reply),
    /// The vendor's own words for this refusal.
    Refusal(Refusal),
}

impl Instead {
    /// The answer as a handler would have given it.
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Reply(reply) => Ok(reply),
            Self::Refusal(refusal) => Err(refusal),
        }
    }
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
    pub vendor: &'a str,
    /// The call.
    pub call: &'a Call<'a>,
    /// Its number among the calls of its operation by its account, from 1; 0 when its path leads to no operation.
    pub nth: u64,
    /// Who asks; `None` when the credentials were no good.
    pub account: Option<AccountId>,
    /// The documents of the caller's account.
    pub documents: &'a Account,
    /// The vendor's answer to `$state`.
    pub state: fn(&Account) -> Value,
    /// The world's time.
    pub now: Timestamp,
}

/// A scenario at work in sandboxes. What it counts in one of them stands in the world's counters.
pub trait ScenarioRuntime: Send + Sync {
    /// What happens to a call; asked once per call, after its credentials were read and before its behavior runs.
    fn decide(&self, view: &View<'_>, tally: &mut Tally<'_>, rng: &mut Rng) -> Decision;

    /// The name of the timeline that a new parcel of `vendor` follows; `None` is the usual one.
    fn timeline_of(&self, vendor: &str, parcel: &Parcel, tally: &mut Tally<'_>) -> Option<String>;

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

    /// What it prepared and what has had no effect so far.
    fn unused(&self, _: &Counters) -> Vec<UnusedRule> {
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
#[derive(Clone)]
pub struct Fault {
    /// Its name, under which the world counts for it.
    pub name: Name,
    /// What was asked for, as it came in.
    pub wanted: Value,
    /// What it does.
    pub script: Arc<dyn ScenarioRuntime>,
    bytes: usize,
}

impl Fault {
    /// A fault of that name: what was asked for, and what that does.
    #[must_use]
    pub fn new(name: Name, wanted: Value, script: Arc<dyn ScenarioRuntime>) -> Self {
        let bytes = name.len() + wanted.to_string().len();
        Self { name, wanted, script, bytes }
    }

    /// How much it takes in memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// That it had no effect so far, if so.
    #[must_use]
    pub fn unused(&self, counters: &Counters, detail: &str) -> Option<UnusedRule> {
        let unused = || UnusedRule { what: "fault", name: self.name.to_string(), line: None, detail: detail.to_owned() };
        (counters.effects(&self.name) == 0).then(unused)
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
