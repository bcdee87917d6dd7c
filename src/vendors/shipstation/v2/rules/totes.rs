//! Totes: the bins of an inventory warehouse, each with a name of its own there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::listing;
use super::super::wire::{INVENTORY_WAREHOUSE, Members, TOTE};
use crate::engine::fields::Report;
use crate::engine::resource::Resource;
use crate::engine::{Cx, Outcome, Reply};

pub(crate) static TOTES: Resource = super::plain(TOTE, "Tote");

/// Those that can be made are made, and the others told of.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for mut tote in cx.call.body["totes"].as_array().into_iter().flatten().cloned() {
        match fault(cx, &tote) {
            None => made.push(TOTES.store(cx, &tote, Report::of_part(), None)?.into_answer()),
            Some(text) => {
                tote["error_message"] = text.into();
                failed.push(tote);
            }
        }
    }
    if cx.call.body["return_succeeded_totes"] == false {
        made.clear();
    }
    Ok(Reply::ok(json!({ "succeeded_totes": made, "failed_totes": failed })))
}

fn fault(cx: &Cx<'_>, tote: &Value) -> Option<&'static str> {
    let is_same = |row: Members| ["inventory_warehouse_id", "tote_name"].iter().all(|name| row[*name] == tote[*name]);
    let is_known = cx.docs.has(INVENTORY_WAREHOUSE, tote["inventory_warehouse_id"].as_str().unwrap_or_default());
    let is_taken = cx.docs.list::<Members>(TOTE).any(is_same);
    if is_known { is_taken.then_some("tote_name is already in use.") } else { Some("Invalid inventory_warehouse_id.") }
}

/// All of them, or those of a warehouse; not paged.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let wanted = listing::asked(cx, "inventory_warehouse_id");
    let rows = cx.docs.list::<Members>(TOTE).filter(|row| wanted.is_none_or(|wanted| row["inventory_warehouse_id"] == wanted));
    Ok(Reply::ok(json!({ "totes": rows.collect::<Vec<_>>() })))
}

/// How many each warehouse has.
pub(crate) fn quantities(cx: &mut Cx<'_>) -> Outcome {
    let mut counts = BTreeMap::<String, usize>::new();
    for row in cx.docs.list::<Members>(TOTE) {
        *counts.entry(row["inventory_warehouse_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(id, quantity)| json!({ "inventory_warehouse_id": id, "quantity": quantity }));
    Ok(Reply::ok(json!({ "quantities": rows.collect::<Vec<_>>() })))
}
