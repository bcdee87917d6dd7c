//! The sandboxes of a process: opened, found by name or credential, copied, replaced, removed.
//!
//! **Invariant:** no lock over all sandboxes is held while one of them is locked, nor while a world is copied or dropped, so
//! that what happens to one sandbox never makes another wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use indexmap::IndexMap;

use crate::base::entropy;
use crate::base::time::Timestamp;
use crate::engine::machine::{self, DEFAULT, Machine, Start};
use crate::engine::sandbox::{Sandbox, State};
use crate::engine::vendor::Vendor;
use crate::engine::vendors::Vendors;
use crate::world::{Accounts, Credential, World};

/// Texts in credentials by mount.
pub(super) type Texts = BTreeMap<&'static str, BTreeSet<String>>;

/// A text in a credential, with its mount.
pub(super) type Claim = (&'static str, Arc<str>);

/// Which sandbox a text in a credential leads to, by mount. Looked up in every call, so by hash; its order is never seen.
pub(super) type Claims = BTreeMap<&'static str, IndexMap<Arc<str>, Arc<Sandbox>>>;

/// Why a sandbox cannot be opened or replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// The name is taken.
    #[error("there is a sandbox `{0}` already")]
    Taken(String),
    /// The name is not made of lower-case letters, digits, dashes and underscores, or too long.
    #[error("a name has 1 to 64 of `a-z 0-9 - _`, found `{0}`")]
    Name(String),
    /// There are too many already.
    #[error("there are as many sandboxes as this process holds (`--sandboxes`)")]
    Full,
    /// The budget of bytes is used up.
    #[error("the sandbox would hold more data than it may (`--sandbox-bytes`), or all of them together (`--total-bytes`)")]
    Bytes,
}

impl Machine {
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
    pub(super) fn claimed(&self, mount: &'static str, credential: &str) -> Option<Arc<Sandbox>> {
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        credential_index.get(mount)?.get(credential).cloned()
    }

    /// A sandbox that nobody can reach yet, so that it can be furnished before it is opened or put in another's place. With
    /// `world` it goes on with that one's documents, agenda and time.
    #[must_use]
    pub fn stage(&self, name: &str, start: Start, world: Option<World>) -> Arc<Sandbox> {
        let mut state = machine::state(&self.vendors, name, start);
        state.world = world.unwrap_or(state.world);
        Arc::new(Sandbox::new(name, state, self.options.journal_bytes, &self.sums))
    }

