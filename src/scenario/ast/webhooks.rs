//! Subscriptions to webhooks, and how deliveries are disturbed.

use std::time::Duration;

use super::Between;
use crate::engine::webhooks::Forgery;
use crate::scenario::error::{Span, Spanned};

/// How webhook deliveries are disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Webhooks {
    /// The share of deliveries that are sent twice.
    pub duplicate: f64,
    /// How many others may overtake a delivery.
    pub reorder: u64,
    /// How much later deliveries are sent.
    pub delay: Option<Between<Duration>>,
    /// The share of deliveries that are never sent.
    pub drop: f64,
    /// The shares of deliveries that receivers ought to refuse, in the order of [`Forgery::ALL`], and where they are asked for.
    pub forged: [(f64, Span); Forgery::ALL.len()],
    /// Where `duplicate`, `reorder`, `delay` and `drop` are written.
    pub spans: [Option<Span>; 4],
}

impl Webhooks {
    /// What it asks for besides subscriptions, by the names of members, with where that is written.
    pub(in crate::scenario) fn asked(&self) -> impl Iterator<Item = (&'static str, Span)> {
        let Self { duplicate, reorder, delay, drop, forged, spans } = *self;
        let is_delayed = delay.is_some_and(|delay| !delay.max.is_zero());
        let others = [("duplicate", duplicate > 0.0), ("reorder", reorder > 0), ("delay", is_delayed), ("drop", drop > 0.0)];
        let others = others.into_iter().zip(spans).filter(|((_, is_asked), _)| *is_asked);
        let others = others.filter_map(|((name, _), span)| Some((name, span?)));
        let forged = Forgery::ALL.into_iter().zip(forged).filter(|(_, (share, _))| *share > 0.0);
        others.chain(forged.map(|(forgery, (_, span))| (forgery.member(), span)))
    }
}

/// A webhook subscription that exists from the beginning, as if it had been set up in the vendor's portal.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    pub vendor: Spanned<String>,
    /// The account that it belongs to; that of the vendor's first credential otherwise.
    pub account: Option<String>,
    /// Where the account is named.
    pub account_span: Option<Span>,
    pub url: Spanned<String>,
    /// The vendor's names of the events; all of them when it is empty.
    pub events: Vec<Spanned<String>>,
    /// Whether bodies are forms instead of JSON.
    pub form: bool,
    /// Where the file says the format.
    pub format_span: Option<Span>,
    /// The key of signatures, or a text that is sent with each delivery.
    pub secret: Option<String>,
    /// Where the secret stands in the file.
    pub secret_span: Option<Span>,
}

impl Subscription {
    /// Whom it tells of what, and how: two with the same tell a receiver the same twice.
    #[must_use]
    pub fn subject(&self) -> impl Ord {
        let events: Vec<&str> = self.events.iter().map(|event| event.value.as_str()).collect();
        (&*self.vendor.value, &self.account, &*self.url.value, self.form, &self.secret, events)
    }
}
