//! `seatrial wait`: until a sandbox of a running server has got calls, or 1 if it gets none in time.

use serde_json::Value;

use crate::cli::admin_client::{self, AdminError};
use crate::cli::arguments::WaitArguments;
use crate::cli::{Exit, complain, say};

/// How long the server is asked to wait at once: less than an answer is waited for.
const AT_ONCE: u64 = 20_000;

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
    let mut left = u64::try_from(arguments.timeout.as_millis()).unwrap_or(u64::MAX);
    loop {
        let now = left.min(AT_ONCE);
        let path = format!("/sandboxes/{}/requests/count?{query}&wait={now}ms", arguments.server.sandbox);
        let answer: Value = admin_client::get(&arguments.server, &path)?;
        let count = answer["count"].as_u64().unwrap_or_default();
        left -= now;
        if count >= arguments.count || left == 0 {
            return Ok(count);
        }
    }
}
