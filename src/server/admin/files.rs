//! A sandbox as a file: exported and imported.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::name::Name;
use crate::engine::Fault;
use crate::persist::{self, FileError};
use crate::scenario::{self, Scenario};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::sandbox_view::SandboxView;
use crate::server::admin::state::Admin;
use crate::server::admin::{faults, scenarios};
use crate::server::clock::wall;

/// The file of a sandbox.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SandboxFile")]
pub(crate) struct File {
    /// Documents, agenda, time and credentials.
    #[schemars(schema_with = "world")]
    world: Box<RawValue>,
    /// The text of its scenario; empty for the default one.
    scenario: String,
    /// The mounts whose credentials the scenario gave.
    #[serde(default)]
    given: Vec<String>,
    /// What the scenario has counted.
    #[serde(default)]
    counted: Value,
    #[serde(default)]
    faults: Vec<FaultRow>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FaultRow {
    name: String,
    /// The override, as it came in.
    wanted: Value,
    /// What it has counted.
    counted: Value,
}

fn world(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "required": ["format"], "additionalProperties": true, "properties": {"format": {"type": "string", "enum": [persist::FORMAT]}}})
}

pub(crate) async fn export(admin: &Admin, request: &AdminRequest<'_>) -> Result<File, Problem> {
    let sandbox = admin.sandbox(request)?;
    // A copy of pointers, so that the sandbox is not locked while its file is written.
    let state = sandbox.lock().fork();
    let broken = |error: FileError| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let world = persist::write(&state.world, wall()).map_err(broken)?;
    let faults = state.faults.iter();
    let faults = faults.map(|fault| FaultRow { name: fault.name.clone(), wanted: fault.wanted.clone(), counted: fault.script.counted() });
    Ok(File {
        world,
        scenario: state.script.source().to_owned(),
        given: state.scenario_mounts.iter().map(|mount| (*mount).to_owned()).collect(),
        counted: state.script.counted(),
        faults: faults.collect(),
    })
}

pub(crate) async fn import(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let file: File =
        serde_json::from_slice(request.body).map_err(|error| Problem::bad_request(format!("the file is not a sandbox: {error}")))?;
    let vendors = admin.machine.vendors().all().iter();
    let names: Vec<Name> = vendors.flat_map(|vendor| [vendor.id.into(), vendor.mount.into()]).collect();
    let world = persist::read(file.world.get(), &names, wall()).map_err(|error| Problem::bad_request(error.to_string()))?;
    let mut scenario =
        if file.scenario.is_empty() { Scenario::plain() } else { Arc::new(scenarios::parse(admin, file.scenario.as_bytes())?) };
    // The file has the data that it made.
    Arc::make_mut(&mut scenario).given.clear();
    let name = request.parameter("s");
    let staged = scenario::run::stage(&admin.machine, name, &scenario, Some(world), wall())?;
    let mut state = staged.lock();
    state.script.recall(&file.counted);
    state.scenario_mounts.retain(|mount| file.given.iter().any(|given| given == mount));
    for row in file.faults {
        let mut script = faults::script(admin, &row.wanted)?;
        script.recall(&row.counted);
        state.faults.push(Fault::new(row.name, row.wanted, script));
    }
    staged.count(&state);
    drop(state);
    admin.machine.adopt(&staged);
    let sandbox = if let Some(sandbox) = admin.machine.sandbox(name) {
        admin.machine.replace(&sandbox, staged, false)?;
        sandbox
    } else {
        staged.keep_for(admin.machine.options().ttl);
        admin.machine.open(staged)?
    };
    sandbox.touch(wall());
    Ok(SandboxView::of(admin, request, &sandbox))
}
