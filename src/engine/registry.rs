//! The sandboxes of a process, found by name or by credential.
//!
//! **Invariant:** no lock over all sandboxes is held while one of them is locked, nor while a world is copied or dropped, so
//! that what happens to one sandbox never makes another wait.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use indexmap::IndexMap;

use crate::base::name::Name;
use crate::engine::sandbox::{DEFAULT, IndexKey, Sandbox};

/// Sandboxes by mount and text in a credential. Looked up in every call, therefore by hash; it is never iterated.
type CredentialIndex = BTreeMap<Name, IndexMap<Arc<str>, Arc<Sandbox>>>;

/// All sandboxes of a process.
pub(super) struct Registry {
    sandboxes: RwLock<BTreeMap<Arc<str>, Arc<Sandbox>>>,
    default: Arc<Sandbox>,
    /// How many there may be.
    limit: usize,
    /// The other sandboxes by the texts in their credentials.
    credential_index: RwLock<CredentialIndex>,
    /// The texts in the credentials of the default sandbox.
    reserved: RwLock<BTreeSet<IndexKey>>,
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
    pub fn new(default: Arc<Sandbox>, limit: usize) -> Self {
        let sandboxes = RwLock::new(BTreeMap::from([(Arc::clone(&default.name), Arc::clone(&default))]));
        let reserved = RwLock::new(credential_texts(&default));
        Self { sandboxes, default, limit, credential_index: RwLock::default(), reserved }
    }

    /// The sandbox of that name.
    pub fn find(&self, name: &str) -> Option<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub fn default(&self) -> &Arc<Sandbox> {
        &self.default
    }

    /// All sandboxes, sorted by name.
    pub fn all(&self) -> Vec<Arc<Sandbox>> {
        self.sandboxes.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The sandbox that a credential belongs to, if it belongs to one besides the default.
    pub fn find_by_credential(&self, mount: &str, credential: &str) -> Option<Arc<Sandbox>> {
        let credential_index = self.credential_index.read().unwrap_or_else(PoisonError::into_inner);
        credential_index.get(mount)?.get(credential).cloned()
    }

    /// Opens a staged sandbox under its name.
    pub fn open(&self, sandbox: Arc<Sandbox>) -> Result<Arc<Sandbox>, SandboxError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if sandbox.name.is_empty() || sandbox.name.len() > 64 || !sandbox.name.bytes().all(fits) {
            return Err(SandboxError::Name(sandbox.name.to_string()));
        }
        let mut sandboxes = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner);
        if sandboxes.contains_key(&sandbox.name) {
            return Err(SandboxError::Taken(sandbox.name.to_string()));
        }
        if sandboxes.len() >= self.limit {
            return Err(SandboxError::Full);
        }
        sandboxes.insert(Arc::clone(&sandbox.name), Arc::clone(&sandbox));
        drop(sandboxes);
        self.add_to_index(&sandbox);
        Ok(sandbox)
    }

    /// Updates the index after the credentials of a sandbox have changed.
    pub fn reindex(&self, sandbox: &Arc<Sandbox>) {
        if Arc::ptr_eq(sandbox, &self.default) {
            *self.reserved.write().unwrap_or_else(PoisonError::into_inner) = credential_texts(sandbox);
        } else {
            self.remove_from_index(sandbox);
            self.add_to_index(sandbox);
        }
    }

    /// Removes a sandbox; the default one stays.
    pub fn remove(&self, name: &str) -> bool {
        if name == DEFAULT {
            return false;
        }
        let removed = self.sandboxes.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(sandbox) = &removed {
            self.remove_from_index(sandbox);
            sandbox.set_removed();
        }
        removed.is_some()
    }

    fn add_to_index(&self, sandbox: &Arc<Sandbox>) {
        let mut keys = credential_texts(sandbox);
        // What opens the default sandbox goes on opening it.
        let reserved = self.reserved.read().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| !reserved.contains(key));
        drop(reserved);
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for (mount, text) in &keys {
            credential_index.entry(mount.clone()).or_default().entry(Arc::clone(text)).or_insert_with(|| Arc::clone(sandbox));
        }
        drop(credential_index);
        *sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn remove_from_index(&self, sandbox: &Arc<Sandbox>) {
        let keys = std::mem::take(&mut *sandbox.index_keys.lock().unwrap_or_else(PoisonError::into_inner));
        let mut credential_index = self.credential_index.write().unwrap_or_else(PoisonError::into_inner);
        for (mount, text) in keys {
            let Some(texts) = credential_index.get_mut(&mount) else { continue };
            if texts.get(&text).is_some_and(|owner| Arc::ptr_eq(owner, sandbox)) {
                texts.swap_remove(&text);
            }
        }
    }
}

/// Every text in the credentials of a sandbox, with its mount.
fn credential_texts(sandbox: &Sandbox) -> BTreeSet<IndexKey> {
    let state = sandbox.lock();
    let accounts = state.world.accounts();
    let of = |mount: &Name| {
        let rows = accounts.credentials(mount);
        let texts = rows.iter().flat_map(|row| row.fields.values()).filter_map(serde_json::Value::as_str);
        texts.map(|text| (mount.clone(), Arc::from(text))).collect::<Vec<_>>()
    };
    accounts.mounts().flat_map(of).collect()
}
