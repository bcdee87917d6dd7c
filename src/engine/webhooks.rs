//! How a vendor tells its subscribers: the words for what they asked for, for what is told, and for what came of it.
//!
//! The core does not know what an event means or how it is worded; it knows who hears it, when each attempt is due, and
//! when to stop. Everything a vendor has to say about that is a [`Webhooks`] value.

pub(crate) mod deliver;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base::entropy::Rng;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::cx::Cx;
use crate::world::{AccountId, Kind};

/// Who asked to be told, by id.
pub const SUBSCRIPTION: Kind = Kind::new("subscription");

/// What was told, or will be, by id.
pub const DELIVERY: Kind = Kind::new("delivery");

/// How many deliveries of an account made room for others.
pub const FORGOTTEN: Kind = Kind::new("deliveries_forgotten");

/// How a vendor tells its subscribers.
pub struct Webhooks {
    /// The events that it knows; none for a vendor without webhooks.
    pub events: &'static [&'static str],
    /// The version in whose name subscriptions are kept, where several share them; each keeps its own otherwise.
    pub shared: Option<&'static str>,
    /// When an attempt fails, and what follows.
    pub policy: RetryPolicy,
    /// What a new subscription gets as its secret when it names none.
    pub secret: fn(&mut Rng) -> Option<String>,
    /// Words what is told; done once, so that every attempt says the same.
    pub render: fn(&Event<'_>) -> Message,
    /// The headers of one attempt that depend on its time, such as a signature of the body.
    pub sign: fn(&Subscription, body: &str, at: Timestamp) -> Vec<(String, String)>,
    /// The payload and subject of a test event.
    pub sample: fn(&mut Cx<'_>, event: &str) -> (String, Value),
}

/// A vendor's patience with its subscribers.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many seconds after each failure in turn the next attempt follows.
    pub backoff: &'static [u32],
    /// Whether an answer that is no 2xx is followed by another attempt, or only silence.
    pub retries_answers: bool,
    /// After so many failures in a row the subscription is paused.
    pub pause_after: Option<u32>,
}

/// What there is to tell one subscriber.
pub struct Event<'a> {
    /// Who asked for it.
    pub subscription: &'a Subscription,
    /// The vendor's word for what happened.
    pub event: &'a str,
    /// To what, by the vendor's id.
    pub subject: &'a str,
    /// What the vendor says about it.
    pub payload: &'a Value,
    /// The same for all attempts, different for all notices.
    pub token: &'a str,
    /// When it happened.
    pub at: Timestamp,
}

/// A notice in the vendor's words.
pub struct Message {
    /// The content type of the body.
    pub content_type: &'static str,
    /// Headers that stay the same for all attempts.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// How a subscriber wants its bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Json,
    /// Fields of a form.
    Form,
}

/// Somebody who asked to be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id; empty until it is stored.
    pub id: String,
    /// The vendor that tells it.
    pub vendor: String,
    /// Where to.
    pub url: String,
    /// What about, in the vendor's words; `*` is everything.
    pub events: Vec<String>,
    /// How.
    pub format: Format,
    /// What signatures are made with, or what is sent along.
    pub secret: Option<String>,
    /// Whether its owner wants it to be told.
    pub active: bool,
    /// Why it is not told for the time being.
    pub paused: Option<Pause>,
    /// How many attempts have failed since the last one that did not.
    pub failures: u32,
    /// How much it has been told.
    pub told: u64,
    /// The address of the vendor as the subscriber used it, for links that are told; where it is served when empty.
    pub base: String,
    /// When it was made.
    pub created: Timestamp,
    /// Deliveries that wait to be overtaken, and by how many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<(String, u64)>,
    /// What else the vendor keeps of it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// Why a subscription is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Too many attempts failed in a row.
    Failures,
    /// The subscriber answered 410.
    Gone,
}

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// An attempt is due later.
    Waiting,
    /// An attempt is on its way.
    Sending,
    /// Its subscription is paused.
    Paused,
    /// The subscriber answered with a 2xx.
    Delivered,
    /// No attempt follows.
    Failed,
    /// The scenario has it get lost.
    Dropped,
}

