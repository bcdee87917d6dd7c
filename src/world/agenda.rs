//! What will happen in a world, and when.
//!
//! **Invariant:** nothing in the machine sleeps or runs by itself. What will happen later is a task here, in order of
//! time and, within one instant, of scheduling. A task is never removed: its handler looks at the documents first and does
//! nothing if they moved on.
//!
//! A task whose work did not fit into the budget of the sandbox is postponed: it keeps its position in this order, but is not
//! due before there is room for what it needs, so that the clock can move on. Later tasks about the same subject of the same
//! account wait behind it, because each of them expects the one before to be done; all others go on.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::AccountId;

/// About what a task takes in memory besides its subject.
const TASK: usize = 200;

/// Something that will happen to a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What a task is about: tasks of one owner run in their order.
type Owner = (AccountId, Arc<str>);

/// The tasks of a world: those that wait for their time alone, and those that wait for room.
#[derive(Clone, Default)]
pub struct Agenda {
    /// In order of time. The first one waits behind no postponed task; later ones may, and are moved to `waiting` when they come
    /// first.
    due: BTreeMap<TaskKey, Task>,
    /// Postponed tasks, and those without `needs` that wait behind them.
    waiting: BTreeMap<TaskKey, Entry>,
    /// The keys in `waiting` of each owner. The first one is postponed.
    queues: BTreeMap<Owner, BTreeSet<TaskKey>>,
    written: u64,
    /// About the bytes of all tasks.
    bytes: usize,
}

impl Agenda {
    /// When the next task is due. What waits for room is not.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next task that is due. What waits for room is not.
    #[must_use]
    pub fn next_task(&self) -> Option<&Task> {
        self.due.first_key_value().map(|(_, task)| task)
    }

    /// Whether a postponed task can happen when there is room for so many bytes.
    #[must_use]
    pub fn fits(&self, room: usize) -> bool {
        self.fitting(room).is_some()
    }

