//! The counters of a sandbox's scenario and of its faults.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// About what a counter takes in memory beside the name in it.
const COUNTER: usize = 150;

/// So many callers whose credentials open no account are counted by themselves; one that calls several operations counts for each.
pub(super) const STRANGERS: u64 = 1_000;

/// What is counted. Overrides are known by their position in the scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Counter {
    /// Calls of an operation by an account; without an account, by callers whose credentials open none.
    Calls(Option<AccountId>, Name),
    /// Calls that matched an override.
    Matched(usize),
    /// Calls that an override had an effect on.
    Effects(usize),
    /// Parcels that were put on a timeline.
    Parcels(Name),
    /// Calls of a class in the current window of an override's limit.
    Window(usize, Name),
    /// Calls about one object that matched an override, where it counts each by itself, with the time of the latest; without an object, how
    /// many of them are counted.
    Object(usize, Name),
    /// When the scenario, or the fault, came: what it counts time from.
    Beginning,
}

impl Counter {
    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let name = match self {
            Self::Calls(_, name) | Self::Parcels(name) | Self::Window(_, name) | Self::Object(_, name) => name.len(),
            Self::Matched(_) | Self::Effects(_) | Self::Beginning => 0,
        };
        COUNTER + name
    }

    /// Calls of an operation by a caller whose credential opens no account, known by its digest, among so many callers; without a digest,
    /// by those that came later; without an operation, how many there are.
    pub(super) fn stranger(name: Name) -> Self {
        Self::Object(usize::MAX, name)
    }

    /// When a rule began that is older than the scenario which it is in now.
    #[must_use]
    pub fn beginning_of(rule: usize) -> Self {
        Self::Window(rule, Name::new("since"))
    }

    /// The same of a rule by another number; `None` of what no rule counts by its number.
    #[must_use]
    pub fn of_rule(&self, number: impl Fn(usize) -> Option<usize>) -> Option<Self> {
        Some(match self {
            Self::Matched(rule) => Self::Matched(number(*rule)?),
            Self::Effects(rule) => Self::Effects(number(*rule)?),
            Self::Window(rule, class) => Self::Window(number(*rule)?, class.clone()),
            Self::Object(rule, object) => Self::Object(number(*rule)?, object.clone()),
            Self::Calls(..) | Self::Parcels(_) | Self::Beginning => return None,
        })
    }

    /// Whether it says which call of its operation by its caller one is, which no edit of a scenario changes.
    #[must_use]
    pub fn is_of_calls(&self) -> bool {
        matches!(self, Self::Calls(..) | Self::Object(usize::MAX, _))
    }

    /// How often the sandbox went back to a snapshot. It is kept as calls of what is no vendor's operation, so that files and records of
    /// counters stay as they are.
    #[must_use]
    pub fn restores() -> Self {
        Self::Calls(None, Name::new("restore"))
    }

    /// How many attempts to deliver webhooks were reported, as documents have it.
    #[must_use]
    pub fn attempts() -> Self {
        Self::Calls(None, Name::new("attempt"))
    }

    /// Where verdicts begin: how many attempts had been reported, and how many deliveries were not kept any more.
    #[must_use]
    pub fn judged() -> [Self; 2] {
        ["attempt-judged", "delivery-judged"].map(|name| Self::Calls(None, Name::new(name)))
    }

    /// How many deliveries of webhooks snapshots took back; it is kept under [`aside`].
    #[must_use]
    pub fn deliveries() -> Self {
        Self::Calls(None, Name::new("delivery"))
    }

    /// Marks that it is not known what an owner had an effect on, beside what it counts; it is kept under [`aside`].
    #[must_use]
    pub fn unknown() -> Self {
        Self::Effects(usize::MAX)
    }

    /// Whether it is counted on where a snapshot takes the place of the world; what rules counted, only for the same rules.
    pub(super) fn is_kept_aside(&self, are_same: bool) -> bool {
        match self {
            Self::Calls(..) => self.operation().is_some(),
            Self::Matched(_) | Self::Effects(_) | Self::Parcels(_) => are_same && *self != Self::unknown(),
            Self::Window(..) | Self::Object(..) | Self::Beginning => false,
        }
    }

    /// The vendor and the id of the operation whose calls it counts, if it counts those of one.
    #[must_use]
    pub fn operation(&self) -> Option<(&str, &str)> {
        if let Self::Calls(_, operation) = self { operation.split_once('.') } else { None }
    }
}

/// The owner under which is counted what happened in a sandbox beside what an owner counts: it was taken back by a snapshot.
#[must_use]
pub fn aside(owner: &str) -> Name {
    format!("\u{1}{owner}").into()
}

/// How many of something there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// When counting began, if it begins anew from time to time.
    pub began: Option<Timestamp>,
    /// How many calls, or parcels.
    pub calls: u64,
}

/// Counters by owner: the name of a fault, empty for the scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    owners: BTreeMap<Name, BTreeMap<Counter, Count>>,
    /// About the bytes that all counters take in memory.
    bytes: usize,
}

