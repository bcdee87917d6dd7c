//! The log of a world: any changes can be rolled back to any savepoint, and redo records make the same changes in another copy.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use seatrial::base::name::Name;
use seatrial::base::time;
use seatrial::world::{AccountId, Clock, Count, Counter, Credential, Kind, Mode, OutboxEntry, Savepoint, Task, World};

const KINDS: [Kind; 2] = [Kind::new("label"), Kind::new("address")];
const MOUNT: Name = Name::new("acme");

#[derive(Clone, Debug)]
enum Step {
    Open(u8),
    Put(u8, u8, u8, u8),
    Remove(u8, u8, u8),
    Count(u8),
    Window(u8, Option<u8>),
    Schedule(u8, u8),
    Take(u8),
    Postpone(u8, usize),
    TakePostponed(usize),
    Post(u8),
    Withdraw(u8),
    Credentials(u8),
    Time(u8),
    Mode(bool),
    Tally(u8, u8),
    Forget(u8),
    Savepoint,
    RollBack,
    Release,
    Seal,
}

fn step() -> impl Strategy<Value = Step> {
    let small = 0_u8..4;
    prop_oneof![
        (0_u8..12).prop_map(Step::Open),
        (small.clone(), 0_u8..2, 0_u8..6, any::<u8>()).prop_map(|(account, kind, id, body)| Step::Put(account, kind, id, body)),
        (small.clone(), 0_u8..2, 0_u8..6, any::<u8>()).prop_map(|(account, kind, id, body)| Step::Put(account, kind, id, body)),
        (small.clone(), 0_u8..2, 0_u8..6).prop_map(|(account, kind, id)| Step::Remove(account, kind, id)),
        small.clone().prop_map(Step::Count),
        (small.clone(), any::<Option<u8>>()).prop_map(|(account, calls)| Step::Window(account, calls)),
        (small.clone(), small.clone()).prop_map(|(at, account)| Step::Schedule(at, account)),
        small.clone().prop_map(Step::Take),
        (small.clone(), 0_usize..4).prop_map(|(at, needs)| Step::Postpone(at, needs)),
        (0_usize..4).prop_map(Step::TakePostponed),
        (0_u8..6).prop_map(Step::Post),
        (0_u8..6).prop_map(Step::Withdraw),
        small.clone().prop_map(Step::Credentials),
        small.clone().prop_map(Step::Time),
        any::<bool>().prop_map(Step::Mode),
        (0_u8..2, small.clone()).prop_map(|(owner, index)| Step::Tally(owner, index)),
        (0_u8..2).prop_map(Step::Forget),
        Just(Step::Savepoint),
        Just(Step::Savepoint),
        Just(Step::RollBack),
        Just(Step::Release),
        Just(Step::Seal),
    ]
}

fn at(minutes: u8) -> Timestamp {
    time::shift(Timestamp::UNIX_EPOCH, SignedDuration::from_mins(i64::from(minutes)))
}

fn owner(number: u8) -> Name {
    if number == 0 { Name::default() } else { Name::new("fault") }
}

