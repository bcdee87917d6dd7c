//! Webhooks: who is told what. Events of version 1 belong to version 1.

use http::StatusCode;
use serde_json::{Value, json};

use super::super::dialect::{about, error, refused};
use super::super::wire::{self, se};
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Outcome, Refusal, Reply, signing};
use crate::vendors::shipstation::webhooks::is_v1;
use crate::world::Kind;

/// All webhooks, as an array without an envelope.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(own(cx).iter().map(to_json).collect::<Vec<_>>()))
}

fn own(cx: &Cx<'_>) -> Vec<Subscription> {
    cx.subscriptions().into_iter().filter(|row| row.events.iter().any(|event| event != "*" && !is_v1(event))).collect()
}

/// One webhook for each event.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let event = cx.call.body["event"].as_str().unwrap_or_default().to_owned();
    if own(cx).iter().any(|row| row.events.contains(&event)) {
        let text = format!("A webhook for the event {event} already exists.");
        let error = error("business_rules", "webhook_event_type_conflict", text, &about("event", event));
        return Err(refused(StatusCode::CONFLICT, error));
    }
    let mut subscription = Subscription::new("", vec![event], cx.now);
    // An id of its own, so that it is no subscription that was made by hand.
    subscription.id = wire::next(cx, &Kind::new("webhook")).to_string();
    subscription.vendor = cx.vendor.subscription_owner().to_owned();
    subscription.base = cx.call.url("");
    fill(&mut subscription, &cx.call.body);
    cx.subscribe(subscription.clone());
    Ok(Reply::ok(to_json(&subscription)))
}

/// What subscribers say of a webhook besides its address, and what it is unless they do.
fn facts() -> [(&'static str, Value); 3] {
    [("headers", json!([])), ("name", Value::Null), ("store_id", Value::Null)]
}

fn fill(subscription: &mut Subscription, sent: &Value) {
    if let Some(url) = sent["url"].as_str() {
        url.clone_into(&mut subscription.url);
    }
    let told = facts().into_iter().filter(|(name, _)| !sent[*name].is_null());
    subscription.rest.extend(told.map(|(name, _)| (name.to_owned(), sent[name].clone())));
}

fn named(cx: &Cx<'_>) -> Result<Subscription, Refusal> {
    let wanted = wire::named(cx, "webhook_id");
    own(cx).into_iter().find(|row| row.number() == wanted).ok_or_else(|| Refusal::missing(SUBSCRIPTION, se(wanted)))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|row| Reply::ok(to_json(&row)))
}

/// Its address and headers change, and nothing else.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let mut subscription = named(cx)?;
    cx.call.valid()?;
    fill(&mut subscription, &cx.call.body);
    cx.subscribe(subscription);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let subscription = named(cx)?;
    cx.unsubscribe(&subscription.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn to_json(row: &Subscription) -> Value {
    let mut shown = json!({ "webhook_id": se(row.number()), "url": row.url, "event": row.events.first() });
    facts().into_iter().for_each(|(name, usual)| shown[name] = row.rest.get(name).cloned().unwrap_or(usual));
    shown
}

/// The keys that webhooks are signed with.
pub(crate) fn keys(_: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(signing::jwks()))
}
