//! Subscriptions, in three spellings of their own.

use serde_json::{Value, json};

use super::super::super::wire;
use super::Id;
use crate::base::entropy;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Outcome, Params, Refusal, Reply};
use crate::world::Kind;

const WEBHOOK: Kind = Kind::new("webhook");

/// Those of events of this version.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let is_v1 = |row: &Subscription| row.version() == "shipstation_v1";
    let is_own = |row: &Subscription, event: &str| if event == "*" { is_v1(row) } else { event.ends_with(char::is_uppercase) };
    let rows = cx.subscriptions().into_iter().filter(|row| row.events.iter().any(|event| is_own(row, event)));
    let rows: Vec<Value> = rows
        .map(|row| {
            let event = row.events.first().filter(|event| *event != "*").map_or("ORDER_NOTIFY", String::as_str);
            json!({
                "IsLabelAPIHook": false, "WebHookID": number(&row), "SellerID": 2_335_513, "StoreID": row.rest.get("StoreID"),
                "HookType": event, "MessageFormat": "Json", "Url": row.url, "Name": row.rest.get("Name"),
                "BulkCopyBatchID": null, "BulkCopyRecordID": null, "Active": row.active, "WebhookLogs": [], "Seller": null, "Store": null,
            })
        })
        .collect();
    Ok(Reply::ok(json!({ "webhooks": rows })))
}

/// The number of a subscription; those that were not made here have one of their id.
fn number(row: &Subscription) -> u64 {
    row.id.parse().unwrap_or_else(|_| 100_000 + entropy::fingerprint(row.id.as_bytes()) % 900_000)
}

/// Recorded: 201 with the number alone.
pub fn subscribe(cx: &mut Cx<'_>) -> Outcome {
    let (id, sent) = (wire::next_id(cx, &WEBHOOK), &cx.call.body);
    let text = |name: &str| sent[name].as_str().unwrap_or_default();
    let store = Some(&sent["store_id"]).filter(|id| !id.is_null()).map(wire::id);
    let facts = [("StoreID", json!(store)), ("Name", sent["friendly_name"].clone())];
    cx.subscribe(Subscription {
        id: id.to_string(),
        vendor: "shipstation_v1".to_owned(),
        base: cx.call.url(""),
        rest: facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        ..Subscription::new(text("target_url"), vec![text("event").to_owned()], cx.now)
    });
    Ok(Reply::created(json!({ "id": id })))
}

/// Recorded: 200 without a body.
pub fn unsubscribe(cx: &mut Cx<'_>, Params(Id { id }): Params<Id>) -> Outcome {
    let row = cx.subscriptions().into_iter().find(|row| number(row).to_string() == id);
    let row = row.ok_or_else(|| Refusal::missing(SUBSCRIPTION, id))?;
    cx.unsubscribe(&row.id);
    Ok(Reply::empty(http::StatusCode::OK))
}
