//! An order, as version 1 shows it: the members of its document, in their order. Version 2 reads some of them.

use serde_json::Value;

use super::ORDER;
use crate::base::json;
use crate::engine::scales::Scales;
use crate::engine::{Cx, Refusal};

pub(crate) use crate::base::members::Members;

/// The order with that number.
pub(crate) fn find(cx: &Cx<'_>, id: u64) -> Result<Members, Refusal> {
    cx.docs.require(ORDER, &id.to_string())
}

/// The lines of an order as text, in which their numbers have the decimals that they were sent with; null if there is no such order.
pub(crate) fn lines(cx: &Cx<'_>, id: u64) -> Value {
    cx.docs.raw(ORDER, &id.to_string()).and_then(|body| json::at(body, "/items")).into()
}

/// Changes members of a stored order and stamps the change; nothing if there is no such order.
pub(crate) fn change<'n>(cx: &mut Cx<'_>, id: u64, changes: impl IntoIterator<Item = (&'n str, Value)>) {
    let id = id.to_string();
    let Some(mut members) = cx.docs.get::<Members>(ORDER, &id) else { return };
    let scales = Scales::of(cx.docs.raw(ORDER, &id).unwrap_or_default().as_bytes());
    changes.into_iter().for_each(|(name, value)| members[name] = value);
    members["modifyDate"] = super::date::stamp(cx.now).into();
    cx.docs.put(ORDER, &id, &scales.write(&members));
}
