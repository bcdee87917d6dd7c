//! Expectations of webhooks: which deliveries count, forged ones among them, and what a verdict tells of the others.

use jiff::SignedDuration;
use seatrial::base::time::{self, Timestamp};
use seatrial::engine::webhooks::{AttemptResult, Outbound, SUBSCRIPTION, Subscription};
use seatrial::engine::{Cx, Machine, Options, UNLIMITED};
use seatrial::scenario::verify::{Finding, Format};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance_answered;
use crate::made_up::{self, set_scenario};
use crate::verdicts::judge;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The events that each vendor forges in its own way.
const VENDORS: [(&str, &str, &str); 3] = [
    ("shippo", "track_updated", "forged_signature"),
    ("shipmate", "SHIPMENT_CREATED", "wrong_secret"),
    ("shipstation_v2", "track", "stale_timestamp"),
];

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn by_hand<T>(machine: &Machine, vendor: &str, act: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    machine.as_account(machine.default_sandbox(), vendor, None, wall(), act).expect("the vendor has an account")
}

fn machine(webhooks: &str) -> Machine {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, &format!("clock: {{start: {}, mode: frozen}}\nwebhooks: {webhooks}\n", wall())).expect("the scenario is fine");
    machine
}

fn subscribe(machine: &Machine, vendor: &str) -> String {
    by_hand(machine, vendor, |cx| {
        let to = Subscription::new("http://127.0.0.1:9/hook", vec!["*".to_owned()], cx.now);
        cx.subscribe(Subscription { secret: Some(SECRET.to_owned()), ..to })
    })
}

fn notify(machine: &Machine, vendor: &str, event: &str, times: usize) {
    by_hand(machine, vendor, |cx| (0..times).for_each(|_| cx.notify(event, "one", &json!({"about": "one"}))));
}

/// Lets four days pass, in which a receiver answers.
fn pass(machine: &Machine, answer: &dyn Fn(&Outbound) -> u16) {
    pass_with(machine, &|outbound| AttemptResult::Answered { status: answer(outbound), body: String::new() });
}

/// The same, in which attempts come to something.
fn pass_with(machine: &Machine, result: &dyn Fn(&Outbound) -> AttemptResult) {
    let sandbox = machine.default_sandbox();
    let to = time::shift(sandbox.lock().world.clock().now(wall()), SignedDuration::from_hours(96));
    advance_answered(machine, sandbox, to, wall(), &mut |outbound| result(outbound));
}

fn finding(machine: &Machine, expect: &str) -> Finding {
    judge(machine, machine.default_sandbox(), expect).findings.remove(0)
}

fn verdict(machine: &Machine, expect: &str) -> &'static str {
    finding(machine, expect).verdict.word()
}

#[test]
fn forged_webhooks_are_expected_to_be_refused_and_the_others_taken() {
    for (vendor, event, forgery) in VENDORS {
        let run = |checks: bool| {
            let machine = machine(&format!("{{{forgery}: 0.5}}"));
            subscribe(&machine, vendor);
            notify(&machine, vendor, event, 40);
            let sandbox = machine.default_sandbox();
            let forged = |id: &str| sandbox.deliveries().iter().any(|row| row.id == id && row.forged.is_some());
            pass(&machine, &|outbound| if checks && forged(&outbound.delivery) { 401 } else { 200 });
            machine
        };
        let refused = format!("{{webhook: {{event: {event}, forged: true, answered: 4xx}}}}");
        let none_taken = format!("{{webhook: {{event: {event}, forged: true, max: 0, answered: 2xx}}}}");
        let taken = format!("{{webhook: {{event: {event}, forged: false, answered: 2xx}}}}");
        let none_refused = format!("{{webhook: {{event: {event}, forged: false, max: 0, answered: 4xx}}}}");
        let of = |machine: &Machine| [&refused, &none_taken, &taken, &none_refused].map(|row| verdict(machine, row));
        assert_eq!(of(&run(true)), ["passed"; 4], "{vendor}");
        assert_eq!(of(&run(false)), ["failed", "failed", "passed", "passed"], "{vendor}");
    }
}

