//! An order, as version 1 shows it: the members of its document, in their order. Version 2 reads some of them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::ORDER;
use super::address::{Address, Dimensions, Weight};
use crate::engine::scales::Scales;
use crate::engine::{Cx, Refusal};

/// A document of version 1.
pub(crate) type Members = Map<String, Value>;

/// What both versions look at in a stored order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub order_id: u64,
    pub order_number: String,
    pub order_key: String,
    pub order_status: String,
    pub customer_email: Option<String>,
    pub ship_to: Address,
    pub items: Vec<Value>,
    pub package_code: Option<String>,
    pub weight: Option<Weight>,
    pub dimensions: Option<Dimensions>,
    pub advanced_options: Value,
    #[serde(default)]
    pub international_options: Value,
    pub tag_ids: Option<Vec<u64>>,
}

/// The order with that number.
pub(crate) fn find(cx: &Cx<'_>, id: u64) -> Result<Order, Refusal> {
    cx.docs.require(ORDER, &id.to_string())
}

/// Changes members of a stored order and stamps the change; nothing if there is no such order.
pub(crate) fn change<'n>(cx: &mut Cx<'_>, id: u64, changes: impl IntoIterator<Item = (&'n str, Value)>) {
    let id = id.to_string();
    let Some(mut members) = cx.docs.get::<Members>(ORDER, &id) else { return };
    let scales = Scales::of(cx.docs.raw(ORDER, &id).unwrap_or_default());
    for (name, value) in changes {
        members.insert(name.to_owned(), value);
    }
    members.insert("modifyDate".to_owned(), super::date::stamp(cx.now).into());
    cx.docs.put(ORDER, &id, &scales.write(&members));
}
