//! Sandboxes: made, listed, reset, removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::base::time::Timestamp;
use crate::engine::{DEFAULT, Sandbox};
use crate::fleet::{Fault, Fleet};
use crate::scenario::verify::Report;
use crate::scenario::{self, Body, ReadBody, Scenario};
use crate::server::admin::page::{AFTER, Rows, page_of};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::sandbox_view::SandboxView;
use crate::server::admin::scenarios;
use crate::server::admin::secrets::{Redacted, Redactor};
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::shutdown;
use crate::server::verdicts::Ending;
use crate::world::Deed;
use crate::world::Mode;

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateSandbox {
    #[schemars(regex(pattern = "^[a-z0-9_-]{1,64}$"))]
    name: Option<String>,
    /// A scenario, its text, or the name of a built-in one.
    #[schemars(extend("type" = ["object", "string", "null"]))]
    #[schemars(with = "Option<Value>")]
    scenario: Option<String>,
    /// Everything random is drawn from it, secrets included; without one it is derived from the name, and secrets are the operating
    /// system's.
    seed: Option<u64>,
    clock: Option<ClockStart>,
    /// How long it may be idle before it is removed; `0s` is for ever.
    #[schemars(with = "Option<String>", example = "30m")]
    ttl: Option<SignedDuration>,
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
struct ClockStart {
    start: Option<Timestamp>,
    mode: Option<Mode>,
}

impl ReadBody for CreateSandbox {
    const MEMBERS: &'static [&'static str] = &["name", "scenario", "seed", "clock", "ttl"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self {
            name: body.text("name"),
            scenario: body.raw("scenario"),
            seed: body.whole("seed"),
            clock: body.mapping("clock", "`clock`"),
            ttl: body.span("ttl"),
        }
    }
}

impl ReadBody for ClockStart {
    const MEMBERS: &'static [&'static str] = &["start", "mode"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { start: body.instant("start"), mode: body.mode("mode").map(Into::into) }
    }
}

pub(crate) async fn create(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let wanted: CreateSandbox = request.read()?;
    let ttl = ttl(admin, wanted.ttl);
    let name = named(admin, wanted.name).await?;
    admin.machine.may_open(&name)?;
    let mut scenario = match &wanted.scenario {
        None => Scenario::plain(),
        Some(text) => Arc::new(scenarios::parse(&admin.machine, text.as_bytes())?),
    };
    if let Some(seed) = wanted.seed {
        Arc::make_mut(&mut scenario).seed = Some(seed);
    }
    if let Some(ClockStart { start, mode }) = wanted.clock {
        let scenario = Arc::make_mut(&mut scenario);
        scenario.clock.start = start.or(scenario.clock.start);
        scenario.clock.mode = mode.map(Into::into).or(scenario.clock.mode);
    }
    let advice = scenarios::advice(&admin.machine, &scenario);
    let staged = scenario::run::stage(&admin.machine, &name, &scenario, None, wall())?;
    staged.touch(wall());
    staged.set_ttl(ttl);
    let sandbox = admin.machine.open(staged)?;
    let mut view = SandboxView::with_obstacles(admin, request, &sandbox).await;
    view.advise(advice);
    Ok(view)
}

/// How long an idle sandbox is kept: what the caller wants, else the option of the process.
pub(crate) fn ttl(admin: &Admin, wanted: Option<SignedDuration>) -> Option<Duration> {
    let Some(span) = wanted else { return admin.machine.options().ttl };
    Duration::try_from(span).ok().filter(|span| !span.is_zero())
}

