//! Webhooks: subscriptions, deliveries, attempts, and what a vendor says about them.
//!
//! The engine finds the subscriptions to an event, stores deliveries, and schedules attempts. Events, payloads, signatures and the
//! retry policy are the vendor's, in a [`Webhooks`] value.

pub(crate) mod deliver;
mod forgery;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::base::entropy::Rng;
use crate::base::json;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::cx::Cx;
pub use crate::engine::forgery::Forgery;
use crate::world::{AccountId, Kind};

/// The kind of [`Subscription`] documents.
pub const SUBSCRIPTION: Kind = Kind::new("subscription");

/// The kind of [`Delivery`] documents.
pub const DELIVERY: Kind = Kind::new("delivery");

/// The kind of the documents that say which deliveries are over, by their ids, in the order in which they ended.
pub const OVER: Kind = Kind::new("deliveries_over");

/// The kind of the document that counts the removed deliveries of an account.
pub const FORGOTTEN: Kind = Kind::new("deliveries_forgotten");

/// What a vendor says about webhooks.
pub struct Webhooks {
    /// The events that it knows; none for a vendor without webhooks.
    pub events: &'static [&'static str],
    /// Those of them that nothing done here leads to; only test events are sent of them.
    pub silent: &'static [&'static str],
    /// Whether one of them is of this version, where several share them: who asks for all events is told of those.
    pub own: fn(event: &str) -> bool,
    /// The version in whose name subscriptions are kept, where several share them; each keeps its own otherwise.
    pub shared: Option<&'static str>,
    /// When an attempt fails, and what follows.
    pub policy: RetryPolicy,
    /// What a new subscription gets as its secret when it names none.
    pub secret: fn(&mut Rng) -> Option<String>,
    /// Renders an event, once for all attempts.
    pub render: fn(&Event<'_>) -> Message,
    /// The headers of one attempt that depend on its time, such as a signature of the body, in the letter case that the vendor sends.
    pub sign: fn(&Subscription, body: &str, at: Timestamp) -> Vec<(String, String)>,
    /// The payload and subject of a test event.
    pub sample: fn(&mut Cx<'_>, event: &str) -> (String, Value),
}

/// When an attempt fails, and when the next one follows.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many seconds after each failure in turn the next attempt at an event follows.
    pub backoff: fn(event: &str) -> &'static [u32],
    /// Whether an answer that is no 2xx is followed by another attempt, or only silence.
    pub retries_answers: bool,
    /// After so many failures in a row the subscription is paused.
    pub pause_after: Option<u32>,
}

/// An event for one subscription.
pub struct Event<'a> {
    pub subscription: &'a Subscription,
    /// The vendor's name of the event.
    pub event: &'a str,
    /// The vendor's id of what the event is about.
    pub subject: &'a str,
    /// The data of the event.
    pub payload: &'a Value,
    /// A random id: the same for all attempts, another one for each delivery.
    pub token: &'a str,
    pub at: Timestamp,
}

impl Event<'_> {
    /// The payload, with these members in front of its own.
    #[must_use]
    pub fn members(&self, front: &[(&str, &str)]) -> Map<String, Value> {
        let front = front.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
        front.chain(self.payload.as_object().cloned().unwrap_or_default()).collect()
    }
}

/// A rendered event: what all attempts send.
pub struct Message {
    /// The content type of the body.
    pub content_type: &'static str,
    /// Headers that stay the same for all attempts, their names in the letter case that the vendor sends.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// Whether a text is the address of a receiver, by its form alone.
#[must_use]
pub fn is_address(url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    let Some(authority) = url.authority() else { return false };
    let behind = authority.as_str().rsplit(['@', ']']).next().and_then(|host| host.split_once(':'));
    let is_open = behind.is_none_or(|(_, port)| port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0));
    is_open && !authority.host().is_empty() && url.scheme_str().is_some_and(|scheme| ["http", "https", "inbox"].contains(&scheme))
}

/// How a subscriber wants its bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Json,
    /// The fields of a form, percent-encoded.
    Form,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Subscription {
    /// Its id; empty until it is stored.
    pub id: String,
    /// The id of the vendor whose subscriptions it is among.
    pub vendor: String,
    /// The version that it was made with, where another one keeps the subscriptions of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_with: Option<String>,
    pub url: String,
    /// The names of the events; `*` is all of them.
    pub events: Vec<String>,
    pub format: Format,
    /// What signatures are made with, or what is sent along.
    pub secret: Option<String>,
    /// Whether its owner has it switched on.
    pub active: bool,
    /// Why nothing is sent for the time being.
    pub paused: Option<Pause>,
    /// How many attempts have failed since the last one that did not.
    pub failures: u32,
    /// How many deliveries were created for it.
    pub told: u64,
    /// The base URL of the vendor as the subscriber used it, for links in payloads; empty for the one where it is served.
    pub base: String,
    pub created: Timestamp,
    /// Deliveries that wait to be overtaken, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// Other members that the vendor stores with it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// A delivery that waits to be overtaken: its id, by how many, and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held(pub String, pub u64, #[serde(default)] pub u64);

/// Why a subscription is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Too many attempts failed in a row.
    Failures,
    /// The subscriber answered 410, which ends its subscription.
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
    /// Its subscription is paused; it is sent when that is resumed.
    Paused,
    /// The subscriber answered with a 2xx.
    Delivered,
    /// All attempts of the retry policy have failed.
    Failed,
    /// It is never sent, because the scenario drops it.
    Dropped,
}

impl Progress {
    /// Whether no further attempt is made by itself.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Dropped)
    }
}

