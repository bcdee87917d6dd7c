//! Webhook deliveries on the virtual clock: every attempt is made, however the clock is moved, and a receiver that is down for a
//! while loses nothing.

use std::collections::HashSet;

use jiff::SignedDuration;
use proptest::prelude::*;
use seatrial::base::time::{self, Timestamp};
use seatrial::carrier::{Location, Parcel};
use seatrial::engine::webhooks::{AttemptResult, Delivery, Outbound, Pause, Progress, SUBSCRIPTION, Subscription};
use seatrial::engine::{Cx, Machine, Options, Sandbox, UNLIMITED};
use seatrial::vendors;

use crate::advance::advance_answered;
use crate::made_up::{self, set_scenario};

const WALL: &str = "2026-01-05T09:00:00Z";

fn wall() -> Timestamp {
    WALL.parse().expect("a valid timestamp")
}

/// A machine whose default sandbox is frozen and disturbed as `webhooks` says.
fn machine(webhooks: &str) -> Machine {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, &format!("clock: {{start: {WALL}, mode: frozen}}\nwebhooks: {webhooks}\n")).expect("the scenario is fine");
    machine
}

fn by_hand<T>(machine: &Machine, vendor: &str, act: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    machine.as_account(machine.default_sandbox(), vendor, None, wall(), act).expect("the vendor has an account")
}

fn subscribe(machine: &Machine, vendor: &str, events: &[&str]) -> String {
    let events = events.iter().map(|event| (*event).to_owned()).collect();
    by_hand(machine, vendor, |cx| cx.subscribe(Subscription::new("http://127.0.0.1:9/hook", events, cx.now)))
}

fn notify(machine: &Machine, event: &str, subject: &str) {
    by_hand(machine, "shipmate", |cx| cx.notify(event, subject, &serde_json::json!({"shipment_reference": subject})));
}

/// Moves the clock and delivers on the way, as the shell does; the receiver answers by subject and attempt.
fn advance(machine: &Machine, by: SignedDuration, answer: &mut dyn FnMut(&Outbound) -> AttemptResult) -> u64 {
    let sandbox = machine.default_sandbox();
    let to = time::shift(sandbox.lock().world.clock().now(wall()), by);
    advance_answered(machine, sandbox, to, wall(), answer).1
}

fn answered(status: u16) -> AttemptResult {
    AttemptResult::Answered { status, body: String::new() }
}

fn deliveries(machine: &Machine) -> Vec<Delivery> {
    machine.default_sandbox().deliveries()
}

fn subscription(machine: &Machine, id: &str) -> Subscription {
    by_hand(machine, "shipmate", |cx| cx.docs.get(SUBSCRIPTION, id).expect("it is there"))
}

/// Everything in a sandbox that a caller could ever see.
fn dump(sandbox: &Sandbox) -> String {
    let state = sandbox.lock();
    let mut text = format!("{} {:?} {:?}\n", state.world.clock().now(wall()), state.world.agenda().next(), state.world.agenda().len());
    for (account, kind, id, body) in state.world.accounts().documents() {
        text += &format!("{} {} {} {id} {body}\n", account.mount, account.name, kind.0);
    }
    text
}

fn place(country: &str, zip: &str) -> Location {
    Location { country: country.to_owned(), zip: zip.to_owned(), ..Location::default() }
}

