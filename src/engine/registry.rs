//! The sandboxes of a process, found by name or by credential.
//!
//! **Invariant:** who holds a lock over all sandboxes locks none of them, nor copies or drops a world, so that what happens to one
//! sandbox never makes another wait.
//!
//! Of several sandboxes with one credential, calls go to the one that had it first. That is decided by places, which grow with each
//! sandbox that is made and each change of credentials, and are recorded (`sandbox/claims.rs`), so that every process says the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::quality::RandomState;
use indexmap::IndexMap;

use crate::base::name::Name;
use crate::engine::recorder::Record;
use crate::engine::sandbox::{DEFAULT, IndexKey, SINCE_MADE, Sandbox};
use crate::engine::state::State;

/// Sandboxes by mount and text in a credential. Looked up in every call, therefore by hash; it is never iterated.
type CredentialIndex = BTreeMap<Name, IndexMap<Arc<str>, Vec<Owner>, RandomState>>;

/// A sandbox that has a credential.
struct Owner {
    sandbox: Arc<Sandbox>,
    /// Since which place, or [`SINCE_MADE`].
    place: i64,
}

impl Owner {
    /// Since when it has it. What the default sandbox began with it had before all others.
    fn place(&self) -> i64 {
        match self.place {
            SINCE_MADE if &*self.sandbox.name == DEFAULT => i64::MIN,
            SINCE_MADE => self.sandbox.life(),
            place => place,
        }
    }
}

/// All sandboxes of a process.
pub(super) struct Registry {
    sandboxes: RwLock<BTreeMap<Arc<str>, Arc<Sandbox>>>,
    default: Arc<Sandbox>,
    /// How many there may be.
    limit: usize,
    /// The members of credentials that lead calls to a sandbox, by mount.
    identifiers: BTreeMap<Name, &'static [&'static str]>,
    credential_index: RwLock<CredentialIndex>,
    /// The latest place that is known.
    latest: AtomicI64,
}

/// A credential of a sandbox that leads calls to another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignCredential {
    pub mount: Name,
    /// The position of the credential among those of its mount.
    pub index: usize,
    pub member: &'static str,
    /// The sandbox that calls go to.
    pub owner: Arc<str>,
}

/// Why a sandbox cannot be opened or replaced.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
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

