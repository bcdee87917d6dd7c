//! What subscribers of Shippo hear: labels made and changed, scans, batches validated and bought.
//!
//! A test webhook hears of test objects and a live one of live objects, because each lies in the account of its mode. Bodies
//! are signed only for subscriptions that have a secret, as the vendor does for customers who asked its support for one.

use std::time::Duration;

use serde_json::{Value, json};

use super::access::Mode;
use super::rules::{fixtures, tracking, transactions};
use super::wire::transaction::Transaction;
use crate::base::time::Timestamp;
use crate::carrier::Parcel;
use crate::engine::webhooks::{Event, Message, RetryPolicy, Subscription, Webhooks};
use crate::engine::{Cx, signing};

pub(super) const TRANSACTION_CREATED: &str = "transaction_created";
pub(super) const TRANSACTION_UPDATED: &str = "transaction_updated";
pub(super) const TRACK_UPDATED: &str = "track_updated";
pub(super) const BATCH_CREATED: &str = "batch_created";
pub(super) const BATCH_PURCHASED: &str = "batch_purchased";

pub(super) const WEBHOOKS: Webhooks = Webhooks {
    events: &[TRANSACTION_CREATED, TRANSACTION_UPDATED, TRACK_UPDATED, BATCH_CREATED, BATCH_PURCHASED],
    silent: &[],
    own: |_| true,
    shared: None,
    // Three seconds for an answer; silence is followed by one more attempt, a refusal by none.
    policy: RetryPolicy { timeout: Duration::from_secs(3), backoff: |_| &[10], retries_answers: false, pause_after: None },
    secret: |_| None,
    render,
    sign,
    sample,
};

/// A label was made, or its status changed.
pub(super) fn transaction(cx: &mut Cx<'_>, event: &str, transaction: &Transaction) {
    if cx.is_subscribed(event) {
        let data = transactions::event_view(cx, transaction.clone());
        let payload = json!({"test": transaction.test, "data": data});
        cx.notify(event, &transaction.object_id, &payload);
    }
}

/// A parcel was scanned.
pub(super) fn track(cx: &mut Cx<'_>, parcel: &Parcel) {
    if cx.is_subscribed(TRACK_UPDATED) {
        let test = Mode::of(cx).is_test();
        let track = tracking::event_track(cx, parcel, test);
        let payload = json!({"test": test, "data": track.written_now(), "carrier": parcel.carrier, "metadata": track.metadata});
        cx.notify(TRACK_UPDATED, &parcel.tracking_number, &payload);
    }
}

/// The validation or the purchase of a batch has ended.
pub(super) fn batch(cx: &mut Cx<'_>, event: &str, id: &str) {
    let payload = about_batch(cx, event, id);
    cx.notify(event, id, &payload);
}

fn about_batch(cx: &Cx<'_>, event: &str, id: &str) -> Value {
    let end = if event == BATCH_CREATED { "created" } else { "processing complete" };
    json!({"test": Mode::of(cx).is_test(), "data": format!("batch {id} {end}")})
}

/// The event first, then what is said.
fn render(notice: &Event<'_>) -> Message {
    let members = notice.members(&[("event", notice.event)]);
    let version = ("Shippo-API-Version".to_owned(), "2018-02-08".to_owned());
    Message { content_type: "application/json", headers: vec![version], body: Value::Object(members).to_string() }
}

/// `Shippo-Auth-Signature: t=<unix seconds>,v1=<hex>` over `<t>.<body>`.
fn sign(subscription: &Subscription, body: &str, at: Timestamp) -> Vec<(String, String)> {
    let Some(secret) = &subscription.secret else { return Vec::new() };
    let time = at.as_second();
    let digest = signing::hmac_sha256(secret, format!("{time}.{body}").as_bytes());
    vec![("Shippo-Auth-Signature".to_owned(), format!("t={time},v1={digest}"))]
}

/// What the portal's test button sends.
fn sample(cx: &mut Cx<'_>, event: &str) -> (String, Value) {
    let test = Mode::of(cx).is_test();
    let id = "0123456789abcdef0123456789abcdef";
    match event {
        BATCH_CREATED | BATCH_PURCHASED => (id.to_owned(), about_batch(cx, event, id)),
        TRACK_UPDATED => {
            let number = "SHIPPO_DELIVERED";
            let track = fixtures::tell(cx, number);
            (number.to_owned(), json!({"test": test, "data": track, "carrier": "shippo", "metadata": "Shippo test webhook"}))
        }
        _ => (id.to_owned(), json!({"test": test, "data": {"object_id": id, "object_state": "VALID", "status": "SUCCESS", "test": test}})),
    }
}
