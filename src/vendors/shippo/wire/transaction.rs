//! Labels, which this vendor calls transactions, and the refunds of their price.

use std::borrow::Cow;
use std::ops::Not;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shipment::CoreRate;
use super::track::Event;
use super::{Message, Moment, Part};
use crate::carrier::print::{Language, Paper};

/// A transaction, stored and answered. The stored one has neither owner nor links, and its rate by id; the last seven members are not
/// answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Transaction {
    #[serde(skip_deserializing, default = "valid")]
    pub object_state: &'static str,
    pub status: String,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    #[serde(default)]
    pub object_owner: Cow<'static, str>,
    pub test: bool,
    pub rate: Option<Part<CoreRate>>,
    pub tracking_number: String,
    /// Where its parcel is: a word today, an event in versions up to 2017-03-29.
    pub tracking_status: Value,
    /// In versions up to 2017-03-29 only.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub tracking_history: Option<Vec<Event>>,
    #[serde(default)]
    pub eta: Option<Moment>,
    #[serde(default)]
    pub tracking_url_provider: String,
    #[serde(default)]
    pub label_url: String,
    #[serde(default)]
    pub commercial_invoice_url: Option<String>,
    pub messages: Vec<Message>,
    pub order: Option<String>,
    pub metadata: String,
    pub parcel: String,
    #[serde(default)]
    pub billing: Billing,
    #[serde(default)]
    pub qr_code_url: Option<String>,
    /// The person who made it; there is none behind a token.
    #[serde(default)]
    pub created_by: Option<Value>,
    /// Whether it was bought in one call, and so shows its rate as an object.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub instant: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub carrier: String,
    #[serde(default, skip_serializing_if = "is_usual")]
    pub file: Language,
    #[serde(default, skip_serializing_if = "is_usual_paper")]
    pub paper: Paper,
    /// Whether a commercial invoice belongs to it.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub invoice: bool,
    #[serde(default, skip_serializing_if = "Not::not")]
    pub qr_code: bool,
    /// What its carrier is going to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Message>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_usual(language: &Language) -> bool {
    *language == Language::Pdf
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_usual_paper(paper: &Paper) -> bool {
    *paper == Paper::default()
}

fn valid() -> &'static str {
    "VALID"
}

impl Transaction {
    /// The id of its rate; nothing if it failed before there was one.
    pub(crate) fn rate(&self) -> &str {
        self.rate.as_ref().map_or("", Part::id)
    }
}

/// Who pays, in parts; nobody's parts are ever listed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Billing {
    payments: Vec<Value>,
}

/// A stored refund, which is also its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Refund {
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    pub object_owner: String,
    pub status: String,
    pub transaction: String,
    pub test: bool,
}
