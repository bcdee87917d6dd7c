//! Carriers of the account: those of the catalog, less what was disconnected.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::access::in_sandbox;
use super::super::listing;
use super::super::wire;
use super::super::wire::price::priced;
use super::super::{dialect, rates};
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::vendors::shipstation::access;
use crate::vendors::shipstation::catalog::Carrier;
use crate::vendors::shipstation::wire::{self as shared, DISCONNECTED};

/// All of them, in an envelope whose page is as long as they are many. Those that refuse the account's login are named among the errors
/// instead, and the answer is 207.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let (failing, working): (Vec<&Carrier>, Vec<&Carrier>) = rates::connected(cx).partition(|row| access::is_failing(&cx.credential, row));
    let rows: Vec<Value> = working.into_iter().map(|carrier| to_json(cx, carrier)).collect();
    let errors: Vec<Value> = failing.into_iter().map(|carrier| rates::login_refused(carrier, in_sandbox(cx))).collect();
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    let total = rows.len();
    // Recorded 2026: the links are those of the API that this one is built on.
    let links = listing::links(cx, "/v1/carriers", 1, 1, total, false);
    Ok(dialect::naming(cx, status, |id| {
        json!({
            "carriers": rows, "total": total, "page": 1, "pages": usize::from(total > 0), "page_size": total, "links": links,
            "request_id": id, "errors": errors,
        })
    }))
}

fn to_json(cx: &Cx<'_>, carrier: &Carrier) -> Value {
    carrier.to_json(in_sandbox(cx), wire::float(shared::profile(cx).balance))
}

/// The carrier that the path names.
///
/// # Errors
/// `Missing`.
pub(crate) fn named(cx: &Cx<'_>) -> Result<&'static Carrier, Refusal> {
    let id = cx.call.parameter("carrier_id").unwrap_or_default();
    rates::find(cx, id).ok_or_else(|| Refusal::missing(DISCONNECTED, id))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|carrier| Reply::ok(priced(to_json(cx, carrier))))
}

pub(crate) fn options(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|carrier| Reply::ok(json!({ "options": carrier.options_json(in_sandbox(cx)) })))
}

pub(crate) fn packages(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|carrier| Reply::ok(json!({ "packages": carrier.packages_json(in_sandbox(cx)) })))
}

pub(crate) fn services(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|carrier| Reply::ok(json!({ "services": carrier.services_json(in_sandbox(cx)) })))
}

/// Gone from both versions of the account.
pub(crate) fn disconnect(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    cx.docs.put(DISCONNECTED, &carrier.id.to_string(), &true);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The wallet holds more; carriers that are paid otherwise have none.
pub(crate) fn add_funds(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    cx.call.valid()?;
    if !carrier.wallet {
        return Err(dialect::wrong_state("auto_fund_not_supported", format!("Carrier se-{} does not hold funds.", carrier.id)));
    }
    let balance = shared::add_funds(cx, wire::decimal(&cx.call.body["amount"]));
    Ok(Reply::ok(json!({ "balance": wire::dollars(balance) })))
}
