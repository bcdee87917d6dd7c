//! Expectations as types.

use jiff::SignedDuration;

use super::{Condition, Pattern};
use crate::scenario::error::{Span, Spanned};

/// What the consumer has to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    pub span: Span,
    /// Where it stands in its list: there may be an alias.
    pub place: Span,
    pub kind: Expected,
}

/// What the consumer has to do, in its kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    Call {
        calls: Calls,
        /// How many; `max` of `None` is without limit.
        count: Count,
    },
    Never(Calls),
    /// Calls in this order, others may stand between.
    Order {
        calls: Vec<Calls>,
        /// At most so long from the first to the last, by the sandbox's clock.
        within: Option<SignedDuration>,
    },
    /// Calls that depart in nothing from the vendor's document.
    Valid {
        calls: Calls,
        /// Codes of notes that do not count.
        except: Vec<Spanned<String>>,
    },
    /// A number of webhooks that were delivered.
    Webhook(Deliveries),
}

/// The webhooks that an expectation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Deliveries {
    /// The vendor's name of the event.
    pub event: Spanned<String>,
    pub count: Count,
    /// Only those that were answered so.
    pub answered: Option<Answered>,
    /// Only those that were so no later than this after their event, by the sandbox's clock.
    pub within: Option<SignedDuration>,
    /// Only those that were forged when they were answered so, or only those that were not.
    pub forged: Option<bool>,
}

/// The calls that an expectation is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Calls {
    pub on: Spanned<Pattern>,
    /// Those for which this holds only.
    pub when: Option<Condition>,
    /// Those that came after a call of these operations only.
    pub after: Option<Spanned<Pattern>>,
    /// Those that came no later than this after one of these calls, by the sandbox's clock.
    pub within: Option<SignedDuration>,
}

impl Calls {
    /// All calls of some operations, without a condition.
    #[must_use]
    pub fn of(on: Spanned<Pattern>) -> Self {
        Self { on, when: None, after: None, within: None }
    }
}

impl Expected {
    /// The calls that it is about.
    #[must_use]
    pub fn calls(&self) -> &[Calls] {
        match self {
            Self::Call { calls, .. } | Self::Never(calls) | Self::Valid { calls, .. } => std::slice::from_ref(calls),
            Self::Order { calls, .. } => calls,
            Self::Webhook(_) => &[],
        }
    }
}

/// The numbers that are as expected: `min..max`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    pub min: u64,
    /// The most, if there is a limit.
    pub max: Option<u64>,
}

/// How a webhook was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// `2xx`: any status of this hundred.
    Class(u16),
    Status(u16),
}
