//! Pickups: the carrier comes for labels that were bought. The answer says at once whether it will; nothing can be read later.

use std::sync::Arc;

use http::StatusCode;
use jiff::SignedDuration;
use rand::RngExt as _;
use serde_json::{Value, json};

use super::super::access::Mode;
use super::super::catalog::CATALOG;
use super::super::checks::{self, complaint, not_found};
use super::super::dialect;
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::shipment::Rate;
use super::super::wire::transaction::Transaction;
use super::super::wire::{self, Moment, PICKUP, RATE, TRANSACTION};
use super::carrier_accounts;
use crate::base::time::{self, Timestamp};
use crate::carrier::Anchor;
use crate::engine::fields::{Field, Report};
use crate::engine::{Cx, Outcome, Refusal};
use crate::spec::{JsonType, Rule, Step};

/// The topic of a pickup in the agenda: the carrier has come.
pub(crate) const DONE: &str = "pickup.done";

/// Confirmed by the two carriers that come, for labels of theirs; in error otherwise.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    let location = body.member("location");
    if location.member("building_location_type").text().is_some_and(|place| place.eq_ignore_ascii_case("Other")) {
        checks::require(&mut report, &location.member("instructions"));
    }
    let start = future(cx.now, &mut report, &body, "requested_start_time");
    let end = future(cx.now, &mut report, &body, "requested_end_time");
    if start.zip(end).is_some_and(|(start, end)| end <= start) {
        report.add(&body.member("requested_end_time"), complaint("requested_end_time is not after requested_start_time."));
    }
    for row in body.member("transactions").elements().filter(|row| row.value.is_none()) {
        report.add(&row, Rule::Null);
    }
    report.finish().map_err(at_the_top)?;
    let (start, end) = (start.unwrap_or(cx.now), end.unwrap_or(cx.now));
    let text = |field: Field<'_, '_>| field.text().unwrap_or_default().to_owned();
    let id = text(body.member("carrier_account"));
    // Observed 2022: the account is looked up only once everything else is fine.
    let account = carrier_accounts::find(cx, &id).ok_or_else(|| checks::refused("carrier_account", not_found("CarrierAccount", &id)))?;
    let transactions: Vec<String> = body.member("transactions").elements().map(text).collect();
    let refusal = refusal(cx, &account, &transactions);
    let confirmed = refusal.is_none();
    let zone = CATALOG.time_zones.get(location.member("address").member("state").text().unwrap_or_default());
    let cancel_by = time::shift(start, SignedDuration::from_hours(-4));
    let code = confirmed.then(|| format!("WTC{:09}", cx.rng.random_range(0_u64..1_000_000_000)));
    let id = wire::new_id(cx);
    let pickup = json!({
        "carrier_account": account.object_id, "location": location.value, "metadata": text(body.member("metadata")),
        "requested_end_time": Moment(end), "requested_start_time": Moment(start), "transactions": transactions,
        "object_created": Moment(cx.now), "object_id": id, "object_updated": Moment(cx.now),
        "confirmed_start_time": confirmed.then_some(Moment(start)), "confirmed_end_time": confirmed.then_some(Moment(end)),
        "cancel_by_time": confirmed.then_some(Moment(cancel_by)), "status": if confirmed { "CONFIRMED" } else { "ERROR" },
        "confirmation_code": code, "timezone": zone.map_or("US/Eastern", String::as_str),
        "messages": refusal.map(|text| [text]), "is_test": Mode::of(cx).is_test(),
    });
    cx.docs.put(PICKUP, &id, &pickup);
    if confirmed {
        cx.schedule_at(end, DONE, &id, 0);
    }
    Ok(dialect::go(StatusCode::CREATED, &pickup))
}

/// The carrier has come for the labels of a confirmed pickup.
pub(crate) fn done(cx: &mut Cx<'_>, id: &str) {
    let Some(pickup) = cx.docs.get::<Value>(PICKUP, id) else { return };
    for label in pickup["transactions"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if let Some(label) = cx.docs.get::<Transaction>(TRANSACTION, label) {
            cx.anchor_reached(Anchor::Pickup, &label.tracking_number);
        }
    }
}

/// What is wrong with the location is told without the way that leads there, and a member that is no text or list counts as missing.
fn at_the_top(mut refusal: Refusal) -> Refusal {
    if let Refusal::Invalid(violations) = &mut refusal {
        for violation in Arc::make_mut(violations) {
            let last = violation.path.iter().rposition(|step| matches!(step, Step::Member(_))).unwrap_or_default();
            violation.path.drain(..last);
            let is_other = violation.path.len() == 1 && violation.top() != "carrier_account";
            let is_flag = violation.rule == Rule::Type(JsonType::Boolean);
            if is_other && !is_flag && matches!(violation.rule, Rule::Required | Rule::Type(_) | Rule::MinLength(_) | Rule::MinItems(_)) {
                violation.value = None;
            }
        }
    }
    refusal
}

fn future(now: Timestamp, report: &mut Report<'_>, body: &Field<'_, '_>, name: &str) -> Option<Timestamp> {
    let field = body.member(name);
    let text = field.text().filter(|_| report.is_fine(&field))?;
    match text.parse::<Timestamp>().or_else(|_| format!("{text}Z").parse()).ok() {
        None => report.add(&field, complaint(format!("{name} is not a valid date."))),
        Some(at) if at <= now => report.add(&field, complaint(format!("{name} is not a future date."))),
        Some(at) => return Some(at),
    }
    None
}

/// Why nobody comes.
fn refusal(cx: &Cx<'_>, account: &CarrierAccount, transactions: &[String]) -> Option<String> {
    if !matches!(account.carrier.as_str(), "usps" | "dhl_express") {
        return Some(format!("Pickups are not supported for carrier {}.", account.carrier));
    }
    let of_account = |id: &String| {
        let label = cx.docs.get::<Transaction>(TRANSACTION, id).filter(|label| label.status == "SUCCESS")?;
        cx.docs.get::<Rate>(RATE, label.rate()).filter(|rate| rate.carrier_account == account.object_id)
    };
    transactions.iter().find(|id| of_account(id).is_none()).map(|id| format!("Transaction {id} is no label of this carrier account."))
}