#[test]
fn what_is_forged_pauses_nothing() {
    let machine = machine("{wrong_secret: 1}");
    let id = subscribe(&machine, "shipmate");
    notify(&machine, "shipmate", "SHIPMENT_CREATED", 12);
    pass(&machine, &|_| 401);
    let subscription: Subscription = by_hand(&machine, "shipmate", |cx| cx.docs.get(SUBSCRIPTION, &id).expect("it is there"));
    assert_eq!((subscription.failures, subscription.paused), (0, None));
    assert_eq!(verdict(&machine, "{webhook: {event: SHIPMENT_CREATED, min: 12, max: 12, answered: 401}}"), "passed");
    notify(&machine, "shipmate", "SHIPMENT_CREATED", 1);
    pass(&machine, &|_| 410);
    let subscription: Subscription = by_hand(&machine, "shipmate", |cx| cx.docs.get(SUBSCRIPTION, &id).expect("it is there"));
    assert_eq!(subscription.paused, None, "410 to a forged one ends nothing");
}

#[test]
fn what_is_sent_again_by_hand_counts_as_it_was_each_time() {
    let machine = machine("{forged_signature: 1}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    pass(&machine, &|_| 401);
    let id = machine.default_sandbox().deliveries()[0].id.clone();
    assert!(by_hand(&machine, "shippo", |cx| cx.redeliver(&id)));
    pass(&machine, &|_| 200);
    assert_eq!(verdict(&machine, "{webhook: {event: track_updated, forged: true, answered: 401}}"), "passed");
    assert_eq!(verdict(&machine, "{webhook: {event: track_updated, forged: false, answered: 200}}"), "passed");
    assert_eq!(verdict(&machine, "{webhook: {event: track_updated, forged: false, max: 0, answered: 401}}"), "passed");
    for forged in ["true", "false"] {
        let calls = finding(&machine, &format!("{{webhook: {{event: track_updated, forged: {forged}}}}}")).calls;
        assert_eq!(calls, ["track_updated 2026-01-05T09:00:00Z answered 401 (forged: forged_signature), 200"]);
    }
}

#[test]
fn what_nobody_answered_was_not_delivered() {
    let silent = AttemptResult::Silent("Connection refused".to_owned());
    let refused = AttemptResult::Refused("8.8.8.8 is not allowed".to_owned());
    let whys =
        ["answered nothing, as it was never sent: it was never sent: 8.8.8.8 is not allowed", ": nobody answered: Connection refused"];
    for (result, why) in [refused, silent].into_iter().zip(whys) {
        let machine = machine("{}");
        subscribe(&machine, "shippo");
        notify(&machine, "shippo", "track_updated", 1);
        pass_with(&machine, &|_| result.clone());
        for members in ["min: 1", "min: 1, within: 1m", "min: 1, forged: false", "answered: 2xx", "answered: 200"] {
            let found = finding(&machine, &format!("{{webhook: {{event: track_updated, {members}}}}}"));
            assert_eq!(found.verdict.word(), "failed", "{members}: {found:?}");
            assert!(found.others[0].ends_with(why), "{members}: {:?}", found.others);
        }
        assert_eq!(verdict(&machine, "{webhook: {event: track_updated, max: 0}}"), "passed");
    }
    // Once somebody answers, it was delivered, and not before.
    let machine = machine("{}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    pass_with(&machine, &|outbound| match outbound.attempt {
        0 => AttemptResult::Silent("Connection refused".to_owned()),
        _ => AttemptResult::Answered { status: 500, body: String::new() },
    });
    assert_eq!(verdict(&machine, "{webhook: {event: track_updated, min: 1}}"), "passed");
    let found = finding(&machine, "{webhook: {event: track_updated, within: 1s}}");
    assert!(found.others[0].ends_with(": later than 1s after its event"), "{:?}", found.others);
}

