//! Registrations: accounts that the vendor opens with a carrier on behalf of its customer.

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::super::access;
use super::super::catalog::CATALOG;
use super::super::checks::{self, REQUIRED, not_a_choice};
use super::super::dialect::{self, NOT_REGISTERED, version};
use super::super::wire::carrier_account::CarrierAccount;
use super::super::wire::{Moment, REGISTRATION};
use super::carrier_accounts;
use crate::engine::{Cx, Outcome, Refusal};

/// The topic of a registration in the agenda.
pub(crate) const PROGRESS: &str = "registration.progress";

/// The account is there at once; with some carriers it is only active once they agreed, an hour later.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let refused = |text: String| Refusal::Because(NOT_REGISTERED, Value::String(text));
    let sent = cx.call.body["carrier"].as_str().unwrap_or_default();
    if sent.is_empty() {
        return Err(refused("carrier is required".to_owned()));
    }
    // The vendor's own examples spell these two otherwise.
    let token = match sent {
        "deustche_post" => "deutsche_post",
        "mondialrelay" => "mondial_relay",
        other => other,
    };
    let Some(terms) = CATALOG.registrations.get(token) else {
        return Err(refused(format!("carrier {sent} cannot be registered")));
    };
    let told = cx.call.body["parameters"].as_object();
    let asked = if terms.may_be_silent && told.is_none() { &[][..] } else { &terms.parameters };
    let parameters = told.cloned().unwrap_or_default();
    if let Some(name) = asked.iter().find(|name| parameters.get(*name).is_none_or(|value| value.is_null() || value == "")) {
        return Err(refused(format!("parameters.{name} is required")));
    }
    if asked.iter().any(|name| name == "ups_agreements") && parameters["ups_agreements"] == false {
        return Err(refused("parameters.ups_agreements must be true".to_owned()));
    }
    if terms.slow && cx.docs.has(REGISTRATION, token) {
        return Err(refused(format!("a registration with {token} is already under way")));
    }
    cx.call.valid()?;
    let fresh = carrier_accounts::new(cx, token.to_owned());
    let account_id = format!("shippo_{token}_{}", &fresh.object_id[..8]);
    let parameters = carrier_accounts::masked(parameters);
    let account = CarrierAccount { account_id, parameters, active: !terms.slow, is_shippo_account: false, sign_in: None, ..fresh };
    carrier_accounts::put(cx, &account);
    if terms.slow {
        let registration = json!({
            "carrier_account": account.object_id, "object_created": Moment(cx.now), "object_owner": access::owner(cx),
            "object_updated": Moment(cx.now), "status": "PENDING_TERMS",
        });
        cx.docs.put(REGISTRATION, token, &registration);
        cx.schedule_in(SignedDuration::from_hours(1), PROGRESS, token, 0);
    }
    Ok(version::reply(cx.call, StatusCode::CREATED, carrier_accounts::view(cx, account)))
}

/// How the registration with a carrier stands; nothing when there is none under way.
pub(crate) fn status(cx: &mut Cx<'_>) -> Outcome {
    if !cx.call.path.ends_with('/') {
        return Ok(dialect::add_slash(cx.call));
    }
    let carrier = cx.call.query("carrier").unwrap_or_default();
    if carrier.is_empty() {
        return Err(checks::refused("carrier", REQUIRED));
    }
    if !CATALOG.registrations.get(carrier).is_some_and(|terms| terms.slow) {
        return Err(checks::refused("carrier", not_a_choice(carrier)));
    }
    let registration = cx.docs.get::<Value>(REGISTRATION, carrier).unwrap_or_else(|| json!({}));
    Ok(version::reply(cx.call, StatusCode::OK, registration))
}

/// The carrier agreed.
pub(crate) fn progress(cx: &mut Cx<'_>, carrier: &str) {
    let Some(registration) = cx.docs.get::<Value>(REGISTRATION, carrier) else { return };
    cx.docs.remove(REGISTRATION, carrier);
    if let Some(mut account) = carrier_accounts::find(cx, registration["carrier_account"].as_str().unwrap_or_default()) {
        account.active = true;
        carrier_accounts::put(cx, &account);
    }
}
