//! Copies of a sandbox: snapshots to go back to, forks that go their own way, files to keep.

use std::sync::Arc;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::base::name::Name;
use crate::engine::{Fault, Sandbox};
use crate::persist;
use crate::scenario::{self, Scenario};
use crate::server::admin::{Admin, Ask, Given, Problem, faults, sandboxes, scenarios};
use crate::server::http::wall;

/// The name of a snapshot when none is given.
const UNNAMED: &str = "default";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: Option<String>,
}

pub(super) fn name_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 64, "default": UNNAMED},
    }})
}

pub(super) fn snapshots(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.snapshots().iter().map(|(name, row)| json!({"name": name, "at": row.at, "bytes": row.bytes})).collect()
}

pub(super) fn list(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    Ok(Given::ok(&json!({"snapshots": snapshots(&*admin.sandbox(ask)?)})))
}

pub(super) fn snapshot(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let name = name(ask)?;
    let bytes = sandbox.lock().world.accounts.bytes();
    let freed = sandbox.snapshots().get(&name).map_or(0, |before| before.bytes);
    if bytes > admin.machine.room(&sandbox) + freed {
        return Err(sandboxes::over_budget());
    }
    let Some((at, bytes)) = sandbox.snapshot(&name, wall()) else {
        let detail = format!("a sandbox holds at most {} snapshots", Sandbox::SNAPSHOTS);
        return Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail));
    };
    Ok(Given::json(StatusCode::CREATED, &json!({"name": name, "at": at, "bytes": bytes})))
}

pub(super) fn restore(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let name = name(ask)?;
    if sandbox.restore(&name, wall()) { Ok(Given::ok(&sandboxes::shown(admin, ask, &sandbox))) } else { Err(no_snapshot(&name)) }
}

pub(super) fn delete(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let (sandbox, name) = (admin.sandbox(ask)?, ask.parameter("name"));
    if sandbox.drop_snapshot(name) { Ok(Given::empty()) } else { Err(no_snapshot(name)) }
}

fn name(ask: &Ask<'_>) -> Result<String, Problem> {
    let name = ask.read::<Named>()?.name.unwrap_or_else(|| UNNAMED.to_owned());
    let is_name = (1..=64).contains(&name.chars().count());
    if is_name { Ok(name) } else { Err(Problem::bad("a snapshot's name has 1 to 64 characters")) }
}

fn no_snapshot(name: &str) -> Problem {
    Problem::missing(format!("there is no snapshot `{name}`"))
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fork {
    name: Option<String>,
    ttl: Option<String>,
}

pub(super) fn fork_schema() -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"},
        "ttl": {"type": "string", "example": "30m"},
    }})
}

pub(super) fn fork(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let source = admin.sandbox(ask)?;
    let wanted: Fork = ask.read()?;
    let ttl = sandboxes::ttl(admin, wanted.ttl.as_deref())?;
    let name = wanted.name.unwrap_or_else(|| sandboxes::new_name(admin));
    let copy = admin.machine.fork(&source, &name, wall()).map_err(|error| sandboxes::refused(error, &name))?;
    copy.keep_for(ttl);
    Ok(Given::json(StatusCode::CREATED, &sandboxes::shown(admin, ask, &copy)))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    world: Box<RawValue>,
    scenario: String,
    #[serde(default)]
    given: Vec<String>,
    #[serde(default)]
    counted: Value,
    #[serde(default)]
    faults: Vec<FaultRow>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FaultRow {
    name: String,
    wanted: Value,
    counted: Value,
}

pub(super) fn file_schema() -> Value {
    json!({"type": "object", "required": ["world", "scenario"], "additionalProperties": false, "properties": {
        "world": {"type": "object", "required": ["format"], "properties": {"format": {"type": "string", "enum": [persist::FORMAT]}}},
        "scenario": {"type": "string"},
        "given": {"type": "array", "items": {"type": "string"}},
        "counted": {},
        "faults": {"type": "array", "items": {"type": "object"}},
    }})
}

pub(super) fn export(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    // A copy of pointers, so that nobody waits while it is written down.
    let state = sandbox.lock().fork();
    let broken = |error: persist::FileError| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let world = persist::write(&state.world, wall()).map_err(broken)?;
    let faults = state.faults.iter();
    let faults = faults.map(|fault| FaultRow { name: fault.name.clone(), wanted: fault.wanted.clone(), counted: fault.script.counted() });
    Ok(Given::ok(&File {
        world,
        scenario: state.script.source().to_owned(),
        given: state.given.iter().map(|mount| (*mount).to_owned()).collect(),
        counted: state.script.counted(),
        faults: faults.collect(),
    }))
}

pub(super) fn import(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let file: File = serde_json::from_slice(ask.body).map_err(|error| Problem::bad(format!("the file is not a sandbox: {error}")))?;
    let vendors = admin.machine.vendors().all().iter();
    let names: Vec<Name> = vendors.flat_map(|vendor| [vendor.id.into(), vendor.mount.into()]).collect();
    let world = persist::read(file.world.get(), &names, wall()).map_err(|error| Problem::bad(error.to_string()))?;
    let mut scenario =
        if file.scenario.is_empty() { Scenario::plain() } else { Arc::new(scenarios::parse(admin, file.scenario.as_bytes())?) };
    // What it gave is in the file already.
    Arc::make_mut(&mut scenario).given.clear();
    let name = ask.parameter("s");
    let staged = scenario::run::stage(&admin.machine, name, &scenario, Some(world), wall()).map_err(|found| scenarios::refused(&found))?;
    let mut state = staged.lock();
    state.script.recall(&file.counted);
    state.given.retain(|mount| file.given.iter().any(|given| given == mount));
    for row in file.faults {
        let mut script = faults::script(admin, &row.wanted)?;
        script.recall(&row.counted);
        state.faults.push(Fault::new(row.name, row.wanted, script));
    }
    staged.count(&state);
    drop(state);
    admin.machine.adopt(&staged);
    let sandbox = if let Some(sandbox) = admin.machine.sandbox(name) {
        admin.machine.replace(&sandbox, staged, false).map_err(|error| sandboxes::refused(error, name))?;
        sandbox
    } else {
        staged.keep_for(admin.machine.options().ttl);
        admin.machine.open(staged).map_err(|error| sandboxes::refused(error, name))?
    };
    sandbox.touch(wall());
    Ok(Given::ok(&sandboxes::shown(admin, ask, &sandbox)))
}