impl Registry {
    /// A registry of at most `limit` sandboxes, with the default one.
    pub fn new(default: Arc<Sandbox>, limit: usize, identifiers: BTreeMap<Name, &'static [&'static str]>) -> Self {
        let sandboxes = RwLock::new(BTreeMap::from([(Arc::clone(&default.name), Arc::clone(&default))]));
        let credential_index = RwLock::default();
        let registry = Self { sandboxes, default, limit, identifiers, credential_index, latest: AtomicI64::new(SINCE_MADE) };
        registry.default.lives(SINCE_MADE);
        registry.reindex(&registry.default);
        registry
    }

    /// The sandbox of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub fn default(&self) -> &Arc<Sandbox> {
        &self.default
    }

    /// How many sandboxes there are.
    pub fn len(&self) -> usize {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The sandbox with the largest size of something that is known without locking it.
    pub fn largest(&self, size: impl Fn(&Sandbox) -> usize) -> Option<Arc<Sandbox>> {
        let sandboxes = self.sandboxes.read().unwrap_or_else(PoisonError::into_inner);
        sandboxes.values().max_by_key(|sandbox| size(sandbox)).cloned()
    }

    /// All sandboxes, sorted by name.
    pub fn all(&self) -> Vec<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The sandbox that calls with a credential go to, and since which place it has it.
    pub fn find_by_credential(&self, mount: &str, credential: &str) -> Option<(Arc<Sandbox>, i64)> {
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        let owner = credential_index.get(mount)?.get(credential)?.iter().min_by_key(|owner| owner.place())?;
        Some((Arc::clone(&owner.sandbox), owner.place()))
    }

    /// The place behind all that are known, for a sandbox that is made or gets credentials.
    pub fn next_place(&self) -> i64 {
        self.latest.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The latest place that is known.
    pub fn latest_place(&self) -> i64 {
        self.latest.load(Ordering::Relaxed)
    }

    /// Says that there was such a place.
    pub fn heard(&self, place: i64) {
        if place != i64::MAX {
            self.latest.fetch_max(place, Ordering::Relaxed);
        }
    }

    /// Whether a sandbox may be opened under a name, before it is made.
    pub fn may_open(&self, name: &str) -> Result<(), SandboxError> {
        self.is_free(&self.sandboxes.read().unwrap_or_else(PoisonError::into_inner), name)
    }

    fn is_free(&self, sandboxes: &BTreeMap<Arc<str>, Arc<Sandbox>>, name: &str) -> Result<(), SandboxError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        match name {
            name if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) => Err(SandboxError::Name(name.to_owned())),
            name if sandboxes.contains_key(name) => Err(SandboxError::Taken(name.to_owned())),
            _ if sandboxes.len() >= self.limit => Err(SandboxError::Full),
            _ => Ok(()),
        }
    }

    /// Opens a staged sandbox under its name.
    pub fn open(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        let mut sandboxes = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner);
        self.is_free(&sandboxes, &sandbox.name)?;
        sandboxes.insert(Arc::clone(&sandbox.name), Arc::clone(&sandbox));
        drop(sandboxes);
        self.reindex(&sandbox);
        Ok(sandbox)
    }

    /// Updates the index after the credentials of a sandbox have changed, as is recorded.
    pub fn reindex(&self, sandbox: &Arc<Sandbox>) {
        self.reindex_locked(sandbox, &sandbox.lock());
    }

    /// The same while it is locked.
    pub fn reindex_locked(&self, sandbox: &Arc<Sandbox>, state: &State) {
        let own = self.identifying(state);
        let claims = sandbox.claims().clone();
        let place = |key: &IndexKey| claims.get(key).copied().unwrap_or(SINCE_MADE);
        let placed = own.into_iter().map(|(key, _)| {
            let place = place(&key);
            (key, place)
        });
        self.set_keys(sandbox, placed.collect());
    }

    /// Gives the credentials that a sandbox has got, since the index has it, their place. Returns the record of that, unless none is new.
    pub fn claim(&self, sandbox: &Sandbox, state: &State, place: impl FnOnce() -> i64) -> Option<Record> {
        let own = self.identifying(state);
        let before = sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = own.iter().any(|(key, _)| !before.contains_key(key));
        sandbox.claim(own.iter().map(|(key, _)| key), &before, if is_new { place() } else { SINCE_MADE })
    }

    /// Whether a sandbox has got or given up credentials since the index has it.
    pub fn is_readdressed(&self, sandbox: &Sandbox, state: &State) -> bool {
        let keys: BTreeMap<IndexKey, _> = self.identifying(state).into_iter().collect();
        let before = sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner);
        !keys.keys().eq(before.keys())
    }

    /// The credentials of a sandbox that lead calls to another one.
    pub fn foreign_credentials(&self, sandbox: &Sandbox) -> Vec<ForeignCredential> {
        let own = self.identifying(&sandbox.lock());
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        let owner = |mount: &Name, text: &str| {
            let owner = credential_index.get(mount)?.get(text)?.iter().min_by_key(|owner| owner.place())?;
            Some(Arc::clone(&owner.sandbox.name))
        };
        let foreign = own.into_iter().filter_map(|((mount, text), (index, member))| {
            let owner = owner(&mount, &text).filter(|owner| *owner != sandbox.name)?;
            Some(ForeignCredential { mount, index, member, owner })
        });
        foreign.collect()
    }

    /// Removes a sandbox; the default one stays.
    pub fn remove(&self, name: &str) -> bool {
        if name == DEFAULT {
            return false;
        }
        let removed = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(sandbox) = &removed {
            self.set_keys(sandbox, BTreeMap::new());
            sandbox.set_removed();
        }
        removed.is_some()
    }

    /// Replaces the keys under which the index has a sandbox. Those that it gives up go to the next owner.
    fn set_keys(&self, sandbox: &Arc<Sandbox>, keys: BTreeMap<IndexKey, i64>) {
        let mut index_keys = sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for ((mount, text), _) in index_keys.iter().filter(|(key, place)| keys.get(key) != Some(place)) {
            let Some(texts) = credential_index.get_mut(mount) else { continue };
            let Some(owners) = texts.get_mut(text) else { continue };
            owners.retain(|owner| !Arc::ptr_eq(&owner.sandbox, sandbox));
            if owners.is_empty() {
                texts.swap_remove(text);
            }
        }
        for (key, place) in keys.iter().filter(|(key, place)| index_keys.get(key) != Some(place)) {
            let owner = Owner { sandbox: Arc::clone(sandbox), place: *place };
            self.heard(owner.place());
            credential_index.entry(key.0.clone()).or_default().entry(Arc::clone(&key.1)).or_default().push(owner);
        }
        *index_keys = keys;
    }

    /// The texts in the credentials of a sandbox that lead calls to it, with their positions.
    fn identifying(&self, state: &State) -> Vec<(IndexKey, (usize, &'static str))> {
        let accounts = state.world.accounts();
        let mut found = Vec::new();
        for (mount, members) in &self.identifiers {
            for (index, row) in accounts.credentials(mount).iter().enumerate() {
                let texts = members.iter().map(|member| (*member, row.text(member))).filter(|(_, text)| !text.is_empty());
                found.extend(texts.map(|(member, text)| ((mount.clone(), Arc::from(text)), (index, member))));
            }
        }
        found
    }
}
