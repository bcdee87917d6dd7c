//! Webhooks: who is told what. Events of version 1 belong to version 1.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::dialect::{error, refused};
use super::super::webhooks::EVENTS;
use super::super::wire::{self, se};
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply, signing};
use crate::world::Kind;

#[derive(Deserialize)]
pub(crate) struct Sent {
    event: Option<String>,
    url: Option<String>,
    headers: Option<Vec<Value>>,
    name: Option<String>,
    store_id: Option<i64>,
}

/// All webhooks, as an array without an envelope.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(own(cx).iter().map(to_json).collect::<Vec<_>>()))
}

fn own(cx: &Cx<'_>) -> Vec<Subscription> {
    cx.subscriptions().into_iter().filter(|row| row.events.iter().any(|event| EVENTS.contains(&&**event))).collect()
}

/// One webhook for each event.
pub(crate) fn create(cx: &mut Cx<'_>, Json(sent): Json<Sent>) -> Outcome {
    let event = sent.event.clone().unwrap_or_default();
    if own(cx).iter().any(|row| row.events.contains(&event)) {
        let text = format!("A webhook for the event {event} already exists.");
        let more = json!({ "field_name": "event", "field_value": event });
        return Err(refused(StatusCode::CONFLICT, error("business_rules", "webhook_event_type_conflict", text, &more)));
    }
    let mut subscription = Subscription::new("", vec![event], cx.now);
    // An id of its own, so that it is no subscription that was made by hand.
    subscription.id = wire::next(cx, &Kind::new("webhook")).to_string();
    subscription.vendor = cx.vendor.subscription_owner().to_owned();
    subscription.base = cx.call.url("");
    fill(&mut subscription, sent);
    cx.subscribe(subscription.clone());
    Ok(Reply::ok(to_json(&subscription)))
}

fn fill(subscription: &mut Subscription, sent: Sent) {
    if let Some(url) = sent.url {
        subscription.url = url;
    }
    let mut keep = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            subscription.rest.insert(name.to_owned(), value);
        }
    };
    keep("headers", sent.headers.map(Value::from));
    keep("name", sent.name.map(Value::from));
    keep("store_id", sent.store_id.map(Value::from));
}

fn named(cx: &Cx<'_>) -> Result<Subscription, Refusal> {
    let number = wire::named(cx, "webhook_id");
    let found = own(cx).into_iter().find(|row| row.id == number.to_string());
    found.ok_or_else(|| Refusal::missing(SUBSCRIPTION, se(number)))
}

pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    named(cx).map(|row| Reply::ok(to_json(&row)))
}

/// Its address and headers change, and nothing else.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let mut subscription = named(cx)?;
    cx.call.valid()?;
    if let Ok(sent) = serde_json::from_value(cx.call.body.clone()) {
        fill(&mut subscription, sent);
    }
    cx.subscribe(subscription);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let subscription = named(cx)?;
    cx.unsubscribe(&subscription.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn to_json(row: &Subscription) -> Value {
    let id = row.id.parse().map_or_else(|_| row.id.clone(), se);
    let rest = |name: &str, usual: Value| row.rest.get(name).cloned().unwrap_or(usual);
    let mut shown = Map::from_iter([("webhook_id".to_owned(), Value::from(id)), ("url".to_owned(), row.url.clone().into())]);
    shown.insert("event".to_owned(), row.events.first().cloned().into());
    shown.extend(
        [("headers", json!([])), ("name", Value::Null), ("store_id", Value::Null)]
            .map(|(name, usual)| (name.to_owned(), rest(name, usual))),
    );
    Value::Object(shown)
}

/// The keys that webhooks are signed with.
pub(crate) fn keys(_: &mut Cx<'_>) -> Outcome {
    Ok(Reply::ok(signing::jwks()))
}
