//! Faults: what goes wrong on purpose, switched on and off at run time. A fault is an override of a scenario.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::engine::{Fault, SandboxError, ScenarioRuntime};
use crate::scenario::{self, schema};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::scenarios;
use crate::server::admin::state::Admin;

/// How many faults a sandbox may have at once.
const MOST: usize = 256;
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
    faults: Vec<FaultView>,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Faults, Problem> {
    let sandbox = admin.sandbox(request)?;
    let state = sandbox.lock();
    Ok(Faults { faults: state.faults.iter().map(FaultView::of).collect() })
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<FaultView, Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name"));
    let state = sandbox.lock();
    state.faults.iter().find(|fault| fault.name == name).map(FaultView::of).ok_or_else(|| no_fault(name))
}

pub(crate) async fn put(admin: &Admin, request: &AdminRequest<'_>) -> Result<FaultView, Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name").to_owned());
    if name.chars().count() > NAME {
        return Err(Problem::bad_request(format!("a fault's name has at most {NAME} characters")));
    }
    let wanted: Value = request.read()?;
    let fault = Fault::new(name, wanted.clone(), script(admin, &wanted)?);
    let view = FaultView::of(&fault);
    let room = admin.machine.room(&sandbox);
    let mut state = sandbox.lock();
    if fault.bytes() > room {
        return Err(SandboxError::Bytes.into());
    }
    let index = state.faults.iter().position(|other| other.name == fault.name);
    if index.is_none() && state.faults.len() >= MOST {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, format!("a sandbox has at most {MOST} faults")));
    }
    state.switch_off(|other| other.name == fault.name);
    let index = index.unwrap_or(state.faults.len());
    state.faults.insert(index, fault);
    sandbox.count(&state);
    Ok(view)
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name"));
    let mut state = sandbox.lock();
    let before = state.faults.len();
    state.switch_off(|fault| fault.name == name);
    sandbox.count(&state);
    if state.faults.len() < before { Ok(()) } else { Err(no_fault(name)) }
}

/// The schema of the body: one override.
pub(crate) fn body() -> Value {
    let schema = schema::skeleton();
    schema.pointer("/$defs/override").cloned().unwrap_or_else(|| json!({"type": "object"}))
}

/// The runtime of an override.
pub(crate) fn script(admin: &Admin, wanted: &Value) -> Result<Box<dyn ScenarioRuntime>, Problem> {
    let text = json!({"name": "fault", "overrides": [wanted]}).to_string();
    Ok(scenario::run::script(scenarios::parse(admin, text.as_bytes())?))
}

fn no_fault(name: &str) -> Problem {
    Problem::not_found(format!("there is no fault `{name}`"))
}

impl FaultView {
    fn of(fault: &Fault) -> Self {
        Self { name: fault.name.clone(), fault: fault.wanted.clone(), met: fault.script.met() }
    }
}
