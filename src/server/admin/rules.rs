//! What has become of the rules of a scenario, what is wrong with a draft, and the scenarios that are built in.

use schemars::JsonSchema;
use serde::Serialize;

use crate::scenario::{self, Diagnostic, DiagnosticView, built_in, run};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::scenarios::{self, FILE_NAME};
use crate::server::admin::state::Admin;
use crate::server::wall;
use crate::world::Counter;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Rules {
    /// Overrides, then timelines, in the order of the scenario.
    rules: Vec<RuleView>,
}

/// An override or a timeline of a scenario, and what it has done so far.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Rule")]
struct RuleView {
    /// What it is: `override` or `timeline`.
    what: &'static str,
    /// The operations that an override is for, or the name of the timeline.
    name: String,
    /// The line in the scenario, from 1.
    line: usize,
    /// How many calls matched the override.
    matched: u64,
    /// How many calls it had an effect on, or how many parcels were put on the timeline.
    effects: u64,
    /// Why it has had no effect, if calls came that it could have been for.
    unused: Option<String>,
}

/// The rules of a sandbox's scenario with their counts.
pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Rules, Problem> {
    let sandbox = admin.sandbox(request)?;
    let state = sandbox.lock();
    let (scenario, unused) = (run::scenario_of(&*state.scenario), state.unused_rules());
    let counted = |counter: Counter| state.world.counters().ever("", &counter).unwrap_or_default();
    let view = |what, name: String, start, matched, effects| {
        let line = scenario.source.position(start).0;
        let unused = unused.iter().find(|rule| rule.what == what && rule.line == Some(line)).map(|rule| rule.detail.clone());
        RuleView { what, name, line, matched, effects, unused }
    };
    let overrides = scenario.overrides.iter().enumerate().map(|(index, row)| {
        let (matched, effects) = (counted(Counter::Matched(index)), counted(Counter::Effects(index)));
        view("override", row.on.value.to_string(), row.place.start, matched, effects)
    });
    let timelines = scenario.timelines.iter().map(|row| {
        let parcels = counted(Counter::Parcels(row.name.value.clone().into()));
        view("timeline", row.name.value.clone(), row.name.span.start, parcels, parcels)
    });
    Ok(Rules { rules: overrides.chain(timelines).collect() })
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Checked {
    /// All problems, as `seatrial check --format json` tells them.
    diagnostics: Vec<ProblemView>,
}

/// A problem of a file, with its weight.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScenarioProblem")]
struct ProblemView {
    /// `error`, or `warning` for what is taken all the same.
    level: &'static str,
    #[serde(flatten)]
    problem: DiagnosticView,
}

/// Checks a scenario without putting a sandbox under it.
pub(crate) async fn check(admin: &Admin, request: &AdminRequest<'_>) -> Result<Checked, Problem> {
    let found = match scenarios::gathered(request.body.to_vec()) {
        Ok(text) => scenario::lint(&admin.machine, text.as_bytes(), FILE_NAME, wall()),
        Err(problems) => problems,
    };
    let view = |problem: &Diagnostic| {
        let level = if problem.is_warning() { "warning" } else { "error" };
        ProblemView { level, problem: problem.view() }
    };
    Ok(Checked { diagnostics: found.iter().map(view).collect() })
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct BuiltIn {
    scenarios: Vec<BuiltInView>,
}

/// A scenario that is built in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BuiltInScenario")]
struct BuiltInView {
    name: &'static str,
    /// What it shows, in a sentence.
    description: &'static str,
}

/// A scenario that is built in, with its text.
#[derive(Serialize, JsonSchema)]
pub(crate) struct BuiltInText {
    name: &'static str,
    description: &'static str,
    source: &'static str,
}

pub(crate) async fn built_in(_: &Admin, _: &AdminRequest<'_>) -> Result<BuiltIn, Problem> {
    let view = |(name, text)| BuiltInView { name, description: built_in::description(text) };
    Ok(BuiltIn { scenarios: built_in::all().map(view).collect() })
}

pub(crate) async fn built_in_text(_: &Admin, request: &AdminRequest<'_>) -> Result<BuiltInText, Problem> {
    let wanted = request.parameter("name");
    let found = built_in::all().find(|(name, _)| *name == wanted);
    let missing = || Problem::not_found(format!("there is no built-in scenario `{wanted}`; {}", built_in::help(wanted)));
    let (name, source) = found.ok_or_else(missing)?;
    Ok(BuiltInText { name, description: built_in::description(source), source })
}
