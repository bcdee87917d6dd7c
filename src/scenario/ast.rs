//! A scenario as types: what the engine binds. Everything that can be wrong without knowing the vendors has been refused before one of
//! these exists; whether operations and vendors exist is the business of [`super::check`].

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::error::{Source, Span, Spanned};
use super::expr::{Expr, Scope};
use super::template::Template;
use crate::carrier::Anchor;

/// How a sandbox differs from the default one.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The text that all spans refer to.
    pub source: Arc<Source>,
    /// Its name.
    pub name: Option<String>,
    /// What it shows, in a sentence.
    pub description: Option<String>,
    /// Makes ids, numbers and jitter reproducible.
    pub seed: Option<u64>,
    /// The virtual clock.
    pub clock: Clock,
    /// Which credentials are accepted.
    pub credentials: Credentials,
    /// Rows per mount; they replace the defaults of that mount.
    pub accounts: BTreeMap<String, Vec<Account>>,
    /// Data made before the first call, in this order.
    pub given: Vec<Given>,
    /// What happens to parcels; the first that fits a parcel is its own.
    pub timelines: Vec<Timeline>,
    /// What calls meet; the first that matches wins.
    pub overrides: Vec<Override>,
    /// The vendors' own rate limits.
    pub rate_limits: RateLimits,
    /// Disturbance of webhook deliveries.
    pub webhooks: Webhooks,
    /// Who is told from the beginning.
    pub subscriptions: Vec<Subscription>,
    /// What the consumer has to do.
    pub expect: Vec<Expectation>,
}

/// The virtual clock.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clock {
    /// The instant it begins at.
    pub start: Option<Timestamp>,
    /// How it runs.
    pub mode: Option<ClockMode>,
}

/// How the virtual clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockMode {
    /// Only when told.
    Frozen,
    /// As the wall clock does.
    Realtime,
    /// So many times as fast.
    Speed(f64),
}

/// Which credentials are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// Those of the accounts.
    #[default]
    Listed,
    /// Any that are well formed.
    Any,
}

/// One set of credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// The whole row.
    pub span: Span,
    /// Rows of one name share their data.
    pub account: Option<String>,
    /// From then on the credentials are refused.
    pub expires: Option<Timestamp>,
    /// The credentials are refused from the start.
    pub revoked: bool,
    /// All other members, as the mount names them: `key`, `secret`, `plan`, …
    pub members: Map<String, Value>,
}

/// A call made before the first one.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Which operation.
    pub operation: Spanned<Operation>,
    /// Its request body, in the vendor's shape.
    pub body: Value,
}

/// An operation's full name, `vendor.operationId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The vendor's id.
    pub vendor: String,
    /// The operation's id in the vendor's spec.
    pub id: String,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.vendor, self.id)
    }
}

/// Which operations something is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `*`: all of every vendor.
    Every,
    /// `vendor.*`: all of one vendor.
    Vendor(String),
    /// `vendor.operationId`: one.
    One(Operation),
}

impl Pattern {
    /// Whether an operation is meant.
    #[must_use]
    pub fn matches(&self, vendor: &str, id: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Vendor(own) => own == vendor,
            Self::One(operation) => operation.vendor == vendor && operation.id == id,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Vendor(vendor) => write!(f, "{vendor}.*"),
            Self::One(operation) => operation.fmt(f),
        }
    }
}

/// Expressions joined by `all`, `any` and `not`.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// One expression.
    Test(Expr),
    /// Every one holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        match self {
            Self::Test(expr) => expr.is_true(scope),
            Self::All(conditions) => conditions.iter().all(|condition| condition.is_true(scope)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.is_true(scope)),
            Self::Not(condition) => !condition.is_true(scope),
        }
    }
}

/// What will happen to one parcel, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    /// Its name.
    pub name: Spanned<String>,
    /// Parcels of this vendor only.
    pub vendor: Option<Spanned<String>>,
    /// Parcels for which this holds only.
    pub when: Option<Condition>,
    /// The timeline of the library that it uses in place of steps of its own.
    pub library: Option<String>,
    /// What happens, in order.
    pub steps: Vec<TimelineStep>,
    /// After the last step.
    pub then: Then,
}

/// One thing that happens to a parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineStep {
    /// The whole step.
    pub span: Span,
    /// What sets it off.
    pub trigger: Trigger,
    /// The parcel's new status, a word of [`STATUSES`].
    pub status: String,
    /// The vendor's finer code.
    pub code: Option<String>,
    /// Where it happens.
    pub location: Option<Location>,
    /// What the vendor says about it.
    pub message: Option<String>,
}

/// What sets a step off.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// So long after a moment; `None` is the latest call that an earlier step waited for, or else when the label was bought.
    At(SignedDuration, Option<Anchor>),
    /// The parcel was looked at so many times since the step before.
    AfterReads(u64),
    /// A call of this operation about the parcel.
    On(Spanned<Pattern>),
}

