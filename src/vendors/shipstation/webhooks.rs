//! The events of both versions. A subscription belongs to the account, and its events say which version words them.

use std::time::Duration;

use super::{labels, v1, v2};
use crate::base::time::Timestamp;
use crate::carrier::{Parcel, Scan};
use crate::engine::Cx;
use crate::engine::webhooks::{RetryPolicy, Subscription, Webhooks};

pub(super) const V1: Webhooks = Webhooks {
    events: EVENTS,
    silent: &["FULFILLMENT_REJECTED", "report_complete", "fulfillment_rejected_v2", "fulfillment_canceled_v2", "fulfillment_updated_v2"],
    own: is_v1,
    shared: Some("shipstation_v1"),
    policy: RetryPolicy { timeout: Duration::from_secs(10), backoff, retries_answers: true, pause_after: None },
    secret: |_| None,
    render: |event| if is_v1(event.event) { v1::render(event) } else { v2::render(event) },
    sign,
    sample: |cx, event| if is_v1(event) { v1::sample(cx, event) } else { v2::sample(cx, event) },
};

pub(super) const V2: Webhooks = Webhooks { own: |event| !is_v1(event), ..V1 };

/// Those of version 1, then those of version 2, the older ones first.
const EVENTS: &[&str] = &[
    "ORDER_NOTIFY",
    "ITEM_ORDER_NOTIFY",
    "SHIP_NOTIFY",
    "ITEM_SHIP_NOTIFY",
    "FULFILLMENT_SHIPPED",
    "FULFILLMENT_REJECTED",
    "batch",
    "carrier_connected",
    "order_source_refresh_complete",
    "rate",
    "report_complete",
    "sales_orders_imported",
    "track",
    "batch_processed_v2",
    "track_event_v2",
    "shipment_created_v2",
    "label_created_v2",
    "fulfillment_shipped_v2",
    "fulfillment_rejected_v2",
    "fulfillment_created_v2",
    "fulfillment_canceled_v2",
    "fulfillment_updated_v2",
];

/// A parcel of either version was scanned, which may be when its label is paid, and which version 2 tells.
pub(super) fn scanned(cx: &mut Cx<'_>, parcel: &Parcel, scan: &Scan) {
    labels::accepted(cx, parcel);
    v2::scanned(cx, parcel, scan);
}

/// Those of version 2 as its older documents say, those of version 1 inferred.
fn backoff(event: &str) -> &'static [u32] {
    if is_v1(event) { &[300, 1_800, 7_200] } else { &[7_200, 7_200] }
}

/// Whether an event is one of version 1.
pub(super) fn is_v1(event: &str) -> bool {
    event.starts_with(|letter: char| letter.is_ascii_uppercase())
}

fn sign(subscription: &Subscription, body: &str, at: Timestamp) -> Vec<(String, String)> {
    let is_of_v1 = |event: &str| if event == "*" { subscription.version() == "shipstation_v1" } else { is_v1(event) };
    if subscription.events.iter().all(|event| is_of_v1(event)) { Vec::new() } else { v2::sign(subscription, body, at) }
}
