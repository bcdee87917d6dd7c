//! An order, as version 1 shows it: the members of its document, in their order. Version 2 reads some of them.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::address::{Address, Dimensions, Weight};
use super::{ORDER, ORDER_KEY};
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
    pub order_date: String,
    pub create_date: String,
    pub modify_date: String,
    pub order_status: String,
    pub customer_email: Option<String>,
    pub bill_to: Address,
    pub ship_to: Address,
    pub items: Vec<Value>,
    pub carrier_code: Option<String>,
    pub service_code: Option<String>,
    pub package_code: Option<String>,
    pub confirmation: Option<String>,
    pub ship_date: Option<String>,
    pub weight: Option<Weight>,
    pub dimensions: Option<Dimensions>,
    pub insurance_options: Value,
    pub international_options: Value,
    pub advanced_options: Value,
    pub tag_ids: Option<Vec<u64>>,
    pub user_id: Option<String>,
}

/// The order with that number.
pub(crate) fn find(cx: &Cx<'_>, id: u64) -> Result<Order, Refusal> {
    cx.docs.require(ORDER, &id.to_string())
}

/// The order with that key, unless it was deleted.
pub(crate) fn of_key(cx: &Cx<'_>, key: &str) -> Option<Order> {
    let id: u64 = cx.docs.get(ORDER_KEY, key)?;
    find(cx, id).ok()
}

/// Changes members of a stored order and stamps the change; nothing if there is no such order.
pub(crate) fn change<const N: usize>(cx: &mut Cx<'_>, id: u64, changes: [(&str, Value); N]) {
    let id = id.to_string();
    let Some(mut members) = cx.docs.get::<Members>(ORDER, &id) else { return };
    let scales = Scales::of(cx.docs.raw(ORDER, &id).unwrap_or_default());
    for (name, value) in changes {
        members.insert(name.to_owned(), value);
    }
    members.insert("modifyDate".to_owned(), super::date::stamp(cx.now).into());
    cx.docs.put(ORDER, &id, &scales.write(&members));
}
