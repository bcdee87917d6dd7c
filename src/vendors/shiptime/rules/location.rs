//! The place of a postal code, for anybody.

use serde_json::Value;

use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::catalog::CATALOG;
use crate::vendors::shiptime::checks::{self, AMERICAN, CANADIAN};
use crate::vendors::shiptime::dialect;
use crate::vendors::shiptime::wire::PickupLocation;

/// Only Canada and the United States are known; a prefix that belongs to many villages has no one place.
pub(in crate::vendors::shiptime) fn look_up(cx: &mut Cx<'_>) -> Outcome {
    let country = cx.call.parameter("countryCode").unwrap_or_default();
    let code = cx.call.parameter("postalCode").unwrap_or_default();
    let malformed = |pattern: &str| dialect::messages(vec![format!("Invalid postalCode. The string '{code}' must match {pattern}")]);
    let (city, state) = match country {
        "CA" if !checks::is_canadian(code) => return Err(malformed(CANADIAN)),
        "US" if !checks::is_american(code) => return Err(malformed(AMERICAN)),
        "CA" => CATALOG.city(code).map(|found| (&*found.city, &*found.state)),
        "US" => CATALOG.zip(code).map(|found| (&*found.city, &*found.state)),
        _ => {
            return Err(dialect::messages(vec![format!("Invalid countryCode: {country}")]));
        }
    }
    .ok_or(Refusal::Because("no_location", Value::Null))?;
    Ok(Reply::ok(PickupLocation { postal_code: code.to_owned(), city, state }))
}
