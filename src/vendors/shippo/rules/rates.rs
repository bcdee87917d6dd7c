//! Rates: read one by one or by shipment, also in another currency.

use http::StatusCode;

use super::super::access;
use super::super::catalog::CATALOG;
use super::super::dialect::page::{self, LISTING, Page};
use super::super::dialect::version;
use super::super::wire::shipment::{Rate, RateView, Shipment};
use super::super::wire::{RATE, SHIPMENT};
use super::stored;
use crate::engine::{Cx, Outcome, Refusal};

/// All rates, newest first.
pub(crate) fn list_all(cx: &mut Cx<'_>) -> Outcome {
    page::answer(cx, &LISTING.read(cx.call)?, RATE, |cx, rate| RateView::of(rate, access::owner(cx)))
}

/// One rate.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let rate: Rate = cx.docs.require(RATE, &stored::named(cx))?;
    Ok(version::reply(cx.call, StatusCode::OK, RateView::of(rate, access::owner(cx))))
}

/// The rates of a shipment, in its order.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    of_shipment(cx, |rate| rate)
}

/// The same rates; the quoted amount stays, the local one is converted.
pub(crate) fn list_in_currency(cx: &mut Cx<'_>) -> Outcome {
    let currency = cx.call.parameter("CurrencyCode").unwrap_or_default().to_uppercase();
    if !CATALOG.currencies.per_dollar.contains_key(&currency) {
        return Err(Refusal::missing(RATE, currency));
    }
    of_shipment(cx, |mut rate| {
        rate.cents_local = CATALOG.convert(rate.cents, &rate.currency, &currency).unwrap_or(rate.cents_local);
        rate.currency_local.clone_from(&currency);
        rate
    })
}

fn of_shipment(cx: &Cx<'_>, show: impl Fn(Rate) -> Rate) -> Outcome {
    let shipment: Shipment = cx.docs.require(SHIPMENT, &stored::named(cx))?;
    let rates = shipment.rates.iter().filter_map(|part| cx.docs.get::<Rate>(RATE, part.id()));
    let page = LISTING.read(cx.call)?.cut(shipment.rates.len(), rates)?;
    let page = page.map(|rate| RateView::of(show(rate), access::owner(cx)));
    Ok(version::reply(cx.call, StatusCode::OK, Page { count: Some(shipment.rates.len()), ..Page::of(cx.call, cx.call.path, page) }))
}
