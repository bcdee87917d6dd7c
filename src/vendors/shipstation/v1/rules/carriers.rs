//! Carriers, their services and packages, and the wallet.

use serde_json::{Value, json};

use super::super::super::catalog::{CATALOG, Carrier, in_order};
use super::super::super::wire;
use super::super::super::wire::money::Money;
use super::super::super::wire::order::Members;
use super::scaled;
use crate::base::json::Written;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::world::Kind;

const CARRIER: Kind = Kind::new("carrier");

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(wire::connected(cx).map(|carrier| written(carrier, view(cx, carrier))).collect::<Vec<_>>()))
}

pub fn get(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    Ok(Reply::ok(written(carrier, view(cx, carrier))))
}

/// A carrier as lists show it; those of the wallet share its balance and name.
fn view(cx: &Cx<'_>, carrier: &Carrier) -> Members {
    let wallet = carrier.wallet.then_some((wire::profile(cx).balance, CATALOG.wallet.as_str()));
    let shown = json!({
        "name": carrier.name, "code": carrier.code, "accountNumber": carrier.account_number, "requiresFundedAccount": carrier.wallet,
        "balance": wallet.map_or_else(Money::default, |(balance, _)| balance),
        "nickname": wallet.map(|(_, name)| name).or(carrier.nickname.as_deref()), "shippingProviderId": carrier.id, "primary": true,
    });
    shown.into()
}

/// Recorded: what the wallet holds has four decimals.
fn written(carrier: &Carrier, shown: Members) -> Written {
    scaled(shown, if carrier.wallet { &[("/balance", 4)] } else { &[("/balance", 1)] })
}

pub fn packages(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    let rows = carrier.packages.iter().filter(|row| !row.unlisted_by.contains(&1));
    let rows = rows.map(|row| offer(carrier, &row.code, &row.name, row.domestic, row.international));
    Ok(Reply::ok(rows.collect::<Vec<_>>()))
}

pub fn services(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    let rows = in_order(&carrier.services, &carrier.listed, |row| &row.code).into_iter().filter(|row| !row.unlisted_by.contains(&1));
    let rows = rows.map(|row| offer(carrier, &row.code, &row.name, row.domestic, row.international));
    Ok(Reply::ok(rows.collect::<Vec<_>>()))
}

fn offer(carrier: &Carrier, code: &str, name: &str, domestic: bool, international: bool) -> Value {
    json!({"carrierCode": carrier.code, "code": code, "name": name, "domestic": domestic, "international": international})
}

/// The carrier that the query or the body names.
fn named(cx: &Cx<'_>) -> Result<&'static Carrier, Refusal> {
    let code = cx.call.query("carrierCode").or(cx.call.body["carrierCode"].as_str()).unwrap_or_default();
    wire::carrier(cx, code).ok_or_else(|| Refusal::missing(CARRIER, code))
}

/// Money goes into the wallet; carriers that are billed elsewhere take none.
pub fn add_funds(cx: &mut Cx<'_>) -> Outcome {
    let (carrier, amount) = (named(cx)?, cx.call.body["amount"].clone());
    if carrier.wallet {
        wire::add_funds(cx, Money::from(amount).max(Money::default()));
    }
    let mut shown = view(cx, carrier);
    shown.retain(|name, _| !["nickname", "shippingProviderId", "primary"].contains(&&**name));
    Ok(Reply::ok(written(carrier, shown)))
}
