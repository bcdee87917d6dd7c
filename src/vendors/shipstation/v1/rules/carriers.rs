//! Carriers, their services and packages, and the wallet.

use serde_json::{Value, json};

use super::super::super::catalog::{CATALOG, Carrier, in_order};
use super::super::super::wire;
use super::super::super::wire::money::Money;
use crate::base::json::Written;
use crate::engine::{Cx, Outcome, Refusal, Reply};
use crate::world::Kind;

const CARRIER: Kind = Kind::new("carrier");

/// A carrier as lists show it; those of the wallet share its balance and name.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct CarrierView {
    name: &'static str,
    code: &'static str,
    account_number: Option<&'static str>,
    requires_funded_account: bool,
    balance: Written,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_provider_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary: Option<bool>,
}

pub fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(wire::connected(cx).map(|carrier| view(cx, carrier)).collect::<Vec<_>>()))
}

pub fn get(cx: &mut Cx<'_>) -> Outcome {
    let carrier = named(cx)?;
    Ok(Reply::ok(view(cx, carrier)))
}

fn view(cx: &Cx<'_>, carrier: &'static Carrier) -> CarrierView {
    let wallet = carrier.wallet.then_some(CATALOG.wallet.as_str());
    CarrierView {
        name: &carrier.name,
        code: &carrier.code,
        account_number: carrier.account_number.as_deref(),
        requires_funded_account: carrier.wallet,
        balance: if carrier.wallet { wire::profile(cx).balance.scaled(4) } else { Money::default().scaled(1) },
        nickname: Some(json!(wallet.or(carrier.nickname.as_deref()))),
        shipping_provider_id: Some(carrier.id),
        primary: Some(true),
    }
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
    Ok(Reply::ok(CarrierView { nickname: None, shipping_provider_id: None, primary: None, ..view(cx, carrier) }))
}