/// One event for one subscription, with all attempts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    pub id: String,
    /// The id of the vendor.
    pub vendor: String,
    pub subscription: String,
    /// The vendor's name of the event.
    pub event: String,
    /// The vendor's id of what the event is about.
    pub subject: String,
    pub created: Timestamp,
    pub url: String,
    /// What is sent in every attempt.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How far it has come.
    pub progress: Progress,
    /// When the next attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// The delivery that this one duplicates, as a scenario wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<String>,
    /// What is wrong with it, as a scenario wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forged: Option<Forgery>,
    /// Whether it is a test event: one attempt, whatever the policy is.
    #[serde(default)]
    pub test: bool,
    /// Which one of its subscription's it is, from 1.
    #[serde(default)]
    pub number: u64,
    /// How many attempts had been made when it was last sent by hand.
    #[serde(default)]
    pub round: u32,
    /// All attempts so far, oldest first.
    pub attempts: Vec<Attempt>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// When it was made, on the sandbox's clock.
    pub at: Timestamp,
    /// Which attempt of the sandbox it is, from 1 on: the order of those that have the same time.
    #[serde(default, skip_serializing_if = "json::is_default")]
    pub number: u64,
    /// Headers of this attempt only, such as a signature over its time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What was wrong with it, as a scenario wanted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forged: Option<Forgery>,
    #[serde(flatten)]
    pub result: AttemptResult,
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptResult {
    /// The subscriber answered with this status.
    Answered {
        status: u16,
        /// The beginning of the body; in base64, behind `base64:`, if it is not UTF-8.
        body: String,
    },
    /// There was no answer, for this reason.
    Silent(String),
    /// The address is not allowed, for this reason.
    Refused(String),
}

impl AttemptResult {
    /// Whether the subscriber answered with a 2xx.
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
    pub delivery: String,
    /// The epoch of the sandbox in which it is sent.
    pub epoch: u64,
    /// The account of the delivery, for the report.
    pub account: AccountId,
    /// The id of the vendor.
    pub vendor: Name,
    /// The id of the subscription; deliveries of one are sent in order.
    pub subscription: String,
    /// The number of the attempt, from 0.
    pub attempt: u32,
    /// When it is made, in the time of the world.
    pub at: Timestamp,
    pub url: String,
    /// The headers that all attempts have.
    pub headers: Vec<(String, String)>,
    /// The headers of this attempt.
    pub signed: Vec<(String, String)>,
    pub body: String,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl Subscription {
    /// Its id as a number, for vendors whose ids are some; of one that was made by hand by the digits that its id begins with.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.id.parse().ok().or_else(|| u64::from_str_radix(self.id.get(..8)?, 16).ok()).unwrap_or_default()
    }

    /// An active subscription without deliveries.
    #[must_use]
    pub fn new(url: impl Into<String>, events: Vec<String>, created: Timestamp) -> Self {
        Self {
            id: String::new(),
            vendor: String::new(),
            made_with: None,
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

    /// The vendor, and the version of it, that people made it with.
    #[must_use]
    pub fn version(&self) -> &str {
        self.made_with.as_deref().unwrap_or(&self.vendor)
    }

    /// What it is made of, for the log of a sandbox.
    #[must_use]
    pub fn facts(&self, account: &str) -> Value {
        let Self { url, events, format, secret, base, .. } = self;
        let vendor = self.version();
        json!({"vendor": vendor, "account": account, "url": url, "events": events, "format": format, "secret": secret, "base": base})
    }

    /// Whether it asks for an event by its name.
    #[must_use]
    pub fn names(&self, event: &str) -> bool {
        self.events.iter().any(|own| own == event)
    }

    /// Whether it is active and asks for an event of a vendor.
    #[must_use]
    pub fn wants(&self, vendor: &str, event: &str) -> bool {
        self.active && self.vendor == vendor && self.events.iter().any(|own| own == "*" || own == event)
    }
}

impl Webhooks {
    /// Whether an event is one that another version has, which shares the subscriptions.
    #[must_use]
    pub fn is_of_another_version(&self, event: &str) -> bool {
        self.events.contains(&event) && !(self.own)(event)
    }

    /// The value of vendors that have no webhooks.
    pub const NONE: Self = Self {
        events: &[],
        silent: &[],
        own: |_| true,
        shared: None,
        policy: RetryPolicy { timeout: Duration::from_secs(10), backoff: |_| &[], retries_answers: false, pause_after: None },
        secret: |_| None,
        render: json,
        sign: unsigned,
        sample: |_, _| (String::new(), Value::Null),
    };
}

/// Texts and lists of texts as the fields of a form; those of a list are `name[0]`, `name[1]`, ….
///
/// # Panics
/// Never: pairs of texts are a form.
#[must_use]
pub fn form(members: &Map<String, Value>) -> String {
    let mut fields: Vec<(String, &str)> = Vec::new();
    for (name, value) in members {
        match value {
            Value::Array(rows) => {
                fields.extend(rows.iter().enumerate().map(|(index, row)| (format!("{name}[{index}]"), row.as_str().unwrap_or_default())));
            }
            value => fields.push((name.clone(), value.as_str().unwrap_or_default())),
        }
    }
    serde_html_form::to_string(&fields).expect("pairs of texts are a form")
}

/// The payload as JSON, for [`Webhooks::render`].
#[must_use]
pub fn json(event: &Event<'_>) -> Message {
    Message { content_type: "application/json", headers: Vec::new(), body: event.payload.to_string() }
}

/// Adds no headers; for [`Webhooks::sign`] of vendors that do not sign.
#[must_use]
pub fn unsigned(_: &Subscription, _: &str, _: Timestamp) -> Vec<(String, String)> {
    Vec::new()
}
