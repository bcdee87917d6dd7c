//! The machine: all vendors and all sandboxes of a process.

use std::sync::{Arc, OnceLock};

use crate::base::entropy::{self, Secret};
use crate::base::time::Timestamp;
use crate::engine::budget::{Budget, EMPTY_SANDBOX, TotalUsage, Usage};
use crate::engine::keeper::Keeper;
use crate::engine::options::Options;
use crate::engine::public_urls::PublicUrls;
use crate::engine::reachability::Reachability;
use crate::engine::recorder::{Checkpoint, Guard, Record};
use crate::engine::registry::{ForeignCredential, Registry, SandboxError};
use crate::engine::sandbox::{DEFAULT, Sandbox};
use crate::engine::scenario::ScenarioRuntime;
use crate::engine::start::{self, Start};
use crate::engine::vendor::Vendor;
use crate::engine::vendors::Vendors;
use crate::world::{Credential, Entry, World};

/// All vendors and all sandboxes.
pub struct Machine {
    pub(super) vendors: Vendors,
    pub(super) registry: Registry,
    pub(super) budget: Budget,
    pub(super) options: Options,
    public_urls: OnceLock<PublicUrls>,
    reachability: OnceLock<Reachability>,
    keeper: OnceLock<Arc<dyn Keeper>>,
}

impl Machine {
    /// A machine with the default sandbox.
    #[must_use]
    pub fn new(vendors: impl IntoIterator<Item = impl Into<Arc<Vendor>>>, options: Options, start: Start) -> Self {
        let (vendors, budget) = (Vendors::new(vendors.into_iter().map(Into::into).collect()), Budget::new(&options));
        let default = Sandbox::new(DEFAULT, start::state(&vendors, DEFAULT, start, None), &budget);
        let identifiers = vendors.all().iter().map(|vendor| (vendor.mount.clone(), vendor.accounts.identifiers)).collect();
        let registry = Registry::new(Arc::new(default), options.sandboxes, identifiers);
        Self { vendors, registry, budget, options, public_urls: OnceLock::new(), reachability: OnceLock::new(), keeper: OnceLock::new() }
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

    /// Stores the addresses of the listeners; called once at start, later calls are ignored.
    pub fn set_public_urls(&self, public_urls: PublicUrls) {
        let _ = self.public_urls.set(public_urls);
    }

    /// Stores what the shell knows about the addresses of subscriptions; called once at start, later calls are ignored.
    pub fn set_reachability(&self, reachability: Reachability) {
        let _ = self.reachability.set(reachability);
    }

    /// Why nothing will ever reach an address for a subscription in the sandbox of a name, as far as is known at once.
    #[must_use]
    pub fn obstacle(&self, sandbox: &str, url: &str) -> Option<String> {
        self.reachability().obstacle(sandbox, url)
    }

    /// Says that the answer of an exchange has ended which was under way when that was recorded, or was cut off.
    pub fn answered(&self, entry: &Arc<Entry>) {
        let Some(sandbox) = self.sandbox(&entry.sandbox) else { return };
        match self.keeper.get() {
            Some(keeper) => keeper.answered(&sandbox, entry),
            None => sandbox.answered(entry),
        }
        sandbox.notify_waiters();
    }

    /// From now on, the keeper is told which sandboxes there are; called once at start, later calls are ignored.
    pub fn set_keeper(&self, keeper: Arc<dyn Keeper>) {
        let _ = self.keeper.set(keeper);
    }

    pub(super) fn reachability(&self) -> &Reachability {
        static NONE: Reachability = Reachability::unknown();
        self.reachability.get().unwrap_or(&NONE)
    }

    /// The addresses of the listeners.
    pub fn public_urls(&self) -> &PublicUrls {
        static NONE: PublicUrls = PublicUrls { all: None, mounts: Vec::new(), admin: None, public: None };
        self.public_urls.get().unwrap_or(&NONE)
    }

    /// The sandbox of that name.
    #[must_use]
    pub fn sandbox(&self, name: &str) -> Option<Arc<Sandbox>> {
        self.registry.find(name)
    }

    #[must_use]
    pub fn default_sandbox(&self) -> &Arc<Sandbox> {
        self.registry.default()
    }

    /// All sandboxes, sorted by name.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<Arc<Sandbox>> {
        self.registry.all()
    }

    /// How many sandboxes there are.
    #[must_use]
    pub fn sandbox_count(&self) -> usize {
        self.registry.len()
    }

