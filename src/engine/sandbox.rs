//! One sandbox of the process: a world, the scenario at work in it, and its journal.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::script::Script;
use crate::world::{Journal, World};

/// A named world with everything around it.
pub struct Sandbox {
    /// Its name: `default`, or what its maker called it.
    pub name: Arc<str>,
    state: Mutex<State>,
    journal: Mutex<Journal>,
}

/// What the lock of a sandbox guards.
pub struct State {
    /// The world as it is.
    pub world: World,
    /// The world as it was right after its scenario was loaded.
    pub origin: World,
    /// The scenario at work.
    pub script: Box<dyn Script>,
    /// The scenario's name.
    pub scenario: String,
}

impl Sandbox {
    /// A sandbox that starts as `state` says.
    #[must_use]
    pub fn new(name: &str, state: State, journal_bytes: usize) -> Self {
        Self { name: Arc::from(name), state: Mutex::new(state), journal: Mutex::new(Journal::new(journal_bytes)) }
    }

    /// The state, locked. A panic while it was locked has been taken back, so the lock is never poisoned for others.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal, locked.
    pub fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes this moment the one that [`Sandbox::reset`] goes back to.
    pub fn settle_origin(&self) {
        let mut state = self.lock();
        state.origin = state.world.clone();
        state.script.reset();
        drop(state);
        self.journal().clear();
    }

    /// Goes back to the moment after the scenario was loaded. The journal is emptied with it.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.world = state.origin.clone();
        state.script.reset();
        drop(state);
        self.journal().clear();
    }
}