impl Progress {
    /// Whether nothing more happens by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Dropped)
    }
}

/// One notice to one subscriber, with every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The vendor that tells it.
    pub vendor: String,
    /// Whose it is.
    pub subscription: String,
    /// The vendor's word for what happened.
    pub event: String,
    /// To what.
    pub subject: String,
    /// When.
    pub created: Timestamp,
    /// Where to.
    pub url: String,
    /// What is sent in every attempt.
    pub headers: Vec<(String, String)>,
    /// What is said.
    pub body: String,
    /// How far it has come.
    pub progress: Progress,
    /// When the next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// The delivery that this one says again, on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// Whether somebody only tries whether it arrives.
    #[serde(default)]
    pub test: bool,
    /// How many attempts had been made when it was last sent by hand.
    #[serde(default)]
    pub round: u32,
    /// What became of it so far.
    pub attempts: Vec<Attempt>,
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// When it was made, on the sandbox's clock.
    pub at: Timestamp,
    /// Headers of this attempt only, such as a signature over its time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What came of it.
    #[serde(flatten)]
    pub told: AttemptResult,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// The subscriber answered.
    Answered {
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// There was no answer: why.
    Silent(String),
    /// The address is not allowed: why.
    Refused(String),
}

impl AttemptResult {
    /// Whether the subscriber has taken it.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299, .. })
    }

    /// The status of the answer, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } => Some(*status),
            Self::Silent(_) | Self::Refused(_) => None,
        }
    }
}

/// One attempt, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbound {
    /// The delivery.
    pub delivery: String,
    /// The account that it is of, for the report.
    pub account: AccountId,
    /// The vendor that tells it.
    pub vendor: Name,
    /// The subscription: what is told to one is told in order.
    pub subscription: String,
    /// Which attempt it is.
    pub attempt: u32,
    /// When it is made, in the time of the world.
    pub at: Timestamp,
    /// Where to.
    pub url: String,
    /// The headers that all attempts have.
    pub headers: Vec<(String, String)>,
    /// The headers of this attempt.
    pub signed: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl Subscription {
    /// A subscription that is active and has been told nothing.
    #[must_use]
    pub fn new(url: impl Into<String>, events: Vec<String>, created: Timestamp) -> Self {
        Self {
            id: String::new(),
            vendor: String::new(),
            url: url.into(),
            events,
            format: Format::Json,
            secret: None,
            active: true,
            paused: None,
            failures: 0,
            told: 0,
            base: String::new(),
            created,
            held: Vec::new(),
            rest: Map::new(),
        }
    }

    /// Whether it asked for an event of a vendor.
    #[must_use]
    pub fn hears(&self, vendor: &str, event: &str) -> bool {
        self.active && self.vendor == vendor && self.events.iter().any(|own| own == "*" || own == event)
    }
}

impl Webhooks {
    /// For vendors without webhooks.
    pub const NONE: Self = Self {
        events: &[],
        shared: None,
        policy: RetryPolicy { timeout: Duration::from_secs(10), backoff: &[], retries_answers: false, pause_after: None },
        secret: |_| None,
        render: json,
        sign: unsigned,
        sample: |_, _| (String::new(), Value::Null),
    };
}

/// The payload as JSON, for [`Webhooks::word`].
#[must_use]
pub fn json(notice: &Event<'_>) -> Message {
    Message { content_type: "application/json", headers: Vec::new(), body: notice.payload.to_string() }
}

/// No headers, for [`Webhooks::sign`].
#[must_use]
pub fn unsigned(_: &Subscription, _: &str, _: Timestamp) -> Vec<(String, String)> {
    Vec::new()
}