    /// A sandbox that is not registered yet, so that data can be added before it is opened or replaces another one. With `world`
    /// it goes on with that one's documents, agenda and time. What is to replace a sandbox keeps its credentials, unless the seed or
    /// the scenario says otherwise.
    #[must_use]
    pub fn stage(&self, name: &str, start: Start, world: Option<World>) -> Arc<Sandbox> {
        let seed = start.seed;
        let secret = if seed.is_none() { self.secret(name, world.as_ref()) } else { None };
        let mut state = start::state(&self.vendors, name, start, secret);
        if let Some(mut world) = world {
            world.reseed(seed.unwrap_or(world.seed()), secret);
            state.world = world;
        }
        Arc::new(Sandbox::new(name, state, &self.budget))
    }

    /// What the secrets of a sandbox without a seed come from: what those of the world come from that it goes on with, or those of the
    /// sandbox that it replaces. Those of the default sandbox can be foretold.
    fn secret(&self, name: &str, world: Option<&World>) -> Option<Secret> {
        if name == DEFAULT {
            return None;
        }
        // Who has a world at hand may have its sandbox locked.
        let before = match world {
            Some(world) => world.secret(),
            None => self.sandbox(name).and_then(|sandbox| sandbox.lock().world.secret()),
        };
        before.or_else(|| self.new_secret())
    }

    fn new_secret(&self) -> Option<Secret> {
        self.options.secrets.map(|secret| secret())
    }

    /// Whether a sandbox may be opened under a name.
    ///
    /// # Errors
    /// When the name is taken or no name, or there are too many.
    pub fn may_open(&self, name: &str) -> Result<(), SandboxError> {
        self.registry.may_open(name)
    }

    /// Opens a staged sandbox under its name.
    ///
    /// # Errors
    /// When the name is taken or no name, there are too many, or it holds more than it may.
    pub fn open(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        if !self.budget.fits(&sandbox.documents, 0) {
            return Err(SandboxError::Bytes);
        }
        if !self.is_shared() {
            sandbox.lives(self.registry.next_place());
        }
        let sandbox = self.registry.open(sandbox)?;
        if let Some(keeper) = self.keeper.get() {
            keeper.opened(&sandbox);
        }
        Ok(sandbox)
    }

    /// A sandbox of an earlier process, to be opened or to be the default one, as a checkpoint has it; its journal is empty.
    #[must_use]
    pub fn revive(&self, name: &str, checkpoint: Checkpoint) -> Arc<Sandbox> {
        let Checkpoint { state, snapshots, .. } = checkpoint;
        let sandbox = if name == DEFAULT {
            let default = Arc::clone(self.default_sandbox());
            *default.lock() = state;
            default
        } else {
            Arc::new(Sandbox::new(name, state, &self.budget))
        };
        sandbox.set_snapshots(snapshots);
        sandbox.set_claims(Vec::new());
        sandbox
    }

    /// Opens a sandbox of an earlier process, or leads calls to it anew if it is the default one.
    ///
    /// # Errors
    /// When there are too many, or the name is taken.
    pub fn reopen(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        if &*sandbox.name != DEFAULT {
            return self.registry.open(sandbox);
        }
        self.registry.reindex(&sandbox);
        Ok(sandbox)
    }

    /// Lets go of a sandbox that was removed elsewhere; the default one stays.
    pub fn forget(&self, name: &str) {
        self.registry.remove(name);
    }

    /// Leads calls with the credentials that a sandbox has now to it, as its records say.
    pub fn reindex(&self, sandbox: &Arc<Sandbox>) {
        self.registry.reindex(sandbox);
    }

    /// The default sandbox has all its credentials since it was made, as far as others are told that it shares the sandboxes with.
    pub fn begin_sharing(&self) {
        self.default_sandbox().set_claims(Vec::new());
        self.registry.reindex(self.default_sandbox());
    }

    /// Says that a sandbox had such a place among all, or got credentials in it. What comes next has a later one.
    pub fn heard_of_place(&self, place: i64) {
        self.registry.heard(place);
    }

    /// The latest such place that is known.
    #[must_use]
    pub fn latest_place(&self) -> i64 {
        self.registry.latest_place()
    }

    /// Has the default sandbox live from now on, behind all that are known.
    pub fn begin_default(&self) {
        self.default_sandbox().lives(self.registry.next_place());
    }

    /// Records that a sandbox that is shared got the credentials which are new in a place. Calls are led to it by [`Machine::reindex`].
    pub fn claim(&self, sandbox: &Arc<Sandbox>, place: i64) {
        let mut state = sandbox.lock();
        if let Some(record) = self.registry.claim(sandbox, &state, || place) {
            state.note(|_| record);
        }
    }

