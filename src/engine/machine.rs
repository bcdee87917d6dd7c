//! The machine: all vendors and all sandboxes of a process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use serde_json::Value;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::engine::sandbox::{Sandbox, State};
use crate::engine::script::{NoScript, Script};
use crate::engine::vendor::{Operations, Row, Vendor};
use crate::spec::Catalog;
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
    /// How many sandboxes there may be.
    pub sandboxes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { conform: Conform::Sampled, plain: false, journal_bytes: 16 << 20, sandboxes: 10_000 }
    }
}

/// All vendors and all sandboxes.
pub struct Machine {
    pub(super) vendors: Vec<Loaded>,
    pub(super) options: Options,
    sandboxes: RwLock<BTreeMap<Arc<str>, Arc<Sandbox>>>,
    /// `(mount, credential)` → sandbox, for all sandboxes but the default one.
    claims: RwLock<BTreeMap<(&'static str, String), Arc<Sandbox>>>,
    default: Arc<Sandbox>,
}

/// A vendor and, once somebody asked for it, its document and rows.
pub(super) struct Loaded {
    pub vendor: &'static Vendor,
    book: OnceLock<Book>,
}

/// A vendor's catalog with the row of each operation.
pub struct Book {
    /// The operations of its document.
    pub catalog: Catalog,
    pub(super) rows: Vec<Option<Row>>,
}

impl Loaded {
    /// The document and rows, read on first use.
    ///
    /// # Panics
    /// If the document is not one: a test loads them all.
    pub fn book(&self) -> &Book {
        self.book.get_or_init(|| {
            let catalog = Catalog::load(self.vendor.id, self.vendor.spec).unwrap_or_else(|error| panic!("{error}"));
            let mut operations = Operations::default();
            (self.vendor.operations)(&mut operations);
            let mut rows: Vec<Option<Row>> = catalog.operations().iter().map(|_| None).collect();
            for row in operations.rows {
                let place = catalog.operations().iter().position(|operation| operation.id == row.operation);
                let place =
                    place.unwrap_or_else(|| panic!("{} has a row for `{}`, which its document lacks", self.vendor.id, row.operation));
                assert!(rows[place].is_none(), "{} has two rows for `{}`", self.vendor.id, row.operation);
                rows[place] = Some(row);
            }
            Book { catalog, rows }
        })
    }
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
    pub script: Box<dyn Script>,
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
            script: Box::new(NoScript),
            scenario: DEFAULT.to_owned(),
        }
    }
}

/// Why there is no such sandbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxError {
    /// The name is taken.
    Taken,
    /// The name is not made of lower-case letters, digits and dashes, or too long.
    Name,
    /// There are too many already.
    Full,
}

impl Machine {
    /// A machine with the default sandbox.
    #[must_use]
    pub fn new(vendors: &[&'static Vendor], options: Options, start: Start) -> Self {
        let vendors: Vec<Loaded> = vendors.iter().map(|vendor| Loaded { vendor, book: OnceLock::new() }).collect();
        let state = state(&vendors, DEFAULT, start);
        let default = Arc::new(Sandbox::new(DEFAULT, state, options.journal_bytes));
        let sandboxes = BTreeMap::from([(Arc::clone(&default.name), Arc::clone(&default))]);
        Self { vendors, options, sandboxes: RwLock::new(sandboxes), claims: RwLock::default(), default }
    }

    /// The vendors, with their documents and rows.
    pub fn books(&self) -> impl Iterator<Item = (&'static Vendor, &Book)> {
        self.vendors.iter().map(|loaded| (loaded.vendor, loaded.book()))
    }

    /// The vendors, without reading their documents.
    pub fn vendors(&self) -> impl Iterator<Item = &'static Vendor> {
        self.vendors.iter().map(|loaded| loaded.vendor)
    }

    /// The sandbox of that name.
    #[must_use]
    pub fn sandbox(&self, name: &str) -> Option<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// The default sandbox.
    #[must_use]
    pub fn default_sandbox(&self) -> &Arc<Sandbox> {
        &self.default
    }

    /// All sandboxes by name.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The sandbox that a credential belongs to, if it belongs to one besides the default.
    pub(super) fn claimed(&self, mount: &'static str, credential: String) -> Option<Arc<Sandbox>> {
        let claims = self.claims.read().unwrap_or_else(PoisonError::into_inner);
        if claims.is_empty() { None } else { claims.get(&(mount, credential)).cloned() }
    }

