//! A label: what version 1 calls a shipment.

use std::borrow::Cow;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::address::{Address, Dimensions, Weight};
use super::money::Money;
use super::order::Members;
use crate::base::time::Timestamp;

/// A label that was bought. What only one version says of it is in `more`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Label {
    /// `shipmentId` of version 1, `label_id` of version 2.
    pub id: u64,
    /// `shipment_id` of version 2, and `orderId` of version 1 where there is an order.
    pub order: Option<u64>,
    pub order_number: Option<String>,
    pub order_key: Option<String>,
    pub customer_email: Option<String>,
    /// Who bought it, by a GUID.
    pub user: Option<String>,
    /// The number of the carrier in the catalog.
    pub carrier: u64,
    /// Codes of version 1, which both versions share but for the carrier's.
    pub service: String,
    pub package: Option<String>,
    pub confirmation: Option<String>,
    pub tracking_number: String,
    pub created: Timestamp,
    pub ship_date: Date,
    pub cost: Money,
    pub insurance_cost: Money,
    /// What the cost has in it beside the transport, where version 2 tells it: code, name and cents of each charge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<(String, String, i64)>,
    pub is_return: bool,
    pub voided: Option<Timestamp>,
    pub from: Address,
    pub to: Address,
    pub weight: Option<Weight>,
    pub dimensions: Option<Dimensions>,
    pub warehouse: Option<u64>,
    pub store: Option<u64>,
    /// The purchase that it was part of, by which version 1 finds it again.
    pub batch: u64,
    /// Which of how many packages it is printed for, where there are several.
    #[serde(skip)]
    pub piece: [u32; 2],
    /// Version 1's `insuranceOptions`, `advancedOptions` and `shipmentItems`, what it declares at a border, and what version 2 keeps.
    #[serde(default, skip_serializing_if = "Members::is_none")]
    pub more: Members,
}

impl Label {
    /// The lines of its order, as text.
    pub fn lines(&self) -> Cow<'_, str> {
        let lines = &self.more["shipmentItems"];
        lines.as_str().map_or_else(|| lines.to_string().into(), Cow::from)
    }
}
