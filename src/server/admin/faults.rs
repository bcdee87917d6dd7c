//! Faults: what goes wrong on purpose, switched on and off while a sandbox runs. A fault is an override of a scenario.

use http::StatusCode;
use serde_json::{Value, json};

use crate::engine::{Fault, ScenarioRuntime};
use crate::scenario::{self, schema};
use crate::server::admin::{Admin, Ask, Given, Problem, sandboxes, scenarios};

/// How many faults a sandbox may have at once.
const MOST: usize = 256;
/// How long the name of one may be.
const NAME: usize = 64;

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
    if name.chars().count() > NAME {
        return Err(Problem::bad(format!("a fault's name has at most {NAME} characters")));
    }
    let wanted: Value = ask.read()?;
    let fault = Fault::new(name, wanted.clone(), script(admin, &wanted)?);
    let given = Given::ok(&shown(&fault));
    let room = admin.machine.room(&sandbox);
    let mut state = sandbox.lock();
    if fault.bytes() > room {
        return Err(sandboxes::over_budget());
    }
    let place = state.faults.iter().position(|other| other.name == fault.name);
    if place.is_none() && state.faults.len() >= MOST {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("a sandbox has at most {MOST} faults")));
    }
    state.switch_off(|other| other.name == fault.name);
    let place = place.unwrap_or(state.faults.len());
    state.faults.insert(place, fault);
    sandbox.count(&state);
    Ok(given)
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (sandbox, name) = (admin.sandbox(ask)?, ask.parameter("name"));
    let mut state = sandbox.lock();
    let before = state.faults.len();
    state.switch_off(|fault| fault.name == name);
    sandbox.count(&state);
    if state.faults.len() < before { Ok(Given::empty()) } else { Err(Problem::missing(format!("there is no fault `{name}`"))) }
}

/// The schema of one override.
pub(super) fn put_schema() -> Value {
    let schema = schema::skeleton();
    schema.pointer("/$defs/override").cloned().unwrap_or_else(|| json!({"type": "object"}))
}

/// What an override does.
pub(super) fn script(admin: &Admin, wanted: &Value) -> Result<Box<dyn ScenarioRuntime>, Problem> {
    let text = json!({"name": "fault", "overrides": [wanted]}).to_string();
    Ok(scenario::run::script(scenarios::parse(admin, text.as_bytes())?))
}

fn shown(fault: &Fault) -> Value {
    json!({"name": fault.name, "fault": fault.wanted, "met": fault.script.met()})
}
