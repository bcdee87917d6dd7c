//! A scenario as types: what the engine binds. Everything that can be wrong without knowing the vendors has been refused before one of
//! these exists; whether operations and vendors exist is the business of [`super::check`].

mod expect;
mod pace;
mod webhooks;
mod window;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

pub use self::expect::{Answered, Calls, Count, Deliveries, Expectation, Expected};
pub use self::pace::{After, Latency, Moment, Objects, Per, RateLimit, Spread};
pub use self::webhooks::{Subscription, Webhooks};
pub use self::window::Window;
use super::error::{Diagnostic, Source, Span, Spanned};
use super::expr::{Expr, Path, Scope};
use super::need::Need;
use super::shape::Shape;
use super::template::Template;
use crate::base::text;
use crate::carrier::{Anchor, Status};
use crate::engine::{Items, Wire};

/// How a sandbox differs from the default one.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The text that all spans refer to.
    pub source: Arc<Source>,
    pub name: Option<String>,
    /// What it shows, in a sentence.
    pub description: Option<String>,
    /// Makes ids, numbers and jitter reproducible.
    pub seed: Option<u64>,
    pub clock: Clock,
    pub credentials: Credentials,
    /// Rows per mount; they replace the defaults of that mount.
    pub accounts: BTreeMap<String, Vec<Account>>,
    /// Data made before the first call, in this order.
    pub given: Vec<Given>,
    /// The timelines; a parcel follows the first one that is for it.
    pub timelines: Vec<Timeline>,
    /// The overrides; the first that matches a call wins.
    pub overrides: Vec<Override>,
    /// The vendors' own rate limits.
    pub rate_limits: RateLimits,
    pub webhooks: Webhooks,
    /// Webhook subscriptions that exist from the beginning.
    pub subscriptions: Vec<Subscription>,
    /// What the consumer has to do.
    pub expect: Vec<Expectation>,
    /// What is allowed in it and does nothing, or not what its author may think.
    pub warnings: Vec<Diagnostic>,
    /// About the bytes that it takes in memory besides its text.
    pub bytes: usize,
}

impl Scenario {
    /// What something of the scenario is called: where there are several files, with the one that it stands in.
    #[must_use]
    pub fn named(&self, name: &impl fmt::Display, span: Span) -> String {
        if self.source.is_gathered() { format!("{name} ({})", self.source.file_at(span.start).1) } else { name.to_string() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Clock {
    /// The instant it begins at.
    pub start: Option<Timestamp>,
    pub mode: Option<ClockMode>,
}

/// How the virtual clock runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockMode {
    /// It moves only when the admin API moves it.
    Frozen,
    /// As the wall clock does.
    Realtime,
    /// So many times as fast.
    Speed(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Credentials {
    /// The rows of `accounts`, and no others.
    #[default]
    Listed,
    /// Any that are well formed.
    Any,
}

/// A row of `accounts`: one credential, and the account that it opens.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub span: Span,
    /// Rows of one name share their data.
    pub account: Option<String>,
    /// From then on the credentials are refused.
    pub expires: Option<Timestamp>,
    /// The credentials are refused from the start.
    pub revoked: bool,
    /// What the credentials have instead that take their place; empty if none do.
    pub rotates_to: Map<String, Value>,
    /// All other members, as the mount names them: `key`, `secret`, `plan`, …
    pub members: Map<String, Value>,
}

/// A call made before the first one.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub operation: Spanned<Operation>,
    /// Its request body, in the vendor's shape; may look at what earlier rows returned.
    pub body: Template,
    /// Of its path, and others of its query.
    pub parameters: Vec<(String, Template)>,
    /// What later rows know its answer by.
    pub name: Option<String>,
    /// The status that the parcels which it made go on to, one of [`Status::ALL`].
    pub until: Option<Spanned<Status>>,
    /// The first texts in its body, to tell which of them it is refused for.
    pub texts: Vec<Spanned<String>>,
}

/// An operation's full name, `vendor.operationId`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
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
    /// One operation by its full name, `vendor.operationId`.
    One(Operation),
    /// Those whose full names fit, with `*` for any text: `shippo.Create*`.
    Glob(String),
}

impl Pattern {
    /// The vendor that it is about; `None` for all of them.
    #[must_use]
    pub fn vendor(&self) -> Option<&str> {
        match self {
            Self::Every => None,
            Self::Vendor(vendor) => Some(vendor),
            Self::One(operation) => Some(&operation.vendor),
            Self::Glob(glob) => glob.split('.').next().filter(|vendor| !vendor.contains('*')),
        }
    }

