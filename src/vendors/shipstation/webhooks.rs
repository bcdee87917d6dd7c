//! The events of both versions. A subscription belongs to the account, and its events say which version words them.

use std::time::Duration;

use serde_json::Value;

use super::{v1, v2};
use crate::base::time::Timestamp;
use crate::engine::Cx;
use crate::engine::webhooks::{Event, Message, RetryPolicy, Subscription, Webhooks};

pub(super) const WEBHOOKS: Webhooks = Webhooks {
    events: &["ORDER_NOTIFY", "ITEM_ORDER_NOTIFY", "SHIP_NOTIFY", "ITEM_SHIP_NOTIFY", "FULFILLMENT_SHIPPED", "FULFILLMENT_REJECTED"],
    shared: Some("shipstation_v1"),
    // Inferred: neither version publishes numbers.
    policy: RetryPolicy { timeout: Duration::from_secs(10), backoff: &[300, 1_800, 7_200], retries_answers: true, pause_after: None },
    secret: |_| None,
    render,
    sign,
    sample,
};

/// Whether an event is one of version 1.
fn is_v1(event: &str) -> bool {
    event.starts_with(|letter: char| letter.is_ascii_uppercase())
}

fn render(event: &Event<'_>) -> Message {
    if is_v1(event.event) { v1::render(event) } else { v2::render(event) }
}

fn sign(subscription: &Subscription, body: &str, at: Timestamp) -> Vec<(String, String)> {
    if subscription.events.iter().all(|event| is_v1(event)) { Vec::new() } else { v2::sign(subscription, body, at) }
}

fn sample(cx: &mut Cx<'_>, event: &str) -> (String, Value) {
    if is_v1(event) { v1::sample(cx, event) } else { v2::sample(cx, event) }
}
