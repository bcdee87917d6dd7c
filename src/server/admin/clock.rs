//! The virtual time of a sandbox.

use std::sync::Arc;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::time::{self, Timestamp};
use crate::engine::Sandbox;
use crate::server::admin::detached::detached;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::world::Mode;

/// The clock of a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Clock")]
pub(crate) struct ClockView {
    now: Timestamp,
    mode: Mode,
    /// The number of tasks in the agenda.
    due: usize,
    /// When the first of them is due.
    next: Option<Timestamp>,
}

impl ClockView {
    pub fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.lock();
        let (clock, agenda) = (state.world.clock(), state.world.agenda());
        Self { now: clock.now(wall()), mode: clock.mode(), due: agenda.len(), next: agenda.next() }
    }
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<ClockView, Problem> {
    Ok(ClockView::of(&*admin.sandbox(request)?))
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    now: Option<Timestamp>,
    mode: Option<Mode>,
}

pub(crate) async fn put(admin: &Admin, request: &AdminRequest<'_>) -> Result<ClockView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let wanted: SetClock = request.read()?;
    if let Some(to) = wanted.now {
        refuse_past(&sandbox, to)?;
    }
    let sender = Arc::clone(&admin.webhook_sender);
    let put = async move {
        if let Some(to) = wanted.now {
            sender.advance(&sandbox, |_| to).await?;
        }
        if let Some(mode) = wanted.mode {
            sandbox.lock().world.set_mode(mode, wall());
        }
        Ok(ClockView::of(&sandbox))
    };
    detached(put).await
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// A span of time, which is not negative.
    #[schemars(example = "72h")]
    by: Option<String>,
    to: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Advanced {
    now: Timestamp,
    /// The number of tasks that were due on the way.
    fired: u64,
}

pub(crate) async fn advance(admin: &Admin, request: &AdminRequest<'_>) -> Result<Advanced, Problem> {
    let sandbox = admin.sandbox(request)?;
    let sender = Arc::clone(&admin.webhook_sender);
    let (now, fired) = match request.read()? {
        Advance { by: Some(by), to: None } => {
            let by = time::span(&by).ok_or_else(|| Problem::bad_request(format!("`by` is a span such as `72h` or `3d`, found `{by}`")))?;
            if by < SignedDuration::ZERO {
                return Err(Problem::bad_request("the clock only moves forward; `reset` goes back"));
            }
            detached(async move { sender.advance(&sandbox, |now| time::shift(now, by)).await }).await?
        }
        Advance { by: None, to: Some(to) } => {
            refuse_past(&sandbox, to)?;
            detached(async move { sender.advance(&sandbox, |_| to).await }).await?
        }
        _ => return Err(Problem::bad_request("either `by` or `to` is needed")),
    };
    Ok(Advanced { now, fired })
}

/// Refuses an instant that no clock can show.
pub(crate) fn refuse_off_clock(instant: Timestamp) -> Result<(), Problem> {
    if instant >= time::EARLIEST {
        Ok(())
    } else {
        Err(Problem::bad_request(format!("no clock can show {instant}; {}", time::CLOCK_RANGE)))
    }
}

fn refuse_past(sandbox: &Sandbox, to: Timestamp) -> Result<(), Problem> {
    refuse_off_clock(to)?;
    let now = sandbox.lock().world.clock().now(wall());
    if to < now {
        return Err(Problem::bad_request(format!("the clock only moves forward, it is {now}; `reset` goes back")));
    }
    Ok(())
}
