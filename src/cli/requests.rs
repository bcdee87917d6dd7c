//! `seatrial requests`: the calls of a sandbox of a running server, a line each, or what its scenario made of one.

use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::RequestsArguments;
use crate::cli::{Exit, complain, say};
use crate::scenario::explain::Explanation;

pub(super) fn run(arguments: &RequestsArguments) -> Exit {
    if arguments.follow {
        return followed(arguments);
    }
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
    let explanation: Explanation = admin_client::get(&arguments.server, &format!("/requests/{id}/explain"))?;
    Ok(explanation.to_string())
}

fn listed(arguments: &RequestsArguments) -> Result<String, AdminError> {
    let answer: Value = admin_client::get(&arguments.server, &format!("/sandboxes/{}/requests?limit=1000", arguments.server.sandbox))?;
    let rows: Vec<String> = answer["requests"].as_array().into_iter().flatten().map(line).collect();
    Ok(if rows.is_empty() { "no calls".to_owned() } else { rows.join("\n") })
}

/// Prints a line for each call as it happens.
fn followed(arguments: &RequestsArguments) -> Exit {
    let mut unread = Vec::new();
    let path = format!("/sandboxes/{}/requests/stream", arguments.server.sandbox);
    let ended = admin_client::follow(&arguments.server, &path, |piece| {
        unread.extend_from_slice(piece);
        while let Some(end) = unread.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = unread.drain(..end + 2).collect();
            if let Some(said) = said(&String::from_utf8_lossy(&event)) {
                say(&said);
            }
        }
    });
    match ended {
        Ok(()) => Exit::Fine,
        Err(error) => complain(&error, Exit::Failed),
    }
}

/// What an event of the stream says; nothing for those that keep it open.
fn said(event: &str) -> Option<String> {
    let kind = event.lines().find_map(|line| line.strip_prefix("event: "))?;
    let data: Value = serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: "))?).ok()?;
    match kind {
        "request" => Some(line(&data)),
        "dropped" => Some(format!("{} calls were dropped before they could be read", data["dropped"])),
        "end" => Some(format!("no more: {}", data["reason"].as_str().unwrap_or_default())),
        _ => None,
    }
}

/// A call in a line: when, id, method and path, operation, what the caller received, codes of notes.
fn line(call: &Value) -> String {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let received =
        call["status"].as_u64().map_or_else(|| call["wire"]["end"].as_str().unwrap_or_default().to_owned(), |status| status.to_string());
    let kind = call["effect"]["kind"].as_str();
    let codes = call["notes"].as_array().into_iter().flatten().filter_map(|note| note["code"].as_str());
    let codes: Vec<&str> = codes.filter(|code| Some(*code) != kind).collect();
    let notes = if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) };
    let operation = call["operation"].as_str().unwrap_or("no operation");
    let effect = kind.map(|kind| format!(" [{kind}]")).unwrap_or_default();
    format!("{} {} {} {} {operation} {received}{effect}{notes}", text("at"), text("id"), text("method"), text("target"))
}
