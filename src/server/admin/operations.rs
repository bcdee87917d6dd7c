//! The operations of vendors, as people look them up.

use schemars::JsonSchema;
use serde::Serialize;

use crate::base::text;
use crate::engine::{DEFAULT, LoadedVendor};
use crate::scenario::conversation::CredentialMap;
use crate::scenario::examples;
use crate::scenario::reference::{self, OperationView, Target};
use crate::server::admin::problem::Problem;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::clock::wall;

/// The query of both routes.
pub(crate) const QUERY: &[(&str, &str)] = &[("sandbox", "whose credentials and addresses the examples have (`default`)")];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Operations")]
pub(crate) struct OperationList {
    /// In the order of the vendor's document.
    operations: Vec<OperationView>,
}

/// All operations of a vendor, by its id, or of a mount.
pub(crate) async fn list(admin: &Admin, request: &AdminRequest<'_>) -> Result<OperationList, Problem> {
    Ok(OperationList { operations: found(admin, request, |_| true)? })
}

/// One operation by its id.
pub(crate) async fn get(admin: &Admin, request: &AdminRequest<'_>) -> Result<OperationView, Problem> {
    let id = request.parameter("operation");
    let found = found(admin, request, |own| own == id)?;
    found.into_iter().next().ok_or_else(|| {
        let vendors = reference::vendors(admin.machine.vendors(), request.parameter("vendor"));
        let near = text::nearest(id, vendors.iter().flat_map(|loaded| loaded.catalog().operations()).map(|operation| &*operation.id));
        let help = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Problem::not_found(format!("there is no operation `{id}`{help}"))
    })
}

fn found(admin: &Admin, request: &AdminRequest<'_>, wanted: impl Fn(&str) -> bool) -> Result<Vec<OperationView>, Problem> {
    let (machine, word) = (&admin.machine, request.parameter("vendor"));
    let vendors: Vec<&LoadedVendor> = reference::vendors(machine.vendors(), word);
    if vendors.is_empty() {
        let names = machine.vendors().all().iter().map(|vendor| vendor.id.to_string()).collect::<Vec<_>>().join(", ");
        return Err(Problem::not_found(format!("there is no vendor `{word}`; there are {names}")));
    }
    let name = request.query("sandbox").unwrap_or(DEFAULT);
    let sandbox = machine.sandbox(name).ok_or_else(|| Problem::not_found(format!("there is no sandbox `{name}`")))?;
    let now = sandbox.lock().world.clock().now(wall());
    let target = Target {
        base: &|mount| admin.vendor_url(request, &sandbox, mount),
        credentials: &|mount| CredentialMap::to_any(machine, &sandbox, mount),
        values: examples::known(now, &machine.public_urls().inbox(name)),
    };
    Ok(vendors.into_iter().flat_map(|loaded| reference::operations(machine, loaded, &target, |own| wanted(&own.id))).collect())
}
