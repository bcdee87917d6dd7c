//! The functions that change a world. Each notes what was there before.

use std::collections::BTreeSet;

use crate::base::name::Name;
use crate::base::time::Timestamp;
use crate::world::accounts::{AccountId, Credential};
use crate::world::agenda::{Entry, Task, TaskKey};
use crate::world::clock::{Clock, Mode, Target};
use crate::world::counters::{Count, Counter, Counters, STRANGERS, aside};
use crate::world::documents::{Kind, Row};
use crate::world::outbox::OutboxEntry;
use crate::world::transaction::{Log, Touch};
use crate::world::{Accounts, World};

/// Larger buffers are not kept.
const LARGEST_SCRATCH: usize = 8 * 1024;

impl World {
    /// The account of that name, opened when it is new.
    pub fn open_account(&mut self, mount: impl Into<Name>, name: &str) -> AccountId {
        let mount = mount.into();
        self.accounts.find(&mount, name).unwrap_or_else(|| {
            self.log.note(|| Touch::Opened);
            self.accounts.open(mount, name)
        })
    }

    /// Counts a call of an account, and returns how many it has made.
    pub fn count_call(&mut self, account: AccountId) -> u64 {
        let calls = self.accounts.get(account).calls() + 1;
        self.set_calls(account, calls);
        calls
    }

    /// Sets how many calls an account has made.
    pub fn set_calls(&mut self, account: AccountId, calls: u64) {
        let before = self.accounts.get(account).calls();
        self.log.note(|| Touch::Calls(account, before));
        self.accounts.set_calls(account, calls);
    }

    /// Sets when the current window of a class of an account's calls began, and how many calls it has counted.
    pub fn set_window(&mut self, account: AccountId, class: Name, window: Option<(Timestamp, u64)>) {
        let before = self.accounts.set_window(account, class.clone(), window);
        self.log.note(|| Touch::Window(account, class, before));
    }

    /// Stores a document that `body` writes. A known id keeps its position, a new one comes last.
    pub fn put(&mut self, account: AccountId, kind: &Kind, id: &str, body: impl FnOnce(&mut Vec<u8>)) {
        let mut joined = std::mem::take(&mut self.scratch.0);
        joined.clear();
        joined.extend_from_slice(id.as_bytes());
        body(&mut joined);
        let text = simdutf8::basic::from_utf8(&joined).expect("documents are text");
        self.put_row(account, kind, Row::new(id.len(), text));
        if joined.capacity() <= LARGEST_SCRATCH {
            self.scratch.0 = joined;
        }
    }

    /// Stores a document as it is stored in another copy of this world, without copying it.
    pub fn put_row(&mut self, account: AccountId, kind: &Kind, row: Row) {
        let (table, undo) = self.accounts.put(account, kind, row);
        self.log.note(|| Touch::Row(account, table, undo));
    }

    /// Removes a document; whether it was there.
    pub fn remove(&mut self, account: AccountId, kind: &Kind, id: &str) -> bool {
        let Some((table, undo)) = self.accounts.remove(account, kind, id) else { return false };
        self.log.note(|| Touch::Row(account, table, undo));
        true
    }

    /// Adds a task to the agenda.
    pub fn schedule(&mut self, at: Timestamp, task: Task) {
        let key = self.agenda.next_key(at);
        self.set_task(key, Some(Entry { task, needs: None }));
    }

    /// Takes the next task that is due at `now` or earlier, postponed ones first that fit into `room` bytes.
    pub fn take_due(&mut self, now: Timestamp, room: usize) -> Option<(TaskKey, Task)> {
        let (key, task) = self.agenda.due(now, room)?;
        self.set_task(key, None);
        Some((key, task))
    }

    /// Puts a task that was taken back in its place. It is not due before there is room for `needs` bytes.
    pub fn postpone(&mut self, key: TaskKey, task: Task, needs: usize) {
        self.set_task(key, Some(Entry { task, needs: Some(needs) }));
    }

    /// Sets or removes the entry of a key of the agenda.
    pub(super) fn set_task(&mut self, key: TaskKey, entry: Option<Entry>) {
        let before = self.agenda.set(key, entry);
        self.log.note(|| Touch::Task(key, before));
    }

    /// Adds a delivery to the outbox.
    pub fn post(&mut self, entry: OutboxEntry) {
        let number = self.outbox.next_number();
        self.set_outbox(number, Some(entry));
    }

    /// Removes a delivery from the outbox; whether it was there.
    pub fn withdraw(&mut self, account: AccountId, delivery: &str) -> bool {
        let number = self.outbox.number(account, delivery);
        number.map(|number| self.set_outbox(number, None)).is_some()
    }

    /// Sets or removes the entry of a number of the outbox.
    pub(super) fn set_outbox(&mut self, number: u64, entry: Option<OutboxEntry>) {
        let before = self.outbox.set(number, entry);
        self.log.note(|| Touch::Outbox(number, before));
    }

