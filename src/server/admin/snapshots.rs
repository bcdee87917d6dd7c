//! Copies of a sandbox within the process: snapshots to go back to, and forks.

use http::StatusCode;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::{Sandbox, SandboxError, Snapshot};
use crate::scenario::{Body, ReadBody, run};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::sandbox_view::{SandboxView, SnapshotView};
use crate::server::admin::sandboxes;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;
use crate::server::shutdown;
use crate::server::verdicts::Ending;
use crate::world::Deed;

/// The name of a snapshot when none is given.
const UNNAMED: &str = "default";

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnapshotName {
    #[schemars(length(min = 1, max = 64), extend("default" = UNNAMED))]
    name: Option<String>,
}

impl ReadBody for SnapshotName {
    const MEMBERS: &'static [&'static str] = &["name"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { name: body.text("name") }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Snapshots {
    snapshots: Vec<SnapshotView>,
}

pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<Snapshots, Problem> {
    Ok(Snapshots { snapshots: SnapshotView::all(&*admin.sandbox(request)?) })
}

pub(crate) async fn create(admin: &Admin, request: &AdminRequest<'_>) -> Result<SnapshotView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let name = name(request)?;
    let bytes = Snapshot::size(&sandbox.lock());
    let freed = sandbox.snapshots().get(&name).map_or(0, Snapshot::counted);
    if bytes > admin.machine.room(&sandbox) + freed {
        return Err(SandboxError::Bytes.into());
    }
    let Some((at, bytes)) = sandbox.snapshot(&name, wall()) else {
        let detail = format!("a sandbox holds at most {} snapshots", Sandbox::SNAPSHOTS);
        return Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, detail));
    };
    sandbox.note(wall(), Deed::SnapshotTaken, Some(&name), None);
    Ok(SnapshotView { name, at, bytes })
}

pub(crate) async fn restore(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let sandbox = admin.sandbox(request)?;
    let name = name(request)?;
    let earlier = sandbox.snapshots().get(&name).map(|snapshot| run::scenario_of(snapshot.scenario()));
    let earlier = earlier.ok_or_else(|| no_snapshot(&name))?;
    let present = run::scenario_of(&*sandbox.lock().scenario);
    if !present.does_the_same(&earlier.source.text) {
        shutdown::report(&admin.machine, &admin.verdicts, &sandbox, Ending::Replaced);
    }
    if !admin.machine.restore(&sandbox, &name, wall()) {
        return Err(no_snapshot(&name));
    }
    sandbox.note(wall(), Deed::SnapshotRestored, Some(&name), None);
    Ok(SandboxView::with_obstacles(admin, request, &sandbox).await)
}

pub(crate) async fn delete(admin: &Admin, request: &AdminRequest<'_>) -> Result<(), Problem> {
    let (sandbox, name) = (admin.sandbox(request)?, request.parameter("name"));
    if sandbox.drop_snapshot(name) { Ok(()) } else { Err(no_snapshot(name)) }
}

fn name(request: &AdminRequest<'_>) -> Result<String, Problem> {
    let name = request.read::<SnapshotName>()?.name.unwrap_or_else(|| UNNAMED.to_owned());
    let is_name = (1..=64).contains(&name.chars().count());
    if is_name { Ok(name) } else { Err(Problem::bad_request("a snapshot's name has 1 to 64 characters")) }
}

fn no_snapshot(name: &str) -> Problem {
    Problem::not_found(format!("there is no snapshot `{name}`"))
}

#[derive(JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fork {
    #[schemars(regex(pattern = "^[a-z0-9_-]{1,64}$"))]
    name: Option<String>,
    /// What comes next is drawn from it; otherwise from its name, and from the seed of its source if that was asked for.
    seed: Option<u64>,
    /// How long it may be idle before it is removed; `0s` is for ever.
    #[schemars(with = "Option<String>", example = "30m")]
    ttl: Option<SignedDuration>,
}

impl ReadBody for Fork {
    const MEMBERS: &'static [&'static str] = &["name", "seed", "ttl"];

    fn read(body: &mut Body<'_, '_, '_>) -> Self {
        Self { name: body.text("name"), seed: body.whole("seed"), ttl: body.span("ttl") }
    }
}

pub(crate) async fn fork(admin: &Admin, request: &AdminRequest<'_>) -> Result<SandboxView, Problem> {
    let source = admin.sandbox(request)?;
    let wanted: Fork = request.read()?;
    let ttl = sandboxes::ttl(admin, wanted.ttl);
    let name = sandboxes::named(admin, wanted.name).await?;
    let copy = admin.machine.fork_with(&source, &name, wanted.seed, wall())?;
    copy.set_ttl(ttl);
    copy.note(wall(), Deed::Forked, Some(&source.name), None);
    Ok(SandboxView::with_obstacles(admin, request, &copy).await)
}