#[test]
fn what_is_due_is_neither_taken_for_delivered_nor_for_never_sent() {
    let rows =
        ["max: 0", "min: 1", "answered: 2xx", "within: 1m, max: 0", "max: 0, answered: 503", "min: 0, max: 2", "forged: true, max: 0"];
    let of = |machine: &Machine| rows.map(|members| verdict(machine, &format!("{{webhook: {{event: track_updated, {members}}}}}")));
    let machine = machine("{}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    let unclear = ["unknown", "unknown", "unknown", "unknown", "unknown", "passed", "passed"];
    assert_eq!(of(&machine), unclear, "it is due");
    let sandbox = machine.default_sandbox();
    let outbound = machine.due_webhooks(sandbox, wall(), UNLIMITED).expect("there is time");
    assert_eq!(of(&machine), unclear, "it is under way");
    let found = finding(&machine, "{webhook: {event: track_updated}}");
    assert_eq!(found.detail, "delivery count 0, expected at least 1; a delivery is still under way; 1 of this event in all");
    assert!(!found.is_final && found.others[0].ends_with(" not sent: it is under way"), "{:?}", found.others);
    let answered = AttemptResult::Answered { status: 503, body: String::new() };
    machine.report(sandbox, &outbound[0], &answered, wall());
    assert_eq!(of(&machine), ["failed", "passed", "failed", "failed", "failed", "passed", "passed"]);
    // What is due later on the sandbox's clock is not waited for.
    let machine = self::machine("{delay: 1m}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    assert_eq!(of(&machine), ["passed", "failed", "failed", "passed", "passed", "passed", "passed"]);
}

#[test]
fn a_verdict_shows_the_webhooks_that_came() {
    let machine = machine("{duplicate: 1, forged_signature: 1}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    pass(&machine, &|_| 503);
    let found = finding(&machine, "{webhook: {event: track_updated, answered: 2xx}}");
    assert_eq!(found.detail, "delivery count 0, expected at least 1; 2 of this event in all");
    let told = "track_updated 2026-01-05T09:00:00Z answered 503 (forged: forged_signature";
    for end in ["): no such answer", ", copy): no such answer"] {
        assert!(found.others.iter().any(|line| line.ends_with(&format!("{told}{end}"))), "{:?}", found.others);
    }
    let text = Format::Text.write(&[judge(&machine, machine.default_sandbox(), "{webhook: {event: track_updated, answered: 2xx}}")]);
    assert!(text.contains("            does not count: dlv_") && text.contains("answered 503 (forged: "), "{text}");
    let others = |expect: &str| finding(&machine, expect).others.remove(0).rsplit(": ").next().map(str::to_owned);
    assert_eq!(others("{webhook: {event: track_updated, forged: false}}").as_deref(), Some("it is forged"));
    // Those that are too many are told in the same way.
    let found = finding(&machine, "{webhook: {event: track_updated, max: 1}}");
    assert_eq!((found.evidence.len(), found.others.len()), (2, 0));
    assert!(found.calls.iter().all(|line| line.starts_with(told)), "{:?}", found.calls);
}

#[test]
fn all_events_are_those_of_the_version_that_is_subscribed_to() {
    let machine = machine("{}");
    let [first, second] = ["shipstation_v1", "shipstation_v2"].map(|vendor| subscribe(&machine, vendor));
    for event in ["SHIP_NOTIFY", "label_created_v2"] {
        notify(&machine, "shipstation_v1", event, 1);
    }
    let told: Vec<_> = machine.default_sandbox().deliveries().into_iter().map(|row| (row.subscription, row.event)).collect();
    assert_eq!(told, [(first, "SHIP_NOTIFY".to_owned()), (second, "label_created_v2".to_owned())]);
}

#[test]
fn a_verdict_says_why_no_webhook_came() {
    let machine = machine("{}");
    let detail = || finding(&machine, "{webhook: {event: SHIPMENT_CREATED, answered: 2xx, within: 30s}}").detail;
    assert_eq!(detail(), "delivery count 0, expected at least 1; nobody is subscribed to this event");
    // Of another vendor.
    subscribe(&machine, "shippo");
    assert!(detail().ends_with("; nobody is subscribed to this event"), "{}", detail());
    subscribe(&machine, "shipmate");
    assert!(detail().contains("; it did not happen in the account that is subscribed to it: `"), "{}", detail());
    notify(&machine, "shipmate", "SHIPMENT_CREATED", 12);
    pass(&machine, &|_| 500);
    notify(&machine, "shipmate", "SHIPMENT_CREATED", 1);
    pass(&machine, &|_| 200);
    let found = finding(&machine, "{webhook: {event: SHIPMENT_CREATED, answered: 2xx}}");
    let all = "; 13 of this event in all, 13 of them wait because their subscription is paused";
    assert_eq!(found.detail, format!("delivery count 0, expected at least 1{all}"));
    let report = judge(&machine, machine.default_sandbox(), "{webhook: {event: SHIPMENT_CREATED, min: 14}}");
    let json: Value = serde_json::from_str(&Format::Json.write(&[report])).expect("JSON");
    let other = json[0]["findings"][0]["others"][0].as_str().unwrap_or_default();
    assert!(other.ends_with(" SHIPMENT_CREATED 2026-01-09T09:00:00Z not sent (paused): its subscription is paused"), "{other}");
    // It came, and was taken too late.
    let machine = self::machine("{delay: 1m}");
    subscribe(&machine, "shippo");
    notify(&machine, "shippo", "track_updated", 1);
    pass(&machine, &|_| 200);
    let found = finding(&machine, "{webhook: {event: track_updated, within: 30s}}");
    assert!(found.others[0].ends_with("answered 200: later than 30s after its event"), "{:?}", found.others);
}
