//! Redo records: what changed in a world, from which another copy of it follows.
//!
//! What was touched is compared with what is there now, so that what was rolled back, or put back as it was, is in no record.
//! Positions of documents in their tables differ between copies. The order of documents does not, because a position is used
//! again only when its latest use was rolled back, so that a removal always precedes a new document of the same id.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::World;
use crate::world::accounts::{AccountId, Credential};
use crate::world::agenda::{Entry, Task, TaskKey};
use crate::world::clock::{Clock, Target};
use crate::world::counters::{Count, Counter};
use crate::world::documents::{Kind, Row};
use crate::world::outbox::OutboxEntry;
use crate::world::transaction::Touch;

/// One change, to be made in another copy of the world.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Change {
    /// The account of that number was opened.
    Opened(AccountId, Name, Arc<str>),
    /// The number of calls that an account has made.
    Calls(AccountId, u64),
    /// The window of a class of an account's calls.
    Window(AccountId, Name, Option<(Timestamp, u64)>),
    /// A document was stored, a new one at the end of its table.
    Put(AccountId, Kind, Row),
    /// The document of that id was removed.
    Removed(AccountId, Kind, Box<str>),
    /// A task was written into the agenda, or taken out.
    Task(TaskKey, Option<Task>),
    /// A delivery was put into the outbox, or taken out.
    Outbox(u64, Option<OutboxEntry>),
    /// The credentials of a mount.
    Credentials(Name, Arc<[Credential]>),
    /// The clock was set, or its mode was changed.
    Clock(Clock),
    /// A counter of the scenario or of a fault.
    Counter(Name, Counter, Option<Count>),
    /// Where the clock is being moved to.
    Target(Option<Target>),
}

