//! What a new sandbox starts from, and the credentials that it gets.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::base::entropy::{self, Rng, Secret};
use crate::base::time::Timestamp;
use crate::engine::sandbox::DEFAULT;
use crate::engine::scenario::{NoScenario, ScenarioRuntime};
use crate::engine::state::State;
use crate::engine::vendor::Vendor;
use crate::engine::vendors::Vendors;
use crate::world::{Clock, Credential, Mode, World};

/// What a new sandbox starts from.
pub struct Start {
    /// The seed that somebody asked for, so that secrets come from it too; otherwise it is derived from the sandbox's name.
    pub seed: Option<u64>,
    pub clock: Clock,
    /// Rows of `accounts` by mount; a mount that is named has these instead of its defaults.
    pub accounts: Vec<(String, Vec<Map<String, Value>>)>,
    /// Whether any credential is accepted.
    pub any_credential: bool,
    pub scenario: Arc<dyn ScenarioRuntime>,
    pub scenario_name: String,
}

impl Start {
    /// The default scenario: the wall's time, the default credentials.
    #[must_use]
    pub fn plain(wall: Timestamp) -> Self {
        Self {
            seed: None,
            clock: Clock::new(Mode::Realtime, None, wall),
            accounts: Vec::new(),
            any_credential: false,
            scenario: Arc::new(NoScenario),
            scenario_name: DEFAULT.to_owned(),
        }
    }
}

/// The seed of a sandbox whose maker asked for none.
pub(super) fn usual_seed(name: &str) -> u64 {
    if name == DEFAULT { entropy::DEFAULT_SEED } else { entropy::seed_of(name) }
}

/// The state of a new sandbox. Its credentials come from `secret`; without one, from its seed.
pub(super) fn state(vendors: &Vendors, name: &str, start: Start, secret: Option<Secret>) -> State {
    let seed = start.seed.unwrap_or_else(|| usual_seed(name));
    let mut world = World::new(seed, start.clock);
    world.reseed(seed, secret);
    let mut scenario_mounts = Vec::new();
    world.accept_any_credential(start.any_credential);
    for vendor in vendors.all() {
        let known = world.accounts().credentials(&vendor.mount);
        let given = start.accounts.iter().find(|(mount, _)| vendor.mount == **mount).map(|(_, rows)| rows);
        let rows = match given {
            // Versions of one mount have the same rows, which the first of them reads.
            Some(_) if !known.is_empty() => continue,
            Some(rows) => {
                scenario_mounts.push(vendor.mount.clone());
                vendor.accounts.credentials(rows)
            }
            None => {
                let own = generated(vendor, name, &world);
                known.iter().cloned().chain(own).collect()
            }
        };
        world.set_credentials(&vendor.mount, rows);
    }
    State { scenario_mounts, seeded: start.seed.is_some(), ..State::new(world, start.scenario, start.scenario_name) }
}

/// The credentials of the vendors at `mount` that the default sandbox has unless a scenario gives it others.
pub(super) fn usual_credentials(vendors: &Vendors, mount: &str) -> Vec<Credential> {
    let versions = vendors.all().iter().filter(|vendor| vendor.mount == mount);
    versions.flat_map(|vendor| (vendor.credentials)(DEFAULT, &mut seeded(vendor, DEFAULT, entropy::DEFAULT_SEED))).collect()
}

/// What credentials are drawn from that may be known by their seed.
fn seeded(vendor: &Vendor, name: &str, seed: u64) -> Rng {
    entropy::stream(seed, &[&vendor.id, name, "credentials"], 0)
}

/// The credentials that a vendor gives a sandbox.
fn generated(vendor: &Vendor, name: &str, world: &World) -> Vec<Credential> {
    let mut rng = match world.secret() {
        Some(secret) => entropy::secret_stream(secret, &[&vendor.id, name]),
        None => seeded(vendor, name, world.seed()),
    };
    (vendor.credentials)(name, &mut rng)
}

/// Gives a copy of a sandbox credentials of its own for the accounts that it holds, except where its scenario gave them.
pub(super) fn replace_credentials(vendors: &Vendors, state: &mut State, name: &str) {
    let State { world, initial, scenario_mounts, .. } = state;
    for mount in vendors.mounts().into_iter().filter(|mount| !scenario_mounts.contains(mount)) {
        let rows = own_credentials(vendors, &mount, name, world);
        initial.set_credentials(&mount, rows.clone());
        world.set_credentials(mount, rows);
    }
}

/// Credentials of its own for a copy, opening the accounts that those of its source open.
fn own_credentials(vendors: &Vendors, mount: &str, name: &str, world: &World) -> Vec<Credential> {
    let before = world.accounts().credentials(mount);
    let versions = vendors.all().iter().filter(|vendor| vendor.mount == mount);
    let mut rows: Vec<Credential> = versions.flat_map(|vendor| generated(vendor, name, world)).collect();
    for (index, row) in rows.iter_mut().enumerate() {
        let same = before.iter().any(|other| other.account == row.account);
        if let Some(other) = before.get(index).or(before.first()).filter(|_| !same) {
            row.account = Arc::clone(&other.account);
        }
    }
    rows
}
