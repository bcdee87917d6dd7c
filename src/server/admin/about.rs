//! What the process is: no side effects.

use serde_json::json;

use crate::scenario::run::MachineVocabulary;
use crate::server::admin::{Admin, Ask, Given, Problem, routes};

#[expect(clippy::unnecessary_wraps, reason = "one signature for all routes")]
pub(super) fn health(_: &Admin, _: &Ask<'_>) -> Result<Given, Problem> {
    Ok(Given::ok(&json!({"status": "ok"})))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all routes")]
pub(super) fn version(admin: &Admin, _: &Ask<'_>) -> Result<Given, Problem> {
    let vendors: Vec<&str> = admin.machine.vendors().all().iter().map(|vendor| vendor.id).collect();
    Ok(Given::ok(&json!({"name": "seatrial", "version": env!("CARGO_PKG_VERSION"), "vendors": vendors})))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all routes")]
pub(super) fn coverage(admin: &Admin, _: &Ask<'_>) -> Result<Given, Problem> {
    Ok(Given::ok(&json!({"coverage": admin.machine.vendors().coverage()})))
}

#[expect(clippy::unnecessary_wraps, reason = "one signature for all routes")]
pub(super) fn openapi(admin: &Admin, _: &Ask<'_>) -> Result<Given, Problem> {
    Ok(Given::ok(&routes::document(&MachineVocabulary(&admin.machine))))
}

/// YAML as it was written, or JSON when the name ends so.
pub(super) fn spec(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let name = ask.parameter("vendor");
    let (id, is_json) = name.strip_suffix(".json").map_or((name.strip_suffix(".yaml").unwrap_or(name), false), |id| (id, true));
    let vendor = admin.machine.vendors().find(id);
    let vendor = vendor.ok_or_else(|| Problem::missing(format!("there is no vendor `{id}`")))?;
    Ok(if is_json { Given::text("application/json", vendor.spec) } else { Given::text("application/yaml", vendor.spec_source) })
}
