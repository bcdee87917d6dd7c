//! The state of a sandbox, which its lock guards.

use std::sync::Arc;

use crate::base::name::Name;
use crate::engine::script::{Fault, ScenarioRuntime, UnusedRule};
use crate::world::World;

/// All of a sandbox that a call can see or change. A copy goes its own way; documents are shared until one side writes.
#[derive(Clone)]
pub struct State {
    /// The world as it is.
    pub world: World,
    /// The world as it was right after its scenario was loaded.
    pub initial: World,
    /// The scenario at work.
    pub script: Arc<dyn ScenarioRuntime>,
    /// The scenario's name.
    pub scenario: String,
    /// What goes wrong on purpose, switched on at run time.
    pub(super) faults: Vec<Fault>,
    /// Faults that were switched off and had had no effect.
    pub(super) unused_faults: Vec<UnusedRule>,
    /// The mounts whose credentials the scenario gave.
    pub scenario_mounts: Vec<Name>,
}

impl State {
    /// What goes wrong on purpose, switched on at run time.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Switches a fault off, and forgets what it has counted. If it never had an effect, it is remembered.
    pub(super) fn switch_off(&mut self, name: &str) -> Option<usize> {
        let index = self.faults.iter().position(|fault| *fault.name == *name)?;
        let fault = self.faults.remove(index);
        let unused = fault.unused(self.world.counters(), "it was switched off before any call met it");
        self.unused_faults.extend(unused.filter(|_| self.unused_faults.len() < Self::UNUSED));
        self.world.forget_counts(&fault.name);
        Some(index)
    }

    /// Takes over the faults of another state, with what they have counted; that one gets those that were here.
    pub(super) fn take_faults(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.faults, &mut other.faults);
        std::mem::swap(&mut self.unused_faults, &mut other.unused_faults);
        self.faults.iter().for_each(|fault| self.world.copy_counts(&fault.name, other.world.counters()));
    }

    /// What was prepared, by the scenario or by hand, and has had no effect so far.
    #[must_use]
    pub fn unused(&self) -> Vec<UnusedRule> {
        let counters = self.world.counters();
        let faults = self.faults.iter().filter_map(|fault| fault.unused(counters, "no call met it"));
        self.script.unused(counters).into_iter().chain(faults).chain(self.unused_faults.iter().cloned()).collect()
    }

    /// How many faults without an effect are remembered.
    const UNUSED: usize = 64;

    /// Bytes of everything that callers may make large.
    pub(super) fn bytes(&self) -> usize {
        self.world.accounts().bytes() + self.script.source().len() + self.faults.iter().map(Fault::bytes).sum::<usize>()
    }
}
