//! Labels, which this vendor calls transactions, and the refunds of their price.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shipment::CoreRate;
use super::track::Event;
use super::{Message, Moment};

/// A transaction as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub object_id: String,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub status: String,
    pub rate: String,
    /// Whether it was bought in one call, and so shows its rate as an object.
    pub instant: bool,
    pub carrier: String,
    pub tracking_number: String,
    /// The vendor's word for where the parcel is.
    pub tracking_status: Option<String>,
    pub file: File,
    /// Whether a commercial invoice belongs to it.
    pub invoice: bool,
    pub qr_code: bool,
    pub messages: Vec<Message>,
    pub order: Option<String>,
    pub metadata: String,
    pub parcel: String,
    pub test: bool,
}

/// What kind of file the label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum File {
    Pdf,
    Png,
    Zpl,
}

impl File {
    /// The file for a `label_file_type`.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some(word) if word.starts_with("PNG") => Self::Png,
            Some("ZPLII") => Self::Zpl,
            _ => Self::Pdf,
        }
    }

    /// How its name ends.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Zpl => "zpl",
        }
    }
}

/// A transaction as it is answered.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    pub object_state: &'static str,
    pub status: String,
    pub object_created: Moment,
    pub object_updated: Moment,
    pub object_id: String,
    pub object_owner: Cow<'static, str>,
    pub test: bool,
    pub rate: Option<RateOf>,
    pub tracking_number: String,
    pub tracking_status: Tracking,
    /// In versions up to 2017-03-29 only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_history: Option<Vec<Event>>,
    pub eta: Option<Moment>,
    pub tracking_url_provider: String,
    pub label_url: String,
    pub commercial_invoice_url: Option<String>,
    pub messages: Vec<Message>,
    pub order: Option<String>,
    pub metadata: String,
    pub parcel: String,
    pub billing: Billing,
    pub qr_code_url: Option<String>,
    /// The person who made it; there is none behind a token.
    pub created_by: Option<Value>,
}

/// The rate of a transaction.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum RateOf {
    Id(String),
    Core(CoreRate),
}

/// Where its parcel is: a word today, an event in versions up to 2017-03-29.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Tracking {
    Word(Option<String>),
    Event(Option<Box<Event>>),
}

/// Who pays, in parts; nobody's parts are ever listed.
#[derive(Clone, Debug, Default, Serialize)]
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
