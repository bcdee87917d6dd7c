//! Faults: what goes wrong on purpose, switched on and off at run time. A fault is an override of a scenario.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::{Fault, Machine, Sandbox, SandboxError, ScenarioRuntime};
use crate::scenario::{self, schema};
use crate::server::admin::page::{Rows, page};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::scenarios;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::world::{Deed, LogLine};

/// How many characters the name of a fault may have.
const NAME: usize = 64;

/// A fault that is switched on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fault")]
pub(crate) struct FaultView {
    name: String,
    /// The override, as it came in.
    #[schemars(extend("type" = "object"))]
    fault: Value,
    /// How many calls it had an effect on.
    met: u64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Faults {
    faults: Rows<FaultView>,
    /// What to ask for with `after` when there are more: this page is large.
    next: Option<String>,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Faults, Problem> {
    let sandbox = admin.sandbox(request)?;
    let state = sandbox.lock();
    let rows = state.faults().iter().map(|fault| (fault.name.as_str(), fault));
    let (faults, next) = page(request, rows, |fault| Some(FaultView::of(fault, state.world.counters().effects(&fault.name))))?;
    Ok(Faults { faults, next })
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<FaultView, Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name"));
    let state = sandbox.lock();
    let fault = state.faults().iter().find(|fault| fault.name == name).ok_or_else(|| no_fault(name))?;
    Ok(FaultView::of(fault, state.world.counters().effects(name)))
}

pub(crate) async fn put(admin: &Admin, request: &AdminRequest<'_>) -> Result<FaultView, Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name").to_owned());
    check_names([name.as_str()].into_iter())?;
    let wanted: Value = request.tree()?;
    let text = if wanted.is_null() { "null".into() } else { String::from_utf8_lossy(request.body) };
    // Mistakes stand where they were made. What runs is made of what is kept, as it is after a start and on other replicas.
    runtime(&admin.machine, &text)?;
    let runtime = runtime(&admin.machine, &wanted.to_string())?;
    let fault = Fault::new(name.into(), wanted, runtime);
    let view = FaultView::of(&fault, 0);
    if fault.bytes() > admin.machine.room(&sandbox) {
        return Err(SandboxError::Bytes.into());
    }
    if !sandbox.switch_on(fault, wall()) {
        return Err(too_many());
    }
    sandbox.note_line(wall(), LogLine::with(Deed::FaultOn, &view.name, view.fault.clone()));
    Ok(view)
}

/// Checks the names of faults that a sandbox is to have at once, before anything is made of them.
pub(crate) fn check_names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> Result<(), Problem> {
    if names.len() > Sandbox::FAULTS {
        return Err(too_many());
    }
    let is_long = |name: &str| name.chars().count() > NAME;
    if names.into_iter().any(is_long) { Err(Problem::bad_request(format!("a fault's name has at most {NAME} characters"))) } else { Ok(()) }
}

fn too_many() -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("a sandbox has at most {} faults", Sandbox::FAULTS))
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name"));
    if !sandbox.switch_off(name) {
        return Err(no_fault(name));
    }
    sandbox.note(wall(), Deed::FaultOff, Some(name), None);
    Ok(())
}

/// The schema of the body: one override.
pub(crate) fn body() -> Value {
    let schema = schema::skeleton();
    schema.pointer("/$defs/override").cloned().unwrap_or_else(|| json!({"type": "object"}))
}

/// The runtime of an override.
pub(crate) fn runtime(machine: &Machine, text: &str) -> Result<Arc<dyn ScenarioRuntime>, Problem> {
    let vocabulary = scenario::run::MachineVocabulary(machine);
    Ok(scenario::run::runtime(scenario::load_override(text, scenarios::FILE_NAME, &vocabulary)?))
}

fn no_fault(name: &str) -> Problem {
    Problem::not_found(format!("there is no fault `{name}`"))
}

impl FaultView {
    fn of(fault: &Fault, met: u64) -> Self {
        Self { name: fault.name.to_string(), fault: fault.wanted.clone(), met }
    }
}
