//! `seatrial wait`: until a sandbox of a running server has got calls, or 1 if it gets none in time.

use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::WaitArguments;
use crate::cli::{Exit, complain, say};

pub(super) fn run(arguments: &WaitArguments) -> Exit {
    match count(arguments) {
        Ok(count) if count >= arguments.count => {
            say(&format_args!("{count} calls"));
            Exit::Fine
        }
        Ok(count) => complain(&format_args!("{count} calls have come, not {}", arguments.count), Exit::Failed),
        Err(error) => complain(&error, Exit::Failed),
    }
}

/// How many calls there are, once there are enough or the time is over.
fn count(arguments: &WaitArguments) -> Result<u64, AdminError> {
    let filters = [("operation", &arguments.operation), ("status", &arguments.status)];
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in filters.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        query.append_pair(name, value);
    }
    let query = query.append_pair("min", &arguments.count.to_string()).finish();
    let ask = |milliseconds: u64| {
        let path = format!("/sandboxes/{}/requests/count?{query}&wait={milliseconds}ms", arguments.server.sandbox);
        let answer: Value = admin_client::get(&arguments.server, &path)?;
        Ok(answer["count"].as_u64().unwrap_or_default())
    };
    admin_client::wait(arguments.timeout, ask, |count| *count >= arguments.count)
}