    /// Replaces the credentials of one mount.
    pub fn set_credentials(&mut self, mount: impl Into<Name>, rows: Vec<Credential>) {
        let mount = mount.into();
        let before = self.accounts.set_credentials(mount.clone(), Some(rows.into()));
        self.log.note(|| Touch::Credentials(mount, before));
    }

    /// Whether any credential is accepted (`credentials: any`). For a world that is being made: it is in no redo record.
    pub fn accept_any_credential(&mut self, any: bool) {
        self.accounts.any_credential = any;
    }

    pub fn set_clock(&mut self, clock: Clock) {
        let before = std::mem::replace(&mut self.clock, clock);
        self.log.note(|| Touch::Clock(before));
    }

    /// Sets the virtual time to `now` at the wall's time `wall`.
    pub fn set_time(&mut self, now: Timestamp, wall: Timestamp) {
        self.set_clock(Clock::new(self.clock.mode(), Some(now), wall));
    }

    /// Changes how virtual time passes from the wall's time `wall` on, whatever was to come at the end of a movement.
    pub fn set_mode(&mut self, mode: Mode, wall: Timestamp) {
        self.set_clock(Clock::new(mode, Some(self.clock.now(wall)), wall));
        if let Some(target) = self.target.filter(|target| target.mode.is_some()) {
            self.set_target(Some(Target { mode: None, ..target }));
        }
    }

    /// Sets where the clock is being moved to.
    pub fn set_target(&mut self, target: Option<Target>) {
        let before = std::mem::replace(&mut self.target, target);
        self.log.note(|| Touch::Target(before));
    }

    /// The counters of the scenario (an empty name) or of a fault, and the accounts that it may read meanwhile.
    pub fn tally(&mut self, owner: Name) -> (&Accounts, Tally<'_>) {
        (&self.accounts, Tally { owner, counters: &mut self.counters, log: &mut self.log })
    }

    /// Removes the counters of a fault, or of the scenario.
    pub fn forget_counts(&mut self, owner: &Name) {
        for counter in self.counters.of(owner).map(|(counter, _)| counter.clone()).collect::<Vec<_>>() {
            self.tally(owner.clone()).1.set(counter, None);
        }
    }

    /// How often the sandbox went back to a snapshot, and went on from there.
    #[must_use]
    pub fn restores(&self) -> u64 {
        self.counters.get("", &Counter::restores()).map_or(0, |count| count.calls)
    }

    /// Sets how often that was, where the world of a snapshot takes the place of another.
    pub fn set_restores(&mut self, calls: u64) {
        self.tally(Name::default()).1.set(Counter::restores(), Some(Count { began: None, calls }));
    }

    /// Counts an attempt to deliver a webhook, and returns which one it is.
    pub fn count_attempt(&mut self) -> u64 {
        self.tally(Name::default()).1.add(Counter::attempts())
    }

    /// How many attempts to deliver webhooks were reported, and how many deliveries were not kept any more, when that began of which
    /// verdicts are given.
    #[must_use]
    pub fn judged_from(&self) -> [u64; 2] {
        Counter::judged().map(|counter| self.counters.get("", &counter).map_or(0, |count| count.calls))
    }

    /// Has verdicts be about what comes from now on, where so many deliveries are not kept any more.
    pub fn judge_from_now(&mut self, forgotten: u64) {
        let attempts = self.counters.get("", &Counter::attempts()).map_or(0, |count| count.calls);
        for (counter, calls) in Counter::judged().into_iter().zip([attempts, forgotten]) {
            let count = (calls > 0).then_some(Count { began: None, calls });
            self.tally(Name::default()).1.set(counter, count);
        }
    }

    /// Has verdicts be about what they were about in a world that this one goes on from.
    pub fn judge_as(&mut self, before: &Counters) {
        for counter in Counter::judged() {
            let count = before.get("", &counter);
            self.tally(Name::default()).1.set(counter, count);
        }
    }

    /// Counts aside what an owner has counted in a sandbox, where this world takes the place of its world: what this one has not counted.
    /// If it is another owner by that name, that is not known.
    pub fn take_back(&mut self, owner: &Name, present: &Counters, is_same: bool) {
        let aside = aside(owner);
        self.forget_counts(&aside);
        let is_unknown = !is_same || present.is_unknown(owner);
        let counters = present.of(owner).chain(present.of(&aside)).map(|(counter, _)| counter);
        let counters: BTreeSet<&Counter> = counters.filter(|counter| counter.is_kept_aside(is_same)).collect();
        for counter in counters {
            let own = self.counters.get(owner, counter).map_or(0, |count| count.calls);
            let calls = present.ever(owner, counter).unwrap_or_default().saturating_sub(own);
            let count = (calls > 0).then_some(Count { began: None, calls });
            self.tally(aside.clone()).1.set(counter.clone(), count);
        }
        if is_unknown {
            self.tally(aside).1.set(Counter::unknown(), Some(Count { began: None, calls: 1 }));
        }
    }

    /// How many deliveries of webhooks were made in this sandbox that its documents do not have, because a snapshot took them back.
    #[must_use]
    pub fn deliveries_taken_back(&self) -> u64 {
        self.counters.get(&aside(""), &Counter::deliveries()).map_or(0, |count| count.calls)
    }

