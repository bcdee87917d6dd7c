//! The admin API below `/_seatrial`.
//!
//! ```text
//! request ─▶ routes::find ─▶ access ─▶ query, body ─▶ handler ─▶ response
//!                 └──────────────┴──────────┴───────────┴─────▶ Problem ─▶ problem document
//! ```
//!
//! One table (`routes`) is the source of the router and of the OpenAPI document (`openapi`), whose schemas are derived from the types
//! that handlers return. Handlers are async functions from the shared [`Admin`] and an `AdminRequest` to such a type, one file for
//! each resource. **Invariant:** no file imports one that stands above it: types, then handlers, then `routes`, then this file.

mod agenda;
mod briefs;
mod clock;
mod contract;
mod conversations;
mod deliveries;
mod detached;
mod events;
mod faults;
mod files;
mod fleet;
mod inboxes;
mod judged;
mod last_verdicts;
mod log;
mod long_poll;
mod meta;
mod openapi;
mod operations;
mod page;
mod parcels;
mod problem;
mod request;
mod requests;
mod response;
mod route;
mod routes;
mod rules;
mod sandbox_view;
mod sandboxes;
mod scenarios;
mod seats;
pub(super) mod secrets;
mod shared;
mod snapshots;
mod state;
mod verify;
mod webhooks;
mod written_rows;

use std::sync::Arc;

use ::http::request::Parts;
use ::http::{Method, Response, StatusCode};
use bytes::Bytes;

use crate::base::text;
use crate::engine::{self, Machine, Sandbox};
use crate::scenario::Scenario;
pub(super) use crate::server::admin::judged::Judged;
pub(super) use crate::server::admin::last_verdicts::LastVerdicts;
use crate::server::admin::problem::Problem;
pub use crate::server::admin::problem::Refused;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::AdminResponse;
use crate::server::admin::route::Access;
use crate::server::admin::routes::Found;
pub(super) use crate::server::admin::routes::ROOT;
pub(super) use crate::server::admin::seats::Downloads;
pub(super) use crate::server::admin::state::{Admin, Lists};
use crate::server::awaited;
use crate::server::body::Payload;
use crate::server::recording::Recording;

/// Why a recording is not changed.
pub(super) const RECORDED: &str = "this is a recording, which is only looked at; `seatrial --import FILE` goes on with its sandbox";

/// What files of UTF-8 may begin with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Makes the sandbox of a name what an exported file says; it is opened if there is none.
///
/// # Errors
/// When the file is not one, or does not fit.
pub fn import(machine: &Machine, name: &str, bytes: &[u8]) -> Result<(), Refused> {
    files::load(machine, name, bytes).map(drop).map_err(Problem::into_refused)
}

/// Opens the sandbox of an exported file to be looked at, with what the file tells of its past.
///
/// # Errors
/// When the file is not one, or does not fit.
pub fn record(machine: &Machine, bytes: &[u8]) -> Result<Recording, Refused> {
    files::record(machine, bytes).map_err(Problem::into_refused)
}

/// Puts the default sandbox under another scenario: anew, or with the data that it has.
///
/// # Errors
/// When its `given` is refused, or does not fit.
pub(super) fn put_scenario(admin: &Admin, scenario: &Arc<Scenario>, keep: bool) -> Result<(), Refused> {
    scenarios::replace_edited(admin, admin.machine.default_sandbox(), scenario, keep).map_err(Problem::into_refused)
}

/// Notes the scenario that a sandbox came under when the process started.
pub fn note_scenario(sandbox: &Sandbox) {
    scenarios::note(sandbox, false);
}

/// Whether a request for that path only asks whether the process answers; it is answered at once, however much is done for others.
pub(super) fn is_probe(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|path| matches!(path.trim_end_matches('/'), "/health" | "/livez" | "/readyz"))
}

/// Answers a request to the admin API.
pub(super) async fn answer(admin: &Admin, parts: &Parts, body: &Bytes) -> Response<Payload> {
    run(admin, parts, body).await.unwrap_or_else(Problem::into_response)
}

/// Answers what the page asks in the name of somebody whom it has checked.
pub(super) async fn answer_page(admin: &Admin, parts: &Parts, body: &Bytes) -> Response<Payload> {
    let path = text::decode_unreserved(parts.uri.path());
    let answered = match find(&parts.method, &path) {
        Ok(found) => run_route(admin, found, parts, body).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(Problem::into_response)
}

async fn run(admin: &Admin, parts: &Parts, body: &Bytes) -> Result<AdminResponse, Problem> {
    let path = text::decode_unreserved(parts.uri.path());
    let found = find(&parts.method, &path);
    // Paths that do not exist are guarded as well.
    let access = found.as_ref().map_or(Access::Guarded, |found| found.route.access);
    match access {
        Access::Receiver => admin.guard.check_source(parts)?,
        _ => admin.guard.check(parts, !body.is_empty(), access == Access::WithoutToken)?,
    }
    let found = found?;
    // Files that PowerShell and .NET write begin with a byte order mark. Inboxes keep what they receive.
    let is_marked = access != Access::Receiver && body.starts_with(BYTE_ORDER_MARK);
    let body = &if is_marked { body.slice(BYTE_ORDER_MARK.len()..) } else { body.clone() };
    run_route(admin, found, parts, body).await
}

fn find<'p>(method: &Method, path: &'p str) -> Result<Found<'p>, Problem> {
    let path = path.strip_prefix(ROOT).unwrap_or_default();
    routes::find(method, if path.len() > 1 { path.trim_end_matches('/') } else { path })
}

async fn run_route(admin: &Admin, found: Found<'_>, parts: &Parts, body: &Bytes) -> Result<AdminResponse, Problem> {
    if admin.recording.is_some() && found.route.changes {
        return Err(Problem::new(StatusCode::FORBIDDEN, RECORDED));
    }
    let query = engine::pairs(parts.uri.query().unwrap_or_default());
    found.route.check_query(&query)?;
    found.route.check_body(body)?;
    let parameters: Vec<_> = found.parameters.into_iter().map(|(name, value)| (name, text::percent_decode(value))).collect();
    let request = AdminRequest { parameters, query, body, parts };
    if found.route.ends && admin.recording.is_none() {
        let sandboxes = match request.parameter("s") {
            "" => admin.machine.sandboxes(),
            name => admin.machine.sandbox(name).into_iter().collect(),
        };
        awaited::before_verdict(&admin.machine, &admin.webhook_sender, &sandboxes, None, awaited::LONGEST).await;
    }
    if let Some(fleet) = &admin.fleet {
        return shared::answer(admin, fleet, found.route, &request).await;
    }
    if admin.recording.is_none()
        && let Some(sandbox) = admin.machine.sandbox(request.parameter("s"))
    {
        admin.webhook_sender.settle(&sandbox).await;
    }
    found.route.run(admin, &request).await
}
