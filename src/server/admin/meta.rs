//! What the process is: its health, its version, its vendors and their documents. Nothing here has side effects.

use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::{self, TotalUsage};
use crate::persist;
use crate::scenario;
use crate::server::admin::openapi;
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::response::{self, AdminResponse};
use crate::server::admin::state::Admin;
use crate::server::listen::Listener;
use crate::server::metrics;
use crate::store;

#[derive(Serialize, JsonSchema)]
pub(crate) struct Health {
    status: Alive,
    /// Of a fleet on several databases: those that do not answer, by their places. `/fleet` says why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    away: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Alive {
    Ok,
}

pub(crate) async fn health(admin: &Admin, request: &AdminRequest<'_>) -> Result<Health, Problem> {
    let Some(fleet) = &admin.fleet else { return live(admin, request).await };
    let away = fleet.out_of_service();
    if fleet.is_away() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, format!("{}; `/_seatrial/fleet` says why", away.join("; "))));
    }
    Ok(Health { status: Alive::Ok, away })
}

/// Whether the process lives: that it answers says so.
pub(crate) async fn live(_: &Admin, _: &AdminRequest<'_>) -> Result<Health, Problem> {
    Ok(Health { status: Alive::Ok, away: Vec::new() })
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Version {
    name: &'static str,
    version: &'static str,
    /// The ids of all vendors.
    vendors: Vec<String>,
    /// Where this process listens, in the order of its arguments.
    listeners: Vec<Listener>,
    formats: Formats,
    budgets: TotalUsage,
}

/// The versions of what other programs read and write, each for itself.
#[derive(Serialize, JsonSchema)]
struct Formats {
    admin_api: &'static str,
    /// The `apiVersion` of scenario files.
    scenario: &'static str,
    /// The `format` of the files of sandboxes, which `export` writes.
    sandbox: &'static str,
    /// What `FORMAT` says in a data directory.
    data: &'static str,
}

pub(crate) async fn version(admin: &Admin, _: &AdminRequest<'_>) -> Result<Version, Problem> {
    let vendors = admin.machine.vendors().all().iter().map(|vendor| vendor.id.to_string()).collect();
    let (version, listeners, budgets) = (env!("CARGO_PKG_VERSION"), admin.listeners.clone(), admin.machine.total_usage());
    let (sandbox, data) = (persist::FORMAT, store::FORMAT.trim_end());
    let formats = Formats { admin_api: openapi::VERSION, scenario: scenario::API_VERSION, sandbox, data };
    Ok(Version { name: "seatrial", version, vendors, listeners, formats, budgets })
}

pub(crate) async fn metrics(admin: &Admin, _: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    Ok(response::text(metrics::MEDIA_TYPE, admin.metrics.text(&admin.machine, admin.unmatched.own())))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CoverageTable {
    /// One row for each vendor.
    coverage: Vec<engine::Coverage>,
}

pub(crate) async fn coverage(admin: &Admin, _: &AdminRequest<'_>) -> Result<CoverageTable, Problem> {
    Ok(CoverageTable { coverage: admin.machine.vendors().coverage() })
}

/// YAML as it was written, or JSON if the name ends in `.json`.
pub(crate) async fn spec(admin: &Admin, request: &AdminRequest<'_>) -> Result<AdminResponse, Problem> {
    let name = request.parameter("vendor");
    let (id, is_json) = name.strip_suffix(".json").map_or((name.strip_suffix(".yaml").unwrap_or(name), false), |id| (id, true));
    let vendor = admin.machine.vendors().find(id);
    let vendor = vendor.ok_or_else(|| Problem::not_found(format!("there is no vendor `{id}`")))?;
    let (content_type, text) = if is_json { ("application/json", &vendor.spec) } else { ("application/yaml", &vendor.spec_source) };
    Ok(response::text(content_type, text.to_string()))
}
