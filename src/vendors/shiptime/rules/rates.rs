//! Quotes, and their quarter of an hour.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{QUOTE, RATING};
use crate::base::ids;
use crate::engine::fields::{Field, Report};
use crate::engine::{Blame, Cx, Outcome, Refusal, Reply};
use crate::vendors::shiptime::catalog::CATALOG;
use crate::vendors::shiptime::checks;
use crate::vendors::shiptime::rates::{self, Offer};
use crate::vendors::shiptime::wire::{self, Quote};

/// A rating's quotes lapse.
pub(super) const EXPIRE: &str = "rating.expire";
/// How many ratings an account may have alive; a frozen clock would let them pile up.
const ALIVE: usize = 5_000;
/// How long a quote can be booked.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// A rate request that was quoted, and the quotes that stand on it.
#[derive(Serialize, Deserialize)]
pub(super) struct Rating {
    request: Map<String, Value>,
    quotes: Vec<String>,
}

/// One quote: what to book of which rating.
#[derive(Serialize, Deserialize)]
pub(super) struct Quoted {
    rating: String,
    carrier: String,
    service: String,
}

/// Every carrier that serves the route quotes; each quote can be booked by its id alone for a quarter of an hour.
pub(in crate::vendors::shiptime) fn quote(cx: &mut Cx<'_>) -> Outcome {
    let (mut report, body) = (Report::of(cx.call), Field::body(cx.call));
    checks::rate_request(&mut report, &body);
    report.finish()?;
    let request = body.object().map(wire::normalized).unwrap_or_default();
    let offers = rates::offers(cx.had(&CATALOG.carriers), &request);
    if offers.is_empty() {
        return Err(Refusal::Because("no_rates", Value::Null));
    }
    let oldest = cx.docs.rows(RATING).next().map(|(id, _)| id.to_owned());
    if let Some(oldest) = oldest.filter(|_| cx.docs.count(RATING) >= ALIVE) {
        expire(cx, &oldest);
        cx.note("quotes-dropped", Blame::Sandbox, "the oldest rating made room");
    }
    let rating = ids::hex(&mut cx.rng, 16);
    let mut quotes = Vec::with_capacity(offers.len());
    for Offer { carrier, service, quote, .. } in offers {
        let quote_id = ids::hex(&mut cx.rng, 32);
        let quoted = Quoted { rating: rating.clone(), carrier: carrier.id.clone(), service: service.id.clone() };
        cx.docs.put(QUOTE, &quote_id, &quoted);
        quotes.push(Quote { quote_id, ..quote });
    }
    let ids = quotes.iter().map(|quote| quote.quote_id.clone()).collect();
    cx.docs.put(RATING, &rating, &Rating { request, quotes: ids });
    cx.schedule_in(LIFE, EXPIRE, &rating, 0);
    Ok(Reply::ok(BTreeMap::from([("availableRates", quotes)])))
}

/// What a quote stands for, while it lives: the rate request, the carrier and the service.
pub(super) fn quoted(cx: &Cx<'_>, quote_id: &str) -> Option<(Map<String, Value>, String, String)> {
    let quoted: Quoted = cx.docs.get(QUOTE, quote_id)?;
    let rating: Rating = cx.docs.get(RATING, &quoted.rating)?;
    Some((rating.request, quoted.carrier, quoted.service))
}

/// A rating's time is over.
pub(super) fn expire(cx: &mut Cx<'_>, rating: &str) {
    for quote in cx.docs.get::<Rating>(RATING, rating).into_iter().flat_map(|rating| rating.quotes) {
        cx.docs.remove(QUOTE, &quote);
    }
    cx.docs.remove(RATING, rating);
}
