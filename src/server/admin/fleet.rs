//! The replicas that share the sandboxes.

use schemars::JsonSchema;
use serde::Serialize;

use crate::fleet::ReplicaRow;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::shared::away;
use crate::server::admin::state::Admin;

/// The processes that share the sandboxes of this one.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Fleet")]
pub(crate) struct FleetView {
    /// Those that were heard of within 15 seconds; none where a process has its sandboxes to itself.
    replicas: Vec<ReplicaView>,
    /// The format in which all of them write to the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u8>,
    /// Why databases do not answer, of each that does not. Their sandboxes are out of service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    away: Vec<String>,
    /// The sandboxes whose checkpoint this replica could not write, and tries again. Calls go on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    overdue: Vec<OverdueView>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OverdueCheckpoint")]
struct OverdueView {
    sandbox: String,
    why: String,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Replica")]
struct ReplicaView {
    /// What it calls itself, until it ends.
    id: String,
    version: String,
    /// It reads the formats up to this one.
    reads: u8,
    /// How long ago it was last heard of, in seconds.
    seen: f64,
    /// Whether it is the one that answers.
    answers: bool,
}

pub(crate) async fn get(admin: &Admin, _: &AdminRequest<'_>) -> Result<FleetView, Problem> {
    let Some(fleet) = &admin.fleet else {
        return Ok(FleetView { replicas: Vec::new(), format: None, away: Vec::new(), overdue: Vec::new() });
    };
    let rows = fleet.replicas().await.map_err(|fault| away(&fault))?;
    let view = |row: ReplicaRow| ReplicaView {
        id: format!("{:016x}", row.id),
        version: row.version,
        reads: row.reads,
        seen: row.seen.as_secs_f64(),
        answers: row.id == fleet.id(),
    };
    let overdue = fleet.overdue().into_iter().map(|(sandbox, why)| OverdueView { sandbox: sandbox.to_string(), why }).collect();
    Ok(FleetView { replicas: rows.into_iter().map(view).collect(), format: Some(fleet.format()), away: fleet.away(), overdue })
}
