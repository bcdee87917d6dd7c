//! The scenario of a sandbox: shown, replaced.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use crate::scenario::{self, Diagnostic, Scenario, built_in};
use crate::server::admin::{Admin, Ask, Given, Problem, sandboxes};
use crate::server::http::wall;
use crate::server::shutdown;

/// The name that diagnostics give to a text that came in over the API.
const NAME: &str = "scenario.yaml";

pub(super) fn get(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let state = sandbox.lock();
    Ok(Given::ok(&json!({"name": state.scenario, "source": state.script.source()})))
}

pub(super) fn put(admin: &Admin, ask: &Ask<'_>) -> Result<Given, Problem> {
    let sandbox = admin.sandbox(ask)?;
    let keep = match ask.query("keep") {
        None => false,
        Some("data") => true,
        Some(other) => return Err(Problem::bad(format!("`keep` is `data` or nothing, found `{other}`"))),
    };
    let scenario = Arc::new(parse(admin, ask.body)?);
    let world = keep.then(|| sandbox.lock().world.clone());
    let staged = scenario::run::stage(&admin.machine, &sandbox.name, &scenario, world, wall()).map_err(|found| refused(&found))?;
    shutdown::report(&admin.machine, &sandbox, "it goes on under another scenario");
    admin.machine.replace(&sandbox, staged, keep).map_err(|error| sandboxes::refused(error, &sandbox.name))?;
    let state = sandbox.lock();
    Ok(Given::ok(&json!({"name": state.scenario, "source": state.script.source()})))
}

pub(super) fn put_schema() -> Value {
    scenario::schema::skeleton()
}

/// Reads a scenario as `seatrial check` does. A word alone is the name of one that is built in.
pub(super) fn parse(admin: &Admin, bytes: &[u8]) -> Result<Scenario, Problem> {
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
    scenario::load_bytes(bytes, NAME, &scenario::run::MachineVocabulary(&admin.machine)).map_err(|found| refused(&found))
}

/// Every problem of a scenario, for people and for programs.
pub(super) fn refused(found: &[Diagnostic]) -> Problem {
    let text = found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n");
    let rows: Vec<Value> = found.iter().map(Diagnostic::to_json).collect();
    Problem { more: Some(json!({"diagnostics": rows})), ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text) }
}
