//! What verdicts may take, one alone or several together. What is beyond it is evidence that is missing, and is never taken for none.

use std::cell::Cell;

use super::STEPS;
use super::told::ROOM;

/// How many pairs of a call, or a delivery, and a place of an expectation one verdict looks at, and all of a process that leaves.
const PAIRS: usize = 4_000_000;
const PAIRS_AT_END: usize = 4 * PAIRS;

/// How many bytes of requests verdicts read again.
const BYTES: usize = 256 << 20;

/// How many bytes of a request take as long as a step, at least.
const BYTES_A_STEP: usize = 8;

/// What one verdict may take, or several together.
pub struct Allowance<'t> {
    /// The steps that conditions may still take.
    pub(super) steps: Cell<usize>,
    pairs: Cell<usize>,
    bytes: Cell<usize>,
    /// The steps of telling why calls do not count, on which no verdict depends.
    telling: Cell<usize>,
    /// How many bytes of findings may still be told.
    pub(super) room: Cell<usize>,
    /// Whether there is no more time.
    is_late: &'t dyn Fn() -> bool,
}

impl<'t> Allowance<'t> {
    /// That of one verdict which somebody asks for: about two seconds, unless it is late before. It takes its time, however busy the
    /// machine is.
    #[must_use]
    pub fn of_one(is_late: &'t dyn Fn() -> bool) -> Self {
        Self::new(PAIRS, is_late)
    }

    /// That of all verdicts of a process that leaves, until it is late.
    #[must_use]
    pub fn of_all(is_late: &'t dyn Fn() -> bool) -> Self {
        Self::new(PAIRS_AT_END, is_late)
    }

    fn new(pairs: usize, is_late: &'t dyn Fn() -> bool) -> Self {
        let [steps, pairs, bytes, telling, room] = [STEPS, pairs, BYTES, STEPS, ROOM].map(Cell::new);
        Self { steps, pairs, bytes, telling, room, is_late }
    }

    /// Whether there is no more time. What is judged from then on is unknown.
    #[must_use]
    pub fn is_late(&self) -> bool {
        (self.is_late)()
    }

    /// Whether so many more pairs may be looked at.
    pub(super) fn pairs(&self, pairs: usize) -> bool {
        pays(&self.pairs, pairs)
    }

    /// Whether a request of so many bytes may be read again.
    pub(super) fn reads(&self, bytes: usize) -> bool {
        pays(&self.bytes, bytes)
    }

    /// Whether there is room to look at another call for what is told of it.
    pub(super) fn looks(&self) -> bool {
        pays(&self.telling, 1) && !self.is_late()
    }

    /// The steps that may be taken to tell about a request of so many bytes, if it may be read again.
    pub(super) fn tells(&self, bytes: usize) -> Option<&Cell<usize>> {
        (!self.is_late() && pays(&self.telling, bytes / BYTES_A_STEP)).then_some(&self.telling)
    }
}

/// Takes so much from what is left; where that is less, nothing is left.
fn pays(left: &Cell<usize>, much: usize) -> bool {
    let rest = left.get().checked_sub(much);
    left.set(rest.unwrap_or_default());
    rest.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_verdict_takes_is_gone_for_the_next() {
        let late = Cell::new(false);
        let is_late = || late.get();
        let all = Allowance::of_all(&is_late);
        assert!(all.pairs(PAIRS_AT_END - 1) && all.pairs(1) && !all.pairs(1));
        assert!(all.reads(BYTES) && !all.reads(1));
        assert!(all.tells(STEPS * BYTES_A_STEP).is_some() && all.tells(BYTES_A_STEP).is_none());
        assert!(!all.looks() && !all.is_late());
        let fresh = Allowance::of_all(&is_late);
        assert!(fresh.looks() && fresh.tells(1).is_some());
        late.set(true);
        assert!(fresh.is_late() && !fresh.looks() && fresh.tells(1).is_none());
    }
}
