//! What is too large for one statement: checkpoints beside the calls, and sandboxes that are made of others.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use seatrial::fleet::{Fault, Reach};

use super::memory::{Failing, Memory};
use super::{Replica, address, fleet, wall};

/// So little that a few addresses are several parts.
const PORTION: usize = 2 << 10;

fn paused<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime can start").block_on(test)
}

async fn small(size: usize) -> (Memory, Vec<Replica>) {
    let (ledger, replicas) = fleet(size).await;
    ledger.set_portion(PORTION);
    (ledger, replicas)
}

async fn calls(replica: &Replica, count: usize) {
    for number in 0..count {
        let (status, answer) = replica.call("default", Method::POST, "/addresses/", &address(&format!("Ada {number}"))).await;
        assert_eq!(status, 201, "{answer}");
    }
}

/// All replicas, and one that begins, have the same.
async fn all_tell_the_same(ledger: &Memory, replicas: &[Replica], name: &str) {
    let told = replicas[0].told(name).await;
    for replica in &replicas[1..] {
        assert_eq!(replica.told(name).await, told);
    }
    assert_eq!(Replica::join(ledger).await.told(name).await, told);
}

#[test]
fn checkpoints_are_written_beside_the_calls_by_one_replica() {
    paused(async {
        let (ledger, replicas) = small(2).await;
        for _ in 0..20 {
            calls(&replicas[0], 1).await;
            calls(&replicas[1], 1).await;
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        let (all, referred) = ledger.parts("default");
        assert!(referred > 2 && ledger.records("default") < 40, "{all} {referred} {}", ledger.records("default"));
        all_tell_the_same(&ledger, &replicas, "default").await;
        // Two that begin at once have one that counts, and the parts of the other one go.
        replicas.iter().for_each(|replica| drop(tokio::spawn(Arc::clone(&replica.fleet).follow(|| {}))));
        tokio::time::sleep(Duration::from_secs(200)).await;
        let (all, referred) = ledger.parts("default");
        assert!(all == referred && referred > 2, "{all} {referred}");
        all_tell_the_same(&ledger, &replicas, "default").await;
    });
}

#[test]
fn a_replica_that_dies_between_parts_holds_nobody_up() {
    paused(async {
        let (ledger, replicas) = fleet(2).await;
        ledger.set_portion(256);
        ledger.takes_parts(1);
        calls(&replicas[0], 30).await;
        assert_eq!(ledger.parts("default"), (1, 0), "it has died");
        let before = ledger.records("default");
        calls(&replicas[1], 1).await;
        assert_eq!(ledger.records("default"), before + 1, "nobody waits for it");
        all_tell_the_same(&ledger, &replicas, "default").await;
        ledger.takes_all_parts();
        tokio::spawn(Arc::clone(&replicas[1].fleet).follow(|| {}));
        tokio::time::sleep(Duration::from_secs(20)).await;
        calls(&replicas[1], 1).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(ledger.records("default") < before, "another one has made it: {}", ledger.records("default"));
        tokio::time::sleep(Duration::from_secs(200)).await;
        let (all, referred) = ledger.parts("default");
        assert!(all == referred && referred > 1, "{all} {referred}");
        all_tell_the_same(&ledger, &replicas, "default").await;
    });
}

#[test]
fn a_checkpoint_that_fails_is_overdue_and_made_later() {
    paused(async {
        let (ledger, replicas) = small(1).await;
        ledger.refuses_checkpoints(true);
        calls(&replicas[0], 30).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
        let overdue = replicas[0].fleet.overdue();
        assert!(overdue.iter().any(|(name, why)| &**name == "default" && why.contains("refused")), "{overdue:?}");
        calls(&replicas[0], 5).await;
        ledger.refuses_checkpoints(false);
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert_eq!((replicas[0].fleet.overdue(), ledger.records("default")), (vec![], 0));
        all_tell_the_same(&ledger, &replicas, "default").await;
    });
}

#[test]
fn what_is_made_of_a_large_sandbox_is_written_in_parts() {
    paused(async {
        let (ledger, replicas) = fleet(2).await;
        calls(&replicas[0], 30).await;
        // Both what is written while the source is held, and what is too much for that.
        for (portion, name) in [(PORTION, "one"), (256, "two")] {
            ledger.set_portion(portion);
            ledger.fail(&[Failing::Before]);
            let machine = &replicas[0].machine;
            let fork = |_: &_| machine.fork(machine.default_sandbox(), name, wall()).is_ok();
            assert!(replicas[0].fleet.run(&Reach::list(Some("default")), fork).await.expect("the ledger is there"));
            assert!(ledger.parts(name).1 > 2, "{:?}", ledger.parts(name));
            replicas[1].fleet.learn().await.expect("the ledger is there");
            all_tell_the_same(&ledger, &replicas, name).await;
            // All of it in place of what was there.
            let give = |_: &_| machine.give_own_credentials(&replicas[0].sandbox(name));
            ledger.fail(&[Failing::After]);
            replicas[0].fleet.run(&Reach::one(name), give).await.expect("the ledger is there");
            all_tell_the_same(&ledger, &replicas, name).await;
        }
        ledger.damage_parts("two");
        let later = Replica::join(&ledger).await;
        assert!(matches!(later.fleet.catch_up("two").await, Err(Fault::Damaged(_))), "parts are compared with what was written");
        assert!(later.fleet.catch_up("one").await.is_ok());
    });
}