impl Counters {
    /// About the bytes that all counters take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The value of a counter, if anything was counted.
    #[must_use]
    pub fn get(&self, owner: &str, counter: &Counter) -> Option<Count> {
        self.owners.get(owner)?.get(counter).copied()
    }

    /// All counters of an owner.
    pub fn of(&self, owner: &str) -> impl Iterator<Item = (&Counter, Count)> {
        self.owners.get(owner).into_iter().flatten().map(|(counter, count)| (counter, *count))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (&Name, &Counter)> {
        self.owners.iter().flat_map(|(owner, counters)| counters.keys().map(move |counter| (owner, counter)))
    }

    /// How many there ever were of something that an owner counts, with those that were taken back.
    #[must_use]
    pub fn ever(&self, owner: &str, counter: &Counter) -> Option<u64> {
        let all = [self.get(owner, counter), self.get(&aside(owner), counter)];
        all.into_iter().flatten().map(|count| count.calls).reduce(|sum, calls| sum + calls)
    }

    /// Whether more may have happened than an owner knows of.
    #[must_use]
    pub fn is_unknown(&self, owner: &str) -> bool {
        self.get(&aside(owner), &Counter::unknown()).is_some()
    }

    /// How many calls an owner ever had an effect on.
    #[must_use]
    pub fn effects(&self, owner: &str) -> u64 {
        self.of(owner)
            .chain(self.of(&aside(owner)))
            .filter(|(counter, _)| matches!(counter, Counter::Effects(index) if *index != usize::MAX))
            .map(|(_, count)| count.calls)
            .sum()
    }

    /// Adds one to a counter, and returns its value before.
    pub(super) fn add(&mut self, owner: &Name, counter: &Counter) -> Option<Count> {
        if let Some(count) = self.owners.get_mut(owner.as_str()).and_then(|counters| counters.get_mut(counter)) {
            let before = *count;
            count.calls += 1;
            return Some(before);
        }
        self.set(owner.clone(), counter.clone(), Some(Count { began: None, calls: 1 }))
    }

    /// Sets or removes a counter, and returns its value before.
    pub fn set(&mut self, owner: Name, counter: Counter, count: Option<Count>) -> Option<Count> {
        let bytes = counter.bytes();
        match count {
            Some(count) => {
                let before = self.owners.entry(owner).or_default().insert(counter, count);
                self.bytes += if before.is_none() { bytes } else { 0 };
                before
            }
            None => {
                let counters = self.owners.get_mut(&owner)?;
                let before = counters.remove(&counter);
                self.bytes -= if before.is_some() { bytes } else { 0 };
                if counters.is_empty() {
                    self.owners.remove(&owner);
                }
                before
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Clock, Mode, World};

    #[test]
    fn strangers_have_a_bound_beyond_which_they_share_a_count() {
        let start = Timestamp::UNIX_EPOCH;
        let mut world = World::new(1, Clock::new(Mode::Frozen, Some(start), start));
        let (_, mut tally) = world.tally(Name::default());
        let (list, get) = (Name::new("vendor.list"), Name::new("vendor.get"));
        for number in 0..STRANGERS {
            let (nth, own) = tally.add_of_stranger(&list, &number.to_string());
            assert_eq!((nth, own.as_deref()), (1, Some(&*number.to_string())));
        }
        assert_eq!(tally.add_of_stranger(&list, "0").0, 2);
        assert_eq!(tally.add_of_stranger(&list, "late"), (1, None));
        assert_eq!(tally.add_of_stranger(&list, "later"), (2, None));
        assert_eq!(tally.add_of_stranger(&get, "0"), (1, None));
        let bytes = world.counters().bytes();
        (0..10_000).for_each(|number| _ = world.tally(Name::default()).1.add_of_stranger(&list, &format!("attack {number}")));
        assert_eq!(world.counters().bytes(), bytes);
    }

    #[test]
    fn objects_have_a_bound_and_those_seen_last_stay() {
        let start = Timestamp::UNIX_EPOCH;
        let mut world = World::new(1, Clock::new(Mode::Frozen, Some(start), start));
        let second = |number: i64| Timestamp::from_second(number).expect("it is in the calendar");
        let object = |number: i64| Name::from(format!("object {number}"));
        let (_, mut tally) = world.tally(Name::default());
        for number in 0..1_000 {
            assert_eq!(tally.add_of_object(0, object(number), second(number), 100), 1, "{number}");
            tally.add_of_object(1, object(0), second(number), 100);
            // One that is asked about all the time is never forgotten.
            tally.add_of_object(0, object(0), second(number), 100);
        }
        assert_eq!(
            (tally.add_of_object(0, object(0), second(1_000), 100), tally.add_of_object(0, object(999), second(1_000), 100)),
            (1_002, 2)
        );
        let objects = |rule: usize| move |(counter, _): &(&Counter, Count)| matches!(counter, Counter::Object(own, _) if *own == rule);
        let counted = world.counters().of("").filter(objects(0)).count();
        assert!((50..=101).contains(&counted), "{counted}");
        assert_eq!(world.counters().of("").filter(objects(1)).count(), 2);
    }
}
