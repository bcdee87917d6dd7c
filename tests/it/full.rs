//! A sandbox that holds as much as it may: what is under way is neither lost nor stuck.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use seatrial::base::name::Name;
use seatrial::base::time;
use seatrial::carrier::{Parcel, Status};
use seatrial::engine::webhooks::{AttemptResult, Progress, Subscription};
use seatrial::engine::{Fault, Machine, NoScenario, Options, Start};
use seatrial::vendors;
use seatrial::world::{Clock, Mode};
use serde_json::json;

use crate::advance::{advance, advance_answered};

const NUMBER: &str = "SEA1";

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

/// A machine whose sandboxes may hold so many bytes.
fn machine(sandbox_bytes: usize) -> Machine {
    let start = Start { clock: Clock::new(Mode::Frozen, None, wall()), ..Start::plain(wall()) };
    Machine::new(vendors::all(), Options { sandbox_bytes, ..Options::default() }, start)
}

/// Makes a machine twice and prepares it: without a limit, and holding exactly as much as it may.
fn free_and_full(prepare: impl Fn(&Machine)) -> [Machine; 2] {
    let free = machine(usize::MAX);
    prepare(&free);
    let full = machine(free.usage(free.default_sandbox()).documents);
    prepare(&full);
    assert!(full.usage(full.default_sandbox()).full && !free.usage(free.default_sandbox()).full);
    [free, full]
}

fn filler(bytes: usize) -> Fault {
    Fault::new(Name::new("filler"), json!("x".repeat(bytes)), Arc::new(NoScenario))
}

fn after(hours: i64) -> Timestamp {
    time::shift(wall(), SignedDuration::from_hours(hours))
}

#[test]
fn what_came_of_a_webhook_is_written_down_in_a_full_sandbox() {
    let prepare = |machine: &Machine| {
        let tried = machine.as_account(machine.default_sandbox(), "shippo", None, wall(), |cx| {
            let id = cx.subscribe(Subscription::new("http://127.0.0.1:9/hook", vec!["*".to_owned()], cx.now));
            cx.send_test(&id, "transaction_created")
        });
        assert!(tried.expect("there is an account").is_some());
    };
    for machine in free_and_full(prepare) {
        let sandbox = machine.default_sandbox();
        let mut answers = 0;
        advance_answered(&machine, sandbox, wall(), wall(), &mut |_| {
            answers += 1;
            AttemptResult::Answered { status: 200, body: "thank you".repeat(100) }
        });
        let found: Vec<_> = sandbox.deliveries().iter().map(|row| (row.progress, row.attempts.len())).collect();
        assert_eq!((answers, found), (1, vec![(Progress::Delivered, 1)]));
        assert!(sandbox.lock().world.outbox().is_empty());
    }
}

#[test]
fn a_step_that_does_not_fit_is_postponed_until_there_is_room() {
    let prepare = |machine: &Machine| {
        assert!(machine.default_sandbox().switch_on(filler(20_000), jiff::Timestamp::UNIX_EPOCH));
        let booked = machine.as_account(machine.default_sandbox(), "shiptheory", None, wall(), |cx| {
            cx.create_parcel(Parcel { tracking_number: NUMBER.to_owned(), created: cx.now, ..Parcel::default() });
        });
        booked.expect("it fits exactly");
    };
    let [free, full] = free_and_full(prepare);
    let parcel = |machine: &Machine| machine.default_sandbox().parcels().remove(0);
    let (now, fired) = advance(&free, free.default_sandbox(), after(240), wall());
    assert!(now == after(240) && fired > 3 && parcel(&free).status() == Status::Delivered, "{fired} {:?}", parcel(&free));

    // Time goes on, the step is kept, and whoever looks at what is due next does not wait for it.
    let sandbox = full.default_sandbox();
    assert_eq!(advance(&full, sandbox, after(120), wall()), (after(120), 0));
    assert_eq!(advance(&full, sandbox, after(240), wall()), (after(240), 0));
    assert_eq!((parcel(&full).step, parcel(&full).scans.len()), (0, 0));
    let agenda = sandbox.lock().world.agenda().clone();
    assert_eq!((agenda.len(), agenda.next()), (1, None));
    assert_eq!(full.time_until_work(sandbox, wall()), None);

    // Too little room is as good as none, and a copy keeps what is postponed.
    assert!(sandbox.switch_on(filler(19_990), jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(advance(&full, sandbox, after(240), wall()).1, 0);
    sandbox.snapshot("full", wall());
    assert!(sandbox.drop_snapshot("full"));
    assert!(sandbox.switch_off("filler"));
    assert_eq!(full.time_until_work(sandbox, wall()), Some(std::time::Duration::ZERO));
    assert_eq!(advance(&full, sandbox, after(240), wall()), (after(240), fired));
    assert_eq!(parcel(&full), parcel(&free));
    assert!(sandbox.lock().world.agenda().is_empty());
}

#[test]
fn what_does_not_fit_is_tried_again_by_the_next_call_too() {
    let prepare = |machine: &Machine| {
        assert!(machine.default_sandbox().switch_on(filler(20_000), jiff::Timestamp::UNIX_EPOCH));
        let booked = machine.as_account(machine.default_sandbox(), "shiptheory", None, wall(), |cx| {
            cx.create_parcel(Parcel { tracking_number: NUMBER.to_owned(), created: cx.now, ..Parcel::default() });
        });
        booked.expect("it fits exactly");
    };
    let [_, full] = free_and_full(prepare);
    let sandbox = full.default_sandbox();
    advance(&full, sandbox, after(240), wall());
    assert!(sandbox.switch_off("filler"));
    let seen = full.with_parcel(sandbox, NUMBER, wall(), |_, parcel| parcel.status());
    assert_eq!(seen.ok(), Some(Status::Delivered));
}
