//! The verdict over the API: expectations in, findings out.

use serde_json::{Value, json};

use crate::scenario::{schema, verify as verdict};
use crate::server::admin::{Admin, Ask, Given, Problem, scenarios};

pub(super) fn schema() -> Value {
    let schema = schema::skeleton();
    json!({"type": "object", "additionalProperties": false, "properties": {
        "expect": schema.pointer("/properties/expect").cloned().unwrap_or_default(),
    }})
}

/// Judges what is expected in the body; without one, what the scenario expects.
pub(super) fn verify(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let wanted: Value = ask.read()?;
    match &wanted {
        Value::Null => Ok(Given::ok(&verdict::verify_current(&admin.machine, &sandbox))),
        Value::Object(members) if members.keys().all(|name| name == "expect") => {
            let text = json!({"name": "verify", "expect": wanted["expect"]}).to_string();
            Ok(Given::ok(&verdict::verify(&admin.machine, &sandbox, &scenarios::parse(admin, text.as_bytes())?)))
        }
        _ => Err(Problem::bad("the body is an object with `expect`, or nothing to judge what the scenario expects")),
    }
}