    /// Whether an operation is meant.
    #[must_use]
    pub fn matches(&self, vendor: &str, id: &str) -> bool {
        match self {
            Self::Every => true,
            Self::Vendor(own) => own == vendor,
            Self::One(operation) => operation.vendor == vendor && operation.id == id,
            Self::Glob(glob) => text::fits_glob(&format!("{vendor}.{id}"), glob),
        }
    }

    /// Whether all that another one means is meant.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self == other || !matches!(self, Self::One(_)) && text::fits_glob(&other.to_string(), &self.to_string())
    }

    /// Whether an operation, by its full name, is of a vendor that is meant.
    #[must_use]
    pub fn is_of_vendor_of(&self, name: &str) -> bool {
        let vendor = name.split('.').next().unwrap_or_default();
        match self {
            Self::Every => true,
            Self::Vendor(own) => own == vendor,
            Self::One(operation) => operation.vendor == vendor,
            Self::Glob(glob) => text::fits_glob(name, glob),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("*"),
            Self::Vendor(vendor) => write!(f, "{vendor}.*"),
            Self::One(operation) => operation.fmt(f),
            Self::Glob(glob) => f.write_str(glob),
        }
    }
}

/// Expressions joined by `all`, `any` and `not`.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    Test(Expr),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Of the request: `method`, `path`, `parameters`, `query`, `headers` and `body`, by name.
    Request(Vec<(&'static str, Shape)>),
    /// A share of calls, drawn for each by its number among those of the file.
    Chance(f64, usize),
    /// Some time of the virtual clock.
    Clock(Window),
}

impl Condition {
    /// Stands for one that could not be read: it never holds, and equals that of no other place.
    pub(super) const fn unread(place: usize) -> Self {
        Self::Chance(0.0, place)
    }

    #[must_use]
    pub fn is_true(&self, scope: &dyn Scope) -> bool {
        match self {
            Self::Test(expr) => expr.is_true(scope),
            Self::All(conditions) => conditions.iter().all(|condition| condition.is_true(scope)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.is_true(scope)),
            Self::Not(condition) => !condition.is_true(scope),
            Self::Request(parts) => {
                parts.iter().all(|(name, shape)| shape.fits(scope.member("request", name).unwrap_or(&Value::Null), scope.steps()))
            }
            Self::Chance(share, place) => scope.chance(*place).is_some_and(|drawn| drawn < *share),
            Self::Clock(window) => scope.now().is_some_and(|now| window.has(now)),
        }
    }

    /// Paths, and what each has to lead to for it to be true.
    pub(super) fn needs(&self) -> Vec<(Path, Need)> {
        match self {
            Self::Test(expr) => expr.needs(),
            Self::All(conditions) => Need::of_all(conditions.iter().flat_map(Self::needs)),
            Self::Request(parts) => {
                let needs = |is_meant: fn(&str) -> bool| {
                    let parts = parts.iter().filter(|(name, _)| is_meant(name));
                    Need::of_all(parts.flat_map(|(name, shape)| {
                        let path = move |members: Vec<&str>| Path::of("request", std::iter::once(*name).chain(members));
                        shape.needs().into_iter().map(move |(members, need)| (path(members), need))
                    }))
                };
                // Methods and paths tell least: they go with the operation.
                let found = needs(|name| !["method", "path"].contains(&name));
                if found.is_empty() { needs(|_| true) } else { found }
            }
            _ => Vec::new(),
        }
    }

    /// Whether it looks at a member of a root, or at the whole of the root.
    #[must_use]
    pub fn mentions(&self, root: &str, member: &str) -> bool {
        match self {
            Self::Test(expr) => expr.mentions(root, member),
            Self::All(conditions) | Self::Any(conditions) => conditions.iter().any(|condition| condition.mentions(root, member)),
            Self::Not(condition) => condition.mentions(root, member),
            Self::Request(parts) => root == "request" && parts.iter().any(|(name, _)| *name == member),
            Self::Chance(..) | Self::Clock(_) => false,
        }
    }
}

/// What will happen to one parcel, and when.
#[derive(Debug, Clone, PartialEq)]
pub struct Timeline {
    pub name: Spanned<String>,
    /// Parcels of this vendor only.
    pub vendor: Option<Spanned<String>>,
    /// Parcels for which this holds only.
    pub when: Option<Condition>,
    /// The timeline of the library that it uses in place of steps of its own.
    pub library: Option<String>,
    pub steps: Vec<TimelineStep>,
    pub then: Then,
}

/// One thing that happens to a parcel.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineStep {
    pub span: Span,
    pub trigger: Trigger,
    /// The parcel's new status, by its word.
    pub status: String,
    /// A finer word of the vendor for the status.
    pub code: Option<String>,
    pub location: Option<Location>,
    /// The vendor's text for the scan.
    pub message: Option<String>,
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Trigger {
    /// A time after an anchor; `None` is the latest call that an earlier step waited for, or else the purchase of the label.
    At(SignedDuration, Option<Anchor>),
    /// The parcel's tracking was read so many times since the step before.
    AfterReads(u64),
    /// A call of this operation about the parcel.
    On(Spanned<Pattern>),
}

/// Where something happens to a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    pub city: Option<String>,
    pub state: Option<String>,
    pub postcode: Option<String>,
    /// The code of ISO 3166 with two letters.
    pub country: Option<String>,
}

