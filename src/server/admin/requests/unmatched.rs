//! The requests that met no vendor or no sandbox, with a hint of what they probably meant.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::time::Timestamp;
use crate::fleet::Fault;
use crate::server::admin::inboxes::PAUSE;
use crate::server::admin::long_poll::long_poll;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::secrets::{AllNames, paths};
use crate::server::admin::shared::away;
use crate::server::admin::state::Admin;

#[derive(Serialize, JsonSchema)]
pub(crate) struct UnmatchedRequests {
    /// The newest ones that are kept, oldest first.
    requests: Vec<UnmatchedView>,
    /// How many there ever were.
    written: u64,
}

/// A request that met no vendor or no sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Unmatched")]
struct UnmatchedView {
    /// Its number among them, from 1.
    number: u64,
    /// When it came in, by the wall clock.
    received: Timestamp,
    method: String,
    /// The path and query as sent, without secrets.
    target: String,
    /// What its header `Host` says.
    host: String,
    /// The status that was answered.
    status: u16,
    /// What is not there, and what is nearest to it.
    detail: String,
}

/// The query of the list.
pub(crate) const QUERY: &[(&str, &str)] = &[
    ("limit", "at most so many: the newest ones (100)"),
    ("wait", "wait so long for a request, such as `5s`"),
    ("min", "how many requests `wait` waits for (1)"),
];

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<UnmatchedRequests, Problem> {
    let limit: usize = request.number("limit")?.unwrap_or(100);
    let names = AllNames::of(&admin.machine);
    admin.unmatched.copy().await.map_err(|fault| away(&fault))?;
    let look = || {
        let (rows, written) = admin.unmatched.read();
        let rows = &rows[rows.len().saturating_sub(limit)..];
        let requests = rows.iter().map(|row| {
            let paths::Shown { target, host, detail } = paths::unmatched(&row.request, Some(&names));
            UnmatchedView {
                number: row.number,
                received: row.received,
                method: row.request.method.to_string(),
                target,
                host,
                status: row.request.status,
                detail,
            }
        });
        let found = rows.len();
        Ok((UnmatchedRequests { requests: requests.collect(), written }, found))
    };
    let polled = long_poll(request, || Some(admin.unmatched.listen()), look);
    tokio::select! {
        answered = polled => answered,
        fault = follow(admin) => Err(away(&fault)),
    }
}

/// Goes on copying what replicas tell each other, until that fails.
async fn follow(admin: &Admin) -> Fault {
    if admin.unmatched.told().is_none() {
        return std::future::pending().await;
    }
    loop {
        tokio::time::sleep(PAUSE).await;
        if let Err(fault) = admin.unmatched.copy().await {
            return fault;
        }
    }
}

pub(crate) async fn clear(admin: &Admin, _: &AdminRequest<'_>) -> Result<(), Problem> {
    admin.unmatched.clear().await.map_err(|fault| away(&fault))
}
