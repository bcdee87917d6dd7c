//! Webhooks: who is told what. Changes replace the whole.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::access::{self, Mode};
use super::super::checks;
use super::super::dialect::page::{LISTING, Page};
use super::super::dialect::version;
use super::super::wire::Moment;
use super::stored;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Extract, Json, Outcome, Refusal, Reply};

#[derive(Deserialize)]
struct Sent {
    event: String,
    url: String,
    active: Option<bool>,
    is_test: Option<bool>,
}

/// Newest first; links only where there is a neighbor.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.rows(cx.subscriptions())?.map(|row| view(cx, row));
    let Page { next, previous, results, .. } = Page::of(cx.call, cx.call.path, page);
    let links = [("next", next), ("previous", previous)].into_iter().filter_map(|(name, link)| Some((name.to_owned(), link?.into())));
    let body: Map<String, Value> = links.chain([("results".to_owned(), results.into())]).collect();
    Ok(version::reply(cx.call, StatusCode::OK, body))
}

/// No handshake: the address is taken as it is.
pub(crate) fn create(cx: &mut Cx<'_>) -> Outcome {
    let mut subscription = Subscription::new("", Vec::new(), cx.now);
    fill(cx, &mut subscription)?;
    subscription.base = cx.call.url("");
    subscription.secret = Some(cx.credential.text("webhook_secret").to_owned()).filter(|secret| !secret.is_empty());
    subscription.id = cx.subscribe(subscription.clone());
    Ok(version::reply(cx.call, StatusCode::CREATED, view(cx, subscription)))
}

/// One webhook.
pub(crate) fn read(cx: &mut Cx<'_>) -> Outcome {
    let subscription = named(cx)?;
    Ok(version::reply(cx.call, StatusCode::OK, view(cx, subscription)))
}

/// Replaces the webhook. Its `object_updated` does not move.
pub(crate) fn update(cx: &mut Cx<'_>) -> Outcome {
    let mut subscription = named(cx)?;
    fill(cx, &mut subscription)?;
    cx.subscribe(subscription.clone());
    Ok(version::reply(cx.call, StatusCode::OK, view(cx, subscription)))
}

/// Gone.
pub(crate) fn delete(cx: &mut Cx<'_>) -> Outcome {
    let subscription = named(cx)?;
    cx.unsubscribe(&subscription.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn named(cx: &Cx<'_>) -> Result<Subscription, Refusal> {
    let id = stored::named(cx);
    let found = cx.docs.get::<Subscription>(SUBSCRIPTION, &id).filter(|row| row.vendor == cx.vendor_id());
    found.ok_or_else(|| Refusal::missing(SUBSCRIPTION, id))
}

/// Takes over what the body says.
fn fill(cx: &Cx<'_>, subscription: &mut Subscription) -> Result<(), Refusal> {
    let Json(sent) = Json::<Sent>::extract(cx.call)?;
    if sent.url.chars().count() >= 200 {
        return Err(checks::refused("url", "Ensure this field has no more than 200 characters."));
    }
    let (active, own) = (sent.active.unwrap_or(true), Mode::of(cx).is_test());
    let is_test = sent.is_test.unwrap_or(own);
    subscription.url = sent.url;
    subscription.events = vec![if sent.event == "all" { "*".to_owned() } else { sent.event }];
    // A webhook of the other mode hears nothing of this one.
    subscription.active = active && is_test == own;
    subscription.rest = Map::from_iter([("active".to_owned(), active.into()), ("is_test".to_owned(), is_test.into())]);
    Ok(())
}

/// A webhook as it is answered. One that was made by hand says nothing of its own.
fn view(cx: &Cx<'_>, row: Subscription) -> Value {
    let flag = |name: &str, usual: bool| row.rest.get(name).and_then(Value::as_bool).unwrap_or(usual);
    let (active, is_test) = (flag("active", row.active), flag("is_test", Mode::of(cx).is_test()));
    let event = row.events.into_iter().next().unwrap_or_else(|| "*".to_owned());
    json!({
        "event": event, "url": row.url, "active": active, "is_test": is_test, "object_created": Moment(row.created),
        "object_id": row.id, "object_updated": Moment(row.created), "object_owner": access::owner(cx),
    })
}
