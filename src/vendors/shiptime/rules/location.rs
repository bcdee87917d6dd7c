//! The place of a postal code, for anybody.

use serde_json::{Value, json};

use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::catalog::CATALOG;
use crate::vendors::shiptime::dialect;

/// Only Canada and the United States are known; a prefix that belongs to many villages has no one place.
pub(in crate::vendors::shiptime) fn look_up(cx: &mut Cx<'_>) -> Outcome {
    let country = cx.call.parameter("countryCode").unwrap_or_default();
    let code = cx.call.parameter("postalCode").unwrap_or_default();
    let nowhere = || Refusal::Because("no_location", Value::Null);
    let rules = CATALOG.countries.get(country).ok_or_else(nowhere)?;
    if !rules.shape.is_match(code) {
        return Err(dialect::message(format!("Invalid postalCode. The string '{code}' must match {}", rules.postal_code)));
    }
    let found = CATALOG.city(code).ok_or_else(nowhere)?;
    Ok(Reply::ok(json!({"postalCode": code, "city": found.city, "state": found.state})))
}
