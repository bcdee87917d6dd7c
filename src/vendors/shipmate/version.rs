//! The two versions of the API that live side by side: what the newer one calls otherwise.

use serde::Serialize;
use serde_json::Value;

use crate::engine::Cx;

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1_1,
    V1_2,
}

impl Version {
    /// The version that a call speaks.
    pub fn of(cx: &Cx<'_>) -> Self {
        if cx.vendor_id() == super::V1_2 { Self::V1_2 } else { Self::V1_1 }
    }

    /// The beginning of its paths.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::V1_1 => "/v1.1",
            Self::V1_2 => "/v1.2",
        }
    }

    /// A value as the version shows it: the newer one calls every `uuid` an `id`.
    pub fn shown(self, value: impl Serialize) -> Value {
        let value = serde_json::to_value(value).expect("answers have text keys");
        if self == Self::V1_2 { renamed(value) } else { value }
    }

    /// The member of a request that holds the customer's reference.
    pub fn reference(self) -> &'static str {
        match self {
            Self::V1_1 => "consignment_reference",
            Self::V1_2 => "shipment_reference",
        }
    }

    /// The members that may name the service, the first one counting first.
    pub fn service_keys(self) -> &'static [&'static str] {
        match self {
            Self::V1_1 => &["service_key", "delivery_service_key"],
            Self::V1_2 => &["delivery_service_key"],
        }
    }
}

fn renamed(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let name = |name: String| if name == "uuid" { "id".to_owned() } else { name };
            members.into_iter().map(|(member, value)| (name(member), renamed(value))).collect()
        }
        Value::Array(rows) => rows.into_iter().map(renamed).collect(),
        other => other,
    }
}
