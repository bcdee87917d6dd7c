//! `seatrial clock`: the clock of a sandbox of a running server, shown and moved.

use http::Method;
use serde_json::{Value, json};

use crate::base::time::{self, Timestamp};
use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::{ClockArguments, ClockCommand};
use crate::cli::{Exit, complain, say};

pub(super) fn run(arguments: &ClockArguments) -> Exit {
    match run_command(arguments) {
        Ok(text) => {
            say(&text);
            Exit::Fine
        }
        Err(error) => complain(&error, Exit::Failed),
    }
}

fn run_command(arguments: &ClockArguments) -> Result<String, AdminError> {
    let clock = format!("/sandboxes/{}/clock", arguments.server.sandbox);
    let put = |body: Value| admin_client::ask::<Value>(&arguments.server, Method::PUT, &clock, Some(&body)).map(|clock| clock_line(&clock));
    match &arguments.command {
        None | Some(ClockCommand::Show) => admin_client::get(&arguments.server, &clock).map(|clock: Value| clock_line(&clock)),
        Some(ClockCommand::Advance { by, no_wait }) => {
            let name = match (by.parse::<Timestamp>(), time::duration(by)) {
                (Ok(_), _) => "to",
                (_, Some(_)) => "by",
                _ if by.strip_prefix('-').is_some_and(|span| time::duration(span).is_some()) => return Err(AdminError::Backwards),
                _ => return Err(AdminError::Span(by.clone())),
            };
            let mut body = json!({name: by});
            if *no_wait {
                body["wait"] = false.into();
            }
            let moved: Value = admin_client::ask(&arguments.server, Method::POST, &format!("{clock}/advance"), Some(&body))?;
            Ok(match moved["moving"].as_bool() {
                Some(true) => format!("{} on its way to {}", text(&moved, "now"), text(&moved, "to")),
                _ => format!("{} {} due on the way", text(&moved, "now"), moved["fired"]),
            })
        }
        Some(ClockCommand::Set { to }) if to.parse::<Timestamp>().is_err() => Err(AdminError::Instant(to.clone())),
        Some(ClockCommand::Set { to }) => put(json!({"now": to})),
        Some(ClockCommand::Freeze) => put(json!({"mode": "frozen"})),
        Some(ClockCommand::Run { speed: None }) => put(json!({"mode": "realtime"})),
        Some(ClockCommand::Run { speed: Some(factor) }) => put(json!({"mode": {"speed": factor}})),
    }
}

fn text<'c>(clock: &'c Value, name: &str) -> &'c str {
    clock[name].as_str().unwrap_or_default()
}

/// A clock in a line: the time, how it passes, and what is due.
fn clock_line(clock: &Value) -> String {
    let mode = clock["mode"].as_str().map_or_else(|| format!("{} times as fast", clock["mode"]["speed"]), str::to_owned);
    let next = clock["next"].as_str().map_or_else(|| "nothing due".to_owned(), |next| format!("{} due, next {next}", clock["due"]));
    format!("{} {mode}, {next}", text(clock, "now"))
}
