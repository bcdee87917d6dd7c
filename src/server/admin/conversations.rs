//! Recorded conversations, played in a sandbox.

use serde_json::{Value, json};

use crate::scenario::conversation;
use crate::server::admin::{Admin, Ask, Given, Problem};
use crate::server::http::wall;

pub(super) const VENDOR: &[(&str, &str)] = &[("vendor", "whom the conversation is with, such as `shippo`")];

pub(super) fn schema() -> Value {
    json!({"type": "object", "required": ["steps"], "properties": {
        "about": {"type": "string"},
        "headers": {"type": "object"},
        "steps": {"type": "array", "items": {"type": "object"}},
    }})
}

pub(super) fn play(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let name = ask.query("vendor").ok_or_else(|| Problem::bad("`vendor` says whom the conversation is with"))?;
    let vendor = admin.machine.vendors().find(|vendor| vendor.id == name || vendor.mount == name);
    let vendor = vendor.ok_or_else(|| Problem::bad(format!("there is no vendor `{name}`")))?;
    let story: Value = ask.read()?;
    if !story["steps"].is_array() {
        return Err(Problem::bad("a conversation has `steps`"));
    }
    let steps = conversation::play(&admin.machine, &sandbox, vendor.mount, &story, wall());
    admin.changed.notify_waiters();
    let as_told = steps.iter().all(|step| step.problems.is_empty());
    Ok(Given::ok(&json!({"about": story["about"], "verdict": if as_told { "passed" } else { "failed" }, "steps": steps})))
}
