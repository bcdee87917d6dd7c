//! A sandbox as the API shows it.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::time::Timestamp;
use crate::engine::{ForeignCredential, PARCEL, Sandbox, Usage};
use crate::server::admin::clock::ClockView;
use crate::server::admin::request::AdminRequest;
use crate::server::admin::state::Admin;
use crate::server::{call_log, reachability};

/// A sandbox with its credentials and addresses.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Sandbox")]
pub(crate) struct SandboxView {
    name: String,
    /// The name of its scenario.
    scenario: String,
    seed: u64,
    clock: ClockView,
    /// When it is removed if nobody uses it before.
    expires: Option<Timestamp>,
    usage: Usage,
    /// How many calls are in its journal.
    requests: usize,
    /// How many parcels it has.
    parcels: usize,
    snapshots: Vec<SnapshotView>,
    /// Rows of credentials by the vendor's mount.
    credentials: IndexMap<String, Vec<Map<String, Value>>>,
    /// Base URLs by the vendor's mount.
    urls: IndexMap<String, String>,
    /// Credentials that lead calls to another sandbox, which had them before; of one sandbox also subscriptions to addresses that nothing
    /// will ever reach, and of a new one what `seatrial check` warns of in its scenario.
    warnings: Vec<String>,
}

/// A snapshot of a sandbox.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Snapshot")]
pub(crate) struct SnapshotView {
    pub name: String,
    /// When it was taken, on the sandbox's clock.
    pub at: Timestamp,
    /// The size of its documents.
    pub bytes: usize,
}

impl SandboxView {
    pub fn of(admin: &Admin, request: &AdminRequest<'_>, sandbox: &Sandbox) -> Self {
        let (mut credentials, mut urls) = (IndexMap::new(), IndexMap::new());
        let state = sandbox.lock();
        for vendor in admin.machine.vendors().all() {
            let rows = state.world.accounts().credentials(&vendor.mount);
            credentials.insert(vendor.mount.to_string(), rows.iter().map(|row| (*row.fields).clone()).collect());
            urls.insert(vendor.mount.to_string(), admin.vendor_url(request, sandbox, &vendor.mount));
        }
        drop(state);
        Self { credentials, urls, warnings: warnings(admin, sandbox), ..Self::row(admin, sandbox) }
    }

    /// The same without credentials, addresses and warnings.
    pub fn row(admin: &Admin, sandbox: &Sandbox) -> Self {
        let state = sandbox.lock();
        let (seed, scenario) = (state.world.seed(), state.scenario_name.clone());
        let parcels = state.world.accounts().iter().map(|(_, account)| account.count(&PARCEL)).sum();
        drop(state);
        Self {
            name: sandbox.name.to_string(),
            scenario,
            seed,
            clock: ClockView::of(sandbox),
            expires: sandbox.expires(),
            usage: admin.machine.usage(sandbox),
            requests: sandbox.journal().iter().len(),
            parcels,
            snapshots: SnapshotView::all(sandbox),
            credentials: IndexMap::new(),
            urls: IndexMap::new(),
            warnings: Vec::new(),
        }
    }
}

impl SandboxView {
    /// Adds what its scenario may surprise its author by.
    pub fn advise(&mut self, advice: Vec<String>) {
        self.warnings.extend(advice);
    }

    /// The same with the subscriptions that nothing will ever reach.
    pub async fn with_obstacles(admin: &Admin, request: &AdminRequest<'_>, sandbox: &Sandbox) -> Self {
        let mut view = Self::of(admin, request, sandbox);
        view.warnings.extend(unreachable(admin, sandbox).await);
        view
    }
}

/// The subscriptions of a sandbox that nothing will ever reach, as sentences.
pub(crate) async fn unreachable(admin: &Admin, sandbox: &Sandbox) -> Vec<String> {
    let found = reachability::obstacles(&admin.webhook_sender.client, sandbox).await.into_iter();
    found.map(|(url, obstacle)| format!("nothing will ever reach the subscription to {}: {obstacle}", call_log::address(&url))).collect()
}

/// The credentials of a sandbox that lead calls to another one, as sentences.
pub(crate) fn warnings(admin: &Admin, sandbox: &Sandbox) -> Vec<String> {
    let foreign = admin.machine.foreign_credentials(sandbox).into_iter();
    let sentence = |ForeignCredential { mount, index, member, owner }| {
        let (name, position) = (&sandbox.name, format!("credentials.{mount}[{index}].{member}"));
        format!("`{position}` is a credential of the sandbox `{owner}`, which gets its calls; `/@{name}/{mount}` always leads here")
    };
    foreign.map(sentence).collect()
}

impl SnapshotView {
    /// The snapshots of a sandbox by name.
    pub fn all(sandbox: &Sandbox) -> Vec<Self> {
        sandbox.snapshots().iter().map(|(name, row)| Self { name: name.clone(), at: row.at, bytes: row.bytes }).collect()
    }
}
