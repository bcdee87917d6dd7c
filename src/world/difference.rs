//! What makes one world of another: the changes that lead from a world to a later copy of it.

use std::collections::BTreeSet;

use crate::base::name::Name;
use crate::world::World;
use crate::world::accounts::{Account, AccountId};
use crate::world::agenda::TaskKey;
use crate::world::counters::Counter;
use crate::world::documents::{Kind, Row, Table};
use crate::world::redo::Change;

impl World {
    /// The changes that make a copy of `base` into this world; [`World::apply`] makes them. `None` if this world is not a later copy of
    /// `base`, so that no changes keep the order of its documents. What redo records do not have (the seed, the secret, and whether any
    /// credential is accepted) is not compared.
    #[must_use]
    pub fn changes_since(&self, base: &Self) -> Option<Vec<Change>> {
        let mut changes = Vec::new();
        let known = base.accounts.iter().count();
        if self.accounts.iter().count() < known {
            return None;
        }
        for (id, account) in self.accounts.iter() {
            let before = if (id.0 as usize) < known { Some(base.accounts.get(id)) } else { None };
            account.changes_since(id, before, &mut changes)?;
        }
        for mount in self.accounts.mounts() {
            let rows = self.accounts.credentials(mount);
            if rows != base.accounts.credentials(mount) {
                changes.push(Change::Credentials(mount.clone(), rows));
            }
        }
        let keys: BTreeSet<TaskKey> = self.agenda.keys().chain(base.agenda.keys()).collect();
        let tasks = keys.into_iter().filter(|key| self.agenda.get(*key) != base.agenda.get(*key));
        changes.extend(tasks.map(|key| Change::Task(key, self.agenda.get(key).cloned())));
        let numbers: BTreeSet<u64> = self.outbox.numbers().chain(base.outbox.numbers()).collect();
        let entries = numbers.into_iter().filter(|number| self.outbox.get(*number) != base.outbox.get(*number));
        changes.extend(entries.map(|number| Change::Outbox(number, self.outbox.get(number).cloned())));
        if self.clock != base.clock {
            changes.push(Change::Clock(self.clock));
        }
        if self.target != base.target {
            changes.push(Change::Target(self.target));
        }
        let counters: BTreeSet<(&Name, &Counter)> = self.counters.keys().chain(base.counters.keys()).collect();
        for (owner, counter) in counters {
            let now = self.counters.get(owner, counter);
            if now != base.counters.get(owner, counter) {
                changes.push(Change::Counter(owner.clone(), counter.clone(), now));
            }
        }
        Some(changes)
    }
}

impl Account {
    fn changes_since(&self, id: AccountId, base: Option<&Self>, changes: &mut Vec<Change>) -> Option<()> {
        match base {
            None => changes.push(Change::Opened(id, self.mount.clone(), self.name.clone())),
            Some(base) if (&base.mount, &base.name) != (&self.mount, &self.name) => return None,
            Some(_) => {}
        }
        if self.calls() != base.map_or(0, Self::calls) {
            changes.push(Change::Calls(id, self.calls()));
        }
        let classes: BTreeSet<&Name> = self.windows().chain(base.into_iter().flat_map(Self::windows)).map(|(class, _)| class).collect();
        for class in classes {
            let now = self.window(class);
            if now != base.and_then(|base| base.window(class)) {
                changes.push(Change::Window(id, class.clone(), now));
            }
        }
        let none = Table::default();
        let kinds: BTreeSet<&Kind> = self.tables().chain(base.into_iter().flat_map(Self::tables)).map(|(kind, _)| kind).collect();
        for kind in kinds {
            let (now, before) = (self.table(kind).unwrap_or(&none), base.and_then(|base| base.table(kind)).unwrap_or(&none));
            let (removed, put) = now.rows_since(before)?;
            changes.extend(removed.iter().map(|row| Change::Removed(id, kind.clone(), row.id().into())));
            changes.extend(put.into_iter().map(|row| Change::Put(id, kind.clone(), row.clone())));
        }
        Some(())
    }
}

impl Table {
    /// The rows of `base` that are gone, and those that were stored since, in order.
    fn rows_since<'t>(&'t self, base: &'t Self) -> Option<(Vec<&'t Row>, Vec<&'t Row>)> {
        let (mut removed, mut put, mut is_appended) = (Vec::new(), Vec::new(), false);
        for position in 0..self.positions().max(base.positions()) {
            let (now, before) = (self.row(position), base.row(position));
            let is_known = now.zip(before).is_some_and(|(now, before)| now.id() == before.id());
            removed.extend(before.filter(|_| !is_known));
            let Some(now) = now else { continue };
            // What is stored anew comes last, so that nothing may follow that is stored already.
            if is_known && is_appended {
                return None;
            }
            is_appended |= !is_known;
            if !is_known || before.is_some_and(|before| before != now) {
                put.push(now);
            }
        }
        Some((removed, put))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::time::Timestamp;
    use crate::world::{Clock, Mode, Task};

    const KIND: Kind = Kind::new("box");

    fn world() -> World {
        World::new(1, Clock::new(Mode::Frozen, None, Timestamp::UNIX_EPOCH))
    }

    /// Documents in their order, and the tasks.
    fn contents(world: &World) -> (Vec<(String, String)>, Vec<String>) {
        let rows = world.accounts().iter().flat_map(|(_, account)| account.rows(&KIND));
        let tasks = world.agenda().iter().map(|(at, task)| format!("{at} {}", task.subject));
        (rows.map(|(id, body)| (id.to_owned(), body.to_owned())).collect(), tasks.collect())
    }

    fn act(world: &mut World, (step, id, body): (u8, u8, u8)) {
        let account = world.open_account("acme", if id % 2 == 0 { "a" } else { "b" });
        let name = format!("{id}");
        match step {
            0 | 1 => world.put(account, &KIND, &name, |out| out.push(b'0' + body)),
            2 => drop(world.remove(account, &KIND, &name)),
            _ => {
                let at = Timestamp::from_second(body.into()).expect("a small number is a time");
                let task = Task { account, vendor: "acme".into(), topic: "t".into(), subject: name.into(), step: 0 };
                world.schedule(at, task);
                if body > 5 {
                    world.take_due(Timestamp::MAX, 0);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_changes_since_a_copy_make_it_the_same(
            first in prop::collection::vec((0_u8..4, 0_u8..12, 0_u8..9), 0..200),
            then in prop::collection::vec((0_u8..4, 0_u8..12, 0_u8..9), 0..200),
        ) {
            let mut world = world();
            first.into_iter().for_each(|step| act(&mut world, step));
            let mut copy = world.clone();
            then.into_iter().for_each(|step| act(&mut world, step));
            let changes = world.changes_since(&copy).expect("it is a later copy");
            prop_assert!(copy.apply(&changes).is_ok());
            prop_assert_eq!(contents(&copy), contents(&world));
            let mut other = self::world();
            let all = world.changes_since(&other).expect("an empty world is a beginning of all");
            prop_assert!(other.apply(&all).is_ok());
            prop_assert_eq!(contents(&other), contents(&world));
        }
    }
}
