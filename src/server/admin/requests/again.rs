//! What of a scenario answers a call like it was answered.

use serde_json::{Value, json};

use crate::server::admin::problem::Problem;
use crate::server::admin::secrets::Exchange;
use crate::world::{End, Sent};

/// The member of an override, and its value, that answers a call like it was answered.
pub(super) fn rule(exchange: &Exchange<'_>) -> Result<(&'static str, Value), Problem> {
    let Exchange { entry, answer, .. } = exchange;
    let Sent { end, status, .. } = entry.wire.planned();
    let is_committed = entry.effect.as_ref().is_some_and(|effect| effect.committed);
    match (end, status.or(entry.status)) {
        (End::Sent | End::Abandoned, Some(status)) if is_committed && status >= 400 => {
            Ok(("fault", json!({"commit": true, "then": status})))
        }
        (End::Sent | End::Abandoned, Some(status)) => {
            let mut respond = json!({"status": status});
            if !matches!(answer.body, Value::Null) && !answer.is_binary {
                respond["body"] = answer.body.clone();
            }
            Ok(("respond", respond))
        }
        (End::Sent | End::Abandoned, None) => Err(Problem::bad_request("this call has not been answered")),
        (end, status) => {
            // The fault that cuts an answer short is called by what it does, its end by what came of it.
            let fault = if end == End::Truncated { "truncate" } else { end.word() };
            Ok((
                "fault",
                match (is_committed, end) {
                    (true, End::HtmlGateway) => json!({"commit": true, "then": fault, "status": status}),
                    (false, End::HtmlGateway) => json!({"then": fault, "status": status}),
                    (true, _) => json!({"commit": true, "then": fault}),
                    (false, _) => fault.into(),
                },
            ))
        }
    }
}
