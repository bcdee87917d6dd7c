//! The verdict over the API: expectations in, findings out.

use serde_json::{Value, json};

use crate::scenario::{Scenario, schema, verify as verdict};
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
    let scenario = match &wanted {
        Value::Null => {
            let source = sandbox.lock().script.source().to_owned();
            if source.is_empty() { (*Scenario::plain()).clone() } else { scenarios::parse(admin, source.as_bytes())? }
        }
        Value::Object(members) if members.keys().all(|name| name == "expect") => {
            scenarios::parse(admin, json!({"name": "verify", "expect": wanted["expect"]}).to_string().as_bytes())?
        }
        _ => return Err(Problem::bad("the body is an object with `expect`, or nothing to judge what the scenario expects")),
    };
    let report = verdict::verify(&admin.machine, &sandbox, &scenario);
    let state = sandbox.lock();
    let unmet: Vec<&str> = state.faults.iter().filter(|fault| fault.script.met() == 0).map(|fault| fault.name.as_str()).collect();
    Ok(Given::ok(&json!({
        "verdict": report.verdict,
        "findings": report.findings,
        "dropped": report.dropped,
        "unmet_faults": unmet,
    })))
}
