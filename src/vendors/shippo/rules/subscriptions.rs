//! Webhooks: who is told what. Changes replace the whole.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::super::access::Mode;
use super::super::accounts;
use super::super::dialect::fields::Fields;
use super::super::dialect::page::{LISTING, Page};
use super::super::dialect::version;
use super::super::webhooks::WEBHOOKS;
use super::super::wire::Moment;
use super::stored;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Json, Outcome, Refusal, Reply};

/// Newest first; links only where there is a neighbor.
pub(crate) fn list(cx: &mut Cx<'_>) -> Outcome {
    let page = LISTING.read(cx.call)?.rows(cx.subscriptions())?.map(|row| view(cx, row));
    let Page { next, previous, results, .. } = Page::of(cx.call, cx.call.path, page);
    let links = [("next", next), ("previous", previous)].into_iter().filter_map(|(name, link)| Some((name.to_owned(), link?.into())));
    let body: Map<String, Value> = links.chain([("results".to_owned(), results.into())]).collect();
    Ok(version::reply(cx.call, StatusCode::OK, body))
}

/// No handshake: the address is taken as it is.
pub(crate) fn create(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut subscription = Subscription::new("", Vec::new(), cx.now);
    judge(cx, &body, &mut subscription)?;
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
pub(crate) fn update(cx: &mut Cx<'_>, Json(body): Json<Value>) -> Outcome {
    let mut subscription = named(cx)?;
    judge(cx, &body, &mut subscription)?;
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
    let id = stored::named(cx)?;
    let found = cx.docs.get::<Subscription>(SUBSCRIPTION, &id).filter(|row| row.vendor == cx.vendor_id());
    found.ok_or_else(|| Refusal::missing(SUBSCRIPTION, id))
}

fn judge(cx: &Cx<'_>, body: &Value, subscription: &mut Subscription) -> Result<(), Refusal> {
    let mut fields = Fields::of(body)?;
    let mut words = WEBHOOKS.events.to_vec();
    words.push("all");
    let event = fields.choice("event", &words);
    fields.require("event");
    let url = fields.needed("url");
    if fields.is_fine("url") && !url.parse::<http::Uri>().is_ok_and(|url| url.scheme().is_some() && url.host().is_some()) {
        fields.fault("url", "Enter a valid URL.");
    } else if url.chars().count() >= 200 {
        fields.fault("url", "Ensure this field has no more than 200 characters.");
    }
    let active = fields.flag("active").unwrap_or(true);
    let mode = Mode::of(cx);
    let is_test = fields.flag("is_test").unwrap_or(mode.is_test());
    fields.done()?;
    subscription.url = url;
    subscription.events = vec![event.filter(|word| word != "all").unwrap_or_else(|| "*".to_owned())];
    // A webhook of the other mode hears nothing of this one.
    subscription.active = active && is_test == mode.is_test();
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
        "object_id": row.id, "object_updated": Moment(row.created), "object_owner": accounts::owner(cx),
    })
}
