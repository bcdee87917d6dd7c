//! The virtual time of a sandbox.

use std::sync::Arc;

use http::StatusCode;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use crate::base::json;
use crate::base::time::{self, Timestamp};
use crate::engine::{Sandbox, TaskKind};
use crate::scenario::{Body, ReadBody};
use crate::server::admin::detached::{begin, detached};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::webhook_sender::AdvanceError;
use crate::world::{Clock, Deed, Mode};

/// The clock of a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Clock")]
pub(crate) struct ClockView {
    now: Timestamp,
    mode: Mode,
    /// The number of tasks in the agenda.
    due: usize,
    /// How many of them wait for room in the sandbox rather than for their time.
    #[serde(skip_serializing_if = "json::is_default")]
    postponed: usize,
    /// When the first of those that wait for their time is due.
    next: Option<Timestamp>,
    /// What the first of them is about.
    next_kind: Option<TaskKind>,
    /// Whether an advance is under way. Receivers of webhooks are waited for on the way. It goes on when the process is started again with
    /// its `--data-dir`, or when its replica ends.
    moving: bool,
    /// The time that it will show then.
    to: Option<Timestamp>,
    /// What the time that it shows follows from: another one when it was moved or set.
    #[serde(skip)]
    pub set: Clock,
}

impl ClockView {
    pub fn of(sandbox: &Sandbox) -> Self {
        let state = sandbox.lock();
        let to = state.world.target().map(|target| target.to);
        let (clock, agenda) = (state.world.clock(), state.world.agenda());
        Self {
            now: clock.now(wall()),
            mode: clock.mode(),
            due: agenda.len(),
            postponed: agenda.postponed(),
            next: agenda.next(),
            next_kind: agenda.next_task().map(TaskKind::of),
            moving: to.is_some(),
            to,
            set: *clock,
        }
    }
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<ClockView, Problem> {
    Ok(ClockView::of(&*admin.sandbox(request)?))
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    now: Option<Timestamp>,
    mode: Option<Mode>,
}

impl ReadBody for SetClock {
    const MEMBERS: &'static [&'static str] = &["now", "mode"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { now: body.instant("now"), mode: body.mode("mode").map(Into::into) }
    }
}

/// Sets the time and the mode, in this order; the answer comes when that is done, or after a while.
pub(crate) async fn put(admin: &Admin, request: &AdminRequest<'_>) -> Result<ClockView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let SetClock { now, mode } = request.read()?;
    let Some(to) = now else {
        if let Some(mode) = mode {
            let set = || {
                sandbox.lock().world.set_mode(mode, wall());
                sandbox.note(wall(), Deed::Mode, Some(&word(mode)), None);
            };
            admin.webhook_sender.act(&sandbox, set).await?;
        }
        return shown(admin, &sandbox).await;
    };
    refuse_past(&sandbox, to)?;
    let moving = admin.webhook_sender.promise(&sandbox, |_| Some(to), mode).await?.ok_or_else(end_of_calendar)?;
    let (sender, moved) = (Arc::clone(&admin.webhook_sender), Arc::clone(&sandbox));
    let put = async move {
        sender.advance(&moving).await?;
        if let Some(mode) = mode {
            sender.act(&moved, || moved.lock().world.set_mode(mode, wall())).await?;
        }
        sender.note_advance(&moved, None).await;
        Ok::<(), AdvanceError>(())
    };
    match tokio::time::timeout(admin.advance_timeout, detached(put)).await {
        Ok(Err(AdvanceError::Left)) | Err(_) => {}
        Ok(done) => done?,
    }
    shown(admin, &sandbox).await
}

/// The clock as it is, which every replica shows.
async fn shown(admin: &Admin, sandbox: &Arc<Sandbox>) -> Result<ClockView, Problem> {
    Ok(admin.webhook_sender.act(sandbox, || ClockView::of(sandbox)).await?)
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advance {
    /// A span of time, which is not negative.
    #[schemars(with = "Option<String>", example = "72h")]
    by: Option<SignedDuration>,
    to: Option<Timestamp>,
    /// `false` answers 202 at once, `true` when the time is reached. When left out, it is waited for as long as
    /// `--advance-timeout` says: receivers of webhooks that do not answer take 10 s for each attempt.
    wait: Option<bool>,
}

impl ReadBody for Advance {
    const MEMBERS: &'static [&'static str] = &["by", "to", "wait"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { by: body.span("by"), to: body.instant("to"), wait: body.flag("wait") }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Advanced {
    now: Timestamp,
    /// The number of tasks that were due on the way.
    fired: u64,
    /// How many tasks are due and wait for room in the sandbox.
    #[serde(skip_serializing_if = "json::is_default")]
    postponed: usize,
    /// Whether the clock is still on its way.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    moving: bool,
    /// The time that it will show then.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Timestamp>,
}

pub(crate) async fn advance(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let sandbox = admin.sandbox(request)?;
    let Advance { by, to, wait } = request.read()?;
    let sender = Arc::clone(&admin.webhook_sender);
    let promised = match (by, to) {
        (Some(by), None) => sender.promise(&sandbox, |now| time::advanced(now, by), None).await?,
        (None, Some(to)) => {
            refuse_past(&sandbox, to)?;
            sender.promise(&sandbox, |_| Some(to), None).await?
        }
        _ => return Err(Problem::bad_request("either `by` or `to` is needed")),
    };
    let made = promised.ok_or_else(end_of_calendar)?;
    let moving = Arc::clone(&made.moving);
    let advance = begin(async move { sender.advance_noted(&made).await });
    let done = match wait {
        Some(true) => Some(advance.await),
        Some(false) => None,
        None => tokio::time::timeout(admin.advance_timeout, advance).await.ok(),
    };
    let Some(done) = done.filter(|done| !matches!(done, Err(AdvanceError::Left))) else {
        let read = || sandbox.lock().world.clock().now(wall());
        let now = admin.webhook_sender.act(&sandbox, read).await.unwrap_or_else(|_| read());
        let on_its_way = Advanced { now, fired: moving.fired(), postponed: 0, moving: true, to: Some(moving.to) };
        return Ok(response::json(StatusCode::ACCEPTED, &on_its_way));
    };
    let (now, fired, postponed) = done?;
    Ok(response::json(StatusCode::OK, &Advanced { now, fired, postponed, moving: false, to: None }))
}

/// How time passes, as scenarios write it.
fn word(mode: Mode) -> String {
    match mode {
        Mode::Frozen => "frozen".to_owned(),
        Mode::Realtime => "realtime".to_owned(),
        Mode::Speed(factor) => format!("speed {factor}"),
    }
}

fn end_of_calendar() -> Problem {
    Problem::bad_request(format!("this is beyond the end of the calendar; {}", time::CLOCK_RANGE))
}

fn refuse_past(sandbox: &Sandbox, to: Timestamp) -> Result<(), Problem> {
    let now = sandbox.lock().world.clock().now(wall());
    if to < now {
        return Err(Problem::bad_request(format!("the clock only moves forward, it is {now}; `reset` goes back")));
    }
    Ok(())
}