/// What follows the last step of a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Then {
    /// The parcel stays as the last step left it.
    #[default]
    Hold,
    /// The steps begin again with the first one.
    Repeat,
}

/// What matching calls get: an answer, changes of the vendor's answer, a fault, a rate limit or latency.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    pub span: Span,
    /// Where it stands in its list: there may be an alias.
    pub place: Span,
    pub on: Spanned<Pattern>,
    /// Those for which this holds only.
    pub when: Option<Condition>,
    /// Those that come then only.
    pub after: Option<After>,
    /// What takes the place of the vendor's answer.
    pub effect: Option<Effect>,
    /// How long the answer is held back.
    pub latency: Option<Latency>,
    /// How many matching calls it has an effect on; without limit when absent.
    pub times: Option<u64>,
    /// How many matching calls are left alone first.
    pub skip: u64,
    /// What the calls have in common of which `times` and `skip` count each lot by itself; all of them together when absent.
    pub per: Option<Objects>,
}

impl Override {
    /// Whether what it does to a call depends on how many came before.
    #[must_use]
    pub fn is_counting(&self) -> bool {
        self.times.is_some() || self.skip > 0 || matches!(self.effect, Some(Effect::RateLimit(_)))
    }

    /// Whether it has an effect only on calls that the vendor carries out: there is no work to lose the answer of, nothing to say no to,
    /// and nothing to patch where a call is refused anyway. Latency beside a patch holds any answer back.
    #[must_use]
    pub fn needs_work(&self) -> bool {
        match &self.effect {
            Some(Effect::Refuse(_)) => true,
            Some(Effect::Patch(_)) => self.latency.is_none(),
            Some(Effect::Fault(fault)) => fault.commit,
            Some(Effect::Respond(_) | Effect::RateLimit(_)) | None => false,
        }
    }
}

/// What takes the place of the vendor's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// An answer written by hand; nothing is done.
    Respond(Response),
    /// The vendor's own answer with changes.
    Patch(Patch),
    Fault(Fault),
    /// Something that the vendor says no to.
    Refuse(Refusal),
    /// The vendor's answer for too many calls, once there are too many.
    RateLimit(RateLimit),
}

/// An answer written by hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, Template)>,
    /// JSON body; none at all if absent.
    pub body: Option<Template>,
    /// The body that is no text, in its place.
    pub bytes: Option<Bytes>,
    /// Whether it is meant to break the vendor's document.
    pub off_spec: bool,
    /// Where its body is written, or else all of it.
    pub span: Span,
    /// Where its status is written, for what is wrong with that.
    pub status_span: Span,
}

/// Changes to the vendor's own answer, if that is one of success.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    pub status: Option<u16>,
    pub headers: Vec<(String, Template)>,
    /// Merged into the body (RFC 7396).
    pub body: Option<Template>,
    /// Values by JSON pointer (RFC 6901).
    pub set: Vec<(String, Template)>,
    /// Pointers to what is left out.
    pub remove: Vec<String>,
}

/// Something that the vendor says no to, in its own shape.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The business failure; without one it is the refusal of the operation that is nearest.
    pub failure: Option<Spanned<String>>,
    /// The words, unless they are the vendor's.
    pub text: Option<Template>,
    /// Which of the things that the call is about fail, where it is about several; all of them otherwise.
    pub items: Option<Spanned<Items>>,
}

/// Something that goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Whether the operation is carried out nevertheless.
    pub commit: bool,
    pub then: Failure,
    /// Where it is written how the call goes wrong.
    pub span: Span,
}

/// How a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// On the wire, once the answer is known.
    Wire(Wire),
    /// The vendor answers with this status of failure.
    Status(u16),
}

/// The vendors' own rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimits {
    /// Calls are counted, and answers show the count, but no call is refused.
    #[default]
    Off,
    /// The limits that the vendors publish are enforced.
    Vendor,
}

/// A range that includes both of its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between<T> {
    pub min: T,
    pub max: T,
}
