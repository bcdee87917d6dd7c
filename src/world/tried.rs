//! What the rules of a scenario, and faults, were to a call, as far as the call alone does not tell it: what depends on the calls before
//! it, and on what the vendor made of it. Conditions are evaluated again by those who want to know of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::base::name::Name;

/// What the rules of a sandbox were to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// Which rules the scenario had: a number of what they mean, 0 for none.
    pub scenario: u32,
    /// The rules that the call matched, in the order in which they were tried, and the faults that it did not match.
    pub rules: Vec<Met>,
}

/// What one rule, or a fault, was to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Met {
    /// The fault, or nothing for the scenario.
    #[schemars(with = "String")]
    pub owner: Name,
    /// Which of its rules it is, from 0.
    pub rule: usize,
    /// Of a fault: which one of that name it was, as [`Tried::scenario`].
    pub sense: u32,
    pub how: How,
}

/// What a rule was to a call that it matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// It took the call, and had its effect.
    Fired,
    /// Its `skip` left the call alone.
    Skipped,
    /// The same of a call that it could have had no effect on, so that it does not count.
    Uncounted,
    /// Its `times` had ended it.
    UsedUp,
    /// The limit was not exceeded.
    Within,
    /// It took the call, which the vendor refused for a reason of its own.
    Refused,
    /// It took the call, and the vendor did not look for what it would have failed for.
    NotAsked,
    /// It took the call, and there was nothing in the answer to change.
    Missed,
    /// The conditions and templates of all rules took too many steps.
    TooMuch,
    /// The fault was there, and did not match.
    Unmatched,
    /// Its `after` had not come yet.
    NotYet,
    /// Its `after` was over by then.
    Over,
}

impl Tried {
    /// Corrects what a rule was that had matched.
    pub fn mark(rules: &mut [Met], owner: &Name, rule: usize, how: How) {
        if let Some(met) = rules.iter_mut().rfind(|met| met.owner == *owner && met.rule == rule) {
            met.how = how;
        }
    }

    /// The rule that took the call from those behind it, with or without an effect.
    #[must_use]
    pub fn taker(&self) -> Option<&Met> {
        self.rules.last().filter(|met| met.how.takes())
    }

    /// What a rule was, if it matched.
    #[must_use]
    pub fn find(&self, owner: &str, rule: usize) -> Option<&Met> {
        self.rules.iter().find(|met| *met.owner == *owner && met.rule == rule)
    }

    /// About the bytes that it takes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.rules.len() * size_of::<Met>()
    }
}

impl Met {
    /// What a rule of a scenario was, whose owner knows itself.
    #[must_use]
    pub fn new(rule: usize, how: How) -> Self {
        Self { owner: Name::default(), rule, sense: 0, how }
    }

    /// What the one rule of a fault was, if it matched.
    pub fn of_fault(owner: &Name, sense: u32, mut matched: Vec<Self>) -> impl Iterator<Item = Self> {
        if matched.is_empty() {
            matched.push(Self::new(0, How::Unmatched));
        }
        matched.into_iter().map(move |met| Self { owner: owner.clone(), sense, ..met })
    }
}

impl How {
    /// Whether no rule behind it is tried.
    fn takes(self) -> bool {
        matches!(self, Self::Fired | Self::Refused | Self::NotAsked | Self::Missed | Self::TooMuch)
    }
}
