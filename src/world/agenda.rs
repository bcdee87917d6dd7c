//! What will happen in a world, and when.
//!
//! **Invariant:** nothing in the machine sleeps or runs by itself. What will happen later is a task here, in order of
//! time and, within one instant, of scheduling. A task is never removed: its handler looks at the documents first and does
//! nothing if they moved on.
//!
//! A task whose work did not fit into the budget of the sandbox is postponed: it keeps its position in this order, but is not
//! due before there is room for what it needs, so that the clock can move on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// About what a task takes in memory besides its subject.
const TASK: usize = 200;

/// Something that will happen to a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The account whose document it is about.
    pub account: AccountId,
    /// The vendor that scheduled it.
    pub vendor: Name,
    /// What will happen: a word of the vendor, of `engine/parcels.rs` or of `engine/webhooks`.
    pub topic: Name,
    /// The id of the document that it is about.
    pub subject: Arc<str>,
    /// The handler's number for the step, so that outdated tasks are recognized.
    pub step: u32,
}

/// The key of a task: when it is due, and how many were scheduled before it.
pub type TaskKey = (Timestamp, u64);

/// A task, and the bytes that it needs if it is postponed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub task: Task,
    pub needs: Option<usize>,
}

/// The tasks of a world: those that are due in order of time, and those that are postponed.
#[derive(Clone, Default)]
pub struct Agenda {
    due: BTreeMap<TaskKey, Task>,
    postponed: BTreeMap<TaskKey, (Task, usize)>,
    written: u64,
    /// About the bytes of all tasks.
    bytes: usize,
}

impl Agenda {
    /// When the next task is due. What is postponed is not.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whether a postponed task can happen when there is room for so many bytes.
    #[must_use]
    pub fn fits(&self, room: usize) -> bool {
        self.fitting(room).is_some()
    }

    /// All tasks with their times, soonest first.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &Task)> {
        let mut rows: Vec<(TaskKey, &Task)> = self.due.iter().map(|(key, task)| (*key, task)).collect();
        if !self.postponed.is_empty() {
            rows.extend(self.postponed.iter().map(|(key, (task, _))| (*key, task)));
            rows.sort_unstable_by_key(|(key, _)| *key);
        }
        rows.into_iter().map(|((at, _), task)| (at, task))
    }

    /// About the bytes that all tasks take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len() + self.postponed.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty() && self.postponed.is_empty()
    }

    /// The first postponed task that fits into so many bytes, else the first one that is due at `now` or earlier.
    pub(super) fn due(&self, now: Timestamp, room: usize) -> Option<(TaskKey, Task)> {
        let first = || self.due.first_key_value().filter(|((at, _), _)| *at <= now);
        self.fitting(room).or_else(first).map(|(key, task)| (*key, task.clone()))
    }

    fn fitting(&self, room: usize) -> Option<(&TaskKey, &Task)> {
        self.postponed.iter().find(|(_, (_, needs))| *needs <= room).map(|(key, (task, _))| (key, task))
    }

    /// The key of a task that is scheduled now.
    pub(super) fn next_key(&self, at: Timestamp) -> TaskKey {
        (at, self.written)
    }

    pub(super) fn get(&self, key: TaskKey) -> Option<&Task> {
        self.due.get(&key).or_else(|| self.postponed.get(&key).map(|(task, _)| task))
    }

    /// Sets or removes the entry of a key, and returns the entry before.
    pub(super) fn set(&mut self, key: TaskKey, entry: Option<Entry>) -> Option<Entry> {
        if let Some(entry) = &entry {
            self.written = self.written.max(key.1 + 1);
            self.bytes += TASK + entry.task.subject.len();
        }
        let postponed = self.postponed.remove(&key).map(|(task, needs)| Entry { task, needs: Some(needs) });
        let due = match entry {
            Some(Entry { task, needs: None }) => self.due.insert(key, task),
            Some(Entry { task, needs: Some(needs) }) => {
                self.postponed.insert(key, (task, needs));
                self.due.remove(&key)
            }
            None => self.due.remove(&key),
        };
        let before = due.map(|task| Entry { task, needs: None }).or(postponed);
        self.bytes -= before.as_ref().map_or(0, |entry| TASK + entry.task.subject.len());
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postponed_task_comes_first_when_there_is_exactly_enough_room_and_keeps_its_position() {
        let at = |second| Timestamp::from_second(second).expect("a small number is a time");
        let task = |subject: &str| {
            let (vendor, topic) = (Name::new("v"), Name::new("t"));
            Task { account: AccountId(0), vendor, topic, subject: subject.into(), step: 0 }
        };
        let mut agenda = Agenda::default();
        for (second, subject, needs) in [(1, "a", None), (2, "b", Some(10)), (3, "c", None)] {
            let key = agenda.next_key(at(second));
            assert_eq!(agenda.set(key, Some(Entry { task: task(subject), needs })), None);
        }
        assert_eq!(agenda.iter().map(|(_, task)| &*task.subject).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((agenda.len(), agenda.next()), (3, Some(at(1))));
        let due = |room| agenda.due(at(1), room).map(|(_, task)| task.subject.to_string());
        assert_eq!((agenda.fits(9), due(9).as_deref()), (false, Some("a")));
        assert_eq!((agenda.fits(10), due(10).as_deref()), (true, Some("b")));
        assert_eq!(agenda.due(at(0), 0), None);
    }
}