    /// Leads calls with the credentials that a sandbox was given to it, unless others had them before. Where sandboxes are shared, that is
    /// done when it is committed.
    fn readdress(&self, sandbox: &Arc<Sandbox>, state: &mut Guard<'_>) {
        if self.is_shared() {
            if self.registry.is_readdressed(sandbox, state) {
                sandbox.claims_later();
            }
            return;
        }
        if let Some(record) = self.registry.claim(sandbox, state, || self.registry.next_place()) {
            state.note(|_| record);
        }
        self.registry.reindex_locked(sandbox, state);
    }

    /// Takes a sandbox back to a snapshot, as [`Sandbox::restore`] does, and leads calls with the credentials of then to it.
    pub fn restore(&self, sandbox: &Arc<Sandbox>, name: &str, wall: Timestamp) -> bool {
        sandbox.restore_and(name, wall, |state| self.readdress(sandbox, state))
    }

    /// Opens a copy of a sandbox: its documents, time, agenda, scenario and faults, with credentials of its own. Its journal
    /// begins empty. Documents are shared until one side writes. What comes next is drawn from its name, and from the seed of the source
    /// if somebody asked for that.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn fork(&self, source: &Sandbox, name: &str, wall: Timestamp) -> Result<Arc<Sandbox>, SandboxError> {
        self.fork_with(source, name, None, wall)
    }

    /// The same; what comes next is drawn from `seed`, if there is one.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn fork_with(&self, source: &Sandbox, name: &str, seed: Option<u64>, wall: Timestamp) -> Result<Arc<Sandbox>, SandboxError> {
        let mut state = source.lock().clone();
        let seed = seed.or_else(|| state.seeded.then(|| entropy::seed_of(&format!("{}/{name}", state.world.seed()))));
        let secret = if seed.is_none() { self.new_secret() } else { None };
        state.reseed(seed.unwrap_or_else(|| start::usual_seed(name)), seed.is_some(), secret);
        start::replace_credentials(&self.vendors, &mut state, name);
        state.forget_aside();
        state.judge_from_now();
        state.world.set_target(None);
        let copy = Arc::new(Sandbox::new(name, state, &self.budget));
        copy.touch(wall);
        self.open(copy)
    }

    /// The credentials with which conversations and examples are written: those of the default sandbox, unless a scenario gives it others.
    #[must_use]
    pub fn usual_credentials(&self, mount: &str) -> Vec<Credential> {
        start::usual_credentials(&self.vendors, mount)
    }

    /// Gives a staged sandbox credentials of its own for the accounts that it holds, except where its scenario gave them.
    pub fn give_own_credentials(&self, staged: &Sandbox) {
        let mut state = staged.lock();
        start::replace_credentials(&self.vendors, &mut state, &staged.name);
        state.note(|state| Record::Whole(Box::new(state.clone())));
    }

    /// Replaces the state of a sandbox with that of a staged one, in one step.
    ///
    /// # Errors
    /// When it holds more than it may; nothing changes then.
    pub fn replace(&self, sandbox: &Arc<Sandbox>, staged: Arc<Sandbox>) -> Result<(), SandboxError> {
        self.exchange(sandbox, sandbox.lock(), staged, false)
    }

    /// The same with one that `stage` makes of the sandbox's world, which nothing else changes meanwhile, as the sandbox is locked; the
    /// journal and the faults go on.
    ///
    /// # Errors
    /// When it cannot be made, or holds more than it may; nothing changes then.
    pub fn replace_keeping<E: From<SandboxError>>(
        &self,
        sandbox: &Arc<Sandbox>,
        stage: impl FnOnce(World) -> Result<Arc<Sandbox>, E>,
    ) -> Result<(), E> {
        let state = sandbox.lock();
        let staged = stage(state.world.clone())?;
        Ok(self.exchange(sandbox, state, staged, true)?)
    }

    fn exchange(&self, sandbox: &Arc<Sandbox>, mut state: Guard<'_>, staged: Arc<Sandbox>, keep: bool) -> Result<(), SandboxError> {
        if !self.budget.fits(&staged.documents, sandbox.documents.own() + EMPTY_SANDBOX) {
            return Err(SandboxError::Bytes);
        }
        let mut other = staged.lock();
        std::mem::swap(&mut *state, &mut *other);
        if keep {
            state.go_on_from(&mut other);
        } else {
            sandbox.begin_epoch();
        }
        state.note(|state| Record::Whole(Box::new(state.clone())));
        self.readdress(sandbox, &mut state);
        drop(other);
        sandbox.measure(&state);
        drop(state);
        drop(staged);
        if !keep {
            sandbox.clear_journal();
        }
        sandbox.notify_waiters();
        Ok(())
    }

    /// Puts a sandbox under a scenario that says the same in another text: everything goes on, what it counted included.
    pub fn reword(&self, sandbox: &Sandbox, scenario: Arc<dyn ScenarioRuntime>, name: &str) {
        let mut state = sandbox.lock();
        (state.scenario, state.scenario_name) = (scenario, name.to_owned());
        state.note(|state| Record::Whole(Box::new(state.clone())));
        sandbox.measure(&state);
    }

    /// The credentials of a sandbox that lead calls to another one, which had them before.
    #[must_use]
    pub fn foreign_credentials(&self, sandbox: &Sandbox) -> Vec<ForeignCredential> {
        self.registry.foreign_credentials(sandbox)
    }

    /// Removes a sandbox; the default one stays.
    pub fn remove(&self, name: &str) -> bool {
        let sandbox = self.sandbox(name);
        let removed = self.registry.remove(name);
        if let (true, Some(keeper), Some(sandbox)) = (removed, self.keeper.get(), sandbox) {
            keeper.removed(&sandbox);
        }
        removed
    }

    /// Removes the sandboxes that were idle for longer than their time to live.
    pub fn sweep(&self, wall: Timestamp) -> Vec<Arc<Sandbox>> {
        let over = self.sandboxes().into_iter().filter(|sandbox| sandbox.expires().is_some_and(|expires| expires < wall));
        over.filter(|sandbox| self.remove(&sandbox.name)).collect()
    }

    /// Adds an exchange to the journal of a sandbox, and returns it as it is kept.
    pub(super) fn record(&self, sandbox: &Sandbox, entry: Arc<Entry>) -> Arc<Entry> {
        let entry = sandbox.record(entry);
        self.shrink_journal(sandbox);
        if !self.is_shared() {
            self.shrink_journals();
        }
        entry
    }

    /// Whether other processes have the sandboxes, too.
    pub(super) fn is_shared(&self) -> bool {
        self.keeper.get().is_some_and(|keeper| keeper.is_shared())
    }

    /// While all journals together hold too much, the largest one drops its oldest exchanges, if it has more than its share.
    pub fn shrink_journals(&self) {
        while let Some(largest) = self.overfull_journal() {
            self.shrink_journal(&largest);
        }
    }

    /// The sandbox with the largest journal, if that is to be shrunk because all journals together hold too much.
    #[must_use]
    pub fn overfull_journal(&self) -> Option<Arc<Sandbox>> {
        if self.budget.journals_excess() == 0 {
            return None;
        }
        let share = self.budget.journal_share(self.registry.len());
        self.registry.largest(Sandbox::journal_size).filter(|largest| largest.journal_size() > share)
    }

    /// Drops the oldest exchanges of a journal if it has more than its share while all journals together hold too much: more than is
    /// needed now, so that it is not done at every call.
    pub fn shrink_journal(&self, sandbox: &Sandbox) {
        let excess = self.budget.journals_excess();
        if excess > 0 {
            let (size, share) = (sandbox.journal_size(), self.budget.journal_share(self.registry.len()));
            sandbox.shrink_journal((size - size / 8).min(size.saturating_sub(excess)).max(share));
        }
    }

    /// How many bytes a sandbox of that name may hold when it is made or replaced.
    #[must_use]
    pub fn room_for_new(&self, name: &str) -> usize {
        let freed = self.sandbox(name).map_or(0, |sandbox| sandbox.documents.own() + EMPTY_SANDBOX);
        self.budget.room_for_new(freed)
    }

    /// How many more bytes of documents a sandbox may take in.
    #[must_use]
    pub fn room(&self, sandbox: &Sandbox) -> usize {
        self.budget.room(&sandbox.documents)
    }

    /// Where an earlier process has left more than sandboxes may hold, each has room for an equal share from now on. Returns those that
    /// hold more than they may, with what they hold.
    pub fn share_what_was_left(&self) -> Vec<(Arc<Sandbox>, usize)> {
        let sandboxes = self.sandboxes();
        let over = sandboxes.iter().filter(|sandbox| self.budget.excess(&sandbox.documents) > 0);
        let over: Vec<_> = over.map(|sandbox| (Arc::clone(sandbox), sandbox.documents.own())).collect();
        let total = self.total_usage();
        if !over.is_empty() || total.documents > total.documents_limit {
            self.budget.set_share(sandboxes.len());
        }
        over
    }

    /// What all sandboxes hold together.
    #[must_use]
    pub fn total_usage(&self) -> TotalUsage {
        self.budget.total_usage()
    }

    #[must_use]
    pub fn usage(&self, sandbox: &Sandbox) -> Usage {
        self.budget.usage(&sandbox.documents, sandbox.journal().bytes())
    }
}