/// Why changes cannot be applied: they are not those of this world.
#[derive(Debug, thiserror::Error)]
#[error("a redo record does not fit: {0}")]
pub struct Mismatch(&'static str);

/// What was touched already. Only the first touch of something holds what was there before.
#[derive(Default)]
struct Seen {
    calls: BTreeSet<AccountId>,
    windows: BTreeSet<(AccountId, Name)>,
    rows: BTreeSet<(AccountId, u32, usize)>,
    tasks: BTreeSet<TaskKey>,
    outbox: BTreeSet<u64>,
    credentials: BTreeSet<Name>,
    clock: bool,
    target: bool,
    counters: BTreeSet<(Name, Counter)>,
    opened: u32,
}

impl World {
    /// Records all changes from now on, for [`World::seal`].
    pub fn record(&mut self) {
        self.log.record();
    }

    /// Whether changes are recorded. A copy of a recorded world is not.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.log.is_recorded()
    }

    /// Takes the changes since the last call, in order of first touch. There are none while a savepoint is open.
    pub fn seal(&mut self) -> Vec<Change> {
        let mut touches = self.log.take();
        let opened = touches.iter().filter(|touch| matches!(touch, Touch::Opened)).count();
        let first = self.accounts.iter().count() - opened;
        let mut seen = Seen { opened: u32::try_from(first).expect("fewer accounts than bytes of memory"), ..Seen::default() };
        let changes = touches.drain(..).filter_map(|touch| self.change(touch, &mut seen)).collect();
        self.log.reuse(touches);
        changes
    }

    /// The change that a touch led to; `None` if an earlier touch has it, or nothing changed.
    fn change(&self, touch: Touch, seen: &mut Seen) -> Option<Change> {
        match touch {
            Touch::Opened => {
                let id = AccountId(seen.opened);
                seen.opened += 1;
                let account = self.accounts.get(id);
                Some(Change::Opened(id, account.mount.clone(), Arc::clone(&account.name)))
            }
            Touch::Calls(id, before) => {
                let now = self.accounts.get(id).calls();
                (seen.calls.insert(id) && now != before).then_some(Change::Calls(id, now))
            }
            Touch::Window(id, class, before) => {
                let now = self.accounts.get(id).window(&class);
                (seen.windows.insert((id, class.clone())) && now != before).then_some(Change::Window(id, class, now))
            }
            Touch::Row(id, table, undo) => {
                let (kind, rows) = self.accounts.get(id).numbered_table(table);
                let fresh = seen.rows.insert((id, table, undo.position));
                match (undo.before, rows.row(undo.position)) {
                    _ if !fresh => None,
                    (Some(before), Some(now)) if before.is_same(now) => None,
                    (_, Some(now)) => Some(Change::Put(id, kind.clone(), now.clone())),
                    (Some(before), None) => Some(Change::Removed(id, kind.clone(), before.id().into())),
                    (None, None) => None,
                }
            }
            Touch::Task(key, before) => {
                let (before, now) = (before.map(|entry| entry.task), self.agenda.get(key));
                (seen.tasks.insert(key) && before.as_ref() != now).then(|| Change::Task(key, now.cloned()))
            }
            Touch::Outbox(number, before) => {
                let now = self.outbox.get(number);
                (seen.outbox.insert(number) && before.as_ref() != now).then(|| Change::Outbox(number, now.cloned()))
            }
            Touch::Credentials(mount, _) => {
                let now = self.accounts.credentials(&mount);
                seen.credentials.insert(mount.clone()).then_some(Change::Credentials(mount, now))
            }
            Touch::Clock(before) => {
                let fresh = !std::mem::replace(&mut seen.clock, true);
                (fresh && before != self.clock).then_some(Change::Clock(self.clock))
            }
            Touch::Target(before) => {
                let fresh = !std::mem::replace(&mut seen.target, true);
                (fresh && before != self.target).then_some(Change::Target(self.target))
            }
            Touch::Counter(owner, counter, before) => {
                let now = self.counters.get(&owner, &counter);
                let fresh = seen.counters.insert((owner.clone(), counter.clone()));
                (fresh && now != before).then_some(Change::Counter(owner, counter, now))
            }
        }
    }

    /// Makes the changes of another copy of this world in this one.
    ///
    /// # Errors
    /// When they follow from another state than this one; some of them may have been made then.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), Mismatch> {
        let accounts = |world: &Self| u32::try_from(world.accounts().iter().count()).unwrap_or(u32::MAX);
        let known = |world: &Self, id: &AccountId| if id.0 < accounts(world) { Ok(*id) } else { Err(Mismatch("there is no such account")) };
        for change in changes {
            match change {
                Change::Opened(id, mount, name) => {
                    if id.0 != accounts(self) || self.open_account(mount, name) != *id {
                        return Err(Mismatch("the account is another one here"));
                    }
                }
                Change::Calls(id, calls) => self.set_calls(known(self, id)?, *calls),
                Change::Window(id, class, window) => self.set_window(known(self, id)?, class.clone(), *window),
                Change::Put(id, kind, row) => self.put_row(known(self, id)?, kind, row.clone()),
                Change::Removed(id, kind, document) => {
                    if !self.remove(known(self, id)?, kind, document) {
                        return Err(Mismatch("there is no such document"));
                    }
                }
                Change::Task(key, task) => self.set_task(*key, task.clone().map(|task| Entry { task, needs: None })),
                Change::Outbox(number, entry) => self.set_outbox(*number, entry.clone()),
                Change::Credentials(mount, rows) => self.set_credentials(mount, rows.to_vec()),
                Change::Clock(clock) => self.set_clock(*clock),
                Change::Target(target) => self.set_target(*target),
                Change::Counter(owner, counter, count) => self.tally(owner.clone()).1.set(counter.clone(), *count),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{Mode, Task};

    #[test]
    fn what_is_as_it_was_is_in_no_record() {
        let wall = Timestamp::UNIX_EPOCH;
        let mut world = World::new(1, Clock::new(Mode::Frozen, None, wall));
        let account = world.open_account("acme", "a");
        world.record();
        let other = Timestamp::MAX;
        world.set_time(other, wall);
        world.set_time(wall, wall);
        world.set_window(account, "calls".into(), Some((wall, 1)));
        world.set_window(account, "calls".into(), None);
        world.set_calls(account, 5);
        world.set_calls(account, 0);
        let task = Task { account, vendor: "acme".into(), topic: "t".into(), subject: "s".into(), step: 0 };
        world.schedule(wall, task);
        assert!(world.take_due(wall, 0).is_some());
        world.put(account, &Kind::new("box"), "1", |out| out.extend_from_slice(b"{}"));
        assert!(world.remove(account, &Kind::new("box"), "1"));
        assert!(world.seal().is_empty());
        world.set_time(other, wall);
        assert!(matches!(world.seal()[..], [Change::Clock(_)]));
    }
}
