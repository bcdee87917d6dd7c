//! Business failures: what a vendor, or a carrier behind it, says no to when a scenario wants it to. Each vendor declares which it has
//! of its operations, in its own shape and words; scenarios know them by names that are the same for all vendors.

use crate::engine::refusal::Refusal;
use crate::engine::reply::{Outcome, Reply};

/// The name of the failure that `refuse: "text"` means where an operation has it.
pub const CARRIER_REFUSES: &str = "carrier_refuses";

/// All that a vendor can be made to say no to.
pub struct BusinessFailures {
    /// The refusal of a call in some words, where no failure of its operation is nearer.
    pub refuse: fn(text: &str) -> Refusal,
    pub named: &'static [BusinessFailure],
}

/// One way to fail, of some operations.
pub struct BusinessFailure {
    /// What scenarios call it. A name may stand in several rows, for different operations.
    pub name: &'static str,
    /// The operations that can fail so, by their ids in the document.
    pub operations: &'static [&'static str],
    /// The vendor's words, unless the scenario has its own.
    pub text: &'static str,
    pub way: Way,
}

/// Which of the things that a call is about fail.
#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    /// Those with these numbers, from 1: the first and the last of each range.
    Numbered(Vec<(u64, u64)>),
    /// So many of them by chance.
    Share(f64),
}

impl Items {
    /// Whether the one with a number fails, for which a number from 0 to 1 is drawn.
    fn has(&self, number: u64, drawn: impl FnOnce() -> f64) -> bool {
        match self {
            Self::Numbered(ranges) => ranges.iter().any(|(first, last)| (first..=last).contains(&&number)),
            Self::Share(share) => drawn() < *share,
        }
    }
}

/// How a vendor tells of a failure. In all ways the call is first handled as usual, and a call that is refused for a reason of its own
/// gets that refusal.
#[derive(Clone, Copy)]
pub enum Way {
    /// What the handler did is rolled back, and the call is refused.
    Refuse(fn(text: &str) -> Refusal),
    /// What the handler did is rolled back, and the answer is one of success that says no.
    Answer(fn(text: &str) -> Reply),
    /// The handler asks [`crate::engine::Cx::fails`], because something of the failure stays. Where it does not, nothing has failed.
    Handler,
    /// The same for each of several things that a call is about, of which a scenario may let some fail: the handler asks
    /// [`crate::engine::Cx::fails_for`].
    Items,
}

impl Way {
    /// Whether the handler itself tells of the failure.
    #[must_use]
    pub fn is_told_by_handler(self) -> bool {
        matches!(self, Self::Handler | Self::Items)
    }
}

impl BusinessFailure {
    /// Its name, if the handler asks for it: a call of which nobody does is none that failed.
    #[must_use]
    pub fn asked_for(&self) -> Option<&'static str> {
        self.way.is_told_by_handler().then_some(self.name)
    }
}

impl BusinessFailures {
    /// Those of a vendor that has none.
    pub const NONE: Self = Self { refuse: |_| Refusal::Broken, named: &[] };

    /// The failure of an operation that has a name.
    #[must_use]
    pub fn find(&self, name: &str, operation: &str) -> Option<&'static BusinessFailure> {
        self.named.iter().find(|row| row.name == name && row.operations.contains(&operation))
    }
}

/// A failure that a scenario wants of one call.
pub struct WantedFailure {
    /// `None` is a refusal in the scenario's words alone.
    pub failure: Option<&'static BusinessFailure>,
    /// The scenario's words in place of the vendor's.
    pub text: Option<String>,
    /// How the vendor refuses a call in some words.
    pub refuse: fn(text: &str) -> Refusal,
    /// Which of several things fail; all of them otherwise.
    pub items: Option<Items>,
}

impl WantedFailure {
    /// A failure that a scenario wants.
    #[must_use]
    pub fn new(failures: &BusinessFailures, failure: Option<&'static BusinessFailure>, text: Option<String>) -> Self {
        Self { failure, text, refuse: failures.refuse, items: None }
    }

    /// What is said of the failure.
    #[must_use]
    pub fn text(&self) -> &str {
        let usual = || self.failure.map_or("", |failure| failure.text);
        self.text.as_deref().unwrap_or_else(usual)
    }

    /// Whether the changes of its handler stay.
    pub(super) fn is_kept(&self) -> bool {
        self.failure.is_some_and(|failure| failure.way.is_told_by_handler())
    }

    /// The text, if it is the failure of that name and its handler tells of it.
    pub(super) fn told_by_handler(&self, name: &str) -> Option<&str> {
        self.failure.filter(|failure| failure.asked_for() == Some(name)).map(|_| self.text())
    }

    /// Whether it is one of the thing with a number, from 1, of several that a call is about.
    pub(super) fn is_of(&self, number: u64, drawn: impl FnOnce() -> f64) -> bool {
        self.items.as_ref().is_none_or(|items| items.has(number, drawn))
    }

    /// What is answered in place of the handler's success; `None` if the handler has told of the failure.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        match self.failure.map(|failure| failure.way) {
            None => Some(Err((self.refuse)(self.text()))),
            Some(Way::Refuse(refuse)) => Some(Err(refuse(self.text()))),
            Some(Way::Answer(answer)) => Some(Ok(answer(self.text()))),
            Some(Way::Handler | Way::Items) => None,
        }
    }
}