    /// Opens a staged sandbox under its name.
    ///
    /// # Errors
    /// When the name is taken or no name, or there are too many.
    pub fn open(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if sandbox.name.is_empty() || sandbox.name.len() > 64 || !sandbox.name.bytes().all(fits) {
            return Err(SandboxError::Name(sandbox.name.to_string()));
        }
        self.fits(&sandbox, 0)?;
        let mut sandboxes = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner);
        if sandboxes.contains_key(&sandbox.name) {
            return Err(SandboxError::Taken(sandbox.name.to_string()));
        }
        if sandboxes.len() >= self.options.sandboxes {
            return Err(SandboxError::Full);
        }
        sandboxes.insert(Arc::clone(&sandbox.name), Arc::clone(&sandbox));
        drop(sandboxes);
        self.claim(&sandbox);
        Ok(sandbox)
    }

    /// Opens a copy of a sandbox: its documents, time, agenda, scenario and faults, with credentials of its own. Its journal
    /// begins empty. Documents are shared until one side writes.
    ///
    /// # Errors
    /// As [`Machine::open`].
    pub fn fork(&self, source: &Sandbox, name: &str, wall: Timestamp) -> Result<Arc<Sandbox>, SandboxError> {
        let mut state = source.lock().fork();
        self.own_credentials(&mut state, name);
        let copy = Arc::new(Sandbox::new(name, state, self.options.journal_bytes, &self.sums));
        copy.touch(wall);
        self.open(copy)
    }

    /// Gives a staged sandbox credentials of its own for the accounts that it holds, except where its scenario gave them.
    pub fn adopt(&self, staged: &Sandbox) {
        self.own_credentials(&mut staged.lock(), &staged.name);
    }

    fn own_credentials(&self, state: &mut State, name: &str) {
        let State { world, initial, given, .. } = state;
        for mount in self.vendors.mounts().into_iter().filter(|mount| !given.contains(mount)) {
            let rows = own_credentials(&self.vendors, mount, name, world.seed, &world.accounts);
            initial.accounts.set_credentials(mount, rows.clone());
            world.accounts.set_credentials(mount, rows);
        }
    }

    /// Whether a staged sandbox keeps within the budgets, when so many bytes are freed for it.
    fn fits(&self, staged: &Sandbox, freed: usize) -> Result<(), SandboxError> {
        let is_over =
            staged.documents.own() > self.options.sandbox_bytes || staged.documents.sum().saturating_sub(freed) > self.options.total_bytes;
        if is_over { Err(SandboxError::Bytes) } else { Ok(()) }
    }

    /// Puts a staged sandbox in another's place, in one step; the journal and the faults go on only if `keep` says so.
    ///
    /// # Errors
    /// When it holds more than it may; nothing changes then.
    pub fn replace(&self, sandbox: &Arc<Sandbox>, staged: Arc<Sandbox>, keep: bool) -> Result<(), SandboxError> {
        self.fits(&staged, sandbox.documents.own())?;
        let mut state = sandbox.lock();
        let mut other = staged.lock();
        std::mem::swap(&mut *state, &mut *other);
        if keep {
            std::mem::swap(&mut state.faults, &mut other.faults);
            std::mem::swap(&mut state.unused_faults, &mut other.unused_faults);
        }
        drop(other);
        sandbox.count(&state);
        drop(state);
        drop(staged);
        if !keep {
            sandbox.forget();
        }
        if sandbox.name == self.default.name {
            *self.reserved.write().unwrap_or_else(PoisonError::into_inner) = texts(&self.vendors, sandbox);
        } else {
            self.unclaim(sandbox);
            self.claim(sandbox);
        }
        sandbox.notify_waiters();
        Ok(())
    }

    /// Removes a sandbox; the default one stays.
    pub fn remove(&self, name: &str) -> bool {
        if name == DEFAULT {
            return false;
        }
        let removed = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(sandbox) = &removed {
            self.unclaim(sandbox);
            sandbox.notify_waiters();
        }
        removed.is_some()
    }

    /// Removes the sandboxes that nobody used for as long as they are kept.
    pub fn sweep(&self, wall: Timestamp) -> Vec<Arc<Sandbox>> {
        let over = self.sandboxes().into_iter().filter(|sandbox| sandbox.expires().is_some_and(|expires| expires < wall));
        over.filter(|sandbox| self.remove(&sandbox.name)).collect()
    }

    fn claim(&self, sandbox: &Arc<Sandbox>) {
        let reserved = self.reserved.read().unwrap_or_else(PoisonError::into_inner);
        let own = texts(&self.vendors, sandbox);
        // What opens the default sandbox goes on opening it.
        let own = own.into_iter().flat_map(|(mount, values)| values.into_iter().map(move |value| (mount, value)));
        let own = own.filter(|(mount, value)| !reserved.get(mount).is_some_and(|values| values.contains(value)));
        let keys: Vec<Claim> = own.map(|(mount, value)| (mount, Arc::from(value))).collect();
        drop(reserved);
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for (mount, text) in &keys {
            credential_index.entry(mount).or_default().entry(Arc::clone(text)).or_insert_with(|| Arc::clone(sandbox));
        }
        drop(credential_index);
        *sandbox.claims.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn unclaim(&self, sandbox: &Arc<Sandbox>) {
        let keys = std::mem::take(&mut *sandbox.claims.lock().unwrap_or_else(PoisonError::into_inner));
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for (mount, text) in keys {
            let Some(texts) = credential_index.get_mut(mount) else { continue };
            if texts.get(&text).is_some_and(|owner| Arc::ptr_eq(owner, sandbox)) {
                texts.swap_remove(&text);
            }
        }
    }
}

/// Every text in the credentials of a sandbox, by mount.
pub(super) fn texts(vendors: &Vendors, sandbox: &Sandbox) -> Texts {
    let state = sandbox.lock();
    let values = |mount: &str| {
        let rows = state.world.accounts.credentials(mount);
        rows.iter().flat_map(|row| row.facts.values()).filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    vendors.mounts().into_iter().map(|mount| (mount, values(mount))).collect()
}

/// Credentials of its own for a copy, opening the accounts that those of its source open.
fn own_credentials(vendors: &Vendors, mount: &str, name: &str, seed: u64, source: &Accounts) -> Vec<Credential> {
    let before = source.credentials(mount);
    let versions = vendors.all().iter().filter(|vendor| vendor.mount == mount);
    let own = |vendor: &&'static Vendor| (vendor.credentials)(name, &mut entropy::stream(seed, &[vendor.id, name, "credentials"], 0));
    let mut rows: Vec<Credential> = versions.flat_map(own).collect();
    for (place, row) in rows.iter_mut().enumerate() {
        let same = before.iter().any(|other| other.account == row.account);
        if let Some(other) = before.get(place).or(before.first()).filter(|_| !same) {
            row.account = Arc::clone(&other.account);
        }
    }
    rows
}
