//! What is stored and answered: typed objects whose members come in the order of the wire.

pub(crate) mod address;
pub(crate) mod carrier_account;
pub(crate) mod decimal;
pub(crate) mod parcel;
pub(crate) mod shipment;
pub(crate) mod track;
pub(crate) mod transaction;

use jiff::{RoundMode, TimestampRound, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::base::ids;
use crate::base::time::Timestamp;
use crate::engine::Cx;
use crate::world::Kind;

pub(crate) const ADDRESS: Kind = Kind::new("address");
pub(crate) const ADDRESS_V2: Kind = Kind::new("address_v2");
pub(crate) const BATCH: Kind = Kind::new("batch");
pub(crate) const CARRIER_ACCOUNT: Kind = Kind::new("carrier_account");
pub(crate) const CUSTOMS_DECLARATION: Kind = Kind::new("customs_declaration");
pub(crate) const CUSTOMS_ITEM: Kind = Kind::new("customs_item");
pub(crate) const DEFAULT_TEMPLATE: Kind = Kind::new("default_template");
pub(crate) const LABEL_FILE: Kind = Kind::new("label_file");
pub(crate) const MANAGED_ACCOUNT: Kind = Kind::new("managed_account");
pub(crate) const MANIFEST: Kind = Kind::new("manifest");
pub(crate) const ORDER: Kind = Kind::new("order");
pub(crate) const PARCEL: Kind = Kind::new("package");
pub(crate) const PICKUP: Kind = Kind::new("pickup");
pub(crate) const RATE: Kind = Kind::new("rate");
pub(crate) const REFUND: Kind = Kind::new("refund");
pub(crate) const REGISTRATION: Kind = Kind::new("registration");
pub(crate) const SERVICE_GROUP: Kind = Kind::new("service_group");
pub(crate) const SHIPMENT: Kind = Kind::new("shipment");
pub(crate) const SIGN_IN: Kind = Kind::new("sign_in");
pub(crate) const TRACK: Kind = Kind::new("track");
pub(crate) const TRANSACTION: Kind = Kind::new("transaction");
pub(crate) const USER_TEMPLATE: Kind = Kind::new("parcel_template");

/// An instant, with milliseconds unless they are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub Timestamp);

impl Moment {
    /// The text of the wire.
    pub(crate) fn text(self) -> String {
        let cut = self.cut();
        let format = if cut.subsec_millisecond() == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S.%3fZ" };
        cut.strftime(format).to_string()
    }

    /// The text that the language Go prints for a time.
    pub(crate) fn go(self) -> String {
        let text = self.cut().strftime("%Y-%m-%d %H:%M:%S%.f").to_string();
        format!("{text} +0000 UTC")
    }

    fn cut(self) -> Timestamp {
        let round = TimestampRound::new().smallest(Unit::Millisecond).mode(RoundMode::Floor);
        self.0.round(round).unwrap_or(self.0)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Timestamp::deserialize(deserializer).map(Self)
    }
}

/// Whether a text can be an id.
pub(crate) fn is_object_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A new id.
pub(crate) fn new_id(cx: &mut Cx<'_>) -> String {
    ids::hex(&mut cx.rng, 32)
}

/// What a carrier says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub source: String,
    pub code: String,
    pub text: String,
}

impl Message {
    /// A message without a code.
    pub(crate) fn new(source: &str, text: impl Into<String>) -> Self {
        Self { source: source.to_owned(), code: String::new(), text: text.into() }
    }
}

/// A part of another document: stored by its id, answered whole.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Part<T> {
    Id(String),
    Whole(T),
}

impl<T> Part<T> {
    /// The id of a stored part.
    pub(crate) fn id(&self) -> &str {
        if let Self::Id(id) = self { id } else { "" }
    }
}

impl<'de, T> Deserialize<'de> for Part<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::Id)
    }
}

/// Some members of a stored document, in this order.
pub(crate) fn members(cx: &Cx<'_>, kind: Kind, id: &str, names: &str) -> Map<String, Value> {
    let mut document: Map<String, Value> = cx.docs.get(kind, id).expect("what a shipment names is never removed");
    names.split(' ').filter_map(|name| document.remove_entry(name)).collect()
}

/// Cents as the wire shows them.
pub(crate) fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
