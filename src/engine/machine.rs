//! The machine: all vendors and all sandboxes of a process.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use serde_json::Value;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::engine::accounts::AccountRows;
use crate::engine::public_urls::PublicUrls;
use crate::engine::registry::{self, Claims, Texts};
use crate::engine::sandbox::{Sandbox, State, Totals};
use crate::engine::script::{NoScenario, ScenarioRuntime};
use crate::engine::vendor::Vendor;
use crate::engine::vendors::Vendors;
use crate::world::{Accounts, Agenda, Clock, Credential, Outbox, World};

/// The name of the sandbox that calls fall into when nothing says otherwise.
pub const DEFAULT: &str = "default";

/// How often answers are checked against the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conform {
    /// Every answer.
    All,
    /// The first ones of each account, and every 64th after that.
    Sampled,
    /// None.
    Off,
}

/// What holds for the whole process.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often answers are checked.
    pub conform: Conform,
    /// Whether our own headers are left out.
    pub plain: bool,
    /// The budget of one sandbox's journal.
    pub journal_bytes: usize,
    /// The budget of all journals together; once it is used up no journal grows further.
    pub journals_bytes: usize,
    /// How many sandboxes there may be.
    pub sandboxes: usize,
    /// The budget of one sandbox's documents, its snapshots included.
    pub sandbox_bytes: usize,
    /// The budget of all sandboxes' documents.
    pub total_bytes: usize,
    /// How long a sandbox may be idle before it is removed, unless its maker says otherwise; `None` is for ever.
    pub ttl: Option<Duration>,
    /// Mounts that scenarios may name in `accounts` although no vendor is there, with what their rows can have.
    pub announced: &'static [(&'static str, &'static AccountRows)],
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conform: Conform::Sampled,
            plain: false,
            journal_bytes: 16 << 20,
            journals_bytes: 256 << 20,
            sandboxes: 10_000,
            sandbox_bytes: 4 << 30,
            total_bytes: 8 << 30,
            ttl: Some(Duration::from_secs(24 * 3600)),
            announced: &[],
        }
    }
}

/// All vendors and all sandboxes.
pub struct Machine {
    pub(super) vendors: Vendors,
    pub(super) options: Options,
    pub(super) sandboxes: RwLock<BTreeMap<Arc<str>, Arc<Sandbox>>>,
    /// Which sandbox a credential leads to, for all sandboxes but the default one.
    pub(super) credential_index: RwLock<Claims>,
    /// What opens the default sandbox.
    pub(super) reserved: RwLock<Texts>,
    pub(super) default: Arc<Sandbox>,
    pub(super) sums: Totals,
    /// Where the shell serves the vendors, once it does.
    served: OnceLock<PublicUrls>,
}

/// What a new sandbox starts from.
pub struct Start {
    /// The seed of every stream.
    pub seed: u64,
    /// The clock.
    pub clock: Clock,
    /// Rows of `accounts` by mount; a mount that is named has these instead of its defaults.
    pub accounts: Vec<(String, Vec<serde_json::Map<String, Value>>)>,
    /// Whether whatever callers present is good.
    pub any_credential: bool,
    /// The scenario.
    pub script: Box<dyn ScenarioRuntime>,
    /// Its name.
    pub scenario: String,
}

impl Start {
    /// The default scenario: the wall's time, the default credentials.
    #[must_use]
    pub fn plain(wall: Timestamp) -> Self {
        Self {
            seed: 42,
            clock: Clock::new(crate::world::Mode::Realtime, None, wall),
            accounts: Vec::new(),
            any_credential: false,
            script: Box::new(NoScenario),
            scenario: DEFAULT.to_owned(),
        }
    }
}

impl Machine {
    /// A machine with the default sandbox.
    #[must_use]
    pub fn new(vendors: &[&'static Vendor], options: Options, start: Start) -> Self {
        let vendors = Vendors::new(vendors);
        let state = state(&vendors, DEFAULT, start);
        let sums = Totals::default();
        let default = Arc::new(Sandbox::new(DEFAULT, state, options.journal_bytes, &sums));
        let sandboxes = RwLock::new(BTreeMap::from([(Arc::clone(&default.name), Arc::clone(&default))]));
        let reserved = RwLock::new(registry::texts(&vendors, &default));
        Self { vendors, options, sandboxes, credential_index: RwLock::default(), reserved, default, sums, served: OnceLock::new() }
    }

    /// The vendors, with their documents and rows.
    #[must_use]
    pub fn vendors(&self) -> &Vendors {
        &self.vendors
    }

    /// What holds for the whole process.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Stores the addresses of the listeners. Called once at start; later calls are ignored.
    pub fn set_public_urls(&self, served: PublicUrls) {
        let _ = self.served.set(served);
    }

    /// Where the vendors are served.
    pub fn public_urls(&self) -> &PublicUrls {
        static NOWHERE: PublicUrls = PublicUrls { all: None, mounts: Vec::new(), admin: None };
        self.served.get().unwrap_or(&NOWHERE)
    }
}

pub(super) fn state(vendors: &Vendors, name: &str, start: Start) -> State {
    let mut accounts = Accounts::default();
    let mut mounts = Vec::new();
    accounts.any_credential = start.any_credential;
    for vendor in vendors.all() {
        let known = accounts.credentials(vendor.mount);
        let given = start.accounts.iter().find(|(mount, _)| mount == vendor.mount).map(|(_, rows)| rows);
        let rows = match given {
            // Versions of one mount have the same rows, which the first of them reads.
            Some(_) if !known.is_empty() => continue,
            Some(rows) => {
                mounts.push(vendor.mount);
                rows.iter().map(|row| credential(vendor, row)).collect()
            }
            None => {
                let own = (vendor.credentials)(name, &mut entropy::stream(start.seed, &[vendor.id, name, "credentials"], 0));
                known.iter().cloned().chain(own).collect()
            }
        };
        accounts.set_credentials(vendor.mount, rows);
    }
    let world = World { seed: start.seed, clock: start.clock, accounts, agenda: Agenda::default(), outbox: Outbox::default() };
    State {
        initial: world.clone(),
        world,
        script: start.script,
        scenario: start.scenario,
        faults: Vec::new(),
        unused_faults: Vec::new(),
        given: mounts,
    }
}

fn credential(vendor: &Vendor, row: &serde_json::Map<String, Value>) -> Credential {
    let account = row.get("account").and_then(Value::as_str).map_or_else(|| (vendor.account_of)(row), str::to_owned);
    Credential { account: account.into(), facts: Arc::new(row.clone()) }
}
