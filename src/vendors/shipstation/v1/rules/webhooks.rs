//! Subscriptions, in three spellings of their own.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::wire;
use super::Id;
use crate::base::entropy;
use crate::engine::webhooks::{SUBSCRIPTION, Subscription};
use crate::engine::{Cx, Json, Outcome, Params, Refusal, Reply};
use crate::world::Kind;

const WEBHOOK: Kind = Kind::new("webhook");

/// Those of events of this version.
pub fn list(cx: &mut Cx<'_>) -> Outcome {
    let rows =
        cx.subscriptions().into_iter().filter(|row| row.events.iter().any(|event| event == "*" || event.ends_with(char::is_uppercase)));
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

#[derive(Deserialize)]
pub(in crate::vendors::shipstation::v1) struct Wanted {
    target_url: String,
    event: String,
    #[serde(default, deserialize_with = "wire::id_or_none")]
    store_id: Option<u64>,
    friendly_name: Option<String>,
}

/// Recorded: 201 with the number alone.
pub fn subscribe(cx: &mut Cx<'_>, Json(wanted): Json<Wanted>) -> Outcome {
    let id = wire::next_id(cx, &WEBHOOK);
    let facts = [("StoreID", json!(wanted.store_id)), ("Name", json!(wanted.friendly_name))];
    let base = cx.call.url("");
    cx.subscribe(Subscription {
        id: id.to_string(),
        vendor: "shipstation_v1".to_owned(),
        base,
        rest: facts.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<Map<_, _>>(),
        ..Subscription::new(wanted.target_url, vec![wanted.event], cx.now)
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