/// Where something happens to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// Town.
    pub city: Option<String>,
    /// State, province or county.
    pub state: Option<String>,
    /// Postcode.
    pub postcode: Option<String>,
    /// Country, two letters.
    pub country: Option<String>,
}

/// What follows the last step of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Then {
    /// Nothing more.
    #[default]
    Hold,
    /// All steps again.
    Repeat,
}

/// What matching calls get: an answer, a fault, a rate limit or latency.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// The whole entry.
    pub span: Span,
    /// Which calls.
    pub on: Spanned<Pattern>,
    /// Those for which this holds only.
    pub when: Option<Condition>,
    /// What takes the place of the vendor's answer.
    pub effect: Option<Effect>,
    /// How long the answer takes.
    pub latency: Option<Between<Duration>>,
    /// So often at most.
    pub times: Option<u64>,
    /// So many matching calls go unharmed first.
    pub skip: u64,
}

/// What takes the place of the vendor's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// An answer written by hand; nothing is done.
    Respond(Response),
    /// Something goes wrong.
    Fault(Fault),
    /// The vendor's answer for too many calls, once there are too many.
    RateLimit(RateLimit),
}

/// An answer written by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers, in their order.
    pub headers: Vec<(String, Template)>,
    /// JSON body; none at all if absent.
    pub body: Option<Template>,
}

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Whether the work is done all the same.
    pub commit: bool,
    /// How it goes wrong.
    pub then: Failure,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The connection is reset.
    Reset,
    /// The connection is closed without an answer.
    Empty,
    /// The answer never comes.
    Timeout,
    /// The answer breaks off.
    Truncate,
    /// The vendor answers with this status of failure.
    Status(u16),
}

/// How many calls there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// What calls are counted by.
    pub per: Per,
    /// So many are served.
    pub limit: u64,
    /// In so long.
    pub window: Duration,
}

/// What calls are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Per {
    /// Each credential for itself.
    #[default]
    Credential,
    /// All callers together.
    Sandbox,
}

/// The vendors' own rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimits {
    /// Calls are counted and shown, and nobody is refused.
    #[default]
    Off,
    /// As published.
    Vendor,
}

/// Both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between<T> {
    /// The least.
    pub min: T,
    /// The most.
    pub max: T,
}

/// Disturbance of webhook deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Webhooks {
    /// Share of deliveries that come twice.
    pub duplicate: f64,
    /// A delivery may be overtaken by so many others.
    pub reorder: u64,
    /// How late deliveries are.
    pub delay: Option<Between<Duration>>,
    /// Share of deliveries that never come.
    pub drop: f64,
}

/// Somebody who is told from the beginning, as if it had been set up in the vendor's portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// By which vendor.
    pub vendor: Spanned<String>,
    /// In whose account; that of the vendor's first credential otherwise.
    pub account: Option<String>,
    /// Where to.
    pub url: String,
    /// What about, in the vendor's words; everything when it is empty.
    pub events: Vec<Spanned<String>>,
    /// Whether bodies are forms.
    pub form: bool,
    /// What bodies are signed with, or what is sent along.
    pub secret: Option<String>,
}

/// What the consumer has to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// The whole entry.
    pub span: Span,
    /// What exactly.
    pub kind: Expected,
}

/// What the consumer has to do, in its kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// So many calls.
    Call {
        /// Of which operations.
        on: Spanned<Pattern>,
        /// Those for which this holds only.
        when: Option<Condition>,
        /// How many; `max` of `None` is without limit.
        count: Count,
    },
    /// No call.
    Never {
        /// Of which operations.
        on: Spanned<Pattern>,
        /// Those for which this holds only.
        when: Option<Condition>,
    },
    /// Calls in this order, others may stand between.
    Order(Vec<Spanned<Pattern>>),
    /// Webhooks that were delivered.
    Webhook {
        /// The vendor's name of the event.
        event: Spanned<String>,
        /// How many.
        count: Count,
        /// What the consumer answered.
        answered: Option<Answered>,
    },
}

/// How many, `min..max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The least.
    pub min: u64,
    /// The most, if there is a limit.
    pub max: Option<u64>,
}

/// How a webhook was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// `2xx`: any status of this hundred.
    Class(u16),
    /// Exactly this status.
    Status(u16),
}

/// The statuses a parcel can have, the same for all vendors.
pub const STATUSES: [&str; 14] = [
    "created",
    "pre_transit",
    "manifested",
    "collected",
    "in_transit",
    "out_for_delivery",
    "delivery_failed",
    "available_for_pickup",
    "exception",
    "delivered",
    "returned",
    "cancelled",
    "lost",
    "unknown",
];
