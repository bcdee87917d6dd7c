//! What subscribers of version 1 hear: pointers. Nothing is signed; receivers fetch `resource_url` with their own key.

use serde_json::{Value, json};

use crate::engine::Cx;
use crate::engine::webhooks::{Event, Format, Message, form};

/// Labels of these stores were bought together.
pub(in crate::vendors::shipstation) fn labels_bought(cx: &mut Cx<'_>, batch: u64, stores: &[u64]) {
    for (event, items) in [("SHIP_NOTIFY", "False"), ("ITEM_SHIP_NOTIFY", "True")] {
        point(cx, event, &format!("/shipments?batchId={batch}&includeShipmentItems={items}"), stores);
    }
}

/// Orders of a store were imported together.
pub(super) fn orders_imported(cx: &mut Cx<'_>, store: u64, batch: &str) {
    for (event, items) in [("ORDER_NOTIFY", ""), ("ITEM_ORDER_NOTIFY", "&includeOrderItems=True")] {
        point(cx, event, &format!("/orders?storeID={store}&importBatch={batch}{items}"), &[store]);
    }
}

/// An order was shipped by other means.
pub(in crate::vendors::shipstation) fn fulfilled(cx: &mut Cx<'_>, fulfillment: u64, store: Option<u64>) {
    point(cx, "FULFILLMENT_SHIPPED", &format!("/fulfillments?fulfillmentId={fulfillment}"), store.as_slice());
}

/// Tells subscribers where to look, those of one store alone only of theirs.
fn point(cx: &mut Cx<'_>, event: &str, path: &str, stores: &[u64]) {
    let url = format!("http://{PLACEHOLDER}{path}");
    let is_for =
        |rest: &serde_json::Map<String, Value>| rest.get("StoreID").and_then(Value::as_u64).is_none_or(|own| stores.contains(&own));
    cx.notify_where(event, path, &json!({"resource_url": url, "resource_type": event}), |subscription| is_for(&subscription.rest));
}

/// Makes what one receiver gets: the address and the event, as JSON or as a form.
pub(in crate::vendors::shipstation) fn render(event: &Event<'_>) -> Message {
    let members = event.members(&[]);
    match event.subscription.format {
        Format::Json => Message { content_type: "application/json", headers: Vec::new(), body: Value::Object(members).to_string() },
        Format::Form => Message { content_type: "application/x-www-form-urlencoded", headers: Vec::new(), body: form(&members) },
    }
}

/// A test event points to what is there.
pub(in crate::vendors::shipstation) fn sample(_: &mut Cx<'_>, event: &str) -> (String, Value) {
    let known = [("ORDER", "/orders"), ("SHIP_", "/shipments")].into_iter().find(|(word, _)| event.contains(word));
    let path = known.map_or("/fulfillments", |(_, path)| path);
    (path.to_owned(), json!({"resource_url": format!("http://{PLACEHOLDER}{path}"), "resource_type": event}))
}

/// The host that the engine replaces by each subscriber's base URL.
const PLACEHOLDER: &str = "nowhere.invalid";
