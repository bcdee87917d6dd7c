//! `seatrial requests`: the calls of a sandbox of a running server, a line each, or what its scenario made of one.

use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::RequestsArguments;
use crate::cli::{Exit, complain, say};
use crate::scenario::explain::Explanation;

pub(super) fn run(arguments: &RequestsArguments) -> Exit {
    let told = match &arguments.explain {
        Some(id) => explained(arguments, id),
        None => listed(arguments),
    };
    match told {
        Ok(text) => {
            say(&text.trim_end());
            Exit::Fine
        }
        Err(error) => complain(&error, Exit::Failed),
    }
}

fn explained(arguments: &RequestsArguments, id: &str) -> Result<String, AdminError> {
    let answer = admin_client::get(&arguments.server, &format!("/requests/{id}/explain"))?;
    let read: Result<Explanation, _> = serde_json::from_value(answer);
    read.map(|explanation| explanation.to_string())
        .map_err(|error| AdminError::Refused(format!("the server is of another version: {error}")))
}

fn listed(arguments: &RequestsArguments) -> Result<String, AdminError> {
    let answer = admin_client::get(&arguments.server, &format!("/sandboxes/{}/requests?limit=1000", arguments.sandbox))?;
    let rows: Vec<String> = answer["requests"].as_array().into_iter().flatten().map(line).collect();
    Ok(if rows.is_empty() { "no calls".to_owned() } else { rows.join("\n") })
}

/// A call in a line: when, id, method and path, operation, what the caller received, codes of notes.
fn line(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let received =
        call["status"].as_u64().map_or_else(|| call["wire"]["end"].as_str().unwrap_or_default().to_owned(), |status| status.to_string());
    let codes: Vec<&str> = call["notes"].as_array().into_iter().flatten().filter_map(|note| note["code"].as_str()).collect();
    let notes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let operation = call["operation"].as_str().unwrap_or("no operation");
    let effect = call["effect"]["kind"].as_str().map(|kind| format!(" [{kind}]")).unwrap_or_default();
    format!("{} {} {} {} {operation} {received}{effect}{notes}", text("at"), text("id"), text("method"), text("target"))
}