/// Makes a change. What is about an account opens it first.
fn change(world: &mut World, step: &Step) {
    let account = |world: &mut World, number: u8| world.open_account(MOUNT, &format!("account-{number}"));
    let task = |account: AccountId| Task { account, vendor: MOUNT, topic: "step".into(), subject: "label".into(), step: 1 };
    match *step {
        Step::Open(number) => drop(account(world, number)),
        Step::Put(number, kind, id, body) => {
            let account = account(world, number);
            world
                .put(account, &KINDS[usize::from(kind)], &format!("id-{id}"), |out| out.extend_from_slice(&[b'"', b'a' + body % 26, b'"']));
        }
        Step::Remove(number, kind, id) => {
            let account = account(world, number);
            world.remove(account, &KINDS[usize::from(kind)], &format!("id-{id}"));
        }
        Step::Count(number) => {
            let account = account(world, number);
            world.count_call(account);
        }
        Step::Window(number, calls) => {
            let account = account(world, number);
            world.set_window(account, "class".into(), calls.map(|calls| (at(1), u64::from(calls))));
        }
        Step::Schedule(minutes, number) => {
            let account = account(world, number);
            world.schedule(at(minutes), task(account));
        }
        Step::Take(minutes) => drop(world.take_due(at(minutes), 0)),
        Step::Postpone(minutes, needs) => {
            if let Some((key, task)) = world.take_due(at(minutes), 0) {
                world.postpone(key, task, needs + 1);
            }
        }
        Step::TakePostponed(room) => drop(world.take_due(Timestamp::MIN, room)),
        Step::Post(number) => {
            let account = account(world, 0);
            world.post(OutboxEntry { at: at(0), account, vendor: MOUNT, delivery: number.to_string().into() });
        }
        Step::Withdraw(number) => drop(world.withdraw(AccountId(0), &number.to_string())),
        Step::Credentials(number) => {
            world.set_credentials(MOUNT, vec![Credential { account: number.to_string().into(), fields: Default::default() }]);
        }
        Step::Time(minutes) => world.set_time(at(minutes), at(0)),
        Step::Mode(runs) => world.set_mode(if runs { Mode::Realtime } else { Mode::Frozen }, at(0)),
        Step::Tally(number, index) => {
            let (_, mut tally) = world.tally(owner(number));
            let calls = tally.add(Counter::Matched(index.into()));
            tally.set(Counter::Window(index.into(), "".into()), Some(Count { began: Some(at(index)), calls }));
        }
        Step::Forget(number) => world.forget_counts(&owner(number)),
        Step::Savepoint | Step::RollBack | Step::Release | Step::Seal => {}
    }
}

/// All that can be seen of a world, but for tables that are empty.
fn seen(world: &World) -> String {
    let mut text = format!("{:?} {:?} {} {:?}\n", world.clock(), world.agenda().next(), world.accounts().bytes(), world.counters());
    for (id, account) in world.accounts().iter() {
        let found = world.accounts().find(&account.mount, &account.name);
        let _ = writeln!(text, "{id:?} {found:?} {} {} {:?}", account.name, account.calls(), account.window("class"));
        for kind in &KINDS {
            for (id, body) in account.table(kind).into_iter().flat_map(|table| table.iter()) {
                let _ = writeln!(text, "  {kind:?} {id} {body}");
            }
        }
    }
    let _ = writeln!(text, "{:?}", world.accounts().credentials("acme"));
    let _ = writeln!(text, "{:?}\n{:?}", world.agenda().iter().collect::<Vec<_>>(), world.outbox().iter().collect::<Vec<_>>());
    text
}

fn world() -> World {
    World::new(42, Clock::new(Mode::Frozen, None, at(0)))
}

proptest! {
    #[test]
    fn any_changes_are_rolled_back_and_told(steps in prop::collection::vec(step(), 0..120), recorded in any::<bool>()) {
        let (mut world, mut copy) = (world(), world());
        if recorded {
            world.record();
        }
        let mut savepoints: Vec<(Savepoint, String)> = Vec::new();
        for step in &steps {
            match step {
                Step::Savepoint => {
                    let before = seen(&world);
                    savepoints.push((world.savepoint(), before));
                }
                Step::RollBack => {
                    let Some((savepoint, before)) = savepoints.pop() else { continue };
                    world.roll_back(savepoint);
                    prop_assert_eq!(before, seen(&world));
                }
                Step::Release => {
                    let Some((savepoint, _)) = savepoints.pop() else { continue };
                    let before = seen(&world);
                    world.release(savepoint);
                    prop_assert_eq!(before, seen(&world));
                }
                Step::Seal => {
                    let changes = world.seal();
                    copy.apply(&changes)?;
                    prop_assert!(changes.is_empty() || (recorded && savepoints.is_empty()));
                }
                change_of_data => change(&mut world, change_of_data),
            }
        }
        while let Some((savepoint, _)) = savepoints.pop() {
            world.release(savepoint);
        }
        if recorded {
            copy.apply(&world.seal())?;
            prop_assert!(world.seal().is_empty());
            prop_assert_eq!(without_next(&world), without_next(&copy));
        }
    }
}

/// All that can be seen, but for when the next task is due: what is postponed here is not in another copy.
fn without_next(world: &World) -> String {
    seen(world).replace(&format!("{:?} ", world.agenda().next()), "")
}