    /// All tasks with their times, soonest first.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, &Task)> {
        self.after(None).map(|((at, _), task, _)| (at, task))
    }

    /// The tasks after the one with that key, soonest first, with whether each waits for room rather than for its time.
    pub fn after(&self, key: Option<TaskKey>) -> impl Iterator<Item = (TaskKey, &Task, bool)> {
        let range = (key.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut due = self.due.range(range).map(|(key, task)| (*key, task, false)).peekable();
        let mut waiting = self.waiting.range(range).map(|(key, entry)| (*key, &entry.task, true)).peekable();
        iter::from_fn(move || match (due.peek(), waiting.peek()) {
            (Some((first, ..)), Some((second, ..))) if second < first => waiting.next(),
            (None, _) => waiting.next(),
            _ => due.next(),
        })
    }

    /// About the bytes that all tasks take in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many tasks wait for room rather than for their time.
    #[must_use]
    pub fn postponed(&self) -> usize {
        self.waiting.len()
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len() + self.waiting.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty() && self.waiting.is_empty()
    }

    /// The first postponed task that fits into so many bytes and waits behind no other, else the first one that is due at `now` or
    /// earlier.
    pub(super) fn due(&self, now: Timestamp, room: usize) -> Option<(TaskKey, Task)> {
        let first = || self.due.first_key_value().filter(|((at, _), _)| *at <= now);
        self.fitting(room).or_else(first).map(|(key, task)| (*key, task.clone()))
    }

    fn fitting(&self, room: usize) -> Option<(&TaskKey, &Task)> {
        let is_first = |key: &TaskKey, task: &Task| self.queues.get(&task.owner()).and_then(BTreeSet::first) == Some(key);
        let mut rows = self.waiting.iter().map(|(key, entry)| (key, &entry.task, entry.needs));
        rows.find(|(key, task, needs)| needs.is_some_and(|needs| needs <= room) && is_first(key, task)).map(|(key, task, _)| (key, task))
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = TaskKey> {
        self.due.keys().chain(self.waiting.keys()).copied()
    }

    /// The key of a task that is scheduled now.
    pub(super) fn next_key(&self, at: Timestamp) -> TaskKey {
        (at, self.written)
    }

    pub(super) fn get(&self, key: TaskKey) -> Option<&Task> {
        self.due.get(&key).or_else(|| self.waiting.get(&key).map(|entry| &entry.task))
    }

    /// Sets or removes the entry of a key, and returns the entry before.
    pub(super) fn set(&mut self, key: TaskKey, entry: Option<Entry>) -> Option<Entry> {
        let due = self.due.remove(&key).map(|task| Entry { task, needs: None });
        let before = due.or_else(|| self.stop_waiting(key));
        self.bytes -= before.as_ref().map_or(0, Entry::bytes);
        if let Some(entry) = entry {
            self.written = self.written.max(key.1 + 1);
            self.bytes += entry.bytes();
            match entry.needs {
                None => drop(self.due.insert(key, entry.task)),
                Some(_) => self.wait(key, entry),
            }
        }
        while let Some(first) = self.due.first_entry().filter(|first| is_held(&self.queues, *first.key(), first.get())) {
            let (key, task) = first.remove_entry();
            self.wait(key, Entry { task, needs: None });
        }
        before
    }

    fn wait(&mut self, key: TaskKey, entry: Entry) {
        self.queues.entry(entry.task.owner()).or_default().insert(key);
        self.waiting.insert(key, entry);
    }

    /// Removes an entry from the queue of its owner. What waited behind no other postponed task is due again.
    fn stop_waiting(&mut self, key: TaskKey) -> Option<Entry> {
        let entry = self.waiting.remove(&key)?;
        let owner = entry.task.owner();
        let queue = self.queues.get_mut(&owner).expect("what waits is in the queue of its owner");
        queue.remove(&key);
        while let Some(first) = queue.first().copied() {
            if self.waiting.get(&first).is_some_and(|entry| entry.needs.is_some()) {
                return Some(entry);
            }
            queue.remove(&first);
            self.due.extend(self.waiting.remove(&first).map(|entry| (first, entry.task)));
        }
        self.queues.remove(&owner);
        Some(entry)
    }
}

/// Whether a task waits behind a postponed one of its owner.
fn is_held(queues: &BTreeMap<Owner, BTreeSet<TaskKey>>, key: TaskKey, task: &Task) -> bool {
    !queues.is_empty() && queues.get(&task.owner()).and_then(BTreeSet::first).is_some_and(|first| *first < key)
}

impl Task {
    fn owner(&self) -> Owner {
        (self.account, Arc::clone(&self.subject))
    }
}

impl Entry {
    /// About the bytes that it takes in memory.
    fn bytes(&self) -> usize {
        TASK + self.task.subject.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a small number is a time")
    }

    fn task(subject: &str) -> Task {
        let (vendor, topic) = (Name::new("v"), Name::new("t"));
        Task { account: AccountId(0), vendor, topic, subject: subject.into(), step: 0 }
    }

    #[test]
    fn a_postponed_task_comes_first_when_there_is_exactly_enough_room_and_keeps_its_position() {
        let mut agenda = Agenda::default();
        for (second, subject, needs) in [(1, "a", None), (2, "b", Some(10)), (3, "c", None)] {
            let key = agenda.next_key(at(second));
            assert_eq!(agenda.set(key, Some(Entry { task: task(subject), needs })), None);
        }
        assert_eq!(agenda.iter().map(|(_, task)| &*task.subject).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!((agenda.len(), agenda.next()), (3, Some(at(1))));
        let after: Vec<_> = agenda.after(Some((at(1), 0))).map(|(_, task, waits)| (&*task.subject, waits)).collect();
        assert_eq!(after, [("b", true), ("c", false)]);
        let due = |room| agenda.due(at(1), room).map(|(_, task)| task.subject.to_string());
        assert_eq!((agenda.fits(9), due(9).as_deref()), (false, Some("a")));
        assert_eq!((agenda.fits(10), due(10).as_deref()), (true, Some("b")));
        assert_eq!(agenda.due(at(0), 0), None);
    }

    /// What the agenda promises, by looking at all entries.
    #[derive(Default)]
    struct Model(BTreeMap<TaskKey, Entry>);

    impl Model {
        fn is_held(&self, key: TaskKey, entry: &Entry) -> bool {
            self.0.range(..key).any(|(_, other)| other.needs.is_some() && other.task.subject == entry.task.subject)
        }

        fn free(&self) -> impl Iterator<Item = (TaskKey, &Entry)> {
            self.0.iter().map(|(key, entry)| (*key, entry)).filter(|(key, entry)| !self.is_held(*key, entry))
        }

        fn next(&self) -> Option<TaskKey> {
            self.free().find(|(_, entry)| entry.needs.is_none()).map(|(key, _)| key)
        }

        fn fitting(&self, room: usize) -> Option<TaskKey> {
            self.free().find(|(_, entry)| entry.needs.is_some_and(|needs| needs <= room)).map(|(key, _)| key)
        }
    }

    /// A step of a sandbox whose room changes: a task is scheduled after some seconds, or time passes and what can run does, each
    /// task if there is room for what it needs.
    #[derive(Clone, Debug)]
    enum Step {
        Schedule(i64, usize, u32),
        Advance(i64, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..5_i64, 0..3_usize, 0..4_u32).prop_map(|(after, subject, size)| Step::Schedule(after, subject, size)),
            (0..5_i64, 0..4_usize).prop_map(|(by, room)| Step::Advance(by, room)),
        ]
    }

    proptest! {
        #[test]
        fn tasks_of_a_subject_run_in_their_order_and_all_of_them_when_there_is_room(steps in prop::collection::vec(step(), 0..60)) {
            let (mut agenda, mut model, mut now) = (Agenda::default(), Model::default(), 0);
            let (mut scheduled, mut ran) = (0, BTreeMap::<Arc<str>, Vec<TaskKey>>::new());
            for step in steps.into_iter().chain([Step::Advance(100, usize::MAX)]) {
                match step {
                    Step::Schedule(after, subject, size) => {
                        let key = agenda.next_key(at(now + after));
                        // The step of the task is the room that it needs.
                        let entry = Entry { task: Task { step: size, ..task(["a", "b", "c"][subject]) }, needs: None };
                        prop_assert_eq!(agenda.set(key, Some(entry.clone())), None);
                        model.0.insert(key, entry);
                        scheduled += 1;
                    }
                    Step::Advance(by, room) => {
                        now += by;
                        while let Some((key, task)) = agenda.due(at(now), room) {
                            let expected = model.fitting(room).or_else(|| model.next().filter(|(due, _)| *due <= at(now)));
                            prop_assert_eq!(Some(key), expected);
                            prop_assert_eq!(agenda.set(key, None), model.0.remove(&key));
                            let needs = task.step as usize;
                            if needs <= room {
                                ran.entry(Arc::clone(&task.subject)).or_default().push(key);
                            } else {
                                let entry = Entry { task, needs: Some(needs) };
                                agenda.set(key, Some(entry.clone()));
                                model.0.insert(key, entry);
                            }
                        }
                        prop_assert!(model.fitting(room).is_none() && model.next().is_none_or(|(due, _)| due > at(now)));
                    }
                }
                prop_assert_eq!((agenda.len(), agenda.next()), (model.0.len(), model.next().map(|(due, _)| due)));
                prop_assert_eq!(agenda.bytes(), model.0.values().map(Entry::bytes).sum::<usize>());
            }
            prop_assert!(agenda.is_empty() && agenda.queues.is_empty());
            prop_assert!(ran.values().all(|keys| keys.is_sorted()));
            prop_assert_eq!(ran.values().map(Vec::len).sum::<usize>(), scheduled);
        }
    }
}
