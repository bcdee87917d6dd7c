//! Documents: the label, and the customs invoice.

use serde_json::Value;

use super::SHIPMENT;
use super::shipments;
use crate::carrier::document::Drawing;
use crate::engine::{Blame, Cx, Enclosed, Outcome, Refusal, Reply};
use crate::vendors::shiptime::labels;

/// The label, a page for each piece, of as many as have theirs in one file.
pub(in crate::vendors::shiptime) fn label(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let pieces = shipment.booked.tracking_numbers.len();
    if pieces > labels::PIECES {
        cx.note("label-pages", Blame::Sandbox, format!("the file has labels of the first {} of {pieces} pieces", labels::PIECES));
    }
    Ok(answer(cx, labels::labels(&shipment)))
}

/// The customs invoice, of shipments that cross a border with one.
pub(in crate::vendors::shiptime) fn customs(cx: &mut Cx<'_>) -> Outcome {
    let shipment = shipments::own(cx, "id")?;
    let document = labels::invoice(&shipment).ok_or_else(|| Refusal::missing(SHIPMENT, shipment.booked.ship_id.to_string()))?;
    Ok(answer(cx, document))
}

/// PDF; base64 in a JSON text for who takes JSON alone, or takes anything and calls the body that it has not JSON.
fn answer(cx: &Cx<'_>, document: Drawing) -> Reply {
    let [accept, kind] = ["accept", "content-type"].map(|name| cx.call.request.header(name).unwrap_or("*/*"));
    let wanted = if accept.contains("*/*") { kind } else { accept };
    if wanted.contains("application/json") && !accept.contains("application/pdf") {
        return Reply::enclosing(Value::Null, vec![Enclosed::new("", document)], |text| text);
    }
    Reply::drawn("application/pdf", document)
}
