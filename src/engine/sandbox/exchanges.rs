//! How the journal of a sandbox is emptied and filled.

use super::Sandbox;
use crate::engine::recorder::Record;
use crate::world::{Entry, Slot};

impl Sandbox {
    pub fn clear_journal(&self) {
        let mut state = self.lock();
        let mut journal = self.journal();
        journal.clear();
        state.note(|_| Record::ClearJournal(journal.written));
        self.journal_bytes.set(journal.bytes());
    }

    /// Adds exchanges that another copy of the sandbox had since, with their numbers. It had at least so many, some of which may be gone.
    pub fn continue_journal(&self, entries: impl IntoIterator<Item = Entry>, written: u64) {
        let mut journal = self.journal();
        journal.follow(entries, written);
        self.journal_bytes.set(journal.bytes());
    }

    /// Puts exchanges of an earlier process into the journal, which has had so many, and dropped so many of them.
    pub fn refill_journal(&self, slots: impl IntoIterator<Item = Slot>, written: u64, dropped: u64) {
        let mut journal = self.journal();
        journal.refill(slots, written, dropped);
        self.journal_bytes.set(journal.bytes());
    }

    /// The same for exchanges that were recorded one by one, among which nothing but a gap tells of those that were removed. Those below
    /// `first` do not belong into the journal, and `dropped` of them are evidence that is gone.
    pub fn revive_journal(&self, mut slots: Vec<Slot>, first: u64, written: u64, dropped: u64) {
        slots.retain(|slot| slot.number() >= first);
        let written = slots.last().map_or(written, |last| last.number().max(written));
        let removed = (written + 1).saturating_sub(first + slots.len() as u64);
        self.refill_journal(slots, written, dropped + removed);
    }

    /// Keeps the exchanges for which `keep` is true.
    pub fn retain_in_journal(&self, keep: impl Fn(&Entry) -> bool) {
        let mut journal = self.journal();
        if let Some(sink) = self.sink.get() {
            let removed: Vec<u64> = journal.iter().filter(|entry| !keep(entry)).map(|entry| entry.number).collect();
            sink.removed_from_journal(&removed);
        }
        journal.retain(keep);
        self.journal_bytes.set(journal.bytes());
    }
}
