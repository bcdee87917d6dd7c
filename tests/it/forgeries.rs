//! Webhooks that receivers ought to refuse: what is wrong with them, and that nothing else is.

use jiff::SignedDuration;
use seatrial::base::time::{self, Timestamp};
use seatrial::engine::webhooks::{AttemptResult, Forgery, Outbound, Subscription};
use seatrial::engine::{Cx, Machine, Options, signing};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::advance::advance_answered;
use crate::made_up::{self, set_scenario};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn by_hand<T>(machine: &Machine, vendor: &str, act: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    machine.as_account(machine.default_sandbox(), vendor, None, wall(), act).expect("the vendor has an account")
}

/// Sends what is due; the receiver refuses it.
fn send(machine: &Machine) -> Vec<Outbound> {
    let sandbox = machine.default_sandbox();
    let to = time::shift(sandbox.lock().world.clock().now(wall()), SignedDuration::from_secs(1));
    let mut sent = Vec::new();
    advance_answered(machine, sandbox, to, wall(), &mut |outbound| {
        sent.push(outbound.clone());
        AttemptResult::Answered { status: 410, body: String::new() }
    });
    sent
}

/// The delivery of an event under a scenario's `webhooks`, and what is wrong with it.
fn told(vendor: &str, event: &str, webhooks: &str) -> (Machine, Outbound, Option<Forgery>) {
    let machine = made_up::machine(vendors::all(), Options::default());
    set_scenario(&machine, &format!("clock: {{start: {}, mode: frozen}}\nwebhooks: {webhooks}\n", wall())).expect("the scenario is fine");
    by_hand(&machine, vendor, |cx| {
        let to = Subscription::new("http://127.0.0.1:9/hook", vec![event.to_owned()], cx.now);
        cx.subscribe(Subscription { secret: Some(SECRET.to_owned()), ..to });
        cx.notify(event, "one", &json!({"about": "one"}));
    });
    let [sent] = <[Outbound; 1]>::try_from(send(&machine)).expect("one delivery");
    let forged = machine.default_sandbox().deliveries()[0].forged;
    (machine, sent, forged)
}

fn header(sent: &Outbound, name: &str) -> String {
    sent.signed.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// When a delivery of Shippo says that it was signed, and whether it was, with its secret and for its body.
fn shippo(sent: &Outbound) -> (i64, bool) {
    let signature = header(sent, "shippo-auth-signature");
    let (time, digest) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("a signature");
    assert_eq!(digest.len(), 64);
    (time.parse().expect("seconds"), digest == signing::hmac_sha256(SECRET, format!("{time}.{}", sent.body).as_bytes()))
}

#[test]
fn a_forged_delivery_is_wrong_in_one_thing() {
    let now = wall().as_second();
    for (webhooks, expected, forged) in [
        ("{}", (now, true), None),
        ("{forged_signature: 1}", (now, false), Some(Forgery::Signature)),
        ("{stale_timestamp: 1}", (now - 3600, true), Some(Forgery::Timestamp)),
        ("{wrong_secret: 1}", (now, false), Some(Forgery::Secret)),
    ] {
        let (_, sent, found) = told("shippo", "track_updated", webhooks);
        assert_eq!((shippo(&sent), found), (expected, forged), "{webhooks}");
    }
}

#[test]
fn each_vendor_is_forged_as_far_as_it_signs() {
    let token = |sent: &Outbound| serde_json::from_str::<Value>(&sent.body).expect("JSON")["auth_token"].clone();
    for (webhooks, is_genuine) in [("{forged_signature: 1, stale_timestamp: 1}", true), ("{wrong_secret: 1}", false)] {
        let (_, sent, found) = told("shipmate", "SHIPMENT_CREATED", webhooks);
        assert_eq!((token(&sent) == SECRET, found.is_none()), (is_genuine, is_genuine), "{webhooks}");
    }
    let signed = |webhooks: &str| {
        let (_, sent, found) = told("shipstation_v2", "track", webhooks);
        (header(&sent, "x-shipengine-timestamp"), header(&sent, "x-shipengine-rsa-sha256-signature"), found)
    };
    let genuine = signed("{wrong_secret: 1}");
    assert!(genuine.0.starts_with("2026-01-05T09:00:00") && genuine.1.len() > 100 && genuine.2.is_none(), "{genuine:?}");
    let forged = signed("{forged_signature: 1}");
    assert!(forged.0 == genuine.0 && forged.1 != genuine.1 && forged.2 == Some(Forgery::Signature), "{forged:?}");
    assert!(signed("{stale_timestamp: 1}").0.starts_with("2026-01-05T08:00:00"));
    let (_, sent, found) = told("shipstation_v1", "SHIP_NOTIFY", "{forged_signature: 1, stale_timestamp: 1, wrong_secret: 1}");
    assert_eq!((sent.signed, found), (Vec::new(), None));
}

/// Sends the only delivery again.
fn again(machine: &Machine, vendor: &str) -> Outbound {
    let id = machine.default_sandbox().deliveries()[0].id.clone();
    assert!(by_hand(machine, vendor, |cx| {
        let subscription = cx.subscriptions()[0].id.clone();
        cx.resume(&subscription) && cx.redeliver(&id)
    }));
    send(machine).remove(0)
}

#[test]
fn a_forged_delivery_that_is_sent_again_by_hand_is_genuine() {
    for webhooks in ["{forged_signature: 1}", "{stale_timestamp: 1}", "{wrong_secret: 1}"] {
        let (machine, sent, _) = told("shippo", "track_updated", webhooks);
        let again = again(&machine, "shippo");
        assert!(shippo(&again).1 && shippo(&again) != shippo(&sent), "{webhooks}");
    }
    // The secret is part of the body.
    let token = |sent: &Outbound| serde_json::from_str::<Value>(&sent.body).expect("JSON")["auth_token"].clone();
    let (machine, sent, _) = told("shipmate", "SHIPMENT_CREATED", "{wrong_secret: 1}");
    assert!(token(&sent) != SECRET && token(&again(&machine, "shipmate")) == SECRET);
}

#[test]
fn a_share_is_forged_and_the_same_one_again() {
    let forged = || {
        let machine = made_up::machine(vendors::all(), Options::default());
        set_scenario(&machine, "webhooks: {forged_signature: 0.3}").expect("the scenario is fine");
        by_hand(&machine, "shippo", |cx| {
            let to = Subscription::new("http://127.0.0.1:9/hook", vec!["*".to_owned()], cx.now);
            cx.subscribe(Subscription { secret: Some(SECRET.to_owned()), ..to });
            (0..100).for_each(|_| cx.notify("track_updated", "one", &json!({})));
        });
        machine.default_sandbox().deliveries().iter().map(|row| row.forged.is_some()).collect::<Vec<_>>()
    };
    let found = forged();
    assert!((15..=45).contains(&found.iter().filter(|forged| **forged).count()), "{found:?}");
    assert_eq!(found, forged());
}