fn parcel(number: usize, created: Timestamp) -> Parcel {
    Parcel {
        tracking_number: format!("T{number:06}"),
        carrier: "DPD".into(),
        service: "DPDNEXT".into(),
        subject: format!("R{number:06}"),
        from: place("GB", "DE1 1EE"),
        to: [place("GB", "EC1A 1BB"), place("US", "94103"), place("AU", "2000")][number % 3].clone(),
        created,
        transit_days: u8::try_from(number % 5).unwrap_or(0),
        by: None,
        ..Parcel::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_advances_equal_one_advance_of_their_sum(minutes in prop::collection::vec(0_i64..3_000, 1..12), luck in any::<u64>()) {
        let run = |minutes: &[i64]| {
            let machine = machine("{duplicate: 0.2, reorder: 2, delay: 0s..90m, drop: 0.1}");
            subscribe(&machine, "shippo", &["*"]);
            by_hand(&machine, "shippo", |cx| {
                (0..6).for_each(|number| cx.create_parcel(parcel(number, cx.now)));
                for (number, story) in [(1, "out-of-order-scans"), (3, "three-failed-then-returned")] {
                    assert!(cx.parcel(&format!("T{number:06}")).is_some_and(|mut parcel| cx.set_timeline(&mut parcel, story)));
                }
            });
            let mut sent = Vec::new();
            for minutes in minutes {
                // A receiver whose mood depends on what it is told and when, and on nothing else.
                advance(&machine, SignedDuration::from_mins(*minutes), &mut |outbound| {
                    sent.push(outbound.clone());
                    let mood = outbound.at.as_second().unsigned_abs().wrapping_mul(luck | 1).rotate_left(17) % 5;
                    match mood {
                        0 => AttemptResult::Silent("nobody is there".to_owned()),
                        1 => answered(500),
                        _ => answered(200),
                    }
                });
            }
            (dump(machine.default_sandbox()), sent)
        };
        let whole: i64 = minutes.iter().sum();
        let (parts, whole) = (run(&minutes), run(&[whole]));
        prop_assert_eq!(parts.0, whole.0);
        prop_assert_eq!(parts.1, whole.1);
    }
}

#[test]
fn a_receiver_that_comes_back_has_lost_nothing() {
    let machine = machine("{}");
    let id = subscribe(&machine, "shipmate", &["SHIPMENT_CREATED"]);
    for number in 0..4 {
        notify(&machine, "SHIPMENT_CREATED", &format!("S{number}"));
    }
    let mut tried: Vec<(Timestamp, String)> = Vec::new();
    advance(&machine, SignedDuration::from_hours(48), &mut |outbound| {
        tried.push((outbound.at, outbound.delivery.clone()));
        AttemptResult::Silent("nobody is there".to_owned())
    });
    // The tenth failure in a row comes in the third round, all of which is on its way by then.
    let offsets: Vec<i64> = tried.iter().map(|(at, _)| at.duration_since(wall()).as_mins()).collect();
    assert_eq!(offsets, [0, 0, 0, 0, 1, 1, 1, 1, 6, 6, 6, 6]);
    let paused = subscription(&machine, &id);
    assert_eq!((paused.paused, paused.failures), (Some(Pause::Failures), 12));
    notify(&machine, "SHIPMENT_CREATED", "S4");
    advance(&machine, SignedDuration::from_hours(1), &mut |_| panic!("a paused subscription is told nothing"));
    assert!(deliveries(&machine).iter().all(|row| row.progress == Progress::Paused));

    by_hand(&machine, "shipmate", |cx| assert!(cx.resume(&id)));
    let mut received = Vec::new();
    advance(&machine, SignedDuration::from_hours(1), &mut |outbound| {
        received.push(outbound.delivery.clone());
        answered(200)
    });
    let rows = deliveries(&machine);
    assert_eq!(received, rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>(), "each once, in order");
    assert!(rows.iter().all(|row| row.progress == Progress::Delivered));
    assert_eq!(rows.iter().map(|row| row.attempts.len()).collect::<Vec<_>>(), [4, 4, 4, 4, 1]);
    assert_eq!(subscription(&machine, &id).paused, None);
    advance(&machine, SignedDuration::from_hours(48), &mut |_| panic!("nothing is told twice"));
}

#[test]
fn the_gaps_between_attempts_are_the_vendors() {
    let machine = machine("{}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CANCELLED", "S1");
    let mut tried = Vec::new();
    advance(&machine, SignedDuration::from_hours(48), &mut |outbound| {
        tried.push((outbound.at.duration_since(wall()).as_mins(), outbound.body.clone()));
        answered(503)
    });
    assert_eq!(tried.iter().map(|(minutes, _)| *minutes).collect::<Vec<_>>(), [0, 1, 6, 21, 81, 321]);
    assert!(tried.windows(2).all(|pair| pair[0].1 == pair[1].1), "every attempt says the same, with the same request token");
    let rows = deliveries(&machine);
    assert_eq!(rows[0].progress, Progress::Failed);
    by_hand(&machine, "shipmate", |cx| assert!(cx.redeliver(&rows[0].id)));
    advance(&machine, SignedDuration::ZERO, &mut |_| answered(204));
    assert_eq!(deliveries(&machine)[0].progress, Progress::Delivered);
}

#[test]
fn gone_is_gone() {
    let machine = machine("{}");
    let id = subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    advance(&machine, SignedDuration::from_hours(48), &mut |_| answered(410));
    assert_eq!(deliveries(&machine)[0].attempts.len(), 1);
    assert_eq!(subscription(&machine, &id).paused, Some(Pause::Gone));
}

#[test]
fn only_who_asked_is_told_and_nobody_after_leaving() {
    let machine = machine("{}");
    let id = subscribe(&machine, "shipmate", &["SHIPMENT_CREATED"]);
    notify(&machine, "SHIPMENT_CANCELLED", "S1");
    assert!(deliveries(&machine).is_empty());
    notify(&machine, "SHIPMENT_CREATED", "S2");
    by_hand(&machine, "shipmate", |cx| assert!(cx.unsubscribe(&id)));
    advance(&machine, SignedDuration::from_hours(1), &mut |_| panic!("nobody listens"));
    assert_eq!(deliveries(&machine)[0].progress, Progress::Failed);
}

#[test]
fn an_event_that_is_sent_twice_says_the_same() {
    let machine = machine("{duplicate: 1}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    let mut bodies = Vec::new();
    advance(&machine, SignedDuration::from_hours(1), &mut |outbound| {
        bodies.push(outbound.body.clone());
        answered(200)
    });
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
}

#[test]
fn events_overtake_each_other_and_none_is_lost() {
    let machine = machine("{reorder: 3}");
    subscribe(&machine, "shipmate", &["*"]);
    let mut received = Vec::new();
    for number in 0..40 {
        notify(&machine, "SHIPMENT_CREATED", &format!("S{number:02}"));
        advance(&machine, SignedDuration::from_secs(1), &mut |outbound| {
            let body: serde_json::Value = serde_json::from_str(&outbound.body).expect("JSON");
            received.push(body["shipment_reference"].as_str().unwrap_or_default().to_owned());
            answered(200)
        });
    }
    advance(&machine, SignedDuration::from_hours(1), &mut |outbound| {
        let body: serde_json::Value = serde_json::from_str(&outbound.body).expect("JSON");
        received.push(body["shipment_reference"].as_str().unwrap_or_default().to_owned());
        answered(200)
    });
    let mut sorted = received.clone();
    sorted.sort();
    assert_ne!(received, sorted);
    assert_eq!(sorted, (0..40).map(|number| format!("S{number:02}")).collect::<Vec<_>>());
}

#[test]
fn events_come_as_late_as_the_scenario_says() {
    let machine = machine("{delay: 30s..90s}");
    subscribe(&machine, "shipmate", &["*"]);
    (0..40).for_each(|number| notify(&machine, "SHIPMENT_CREATED", &format!("S{number:02}")));
    let mut late = Vec::new();
    advance(&machine, SignedDuration::from_hours(1), &mut |outbound| {
        late.push(outbound.at.duration_since(wall()).as_secs());
        answered(200)
    });
    assert_eq!(late.len(), 40);
    assert!(late.iter().all(|seconds| (30..=90).contains(seconds)) && late.first() < late.last(), "{late:?}");
}

#[test]
fn dropped_events_never_come() {
    let machine = machine("{drop: 1}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    advance(&machine, SignedDuration::from_hours(48), &mut |_| panic!("it was dropped"));
    assert_eq!(deliveries(&machine)[0].progress, Progress::Dropped);
}

#[test]
fn a_year_with_ten_thousand_parcels_is_one_advance() {
    let machine = machine("{}");
    by_hand(&machine, "shipmate", |cx| (0..10_000).for_each(|number| cx.create_parcel(parcel(number, cx.now))));
    let year = SignedDuration::from_hours(365 * 24);
    let fired = advance(&machine, year, &mut |_| panic!("nobody listens"));
    // Manifested, collected, sorted, arrived, on the van, delivered, and nothing for a parcel that is there; two steps more through
    // customs, two less with a driver who comes at once.
    let steps = |number: u64| if number.is_multiple_of(5) { 4 } else { 6 + 2 * u64::from(!number.is_multiple_of(3)) };
    assert_eq!(fired, (0..10_000).map(steps).sum::<u64>());
    let delivered = by_hand(&machine, "shipmate", |cx| {
        cx.docs.list::<Parcel>(seatrial::engine::PARCEL).filter(|parcel| parcel.status().is_final()).count()
    });
    assert_eq!(delivered, 10_000);
    assert_eq!(machine.default_sandbox().lock().world.agenda().len(), 0);
}

#[test]
fn a_scenario_subscribes_whom_it_names() {
    let machine = machine("{subscriptions: [{vendor: shipmate, url: http://127.0.0.1:9/hook, events: [SHIPMENT_CREATED], format: form}]}");
    notify(&machine, "SHIPMENT_CREATED", "S1");
    notify(&machine, "SHIPMENT_CANCELLED", "S1");
    let mut bodies = Vec::new();
    advance(&machine, SignedDuration::from_hours(1), &mut |outbound| {
        bodies.push(outbound.body.clone());
        answered(200)
    });
    assert_eq!(bodies.len(), 1);
    assert!(bodies[0].ends_with("&event=SHIPMENT_CREATED&shipment_reference=S1"), "{bodies:?}");
}

#[test]
fn a_scenario_that_subscribes_to_nothing_known_is_refused() {
    let machine = made_up::machine(vendors::all(), Options::default());
    let text = "webhooks: {subscriptions: [{vendor: shippo, url: http://127.0.0.1:9/hook, events: [track_update]}]}";
    let problems = set_scenario(&machine, text).expect_err("there is no such event");
    assert!(problems.contains("`track_update` is no event of shippo"), "{problems}");
}

#[test]
fn a_delivery_that_is_sent_again_has_all_attempts_of_the_policy() {
    let machine = machine("{}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    advance(&machine, SignedDuration::from_hours(48), &mut |_| answered(503));
    let id = deliveries(&machine)[0].id.clone();
    by_hand(&machine, "shipmate", |cx| assert!(cx.redeliver(&id)));
    advance(&machine, SignedDuration::from_hours(48), &mut |_| answered(503));
    let delivery = &deliveries(&machine)[0];
    assert_eq!((delivery.attempts.len(), delivery.progress), (10, Progress::Paused), "until the tenth failure in a row");
}

#[test]
fn what_is_under_way_is_not_sent_again() {
    let machine = machine("{}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    let sandbox = machine.default_sandbox();
    let outbound = machine.due_webhooks(sandbox, wall(), UNLIMITED).expect("there is no limit");
    let id = deliveries(&machine)[0].id.clone();
    by_hand(&machine, "shipmate", |cx| assert!(!cx.redeliver(&id)));
    machine.report(sandbox, &outbound[0], &answered(200), wall());
    assert_eq!(deliveries(&machine)[0].attempts.len(), 1);
}

#[test]
fn a_subscription_is_paused_after_ten_failures_in_a_row() {
    let machine = machine("{}");
    let id = subscribe(&machine, "shipmate", &["*"]);
    // Time stands still, so that each event is one attempt.
    let send = |statuses: &[u16]| {
        for status in statuses {
            notify(&machine, "SHIPMENT_CREATED", "S");
            advance(&machine, SignedDuration::ZERO, &mut |_| answered(*status));
        }
        let subscription = subscription(&machine, &id);
        (subscription.failures, subscription.paused)
    };
    assert_eq!(send(&[500; 9]), (9, None));
    assert_eq!(send(&[200]), (0, None));
    assert_eq!(send(&[500; 9]), (9, None));
    assert_eq!(send(&[500]), (10, Some(Pause::Failures)));
}

#[test]
fn a_test_event_is_one_attempt_that_neither_counts_nor_minds_a_pause() {
    let machine = machine("{drop: 1, delay: 1h}");
    let id = subscribe(&machine, "shipmate", &["*"]);
    let send = |status: u16| {
        by_hand(&machine, "shipmate", |cx| assert!(cx.send_test(&id, "SHIPMENT_CREATED").is_some()));
        let mut attempts = 0;
        advance(&machine, SignedDuration::from_hours(48), &mut |_| {
            attempts += 1;
            answered(status)
        });
        (attempts, subscription(&machine, &id).failures, subscription(&machine, &id).paused)
    };
    assert_eq!(send(503), (1, 0, None));
    by_hand(&machine, "shipmate", |cx| {
        let paused = Subscription { paused: Some(Pause::Gone), ..cx.docs.get(SUBSCRIPTION, &id).expect("it is there") };
        cx.subscribe(paused);
    });
    assert_eq!(send(200), (1, 0, Some(Pause::Gone)));
}

#[test]
fn what_is_dropped_is_not_sent_twice_either() {
    let machine = machine("{drop: 1, duplicate: 1}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S1");
    advance(&machine, SignedDuration::from_hours(48), &mut |_| panic!("it was dropped"));
    assert_eq!(deliveries(&machine).len(), 1);
}

/// The numbers of events in the order in which they come within a time.
fn numbers(machine: &Machine, by: SignedDuration) -> Vec<usize> {
    let mut came = Vec::new();
    advance(machine, by, &mut |outbound| {
        let body: serde_json::Value = serde_json::from_str(&outbound.body).expect("JSON");
        came.push(body["shipment_reference"].as_str().and_then(|reference| reference[1..].parse().ok()).unwrap_or_default());
        answered(200)
    });
    came
}

#[test]
fn no_delivery_is_overtaken_by_more_than_the_scenario_says_not_even_in_a_burst() {
    for most in 1..4 {
        let machine = machine(&format!("{{reorder: {most}}}"));
        subscribe(&machine, "shipmate", &["*"]);
        (0..60).for_each(|number| notify(&machine, "SHIPMENT_CREATED", &format!("S{number:02}")));
        // What happens at one instant swaps at that instant; the last ones have nobody who could overtake them.
        let mut came = numbers(&machine, SignedDuration::ZERO);
        assert!(came.len() >= 60 - 4 * most, "{came:?}");
        came.extend(numbers(&machine, SignedDuration::from_mins(1)));
        let overtaken = |place: usize| came[..place].iter().filter(|other| **other > came[place]).count();
        let limits: Vec<usize> = (0..came.len()).map(overtaken).collect();
        assert_eq!((came.len(), limits.iter().max()), (60, Some(&most)), "{came:?}");
    }
}

#[test]
fn copies_overtake_and_are_overtaken_like_what_they_repeat() {
    for (most, share) in [(1, "1"), (2, "1"), (3, "0.5")] {
        let machine = machine(&format!("{{reorder: {most}, duplicate: {share}}}"));
        subscribe(&machine, "shipmate", &["*"]);
        (0..60).for_each(|number| notify(&machine, "SHIPMENT_CREATED", &format!("S{number:02}")));
        let came = numbers(&machine, SignedDuration::from_hours(1));
        let overtaken = |place: usize| came[..place].iter().filter(|other| **other > came[place]).count();
        assert_eq!((0..came.len()).map(overtaken).max(), Some(most), "{came:?}");
        // Who takes each event once meets another order as well, and who takes all of them misses nothing.
        let mut once = came.clone();
        let mut known = HashSet::new();
        once.retain(|number| known.insert(*number));
        assert!(!once.is_sorted(), "{once:?}");
        let twice = (0..60).filter(|event| came.iter().filter(|number| *number == event).count() == 2).count();
        assert_eq!((once.len(), came.len()), (60, 60 + twice), "{came:?}");
        assert!(if share == "1" { twice == 60 } else { (10..50).contains(&twice) }, "{came:?}");
    }
}

#[test]
fn a_held_delivery_comes_though_nothing_follows_it() {
    let machine = machine("{reorder: 1000}");
    subscribe(&machine, "shipmate", &["*"]);
    notify(&machine, "SHIPMENT_CREATED", "S07");
    assert_eq!(numbers(&machine, SignedDuration::from_secs(59)), Vec::<usize>::new());
    assert_eq!(numbers(&machine, SignedDuration::from_secs(1)), [7]);
}

#[test]
fn subscriptions_hear_their_own_vendor_while_they_are_active() {
    let machine = machine("{}");
    let id = subscribe(&machine, "shippo", &["*"]);
    let wants = |event: &str| by_hand(&machine, "shippo", |cx| cx.is_subscribed(event));
    assert!(wants("track_updated"));
    by_hand(&machine, "shippo", |cx| {
        let inactive = Subscription { active: false, ..cx.docs.get(SUBSCRIPTION, &id).expect("it is there") };
        cx.subscribe(inactive);
    });
    assert!(!wants("track_updated"));
    by_hand(&machine, "shippo", |cx| {
        let other = Subscription { active: true, vendor: "another".to_owned(), ..cx.docs.get(SUBSCRIPTION, &id).expect("it is there") };
        cx.subscribe(other);
    });
    assert!(!wants("track_updated"));
}

#[test]
fn finished_deliveries_make_room_before_those_that_wait() {
    let machine = machine("{}");
    subscribe(&machine, "shippo", &["*"]);
    let filler = "x".repeat(6 << 20);
    for number in 0..7 {
        let payload = serde_json::json!({"number": number, "filler": filler});
        by_hand(&machine, "shippo", |cx| cx.notify("track_updated", &number.to_string(), &payload));
        // The first one is not answered and waits; all others are taken.
        advance(&machine, SignedDuration::ZERO, &mut |outbound| {
            if outbound.attempt == 0 && outbound.body.contains("\"number\":0") {
                AttemptResult::Silent(String::new())
            } else {
                answered(200)
            }
        });
    }
    let rows: Vec<(String, Progress)> = deliveries(&machine).into_iter().map(|row| (row.subject, row.progress)).collect();
    assert_eq!(rows.first(), Some(&("0".to_owned(), Progress::Waiting)), "{rows:?}");
    assert!(rows.len() < 7 && machine.default_sandbox().lock().forgotten_deliveries() == 7 - rows.len() as u64, "{rows:?}");
}

#[test]
fn deliveries_that_are_still_to_be_sent_make_room_for_none() {
    let machine = machine("{}");
    subscribe(&machine, "shippo", &["*"]);
    let filler = "x".repeat(6 << 20);
    for number in 0..7 {
        let payload = serde_json::json!({"number": number, "filler": filler});
        by_hand(&machine, "shippo", |cx| cx.notify("track_updated", &number.to_string(), &payload));
    }
    assert_eq!((deliveries(&machine).len(), machine.default_sandbox().lock().forgotten_deliveries()), (7, 0));
    let mut batches = Vec::new();
    for _ in 0..7 {
        let outbound = machine.due_webhooks(machine.default_sandbox(), wall(), &|| true).expect("there is time");
        outbound.iter().for_each(|row| machine.report(machine.default_sandbox(), row, &answered(200), wall()));
        batches.push(outbound.len());
    }
    assert_eq!(batches, [1; 7], "bodies are handed out by their bytes");
    by_hand(&machine, "shippo", |cx| cx.notify("track_updated", "8", &serde_json::json!({"filler": filler})));
    let subjects: Vec<String> = deliveries(&machine).into_iter().map(|row| row.subject).collect();
    assert_eq!(
        (subjects.first().map(|subject| &**subject), subjects.last().map(|subject| &**subject)),
        (Some("2"), Some("8")),
        "{subjects:?}"
    );
}
