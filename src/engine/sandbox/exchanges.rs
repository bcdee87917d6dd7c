//! How the journal of a sandbox is emptied and filled.

use super::Sandbox;
use crate::engine::recorder::{Checkpoint, Record};
use crate::world::{Entry, Journal, Removed, Shrunk, Slot, add_removed};

/// What records tell of a journal, beside its exchanges.
#[derive(Debug)]
pub struct JournalPast {
    /// Exchanges below this number do not belong into it.
    first: u64,
    /// How many it has had.
    written: u64,
    /// How many below `first` are evidence that is gone.
    dropped: u64,
    /// How many of all that are gone were removed on request.
    removed: Removed,
    /// How many it was to have, of calls that were made.
    due: u64,
    /// What made room for others, as records told most recently.
    shrunk: Shrunk,
}

impl Default for JournalPast {
    fn default() -> Self {
        Self { first: 1, written: 0, dropped: 0, removed: Removed::new(), due: 0, shrunk: Shrunk::default() }
    }
}

impl JournalPast {
    /// Takes up what records tell that come next.
    pub fn follow(&mut self, records: &[Record]) {
        for record in records {
            match record {
                Record::Checkpoint(checkpoint) => {
                    let Checkpoint { first, written, dropped, removed, .. } = &**checkpoint;
                    let removed = removed.clone();
                    *self = Self { first: *first, written: *written, dropped: *dropped, removed, ..Self::default() };
                }
                Record::ClearJournal(written) => {
                    *self = Self { first: written + 1, written: *written, due: self.due, ..Self::default() };
                }
                Record::Due(number) => self.due = *number,
                Record::Shrunk(shrunk) => {
                    self.has_had(shrunk.first.saturating_sub(1));
                    self.shrunk = *shrunk;
                }
                Record::Unlisted(numbers, removed) => {
                    self.has_had(numbers.last().copied().unwrap_or_default());
                    add_removed(&mut self.removed, removed);
                }
                _ => {}
            }
        }
    }

    /// It has had at least so many exchanges.
    pub fn has_had(&mut self, written: u64) {
        self.written = self.written.max(written);
    }
}

impl Sandbox {
    pub fn clear_journal(&self) {
        let mut state = self.lock();
        let mut journal = self.journal();
        journal.clear();
        state.note(|_| Record::ClearJournal(journal.written));
        self.journal_bytes.set(journal.bytes());
    }

    /// Adds exchanges that another copy of the sandbox had since, with their numbers. Some may be gone, as records told meanwhile.
    pub fn continue_journal(&self, entries: impl IntoIterator<Item = Entry>, past: &JournalPast) {
        let Shrunk { first, is_bare } = past.shrunk;
        let bare = |entry: Entry| if is_bare && entry.number == first { entry.without_bodies() } else { entry };
        let mut journal = self.journal();
        journal.follow(entries.into_iter().filter(|entry| entry.number >= first).map(bare), past.written);
        self.journal_bytes.set(journal.bytes());
    }

    /// Puts exchanges of a file into the journal, which has had so many, and lost so many of them.
    pub fn refill_journal(&self, slots: impl IntoIterator<Item = Slot>, written: u64, lost: u64) {
        self.refill(slots, written, lost, Removed::new());
        self.fit_journal();
    }

    /// The same for exchanges that were recorded one by one, among which a gap tells of those that are gone. Those that do not fit stay
    /// until a record says that they made room.
    pub fn revive_journal(&self, mut slots: Vec<Slot>, past: JournalPast) {
        let JournalPast { first, written, dropped, removed, due, shrunk } = past;
        slots.retain(|slot| slot.number() >= first.max(shrunk.first));
        let bare = slots.first_mut().filter(|front| shrunk.is_bare && front.number() == shrunk.first);
        bare.into_iter().for_each(|front| *front = Slot::from(front.entry().without_bodies()));
        // A call that was made and is not there is evidence that is gone.
        let written = slots.last().map_or(written, |last| last.number().max(written)).max(due);
        let gone = (written + 1).saturating_sub(first + slots.len() as u64);
        self.refill(slots, written, dropped + gone, removed);
    }

    /// Up to so many changes of this sandbox are gone, and nobody knows which: verdicts count as many exchanges and deliveries among what
    /// they do not know. For a sandbox that nobody records yet; the records of that.
    pub fn has_lost(&self, most: u64) -> Vec<Record> {
        let mut state = self.lock();
        let mut journal = self.journal();
        journal.miss(most);
        state.world.record();
        let untold = state.world.deliveries_taken_back().saturating_add(most);
        state.world.set_deliveries_taken_back(untold);
        vec![Record::Changes(state.world.seal()), Record::Due(journal.written)]
    }

    /// Records how the answer of an exchange ended that was recorded before that was known, unless it is gone.
    pub fn answered(&self, entry: &Entry) {
        let journal = self.journal();
        let Some(own) = journal.get(entry.number).filter(|own| own.id == entry.id) else { return };
        own.wire.end(&entry.wire.ended(entry.number));
        if let Some(sink) = self.sink.get() {
            sink.answered(own);
        }
    }

    fn refill(&self, slots: impl IntoIterator<Item = Slot>, written: u64, lost: u64, removed: Removed) {
        let mut journal = self.journal();
        journal.refill(slots, written, lost, removed);
        self.journal_bytes.set(journal.bytes());
    }

    /// Drops the oldest exchanges that do not fit into the budget of the journal.
    pub fn fit_journal(&self) {
        self.fit(&mut self.journal());
    }

    pub(super) fn fit(&self, journal: &mut Journal) {
        let shrunk = journal.fit();
        self.journal_bytes.set(journal.bytes());
        if let (Some(shrunk), Some(sink)) = (shrunk, self.sink.get()) {
            sink.shrunk(shrunk);
        }
    }

    /// Does what has made room in another copy of the sandbox.
    pub(super) fn shrink_journal_as(&self, shrunk: Shrunk) {
        let mut journal = self.journal();
        journal.shrink_as(shrunk);
        self.journal_bytes.set(journal.bytes());
    }

    /// Keeps the exchanges for which `keep` is true.
    pub fn retain_in_journal(&self, keep: impl Fn(&Entry) -> bool) {
        let mut state = self.lock();
        let mut journal = self.journal();
        let (numbers, removed) = journal.retain(keep);
        self.journal_bytes.set(journal.bytes());
        drop(journal);
        if !numbers.is_empty() {
            state.note(|_| Record::Unlisted(numbers, removed));
        }
    }

    /// Removes exchanges from the journal that another copy of the sandbox has removed.
    pub(super) fn unlist_in_journal(&self, numbers: &[u64], removed: &Removed) {
        let mut journal = self.journal();
        journal.unlist(numbers, removed);
        self.journal_bytes.set(journal.bytes());
    }
}
