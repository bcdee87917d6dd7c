//! The state of a sandbox, which its lock guards.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::entropy::Secret;
use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::engine::scenario::{Fault, ScenarioRuntime, UnusedRule};
use crate::engine::webhooks::DELIVERY;
use crate::world::{Count, Counter, World, aside};

/// All of a sandbox that a call can see or change. A copy goes its own way; documents are shared until one side writes.
#[derive(Clone)]
pub struct State {
    /// The world as it is.
    pub world: World,
    /// The world as it was right after its scenario was loaded.
    pub initial: World,
    /// The scenario that the sandbox runs under.
    pub scenario: Arc<dyn ScenarioRuntime>,
    pub scenario_name: String,
    /// The faults that are switched on.
    pub(super) faults: Vec<Fault>,
    /// Faults that were switched off and had had no effect.
    pub(super) unused_faults: Vec<UnusedRule>,
    /// The mounts whose credentials the scenario gave.
    pub scenario_mounts: Vec<Name>,
    /// Whether somebody asked for the seed of the world.
    pub seeded: bool,
}

impl State {
    /// A state that begins as it is, without faults.
    #[must_use]
    pub fn new(world: World, scenario: Arc<dyn ScenarioRuntime>, scenario_name: String) -> Self {
        Self {
            initial: world.clone(),
            world,
            scenario,
            scenario_name,
            faults: Vec::new(),
            unused_faults: Vec::new(),
            scenario_mounts: Vec::new(),
            seeded: false,
        }
    }

    /// A state under the same scenario in which nothing is stored and nothing is due.
    #[must_use]
    pub fn without_documents(&self) -> Self {
        let world = self.world.without_documents();
        Self::new(world, Arc::clone(&self.scenario), self.scenario_name.clone()).with_faults(self.faults.clone(), Vec::new())
    }

    /// The same, which began with another world; with the mounts whose credentials the scenario gave, and whether somebody asked for
    /// the seed.
    #[must_use]
    pub fn given(self, initial: World, scenario_mounts: Vec<Name>, seeded: bool) -> Self {
        Self { initial, scenario_mounts, seeded, ..self }
    }

    /// The same with other faults: those that are switched on, and those that were switched off and had had no effect.
    #[must_use]
    pub fn with_faults(self, faults: Vec<Fault>, unused_faults: Vec<UnusedRule>) -> Self {
        Self { faults, unused_faults, ..self }
    }

    /// Faults that were switched off and had had no effect.
    #[must_use]
    pub fn unused_faults(&self) -> &[UnusedRule] {
        &self.unused_faults
    }

    /// The faults that are switched on.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Switches a fault off and removes its counters. If it never had an effect, that is kept for reports.
    pub(super) fn switch_off(&mut self, name: &str) -> Option<usize> {
        let index = self.faults.iter().position(|fault| *fault.name == *name)?;
        let fault = self.faults.remove(index);
        let unused = fault.unused(self.world.counters(), "it was switched off before any call met it");
        self.unused_faults.extend(unused.filter(|_| self.unused_faults.len() < Self::UNUSED));
        self.world.forget_counts(&fault.name);
        self.world.forget_counts(&aside(&fault.name));
        Some(index)
    }

    /// Has a fault, or the scenario, count time from now on.
    pub(super) fn begin_counting(&mut self, owner: Name, wall: Timestamp) {
        let began = Some(self.world.clock().now(wall));
        self.world.tally(owner).1.set(Counter::Beginning, Some(Count { began, calls: 0 }));
    }

    /// Sets what everything random comes from, now and after every reset.
    pub(super) fn reseed(&mut self, seed: u64, seeded: bool, secret: Option<Secret>) {
        self.seeded = seeded;
        self.world.reseed(seed, secret);
        self.initial.reseed(seed, secret);
    }

    /// Swaps the faults with those of another state, and copies the counters of those that come in. Which call of its operation a call is
    /// goes on as well, and so does what those rules of the other scenario counted that this one has, too.
    pub(super) fn go_on_from(&mut self, other: &mut Self) {
        std::mem::swap(&mut self.faults, &mut other.faults);
        std::mem::swap(&mut self.unused_faults, &mut other.unused_faults);
        let before = other.world.counters();
        for owner in self.faults.iter().map(|fault| &fault.name) {
            [owner.clone(), aside(owner)].iter().for_each(|owner| self.world.copy_counts(owner, before, |counter| Some(counter.clone())));
        }
        let kept = self.scenario.kept_of(&*other.scenario);
        for owner in [Name::default(), aside("")] {
            self.world.copy_counts(&owner, before, |counter| kept.counterpart(counter));
        }
        let began = |rule: usize| before.get("", &Counter::beginning_of(rule)).or_else(|| before.get("", &Counter::Beginning));
        for (rule, earlier) in kept.timed() {
            self.world.tally(Name::default()).1.set(Counter::beginning_of(rule), began(earlier));
        }
        self.world.judge_as(before);
    }

    /// Has verdicts be about what happens from now on.
    pub fn judge_from_now(&mut self) {
        let forgotten = self.forgotten_deliveries();
        self.world.judge_from_now(forgotten);
    }

    /// Counts aside what was counted in a state whose place this one takes: calls are not taken back with it.
    pub(super) fn take_back(&mut self, present: &Self) {
        let before = present.world.counters();
        self.world.take_back(&Name::default(), before, present.scenario.sense() == self.scenario.sense());
        for fault in &self.faults {
            let is_same = |other: &Fault| other.name == fault.name && other.runtime.sense() == fault.runtime.sense();
            self.world.take_back(&fault.name, before, present.faults.iter().any(is_same));
        }
        let known: BTreeSet<&str> = self.rows(DELIVERY).map(|(_, id, _)| id).collect();
        let gone = present.rows(DELIVERY).filter(|(_, id, _)| !known.contains(id)).count() as u64;
        self.world.set_deliveries_taken_back(present.world.deliveries_taken_back() + gone);
    }

    /// Forgets what was counted aside, in a copy that goes its own way.
    pub(super) fn forget_aside(&mut self) {
        let owners = self.faults.iter().map(|fault| &*fault.name).chain([""]);
        owners.for_each(|owner| self.world.forget_counts(&aside(owner)));
    }

    /// The rules of the scenario that have had no effect so far, as far as that is known.
    #[must_use]
    pub fn unused_rules(&self) -> Vec<UnusedRule> {
        let counters = self.world.counters();
        if counters.is_unknown("") { Vec::new() } else { self.scenario.unused(&self.world) }
    }

    /// The rules of the scenario, and the faults, that have had no effect so far.
    #[must_use]
    pub fn unused(&self) -> Vec<UnusedRule> {
        let counters = self.world.counters();
        let faults = self.faults.iter().filter_map(|fault| fault.unused(counters, "no call met it"));
        self.unused_rules().into_iter().chain(faults).chain(self.unused_faults.iter().cloned()).collect()
    }

    /// How many faults without an effect are remembered.
    const UNUSED: usize = 64;

    /// The bytes of everything that callers can make large. Documents that `initial` shares with `world` count once, in `world`.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.world.bytes() + self.initial.overhead() + self.scenario.bytes() + self.faults.iter().map(Fault::bytes).sum::<usize>()
    }

    /// What it takes in memory besides: in a copy it counts, too.
    #[must_use]
    pub fn uncounted(&self) -> usize {
        self.world.uncounted() + self.initial.uncounted()
    }
}
