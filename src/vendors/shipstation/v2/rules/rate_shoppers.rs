//! Rate shoppers: how one of several rates is chosen. Documented: three are always there, and choose what is marked with their name.

use serde_json::{Value, json};

use super::super::rates;
use super::super::wire::{RATE_SHOPPER, se};
use crate::engine::{Cx, Outcome, Refusal, Reply};

/// Each with how many days it takes at most.
const USUAL: [(&str, &str, Option<u8>); 3] =
    [("cheapest", "Cheapest", None), ("fastest", "Fastest", None), ("best_value", "Best Value", Some(4))];

fn to_json(cx: &Cx<'_>, (id, name, days): (&str, &str, Option<u8>)) -> Value {
    let rows = rates::connected(cx).flat_map(|carrier| carrier.services.iter().map(|service| (carrier.id, &service.code)));
    let services: Vec<Value> = rows.map(|(carrier, code)| json!({ "service_code": code, "carrier_id": se(carrier) })).collect();
    json!({ "rate_shopper_id": id, "name": name, "services": services, "transit_time": { "max_days": days } })
}

/// Those of the account's own are none.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let usual = USUAL.into_iter().filter(|_| cx.call.query("type") != Some("custom"));
    Ok(Reply::ok(json!({ "rate_shoppers": usual.map(|row| to_json(cx, row)).collect::<Vec<_>>() })))
}

/// The one that the path names.
///
/// # Errors
/// `Missing`.
pub(crate) fn named(cx: &Cx<'_>) -> Result<(&'static str, &'static str, Option<u8>), Refusal> {
    let id = cx.call.parameter("rate_shopper_id").unwrap_or_default();
    USUAL.into_iter().find(|row| row.0 == id).ok_or_else(|| Refusal::missing(RATE_SHOPPER, id))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|row| Reply::ok(to_json(cx, row)))
}
