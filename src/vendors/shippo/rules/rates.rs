//! Rates: read one by one or by shipment, also in another currency.

use http::StatusCode;
use serde::Deserialize;

use super::super::access;
use super::super::catalog::CATALOG;
use super::super::dialect::page::{LISTING, Page};
use super::super::dialect::version;
use super::super::wire::shipment::{Rate, RateView, Shipment};
use super::super::wire::{ObjectId, RATE, SHIPMENT};
use crate::engine::{Cx, Outcome, Params, Refusal};

#[derive(Deserialize)]
pub(crate) struct RateId {
    #[serde(rename = "RateId")]
    id: ObjectId,
}

#[derive(Deserialize)]
pub(crate) struct ShipmentId {
    #[serde(rename = "ShipmentId")]
    id: ObjectId,
}

#[derive(Deserialize)]
pub(crate) struct InCurrency {
    #[serde(rename = "ShipmentId")]
    id: ObjectId,
    #[serde(rename = "CurrencyCode")]
    currency: Currency,
}

/// A code in a path: three letters.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Currency(String);

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        if fits { Ok(Self(text.to_uppercase())) } else { Err("a currency has three letters") }
    }
}

/// One rate.
pub(crate) fn read(cx: &mut Cx<'_>, Params(RateId { id: ObjectId(id) }): Params<RateId>) -> Outcome {
    let rate: Rate = cx.docs.require(RATE, &id)?;
    Ok(version::reply(cx.call, StatusCode::OK, RateView::of(rate, access::owner(cx))))
}

/// The rates of a shipment, in its order.
pub(crate) fn list(cx: &mut Cx<'_>, Params(ShipmentId { id: ObjectId(id) }): Params<ShipmentId>) -> Outcome {
    page(cx, &id, |rate| rate)
}

/// The same rates; the quoted amount stays, the local one is converted.
pub(crate) fn list_in_currency(cx: &mut Cx<'_>, Params(InCurrency { id, currency }): Params<InCurrency>) -> Outcome {
    let (ObjectId(id), Currency(currency)) = (id, currency);
    if !CATALOG.currencies.per_dollar.contains_key(&currency) {
        return Err(Refusal::missing(RATE, currency));
    }
    page(cx, &id, |mut rate| {
        rate.cents_local = CATALOG.convert(rate.cents, &rate.currency, &currency).unwrap_or(rate.cents_local);
        rate.currency_local.clone_from(&currency);
        rate
    })
}

fn page(cx: &Cx<'_>, id: &str, show: impl Fn(Rate) -> Rate) -> Outcome {
    let shipment: Shipment = cx.docs.require(SHIPMENT, id)?;
    let rates = shipment.rates.iter().filter_map(|id| cx.docs.get::<Rate>(RATE, id));
    let page = LISTING.read(cx.call)?.cut(shipment.rates.len(), rates)?;
    let page = page.map(|rate| RateView::of(show(rate), access::owner(cx)));
    Ok(version::reply(cx.call, StatusCode::OK, Page::of(cx.call, cx.call.path, page)))
}
