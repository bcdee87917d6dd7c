//! Whom purchase orders go to.

use serde_json::json;

use super::super::wire::SUPPLIER;
use crate::engine::fields::Report;
use crate::engine::resource::Resource;
use crate::engine::{Cx, Outcome, Reply};

pub(crate) static SUPPLIERS: Resource = super::plain(SUPPLIER, "Supplier");

/// Documented: the answer is the id alone.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let made = SUPPLIERS.store(cx, &cx.call.body, Report::of(cx.call), None)?;
    Ok(Reply::ok(json!({ "supplier_id": made.id })))
}