    /// A sandbox that nobody can reach yet, so that it can be furnished before it is opened or put in another's place. With
    /// `world` it goes on with that one's documents, agenda and time.
    #[must_use]
    pub fn stage(&self, name: &str, start: Start, world: Option<World>) -> Arc<Sandbox> {
        let mut state = state(&self.vendors, name, start);
        state.world = world.unwrap_or(state.world);
        Arc::new(Sandbox::new(name, state, self.options.journal_bytes))
    }

    /// Opens a staged sandbox under its name.
    ///
    /// # Errors
    /// When the name is taken or no name, or there are too many.
    pub fn open(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if sandbox.name.is_empty() || sandbox.name.len() > 64 || !sandbox.name.bytes().all(fits) {
            return Err(SandboxError::Name);
        }
        let mut sandboxes = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner);
        if sandboxes.contains_key(&sandbox.name) {
            return Err(SandboxError::Taken);
        }
        if sandboxes.len() >= self.options.sandboxes {
            return Err(SandboxError::Full);
        }
        sandboxes.insert(Arc::clone(&sandbox.name), Arc::clone(&sandbox));
        drop(sandboxes);
        self.claim(&sandbox);
        Ok(sandbox)
    }

    /// Puts a staged sandbox in another's place, in one step; the journal goes on only if `keep` says so.
    pub fn replace(&self, sandbox: &Arc<Sandbox>, staged: Arc<Sandbox>, keep: bool) {
        std::mem::swap(&mut *sandbox.lock(), &mut *staged.lock());
        if !keep {
            sandbox.journal().clear();
        }
        if sandbox.name != self.default.name {
            self.unclaim(sandbox);
            self.claim(sandbox);
        }
    }

    /// Removes a sandbox; the default one stays.
    pub fn remove(&self, name: &str) -> bool {
        if name == DEFAULT {
            return false;
        }
        let removed = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(sandbox) = &removed {
            self.unclaim(sandbox);
        }
        removed.is_some()
    }

    fn claim(&self, sandbox: &Arc<Sandbox>) {
        let defaults = self.default_values();
        let state = sandbox.lock();
        let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        for loaded in &self.vendors {
            for credential in state.world.accounts.credentials(loaded.vendor.mount).iter() {
                for value in credential.facts.values().filter_map(Value::as_str) {
                    // What opens the default sandbox goes on opening it.
                    if !defaults.get(loaded.vendor.mount).is_some_and(|values| values.contains(value)) {
                        claims.entry((loaded.vendor.mount, value.to_owned())).or_insert_with(|| Arc::clone(sandbox));
                    }
                }
            }
        }
    }

    /// Every text in the credentials of the default sandbox, by mount.
    fn default_values(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let state = self.default.lock();
        let values = |mount: &str| {
            let rows = state.world.accounts.credentials(mount);
            rows.iter().flat_map(|row| row.facts.values()).filter_map(|value| value.as_str().map(str::to_owned)).collect()
        };
        self.vendors.iter().map(|loaded| (loaded.vendor.mount, values(loaded.vendor.mount))).collect()
    }

    fn unclaim(&self, sandbox: &Arc<Sandbox>) {
        let mut claims = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        claims.retain(|_, owner| !Arc::ptr_eq(owner, sandbox));
    }
}

fn state(vendors: &[Loaded], name: &str, start: Start) -> State {
    let mut accounts = Accounts::default();
    accounts.any_credential = start.any_credential;
    for Loaded { vendor, .. } in vendors {
        let known = accounts.credentials(vendor.mount);
        let given = start.accounts.iter().find(|(mount, _)| mount == vendor.mount).map(|(_, rows)| rows);
        let rows = match given {
            // Versions of one mount have the same rows, which the first of them reads.
            Some(_) if !known.is_empty() => continue,
            Some(rows) => rows.iter().map(|row| credential(vendor, row)).collect(),
            None => {
                let own = (vendor.credentials)(name, &mut entropy::stream(start.seed, &[vendor.id, name, "credentials"], 0));
                known.iter().cloned().chain(own).collect()
            }
        };
        accounts.set_credentials(vendor.mount, rows);
    }
    let world = World { seed: start.seed, clock: start.clock, accounts, agenda: Agenda::default(), outbox: Outbox::default() };
    State { origin: world.clone(), world, script: start.script, scenario: start.scenario }
}

fn credential(vendor: &Vendor, row: &serde_json::Map<String, Value>) -> Credential {
    let account = row.get("account").and_then(Value::as_str).map_or_else(|| (vendor.account_of)(row), str::to_owned);
    Credential { account: account.into(), facts: Arc::new(row.clone()) }
}