/// The name that is wanted, else one that no sandbox has, nor had one to which it was given by itself: what a fleet or a data directory has
/// counts on.
pub(crate) async fn named(admin: &Admin, wanted: Option<String>) -> Result<String, Problem> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    if let Some(name) = wanted {
        return Ok(name);
    }
    loop {
        let number = match (&admin.fleet, &admin.store) {
            (Some(fleet), _) => {
                let number = fleet.next_number().await;
                let away = |fault: Fault| Problem::new(StatusCode::SERVICE_UNAVAILABLE, fault.to_string()).with_header(RETRY_AFTER, "1");
                number.map_err(away)?.unsigned_abs()
            }
            (None, Some(store)) => store.next_number(),
            (None, None) => MADE.fetch_add(1, Ordering::Relaxed) + 1,
        };
        let name = format!("s{number}");
        if admin.machine.sandbox(&name).is_none() {
            return Ok(name);
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Sandboxes {
    sandboxes: Rows<SandboxView>,
    /// What to ask for with `after` when there are more: this page is large.
    next: Option<String>,
}

pub(crate) const LIST: &[(&str, &str)] = &[
    ("q", "only those with this text in their name, or in that of their scenario"),
    ("limit", "at most so many"),
    ("view", "`row` leaves out credentials, addresses and warnings"),
    AFTER,
];

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Sandboxes, Problem> {
    let is_row = match request.query("view") {
        None => false,
        Some("row") => true,
        Some(word) => return Err(Problem::bad_request(format!("`view` is `row`, found `{word}`"))),
    };
    let (limit, text) = (request.number("limit")?.unwrap_or(usize::MAX), request.query("q"));
    let mut sandboxes = admin.machine.sandboxes();
    if let Some(text) = text {
        sandboxes.retain(|sandbox| sandbox.name.contains(text) || sandbox.lock().scenario_name.contains(text));
    }
    let rows = sandboxes.iter().map(|sandbox| (&*sandbox.name, sandbox));
    let view = |sandbox: &Sandbox| if is_row { SandboxView::row(admin, sandbox) } else { SandboxView::of(admin, request, sandbox) };
    let (sandboxes, next) = page_of(request, limit, rows, |sandbox| Some(view(sandbox)))?;
    Ok(Sandboxes { sandboxes, next })
}

pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    Ok(SandboxView::with_obstacles(admin, request, &*admin.sandbox(request)?).await)
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<Redacted<Report>, Problem> {
    let name = request.parameter("s");
    if name == DEFAULT {
        return Err(Problem::new(StatusCode::CONFLICT, "the default sandbox stays; `reset` empties it"));
    }
    let sandbox = admin.sandbox(request)?;
    let redactor = Redactor::read(admin, request, &sandbox)?;
    if !admin.machine.remove(name) {
        return Err(Problem::not_found(format!("there is no sandbox `{name}`")));
    }
    let _ = tokio::time::timeout(LAST_ANSWERS, answers_are_out(admin, &sandbox)).await;
    admin.inboxes.forget(name);
    Ok(redactor.json(&shutdown::report(&admin.machine, &admin.verdicts, &sandbox, Ending::Deleted)))
}

/// How long the verdict on a sandbox that was removed waits for its last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// The same for a sandbox that is to be removed, and answers that other replicas hold: of these nothing is heard in the section that
/// removes it, in which nobody else can make one.
pub(super) async fn answers_are_out_elsewhere(admin: &Admin, fleet: &Arc<Fleet>, name: &str) {
    let told = async {
        // Where the database is away, nothing more is heard of.
        if fleet.catch_up(name).await.is_err() {
            return;
        }
        let Some(sandbox) = admin.machine.sandbox(name) else { return };
        loop {
            let told = sandbox.listen();
            if sandbox.is_removed() || !sandbox.journal().iter().any(|entry| entry.wire.is_elsewhere()) {
                return;
            }
            told.await;
        }
    };
    let _ = tokio::time::timeout(LAST_ANSWERS, told).await;
}

/// Nothing holds the answers of a sandbox back here that was removed: waits until they are out, or their callers have left.
async fn answers_are_out(admin: &Admin, sandbox: &Sandbox) {
    loop {
        let (told, changed) = (sandbox.listen(), admin.changed.notified());
        tokio::pin!(changed);
        changed.as_mut().enable();
        if !sandbox.journal().iter().any(|entry| entry.wire.is_under_way() && !entry.wire.is_elsewhere()) {
            return;
        }
        tokio::select! {
            () = told => {}
            () = changed => {}
        }
    }
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reset {
    /// What comes next is drawn from it, also after further resets. Credentials, and data of the scenario, stay as they are.
    seed: Option<u64>,
}

impl ReadBody for Reset {
    const MEMBERS: &'static [&'static str] = &["seed"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { seed: body.whole("seed") }
    }
}

pub(crate) async fn reset(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let Reset { seed } = request.read()?;
    shutdown::report(&admin.machine, &admin.verdicts, &sandbox, Ending::Reset);
    sandbox.reset_with(seed);
    admin.inboxes.empty(&sandbox.name);
    sandbox.note(wall(), Deed::Reset, None, None);
    Ok(SandboxView::with_obstacles(admin, request, &sandbox).await)
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Resets {
    /// The names of the sandboxes that were reset.
    reset: Vec<String>,
}

pub(crate) async fn reset_all(admin: &Admin, _: &AdminRequest<'_>) -> Result<Resets, Problem> {
    let sandboxes = admin.machine.sandboxes();
    for sandbox in &sandboxes {
        shutdown::report(&admin.machine, &admin.verdicts, sandbox, Ending::Reset);
        sandbox.reset();
        admin.inboxes.empty(&sandbox.name);
        sandbox.note(wall(), Deed::Reset, None, None);
        // A verdict may take a while, and others wait for this worker.
        tokio::task::yield_now().await;
    }
    admin.changed.notify_waiters();
    Ok(Resets { reset: sandboxes.iter().map(|sandbox| sandbox.name.to_string()).collect() })
}
