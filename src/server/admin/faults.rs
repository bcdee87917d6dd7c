//! Faults: what goes wrong on purpose, switched on and off while a sandbox runs. A fault is an override of a scenario.

use http::StatusCode;
use serde_json::{Value, json};

use crate::engine::{Fault, Script};
use crate::scenario::{self, schema};
use crate::server::admin::{Admin, Ask, Given, Problem, scenarios};

/// How many faults a sandbox may have at once.
const MOST: usize = 256;

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let state = sandbox.lock();
    let rows: Vec<Value> = state.faults.iter().map(shown).collect();
    Ok(Given::ok(&json!({"faults": rows})))
}

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (sandbox, name) = (admin.sandbox(ask)?, ask.parameter("name"));
    let state = sandbox.lock();
    let found = state.faults.iter().find(|fault| fault.name == name);
    found.map(|fault| Given::ok(&shown(fault))).ok_or_else(|| Problem::missing(format!("there is no fault `{name}`")))
}

pub(super) fn put(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (sandbox, name) = (admin.sandbox(ask)?, ask.parameter("name").to_owned());
    let wanted: Value = ask.read()?;
    let fault = Fault { script: script(admin, &wanted)?, name, wanted };
    let given = Given::ok(&shown(&fault));
    let mut state = sandbox.lock();
    let count = state.faults.len();
    match state.faults.iter_mut().find(|other| other.name == fault.name) {
        Some(other) => *other = fault,
        None if count >= MOST => {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("a sandbox has at most {MOST} faults")));
        }
        None => state.faults.push(fault),
    }
    Ok(given)
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (sandbox, name) = (admin.sandbox(ask)?, ask.parameter("name"));
    let mut state = sandbox.lock();
    let before = state.faults.len();
    state.faults.retain(|fault| fault.name != name);
    if state.faults.len() < before { Ok(Given::empty()) } else { Err(Problem::missing(format!("there is no fault `{name}`"))) }
}

/// The schema of one override.
pub(super) fn put_schema() -> Value {
    let schema = schema::skeleton();
    schema.pointer("/$defs/override").cloned().unwrap_or_else(|| json!({"type": "object"}))
}

/// What an override does.
pub(super) fn script(admin: &Admin, wanted: &Value) -> Result<Box<dyn Script>, Problem> {
    let text = json!({"name": "fault", "overrides": [wanted]}).to_string();
    Ok(scenario::run::script(scenarios::parse(admin, text.as_bytes())?))
}

fn shown(fault: &Fault) -> Value {
    json!({"name": fault.name, "fault": fault.wanted, "met": fault.script.met()})
}
