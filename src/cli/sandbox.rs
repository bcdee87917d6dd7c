//! `seatrial sandbox`: the sandboxes of a running server.

use std::path::Path;

use http::Method;
use serde_json::{Map, Value, json};

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::{SandboxArguments, SandboxCommand, ServerArguments};
use crate::cli::files::{self, Unread};
use crate::cli::{Exit, complain, say, scenarios, verify};
use crate::scenario::verify::Report;

const JSON: &str = "application/json";

pub(super) fn run(arguments: &SandboxArguments) -> Exit {
    match run_command(&arguments.server, &arguments.command) {
        Ok((text, exit)) => {
            say(&text);
            exit
        }
        Err(error) => complain(&error, Exit::Failed),
    }
}

/// What is printed, and how the command ends.
fn run_command(server: &ServerArguments, command: &SandboxCommand) -> Result<(String, Exit), AdminError> {
    let path = |name: &Option<String>| format!("/sandboxes/{}", name.as_ref().unwrap_or(&server.sandbox));
    let post = |path: String, body: Value| admin_client::ask::<Value>(server, Method::POST, &path, Some(&body));
    let own = || path(&None);
    let fine = |text: String| Ok((text, Exit::Fine));
    let done = match command {
        SandboxCommand::List => return fine(list(server)?),
        SandboxCommand::Show { name } => admin_client::get(server, &path(name))?,
        SandboxCommand::Export { name, include } => {
            let include = if include.is_empty() { String::new() } else { format!("?include={}", include.join(",")) };
            let file = admin_client::send_bytes(server, Method::GET, &format!("{}/export{include}", path(name)), JSON, Vec::new())?;
            return fine(String::from_utf8_lossy(&file).into_owned());
        }
        SandboxCommand::Create { name, scenario, seed, ttl } => {
            let (named, written) = scenario.as_deref().map(scenario_of).transpose()?.unwrap_or_default();
            let body = [("name", json!(name)), ("scenario", json!(named)), ("seed", json!(seed)), ("ttl", json!(ttl))];
            let made = post("/sandboxes".to_owned(), members(body))?;
            match written {
                Some(text) => put_under(server, &made["name"], text, *seed)?,
                None => made,
            }
        }
        SandboxCommand::Delete { name } => {
            let report: Report = admin_client::ask(server, Method::DELETE, &format!("/sandboxes/{name}"), None)?;
            return Ok((serde_json::to_string_pretty(&report)?, verify::exit(&report)));
        }
        SandboxCommand::Fork { name } => post(format!("{}/fork", own()), members([("name", json!(name))]))?,
        SandboxCommand::Reset { name } => {
            post(format!("{}/reset", path(name)), json!({}))?;
            return fine(format!("{} is as it was when its scenario was loaded", name.as_ref().unwrap_or(&server.sandbox)));
        }
        SandboxCommand::Snapshot { name } => post(format!("{}/snapshot", own()), members([("name", json!(name))]))?,
        SandboxCommand::Restore { name } => {
            post(format!("{}/restore", own()), members([("name", json!(name))]))?;
            return fine(format!("{} is as it was", server.sandbox));
        }
        SandboxCommand::Import { file, name } => {
            let bytes = files::bytes(file, files::SANDBOX)?;
            admin_client::send_bytes(server, Method::POST, &format!("{}/import", path(name)), JSON, bytes)?;
            return fine(format!("{} is what {} says", name.as_ref().unwrap_or(&server.sandbox), file.display()));
        }
    };
    fine(serde_json::to_string_pretty(&done)?)
}

/// The members that say something.
fn members<const N: usize>(all: [(&str, Value); N]) -> Value {
    let said = all.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.to_owned(), value));
    Value::Object(said.collect::<Map<_, _>>())
}

/// The name of a built-in scenario, or what a file says.
fn scenario_of(path: &Path) -> Result<(Option<String>, Option<Vec<u8>>), AdminError> {
    match files::document(path) {
        // With what it includes.
        Ok(text) => scenarios::gather_read(vec![(path.to_owned(), (path.display().to_string(), text))])
            .text
            .map(|text| (None, Some(text.into_bytes())))
            .map_err(|problems| AdminError::Refused(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n"))),
        Err(error) if path.components().count() > 1 || path.extension().is_some() => Err(Unread::new(path, error).into()),
        Err(_) => Ok((Some(path.to_string_lossy().into_owned()), None)),
    }
}

/// Has a new sandbox begin under a scenario; if that is refused, there is no such sandbox.
fn put_under(server: &ServerArguments, name: &Value, scenario: Vec<u8>, seed: Option<u64>) -> Result<Value, AdminError> {
    let path = format!("/sandboxes/{}", name.as_str().unwrap_or_default());
    let put = admin_client::send::<Value>(server, Method::PUT, &format!("{path}/scenario"), "application/yaml", scenario);
    if let Err(refused) = put {
        admin_client::ask::<Value>(server, Method::DELETE, &path, None)?;
        return Err(refused);
    }
    if seed.is_some() {
        admin_client::ask::<Value>(server, Method::POST, &format!("{path}/reset"), Some(&members([("seed", json!(seed))])))?;
    }
    admin_client::get(server, &path)
}

/// A line for each sandbox, over all pages.
fn list(server: &ServerArguments) -> Result<String, AdminError> {
    let (mut lines, mut after) = (Vec::new(), String::new());
    loop {
        let page: Value = admin_client::get(server, &format!("/sandboxes{after}"))?;
        for row in page["sandboxes"].as_array().into_iter().flatten() {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            lines.push(format!("{} scenario={} now={}", text("name"), text("scenario"), row["clock"]["now"].as_str().unwrap_or_default()));
        }
        match page["next"].as_str() {
            Some(next) => after = format!("?after={next}"),
            None => return Ok(lines.join("\n")),
        }
    }
}
