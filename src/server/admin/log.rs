//! What was done to a sandbox besides calls.

use schemars::JsonSchema;
use serde::Serialize;

use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::secrets::{self, Redacted, Redactor};
use crate::server::admin::state::Admin;
use crate::world::LogLine;

pub(crate) const QUERY: &[(&str, &str)] = &[
    ("since", "only what came after the call with this number"),
    ("until", "only what came before the call after the one with this number"),
    ("limit", "at most so many, the latest ones (100)"),
    secrets::QUERY,
];

#[derive(Serialize, JsonSchema)]
pub(crate) struct Log {
    /// Those that fit, oldest first; the latest of them when there are more than the limit.
    log: Vec<LogLine>,
    /// Whether older ones that fit were left out.
    more: bool,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Log>, Problem> {
    let sandbox = admin.sandbox(request)?;
    let between = (request.number("since")?.unwrap_or(0), request.number("until")?.unwrap_or(u64::MAX));
    let (mut log, more) = sandbox.deeds.between(between, request.number("limit")?.unwrap_or(100));
    for detail in log.iter_mut().filter_map(|line| line.detail.as_mut()?.as_object_mut()) {
        // It is what the webhook of the list has, if somebody asks for secrets there.
        detail.shift_remove("secret");
    }
    Ok(Redactor::read(admin, request, &sandbox)?.json(&Log { log, more }))
}
