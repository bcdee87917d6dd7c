//! The scenario of a sandbox.

use std::sync::Arc;

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::engine::{Machine, Sandbox};
use crate::scenario::{self, Diagnostic, DiagnosticView, Found, Include, Scenario, built_in};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::sandbox_view::{unreachable, warnings};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::shutdown::{self, Judged};
use crate::server::verdicts::Ending;
use crate::world::{Deed, LogLine};

/// The file name in diagnostics of a scenario, or of a part of one, that came in over the API.
pub(crate) const FILE_NAME: &str = scenario::FILE_NAME;

/// The scenario of a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Scenario")]
pub(crate) struct ScenarioView {
    name: String,
    /// Its text; empty for the default scenario.
    source: String,
    /// Credentials that lead calls to another sandbox, which had them before, subscriptions to addresses that nothing will ever
    /// reach, and of a new scenario what `seatrial check` warns of.
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
    let mut scenario = parse(&admin.machine, request.body)?;
    if scenario.seed.is_none() {
        // Who asked for a seed wants the same ids under every scenario.
        let state = sandbox.lock();
        scenario.seed = state.seeded.then(|| state.world.seed());
    }
    let scenario = Arc::new(scenario);
    let advice = advice(&admin.machine, &scenario);
    replace(admin, &sandbox, &scenario, keep)?;
    let mut view = ScenarioView::of(admin, &sandbox).await;
    view.warnings.extend(advice);
    Ok(view)
}

/// What `seatrial check` warns of in a scenario, as sentences.
pub(crate) fn advice(machine: &Machine, scenario: &Scenario) -> Vec<String> {
    let sentence = |problem: Diagnostic| {
        let DiagnosticView { line, message, .. } = problem.view();
        format!("line {line} of the scenario: {message}")
    };
    scenario::advice(machine, scenario).into_iter().map(sentence).collect()
}

/// Puts a sandbox under another scenario: anew, or with the data that it has.
pub(crate) fn replace(admin: &Admin, sandbox: &Arc<Sandbox>, scenario: &Arc<Scenario>, keep: bool) -> Result<(), Problem> {
    let stage = |world| scenario::run::stage(&admin.machine, &sandbox.name, scenario, world, wall());
    // What comes under no other scenario, because that has mistakes, has no verdict yet.
    if keep {
        // The sandbox is locked while it is staged, and cannot be judged then.
        let judged = Judged::of(&admin.machine, sandbox);
        admin.machine.replace_keeping(sandbox, |world| Ok::<_, Problem>(stage(Some(world))?))?;
        shutdown::keep(judged, &admin.machine, &admin.verdicts, sandbox, Ending::Replaced);
    } else {
        let staged = stage(None)?;
        shutdown::report(&admin.machine, &admin.verdicts, sandbox, Ending::Replaced);
        admin.machine.replace(sandbox, staged)?;
    }
    note(sandbox, keep);
    Ok(())
}

/// The same for an edit of the file that it is under, which may change nothing but names, comments and places for anchors: then the
/// sandbox goes on, what its overrides counted included, and no verdict is told.
pub(crate) fn replace_edited(admin: &Admin, sandbox: &Arc<Sandbox>, scenario: &Arc<Scenario>, keep: bool) -> Result<(), Problem> {
    let before = scenario::run::scenario_of(&*sandbox.lock().scenario);
    if !keep || !before.does_the_same(&scenario.source.text) {
        return replace(admin, sandbox, scenario, keep);
    }
    admin.machine.reword(sandbox, scenario::run::runtime(Scenario::clone(scenario)), scenario.shown_name());
    note(sandbox, true);
    Ok(())
}

/// Notes the scenario that a sandbox has come under, and whether it went on with its data.
pub(crate) fn note(sandbox: &Sandbox, keep: bool) {
    let name = sandbox.lock().scenario_name.clone();
    let detail = keep.then(|| json!({"keep": "data"}));
    sandbox.note_line(wall(), LogLine { detail, ..LogLine::of(Deed::Scenario, Some(&name)) });
}

/// Reads a scenario as `seatrial check` does; a single word is the name of a built-in one.
pub(crate) fn parse(machine: &Machine, bytes: &[u8]) -> Result<Scenario, Problem> {
    let word = str::from_utf8(bytes).map(|text| text.trim().trim_matches('"')).unwrap_or_default();
    let is_name = word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte))
        && !["null", "true", "false"].contains(&word);
    let bytes = match built_in::named(word) {
        Some(text) => text.as_bytes().to_vec(),
        None if is_name => {
            let detail = format!("there is no built-in scenario `{word}`; {}", built_in::help(word));
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
        None => bytes.to_vec(),
    };
    let text = gathered(bytes)?;
    Ok(scenario::load(&text, FILE_NAME, &scenario::run::MachineVocabulary(machine))?)
}

/// A scenario with what it includes, which stands in front of it or is built in.
pub(crate) fn gathered(bytes: Vec<u8>) -> Result<String, Vec<Diagnostic>> {
    let file = Found { name: FILE_NAME.to_owned(), id: FILE_NAME.to_owned(), bytes };
    let mut find = |include: Include<'_>| {
        let name = include.path;
        let near = built_in::near(name).map_or_else(String::new, |near| format!(", or did you mean the built-in `{near}`?"));
        let how =
            format!("send it in front of this one, behind a line `--- # file: {name}`, and this one behind `--- # file: mine.yaml`{near}");
        built_in::file(name).ok_or_else(|| format!("a text has no files beside it; {how}"))
    };
    scenario::gather(vec![file], &mut find)
}
