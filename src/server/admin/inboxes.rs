//! The built-in webhook receivers.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::server::admin::long_poll::long_poll;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::inbox::ReceivedRequest;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Inbox {
    /// What it holds, oldest first.
    letters: Vec<ReceivedRequest>,
    /// How many it ever received.
    received: u64,
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<Inbox, Problem> {
    let look = || {
        let (letters, received) = admin.inboxes.read(request.parameter("name"));
        let found = letters.len();
        Ok((Inbox { letters, received }, found))
    };
    long_poll(request, || Some(admin.inboxes.listen()), look).await
}

pub(crate) async fn clear(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    admin.inboxes.clear(request.parameter("name"));
    Ok(())
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Received {
    received: bool,
}

/// Receives a request, and answers with the status that the query names.
pub(crate) async fn receive(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let status: u16 = request.number("status")?.unwrap_or(200);
    let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200);
    let status = status.ok_or_else(|| Problem::bad_request("`status` is a number from 200 to 999"))?;
    admin.inboxes.put(request.parameter("name"), request.parts, request.body, wall());
    Ok(response::json(status, &Received { received: status.is_success() }))
}
