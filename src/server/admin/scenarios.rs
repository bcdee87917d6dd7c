//! The scenario of a sandbox.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::{Machine, Sandbox};
use crate::scenario::{self, Scenario, built_in};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::sandbox_view::{unreachable, warnings};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::shutdown::{self, Ending};

/// The file name in diagnostics of a scenario, or of a part of one, that came in over the API.
pub(crate) const FILE_NAME: &str = "scenario.yaml";

/// The scenario of a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scenario")]
pub(crate) struct ScenarioView {
    name: String,
    /// Its text; empty for the default scenario.
    source: String,
    /// Credentials that lead calls to another sandbox, which had them before, and subscriptions to addresses that nothing will ever reach.
    warnings: Vec<String>,
}

impl ScenarioView {
    async fn of(admin: &Admin, sandbox: &Sandbox) -> Self {
        let mut warnings = warnings(admin, sandbox);
        warnings.extend(unreachable(admin, sandbox).await);
        let state = sandbox.lock();
        Self { name: state.scenario_name.clone(), source: state.scenario.source().to_owned(), warnings }
    }
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<ScenarioView, Problem> {
    Ok(ScenarioView::of(admin, &*admin.sandbox(request)?).await)
}

pub(crate) async fn put(admin: &Admin, request: &AdminRequest<'_>) -> Result<ScenarioView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let keep = match request.query("keep") {
        None => false,
        Some("data") => true,
        Some(other) => return Err(Problem::bad_request(format!("`keep` is `data` or nothing, found `{other}`"))),
    };
    let scenario = Arc::new(parse(&admin.machine, request.body)?);
    let world = keep.then(|| sandbox.lock().world.clone());
    let staged = scenario::run::stage(&admin.machine, &sandbox.name, &scenario, world, wall())?;
    shutdown::report(&admin.machine, &admin.verdicts, &sandbox, Ending::Replaced);
    admin.machine.replace(&sandbox, staged, keep)?;
    Ok(ScenarioView::of(admin, &sandbox).await)
}

/// Reads a scenario as `seatrial check` does; a single word is the name of a built-in one.
pub(crate) fn parse(machine: &Machine, bytes: &[u8]) -> Result<Scenario, Problem> {
    let word = str::from_utf8(bytes).map(|text| text.trim().trim_matches('"')).unwrap_or_default();
    let is_name = word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !["null", "true", "false"].contains(&word);
    let bytes = match built_in::named(word) {
        Some(text) => text.as_bytes(),
        None if is_name => {
            let detail = format!("there is no built-in scenario `{word}`; {}", built_in::help(word));
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
        None => bytes,
    };
    Ok(scenario::load_bytes(bytes, FILE_NAME, &scenario::run::MachineVocabulary(machine))?)
}