    /// Sets how many those are.
    pub fn set_deliveries_taken_back(&mut self, calls: u64) {
        self.tally(aside("")).1.set(Counter::deliveries(), (calls > 0).then_some(Count { began: None, calls }));
    }

    /// Copies counters of a fault, or of the scenario, from another world.
    pub fn copy_counts(&mut self, owner: &Name, from: &Counters, counterpart: impl Fn(&Counter) -> Option<Counter>) {
        for (counter, count) in from.of(owner) {
            counterpart(counter).into_iter().for_each(|counter| self.tally(owner.clone()).1.set(counter, Some(count)));
        }
    }

    /// Makes the present documents those that a reset goes back to: from now on they count until they are replaced so again. For a
    /// world that is being made: it is in no redo record.
    pub fn mark_initial(&mut self) {
        self.accounts.mark_initial();
    }

    /// Removes all counters but that of attempts, whose numbers documents have, and returns those before. For a world that is being made:
    /// it is in no redo record.
    pub fn clear_counters(&mut self) -> Counters {
        let attempts = self.counters.get("", &Counter::attempts());
        let mut cleared = Counters::default();
        cleared.set(Name::default(), Counter::attempts(), attempts);
        self.replace_counters(cleared)
    }

    /// Replaces all counters, and returns those before. For a world that is being made: it is in no redo record.
    pub fn replace_counters(&mut self, counters: Counters) -> Counters {
        std::mem::replace(&mut self.counters, counters)
    }
}

/// The counters of the scenario or of a fault, to be changed.
pub struct Tally<'w> {
    owner: Name,
    counters: &'w mut Counters,
    log: &'w mut Log,
}

impl Tally<'_> {
    /// Adds one to a counter, and returns the sum.
    pub fn add(&mut self, counter: Counter) -> u64 {
        let before = self.counters.add(&self.owner, &counter);
        self.log.note(|| Touch::Counter(self.owner.clone(), counter, before));
        before.map_or(0, |count| count.calls) + 1
    }

    #[must_use]
    pub fn get(&self, counter: &Counter) -> Option<Count> {
        self.counters.get(&self.owner, counter)
    }

    /// How many calls came so far of operations that are meant, by their vendors and ids, of all accounts.
    #[must_use]
    pub fn calls(&self, is_meant: impl Fn(&str, &str) -> bool) -> u64 {
        let calls = self.counters.of("").take_while(|(counter, _)| matches!(counter, Counter::Calls(..)));
        let meant = calls.filter(|(counter, _)| counter.operation().is_some_and(|(vendor, id)| is_meant(vendor, id)));
        meant.map(|(_, count)| count.calls).sum()
    }

    /// Adds one to the calls about an object that matched an override, and returns the sum. Of more than `most` objects the half is
    /// forgotten that was not seen for the longest time.
    pub fn add_of_object(&mut self, rule: usize, object: Name, now: Timestamp, most: u64) -> u64 {
        let counter = Counter::Object(rule, object);
        let before = self.get(&counter);
        if before.is_none() && self.add(Counter::Object(rule, Name::default())) > most {
            self.forget_objects(rule, most / 2);
        }
        let calls = before.map_or(0, |count| count.calls) + 1;
        self.set(counter, Some(Count { began: Some(now), calls }));
        calls
    }

    /// Adds one to the calls of an operation by a caller whose credential opens no account. Returns the sum, and what tells the caller from
    /// others, unless too many came before: those that are too many are counted together.
    pub fn add_of_stranger(&mut self, operation: &Name, stranger: &str) -> (u64, Option<Name>) {
        let (own, all) = (Counter::stranger(format!("{} {stranger}", operation.as_str()).into()), Counter::stranger(Name::default()));
        if self.get(&own).is_none() {
            if self.get(&all).is_some_and(|count| count.calls >= STRANGERS) {
                return (self.add(Counter::stranger(operation.clone())), None);
            }
            self.add(all);
        }
        (self.add(own), Some(stranger.to_owned().into()))
    }

    fn forget_objects(&mut self, rule: usize, kept: u64) {
        let is_object = |counter: &Counter| matches!(counter, Counter::Object(own, object) if *own == rule && !object.is_empty());
        let owner = self.owner.clone();
        let objects = self.counters.of(&owner).filter(|(counter, _)| is_object(counter));
        let mut objects: Vec<_> = objects.map(|(counter, count)| (count.began, counter.clone())).collect();
        objects.sort();
        let kept = usize::try_from(kept).unwrap_or(usize::MAX).min(objects.len());
        objects.truncate(objects.len() - kept);
        objects.into_iter().for_each(|(_, counter)| self.set(counter, None));
        self.set(Counter::Object(rule, Name::default()), Some(Count { began: None, calls: kept as u64 + 1 }));
    }

    /// Sets or removes a counter.
    pub fn set(&mut self, counter: Counter, count: Option<Count>) {
        let before = self.counters.set(self.owner.clone(), counter.clone(), count);
        self.log.note(|| Touch::Counter(self.owner.clone(), counter, before));
    }
}
