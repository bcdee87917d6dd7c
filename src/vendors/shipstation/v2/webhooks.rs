//! What subscribers of version 2 hear.

use serde_json::{Value, json};

use crate::base::time::Timestamp;
use crate::engine::Cx;
use crate::engine::webhooks::{Event, Message, Subscription};
use crate::vendors::shipstation::wire::label::Label;

/// A label was bought.
pub(in crate::vendors::shipstation) fn label_bought(_: &mut Cx<'_>, _: &Label) {}

/// What one receiver gets.
pub(in crate::vendors::shipstation) fn render(event: &Event<'_>) -> Message {
    Message { content_type: "application/json", headers: Vec::new(), body: event.payload.to_string() }
}

/// The headers that prove where an attempt comes from.
pub(in crate::vendors::shipstation) fn sign(_: &Subscription, _: &str, _: Timestamp) -> Vec<(String, String)> {
    Vec::new()
}

/// The payload of a test event.
pub(in crate::vendors::shipstation) fn sample(_: &mut Cx<'_>, event: &str) -> (String, Value) {
    (String::new(), json!({ "resource_type": event }))
}
