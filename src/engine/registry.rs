//! The sandboxes of a process, found by name or by credential.
//!
//! **Invariant:** no lock over all sandboxes is held while one of them is locked, nor while a world is copied or dropped, so
//! that what happens to one sandbox never makes another wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::quality::RandomState;
use indexmap::IndexMap;

use crate::base::name::Name;
use crate::engine::sandbox::{DEFAULT, IndexKey, Sandbox};

/// Sandboxes by mount and text in a credential, in the order in which they came to have it: calls with it go to the first. Looked up
/// in every call, therefore by hash; it is never iterated.
type CredentialIndex = BTreeMap<Name, IndexMap<Arc<str>, Vec<Arc<Sandbox>>, RandomState>>;

/// All sandboxes of a process.
pub(super) struct Registry {
    sandboxes: RwLock<BTreeMap<Arc<str>, Arc<Sandbox>>>,
    default: Arc<Sandbox>,
    /// How many there may be.
    limit: usize,
    /// The members of credentials that lead calls to a sandbox, by mount.
    identifiers: BTreeMap<Name, &'static [&'static str]>,
    credential_index: RwLock<CredentialIndex>,
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
        let registry = Self { sandboxes, default, limit, identifiers, credential_index: RwLock::default() };
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

    /// The sandbox that calls with a credential go to.
    pub fn find_by_credential(&self, mount: &str, credential: &str) -> Option<Arc<Sandbox>> {
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        credential_index.get(mount)?.get(credential)?.first().cloned()
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

    /// Updates the index after the credentials of a sandbox have changed. It stays the first owner of those that it keeps.
    pub fn reindex(&self, sandbox: &Arc<Sandbox>) {
        let keys = self.identifying(sandbox).into_iter().map(|(key, _)| key).collect();
        self.set_keys(sandbox, keys);
    }

    /// The credentials of a sandbox that lead calls to another one.
    pub fn foreign_credentials(&self, sandbox: &Sandbox) -> Vec<ForeignCredential> {
        let own = self.identifying(sandbox);
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        let owner = |mount: &Name, text: &str| credential_index.get(mount)?.get(text)?.first().map(|owner| Arc::clone(&owner.name));
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
            self.set_keys(sandbox, BTreeSet::new());
            sandbox.set_removed();
        }
        removed.is_some()
    }

    /// Replaces the keys under which the index has a sandbox. Those that it gives up go to the next owner.
    fn set_keys(&self, sandbox: &Arc<Sandbox>, keys: BTreeSet<IndexKey>) {
        let mut index_keys = sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner);
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for (mount, text) in index_keys.difference(&keys) {
            let Some(texts) = credential_index.get_mut(mount) else { continue };
            let Some(owners) = texts.get_mut(text) else { continue };
            owners.retain(|owner| !Arc::ptr_eq(owner, sandbox));
            if owners.is_empty() {
                texts.swap_remove(text);
            }
        }
        for (mount, text) in keys.difference(&index_keys) {
            let owners = credential_index.entry(mount.clone()).or_default().entry(Arc::clone(text)).or_default();
            // What opens the default sandbox goes on opening it. Replicas hear of the others in any order.
            let is_later = |owner: &Arc<Sandbox>| !Arc::ptr_eq(owner, &self.default) && owner.life() > sandbox.life();
            let index = if Arc::ptr_eq(sandbox, &self.default) { 0 } else { owners.iter().position(is_later).unwrap_or(owners.len()) };
            owners.insert(index, Arc::clone(sandbox));
        }
        *index_keys = keys;
    }

    /// The texts in the credentials of a sandbox that lead calls to it, with their positions.
    fn identifying(&self, sandbox: &Sandbox) -> Vec<(IndexKey, (usize, &'static str))> {
        let state = sandbox.lock();
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
